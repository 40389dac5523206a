# SPDX-License-Identifier: GPL-2.0-or-later
"""sizes.py - sends UDP packets of one size and counts their echoes.

  sizes.py serve PORT
      Echoes what arrives, on IPv4 and IPv6. Prints "listening" first.

  sizes.py send ADDRESS PORT SOURCE-PORT COUNT BYTES [df]
      Sends COUNT packets whose IP packet has BYTES bytes, and prints how many of them came back
      intact. With "df", no one may fragment them, and it also prints the path MTU at the end.
      The next packet goes when the last has come back, or after 200 ms.
"""
import os
import socket
import sys

IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, PMTUDISC_DONT, PMTUDISC_DO = 10, 14, 23, 24, 0, 2


def serve(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", int(port)))
    print("listening", flush=True)
    while True:
        data, who = s.recvfrom(65536)
        s.sendto(data, who)


def round_trip(s, data):
    """True if the data came back. An ICMP error that came before makes send() fail."""
    try:
        s.send(data)
        while True:
            if s.recv(65536) == data:
                return True
    except OSError:
        return False


def send(address, port, sport, count, size, df=None):
    is_v6 = ":" in address
    s = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    level = socket.IPPROTO_IPV6 if is_v6 else socket.IPPROTO_IP
    s.setsockopt(level, IPV6_MTU_DISCOVER if is_v6 else IP_MTU_DISCOVER,
                 PMTUDISC_DO if df else PMTUDISC_DONT)
    s.bind(("", int(sport)))
    s.connect((address, int(port)))
    s.settimeout(0.2)
    payload = int(size) - (48 if is_v6 else 28)
    came = sum(round_trip(s, os.urandom(payload)) for _ in range(int(count)))
    print(came, *([s.getsockopt(level, IPV6_MTU if is_v6 else IP_MTU)] if df else []))


{"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])

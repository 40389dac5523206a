# SPDX-License-Identifier: GPL-2.0-or-later
"""ways.py - many UDP flows that may have a TOS.

  ways.py serve ADDRESS PORT
      Echoes what arrives. Prints "listening" first.

  ways.py send ADDRESS PORT FIRST-SOURCE-PORT FLOWS TOS STOP-FILE
      Sends ten packets a second in each flow, until the file exists. Every second flow has the TOS.
      Then prints how many packets it sent, and how many came back.
"""
import os
import select
import socket
import sys
import time


def serve(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, int(port)))
    print("listening", flush=True)
    while True:
        data, who = s.recvfrom(65536)
        s.sendto(data, who)


def send(address, port, first, flows, tos, stop):
    sockets = []
    for i in range(int(flows)):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if i % 2:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(tos, 0))
        s.bind(("", int(first) + i))
        s.connect((address, int(port)))
        s.setblocking(False)
        sockets.append(s)
    sent = came = 0
    while not os.path.exists(stop):
        until = time.monotonic() + 0.1
        for s in sockets:
            try:
                s.send(b"way")
                sent += 1
            except OSError:
                pass
        while time.monotonic() < until:
            for s in select.select(sockets, [], [], max(0, until - time.monotonic()))[0]:
                try:
                    came += bool(s.recv(100))
                except OSError:
                    pass
    print(sent, came, flush=True)


{"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: GPL-2.0-or-later
"""ways.py - many UDP flows that may have a TOS.

  ways.py serve ADDRESS PORT
      Echoes what arrives. Prints "listening" first. To the sender of "pour", it sends a packet a
      millisecond for five minutes.

  ways.py pause ADDRESS PORT SOURCE-PORT PAUSE-FILE STOP-FILE
      Sends ten packets a second in one flow. When the first file exists, it sends "pour" and then
      nothing until the file is gone; prints "paused". Ends when the second file exists.

  ways.py send ADDRESS PORT FIRST-SOURCE-PORT FLOWS TOS STOP-FILE
      Sends ten packets a second in each flow, until the file exists. Every second flow has the TOS.
      Then prints how many packets it sent, and how many came back.
"""
import os
import select
import socket
import sys
import threading
import time


def pour(s, who):
    until = time.monotonic() + 300
    while time.monotonic() < until:
        s.sendto(b"pour", who)
        time.sleep(0.001)


def serve(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, int(port)))
    print("listening", flush=True)
    while True:
        data, who = s.recvfrom(65536)
        if data == b"pour":
            threading.Thread(target=pour, args=(s, who), daemon=True).start()
        else:
            s.sendto(data, who)


def pause(address, port, source, pause_file, stop):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", int(source)))
    s.connect((address, int(port)))
    is_paused = False
    while not os.path.exists(stop):
        was_paused, is_paused = is_paused, os.path.exists(pause_file)
        if not is_paused or not was_paused:
            s.send(b"pour" if is_paused else b"way")
        if is_paused and not was_paused:
            print("paused", flush=True)
        time.sleep(0.1)


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


{"serve": serve, "send": send, "pause": pause}[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: GPL-2.0-or-later
"""ways.py - many flows: of UDP with a TOS, or of UDP and TCP from several addresses.

  ways.py serve ADDRESS PORT
      Echoes what arrives. Prints "listening" first. To the sender of "pour", it sends a packet a
      millisecond for five minutes.

  ways.py pause ADDRESS PORT SOURCE-PORT PAUSE-FILE STOP-FILE
      Sends ten packets a second in one flow. When the first file exists, it sends "pour" and then
      nothing until the file is gone; prints "paused". Ends when the second file exists.

  ways.py send ADDRESS PORT FIRST-SOURCE-PORT FLOWS TOS STOP-FILE
      Sends ten packets a second in each flow, until the file exists. Every second flow has the TOS.
      Then prints how many packets it sent, and how many came back.

  ways.py echo FIRST-PORT PORTS ADDRESS...
      Echoes what arrives at these ports of these addresses by UDP and TCP. Prints "listening" first.

  ways.py clients STOP-FILE FLOWS ADDRESS4 ADDRESS6 SOURCE,PORT...
      From each source address to this port of the server, keeps FLOWS UDP flows and as many TCP connections.
      Sends five packets a second in each, until the file exists. Opens a TCP connection again when it is
      reset. At the end, prints a line for each source and protocol: "SOURCE PROTOCOL SENT CAME RESET", where
      SENT and CAME are packets, and RESET is the number of connections that were reset.
"""
import collections
import os
import select
import selectors
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


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Echo:
    """All sockets of "echo"."""

    def __init__(self, first, n, addresses):
        self.selector = selectors.DefaultSelector()
        for address in addresses:
            for port in range(first, first + n):
                self.bind(address, socket.SOCK_DGRAM, port)
                self.bind(address, socket.SOCK_STREAM, port).listen(100)

    def bind(self, address, kind, port):
        s = socket.socket(family_of(address), kind)
        s.bind((address, port))
        self.watch(s, self.answer if kind == socket.SOCK_DGRAM else self.accept)
        return s

    def watch(self, s, function):
        s.setblocking(False)
        self.selector.register(s, selectors.EVENT_READ, function)

    def accept(self, s):
        self.watch(s.accept()[0], self.stream)

    def answer(self, s):
        s.sendto(*s.recvfrom(100))

    def stream(self, s):
        try:
            data = s.recv(100)
            if data:
                s.send(data)
                return
        except ConnectionError:
            pass
        self.selector.unregister(s)
        s.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                try:
                    key.data(key.fileobj)
                except OSError:
                    pass        # An uplink is down, so there is no route for the answer.


def echo(first, n, *addresses):
    server = Echo(int(first), int(n), addresses)
    print("listening", flush=True)
    server.run()


class Flow:
    """One flow of "clients", with a new socket after each reset."""

    def __init__(self, kind, source, to, tally):
        self.kind, self.source, self.to, self.tally = kind, source, to, tally
        self.open()

    def open(self):
        self.socket = socket.socket(family_of(self.source), self.kind)
        self.socket.bind((self.source, 0))
        self.socket.setblocking(False)
        self.socket.connect_ex(self.to)

    def reset(self):
        self.tally["reset"] += 1
        self.socket.close()
        self.open()

    def turn(self):
        """Reads what has come, and sends a packet."""
        try:
            while True:
                data = self.socket.recv(4)
                if not data:
                    raise ConnectionResetError
                self.tally["came"] += 1
        except BlockingIOError:
            pass
        except OSError:
            self.failed()
        try:
            self.socket.send(b"way.")
            self.tally["sent"] += 1
        except BlockingIOError:
            pass
        except OSError:
            self.failed()

    def failed(self):
        """An ICMP error is nothing to a UDP flow."""
        if self.kind == socket.SOCK_STREAM:
            self.reset()


def clients(stop, n, address4, address6, *sources):
    flows, tallies = [], {}
    for text in sources:
        source, port = text.split(",")
        to = (address6 if family_of(source) == socket.AF_INET6 else address4, int(port))
        for name, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)):
            tally = tallies[source, name] = collections.Counter()
            flows += [Flow(kind, source, to, tally) for _ in range(int(n))]
    while not os.path.exists(stop):
        until = time.monotonic() + 0.2
        for flow in flows:
            flow.turn()
        time.sleep(max(0, until - time.monotonic()))
    for (source, name), tally in tallies.items():
        print(source, name, tally["sent"], tally["came"], tally["reset"])


{"serve": serve, "send": send, "pause": pause, "echo": echo, "clients": clients}[sys.argv[1]](*sys.argv[2:])

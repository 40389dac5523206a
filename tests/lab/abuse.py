#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""abuse.py - abuses a control socket.

    abuse.py SOCKET SEED

Sends, one after the other: garbage, requests that are too large or nested too deeply, a flood of
requests without reading the answers, requests for a long list from clients that do not read it,
and thousands of connections. In between, a well-behaved client asks for the status and must get
an answer. Prints what it did; fails if an answer is missing.
"""
import json
import os
import random
import socket
import struct
import sys

STATUS = b'{"method":"org.nftoffload.Status"}\0'
FLOWS = b'{"method":"org.nftoffload.Flows","more":true}\0'
PATIENCE_S = 20


def connect(path):
    """Connects. Waits if the queue of the listening socket is full."""
    s = socket.socket(socket.AF_UNIX)
    for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        s.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", PATIENCE_S, 0))
    s.connect(path)
    return s


def try_connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(path)
    except OSError:
        s.close()
        return None
    return s


def send_some(s, data):
    """Sends as much as the socket takes at once. Ignores errors: the daemon may have hung up."""
    s.setblocking(False)
    try:
        return s.send(data)
    except OSError:
        return 0


def behave(path):
    """Asks for the status. If the daemon answers with an error (busy) or hangs up, asks again."""
    for _ in range(50):
        with connect(path) as s:
            try:
                s.sendall(STATUS)
                answer = b""
                while not answer.endswith(b"\0"):
                    data = s.recv(65536)
                    if not data:
                        break
                    answer += data
            except (BrokenPipeError, ConnectionResetError):
                continue
            if answer.endswith(b"\0") and "error" not in json.loads(answer[:-1]):
                return
    sys.exit("abuse.py: a well-behaved client got no answer")


def garbage(path, rnd):
    for _ in range(300):
        with connect(path) as s:
            data = rnd.choice((b"", b"{", b'{"method":', b"\0\0\0", STATUS[:-1])) + rnd.randbytes(rnd.randrange(5000))
            send_some(s, data)
            if rnd.randrange(2):
                s.shutdown(socket.SHUT_WR)
    behave(path)
    return "300 clients with garbage"


def too_much(path, _rnd):
    for data in (b'{"method":"' + b"x" * 200000, b'{"a":' + b"[" * 50000, b"[" * 70000 + b"\0"):
        with connect(path) as s:
            send_some(s, data)
            behave(path)
    return "3 requests that were too large or too deep"


def flood(path, _rnd):
    n = 0
    clients = [connect(path) for _ in range(8)]
    for _ in range(200):
        for s in clients:
            n += send_some(s, STATUS * 50) // len(STATUS)
        behave(path)
    for s in clients:
        s.close()
    return f"{n} requests whose answers nobody read"


def slow_readers(path, _rnd):
    clients = [connect(path) for _ in range(40)]
    for s in clients:
        send_some(s, FLOWS)
    for _ in range(20):
        behave(path)
    for s in clients:
        s.setblocking(True)
        s.recv(10)
        s.close()
    behave(path)
    return "40 clients that did not read their list"


def crowd(path, _rnd):
    """Makes more connections than the daemon accepts. Those reserved for root must stay free."""
    kept, refused = [], 0
    for i in range(3000):
        s = try_connect(path)
        if s:
            kept.append(s)
        else:
            refused += 1
        if len(kept) > 500:
            kept.pop(0).close()
        if i % 500 == 0 and i:
            for s in kept[:450]:
                s.close()
            kept = kept[450:]
    for s in kept:
        s.close()
    behave(path)
    return f"3000 clients, {refused} of them refused because the queue was full"


def main():
    path, rnd = sys.argv[1], random.Random(int(sys.argv[2]))
    print(f"seed {sys.argv[2]}, as user {os.getuid()}")
    behave(path)
    for abuse in (garbage, too_much, flood, slow_readers, crowd):
        print(abuse(path, rnd), flush=True)


main()

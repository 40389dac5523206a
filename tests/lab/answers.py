#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""answers.py - measures how long the daemon takes to answer.

    answers.py SOCKET SECONDS PID

Asks for the status again and again over one connection, ten times a second. PID is
the daemon. As a control, also asks a process that does nothing but answer. Prints
one line of JSON with the slowest and the middle answer in milliseconds: the time
that answers of the daemon took ("taken"), the same without the time in which the
daemon and this program waited for a processor ("own", from schedstat), and the time
that answers of the control took.
"""
import json
import os
import socket
import sys
import time

REQUEST = b'{"method":"org.nftoffload.Status"}\0'


def ask(s, request):
    start = time.monotonic()
    s.sendall(request)
    answer = b""
    while not answer.endswith(b"\0"):
        data = s.recv(65536)
        if not data:
            sys.exit("answers.py: the other end closed the connection after %r" % answer)
        answer += data
    return (time.monotonic() - start) * 1000, answer


def waited_ms(pids):
    """Returns how long the main threads of processes were ready to run but had no processor."""
    return sum(int(open("/proc/%s/task/%s/schedstat" % (p, p)).read().split()[1]) for p in pids) / 1e6


def main():
    path, seconds, pids = sys.argv[1], float(sys.argv[2]), (sys.argv[3], os.getpid())
    mine, other = socket.socketpair()
    if os.fork() == 0:
        mine.close()
        while True:
            data = other.recv(65536)
            if not data:
                os._exit(0)
            other.sendall(data)
    other.close()
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    daemon, own, control = [], [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = waited_ms(pids)
        took, answer = ask(s, REQUEST)
        own.append(max(0, took - (waited_ms(pids) - before)))
        if "error" in json.loads(answer[:-1]):
            sys.exit("answers.py: %s" % answer)
        daemon.append(took)
        control.append(ask(mine, b"x\0")[0])
        time.sleep(0.1)
    result = {"asked": len(daemon)}
    for name, values in ("taken", daemon), ("own", own), ("control", control):
        values.sort()
        result["slowest_" + name] = round(values[-1], 1)
        result["middle_" + name] = round(values[len(values) // 2], 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""answers.py - how long does the daemon take to answer?

    answers.py SOCKET SECONDS PID

Asks for the status again and again over one connection, ten times a second. Of what
an answer takes, the time that the daemon and this program only waited for a
processor is the machine's (schedstat), and so is what a process takes that does
nothing but answer, asked in turn. Prints one line of JSON, in milliseconds: how
long the slowest and the middle answer took, without that waiting, and the control.
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
            sys.exit("answers.py: hung up after %r" % answer)
        answer += data
    return (time.monotonic() - start) * 1000, answer


def waited_ms(pids):
    """Time for which the main threads of processes were ready to run and did not."""
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

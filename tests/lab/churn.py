# SPDX-License-Identifier: GPL-2.0-or-later
"""churn.py - adds and removes routes at a steady rate, as a BGP daemon does.

  churn.py NAMESPACE GATEWAY DEVICE RATE SECONDS

Adds RATE routes a second to hosts in 198.18.0.0/15, and removes each one a second later. "ip -batch" makes
the changes, which it gets in ten portions a second. If the guest is too slow for the rate, the churn takes
longer. Prints the number of changes, the milliseconds that they took, and those of processor time that ip used.
"""
import resource
import subprocess
import sys
import time

PORTIONS = 10       # a second


def change(ip, what, gateway, device, routes):
    for i in routes:
        ip.stdin.write(f"route {what} 198.{18 + (i >> 16)}.{i >> 8 & 255}.{i & 255}/32 via {gateway} dev {device}\n")


def main(namespace, gateway, device, rate, seconds):
    size, count = int(rate) // PORTIONS, int(seconds) * PORTIONS
    portions = [range(i * size, (i + 1) * size) for i in range(count)]
    ip = subprocess.Popen(["ip", "-n", namespace, "-batch", "-"], stdin=subprocess.PIPE, text=True)
    began = time.monotonic()
    for turn in range(count + PORTIONS):
        time.sleep(max(0, began + turn / PORTIONS - time.monotonic()))
        if turn < count:
            change(ip, "add", gateway, device, portions[turn])
        if turn >= PORTIONS:
            change(ip, "del", gateway, device, portions[turn - PORTIONS])
        ip.stdin.flush()
    ip.stdin.close()
    if ip.wait():
        sys.exit("churn.py: ip has failed")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(2 * count * size, round((time.monotonic() - began) * 1000), round((used.ru_utime + used.ru_stime) * 1000))


main(*sys.argv[1:])

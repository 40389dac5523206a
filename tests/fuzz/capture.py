#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capture.py - prints messages of the running kernel, as seeds for the fuzz targets.

    capture.py

Run it in a network namespace with links, rules and connections (see tests/fuzz/capture.sh).
Prints one line per seed: "SEED", the target, the name, and the bytes in base64.
"""
import base64
import socket
import struct
import subprocess

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
SEED_MAX = 4096


def print_seed(target, name, data):
    print("SEED", target, name, base64.b64encode(data).decode())


def messages(data):
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16 or length > len(data):
            return
        yield kind, data[:(length + 3) & ~3]
        data = data[(length + 3) & ~3:]


def dump(bus, kind, payload):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, bus)
    s.bind((0, 0))
    s.settimeout(2)
    s.send(struct.pack("=IHHII", 16 + len(payload), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + payload)
    while True:
        for got, message in messages(s.recv(65536)):
            if got in (NLMSG_ERROR, NLMSG_DONE):
                s.close()
                return
            yield message


def save(target, name, source):
    """Prints one seed with many messages, and the first two messages as single seeds."""
    all_of_them = list(source)
    whole = b""
    for message in all_of_them:
        if len(whole) + len(message) <= SEED_MAX:
            whole += message
    if whole:
        print_seed(target, name, whole)
    for i, message in enumerate(all_of_them[:2]):
        print_seed(target, f"{name}-{i}", message[:SEED_MAX])


def tc(ifindex, kind, terse=False):
    payload = struct.pack("=BxxxiIII", 0, ifindex, 0, 0xfffffff2, 0)
    if terse:
        payload += struct.pack("=HHII", 12, 15, 1, 1)  # TCA_DUMP_FLAGS
    return dump(NETLINK_ROUTE, kind, payload)


def nft(kind):
    return dump(NETLINK_NETFILTER, 10 << 8 | kind, struct.pack("=BBH", 0, 0, 0))


def nft_events():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    s.bind((0, 0))
    s.setsockopt(270, 1, 7)  # NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES
    s.settimeout(1)
    for command in ("add table inet seeds",
                    "add set inet seeds addresses { type ipv4_addr . inet_service; flags interval, timeout; }",
                    "add chain inet seeds c { type filter hook forward priority 5; }",
                    "add rule inet seeds c ip saddr . tcp dport @addresses counter drop",
                    "add element inet seeds addresses { 192.0.2.0/24 . 80-90 timeout 1h }",
                    "delete element inet seeds addresses { 192.0.2.0/24 . 80-90 }",
                    "delete table inet seeds"):
        subprocess.run(["nft", command], check=True)
        data = b""
        try:
            while len(data) < SEED_MAX:
                data += s.recv(65536)
                s.settimeout(0.2)
        except OSError:
            pass
        yield command.split()[0] + "-" + command.split()[1], data[:SEED_MAX]


def main():
    save("conntrack", "dump", dump(NETLINK_NETFILTER, 1 << 8 | 1, struct.pack("=BBH", 0, 0, 0)))
    save("route", "links", dump(NETLINK_ROUTE, 18, struct.pack("=BxHiII", 0, 0, 0, 0, 0)))
    save("route", "neighbours", dump(NETLINK_ROUTE, 30, struct.pack("=BxxxiHBB", 0, 0, 0, 0, 0)))
    save("route", "routes", dump(NETLINK_ROUTE, 26, struct.pack("=BBBBBBBBI", 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    save("route", "addresses", dump(NETLINK_ROUTE, 22, struct.pack("=BBBBI", 0, 0, 0, 0, 0)))
    for name in ("lan0", "wan0"):
        index = socket.if_nametoindex(name)
        save("tc", f"{name}-rules", tc(index, 46))
        save("tc", f"{name}-terse", tc(index, 46, True))
    save("tc", "qdiscs", dump(NETLINK_ROUTE, 38, struct.pack("=BxxxiIII", 0, 0, 0, 0, 0)))
    for name, kind in (("tables", 1), ("chains", 4), ("rules", 7), ("sets", 10), ("flowtables", 23)):
        save("nft", name, nft(kind))
    for name, data in nft_events():
        print_seed("nft", "event-" + name, data)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sniff.py - looks at every TCP and UDP packet that arrives at a device.

    sniff.py DEV FLOW...

A packet is right when it fits one of the flows, its checksums (IPv4 header, TCP,
UDP) are right, and it is not cut short. Everything that arrives counts, also what
is for another MAC address. A flow is a list of what its packets must have:

    proto=udp,src=203.0.113.1,dst=203.0.113.2,dport=5201,ttl=63,dmac=02:00:00:00:02:02

Keys are proto, src, dst, sport, dport, ttl (or hop limit), smac, dmac; a number
may be a range, 30000-30999; what is not named may be anything, but the family is
that of the addresses. Of fragments but the first, ports and checksums are not
looked at.

Prints "listening" when it does, and in the end (SIGTERM, or --seconds) one line of
JSON: packets, per flow in the order given, and of what was wrong the first few.
The exit status is 1 when a packet was wrong or when there were more than could be
looked at, 2 when nothing arrived.

Merging on reception (GRO) is switched off on the device, for what is merged is not
what was on the wire. A sender's packets must be real by then: nicsim's are, those
of veth have checksums only after "ethtool -K DEV tx off" at the sender.
"""
import argparse
import collections
import json
import signal
import socket
import struct
import subprocess
import sys
import time

SHOWN = 10
PACKET_STATISTICS, PACKET_IGNORE_OUTGOING, SOL_PACKET = 6, 23, 263
TCP, UDP = 6, 17

Packet = collections.namedtuple("Packet", "family proto src dst sport dport ttl smac dmac")


class Wrong(Exception):
    pass


def is_good_sum(data, start=0):
    """Ones' complement sums are remainders of 65535, and Python is fast at those."""
    if len(data) % 2:
        data += b"\0"
    return (int.from_bytes(data, "big") + start) % 65535 == 0


def parse_ports(proto, l4, pseudo):
    """Ports, once the checksum is found right."""
    size = 20 if proto == TCP else 8
    if len(l4) < size:
        raise Wrong("cut short")
    sport, dport = struct.unpack_from("!HH", l4)
    if proto == UDP:
        length, total = struct.unpack_from("!HH", l4, 4)
        if length != len(l4):
            raise Wrong("UDP length %d of %d" % (length, len(l4)))
        if not total:
            if len(pseudo) > 12:
                raise Wrong("no UDP checksum")
            return sport, dport
    if not is_good_sum(l4, int.from_bytes(pseudo, "big") + proto + len(l4)):
        raise Wrong("%s checksum" % ("TCP" if proto == TCP else "UDP"))
    return sport, dport


def parse_ip4(data):
    ihl = (data[0] & 15) * 4
    length, _, frag = struct.unpack_from("!HHH", data, 2)
    if data[0] >> 4 != 4 or ihl < 20 or length < ihl or length > len(data):
        raise Wrong("IPv4 header")
    if not is_good_sum(data[:ihl]):
        raise Wrong("IPv4 checksum")
    return data[9], data[8], data[12:16], data[16:20], data[ihl:length], frag & 0x3fff


def parse_ip6(data):
    length, proto, ttl = struct.unpack_from("!HBB", data, 4)
    if data[0] >> 4 != 6 or 40 + length > len(data):
        raise Wrong("IPv6 header")
    l4, frag = data[40:40 + length], 0
    while proto in (0, 43, 44, 60) and len(l4) >= 8:
        if proto == 44:
            frag |= struct.unpack_from("!H", l4, 2)[0] & 0xfff9
            proto, l4 = l4[0], l4[8:]
        else:
            proto, l4 = l4[0], l4[8 + l4[1] * 8:]
    return proto, ttl, data[8:24], data[24:40], l4, frag


def parse(frame):
    """The packet, or None when it is neither TCP nor UDP."""
    kind, = struct.unpack_from("!H", frame, 12)
    if kind not in (0x0800, 0x86dd):
        return None
    family = 4 if kind == 0x0800 else 6
    proto, ttl, src, dst, l4, frag = (parse_ip4 if family == 4 else parse_ip6)(frame[14:])
    if proto not in (TCP, UDP):
        return None
    sport = dport = None
    if not frag:
        sport, dport = parse_ports(proto, l4, src + dst)
    return Packet(family, proto, src, dst, sport, dport, ttl, frame[6:12], frame[:6])


class Flow:
    def __init__(self, text):
        self.text = text
        self.packets = 0
        self.bytes = 0
        self.wanted = {}
        for word in text.split(","):
            key, _, value = word.partition("=")
            if key == "proto":
                self.wanted["proto"] = {"tcp": TCP, "udp": UDP}[value]
            elif key in ("src", "dst"):
                family = socket.AF_INET6 if ":" in value else socket.AF_INET
                self.wanted["family"] = 6 if ":" in value else 4
                self.wanted[key] = socket.inet_pton(family, value)
            elif key in ("sport", "dport", "ttl"):
                low, _, high = value.partition("-")
                self.wanted[key] = range(int(low), int(high or low) + 1)
            elif key in ("smac", "dmac"):
                self.wanted[key] = bytes.fromhex(value.replace(":", ""))
            else:
                sys.exit("sniff.py: %s: unknown" % word)

    def differs(self, packet):
        """Names of what does not fit."""
        names = []
        for key, wanted in self.wanted.items():
            got = getattr(packet, key)
            if got is None:
                continue
            if got not in wanted if isinstance(wanted, range) else got != wanted:
                names.append(key)
        return names


class Sniffer:
    def __init__(self, flows):
        self.flows = flows
        self.packets = self.others = self.wrong = 0
        self.kinds = collections.Counter()
        self.shown = []

    def is_wrong(self, text, frame):
        self.wrong += 1
        self.kinds[text] += 1
        if len(self.shown) < SHOWN:
            self.shown.append({"why": text, "frame": frame[:96].hex()})

    def look(self, frame):
        try:
            packet = parse(frame)
        except (Wrong, struct.error, IndexError) as e:
            self.packets += 1
            self.is_wrong(str(e), frame)
            return
        if packet is None:
            self.others += 1
            return
        self.packets += 1
        best = None
        for flow in self.flows:
            names = flow.differs(packet)
            if not names:
                flow.packets += 1
                flow.bytes += len(frame)
                return
            if best is None or len(names) < len(best):
                best = names
        self.is_wrong(", ".join(best or ["no flow"]), frame)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dev")
    parser.add_argument("flow", nargs="+", type=Flow)
    parser.add_argument("--seconds", type=float, default=0)
    args = parser.parse_args()
    subprocess.run(["ethtool", "-K", args.dev, "gro", "off"], check=True)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.setsockopt(socket.SOL_SOCKET, 33, 128 << 20)  # SO_RCVBUFFORCE
    s.bind((args.dev, 3))
    sniffer = Sniffer(args.flow)
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    print("listening", flush=True)
    end = time.monotonic() + args.seconds
    s.settimeout(0.05)
    while True:
        try:
            sniffer.look(s.recv(65536))
            if not stopped:
                continue
        except socket.timeout:
            pass
        if stopped or (args.seconds and time.monotonic() >= end):
            break
    # What had arrived when it was told to stop counts.
    s.setblocking(False)
    try:
        while True:
            sniffer.look(s.recv(65536))
    except BlockingIOError:
        pass
    seen, dropped = struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(json.dumps({
        "packets": sniffer.packets, "others": sniffer.others, "wrong": sniffer.wrong,
        "unseen": dropped, "kinds": sniffer.kinds,
        "flows": [{"flow": f.text, "packets": f.packets, "bytes": f.bytes} for f in args.flow],
        "first_wrong": sniffer.shown}))
    sys.exit(1 if sniffer.wrong or dropped else 0 if sniffer.packets else 2)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""rig.py - the functions that the tests of nicsim share: frames, ports, rules, knobs.

Tests build frames from fields, with checksums calculated from scratch. They compare
a frame that comes out of the ASIC, byte by byte, with such a frame. Tests use the
ports through packet sockets; no port has an address.
"""
import os
import select
import socket
import struct
import subprocess
import sys
import time

DEBUGFS = "/sys/kernel/debug/nicsim/"
MAC = ["02:6e:73:01:00:%02x" % i for i in range(8)]  # addresses of the partners
NIC = ["02:6e:73:00:00:%02x" % i for i in range(8)]  # addresses of the ports
NOTHING = None


def fail(text):
    caller = sys._getframe(1)
    while caller.f_code.co_filename == __file__ and caller.f_back:
        caller = caller.f_back
    sys.exit("FAIL: line %d: %s" % (caller.f_lineno, text))


def run(command, **options):
    return subprocess.run(command, shell=isinstance(command, str), capture_output=True, text=True, **options)


def must(command):
    r = run(command)
    if r.returncode:
        fail("%s: %s" % (command, (r.stderr or r.stdout).strip()))
    return r.stdout


# ---- frames ----

def mac(text):
    return bytes(int(x, 16) for x in text.split(":"))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Frame:
    """A frame as fields. change() returns a frame that differs in some of them."""

    DEFAULTS = dict(
        dst=NIC[0], src=MAC[0], tags=(), version=4, sip="10.0.0.2", dip="10.0.1.2", ttl=64, tos=0, ident=7,
        frag=0, options=b"", extension=b"", extension_type=0, proto="udp", sport=1000, dport=2000, flags=0x10,
        seq=1, ack=2, payload=b"nicsim" * 10, udp_sum=True, type=8, code=0, bad_sum=0, bad_ip_sum=0,
        ethertype=None, flow_label=0)

    def __init__(self, **fields):
        unknown = set(fields) - set(self.DEFAULTS)
        assert not unknown, unknown
        self.f = dict(self.DEFAULTS, **fields)
        if self.f["version"] == 6 and "." in self.f["sip"]:
            self.f.update(sip="2001:db8::2", dip="2001:db8:1::2")

    def change(self, **fields):
        return Frame(**dict(self.f, **fields))

    def protocol(self):
        names = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "sctp": 132}
        return names.get(self.f["proto"], self.f["proto"])

    def l4(self):
        f, proto = self.f, self.f["proto"]
        family = socket.AF_INET if f["version"] == 4 else socket.AF_INET6
        later = f["frag"] & 0x1fff
        if later or isinstance(proto, int):
            return f["payload"]
        if proto == "tcp":
            head = struct.pack("!HHIIBBHHH", f["sport"], f["dport"], f["seq"], f["ack"], 5 << 4, f["flags"],
                               8192, 0, 0)
            at = 16
        elif proto == "udp":
            head = struct.pack("!HHHH", f["sport"], f["dport"], 8 + len(f["payload"]), 0)
            at = 6
        elif proto == "sctp":
            return struct.pack("!HHII", f["sport"], f["dport"], 1, 2) + f["payload"]
        else:
            head = struct.pack("!BBHHH", f["type"], f["code"], 0, 1, 1)
            at = 2
        data = head + f["payload"]
        pseudo = b""
        if proto != "icmp":
            pseudo = socket.inet_pton(family, f["sip"]) + socket.inet_pton(family, f["dip"]) + \
                struct.pack("!II", self.protocol(), len(data))
        total = checksum(pseudo + data)
        if proto == "udp":
            total = (total or 0xffff) if f["udp_sum"] else 0
        total ^= f["bad_sum"]
        return data[:at] + struct.pack("!H", total) + data[at + 2:]

    def l3(self):
        f, l4 = self.f, self.l4()
        if f["version"] == 4:
            ihl = 5 + len(f["options"]) // 4
            head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, f["tos"], ihl * 4 + len(l4), f["ident"], f["frag"],
                               f["ttl"], self.protocol(), 0, socket.inet_aton(f["sip"]),
                               socket.inet_aton(f["dip"])) + f["options"]
            total = checksum(head) ^ f["bad_ip_sum"]
            return head[:10] + struct.pack("!H", total) + head[12:] + l4
        next_header, extension = self.protocol(), f["extension"]
        if extension:
            next_header, extension = f["extension_type"], bytes([next_header]) + extension[1:]
        return struct.pack("!IHBB", 6 << 28 | f["tos"] << 20 | f["flow_label"], len(extension) + len(l4),
                           next_header, f["ttl"]) + socket.inet_pton(socket.AF_INET6, f["sip"]) + \
            socket.inet_pton(socket.AF_INET6, f["dip"]) + extension + l4

    def bytes(self):
        f = self.f
        kind = f["ethertype"] or (0x800 if f["version"] == 4 else 0x86dd)
        tags = b"".join(struct.pack("!HH", tpid, prio << 13 | vid) for tpid, vid, prio in f["tags"])
        return mac(f["dst"]) + mac(f["src"]) + tags + struct.pack("!H", kind) + self.l3()


# ---- the adapter ----

class Port:
    """A packet socket on a device. It does not receive the packets that the device sends."""

    def __init__(self, dev):
        self.dev = dev
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(263, 8, 1)    # SOL_PACKET, PACKET_AUXDATA: tags that the stack removed
        self.socket.setsockopt(263, 23, 1)   # PACKET_IGNORE_OUTGOING
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((dev, 0))

    def send(self, frame):
        self.socket.send(frame if isinstance(frame, bytes) else frame.bytes())

    def receive(self, timeout):
        if not select.select([self.socket], [], [], timeout)[0]:
            return NOTHING
        data, ancillary, _, _ = self.socket.recvmsg(65536, 512)
        for _, _, aux in ancillary:
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", aux[:20])
            if status & 16:
                data = data[:12] + struct.pack("!HH", tpid if status & 64 else 0x8100, tci) + data[12:]
        return data

    def drain(self):
        while self.receive(0) is not NOTHING:
            pass


class Rig:
    """Loads the module with all ports up, and manages its rules."""

    def __init__(self, ports=3, **options):
        run("rmmod nicsim 2>/dev/null")
        must(["modprobe", "nicsim", "ports=%d" % ports] + ["%s=%s" % o for o in options.items()])
        self.ports = ports
        script = []
        for i in range(ports):
            for dev in "nic%d" % i, "wire%d" % i:
                with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % dev, "w") as f:
                    f.write("1")
                # Packets that GRO has merged differ from those on the wire.
                must("ethtool -K %s gro off" % dev)
                script.append("link set %s arp off up" % dev)
        subprocess.run(["ip", "-batch", "-"], input="\n".join(script), text=True, check=True)
        for i in range(ports):
            if self.get("profile") != "none":
                must("tc qdisc add dev nic%d clsact" % i)
        self.nic = [Port("nic%d" % i) for i in range(ports)]
        self.wire = [Port("wire%d" % i) for i in range(ports)]
        for i in range(ports):
            for _ in range(200):
                with open("/sys/class/net/wire%d/operstate" % i) as f:
                    if f.read().strip() == "up":
                        break
                time.sleep(0.02)
            else:
                fail("wire%d does not come up" % i)

    def get(self, name):
        with open(DEBUGFS + name) as f:
            return f.read().strip()

    def number(self, name):
        return int(self.get(name))

    def set(self, name, value):
        with open(DEBUGFS + name, "w") as f:
            f.write(str(value))

    def counter(self, name, port=None):
        where = "counters" if port is None else "ports/%d/counters" % port
        for line in self.get(where).splitlines():
            if line.split()[0] == name:
                return int(line.split()[1])
        fail("no counter %s" % name)

    def tc(self, what, spec, dev="nic0"):
        return run("tc filter %s dev %s ingress %s" % (what, dev, spec))

    def add(self, spec, dev="nic0"):
        """Adds a filter that the hardware must accept: "protocol ip flower ..." """
        r = self.tc("add", self.skip(spec), dev)
        if r.returncode:
            fail("refused: %s: %s" % (spec, r.stderr.strip()))

    def refused(self, spec, text, dev="nic0", errno=None):
        """Adds a filter that the hardware must refuse with this text and error."""
        r = self.tc("add", self.skip(spec), dev)
        if not r.returncode:
            fail("accepted: %s" % spec)
        if text not in r.stderr:
            fail("refused with another text: %s: %s" % (spec, r.stderr.strip()))
        if errno:
            last = [line for line in self.get("log").splitlines() if " + " in line][-1]
            if last.split()[3] != errno:
                fail("refused with another error: %s: %s" % (spec, last))

    @staticmethod
    def skip(spec):
        """Adds skip_sw, which must be between the keys and the first action."""
        head, action, tail = spec.partition(" action ")
        return head + " skip_sw" + action + tail

    def flush(self):
        for i in range(self.ports):
            run("tc filter del dev nic%d ingress" % i)

    def drain(self):
        for port in self.nic + self.wire:
            port.drain()

    def check(self, frame, wire=None, nic=None, start=0, out=None):
        """Sends a frame on a wire. Fails unless the right frame arrives at the right device only."""
        self.wire[start].send(frame)
        wanted = out if out is not None else frame
        for kind, ports, place in ("wire", self.wire, wire), ("nic", self.nic, nic):
            for i, port in enumerate(ports):
                if i == place:
                    got = port.receive(2)
                    if got is NOTHING:
                        fail("nothing arrived at %s%d" % (kind, i))
                    if got != wanted.bytes():
                        fail("%s%d received\n%s\nwanted\n%s" % (kind, i, got.hex(), wanted.bytes().hex()))
        for kind, ports in ("wire", self.wire), ("nic", self.nic):
            for i, port in enumerate(ports):
                got = port.receive(0)
                if got is not NOTHING:
                    fail("unexpected at %s%d: %s" % (kind, i, got.hex()))

    def hit(self, frame, wire=1, **more):
        """Sends a frame that the ASIC must forward, and the stack must not see."""
        hits, cpu = self.counter("hits"), self.counter("cpu_rx_packets")
        self.check(frame, wire=wire, **more)
        if self.counter("hits") != hits + 1 or self.counter("cpu_rx_packets") != cpu:
            fail("hits %d -> %d, packets for the CPU %d -> %d" % (hits, self.counter("hits"), cpu,
                                                                  self.counter("cpu_rx_packets")))

    def miss(self, frame, start=0):
        """Sends a frame that the ASIC must pass to the CPU unchanged."""
        misses = self.counter("misses")
        self.check(frame, nic=start, start=start)
        if self.counter("misses") != misses + 1:
            fail("no miss")


def equal(what, got, wanted):
    if got != wanted:
        fail("%s: got %s, wanted %s" % (what, got, wanted))

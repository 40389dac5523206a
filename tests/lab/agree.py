#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""agree.py - checks that the tables of the daemon, tc, the NIC and conntrack agree.

    agree.py [--socket PATH] [--netns NS] [--wait SECONDS]

Compares, without tolerance:

 - every flow that "nft-offload flows" calls offloaded has exactly two filters: one
   for each direction, on the port by which that direction arrives, with its match;
 - both filters are in the NIC's table (nicsim's debugfs), with the same match,
   priority and port, and tc reports them in_hw;
 - there is no other filter of ours on any device, and no other rule in the NIC.
   Guards, which match nothing but tags and a TTL or hop limit, are allowed;
 - the NIC has lost no rule that tc has;
 - conntrack has every offloaded flow, with the same two tuples.

Prints one line of JSON with numbers and the first differences. The exit status is 1
if there are any. With --wait, it compares again until all tables agree or the time
is over, because changes may still be under way.
"""
import argparse
import collections
import json
import re
import subprocess
import sys
import time

import patience

RULES = "/sys/kernel/debug/nicsim/rules"
LOST = "/sys/kernel/debug/nicsim/lost"
MAGIC = "6e666f01"  # first bytes of the cookies that flower_cookie_put() makes
SHOWN = 10

# Identifies a rule. No two rules of one port and priority have the same match.
Match = collections.namedtuple("Match", "dev pref family proto src dst sport dport rest")

ETHERTYPE = {"0x0800": "ipv4", "0x86dd": "ipv6"}
PROTO = {"6": "tcp", "17": "udp"}
TPID = {"802.1q": "0x8100", "802.1ad": "0x88a8"}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()


def masked(text, base, full):
    """Returns KEY/MASK as a pair of numbers. Without a mask, all bits count."""
    key, _, mask = text.partition("/")
    return int(key, base), int(mask, base) if mask else full


# ---- tc ----

def tc_cookie(options):
    for action in options.get("actions", []):
        if action.get("cookie", "").startswith(MAGIC):
            return action["cookie"]
    return None


def tc_match(dev, f):
    keys = dict(f["options"]["keys"])
    family = keys.pop("eth_type", "")
    rest = {}
    flags = keys.pop("ip_flags", None)
    if flags is not None:
        rest["frag"] = flags.get("frag")
    if "tcp_flags" in keys:
        rest["tcp_flags"] = masked(str(keys.pop("tcp_flags")), 16, 0xfff)
    if "ip_ttl" in keys:
        rest["ttl"] = (keys.pop("ip_ttl"), int(keys.pop("ip_ttl_mask", "ff"), 16))
    if "dst_mac" in keys:
        rest["dmac"] = keys.pop("dst_mac")
    if "indev" in f["options"]:
        rest["indev"] = True
    tpid = TPID.get(f["protocol"].lower())
    for tag in ("vlan", "cvlan"):
        ethertype = keys.pop(tag + "_ethtype", "").lower()
        vid = keys.pop(tag + "_id", None)
        if tpid:
            rest[tag] = (tpid, vid)
        tpid = TPID.get(ethertype)
    m = Match(dev, f["pref"], family, keys.pop("ip_proto", None), keys.pop("src_ip", None),
              keys.pop("dst_ip", None), keys.pop("src_port", None), keys.pop("dst_port", None),
              tuple(sorted(rest.items())))
    # Keys that this function does not know become part of the match, so that differences show.
    return m._replace(rest=m.rest + tuple(sorted((k, str(v)) for k, v in keys.items())))


def devices(netns):
    return [link["ifname"] for link in json.loads(run("ip", "-n", netns, "-j", "link", "show"))]


def tc_filters(netns, dev):
    """Yields (match, cookie, in_hw) of each filter of ours."""
    out = run("tc", "-n", netns, "-j", "filter", "show", "dev", dev, "ingress")
    for f in json.loads(out or "[]"):
        options = f.get("options")
        if not options or "handle" not in options:
            continue
        cookie = tc_cookie(options)
        if cookie:
            yield tc_match(dev, f), cookie, bool(options.get("in_hw"))


# ---- the NIC ----

def nic_rules(path):
    for line in open(path):
        words = dict(w.partition("=")[::2] for w in line.split(" | ")[0].split())
        dev = words.pop("in")
        words.pop("used_keys", None)
        rest = {}
        if "frag" in words:
            key, mask = masked(words.pop("frag"), 0, 0xff)
            rest["frag"] = bool(key & 1) if mask == 1 else (key, mask)
        if "tcp_flags" in words:
            rest["tcp_flags"] = masked(words.pop("tcp_flags"), 0, 0xfff)
        if "ttl" in words:
            rest["ttl"] = masked(words.pop("ttl"), 0, 0xff)
        if "dmac" in words:
            rest["dmac"] = words.pop("dmac")
        for tag, c in (("vlan", ""), ("cvlan", "c")):
            tpid, tci = words.pop(c + "tpid", None), words.pop(c + "tci", None)
            if tpid:
                rest[tag] = (tpid, masked(tci, 0, 0xffff)[0] if tci else None)
        if words.pop("indev", None):
            rest["indev"] = True
        family = words.pop("eth_type", "")
        proto = words.pop("ip_proto", None)
        ports = [words.pop(k, None) for k in ("sport", "dport")]
        m = Match(dev, int(words.pop("prio", -1)), ETHERTYPE.get(family, family), PROTO.get(proto, proto),
                  words.pop("src", None), words.pop("dst", None),
                  *[int(p) if p is not None and p.isdigit() else p for p in ports],
                  tuple(sorted(rest.items())))
        yield m._replace(rest=m.rest + tuple(sorted(words.items())))


# ---- conntrack, the daemon ----

def conntrack(netns):
    """Returns the set of (protocol, original tuple, reply tuple) of all entries."""
    out = subprocess.run(["ip", "netns", "exec", netns, "conntrack", "-L", "-o", "extended"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    out += subprocess.run(["ip", "netns", "exec", netns, "conntrack", "-L", "-f", "ipv6", "-o", "extended"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    entries = set()
    for line in out.splitlines():
        words = line.split()
        if len(words) < 3 or words[2] not in ("tcp", "udp"):
            continue
        t = re.findall(r"\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)", line)
        entries.add((words[2], tuple(t[0]), tuple(t[1])))
    return entries


def tuple_of(t):
    return (t["src"], t["dst"], str(t["sport"]), str(t["dport"]))


def flows(netns, path):
    command = ["ip", "netns", "exec", netns, "nft-offload", "-j"]
    if path:
        command += ["-s", path]
    return json.loads(run(*command, "flows", "--state", "offloaded"))


# ---- comparing ----

class Comparison:
    def __init__(self):
        self.differences = []

    def say(self, fmt, *args):
        self.differences.append(fmt % args)


def is_guard(m):
    return m.proto is None and m.src is None and m.dst is None and m.sport is None and m.dport is None and \
        [k for k, _ in m.rest if k not in ("vlan", "cvlan")] == ["ttl"]


def shown(m):
    return "%s pref %s %s %s %s:%s > %s:%s %s" % (m.dev, m.pref, m.family, m.proto, m.src, m.sport, m.dst, m.dport,
                                                 " ".join("%s=%s" % r for r in m.rest))


def compare_flows(c, offloaded, by_tuple, entries):
    wanted = collections.Counter()
    for f in offloaded:
        name = "%s %s" % (f["proto"], " ".join("%s:%s>%s:%s" % (t["src"], t["sport"], t["dst"], t["dport"])
                                               for t in (f["orig"], f["reply"])))
        if (f["proto"], tuple_of(f["orig"]), tuple_of(f["reply"])) not in entries:
            c.say("not in conntrack: %s", name)
        if len(f["devices"]) != 2 or len(f["ports"]) != 2:
            c.say("offloaded without devices: %s", name)
            continue
        for dev, which in zip(f["ports"], ("orig", "reply")):
            key = (dev, f["proto"]) + tuple_of(f[which])
            wanted[key] += 1
            if by_tuple[key] != 1:
                c.say("%d filters on %s for the %s direction of %s", by_tuple[key], dev, which, name)
        if f.get("in_hw") is not True:
            c.say("the daemon does not say in_hw: %s", name)
    for key, n in by_tuple.items():
        if not wanted[key]:
            c.say("%d filters of no offloaded flow: %s", n, " ".join(key))
        elif wanted[key] > 1:
            c.say("%d flows with the match %s", wanted[key], " ".join(key))


def compare(args):
    c = Comparison()
    offloaded = flows(args.netns, args.socket)
    filters, by_tuple, guards = collections.Counter(), collections.Counter(), 0
    for dev in devices(args.netns):
        for m, cookie, in_hw in tc_filters(args.netns, dev):
            filters[m] += 1
            if not in_hw:
                c.say("not in_hw: %s", shown(m))
            if is_guard(m):
                guards += 1
            else:
                by_tuple[tuple(map(str, (m.dev, m.proto, m.src, m.dst, m.sport, m.dport)))] += 1
    nic = collections.Counter(nic_rules(RULES))
    lost = list(nic_rules(LOST))
    for m in lost:
        c.say("lost by the NIC: %s", shown(m))
    for m in filters - nic:
        c.say("in tc and not in the NIC: %s", shown(m))
    for m in nic - filters:
        c.say("in the NIC and not in tc: %s", shown(m))
    compare_flows(c, offloaded, by_tuple, conntrack(args.netns))
    print(json.dumps({"flows": len(offloaded), "filters": sum(filters.values()), "guards": guards,
                      "nic": sum(nic.values()), "lost": len(lost), "differences": len(c.differences),
                      "first": c.differences[:SHOWN]}), flush=True)
    return not c.differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket")
    parser.add_argument("--netns", default="router")
    parser.add_argument("--wait", type=float, default=0)
    args = parser.parse_args()
    end = patience.now() + patience.limit(args.wait)
    while not compare(args):
        if patience.now() >= end:
            sys.exit(1)
        time.sleep(0.5)


if __name__ == "__main__":
    main()

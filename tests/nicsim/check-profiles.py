# SPDX-License-Identifier: GPL-2.0-or-later
"""check-profiles.py - checks what each profile accepts, refuses, and does differently."""
import sys
import time

from rig import Frame, Rig, equal, must, run

UDP, TCP = Frame(), Frame(proto="tcp")
TUPLE = "ip_proto udp src_ip 10.0.0.2 dst_ip 10.0.1.2 src_port 1000 dst_port 2000"
TCP_TUPLE = "ip_proto tcp tcp_flags 0x0/0x7 ip_flags nofrag src_ip 10.0.0.2 dst_ip 10.0.1.2 src_port 1000 dst_port 2000"
V6_TUPLE = "ip_proto udp src_ip 2001:db8::2 dst_ip 2001:db8:1::2 src_port 1000 dst_port 2000"
MACS = "munge eth dst set 02:00:00:00:02:02 munge eth src set 02:00:00:00:02:01 "
NEW_MACS = dict(dst="02:00:00:00:02:02", src="02:00:00:00:02:01")
TO1 = " action mirred egress redirect dev nic1"
TO2 = " action mirred egress redirect dev nic2"
TO0 = " action mirred egress redirect dev nic0"


def pedit(keys, csum="", to=TO1):
    return " action pedit ex %s pipe%s%s" % (keys, " action csum " + csum if csum else "", to)


S1 = "protocol ip pref 1 flower " + TUPLE + pedit(MACS + "munge ip ttl dec", "ip4h")
S1_TCP = "protocol ip pref 1 flower " + TCP_TUPLE + pedit(MACS + "munge ip ttl dec", "ip4h")
S1_NAT = "protocol ip pref 1 flower " + TUPLE + pedit(
    MACS + "munge ip ttl dec munge ip src set 1.2.3.4 munge udp sport set 7", "ip4h and udp")
S1_V6 = "protocol ipv6 pref 1 flower " + V6_TUPLE + pedit(MACS + "munge ip6 hoplimit dec")
NAT = dict(sip="1.2.3.4", sport=7)
VLAN = "protocol ip pref 1 flower " + TUPLE + " action vlan push id 5 pipe" + TO1


def profile(name, **options):
    print("==", name, options, flush=True)
    rig = Rig(profile=name, **options)
    equal("profile", rig.get("profile"), name)
    return rig


def one_rule(rig, spec, frame, **out):
    """Adds a rule, checks it with one packet, and deletes it."""
    rig.add(spec)
    rig.hit(frame, out=frame.change(**out))
    rig.flush()


def check_none():
    rig = profile("none")
    must("tc qdisc add dev nic0 clsact")
    rig.refused(S1, "flower is not supported", errno="EOPNOTSUPP")
    must("tc filter add " + "dev nic0 ingress " + S1)
    must("tc qdisc del dev nic0 clsact")
    rig.set("bind_refused", 1)
    must("tc qdisc add dev nic0 clsact")
    equal("refused", rig.tc("add", Rig.skip(S1)).returncode != 0, True)


def check_nic_full():
    rig = profile("nic-full")
    equal("no switch id", run("cat /sys/class/net/nic0/phys_switch_id").stdout, "")
    one_rule(rig, S1, UDP, ttl=63, **NEW_MACS)
    one_rule(rig, S1_TCP, TCP, ttl=63, **NEW_MACS)
    one_rule(rig, S1_NAT, UDP, ttl=63, **NEW_MACS, **NAT)
    one_rule(rig, S1_V6, Frame(version=6), ttl=63, **NEW_MACS)
    rig.refused(VLAN, "unsupported action", errno="EOPNOTSUPP")
    rig.refused(S1.replace("pref 1", "pref 2"), "priority is out of range")
    rig.set("max_prio", 0)
    one_rule(rig, S1.replace("pref 1", "pref 2"), UDP, ttl=63, **NEW_MACS)
    rig.refused("protocol ip pref 1 flower ip_proto sctp dst_port 7" + TO1, "L4 matching", errno="EINVAL")
    rig.refused("protocol ip pref 1 flower " + TUPLE + " action csum ip4h" + pedit(MACS), "only offloaded with pedit")
    rig.refused("protocol ip pref 1 flower dst_ip 10.0.1.2" + pedit("munge ip ttl dec"), "non TCP/UDP")
    rig.refused("protocol ip pref 1 flower " + TUPLE + pedit("munge ip ttl set 9 munge ip ttl dec"), "same HW field")
    rig.set("rewrite_budget", 4)
    rig.refused(S1, "too many pedit actions", errno="ENOSPC")
    rig.set("rewrite_budget", 16)
    rig.add(S1)
    equal("feature stays on", run("ethtool -K nic0 hw-tc-offload off").returncode != 0, True)
    rig.flush()
    # The kernel remembers that "off" is wanted and would not ask the driver for it again.
    must("ethtool -K nic0 hw-tc-offload on")
    must("ethtool -K nic0 hw-tc-offload off")


def check_fdb():
    rig = profile("fdb", ports=4)
    equal("name", must("cat /sys/class/net/nic0/phys_port_name").strip(), "p0")
    equal("name", must("cat /sys/class/net/nic2/phys_port_name").strip(), "pf0vf0")
    equal("id", must("cat /sys/class/net/nic0/phys_switch_id"), must("cat /sys/class/net/nic1/phys_switch_id"))
    rig.refused(S1, "not the same uplink", errno="EOPNOTSUPP")
    for to, wire in (TO2, 2), (TO0, 0):
        rig.add(S1.replace(TO1, to))
        rig.hit(UDP, wire=wire, out=UDP.change(ttl=63, **NEW_MACS))
        rig.flush()
    rig.add(VLAN.replace(TO1, TO2))
    rig.hit(UDP, wire=2, out=UDP.change(tags=[(0x8100, 5, 0)]))
    rig.flush()
    rig.set("busy_ms", 60000)
    rig.refused(S1.replace(TO1, TO2), "mode change", errno="EBUSY")
    rig.set("busy_ms", 0)


def check_set_only():
    rig = profile("set-only")
    rig.refused(S1, "unsupported action", errno="EOPNOTSUPP")
    s3 = "protocol ip pref 1 flower ip_ttl 64 " + TUPLE + pedit(MACS + "munge ip ttl set 63", "ip4h")
    one_rule(rig, s3, UDP, ttl=63, **NEW_MACS)
    nat = "protocol ip pref 1 flower ip_ttl 64 " + TUPLE + pedit(
        MACS + "munge ip ttl set 63 munge ip src set 1.2.3.4 munge udp sport set 7", "ip4h and udp")
    one_rule(rig, nat, UDP, ttl=63, **NEW_MACS, **NAT)
    rig.refused(s3.replace(" action csum ip4h", ""), "must be updated before output")
    rig.refused(s3.replace("csum ip4h", "csum ip4h and udp"), "nothing changed it")
    rig.refused(nat.replace("ip4h and udp", "ip4h"), "must be updated")
    rig.refused("protocol all pref 1 flower" + TO1, "all protocols")
    rig.refused("protocol arp pref 1 flower" + TO1, "EtherType")
    rig.refused("protocol ip pref 1 flower ip_proto tcp tcp_flags 0x10/0x10" + TO1, "TCP flags")
    one_rule(rig, "protocol ip pref 1 flower " + TCP_TUPLE + TO1, TCP)
    rig.refused("protocol 802.1q pref 1 flower vlan_id 5 vlan_ethtype ip action vlan modify id 6 pipe" + TO1, "unsupported action")
    one_rule(rig, VLAN, UDP, tags=[(0x8100, 5, 0)])
    rig.set("max_masks", 1)
    rig.add("protocol ip pref 1 flower ip_proto udp" + TO1)
    rig.refused("protocol ip pref 1 flower dst_ip 1.2.3.4" + TO1, "cannot allocate a new mask id", errno="ENOENT")
    rig.set("max_masks", 256)
    rig.set("table_size", 1)
    rig.refused("protocol ip pref 1 flower ip_proto tcp" + TO1, "cannot allocate new stats context", errno="ENOENT")
    equal("feature stays on", run("ethtool -K nic0 hw-tc-offload off").returncode != 0, True)


def check_mac_ttl():
    rig = profile("mac-ttl", table_size=1)
    rig.refused(S1, "unsupported action", errno="EOPNOTSUPP")
    s2 = S1.replace(" action csum ip4h", "")
    one_rule(rig, s2, UDP, ttl=63, **NEW_MACS)
    one_rule(rig, S1_V6, Frame(version=6), ttl=63, **NEW_MACS)
    one_rule(rig, s2.replace("ip ttl dec", "ip ttl set 63").replace(TUPLE, TUPLE + " ip_ttl 64"), UDP, ttl=63, **NEW_MACS)
    rig.refused(s2.replace("ip ttl dec", "ip ttl set 63"), "one less than the exact match")
    rig.refused(S1_NAT.replace(" action csum ip4h and udp", ""), "field is not supported")
    rig.refused("protocol ip pref 1 flower indev nic0" + TO1, "unsupported match key")
    one_rule(rig, VLAN, UDP, tags=[(0x8100, 5, 0)])
    rig.refused("protocol 802.1q pref 1 flower vlan_id 5 vlan_ethtype ip action vlan push id 7 pipe action vlan pop pipe" + TO1,
                "pop after push", errno="EINVAL")
    rig.refused("protocol ip pref 1 flower ip_proto sctp dst_port 7" + TO1, "without TCP or UDP", errno="EINVAL")
    rig.refused("protocol ip pref 1 flower " + TO1 + " action drop", "after the last", errno="EINVAL")
    rig.add(s2)
    rig.refused("protocol ip pref 1 flower ip_proto tcp" + TO1, "no free action set", errno="ENOBUFS")


def check_flow_engine():
    rig = profile("flow-engine")
    plain = "protocol ip pref 1 flower indev nic0 " + TUPLE + pedit(MACS)
    rig.refused(plain.replace("indev nic0 ", ""), "needs the ingress device", errno="EOPNOTSUPP")
    rig.refused("protocol ip pref 1 flower indev nic0 ip_proto udp dst_ip 10.0.1.2" + pedit(MACS), "and ports")
    rig.refused(plain.replace("munge eth src set 02:00:00:00:02:01 ", ""), "both MAC", errno="EINVAL")
    rig.refused(plain.replace(MACS, MACS + "munge ip ttl dec"), "not supported", errno="EOPNOTSUPP")
    rig.refused(plain.replace(MACS, MACS + "munge ip ttl set 9"), "invalid", errno="EINVAL")
    rig.refused("protocol ipv6 pref 1 flower indev nic0 " + V6_TUPLE + pedit(MACS + "munge ip6 src set fd00::1"), "not supported")
    rig.refused("protocol ip pref 1 flower indev nic0 " + TUPLE + " action drop", "not supported")
    # The entry waits for a packet in software. Then it decrements the TTL by itself.
    rig.add(plain)
    equal("used", rig.number("used"), 0)
    rig.miss(UDP)
    rig.hit(UDP, out=UDP.change(ttl=63, **NEW_MACS))
    equal("used", rig.number("used"), 1)
    rig.check(UDP.change(ttl=1), nic=0)
    rig.check(UDP.change(frag=0x2000), nic=0)
    # tc reports no packet counters.
    text = must("tc -s filter show dev nic0 ingress")
    equal("packets", "Sent hardware" in text, False)
    # An idle entry is removed. After a packet in software, the next packet is a hit again.
    rig.set("idle_ms", 200)
    for _ in range(100):
        if rig.number("used") == 0:
            break
        time.sleep(0.1)
    equal("used", rig.number("used"), 0)
    rig.miss(UDP)
    rig.hit(UDP, out=UDP.change(ttl=63, **NEW_MACS))
    rig.flush()
    equal("used", rig.number("used"), 0)
    # TCP: the engine ignores keys that it does not know, and passes FIN, SYN and RST to the CPU.
    rig.set("table_size", 1)
    rig.add("protocol ip pref 1 flower indev nic0 " + TCP_TUPLE.replace("0x0/0x7", "0x20/0x20") +
            pedit(MACS + "munge ip src set 1.2.3.4 munge tcp sport set 7", "ip4h and tcp"))
    rig.miss(TCP)
    rig.hit(TCP, out=TCP.change(ttl=63, **NEW_MACS, **NAT))
    for flags in 0x02, 0x11, 0x14:
        rig.check(TCP.change(flags=flags), nic=0)
    # If another flow has the slot, an add succeeds, but the ASIC does not forward.
    rig.add("protocol ip pref 1 flower indev nic0 " + TUPLE + pedit(MACS))
    for _ in range(5):
        rig.miss(UDP)
    equal("lost", rig.number("lost_rules"), 0)


def check_liar():
    rig = profile("liar", stats_delay_ms=0)
    # The liar does not decrement the TTL, and does not match TCP flags.
    rig.add(S1_TCP)
    rig.hit(TCP, out=TCP.change(**NEW_MACS))
    rig.hit(TCP.change(flags=0x11), out=TCP.change(flags=0x11, **NEW_MACS))
    rig.flush()
    # It only translates the side of the last address rewrite.
    spec = "protocol ip pref 1 flower " + TUPLE + pedit(
        MACS + "munge ip src set 1.2.3.4 munge ip dst set 5.6.7.8 munge udp dport set 9", "ip4h and udp")
    one_rule(rig, spec, UDP, dip="5.6.7.8", dport=9, **NEW_MACS)
    rig.refused("protocol ip pref 1 flower " + TUPLE + pedit(MACS + "munge udp sport set 9"), "without address", errno="EINVAL")
    rig.refused("protocol ip pref 1 flower " + TUPLE + pedit(MACS + "munge ip ttl set 9"), "invalid", errno="EINVAL")
    rig.refused("protocol ip pref 1 flower " + TUPLE + pedit("munge eth dst set 02:00:00:00:00:00 munge ip tos set 9"), "invalid")
    # It accepts IPv6 rules, but they never match.
    rig.add(S1_V6)
    rig.miss(Frame(version=6))
    rig.flush()
    # With VLAN actions it writes the MAC addresses of the match: here zeros.
    one_rule(rig, "protocol ip pref 1 flower " + TUPLE + " action pedit ex " + MACS + "pipe action vlan push id 5 pipe" + TO1,
             UDP, dst="00:00:00:00:00:00", src="00:00:00:00:00:00", tags=[(0x8100, 5, 0)])
    rig.add("protocol ip pref 1 flower action skbedit mark 7 pipe" + TO1)
    rig.hit(UDP)
    rig.flush()
    rig.set("switch_id", "none")
    rig.refused(S1, "another switch")
    rig.set("switch_id", "00ff")
    # When the table is full, an add succeeds, but the rule is lost.
    rig.set("table_size", 1)
    rig.add(S1_TCP)
    rig.add(S1)
    rig.miss(UDP)
    equal("lost", rig.number("lost_rules"), 1)
    rig.flush()
    rig.set("full_errno", "ENOSPC")
    rig.add(S1_TCP)
    rig.refused(S1, "full", errno="ENOSPC")


def check_tiny_acl():
    rig = profile("tiny-acl")
    rig.refused(S1, "unsupported action", errno="EOPNOTSUPP")
    rig.refused("protocol ip pref 1 flower " + TCP_TUPLE + TO1, "unsupported match key")
    one_rule(rig, "protocol ip pref 1 flower " + TUPLE + TO1, UDP)
    rig.add("protocol ip pref 1 flower " + TUPLE + " action drop")
    rig.check(UDP)
    rig.flush()
    for i in range(16):
        rig.add("protocol ip pref 1 flower ip_proto udp dst_port %d" % (2000 + i) + TO1)
    rig.refused("protocol ip pref 1 flower ip_proto udp dst_port 3000" + TO1, "MCAM entry", errno="ENOMEM")
    rig.flush()
    rig.set("initialised", 0)
    rig.refused("protocol ip pref 1 flower " + TUPLE + TO1, "not set up", errno="ENOMEM")
    rig.set("initialised", 1)
    rig.set("refuse_errno", "EINVAL")
    rig.refused(S1, "unsupported action", errno="EINVAL")
    rig.add("protocol ip pref 1 flower " + TUPLE + TO1)
    rig.hit(UDP)
    text = must("tc -s filter show dev nic0 ingress")
    equal("packets without bytes", "Sent hardware 0 bytes 1 pkt" in text, True)


for name in sys.argv[1:] or ("none", "nic_full", "fdb", "set_only", "mac_ttl", "flow_engine", "liar", "tiny_acl"):
    globals()["check_" + name]()

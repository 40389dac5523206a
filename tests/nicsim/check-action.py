# SPDX-License-Identifier: GPL-2.0-or-later
"""check-action.py - checks, byte by byte, the packets that each action produces."""
from rig import NIC, Frame, Rig, equal, must, run

UDP4, TCP4, ICMP4 = Frame(), Frame(proto="tcp"), Frame(proto="icmp")
UDP6, TCP6 = Frame(version=6), Frame(version=6, proto="tcp")
ICMP6 = Frame(version=6, proto="icmp6", type=128)
TO = " action mirred egress redirect dev nic1"
IP4 = "ip flower ip_proto %s"
IP6 = "ipv6 flower ip_proto %s"
CSUM = {"tcp": "and tcp ", "udp": "and udp ", "icmp": ""}

rig = Rig()


def rule(match, actions, to=TO):
    print("protocol", match, actions, flush=True)
    rig.add("protocol %s %s%s" % (match, actions, to))


def done():
    must("tc filter del dev nic0 ingress")


def rewrites(match, munge, frame, csum="", **changed):
    """Checks one pedit, with the csum action that software would need."""
    rule(match, " action pedit ex %s pipe%s" % (munge, csum))
    for payload in b"", b"x", b"nicsim" * 50:
        f = frame.change(payload=payload)
        rig.hit(f, out=f.change(**changed))
    done()


# ---- MAC addresses ----
rewrites("all flower", "munge eth dst set 02:00:00:00:00:99", UDP4, dst="02:00:00:00:00:99")
rewrites("all flower", "munge eth src set 02:00:00:00:00:98", UDP6, src="02:00:00:00:00:98")
rewrites("ip flower", "munge eth dst set 02:11:22:33:44:55 munge eth src set 06:11:22:33:44:66", TCP4,
         dst="02:11:22:33:44:55", src="06:11:22:33:44:66")

# ---- TTL ----
for name, frame in ("udp", UDP4), ("tcp", TCP4), ("icmp", ICMP4):
    rewrites(IP4 % name, "munge ip ttl dec", frame, " action csum ip4h", ttl=63)
rewrites(IP4 % "udp", "munge ip ttl dec", UDP4.change(ttl=1), ttl=0)
rewrites(IP4 % "udp", "munge ip ttl dec", UDP4.change(ttl=0), ttl=255)
rewrites(IP4 % "udp", "munge ip ttl dec", UDP4.change(options=b"\x94\4\0\0"), ttl=63)
rewrites(IP4 % "udp", "munge ip ttl set 9", UDP4, ttl=9)
rewrites(IP6 % "udp", "munge ip6 hoplimit dec", UDP6, ttl=63)
rewrites(IP6 % "tcp", "munge ip6 hoplimit add 0xff", TCP6, ttl=63)
rewrites(IP6 % "tcp", "munge ip6 hoplimit set 77", TCP6, ttl=77)
rewrites(IP4 % "udp", "munge ip tos set 0x2c", UDP4, tos=0x2c)
rewrites(IP4 % "udp", "munge ip tos set 0x50 retain 0xfc", UDP4.change(tos=3), tos=0x53)
rewrites(IP6 % "udp", "munge ip6 traffic_class set 0x2c", UDP6.change(flow_label=0xabcde), tos=0x2c)

# ---- addresses and ports ----
for name, frame in ("udp", UDP4), ("tcp", TCP4), ("icmp", ICMP4), ("udp", UDP4.change(udp_sum=False)):
    csum = " action csum ip4h %s" % CSUM[name]
    rewrites(IP4 % name, "munge ip src set 203.0.113.77", frame, csum, sip="203.0.113.77")
    rewrites(IP4 % name, "munge ip dst set 198.51.100.9", frame, csum, dip="198.51.100.9")
    rewrites(IP4 % name, "munge ip src set 1.2.3.4 munge ip dst set 5.6.7.8", frame, csum, sip="1.2.3.4", dip="5.6.7.8")
rewrites(IP4 % "udp", "munge ip dst set 0.0.0.77 retain 0xff", UDP4, dip="10.0.1.77")
for name, frame in ("udp", UDP6), ("tcp", TCP6), ("icmpv6", ICMP6):
    rewrites(IP6 % name, "munge ip6 src set 2001:db8:ffff::7:8", frame, sip="2001:db8:ffff::7:8")
    rewrites(IP6 % name, "munge ip6 dst set fd00::1", frame, dip="fd00::1")
for name, frames in ("udp", (UDP4, UDP6)), ("tcp", (TCP4, TCP6)):
    for frame in frames:
        match = (IP4 if frame.f["version"] == 4 else IP6) % name
        rewrites(match, "munge %s sport set 40000" % name, frame, sport=40000)
        rewrites(match, "munge %s dport set 443" % name, frame, dport=443)
rewrites(IP6 % "udp", "munge udp dport set 443", Frame(version=6, extension=bytes([0, 0, 1, 4, 0, 0, 0, 0])), dport=443)

# ---- all at once, as in a router with NAT ----
EVERYTHING = ("munge eth dst set 02:00:00:00:02:02 munge eth src set 02:00:00:00:02:01 munge ip ttl dec "
              "munge ip src set 203.0.113.1 munge ip dst set 198.51.100.7 munge %s sport set 61000 munge %s dport set 8080")
CHANGES = dict(dst="02:00:00:00:02:02", src="02:00:00:00:02:01", ttl=63, sip="203.0.113.1", dip="198.51.100.7",
               sport=61000, dport=8080)
for name, frame in ("udp", UDP4), ("tcp", TCP4):
    rewrites(IP4 % name, EVERYTHING % (name, name), frame, " action csum ip4h " + CSUM[name], **CHANGES)
V6 = dict(CHANGES, sip="2001:db8:2::1", dip="2001:db8:3::7")
for name, frame in ("udp", UDP6), ("tcp", TCP6):
    text = EVERYTHING.replace("ip ttl", "ip6 hoplimit").replace("ip src set 203.0.113.1", "ip6 src set 2001:db8:2::1")
    text = text.replace("ip dst set 198.51.100.7", "ip6 dst set 2001:db8:3::7") % (name, name)
    rewrites(IP6 % name, text, frame, " action csum %s" % name, **V6)

# ---- checksums ----
# For UDP, a checksum that becomes zero is sent as all ones.
for extra in range(65536):
    frame = UDP4.change(payload=extra.to_bytes(2, "big"))
    if frame.change(dport=443).l4()[6:8] == b"\xff\xff":
        break
rule(IP4 % "udp", " action pedit ex munge udp dport set 443 pipe")
rig.hit(frame, out=frame.change(dport=443))
done()
# A wrong checksum stays wrong.
rule(IP4 % "tcp", " action pedit ex munge ip ttl dec munge tcp dport set 443 pipe")
for damage in dict(bad_sum=0x101), dict(bad_ip_sum=0x101):
    rig.wire[0].send(TCP4.change(**damage))
    got, good = rig.wire[1].receive(2), TCP4.change(ttl=63, dport=443).bytes()
    equal("difference in bytes", sum(a != b for a, b in zip(got, good)) in (1, 2), True)
done()
# strict_csum: the ASIC only updates checksums that a csum action names, as in software.
rig.set("strict_csum", 1)
rule(IP4 % "udp", " action pedit ex munge ip ttl dec pipe")
rig.wire[0].send(UDP4)
got, good = rig.wire[1].receive(2), UDP4.change(ttl=63).bytes()
equal("checksum left alone", got[24:26], UDP4.bytes()[24:26])
equal("all other bytes", got[:24] + got[26:], good[:24] + good[26:])
done()
rewrites(IP4 % "udp", "munge ip ttl dec munge udp sport set 7", UDP4, " action csum ip4h and udp", ttl=63, sport=7)
rig.set("strict_csum", 0)

# ---- tags ----
TAG = Frame(tags=[(0x8100, 5, 3)])
TWO = Frame(tags=[(0x88a8, 7, 1), (0x8100, 5, 3)])
rule("ip flower", " action vlan push id 9 pipe")
rig.hit(UDP4, out=UDP4.change(tags=[(0x8100, 9, 0)]))
done()
rule("ip flower", " action vlan push id 9 priority 6 protocol 802.1ad pipe")
rig.hit(UDP4, out=UDP4.change(tags=[(0x88a8, 9, 6)]))
done()
rule("802.1q flower vlan_id 5", " action vlan push id 9 protocol 802.1ad pipe")
rig.hit(TAG, out=TAG.change(tags=[(0x88a8, 9, 0), (0x8100, 5, 3)]))
done()
rule("802.1q flower vlan_id 5", " action vlan pop pipe")
rig.hit(TAG, out=UDP4)
done()
rule("802.1ad flower vlan_id 7 vlan_ethtype 802.1q cvlan_id 5 cvlan_ethtype ip", " action vlan pop pipe action vlan pop pipe")
rig.hit(TWO, out=UDP4)
done()
rule("802.1q flower vlan_id 5", " action vlan modify id 77 pipe")
rig.hit(TAG, out=TAG.change(tags=[(0x8100, 77, 3)]))
done()
rule("802.1q flower vlan_id 5", " action vlan modify id 77 priority 5 protocol 802.1ad pipe")
rig.hit(TAG, out=TAG.change(tags=[(0x88a8, 77, 5)]))
done()
# routed from one VLAN to another, with NAT
rule("802.1q flower vlan_id 5 vlan_ethtype ip ip_proto udp",
     " action pedit ex munge eth dst set 02:00:00:00:02:02 munge ip ttl dec munge ip src set 1.2.3.4 munge udp sport set 4"
     " pipe action csum ip4h and udp action vlan pop pipe action vlan push id 99 pipe")
rig.hit(TAG, out=TAG.change(tags=[(0x8100, 99, 0)], dst="02:00:00:00:02:02", ttl=63, sip="1.2.3.4", sport=4))
done()
# the headers behind the tag are also right if the tag is popped first
rule("802.1q flower vlan_id 5 vlan_ethtype ip ip_proto udp",
     " action vlan pop pipe action pedit ex munge ip ttl dec munge ip src set 1.2.3.4 pipe action csum ip4h and udp")
rig.hit(TAG, out=UDP4.change(ttl=63, sip="1.2.3.4"))
done()

# ---- redirect, drop, pass, trap ----
rule("ip flower", "", " action mirred egress redirect dev nic2")
rig.hit(UDP4, wire=2)
done()
rule("ip flower", "", " action mirred egress redirect dev nic0")
rig.hit(UDP4, wire=0)
done()
rule("ip flower", "", " action drop")
dropped = rig.counter("dropped")
rig.check(UDP4)
equal("dropped", rig.counter("dropped"), dropped + 1)
done()
for action in "pass", "trap":
    rule("ip flower", "", " action " + action)
    trapped = rig.counter("trapped")
    rig.check(UDP4, nic=0)
    equal("trapped", rig.counter("trapped"), trapped + 1)
    done()

# ---- hits that the ASIC passes to the CPU: unchanged, and not counted by the rule ----
rule("ip flower ip_proto udp", " action pedit ex munge ip ttl dec munge udp sport set 9 pipe")
must("ip link set nic1 mtu 1300")
fits, big = UDP4.change(payload=bytes(1272)), UDP4.change(payload=bytes(1273))
rig.hit(fits, out=fits.change(ttl=63, sport=9))
rig.check(big, nic=0)
equal("punt_mtu", rig.counter("punt_mtu"), 1)
must("ip link set nic1 mtu 1500")
rig.hit(big, out=big.change(ttl=63, sport=9))
later = UDP4.change(frag=3)
rig.check(later, nic=0)
equal("punt_header", rig.counter("punt_header"), 1)
equal("packets of the rule", " packets=2 " in rig.get("rules"), True)
# A rule can set a lower limit than the port: 1286 bytes with the Ethernet header.
done()
rule("ip flower ip_proto udp", " action police mtu 1314 conform-exceed ok/pipe action pedit ex munge ip ttl dec pipe")
rig.hit(fits, out=fits.change(ttl=63))
rig.check(big, nic=0)
equal("punt_police", rig.counter("punt_police"), 1)
# A frame may be longer than the MTU by its tag.
done()
full, tag = UDP4.change(payload=bytes(1472)), [(0x8100, 9, 0)]
rule("ip flower", " action vlan push id 9 pipe")
rig.hit(full, out=full.change(tags=tag))
done()

# ---- ports without cable or offload, and foreign devices ----
rule("ip flower", "")
with open("/sys/kernel/debug/nicsim/ports/1/cable", "w") as f:
    f.write("0")
lost = rig.counter("lost")
rig.check(UDP4)
equal("lost", rig.counter("lost"), lost + 1)
with open("/sys/kernel/debug/nicsim/ports/1/cable", "w") as f:
    f.write("1")
rig.hit(UDP4)
must("ethtool -K nic0 hw-tc-offload off")
rig.miss(UDP4)
must("ethtool -K nic0 hw-tc-offload on")
rig.hit(UDP4)
must("ip link add foreign type dummy")
done()
rig.refused("protocol ip flower action mirred egress redirect dev foreign", "not a port of this card")
run("ip link del foreign")

# ---- rules that the profile "full" refuses ----
for spec, text in (
        ("protocol ip flower action mirred egress mirror dev nic1", "unsupported action"),
        ("protocol ip flower action mirred ingress redirect dev nic1", "unsupported action"),
        ("protocol ip flower action police rate 1mbit burst 10k conform-exceed drop", "unsupported action"),
        ("protocol ip flower action skbedit mark 7", "unsupported action"),
        ("protocol ip flower action pedit ex munge ip ttl dec", "must forward"),
        ("protocol ip flower action pedit ex munge ip ttl dec pipe action drop", "rewrite without redirect"),
        ("protocol ip flower action pedit ex munge tcp sport set 7 pipe" + TO, "does not select"),
        ("protocol ip flower ip_proto udp action pedit ex munge udp sport add 7 pipe" + TO, "field is not supported"),
        ("protocol ip flower action pedit ex munge ip ttl add 7 pipe" + TO, "only a decrement"),
        ("protocol ip flower action pedit ex munge ip ihl set 7 pipe" + TO, "field is not supported"),
        ("protocol ip flower action vlan pop pipe" + TO, "needs a tag"),
        ("protocol ip flower action vlan pop_eth pipe" + TO, "unsupported action"),
        ("protocol ip chain 3 flower" + TO, "chain 0"),
        ("protocol ip flower ct_state +trk" + TO, "unsupported match key"),
        ("protocol ip flower enc_key_id 7" + TO, "unsupported match key"),
        ("protocol ip flower ip_proto tcp dst_port 1-5" + TO, "unsupported match key"),
        ("protocol ip flower indev nic1" + TO, "another ingress device")):
    print(spec, flush=True)
    rig.refused(spec, text)
equal("entries", rig.number("used"), 0)

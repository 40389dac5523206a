# SPDX-License-Identifier: GPL-2.0-or-later
"""check-match.py - checks each match key with packets that match it and packets that differ by little."""
from rig import MAC, NIC, Frame, Rig, equal

UDP4, TCP4 = Frame(), Frame(proto="tcp")
UDP6, TCP6 = Frame(version=6), Frame(version=6, proto="tcp")
ICMP4, ICMP6 = Frame(proto="icmp"), Frame(version=6, proto="icmp6", type=128)
ARP = Frame(ethertype=0x806, dst=NIC[0])
TAGGED = Frame(tags=[(0x8100, 5, 3)])
QINQ = Frame(tags=[(0x88a8, 7, 1), (0x8100, 5, 3)])
NO_EXTENSION = Frame(version=6)
HOP_BY_HOP = Frame(version=6, extension=bytes([0, 0, 1, 4, 0, 0, 0, 0]), extension_type=0)
FIRST, LATER = UDP4.change(frag=0x2000), UDP4.change(frag=0x0005)
FIRST6 = Frame(version=6, extension=bytes([0, 0, 0, 1, 0, 0, 0, 9]), extension_type=44)

# protocol and match, frames that hit, frames that miss
TABLE = [
    ("all flower", [UDP4, TCP6, ARP, TAGGED, QINQ], []),
    ("ip flower", [UDP4, TCP4, ICMP4, FIRST, LATER], [UDP6, ARP, TAGGED, QINQ]),
    ("ipv6 flower", [UDP6, TCP6, ICMP6, HOP_BY_HOP], [UDP4, ARP]),
    ("arp flower", [ARP], [UDP4]),
    # Ethernet
    ("all flower dst_mac " + NIC[0], [UDP4, UDP6, TAGGED], [UDP4.change(dst=NIC[1])]),
    ("all flower src_mac " + MAC[0], [UDP4], [UDP4.change(src=MAC[1])]),
    ("all flower src_mac 02:6e:73:00:00:00/ff:ff:ff:00:00:00", [UDP4, UDP4.change(src="02:6e:73:77:77:77")],
     [UDP4.change(src="02:6e:72:01:00:00")]),
    # tags
    ("802.1q flower vlan_id 5", [TAGGED, TAGGED.change(version=6)],
     [UDP4, QINQ, TAGGED.change(tags=[(0x8100, 6, 3)]), TAGGED.change(tags=[(0x88a8, 5, 3)])]),
    ("802.1q flower vlan_prio 3", [TAGGED, TAGGED.change(tags=[(0x8100, 9, 3)])],
     [TAGGED.change(tags=[(0x8100, 5, 2)])]),
    ("802.1q flower vlan_id 5 vlan_ethtype ipv4", [TAGGED],
     [TAGGED.change(version=6), TAGGED.change(tags=[(0x8100, 5, 3), (0x8100, 5, 3)])]),
    ("802.1q flower vlan_id 5 vlan_ethtype ipv4 ip_proto udp dst_port 2000", [TAGGED],
     [TAGGED.change(dport=2001), TAGGED.change(proto="tcp")]),
    ("802.1ad flower vlan_id 7 vlan_ethtype 802.1q cvlan_id 5 cvlan_ethtype ipv4", [QINQ],
     [TAGGED, QINQ.change(tags=[(0x88a8, 7, 1), (0x8100, 6, 3)]), QINQ.change(tags=[(0x88a8, 8, 1), (0x8100, 5, 3)])]),
    # IPv4
    ("ip flower ip_proto udp", [UDP4, LATER], [TCP4, ICMP4]),
    ("ip flower src_ip 10.0.0.2", [UDP4, LATER], [UDP4.change(sip="10.0.0.3")]),
    ("ip flower dst_ip 10.0.1.0/24", [UDP4, UDP4.change(dip="10.0.1.255")], [UDP4.change(dip="10.0.2.2")]),
    ("ip flower ip_ttl 64", [UDP4], [UDP4.change(ttl=63)]),
    ("ip flower ip_ttl 1/0xfe", [UDP4.change(ttl=1), UDP4.change(ttl=0)], [UDP4.change(ttl=2)]),
    ("ip flower ip_tos 0x10/0xfc", [UDP4.change(tos=0x10), UDP4.change(tos=0x13)], [UDP4]),
    ("ip flower ip_flags frag", [FIRST, LATER], [UDP4]),
    ("ip flower ip_flags nofrag", [UDP4], [FIRST, LATER]),
    ("ip flower ip_flags frag/firstfrag", [FIRST], [UDP4, LATER]),
    # IPv6
    ("ipv6 flower ip_proto udp", [UDP6, HOP_BY_HOP], [TCP6, ICMP6]),
    ("ipv6 flower src_ip 2001:db8::2", [UDP6], [UDP6.change(sip="2001:db8::3")]),
    ("ipv6 flower dst_ip 2001:db8:1::/48", [UDP6], [UDP6.change(dip="2001:db8:2::2")]),
    ("ipv6 flower ip_ttl 64", [UDP6], [UDP6.change(ttl=63)]),
    ("ipv6 flower ip_tos 0x10/0xfc", [UDP6.change(tos=0x10)], [UDP6]),
    ("ipv6 flower ip_flags frag", [FIRST6], [UDP6]),
    ("ipv6 flower ip_proto udp src_ip 2001:db8::2 dst_ip 2001:db8:1::2 src_port 1000 dst_port 2000",
     [UDP6, HOP_BY_HOP], [UDP6.change(sport=1001), UDP6.change(dip="2001:db8:1::3"), TCP6]),
    # L4
    ("ip flower ip_proto udp src_port 1000", [UDP4, FIRST], [UDP4.change(sport=1001), LATER]),
    ("ip flower ip_proto tcp dst_port 2000", [TCP4], [TCP4.change(dport=1000), UDP4]),
    ("ip flower ip_proto tcp src_port 0x300/0xff00", [TCP4], [TCP4.change(sport=0x401)]),
    ("ip flower ip_proto sctp dst_port 2000", [Frame(proto="sctp")], [Frame(proto="sctp", dport=7)]),
    ("ip flower ip_proto tcp tcp_flags 0x0/0x7", [TCP4, TCP4.change(flags=0x18)],
     [TCP4.change(flags=0x11), TCP4.change(flags=0x2), TCP4.change(flags=0x14)]),
    ("ip flower ip_proto tcp tcp_flags 0x2/0x12", [TCP4.change(flags=2)], [TCP4.change(flags=0x12), TCP4]),
    ("ip flower ip_proto icmp type 8 code 0", [ICMP4], [ICMP4.change(type=0), ICMP4.change(code=1)]),
    ("ipv6 flower ip_proto icmpv6 type 128", [ICMP6], [ICMP6.change(type=129)]),
    ("ip flower ip_proto udp src_ip 10.0.0.2 dst_ip 10.0.1.2 src_port 1000 dst_port 2000",
     [UDP4, UDP4.change(options=b"\x94\4\0\0")], [UDP4.change(sip="10.0.0.1"), UDP4.change(sport=2), TCP4]),
    # the port of arrival
    ("ip flower indev nic0 ip_proto udp", [UDP4], [TCP4]),
]

rig = Rig()
for match, hits, misses in TABLE:
    print("protocol", match, flush=True)
    rig.add("protocol %s action mirred egress redirect dev nic1" % match)
    for frame in hits:
        rig.hit(frame)
    for frame in misses:
        rig.miss(frame)
    # A rule only matches packets that arrive at its port.
    rig.miss(hits[0], start=2)
    rig.tc("del", "")
equal("entries left", rig.number("used"), 0)

# A frame with the ethertype of IPv4 but without a valid header goes to the CPU.
rig.add("protocol ip flower action mirred egress redirect dev nic1")
misses = rig.counter("misses")
for damage in bytes(10), b"\x65" + bytes(40), b"\x4f" + bytes(30):
    frame = bytes.fromhex("026e73000000026e730100000800") + damage
    rig.wire[0].send(frame)
    equal("received frame", rig.nic[0].receive(2), frame)
equal("misses", rig.counter("misses"), misses + 3)

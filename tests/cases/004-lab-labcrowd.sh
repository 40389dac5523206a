#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# labcrowd counts its connections and packets correctly, and notices packets that the router loses,
# changes or delivers to another port. Cases with many connections rely on it.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# count FAMILY: number of connections that conntrack calls assured
count() {
	in_router conntrack -L -f "$1" 2>/dev/null | grep -c 'ASSURED' || :
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct

# ---- no faults, UDP and TCP, lasting and short connections ----
rx=$(nicsim_counter rx_packets)
crowd_open many --seconds 4 \
	mice:udp,flows=400,rate=0.5 elephants:udp,flows=20,size=1400,rate=10 quiet:udp,flows=5,answer=0,rate=4 \
	kept:tcp,flows=50,size=700,rate=2 churn:tcp,flows=10000,open=40,hold=0.5
crowd_ready many 60
assert_ge "assured" "$(count ipv4)" 475
crowd_wait many 60
wire=$(($(nicsim_counter rx_packets) - rx))
for count in 'up|down.lost' failed unfinished; do
	assert_eq "$count" "$(crowd_result many --sum "classes.*.$count")" 0
done
assert_eq "mice ready" "$(crowd_result many classes.mice.ready)" 400
assert_eq "kept closed" "$(crowd_result many classes.kept.closed)" 50
assert_ge "opened and closed" "$(crowd_result many classes.churn.closed)" 30
assert_le "answers of class quiet" "$(crowd_result many classes.quiet.down.packets_sent)" 15
assert_ge "questions of class quiet" "$(crowd_result many classes.quiet.up.packets_sent)" 40
sent=$(crowd_result many --sum 'classes.mice|elephants|quiet.up|down.packets_sent')
# TCP: one packet per message, and six packets that open and close a connection.
messages=$(crowd_result many --sum 'classes.kept|churn.up|down.packets_sent')
connections=$(crowd_result many --sum 'classes.kept|churn.closed')
assert_ge "packets on the wires" "$wire" $((sent + messages + 6 * connections))
assert_le "packets on the wires" "$wire" $((sent + 2 * messages + 12 * connections + 50))
echo "$wire packets on the wires in $(crowd_result many seconds) s"

# ---- IPv6, ended by a signal ----
crowd_open six --to "$SERVER6" --source "$CLIENT6" mice:udp,flows=30,rate=1 kept:tcp,flows=10,rate=1
crowd_ready six 30
assert_ge "assured" "$(count ipv6)" 40
crowd_close six
assert_eq "packets lost" "$(crowd_lost six)" 0

# ---- losses are counted and are not an error ----
router_nft -f - <<-END
	table inet lab {
		counter lost { }
		chain forward {
			type filter hook forward priority 0
			iifname "wan0" udp length 208 numgen inc mod 10 0 counter name lost drop
		}
	}
END
crowd_open lossy --seconds 2 mice:udp,flows=30,rate=10,answer=200
crowd_ready lossy 60
crowd_wait lossy 20
lost=$(router_nft list counter inet lab lost | sed -n 's/.*packets \([0-9]*\) .*/\1/p')
assert_ge "answers dropped" "$lost" 10
assert_eq "answers lost" "$(crowd_result lossy classes.mice.down.lost)" "$lost"
assert_eq "questions lost" "$(crowd_result lossy classes.mice.up.lost)" 0
router_nft delete table inet lab

# ---- a changed byte is an error, although the checksum is right ----
tc -n router qdisc add dev lan0 clsact
tc -n router filter add dev lan0 ingress protocol ip pref 1 flower skip_hw ip_proto udp src_port 10000 dst_port 6003 \
	action pedit ex munge offset 76 u8 set 0x55 pipe action csum udp
crowd_open spoilt --seconds 1 mice:udp,flows=4,rate=10
wait_for 40 has_ended crowd.spoilt
has_line crowd.spoilt-ended 1 || fail "labcrowd did not notice a changed byte"
assert_ge "corrupt messages" "$(crowd_result spoilt classes.mice.up.corrupt)" 1
tc -n router qdisc del dev lan0 clsact

# ---- delivery to another port is an error ----
# (New source ports, because NAT does not change known connections.)
router_nft -f - <<-END
	table inet lab {
		chain prerouting {
			type nat hook prerouting priority dstnat
			udp dport 6001 dnat ip to $SERVER4:6002
		}
	}
END
crowd_open astray --sport 30000 --seconds 1 mice:udp,flows=3,rate=10
wait_for 40 has_ended crowd.astray
has_line crowd.astray-ended 1 || fail "labcrowd did not notice the wrong port"
assert_ge "misdelivered messages" "$(crowd_result astray classes.mice.up.misdelivered)" 1

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# agree.py accepts equal tables of daemon, tc, NIC and conntrack, and finds rules that one of them
# has too many or too few. Many cases end with this comparison.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# differs TEXT: agree.py fails and reports this difference
differs() {
	! python3 -B "$LAB_SRC/tests/lab/agree.py" --socket "$SOCKET" >agree.out || fail "no difference: $1"
	grep -q "$1" agree.out || { cat agree.out; fail "agree.py did not find: $1"; }
}

offloaded() {
	[ "$(status flows.offloaded)" = "$1" ]
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'allow-drivers = { "nicsim" }' \
	'tc-priority = 100' 'sample-interval = 60s' \
	'allow-bypass = { "foreign-filter" }'
crowd_open four mice:udp,flows=60 kept:tcp,flows=30
crowd_open six --to "$SERVER6" --source "$CLIENT6" mice:udp,flows=20 kept:tcp,flows=10
crowd_ready four 60
crowd_ready six 60
wait_for 20 offloaded 120
agree 0
assert_eq "flows compared" "$(json_path flows <agree.out)" 120
assert_ge "filters compared" "$(json_path filters <agree.out)" 240

# A rule in the NIC that is not ours according to its cookie, but looks like one of ours.
tc -n router filter add dev lan0 ingress protocol ip pref 102 handle 0x7fff0000 flower ip_proto udp \
	src_ip 192.168.1.77 dst_ip "$SERVER4" skip_sw action mirred egress redirect dev wan0
differs "in the NIC and not in tc: lan0 pref 102 ipv4 udp 192.168.1.77"
tc -n router filter del dev lan0 ingress protocol ip pref 102 handle 0x7fff0000 flower
agree 0

# A rule with our cookie that belongs to no flow.
tc -n router filter add dev wan0 ingress protocol ip pref 102 handle 0x7fff0000 flower ip_proto tcp \
	src_ip 192.168.1.77 dst_ip "$SERVER4" src_port 5 dst_port 6 skip_sw \
	action mirred egress redirect dev lan0 cookie 6e666f0101020304050607080900000a
differs "1 filters of no offloaded flow: wan0 tcp 192.168.1.77"
tc -n router filter del dev wan0 ingress protocol ip pref 102 handle 0x7fff0000 flower
agree 0

# A rule that someone deleted from tc and so from the NIC, then one that only the NIC lost.
handle=$(tc -n router filter show dev wan0 ingress pref 102 | sed -n 's/.* handle \(0x[0-9a-f]*\).*/\1/p' | head -n 1)
tc -n router filter del dev wan0 ingress protocol ip pref 102 handle "$handle" flower
differs "0 filters on wan0 for the reply direction of"
nicsim lose 1
differs "lost by the NIC"
differs "in tc and not in the NIC"

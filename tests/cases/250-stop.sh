#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGTERM under traffic: the daemon removes all its rules and each clsact that it added, keeps what
# belongs to others, and the connections go on.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct

has_clsact() {
	tc -n router qdisc show dev "$1" | grep -q clsact
}

# wan0 has a foreign clsact with a foreign filter.
tc -n router qdisc add dev wan0 clsact
tc -n router filter add dev wan0 ingress prio 7 protocol ip flower ip_proto icmp action ok
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'allow-bypass = { "foreign-filter" }'
has_clsact lan0 || fail "no clsact on lan0"

transfer_open tcp tcp 4 12000000 --rate 4000000
transfer_open udp udp 4 4000000 --rate 1500000
wait_for 5 has_rules lan0 2
transfer_go tcp
transfer_go udp
wait_for 5 has_rules wan0 2
stop_daemon
assert_eq "filters left on lan0" "$(filters lan0)" 0
assert_eq "filters on wan0" "$(filters wan0)" 1
! has_clsact lan0 || fail "the clsact that the daemon added to lan0 is left"
has_clsact wan0 || fail "the foreign clsact of wan0 is gone"
transfer_wait tcp
transfer_wait udp
transfer_close tcp
transfer_close udp

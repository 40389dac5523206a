#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A port is put into a bridge: its flows lose their rules and the daemon removes its clsact. When
# the port leaves the bridge, its flows are offloaded again.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
ip -n router link add br0 type bridge
start_daemon 'devices = { "auto" }' 'offload = software'

has_clsact() {
	tc -n router qdisc show dev "$1" | grep -q clsact
}

has_no_clsact() {
	! has_clsact "$1"
}

transfer_open one tcp 4 100000 --sport 40001
wait_for 5 has_rules lan0 1
has_clsact wan0 || fail "no clsact on wan0"
ip -n router link set wan0 master br0
wait_for 5 has_no_clsact wan0
assert_eq "rules on lan0" "$(rules lan0)" 0
has_clsact lan0 || fail "lan0 lost its clsact as well"
ip -n router link set wan0 nomaster
wait_for 5 has_clsact wan0
wait_for 5 has_rules lan0 1
wait_for 5 has_rules wan0 1
transfer_bulk one
transfer_close one
stop_daemon
has_no_clsact lan0 || fail "a clsact is left on lan0"
has_no_clsact wan0 || fail "a clsact is left on wan0"

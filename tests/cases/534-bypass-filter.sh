#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Foreign filters bring connections back to the CPU until they are gone: on ingress and egress, in
# front of our rules and behind them, of flower and of classifiers at which a terse dump ends.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

filter() {
	tc -n router filter "$@"
}

# instead DEV QDISC...: replaces the clsact by this qdisc before the daemon adds another clsact
instead() {
	printf 'qdisc del dev %s clsact\nqdisc add dev %s\n' "$1" "$*" | tc -n router -batch -
}

bypass_router
bypass_daemon
# Nothing is offloaded, so nobody samples rules. The filter is seen nevertheless.
filter add dev lan0 ingress pref 5 protocol ip flower dst_ip 192.0.2.1 action pass
wait_for 5 bypass_shows lan0 foreign-filter ingress no
filter del dev lan0 ingress pref 5
bypass_transfer
bypass_on
for where in "lan0 ingress pref 5" "wan0 ingress pref 60000" "wan0 egress pref 7"; do
	for what in "flower dst_ip 192.0.2.1 action pass" "u32 match u32 0 0 action ok"; do
		# shellcheck disable=SC2086 # words
		filter add dev $where protocol ip $what
		bypass_off foreign-filter
		# shellcheck disable=SC2086 # words
		filter del dev $where protocol ip
		bypass_on
	done
done
# The filters of a shared block are on every device that shares it. (A port with a shared ingress
# block is not used at all.)
ip -n router link add other type dummy
tc -n router qdisc add dev other egress_block 9 clsact
instead wan0 egress_block 9 clsact
bypass_on
filter add block 9 protocol ip pref 3 flower dst_ip 192.0.2.1 action pass
bypass_off foreign-filter
filter del block 9 protocol ip pref 3
bypass_on

# An ingress qdisc has only one side, and shows it whichever side is asked for.
instead lan0 ingress
bypass_on
filter add dev lan0 ingress pref 5 protocol ip flower dst_ip 192.0.2.1 action pass
bypass_off foreign-filter
bypass_shows lan0 foreign-filter ingress no || fail "devices does not show the filter"
! bypass_shows lan0 foreign-filter egress no || fail "a filter of the ingress is shown on the egress"
filter del dev lan0 ingress pref 5
bypass_on
bypass_end

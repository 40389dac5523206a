#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# nft chains on a device bring connections back to the CPU until they are gone: ingress and egress
# of family netdev, and ingress of family inet. A dormant chain does not.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

# chain FAMILY HOOK DEVICES [FLAGS]
chain() {
	router_nft -f - <<-END
		table $1 foreign {
			${4:-}
			chain c {
				type filter hook $2 devices = { $3 } priority 0
				counter
			}
		}
	END
}

bypass_router
ip -n router link add other type dummy
bypass_daemon 'admit = events' # or each change of the ruleset takes all flows back
bypass_transfer
bypass_on
for where in "netdev ingress lan0" "netdev egress wan0" "inet ingress wan0" "netdev ingress other,lan0"; do
	# shellcheck disable=SC2086 # words
	chain $where
	bypass_off netdev-chain
	router_nft delete table "${where%% *}" foreign
	bypass_on
done

# A chain on another device, or a dormant one, changes nothing until it is active. The daemon reads
# the chains after each change of the ruleset, so it has seen this one two looks later.
chain netdev ingress other
looks=$(status counters.bypass_looks)
wait_for 5 status_over counters.bypass_looks $((looks + 1))
assert_eq "removals" "$(status counters.removals_ok)" "$removals"
router_nft delete table netdev foreign
chain netdev ingress lan0 "flags dormant"
looks=$(status counters.bypass_looks)
wait_for 5 status_over counters.bypass_looks $((looks + 1))
assert_eq "removals" "$(status counters.removals_ok)" "$removals"
router_nft add table netdev foreign
bypass_off netdev-chain
router_nft delete table netdev foreign
bypass_on

# The device of a chain is renamed: the chain stays on it, with the new name.
ip -n router link set other down
chain netdev ingress other
ip -n router link set other name another
looks=$(status counters.bypass_looks)
wait_for 5 status_over counters.bypass_looks $((looks + 1))
assert_eq "removals" "$(status counters.removals_ok)" "$removals"
bypass_end

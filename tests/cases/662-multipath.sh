#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The default route has two next hops, and the kernel chooses by a hash over ports. Whatever a look-up
# says, a flow is offloaded only if its packets went the same way.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

uplinks_topology
in_router sh -c 'echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy'
ip -n router route replace default nexthop via "$SERVER4" dev wan0 nexthop via 10.2.0.2 dev wan1
uplinks_start
uplinks_open many 40000 40
all_are_known() {
	[ $(($(status flows.offloaded) + $(status reasons.routed-otherwise) + $(status reasons.asymmetric-route))) -ge 40 ]
}
wait_for 30 all_are_known
echo "offloaded: $(status flows.offloaded), routed otherwise: $(status reasons.routed-otherwise)"
assert_ge "flows offloaded" "$(status flows.offloaded)" 10
uplinks_check
uplinks_close many

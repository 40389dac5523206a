#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Chaos notices each of these when it is made to happen: packets on an old way, a wrong TTL, a rule
# without a connection, and a connection that fails.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

# breaks KIND ANOMALY: with --break KIND, chaos.py reports this anomaly
breaks() {
	status=0
	python3 -B "$LAB_SRC/tests/chaos/chaos.py" --seconds 20 --break "$1" >result 2>&1 || status=$?
	assert_eq "exit status after $1" "$status" 1
	grep -q "^ANOMALY: $2" result || fail "$1: $(tail -n 3 result)"
	printf '%s: %s\n' "$1" "$(sed -n 's/^ANOMALY: //p' result)"
	in_router nft-offload -s control.sock cleanup >cleanup.txt 2>&1 || fail "cleanup: $(cat cleanup.txt)"
	for dev in lan0 wan0 wan1; do
		tc -n router qdisc del dev $dev clsact 2>tc.err || :
	done
}

expect_warning '.'
paths_topology seed=1
router_nft delete table inet labtrack
breaks stale '[0-9]* packets came by way'
breaks ttl '[0-9]* packets arrived with a wrong TTL'
breaks orphan '[0-9]* rules without a connection'
breaks connection "connections: .*'failed': [1-9]"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A policy rule for the mark that packets get from their connection is added and removed. Both times
# the flows follow, after their packets have shown the new way.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/paths.sh
. "${LAB_TOPO%/*}/paths.sh"

PATHS_ADMIT=nft
paths_topology
ip -n router route add default via 10.2.0.2 dev wan1 table 100
router_nft -f - <<-'END'
	table inet labmark {
		chain prerouting {
			type filter hook prerouting priority mangle
			ct mark 0 iifname "lan0" ct mark set 7
			meta mark set ct mark
		}
	}
END
paths_start
paths_return 2
paths_change "fwmark rule added" "$OLD_WAY" -- \
	ip -n router rule add fwmark 7/0xff to 203.0.113.0/24 lookup 100
paths_are "$PATHS_FLOWS"
paths_return 1
paths_change "fwmark rule removed" "$OTHER_WAY" -- \
	ip -n router rule del fwmark 7/0xff to 203.0.113.0/24 lookup 100
paths_are "$PATHS_FLOWS"
paths_end

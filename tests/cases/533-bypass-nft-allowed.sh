#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nft chains on a device that the configuration allows do not bring connections back to the CPU.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/bypass.sh
. "${LAB_TOPO%/*}/bypass.sh"

bypass_router
bypass_daemon 'admit = events' 'allow-bypass = { "netdev-chain" }'
bypass_transfer
bypass_on
router_nft -f - <<-'END'
	table netdev foreign {
		chain in {
			type filter hook ingress device lan0 priority 0
			counter
		}
		chain out {
			type filter hook egress device wan0 priority 0
			counter
		}
	}
END
bypass_allowed lan0 netdev-chain ingress
bypass_allowed wan0 netdev-chain egress
bypass_end

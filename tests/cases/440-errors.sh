#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# A card refuses every tenth rule and loses every hundredth. No packet is lost, and when the faults
# are over, all tables agree again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck disable=SC2034 # topo.sh's
STOP_LIMIT=90
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# 10000 take some minutes in an emulated guest.
FLOWS=${FLOWS:-3000}

nicsim_load ports=2 knobs=fail_percent=10,lose_percent=1
topo_router2
topo_masquerade
topo_acct
hw_daemon 'sample-interval = 5s'
crowd_open many many:udp,flows="$FLOWS",rate=0.1
crowd_ready many 150
settled() {
	status_is flows.pending 0 && [ "$(nicsim refused)" -ge $((FLOWS / 10)) ]
}
wait_for 60 settled
echo "with faults: $(status flows.offloaded) offloaded, $(status flows.software) not; $(nicsim refused) refused, $(nicsim lost_rules) lost"
assert_ge "rules refused" "$(nicsim refused)" $((FLOWS / 10))
assert_ge "rules lost" "$(nicsim lost_rules)" $((FLOWS / 200))
nicsim fail_percent 0
nicsim lose_percent 0
agree 90
assert_ge "offloaded again" "$(tail -n 1 agree.out | json_path flows)" $((FLOWS * 9 / 10))
crowd_close many
assert_eq "packets lost" "$(crowd_lost many)" 0
in_router conntrack -F 2>/dev/null
wait_for 30 status_is flows.total 0
agree 20
assert_eq "connections offloaded in the end" "$(tail -n 1 agree.out | json_path flows)" 0

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# keep-rules = yes: a stop leaves everything, the NIC forwards without a daemon, and the next start
# adopts all flows, as for an upgrade. Without the setting a stop removes everything.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/restart.sh
. "${LAB_TOPO%/*}/restart.sh"

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon 'keep-rules = yes'
crowd_open busy udp:udp,flows=10,rate=5,size=500 tcp:tcp,flows=10,rate=5,size=3000,answer=1000
crowd_ready busy 30
wait_for 20 status_is flows.offloaded 20
wait_for 5 record_is_written
for round in 1 2 3; do
	ages_save
	stop_daemon
	assert_eq "rules that stay" "$(rules lan0)" 20
	SERVICE_RESULT=success ip netns exec router nft-offloadd -c "$CASE_DIR/daemon.conf" -s "$SOCKET" --stop-post
	rm -f nic-hits
	wait_for 10 nic_hits_grow 50
	launch_daemon
	daemon_is_ready
	assert_eq "adopted in round $round" "$(status counters.flows_adopted)" 20
	ages_compare 40
	agree 10
done

# Without the setting the next stop removes everything.
stop_daemon
sed -i '/keep-rules/d' "$CASE_DIR/daemon.conf"
launch_daemon
daemon_is_ready
ages_compare 40
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
! router_nft list table inet nft_offload 2>/dev/null || fail "the table is left"
crowd_close busy

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# While the daemon is dead, the ruleset changes: nothing is adopted, and after the restart nothing
# is forwarded that the new ruleset denies. Nothing is adopted either after a change of the
# exemptions, with a set element that has a timeout, and with a truncated record.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/restart.sh
. "${LAB_TOPO%/*}/restart.sh"

# killed_and_started WHAT: starts the daemon, which adopts nothing
killed_and_started() {
	launch_daemon
	daemon_is_ready
	assert_eq "flows adopted after $1" "$(status counters.flows_adopted)" 0
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
router_nft -f - <<'END'
table inet fw {
	set timed { type ipv4_addr; flags timeout; }
	chain forward {
		type filter hook forward priority 0
	}
}
END
hw_daemon
crowd_open busy udp:udp,flows=10,rate=5,size=500 tcp:tcp,flows=10,rate=5,size=3000,answer=1000
crowd_ready busy 30
wait_for 20 status_is flows.offloaded 20
wait_for 5 record_is_written

echo "# a new rule stops UDP"
kill_daemon
router_nft add rule inet fw forward meta l4proto udp drop
killed_and_started "a new rule"
wait_for 20 status_is flows.offloaded 10
assert_eq "rules" "$(rules lan0)" 10
wait_for 10 record_is_written
router_nft flush chain inet fw forward
wait_for 20 status_is flows.offloaded 20

echo "# an exemption"
wait_for 10 record_is_written
kill_daemon
echo 'exempt-ports = { "udp" }' >>"$CASE_DIR/daemon.conf"
killed_and_started "an exemption"
wait_for 20 status_is flows.offloaded 10
sed -i '/exempt-ports/d' "$CASE_DIR/daemon.conf"
kill_daemon
killed_and_started "the end of an exemption"
wait_for 20 status_is flows.offloaded 20

echo "# an element with a time-out"
wait_for 10 record_is_written
router_nft add element inet fw timed '{ 192.0.2.77 timeout 1h }'
kill_daemon
killed_and_started "an element that would expire unseen"
wait_for 20 status_is flows.offloaded 20

echo "# a truncated record"
wait_for 10 record_is_written
kill_daemon
head -c 20 "$SOCKET.last" >half
cat half >"$SOCKET.last"
expect_warning 'cannot read the record'
killed_and_started "a truncated record"
wait_for 20 status_is flows.offloaded 20
agree 10
crowd_close busy
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

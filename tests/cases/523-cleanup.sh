#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# After a crash without a restart, "nft-offload cleanup" removes everything of ours without a
# daemon, and nothing foreign: no filter in the same prio, no qdisc, no table. It refuses while a
# daemon runs. --stop-post does the same, but only if the service manager does not restart the
# daemon.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/restart.sh
. "${LAB_TOPO%/*}/restart.sh"

cleanup() {
	labns router nft-offload -s "$SOCKET" cleanup
}

# stop_post RESULT [STATUS]: runs --stop-post as the service manager does
stop_post() {
	SERVICE_RESULT=$1 EXIT_STATUS=${2:-0} labns router \
		nft-offloadd -c "$CASE_DIR/daemon.conf" -s "$SOCKET" --stop-post
}

# foreign_state: the ruleset, filters and qdiscs, without counters
foreign_state() {
	router_nft list ruleset | grep -v packets
	tc -n router filter show dev lan0 ingress
	tc -n router qdisc show
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
tc -n router qdisc add dev lan0 clsact
# In the prio of our flows (3 in hardware), and behind ours
for prio in 3 60000; do
	tc -n router filter add dev lan0 ingress protocol ip pref $prio handle 0x700000 flower dst_ip 192.0.2.1 skip_hw action pass
done
tc -n router filter add dev lan0 egress protocol ip pref 1 flower dst_ip 192.0.2.2 skip_hw action pass
router_nft add table ip nft_offload
router_nft add table inet other
foreign_state >before
hw_daemon 'allow-bypass = { "foreign-filter" }'
crowd_open busy udp:udp,flows=10,rate=5,size=500 tcp:tcp,flows=10,rate=5,size=3000,answer=1000
crowd_ready busy 30
wait_for 20 status_is flows.offloaded 20

echo "# a daemon runs"
! cleanup 2>refusal || fail "cleanup did not refuse under a running daemon"
grep -q "another nft-offloadd is running" refusal || fail "no reason: $(cat refusal)"
assert_eq "offloaded" "$(status flows.offloaded)" 20

echo "# the daemon died and will be restarted"
kill_daemon
for result in signal core-dump watchdog oom-kill; do
	stop_post $result
done
stop_post exit-code 3
assert_eq "rules that wait for the restart" "$(rules lan0)" 20

echo "# the daemon died and will not be restarted"
cleanup
foreign_state >after
diff before after || fail "something foreign changed, or something of ours is left"
[ ! -e "$SOCKET.last" ] || fail "the record is left"
cleanup 2>twice
grep -q 'removed 0 rules, 0 clsact qdiscs and no nft table, released 0 neighbours' twice || fail "not at rest: $(cat twice)"

echo "# the service manager cleans up after a permanent error"
launch_daemon
daemon_is_ready
wait_for 20 status_is flows.offloaded 20
kill_daemon
stop_post exit-code 1
foreign_state >after
diff before after || fail "something foreign changed, or something of ours is left"

echo "# the same with a wrong configuration"
launch_daemon
daemon_is_ready
wait_for 20 status_is flows.offloaded 20
kill_daemon
echo 'nonsense = 1' >>"$CASE_DIR/daemon.conf"
expect_warning 'the configuration has errors'
stop_post exit-code 1 2>>"$DAEMON_LOG"
foreign_state >after
diff before after || fail "something foreign changed, or something of ours is left"
crowd_close busy

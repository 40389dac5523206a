#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A card accepts rules and programs none of them: tc says in_hw, but packets still go through the
# CPU. The flows are given up with the reason not-hit, the card is reported, and it is used again
# when it works again.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

FLOWS=40

given_up() {
	[ "$(reason_count not-hit)" -ge "$1" ]
}

reported() {
	case $(device_reasons lan0) in
	*device-failing* | *not-hit* | *driver-lies*) ;;
	*) return 1 ;;
	esac
}

nicsim_load ports=2 knobs=lose_percent=100
topo_router2
topo_masquerade
topo_acct
hw_daemon
expect_warning 'lan0|wan0'
crowd_open busy udp:udp,flows=$FLOWS,rate=4,size=400 tcp:tcp,flows=$FLOWS,rate=2,size=2000
crowd_ready busy 40
wait_for 30 given_up 20
assert_eq "packets forwarded by the card" "$(nicsim_counter forwarded)" 0
wait_for 30 reported
grep -E '^(warning|error): ' "$DAEMON_LOG" || fail "the log has no warning"
# Rules that were not hit are not installed again and again.
inserts=$(nicsim inserts)
sleep 5
assert_le "rules installed in five seconds" $(($(nicsim inserts) - inserts)) $((FLOWS * 4))

nicsim lose_percent 0
wait_for 100 nic_hits_grow 100
# Flows that were given up may wait for their turn. A new connection does not.
crowd_open new --port 7000 --sport 30000 udp:udp,flows=5,rate=10
crowd_ready new 20
new_offloaded() {
	[ "$(offload -j flows --state offloaded | json_path '*.orig.dport' | grep -c '^70')" -ge 5 ]
}
wait_for 60 new_offloaded
agree 60
for crowd in busy new; do
	crowd_close $crowd
	assert_eq "$crowd: lost" "$(crowd_lost $crowd)" 0
done

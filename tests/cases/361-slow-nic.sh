#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A NIC takes 20 ms for each rule: removals do not wait behind installs.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
crowd 200
nicsim latency_us 20000
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' \
	'admit = events' 'allow-drivers = { "nicsim" }'

# Rules that the driver refused before the first flow came.
before=$(nicsim refused)

# find_rule: sets port to the client's port of a connection that has rules
find_rule() {
	port=$(grep -o '\<42[0-9][0-9][0-9]\>' /sys/kernel/debug/nicsim/rules | head -n 1)
	[ -n "$port" ]
}
is_gone() {
	! grep -q "\<$port\>" /sys/kernel/debug/nicsim/rules
}

# Most other flows wait to be installed meanwhile. The speed of the guest does not decide how many
# of their rules go in first, because the NIC takes 20 ms for each.
for i in 1 2 3 4; do
	wait_for 10 find_rule
	labns router conntrack -D -p tcp --orig-port-src "$port" >/dev/null 2>&1
	inserts=$(nicsim inserts)
	wait_for 5 is_gone
	inserts=$(($(nicsim inserts) - inserts))
	echo "$i: $inserts rules went in before those of $port were out, $(nicsim used) rules are in"
	assert_le "rules that went in before a removal" "$inserts" 30
done
assert_le "rules in the NIC so far" "$(nicsim used)" 350
wait_for 40 has_rules lan0 196
assert_eq "rules refused" "$(nicsim refused)" "$before"
nicsim latency_us 0
stop_daemon

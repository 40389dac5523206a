#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
#
# More conntrack events come than anybody can read, and the buffer is the smallest: thousands of
# connections that could be offloaded come and go as fast as the kernel takes them from ctnetlink,
# several times. Events about beginnings and ends are lost.
#
# In the end the daemon has the connections that the kernel has, no rule is left without a
# connection, flows that were busy all the time are as before, and memory is bounded. Connections
# beyond max-flows stay on the CPU and are counted.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck disable=SC2034 # topo.sh's
STOP_LIMIT=60
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

N=20000 MAX_FLOWS=2000

storm() {
	labns router labstorm "$@"
}

rss_kb() {
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$DAEMON_PID/status"
}

# shellcheck disable=SC2317 # called by wait_for
flows_are() {
	[ "$(status flows.total)" = "$1" ] && [ "$(status flows.offloaded)" = "$2" ]
}

# shellcheck disable=SC2317 # called by wait_until
full_and_offloaded() {
	total=$(status flows.total)
	[ "$total" -ge $((MAX_FLOWS * 95 / 100)) ] && flows_are "$total" "$total"
}

# This state can also occur while events are still unread, so it is checked twice.
# shellcheck disable=SC2317 # called by wait_until
rest_at() {
	events_are_read 12 && flows_are "$1" "$2" && daemon_catches_up && events_are_read 12 && flows_are "$1" "$2"
}

# settled TOTAL OFFLOADED
settled() {
	wait_until 120 rest_at "$1" "$2" ||
		{ offload status >&2; fail "not settled within 120 s at $1 flows, $2 offloaded"; }
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
expect_warning 'events were lost|conntrack'
hw_daemon 'admit = events' 'event-buffer = 16k' "max-flows = $MAX_FLOWS"
# The busy flows resolve the next hops for the addresses of the storm.
crowd_open busy --port 7000 --sport 62000 busy:udp,flows=10,rate=5,size=300
crowd_ready busy 30
wait_for 20 flows_are 10 10
before_kb=$(rss_kb)

echo "# half of the connections stay"
lose_events 12 storm delete 0 "$N" 3
storm create 0 "$((N / 2))"
wait_for 20 status_over counters.ct_overruns 0
# The table is full, and everything in it is offloaded. (A connection that found no room returns
# only with an event, and these have no packets. So some places that become free late stay free.)
wait_until 120 full_and_offloaded ||
	{ offload status >&2; fail "the table is not full, or not offloaded"; }
assert_ge "connections without room" "$(status counters.flows_no_room)" 1

echo "# only the busy flows stay"
storm delete 0 "$((N / 2))"
settled 10 10
echo "# again and again"
storm delete 0 "$N" 5
settled 10 10
agree 60
rm -f nic-hits
wait_for 10 nic_hits_grow 50
echo "$(status counters.ct_overruns) overruns, $(status counters.ct_dumps) dumps, $(status counters.ct_events) events read; memory $before_kb kB before, $(rss_kb) kB after"
# Sanitizers keep freed memory.
[ -n "${LAB_SANITIZERS:-}" ] || [ "$(rss_kb)" -lt $((before_kb + 60000)) ] || fail "the daemon keeps the memory"
crowd_close busy
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

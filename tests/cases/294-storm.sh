#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Conntrack events are lost all the time, also while conntrack is dumped. The dumps count
# nevertheless, so the daemon becomes ready and offloads.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

N=8000

topo_router2
topo_masquerade
topo_acct

# entries HOST FIRST COUNT FILE: writes conntrack entries whose destination has no route
entries() {
	seq "$2" $(($2 + $3 - 1)) | sed "s/.*/-I -p udp -s 192.168.1.$1 -d 240.0.0.1 --sport & \
--dport 7 -t 600 -u SEEN_REPLY,ASSURED/" >"$4"
}
# So many that a dump takes a while, and some that come and go.
entries 3 10000 "$N" many
entries 4 10000 300 some
in_router conntrack -R many >/dev/null 2>&1
labns router sh -c 'while [ ! -e calm ]; do
	conntrack -R some; conntrack -D -p udp -s 192.168.1.4
done' >/dev/null 2>&1 &
storm=$!

transfer_open real tcp 4 1000000
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events' 'event-buffer = 16k'
wait_for 10 has_rules lan0 1
wait_for 20 status_over counters.ct_overruns 1
touch calm
wait "$storm"
wait_for 20 status_is flows.total $((N + 1))
# Another dump makes up for the events that were lost during the first.
wait_for 20 status_over counters.ct_dumps 1
assert_eq "failed dumps" "$(status counters.ct_dumps_failed)" 0
echo "$(status counters.ct_overruns) overruns, $(status counters.ct_dumps) dumps"
transfer_bulk real
transfer_close real

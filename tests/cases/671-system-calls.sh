#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The main thread reads many reports, and asks many questions, with each system call.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

FLOWS=10000
TRACING=/sys/kernel/tracing
trigger=$TRACING/events/raw_syscalls/sys_enter/trigger

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'max-flows = 20000'
mountpoint -q $TRACING || mount -t tracefs tracefs $TRACING
counts='hist:keys=id if comm == "nft-offloadd"'
# Other threads have other names.
echo "$counts" >$trigger
undo_at_end "echo '!$counts' >$trigger"
crowd_open many many:udp,flows=$FLOWS,rate=0.1
crowd_ready many 120
wait_for 60 status_is flows.offloaded $FLOWS
sed -n 's/^{ id: *\([0-9]*\) } hitcount: *\([0-9]*\)$/\2 \1/p' ${trigger%/*}/hist | sort -rn >calls
crowd_close many
n=$(awk '{ n += $1 } END { print n + 0 }' calls)
echo "$n system calls of the main thread for $FLOWS flows: $((n * 100 / FLOWS)) per 100 flows"
echo "the most frequent (count, number): $(head -n 6 calls | paste -sd ,)"
assert_ge "system calls" "$n" 1
assert_le "system calls" "$n" $FLOWS

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL under traffic, then a restart: nothing of the first run is left, and a running transfer
# continues. When the second run stops, the clsact that the first run added is gone, too.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'

transfer_open_endless one tcp 4 3000000 --rate 3000000
wait_for 5 has_rules lan0 1
transfer_go one
transfer_open two tcp 4 1000
wait_for 5 has_rules lan0 2
kill_daemon
assert_eq "rules that the killed daemon left" "$(rules lan0)" 2
# One connection ends while no daemon runs.
transfer_bulk two
transfer_close two
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
wait_for 5 has_rules lan0 1
wait_for 5 has_rules wan0 1
transfer_stop one
transfer_close one
wait_for 1 has_rules lan0 0
wait_for 1 has_rules wan0 0
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
! tc -n router qdisc show | grep -q clsact || fail "a clsact is left"

# Killed again and restarted with offload = observe: the new run also removes what the killed one
# left, because nothing else would.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
transfer_open three tcp 4 1000
wait_for 5 has_rules lan0 1
kill_daemon
start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe'
wait_for 2 has_rules lan0 0
! tc -n router qdisc show | grep -q clsact || fail "a clsact of the killed daemon is left"
stop_daemon

# SIGHUP, as from a terminal that is closed, stops the daemon like SIGTERM.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
wait_for 5 has_rules lan0 1
end_daemon HUP
assert_eq "exit status after SIGHUP" "$daemon_status" 0
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
transfer_close three

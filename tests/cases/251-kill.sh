#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL under traffic, then a restart: the state is right again, nothing of
# the first life is left, the transfer never stops. After the second life has
# stopped, the clsact that the first one made is gone.
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
assert_eq "rules that stay behind" "$(rules lan0)" 2
# One connection ends while nobody looks.
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

# Killed again, and started to observe only: what the killed life left goes all
# the same, nobody else would remove it.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
transfer_open three tcp 4 1000
wait_for 5 has_rules lan0 1
kill_daemon
start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe'
wait_for 2 has_rules lan0 0
! tc -n router qdisc show | grep -q clsact || fail "a clsact is left by the killed life"
stop_daemon

# A terminal that goes away is a stop like another.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
wait_for 5 has_rules lan0 1
end_daemon HUP
assert_eq "exit status after SIGHUP" "$daemon_status" 0
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
transfer_close three

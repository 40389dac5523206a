#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# offload = hardware on devices whose driver is not allowed: no rule is installed, and the flows
# stay on the CPU with the reason driver-not-allowed.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware'
transfer_open refused tcp 4 2000000 --sport 40001
is_refused() {
	offload -j why tcp "$CLIENT4:40001" "$SERVER4:5201" | grep -q '"reason": *"driver-not-allowed"'
}
wait_for 5 is_refused
transfer_bulk refused
offload devices | grep -q '^lan0: unusable, driver-not-allowed' || fail "devices does not say why"
assert_eq "rules" "$(rules lan0)$(rules wan0)" 00
transfer_close refused
stop_daemon
tc -n router qdisc show | grep -q clsact && fail "a clsact is left"
exit 0

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A flow whose way out has a smaller MTU than its way in stays on the CPU, which can fragment
# packets and report "too big". Its data arrives.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

TOPO_WAN_MTU=1400
topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'

transfer_open narrow tcp 4 2000000 --sport 40001
wait_for 10 status_is reasons.mtu 1
assert_eq "rules on lan0" "$(rules lan0)" 0
offload -j why tcp "$CLIENT4:40001" "$SERVER4:5201" >why.json
grep -q '"reason": *"mtu"' why.json || { cat why.json; fail "why does not say mtu"; }
transfer_bulk narrow
transfer_close narrow

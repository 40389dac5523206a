#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel accepts nearly any bytes in a device name, but JSON is UTF-8. status, flows and why
# replace such bytes and answer.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
name=$(printf 'dmz\344')
topo_link router "$name" 02:00:00:00:03:01 server s1 02:00:00:00:03:02
ip -n router addr add 192.0.2.1/24 dev "$name"
ip -n server addr add 192.0.2.2/24 dev s1
ip -n server route replace default via 192.0.2.1
start_daemon 'devices = { "auto" }' 'offload = software'

SERVER4=192.0.2.2
transfer_open one tcp 4 100000 --sport 40001
wait_for 5 has_rules lan0 1
offload -j status >status.json
grep -q '"name": *"dmz?"' status.json || { cat status.json; fail "status does not show the device"; }
offload -j flows >flows.json
grep -q '"dmz?"' flows.json || { cat flows.json; fail "flows does not show the device"; }
offload -j why tcp "$CLIENT4:40001" 192.0.2.2:5201 >why.json
grep -q 'out of dmz?' why.json || { cat why.json; fail "why does not show the device"; }
transfer_bulk one
transfer_close one

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints messages of a router with offloaded flows, as seeds: ./lab run tests/fuzz/capture.sh.
# tests/fuzz/save-seeds puts them into the corpus.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
transfer_open four tcp 4 1000
transfer_open six tcp 6 1000
wait_for 5 has_rules lan0 2
transfer_open udp udp 4 1000
ip netns exec router python3 -B "$LAB_SRC/tests/fuzz/capture.py"
transfer_close four
transfer_close six
transfer_close udp

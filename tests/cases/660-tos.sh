#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# A policy rule sends packets with a TOS by the second uplink. A route look-up does not know the TOS of
# a packet, so it finds the first uplink for all flows. The packets have shown which way they go: flows
# of the first uplink are offloaded, the others stay on the CPU, and none goes astray.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

# why shows what the packets have noted, as long as the notes last.
why_shows_the_way() {
	offload why udp "$CLIENT4:40001" "$UPLINKS_SERVER:$UPLINKS_PORT" >why
	grep -q 'original direction.*out of wan1, next hop 10.2.0.2, mark 0x0' why &&
		grep -q 'reply direction.*in by wan1, out of lan0' why && grep -q 'software: routed-otherwise' why
}

uplinks_topology
ip -n router rule add tos 0x10 lookup 100
uplinks_start
uplinks_open tos 40000 20 0x10
wait_for 30 uplinks_offloaded 10
wait_for 30 uplinks_reason routed-otherwise 10
uplinks_check
# nft reads the table with the notes of packets as it shows it.
router_nft list table inet nft_offload >shown
grep -q '"lan0" . "wan1" . 0x00000000 . 10.2.0.2' shown || fail "no packet has noted its way by wan1: $(cat shown)"
nft_reads router shown
wait_for 60 why_shows_the_way

# The rule goes: all take the first uplink, after conntrack has ended those of the second.
ip -n router rule del tos 0x10 lookup 100
wait_for 60 uplinks_offloaded 20
uplinks_check one
uplinks_close tos

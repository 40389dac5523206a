#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# The CPU sends nothing to neighbours that rules send to, but the daemon makes the kernel ask for
# them. So it learns that a gateway silently got another MAC address. Neighbours are released when
# no rule sends to them any more, at a stop, and by a cleanup after a crash. Foreign neighbour
# entries stay as they are.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

NEW_MAC=02:00:00:00:02:99

# shellcheck disable=SC2317 # called by wait_for
kept() {
	[ "$(ip -n router neigh show | grep -c "managed .*proto 110\|proto 110 .*managed")" = "$1" ]
}

# shellcheck disable=SC2317 # called by wait_for
has_mac() {
	ip -n router neigh show "$1" | grep -q "lladdr $2"
}

# shellcheck disable=SC2317 # called by wait_for
is_state() {
	ip -n router neigh show "$1" | grep -q "$2"
}

others() {
	ip -n router neigh show | grep 192.0.2 | sort
}

busy() {
	crowd_open "$1" --port 7000 many:udp,flows=8,size=200,rate=20
	crowd_ready "$1" 30
	wait_for 20 status_is flows.offloaded 8
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
# Addresses are trusted, and asked for again, in seconds instead of minutes.
for dev in lan0 wan0; do
	in_router sh -c "cd /proc/sys/net/ipv4/neigh/$dev
		echo 2000 >base_reachable_time_ms; echo 1 >delay_first_probe_time; echo 500 >retrans_time_ms"
done
set_in_guest /proc/sys/net/ipv4/neigh/default/gc_thresh1 0
set_in_guest /proc/sys/net/ipv4/neigh/default/interval_probe_time_ms 1000
# Foreign entries.
ip -n router neigh add 192.0.2.1 lladdr 02:00:00:00:99:01 dev wan0 nud permanent
ip -n router neigh add 192.0.2.2 lladdr 02:00:00:00:99:02 dev wan0 nud stale extern_learn
ip -n router neigh add 192.0.2.4 lladdr 02:00:00:00:99:04 dev wan0 nud noarp
others >others.before
hw_daemon
# A permanent entry of a neighbour that rules send to.
ip -n router neigh replace "$CLIENT4" lladdr "$CLIENT_MAC" dev lan0 nud permanent
busy first
wait_for 10 kept 1
is_state "$CLIENT4" PERMANENT || fail "the permanent neighbour has changed"

echo "# the gateway silently changes its MAC address"
rm -f nic-hits
wait_for 10 nic_hits_grow 50
in_server sh -c 'echo 0 >/proc/sys/net/ipv4/conf/s0/arp_notify'
ip -n server link set s0 address "$NEW_MAC"
wait_for 60 has_mac "$SERVER4" "$NEW_MAC"
wait_for 20 status_is flows.offloaded 8
sniff_open new server s0 "dst=$SERVER4,ttl=63,dmac=$NEW_MAC"
rm -f nic-hits
wait_for 10 nic_hits_grow 100
sniff_close new
agree 10
kept 1 || fail "no longer kept: $(ip -n router neigh show)"

echo "# someone makes the entry permanent, and then ordinary again"
ip -n router neigh replace "$SERVER4" lladdr "$NEW_MAC" dev wan0 nud permanent
# Two looks of the daemon, which must not change the entry.
sleep 5
is_state "$SERVER4" PERMANENT || fail "the daemon changed a permanent entry"
ip -n router neigh replace "$SERVER4" lladdr "$NEW_MAC" dev wan0 nud reachable
wait_for 30 kept 1

echo "# no rule sends to the gateway any more"
crowd_close first
in_router conntrack -D -p udp >/dev/null 2>&1 || :
wait_for 60 kept 0
is_state "$CLIENT4" PERMANENT || fail "the permanent neighbour has changed"

echo "# a stop, and a crash"
busy second
wait_for 10 kept 1
stop_daemon
kept 0 || fail "not released: $(ip -n router neigh show)"
hw_daemon
wait_for 30 kept 1
kill_daemon
kept 1 || fail "no longer kept after the crash"
labns router nft-offload -s "$SOCKET" cleanup >cleanup 2>&1 || fail "cleanup: $(cat cleanup)"
grep -q "released 1 neighbours" cleanup || fail "cleanup says: $(cat cleanup)"
kept 0 || fail "not released: $(ip -n router neigh show)"
crowd_close second
others >others.after
diff others.before others.after || fail "foreign neighbours have changed"
echo "$(wc -l <others.after) foreign neighbours have not changed"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Under running connections, offload is switched off and on, the cable is pulled, and the driver is
# unloaded. The connections continue on the CPU where it can forward, and return to the card.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# why_is REASON
why_is() {
	offload -j why tcp "$CLIENT4:41000" "$SERVER4:6000" >why.json || return 1
	grep -q "\"reason\": *\"$1\"" why.json
}

offloaded() {
	[ "$(status flows.offloaded)" -ge "$1" ]
}

cpu_works() {
	[ "$(nicsim_counter cpu_rx_packets)" -ge $((cpu + 40)) ]
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open busy --port 6000 --sport 41000 tcp:tcp,flows=2,rate=20,size=3000,answer=3000
crowd_ready busy 20
wait_for 10 offloaded 2
wait_for 10 nic_hits_grow

# ---- hw-tc-offload off: the CPU forwards, with the reason; on: the card again ----
in_router ethtool -K wan0 hw-tc-offload off
wait_for 10 why_is hw-tc-offload-off
wait_for 5 device_is wan0 reason hw-tc-offload-off
assert_eq "rules in the card" "$(grep -c 'redirect' $NICSIM_DEBUGFS/rules || :)" 0
cpu=$(nicsim_counter cpu_rx_packets)
wait_for 10 cpu_works
in_router ethtool -K wan0 hw-tc-offload on
wait_for 20 offloaded 2
rm -f nic-hits
wait_for 10 nic_hits_grow
agree 5

# ---- the cable ----
nicsim ports/1/cable 0
wait_for 10 why_is device-down
nicsim ports/1/cable 1
wait_for 20 offloaded 2
rm -f nic-hits
wait_for 20 nic_hits_grow
agree 5
crowd_close busy
for way in up down; do
	assert_eq "bytes received, $way" "$(crowd_result busy classes.tcp.$way.bytes_received)" \
		"$(crowd_result busy classes.tcp.$way.bytes_sent)"
done

# ---- the driver is unloaded: its flows are gone; new ones use the driver that is loaded next ----
crowd_open doomed --port 6500 --sport 42000 udp:udp,flows=3,rate=5
crowd_ready doomed 20
wait_for 10 offloaded 3
rmmod nicsim
kill "$(cat crowd.doomed-pid)"
wait_for 20 has_ended crowd.doomed
wait_for 10 status_is flows.offloaded 0
nicsim_load ports=2
topo_nicsim client c0 "$CLIENT_MAC" router lan0 "$LAN_MAC"
topo_nicsim router wan0 "$WAN_MAC" server s0 "$SERVER_MAC"
ip -n router -batch - <<-END
	addr add 192.168.1.1/24 dev lan0
	addr add $ROUTER4/24 dev wan0
END
ip -n client -batch - <<-END
	addr add $CLIENT4/24 dev c0
	route add default via 192.168.1.1
END
ip -n server addr add "$SERVER4/24" dev s0
ip -n server route add default via "$ROUTER4"
sniff_open server server s0 "src=$ROUTER4,dst=$SERVER4,ttl=63,smac=$WAN_MAC,dmac=$SERVER_MAC"
crowd_open again --port 7000 --sport 43000 udp:udp,flows=3,rate=10 tcp:tcp,flows=2,rate=10,size=3000
crowd_ready again 30
wait_for 20 offloaded 5
rm -f nic-hits
wait_for 10 nic_hits_grow 40
agree 5
crowd_close again
sniff_close server
assert_eq "packets lost" "$(crowd_lost again)" 0

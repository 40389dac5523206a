#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Client and server are two hosts behind one bridge of the router. The client uses the public address of the
# server, so the router translates both addresses and sends the packets back to where they came from. Software
# rules do it on the bridge, hardware rules between two ports of the card. Packets between the hosts that the
# bridge only forwards, but shows to the ruleset (br_netfilter), stay with the bridge.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
UPPER_PORTS=2
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"

PUBLIC4=198.51.100.1 LOCAL4=192.168.1.3
topo_ns client router server
topo_forwarding router
topo_link client c0 "$CLIENT_MAC" router p0 02:00:00:00:0b:00
topo_link server s0 "$SERVER_MAC" router p1 02:00:00:00:0b:01
upper_bridge router lan0 -- p0 p1
ip -n router addr add 192.168.1.1/24 dev lan0
ip -n router addr add $PUBLIC4/32 dev lo
ip -n client addr add "$CLIENT4/24" dev c0
ip -n client route add default via 192.168.1.1
ip -n server addr add $LOCAL4/24 dev s0
ip -n server route add default via 192.168.1.1
router_nft -f - <<-END
	table ip labnat {
		chain prerouting {
			type nat hook prerouting priority dstnat
			ip daddr $PUBLIC4 dnat to $LOCAL4
		}
		chain postrouting {
			type nat hook postrouting priority srcnat
			ct status dnat masquerade
		}
	}
END
topo_acct
topo_count_forward
wait_for 10 in_client ping -q -c 1 -W 1 $PUBLIC4 >/dev/null

for OFFLOAD in software hardware; do
	echo "# $OFFLOAD"
	UPPER_IN=lan0
	[ "$OFFLOAD" = software ] || UPPER_IN=p0
	start_daemon 'devices = { "lan0" }' "offload = $OFFLOAD" 'allow-drivers = { "nicsim" }'
	# shellcheck disable=SC2034 # topo.sh's
	SERVER4=$PUBLIC4
	upper_transfer t tcp 4 10000000
	upper_transfer u udp 4 2000000
	stop_daemon
	for dev in lan0 p0 p1; do
		assert_eq "filters left on $dev" "$(filters "$dev")" 0
	done
done

echo "# bridged"
SERVER4=$LOCAL4
modprobe br_netfilter
in_router sh -c 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables'
# The chain of the daemon does not admit such packets, which have no route. Without it, the path tells.
in_router conntrack -F 2>/dev/null
for admit in nft events; do
	start_daemon 'devices = { "lan0" }' 'offload = software' "admit = $admit"
	transfer_open bridged tcp 4 10000000
	before=$(fwd_bytes)
	transfer_bulk bridged
	assert_ge "bytes that the ruleset saw" $(($(fwd_bytes) - before)) 20000000
	[ $admit = nft ] || assert_eq "flows in software because they are bridged" "$(status reasons.same-device)" 1
	assert_eq "rules on the bridge" "$(rules lan0)" 0
	transfer_close bridged
	stop_daemon
done

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# A home router with a card. Its bridge has two ports for the LAN, and one for an access point that tags the
# guests; the line is a VLAN with a smaller MTU. IPv4 is masqueraded, IPv6 routed, some ports lead to a host of
# the LAN. 200 mixed flows: all are in the card but those that the router itself answers.
#
#   client 192.168.1.10 ------- lan1 \                            server 198.51.100.2
#   tablet 192.168.1.11 ------- lan2 -- br0 (.1)    line.7 ------ 203.0.113.2, 2001:db8:2::2
#   guest 192.168.20.10, tag -- lan3 /  br0.20 (.1)  198.51.100.1, MTU 1492
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
nicsim_load ports=4

topo_ns client tablet guest router server
topo_forwarding router
topo_link client c0 02:00:00:00:01:10 router lan1 02:00:00:00:00:01
topo_link tablet t0 02:00:00:00:01:11 router lan2 02:00:00:00:00:02
topo_link guest g0 02:00:00:00:20:10 router lan3 02:00:00:00:00:03
topo_link router line 02:00:00:00:00:04 server s0 02:00:00:00:02:01
ip -n router -batch - <<-'END'
	link add br0 type bridge stp_state 0 forward_delay 0 vlan_filtering 1
	link set br0 address 02:00:00:00:00:09
	link set lan1 master br0
	link set lan2 master br0
	link set lan3 master br0
	link add link br0 name br0.20 type vlan id 20
	link add link line name line.7 mtu 1492 type vlan id 7
	link set br0 up
	link set br0.20 up
	link set line.7 up
	addr add 192.168.1.1/24 dev br0
	addr add 2001:db8:1::1/64 dev br0 nodad
	addr add 192.168.20.1/24 dev br0.20
	addr add 198.51.100.1/24 dev line.7
	addr add 2001:db8:2::1/64 dev line.7 nodad
	route add default via 198.51.100.2
END
bridge -n router vlan del dev lan3 vid 1
bridge -n router vlan add dev lan3 vid 20
bridge -n router vlan add dev br0 vid 20 self
ip -n client -batch - <<-'END'
	addr add 192.168.1.10/24 dev c0
	addr add 2001:db8:1::10/64 dev c0 nodad
	route add default via 192.168.1.1
	route add default via 2001:db8:1::1
END
ip -n tablet addr add 192.168.1.11/24 dev t0
ip -n tablet route add default via 192.168.1.1
ip -n guest -batch - <<-'END'
	link add link g0 name g0.20 type vlan id 20
	link set g0.20 up
	addr add 192.168.20.10/24 dev g0.20
	route add default via 192.168.20.1
END
ip -n server -batch - <<-'END'
	link add link s0 name s0.7 mtu 1492 type vlan id 7
	link set s0.7 up
	addr add 198.51.100.2/24 dev s0.7
	addr add 203.0.113.2/32 dev lo
	route change 198.51.100.0/24 dev s0.7 src 203.0.113.2
	addr add 2001:db8:2::2/64 dev s0.7 nodad
	route add 2001:db8:1::/64 via 2001:db8:2::1
END
router_nft -f - <<-'END'
	table inet home {
		chain forward {
			type filter hook forward priority 0; policy drop;
			ct state established,related accept
			iifname "br0.20" oifname != "line.7" drop
			iifname { "br0", "br0.20" } accept
			iifname "line.7" ct status dnat accept
		}
		chain prerouting {
			type nat hook prerouting priority dstnat
			iifname "line.7" meta l4proto { tcp, udp } th dport 9000-9099 dnat ip to 192.168.1.10
		}
		chain postrouting {
			type nat hook postrouting priority srcnat
			meta nfproto ipv4 oifname "line.7" masquerade
		}
	}
END
topo_acct
topo_count_forward
for ns in client tablet guest; do
	wait_for 10 labns "$ns" ping -q -c 1 -W 1 203.0.113.2
done
wait_for 10 in_client ping -q -c 1 -W 1 2001:db8:2::2
start_daemon 'devices = { "br0*", "line.*" }' 'offload = hardware' 'allow-drivers = { "nicsim" }'

# crowd NAME CLIENT SERVER ADDRESS PORT CLASS...
crowd() {
	local name="$1" client="$2" server="$3" address="$4" port="$5"
	shift 5
	crowd_open "$name" --client "$client" --server "$server" --to "$address" --port "$port" "$@"
}
UDP=udp:udp,rate=5,size=1200 TCP=tcp:tcp,rate=5,size=2000,answer=2000
crowd lan client server 203.0.113.2 6000 "$UDP,flows=60" "$TCP,flows=30"
crowd tablet tablet server 203.0.113.2 6200 --sport 12000 "$UDP,flows=20" "$TCP,flows=20"
crowd lan6 client server 2001:db8:2::2 6400 --sport 14000 "$UDP,flows=20" "$TCP,flows=10"
crowd guest guest server 203.0.113.2 6600 --sport 16000 "$UDP,flows=20" "$TCP,flows=10"
crowd inside server client 198.51.100.1 9000 --sport 18000 "$UDP,flows=5" "$TCP,flows=5"
crowd own client router 192.168.1.1 7000 --sport 20000 udp:udp,rate=5,flows=5
for name in lan tablet lan6 guest inside own; do
	crowd_ready "$name" 60
done
# flows_with VALUE PATH [FILTER...]: prints how many flows have this value
flows_with() {
	local value="$1" path="$2"
	shift 2
	offload -j flows "$@" | json_path "*.$path" | grep -cx "$value" || :
}
all_in_the_card() {
	[ "$(flows_with True in_hw)" = 200 ]
}
wait_for 60 all_in_the_card
agree 20
assert_eq "flows that the router itself answers" "$(flows_with not-admitted reason --state software)" 5
assert_eq "other flows" "$(flows_with '.*' state)" 205

echo "# what the card forwards"
nic_share
wait_for 60 nic_share_bytes 2000000
share=$(nic_share_percent)
echo "the card forwards $share % of the bytes"
assert_ge "share of the card" "$share" 95

for name in lan tablet lan6 guest inside own; do
	crowd_close "$name"
done
stop_daemon
for dev in lan1 lan2 lan3 line; do
	assert_eq "filters left on $dev" "$(filters "$dev")" 0
done

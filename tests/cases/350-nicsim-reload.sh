#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
#
# nicsim is loaded and unloaded thirty times, with traffic, rules, flowtables and resets: it leaves
# nothing behind, memory does not grow, and the kernel does not complain.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

flood() {
	labns client python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        for port in range(2000, 2040):
            s.sendto(bytes(1000), ("203.0.113.2", port))
    except OSError:
        time.sleep(0.01)  # no route between two rounds'
}

hits_grow() {
	[ "$(nicsim hits)" -gt "$hits" ]
}

memory() {
	awk '/^Slab:/ { slab = $2 } /^Percpu:/ { print slab + $2 }' /proc/meminfo
}

topo_ns client router server
topo_forwarding router
flood &
nicsim_load ports=2
for i in $(seq 30); do
	[ "$i" = 1 ] || modprobe nicsim ports=2
	nicsim_next_port=0
	topo_nicsim client c0 "$CLIENT_MAC" router lan0 "$LAN_MAC"
	topo_nicsim router wan0 "$WAN_MAC" server s0 "$SERVER_MAC"
	ip -n router -batch - <<-END
		addr add 192.168.1.1/24 dev lan0
		addr add $ROUTER4/24 dev wan0
		neigh add $SERVER4 lladdr $SERVER_MAC dev wan0
	END
	ip -n client -batch - <<-END
		addr add $CLIENT4/24 dev c0
		neigh add 192.168.1.1 lladdr $LAN_MAC dev c0
		route add default via 192.168.1.1
	END
	tc -n router qdisc add dev lan0 clsact
	for port in $(seq 2000 2019); do
		echo "filter add dev lan0 ingress protocol ip pref 1 flower ip_proto udp dst_port $port skip_sw" \
			"action pedit ex munge eth dst set $SERVER_MAC munge ip ttl dec pipe action mirred egress redirect dev wan0"
	done | tc -n router -batch -
	[ "$(nicsim used)" = 20 ] || fail "round $i: $(nicsim used) entries"
	hits=$(nicsim hits)
	wait_for 5 hits_grow
	case $((i % 4)) in
	0) nicsim lose 7 ;;
	1) nicsim reset 1 ;;
	2) tc -n router filter show dev lan0 ingress >/dev/null ;;
	3) router_nft 'add table inet lab; add flowtable inet lab f { hook ingress priority 0; devices = { lan0, wan0 }; flags offload; }' ;;
	esac
	rmmod nicsim
	[ ! -e /sys/kernel/debug/nicsim ] || fail "round $i: debugfs files are left"
	[ $((i % 4)) != 3 ] || router_nft 'delete table inet lab'
	[ "$i" != 10 ] || early=$(memory)
done
late=$(memory)
echo "kernel memory after 10 rounds $early kB, after 30 $late kB"
assert_le "growth in 20 rounds, kB" $((late - early)) 2000

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# A router with nicsim's ports: the stack forwards packets without a rule, and sees hardly any of
# those with a rule.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

BYTES=4000000

# add_rules ip4|ip6 PROTO CLIENT-PORT SERVER-PORT: adds the rules of both directions of a connection
add_rules() {
	local proto="$2" c="$3" s="$4" ether=ip ttl='ip ttl' from="$CLIENT4" to="$SERVER4" more='' csum='csum ip4h pipe action'
	if [ "$1" = ip6 ]; then
		ether=ipv6 ttl='ip6 hoplimit' from="$CLIENT6" to="$SERVER6" csum=
	fi
	[ "$proto" = udp ] || more='tcp_flags 0x0/0x7'
	# shellcheck disable=SC2086 # lists of words
	tc -n router filter add dev lan0 ingress protocol $ether pref 1 flower ip_proto "$proto" ip_flags nofrag $more \
		src_ip "$from" dst_ip "$to" src_port "$c" dst_port "$s" skip_sw \
		action pedit ex munge eth dst set "$SERVER_MAC" munge eth src set "$WAN_MAC" munge $ttl dec pipe \
		action $csum mirred egress redirect dev wan0
	# shellcheck disable=SC2086
	tc -n router filter add dev wan0 ingress protocol $ether pref 1 flower ip_proto "$proto" ip_flags nofrag $more \
		src_ip "$to" dst_ip "$from" src_port "$s" dst_port "$c" skip_sw \
		action pedit ex munge eth dst set "$CLIENT_MAC" munge eth src set "$LAN_MAC" munge $ttl dec pipe \
		action $csum mirred egress redirect dev lan0
}

del_rules() {
	tc -n router filter del dev lan0 ingress
	tc -n router filter del dev wan0 ingress
}

# bad_sums NS: checksum errors that the stack has counted
bad_sums() {
	labns "$1" sh -c 'cat /proc/net/snmp /proc/net/snmp6' | awk '
		/^(Tcp|Udp|Ip|Icmp):/ { for (i = 2; i <= NF; i++) { if ($i ~ /CsumErrors/) at[$1] = i; else if (at[$1] == i && $i ~ /^[0-9]+$/) n += $i } }
		/CsumErrors/ && !/:/ { n += $2 }
		END { print n + 0 }'
}

nicsim_load ports=2
topo_router2
topo_count_forward
tc -n router qdisc add dev lan0 clsact
tc -n router qdisc add dev wan0 clsact

# Without rules everything goes through the stack.
transfer tcp 4 1000000
assert_ge "bytes through the stack" "$(fwd_bytes)" 2000000
assert_eq hits "$(nicsim hits)" 0

port=43000
for family in 4 6; do
	for proto in tcp udp; do
		port=$((port + 1))
		transfer_open "$proto$family" "$proto" "$family" "$BYTES" --sport "$port"
		add_rules "ip$family" "$proto" "$port" $((5200 + transfer_count))
		before=$(fwd_bytes) hits=$(nicsim hits) bytes=$(nicsim_counter forwarded_bytes)
		transfer_bulk "$proto$family"
		stack=$(($(fwd_bytes) - before)) hits=$(($(nicsim hits) - hits)) bytes=$(($(nicsim_counter forwarded_bytes) - bytes))
		echo "$proto$family: $stack bytes through the stack, $hits hits, $bytes bytes in hardware"
		assert_le "bytes of $proto$family through the stack" "$stack" $((BYTES / 50))
		assert_ge "bytes of $proto$family in hardware" "$bytes" $((BYTES * 2))
		assert_ge "hits of $proto$family" "$hits" $((BYTES * 2 / 1500))
		transfer_close "$proto$family"
		del_rules
	done
done

# nicsim cuts large packets into segments and completes their checksums before they are on the wire.
assert_eq "bad checksums" "$(bad_sums client) $(bad_sums router) $(bad_sums server)" "0 0 0"

# A port counts all packets on its wire, and separately those for the CPU.
rx=$(ip netns exec router cat /sys/class/net/lan0/statistics/rx_bytes)
cpu=$(nicsim_counter cpu_rx_bytes 0)
assert_ge "bytes on the wire of lan0" "$rx" $((BYTES * 4))
assert_le "bytes for the CPU" "$cpu" $((rx / 3))
# The counters are read one after the other, and a neighbour request may come in between.
all_came_out() {
	[ "$(($(nicsim_counter rx_bytes) - $(nicsim_counter cpu_rx_bytes)))" = "$(nicsim_counter forwarded_bytes)" ]
}
wait_for 5 all_came_out
assert_eq "packets lost" "$(nicsim_counter lost)" 0

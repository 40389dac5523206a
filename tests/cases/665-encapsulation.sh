#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Routes that add a header to packets (MPLS, SRv6) lead out of a plain
# port. A rule adds no header, so flows over them stay on the CPU, and all packets have the header. A flow that
# is offloaded loses its rules when its route gets one.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper.sh
. "${LAB_TOPO%/*}/upper.sh"

modprobe -a mpls_router mpls_iptunnel
topo_router2
topo_masquerade ip # conntrack tracks connections only if a rule needs it
topo_acct
topo_count_forward
ip -n server addr add 198.51.100.9/32 dev lo
ip -n server addr add 2001:db8:9::9/128 dev lo
in_server sh -c 'echo 1000 >/proc/sys/net/mpls/platform_labels; echo 1 >/proc/sys/net/mpls/conf/s0/input
	echo 1 >/proc/sys/net/ipv6/conf/all/seg6_enabled; echo 1 >/proc/sys/net/ipv6/conf/s0/seg6_enabled'
ip -n server -f mpls route add 100 dev lo
# What arrives at the server for the addresses behind such routes, with and without a header.
labns server nft -f - <<-'END'
	table netdev arrivals {
		counter plain { }
		counter header { }
		chain ingress {
			type filter hook ingress device s0 priority 0
			ip daddr 198.51.100.9 counter name plain
			ip6 daddr 2001:db8:9::9 ip6 nexthdr tcp counter name plain
			ether type 0x8847 counter name header
			ip6 nexthdr 43 counter name header
		}
	}
END
arrived() {
	labns server nft list counter netdev arrivals "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# is_refused REASON
is_refused() {
	offload flows | grep -q "^tcp .* $1 "
}

# try NAME FAMILY REASON ROUTE...: adds the route; a transfer over it must stay on the CPU, and have headers.
try() {
	local name="$1" family="$2" reason="$3" plain before
	shift 3
	echo "# $name"
	ip -n router route replace "$@"
	plain=$(arrived plain)
	transfer_open "$name" tcp "$family" 1000000
	wait_until 20 is_refused "$reason" || { offload flows >&2; fail "$name: another reason"; }
	before=$(fwd_bytes)
	transfer_bulk "$name"
	assert_ge "bytes by the CPU" $(($(fwd_bytes) - before)) 2000000
	assert_eq "rules" "$(rules lan0) $(rules wan0)" "0 0"
	transfer_close "$name"
	assert_eq "packets without a header" "$(arrived plain)" "$plain"
	assert_ge "packets with a header" "$(arrived header)" 30
	labns server nft reset counters >/dev/null
	in_router conntrack -D -p tcp >/dev/null 2>&1 || :
	wait_for 20 status_is flows.total 0
}

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
SERVER4=198.51.100.9 SERVER6=2001:db8:9::9
try mpls 4 encapsulation 198.51.100.9/32 encap mpls 100 via inet 203.0.113.2 dev wan0
ip -n router nexthop add id 5 encap mpls 100 via 203.0.113.2 dev wan0
try mpls-nexthop-object 4 encapsulation 198.51.100.9/32 nhid 5
try mpls6 6 encapsulation 2001:db8:9::9/128 encap mpls 100 via inet6 2001:db8:2::2 dev wan0
# Room for the header, so that no segment is too large with it.
ip -n client link set c0 mtu 1400
# With a routing header in between, our chain does not even see TCP.
try srv6 6 not-admitted 2001:db8:9::9/128 encap seg6 mode inline segs 2001:db8:2::2 via 2001:db8:2::2 dev wan0

echo "# a header under traffic"
ip -n router route replace 198.51.100.9/32 via 203.0.113.2 dev wan0
upper_open endless tcp 4 10000000
upper_goes_on endless
ip -n router route replace 198.51.100.9/32 encap mpls 100 via inet 203.0.113.2 dev wan0
wait_for 20 is_refused encapsulation
assert_eq "rules" "$(rules lan0) $(rules wan0)" "0 0"
plain=$(arrived plain)
before=$(fwd_bytes)
went_on() {
	[ "$(fwd_bytes)" -gt $((before + 1000000)) ]
}
wait_for 20 went_on
assert_eq "packets without a header" "$(arrived plain)" "$plain"
ip -n router route replace 198.51.100.9/32 via 203.0.113.2 dev wan0
wait_for 20 upper_has_rule
upper_goes_on endless
transfer_stop endless
transfer_close endless

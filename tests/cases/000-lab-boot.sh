#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The guest can run the other cases: it has root, debugfs and modules; packets cross network
# namespaces in both families; nft, tc and conntrack work there, and their modules are loaded on
# demand.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

assert_eq "user id" "$(id -u)" 0
mountpoint -q /sys/kernel/debug || fail "debugfs is not mounted"
[ -r "/lib/modules/$(uname -r)/modules.dep" ] || fail "no modules for this kernel"
assert_eq "files of an earlier case" "$(find . -type f | grep -v -x ./output || :)" ""

topo_router2

for address in "$SERVER4" "$SERVER6"; do
	in_client ping -q -c 2 -i 0.2 -W 2 "$address" >/dev/null || fail "cannot reach $address"
done
in_server ping -q -c 1 -W 2 "$CLIENT4" >/dev/null || fail "the server cannot reach the client"

topo_masquerade
in_router nft list ruleset | grep -q masquerade || fail "the masquerade rule is missing"

tc -n router qdisc add dev lan0 clsact
tc -n router filter add dev lan0 ingress protocol ip prio 10 handle 1 flower skip_hw \
	ip_proto tcp src_ip "$CLIENT4" dst_ip 192.0.2.1 src_port 1000 dst_port 80 ip_flags nofrag tcp_flags 0/7 \
	action pedit ex munge eth src set "$WAN_MAC" munge eth dst set "$SERVER_MAC" munge ip ttl dec \
		munge ip src set "$ROUTER4" \
	pipe action csum ip4h tcp \
	pipe action mirred egress redirect dev wan0
assert_eq "rules on lan0" "$(rules lan0)" 1
assert_eq "filters on lan0" "$(filters lan0)" 1
assert_eq "rules on wan0" "$(rules wan0)" 0

in_router conntrack -L >/dev/null 2>&1 || fail "conntrack does not work"

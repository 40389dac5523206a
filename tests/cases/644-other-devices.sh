#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Uplinks that cannot be offloaded: tunnels, WireGuard, PPPoE. Each connection over them stays on the
# CPU with its reason, and its data arrive. The daemon runs all the time, also while devices come and go.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

INSIDE_R=198.51.100.1 INSIDE_S=198.51.100.2

# Makes t0 on both ends of the uplink, from the options of "ip link add": first the router's, then the server's.
both() {
	# shellcheck disable=SC2086 # words
	ip -n router link add t0 $1
	# shellcheck disable=SC2086 # words
	ip -n server link add t0 $2
}

tunnel() {
	both "type $1 local $ROUTER4 remote $SERVER4" "type $1 local $SERVER4 remote $ROUTER4"
}

make_gre() { tunnel gre; }
make_ipip() { tunnel ipip; }
make_gretap() { tunnel gretap; }
make_vxlan() {
	both "type vxlan id 5 dstport 4789 local $ROUTER4 remote $SERVER4" \
		"type vxlan id 5 dstport 4789 local $SERVER4 remote $ROUTER4"
}
make_geneve() { both "type geneve id 5 remote $SERVER4" "type geneve id 5 remote $ROUTER4"; }
make_wireguard() {
	local ns
	both "type wireguard" "type wireguard"
	for ns in router server; do
		(umask 077; wg genkey >"$ns.key")
		wg pubkey <"$ns.key" >"$ns.pub"
	done
	labns router wg set t0 private-key router.key listen-port 51820 peer "$(cat server.pub)" \
		allowed-ips 0.0.0.0/0 endpoint "$SERVER4:51820"
	labns server wg set t0 private-key server.key listen-port 51820 peer "$(cat router.pub)" \
		allowed-ips 0.0.0.0/0 endpoint "$ROUTER4:51820"
}
# PPPoE, as to many providers.
make_pppoe() {
	modprobe -a ppp_generic pppoe
	printf '%s\n' noauth local nodefaultroute 'ifname t0' nobsdcomp nodeflate "logfile $CASE_DIR/provider.log" >provider
	labns server pppoe-server -F -I s0 -L $INSIDE_S -R $INSIDE_R -N 1 -O "$CASE_DIR/provider" &
	provider_pid=$!
	labns router pppd plugin rp-pppoe.so wan0 nodetach noauth nodefaultroute ifname t0 nobsdcomp nodeflate \
		logfile "$CASE_DIR/ppp.log" >/dev/null &
	ppp_pid=$!
	undo_at_end "kill $provider_pid $ppp_pid 2>/dev/null || :"
	wait_until 30 is_up || { cat provider.log ppp.log >&2; fail "no PPPoE session"; }
}

has_address() {
	ip -n "$1" -4 addr show dev t0 2>/dev/null | grep -q inet
}

is_up() {
	has_address router && has_address server
}

end_pppoe() {
	kill "$ppp_pid"
	wait "$ppp_pid" || :
	wait_for 20 is_gone
	kill "$provider_pid"
}

is_gone() {
	! ip -n router link show t0 >/dev/null 2>&1 && ! ip -n server link show t0 >/dev/null 2>&1
}

has_way() {
	in_client ping -q -c 1 -W 1 $INSIDE_S >/dev/null
}

# add_addresses: for devices that have none yet
add_addresses() {
	ip -n router link set t0 up
	ip -n server link set t0 up
	ip -n router addr add $INSIDE_R/24 dev t0
	ip -n server addr add $INSIDE_S/24 dev t0
}

# try NAME
try() {
	local before
	echo "# $1"
	"make_$1"
	[ "$1" = pppoe ] || add_addresses
	ip -n server route add 192.168.1.0/24 via $INSIDE_R dev t0
	wait_for 20 has_way
	SERVER4=$INSIDE_S
	transfer_open "$1" tcp 4 1000000
	wait_until 20 status_is reasons.device-kind 1 || { offload flows >&2; fail "$1: another reason"; }
	before=$(fwd_bytes)
	transfer_bulk "$1"
	assert_ge "bytes by the CPU over $1" $(($(fwd_bytes) - before)) 2000000
	assert_eq "rules on lan0" "$(rules lan0)" 0
	transfer_close "$1"
	SERVER4=203.0.113.2
	if [ "$1" = pppoe ]; then
		end_pppoe
	else
		ip -n router link del t0
		ip -n server link del t0
	fi
	in_router conntrack -D -p tcp >/dev/null 2>&1 || :
	wait_for 20 status_is reasons.device-kind 0
}

topo_router2
topo_masquerade ip # conntrack tracks connections only if a rule needs it
topo_acct
topo_count_forward
start_daemon 'devices = { "lan0", "wan0", "t*" }' 'offload = software'
for kind in ${KINDS:-gre ipip gretap vxlan geneve wireguard pppoe}; do
	try "$kind"
done

echo "# what leaves wan0 as it is goes by rules"
transfer_open plain tcp 4 10000000
wait_for 20 has_rules lan0 1
transfer_bulk plain
transfer_close plain

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Forwarding is switched off under traffic: the rules are removed and nothing crosses the router any
# more. When it is switched on, the rules return.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
in_server nft -f - <<'END'
table inet arrived {
	counter from4 { }
	counter from6 { }
	chain input {
		type filter hook input priority 0
		meta nfproto ipv4 meta l4proto tcp counter name from4
		meta nfproto ipv6 meta l4proto tcp counter name from6
	}
}
END
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'

set_forwarding() {
	labns router sh -c 'echo "$2" >/proc/sys/net/$1' - "$1" "$2"
}

# arrived FAMILY: number of TCP packets that the server received
arrived() {
	in_server nft list counter inet arrived "from$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

arrives_more() {
	[ "$(arrived "$1")" -gt "$2" ]
}

# retransmissions FAMILY: segments that both ends have retransmitted so far. At times only one of them has something to
# send.
retransmissions() {
	{
		labns client ss -tinH sport = ":4000$1"
		labns server ss -tinH dport = ":4000$1"
	} | sed -n 's,.* retrans:[0-9]*/\([0-9]*\) .*,\1,p' | awk '{ n += $1 } END { print n + 0 }'
}

retransmits_more() {
	[ "$(retransmissions "$1")" -gt "$2" ]
}

# family_rules PROTOCOL: redirecting rules on lan0 for ip or ipv6, which never share a prio
family_rules() {
	tc -n router filter show dev lan0 ingress protocol "$1" |
		grep -c 'mirred (Egress Redirect' || :
}

has_family_rules() {
	[ "$(family_rules "$1")" = "$2" ]
}

# check FAMILY PROTOCOL SWITCH REASON: switches off and on again
check() {
	centiseconds
	start=$now
	set_forwarding "$3" 0
	wait_for 2 has_family_rules "$2" 0
	centiseconds
	echo "$3: rules gone after $((now - start))0 ms"
	# ipv4/conf/wan0/forwarding stops only the answers: the client's packets still arrive.
	if [ "$3" != ipv4/conf/wan0/forwarding ]; then
		before=$(arrived "$1")
		wait_for 20 retransmits_more "$1" "$(retransmissions "$1")"
		assert_eq "packets that crossed with $3 off" "$(($(arrived "$1") - before))" 0
	fi
	offload -j flows --reason "$4" | grep -q '"sport": *4000'"$1" || fail "$3: no flow says $4"
	before=$(arrived "$1")
	set_forwarding "$3" 1
	# TCP sends again only when its timer expires, and the timer doubles with each loss. The rules
	# return after packets have shown their way. The next check must not begin before, or TCP stalls
	# for the sum of all checks.
	wait_for 60 arrives_more "$1" $((before + 20))
	wait_for 5 has_family_rules "$2" 1
}

transfer_open_endless four tcp 4 1500000 --sport 40004 --rate 1500000
transfer_open_endless six tcp 6 1500000 --sport 40006 --rate 1500000
wait_for 5 has_family_rules ip 1
wait_for 5 has_family_rules ipv6 1
transfer_go four
transfer_go six
check 4 ip ipv4/ip_forward no-route
has_family_rules ipv6 1 || fail "IPv6 flows lost their rules, too"
check 4 ip ipv4/conf/lan0/forwarding no-route
check 4 ip ipv4/conf/wan0/forwarding no-route
check 6 ipv6 ipv6/conf/all/forwarding not-forwarding
has_family_rules ip 1 || fail "IPv4 flows lost their rules, too"
# The switch of a device does not stop IPv6. The daemon obeys an IPv4 switch that changes later, so
# it has read this one.
set_forwarding ipv6/conf/lan0/forwarding 0
check 4 ip ipv4/conf/lan0/forwarding no-route
has_family_rules ipv6 1 || fail "the IPv6 rules were removed"
before=$(arrived 6)
wait_for 10 arrives_more 6 "$before"
set_forwarding ipv6/conf/lan0/forwarding 1
# Forwarding is off before the daemon starts.
stop_daemon
set_forwarding ipv6/conf/all/forwarding 0
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events'
wait_for 5 has_family_rules ip 1
assert_eq "rules for IPv6" "$(family_rules ipv6)" 0
offload -j why tcp "[$CLIENT6]:40006" "[$SERVER6]:5202" >why.json
grep -q '"reason": *"not-forwarding"' why.json || { cat why.json; fail "wrong reason"; }
set_forwarding ipv6/conf/all/forwarding 1
wait_for 5 has_family_rules ipv6 1
transfer_stop four
transfer_stop six
transfer_close four
transfer_close six

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Kinds of routes that are not "prefix by gateway of the same network": next hops that are in no connected network
# (onlink), IPv6 link-local next hops, IPv6 next hops of IPv4 routes (RFC 5549), source-specific IPv6 routes, policy
# rules by source, protocol and port, device of arrival, and suppress_prefixlength. Replies of some flows come by
# another uplink than the packets leave by. The receivers note from which MAC address, to which and by which device
# packets came. The kernel alone shows its ways first. With the daemon, the ways are the same, no packet of an
# offloaded flow passes the router's stack, and the flows follow when all routes change.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# Next hops: "near" is s0, "other" is s0b, both behind wan0; "second" is s1 behind wan1. The client has "c0" and "c0b".
#
#   client c0, c0b ------ lan0 router wan0 ------ s0, s0b server
#                                     wan1 ------ s1
WAN1_MAC=02:00:00:00:03:01
# shellcheck disable=SC2034,SC2153 # want() reads them by their names
near="s0 $WAN_MAC $SERVER_MAC" other="s0 $WAN_MAC 02:00:00:00:02:03" second="s1 $WAN1_MAC 02:00:00:00:03:02"
# shellcheck disable=SC2034 # the same
c0="c0 $LAN_MAC $CLIENT_MAC" c0b="c0 $LAN_MAC 02:00:00:00:01:03"

# Each line is a kind of route, with a server address of its own: the next hops towards the server in the states 1,
# 2 and 3, and those towards the client. Replies of "asymmetric" come by wan1 in all states.
cat >kinds <<END
onlink4       $CLIENT4       198.51.100.1  tcp,udp  near other second   c0 c0 c0
rfc5549       $CLIENT4       198.51.100.2  tcp,udp  near other second   c0 c0 c0
from4         192.168.2.2    198.51.100.3  tcp,udp  second near second  c0 c0 c0
port          $CLIENT4       198.51.100.4  udp      second near second  c0 c0 c0
port          $CLIENT4       198.51.100.4  tcp      near second near    c0 c0 c0
iif           $CLIENT4       198.51.100.5  tcp,udp  second near second  c0 c0 c0
suppress      $CLIENT4       198.51.100.6  tcp,udp  second near second  c0 c0 c0
asymmetric    $CLIENT4       198.51.100.7  tcp,udp  near second near    c0 c0 c0
client5549    192.168.3.2    198.51.100.8  tcp,udp  near near near      c0 c0b c0
onlink6       $CLIENT6       2001:db8:9::1 tcp,udp  near other second   c0 c0 c0
linklocal     $CLIENT6       2001:db8:9::2 tcp,udp  near other second   c0 c0 c0
source        $CLIENT6       2001:db8:9::3 tcp,udp  near second other   c0 c0 c0
source        2001:db8:11::2 2001:db8:9::4 tcp,udp  second near second  c0 c0 c0
from6         2001:db8:12::2 2001:db8:9::5 tcp,udp  second near second  c0 c0 c0
clientlocal   2001:db8:13::2 2001:db8:9::6 tcp,udp  near near near      c0 c0b c0
asymmetric    $CLIENT6       2001:db8:9::7 tcp,udp  near second near    c0 c0 c0
END
FLOWS=30 ASYMMETRIC=4

topology() {
	topo_router2
	topo_link router wan1 "$WAN1_MAC" server s1 02:00:00:00:03:02
	ip -n client link add c0b link c0 address 02:00:00:00:01:03 type macvlan mode private
	ip -n server link add s0b link s0 address 02:00:00:00:02:03 type macvlan mode private
	# Each device answers for its own addresses only, and replies may come from anywhere.
	for ns in client router server; do
		labns "$ns" sh -c 'cd /proc/sys/net/ipv4/conf; echo 1 >all/arp_ignore; echo 2 >all/arp_announce
			for f in */rp_filter; do echo 0 >$f; done'
	done
	ip -n client -batch - <<-END
		link set c0b up
		addr add 192.168.2.2/24 dev c0
		addr add 192.168.3.2/32 dev lo
		addr add 2001:db8:11::2/64 dev c0 nodad
		addr add 2001:db8:12::2/64 dev c0 nodad
		addr add 2001:db8:13::2/128 dev lo
		addr add fe80::c0/64 dev c0 nodad
		addr add fe80::c1/64 dev c0b nodad
	END
	ip -n router -batch - <<-END
		addr add 192.168.2.1/24 dev lan0
		addr add 10.2.0.1/24 dev wan1
		addr add 2001:db8:11::1/64 dev lan0 nodad
		addr add 2001:db8:12::1/64 dev lan0 nodad
		addr add 2001:db8:3::1/64 dev wan1 nodad
		route add default via $SERVER4 dev wan0
		route add default via 10.2.0.2 dev wan1 table 101
		route add 198.51.100.4/32 via 10.2.0.2 dev wan1 table 104
		route add 198.51.100.5/32 via 10.2.0.2 dev wan1 table 105
		route add 198.51.100.6/32 via 10.2.0.2 dev wan1 table 106
		route add default via fe80::12 dev wan1 table 101
		route add 2001:db8:9::5/128 via 2001:db8:2::2 dev wan0
		rule add pref 32000 lookup main suppress_prefixlength 0
		rule add pref 32001 lookup 106
	END
	ip -n server -batch - <<-END
		link set s0b up
		addr add 192.0.2.77/32 dev s0
		addr add 192.0.2.78/32 dev s0b
		addr add 192.0.2.79/32 dev s1
		addr add 10.2.0.2/24 dev s1
		addr add 2001:db8:77::77/128 dev s0 nodad
		addr add 2001:db8:77::78/128 dev s0b nodad
		addr add 2001:db8:77::79/128 dev s1 nodad
		addr add 2001:db8:3::2/64 dev s1 nodad
		addr add fe80::2/64 dev s0 nodad
		addr add fe80::3/64 dev s0b nodad
		addr add fe80::12/64 dev s1 nodad
		route add default via 10.2.0.1 dev s1 table 102
		route add default via 2001:db8:3::1 dev s1 table 102
		rule add fwmark 2 lookup 102
		rule add from 198.51.100.7 lookup 102
	END
	ip -n server -6 rule add fwmark 2 lookup 102
	ip -n server -6 rule add from 2001:db8:9::7 lookup 102
	awk '{ print "addr replace " $3 (/::/ ? "/128" : "/32") " dev lo" }' kinds | ip -n server -batch -
}

# The server answers by the uplink by which the last packet of the connection came.
answer_by_the_same_uplink() {
	labns server nft -f - <<-'END'
		table inet labback {
			chain prerouting {
				type filter hook prerouting priority mangle
				iifname "s0*" ct mark set 1
				iifname "s1" ct mark set 2
			}
			chain output {
				type route hook output priority mangle
				meta mark set ct mark
			}
		}
	END
}

# note_ways NS ADDRESS DEV...: notes the ways of all packets that arrive at these devices, by their destination
# (daddr) or source (saddr).
note_ways() {
	local ns="$1" key="$2"
	shift 2
	labns "$ns" nft -f - <<-END
		table netdev labways {
			set over4 { type ifname . ether_addr . ether_addr . ipv4_addr . inet_proto; size 1000; flags dynamic; }
			set over6 { type ifname . ether_addr . ether_addr . ipv6_addr . inet_proto; size 1000; flags dynamic; }
			chain ingress {
				type filter hook ingress devices = { $(echo "$*" | sed 's/ /, /g') } priority 0
				meta l4proto != { tcp, udp } accept
				update @over4 { meta iifname . ether saddr . ether daddr . ip $key . meta l4proto counter }
				update @over6 { meta iifname . ether saddr . ether daddr . ip6 $key . meta l4proto counter }
			}
		}
	END
}

# Notes the server addresses of all packets that pass the router's stack. The rule with "ct state" makes conntrack
# see them.
note_stack() {
	router_nft -f - <<-'END'
		table inet labstack {
			set over4 { type ipv4_addr . inet_proto; size 1000; flags dynamic; }
			set over6 { type ipv6_addr . inet_proto; size 1000; flags dynamic; }
			chain forward {
				type filter hook forward priority 0
				meta l4proto != { tcp, udp } accept
				iifname "lan0" update @over4 { ip daddr . meta l4proto counter }
				iifname "lan0" update @over6 { ip6 daddr . meta l4proto counter }
				oifname "lan0" update @over4 { ip saddr . meta l4proto counter }
				oifname "lan0" update @over6 { ip6 saddr . meta l4proto counter }
				ct state invalid accept
			}
		}
	END
}

# state N: gives all routes their next hops in this state.
state() {
	local onlink gateway local6 dev="wan0" client=c0 port="udp" source="via 2001:db8:2::2 dev wan0"
	case "$1" in
	1) onlink=77 local6=2 ;;
	2) onlink=78 local6=3 client=c1 port="tcp" source="via 2001:db8:3::2 dev wan1" ;;
	3) onlink=79 local6=12 dev="wan1" source="via fe80::3 dev wan0" ;;
	esac
	gateway="via $SERVER4 dev wan0"
	[ "$1" != 2 ] || gateway="via 10.2.0.2 dev wan1"
	ip -n router -batch - <<-END
		route replace 198.51.100.1/32 via 192.0.2.$onlink dev $dev onlink
		route replace 198.51.100.2/32 via inet6 fe80::$local6 dev $dev
		route replace 198.51.100.3/32 via $SERVER4 dev wan0
		route replace 198.51.100.4/32 via $SERVER4 dev wan0
		route replace 198.51.100.5/32 via $SERVER4 dev wan0
		route replace 198.51.100.7/32 $gateway
		route replace 198.51.100.8/32 via $SERVER4 dev wan0
		route replace 192.168.3.0/24 via inet6 fe80::$client dev lan0
		route replace 2001:db8:9::1/128 via 2001:db8:77::$onlink dev $dev onlink
		route replace 2001:db8:9::2/128 via fe80::$local6 dev $dev
		route replace default from 2001:db8:1::/64 $source
		route replace 2001:db8:9::6/128 via 2001:db8:2::2 dev wan0
		route replace 2001:db8:9::7/128 $(echo "$gateway" | sed "s/$SERVER4/2001:db8:2::2/; s/10.2.0.2/2001:db8:3::2/")
		route replace 2001:db8:13::/64 via fe80::$client dev lan0
	END
	ip -n router rule del pref 104 2>/dev/null || :
	ip -n router rule add pref 104 ipproto $port dport 6000-6999 lookup 104
	if [ "$1" = 2 ]; then
		ip -n router -6 rule del pref 103
		ip -n router -batch - <<-END
			rule del pref 103
			rule del pref 105
			route add 198.51.100.6/32 via $SERVER4 dev wan0
			route replace default from 2001:db8:11::/64 via fe80::2 dev wan0
		END
	elif ! ip -n router rule | grep -q '^103:'; then
		ip -n router -6 rule add pref 103 from 2001:db8:12::/64 lookup 101
		ip -n router -batch - <<-END
			rule add pref 103 from 192.168.2.0/24 lookup 101
			rule add pref 105 iif lan0 lookup 105
			route replace default from 2001:db8:11::/64 via fe80::12 dev wan1
		END
		ip -n router route del 198.51.100.6/32 2>/dev/null || :
	fi
	want "$1"
}

# want N: writes the ways that the kernel chooses in this state to the file "wanted", and the flows that must
# stay on the CPU to "stack-wanted".
want() {
	local name client server protocols a b c d e f way back proto
	: >stack.tmp
	while read -r name client server protocols a b c d e f; do
		eval "way=\$$(echo "$a $b $c" | cut -d ' ' -f "$1") back=\$$(echo "$d $e $f" | cut -d ' ' -f "$1")"
		for proto in $(echo "$protocols" | tr , ' '); do
			echo "$server $proto $way"
			echo "$server $proto $back"
			[ "$name" != asymmetric ] || [ "$1" = 2 ] || echo "$server $proto" >>stack.tmp
		done
	done <kinds | sort >wanted
	sort stack.tmp >stack-wanted
}

# elements NS FAMILY TABLE: prints the elements of both sets: their parts, then the number of packets.
elements() {
	for set in over4 over6; do
		labns "$1" nft list set "$2" "$3" "$set"
	done | tr ',' '\n' | sed -n 's/.*elements = { //; s/^[[:space:]]*//
		s/^\(.*\) counter packets \([0-9]*\) bytes.*/\1 . \2/p' | tr -d '"' | sed 's/ \. / /g'
}

# Forgets all ways up to now. The daemon would have to take a change of a set in the router's ruleset into account,
# so the packets that passed the stack are only written down.
forget() {
	for set in over4 over6; do
		labns client nft flush set netdev labways "$set"
		labns server nft flush set netdev labways "$set"
	done
	elements router inet labstack | sort >stack.before
}

# Writes "ADDRESS PROTOCOL DEVICE SOURCE-MAC DESTINATION-MAC" of all packets since the last forget() to the
# file "seen".
see() {
	{ elements client netdev labways; elements server netdev labways; } >seen.all
	awk '{ print $4, $5, $1, $2, $3 }' seen.all | sort >seen
}

# At least so many packets have come by each way that was wanted.
came() {
	see
	awk -v n="$1" '$6 >= n { print $4, $5, $1, $2, $3 }' seen.all | sort >seen.enough
	[ -z "$(comm -23 wanted seen.enough)" ]
}

# For a while, all packets come by the ways that are wanted. The flows that must stay on the CPU, and no others, pass
# the router's stack, if there is a daemon.
by_wanted_ways() {
	forget
	wait_until 30 came 10 || return 1
	elements router inet labstack | sort | comm -13 stack.before - | awk '{ print $1, $2 }' >stack
	cmp -s wanted seen && { [ -z "$DAEMON_PID" ] || cmp -s stack-wanted stack; }
}

# check WHAT
check() {
	local offloaded=$FLOWS
	[ ! -s stack-wanted ] || offloaded=$((FLOWS - ASYMMETRIC))
	if [ -n "$DAEMON_PID" ]; then
		wait_until 40 status_is flows.offloaded "$offloaded" || {
			offload flows >&2
			fail "$1: not $offloaded flows offloaded"
		}
		wait_for 20 status_is reasons.asymmetric-route $((FLOWS - offloaded))
	fi
	wait_until 30 by_wanted_ways || {
		diff wanted seen >&2 || :
		diff stack-wanted stack >&2 || :
		fail "$1: packets take other ways"
	}
	echo "$1: $(awk '{ n += $6 } END { print n }' seen.all) packets by $(wc -l <seen) ways, as wanted"
}

# Several flows of a kind are one crowd.
open_crowds() {
	local n=0 name client server protocols rest
	while read -r name client server protocols rest; do
		[ "$protocols" != tcp ] || continue
		n=$((n + 1))
		crowd_open "$n" --port $((6000 + 10 * n)) --sport $((10000 + 10 * n)) --source "$client" --to "$server" --at "$server" \
			u:udp,flows=1,size=500,rate=5,answer=500 t:tcp,flows=1,size=500,rate=5,answer=500
	done <kinds
	CROWDS=$n
	for n in $(seq "$CROWDS"); do
		crowd_ready "$n" 30
	done
}

topology
answer_by_the_same_uplink
note_ways server daddr s0 s1
note_ways client saddr c0
note_stack
topo_acct
state 1
open_crowds

check "state 1 without the daemon"
state 2
check "state 2 without the daemon"
state 3
check "state 3 without the daemon"

start_daemon 'devices = { "lan0", "wan0", "wan1" }' 'offload = software'
check "state 3"
state 2
check "state 2"
state 1
check "state 1"
for n in $(seq "$CROWDS"); do
	crowd_close "$n"
done

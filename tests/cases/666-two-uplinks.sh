#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
#
# A router with two uplinks, each of which fails and comes back. Four groups of clients choose by their addresses:
# packets of the first have no mark, each packet of the second gets a mark, and the others have their mark from their
# connection, in both directions. UDP and TCP, IPv4 and IPv6. Every flow leaves by the uplink that the kernel
# chooses: before offload, offloaded, and after each change.
#
# IPv4 is masqueraded: a change of the uplink ends the connection. So is IPv6, or it is only routed (ROUTED=yes): then
# its connections go on.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/uplinks.sh
. "${LAB_TOPO%/*}/uplinks.sh"

: "${ROUTED:=}"
FLOWS=2			# of each group, family and protocol
ALL=$((FLOWS * 16))

# group NUMBER: sets the port of the server to which this group sends, its addresses, and the mark of its packets.
group() {
	port=700$1
	case $1 in
	1) client4=$CLIENT4 client6=$CLIENT6 mark=0 ;;
	2) client4=192.168.1.66 client6=2001:db8:1:0:2::2 mark=2 ;;
	3) client4=192.168.1.130 client6=2001:db8:1:0:3::2 mark=2 ;;
	4) client4=192.168.1.194 client6=2001:db8:1:0:4::2 mark=1 ;;
	esac
}

# ---- the router ----

# Table 101 is for packets with mark 1, which take the first uplink, and table 102 for mark 2. Routes to networks of
# the router itself come first. A packet whose table has no route takes the main table, as does one without a mark.
router_rules() {
	local family
	for family in -4 -6; do
		ip -n router "$family" -batch - <<-END
			rule add pref 100 lookup main suppress_prefixlength 0
			rule add pref 101 fwmark 1/0xff lookup 101
			rule add pref 102 fwmark 2/0xff lookup 102
		END
	done
	# The first packet chooses, and later ones of both directions get the mark of their connection. Other bits of that
	# mark belong to others. As usual, invalid packets are dropped, which would leave without translation, and so are
	# packets from outside to the router itself: when the kernel has ended a TCP connection because of its uplink, the
	# server still sends to the old address, and the router would reset that connection by the other uplink.
	router_nft -f - <<-'END'
		table inet multiwan {
			chain prerouting {
				type filter hook prerouting priority mangle
				iifname "lan0" ct state new jump choose
				meta mark set ct mark & 0x000000ff
				iifname "lan0" ip saddr 192.168.1.64/26 meta mark set 2
				iifname "lan0" ip6 saddr 2001:db8:1:0:2::/80 meta mark set 2
			}
			chain forward {
				type filter hook forward priority filter
				ct state invalid drop
			}
			chain input {
				type filter hook input priority filter
				iifname { "wan0", "wan1" } meta l4proto { tcp, udp } drop
			}
			chain choose {
				ip saddr 192.168.1.128/26 ct mark set ct mark & 0xffffff00 | 2
				ip6 saddr 2001:db8:1:0:3::/80 ct mark set ct mark & 0xffffff00 | 2
				ip saddr 192.168.1.192/26 ct mark set ct mark & 0xffffff00 | 1
				ip6 saddr 2001:db8:1:0:4::/80 ct mark set ct mark & 0xffffff00 | 1
			}
		}
	END
}

# routes add|replace|del TABLE UPLINK [METRIC]: a default route by this uplink, 1 or 2, of each family.
routes() {
	local via="via $SERVER4 dev wan0" via6="via $SERVER6 dev wan0"
	[ "$3" = 1 ] || via="via 10.2.0.2 dev wan1" via6="via $UPLINKS_GATEWAY6 dev wan1"
	ip -n router -batch - <<-END
		route $1 default $via table $2 metric ${4:-10}
		route $1 default $via6 table $2 metric ${4:-10}
	END
}

# ---- the server, without masquerading ----

# Makes it answer by the device of the last packet of the connection.
server_answers() {
	labns server nft -f - <<-'END'
		table ip6 labanswer {
			chain prerouting {
				type filter hook prerouting priority mangle
				iifname "s0" ct mark set 1
				iifname "s1" ct mark set 2
			}
			chain output {
				type route hook output priority mangle
				meta mark set ct mark
			}
		}
	END
	ip -n server -6 rule add fwmark 1 lookup 201
	ip -n server -6 rule add fwmark 2 lookup 202
	server_routes
}

# The kernel removes them with the link.
server_routes() {
	ip -n server -batch - <<-END
		route replace default via $ROUTER6 dev s0 table 201
		route replace default via $UPLINKS_ROUTER6 dev s1 table 202
		route replace default via $ROUTER6 dev s0 metric 10
		route replace default via $UPLINKS_ROUTER6 dev s1 metric 20
	END
}

# ---- what arrives ----

# Counts all packets of clients by device, family, protocol and port. The counter stray is for packets that have left
# by an uplink with the address of the other one, and untranslated is for those with the address of the client.
count_arrivals() {
	labns server nft -f - <<-END
		table inet labarrivals {
			set seen {
				type ifname . nf_proto . inet_proto . inet_service
				flags dynamic
				counter
			}
			counter stray { }
			counter untranslated { }
			chain prerouting {
				type filter hook prerouting priority raw
				meta l4proto { tcp, udp } th dport 7001-7004 jump client
			}
			chain client {
				update @seen { iifname . meta nfproto . meta l4proto . th dport }
				iifname "s0" ip saddr 10.2.0.1 counter name stray
				iifname "s1" ip saddr 203.0.113.1 counter name stray
				iifname "s0" ip6 saddr $UPLINKS_ROUTER6 counter name stray
				iifname "s1" ip6 saddr $ROUTER6 counter name stray
				ip saddr 192.168.1.0/24 counter name untranslated
				$([ -n "$ROUTED" ] || echo "ip6 saddr 2001:db8:1::/64 counter name untranslated")
			}
		}
	END
}

# arrivals COUNTER: prints its number of packets
arrivals() {
	labns server nft list counter inet labarrivals "$1" | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p'
}

forget_arrivals() {
	labns server nft flush set inet labarrivals seen
}

# Writes a line "DEV FAMILY PROTO PORT PACKETS" for each to the file arrivals.
read_arrivals() {
	labns server nft list set inet labarrivals seen | tr ',' '\n' |
		sed -n 's/.*"\(s[01]\)" \. \([a-z0-9]*\) \. \([a-z]*\) \. \([0-9]*\) counter packets \([0-9]*\) .*/\1 \2 \3 \4 \5/p' \
			>arrivals
}

# have_arrived N DEV...: for wait_for: N packets of each family and protocol have come from each group by its device.
have_arrived() {
	local least="$1"
	shift
	read_arrivals
	awk -v least="$least" -v devices="$*" '
		BEGIN { split(devices, device) }
		$1 == device[$4 % 10] && $5 >= least { n++ }
		END { exit n < 16 }' arrivals
}

# Prints how many packets have come by the device of their group; lines of others to the file strange.
arrived() {
	awk -v devices="$*" '
		BEGIN { split(devices, device) }
		$1 == device[$4 % 10] { n += $5; next }
		{ print >"strange" }
		END { print n + 0 }' arrivals
}

# kernel_chooses DEV...: fails unless the kernel has this route for packets of each group.
kernel_chooses() {
	local i=0 dev
	for dev in "$@"; do
		i=$((i + 1))
		group $i
		ip -n router route get "$UPLINKS_SERVER" from "$client4" iif lan0 mark "$mark" >chosen
		ip -n router route get "$UPLINKS_SERVER6" from "$client6" iif lan0 mark "$mark" >>chosen
		[ "$(grep -c "dev wan${dev#s} " chosen)" = 2 ] ||
			fail "group $i is not routed to the uplink of $dev: $(cat chosen)"
	done
}

# ways_are WHAT DEV...: all flows of each group arrive at the server by this device, and nothing by the other one. If
# the daemon runs, it has offloaded all, and the router's stack does not see the packets.
ways_are() {
	local what="$1" forwarded all
	shift
	kernel_chooses "$@"
	forget_arrivals
	wait_until 60 have_arrived 5 "$@" || { cat arrivals >&2; fail "$what: not all flows arrive by $*"; }
	[ -z "$DAEMON_PID" ] || wait_until 60 uplinks_offloaded $ALL ||
		{ offload flows >&2; fail "$what: not $ALL flows are offloaded"; }
	forwarded=$(fwd_packets)
	forget_arrivals
	wait_for 60 have_arrived 20 "$@"
	forwarded=$(($(fwd_packets) - forwarded))
	: >strange
	all=$(arrived "$@")
	[ ! -s strange ] || { cat strange >&2; fail "$what: packets have left by the wrong uplink"; }
	echo "$what: $all packets have arrived by $*; the router's stack has forwarded $forwarded of both directions"
	assert_eq "$what: packets with the address of the other uplink" "$(arrivals stray)" 0
	assert_eq "$what: packets with the address of their client" "$(arrivals untranslated)" 0
	[ -z "$DAEMON_PID" ] || assert_le "$what: forwarded by the router's stack" "$forwarded" $((all / 10))
}

# ---- the case ----

if [ -z "$ROUTED" ]; then
	uplinks_topology
else
	uplinks_topology ip
	server_answers
fi
topo_count_forward
count_arrivals
# Addresses survive when a link is down.
for ns in router server; do
	labns $ns sh -c 'for f in /proc/sys/net/ipv6/conf/*/keep_addr_on_down; do echo 1 >$f; done'
done
sources=
for i in 1 2 3 4; do
	group $i
	[ $i = 1 ] || ip -n client -batch - <<-END
		addr add $client4/24 dev c0
		addr add $client6/64 dev c0 nodad
	END
	sources="$sources $client4,$port $client6,$port"
done
ip -n router route flush table 100
ip -n router -6 route flush table 100
routes add main 2 2000
routes add 101 1
routes add 102 2
router_rules
in_router ping -q -c 1 -W 1 $UPLINKS_GATEWAY6 >/dev/null
background echo in_server python3 -B "$WAYS" echo 7001 4 "$UPLINKS_SERVER" "$UPLINKS_SERVER6"
wait_for 20 background_line echo listening
# shellcheck disable=SC2086 # a list
background clients in_client python3 -B "$WAYS" clients "$CASE_DIR/stop" $FLOWS "$UPLINKS_SERVER" "$UPLINKS_SERVER6" \
	$sources
ways_are "before offload" s0 s1 s1 s0

uplinks_start
ways_are "offloaded" s0 s1 s1 s0

# A program that watches the uplinks removes the routes by the one that fails.
routes del 102 2
ways_are "the second uplink has no route" s0 s0 s0 s0
routes add 102 2
ways_are "the second uplink is back" s0 s1 s1 s0

# Or it replaces them by others. The main table has a second default route already.
routes replace 101 2
ip -n router route del default via "$SERVER4"
ip -n router route del default via "$SERVER6"
ways_are "the first uplink has no route" s1 s1 s1 s1
routes replace 101 1
ip -n router route add default via "$SERVER4" dev wan0
ip -n router route add default via "$SERVER6" dev wan0
ways_are "the first uplink is back" s0 s1 s1 s0

ip -n router link set wan1 down
ways_are "the second uplink is down" s0 s0 s0 s0
ip -n router link set wan1 up
routes add main 2 2000
routes add 102 2
ways_are "the second uplink is up" s0 s1 s1 s0

# The kernel announces no route when it ignores those without a carrier. Of "1" and a newline, the file for IPv6
# would take the first byte only.
in_router sh -c 'for f in /proc/sys/net/ipv*/conf/*/ignore_routes_with_linkdown; do printf 1 >$f; done'
ip -n server link set s0 down
ways_are "the first uplink has no carrier" s1 s1 s1 s1
ip -n server link set s0 up
[ -z "$ROUTED" ] || server_routes
ways_are "the first uplink has a carrier" s0 s1 s1 s0

touch stop
wait_for 20 has_ended clients
while read -r source proto sent came reset; do
	echo "$source, $proto: $came of $sent packets came back; $reset connections were reset"
	assert_ge "$source: $proto packets that came back" "$came" $((sent * 3 / 4))
	case $ROUTED$source in
	yes*:*) assert_eq "$source: connections that were reset" "$reset" 0 ;;
	esac
done <clients
[ "${UPLINKS_OFFLOAD:-}" != hardware ] || agree 20

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kern/ understands a real kernel's answers and events about conntrack, links, neighbours and
# routes, and its updates of a conntrack entry take effect.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

golden() {
	labns router "$LAB_BUILD/tests/golden/golden-lab" "$@"
}

# has REGEX: the watcher has printed a line that begins with this
has() {
	grep -q "^$1" watched
}

topo_router2
topo_masquerade
topo_acct
lan0=$(ip -n router -o link show lan0 | cut -d: -f1)
wan0=$(ip -n router -o link show wan0 | cut -d: -f1)

# ---- links and neighbours ----

ip -n router link add br0 type bridge
ip -n router link add p0 type dummy
ip -n router link set p0 master br0
ip -n router link add link lan0 name lan0.7 type vlan id 7
br0=$(ip -n router -o link show br0 | cut -d: -f1)
p0=$(ip -n router -o link show p0 | cut -d: -f1)
golden links >links.txt
grep -q "^link $lan0 lan0 kind=veth mac=$LAN_MAC mtu=1500 master=0 lower=0 vlan=0 up ether$" links.txt ||
	fail "wrong line about lan0: $(grep lan0 links.txt)"
grep -q "^link [0-9]* lan0.7 kind=vlan mac=$LAN_MAC mtu=1500 master=0 lower=$lan0 vlan=7 ether$" links.txt ||
	fail "wrong line about lan0.7: $(grep lan0.7 links.txt)"
grep -q "^link [0-9]* p0 kind=dummy .* master=$br0 lower=0 vlan=0 ether$" links.txt || fail "wrong line about p0"
grep -q '^link 1 lo .* up loopback$' links.txt || fail "wrong line about lo"
assert_eq "lines for p0, a port of a bridge" "$(grep -c ' p0 ' links.txt)" 1

golden neighs >neighs.txt
grep -q "^neigh $lan0 192.168.1.2 mac=$CLIENT_MAC valid$" neighs.txt || fail "the client is missing"
grep -q "^neigh $wan0 $SERVER6 mac=$SERVER_MAC valid$" neighs.txt || fail "the server is missing"

# ---- routes ----

ip -n router route add 10.1.0.0/16 via "$SERVER4" mtu 1400
ip -n router route add 10.2.0.0/16 via inet6 2001:db8:2::2 dev wan0
ip -n router route add 2001:db8:9::/48 via "$SERVER6"
ip -n router route add unreachable 10.3.0.0/16
ip -n router route add prohibit 10.4.0.0/16
ip -n router route add blackhole 10.5.0.0/16
for type in unreachable prohibit blackhole; do
	ip -n router route add "$type" "2001:db8:a${#type}::/48"
done
ip -n router rule add fwmark 5 unreachable

check_route() {
	wanted=$1
	shift
	assert_eq "route $*" "$(golden route "$@")" "$wanted"
}
check_route "unicast err=0 oif=$wan0 gateway=- mtu=0" "$SERVER4"
check_route "unicast err=0 oif=$wan0 gateway=- mtu=0" "$SERVER4" from "$CLIENT4" iif lan0
check_route "unicast err=0 oif=$wan0 gateway=$SERVER4 mtu=1400" 10.1.2.3 from "$CLIENT4" iif lan0
check_route "unicast err=0 oif=$wan0 gateway=2001:db8:2::2 mtu=0" 10.2.2.3 from "$CLIENT4" iif lan0
check_route "local err=0 oif=1 gateway=- mtu=0" "$ROUTER4"
check_route "local err=0 oif=1 gateway=- mtu=0" "$ROUTER4" from "$CLIENT4" iif lan0
check_route "other err=0 oif=$wan0 gateway=- mtu=0" 203.0.113.255
check_route "none err=-113 oif=0 gateway=- mtu=0" 10.3.2.3 from "$CLIENT4" iif lan0
check_route "none err=-13 oif=0 gateway=- mtu=0" 10.4.2.3 from "$CLIENT4" iif lan0
check_route "none err=-22 oif=0 gateway=- mtu=0" 10.5.2.3 from "$CLIENT4" iif lan0
check_route "none err=-101 oif=0 gateway=- mtu=0" 192.0.2.77
check_route "none err=-101 oif=0 gateway=- mtu=0" "$SERVER4" mark 5
# With rp_filter, a lookup fails for a source address that is reached by another port. It also fails
# for one of the router's own addresses.
labns router sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
check_route "none err=-18 oif=0 gateway=- mtu=0" "$SERVER4" from "$CLIENT4" iif wan0
check_route "none err=-22 oif=0 gateway=- mtu=0" "$SERVER4" from "$ROUTER4" iif lan0

check_route "unicast err=0 oif=$wan0 gateway=- mtu=0" "$SERVER6" from "$CLIENT6" iif lan0
check_route "unicast err=0 oif=$wan0 gateway=$SERVER6 mtu=0" 2001:db8:9::1 from "$CLIENT6" iif lan0
check_route "local err=0 oif=1 gateway=- mtu=0" "$ROUTER6"
check_route "none err=-113 oif=0 gateway=- mtu=0" 2001:db8:a11::1 from "$CLIENT6" iif lan0
check_route "none err=-13 oif=0 gateway=- mtu=0" 2001:db8:a8::1 from "$CLIENT6" iif lan0
check_route "none err=-22 oif=0 gateway=- mtu=0" 2001:db8:a9::1 from "$CLIENT6" iif lan0
check_route "none err=-101 oif=0 gateway=- mtu=0" 2001:db8:77::1 from "$CLIENT6" iif lan0

# ---- events ----

golden watch 60 >watched 2>&1 &
watcher=$!
wait_for 10 has ready

vlan=$(ip -n router -o link show lan0.7 | cut -d: -f1)
ip -n router link set lan0.7 up
wait_for 5 has "link $vlan lan0.7 kind=vlan .* up ether$"
wait_for 5 has "mtu6 $vlan 1500$"
ip -n router link del lan0.7
wait_for 5 has "link $vlan gone"

# Each event names the routes that it can concern, and as few others as possible.
ip -n router route add 192.0.2.0/24 via "$SERVER4"
wait_for 5 has "routes changed: device 0, 192.0.2.0/24"
ip -n router -6 rule add pref 900 from 2001:db8:900::/48 lookup main
wait_for 5 has "routes changed: device 0, ::/0"
ip -n router addr add 192.0.2.129/25 dev wan0
wait_for 5 has "routes changed: device 0, 192.0.2.129/32"
wait_for 5 has "routes changed: device 0, 192.0.2.128/25"
assert_eq "events about all routes" "$(grep -c "routes changed: device 0, 0.0.0.0/0" watched)" 0
ip -n router addr del 192.0.2.129/25 dev wan0
wait_for 5 has "routes changed: device 0, 0.0.0.0/0"
in_router sh -c 'echo 1 >/proc/sys/net/ipv4/conf/wan0/rp_filter'
wait_for 5 has "routes changed: device $wan0, 0.0.0.0/0"
ip -n router nexthop add id 7 via "$SERVER4" dev wan0
ip -n router nexthop replace id 7 via "$SERVER4" dev wan0 onlink
wait_for 5 has "routes changed: device 0, -/0"
assert_eq "events for two changes of a nexthop" "$(grep -c "routes changed: device 0, -/0" watched)" 1
ip -n router nexthop del id 7
ip -n router -6 rule del pref 900
ip -n router route del 192.0.2.0/24
ip -n router neigh replace 203.0.113.77 lladdr 02:00:00:00:00:77 dev wan0
wait_for 5 has "neigh $wan0 203.0.113.77 mac=02:00:00:00:00:77 valid"
ip -n router neigh del 203.0.113.77 dev wan0
wait_for 5 has "neigh $wan0 203.0.113.77 mac=00:00:00:00:00:00$"
bridge -n router fdb add 02:00:00:00:00:88 dev p0 master static
wait_for 5 has "station bridge=$br0 port=$p0 vlan=0 02:00:00:00:00:88$"
bridge -n router fdb del 02:00:00:00:00:88 dev p0 master
wait_for 5 has "station bridge=$br0 port=0 vlan=0 02:00:00:00:00:88$"
in_router sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
wait_for 5 has "forwards IPv6: yes"
ip -n router link set p0 nomaster
wait_for 5 has "bridges changed"
ip -n router link del br0

transfer_open t tcp 4 100000
tuple=$(golden conns | sed -n 's|^conn update \(tcp .*\) / .* ESTABLISHED .*|\1|p')
[ -n "$tuple" ] || fail "no TCP connection in the dump: $(golden conns)"
wait_for 5 has "event update $tuple / tcp $SERVER4:.* > $ROUTER4:.* ESTABLISHED"
grep '^event' watched | grep -v -E 'status=0x[0-9a-f]*[4567cdef] ' >unassured || :
assert_eq "events about connections that are not assured" "$(cat unassured)" ""

# ---- updates of a conntrack entry ----

golden conn care "$tuple" 1 1000 >care.txt
assert_eq "update of timeout and window check" "$(cat care.txt)" "conn: 0"
# The event shows the new timeout, or one second less. The next packet sets the timeout again.
wait_for 5 grep -q "^event update $tuple .* timeout=\(1000\|999\) .* ESTABLISHED .*caused$" watched
# The connection goes on after the update.
transfer_bulk t
transfer_close t
wait_for 5 grep -q "^event update $tuple .* TIME_WAIT" watched
golden conn state "$tuple" 7 1 >state.txt
assert_eq "update of the TCP state" "$(cat state.txt)" "conn: 0"
# The kernel removes expired entries only now and then, but also during a dump.
is_destroyed() {
	golden conns >/dev/null
	grep -q "^event destroy $tuple" watched
}
wait_for 10 is_destroyed
assert_eq "query of an entry that is gone" "$(golden conn get "$tuple")" "conn: -2"
assert_eq "update of an entry that is gone" "$(golden conn care "$tuple" 1 0)" "conn: -2"

kill "$watcher"
! grep -q -e lost -e malformed watched || fail "events were lost or malformed"

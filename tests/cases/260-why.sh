#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `why` gives the true reason, for connections that the daemon knows and for those that it never
# saw.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
# A helper for FTP connections.
router_nft -f - <<'END'
table inet labhelper {
	ct helper ftp { type "ftp" protocol tcp; }
	chain prerouting {
		type filter hook prerouting priority filter
		tcp dport 21 ct helper set "ftp"
	}
}
END
topo_link router dmz0 02:00:00:00:03:01 server s1 02:00:00:00:03:02
ip -n router addr add 192.0.2.1/24 dev dmz0
ip -n server addr add 192.0.2.2/24 dev s1
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events'

# expect_why REASON PROTO SRC:PORT DST:PORT
expect_why() {
	local wanted=$1
	shift
	offload -j why "$@" >why.json || fail "why $*: status $?"
	grep -q "\"reason\": *\"$wanted\"" why.json || { cat why.json; fail "why $* does not say $wanted"; }
	offload why "$@" | grep -q "$wanted" || fail "the text of why $* does not say $wanted"
	echo "$*: $wanted"
}

# listen PORT: the server accepts connections and keeps them open
listen() {
	in_server socat "TCP4-LISTEN:$1,fork,reuseaddr" SYSTEM:'sleep 100' >/dev/null 2>&1 &
}

# hold NS SPORT ADDRESS:PORT: opens a connection and keeps it open
hold() {
	labns "$1" socat -u "TCP4:$3,sourceport=$2,reuseaddr,retry=50,interval=0.1" - >/dev/null 2>&1 </dev/null &
}

has_entry() {
	in_router conntrack -L -p tcp --orig-port-src "$1" 2>/dev/null | grep -q "$2"
}

listen 21
listen 80
in_router socat TCP4-LISTEN:8022,fork,reuseaddr SYSTEM:'sleep 100' >/dev/null 2>&1 &

# An offloaded connection.
hold client 41000 "$SERVER4:80"
wait_for 5 has_rules lan0 1
offload -j why tcp "$CLIENT4:41000" "$SERVER4:80" | grep -q '"state": *"offloaded"' || fail "not offloaded"
# shows WORD...: the text of the last why contains these words
shows() {
	grep -qF "$*" why.txt || { cat why.txt; fail "why does not show: $*"; }
}
offload why tcp "$CLIENT4:41000" "$SERVER4:80" >why.txt
shows "original direction: to $SERVER4 at $SERVER_MAC, from $WAN_MAC, by port wan0; packets of up to 1500 bytes"
shows "reply direction: to $CLIENT4 at $CLIENT_MAC, from $LAN_MAC, by port lan0; packets of up to 1500 bytes"
# The same connection by its reply tuple.
offload -j why tcp "$SERVER4:80" "$ROUTER4:41000" | grep -q '"state": *"offloaded"' || fail "reply tuple not found"

# A connection to the router itself.
hold client 41001 192.168.1.1:8022
wait_for 5 has_entry 41001 ESTABLISHED
expect_why local tcp "$CLIENT4:41001" 192.168.1.1:8022

# No answer: the connection stays in SYN_SENT.
in_server nft -f - <<'END'
table ip deaf {
	chain input {
		type filter hook input priority 0
		tcp dport 99 drop
	}
}
END
hold client 41002 "$SERVER4:99"
wait_for 5 has_entry 41002 SYN_SENT
expect_why tcp-not-established tcp "$CLIENT4:41002" "$SERVER4:99"

# A device that the configuration does not name.
hold client 41003 192.0.2.2:80
wait_for 5 has_entry 41003 ESTABLISHED
expect_why device-not-named tcp "$CLIENT4:41003" 192.0.2.2:80
offload why tcp "$CLIENT4:41003" 192.0.2.2:80 >why.txt
shows "add the device to devices in nft-offload.conf"
# By another table.
ip -n router route add 192.0.2.0/24 dev dmz0 table 100
ip -n router rule add to 192.0.2.0/24 lookup 100
offload why tcp "$CLIENT4:41003" 192.0.2.2:80 >why.txt
shows "out of dmz0, from table 100"
ip -n router rule del to 192.0.2.0/24 lookup 100

# A connection with a helper.
hold client 41004 "$SERVER4:21"
wait_for 5 has_entry 41004 ESTABLISHED
expect_why helper tcp "$CLIENT4:41004" "$SERVER4:21"

# The next hop of an offloaded flow becomes unresolved.
hold client 41005 "$SERVER4:80"
wait_for 5 has_rules lan0 2
# The server must not answer ARP, or the SYNs above would resolve the next hop again.
ip -n server link set s0 arp off
ip -n router neigh replace "$SERVER4" dev wan0 nud failed
wait_for 5 has_rules lan0 0
expect_why neighbour-unresolved tcp "$CLIENT4:41005" "$SERVER4:80"
ip -n server link set s0 arp on
ip -n router neigh replace "$SERVER4" dev wan0 lladdr "$SERVER_MAC" nud reachable
wait_for 5 has_rules lan0 2

# No route back to the client.
ip -n router addr del 192.168.1.1/24 dev lan0
wait_for 5 has_rules lan0 0
expect_why no-route tcp "$CLIENT4:41005" "$SERVER4:80"
ip -n router addr add 192.168.1.1/24 dev lan0

# A connection that does not exist.
offload -j why tcp 10.9.9.9:1 10.9.9.8:2 | grep -q '"found": *false' || fail "it was found"

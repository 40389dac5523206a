# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# matrix.sh - offloads one connection of each kind of NAT, for IPv4 and IPv6. Source it
# after topo.sh. A case gives the protocol and the mode:
#
#	run_matrix PROTO OFFLOAD-MODE
#
# VIP4 and VIP6 are the addresses that the client connects to when the router translates
# the destination.

VIP4=198.51.100.10 VIP6=2001:db8:5::10
MATRIX_BYTES=${MATRIX_BYTES:-33554432}
MATRIX_MODE=${MATRIX_MODE:-software}

# set_nat KIND PROTO FAMILY PORT: makes the router translate. The server listens on PORT.
set_nat() {
	local l3 server router
	router_nft delete table inet labnat 2>/dev/null || :
	if [ "$3" = 4 ]; then
		l3=ip server=203.0.113.2 router=203.0.113.1
	else
		l3=ip6 server="[2001:db8:2::2]" router="[2001:db8:2::1]"
	fi
	case $1 in
	routed) return ;;
	masquerade) set -- "" 'oifname "wan0" masquerade' ;;
	dnat) set -- "iifname \"lan0\" $2 dport $4 dnat $l3 to $server" '' ;;
	both) set -- "iifname \"lan0\" $2 dport 8080 dnat $l3 to $server:$4" \
			"oifname \"wan0\" meta l4proto $2 snat $l3 to $router:30000-30999" ;;
	esac
	router_nft -f - <<-END
		table inet labnat {
			chain prerouting {
				type nat hook prerouting priority dstnat
				$1
			}
			chain postrouting {
				type nat hook postrouting priority srcnat
				$2
			}
		}
	END
}

no_rules() {
	[ "$(rules lan0)" = 0 ] && [ "$(rules wan0)" = 0 ]
}

both_rules() {
	[ "$(rules lan0)" = 1 ] && [ "$(rules wan0)" = 1 ]
}

# Fails unless each device has a rule in hardware, and the daemon says in_hw.
matrix_in_hardware() {
	local dev
	for dev in lan0 wan0; do
		[ "$(tc -n router filter show dev "$dev" ingress | grep -c '^  in_hw ')" -ge 1 ] ||
			fail "$1: the rule on $dev is not in hardware"
	done
	offload -j flows --state offloaded | grep -q '"in_hw": *true' || fail "$1: flows does not say in_hw"
}

# Prints the number of packets that rules have forwarded, according to the daemon.
offloaded_packets() {
	offload -j status | json_path --sum 'packets.offloaded.orig|reply'
}

# The daemon must count the packets that the NIC forwarded, and the NIC and the stack must
# have forwarded all bytes. The NIC may forward a packet or two after the daemon has read
# a rule for the last time. The hits of the NIC cannot be compared: they include hits of
# guards by multicast listener reports, which have hop limit 1.
matrix_counters() {
	local forwarded said
	forwarded=$(($(nicsim_counter forwarded) - forwarded_packets_before))
	said=$(($(offloaded_packets) - said_before))
	assert_le "$1: packets that the daemon counted, of $forwarded of the NIC" "$said" "$forwarded"
	assert_ge "$1: packets that the daemon counted, of $forwarded of the NIC" "$said" $((forwarded - 3))
	assert_ge "$1: bytes that the NIC forwarded" \
		$(($(nicsim_counter forwarded_bytes) - forwarded_before + crossed)) $((MATRIX_BYTES * 2))
}

# matrix_one KIND PROTO FAMILY: tests one cell of the matrix.
matrix_one() {
	local kind=$1 proto=$2 family=$3 name="$2-ip$3-$1" before crossed port
	local keep4=$SERVER4 keep6=$SERVER6
	port=$((5200 + transfer_count + 1))
	set_nat "$kind" "$proto" "$family" "$port"
	set --
	case $kind in
	dnat | both) SERVER4=$VIP4 SERVER6=$VIP6 ;;
	masquerade) [ "$family" = 4 ] || set -- --source "$CLIENT6_ULA" ;;
	esac
	[ "$kind" != both ] || set -- --port 8080
	before=$(fwd_bytes)
	if [ "$MATRIX_MODE" = hardware ]; then
		forwarded_packets_before=$(nicsim_counter forwarded)
		said_before=$(offloaded_packets)
		forwarded_before=$(nicsim_counter forwarded_bytes)
	fi
	transfer_open "$name" "$proto" "$family" "$MATRIX_BYTES" --quiet-wait "$@"
	SERVER4=$keep4 SERVER6=$keep6
	wait_for 5 both_rules
	[ "$MATRIX_MODE" != hardware ] || matrix_in_hardware "$name"
	transfer_bulk "$name"
	# TCP closes its connection. A UDP flow ends when its conntrack entry is deleted.
	transfer_close "$name"
	[ "$proto" = tcp ] || in_router conntrack -D -p udp >/dev/null 2>&1 || :
	wait_for 1 no_rules
	crossed=$(($(fwd_bytes) - before))
	assert_le "$name: bytes through the forward hook" "$crossed" $((MATRIX_BYTES * 2 * 3 / 100))
	[ "$MATRIX_MODE" != hardware ] || matrix_counters "$name"
	echo "$name: $crossed of $((MATRIX_BYTES * 2)) bytes crossed the router's stack; $(transfer_result "$name")"
}

run_matrix() {
	local family kind
	MATRIX_MODE=$2
	topo_router2
	topo_track # "routed", too
	topo_acct
	topo_count_forward
	start_daemon 'devices = { "lan0", "wan0" }' "offload = $2" \
		'allow-drivers = { "nicsim" }'
	for family in 4 6; do
		for kind in routed masquerade dnat both; do
			matrix_one "$kind" "$1" "$family"
		done
	done
}

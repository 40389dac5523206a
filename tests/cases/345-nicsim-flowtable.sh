#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The kernel's flowtable with "flags offload" can use nicsim. nicsim takes its flows, and decrements
# their TTL although no action says so.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

BYTES=3000000

hardware_has() {
	[ "$(nicsim used)" -ge "$1" ]
}

nicsim_load "ports=2" "${1:-profile=full}" stats_delay_ms=0
topo_router2
topo_masquerade
topo_acct
topo_count_forward
router_nft -f - <<'END'
table inet lab {
	flowtable f {
		hook ingress priority 0; devices = { lan0, wan0 }; flags offload; counter
	}
	chain forward {
		type filter hook forward priority 0
		meta l4proto { tcp, udp } flow add @f
	}
}
END

# No GRO: merged packets have no checksums to look at.
in_server ethtool -K s0 gro off
in_server tcpdump -U -nvi s0 -w seen.pcap 2>/dev/null &
TCPDUMP=$!

for kind in "tcp 4" "tcp 6" "udp 4"; do
	# shellcheck disable=SC2086 # two words
	transfer_open "flow" $kind "$BYTES"
	transfer_go flow
	wait_for 20 hardware_has 2
	transfer_wait flow
	grep -q 'ft_prio=0' $NICSIM_DEBUGFS/rules || { nicsim rules; fail "the rules are not a flowtable's"; }
	transfer_close flow
	in_router conntrack -F 2>/dev/null
done
echo "$(fwd_bytes) bytes through the forward hook, $(nicsim_counter forwarded_bytes) in hardware"
assert_ge "bytes in hardware" "$(nicsim_counter forwarded_bytes)" $((BYTES * 4))

# Every packet to the server was routed once: its TTL is 63.
kill "$TCPDUMP"
wait "$TCPDUMP" || :
tcpdump -nvr seen.pcap "src host $ROUTER4 and tcp and dst host $SERVER4" 2>/dev/null | sed -n 's/.* ttl \([0-9]*\),.*/\1/p' |
	sort | uniq -c >ttls
cat ttls
assert_eq "TTLs at the server" "$(awk '{ print $2 }' ttls)" 63
! tcpdump -nvr seen.pcap "tcp and dst host $SERVER4" 2>/dev/null | grep -q 'incorrect' || fail "bad checksums"

# When the flowtable is deleted, its flows leave the NIC.
transfer_open last tcp 4 "$BYTES"
transfer_go last
wait_for 20 hardware_has 1
router_nft delete table inet lab
assert_eq "entries after the table is gone" "$(nicsim used)" 0
transfer_wait last
transfer_close last

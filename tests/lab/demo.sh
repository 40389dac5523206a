#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo - the NIC takes over connections that cross a NAT router, and the router removes
# the rules when the connections end. Shows the flows meanwhile. At the end, compares
# the bytes that the NIC forwarded with those that the router's own stack saw.
set -eu
# shellcheck source=topo.sh
. "$LAB_TOPO"
# shellcheck source=nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

BYTES=$((16 * 1024 * 1024))
NAMES="tcp4 udp4 tcp6 udp6"

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

mib() {
	awk "BEGIN { printf \"%.1f MiB\", $1 / 1048576 }"
}

say "A client, a router with NAT between the two ports of one NIC, a server"
cat <<'END'

     client                        router                       server
    192.168.1.2             [ NAT, conntrack, nft ]           203.0.113.2
    fd00:1::2                   nft-offloadd                  2001:db8:2::2
        │                    CPU   │       ^                        │
        │                ──────────│───────│──────────              │
        └─────────────── lan0 [ flow table of the NIC ] wan0 ───────┘

END
nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
topo_count_forward
echo "The router masquerades packets that leave by wan0. A counter in its forward hook"
echo "counts every byte that its own stack forwards. The NIC is simulated (tests/nicsim):"
echo "it matches, rewrites and forwards real packets, and has its own counters."

say "nft-offloadd starts"
cat <<'END'
    devices = { "lan0", "wan0" }
    offload = hardware               # skip_sw: the rules exist only in the NIC
    allow-drivers = { "nicsim" }     # this driver is not in the built-in list
END
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'allow-drivers = { "nicsim" }'
echo "It has probed which rules the driver accepts:"
echo
offload devices

say "Four connections: TCP and UDP, IPv4 and IPv6"
for name in $NAMES; do
	proto=${name%[46]}
	family=${name#???}
	set --
	[ "$family" = 4 ] || set -- --source "$CLIENT6_ULA"
	before=$(fwd_bytes)
	nic_before=$(nicsim_counter forwarded_bytes)
	[ "$proto" = tcp ] || echo "$name: conntrack calls a UDP flow assured after two seconds of traffic"
	transfer_open "$name" "$proto" "$family" "$BYTES" --quiet-wait "$@"
	wait_until 5 has_rules lan0 1 || :
	eval "rules_$name=$(($(rules lan0) + $(rules wan0)))"
	echo "$name: established, $(($(rules lan0) + $(rules wan0))) rules; now $(mib $BYTES) each way"
	offload flows --state offloaded || :
	tc -n router filter show dev lan0 ingress | grep -o '\<in_hw in_hw_count [0-9]*' | tail -n 1 || :
	transfer_bulk "$name"
	transfer_close "$name"
	[ "$proto" = tcp ] || in_router conntrack -D -p udp >/dev/null 2>&1 || :
	wait_until 3 has_rules lan0 0 || :
	eval "stack_$name=$(($(fwd_bytes) - before))"
	eval "nic_$name=$(($(nicsim_counter forwarded_bytes) - nic_before))"
	eval "left_$name=$(($(rules lan0) + $(rules wan0)))"
	echo "$name: $(transfer_result "$name")"
done

say "Status of the daemon"
offload status
stop_daemon

say "Summary"
printf '  %-6s %12s %14s %19s %8s %13s %12s\n' flow transferred "NIC forwarded" "router's stack saw" share "rules during" "rules after"
bad=0
for name in $NAMES; do
	eval "stack=\$stack_$name nic=\$nic_$name during=\$rules_$name after=\$left_$name"
	share=$(awk "BEGIN { printf \"%.2f %%\", 100 * $stack / (2 * $BYTES) }")
	printf '  %-6s %12s %14s %19s %8s %13s %12s\n' "$name" "$(mib $((2 * BYTES)))" "$(mib "$nic")" "$(mib "$stack")" "$share" "$during" "$after"
	[ $((stack * 100)) -le $((2 * BYTES * 3)) ] && [ "$nic" -ge $((2 * BYTES)) ] && [ "$during" = 2 ] && [ "$after" = 0 ] || bad=1
done
echo
[ "$bad" = 0 ] || fail "not every flow was offloaded, or rules are left"
echo "The NIC forwarded every flow with two rules, one per direction. Its byte counts include"
echo "headers. Both ends checked the data. All rules are removed again."

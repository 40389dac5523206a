#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo - connections crossing a NAT router are taken over by flower rules and
# given back. Shows the flows while it happens, and counts at the end.
set -eu
# shellcheck source=topo.sh
. "$LAB_TOPO"

BYTES=$((32 * 1024 * 1024))
NAMES="tcp4 udp4 tcp6 udp6"

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

mib() {
	awk "BEGIN { printf \"%.1f MiB\", $1 / 1048576 }"
}

say "A client, a router with NAT between two ports, a server"
cat <<'END'

     client                       router                      server
    192.168.1.2  ───── lan0  [ NAT, conntrack, nft ]  wan0 ───── 203.0.113.2
    fd00:1::2                 nft-offloadd                     2001:db8:2::2

END
topo_router2
topo_masquerade
topo_acct
topo_count_forward
echo "The router masquerades what leaves by wan0. A counter in its forward hook"
echo "counts every byte that its own stack forwards."

say "nft-offloadd starts"
cat <<'END'
    devices = { "lan0", "wan0" }
    offload = software          # veth has no NIC: the kernel's classifier does it
END
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
offload status

say "Four connections: TCP and UDP, IPv4 and IPv6"
for name in $NAMES; do
	proto=${name%[46]}
	family=${name#???}
	set --
	[ "$family" = 4 ] || set -- --source "$CLIENT6_ULA"
	before=$(fwd_bytes)
	[ "$proto" = tcp ] || echo "$name: UDP needs two seconds of traffic before conntrack trusts it"
	transfer_open "$name" "$proto" "$family" "$BYTES" --quiet-wait "$@"
	wait_until 5 has_rules lan0 1 || :
	eval "rules_$name=$(($(rules lan0) + $(rules wan0)))"
	echo "$name: established, $(($(rules lan0) + $(rules wan0))) rules; now $(mib $BYTES) each way"
	offload flows --state offloaded || :
	transfer_bulk "$name"
	transfer_close "$name"
	[ "$proto" = tcp ] || in_router conntrack -D -p udp >/dev/null 2>&1 || :
	wait_until 3 has_rules lan0 0 || :
	eval "stack_$name=$(($(fwd_bytes) - before))"
	eval "left_$name=$(($(rules lan0) + $(rules wan0)))"
	echo "$name: $(transfer_result "$name")"
done

say "What the daemon says"
offload status
stop_daemon

say "Summary"
printf '  %-6s %14s %22s %8s %13s %12s\n' flow transferred "router's stack saw" share "rules during" "rules after"
bad=0
for name in $NAMES; do
	eval "stack=\$stack_$name during=\$rules_$name after=\$left_$name"
	share=$(awk "BEGIN { printf \"%.2f %%\", 100 * $stack / (2 * $BYTES) }")
	printf '  %-6s %14s %22s %8s %13s %12s\n' "$name" "$(mib $((2 * BYTES)))" "$(mib "$stack")" "$share" "$during" "$after"
	[ $((stack * 100)) -le $((2 * BYTES * 3)) ] && [ "$during" = 2 ] && [ "$after" = 0 ] || bad=1
done
echo
[ "$bad" = 0 ] || fail "not every flow was taken over and given back"
echo "Every flow was forwarded by two rules, one per direction; the data was"
echo "compared at both ends; all rules are gone again."

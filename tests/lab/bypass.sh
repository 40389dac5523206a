# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# bypass.sh - for cases about what offload would go around. Source it after topo.sh.
#
#   bypass_router               topo_router2, with counters, and NAT, which switches conntrack on
#   bypass_daemon LINE...       the daemon for lan0 and wan0, with software rules
#   bypass_transfer             a transfer "run" from port 40001, which never gets to its end
#   bypass_off REASON           the transfer comes to the CPU, which forwards it; "why", "flows"
#                               and "devices" say why
#   bypass_on                   it is offloaded, and the CPU does not see it any more
#   bypass_allowed DEV WHAT SIDE
#                               "devices" says that this is there and allowed, and the transfer
#                               has been offloaded all the time since bypass_on
#   bypass_end                  the transfer has come through it all, and goes on
#
# shellcheck disable=SC3043 # local

bypass_router() {
	topo_router2
	topo_masquerade
	topo_acct
	topo_count_forward
}

bypass_daemon() {
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' "$@"
}

bypass_transfer() {
	transfer_open run tcp 4 900000000 --sport 40001 --rate 600000
	transfer_go run
}

bypass_rules() {
	[ "$(rules lan0) $(rules wan0)" = "$1 $1" ]
}

bypass_forwards_more() {
	[ "$(fwd_bytes)" -gt "$1" ]
}

bypass_why() {
	offload -j why tcp "$CLIENT4:40001" "$SERVER4:5201" >why.json
	grep -q "\"reason\": *\"$1\"" why.json
}

bypass_off() {
	wait_for 5 bypass_rules 0
	bypass_why "$1" || { cat why.json; fail "why does not say $1"; }
	offload -j flows --reason "$1" | grep -q '"sport": *40001' || fail "flows does not say $1"
	offload devices | grep -q "0: unusable, $1: " || { offload devices; fail "devices does not say $1"; }
	wait_for 5 bypass_forwards_more $(($(fwd_bytes) + 100000))
}

# What was under way when the rules came is through after a moment.
bypass_is_quiet() {
	local before
	before=$(fwd_bytes)
	wait_until 10 bypass_receives_more $(($(bypass_received) + 200))
	[ $(($(fwd_bytes) - before)) -lt 50000 ]
}

bypass_on() {
	wait_for 5 bypass_rules 1
	wait_for 5 bypass_is_quiet
	removals=$(status counters.removals_ok)
}

bypass_shows() {
	local allowed=False
	[ "$4" = no ] || allowed=True
	[ "$(device "$1" "bypass.what=$2,side=$3,allowed=$allowed.what")" = "$2" ]
}

bypass_allowed() {
	wait_for 5 bypass_shows "$@" yes
	bypass_is_quiet || fail "the CPU forwards although $2 is allowed"
	bypass_rules 1 || fail "no rules although $2 is allowed"
	assert_eq "removals although $2 is allowed" "$(status counters.removals_ok)" "$removals"
}

bypass_received() {
	labns server nstat -asz TcpInSegs | sed -n 's/^TcpInSegs *\([0-9]*\).*/\1/p'
}

bypass_receives_more() {
	[ "$(bypass_received)" -gt "$1" ]
}

bypass_end() {
	wait_for 5 bypass_receives_more $(($(bypass_received) + 100))
	[ ! -e transfer.run/client-ended ] || transfer_fail run "broke off"
	[ ! -e transfer.run/server-ended ] || transfer_fail run "broke off"
}

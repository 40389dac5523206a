# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# bypass.sh - for cases about functions of the router that offloaded packets would bypass.
# Source it after topo.sh.
#
#   bypass_router               topo_router2, with counters, and with NAT, which enables conntrack
#   bypass_daemon LINE...       starts the daemon for lan0 and wan0, with offload = software
#   bypass_transfer             starts a transfer "run" from port 40001, which outlasts the case
#   bypass_off REASON           waits until the rules are removed and the CPU forwards the transfer;
#                               fails unless "why", "flows" and "devices" give REASON
#   bypass_on                   waits until the transfer is offloaded and bypasses the CPU
#   bypass_allowed DEV WHAT SIDE
#                               waits until "devices" reports WHAT as allowed; fails unless the
#                               transfer has been offloaded ever since bypass_on
#   bypass_end                  fails unless the transfer is still running without an error
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

# False if the CPU forwards more than a few packets while the server receives 200 segments. Packets
# that the stack holds when the rules are installed still pass it, so the first call may fail.
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

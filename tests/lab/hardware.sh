# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# hardware.sh - for cases about offload to a card: much traffic, a look at every
# packet, and a comparison of all tables. Source it after topo.sh and nicsim-topo.sh.
#
#   hw_daemon LINE...                   the daemon for lan0 and wan0, offload = hardware; drivers as
#                                       in $HW_DRIVERS, else nicsim
#   crowd_open NAME CLASS-OR-OPTION...  labcrowd in the background; see labcrowd.c
#                                       with priority $CROWD_NICE, 0 to 19
#   crowd_ready NAME SECONDS            waits until all its flows are established
#   crowd_wait NAME SECONDS             waits for its end (with --seconds)
#   crowd_close NAME                    ends it; fails when anything but a loss was wrong
#   crowd_result NAME [--sum] PATH      of its result: "classes.mice.up.lost"; see labjson.c
#   crowd_lost NAME [CLASS]             messages that never arrived
#
#   sniff_open NAME NS DEV FLOW...      labsniff in the background; see labsniff.c
#   sniff_close NAME                    fails when a packet was wrong, or none came
#   sniff_packets NAME                  so many were right
#
#   agree [SECONDS]                     fails unless daemon, tc, NIC and conntrack agree
#   nic_share                           starts a window
#   nic_share_bytes N                   for wait_for: so many bytes have arrived since
#   nic_share_percent                   those of them that the NIC forwarded
#   nic_hits_grow [N]                   for wait_for: N more hits than when it was first asked
#   device_is NAME PATH VALUE           for wait_for
#   device_reasons NAME                 its own, or else those of its pairs
#   reason_count REASON                 connections in software for that reason

: "${HW_DRIVERS:=nicsim}"

# shellcheck disable=SC2120 # cases give arguments
hw_daemon() {
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' \
		"allow-drivers = { \"$HW_DRIVERS\" }" "$@"
}

has_ended() {
	[ -s "$1-ended" ]
}

# background FILE COMMAND...: output to FILE, its process to FILE-pid, its status to FILE-ended.
background() {
	local file="$1"
	shift
	rm -f "$file" "$file-ended" "$file-pid"
	(
		status=0
		"$@" >"$file" 2>"$file.err" &
		echo $! >"$file-pid"
		wait $! || status=$?
		echo "$status" >"$file-ended"
	) &
	wait_for 5 test -s "$file-pid"
}

background_line() {
	has_line "$1" "$2" || has_ended "$1"
}

background_fail() {
	cat "$1.err" >&2
	tail -n 1 "$1" >&2
	fail "$2"
}

# ---- traffic ----

crowd_open() {
	local name="crowd.$1"
	shift
	background "$name" nice -n "${CROWD_NICE:-0}" labcrowd "$@"
	wait_for 10 background_line "$name" listening
	has_line "$name" listening || background_fail "$name" "$name did not begin"
}

crowd_ready() {
	wait_until "$2" background_line "crowd.$1" ready || background_fail "crowd.$1" "crowd $1: not ready within $2 s"
	has_line "crowd.$1" ready || background_fail "crowd.$1" "crowd $1 ended before it was ready"
}

crowd_wait() {
	wait_until "$2" has_ended "crowd.$1" || background_fail "crowd.$1" "crowd $1: no end within $2 s"
	has_line "crowd.$1-ended" 0 || background_fail "crowd.$1" "crowd $1: something was wrong"
}

crowd_close() {
	kill "$(cat "crowd.$1-pid")" 2>/dev/null || :
	crowd_wait "$1" 30
}

crowd_result() {
	local name="$1"
	shift
	tail -n 1 "crowd.$name" | json_path "$@"
}

crowd_lost() {
	crowd_result "$1" --sum "classes.${2:-*}.up|down.lost"
}

# ---- every packet ----

sniff_open() {
	local name="sniff.$1" ns="$2" dev="$3"
	shift 3
	background "$name" labns "$ns" labsniff "$dev" "$@"
	wait_for 20 background_line "$name" listening
	has_line "$name" listening || background_fail "$name" "$name did not begin"
}

# sniff_end NAME: sets sniff_status.
sniff_end() {
	kill "$(cat "sniff.$1-pid")" 2>/dev/null || :
	wait_for 30 has_ended "sniff.$1"
	sniff_status=$(cat "sniff.$1-ended")
}

sniff_close() {
	sniff_end "$1"
	[ "$sniff_status" = 0 ] || background_fail "sniff.$1" "$1: wrong packets, or none"
}

sniff_result() {
	local name="$1"
	shift
	tail -n 1 "sniff.$name" | json_path "$@"
}

sniff_packets() {
	sniff_result "$1" --sum 'flows.*.packets'
}

# ---- tables ----

agree() {
	python3 -B "$LAB_SRC/tests/lab/agree.py" --socket "$SOCKET" --wait "${1:-0}" >agree.out ||
		{ tail -n 1 agree.out >&2; fail "daemon, tc, NIC and conntrack do not agree"; }
	tail -n 1 agree.out
}

# ---- numbers ----

# Hardware's part of all bytes that arrive at the card.
nic_share() {
	share_hw=$(nicsim_counter forwarded_bytes)
	share_cpu=$(nicsim_counter cpu_rx_bytes)
}

nic_share_bytes() {
	local all
	all=$(($(nicsim_counter forwarded_bytes) + $(nicsim_counter cpu_rx_bytes)))
	[ $((all - share_hw - share_cpu)) -ge "$1" ]
}

nic_share_percent() {
	local hw cpu
	hw=$(($(nicsim_counter forwarded_bytes) - share_hw))
	cpu=$(($(nicsim_counter cpu_rx_bytes) - share_cpu))
	[ $((hw + cpu)) -gt 0 ] || fail "no traffic in this window"
	echo $((hw * 100 / (hw + cpu)))
}

# The number to beat is kept in nic-hits, which whoever starts a new question removes.
nic_hits_grow() {
	[ -e nic-hits ] || nicsim hits >nic-hits
	[ "$(nicsim hits)" -ge $(($(cat nic-hits) + ${1:-20})) ]
}

# Why the device takes nothing, or else why its pairs do not: a line each, with 0 where all is well.
device_reasons() {
	local own
	own=$(device "$1" reason)
	if [ "$own" != 0 ]; then
		echo "$own"
	else
		device "$1" 'pairs.*.reason'
	fi
}

device_is() {
	[ "$(device "$1" "$2")" = "$3" ]
}

reason_count() {
	status "reasons.$1"
}

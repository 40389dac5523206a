# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# hardware.sh - for cases about offload to a card: generates much traffic, checks every
# packet, and compares all tables. Source it after topo.sh and nicsim-topo.sh.
#
#   hw_daemon LINE...                   starts the daemon for lan0 and wan0, with offload = hardware
#                                       and allow-drivers = $HW_DRIVERS (default nicsim)
#   crowd_open NAME CLASS-OR-OPTION...  starts labcrowd in the background with the niceness
#                                       $CROWD_NICE, 0 to 19; see labcrowd.c
#   crowd_ready NAME SECONDS            waits until all its flows are established
#   crowd_wait NAME SECONDS             waits until it ends by itself (with --seconds); fails if
#                                       anything but lost packets was wrong
#   crowd_close NAME                    ends it; fails if anything but lost packets was wrong
#   crowd_result NAME [--sum] PATH      prints a value of its result: "classes.mice.up.lost"; see
#                                       labjson.c
#   crowd_lost NAME [CLASS]             prints the number of lost messages
#
#   sniff_open NAME NS DEV FLOW...      starts labsniff in the background; see labsniff.c
#   sniff_close NAME                    ends it; fails if a packet was wrong, or none came
#   sniff_packets NAME                  prints the number of packets that were right
#
#   agree [SECONDS]                     fails unless daemon, tc, NIC and conntrack agree
#   nic_share                           begins to measure the share of the NIC
#   nic_share_bytes N                   for wait_for: N bytes have arrived since nic_share
#   nic_share_percent                   prints how much of them the NIC forwarded
#   nic_hits_grow [N]                   for wait_for: N more hits (20) than at the first call
#   device_is NAME PATH VALUE           for wait_for
#   device_reasons NAME                 prints the reason of the device, or else those of its pairs
#   reason_count REASON                 prints how many connections are in software for this reason

: "${HW_DRIVERS:=nicsim}"

# shellcheck disable=SC2120 # cases give arguments
hw_daemon() {
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' \
		"allow-drivers = { \"$HW_DRIVERS\" }" "$@"
}

has_ended() {
	[ -s "$1-ended" ]
}

# background FILE COMMAND...: starts the command. Writes its output to FILE and FILE.err, its
# process ID to FILE-pid, and its exit status to FILE-ended.
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

# All bytes that arrive at the card are those that it forwards and those that it passes to the CPU.
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

# The first call saves the number of hits in nic-hits. To start again, the caller removes the file.
nic_hits_grow() {
	[ -e nic-hits ] || nicsim hits >nic-hits
	[ "$(nicsim hits)" -ge $(($(cat nic-hits) + ${1:-20})) ]
}

# Prints the reason why the device is unusable. If there is none, prints the reason of each of its
# pairs, one a line, or 0 if the pair is usable.
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

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# restart.sh - for cases in which the daemon dies and comes back. Source it after topo.sh
# and hardware.sh.
#
#   ages_save              remembers the age and the count of every rule on lan0 and wan0
#   ages_compare [N]       fails when one of them was made again, or fewer than N are left
#   start_daemon_again     with the configuration that it had, without waiting for it
#   daemon_is_ready        waits for that
#   record_is_written      for wait_for: what the next life must know is there

ages_save() {
	python3 -B "$LAB_SRC/tests/lab/ages.py" save ages router lan0 wan0
}

ages_compare() {
	python3 -B "$LAB_SRC/tests/lab/ages.py" compare ages "${1:-1}" || fail "rules were made again, or are gone"
}

start_daemon_again() {
	[ -z "$DAEMON_PID" ] || fail "start_daemon_again: it runs already"
	rm -f "$CASE_DIR/notify" "$CASE_DIR/notify.sock"
	labtraffic notify "$CASE_DIR/notify.sock" "$CASE_DIR/notify"
	NOTIFY_SOCKET=$CASE_DIR/notify.sock ip netns exec router \
		nft-offloadd -c "$CASE_DIR/daemon.conf" -s "$SOCKET" 2>>"$DAEMON_LOG" >&2 </dev/null &
	DAEMON_PID=$!
}

daemon_is_ready() {
	wait_until 30 daemon_ready || :
	has_line "$CASE_DIR/notify" READY=1 || fail "the daemon did not become ready"
}

record_is_written() {
	[ -s "$SOCKET.last" ]
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2016 # the inner cases expand what they use
#
# topo.sh judges cases correctly: their exit status, what they wait for, the warnings in the
# daemon's log, and how the daemon ends. All other cases rely on it.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# Runs a small case in a directory of its own; sets status and output.
run_case() {
	mkdir -p "$CASE_DIR/inner"
	status=0
	output=$(CASE_DIR=$CASE_DIR/inner sh -eu -c ". \"\$LAB_TOPO\"; $1" 2>&1) || status=$?
	rm -rf "$CASE_DIR/inner"
}

run_case 'assert_eq number 1 1; assert_le number 1 2; assert_ge number 2 2; wait_for 1 true'
assert_eq "status of a good case ($output)" "$status" 0

run_case 'skip "no hardware"'
assert_eq "status of a skipped case" "$status" 77
assert_eq "reason" "$output" "skip: no hardware"

run_case 'assert_eq "number of things" 1 2'
assert_eq "status of a failed case" "$status" 1
assert_eq "message" "$output" "FAIL: number of things: got 1, wanted 2"

run_case 'false; true'
assert_eq "status of a case with a failed command" "$status" 1

# wait_for waits longer in a slow guest. Time in which the guest could not run does not count.
centiseconds
start=$now
run_case 'LAB_PATIENCE=150; wait_for 1 test -e nothing'
centiseconds
assert_eq "message" "$output" "FAIL: not within 1 s (times 150 %): test -e nothing"
assert_ge "centiseconds waited" $((now - start)) 150
centiseconds
start=$now
run_case 'LAB_PATIENCE=100; LAB_STOLEN=$CASE_DIR/stolen; echo 7 >stolen; (sleep 0.3; echo 207 >stolen) &
	wait_for 1 test -e nothing'
centiseconds
assert_eq "status after a time-out" "$status" 1
assert_ge "centiseconds waited, including two stolen seconds" $((now - start)) 300

# assert_soon applies the bound to the time beyond that of the control.
run_case 'assert_soon "a thing" 130 100 40'
assert_eq "status within the bound ($output)" "$status" 0
run_case 'assert_soon "a thing" 150 100 40'
assert_eq "message" "$(echo "$output" | tail -n 1)" \
	"FAIL: a thing: got 150 ms, wanted at most 100 ms and the 40 ms of the control"

# The log may hold only those warnings and errors that the case announced.
run_case 'echo "warning: path: eth1: gone, staying in software" >"$DAEMON_LOG"'
assert_eq "status after a warning" "$status" 1
run_case 'expect_warning "eth1: gone"; echo "warning: path: eth1: gone, staying in software" >"$DAEMON_LOG"'
assert_eq "status after an announced warning ($output)" "$status" 0
run_case 'expect_warning "eth1: gone"; echo "error: path: eth2: gone" >"$DAEMON_LOG"'
assert_eq "status after another error" "$status" 1
run_case 'echo "info: path: warning: just words" >"$DAEMON_LOG"'
assert_eq "status after an info line ($output)" "$status" 0

# A daemon that becomes ready, one that ends with an error, and one that ends before it is ready.
mkdir bin
export PATH="$CASE_DIR/bin:$PATH"
topo_ns router
cat >bin/nft-offloadd <<'END'
#!/bin/sh
read -r what <"$2"
trap 'exit 0' TERM
[ "$what" != bad ] || trap 'exit 3' TERM
[ "$what" != early ] || exit 4
echo READY=1 | socat -u STDIN "UNIX-SENDTO:$NOTIFY_SOCKET"
while :; do sleep 0.1; done
END
chmod +x bin/nft-offloadd
run_case 'start_daemon good line; stop_daemon; start_daemon good; kill_daemon; start_daemon good'
assert_eq "status with a good daemon ($output)" "$status" 0
run_case 'start_daemon bad; stop_daemon'
assert_eq "status after stop_daemon, when the daemon ends with an error" "$status" 1
run_case 'start_daemon bad'
assert_eq "status when the daemon ends with an error after the case" "$status" 1
run_case 'start_daemon early'
assert_eq "status when the daemon ends before it is ready" "$status" 1

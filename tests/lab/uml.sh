# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# uml.sh - runs one program in a user-mode Linux guest, for benchmarks. Its kernel is a process on
# the host, so kernel code runs at native speed, on one CPU. Sourced by ./lab.

UML_PACKAGES=(user-mode-linux kmod iproute2 conntrack procps python3)

UML_MEMORY=6144M

# run_uml DIR PROGRAM...: runs the program in the guest, passes on its output at once, and returns
# its exit status.
run_uml() {
	local dir=$1 output=$1/output tail
	shift
	printf 'export PATH=%q HOME=/root LANG=C.UTF-8 LAB_SRC=%q LAB_BUILD=%q LAB_RUN=/run/lab\n' \
		"$BUILD:$BUILD/tests/bench:$GUEST_PATH" "$SRC" "$BUILD" >"$dir/env"
	printf '#!/bin/sh\nexec %s\n' "$(printf '%q ' "$@")" >"$dir/run"
	chmod 755 "$dir/run"
	: >"$output"
	tail -f -n +1 "$output" 2>/dev/null &
	tail=$!
	linux.uml "mem=$UML_MEMORY" rootfstype=hostfs rootflags=/ ro "init=$LAB_DIR/uml-init" "LAB_RUN=$dir" \
		con=null con0=null,fd:1 quiet </dev/null >"$dir/console.log" 2>&1 &
	GUEST_PIDS=($!)
	wait $! || :
	GUEST_PIDS=()
	sleep 1.2 # tail looks once a second
	kill $tail
	[ -e "$dir/status" ] || die "the guest ended before the program did" "$(tail -n 15 "$dir/console.log")"
	return "$(cat "$dir/status")"
}

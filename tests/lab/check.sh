# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# check.sh - "./lab check": the unit tests, then every case in a guest. Sourced by ./lab.
#
# Guests share one queue of cases. The program in a guest, guest-runner, reads the
# name and limit of a case, and answers with a line. A guest that dies takes only
# the case with it that was running; the rest gets a new guest.

MAX_JOBS=4
CASE_LIMIT=120
TAIL_LINES=30

case_limit() {
	local limit
	limit=$(sed -n '1,20s/^# timeout: *\([0-9][0-9]*\) *$/\1/p' "$SRC/tests/cases/$1.sh" | head -n 1)
	echo "${limit:-${OPT_TIMEOUT:-$CASE_LIMIT}}"
}

# list_cases PATTERN...: prints the cases whose names contain a pattern; all without.
list_cases() {
	local file name pattern
	for file in "$SRC"/tests/cases/*.sh; do
		[ -x "$file" ] || continue
		name=$(basename "$file" .sh)
		[ $# -gt 0 ] || echo "$name"
		for pattern in "$@"; do
			[[ $name = *"$pattern"* ]] || continue
			echo "$name"
			break
		done
	done
}

# Takes the first case from the queue; false when none is left.
next_case() {
	local name
	exec 7>"$CHECK_DIR/lock"
	flock 7
	name=$(head -n 1 "$CHECK_DIR/queue")
	sed -i 1d "$CHECK_DIR/queue"
	exec 7>&-
	[ -n "$name" ] && echo "$name"
}

# record STATUS NAME SECONDS REASON [LOG]: counts and prints one result at once, so
# that guests do not mix their lines.
record() {
	local status=$1 name=$2 seconds=$3 reason=$4 log=${5:-} text
	case $status in
	ok) text="ok   $name ($seconds s)" ;;
	skip) text="skip $name: $reason" ;;
	*)
		text="FAIL $name: $reason"
		[ ! -s "$log" ] || text+=$'\n'$(tail -n "$TAIL_LINES" "$log" | tr -d '\r' | sed 's/^/    | /')
		;;
	esac
	exec 7>"$CHECK_DIR/lock"
	flock 7
	echo "$status" >>"$CHECK_DIR/results"
	printf '%s\n' "$text"
	exec 7>&-
}

# The files of a failed case outlive the guest.
keep_case() {
	local dir=$1 name=$2
	[ -d "$dir/out/$name" ] || return 0
	rm -rf "$CACHE/check/$name"
	mv "$dir/out/$name" "$CACHE/check/$name"
}

# run_case DIR NAME: has the guest run one case; false when the guest is no more.
run_case() {
	local dir=$1 name=$2 limit status seconds reason
	limit=$(case_limit "$name")
	echo "$name $limit" >&5
	if read -r -t $((limit + 60)) -u 6 status seconds reason; then
		keep_case "$dir" "$name"
		record "$status" "$name" "$seconds" "$reason" "$CACHE/check/$name/output"
		return 0
	fi
	last_words "$dir/console.log" >"$dir/tail"
	cp "$dir/console.log" "$CACHE/check/$name.console"
	record FAIL "$name" - "$(cat "$dir/failed" 2>/dev/null || echo "the guest does not answer")" "$dir/tail"
	return 1
}

# One guest's life; false when it ended before the queue did.
guest_life() {
	local dir=$1 name ready alive=yes pid
	rm -rf "$dir/in" "$dir/answers" "$dir/out" "$dir/failed"
	mkdir "$dir/out"
	mkfifo "$dir/in" "$dir/answers"
	start_guest "$dir" --stdin <"$dir/in" >"$dir/answers" 2>"$dir/runner.log" 5>&- 6>&- &
	pid=$!
	exec 5>"$dir/in" 6<"$dir/answers"
	if ! read -r -t 150 -u 6 ready || [ "$ready" != ready ]; then
		alive=
	fi
	while [ -n "$alive" ] && name=$(next_case); do
		run_case "$dir" "$name" || alive=
	done
	exec 5>&- 6>&-
	[ -n "$alive" ] || kill "$pid" 2>/dev/null || :
	wait "$pid" || :
	[ "$ready" = ready ] || explain_failure "$dir"
	[ -n "$alive" ] || [ "$ready" = ready ]
}

# Guests until the queue is empty. A kernel that does not even boot is not tried again.
guest_lives() {
	local dir=$1
	trap - EXIT
	trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM
	while [ -s "$CHECK_DIR/queue" ]; do
		guest_life "$dir" || return
	done
}

# Emulated processors that wait for each other cost real ones: two guests with one
# processor each get through the cases in half the time of one guest with two.
choose_guests() {
	local processors
	processors=$(nproc)
	if [ -z "$OPT_CPUS" ]; then
		OPT_CPUS=$((processors < 4 ? 1 : 2))
	fi
	if [ -z "$OPT_JOBS" ]; then
		OPT_JOBS=$((processors / OPT_CPUS))
		OPT_JOBS=$((OPT_JOBS < 1 ? 1 : OPT_JOBS > MAX_JOBS ? MAX_JOBS : OPT_JOBS))
	fi
}

run_cases() {
	local count i dir pid jobs
	choose_guests
	jobs=$OPT_JOBS
	count=$(wc -l <"$CHECK_DIR/queue")
	[ "$jobs" -le "$count" ] || jobs=$count
	say "running $count cases in $jobs guest$([ "$jobs" = 1 ] || echo s)"
	for ((i = 0; i < jobs; i++)); do
		dir=$(new_run_dir)
		RUN_DIRS+=("$dir")
		prepare_run "$dir" stdin "$LAB_DIR/guest-runner"
		guest_lives "$dir" &
		GUEST_PIDS+=($!)
	done
	for pid in "${GUEST_PIDS[@]}"; do
		wait "$pid" || :
	done
	GUEST_PIDS=()
	while i=$(next_case); do
		record FAIL "$i" - "no guest to run it in"
	done
}

count_results() {
	grep -c -x "$1" "$CHECK_DIR/results" || :
}

command_check() {
	PASSED=0 FAILED=0 SKIPPED=0
	CHECK_DIR=$(mktemp -d "$CACHE/run.check.XXXXXX")
	RUN_DIRS+=("$CHECK_DIR")
	rm -rf "$CACHE/check"
	mkdir -p "$CACHE/check"
	: >"$CHECK_DIR/results"
	list_cases "$@" >"$CHECK_DIR/queue"
	if [ $# -eq 0 ]; then
		[ -n "$OPT_NO_BUILD" ] || make_check
	elif [ ! -s "$CHECK_DIR/queue" ]; then
		die "no case in tests/cases has a name like that"
	fi
	[ ! -s "$CHECK_DIR/queue" ] || run_cases
	PASSED=$((PASSED + $(count_results ok)))
	SKIPPED=$((SKIPPED + $(count_results skip)))
	FAILED=$((FAILED + $(count_results FAIL)))
	[ "$FAILED" = 0 ] || say "the files of failed cases are in $CACHE/check"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" = 0 ] || exit 1
}

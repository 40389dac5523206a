# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# check.sh - "./lab check": the unit tests, then every case in a guest. Sourced by ./lab.
#
# Guests share one queue of cases, the longest first. The program in a guest, guest-runner, reads
# the name and limit of a case, and answers with a line. A guest that dies takes only the case with
# it that was running; the rest gets a new guest.
#
# A case that failed is run once more at the end, alone, in a fresh guest with all processors. If it
# passes then, it counts as passed, and the last lines name it.
#
# Files of a check, in CHECK_DIR:
#   lock      held while one of the others is read or changed
#   queue     cases to run: "NAME WEIGHT", where the weight is about the seconds it takes
#   results   a line for each run of a case: "TRY STATUS NAME SECONDS DIR", where DIR is its guest's
#   done      "CASES WEIGHT", the sums of those that have ended

MAX_JOBS=4
CASE_LIMIT=120
TAIL_LINES=30

# If more than three cases of a hundred fail, something is broken, and a second try hides it.
RETRY_PERCENT=3

# The limit is for a machine of the reference's speed that has nothing else to do; the guest gives a
# case more than that (see guest-runner).
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

# case_weight NAME: the seconds that it took the last time, or a guess.
case_weight() {
	local seconds
	seconds=$(sed -n "s/^$1 \([0-9]*\)$/\1/p" "$CACHE/durations" 2>/dev/null)
	echo $((${seconds:-$(($(case_limit "$1") / 5))} + 1))
}

# fill_queue NAME...: sets TOTAL_CASES and TOTAL_WEIGHT.
fill_queue() {
	local name i
	for name in "$@"; do
		for ((i = 0; i < OPT_REPEAT; i++)); do
			echo "$name $(case_weight "$name")"
		done
	done | sort -s -k 2,2nr >"$CHECK_DIR/queue"
	echo 0 0 >"$CHECK_DIR/done"
	read -r TOTAL_CASES TOTAL_WEIGHT < <(awk '{ w += $2 } END { print NR, w + 0 }' "$CHECK_DIR/queue")
	BEGAN=$SECONDS
}

lock() {
	exec 7>"$CHECK_DIR/lock"
	flock 7
}

unlock() {
	exec 7>&-
}

# Takes the first case from the queue and sets NAME and WEIGHT; false when none is left.
next_case() {
	NAME=
	lock
	read -r NAME WEIGHT <"$CHECK_DIR/queue" || :
	sed -i 1d "$CHECK_DIR/queue"
	unlock
	[ -n "$NAME" ]
}

# progress CASES WEIGHT: "12/150, 14 min left", from how long it took to get so far.
progress() {
	local left=$(((TOTAL_WEIGHT - $2) / OPT_JOBS))
	# At first, what the cases took the last time is the better guess.
	[ "$2" -lt $((TOTAL_WEIGHT / 10)) ] ||
		left=$(((TOTAL_WEIGHT - $2) * (SECONDS - BEGAN) / ($2 + 1)))
	if [ "$1" = "$TOTAL_CASES" ]; then
		echo "$1/$TOTAL_CASES"
	elif [ "$left" -lt 100 ]; then
		echo "$1/$TOTAL_CASES, $left s left"
	else
		echo "$1/$TOTAL_CASES, $(((left + 30) / 60)) min left"
	fi
}

# record STATUS NAME WEIGHT SECONDS REASON [LOG]: counts and prints one result at once, so that
# guests do not mix their lines.
record() {
	local status=$1 name=$2 weight=$3 seconds=$4 reason=$5 log=${6:-} text cases sum
	case $status in
	ok) text="ok   $name ($seconds s$([ "$TRY" = 1 ] || echo ", at the second try"))" ;;
	skip) text="skip $name: $reason" ;;
	*) status=FAIL text="FAIL $name: $reason" ;;
	esac
	lock
	echo "$TRY $status $name $seconds $GUEST_DIR" >>"$CHECK_DIR/results"
	read -r cases sum <"$CHECK_DIR/done"
	cases=$((cases + 1)) sum=$((sum + weight))
	echo "$cases $sum" >"$CHECK_DIR/done"
	printf '%s  [%s]\n' "$text" "$(progress "$cases" "$sum")"
	[ "$status" != FAIL ] || [ ! -s "$log" ] || tail -n "$TAIL_LINES" "$log" | tr -d '\r' | sed 's/^/    | /'
	unlock
}

# kept_name NAME: where the files of a failed case go: each run has its own.
kept_name() {
	local name=$1 i
	[ "$TRY" = 1 ] || name=$name.second
	for ((i = 2; ; i++)); do
		[ -e "$CACHE/check/$name" ] || break
		name=$1.$i
	done
	echo "$CACHE/check/$name"
}

# The time, in hundredths of a second, for which a guest could not run.
stolen_of() {
	local stolen=0
	read -r stolen 2>/dev/null <"$1/stolen" || :
	echo "${stolen:-0}"
}

# answer_within DIR SECONDS: reads the guest's answer into ANSWER; false when none comes in time, where
# time for which the guest could not run does not count.
answer_within() {
	local dir=$1 deadline=$((SECONDS - $(stolen_of "$1") / 100 + $2)) status part
	ANSWER=
	while :; do
		status=0
		read -r -t 5 -u 6 part || status=$?
		# The time may be over in the middle of a line.
		ANSWER+=$part
		[ "$status" != 0 ] || return 0
		# Above 128 it was the time; else the guest has gone.
		[ "$status" -gt 128 ] || return 1
		[ $((SECONDS - $(stolen_of "$dir") / 100)) -lt "$deadline" ] || return 1
	done
}

# run_case DIR: has the guest run the case NAME; false when the guest is no more.
run_case() {
	local dir=$1 limit status seconds reason kept
	limit=$(case_limit "$NAME")
	echo "$NAME $limit" >&5
	kept=$(kept_name "$NAME")
	if answer_within "$dir" $((limit * PATIENCE / 100 + 90)); then
		read -r status seconds reason <<<"$ANSWER"
		[ ! -d "$dir/out/$NAME" ] || mv "$dir/out/$NAME" "$kept"
		record "$status" "$NAME" "$WEIGHT" "$seconds" "$reason" "$kept/output"
		return 0
	fi
	last_words "$dir/console.log" >"$dir/tail"
	cp "$dir/console.log" "$kept.console"
	record FAIL "$NAME" "$WEIGHT" - "$(cat "$dir/failed" 2>/dev/null || echo "the guest does not answer")" "$dir/tail"
	return 1
}

# One guest's life; false when it ended before the queue did.
guest_life() {
	local dir=$1 ready='' alive=yes pid
	rm -rf "$dir/in" "$dir/answers" "$dir/out" "$dir/failed" "$dir/stolen"
	mkdir "$dir/out"
	mkfifo "$dir/in" "$dir/answers"
	start_guest "$dir" --stdin <"$dir/in" >"$dir/answers" 2>"$dir/runner.log" 5>&- 6>&- &
	pid=$!
	exec 5>"$dir/in" 6<"$dir/answers"
	! answer_within "$dir" 150 || read -r ready PATIENCE <<<"$ANSWER"
	if [ "$ready" = ready ]; then
		say "a guest is ready; it gets $PATIENCE % of the limits"
	else
		alive=
	fi
	while [ -n "$alive" ] && next_case; do
		run_case "$dir" || alive=
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
	GUEST_DIR=$dir
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

# run_guests DIR...: until nothing is left to run. DIRs are of prepare_run.
run_guests() {
	local dir pid
	for dir in "$@"; do
		guest_lives "$dir" &
		GUEST_PIDS+=($!)
	done
	for pid in "${GUEST_PIDS[@]}"; do
		wait "$pid" || :
	done
	GUEST_PIDS=() GUEST_DIR=-
	while next_case; do
		record FAIL "$NAME" "$WEIGHT" - "no guest to run it in"
	done
}

# run_cases NAME...: in OPT_JOBS guests of OPT_CPUS processors.
run_cases() {
	local i dir dirs=()
	fill_queue "$@"
	[ "$OPT_JOBS" -le "$TOTAL_CASES" ] || OPT_JOBS=$TOTAL_CASES
	for ((i = 0; i < OPT_JOBS; i++)); do
		dir=$(new_run_dir)
		RUN_DIRS+=("$dir")
		prepare_run "$dir" stdin "$LAB_DIR/guest-runner"
		dirs+=("$dir")
	done
	run_guests "${dirs[@]}"
}

# results_with TRY STATUS: the lines of the results that have these.
results_with() {
	grep "^$1 $2 " "$CHECK_DIR/results" || :
}

# Runs what failed once more, each in a new guest. The guest gets the directory that the first one
# had: a case can tell by a file in $LAB_RUN that it has run before.
second_try() {
	local failed name dir
	mapfile -t failed < <(results_with 1 FAIL)
	[ ${#failed[@]} -gt 0 ] && [ -z "$OPT_NO_RETRY" ] && [ "$OPT_REPEAT" = 1 ] || return 0
	if [ ${#failed[@]} -gt $(((TOTAL_CASES * RETRY_PERCENT + 99) / 100)) ]; then
		say "no second try: more than $RETRY_PERCENT % of the cases failed"
		return
	fi
	TRY=2 OPT_JOBS=1 OPT_CPUS=$(nproc)
	while read -r _ _ name _ dir; do
		[ -d "$dir" ] || continue
		say "running $name once more, alone"
		fill_queue "$name"
		run_guests "$dir"
	done < <(printf '%s\n' "${failed[@]}")
}

# What each case took, for the order of the next check.
save_durations() {
	{
		cat "$CACHE/durations" 2>/dev/null || :
		sed -n 's/^1 ok \([^ ]*\) \([0-9]*\).*/\1 \2/p' "$CHECK_DIR/results"
	} | awk '{ last[$1] = $2 } END { for (name in last) print name, last[name] }' >"$CHECK_DIR/durations"
	mv "$CHECK_DIR/durations" "$CACHE/durations"
}

# With --repeat: how often each case passed.
print_repeated() {
	awk '{
		runs[$3]++
		if ($2 == "FAIL") next
		passed[$3]++
		if (!($3 in least) || $4 < least[$3]) least[$3] = $4
		if ($4 > most[$3]) most[$3] = $4
	}
	END { for (name in runs) printf "%s: %d of %d passed, %s to %s s\n", name, passed[name], runs[name], least[name], most[name] }' \
		"$CHECK_DIR/results" | sort
}

# What "./lab status" prints, and what tells whether a commit has passed.
write_last_check() {
	local commit tree=clean
	commit=$(git -C "$SRC" rev-parse HEAD 2>/dev/null) || commit=unknown
	[ -z "$(git -C "$SRC" status --porcelain 2>/dev/null)" ] || tree=changed
	cat >"$CACHE/last-check" <<-END
		commit: $commit
		tree: $tree
		kernel: $(basename "$KERNEL_MODULES")
		passed: $PASSED
		failed: $FAILED
		skipped: $SKIPPED
		second tries: ${SECOND:-none}
		seconds: $SECONDS
	END
}

command_status() {
	[ -e "$CACHE/last-check" ] || die "./lab check has not been run to its end here"
	cat "$CACHE/last-check"
	[ "$(sed -n 's/^commit: //p' "$CACHE/last-check")" = "$(git -C "$SRC" rev-parse HEAD 2>/dev/null)" ] ||
		say "this is not the commit that is checked out"
}

start_load() {
	local i
	[ -n "$OPT_LOAD" ] || return 0
	for ((i = $(nproc); i > 0; i--)); do
		(trap - EXIT TERM; while :; do :; done) &
		LOAD_PIDS+=($!)
	done
}

stop_load() {
	[ ${#LOAD_PIDS[@]} = 0 ] || kill "${LOAD_PIDS[@]}" 2>/dev/null || :
	LOAD_PIDS=()
}

# count_results: adds to PASSED, FAILED and SKIPPED, and sets SECOND to the cases that passed at the
# second try.
count_results() {
	SECOND=$({ results_with 2 ok; results_with 2 skip; } | cut -d' ' -f3 | paste -sd' ')
	PASSED=$((PASSED + $(results_with '[12]' ok | wc -l)))
	SKIPPED=$((SKIPPED + $(results_with '[12]' skip | wc -l)))
	FAILED=$((FAILED + $(results_with 1 FAIL | wc -l) - $(wc -w <<<"$SECOND")))
}

command_check() {
	local names
	PASSED=0 FAILED=0 SKIPPED=0 TRY=1 GUEST_DIR=-
	CHECK_DIR=$(mktemp -d "$CACHE/run.check.XXXXXX")
	RUN_DIRS+=("$CHECK_DIR")
	rm -rf "$CACHE/check"
	mkdir -p "$CACHE/check"
	: >"$CHECK_DIR/results"
	mapfile -t names < <(list_cases "$@")
	if [ $# -eq 0 ]; then
		[ -n "$OPT_NO_BUILD" ] || make_check
	elif [ ${#names[@]} = 0 ]; then
		die "no case in tests/cases has a name like that"
	fi
	start_load
	if [ ${#names[@]} -gt 0 ]; then
		choose_guests
		say "running ${#names[@]} cases$([ "$OPT_REPEAT" = 1 ] || echo ", $OPT_REPEAT times each"), in up to $OPT_JOBS guest$([ "$OPT_JOBS" = 1 ] || echo s)"
		run_cases "${names[@]}"
		second_try
		save_durations
	fi
	stop_load
	count_results
	[ -z "$(results_with 1 FAIL)" ] || say "the files of failed cases are in $CACHE/check"
	[ "$OPT_REPEAT" = 1 ] || print_repeated
	[ $# -gt 0 ] || [ "$OPT_REPEAT" != 1 ] || write_last_check
	[ -z "$SECOND" ] || echo "passed at the second try: $SECOND"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" = 0 ] || exit 1
}

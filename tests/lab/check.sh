# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# check.sh - "./lab check": the unit tests, then every case in a guest. Sourced by ./lab.
#
# The guests share one queue of cases, longest first. The program in a guest, guest-runner, reads
# the name and limit of a case, runs it and answers with one line. If a guest dies, only the case
# that it was running fails; a new guest runs the rest.
#
# At the end, each failed case runs once more, alone, in a new guest with all processors. If it
# passes then, it counts as passed, and the last lines name it.
#
# Files of a check, in CHECK_DIR:
#   lock      held while one of the others is read or changed
#   queue     cases to run: "NAME WEIGHT", where WEIGHT is the expected duration in seconds
#   results   a line for each run of a case: "TRY STATUS NAME SECONDS DIR", where DIR is the run
#             directory of the guest
#   done      "CASES WEIGHT": number and total weight of the cases that have ended

MAX_JOBS=4
CASE_LIMIT=120
TAIL_LINES=30

# If more cases fail than this, something is broken, and a second try would hide it.
RETRY_PERCENT=3

# case_limit NAME: prints the time limit of a case in seconds on an idle machine with the speed of
# the reference. The guest multiplies it (see guest-runner).
case_limit() {
	local limit
	limit=$(sed -n '1,20s/^# timeout: *\([0-9][0-9]*\) *$/\1/p' "$SRC/tests/cases/$1.sh" | head -n 1)
	echo "${limit:-${OPT_TIMEOUT:-$CASE_LIMIT}}"
}

# list_cases [PATTERN...]: prints the names of the cases that contain one of the patterns; without
# patterns, of all cases.
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

# case_weight NAME: prints the duration of the case in an earlier check, in seconds, or an estimate.
case_weight() {
	local seconds
	seconds=$(sed -n "s/^$1 \([0-9]*\)$/\1/p" "$CACHE/durations" 2>/dev/null)
	echo $((${seconds:-$(($(case_limit "$1") / 5))} + 1))
}

# fill_queue NAME...: writes the queue; sets TOTAL_CASES, TOTAL_WEIGHT and BEGAN.
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

# next_case: removes the first case from the queue and sets NAME and WEIGHT; false if the queue is
# empty.
next_case() {
	NAME=
	lock
	read -r NAME WEIGHT <"$CHECK_DIR/queue" || :
	sed -i 1d "$CHECK_DIR/queue"
	unlock
	[ -n "$NAME" ]
}

# progress CASES WEIGHT: prints "12/150, 14 min left", extrapolated from the time that the finished
# cases took.
progress() {
	local left=$(((TOTAL_WEIGHT - $2) / OPT_JOBS))
	# During the first tenth, the durations of earlier checks are the better estimate.
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

# record STATUS NAME WEIGHT SECONDS REASON [LOG]: counts and prints one result. Holds the lock, so
# that the lines of several guests do not mix.
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

# kept_name NAME: prints the path for the files of the case if it fails. Each run gets another path.
kept_name() {
	local name=$1 i
	[ "$TRY" = 1 ] || name=$name.second
	for ((i = 2; ; i++)); do
		[ -e "$CACHE/check/$name" ] || break
		name=$1.$i
	done
	echo "$CACHE/check/$name"
}

# stolen_of DIR: prints for how long the guest could not run, in hundredths of a second.
stolen_of() {
	local stolen=0
	read -r stolen 2>/dev/null <"$1/stolen" || :
	echo "${stolen:-0}"
}

# answer_within DIR SECONDS: reads one answer of the guest into ANSWER; false if none comes in time.
# Time in which the guest could not run does not count.
answer_within() {
	local dir=$1 deadline=$((SECONDS - $(stolen_of "$1") / 100 + $2)) status part
	ANSWER=
	while :; do
		status=0
		read -r -t 5 -u 6 part || status=$?
		# After a time-out in the middle of a line, $part is the first part of the line.
		ANSWER+=$part
		[ "$status" != 0 ] || return 0
		# A status above 128 is a time-out. Any other means that the guest is gone.
		[ "$status" -gt 128 ] || return 1
		[ $((SECONDS - $(stolen_of "$dir") / 100)) -lt "$deadline" ] || return 1
	done
}

# run_case DIR: has the guest run the case NAME; false if the guest died or does not answer.
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

# guest_life DIR: starts a guest and gives it cases until the queue is empty or the guest dies.
# False only if the guest never became ready.
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
		say "a guest is ready; time limits are $PATIENCE % of those that cases name"
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

# guest_lives DIR: runs one guest after the other until the queue is empty. Gives up if a guest does
# not become ready.
guest_lives() {
	local dir=$1
	GUEST_DIR=$dir
	trap - EXIT
	trap 'kill $(jobs -p) 2>/dev/null; exit 143' TERM
	while [ -s "$CHECK_DIR/queue" ]; do
		guest_life "$dir" || return
	done
}

# Emulated processors that wait for each other waste real processor time: two guests with one
# processor each need half as long for the cases as one guest with two. Cases often wait for time to
# pass, so three guests keep two processors busy.
choose_guests() {
	local processors
	processors=$(nproc)
	if [ -z "$OPT_CPUS" ]; then
		OPT_CPUS=$((processors < 4 ? 1 : 2))
	fi
	if [ -z "$OPT_JOBS" ]; then
		OPT_JOBS=$((processors * 3 / 2 / OPT_CPUS))
		OPT_JOBS=$((OPT_JOBS < 1 ? 1 : OPT_JOBS > MAX_JOBS ? MAX_JOBS : OPT_JOBS))
	fi
}

# run_guests DIR...: runs guests in these run directories until the queue is empty. prepare_run must
# have prepared the directories.
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
		record FAIL "$NAME" "$WEIGHT" - "no guest could run it"
	done
}

# run_cases NAME...: runs the cases in up to OPT_JOBS guests with OPT_CPUS processors each.
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

# results_with TRY STATUS: prints the lines of the results that have these values.
results_with() {
	grep "^$1 $2 " "$CHECK_DIR/results" || :
}

# second_try: runs each failed case once more, in a new guest. The new guest gets the run directory
# of the first guest, so a case can tell from a file in $LAB_RUN that it has run before.
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

# Saves how long each case took, for the order of the next check.
save_durations() {
	{
		cat "$CACHE/durations" 2>/dev/null || :
		sed -n 's/^1 ok \([^ ]*\) \([0-9]*\).*/\1 \2/p' "$CHECK_DIR/results"
	} | awk '{ last[$1] = $2 } END { for (name in last) print name, last[name] }' >"$CHECK_DIR/durations"
	mv "$CHECK_DIR/durations" "$CACHE/durations"
}

# With --repeat: prints how often each case passed, and how long that took.
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

# Writes the file that "./lab status" prints. It records whether a commit has passed.
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
	[ -e "$CACHE/last-check" ] || die "no complete run of ./lab check is recorded here"
	cat "$CACHE/last-check"
	[ "$(sed -n 's/^commit: //p' "$CACHE/last-check")" = "$(git -C "$SRC" rev-parse HEAD 2>/dev/null)" ] ||
		say "this result belongs to another commit than the one that is checked out"
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

# count_results: adds to PASSED, FAILED and SKIPPED, and sets SECOND to the names of the cases that
# passed, or were skipped, at the second try.
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
		die "no case in tests/cases has a name that contains this"
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

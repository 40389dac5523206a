# SPDX-License-Identifier: GPL-2.0-or-later
#
# Functions that the lint scripts share: they print TAP and find the source tree. Sourced, not run.
# A lint script can also be run by hand, from the top of the build directory.

: "${top_srcdir:=$(dirname "$0")/../..}"
: "${top_builddir:=.}"

lint_count=0
lint_failed=0

# check NAME COMPLAINTS: one test, which passes if COMPLAINTS is empty.
check() {
	lint_count=$((lint_count + 1))
	if [ -z "$2" ]; then
		echo "ok $lint_count - $1"
		return
	fi
	lint_failed=$((lint_failed + 1))
	echo "not ok $lint_count - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
	# make check writes standard output to a log file. Standard error goes to the terminal.
	printf '%s\n' "$2" | sed "s|^|${0##*/}: |" >&2
}

# skip_all REASON: ends the script before any test.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$lint_count"
	# The TAP driver counts the failures itself. Without it, the exit status reports them.
	[ -n "$AM_TAP_AWK" ] || [ "$lint_failed" -eq 0 ]
	exit
}

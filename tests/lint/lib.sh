# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the lint scripts share: TAP, and where the source is. Included, not run. A
# script can be run by hand too, from the top of the build directory.

: "${top_srcdir:=$(dirname "$0")/../..}"
: "${top_builddir:=.}"

lint_count=0
lint_failed=0

# check NAME COMPLAINTS: one test, which passes when there are no complaints.
check() {
	lint_count=$((lint_count + 1))
	if [ -z "$2" ]; then
		echo "ok $lint_count - $1"
		return
	fi
	lint_failed=$((lint_failed + 1))
	echo "not ok $lint_count - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
	# The log of make check is not shown on the terminal; this is.
	printf '%s\n' "$2" | sed "s|^|${0##*/}: |" >&2
}

# skip_all REASON: ends the script without a test.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$lint_count"
	# The TAP driver has counted the failures; anyone else wants the status.
	[ -n "$AM_TAP_AWK" ] || [ "$lint_failed" -eq 0 ]
	exit
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# restart.sh - for cases in which the daemon dies and is started again. Source it after topo.sh
# and hardware.sh.
#
#   ages_save              saves the age and the counters of every rule on lan0 and wan0
#   ages_compare [N]       fails if one of them was added again, or fewer than N are left
#   record_is_written      for wait_for: the daemon has written the record for its next life

ages_save() {
	python3 -B "$LAB_SRC/tests/lab/ages.py" save ages router lan0 wan0
}

ages_compare() {
	python3 -B "$LAB_SRC/tests/lab/ages.py" compare ages "${1:-1}" || fail "rules were added again, or are gone"
}

record_is_written() {
	[ -s "$SOCKET.last" ]
}

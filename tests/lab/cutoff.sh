# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# cutoff.sh - for cases about changes of the ruleset: how long a connection that is denied
# goes on, and that others do not notice. Source it after topo.sh and hardware.sh.
#
#   watch_arrivals DEV PORT         the server's device: notes when packets to the port arrive
#   cutoff_ms COMMAND...            runs it, waits until nothing arrives any more, and sets
#                                   $cutoff to the milliseconds from its end to the last arrival
#   marks_of PORT                   ct marks of the connections to this port of the server
#   rule_ages DEV                   handle and age in seconds of each redirecting rule

# watch_arrivals DEV PORT
watch_arrivals() {
	ip netns exec server tcpdump -Q in -i "$1" -n -tt -l -s 96 --immediate-mode \
		"dst port $2" >arrivals 2>arrivals.err &
	arrivals_pid=$!
	wait_for 10 grep -q 'listening on' arrivals.err
	wait_for 10 test -s arrivals
}

last_arrival() {
	tail -n 1 arrivals | cut -d' ' -f1
}

is_quiet() {
	local before
	before=$(wc -c <arrivals)
	sleep 0.5
	[ "$(wc -c <arrivals)" = "$before" ]
}

cutoff_ms() {
	local end
	"$@" || fail "$*"
	end=$(date +%s.%N)
	wait_for 20 is_quiet
	cutoff=$(echo "$(last_arrival) $end" | awk '{ printf "%d", ($1 - $2) * 1000 }')
	kill "$arrivals_pid"
	wait "$arrivals_pid" || :
}

marks_of() {
	in_router conntrack -L 2>/dev/null | sed -n "s/.*dport=$1 .*mark=\([0-9]*\).*/\1/p"
}

rule_ages() {
	tc -n router -s filter show dev "$1" ingress | awk '
		/^filter/ { handle = "" }
		/flower.*handle/ { for (i = 1; i < NF; i++) if ($i == "handle") handle = $(i + 1) }
		/mirred/ { redirect = 1 }
		/installed/ { for (i = 1; i < NF; i++) if ($i == "installed" && redirect) print handle, $(i + 1); redirect = 0 }' | sort
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# policy.sh - for cases in which the ruleset denies offloaded connections: measures how long a
# denied connection goes on, and checks that others are not disturbed. Source it after topo.sh.
#
#   policy_rules                    loads a ruleset with a set "banned" of address and port
#   policy_open PORT...             opens TCP connections to these ports of the server that send
#                                   both ways until the case ends, $POLICY_RATE bytes a second
#   policy_alive PORT...            fails unless they still send and receive
#   cutoff DEV PORT COMMAND...      runs the command. Sets $cutoff_ms to the time from its end to
#                                   the last packet for the port that arrives at this device of the
#                                   server, and $took_ms to the time that the command took
#   cutoff_is_short WHAT            asserts that $cutoff_ms is at most 100 ms. The control is the
#                                   nft command, which takes some milliseconds on a real machine and
#                                   some hundred in an emulated guest
#   rule_ages DEV                   prints handle and age in seconds of each rule that redirects
#   ages_go_on FILE DEV             fails unless each rule that is there now is in FILE, the output
#                                   of an earlier rule_ages, and has not become younger

: "${POLICY_RATE:=500000}"

policy_rules() {
	router_nft -f - <<'END'
table inet labpolicy {
	set banned { type ipv4_addr . inet_service; }
	chain forward {
		type filter hook forward priority filter
		ip saddr . tcp dport @banned drop
		ct state established,related accept
	}
}
END
}

# With --stall 1000, labtraffic tolerates a connection that the ruleset denies for a while.
policy_open() {
	local port
	for port in "$@"; do
		labns server labtraffic serve tcp --port "$port" >"served.$port" 2>&1 &
		wait_for 20 has_line "served.$port" listening
		labns client labtraffic send tcp "$SERVER4" --port "$port" \
			--bytes 8000000000 --stall 1000 --rate "$POLICY_RATE" >"sent.$port" 2>&1 &
		echo $! >"pid.$port"
	done
}

# Prints how many bytes of the client's socket are acknowledged, and how many it has received.
socket_bytes() {
	labns client ss -tinH dst "$SERVER4" dport = ":$1" |
		sed -n 's/.*bytes_acked:\([0-9]*\).*bytes_received:\([0-9]*\).*/\1 \2/p'
}

moves_on() {
	local sent got
	read -r sent got <"bytes.$1"
	# shellcheck disable=SC2046 # two numbers
	set -- $(socket_bytes "$1")
	[ "${1:-0}" -gt "$sent" ] && [ "${2:-0}" -gt "$got" ]
}

policy_alive() {
	local port
	for port in "$@"; do
		kill -0 "$(cat "pid.$port")" || fail "connection to $port: $(cat "sent.$port")"
		socket_bytes "$port" >"bytes.$port"
		wait_for 5 moves_on "$port"
	done
}

has_arrivals() {
	[ -e arrivals ] && [ "$(wc -l <arrivals)" -gt 10 ]
}

# No packet arrives during four pings. A packet that was under way would arrive before the answers
# to the pings.
is_quiet() {
	local before
	before=$(wc -c <arrivals)
	in_client ping -q -c 4 -i 0.3 "$SERVER4" >/dev/null || :
	[ "$(wc -c <arrivals)" = "$before" ]
}

cutoff() {
	local dev="$1" port="$2" pid begin end
	shift 2
	rm -f arrivals
	labns server tcpdump -i "$dev" -Q in -n -tt -l -s 96 "tcp and dst port $port" \
		>arrivals 2>arrivals.err &
	pid=$!
	wait_for 20 has_arrivals
	begin=$(date +%s.%N)
	"$@" || fail "$*"
	end=$(date +%s.%N)
	wait_for 20 is_quiet
	kill "$pid"
	wait "$pid" 2>/dev/null || :
	took_ms=$(echo "$begin $end" | awk '{ printf "%d", ($2 - $1) * 1000 }')
	cutoff_ms=$(awk -v end="$end" '/^[0-9]/ { last = $1 } END { printf "%d", (last - end) * 1000 }' arrivals)
}

cutoff_is_short() {
	assert_soon "$1: the last packet after nft had returned" "$cutoff_ms" 100 "$took_ms"
}

rule_ages() {
	tc -n router -s filter show dev "$1" ingress | awk '
		/flower.*handle/ { for (i = 1; i < NF; i++) if ($i == "handle") handle = $(i + 1) }
		/mirred/ { redirects = 1 }
		/installed/ && redirects { for (i = 1; i < NF; i++) if ($i == "installed") print handle, $(i + 1); redirects = 0 }'
}

ages_go_on() {
	rule_ages "$2" >ages.now
	[ -s ages.now ] || fail "no rules on $2"
	awk 'NR == FNR { age[$1] = $2; next }
		!($1 in age) || $2 < age[$1] { print "rule", $1, "is", $2, "s old, and was", age[$1]; bad = 1 }
		END { exit bad }' "$1" ages.now || fail "a rule on $2 is new or was replaced"
}

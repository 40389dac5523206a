# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# example.sh - runs the rulesets of conf/examples unchanged. Source it after topo.sh, which uses
# the same names of devices and the same addresses as the examples.
#
#   topo_dmz                        adds a third network to the router: namespace dmz behind dmz0
#   example_start NAME              loads NAME.nft and starts the daemon with NAME.conf, but with
#                                   offload = software
#   example_reload NAME             loads NAME.nft once more
#   in_dmz COMMAND...
#   skipped                         prints the kinds of statements in table "router" that offloaded
#                                   packets skip according to doctor: each once, sorted
#
#   flow_open NAME FROM TO PROTO ADDRESS PORT BYTES [LABTRAFFIC-OPTION...]
#                                   opens a connection between two namespaces; continue with
#                                   transfer_bulk NAME and transfer_close NAME of topo.sh
#   flow_is_offloaded NAME          for wait_for
#   flow_stays NAME REASON          fails unless the flow is on the CPU for this reason
#   flow_bypasses NAME BYTES        transfers the bulk, BYTES each way; fails if more than 3 % of it
#                                   crosses the router's stack
#   flow_crosses NAME BYTES         the same; fails unless all of it crosses the router's stack
#   dropped FROM ADDRESS PORT [SOURCE]
#                                   fails if a new TCP connection gets any answer
#   reached FROM ADDRESS PORT       fails unless a new TCP connection is refused: the packet reached
#                                   the host, where nothing listens on the port

EXAMPLES=$LAB_SRC/conf/examples
DMZ4=192.168.3.2 RELAY4=192.168.3.25 DMZ6=2001:db8:3::2

in_dmz() {
	labns dmz "$@"
}

#   router dmz0 192.168.3.1, 2001:db8:3::1 ------------ d0 .2, .25, ::2 dmz
topo_dmz() {
	topo_ns dmz
	topo_link router dmz0 02:00:00:00:03:01 dmz d0 02:00:00:00:03:02
	ip -n router -batch - <<-'END'
		addr add 192.168.3.1/24 dev dmz0
		addr add 2001:db8:3::1/64 dev dmz0 nodad
	END
	ip -n dmz -batch - <<-END
		addr add $DMZ4/24 dev d0
		addr add $RELAY4/24 dev d0
		addr add $DMZ6/64 dev d0 nodad
		route add default via 192.168.3.1
		route add default via 2001:db8:3::1
	END
	wait_for 10 dmz_reachable
}

dmz_reachable() {
	in_client ping -q -c 1 -W 1 "$DMZ4" >/dev/null && in_client ping -q -c 1 -W 1 "$DMZ6" >/dev/null
}

example_reload() {
	router_nft -f "$EXAMPLES/$1.nft" || fail "nft does not accept $1.nft"
}

# The daemon reads conf.d after the main file, so the settings in conf.d win.
example_start() {
	topo_count_forward
	example_reload "$1"
	mkdir -p conf.d
	echo 'offload = software' >conf.d/lab.conf
	start_daemon "$(cat "$EXAMPLES/$1.conf")"
}

skipped() {
	# Status 3 means that doctor reports problems. Here that is no failure.
	offload -j doctor >doctor.json || [ $? = 3 ] || fail "doctor gave no answer"
	json_path 'table=router.check' <doctor.json | grep -v '^0$' | sort -u | paste -s -d ' ' -
}

# ---- flows ----

flow_open() {
	local name="$1" from="$2" to="$3" proto="$4" address="$5" port="$6" bytes="$7"
	local dir="$CASE_DIR/transfer.$1"
	shift 7
	# Conntrack calls a UDP flow assured after two seconds of traffic both ways.
	[ "$proto" = tcp ] || set -- --warm 2.5 "$@"
	mkdir "$dir"
	transfer_run "$dir" server labns "$to" labtraffic serve "$proto" --port "$port"
	wait_for 20 has_line "$dir/server" listening
	transfer_run "$dir" client labns "$from" labtraffic send "$proto" "$address" --port "$port" \
		--bytes "$bytes" --wait-file "$dir/go" --hold-file "$dir/close" "$@"
	echo "$proto" >"$dir/proto"
	transfer_await "$name" waiting
}

# flow_why NAME: writes what "why" says about the flow to why.json.
flow_why() {
	local proto
	read -r proto <"$CASE_DIR/transfer.$1/proto"
	# shellcheck disable=SC2046 # protocol and two ends
	offload -j why $(awk -v proto="$proto" '
		function end(address, port) { return (address ~ /:/ ? "[" address "]" : address) ":" port }
		$1 == "connected" { print proto, end($2, $3), end($4, $5) }' "$CASE_DIR/transfer.$1/client") >why.json
}

flow_is_offloaded() {
	flow_why "$1" && grep -q '"state": *"offloaded"' why.json
}

flow_has_reason() {
	flow_why "$1" && grep -q "\"reason\": *\"$2\"" why.json
}

flow_stays() {
	wait_until 5 flow_has_reason "$1" "$2" || fail "$1 is not on the CPU for $2: $(cat why.json)"
}

flow_bypasses() {
	local before crossed
	wait_until 10 flow_is_offloaded "$1" || fail "$1 is not offloaded: $(cat why.json)"
	before=$(fwd_bytes)
	transfer_bulk "$1"
	crossed=$(($(fwd_bytes) - before))
	assert_le "$1: bytes through the forward hook" "$crossed" $(($2 * 2 * 3 / 100))
	echo "$1: $crossed of $(($2 * 2)) bytes crossed the router's stack"
}

flow_crosses() {
	local before crossed
	before=$(fwd_bytes)
	transfer_bulk "$1"
	crossed=$(($(fwd_bytes) - before))
	assert_ge "$1: bytes through the forward hook" "$crossed" $(($2 * 2))
	echo "$1: $crossed of $(($2 * 2)) bytes crossed the router's stack"
}

# answer FROM ADDRESS PORT [SOURCE]: tries a TCP connection for $ANSWER_SECONDS and prints the
# result: "connected", "none" if no answer comes, or the error.
ANSWER_SECONDS=2
answer() {
	labns "$1" python3 -c '
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[4]), (sys.argv[3], 0))
    print("connected")
except TimeoutError:
    print("none")
except OSError as error:
    print(error.strerror)' "$2" "$3" "${4:-}" "$ANSWER_SECONDS"
}

dropped() {
	assert_eq "answer to $1 from $2 port $3" "$(answer "$@")" none
}

reached() {
	local patience
	patience 10
	assert_eq "answer to $1 from $2 port $3" "$(ANSWER_SECONDS=$((patience / 100)); answer "$@")" "Connection refused"
}

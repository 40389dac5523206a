# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# topo.sh - the functions that all cases use: namespaces, the daemon, traffic, assertions.
#
# A case begins with
#
#	#!/bin/sh
#	set -eu
#	. "$LAB_TOPO"
#
# and runs in an empty directory of its own, $CASE_DIR. When it ends, an exit trap stops
# the daemon, if the case has not, and checks its log.
#
#   fail TEXT                          ends the case
#   skip TEXT                          ends the case because it cannot run here
#   assert_eq WHAT GOT WANTED          also assert_le, assert_ge (numbers)
#   assert_soon WHAT MS BOUND CONTROL  checks a bound that the product promises: fails if MS minus
#                                      CONTROL is more than BOUND. CONTROL is a time measured in the
#                                      same guest, at about the same time, of an action without the
#                                      daemon. All are milliseconds
#   wait_for SECONDS COMMAND...        repeats the command until it succeeds; fails after the limit.
#                                      The limit only detects a hang: see patience
#
#   topo_router2                       makes the topology client - router - server, see below
#   topo_ns NAME...                    makes network namespaces
#   topo_forwarding NS                 makes it a router
#   topo_addresses                     gives c0, lan0, wan0 and s0 the addresses of topo_router2
#   topo_link NS DEV MAC NS DEV MAC [MTU]
#   topo_masquerade [TABLE-FAMILY]     masquerades packets that leave the router by wan0: IPv4 and
#                                      IPv6 (inet), or one of them (ip, ip6)
#   topo_track                         lets conntrack track, which it does only where a rule needs it
#   topo_acct                          enables conntrack's counters and events
#   nft_reads NS FILE                  fails unless nft can load the tables that it has shown
#   topo_count_forward                 begins to count what the router's stack forwards
#   fwd_bytes, fwd_packets             print these counters
#   in_client, in_router, in_server COMMAND...
#
#   start_daemon LINE...               starts it with these lines as its configuration; waits until
#                                      it is ready
#   launch_daemon                      starts it with the configuration that it had; does not wait
#   daemon_is_ready                    waits until it is ready
#   stop_daemon                        fails unless it ends in time with status 0
#   kill_daemon                        kills it with SIGKILL
#   lose_events PROTOCOL COMMAND...    repeats the command, which causes events of this netlink
#                                      protocol (0: route, 12: netfilter), until a socket in the
#                                      router's namespace has lost some
#   events_are_read PROTOCOL           for wait_for: no such socket has a message to read
#   daemon_catches_up                  waits until it has acted on all that the kernel has reported
#   expect_warning REGEX               allows such warnings and errors in the daemon's log
#   offload COMMAND...                 runs nft-offload with the socket of the daemon
#   answers_soon WHAT MS               asserts that "nft-offload status" takes at most MS; the
#                                      control is "nft-offload --version"
#   status PATH                        prints a number of its status: "counters.ct_overruns"
#   status_is PATH NUMBER, status_over PATH NUMBER
#                                      for wait_for
#   json_path [--sum] PATH             prints values of the JSON on standard input: see labjson.c
#   device NAME PATH                   prints a value of this device in "nft-offload devices"
#   rules DEV                          prints the number of flower filters that redirect on DEV
#   filters DEV                        prints the number of all flower filters on DEV's ingress
#   has_rules DEV NUMBER               for wait_for
#
#   transfer PROTO FAMILY BYTES [LABTRAFFIC-OPTION...]
#                                      sends BYTES both ways over one connection, with all the steps
#                                      below. With the steps, several transfers can run at a time:
#   transfer_open NAME PROTO FAMILY BYTES [LABTRAFFIC-OPTION...]
#                                      waits until the connection is established (UDP: assured)
#   transfer_go NAME                   starts the bulk
#   transfer_wait NAME                 waits until the bulk is finished; the connection stays open
#   transfer_open_endless NAME tcp FAMILY BYTES [LABTRAFFIC-OPTION...]
#                                      like transfer_open, but the bulk repeats until transfer_stop
#   transfer_stop NAME                 ends the repetition, then waits like transfer_wait
#   transfer_bulk NAME                 transfer_go and transfer_wait
#   transfer_close NAME                closes it; fails unless both ends succeed
#   transfer_result NAME               prints the client's last line
#   crowd N                            opens N TCP connections from ports 42001... to port 80, and
#                                      sends a byte each way; they stay until the case ends

: "${CASE_DIR:=$(mktemp -d)}"
cd "$CASE_DIR" || exit
: "${TOPO_LINK:=topo_veth}"		# command that makes a link, with the arguments of topo_link
: "${TOPO_LAN_MTU:=1500}" "${TOPO_WAN_MTU:=1500}"

# Addresses of topo_router2. NAT66 uses the client's unique local address.
CLIENT4=192.168.1.2 ROUTER4=203.0.113.1 SERVER4=203.0.113.2
CLIENT6=2001:db8:1::2 CLIENT6_ULA=fd00:1::2 ROUTER6=2001:db8:2::1 SERVER6=2001:db8:2::2
CLIENT_MAC=02:00:00:00:01:02 LAN_MAC=02:00:00:00:01:01
WAN_MAC=02:00:00:00:02:01 SERVER_MAC=02:00:00:00:02:02

SOCKET=$CASE_DIR/control.sock
DAEMON_LOG=$CASE_DIR/daemon.log
DAEMON_PID=
DAEMON_ARGS=

TRANSFER_LIMIT=100
: "${STOP_LIMIT:=10}"			# seconds; thousands of flows take longer
transfer_count=0

# ---- assertions ----

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

skip() {
	echo "skip: $*"
	exit 77
}

assert_eq() {
	[ "$2" = "$3" ] || fail "$1: got $2, wanted $3"
}

assert_le() {
	[ "$2" -le "$3" ] || fail "$1: got $2, wanted at most $3"
}

assert_ge() {
	[ "$2" -ge "$3" ] || fail "$1: got $2, wanted at least $3"
}

assert_soon() {
	echo "$1: $2 ms, the bound is $3 ms; the control took $4 ms"
	[ $(($2 - $4)) -le "$3" ] || fail "$1: got $2 ms, wanted at most $3 ms and the $4 ms of the control"
}

# Sets now to the time since boot in hundredths of a second. Starts no process.
centiseconds() {
	read -r now _ </proc/uptime
	now=$((${now%.*}${now#*.}))
}

# Sets stolen to the time in which the guest could not run because other processes of the host had
# the processor, in hundredths of a second.
get_stolen() {
	: "${stolen:=0}"
	[ ! -r "${LAB_STOLEN:-}" ] || read -r stolen <"$LAB_STOLEN" || :
}

# patience SECONDS: scales a limit to this guest and sets patience to it, in hundredths of a second.
# LAB_PATIENCE is a percentage, 300 or more; it grows with the slowness of the guest (see
# guest-runner).
patience() {
	patience=$(($1 * ${LAB_PATIENCE:-300}))
}

# wait_until SECONDS COMMAND...: like wait_for, but returns false after the limit.
wait_until() {
	local deadline
	patience "$1"
	shift
	get_stolen
	centiseconds
	deadline=$((now + patience - stolen))
	until "$@"; do
		centiseconds
		if [ "$now" -ge "$deadline" ]; then
			# Time that was stolen meanwhile does not count.
			get_stolen
			[ $((now - stolen)) -lt "$deadline" ] || return 1
		fi
		sleep 0.05
	done
}

wait_for() {
	wait_until "$@" || fail "not within $1 s (times ${LAB_PATIENCE:-300} %): $(shift; echo "$*")"
}

# has_line FILE LINE
has_line() {
	local line
	[ -e "$1" ] || return 1
	while read -r line; do
		[ "$line" != "$2" ] || return 0
	done <"$1"
	return 1
}

# ---- topology ----

# In these commands /sys shows the devices of the initial namespace. "ip netns exec" would mount
# another /sys, but is slow.
in_client() {
	labns client "$@"
}

in_router() {
	labns router "$@"
}

in_server() {
	labns server "$@"
}

# The kernel enables and disables hooks by patching its own code. QEMU sometimes keeps executing its
# translation of the code in between: then a processor hits the breakpoint of text_poke_bp_batch()
# again and again, and the guest hangs. So the initial namespace uses all hooks all the time, and no
# other namespace ever switches them.
topo_keep_hooks() {
	local hook
	tc qdisc show dev lo | grep -q clsact || tc qdisc add dev lo clsact
	# A case may have flushed the ruleset.
	! nft list table inet lab >/dev/null 2>&1 || return 0
	{
		echo 'table inet lab {'
		for hook in prerouting input forward output postrouting; do
			echo "chain $hook { type filter hook $hook priority 0; }"
		done
		echo '}'
		echo 'table netdev lab { chain ingress { type filter hook ingress device "lo" priority 0; }; }'
	} | nft -f -
}

# Disables duplicate address detection, so that addresses are usable at once.
topo_ns() {
	local ns
	topo_keep_hooks
	for ns in "$@"; do
		echo "netns add $ns"
		echo "netns set $ns auto"
	done | ip -batch -
	for ns in "$@"; do
		labns "$ns" sh -c '
			cd /proc/sys/net/ipv6/conf
			echo 0 >all/accept_dad; echo 0 >default/accept_dad; echo 0 >default/router_solicitations'
		ip -n "$ns" link set lo up
	done
}

topo_veth() {
	ip link add "$2" netns "$1" address "$3" mtu "${7:-1500}" type veth \
		peer name "$5" netns "$4" address "$6" mtu "${7:-1500}"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

topo_link() {
	"$TOPO_LINK" "$@"
}

topo_forwarding() {
	labns "$1" sh -c '
		echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

#   client              router                 server
#     c0 ------------ lan0   wan0 ------------ s0
#     192.168.1.2       .1   203.0.113.1       .2
#     2001:db8:1::2    ::1   2001:db8:2::1    ::2
#     fd00:1::2        ::1
topo_router2() {
	topo_ns client router server
	topo_forwarding router
	topo_link client c0 "$CLIENT_MAC" router lan0 "$LAN_MAC" "$TOPO_LAN_MTU"
	topo_link router wan0 "$WAN_MAC" server s0 "$SERVER_MAC" "$TOPO_WAN_MTU"
	topo_addresses
}

# Gives c0, lan0, wan0 and s0 their addresses and routes.
topo_addresses() {
	ip -n router -batch - <<-END
		addr add 192.168.1.1/24 dev lan0
		addr add 2001:db8:1::1/64 dev lan0 nodad
		addr add fd00:1::1/64 dev lan0 nodad
		addr add $ROUTER4/24 dev wan0
		addr add $ROUTER6/64 dev wan0 nodad
	END
	ip -n client -batch - <<-END
		addr add $CLIENT4/24 dev c0
		addr add $CLIENT6/64 dev c0 nodad
		addr add $CLIENT6_ULA/64 dev c0 nodad
		route add default via 192.168.1.1
		route add default via 2001:db8:1::1
	END
	ip -n server -batch - <<-END
		addr add $SERVER4/24 dev s0
		addr add $SERVER6/64 dev s0 nodad
		route add default via $ROUTER4
		route add default via $ROUTER6
	END
	# A veth gets its carrier after a moment, and its IPv6 link-local address after that.
	wait_for 10 topo_reachable
}

topo_reachable() {
	in_client ping -q -c 1 -W 1 "$SERVER4" >/dev/null && in_client ping -q -c 1 -W 1 "$SERVER6" >/dev/null
}

router_nft() {
	labns router nft "$@"
}

topo_masquerade() {
	router_nft -f - <<-END
		table ${1:-inet} labnat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname "wan0" masquerade
			}
		}
	END
}

topo_track() {
	router_nft -f - <<-'END'
		table inet labtrack {
			chain forward {
				type filter hook forward priority 0
				ct state established accept
			}
		}
	END
}

# All other conntrack settings of the router are the kernel's defaults.
topo_acct() {
	labns router sh -c '
		cd /proc/sys/net/netfilter; echo 1 >nf_conntrack_acct; echo 1 >nf_conntrack_events'
}

# nft 1.0.6 cannot load a lookup of protocol and port among ranges on Linux 6.12, in whatever table: the
# kernel answers EOPNOTSUPP. The daemon's own request is accepted there. Then nft reads the rest.
nft_reads() {
	! labns "$1" nft -c -f - <"$2" || return 0
	! labns "$1" nft -c -f - <<-'END' || fail "nft does not read what it shows: $2"
		table inet labranges {
			set ports {
				type inet_proto . inet_service
				flags interval
			}
			chain lookup {
				meta l4proto . th sport @ports return
			}
		}
	END
	echo "this nft cannot load a lookup among ranges on this kernel"
	grep -v 'meta l4proto . th [sd]port @exempt_ports' "$2" | labns "$1" nft -c -f - ||
		fail "nft does not read the rest of what it shows: $2"
}

# The chain is early in the hook, so that it also counts packets that a filter drops.
topo_count_forward() {
	router_nft -f - <<-'END'
		table inet labcount {
			counter forwarded { }
			chain forward {
				type filter hook forward priority -300
				counter name forwarded
			}
		}
	END
}

fwd_counter() {
	router_nft list counter inet labcount forwarded |
		sed -n "s/.*packets \([0-9]*\) bytes \([0-9]*\).*/\\$1/p"
}

fwd_packets() {
	fwd_counter 1
}

fwd_bytes() {
	fwd_counter 2
}

# ---- the daemon ----

daemon_ready() {
	# A daemon that has ended will never be ready.
	has_line "$CASE_DIR/notify" READY=1 || ! daemon_runs
}

daemon_runs() {
	local state=Z
	# "PID (NAME) STATE ..."
	{ read -r _ _ state _ <"/proc/$DAEMON_PID/stat"; } 2>/dev/null || :
	[ "$state" != Z ]
}

# Starts the daemon with the configuration that exists. Does not wait until it is ready.
launch_daemon() {
	[ -z "$DAEMON_PID" ] || fail "the daemon runs already"
	rm -f "$CASE_DIR/notify" "$CASE_DIR/notify.sock"
	labnotify "$CASE_DIR/notify.sock" "$CASE_DIR/notify"
	# shellcheck disable=SC2086 # a list of arguments
	NOTIFY_SOCKET=$CASE_DIR/notify.sock ip netns exec router \
		nft-offloadd -c "$CASE_DIR/daemon.conf" -s "$SOCKET" $DAEMON_ARGS 2>>"$DAEMON_LOG" >&2 </dev/null &
	DAEMON_PID=$!
}

daemon_is_ready() {
	wait_until 30 daemon_ready || :
	has_line "$CASE_DIR/notify" READY=1 || fail "the daemon did not become ready"
}

start_daemon() {
	printf '%s\n' "$@" >"$CASE_DIR/daemon.conf"
	launch_daemon
	daemon_is_ready
}

# end_daemon SIGNAL: ends the daemon and sets daemon_status. Kills it after $STOP_LIMIT seconds.
end_daemon() {
	local guard
	daemon_status=0
	kill "-$1" "$DAEMON_PID" 2>/dev/null || :
	(
		patience "$STOP_LIMIT"
		get_stolen
		begin=$stolen
		sleep $((patience / 100))
		get_stolen
		sleep $(((stolen - begin) / 100))
		kill -KILL "$DAEMON_PID"
	) >/dev/null 2>&1 </dev/null &
	guard=$!
	wait "$DAEMON_PID" || daemon_status=$?
	kill "$guard" 2>/dev/null || :
	DAEMON_PID=
	rm -f "$CASE_DIR/notify.sock"
}

stop_daemon() {
	[ -n "$DAEMON_PID" ] || fail "stop_daemon: the daemon does not run"
	end_daemon TERM
	[ "$daemon_status" != 137 ] || fail "the daemon did not stop within $STOP_LIMIT s"
	assert_eq "exit status of the daemon" "$daemon_status" 0
}

kill_daemon() {
	end_daemon KILL
}

expect_warning() {
	echo "$1" >>"$CASE_DIR/expected-warnings"
}

# Prints warnings and errors in the daemon's log that the case did not expect; false if any exist.
check_daemon_log() {
	[ -e "$DAEMON_LOG" ] || return 0
	touch "$CASE_DIR/expected-warnings"
	# An empty pattern file matches nothing.
	! grep -E '^(error|warning): ' "$DAEMON_LOG" |
		grep -v -E -f "$CASE_DIR/expected-warnings" >"$CASE_DIR/warnings" ||
		{ echo "unexpected in the daemon's log:"; cat "$CASE_DIR/warnings"; return 1; } >&2
}

offload() {
	labns router nft-offload -s "$SOCKET" "$@"
}

# took_ms COMMAND...: runs the command; sets took_ms to how long it took.
took_ms() {
	centiseconds
	took_ms=$now
	"$@" >/dev/null
	centiseconds
	took_ms=$(((now - took_ms) * 10))
}

answers_soon() {
	local answer
	took_ms offload status
	answer=$took_ms
	took_ms offload --version
	assert_soon "$1: an answer" "$answer" "$2" "$took_ms"
}

json_path() {
	labjson "$@"
}

status() {
	offload -j status | json_path "$1"
}

# Prints how many messages the router's sockets of a netlink protocol have lost so far.
netlink_drops() {
	labns router awk -v protocol="$1" '$2 == protocol { n += $9 } END { print n + 0 }' \
		/proc/net/netlink
}

events_are_read() {
	labns router awk -v protocol="$1" '$2 == protocol && $5 > 0 { exit 1 }' /proc/net/netlink
}

lose_events() {
	local protocol="$1" before round
	shift
	before=$(netlink_drops "$protocol")
	for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		"$@" || fail "$*"
		[ "$(netlink_drops "$protocol")" -le "$before" ] || return 0
	done
	fail "no event was lost after $round times: $*"
}

# Each answer ends a round of the daemon's loop. By the end of the first round, the daemon has read
# all earlier reports of the kernel. In the next round, it begins to act on them.
daemon_catches_up() {
	local round
	for round in 1 2 3 4; do
		status flows.total >/dev/null || fail "the daemon does not answer"
	done
}

device() {
	offload -j devices | json_path "name=$1.$2"
}

status_is() {
	[ "$(status "$1")" = "$2" ]
}

status_over() {
	[ "$(status "$1")" -gt "$2" ]
}

filters() {
	tc -n router filter show dev "$1" ingress | grep -c '^filter .* flower .*handle' || :
}

rules() {
	tc -n router filter show dev "$1" ingress | grep -c 'mirred (Egress Redirect' || :
}

has_rules() {
	[ "$(rules "$1")" = "$2" ]
}

# ---- traffic ----

# transfer_client DIR PROTO FAMILY BYTES PORT OPTION...
transfer_client() {
	local dir="$1" proto="$2" family="$3" bytes="$4" port="$5" address="$SERVER4"
	shift 5
	[ "$family" = 4 ] || address=$SERVER6
	# Conntrack calls a UDP flow assured after two seconds of traffic both ways.
	[ "$proto" = tcp ] || set -- --warm 2.5 "$@"
	patience 20
	labns client labtraffic send "$proto" "$address" --port "$port" --bytes "$bytes" \
		--stall $((patience / 100)) --wait-file "$dir/go" --hold-file "$dir/close" "$@"
}

transfer_server() {
	labns server labtraffic serve "$1" --port "$2"
}

# transfer_run DIR END COMMAND...: runs the command in the background; its output and exit status go
# to files.
transfer_run() {
	local dir="$1" end="$2"
	shift 2
	(
		status=0
		"$@" >"$dir/$end" 2>"$dir/$end.err" || status=$?
		echo "$status" >"$dir/$end-ended"
	) &
}

# transfer_at DIR PHASE: the client has reached the phase, or an end has exited and it never will.
transfer_at() {
	has_line "$1/client" "$2" || [ -e "$1/client-ended" ] || [ -e "$1/server-ended" ]
}

transfer_await() {
	local dir="$CASE_DIR/transfer.$1"
	wait_until "$TRANSFER_LIMIT" transfer_at "$dir" "$2" || :
	has_line "$dir/client" "$2" || transfer_fail "$1" "did not get to \"$2\""
}

transfer_fail() {
	local dir="$CASE_DIR/transfer.$1"
	cat "$dir/client.err" "$dir/server.err" >&2
	fail "transfer $1 $2"
}

# After a change of the ruleset, it may take a moment until the daemon admits flows again. A packet
# before that does not admit its flow; only the next packet of the flow does.
is_admitting() {
	[ "$(offload -j status 2>/dev/null | json_path admission.open 2>/dev/null)" = True ]
}

transfer_open() {
	local name="$1" proto="$2" family="$3" bytes="$4" dir="$CASE_DIR/transfer.$1" port
	shift 4
	[ -z "$DAEMON_PID" ] || wait_until 5 is_admitting || :
	transfer_count=$((transfer_count + 1))
	port=$((5200 + transfer_count))
	rm -rf "$dir"
	mkdir "$dir"
	transfer_run "$dir" server transfer_server "$proto" "$port"
	wait_for 20 has_line "$dir/server" listening
	transfer_run "$dir" client transfer_client "$dir" "$proto" "$family" "$bytes" "$port" "$@"
	transfer_await "$name" waiting
}

transfer_open_endless() {
	local name="$1"
	shift
	rm -f "$CASE_DIR/stop.$name"
	transfer_open "$name" "$@" --until "$CASE_DIR/stop.$name"
}

transfer_stop() {
	touch "$CASE_DIR/stop.$1"
	transfer_wait "$1"
}

transfer_go() {
	touch "$CASE_DIR/transfer.$1/go"
}

transfer_wait() {
	transfer_await "$1" holding
}

transfer_bulk() {
	transfer_go "$1"
	transfer_wait "$1"
}

# The client has exited, and so has the server. If the client failed, the exit of the server does
# not matter, because the server may wait forever.
transfer_ended() {
	[ -s "$1/client-ended" ] || return 1
	[ -s "$1/server-ended" ] || ! has_line "$1/client-ended" 0
}

transfer_close() {
	local dir="$CASE_DIR/transfer.$1"
	transfer_go "$1"
	touch "$dir/close"
	wait_until 40 transfer_ended "$dir" || transfer_fail "$1" "did not end"
	has_line "$dir/client-ended" 0 || transfer_fail "$1" "failed at the client"
	has_line "$dir/server-ended" 0 || transfer_fail "$1" "failed at the server"
}

transfer_result() {
	tail -n 1 "$CASE_DIR/transfer.$1/client"
}

transfer() {
	transfer_open all-in-one "$@"
	transfer_bulk all-in-one
	transfer_close all-in-one
}

# crowd N: opens N TCP connections from ports 42001... to port 80, which stay until the case ends.
crowd() {
	in_server python3 -c '
import socket, sys
listener = socket.create_server(("", 80), backlog=4096)
kept = []
while True:
    peer = listener.accept()[0]
    peer.sendall(peer.recv(1))
    kept.append(peer)' &
	in_client python3 -c '
import socket, sys, time
address, n, done = sys.argv[1], int(sys.argv[2]), sys.argv[3]
kept = []
while len(kept) < n:
    s = socket.socket()
    s.bind(("", 42001 + len(kept)))
    try:
        s.connect((address, 80))
        s.sendall(b"x")  # our nft table wants to see both directions
        s.recv(1)
        kept.append(s)
    except ConnectionRefusedError:
        time.sleep(0.05)  # the server is not there yet
open(done, "w").close()
while True:
    time.sleep(1000)' "$SERVER4" "$1" "$CASE_DIR/crowd" &
	wait_for 60 test -e "$CASE_DIR/crowd"
}

# ---- the end of a case ----

# Writes the router's state to a file in the case's directory, which the lab keeps after a failure.
# Prints the last lines of the daemon's log.
topo_dump() {
	local dev
	for dev in $(ip -n router -br link 2>/dev/null | sed 's/[@ ].*//'); do
		echo "== filters of $dev"
		tc -n router -s filter show dev "$dev" ingress
	done >"$CASE_DIR/state" 2>&1
	for dev in "conntrack -L" "nft -a list ruleset" "ip addr" "ip route show table all" "ip neigh"; do
		echo "== $dev"
		# shellcheck disable=SC2086 # a command with arguments
		labns router timeout 5 $dev
	done >>"$CASE_DIR/state" 2>&1
	if [ -s "$DAEMON_LOG" ]; then
		echo "the daemon's log ends:"
		tail -n 20 "$DAEMON_LOG" | sed 's/^/  /'
	fi
}

# undo_at_end COMMAND: a shell command that runs when the case ends, also when it fails. For what a
# case changes in the guest outside its namespaces, which the next cases share. The last one runs first.
UNDO=
undo_at_end() {
	UNDO="$1
$UNDO"
}

# set_in_guest FILE VALUE: writes the value to a file of the guest's /proc/sys until the case ends.
set_in_guest() {
	undo_at_end "echo '$(cat "$1")' >$1"
	echo "$2" >"$1"
}

topo_exit() {
	local status="$?"
	trap - EXIT
	trap '' TERM
	set +e
	if [ "$status" != 0 ] && [ "$status" != 77 ] && [ -e /run/netns/router ]; then
		topo_dump
	fi
	if [ -n "$DAEMON_PID" ]; then
		end_daemon TERM
		if [ "$daemon_status" != 0 ]; then
			echo "the daemon ended with status $daemon_status" >&2
			[ "$status" != 0 ] || status=1
		fi
	fi
	check_daemon_log || [ "$status" != 0 ] || status=1
	eval "$UNDO"
	# In the lab, the namespaces disappear with the case. Elsewhere they must be removed.
	[ -n "${LAB_RUN:-}" ] || for ns in client router server; do ip netns del "$ns" 2>/dev/null; done
	exit "$status"
}

trap topo_exit EXIT
trap 'exit 143' TERM INT

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# The list of devices comes from a flowtable of the ruleset and follows it. We offload what that
# flowtable does not take.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# ports: devices that the daemon uses, in one line.
ports() {
	offload -j status | json_path 'devices.state=ready.name' | grep -v '^0$' | sort | paste -s -d ' ' -
}

are_ports() {
	[ "$(ports)" = "$1" ]
}

expect_ports() {
	wait_until 10 are_ports "$2" || fail "$1: ports are \"$(ports)\", not \"$2\""
}

# has_devices N: the last list that the daemon logged has N devices.
has_devices() {
	grep 'flowtable inet filter f: ' "$DAEMON_LOG" | tail -n 1 | grep -oE '(lan0|wan0|v0)' | wc -l | grep -qx " *$1"
}

topo_router2
# The daemon starts before the ruleset is loaded.
start_daemon 'devices = { "flowtable inet filter f" }' 'offload = software' 'admit = events'
topo_acct
expect_ports "without the flowtable" ""
assert_eq "clsact qdiscs" "$(tc -n router qdisc show | grep -c clsact || :)" 0
router_nft -f - <<'END'
table inet filter {
	flowtable f { hook ingress priority 0; devices = { lan0, wan0 }; }
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip protocol { tcp, udp } flow offload @f
	}
}
END
expect_ports "with the flowtable" "lan0 wan0"
transfer_open six tcp 6 200000
transfer_bulk six
wait_for 10 has_rules lan0 1
transfer tcp 4 200000

# A device leaves the flowtable: the flow over it loses its rules.
router_nft delete flowtable inet filter f '{ devices = { wan0 } ; }'
wait_for 10 has_rules lan0 0
expect_ports "with one device" "lan0"
wait_for 10 status_is reasons.device-not-named 1
router_nft add flowtable inet filter f '{ devices = { wan0 } ; }'
wait_for 10 has_rules lan0 1
expect_ports "with two again" "lan0 wan0"

# A device that disappears leaves the flowtable, which no message of nf_tables says.
ip -n router link add v0 up type veth peer name v1
router_nft add flowtable inet filter f '{ devices = { v0 } ; }'
wait_for 10 has_devices 3
ip -n router link del v0
wait_for 10 has_devices 2
expect_ports "after a device disappeared" "lan0 wan0"

# The list is empty without a ruleset, and comes back with another one.
router_nft flush ruleset
wait_for 10 has_rules lan0 0
expect_ports "without ruleset" ""
wait_for 10 has_rules wan0 0
assert_eq "clsact qdiscs" "$(tc -n router qdisc show | grep -c clsact || :)" 0
router_nft -f - <<'END'
table inet filter {
	flowtable f { hook ingress priority 0; devices = { lan0, wan0 }; }
}
END
wait_for 10 has_rules lan0 1
transfer_close six
assert_eq "lists of devices" "$(status counters.device_lists)" 8
stop_daemon

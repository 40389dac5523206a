#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# The daemon runs beside a user's ruleset with a flowtable. Connections that the kernel's flowtable
# forwards, in software or in hardware, are displayed as the kernel's and get no rules. Connections
# that the flowtable does not take, or no longer has, are offloaded by us.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

BYTES=2000000

# shown PORT: state, backend, devices, reason, in_hw of the connection to this port, whether bytes
# were counted, and whether bytes in software are unknown
shown() {
	offload -j flows | python3 -c '
import json, sys
for f in json.load(sys.stdin):
    if f["orig"]["dport"] == int(sys.argv[1]):
        b = f["bytes"]["orig"]
        print(f["state"], f["backend"], ">".join(f["devices"]) or "-", f["reason"], f["in_hw"],
              "counted" if b["offloaded"] > 1000 else "not-counted", b["software"] is None)' "$1"
}

is_shown() {
	now_shown=$(shown "$1")
	echo "$(cut -d' ' -f1 /proc/uptime) $1: $now_shown"
	[ "$now_shown" = "$2" ]
}

# expect_shown PORT WANTED: waits until the connection is displayed like this
expect_shown() {
	wait_until 15 is_shown "$1" "$2" || fail "flow to port $1 is shown as \"$(shown "$1")\", not \"$2\""
}

nicsim_load ports=2 profile=full stats_delay_ms=0
topo_router2
router_nft -f - <<'END'
table ip labnat {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname "wan0" masquerade
	}
}
table inet filter {
	flowtable f { hook ingress priority 0; devices = { lan0, wan0 }; }
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip protocol { tcp, udp } flow offload @f
	}
}
END
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit = events'

# ---- in software: without and with counters ----

transfer_open plain tcp 4 $BYTES
transfer_bulk plain
# Its counters stand still, because the flowtable has no "counter".
expect_shown 5201 "kernel kernel-sw lan0>wan0 kernel-flowtable False not-counted True"
assert_eq "rules on lan0" "$(rules lan0)" 0
assert_eq "rules on wan0" "$(rules wan0)" 0
assert_eq "flows of the kernel" "$(status flows.kernel)" 1
assert_eq "flows of ours" "$(status flows.offloaded)" 0
assert_eq "flows on the CPU" "$(status flows.software)" 0
offload flows | grep -q ' kernel  *kernel-sw  *lan0 > wan0 ' || fail "flows: $(offload flows)"
offload status | grep -q " 1 in a kernel flowtable, " || fail "status: $(offload status)"
offload -j why tcp "$CLIENT4:$(in_router conntrack -L -p tcp 2>/dev/null | sed -n "s/.* sport=\([0-9]*\) dport=5201 .*/\1/p")" \
	"$SERVER4:5201" | grep -q '"state": *"kernel"' || fail "why does not say that it is the kernel's"

# The rule does not hand over IPv6, so we offload it.
transfer_open six tcp 6 $BYTES
wait_for 10 has_rules lan0 1
wait_for 10 has_rules wan0 1
transfer_bulk six
expect_shown 5202 "offloaded flower-sw lan0>wan0 None False counted False"
transfer_close six

# When the flowtable is gone, we offload the connection. No event announces that; a dump shows it.
router_nft flush table inet filter
router_nft delete flowtable inet filter f
expect_shown 5201 "offloaded flower-sw lan0>wan0 None False not-counted False"
assert_eq "flows of the kernel" "$(status flows.kernel)" 0
transfer_close plain
# We offload a connection before the next flowtable exists.
transfer_open back udp 4 $BYTES
expect_shown 5203 "offloaded flower-sw lan0>wan0 None False not-counted False"
stop_daemon

# ---- in hardware ----

router_nft -f - <<'END'
table inet filter {
	flowtable h { hook ingress priority 0; devices = { lan0, wan0 }; flags offload; counter
	}
	chain forward {
		ip protocol { tcp, udp } flow add @h
	}
}
END
transfer_bulk back
# The dump at the start shows that the kernel forwards the connection now.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'admit = events'
expect_shown 5203 "kernel kernel-hw lan0>wan0 kernel-flowtable True counted True"
wait_for 10 status_is flows.kernel 1
transfer_open hard tcp 4 $BYTES
transfer_bulk hard
expect_shown 5204 "kernel kernel-hw lan0>wan0 kernel-flowtable True counted True"
wait_for 10 status_is flows.kernel 2
assert_eq "rules of ours" "$(($(rules lan0) + $(rules wan0)))" 0
assert_eq "shown with a filter" "$(offload -j flows --state kernel --device lan0 | grep -c kernel-hw)" 2
transfer_close back
transfer_close hard
in_router conntrack -F 2>/dev/null
wait_for 15 status_is flows.kernel 0
stop_daemon

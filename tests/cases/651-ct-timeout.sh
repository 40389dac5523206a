#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The administrator sets time-outs much shorter than the kernel's (ct timeout of nft). A flow in use
# keeps its entry although the CPU sees none of its packets. The entry of an idle flow expires.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

POLICY_S=8

entries() {
	in_router conntrack -L -p udp 2>/dev/null | wc -l
}

# shellcheck disable=SC2317 # called by wait_for
entries_are() {
	[ "$(entries)" = "$1" ]
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
router_nft -f - <<END
table ip timeouts {
	ct timeout short {
		protocol udp
		l3proto ip
		policy = { unreplied : 5, replied : $POLICY_S }
	}
	chain pre {
		type filter hook prerouting priority -150
		meta l4proto udp ct timeout set "short"
	}
}
END
hw_daemon
crowd_open busy --port 7000 --sport 30000 busy:udp,flows=20,rate=1,size=300
crowd_ready busy 30
wait_for 20 status_is flows.offloaded 20
admitted=$(status counters.flows_admitted)

# Three times the policy: without care the entries would have expired.
sleep $((3 * POLICY_S))
assert_eq "entries" "$(entries)" 20
assert_eq "offloaded" "$(status flows.offloaded)" 20
assert_eq "flows admitted so far" "$(status counters.flows_admitted)" "$admitted"
assert_ge "refreshes" "$(status counters.refreshes)" 20

crowd_close busy
centiseconds
start=$now
wait_for 30 entries_are 0
centiseconds
echo "the last entry died $((now - start))0 ms after the traffic; its policy is $POLICY_S s"
assert_eq "rules" "$(rules lan0)" 0
stop_daemon

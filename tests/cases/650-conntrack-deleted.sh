#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# "conntrack -D" and "conntrack -F" under traffic: the rules of deleted connections are removed,
# other rules stay, and connections that go on are offloaded again as new ones.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open udp --port 7000 --sport 30000 udp:udp,flows=20,rate=5,size=300
crowd_open tcp --port 8000 --sport 40000 tcp:tcp,flows=20,rate=5,size=1000,answer=500
crowd_ready udp 30
crowd_ready tcp 30
wait_for 20 status_is flows.offloaded 40
replaced=$(status counters.removals_ok)

echo "# the UDP connections are deleted"
in_router conntrack -D -p udp >/dev/null 2>&1
# Deleted connections go on and are offloaded again before the missing rules can be seen, so
# removals are counted.
wait_for 5 status_over counters.removals_ok $((replaced + 19))
wait_for 20 status_is flows.offloaded 40
assert_eq "removals" "$(($(status counters.removals_ok) - replaced))" 20

echo "# all connections are deleted"
# An answer from the server that comes before the next packet of the client is for the router itself,
# which would end the connection with a RST. A dropped packet leaves no entry, and the server repeats it.
in_router nft -f - <<-'END'
	table ip answers {
		chain input {
			type filter hook input priority 0
			iifname "wan0" tcp sport 8000 drop
		}
	}
END
in_router conntrack -F >/dev/null 2>&1
wait_for 5 status_over counters.removals_ok $((replaced + 59))
wait_for 30 status_is flows.offloaded 40
agree 10
crowd_close udp
crowd_close tcp
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

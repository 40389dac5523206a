#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# SIGKILL under traffic, then a restart: correct rules stay untouched and forward all the time.
# Rules of connections that ended meanwhile are removed, and so is the remaining rule of a pair.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/restart.sh
. "${LAB_TOPO%/*}/restart.sh"

# first_handle: prio and handle of the filter that tc lists last on lan0
first_handle() {
	tc -n router filter show dev lan0 ingress | sed -n 's/^filter.* pref \([0-9]*\) .*handle \(0x[0-9a-f]*\).*/\1 \2/p' | tail -n 1
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open busy udp:udp,flows=20,rate=5,size=500 tcp:tcp,flows=20,rate=5,size=3000,answer=1000
crowd_ready busy 30
crowd_open short --port 7200 --sport 31000 short:udp,flows=5,rate=1
crowd_ready short 30
wait_for 20 status_is flows.offloaded 45
wait_for 5 record_is_written
agree 10

echo "# nothing changes while the daemon is dead"
ages_save
kill_daemon
rm -f nic-hits
wait_for 10 nic_hits_grow 100
launch_daemon
daemon_is_ready
assert_eq "flows adopted" "$(status counters.flows_adopted)" 45
assert_eq "flows not adopted" "$(status counters.flows_not_adopted)" 0
assert_eq "flows installed" "$(status counters.installs_ok)" 0
ages_compare 90
agree 10

echo "# meanwhile five connections and a rule are deleted"
ages_save
kill_daemon
crowd_close short
# The ports of its servers
for port in $(seq 7200 7215); do
	labns router conntrack -D -p udp --orig-port-dst "$port" >>forgotten 2>/dev/null || :
done
assert_eq "connections deleted" "$(wc -l <forgotten)" 5
# shellcheck disable=SC2046 # pref and handle
set -- $(first_handle)
tc -n router filter del dev lan0 ingress protocol ip pref "$1" handle "$2" flower
launch_daemon
daemon_is_ready
assert_ge "flows adopted" "$(status counters.flows_adopted)" 39
assert_ge "flows not adopted" "$(status counters.flows_not_adopted)" 5
wait_for 20 status_is flows.offloaded 40
ages_compare 78
agree 10

echo "# meanwhile all connections are deleted"
crowd_close busy
kill_daemon
labns router conntrack -F 2>/dev/null
launch_daemon
daemon_is_ready
assert_eq "rules" "$(rules lan0) $(rules wan0)" "0 0"
assert_eq "flows adopted" "$(status counters.flows_adopted)" 0
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
! tc -n router qdisc show | grep -q clsact || fail "a clsact is left"
[ ! -e "$SOCKET.last" ] || fail "the record is left after an orderly stop"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# A killed daemon leaves many rules whose connections then disappear. The restarted daemon removes
# them on its port and on a device that is no longer a port, and keeps foreign filters between them.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
tc -n router qdisc add dev lan0 clsact
for prio in 1 60000; do
	tc -n router filter add dev lan0 ingress protocol ip pref $prio flower dst_ip 192.0.2.1 skip_hw action pass
done
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'allow-bypass = { "foreign-filter" }'
crowd 500
wait_for 60 has_rules lan0 500
wait_for 60 has_rules wan0 500
kill_daemon
labns router conntrack -F 2>/dev/null

centiseconds
start=$now
start_daemon 'devices = { "lan0" }' 'offload = software'
centiseconds
echo "ready after $((now - start))0 ms"
assert_eq "rules" "$(rules lan0) $(rules wan0)" "0 0"
# The rules on the port were checked one by one. Those of the other device, and its guards, were
# swept.
assert_eq "flows_not_adopted" "$(status counters.flows_not_adopted)" 500
assert_eq "rules_swept" "$(status counters.rules_swept)" 502
assert_eq "foreign filters" "$(tc -n router filter show dev lan0 ingress | grep -c 'dst_ip 192.0.2.1')" 2
# The killed daemon added the clsact of wan0.
! tc -n router qdisc show dev wan0 | grep -q clsact || fail "wan0 has a clsact"
stop_daemon
assert_eq "filters left" "$(filters lan0)" 2
tc -n router qdisc show dev lan0 | grep -q clsact || fail "the foreign clsact is gone"

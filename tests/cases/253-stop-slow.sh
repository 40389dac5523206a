#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A slow NIC needs longer to remove all rules than the daemon waits without progress (15 s). The
# stop goes on as long as there is progress, and the daemon asks the service manager for more time.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

N=300

nicsim_load ports=2
topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'allow-drivers = { "nicsim" }'
crowd "$N"
wait_for 20 has_rules lan0 "$N"
# Two rules per connection: 21 seconds in all.
nicsim latency_us 35000
STOP_LIMIT=60
centiseconds
start=$now
stop_daemon
centiseconds
echo "stopped after $((now - start))0 ms"
assert_ge "hundredths of a second for the stop (else the case tests nothing)" $((now - start)) 1600
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
grep -q '^EXTEND_TIMEOUT_USEC=20000000$' "$CASE_DIR/notify" || fail "the manager was not asked for more time"

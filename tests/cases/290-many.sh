#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# More connections than max-flows: those that find no room stay on the CPU with the reason
# table-full, the others are offloaded. A flush takes all flows back, and then the table fills
# again.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'max-flows = 16'

crowd 40
wait_for 10 has_rules lan0 16
wait_for 5 has_rules wan0 16
offload -j flows >flows.json
python3 - <<'END'
import json
flows = [f for f in json.load(open("flows.json")) if f["orig"]["dport"] == 80]
states = [f["state"] for f in flows]
assert states.count("offloaded") == 16, states
full = [f for f in flows if f["reason"] == "table-full"]
assert len(full) == 24, (len(full), [f["reason"] for f in flows])
for f in flows:
    assert f["proto"] == "tcp" and f["in_hw"] is False
    for d in ("orig", "reply"):
        assert set(f[d]) >= {"src", "dst", "sport", "dport"}
        assert isinstance(f["packets"][d]["offloaded"], int)
        assert isinstance(f["bytes"][d]["software"], int)
    if f["state"] == "offloaded":
        assert f["devices"] == ["lan0", "wan0"], f
END
# Connections that had no room may take it at once and evict flushed flows.
removals=$(status counters.removals_ok)
evicted=$(status counters.flows_evicted)
offload -j flush --all >flushed
grep -q 16 flushed || fail "flush says: $(cat flushed)"
wait_for 10 status_is counters.removals_ok $((removals + 16))
assert_ge "flows that were flushed or evicted" \
	$(($(status reasons.flushed) + $(status counters.flows_evicted) - evicted)) 1
wait_for 60 has_rules lan0 16
wait_for 10 has_rules wan0 16
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

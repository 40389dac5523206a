#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bad configuration file: the daemon reports every error with its line, exits with status 1, and
# makes no clsact and no socket. With offload = observe it makes no clsact either.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct

cat >bad.conf <<'END'
devices = { "lan0", "lan0" }
offload = hardwear
max-flows = many
nonsense = 1
END
status=0
in_router nft-offloadd -c bad.conf -s "$SOCKET" >bad.out 2>&1 || status=$?
assert_eq "exit status" "$status" 1
for line in 1 2 3 4; do
	grep -q "^bad.conf:$line: " bad.out || { cat bad.out; fail "no error for line $line"; }
done
status=0
in_router nft-offloadd -c bad.conf --check >bad.out 2>&1 || status=$?
assert_eq "exit status of --check" "$status" 1
tc -n router qdisc show | grep -q clsact && fail "a clsact was made"
[ ! -e "$SOCKET" ] || fail "a socket was made"

# offload = observe: the daemon decides and reports, but makes no clsact.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe'
transfer_open watched tcp 4 100000 --sport 40002
is_observed() {
	offload -j flows | grep -q '"reason": *"observe-only"'
}
wait_for 5 is_observed
tc -n router qdisc show | grep -q clsact && fail "observe made a clsact"
transfer_close watched
stop_daemon

# Without a list of devices the daemon observes all devices.
start_daemon '# nothing'
transfer_open unnamed tcp 4 100000 --sport 40003
wait_for 5 is_observed
offload status | grep -qi observe || fail "status does not say that it observes"
transfer_close unnamed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon works as its service runs it: as an unprivileged user with CAP_NET_ADMIN, no other
# capability and no way to get more. The kernel loads the modules that its rules need.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade
topo_acct
chmod 777 "$CASE_DIR"
mkdir bin
cat >bin/nft-offloadd <<END
#!/bin/sh
chmod 666 "\$NOTIFY_SOCKET"
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \\
	--inh-caps -all,+net_admin --ambient-caps -all,+net_admin --bounding-set -all,+net_admin \\
	$(command -v nft-offloadd) "\$@"
END
chmod +x bin/nft-offloadd
PATH=$CASE_DIR/bin:$PATH

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
assert_eq "user of the daemon" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$DAEMON_PID/status")" 65534
assert_eq "capabilities of the daemon" "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$DAEMON_PID/status")" 0000000000001000
transfer_open plain tcp 4 4000000
wait_for 5 has_rules lan0 1
transfer_bulk plain
transfer_close plain
wait_for 2 has_rules lan0 0
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

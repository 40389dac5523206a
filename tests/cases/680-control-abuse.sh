#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The control socket survives garbage, floods, slow readers and thousands of clients while offload
# goes on, and memory and descriptors are released. Root may do everything, the control group may
# only ask, others may do nothing.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

rss_kb() {
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$DAEMON_PID/status"
}

descriptors() {
	find "/proc/$DAEMON_PID/fd" -type l | wc -l
}

# shellcheck disable=SC2317 # called by wait_for
descriptors_are() {
	[ "$(descriptors)" = "$1" ]
}

# as_user UID GID COMMAND...: runs nft-offload as this user
# shellcheck disable=SC3043 # local
as_user() {
	local uid="$1" gid="$2"
	shift 2
	setpriv --reuid "$uid" --regid "$gid" --clear-groups nft-offload -s "$SOCKET" "$@" 2>&1
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
chmod 755 "$CASE_DIR"
group=$(sed -n 's/^games:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
hw_daemon 'control-group = "games"'
crowd_open busy udp:udp,flows=100,rate=2,size=300 tcp:tcp,flows=20,rate=2,size=1000,answer=500
crowd_ready busy 60
wait_for 30 status_is flows.offloaded 120

echo "# permissions"
as_user 65534 65534 status >stranger && fail "a stranger was told the status"
grep -q "is neither root nor in group games" stranger || fail "no reason: $(cat stranger)"
as_user 65534 "$group" status >member || fail "a member of the group was not told the status: $(cat member)"
as_user 65534 "$group" flush --all >member && fail "a member of the group changed something"
as_user 65534 65534 flush --all >stranger && fail "a stranger changed something"
assert_eq "offloaded" "$(status flows.offloaded)" 120

echo "# abuse"
expect_warning 'too many control clients'
before_rss=$(rss_kb) before_fds=$(descriptors)
python3 -B "$LAB_SRC/tests/lab/abuse.py" "$SOCKET" 1
rm -f nic-hits
wait_for 10 nic_hits_grow 100
echo "memory: $before_rss kB before, $(rss_kb) kB after; descriptors: $before_fds, $(descriptors)"
wait_for 20 descriptors_are "$before_fds"
# Sanitizers keep freed memory.
[ -n "${LAB_SANITIZERS:-}" ] || [ "$(rss_kb)" -lt $((before_rss + 40000)) ] || fail "the daemon keeps the memory"
assert_eq "offloaded" "$(status flows.offloaded)" 120
agree 10
crowd_close busy
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

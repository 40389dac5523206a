#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel refuses to remove rules: the daemon logs this once and tries again until it works. A
# stop that leaves something behind ends with an error.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

topo_router2
topo_masquerade # conntrack tracks connections only if a rule needs it
topo_acct

# Requests that delete a filter fail with EIO while the file "refuse" exists. No real kernel can be
# made to refuse them.
cat >refuse.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_refused(const void *buf, size_t len)
{
	const struct nlmsghdr *nlh = buf;

	return len >= sizeof(*nlh) && nlh->nlmsg_type == RTM_DELTFILTER &&
	       access(getenv("REFUSE"), F_OK) == 0;
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

	if (is_refused(buf, len)) {
		errno = EIO;
		return -1;
	}
	real = dlsym(RTLD_NEXT, "sendto");
	return real(fd, buf, len, flags, to, to_len);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}
END
gcc -shared -fPIC -o refuse.so refuse.c -ldl
export REFUSE="$CASE_DIR/refuse"

start_refusing() {
	LD_PRELOAD=$CASE_DIR/refuse.so ASAN_OPTIONS=verify_asan_link_order=0 \
		start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
}

# said REGEX: number of matching lines in the daemon's log
said() {
	grep -c -E "$1" "$DAEMON_LOG" || :
}

has_said() {
	[ "$(said "$1")" -ge 1 ]
}

removals_failed() {
	offload -j status | sed -n 's/.*"removals_failed": *\([0-9]*\).*/\1/p'
}

has_failed_twice() {
	[ "$(removals_failed)" -ge 2 ]
}

# The removal of a flow's rules fails.
expect_warning 'lan0, wan0: rules cannot be removed'
start_refusing
transfer_open one tcp 4 100000 --sport 40001
wait_for 5 has_rules lan0 1
touch refuse
offload flush --all
wait_for 10 has_failed_twice
assert_eq "rules" "$(rules lan0)" 1
assert_eq "log lines about removals" "$(said 'rules cannot be removed.*Input/output error')" 1
rm refuse
wait_for 5 has_rules lan0 0
wait_for 5 has_said 'are removed now'
transfer_bulk one
transfer_close one

# The cleanup of the ports at the stop fails.
expect_warning 'lan0: cannot be cleaned up.*"tc filter del dev lan0 ingress prio N"'
expect_warning 'wan0: cannot be cleaned up.*"tc filter del dev wan0 ingress prio N"'
expect_warning 'stopped, but objects of the daemon'
touch refuse
end_daemon TERM
assert_eq "exit status of the daemon" "$daemon_status" 4
assert_eq "log lines about cleanups" "$(said 'cannot be cleaned up')" 2
assert_ge "filters left" "$(filters lan0)" 1
# The next run removes what is left.
rm refuse
start_refusing
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
tc -n router qdisc show | grep -q clsact && fail "a clsact is left"
exit 0

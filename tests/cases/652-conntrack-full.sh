#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# Thousands of packets that nobody answers fill conntrack up to nf_conntrack_max. The kernel drops
# entries early, but none of offloaded connections, and their traffic goes on.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

# conntrack_stat NAME: the sum over all processors
conntrack_stat() {
	in_router conntrack -S | grep -o " $1=[0-9]*" | cut -d = -f 2 | awk '{ n += $1 } END { print n + 0 }'
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
crowd_open busy --port 7000 --sport 30000 busy:udp,flows=20,rate=5,size=300 tcp:tcp,flows=20,rate=5,size=1000,answer=500
crowd_ready busy 30
wait_for 20 status_is flows.offloaded 40
admitted=$(status counters.flows_admitted)

set_in_guest /proc/sys/net/netfilter/nf_conntrack_max 300
labns client python3 -B -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(6000):
    try:
        s.sendto(b"x", ("'"$SERVER4"'", 20000 + i))
    except OSError:
        pass'
early=$(($(conntrack_stat early_drop) + $(conntrack_stat drop)))
echo "$early entries were dropped, or could not be made"
[ "$early" -ge 1000 ] || fail "conntrack was not full: the case tests nothing"
assert_eq "offloaded" "$(status flows.offloaded)" 40
assert_eq "flows admitted so far" "$(status counters.flows_admitted)" "$admitted"
rm -f nic-hits
wait_for 10 nic_hits_grow 100
echo 65536 >/proc/sys/net/netfilter/nf_conntrack_max
agree 10
crowd_close busy
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

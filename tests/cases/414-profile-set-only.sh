#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# Like nfp: values can be set, not added to, so that a TTL is matched and set to one
# less. When a sender changes its TTL, its packets are right all the same.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/profile.sh
. "${LAB_TOPO%/*}/profile.sh"

profile_begin ports=2 profile=set-only
hw_daemon
profile_run '*=nic'
assert_eq "recipes" "$(device lan0 "[p['recipe'] for p in d['pairs']]")" "['exact-ttl']"
profile_close

# A flow of its own, whose sender has TTL 64 first and 50 later. Each packet is answered, and the client
# waits for the answers: so none is lost, and the numbers are known.
in_server python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 6050))
while True:
    data, peer = s.recvfrom(2000)
    s.sendto(data, peer)' &
echo_server=$!
sniff_open ttl server s0 "dport=6050,src=$CLIENT4,ttl=63,dmac=$SERVER_MAC" "dport=6050,src=$CLIENT4,ttl=49" "dport=6000-6049" "dport=6051-6999"
in_client python3 -c '
import os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.bind(("", 22000))
s.connect((sys.argv[1], 6050))
sent = {}
def send(ttl):
    s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    sent[ttl] = sent.get(ttl, 0) + 1
    try:
        s.send(b"ttl %d" % ttl)
        s.recv(2000)
    except OSError:
        pass
    time.sleep(0.05)
for ttl in 64, 50:
    while not os.path.exists("ttl.%d" % ttl):
        send(ttl)
    for i in range(20):
        send(ttl)
print(sent[64], sent[50], flush=True)' "$SERVER4" >ttl.sent &
ttl_rule_is() {
	grep "dport=6050 .* ttl=$1 " $NICSIM_DEBUGFS/rules | grep -q -v ' packets=0 '
}
wait_for 20 ttl_rule_is 64
touch ttl.64
wait_for 20 ttl_rule_is 50
touch ttl.50
wait_for 20 test -s ttl.sent
kill "$echo_server"
sniff_close ttl
assert_eq "packets of both kinds" "$(sniff_result ttl "'%d %d' % tuple(f['packets'] for f in r['flows'][:2])")" "$(cat ttl.sent)"
profile_end

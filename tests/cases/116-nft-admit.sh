#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# Our nft table writes the epoch into the mark of a connection only when packets of both directions
# have passed the ruleset, the connection has enough packets, and it is not exempt. Other bits of
# the mark stay.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

golden() {
	labns router "$LAB_BUILD/tests/golden/golden-lab" "$@"
}

# up EPOCH WORD...
up() {
	epoch=$1
	shift
	result=$(golden nft own up mask=0xf0000000 "epoch=0x${epoch}0000000" "$@")
	assert_eq "up $epoch $*" "$result" "up: 0 "
}

# marks: the marks of the connections to ports 5301... in one line, with "-" for 0
marks() {
	golden conns | sed -n -e 's/^conn update .*:\(53[0-9][0-9]\) \/ .* mark=\(0x[0-9a-f]*\) .*/\1 \2/p' \
		-e 's/^conn update .*:\(53[0-9][0-9]\) \/ .*/\1 -/p' | sort -u -k 1,1 | cut -d' ' -f2 |
		tr '\n' ' '
}

are_marks() {
	[ "$(marks)" = "$1 " ]
}

# expect_marks WHAT MARKS: waits for these marks; they must stay while packets flow
expect_marks() {
	wait_until 6 are_marks "$2" || fail "$1: got $(marks), wanted $2"
	talk_on
	assert_eq "$1, some packets later" "$(marks)" "$2 "
}

# talk_on: waits until each of the four clients has sent ten more packets
talk_on() {
	read -r rounds <talking
	wait_for 20 has_talked $((rounds + 10))
}

has_talked() {
	read -r rounds <talking && [ "$rounds" -ge "$1" ]
}

# talk: four connections with an echo twenty times a second: TCP, UDP, TCP over IPv6, and TCP with a
# mark that the user's ruleset sets
talk() {
	in_server python3 -c '
import selectors, socket
s = selectors.DefaultSelector()
def listen(port, family):
    l = socket.create_server(("", port), family=family)
    s.register(l, selectors.EVENT_READ, "listen")
listen(5301, socket.AF_INET); listen(5303, socket.AF_INET6); listen(5304, socket.AF_INET)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", 5302))
s.register(u, selectors.EVENT_READ, "udp")
while True:
    for key, _ in s.select():
        if key.data == "listen":
            c = key.fileobj.accept()[0]; s.register(c, selectors.EVENT_READ, "tcp")
        elif key.data == "udp":
            data, peer = u.recvfrom(100); u.sendto(data, peer)
        else:
            data = key.fileobj.recv(1000)
            if data: key.fileobj.send(data)
            else: s.unregister(key.fileobj)' &
	in_client python3 -c '
import os, socket, sys, time
v4, v6, done = sys.argv[1:]
def connect(address, port, family):
    while True:
        c = socket.socket(family)
        try:
            c.connect((address, port))
            return c
        except ConnectionRefusedError:
            time.sleep(0.05)  # the server is not there yet
all = [connect(v4, 5301, socket.AF_INET), socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
       connect(v6, 5303, socket.AF_INET6), connect(v4, 5304, socket.AF_INET)]
all[1].connect((v4, 5302))
rounds = 0
while True:
    with open(done + ".new", "w") as f: print(rounds, file=f)
    os.rename(done + ".new", done)
    rounds += 1
    for c in all:
        c.setblocking(False)
        try: c.send(b"x")
        except OSError: pass
        try: c.recv(1000)
        except OSError: pass
    time.sleep(0.05)' "$SERVER4" "$SERVER6" "$CASE_DIR/talking" &
	wait_for 20 test -e "$CASE_DIR/talking"
}

# updates PORT: number of update events so far about the connection to this port
updates() {
	grep -c "^event update .*:$1 / " watched || :
}

topo_router2
router_nft -f - <<'END'
table inet user {
	chain forward {
		type filter hook forward priority filter
		tcp dport 5304 ct state new ct mark set 0x5
	}
}
END
topo_acct
golden watch 190 >watched 2>&1 &
wait_for 10 grep -q ready watched
talk
# UDP is assured after two seconds.
wait_for 10 are_marks "- - - 0x5"

# ---- admission keeps other bits ----

up 3
expect_marks "admitted" "0x30000000 0x30000000 0x30000000 0x30000005"
# Connections without an answer, or with a single one, are not admitted.
in_server python3 -c '
import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", 5398)); open("ready", "w").close()
data, peer = u.recvfrom(100); u.sendto(data, peer)' &
wait_for 10 test -e ready
in_client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET); s.setblocking(False); s.connect_ex(("203.0.113.99", 5399))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.sendto(b"x", ("203.0.113.99", 5399))
u.sendto(b"x", (sys.argv[1], 5398)); u.recv(100); u.sendto(b"x", (sys.argv[1], 5398))' "$SERVER4"
in_router conntrack -L 2>/dev/null | grep -E 'dport=539[89]' >young
assert_eq "connections with one answer or none" "$(grep -c . young)" 3
! grep -v ' mark=0 ' young || fail "a connection with one answer or none was admitted"

# ---- epochs ----

tcp=$(updates 5301) udp=$(updates 5302)
assert_eq "new epoch" "$(golden nft own epoch mask=0xf0000000 epoch=0x50000000)" "epoch: 0 "
expect_marks "second epoch" "0x50000000 0x50000000 0x50000000 0x50000005"
# One event for the half mark, one for the whole.
assert_eq "events of TCP for one epoch" $(($(updates 5301) - tcp)) 2
assert_eq "events of UDP for one epoch" $(($(updates 5302) - udp)) 2
# The event has the timeout, but not the state (ctnetlink_conntrack_event: IPCT_PROTOINFO is not
# set).
# While data is unacknowledged, the timeout is the shorter one (nf_conntrack_tcp_packet).
grep '^event update .*:5301 / ' watched | tail -n 1 | grep -Eq 'timeout=(300|431999|432000) mark=0x50000000 id$' ||
	fail "the event has changed: $(grep ':5301 / ' watched | tail -n 1)"
# The counters survive a new epoch: four connections, admitted in two epochs.
golden nft own check mask=0xf0000000 epoch=0x50000000 | sed -n 2p >counters
grep -q '^seen [0-9]* admitted 8$' counters || fail "counters: $(cat counters)"

# ---- what a filter drops is not admitted ----

router_nft insert rule inet user forward meta l4proto . th dport '{ tcp . 5301 }' drop
router_nft insert rule inet user forward tcp sport 5301 drop
assert_eq "new epoch" "$(golden nft own epoch mask=0xf0000000 epoch=0x70000000)" "epoch: 0 "
expect_marks "both directions are dropped" "0x50000000 0x70000000 0x70000000 0x70000005"
router_nft flush chain inet user forward
# A filter drops one direction. The other direction alone must not admit the connection.
router_nft insert rule inet user forward udp dport 5302 drop
router_nft insert rule inet user forward tcp sport 5304 drop
assert_eq "new epoch" "$(golden nft own epoch mask=0xf0000000 epoch=0xf0000000)" "epoch: 0 "
expect_marks "one direction is dropped" "0xf0000000 0x70000000 0xf0000000 0xe0000005"
router_nft flush chain inet user forward
assert_eq "new epoch" "$(golden nft own epoch mask=0xf0000000 epoch=0x70000000)" "epoch: 0 "
expect_marks "nothing is dropped" "0x70000000 0x70000000 0x70000000 0x70000005"

# ---- exemptions ----

up 9 prefix=192.168.1.2/32
expect_marks "IPv4 prefix" "0x70000000 0x70000000 0x90000000 0x70000005"
up b prefix=2001:db8:2::/64
expect_marks "IPv6 prefix" "0xb0000000 0xb0000000 0x90000000 0xb0000005"
up d ports=udp:5302-5302 ports=udp:1-1
expect_marks "port" "0xd0000000 0xb0000000 0xd0000000 0xd0000005"
up f ports=tcp:5000-5301
expect_marks "range of ports" "0xd0000000 0xf0000000 0xf0000000 0xf0000005"
up 3 interface=wan0
expect_marks "interface" "0xd0000000 0xf0000000 0xf0000000 0xf0000005"
up 5 mark=0x5 mark=0x6
expect_marks "mark" "0x50000000 0x50000000 0x50000000 0xf0000005"

# ---- packets ----

up 7 min-packets=1000000
expect_marks "min-packets not reached" "0x50000000 0x50000000 0x50000000 0xf0000005"
up 7 min-packets=20
expect_marks "min-packets reached" "0x70000000 0x70000000 0x70000000 0x70000005"

# ---- a ruleset that rewrites the whole mark ----

router_nft add rule inet user forward tcp dport 5304 ct mark set 0x5
tcp=$(updates 5304)
talk_on
talk_on
assert_ge "events while the ruleset and our table both write the mark" $(($(updates 5304) - tcp)) 5
router_nft flush chain inet user forward

assert_eq "down" "$(golden nft own down)" "down: 0 "
! grep -q -e lost -e malformed watched || fail "events were lost or malformed"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A packet writes a half mark, and then a set element stops that direction of the connection. The
# reply must not complete the mark and admit the connection.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

cat >server.py <<'END'
import os, socket, time
listener = socket.create_server(("", 80))
print("listening", flush=True)
connection = listener.accept()[0]
print("accepted", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
while True:
    connection.send(b"x" * 65536)
END
cat >client.py <<'END'
import socket, sys
connection = socket.create_connection((sys.argv[1], 80))
while connection.recv(65536):
    pass
END

# mark: our bits of the connection's mark
mark() {
	echo $(($(in_router conntrack -L -p tcp --dport 80 2>/dev/null | sed -n 's/.* mark=\([0-9]*\).*/\1/p') & 0x70000000))
}

has_mark() {
	[ "$(mark)" = "$1" ]
}

# stopped_some N: the element has stopped at least N packets of the client (acknowledgements)
stopped_some() {
	[ "$(router_nft list chain inet labhalf forward | sed -n 's/.*banned.*packets \([0-9]*\).*/\1/p')" -ge "$1" ]
}

topo_router2
router_nft -f - <<'END'
table inet labhalf {
	set banned { type ipv4_addr; }
	chain forward {
		type filter hook forward priority filter; policy drop
		ip saddr @banned counter drop
		ct state established,related accept
		iifname "lan0" accept
	}
}
END
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
in_server python3 server.py >served 2>&1 &
wait_for 20 has_line served listening
in_client python3 client.py "$SERVER4" &
wait_for 20 has_line served accepted
# The client's ACK wrote a half mark. The server has sent nothing since.
half=$(mark)
assert_eq "a half mark: 0x$(printf %x "$half")" $((half != 0 && (half & 0x10000000) == 0)) 1
router_nft add element inet labhalf banned "{ $CLIENT4 }"
wait_for 5 has_mark 0
assert_eq "marks cleared" "$(status counters.marks_cleared)" 1
touch go
# The server retransmits what nobody acknowledges.
wait_for 10 stopped_some 4
has_mark 0 || fail "the reply set a mark: $(mark)"
assert_eq "rules" "$(rules lan0)" 0
assert_eq "offloaded" "$(status flows.offloaded)" 0
# When the client is allowed again, the connection is offloaded.
router_nft delete element inet labhalf banned "{ $CLIENT4 }"
wait_for 20 has_rules lan0 1

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The kernel takes connections into the flowtables of our nft table. A rule that denies one
# connection ends it when the flowtables are made again, and the others go on: in software, in
# hardware, and for a pair that has neither.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

golden() {
	labns router "$LAB_BUILD/tests/golden/golden-lab" nft own "$@"
}

# talk PORT...: fifty UDP echoes a second on each port. In the file rx the server notes when its
# host got the last packet, and the longest time between two packets.
talk() {
	in_server python3 -c '
import mmap, selectors, socket, struct, sys
s = selectors.DefaultSelector()
last, gap = {}, {}
with open(sys.argv[1] + "/rx", "wb") as f: f.truncate(4096)
f = open(sys.argv[1] + "/rx", "r+b"); rx = mmap.mmap(f.fileno(), 4096)
for port in map(int, sys.argv[2:]):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("", port))
    u.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    s.register(u, selectors.EVENT_READ, port)
open(sys.argv[1] + "/listening", "w").close()
while True:
    for key, _ in s.select():
        data, stamps, _, peer = key.fileobj.recvmsg(100, 100); key.fileobj.sendto(data, peer)
        seconds, ns = struct.unpack("ll", stamps[0][2])
        now, port = seconds + ns / 1e9, key.data
        gap[port] = max(gap.get(port, 0), now - last.get(port, now)); last[port] = now
        struct.pack_into("dd", rx, 16 * (port % 100), now, gap[port])' "$CASE_DIR" "$@" &
	wait_for 20 test -e "$CASE_DIR/listening"
	in_client python3 -c '
import socket, sys, time
all = []
for port in map(int, sys.argv[2:]):
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect((sys.argv[1], port)); u.setblocking(False)
    all.append(u)
while True:
    for u in all:
        try:
            u.send(b"x")
            while u.recv(100): pass
        except OSError: pass
    time.sleep(0.02)' "$SERVER4" "$@" &
}

# last_seen PORT: when the server got the last packet for this port, in milliseconds
last_seen() {
	python3 -c '
import struct, sys
print(int(struct.unpack_from("d", open("rx", "rb").read(), 16 * (int(sys.argv[1]) % 100))[0] * 1000))' "$1"
}

# talked_on PORT SINCE: packets have come until half a second after SINCE
talked_on() {
	[ "$(last_seen "$1")" -ge $(($2 + 500)) ]
}

# bits: state of the connections to 5401... in conntrack: "HW", "SW" or "-" each
bits() {
	in_router conntrack -L -p udp 2>/dev/null | sed -n 's/.* dport=\(540.\) .*/\1 &/p' | sort -u -k 1,1 |
		sed 's/.*\[HW_OFFLOAD\].*/HW/; s/.*\[OFFLOAD\].*/SW/; s/^540.*/-/' | tr '\n' ' '
}

are_bits() {
	[ "$(bits)" = "$1 " ]
}

# deny VERB WORD...: adds a rule against 5401 and makes the flowtables again. Prints three times in
# milliseconds: from that to the last packet for 5401, the longest gap of 5402, and what nft and
# golden-lab took.
deny() {
	labns router python3 -c '
import struct, subprocess, sys, time
dir, command = sys.argv[1], sys.argv[2:]
started = time.time()
subprocess.run(["nft", "insert rule inet user forward udp dport 5401 drop"], check=True)
out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
denied = time.time()
if not out.endswith(": 0 \n"): sys.exit(out)
rx = lambda port: struct.unpack_from("dd", open(dir + "/rx", "rb").read(), 16 * (port % 100))
# 5402 goes on, or the case ends with its time-out.
while rx(5402)[0] < denied + 0.5: time.sleep(0.02)
print("%d %d %d" % ((rx(5401)[0] - denied) * 1000, rx(5402)[1] * 1000, (denied - started) * 1000))' "$CASE_DIR" \
		"$LAB_BUILD/tests/golden/golden-lab" nft own "$@"
}

allow() {
	router_nft flush chain inet user forward
}

# round WHAT BITS WORD...: denies and allows 5401 with these flowtables
round() {
	what=$1 wanted=$2
	shift 2
	assert_eq "$what: up" "$(golden up "$@")" "up: 0 "
	wait_until 8 are_bits "$wanted $wanted" || fail "$what: got $(bits), wanted $wanted twice"
	for verb in renew epoch; do
		deny $verb "$@" >"times"
		read -r stopped pause took <"times"
		assert_soon "$what, $verb: the last denied packet" "$stopped" 100 "$took"
		assert_soon "$what, $verb: the longest gap of the other" "$pause" 1000 "$took"
		# 5401 still has its conntrack entry but is not taken again; 5402 is.
		wait_until 8 are_bits "- $wanted" || fail "$what: got $(bits) after $verb, wanted - $wanted"
		allow
		wait_until 8 are_bits "$wanted $wanted" || fail "$what: got $(bits), wanted $wanted twice again"
	done
	assert_ge "$what: connections handed over" "$(golden check "$@" | sed -n 's/.* given //p')" 2
}

nicsim_load ports=2 profile=full stats_delay_ms=0
topo_router2
router_nft -f - <<'END'
table inet user {
	chain forward {
		type filter hook forward priority filter
	}
}
END
talk 5401 5402
round "software" SW counter software=lan0 software=wan0
round "software, pairs" SW counter software=lan0 software=wan0 software-pair=lan0:wan0 software-pair=wan0:lan0
round "hardware" HW counter hardware=lan0 hardware=wan0
round "hardware, pairs" HW counter hardware=lan0 hardware=wan0 hardware-pair=lan0:wan0 hardware-pair=wan0:lan0

# ---- connections that are not handed over ----

for words in "software=lan0 software=wan0 software-pair=lan0:lan0" \
	"software=lan0 software=wan0 pairs" \
	"software=lan0 software=wan0 interface=wan0" \
	"software=lan0 software=wan0 ports=udp:5400-5410" \
	"software=lan0 hardware=wan0 software-pair=lan0:lan0" \
	"software=lan0 software=wan0 min-packets=1000000"; do
	# shellcheck disable=SC2086 # words
	assert_eq "up $words" "$(golden up $words)" "up: 0 "
	wait_until 8 are_bits "- -" || fail "$words: got $(bits)"
	# There were packets that could have handed them over.
	talked=$(last_seen 5401)
	wait_for 10 talked_on 5401 "$talked"
	assert_eq "$words, some packets later" "$(bits)" "- - "
done

# ---- TCP, both families, with every byte compared ----

assert_eq "up" "$(golden up counter hardware=lan0 hardware=wan0)" "up: 0 "
transfer tcp 4 2000000
transfer tcp 6 2000000
assert_eq "up" "$(golden up counter software=lan0 software=wan0)" "up: 0 "
for n in 4 6; do
	transfer_open long$n tcp $n 3000000
	transfer_go long$n
done
# Flowtables that are made again do not disturb transfers.
for i in 1 2 3 4 5; do
	assert_eq "renew $i" "$(golden renew counter software=lan0 software=wan0)" "renew: 0 "
done
for n in 4 6; do
	transfer_wait long$n
	transfer_close long$n
done
assert_eq "down" "$(golden down)" "down: 0 "
wait_for 8 are_bits "- -"

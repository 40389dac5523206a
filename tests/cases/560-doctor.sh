#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# `doctor` lists the statements that a packet of an established connection reaches, and no others.
# The comment of a rule says what doctor must report about it. A rule without a comment must not be
# listed.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# answers.py WHAT JSON prints lines of this kind from the file. With several such pairs, each goes
# to the file WHAT.
cat >answers.py <<'END'
import json, sys

def answer(what, path, out):
    data = json.load(open(path))
    lines = []
    if what == "expected":
        for entry in data["nftables"]:
            rule = entry.get("rule", {})
            for check in rule.get("comment", "").split():
                lines.append((rule["family"], rule["table"], rule["chain"], rule["handle"], check))
    elif what == "listed":
        lines = [(f["family"], f["table"], f["chain"], f["handle"], f["check"]) for f in data if f["handle"]]
    elif what == "counters":  # rules with a counter: handle and packets
        for entry in data["nftables"]:
            rule = entry.get("rule", {})
            for expr in rule.get("expr", []):
                if "counter" in expr:
                    lines.append((rule["family"], rule["table"], rule["chain"], rule["handle"],
                                  expr["counter"]["packets"]))
    else:  # findings of one severity, except those about the ruleset
        lines = [(f["check"], f["what"]) for f in data if f["severity"] == what and not f["handle"]]
    for line in sorted(lines):
        print(*line, file=out)

pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
for what, path in pairs:
    answer(what, path, open(what, "w") if len(pairs) > 1 else sys.stdout)
END

# ask STATUS: asserts doctor's exit status; its answers are in doctor.json and doctor.txt
ask() {
	local got=0
	offload -j doctor >doctor.json || got=$?
	assert_eq "exit status of doctor" "$got" "$1"
	got=0
	offload doctor >doctor.txt || got=$?
	assert_eq "exit status of doctor as text" "$got" "$1"
}

# expect_as_commented NAME STATUS: compares doctor's findings with the comments of the ruleset
expect_as_commented() {
	ask "$2"
	router_nft -j -a list ruleset >ruleset.json
	python3 answers.py expected ruleset.json listed doctor.json
	diff -u expected listed || fail "$1: doctor lists other statements (-: wanted, +: got)"
	while read -r family table chain handle _; do
		grep -qF "table $family $table, chain $chain, handle $handle: " doctor.txt ||
			fail "$1: handle $handle is not in the text"
	done <expected
	echo "$1: $(wc -l <listed) statements"
}

# load NAME STATUS: loads the ruleset from stdin, and then as expect_as_commented
load() {
	router_nft flush ruleset
	router_nft -f - || fail "$1: nft refuses it"
	expect_as_commented "$@"
}

# In a namespace, conntrack and its sysctls are active only if a rule needs them.
use_conntrack() {
	router_nft add table inet early '{ chain c { type filter hook forward priority 0; ct state invalid drop; }; }'
}

topo_router2
use_conntrack
topo_acct
start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe' 'admit = events'

# ---- statements ----

load "statements" 3 <<'END'
table inet stmts {
	counter named { }
	quota most { over 100 mbytes }
	limit few { rate 10/second }
	ct helper ftp { type "ftp" protocol tcp; }
	set seen { type ipv4_addr; size 100; flags dynamic, timeout; timeout 1m; }
	set tallied { type ipv4_addr; counter; elements = { 192.0.2.1 }; }
	map counters { type ipv4_addr : counter; elements = { 192.0.2.1 : "named" }; }
	chain prerouting {
		type filter hook prerouting priority mangle
		meta mark set 0x1 comment "mark"
		meta priority set 1:10 comment "priority"
		ip dscp set ef comment "header"
		ip6 hoplimit set 60 comment "header"
		tcp dport 21 ct helper set "ftp"
		meta nftrace set 1
	}
	chain forward {
		type filter hook forward priority filter
		counter comment "counter"
		counter name "named" comment "counter"
		counter name ip saddr map @counters comment "counter"
		ip saddr @tallied comment "counter"
		limit rate over 10/second drop comment "limit"
		limit name "few" accept comment "limit"
		quota over 10 mbytes drop comment "quota"
		quota name "most" drop comment "quota"
		log prefix "all" comment "log"
		log group 2 counter comment "log counter"
		update @seen { ip saddr timeout 1m } comment "set"
		add @seen { ip saddr limit rate over 10/second } drop comment "set"
		ct mark set 0x5 comment "ct-mark"
		meta mark set numgen inc mod 2 comment "numgen mark"
		tcp option maxseg size set rt mtu
		tcp option timestamp tsval set 1 comment "header"
		ct count over 20 drop
		fib daddr type local accept
		meta mark set jhash ip saddr mod 2 comment "mark"
		tcp dport 80 queue num 3 bypass comment "queue"
		tcp dport 81 synproxy mss 1460 comment "synproxy"
	}
}
table ip stmts {
	chain postrouting {
		type filter hook postrouting priority mangle
		dup to 192.0.2.9 device "wan0" comment "dup"
	}
}
END

# A limit on a log or a counter changes nothing for packets: a hint.
load "limits that do not matter" 0 <<'END'
table inet small {
	chain forward {
		type filter hook forward priority filter
		limit rate 5/minute log comment "limit log"
		limit rate 5/minute counter comment "limit counter"
		quota over 10 mbytes log comment "quota log"
	}
}
END
load "limits that matter" 3 <<'END'
table inet small {
	chain forward {
		type filter hook forward priority filter
		limit rate 5/minute log accept comment "limit log"
	}
}
END

# ---- statements that are not reached ----

load "states" 0 <<'END'
table ip states {
	chain forward {
		type filter hook forward priority filter
		ct state new counter
		ct state { new, invalid, untracked } log counter
		ct state new,related limit rate 10/second accept
		ct state != established log drop
		ct state vmap { new : continue, invalid : drop, related : jump never }
		ct status & (seen-reply | assured) == 0 counter
		ct state established counter comment "counter"
		ip protocol icmp log
		meta l4proto { icmp, esp } log
		tcp flags syn / fin,syn,rst,ack tcp option maxseg size set rt mtu
		tcp flags & (syn | rst) != 0 log
		ip frag-off & 0x1fff != 0 log
		meta protocol ip6 log
		meta pkttype broadcast log
		ct state established,related counter accept comment "counter"
		log
		limit rate over 10/second drop
	}
	chain never {
		log
		limit rate 1/second
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		counter masquerade
	}
	chain input {
		type filter hook input priority filter
		limit rate 10/second accept
	}
	chain output {
		type route hook output priority mangle
		meta mark set 1
	}
}
END

# ---- chains ----

load "chains" 3 <<'END'
table inet chains {
	map by_address { type ipv4_addr : verdict; elements = { 192.0.2.1 : jump one, 192.0.2.2 : goto two }; }
	map by_network { type ipv4_addr : verdict; flags interval; elements = { 198.51.100.0/24 : jump three }; }
	map empty { type ipv4_addr : verdict; }
	chain one {
		counter return comment "counter"
		log
	}
	chain two {
		jump four
		log comment "log"
	}
	chain three {
		goto four
		log
	}
	chain four {
		limit rate over 10/second drop comment "limit"
	}
	chain five {
		accept
	}
	chain six {
		log
	}
	chain forward {
		type filter hook forward priority filter
		ip saddr vmap @by_address
		ip saddr vmap @by_network
		ip saddr vmap @empty
		ct state vmap { new : jump six }
		meta l4proto . ct state vmap { tcp . established : jump four, tcp . new : jump six }
		ct state vmap { established : goto five, related : goto six }
		log
	}
	chain late {
		type filter hook forward priority filter + 5
		counter comment "counter"
		ct state established goto five
		log
	}
}
table ip early {
	chain prerouting {
		type filter hook prerouting priority raw
		ip protocol icmp counter
		counter comment "counter"
	}
}
table ip6 early {
	chain prerouting {
		type filter hook prerouting priority raw
		ip6 nexthdr icmpv6 counter
		counter comment "counter"
	}
}
table ip asleep {
	flags dormant
	chain forward {
		type filter hook forward priority filter
		log
	}
}
END

# Anonymous chains, which nft itself does not show as JSON.
router_nft flush ruleset
router_nft -f - <<'END'
table inet nameless {
	chain forward {
		type filter hook forward priority filter
		ct state new jump {
			counter
		}
		iifname "lan0" jump {
			log
		}
	}
}
END
ask 0
python3 answers.py listed doctor.json >listed
[ "$(sed 's/__chain[0-9]* [0-9]*/X/' listed)" = "inet nameless X log" ] || fail "anonymous: $(cat listed)"

# Nothing behind a chain that lets nothing through is reached.
load "drops" 0 <<'END'
table inet drops {
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state new accept
		counter comment "counter"
	}
	chain postrouting {
		type filter hook postrouting priority filter
		limit rate 10/second
	}
}
END

# A table with our comment is ours. A table that only has our name is not.
load "own table" 0 <<'END'
table inet nft_offload {
	comment "made and kept by nft-offloadd"
	chain forward {
		type filter hook forward priority filter + 10
		counter limit rate 10/second
	}
}
END
load "table of the same name" 3 <<'END'
table inet nft_offload {
	chain forward {
		type filter hook forward priority filter + 10
		counter limit rate over 10/second drop comment "counter limit"
	}
}
END

load "kernel's flowtable" 0 <<'END'
table inet fast {
	flowtable f {
		hook ingress priority 0
		devices = { lan0, wan0 }
	}
	chain forward {
		type filter hook forward priority filter
		ct state established meta l4proto { tcp, udp } flow add @f
	}
}
END
python3 answers.py fine doctor.json | grep -qE 'table inet fast has the flowtable f on (lan0, wan0|wan0, lan0):' ||
	fail "the flowtable is not mentioned: $(cat doctor.json)"

# ---- compared with counters that move while a connection is established ----

router_nft flush ruleset
router_nft -f - <<'END'
table inet truth {
	map ways { type inet_service : verdict; elements = { 22 : jump ssh, 443 : goto web }; }
	chain ssh { counter; }
	chain web { counter; }
	chain each {
		ct state new counter
		ct state established counter
		tcp flags & (fin | syn | rst) != 0 counter
		ip protocol udp counter return
		ip protocol tcp counter return
		counter
	}
	chain raw {
		type filter hook prerouting priority raw
		ct state established counter
		ct state invalid counter
		jump each
	}
	chain prerouting {
		type filter hook prerouting priority mangle
		ct state vmap { new : jump ssh, established : jump each }
		counter
	}
	chain forward {
		type filter hook forward priority filter
		tcp dport vmap @ways
		ct state invalid,untracked counter drop
		ct state { established, related } counter
		ct state established,related counter jump each
		ct direction original counter
		ct direction reply counter
		ct state established counter accept
		counter
	}
	chain forward_late {
		type filter hook forward priority filter + 5
		counter
		ct state established accept
		counter
	}
	chain postrouting {
		type filter hook postrouting priority mangle
		ct state != { established, related } counter
		counter goto each
	}
}
END
transfer_open truth tcp 4 3000000
ask 0
router_nft -j -a list ruleset >before.json
transfer_bulk truth
router_nft -j -a list ruleset >after.json
transfer_close truth
python3 answers.py counters before.json >before
python3 answers.py counters after.json >after
# Rules whose counter has changed, without the number.
diff before after | sed -n 's/^> \(.*\) [0-9]*$/\1/p' | sort >moved
python3 answers.py listed doctor.json | sed 's/ counter$//' | sort >listed
assert_ge "counters that moved" "$(wc -l <moved)" 10
# Each counter that moved must be listed.
comm -23 moved listed >missed
[ ! -s missed ] || fail "packets came there, but doctor does not list it: $(cat missed)"
comm -13 moved listed >extra
router_nft -a list ruleset | grep -E '# handle' >handles
for handle in $(sed 's/.* //' extra); do
	grep "# handle $handle\$" handles
done >extra.rules
echo "moved: $(wc -l <moved), listed beside them: $(wc -l <extra)"
# No packet came to the chains ssh and web, the rule for UDP, and the end of "each" for IPv6.
assert_eq "listed although no packet came" "$(wc -l <extra)" 4

# ---- a large ruleset, and one that changes while it is read ----

router_nft flush ruleset
python3 -c '
print("table inet large { chain forward { type filter hook forward priority filter; policy accept;")
for i in range(10000):
    print(f"ip saddr 10.{i // 250}.{i % 250}.1 tcp dport {i + 1} accept")
print("log prefix \"end\" comment \"log\"\n}\n}")' | router_nft -f -
centiseconds
start=$now
offload -j doctor >doctor.json
centiseconds
python3 answers.py listed doctor.json >listed
assert_eq "findings behind 10000 rules" "$(sed 's/ [0-9]* / /' listed)" "inet large forward log"
echo "10000 rules: $((now - start)) centiseconds"

touch changing
(while [ -e changing ]; do
	router_nft add table inet other
	router_nft delete table inet other
done) &
changer=$!
for _ in 1 2; do
	offload -j doctor >doctor.json || :
	python3 answers.py listed doctor.json hint doctor.json
	assert_eq "findings while somebody commits" "$(sed 's/ [0-9]* / /' listed)" \
		"inet large forward log"
	grep 'changed while it was read' hint || echo "read in one piece"
done
rm changing
wait "$changer"

# ---- only one doctor at a time ----

# A client that asks and does not read keeps other clients of doctor out.
router_nft flush ruleset
python3 -c '
print("table inet loud { chain forward { type filter hook forward priority filter; policy accept;")
print("counter\n" * 4000 + "}\n}")' | router_nft -f -
cat >idle.py <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.send(b'{"method":"org.nftoffload.Doctor","more":true}\0')
s.recv(1)
open("begun", "w").close()
time.sleep(100)
END
labns router python3 idle.py "$SOCKET" &
idler=$!
wait_for 20 test -e begun
got=0
offload doctor >/dev/null 2>busy || got=$?
assert_eq "exit status of a second doctor" "$got" 2
grep -q 'try again' busy || fail "a second doctor: $(cat busy)"
kill "$idler"
can_ask() {
	offload -j doctor >doctor.json
}
wait_for 10 can_ask
python3 answers.py listed doctor.json >listed
assert_eq "counters" "$(wc -l <listed)" 4000

# ---- findings about the system ----

router_nft flush ruleset
use_conntrack
in_client ping -q -c 1 "$SERVER4" >/dev/null
ask 0
python3 answers.py problem doctor.json hint doctor.json
assert_eq "problems" "$(cat problem)" ""
assert_eq "hints" "$(cut -d ' ' -f 1 hint)" offload
grep -q '^hints:' doctor.txt && grep -q '^fine:' doctor.txt && ! grep -q '^problems:' doctor.txt ||
	fail "the text is not grouped: $(cat doctor.txt)"

labns router sh -c '
	cd /proc/sys/net; echo 0 >netfilter/nf_conntrack_acct; echo 2 >netfilter/nf_conntrack_events
	echo 0 >ipv4/ip_forward; echo 0 >ipv6/conf/all/forwarding'
ask 3
python3 answers.py hint doctor.json problem doctor.json
for check in conntrack-acct conntrack-events forwarding; do
	grep -q "^$check " hint || fail "no hint about $check in $(cat hint)"
done
assert_eq "problems" "$(cat problem)" "forwarding IPv4 packets are not forwarded"
stop_daemon

labns router sh -c '
	cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding'

# Only connections with the mark are offloaded, so statements may limit others.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = observe' 'admit = mark' 'mark = 0x10000000'
load "marked connections" 0 <<'END'
table inet marked {
	chain forward {
		type filter hook forward priority filter
		tcp dport 5000-5999 ct mark set ct mark or 0x10000000 comment "ct-mark"
		ct mark and 0x10000000 == 0 limit rate over 10/second drop
		ct mark and 0x10000000 != 0 counter comment "counter"
	}
}
END
stop_daemon

# One device does not exist, so only one can be used.
start_daemon 'devices = { "lan0", "none0" }' 'offload = software' 'admit = events'
ask 3
python3 answers.py problem doctor.json >problems
grep -q '^device device none0: no such device' problems || fail "none0: $(cat problems)"
grep -q '^device fewer than two devices can be used' problems || fail "one device: $(cat problems)"
stop_daemon

# Devices without hardware offload, with the reason in one line.
start_daemon 'devices = { "lan0", "wan0" }' 'offload = hardware' 'admit = events'
ask 3
python3 answers.py problem doctor.json >problems
for dev in lan0 wan0; do
	grep -q "^device device $dev: unusable, ." problems || fail "$dev: $(cat problems)"
done
cat problems
stop_daemon

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel accepts the golden requests and returns equal rules. tc, which has its own encoder and
# decoder, shows what they mean, so our encoder and decoder cannot be wrong in the same way.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
GOLDEN=$LAB_SRC/tests/golden

golden() {
	labns box "$LAB_BUILD/tests/golden/golden-lab" "$@"
}

# show_rules: without counters, ages, action indexes and what only newer versions of tc print
show_rules() {
	tc -n box filter show dev g0 ingress | sed -e '/^ *$/d' -e '/^filter .*chain 0 $/d' \
		-e '/index [0-9]* ref/d' -e '/random type none/d' -e '/^[[:space:]]*ref [0-9]* bind/d' -e 's/police 0x[0-9a-f]* /police /' -e 's/[[:space:]]*$//'
}

topo_ns box
ip -n box -batch - <<-'END'
	link add g0 index 103 type dummy
	link add g1 index 104 type dummy
	link set g0 up
	link set g1 up
END

assert_eq "ingress of a new port" "$(golden qdisc g0)" "g0: 0 none block 0"
golden qdisc g0 add >out
assert_eq "clsact is added" "$(cat out)" "add: 0 
g0: 0 clsact block 0 unused"
golden qdisc g0 add | grep -q '^add: -17 ' || fail "a second clsact was not refused"

golden add "$GOLDEN" software >out
assert_eq "rules accepted with an equal echo" "$(grep -c ': 0 echo is equal$' out)" 43
golden check "$GOLDEN" software >out
assert_eq "rules read back equal" "$(grep -c -- '-software: 0 equal ours stats used in_hw_count 0 pkts 0$' out)" 43
grep dump out >dumps
assert_eq "dumps" "$(cat dumps)" "full dump of prio 0: 0, 43 rules, 43 ours, 43 whole, 43 with stats
terse dump of prio 0: 0, 43 rules, 43 ours, 0 whole, 43 with stats
terse dump of prio 20: 0, 17 rules, 17 ours, 0 whole, 17 with stats
full dump of prio 21: 0, 13 rules, 13 ours, 13 whole, 13 with stats
terse dump of prio 30: 0, 4 rules, 4 ours, 0 whole, 4 with stats"
assert_eq "clsact with rules" "$(golden qdisc g0)" "g0: 0 clsact block 0"

show_rules >shown
diff -u "$GOLDEN/tc-show.txt" shown || fail "tc shows other rules than expected in golden/tc-show.txt"

golden del "$GOLDEN" tcp- >out
assert_eq "rules deleted, with their counters" "$(grep -c ': 0 echo stats$' out)" 17
golden del "$GOLDEN" tcp- >out
assert_eq "rules that are already gone" "$(grep -c ': -2$' out)" 34
assert_eq "flush of one prio" "$(golden flush 20 4)" "flush: 0"
assert_eq "filters left" "$(golden check "$GOLDEN" none | sed -n 1p)" \
	"full dump of prio 0: 0, 21 rules, 21 ours, 21 whole, 21 with stats"
golden flush 21 6 >/dev/null
assert_eq "flush of a prio for all ethertypes" "$(golden flush 30 all)" "flush: 0"
for name in guard barrier pop swap; do
	golden del "$GOLDEN" "$name-" >/dev/null
done
assert_eq "clsact without rules" "$(golden qdisc g0)" "g0: 0 clsact block 0 unused"

# A foreign filter on either side keeps clsact in use.
tc -n box filter add dev g0 ingress prio 5 protocol ip u32 match u32 0 0 action ok
assert_eq "clsact with a foreign filter" "$(golden qdisc g0)" "g0: 0 clsact block 0"
tc -n box filter del dev g0 ingress prio 5 protocol ip u32
tc -n box filter add dev g0 egress prio 5 protocol ip flower action ok
assert_eq "clsact with a foreign egress filter" "$(golden qdisc g0)" "g0: 0 clsact block 0"
tc -n box filter del dev g0 egress prio 5 protocol ip flower

# A port without offload refuses rules with skip_sw (EOPNOTSUPP); nothing else is wrong with them.
golden add "$GOLDEN" hardware >out
assert_eq "hardware rules refused" "$(grep -c -- ': -95 *$' out)" 43
assert_eq "clsact is removed" "$(golden qdisc g0 del)" "del: 0 
g0: 0 none block 0"

# The older ingress qdisc carries our rules as well, and is not mistaken for clsact.
tc -n box qdisc add dev g0 ingress
assert_eq "ingress qdisc" "$(golden qdisc g0)" "g0: 0 ingress block 0"
golden qdisc g0 del | grep -q '^del: -22 ' || fail "an ingress qdisc was removed as clsact"
golden add "$GOLDEN" software >out
assert_eq "rules on the ingress qdisc" "$(grep -c ': 0 echo is equal$' out)" 43
tc -n box qdisc del dev g0 ingress

# A block that ports share is reported.
tc -n box qdisc add dev g0 ingress_block 7 clsact
assert_eq "shared block" "$(golden qdisc g0)" "g0: 0 clsact block 7"

assert_eq "a port that does not exist" "$(golden qdisc g9)" "g9: -19 none block 0"

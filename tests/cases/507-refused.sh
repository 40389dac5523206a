#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel can refuse our nft table for several reasons. The daemon says why, exits or uses the
# configured fallback, and never leaves half a table.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

# start_fails TEXT LINE...: with these lines the daemon exits with status 3 and prints TEXT
start_fails() {
	local text="$1" status=0
	shift
	printf '%s\n' 'devices = { "lan0", "wan0" }' 'offload = software' "$@" >refused.conf
	in_router timeout 20 nft-offloadd -c "$CASE_DIR/refused.conf" -s "$SOCKET" >refused.log 2>&1 || status=$?
	assert_eq "exit status" "$status" 3
	grep -q "$text" refused.log || fail "no \"$text\" in $(cat refused.log)"
	[ "$(filters lan0)" = 0 ] || fail "a filter was installed nevertheless"
}

unchanged() {
	router_nft list ruleset | diff -u before - || fail "the ruleset has changed"
}

topo_router2

# ---- a foreign table has the name ----

router_nft -f - <<'END'
table inet nft_offload {
	comment "of the administrator"
	chain forward { type filter hook forward priority filter; accept; }
}
END
router_nft list ruleset >before
start_fails 'table inet nft_offload exists, but nft-offloadd did not create it'
start_fails 'rename or delete that table'
unchanged
expect_warning 'cannot create our nft table: table inet nft_offload exists, but nft-offloadd did not create it'
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit-fallback = events'
offload -j status >status.json
grep -q '"admit": *"events"' status.json || fail "$(cat status.json)"
transfer tcp 4 1000000
stop_daemon
unchanged
start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit-fallback = mark'
offload -j status | grep -q '"mark_bits": *268435456' || fail "wrong mark_bits"
stop_daemon
unchanged
router_nft flush ruleset

# ---- no privilege ----

# Without privilege everything else fails, too, but the message is about nft.
printf '%s\n' 'devices = { "lan0", "wan0" }' 'offload = software' >refused.conf
status=0
in_router timeout 20 setpriv --reuid 65534 --clear-groups "$LAB_BUILD/nft-offloadd" -c "$CASE_DIR/refused.conf" \
	-s /tmp/nobody.sock >refused.log 2>&1 || status=$?
assert_eq "exit status without privilege" "$status" 3
grep -q 'cannot create our nft table: .*Operation not permitted.*CAP_NET_ADMIN' refused.log || fail "$(cat refused.log)"
assert_eq "tables" "$(router_nft list tables)" ""

# ---- the table belongs to a running process ----

labns router "$LAB_BUILD/tests/golden/golden-lab" nft own up owner hold=60 >owned &
holder=$!
wait_for 10 grep -q . owned
start_fails 'belongs to another process'
kill "$holder"
no_tables() {
	[ -z "$(router_nft list tables)" ]
}
wait_for 5 no_tables

# ---- a kernel without nf_tables ----

# Modules use each other, so those without a user go first. Other namespaces of the guest may still
# use some.
unload_nf_tables() {
	for _ in 1 2 3 4 5 6 7 8; do
		[ -e /sys/module/nf_tables ] || return 0
		lsmod | awk '/^nf_tables|^nft_|^nf_flow_table/ && $3 == 0 { print $1 }' | while read -r module; do
			rmmod "$module" 2>/dev/null || :
		done
	done
	[ ! -e /sys/module/nf_tables ]
}
if wait_until 10 unload_nf_tables; then
	mkdir -p /etc/modprobe.d
	undo_at_end 'rm -f /etc/modprobe.d/no-nf-tables.conf'
	echo 'install nf_tables /bin/false' >/etc/modprobe.d/no-nf-tables.conf
	start_fails 'cannot create our nft table: .*the kernel needs nf_tables'
	expect_warning 'cannot create our nft table: .*the kernel needs nf_tables'
	start_daemon 'devices = { "lan0", "wan0" }' 'offload = software' 'admit-fallback = events'
	transfer tcp 4 1000000
	stop_daemon
	rm /etc/modprobe.d/no-nf-tables.conf
else
	echo "nf_tables is in use: a kernel without it is not tested"
fi

# A mark with too few bits for an epoch is a configuration error.
status=0
in_router nft-offloadd --check -c /dev/stdin <<'END' >refused.log 2>&1 || status=$?
mark = 0x30000000
END
assert_eq "exit status for a mark of two bits" "$status" 1
grep -q 'needs at least three bits' refused.log || fail "$(cat refused.log)"

# ---- someone replaces our table while the daemon runs ----

start_daemon 'devices = { "lan0", "wan0" }' 'offload = software'
labns server labtraffic serve tcp --port 7000 >serve 2>&1 &
wait_for 20 has_line serve listening
labns client labtraffic send tcp "$SERVER4" --port 7000 --bytes 8000000000 --rate 50000 >send 2>&1 &
wait_for 10 has_rules lan0 1
expect_warning 'table inet nft_offload exists, but nft-offloadd did not create it'
router_nft -f - <<'END'
delete table inet nft_offload
table inet nft_offload {
	comment "of somebody else"
}
END
wait_for 3 has_rules lan0 0
is_closed() {
	offload status | grep -q 'no connection is admitted at the moment: table inet nft_offload exists, but nft-offloadd did not create it'
}
wait_for 5 is_closed
router_nft list table inet nft_offload | grep -q 'of somebody else' || fail "it was changed"
# When the foreign table is gone, the daemon makes its own again.
router_nft delete table inet nft_offload
wait_for 70 has_rules lan0 1
offload -j status | grep -q '"trouble": *""' || fail "status still shows trouble"

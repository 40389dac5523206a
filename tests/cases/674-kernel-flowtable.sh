#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
#
# The kernel's own test of its flowtable, nft_flowtable.sh, with the daemon in place of "flow add": the ruleset
# admits connections by the mark that it sets anyway. It has routers with three MTUs, with and without path MTU
# discovery, masquerading, DNAT, a bridge, a VLAN in a bridge, and IPsec. Packets that its forward chain counts
# went through the CPU: a transfer passes only if they are fewer than the file has bytes. Only IPsec must fail that
# test.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

FILE_SIZE=33554432

[ -n "${LAB_SELFTESTS:-}" ] || skip "no kernel selftests: ${LAB_SELFTESTS_WHY:-}"
dir=$LAB_SELFTESTS/net/netfilter
test=$CASE_DIR/net/netfilter/nft_flowtable.sh
cp -r "$LAB_SELFTESTS/net" .
mkfifo router-is-there daemon-is-ready
# The script goes on when the daemon is ready. Its limits are for a faster machine.
patience 1
sed -e 's/ flow add @f1 / /' -e "s/^SOCAT_TIMEOUT=60/SOCAT_TIMEOUT=$((60 * patience / 100))/" \
	-e "s/busywait 1000 /busywait $((10 * patience)) /" \
	-e "/^# test basic connectivity/i echo \"\$nsr1\" >$CASE_DIR/router-is-there; read -r _ <$CASE_DIR/daemon-is-ready" \
	"$dir/nft_flowtable.sh" >"$test"
grep -q daemon-is-ready "$test" || fail "the kernel's test has changed"
! cmp -s "$dir/nft_flowtable.sh" "$test" || fail "the kernel's test has changed"
grep -q 'flow add' "$test" && fail "the kernel's test has changed"

(
	cd "${test%/*}"
	bash "$test" -o 9000 -l 1500 -r 2000 -s $FILE_SIZE >"$CASE_DIR/result" 2>&1 || :
	# If it has ended early, nobody has read the name of its router.
	echo >"$CASE_DIR/router-is-there"
) &
read -r router <router-is-there
[ -n "$router" ] || { cat result >&2; fail "the kernel's test did not begin"; }
ln -s "/run/netns/$router" /run/netns/router
undo_at_end 'rm -f /run/netns/router'
topo_acct
start_daemon 'devices = { "veth*", "br0" }' 'offload = software' 'admit = mark' 'mark = 0x1'
echo >daemon-is-ready
# The end of the test.
read -r _ <router-is-there
cat result
assert_eq "tests that passed" "$(grep -c '^PASS: ' result)" 16
! grep -v -e '^PASS: ' -e '^FAIL: ipsec tunnel mode' result >others ||
	{ cat others >&2; fail "not only what IPsec needs has failed"; }
# What must be encrypted stays on the CPU, so the test counts too many packets there.
grep -q '^FAIL: ipsec tunnel mode' result || fail "packets that IPsec must encrypt were offloaded"
grep -q 'IPsec policies exist' daemon.log || fail "the daemon has not seen the IPsec policies"

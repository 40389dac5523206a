#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fake kernel of the random tests and scenarios finds the same routes as the real kernel, as the
# daemon reads them: in random configurations, for random questions and those of the engine.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"

routes_lab() {
	labns "$ns" "$LAB_BUILD/tests/golden/routes-lab" "$@"
}

# configure SEED STEP
configure() {
	for batch in links 4 6; do
		routes_lab "$1" "$2" "$batch" >commands
		[ "$batch" = links ] && family='' || family=-$batch
		# shellcheck disable=SC2086 # no word, or one
		ip -n "$ns" $family -batch commands || fail "seed $1 step $2: ip does not accept batch $batch"
	done
}

different=
for seed in 1 2 3 4 5 6 7 8; do
	ns=router$seed
	topo_ns "$ns"
	topo_forwarding "$ns"
	labns "$ns" sh -c 'cd /proc/sys/net/ipv4/conf; echo 0 >all/rp_filter; echo 0 >default/rp_filter'
	for step in 0 1; do
		configure "$seed" "$step"
		routes_lab "$seed" "$step" ask >answers || different="$different $seed/$step"
		grep -v '^count' answers || :
		grep '^count' answers >>counts
	done
done

# Each kind of answer has occurred.
awk '{ n[$2] += $3 } END { for (kind in n) print kind, n[kind] }' counts | sort >kinds
cat kinds
[ -z "$different" ] || fail "the kernels differ in seed/step:$different"
# In each step 300 questions, and 100 walks of one or more.
assert_ge "questions" "$(sed -n 's/^asked //p' kinds)" 6400
assert_eq "kinds of answers that did not occur" "$(sed -n 's/ 0$//p' kinds)" ""

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 500
#
# Thousands of offloaded flows and a hundred commits in ten seconds: denied packets stop with the
# commit, not when thousands of rules are out. The other flows return, nothing is lost, and a
# hundred commits cost at most about three times the processor time of one.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck disable=SC2034 # topo.sh's
STOP_LIMIT=90
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"
# shellcheck source=../lab/policy.sh
. "${LAB_TOPO%/*}/policy.sh"

# 10000 take some minutes in an emulated guest.
FLOWS=${FLOWS:-2000}
BAD=20

# Packets of the class "bad" are recognized by their size.
is_bad='udp length 908'

offloaded() {
	[ "$(status flows.offloaded)" -ge "$1" ]
}

# daemon_cpu: processor time of the daemon, in hundredths of a second
daemon_cpu() {
	awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat"
}

# One nft process makes all commits: starting one takes longer than the pause between them.
commits() {
	python3 -c '
import sys, time
for i in range(1, 1 + int(sys.argv[1])):
    print("add rule inet labother some udp dport %d accept" % i, flush=True)
    time.sleep(0.1)' "$1" | router_nft -i >/dev/null
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
router_nft -f - <<'END'
table inet labpolicy {
	chain forward {
		type filter hook forward priority filter
		ct state established,related accept
	}
}
table inet labother {
	chain some {
	}
}
END
hw_daemon 'sample-interval = 5s'
crowd_open many many:udp,flows="$FLOWS",rate=0.2,size=100 bad:udp,flows="$BAD",rate=10,size=900
crowd_ready many 150
wait_for 120 offloaded $((FLOWS + BAD))

watch_arrivals() {
	rm -f arrivals
	labns server tcpdump -i s0 -Q in -n -tt -l -s 60 "udp and dst host $SERVER4 and udp[4:2] == 908" \
		>arrivals 2>arrivals.err &
	wait_for 20 has_arrivals
}

# stopped WHEN TOOK: no denied packet came more than 100 ms after WHEN; TOOK is the control
stopped() {
	local late
	late=$(awk -v end="$1" '/^[0-9]/ { last = $1 } END { printf "%d", (last - end) * 1000 }' arrivals)
	assert_soon "$FLOWS flows: the last denied packet after nft had returned" "$late" 100 "$2"
}

# deny: sets denied, when nft had returned, and deny_ms, how long nft took
deny() {
	local began
	began=$(date +%s.%N)
	router_nft insert rule inet labpolicy forward $is_bad counter drop
	denied=$(date +%s.%N)
	deny_ms=$(echo "$began $denied" | awk '{ printf "%d", ($2 - $1) * 1000 }')
}

allow() {
	router_nft -f - <<-'END'
		flush chain inet labpolicy forward
		add rule inet labpolicy forward ct state established,related accept
	END
}

# ---- one commit: denied packets stop long before all rules are out ----

removed=$(status counters.removals_ok)
all_removed() {
	[ "$(status counters.removals_ok)" -ge $((removed + FLOWS + BAD)) ]
}
watch_arrivals
cpu=$(daemon_cpu)
deny
wait_for 60 all_removed
echo "all rules were out $(echo "$denied $(date +%s.%N)" | awk '{ printf "%d", ($2 - $1) * 1000 }') ms after nft had returned"
assert_eq "ports with a barrier" "$(status counters.barriers_raised)" 2
wait_for 120 offloaded "$FLOWS"
one=$(($(daemon_cpu) - cpu))
stopped "$denied" "$deny_ms"
allow
wait_for 120 offloaded $((FLOWS + BAD))
agree 30

# ---- a hundred commits, the last of which denies some flows ----

closed=$(status counters.epochs_closed)
seen=$(status counters.nft_commits)
cpu=$(daemon_cpu)
centiseconds
start=$now
commits 99
centiseconds
echo "99 commits in $(((now - start) / 100)) s"
assert_ge "commits" $(($(status counters.nft_commits) - seen)) 99
watch_arrivals
deny
wait_for 150 offloaded "$FLOWS"
many=$(($(daemon_cpu) - cpu))
stopped "$denied" "$deny_ms"
assert_eq "offloaded" "$(status flows.offloaded)" "$FLOWS"
echo "one commit: $one hundredths of a second of processor; a hundred: $many; all flows were taken back $(($(status counters.epochs_closed) - closed)) times"
assert_le "hundredths of a second for a hundred commits" "$many" $((3 * one + 100))
assert_eq "conntrack events lost" "$(status counters.ct_overruns)" 0
assert_eq "nft events lost" "$(status counters.nft_overruns)" 0
agree 30
crowd_close many
assert_eq "lost packets of allowed flows" \
	"$(crowd_lost many many)" 0

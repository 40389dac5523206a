#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 500
#
# Thousands of offloaded flows, and a hundred commits in ten seconds: what the ruleset denies
# stops with the commit, not when thousands of rules are out; the rest comes back; nothing is
# lost on the way, and all of it costs little more than a single commit.
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

# 10000 need some minutes in a guest that is emulated.
FLOWS=${FLOWS:-2000}
BAD=20

# Those of the class "bad" are told by their size.
is_bad='udp length 908'

offloaded() {
	[ "$(status flows.offloaded)" -ge "$1" ]
}

# What the daemon has used of the processors, in hundredths of a second.
daemon_cpu() {
	awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat"
}

# All by one process, for starting it would take longer than the pause.
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

# stopped WHEN TOOK: no packet that is denied has come later than a tenth of a second after that.
stopped() {
	local late
	late=$(awk -v end="$1" '/^[0-9]/ { last = $1 } END { printf "%d", (last - end) * 1000 }' arrivals)
	assert_soon "$FLOWS flows: the last packet that is denied after nft had returned" "$late" 100 "$2"
}

# Sets when it was denied, and the milliseconds that nft needed.
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

# ---- one commit: long before all rules are out, what is denied has stopped ----

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

# ---- a hundred, the last of which denies some ----

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
assert_eq "lost of those that are allowed" \
	"$(crowd_lost many many)" 0

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Rules from two sides, dumps, resets, knobs, flapping links and traffic at the same time.
# Afterwards tc and nicsim have the same rules, and nicsim still works.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

SECONDS_LONG=20

# until_end COMMAND...: repeats it in the background, whatever its status, until the file "end"
# exists
until_end() {
	(while [ ! -e end ]; do "$@" >/dev/null 2>&1 || :; done) &
	echo $! >>workers
}

# batch DEV PREF FIRST: prints a batch that adds 200 filters and deletes them
batch() {
	local port="$3" last=$(($3 + 200))
	while [ "$port" -lt "$last" ]; do
		echo "filter add dev $1 ingress protocol ip pref $2 handle $((port - $3 + 1)) flower ip_proto udp" \
			"dst_port $port skip_sw action pedit ex munge ip ttl dec pipe action mirred egress redirect dev wan0"
		port=$((port + 1))
	done
	echo "filter del dev $1 ingress protocol ip pref $2 flower"
}

rules_come_and_go() {
	tc -n router -force -batch "$1"
}

dump() {
	tc -n router -s filter show dev lan0 ingress
	cat $NICSIM_DEBUGFS/rules $NICSIM_DEBUGFS/lost $NICSIM_DEBUGFS/log $NICSIM_DEBUGFS/counters
	in_router ethtool -S lan0
}

turn_knobs() {
	nicsim lose 10
	nicsim stats_delay_ms 1
	nicsim fail_percent 5
	nicsim table_size 100
	nicsim latency_us 100
	sleep 0.2
	nicsim reset 1
	nicsim stats_delay_ms 0
	nicsim fail_percent 0
	nicsim table_size 10000
	nicsim latency_us 0
	nicsim switch_id 0011
	sleep 0.2
}

flap() {
	nicsim ports/1/cable 0
	in_router ethtool -K lan0 hw-tc-offload off
	sleep 0.1
	nicsim ports/1/cable 1
	in_router ethtool -K lan0 hw-tc-offload on
	ip -n server link set s0 down
	ip -n server link set s0 mtu 1400
	ip -n server link set s0 up
	ip -n server link set s0 mtu 1500
	sleep 0.3
}

flood() {
	labns client python3 -c '
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while not os.path.exists("end"):
    for port in range(2000, 2500):
        try:
            s.sendto(bytes(1000), ("203.0.113.2", port))
        except OSError:
            pass'
}

nicsim_load ports=2
topo_router2
ip -n client neigh replace 192.168.1.1 lladdr "$LAN_MAC" dev c0
tc -n router qdisc add dev lan0 clsact
batch lan0 1 2000 >batch1
batch lan0 2 2100 >batch2
until_end flood
until_end flood
until_end rules_come_and_go batch1
until_end rules_come_and_go batch2
until_end dump
until_end turn_knobs
until_end flap
sleep "$SECONDS_LONG"
touch end
while read -r pid; do
	wait "$pid" || :
done <workers

# Nothing else runs any more: tc and nicsim have the same rules.
for knob in fail_percent=0 lose_percent=0 latency_us=0 table_size=10000; do
	nicsim "${knob%=*}" "${knob#*=}"
done
nicsim_counter inserts
assert_ge inserts "$(nicsim inserts)" 500
assert_ge hits "$(nicsim hits)" 100
assert_eq "entries and filters" "$(nicsim_counter entries)" "$(filters lan0)"
tc -n router filter del dev lan0 ingress
assert_eq entries "$(nicsim_counter entries)" 0
assert_eq used "$(nicsim used)" 0
assert_eq masks "$(nicsim_counter masks)" 0
assert_eq "inserts and deletes" "$(nicsim inserts)" "$(nicsim deletes)"

# nicsim still works.
sed -i '/^filter del/d' batch1
tc -n router -batch batch1
assert_eq used "$(nicsim used)" 200
rmmod nicsim

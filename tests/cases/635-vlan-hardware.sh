#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
#
# 630-vlan with rules in a card: they match and write the tags. The guards of tagged packets work,
# rules are adopted after a crash, and a VLAN device that is deleted takes its rules with it.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/upper-hardware.sh
. "${LAB_TOPO%/*}/upper-hardware.sh"
# shellcheck source=630-vlan.sh
. "${LAB_TOPO%/lab/*}/cases/630-vlan.sh"

echo "# rules and guards"
# shown DEV TEXT: prints how many lines about the filters of the device are this one
shown() {
	tc -n router filter show dev "$1" ingress | grep -c "^ *$2$" || :
}
for proto in ip ipv6; do
	assert_ge "guards for $proto in 802.1Q" "$(tc -n router filter show dev p0 ingress protocol 802.1q |
		grep -A 3 "vlan_ethtype $proto" | grep -c 'ip_ttl 0/0xfe')" 1
done
# Ended connections may still have rules.
lan=$(shown p0 'vlan_id 10') outer=$(shown p1 'vlan_id 20') inner=$(shown p1 'cvlan_id 30')
upper_open endless tcp 4 10000000 --rate 2000000
assert_eq "rules of the LAN" "$(shown p0 'vlan_id 10')" $((lan + 1))
assert_eq "rules of the uplink" "$(shown p1 'vlan_id 20') $(shown p1 'cvlan_id 30')" \
	"$((outer + 1)) $((inner + 1))"

echo "# packets with TTL 1"
time_exceeded() {
	labns client nstat -asz IcmpInTimeExcds | sed -n 's/^IcmpInTimeExcds *\([0-9]*\).*/\1/p'
}
more_time_exceeded() {
	[ "$(time_exceeded)" -gt "$1" ]
}
before=$(time_exceeded)
in_client nft -f - <<-'END'
	table inet expire {
		chain output {
			type filter hook output priority 0
			meta l4proto tcp ip ttl set 1
		}
	}
END
wait_for 10 more_time_exceeded "$before"
in_client nft delete table inet expire
upper_goes_on endless

echo "# a crash"
kill_daemon
launch_daemon
daemon_is_ready
assert_ge "flows adopted" "$(status counters.flows_adopted)" 1
assert_eq "flows installed" "$(status counters.installs_ok)" 0
upper_goes_on endless
agree 10

echo "# the VLAN device is deleted"
ip -n router link del lan0
wait_for 10 gone
no_rules() {
	[ "$(shown p0 'vlan_id 10')$(shown p1 'vlan_id 20')" = 00 ]
}
wait_for 10 no_rules

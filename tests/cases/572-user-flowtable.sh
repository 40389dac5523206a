#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kern/ reads a user's flowtable as nft defines it, also after it has changed. A list of devices can
# be taken from it.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

show() {
	labns box "$LAB_BUILD/tests/golden/golden-lab" nft flowtable "$@"
}

box_nft() {
	labns box nft "$@"
}

nicsim_load ports=2 profile=full
topo_ns box
ip link set nic0 netns box
for dev in eth0 eth1; do
	ip -n box link add $dev type veth peer name $dev-peer
	ip -n box link set $dev up
done

# The table does not exist yet.
assert_eq "no table" "$(show inet filter f)" "absent"
box_nft -f - <<'END'
table inet filter {
	flowtable f { hook ingress priority 0; devices = { eth0, eth1 }; }
	flowtable empty { hook ingress priority 0
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip protocol { tcp, udp } flow offload @f
	}
}
table ip nat {
	flowtable f { hook ingress priority 5; devices = { nic0 }; flags offload; counter
	}
}
END
assert_eq "in software" "$(show inet filter f)" "there eth0 eth1"
assert_eq "without devices" "$(show inet filter empty)" "there"
assert_eq "in hardware" "$(show ip nat f)" "there hardware counter nic0"
for other in "inet nat f" "ip6 nat f" "ip filter f" "inet filter g"; do
	# shellcheck disable=SC2086 # words
	assert_eq "$other" "$(show $other)" "absent"
done

# The flowtable changes.
ip -n box link add wan0 type dummy
box_nft add flowtable inet filter f '{ devices = { wan0 } ; }'
assert_eq "one more" "$(show inet filter f)" "there eth0 eth1 wan0"
ip -n box link set eth0 down
ip -n box link set eth0 name lan0
assert_eq "one renamed" "$(show inet filter f)" "there eth1 lan0 wan0"
ip -n box link del eth1
assert_eq "one gone" "$(show inet filter f)" "there lan0 wan0"
box_nft flush ruleset
assert_eq "flushed" "$(show inet filter f)" "absent"

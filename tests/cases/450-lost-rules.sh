#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
#
# The daemon restores what others take away: the whole table of the card, a rule of a connection, a
# guard, and the clsact of a port. Packets are right all the time, and the daemon loses none.
# shellcheck disable=SC3043 # local
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"
# shellcheck source=../lab/hardware.sh
. "${LAB_TOPO%/*}/hardware.sh"

OUT="src=$ROUTER4,dst=$SERVER4,ttl=63,smac=$WAN_MAC,dmac=$SERVER_MAC"
BACK="src=$SERVER4,dst=$CLIENT4,ttl=63,smac=$LAN_MAC,dmac=$CLIENT_MAC"

# repairs: number of lost rules and repaired ports so far
repairs() {
	echo $(($(status counters.rules_lost) + $(status counters.ports_mended)))
}

all_offloaded() {
	[ "$(status flows.offloaded)" = 6 ]
}

nothing_lost() {
	[ ! -s $NICSIM_DEBUGFS/lost ]
}

repairs_grew() {
	[ "$(repairs)" -gt "$repairs" ]
}

# repaired CONDITION WHAT: waits until this is true, all flows are offloaded, all tables agree and the card
# forwards
repaired() {
	rm -f nic-hits
	wait_until 20 "$1" || fail "nothing was repaired after $2"
	wait_for 20 nothing_lost
	wait_for 20 all_offloaded
	wait_for 10 nic_hits_grow 60
	agree 10
	repairs=$(repairs)
}

# When a clsact is added or deleted, the device has no queue for some milliseconds, and the kernel drops what
# is sent meanwhile (qdisc_graft, dev_deactivate). These functions count the packets.
TRACE=/sys/kernel/tracing/instances/clsact

watch_queues() {
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	mkdir "$TRACE"
	echo 'protocol == 0x800' >"$TRACE/events/skb/kfree_skb/filter"
	echo 1 >"$TRACE/events/skb/kfree_skb/enable"
}

queue_drops() {
	grep -c 'reason: QDISC_DROP' "$TRACE/trace" || :
}

handle_of() {
	tc -n router filter show dev "$1" ingress pref "$2" | sed -n 's/.* handle \(0x[0-9a-f]*\).*/\1/p' | head -n 1
}

guard_is_back() {
	[ -n "$(handle_of wan0 1)" ]
}

nicsim_load ports=2
topo_router2
topo_masquerade
topo_acct
hw_daemon
expect_warning 'clsact|qdisc|guard'
sniff_open server server s0 "$OUT"
sniff_open client client c0 "$BACK"
crowd_open busy udp:udp,flows=3,rate=10,size=500 tcp:tcp,flows=3,rate=10,size=3000,answer=1000
crowd_ready busy 30
wait_for 20 all_offloaded
guards=$(filters lan0)
repairs=$(repairs)

nicsim reset 1
repaired repairs_grew "a reset of the card"

tc -n router filter del dev lan0 ingress protocol ip pref 3 handle "$(handle_of lan0 3)" flower
repaired repairs_grew "the loss of a rule"

tc -n router filter del dev wan0 ingress protocol ip pref 1 handle "$(handle_of wan0 1)" flower
# The daemon may also renew the guards because a rule was lost before.
repaired guard_is_back "the loss of a guard"
assert_eq "filters on lan0" "$(filters lan0)" "$guards"

watch_queues
tc -n router qdisc del dev lan0 clsact
repaired repairs_grew "the loss of clsact"
assert_eq "filters on lan0" "$(filters lan0)" "$guards"

crowd_close busy
lost=$(crowd_lost busy) drops=$(queue_drops)
echo "packets lost: $lost; dropped for want of a queue: $drops"
assert_le "packets lost otherwise" "$lost" "$drops"
rmdir "$TRACE"
sniff_close server
sniff_close client
stop_daemon
assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00

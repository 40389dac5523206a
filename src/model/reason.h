/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reason - every reason why a connection stays on the CPU.
 *
 * The enum, the names that users see (`flows`, `why`, counters), the one-line texts and
 * the table in the manual all come from one list. A test compares the manual with it.
 */
#pragma once

/* X(enum suffix, "name", "text"), in the order in which they are checked. policy_is_conn_reason()
 * and policy_is_path_reason() compare ranges of this list. */
#define REASON_LIST(X)                                                                                     \
	/* properties of the connection */                                                                 \
	X(UNSUPPORTED_PROTOCOL, "unsupported-protocol", "only TCP and UDP are offloaded")                  \
	X(MULTICAST, "multicast", "an address is multicast, broadcast, loopback, link-local or unspecified") \
	X(KERNEL_FLOWTABLE, "kernel-flowtable", "a kernel flowtable forwards it")                          \
	X(DYING, "dying", "conntrack is about to delete it")                                               \
	X(TCP_NOT_ESTABLISHED, "tcp-not-established", "TCP is not in state ESTABLISHED")                   \
	X(TCP_CLOSING, "tcp-closing", "conntrack has seen a FIN or RST")                                   \
	X(NOT_ASSURED, "not-assured", "conntrack has not seen enough traffic in both directions (not assured)") \
	X(NOT_ADMITTED, "not-admitted", "the ruleset has not set the offload mark")                        \
	X(RULESET_CHANGED, "ruleset-changed", "the nft ruleset changed and has not admitted it again yet") \
	X(HELPER, "helper", "a conntrack helper must see every packet")                                    \
	X(EXPECTED, "expected", "a conntrack helper of another connection expected it")                    \
	X(SEQ_ADJUST, "seq-adjust", "TCP sequence numbers are being rewritten")                            \
	X(SYNPROXY, "synproxy", "a SYN proxy translates its sequence numbers")                             \
	X(NAT_CLASH, "nat-clash", "its conntrack entry clashed with an existing one when it was inserted") \
	X(INCOMPLETE, "incomplete", "conntrack has not reported enough about it")                          \
	/* its path */                                                                                     \
	X(LOCAL, "local", "it begins or ends on this host")                                                \
	X(NO_ROUTE, "no-route", "there is no usable route for one direction")                              \
	X(ROUTE_LOOKUP_FAILED, "route-lookup-failed", "a route look-up failed")                            \
	X(ENCAPSULATION, "encapsulation", "a route adds headers to its packets (MPLS, SRv6 or another encapsulation), which rules do not") \
	X(ASYMMETRIC_ROUTE, "asymmetric-route", "the routes of the two directions do not use the same two devices") \
	X(WAY_UNKNOWN, "way-unknown", "its packets have not shown yet which way the kernel routes them")      \
	X(ROUTED_OTHERWISE, "routed-otherwise", "the kernel routes its packets another way than a look-up, by their mark, TOS or hash") \
	X(POLICY_ROUTING, "policy-routing", "policy rules select by mark or TOS, or its path is in a VRF: only admit = nft can see how its packets go") \
	X(IPSEC, "ipsec", "an IPsec policy may apply to it")                                               \
	X(NOT_FORWARDING, "not-forwarding", "IPv6 forwarding is off")                                      \
	X(SAME_DEVICE, "same-device", "it would leave by the port on which it arrives, which many NICs do not do, or it is not routed, only bridged")             \
	X(DEVICE_UNKNOWN, "device-unknown", "the daemon does not know a device on its path")               \
	X(DEVICE_NOT_NAMED, "device-not-named", "a device on its path is not in the list of devices")      \
	X(DEVICE_KIND, "device-kind", "a device on its path is enslaved or of a kind that cannot be offloaded") \
	X(DEVICE_DOWN, "device-down", "a device on its path is down")                                      \
	X(VLAN_PRIORITY, "vlan-priority", "a VLAN device on its path maps priorities of packets to tags, which no rule can do") \
	X(STATION_UNKNOWN, "station-unknown", "a bridge on its path does not know behind which port the next hop is") \
	X(BRIDGE, "bridge", "a bridge on its path does with its packets what no rule can: its port is blocked, locked or maps VLANs to tunnels, or VLANs differ between arrival and departure, are more than 32 ranges, or are taken by a VLAN device on the port") \
	X(BOND_MODE, "bond-mode", "a bond on its path uses several ports at once") \
	X(XDP, "xdp", "a device on its path has an XDP program, which offload would bypass")               \
	X(NETDEV_CHAIN, "netdev-chain", "a device on its path has an nft chain, which offload would bypass") \
	X(FOREIGN_FILTER, "foreign-filter", "a device on its path has tc filters, which offload would bypass") \
	X(SHAPER, "shaper", "a device on its path has a qdisc, which offload would bypass")                \
	X(DRIVER_NOT_ALLOWED, "driver-not-allowed", "the driver of a device is not known to offload correctly (see allow-drivers)") \
	X(HW_TC_OFFLOAD_OFF, "hw-tc-offload-off", "hw-tc-offload is off or not supported on a device")     \
	X(DIFFERENT_CARDS, "different-cards", "its two devices are not ports of the same NIC")             \
	X(DEVICE_FAILING, "device-failing", "the NIC failed too often, or a call into its driver does not return") \
	X(PROBING, "probing", "the daemon has not finished probing which rules the driver accepts")        \
	X(DRIVER_LIES, "driver-lies", "the driver accepts rules that no NIC can execute")                  \
	X(NO_RECIPE, "no-recipe", "the driver accepts no rule that forwards between the two devices")      \
	X(EXACT_TTL, "exact-ttl", "the driver accepts only rules for one exact TTL, and that of the packets is not known") \
	X(NOT_IN_RECIPE, "not-in-recipe", "the driver accepts no rule for this combination of family, protocol, NAT and VLAN tags") \
	X(TTL_GUARD, "ttl-guard", "the NIC cannot leave packets with an expiring TTL to the CPU")          \
	X(DEVICE_NOT_READY, "device-not-ready", "a device on its path is not ready for rules, or could not be prepared") \
	X(NEIGHBOUR_UNRESOLVED, "neighbour-unresolved", "the MAC address of a next hop is not known")      \
	X(MTU, "mtu", "the NIC cannot check which packets are too large for the outgoing device or route") \
	X(SOFTWARE_NAT66, "software-nat66", "software rules cannot correct the checksums of IPv6 packets with NAT") \
	/* its rules */                                                                                    \
	X(KERNEL_BACKEND, "kernel-backend", "the daemon leaves it to the kernel flowtable, which does not have it") \
	X(OBSERVE_ONLY, "observe-only", "it would be offloaded, but offload is set to observe")            \
	X(TABLE_FULL, "table-full", "the daemon's flow table is full (see max-flows)")                     \
	X(HARDWARE_FULL, "hardware-full", "the table of the NIC is full of busier flows")                  \
	X(NOT_HIT, "not-hit", "its rules were accepted, but its packets still reach the CPU")              \
	X(RULE_REFUSED, "rule-refused", "the kernel or the driver refused a rule")                         \
	X(RULE_LOST, "rule-lost", "an installed rule is gone, or the answer to its installation was lost") \
	X(CONNTRACK_REFUSED, "conntrack-refused", "conntrack did not accept the settings that offload needs") \
	X(PATH_CHANGED, "path-changed", "a route, neighbour or device on its path changed")                \
	X(FLUSHED, "flushed", "the operator returned it to the CPU")                                       \
	X(STOPPING, "stopping", "the daemon is stopping")

enum reason {
	REASON_NONE,
#define X(id, name, text) REASON_##id,
	REASON_LIST(X)
#undef X
	REASON__COUNT,
};

/* Name and text; "none" and "" for REASON_NONE, "?" if out of range. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);

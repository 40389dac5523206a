/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reason - every reason why a connection stays on the CPU.
 *
 * The enum, the names that users see (`flows`, `why`, counters), the one-line texts and
 * the table in the manual all come from one list. A test compares the manual with it.
 */
#pragma once

/* X(enum suffix, "name", "text"), in the order in which they are checked. */
#define REASON_LIST(X)                                                                                     \
	/* properties of the connection */                                                                 \
	X(UNSUPPORTED_PROTOCOL, "unsupported-protocol", "only TCP and UDP are offloaded")                  \
	X(MULTICAST, "multicast", "an address is multicast, broadcast, loopback or link-local")            \
	X(KERNEL_FLOWTABLE, "kernel-flowtable", "the kernel's own flowtable forwards it")                  \
	X(DYING, "dying", "conntrack is about to delete it")                                               \
	X(TCP_NOT_ESTABLISHED, "tcp-not-established", "TCP is not in state ESTABLISHED")                   \
	X(TCP_CLOSING, "tcp-closing", "TCP has seen a FIN or RST")                                         \
	X(NOT_ASSURED, "not-assured", "conntrack has not seen lasting traffic both ways")                  \
	X(NOT_ADMITTED, "not-admitted", "the ruleset has not set the offload mark")                        \
	X(RULESET_CHANGED, "ruleset-changed", "the nft ruleset changed, and no packet passed it since")     \
	X(HELPER, "helper", "a conntrack helper must see every packet")                                    \
	X(EXPECTED, "expected", "it was expected by a helper of another connection")                       \
	X(SEQ_ADJUST, "seq-adjust", "TCP sequence numbers are being rewritten")                            \
	X(SYNPROXY, "synproxy", "a SYN proxy translates its sequence numbers")                             \
	X(NAT_CLASH, "nat-clash", "two connections clash in NAT")                                          \
	X(INCOMPLETE, "incomplete", "conntrack reported too little about it")                              \
	/* its path */                                                                                     \
	X(LOCAL, "local", "it begins or ends on this host")                                                \
	X(NO_ROUTE, "no-route", "there is no route for one direction")                                     \
	X(ROUTE_LOOKUP_FAILED, "route-lookup-failed", "the kernel did not answer which way it goes")       \
	X(ASYMMETRIC_ROUTE, "asymmetric-route", "the two directions do not agree on their devices")        \
	X(IPSEC, "ipsec", "an IPsec policy may apply to it")                                               \
	X(NOT_FORWARDING, "not-forwarding", "forwarding of IPv6 is switched off")                          \
	X(SAME_DEVICE, "same-device", "it would leave through the port on which it arrives")               \
	X(DEVICE_UNKNOWN, "device-unknown", "a device on its path is not there")                           \
	X(DEVICE_NOT_NAMED, "device-not-named", "a device on its path is not in the list of devices")      \
	X(DEVICE_KIND, "device-kind", "a device on its path is of a kind that cannot be offloaded")        \
	X(DEVICE_DOWN, "device-down", "a device on its path is down")                                      \
	X(XDP, "xdp", "a device on its path has an XDP program, which offload would bypass")               \
	X(NETDEV_CHAIN, "netdev-chain", "a device on its path has an nft chain, which offload would bypass") \
	X(FOREIGN_FILTER, "foreign-filter", "a device on its path has tc filters, which offload would bypass") \
	X(SHAPER, "shaper", "a device on its path has a qdisc, which offload would bypass")                \
	X(DRIVER_NOT_ALLOWED, "driver-not-allowed", "the driver of a device is not known to offload rightly") \
	X(HW_TC_OFFLOAD_OFF, "hw-tc-offload-off", "a device has no hw-tc-offload, or it is off")           \
	X(DIFFERENT_CARDS, "different-cards", "its two devices do not belong to the same hardware")        \
	X(DEVICE_FAILING, "device-failing", "a NIC failed too often, or its driver does not return")       \
	X(PROBING, "probing", "it is being found out what the driver can do")                              \
	X(DRIVER_LIES, "driver-lies", "the driver takes rules that no NIC can execute")                    \
	X(NO_RECIPE, "no-recipe", "the driver takes no rule that forwards between its devices")            \
	X(EXACT_TTL, "exact-ttl", "the driver wants to know the TTL of every packet in advance")           \
	X(NOT_IN_RECIPE, "not-in-recipe", "the driver does not take this family, protocol or translation") \
	X(TTL_GUARD, "ttl-guard", "the NIC cannot leave packets that are about to expire to the CPU")      \
	X(DEVICE_NOT_READY, "device-not-ready", "a device on its path could not be prepared")              \
	X(NEIGHBOUR_UNRESOLVED, "neighbour-unresolved", "the MAC address of a next hop is not known")      \
	X(MTU, "mtu", "a packet could arrive that is too large for the way out")                           \
	X(SOFTWARE_NAT66, "software-nat66", "software rules cannot mend checksums of translated IPv6")     \
	/* its rules */                                                                                    \
	X(KERNEL_BACKEND, "kernel-backend", "it is left to the kernel's own flowtable, which does not have it") \
	X(OBSERVE_ONLY, "observe-only", "it would be offloaded, but offload is set to observe")            \
	X(TABLE_FULL, "table-full", "the flow table is full")                                              \
	X(HARDWARE_FULL, "hardware-full", "the table of the NIC is full of busier flows")                  \
	X(NOT_HIT, "not-hit", "its rules were taken, but its packets still reach the CPU")                 \
	X(RULE_REFUSED, "rule-refused", "the kernel or the driver refused a rule")                         \
	X(RULE_LOST, "rule-lost", "a rule that was installed is gone, or its answer never came")           \
	X(CONNTRACK_REFUSED, "conntrack-refused", "conntrack did not take the settings that offload needs") \
	X(PATH_CHANGED, "path-changed", "a route, neighbour or device on its path changed")                \
	X(FLUSHED, "flushed", "the operator took it back")                                                 \
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

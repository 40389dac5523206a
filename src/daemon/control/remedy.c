/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/remedy.h"

#include <stddef.h>

static const char *const remedies[REASON__COUNT] = {
	[REASON_NOT_ASSURED] = "packets must pass in both directions",
	[REASON_NOT_ADMITTED] =
		"a packet of each direction must pass the ruleset, and no exemption may match; with "
		"admit = mark the ruleset must set the mark",
	[REASON_RULESET_CHANGED] = "a packet of each direction must pass the new ruleset",
	[REASON_HELPER] = "take the helper away from it (ct helper, nf_conntrack_helper)",
	[REASON_EXPECTED] = "take the helper away from it (ct helper, nf_conntrack_helper)",
	[REASON_SYNPROXY] = "take it out of the synproxy rule",
	[REASON_KERNEL_FLOWTABLE] = "to have it in tc rules, take it out of the \"flow add\" rule",
	[REASON_NO_ROUTE] =
		"add the route, or switch on forwarding (net.ipv4.conf.DEVICE.forwarding); rp_filter may be "
		"against it, too",
	[REASON_ENCAPSULATION] = "use a route without encap",
	[REASON_ASYMMETRIC_ROUTE] = "let both directions take the same two devices",
	[REASON_WAY_UNKNOWN] = "packets must pass in both directions",
	[REASON_ROUTED_OTHERWISE] =
		"let neither the mark, the TOS nor the hash of packets decide between routes, or let the "
		"connection have the mark of its packets (ct mark set meta mark)",
	[REASON_POLICY_ROUTING] = "set admit = nft",
	[REASON_IPSEC] = "remove the IPsec policies for outgoing and forwarded packets",
	[REASON_NOT_FORWARDING] = "sysctl net.ipv6.conf.all.forwarding=1",
	[REASON_NEIGHBOUR_UNRESOLVED] = "the next hop must answer",
	[REASON_STATION_UNKNOWN] = "the next hop must answer",
	[REASON_MTU] = "give the way out the MTU of the way in",
	[REASON_SOFTWARE_NAT66] = "set offload = hardware, or route instead of translating",
	[REASON_DEVICE_NOT_NAMED] = "add the device to devices in nft-offload.conf",
	[REASON_DEVICE_DOWN] = "bring the device up",
	[REASON_VLAN_PRIORITY] = "remove the egress-qos-map of the VLAN device",
	[REASON_BOND_MODE] = "use mode active-backup",
	[REASON_XDP] = "if offloaded packets may skip it, name it in allow-bypass",
	[REASON_NETDEV_CHAIN] = "if offloaded packets may skip it, name it in allow-bypass",
	[REASON_FOREIGN_FILTER] = "if offloaded packets may skip it, name it in allow-bypass",
	[REASON_SHAPER] = "if offloaded packets may skip it, name it in allow-bypass",
	[REASON_DRIVER_NOT_ALLOWED] = "test the NIC, then name its driver in allow-drivers",
	[REASON_HW_TC_OFFLOAD_OFF] = "ethtool -K DEVICE hw-tc-offload on",
	[REASON_EXACT_TTL] = "set admit = nft, so that packets note their TTL",
	[REASON_TTL_GUARD] =
		"set ttl-guard = prefer if packets with an expiring TTL may stay unanswered",
	[REASON_KERNEL_BACKEND] = "set backend = flower or auto",
	[REASON_OBSERVE_ONLY] = "set offload = hardware or software",
	[REASON_TABLE_FULL] = "raise max-flows",
	[REASON_HARDWARE_FULL] =
		"it must be busier than others, or raise hardware-table-size if it is set too low",
};

const char *remedy_of(enum reason reason)
{
	return (size_t)reason < REASON__COUNT ? remedies[reason] : NULL;
}

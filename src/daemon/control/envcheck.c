/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/envcheck.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/view.h"
#include "daemon/control/devlist.h"
#include "daemon/sysctls.h"

/* Fill level of the conntrack table, in percent. */
#define FULL_PROBLEM 95
#define FULL_HINT 80

const char *envcheck_severity_name(enum severity severity)
{
	static const char *const names[SEVERITY__COUNT] = {
		[SEVERITY_PROBLEM] = "problem",
		[SEVERITY_HINT] = "hint",
		[SEVERITY_FINE] = "fine",
	};

	return names[severity];
}

void envcheck_add(struct findings *f, enum severity severity, const char *check, const char *todo,
		  const char *fmt, ...)
{
	struct finding *to = &f->list[f->n];
	va_list ap;

	if (f->n == ENVCHECK_FINDINGS_MAX)
		return;
	f->n++;
	to->severity = severity;
	to->check = check;
	to->todo = todo;
	va_start(ap, fmt);
	vsnprintf(to->what, sizeof(to->what), fmt, ap);
	va_end(ap);
}

/* -- the system ----------------------------------------------------------- */

void envcheck_read(struct envcheck_sysctls *ret)
{
	ret->ip_forward = sysctls_read_net("ipv4/ip_forward", ENVCHECK_ABSENT);
	ret->ip6_forward = sysctls_read_net("ipv6/conf/all/forwarding", ENVCHECK_ABSENT);
	ret->ct_events = sysctls_read("nf_conntrack_events", ENVCHECK_ABSENT);
	ret->ct_acct = sysctls_read("nf_conntrack_acct", ENVCHECK_ABSENT);
	ret->ct_count = sysctls_read("nf_conntrack_count", ENVCHECK_ABSENT);
	ret->ct_max = sysctls_read("nf_conntrack_max", ENVCHECK_ABSENT);
	ret->ip_neighs = sysctls_read_neigh_limit(FAMILY_IP4);
	ret->ip6_neighs = sysctls_read_neigh_limit(FAMILY_IP6);
}

static bool is_on(uint32_t value)
{
	return value && value != ENVCHECK_ABSENT;
}

static void check_forwarding(const struct envcheck_sysctls *s, struct findings *f)
{
	bool is_ip4 = is_on(s->ip_forward), is_ip6 = is_on(s->ip6_forward);

	if (is_ip4)
		envcheck_add(f, SEVERITY_FINE, "forwarding", NULL, "IPv4 packets are forwarded");
	else
		envcheck_add(f, is_ip6 ? SEVERITY_HINT : SEVERITY_PROBLEM, "forwarding",
			     "if this is a router for IPv4: sysctl net.ipv4.ip_forward=1",
			     "IPv4 packets are not forwarded");
	if (is_ip6)
		envcheck_add(f, SEVERITY_FINE, "forwarding", NULL, "IPv6 packets are forwarded");
	else
		envcheck_add(f, SEVERITY_HINT, "forwarding",
			     "if this is a router for IPv6: sysctl net.ipv6.conf.all.forwarding=1",
			     "IPv6 packets are not forwarded");
}

static void check_events(uint32_t events, struct findings *f)
{
	static const char todo[] = "sysctl net.netfilter.nf_conntrack_events=1, also in sysctl.d";

	if (!events)
		envcheck_add(f, SEVERITY_PROBLEM, "conntrack-events", todo,
			     "nf_conntrack_events is 0: the kernel does not report connections, so "
			     "they are offloaded late or not at all");
	else if (events != 1)
		envcheck_add(f, SEVERITY_HINT, "conntrack-events", todo,
			     "nf_conntrack_events is %u, not 1: connections from before the daemon "
			     "started may end without an event",
			     events);
	else
		envcheck_add(f, SEVERITY_FINE, "conntrack-events", NULL,
			     "nf_conntrack_events is 1: every connection reports its end");
}

static void check_acct(uint32_t acct, struct findings *f)
{
	if (acct)
		envcheck_add(f, SEVERITY_FINE, "conntrack-acct", NULL,
			     "nf_conntrack_acct is 1: packets that the CPU forwards are counted");
	else
		envcheck_add(f, SEVERITY_HINT, "conntrack-acct",
			     "sysctl net.netfilter.nf_conntrack_acct=1, also in sysctl.d",
			     "nf_conntrack_acct is 0: packets that the CPU forwards are not "
			     "counted");
}

static void check_fill(uint32_t count, uint32_t max, struct findings *f)
{
	unsigned int percent = max ? (unsigned int)((uint64_t)count * 100 / max) : 0;
	enum severity severity = percent >= FULL_PROBLEM ? SEVERITY_PROBLEM
				 : percent >= FULL_HINT  ? SEVERITY_HINT
							 : SEVERITY_FINE;

	if (count == ENVCHECK_ABSENT || max == ENVCHECK_ABSENT)
		return;
	if (!count) {
		envcheck_add(
			f, SEVERITY_HINT, "conntrack", "use ct state or NAT in the ruleset",
			"conntrack has no connections: it is active only if the ruleset uses it");
		return;
	}
	envcheck_add(f, severity, "conntrack",
		     severity == SEVERITY_FINE ? NULL
					       : "raise net.netfilter.nf_conntrack_max, or shorten "
						 "timeouts",
		     "conntrack has %u connections of at most %u", count, max);
}

void envcheck_sysctls(const struct envcheck_sysctls *s, struct findings *f)
{
	check_forwarding(s, f);
	if (s->ct_events == ENVCHECK_ABSENT) {
		envcheck_add(f, SEVERITY_PROBLEM, "conntrack",
			     "modprobe nf_conntrack, and use a kernel with "
			     "CONFIG_NF_CONNTRACK_EVENTS",
			     "conntrack is not loaded, or cannot send events");
		return;
	}
	check_events(s->ct_events, f);
	if (s->ct_acct != ENVCHECK_ABSENT)
		check_acct(s->ct_acct, f);
	check_fill(s->ct_count, s->ct_max, f);
}

void envcheck_neighs(uint32_t count, uint32_t limit, enum family family, struct findings *f)
{
	bool is_ip6 = family == FAMILY_IP6;

	if (limit == ENVCHECK_ABSENT || (uint64_t)count * 100 < (uint64_t)limit * FULL_HINT)
		return;
	envcheck_add(f, count >= limit ? SEVERITY_PROBLEM : SEVERITY_HINT, "neighbours",
		     is_ip6 ? "raise net.ipv6.neigh.default.gc_thresh2 and gc_thresh3" :
			      "raise net.ipv4.neigh.default.gc_thresh2 and gc_thresh3",
		     "there are %u IPv%c neighbours; from %u on the kernel forgets some, and flows to a forgotten "
		     "next hop return to the CPU", count, is_ip6 ? '6' : '4', limit);
}

/* -- the engine ----------------------------------------------------------- */

static bool is_usable(const char *state)
{
	static const char *const bad[] = { "unusable", "failed", "closed" };

	for (size_t i = 0; i < array_size(bad); i++) {
		if (strcmp(state, bad[i]) == 0)
			return false;
	}
	return true;
}

static unsigned int count_usable(const struct engine *engine)
{
	const struct topology *paths = view_paths(engine);
	const struct link_rec *rec;
	unsigned int n = 0;

	/* Connections between two VLANs need one port only. */
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (topology_is_port(rec) && is_usable(devlist_state(engine, rec)))
			n += rec->encaps & ~(1u << VLAN_UNTAGGED) ? 2 : 1;
	}
	return n;
}

static void check_device(const struct engine *engine, const struct link_rec *rec,
			 enum severity severity, struct findings *f)
{
	const char *state = devlist_state(engine, rec);
	json_t *reason, *text;
	const char *why;

	if (is_usable(state)) {
		envcheck_add(f, SEVERITY_FINE, "device", NULL, "device %s: %s", rec->link.name,
			     state);
		return;
	}
	devlist_reason(engine, rec, &reason, &text);
	why = json_string_value(json_is_string(text) ? text : reason);
	envcheck_add(
		f, severity, "device", "see nft-offload devices, and REASONS in nft-offloadd(8)",
		"device %s: %s%s%.200s", rec->link.name, state, why ? ", " : "", why ? why : "");
	json_decref(reason);
	json_decref(text);
}

/* A connection enters through one device and leaves through another. */
#define DEVICES_NEEDED 2

static void check_devices(const struct engine *engine, struct findings *f)
{
	const struct topology *paths = view_paths(engine);
	const struct settings *s = engine_settings(engine);
	enum severity severity = SEVERITY_HINT;
	const struct link_rec *rec;

	if (count_usable(engine) < DEVICES_NEEDED) {
		severity = SEVERITY_PROBLEM;
		envcheck_add(f, SEVERITY_PROBLEM, "device",
			     "set devices in nft-offload.conf to the ports that forward packets",
			     "fewer than two devices can be used: nothing is offloaded");
	}
	for (unsigned int i = 0; i < s->n_devices; i++) {
		if (!topology_has_device(paths, s->device[i]))
			envcheck_add(f, severity, "device", "check the name in nft-offload.conf",
				     settings_is_pattern(s->device[i]) ?
					     "device %s: no device has such a name" :
					     "device %s: no such device",
				     s->device[i]);
	}
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (topology_is_named(rec))
			check_device(engine, rec, severity, f);
	}
}

void envcheck_engine(const struct engine *engine, const struct envcheck_sysctls *s, struct findings *f)
{
	const struct topology *paths = view_paths(engine);
	struct view_totals t;

	view_totals(engine, &t);
	if (engine_settings(engine)->offload == OFFLOAD_OBSERVE)
		envcheck_add(f, SEVERITY_HINT, "offload",
			     "set offload = hardware in nft-offload.conf",
			     "offload = observe: connections are observed, but not offloaded");
	else
		check_devices(engine, f);
	if (t.n_flows >= t.max_flows)
		envcheck_add(f, SEVERITY_PROBLEM, "flows", "raise max-flows in nft-offload.conf",
			     "the flow table is full: %u flows", t.n_flows);
	else
		envcheck_add(f, SEVERITY_FINE, "flows", NULL, "the flow table has %u of %u flows",
			     t.n_flows, t.max_flows);
	envcheck_neighs(topology_count_neighs(paths, FAMILY_IP4), s->ip_neighs, FAMILY_IP4, f);
	envcheck_neighs(topology_count_neighs(paths, FAMILY_IP6), s->ip6_neighs, FAMILY_IP6, f);
}

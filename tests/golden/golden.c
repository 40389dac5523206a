/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "golden/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 103
#define OUT_PORT 104
#define PRIO_GUARD 10
#define PRIO_FLOW 20
#define PRIO_ANY 30
#define PRIO_TAGGED 40
#define FLOW_RULES 32
#define GUARD_RULES 4

enum nat { ROUTED, SNAT, DNAT, BOTH };

static struct tuple tuple_of(const char *text)
{
	struct tuple t;

	if (tuple_from_str(text, &t))
		abort();
	return t;
}

static unsigned int rewrite_of(enum nat nat)
{
	unsigned int bits = RULE_SET_MACS | RULE_DEC_TTL;

	if (nat == SNAT || nat == BOTH)
		bits |= RULE_SET_SRC | RULE_SET_SPORT;
	if (nat == DNAT || nat == BOTH)
		bits |= RULE_SET_DST | RULE_SET_DPORT;
	return bits;
}

static struct rule guard_rule(unsigned int i, char name[GOLDEN_NAME_SIZE])
{
	bool is_ip6 = i & 1, is_hardware = i & 2;

	snprintf(name, GOLDEN_NAME_SIZE, "guard-%s-%s", is_ip6 ? "ip6" : "ip4",
		 is_hardware ? "hardware" : "software");
	return (struct rule){
		.ifindex = PORT,
		.prio = (uint16_t)(PRIO_GUARD + is_ip6),
		.handle = 1,
		.family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
		.kind = RULE_GUARD,
		.place = is_hardware ? RULE_HARDWARE : RULE_SOFTWARE,
		.cookie = { .instance = 0x01020304, .kind = RULE_GUARD, .owns_clsact = !is_ip6 },
	};
}

static struct rule flow_rule(unsigned int i, char name[GOLDEN_NAME_SIZE])
{
	static const char *const nats[] = { "routed", "snat", "dnat", "both" };
	bool is_hardware = i & 1, is_ip6 = i & 8, is_udp = i & 16;
	enum nat nat = (enum nat)(i >> 1 & 3);
	struct rule rule = {
		.ifindex = PORT,
		.prio = (uint16_t)(PRIO_FLOW + is_ip6),
		.handle = i + 1,
		.family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
		.kind = RULE_FLOW,
		.place = is_hardware ? RULE_HARDWARE : RULE_SOFTWARE,
		.form = RULE_WITH_CSUM,
		.rewrite = (uint8_t)rewrite_of(nat),
		.eth_src = { { 0x02, 0x11, 0x12, 0x13, 0x14, 0x15 } },
		.eth_dst = { { 0x02, 0x21, 0x22, 0x23, 0x24, 0x25 } },
		.out_ifindex = OUT_PORT,
		.cookie = { .instance = 0x01020304,
			    .ct_id = 0xa0b0c000 + i,
			    .kind = RULE_FLOW,
			    .dir = (uint8_t)(nat == DNAT ? DIR_REPLY : DIR_ORIG) },
	};

	snprintf(name, GOLDEN_NAME_SIZE, "%s-%s-%s-%s", is_udp ? "udp" : "tcp",
		 is_ip6 ? "ip6" : "ip4", nats[nat], is_hardware ? "hardware" : "software");
	rule.match = tuple_of(is_ip6 ? "tcp [2001:db8:1::a]:0 > [2001:db8:2::b]:443"
				     : "tcp 192.0.2.10:0 > 198.51.100.20:443");
	rule.to = tuple_of(is_ip6 ? "tcp [2001:db8:3:4:5:6:7:8]:61234 > [2001:db8:9::c]:8443"
				  : "tcp 203.0.113.30:61234 > 10.1.2.40:8443");
	/* Each rule has a port of its own, so all rules fit into one table. */
	rule.match.sport = (uint16_t)(40000 + i);
	if (is_udp)
		rule.match.proto = rule.to.proto = L4_UDP;
	return rule;
}

#define NO_TAGS { { { VLAN_NONE, 0 }, { VLAN_NONE, 0 } } }
#define Q(id)   { { { VLAN_8021Q, id }, { VLAN_NONE, 0 } } }
#define AD(id)  { { { VLAN_8021AD, id }, { VLAN_NONE, 0 } } }
#define AD_Q(outer, inner) { { { VLAN_8021AD, outer }, { VLAN_8021Q, inner } } }

/* Rules in forms that only some drivers need, derived from the rules above. */
static const struct {
	unsigned int from; /* number of the rule that it is derived from */
	const char *name;
	unsigned int form, without; /* form bits that are added, and that are removed */
	unsigned int no_rewrite;
	uint8_t kind;
	struct vlan_tags tags, out_tags;
} forms[] = {
	{ 2, "tcp-ip4-snat-no-csum", 0, RULE_WITH_CSUM, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 2, "tcp-ip4-snat-exact-ttl", RULE_EXACT_TTL, 0, RULE_DEC_TTL, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 2, "tcp-ip4-snat-implicit-ttl", RULE_WITH_INDEV, 0, RULE_DEC_TTL, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 2, "tcp-ip4-snat-any-ethertype", RULE_ANY_ETHERTYPE, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 30, "udp-ip6-both-exact-ttl", RULE_EXACT_TTL, 0, RULE_DEC_TTL, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 30, "udp-ip6-both-implicit-ttl", RULE_WITH_INDEV, RULE_WITH_CSUM, RULE_DEC_TTL, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 30, "udp-ip6-both-any-ethertype", RULE_ANY_ETHERTYPE, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 0, "tcp-ip4-routed-probe", 0, 0, 0, RULE_PROBE, NO_TAGS, NO_TAGS },
	{ 0, "tcp-ip4-routed-odd-match", RULE_ODD_MATCH, 0, 0, RULE_PROBE, NO_TAGS, NO_TAGS },
	{ 0, "tcp-ip4-routed-odd-rewrite", RULE_ODD_REWRITE, 0, 0, RULE_PROBE, NO_TAGS, NO_TAGS },
	{ 32, "guard-ip4-any-ethertype", RULE_ANY_ETHERTYPE, 0, 0, RULE_GUARD, NO_TAGS, NO_TAGS },
	{ 33, "guard-ip6-any-ethertype", RULE_ANY_ETHERTYPE, 0, 0, RULE_GUARD, NO_TAGS, NO_TAGS },
	{ 2, "tcp-ip4-snat-dmac", RULE_WITH_DMAC, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 30, "udp-ip6-both-dmac", RULE_WITH_DMAC, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 2, "tcp-ip4-snat-mtu", RULE_WITH_MTU, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 30, "udp-ip6-both-mtu", RULE_WITH_MTU, 0, 0, RULE_FLOW, NO_TAGS, NO_TAGS },
	{ 2, "pop-ip4", 0, 0, 0, RULE_FLOW, Q(10), NO_TAGS },
	{ 2, "push-ip4", 0, 0, 0, RULE_FLOW, NO_TAGS, Q(20) },
	{ 2, "swap-ip4", RULE_WITH_DMAC, 0, 0, RULE_FLOW, Q(10), Q(20) },
	{ 30, "pop-two-ip6", 0, 0, 0, RULE_FLOW, AD_Q(100, 10), NO_TAGS },
	{ 30, "push-two-ip6", 0, 0, 0, RULE_FLOW, NO_TAGS, AD_Q(100, 20) },
	{ 30, "swap-ad-ip6", 0, 0, 0, RULE_FLOW, AD(100), AD_Q(200, 0) },
	{ 32, "guard-ip4-tagged", 0, 0, 0, RULE_GUARD, Q(VLAN_ID_ANY), NO_TAGS },
	{ 33, "guard-ip6-two-tags", 0, 0, 0, RULE_GUARD, AD_Q(VLAN_ID_ANY, VLAN_ID_ANY), NO_TAGS },
	{ 32, "barrier-tagged", 0, 0, 0, RULE_BARRIER, AD(VLAN_ID_ANY), NO_TAGS },
};

_Static_assert(FLOW_RULES + GUARD_RULES + 2 * sizeof(forms) / sizeof(*forms) == GOLDEN_RULES,
	       "every rule has a number");

static struct rule form_rule(unsigned int i, char name[GOLDEN_NAME_SIZE])
{
	unsigned int n = i / 2, from = forms[n].from;
	bool is_hardware = i & 1;
	struct rule rule = from < FLOW_RULES ? flow_rule(from + is_hardware, name) :
					       guard_rule(from - FLOW_RULES + 2 * is_hardware, name);

	snprintf(name, GOLDEN_NAME_SIZE, "%s-%s", forms[n].name,
		 is_hardware ? "hardware" : "software");
	rule.form = (uint8_t)((rule.form & ~forms[n].without) | forms[n].form);
	rule.rewrite &= (uint8_t)~forms[n].no_rewrite;
	rule.kind = rule.cookie.kind = forms[n].kind;
	if (rule.kind == RULE_PROBE)
		rule.cookie.ct_id = 0;
	rule.tags = forms[n].tags;
	rule.out_tags = forms[n].out_tags;
	if (rule.form & RULE_ANY_ETHERTYPE)
		rule.prio = PRIO_ANY;
	if (vlan_count(&rule.tags))
		rule.prio = (uint16_t)(PRIO_TAGGED + (rule.tags.tag[0].proto == VLAN_8021AD));
	if (rule.kind == RULE_BARRIER)
		rule.family = FAMILY_NONE;
	if (rule.form & RULE_EXACT_TTL)
		rule.ttl = 64;
	if (rule.form & RULE_WITH_DMAC)
		rule.dmac = (struct mac){ { 0x02, 0x31, 0x32, 0x33, 0x34, 0x35 } };
	if (rule.form & RULE_WITH_MTU)
		rule.mtu = 1492;
	if (rule.form & RULE_WITH_INDEV)
		snprintf(rule.indev, sizeof(rule.indev), "g0");
	rule.handle = 100 + i;
	if (!rule_only_accepts(&rule))
		rule.match.sport = (uint16_t)(40100 + i);
	return rule;
}

struct rule golden_rule(unsigned int i, char name[GOLDEN_NAME_SIZE])
{
	if (i < FLOW_RULES)
		return flow_rule(i, name);
	i -= FLOW_RULES;
	return i < GUARD_RULES ? guard_rule(i, name) : form_rule(i - GUARD_RULES, name);
}

static int read_hex(FILE *stream, unsigned char buf[GOLDEN_MSG_BYTES])
{
	unsigned int byte;
	int n = 0;

	while (n < GOLDEN_MSG_BYTES && fscanf(stream, "%2x", &byte) == 1)
		buf[n++] = (unsigned char)byte;
	return feof(stream) ? n : -1;
}

int golden_read(const char *path, unsigned char buf[GOLDEN_MSG_BYTES])
{
	FILE *stream = fopen(path, "r");
	char comment[1024];
	int n = -1;

	if (!stream)
		return -1;
	if (fgets(comment, sizeof(comment), stream) && comment[0] == '#')
		n = read_hex(stream, buf);
	fclose(stream);
	return n;
}

int golden_write(const char *path, const struct rule *rule, const unsigned char *msg, size_t len)
{
	FILE *stream = fopen(path, "w");
	char text[RULE_STR_SIZE];

	if (!stream)
		return -1;
	fprintf(stream, "# %s\n", rule_to_str(rule, text));
	for (size_t i = 0; i < len; i++) {
		bool ends_line = i % 16 == 15 || i + 1 == len;

		fprintf(stream, "%02x%s", msg[i], ends_line ? "\n" : i % 4 == 3 ? " " : "");
	}
	return fclose(stream) ? -1 : 0;
}

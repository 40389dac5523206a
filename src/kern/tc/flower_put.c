/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_nat.h>
#include <linux/tc_act/tc_pedit.h>
#include <linux/tc_act/tc_vlan.h>
#include <string.h>

#include "kern/tc/flower.h"
#include "kern/tc/flower_wire.h"

/* A request without a prio is for all prios; a protocol would leave out some of them
 * (tcf_chain_dump). */
static void begin(struct nlput *w, uint16_t type, uint16_t flags, const struct rule_where *where)
{
	uint16_t ethertype = where->vlan ? where->vlan : flower_ethertype(where->family);
	uint16_t protocol = where->prio ? ethertype : 0;
	struct tcmsg tcm = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)where->ifindex,
		.tcm_handle = where->handle,
		.tcm_parent = FLOWER_PARENT,
		.tcm_info = TC_H_MAKE((uint32_t)where->prio << 16, htons(protocol)),
	};

	nlput_begin(w, type, flags);
	nlput_header(w, &tcm, sizeof(tcm));
}

static void put_kind_and_chain(struct nlput *w)
{
	nlput_str(w, TCA_KIND, "flower");
	nlput_u32(w, TCA_CHAIN, 0);
}

static void put_match(struct nlput *w, const struct rule *rule)
{
	unsigned int shape = flower_shape(rule);
	struct flower_match image;

	flower_match_of(rule, &image);
	for (size_t i = 0; i < FLOWER_MATCH_FIELDS; i++) {
		const struct flower_match_field *f = &flower_match_fields[i];

		if (f->shapes & shape)
			nlput_bytes(w, f->attr, (const uint8_t *)&image + f->offset, f->len);
	}
	/* The kernel stores the index (tcf_change_indev) and reports the name that the
	 * device has then (fl_dump_key). */
	if (rule->form & RULE_WITH_INDEV)
		nlput_str(w, TCA_FLOWER_INDEV, rule->indev);
}

/* Writes the list of actions. */
struct actions {
	struct nlput *w;
	const struct rule *rule;
	uint16_t next; /* number of the next action; the kernel executes them in this order */
};

/* The open nests of an action whose options are being written. */
struct action {
	struct nlput_nest nest, options;
};

static struct action begin_action(struct actions *a, const char *kind)
{
	struct action action;

	action.nest = nlput_nest_begin(a->w, a->next++);
	nlput_str(a->w, TCA_ACT_KIND, kind);
	action.options = nlput_nest_begin(a->w, TCA_ACT_OPTIONS);
	return action;
}

/*
 * Actions of hardware rules never count in software, so they need no per-CPU
 * counters (tcf_idr_create_from_flags). Software rules need them: otherwise all
 * CPUs would write to the same cache line.
 */
static void end_action(struct actions *a, struct action action, bool with_cookie)
{
	nlput_nest_end(a->w, action.options);
	if (with_cookie) {
		uint8_t cookie[FLOWER_COOKIE_SIZE];

		flower_cookie_put(&a->rule->cookie, cookie);
		nlput_bytes(a->w, TCA_ACT_COOKIE, cookie, sizeof(cookie));
	}
	if (a->rule->place == RULE_HARDWARE) {
		struct nla_bitfield32 flags = {
			.value = TCA_ACT_FLAGS_NO_PERCPU_STATS,
			.selector = TCA_ACT_FLAGS_NO_PERCPU_STATS,
		};

		nlput_bytes(a->w, TCA_ACT_FLAGS, &flags, sizeof(flags));
	}
	nlput_nest_end(a->w, action.nest);
}

/*
 * A police action without a rate only checks the size: tcf_police_mtu_check() adds the link-layer
 * header to the limit at ingress, and looks at each segment of a GSO packet. What is too large
 * continues to the network stack.
 */
static void put_mtu(struct actions *a)
{
	struct tc_police parms = {
		.action = TC_ACT_OK,
		.mtu = a->rule->mtu + (uint32_t)ETH_HLEN,
	};
	struct action action;

	if (!(a->rule->form & RULE_WITH_MTU))
		return;
	action = begin_action(a, "police");
	nlput_bytes(a->w, TCA_POLICE_TBF, &parms, sizeof(parms));
	nlput_u32(a->w, TCA_POLICE_RESULT, TC_ACT_PIPE);
	end_action(a, action, false);
}

/* TCA_NAT_FLAG_EGRESS rewrites the source; without it the destination changes (tcf_nat_act). */
static void put_nat(struct actions *a, uint32_t flags, const struct addr *from,
		    const struct addr *to)
{
	struct tc_nat parms = { .action = TC_ACT_PIPE, .mask = UINT32_MAX, .flags = flags };
	struct action action = begin_action(a, "nat");

	memcpy(&parms.old_addr, from->b, sizeof(parms.old_addr));
	memcpy(&parms.new_addr, to->b, sizeof(parms.new_addr));
	nlput_bytes(a->w, TCA_NAT_PARMS, &parms, sizeof(parms));
	end_action(a, action, false);
}

static void put_nats(struct actions *a)
{
	const struct rule *rule = a->rule;
	unsigned int bits = rule_nat_bits(rule);

	if (bits & RULE_SET_SRC)
		put_nat(a, TCA_NAT_FLAG_EGRESS, &rule->match.src, &rule->to.src);
	if (bits & RULE_SET_DST)
		put_nat(a, 0, &rule->match.dst, &rule->to.dst);
}

static struct tc_pedit_key make_key(const struct flower_rewrite_field *f,
				    const struct flower_rewrite *image)
{
	const uint8_t *from = (const uint8_t *)image + f->offset;
	struct tc_pedit_key key = { .off = f->word };
	uint8_t mask[4] = { 0xff, 0xff, 0xff, 0xff };
	uint8_t value[4] = { 0 };

	/* Both are in packet byte order. The mask has the bits that stay. */
	memset(mask + f->first, 0, f->len);
	memcpy(value + f->first, from, f->len);
	memcpy(&key.mask, mask, sizeof(key.mask));
	memcpy(&key.val, value, sizeof(key.val));
	return key;
}

/* For each key, in the same order: its header, and whether it sets or adds. */
static void put_pedit_headers(struct nlput *w, const struct rule *rule)
{
	struct nlput_nest nest = nlput_nest_begin(w, TCA_PEDIT_KEYS_EX);

	for (size_t i = 0; i < FLOWER_REWRITE_FIELDS; i++) {
		const struct flower_rewrite_field *f = &flower_rewrite_fields[i];
		struct nlput_nest key;

		if (!flower_has_field(f, rule))
			continue;
		key = nlput_nest_begin(w, TCA_PEDIT_KEY_EX);
		nlput_u16(w, TCA_PEDIT_KEY_EX_HTYPE, flower_pedit_header(f, rule->match.proto));
		nlput_u16(w, TCA_PEDIT_KEY_EX_CMD, flower_pedit_cmd(f));
		nlput_nest_end(w, key);
	}
	nlput_nest_end(w, nest);
}

static void put_pedit(struct actions *a)
{
	const struct rule *rule = a->rule;
	struct {
		struct tc_pedit_sel sel;
		struct tc_pedit_key keys[FLOWER_REWRITE_FIELDS];
	} parms = { .sel = { .action = TC_ACT_PIPE } };
	struct flower_rewrite image;
	struct action action;
	size_t n = 0;

	flower_rewrite_of(rule, &image);
	for (size_t i = 0; i < FLOWER_REWRITE_FIELDS; i++) {
		if (flower_has_field(&flower_rewrite_fields[i], rule))
			parms.keys[n++] = make_key(&flower_rewrite_fields[i], &image);
	}
	if (n == 0)
		return;
	parms.sel.nkeys = (uint8_t)n;
	action = begin_action(a, "pedit");
	nlput_bytes(a->w, TCA_PEDIT_PARMS_EX, &parms,
		    sizeof(parms.sel) + n * sizeof(parms.keys[0]));
	put_pedit_headers(a->w, rule);
	end_action(a, action, false);
}

static void put_csum(struct actions *a)
{
	struct tc_csum parms = {
		.action = TC_ACT_PIPE,
		.update_flags = flower_csum_flags(a->rule),
	};
	struct action action;

	if (!parms.update_flags)
		return;
	action = begin_action(a, "csum");
	nlput_bytes(a->w, TCA_CSUM_PARMS, &parms, sizeof(parms));
	end_action(a, action, false);
}

static void put_tag_action(struct actions *a, int what, const struct vlan_tag *tag)
{
	struct tc_vlan parms = { .action = TC_ACT_PIPE, .v_action = what };
	struct action action = begin_action(a, "vlan");

	nlput_bytes(a->w, TCA_VLAN_PARMS, &parms, sizeof(parms));
	if (tag) {
		nlput_u16(a->w, TCA_VLAN_PUSH_VLAN_ID, tag->id);
		nlput_be16(a->w, TCA_VLAN_PUSH_VLAN_PROTOCOL, tag->proto);
	}
	end_action(a, action, false);
}

/* Every tag is replaced, also by an equal one: the priority in a tag is for one segment of the network. The
 * inner tag is pushed first. */
static void put_tags(struct actions *a)
{
	for (unsigned int i = vlan_count(&a->rule->tags); i > 0; i--)
		put_tag_action(a, TCA_VLAN_ACT_POP, NULL);
	for (unsigned int i = vlan_count(&a->rule->out_tags); i > 0; i--)
		put_tag_action(a, TCA_VLAN_ACT_PUSH, &a->rule->out_tags.tag[i - 1]);
}

static void put_redirect(struct actions *a)
{
	struct tc_mirred parms = {
		.action = TC_ACT_STOLEN,
		.eaction = TCA_EGRESS_REDIR,
		.ifindex = a->rule->out_ifindex,
	};
	struct action action = begin_action(a, "mirred");

	nlput_bytes(a->w, TCA_MIRRED_PARMS, &parms, sizeof(parms));
	end_action(a, action, true);
}

/* Ends the classification: the packet continues to the network stack. */
static void put_accept(struct actions *a)
{
	struct tc_gact parms = { .action = TC_ACT_OK };
	struct action action = begin_action(a, "gact");

	nlput_bytes(a->w, TCA_GACT_PARMS, &parms, sizeof(parms));
	end_action(a, action, true);
}

static void put_actions(struct nlput *w, const struct rule *rule)
{
	struct nlput_nest nest = nlput_nest_begin(w, TCA_FLOWER_ACT);
	struct actions a = { .w = w, .rule = rule, .next = 1 };

	if (rule_only_accepts(rule)) {
		put_accept(&a);
	} else {
		put_mtu(&a);
		put_nats(&a);
		put_pedit(&a);
		put_csum(&a);
		put_tags(&a);
		put_redirect(&a);
	}
	nlput_nest_end(w, nest);
}

int flower_put_add(struct nlput *w, const struct rule *rule, unsigned int flags)
{
	struct rule_where where = rule_where(rule);
	uint16_t nl_flags = NLM_F_CREATE;
	struct nlput_nest options;

	if (!flower_shape(rule))
		return -EINVAL;
	if (flags & FLOWER_EXCL)
		nl_flags |= NLM_F_EXCL;
	if (flags & FLOWER_ECHO)
		nl_flags |= NLM_F_ECHO;
	begin(w, RTM_NEWTFILTER, nl_flags, &where);
	put_kind_and_chain(w);
	options = nlput_nest_begin(w, TCA_OPTIONS);
	put_match(w, rule);
	nlput_u32(w, TCA_FLOWER_FLAGS,
		  rule->place == RULE_HARDWARE ? TCA_CLS_FLAGS_SKIP_SW : TCA_CLS_FLAGS_SKIP_HW);
	put_actions(w, rule);
	nlput_nest_end(w, options);
	return nlput_end(w);
}

int flower_put_del(struct nlput *w, const struct rule_where *where, bool with_echo)
{
	begin(w, RTM_DELTFILTER, with_echo ? NLM_F_ECHO : 0, where);
	put_kind_and_chain(w);
	return nlput_end(w);
}

int flower_put_get(struct nlput *w, const struct rule_where *where)
{
	begin(w, RTM_GETTFILTER, 0, where);
	put_kind_and_chain(w);
	return nlput_end(w);
}

int flower_put_dump(struct nlput *w, uint32_t ifindex, uint16_t prio, enum family family,
		    bool is_terse)
{
	struct rule_where where = { .ifindex = ifindex, .prio = prio, .family = (uint8_t)family };

	begin(w, RTM_GETTFILTER, NLM_F_DUMP, &where);
	nlput_u32(w, TCA_CHAIN, 0);
	if (is_terse) {
		struct nla_bitfield32 flags = {
			.value = TCA_DUMP_FLAGS_TERSE,
			.selector = TCA_DUMP_FLAGS_TERSE,
		};

		nlput_bytes(w, TCA_DUMP_FLAGS, &flags, sizeof(flags));
	}
	return nlput_end(w);
}

int flower_put_flush(struct nlput *w, uint32_t ifindex, uint16_t prio, enum family family)
{
	struct rule_where where = { .ifindex = ifindex, .prio = prio, .family = (uint8_t)family };

	/* Handle 0 means the whole prio (tc_del_tfilter); prio 0 would mean the whole chain. */
	if (prio == 0)
		return -EINVAL;
	return flower_put_del(w, &where, false);
}

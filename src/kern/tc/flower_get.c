/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
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

#include "base/util.h"
#include "kern/tc/flower.h"
#include "kern/tc/flower_wire.h"
#include "nl/nlget.h"

/* What has been read of a filter so far. */
struct reader {
	struct flower_info *info;
	bool is_malformed;
	bool is_foreign;       /* it has something that a struct rule cannot express */
	uint32_t match_seen;   /* bit i: flower_match_fields[i] */
	uint32_t rewrite_seen; /* bit i: flower_rewrite_fields[i] */
	struct flower_match match;
	struct flower_rewrite rewrite;
	char indev[LINK_NAME_SIZE];
	bool is_any_ethertype;
	uint32_t mtu; /* of act_police, as in the rule; 0: none */
	uint8_t nat_bits; /* RULE_SET_SRC and RULE_SET_DST as done by act_nat */
	bool has_csum;
	uint32_t csum_flags;
	unsigned int n_pops;
	struct vlan_tags pushed; /* as the frame has them at the end */
	enum {
		STEP_START,
		STEP_MTU,
		STEP_NAT_SRC,
		STEP_NAT_DST,
		STEP_PEDIT,
		STEP_CSUM,
		STEP_POP,
		STEP_PUSH,
		STEP_REDIRECT,
		STEP_ACCEPT,
	} step;
	uint32_t out_ifindex;
};

/* -- statistics ----------------------------------------------------------- */

/* Size of struct gnet_stats_basic without the padding at its end. */
#define BASIC_STATS_SIZE 12

static struct rule_stats get_basic(struct nlget *g, const struct nlattr *attr)
{
	struct gnet_stats_basic basic = { 0 };

	nlget_struct(g, attr, &basic, sizeof(basic), BASIC_STATS_SIZE);
	return (struct rule_stats){ .pkts = basic.packets, .bytes = basic.bytes };
}

/*
 * When a packet count does not fit 32 bits, the kernel adds TCA_STATS_PKT64 right
 * after that counter (___gnet_stats_copy_basic). It uses this type for the total and
 * for the hardware's part, so it belongs to the counter before it.
 */
static void get_stats(struct reader *r, const struct nlattr *stats)
{
	struct nlget g = nlget_enter(stats);
	struct rule_stats *last = NULL;
	struct flower_info *info = r->info;
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case TCA_STATS_BASIC:
			info->stats = get_basic(&g, attr);
			info->has_stats = true;
			last = &info->stats;
			break;
		case TCA_STATS_BASIC_HW:
			info->hw_stats = get_basic(&g, attr);
			last = &info->hw_stats;
			break;
		case TCA_STATS_PKT64:
			if (last)
				last->pkts = nlget_u64(&g, attr);
			break;
		}
	}
	r->is_malformed |= g.is_malformed;
}

/* -- actions -------------------------------------------------------------- */

static bool may_repeat(unsigned int step)
{
	return step == STEP_POP || step == STEP_PUSH;
}

/* Our rules have their actions in one order, each at most once but for tags, with a fixed control
 * action. */
static void step_to(struct reader *r, unsigned int step, int control, int expected_control)
{
	if (r->step > step || (r->step == step && !may_repeat(step)) || control != expected_control)
		r->is_foreign = true;
	r->step = step;
}

struct pedit_attrs {
	const struct nlattr *parms, *headers;
};

static bool has_equal_mask(const struct flower_rewrite_field *f, uint32_t mask)
{
	uint8_t expected[4] = { 0xff, 0xff, 0xff, 0xff };

	memset(expected + f->first, 0, f->len);
	return memcmp(expected, &mask, sizeof(expected)) == 0;
}

/* Keys of ports must be for the transport header of the match. */
static void get_pedit_key(struct reader *r, const struct tc_pedit_key *key, uint16_t header,
			  uint16_t cmd)
{
	for (size_t i = 0; i < FLOWER_REWRITE_FIELDS; i++) {
		const struct flower_rewrite_field *f = &flower_rewrite_fields[i];
		uint8_t value[4];

		if (flower_pedit_header(f, r->match.proto) != header ||
		    flower_pedit_cmd(f) != cmd || f->word != key->off ||
		    !has_equal_mask(f, key->mask))
			continue;
		if (key->offmask || (r->rewrite_seen & 1u << i))
			break;
		r->rewrite_seen |= 1u << i;
		memcpy(value, &key->val, sizeof(value));
		memcpy((uint8_t *)&r->rewrite + f->offset, value + f->first, f->len);
		return;
	}
	r->is_foreign = true;
}

/* One TCA_PEDIT_KEY_EX. */
static void get_pedit_header(struct nlget *g, const struct nlattr *attr, uint16_t *header,
			     uint16_t *cmd)
{
	struct nlget inner = nlget_enter(attr);

	*header = UINT16_MAX;
	*cmd = UINT16_MAX;
	while ((attr = nlget_next(&inner))) {
		if (nlget_type(attr) == TCA_PEDIT_KEY_EX_HTYPE)
			*header = nlget_u16(&inner, attr);
		else if (nlget_type(attr) == TCA_PEDIT_KEY_EX_CMD)
			*cmd = nlget_u16(&inner, attr);
	}
	nlget_leave(g, &inner);
}

static void get_pedit_keys(struct reader *r, const struct pedit_attrs *attrs)
{
	const unsigned char *data = nlget_data(attrs->parms);
	struct nlget g = nlget_enter(attrs->headers);
	struct tc_pedit_sel sel;
	const struct nlattr *attr;
	size_t n = 0;

	if (nlget_len(attrs->parms) < sizeof(sel)) {
		r->is_malformed = true;
		return;
	}
	memcpy(&sel, data, sizeof(sel));
	step_to(r, STEP_PEDIT, sel.action, TC_ACT_PIPE);
	if (nlget_len(attrs->parms) < sizeof(sel) + sel.nkeys * sizeof(struct tc_pedit_key)) {
		r->is_malformed = true;
		return;
	}
	for (; (attr = nlget_next(&g)); n++) {
		struct tc_pedit_key key;
		uint16_t header, cmd;

		if (n >= sel.nkeys)
			continue;
		memcpy(&key, data + sizeof(sel) + n * sizeof(key), sizeof(key));
		get_pedit_header(&g, attr, &header, &cmd);
		get_pedit_key(r, &key, header, cmd);
	}
	if (n != sel.nkeys)
		r->is_foreign = true;
	r->is_malformed |= g.is_malformed;
}

static void get_pedit(struct reader *r, struct nlget *g)
{
	struct pedit_attrs attrs = { NULL, NULL };
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		if (nlget_type(attr) == TCA_PEDIT_PARMS_EX)
			attrs.parms = attr;
		else if (nlget_type(attr) == TCA_PEDIT_KEYS_EX)
			attrs.headers = attr;
	}
	/* We never use the old form without headers. */
	if (attrs.parms && attrs.headers)
		get_pedit_keys(r, &attrs);
	else
		r->is_foreign = true;
}

/* A police action of ours has no rate and limits only the size. */
static void get_police_parms(struct reader *r, const struct tc_police *parms)
{
	step_to(r, STEP_MTU, parms->action, TC_ACT_OK);
	if (parms->rate.rate || parms->peakrate.rate || parms->burst || parms->mtu <= ETH_HLEN ||
	    parms->mtu - ETH_HLEN > UINT16_MAX)
		r->is_foreign = true;
	r->mtu = parms->mtu - ETH_HLEN;
}

static void get_police(struct reader *r, struct nlget *g)
{
	const struct nlattr *attr;
	uint32_t conform = TC_ACT_OK; /* the kernel omits the attribute for 0 */

	while ((attr = nlget_next(g))) {
		struct tc_police parms;

		switch (nlget_type(attr)) {
		case TCA_POLICE_TBF:
			if (nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms)))
				get_police_parms(r, &parms);
			break;
		case TCA_POLICE_RESULT:
			conform = nlget_u32(g, attr);
			break;
		case TCA_POLICE_TM:
		case TCA_POLICE_PAD:
			break;
		default:
			r->is_foreign = true;
		}
	}
	if (conform != TC_ACT_PIPE)
		r->is_foreign = true;
}

static void get_nat_parms(struct reader *r, const struct tc_nat *parms)
{
	bool is_src = parms->flags == TCA_NAT_FLAG_EGRESS;
	const uint8_t *from = is_src ? r->match.src : r->match.dst;
	uint8_t *to = is_src ? r->rewrite.src : r->rewrite.dst;

	step_to(r, is_src ? STEP_NAT_SRC : STEP_NAT_DST, parms->action, TC_ACT_PIPE);
	if ((parms->flags & ~(uint32_t)TCA_NAT_FLAG_EGRESS) || parms->mask != UINT32_MAX ||
	    memcmp(&parms->old_addr, from, sizeof(parms->old_addr)) != 0)
		r->is_foreign = true;
	memcpy(to, &parms->new_addr, sizeof(parms->new_addr));
	r->nat_bits |= is_src ? RULE_SET_SRC : RULE_SET_DST;
}

static void get_nat(struct reader *r, struct nlget *g)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		struct tc_nat parms;

		if (nlget_type(attr) == TCA_NAT_PARMS &&
		    nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms)))
			get_nat_parms(r, &parms);
	}
}

static void get_csum(struct reader *r, struct nlget *g)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		struct tc_csum parms;

		if (nlget_type(attr) != TCA_CSUM_PARMS ||
		    !nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms)))
			continue;
		step_to(r, STEP_CSUM, parms.action, TC_ACT_PIPE);
		r->has_csum = true;
		r->csum_flags = parms.update_flags;
	}
}

static void get_tag_action(struct reader *r, const struct tc_vlan *parms, struct vlan_tag tag)
{
	switch (parms->v_action) {
	case TCA_VLAN_ACT_POP:
		step_to(r, STEP_POP, parms->action, TC_ACT_PIPE);
		r->n_pops++;
		break;
	case TCA_VLAN_ACT_PUSH:
		step_to(r, STEP_PUSH, parms->action, TC_ACT_PIPE);
		if (!tag.proto || !vlan_push(&r->pushed, tag))
			r->is_foreign = true;
		break;
	default:
		r->is_foreign = true;
	}
}

static void get_vlan(struct reader *r, struct nlget *g)
{
	struct tc_vlan parms = { .v_action = 0 };
	struct vlan_tag tag = { VLAN_NONE, 0 };
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		switch (nlget_type(attr)) {
		case TCA_VLAN_PARMS:
			nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms));
			break;
		case TCA_VLAN_PUSH_VLAN_ID:
			tag.id = nlget_u16(g, attr);
			break;
		case TCA_VLAN_PUSH_VLAN_PROTOCOL:
			tag.proto = nlget_be16(g, attr);
			break;
		case TCA_VLAN_PUSH_VLAN_PRIORITY:
			r->is_foreign |= nlget_u8(g, attr) != 0;
			break;
		}
	}
	get_tag_action(r, &parms, tag);
}

/* The kernel reports the times of an action as ages in hundredths of a second (tcf_tm_dump). */
static void get_age(struct reader *r, struct nlget *g, const struct nlattr *attr)
{
	struct tcf_t times;

	if (!nlget_struct(g, attr, &times, sizeof(times), offsetof(struct tcf_t, expires)))
		return;
	r->info->has_age = true;
	r->info->age_ds = (uint32_t)MIN_T(uint64_t, times.lastuse / 10, UINT32_MAX);
}

static void get_mirred(struct reader *r, struct nlget *g)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		struct tc_mirred parms;

		if (nlget_type(attr) == TCA_MIRRED_TM)
			get_age(r, g, attr);
		if (nlget_type(attr) != TCA_MIRRED_PARMS ||
		    !nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms)))
			continue;
		step_to(r, STEP_REDIRECT, parms.action, TC_ACT_STOLEN);
		if (parms.eaction != TCA_EGRESS_REDIR)
			r->is_foreign = true;
		r->out_ifindex = parms.ifindex;
	}
}

static void get_gact(struct reader *r, struct nlget *g)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(g))) {
		struct tc_gact parms;

		if (nlget_type(attr) == TCA_GACT_PROB)
			r->is_foreign = true;
		if (nlget_type(attr) == TCA_GACT_TM)
			get_age(r, g, attr);
		if (nlget_type(attr) != TCA_GACT_PARMS ||
		    !nlget_struct(g, attr, &parms, sizeof(parms), sizeof(parms)))
			continue;
		/* Must be the only action: packets for the CPU are not rewritten. */
		if (r->step != STEP_START)
			r->is_foreign = true;
		step_to(r, STEP_ACCEPT, parms.action, TC_ACT_OK);
	}
}

/* The last action of our rules. It counts the packets and carries the cookie. */
static bool is_last_kind(const struct nlattr *kind)
{
	return nlget_is_str(kind, "mirred") || nlget_is_str(kind, "gact");
}

static void get_options(struct reader *r, const struct nlattr *kind, const struct nlattr *options)
{
	struct nlget g = nlget_enter(options);

	if (nlget_is_str(kind, "police"))
		get_police(r, &g);
	else if (nlget_is_str(kind, "nat"))
		get_nat(r, &g);
	else if (nlget_is_str(kind, "pedit"))
		get_pedit(r, &g);
	else if (nlget_is_str(kind, "csum"))
		get_csum(r, &g);
	else if (nlget_is_str(kind, "vlan"))
		get_vlan(r, &g);
	else if (nlget_is_str(kind, "mirred"))
		get_mirred(r, &g);
	else if (nlget_is_str(kind, "gact"))
		get_gact(r, &g);
	else
		r->is_foreign = true;
	r->is_malformed |= g.is_malformed;
}

static void get_action(struct reader *r, struct nlget *outer, const struct nlattr *action)
{
	struct nlget g = nlget_enter(action);
	const struct nlattr *kind = NULL, *options = NULL, *stats = NULL, *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case TCA_ACT_KIND: kind = attr; break;
		case TCA_ACT_OPTIONS: options = attr; break;
		case TCA_ACT_STATS: stats = attr; break;
		case TCA_ACT_COOKIE:
			if (flower_cookie_get(nlget_data(attr), nlget_len(attr), &r->info->cookie))
				r->info->is_ours = true;
			break;
		}
	}
	nlget_leave(outer, &g);
	if (!kind)
		r->is_foreign = true;
	else if (stats && is_last_kind(kind))
		get_stats(r, stats);
	if (kind && options)
		get_options(r, kind, options);
}

static void get_actions(struct reader *r, const struct nlattr *actions)
{
	struct nlget g = nlget_enter(actions);
	const struct nlattr *action;

	while ((action = nlget_next(&g)))
		get_action(r, &g, action);
	r->is_malformed |= g.is_malformed;
}

/* -- match ---------------------------------------------------------------- */

static void get_match(struct reader *r, struct nlget *g, const struct nlattr *attr)
{
	for (size_t i = 0; i < FLOWER_MATCH_FIELDS; i++) {
		const struct flower_match_field *f = &flower_match_fields[i];

		if (f->attr != nlget_type(attr))
			continue;
		r->match_seen |= 1u << i;
		nlget_bytes(g, attr, (uint8_t *)&r->match + f->offset, f->len);
		return;
	}
	r->is_foreign = true;
}

/* The name may lack its NUL. We never write an empty one. */
static void get_indev(struct reader *r, const struct nlattr *attr)
{
	size_t len = strnlen(nlget_data(attr), nlget_len(attr));

	if (len == 0 || len >= sizeof(r->indev)) {
		r->is_foreign = true;
		return;
	}
	memcpy(r->indev, nlget_data(attr), len);
	r->indev[len] = '\0';
}

static void get_flags(struct flower_info *info, uint32_t flags)
{
	info->is_skip_hw = flags & TCA_CLS_FLAGS_SKIP_HW;
	info->is_skip_sw = flags & TCA_CLS_FLAGS_SKIP_SW;
	info->is_in_hw = flags & TCA_CLS_FLAGS_IN_HW;
}

/* Reads the actions last, because valid pedit headers depend on the protocol of the match. */
static void get_filter(struct reader *r, const struct nlattr *options)
{
	struct nlget g = nlget_enter(options);
	const struct nlattr *actions = NULL, *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case TCA_FLOWER_FLAGS: get_flags(r->info, nlget_u32(&g, attr)); break;
		case TCA_FLOWER_IN_HW_COUNT: r->info->in_hw_count = nlget_u32(&g, attr); break;
		case TCA_FLOWER_ACT: actions = attr; break;
		case TCA_FLOWER_INDEV: get_indev(r, attr); break;
		default: get_match(r, &g, attr);
		}
	}
	r->is_malformed |= g.is_malformed;
	if (actions)
		get_actions(r, actions);
}

/* -- rule ----------------------------------------------------------------- */

static uint16_t get_be16(const uint8_t at[2])
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* What the rewrites that were read do: enum rule_rewrite, and FLOWER_FORM() of enum rule_form. */
static unsigned int seen_bits(const struct reader *r)
{
	unsigned int bits = r->nat_bits;

	for (size_t i = 0; i < FLOWER_REWRITE_FIELDS; i++) {
		if (r->rewrite_seen & 1u << i)
			bits |= flower_rewrite_fields[i].bit;
	}
	return bits;
}

static bool has_seen_match(const struct reader *r, uint16_t attr)
{
	for (size_t i = 0; i < FLOWER_MATCH_FIELDS; i++) {
		if (flower_match_fields[i].attr == attr)
			return r->match_seen & 1u << i;
	}
	return false;
}

/* RULE_WITH_CSUM makes no difference to a rule that changes no checksum: guess that it is set. */
static void guess_form(const struct reader *r, struct rule *rule)
{
	if (has_seen_match(r, TCA_FLOWER_KEY_IP_TTL)) {
		rule->form |= RULE_EXACT_TTL;
		rule->ttl = r->match.ttl;
	}
	if (has_seen_match(r, TCA_FLOWER_KEY_ETH_DST)) {
		rule->form |= RULE_WITH_DMAC;
		memcpy(rule->dmac.b, r->match.dmac, sizeof(r->match.dmac));
	}
	if (r->mtu) {
		rule->form |= RULE_WITH_MTU;
		rule->mtu = (uint16_t)r->mtu;
	}
	if (has_seen_match(r, TCA_FLOWER_KEY_HASH))
		rule->form |= RULE_ODD_MATCH;
	if (seen_bits(r) & FLOWER_FORM(RULE_ODD_REWRITE))
		rule->form |= RULE_ODD_REWRITE;
	if (r->has_csum || !rule_csums(rule))
		rule->form |= RULE_WITH_CSUM;
}

static void guess_flow(const struct reader *r, struct rule *rule)
{
	const struct flower_rewrite *to = &r->rewrite;

	rule->match.family = rule->family;
	rule->match.proto = r->match.proto;
	memcpy(rule->match.src.b, r->match.src, sizeof(r->match.src));
	memcpy(rule->match.dst.b, r->match.dst, sizeof(r->match.dst));
	rule->match.sport = get_be16(r->match.sport);
	rule->match.dport = get_be16(r->match.dport);
	rule->rewrite = (uint8_t)(seen_bits(r) & UINT8_MAX);
	memcpy(rule->eth_src.b, to->eth_src, sizeof(to->eth_src));
	memcpy(rule->eth_dst.b, to->eth_dst, sizeof(to->eth_dst));
	rule->to.family = rule->family;
	rule->to.proto = r->match.proto;
	memcpy(rule->to.src.b, to->src, sizeof(to->src));
	memcpy(rule->to.dst.b, to->dst, sizeof(to->dst));
	rule->to.sport = get_be16(to->sport);
	rule->to.dport = get_be16(to->dport);
	rule->out_tags = r->pushed;
	rule->out_ifindex = r->out_ifindex;
	guess_form(r, rule);
}

static uint8_t guess_kind(const struct reader *r)
{
	const struct flower_info *info = r->info;

	if (r->step == STEP_ACCEPT)
		return has_seen_match(r, TCA_FLOWER_KEY_IP_TTL) ? RULE_GUARD : RULE_BARRIER;
	/* Only the cookie tells a probe from a flow's rule. */
	return info->is_ours && info->cookie.kind == RULE_PROBE ? RULE_PROBE : RULE_FLOW;
}

static uint16_t guess_id(const struct reader *r, uint16_t attr, const uint8_t id[2])
{
	uint16_t value = VLAN_ID_ANY;

	if (has_seen_match(r, attr))
		memcpy(&value, id, sizeof(value));
	return value;
}

static void guess_tags(const struct reader *r, struct rule *rule)
{
	uint16_t type = get_be16(r->match.vlan_ethertype);

	rule->tags.tag[0] = (struct vlan_tag){
		r->info->where.vlan, guess_id(r, TCA_FLOWER_KEY_VLAN_ID, r->match.vlan_id)
	};
	if (has_seen_match(r, TCA_FLOWER_KEY_CVLAN_ETH_TYPE)) {
		rule->tags.tag[1] = (struct vlan_tag){
			type, guess_id(r, TCA_FLOWER_KEY_CVLAN_ID, r->match.cvlan_id)
		};
		type = get_be16(r->match.cvlan_ethertype);
	}
	rule->family = flower_family(type);
}

/* The rule that this is if its masks and keys are those that we write. */
static struct rule guess_rule(const struct reader *r)
{
	const struct flower_info *info = r->info;
	struct rule rule = {
		.ifindex = info->where.ifindex,
		.prio = info->where.prio,
		.handle = info->where.handle,
		.family = info->where.family,
		.kind = guess_kind(r),
		.place = info->is_skip_sw ? RULE_HARDWARE : RULE_SOFTWARE,
		.cookie = info->cookie,
	};

	if (r->is_any_ethertype) {
		rule.form |= RULE_ANY_ETHERTYPE;
		rule.family = flower_family(get_be16(r->match.ethertype));
	}
	if (info->where.vlan)
		guess_tags(r, &rule);
	if (r->indev[0]) {
		rule.form |= RULE_WITH_INDEV;
		memcpy(rule.indev, r->indev, sizeof(rule.indev));
	}
	if (!rule_only_accepts(&rule))
		guess_flow(r, &rule);
	return rule;
}

static bool has_match_of(const struct reader *r, const struct rule *rule)
{
	unsigned int shape = flower_shape(rule);
	struct flower_match image;

	flower_match_of(rule, &image);
	for (size_t i = 0; i < FLOWER_MATCH_FIELDS; i++) {
		bool is_seen = r->match_seen & 1u << i;

		if (is_seen != !!(flower_match_fields[i].shapes & shape))
			return false;
	}
	return shape && memcmp(&image, &r->match, sizeof(image)) == 0;
}

static bool has_rewrite_of(const struct reader *r, const struct rule *rule)
{
	struct flower_rewrite image;

	flower_rewrite_of(rule, &image);
	for (size_t i = 0; i < FLOWER_REWRITE_FIELDS; i++) {
		const struct flower_rewrite_field *f = &flower_rewrite_fields[i];
		bool is_seen = r->rewrite_seen & 1u << i;

		if (is_seen != flower_has_field(f, rule))
			return false;
		if (is_seen && memcmp((const uint8_t *)&image + f->offset,
				      (const uint8_t *)&r->rewrite + f->offset, f->len) != 0)
			return false;
	}
	return r->nat_bits == rule_nat_bits(rule);
}

static bool has_csum_of(const struct reader *r, const struct rule *rule)
{
	uint32_t flags = flower_csum_flags(rule);

	return r->has_csum == (flags != 0) && r->csum_flags == flags;
}

/*
 * Where packets are tagged, the kernel reports the ethertype behind the tags a second time instead of the
 * one that was written, and none for a barrier (fl_dump_key). The one that was written is that of the prio
 * (tcf_proto_check_kind).
 */
static void restore_ethertype(struct reader *r)
{
	unsigned int inner = has_seen_match(r, TCA_FLOWER_KEY_CVLAN_ETH_TYPE) ?
				     get_be16(r->match.cvlan_ethertype) :
				     get_be16(r->match.vlan_ethertype);

	if (!r->info->where.vlan)
		return;
	if (get_be16(r->match.ethertype) != inner &&
	    get_be16(r->match.ethertype) != r->info->where.vlan)
		r->is_foreign = true;
	r->match.ethertype[0] = (uint8_t)(r->info->where.vlan >> 8);
	r->match.ethertype[1] = (uint8_t)r->info->where.vlan;
	for (size_t i = 0; i < FLOWER_MATCH_FIELDS; i++) {
		if (flower_match_fields[i].attr == TCA_FLOWER_KEY_ETH_TYPE)
			r->match_seen |= 1u << i;
	}
}

/* Accepts the guess when the images of the guessed rule equal those that were read. */
static void finish_rule(struct reader *r)
{
	struct flower_info *info = r->info;
	struct rule rule;

	restore_ethertype(r);
	rule = guess_rule(r);
	if (r->is_foreign || info->chain != 0 || !info->is_ingress)
		return;
	if (info->is_skip_sw == info->is_skip_hw)
		return;
	if (r->step != STEP_REDIRECT && r->step != STEP_ACCEPT)
		return;
	if (info->is_ours && info->cookie.kind != rule.kind)
		return;
	if (!has_match_of(r, &rule))
		return;
	if (!rule_only_accepts(&rule) && (!has_rewrite_of(r, &rule) || !has_csum_of(r, &rule) ||
					  r->n_pops != vlan_count(&rule.tags)))
		return;
	info->rule = rule;
	info->has_rule = true;
}

/* Where the filter is. One on a shared block is not on the ingress of one port. */
static void get_where(struct reader *r, const struct tcmsg *tcm)
{
	struct flower_info *info = r->info;
	uint16_t protocol = ntohs((uint16_t)tcm->tcm_info);

	r->is_any_ethertype = protocol == ETH_P_ALL;
	info->where = (struct rule_where){
		.ifindex = (uint32_t)tcm->tcm_ifindex,
		.prio = (uint16_t)(tcm->tcm_info >> 16),
		.handle = tcm->tcm_handle,
		.family = flower_family(protocol),
		.vlan = protocol == VLAN_8021Q || protocol == VLAN_8021AD ? protocol : VLAN_NONE,
	};
	info->is_ingress = (uint32_t)tcm->tcm_ifindex != TCM_IFINDEX_MAGIC_BLOCK &&
			   TC_H_MAJ(tcm->tcm_parent) == TC_H_MAJ(TC_H_CLSACT) &&
			   TC_H_MIN(tcm->tcm_parent) != TC_H_MIN_EGRESS;
}

static int get_top(struct reader *r, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct tcmsg));
	const struct nlattr *kind = NULL, *options = NULL, *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case TCA_KIND: kind = attr; break;
		case TCA_CHAIN: r->info->chain = nlget_u32(&g, attr); break;
		case TCA_OPTIONS: options = attr; break;
		}
	}
	r->info->is_flower = kind && nlget_is_str(kind, "flower");
	if (r->info->is_flower && options)
		get_filter(r, options);
	if (g.is_malformed || r->is_malformed)
		return -EBADMSG;
	if (r->info->is_flower)
		finish_rule(r);
	return 0;
}

int flower_get(const struct nlmsghdr *nlh, struct flower_info *ret)
{
	struct flower_info info = { 0 };
	struct reader r = { .info = &info };
	struct tcmsg tcm;
	int err;

	if (nlh->nlmsg_type != RTM_NEWTFILTER && nlh->nlmsg_type != RTM_DELTFILTER)
		return -ENOMSG;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(tcm))
		return -EBADMSG;
	memcpy(&tcm, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(tcm));
	/* A dump announces each prio with a message without a handle (tcf_chain_dump). */
	if (tcm.tcm_handle == 0)
		return -ENOMSG;
	get_where(&r, &tcm);
	info.is_gone = nlh->nlmsg_type == RTM_DELTFILTER;
	err = get_top(&r, nlh);
	if (err)
		return err;
	*ret = info;
	return 0;
}

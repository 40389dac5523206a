/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftxtables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <string.h>

#include "base/util.h"

#define TCP_FLAGS_AT 13

/* The state bits are those of ct state (XT_CONNTRACK_STATE_BIT, NF_CT_STATE_BIT), except those
 * for NAT. */
static void get_conntrack(struct nftxtables_match *ret, const void *info, size_t len)
{
	struct xt_conntrack_mtinfo3 m;

	if (len < sizeof(m))
		return;
	memcpy(&m, info, sizeof(m));
	ret->is_maybe = m.match_flags & ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS);
	if (!(m.match_flags & XT_CONNTRACK_STATE))
		return;
	if (m.state_mask & (XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT)) {
		ret->is_maybe = true;
		return;
	}
	ret->source = RULESRC_CT_STATE;
	ret->len = sizeof(ret->mask);
	ret->mask = m.state_mask;
	/* Matches if any bit of the mask is set: the masked value is not 0. */
	ret->is_inverted = !(m.invert_flags & XT_CONNTRACK_STATE);
}

/* Decodes only the flags; ports and options stay unknown (is_maybe). */
static void get_tcp(struct nftxtables_match *ret, const void *info, size_t len)
{
	struct xt_tcp m;

	if (len < sizeof(m))
		return;
	memcpy(&m, info, sizeof(m));
	if (!m.flg_mask)
		return;
	ret->source = RULESRC_TRANSPORT;
	ret->offset = TCP_FLAGS_AT;
	ret->len = 1;
	memcpy(&ret->mask, &m.flg_mask, 1);
	memcpy(&ret->value, &m.flg_cmp, 1);
	ret->is_inverted = m.invflags & XT_TCP_INV_FLAGS;
}

struct nftxtables_match nftxtables_get_match(const char *name, uint64_t revision, const void *info,
				   size_t len)
{
	struct nftxtables_match m = { .is_maybe = true, .what = RULESTMT__COUNT };

	if (strcmp(name, "conntrack") == 0 && revision == 3)
		get_conntrack(&m, info, len);
	else if (strcmp(name, "tcp") == 0)
		get_tcp(&m, info, len);
	else if (strcmp(name, "limit") == 0 || strcmp(name, "hashlimit") == 0)
		m.what = RULESTMT_LIMIT;
	else if (strcmp(name, "quota") == 0)
		m.what = RULESTMT_QUOTA;
	else if (strcmp(name, "comment") == 0)
		m.is_maybe = false;
	return m;
}

enum rulestmt nftxtables_target(const char *name)
{
	static const struct {
		const char *name;
		enum rulestmt what;
	} targets[] = {
		{ "LOG", RULESTMT_LOG },           { "NFLOG", RULESTMT_LOG },
		{ "MARK", RULESTMT_MARK },         { "CONNMARK", RULESTMT_CT_MARK },
		{ "CLASSIFY", RULESTMT_PRIORITY }, { "DSCP", RULESTMT_HEADER },
		{ "TOS", RULESTMT_HEADER },        { "TTL", RULESTMT_HEADER },
		{ "HL", RULESTMT_HEADER },         { "TCPMSS", RULESTMT_HEADER },
		{ "NFQUEUE", RULESTMT_QUEUE },     { "TEE", RULESTMT_DUP },
		{ "SYNPROXY", RULESTMT_SYNPROXY }, { "TPROXY", RULESTMT_TPROXY },
		{ "SECMARK", RULESTMT_SECMARK },   { "REJECT", RULESTMT__COUNT },
	};

	for (size_t i = 0; i < array_size(targets); i++) {
		if (strcmp(targets[i].name, name) == 0)
			return targets[i].what;
	}
	return RULESTMT_TARGET;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flower - one rule to and from the bytes of the kernel's flower classifier.
 *
 * flower_put.c writes requests, flower_get.c reads what the kernel reports. A
 * rule that was put and is read back is equal (rule_is_equal); anything in a
 * kernel rule that a struct rule cannot say makes it "not a rule" instead of
 * being left out. Pure functions over memory, any thread.
 *
 * Every request names qdisc, chain, prio, protocol, handle and kind: without
 * the kind the kernel takes the RTNL lock (tcf_proto_is_unlocked), and without
 * the rest it would have to search.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/rule.h"
#include "nl/nlput.h"

struct nlmsghdr;

enum flower_put_flags {
	FLOWER_EXCL = 1 << 0, /* the handle must be free (-EEXIST); else a rule there is replaced */
	FLOWER_ECHO = 1 << 2, /* answer with the rule as the kernel has it */
};

/*
 * Requests. Each returns what nlput_end() says: 0 or -EMSGSIZE. NLM_F_ACK is
 * the sender's business (nlbatch, nlsock_query).
 */
MUST_CHECK int flower_put_add(struct nlput *w, const struct rule *rule, unsigned int flags);
/* With echo the answer carries the last counters, freshly read from the driver. */
MUST_CHECK int flower_put_del(struct nlput *w, const struct rule_where *where, bool with_echo);
MUST_CHECK int flower_put_get(struct nlput *w, const struct rule_where *where);
/*
 * Dump of a port's ingress rules in chain 0; prio 0 is all prios (family is
 * not looked at then), family NONE a prio for all ethertypes. A terse dump has everything but the rule itself, at a
 * third of the size.
 */
MUST_CHECK int flower_put_dump(struct nlput *w, uint32_t ifindex, uint16_t prio, enum family family,
			       bool is_terse);
/* Deletes every rule of this prio, whoever made it; family as with a dump. */
MUST_CHECK int flower_put_flush(struct nlput *w, uint32_t ifindex, uint16_t prio,
				enum family family);

struct flower_info {
	struct rule_where where; /* family NONE: all ethertypes, or one that is not ours */
	uint32_t chain;
	bool is_flower;  /* kind; when false nothing below is set */
	bool is_ingress; /* sits on the ingress of clsact or of the ingress qdisc */
	bool is_gone;    /* RTM_DELTFILTER */
	bool is_ours;    /* an action carries a cookie of ours */
	bool is_skip_sw;
	bool is_skip_hw;
	bool is_in_hw; /* a driver took it */
	bool has_stats;
	bool has_age;	      /* full dump only */
	bool has_rule;        /* `rule` is complete */
	uint32_t in_hw_count; /* drivers that hold it; full dump only */
	struct rule_cookie cookie;
	struct rule_stats stats;    /* of the last action: redirect or accept */
	struct rule_stats hw_stats; /* the part counted by the driver */
	/* has_age: since the last packet, or since the rule was made, in tenths of a
	 * second. Some drivers say "now" whenever they are asked, and some never. */
	uint32_t age_ds;
	struct rule rule;
};

/*
 * Decodes RTM_NEWTFILTER and RTM_DELTFILTER, from a full or a terse dump, an
 * echo or an event. 0; -ENOMSG for other message types and for the chain-less
 * "prio deleted" messages without handle; -EBADMSG when a known attribute is
 * malformed. Of ret nothing is written on failure.
 */
MUST_CHECK int flower_get(const struct nlmsghdr *nlh, struct flower_info *ret);

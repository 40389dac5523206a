/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flower - encodes and decodes rules of the kernel's flower classifier.
 *
 * flower_put.c writes requests, flower_get.c reads what the kernel reports. A rule
 * that is written and read back is equal (rule_is_equal). A kernel rule with anything
 * that struct rule cannot express is reported with has_rule = false, never as a rule
 * with that part left out. Pure functions on memory, for any thread.
 *
 * Requests about one rule name qdisc, chain, prio, protocol, handle and kind. Without
 * the kind the kernel takes the RTNL lock (tcf_proto_is_unlocked), and without the
 * rest it would have to search.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/rule.h"
#include "nl/nlput.h"

struct nlmsghdr;

enum flower_put_flags {
	FLOWER_EXCL = 1 << 0, /* -EEXIST when the handle is in use; else that rule is replaced */
	FLOWER_ECHO = 1 << 2, /* the kernel answers with the rule as it has it */
};

/*
 * Requests. Each returns 0 or -EMSGSIZE (nlput_end), or -EINVAL for a rule that
 * cannot be expressed. They do not set NLM_F_ACK; the sender does (nlbatch,
 * nlsock_query).
 */
MUST_CHECK int flower_put_add(struct nlput *w, const struct rule *rule, unsigned int flags);
/* With echo the answer has the last counters, freshly read from the driver. */
MUST_CHECK int flower_put_del(struct nlput *w, const struct rule_where *where, bool with_echo);
MUST_CHECK int flower_put_get(struct nlput *w, const struct rule_where *where);
/*
 * Dumps the rules of a port's ingress in chain 0. prio 0: of all prios, and family is
 * ignored. family FAMILY_NONE: the prio is for all ethertypes. A terse dump leaves out
 * the match and the options of actions, and has a third of the size.
 */
MUST_CHECK int flower_put_dump(struct nlput *w, uint32_t ifindex, uint16_t prio, enum family family,
			       bool is_terse);
/* Deletes all rules of a prio, ours and others; -EINVAL for prio 0. family: as for a dump. */
MUST_CHECK int flower_put_flush(struct nlput *w, uint32_t ifindex, uint16_t prio,
				enum family family);

struct flower_info {
	struct rule_where where; /* FAMILY_NONE without vlan: all ethertypes, or one that we do not use */
	uint32_t chain;
	bool is_flower;  /* of kind flower */
	bool is_ingress; /* on the ingress side of clsact or of an ingress qdisc */
	bool is_gone;    /* RTM_DELTFILTER */
	/* What follows is set only for kind flower. */
	bool is_ours;    /* an action has a cookie of ours */
	bool is_skip_sw;
	bool is_skip_hw;
	bool is_in_hw; /* a driver has accepted it */
	bool has_stats;
	bool has_age;	      /* full dump only */
	bool has_rule;        /* `rule` is set, and expresses all of the kernel's rule */
	uint32_t in_hw_count; /* number of drivers that hold it; full dump only */
	struct rule_cookie cookie;
	struct rule_stats stats;    /* of the last action: redirect or accept */
	struct rule_stats hw_stats; /* the part that the driver counted */
	/* has_age: time since the last packet, or since the rule was made, in tenths of
	 * a second. Some drivers always report "now" when asked, some never update it. */
	uint32_t age_ds;
	struct rule rule;
};

/*
 * Decodes RTM_NEWTFILTER and RTM_DELTFILTER, from a full or a terse dump, an echo or
 * an event. 0; -ENOMSG for other messages, and for messages without a handle, which
 * are about a whole prio; -EBADMSG when a known attribute is malformed. ret is
 * untouched on failure.
 */
MUST_CHECK int flower_get(const struct nlmsghdr *nlh, struct flower_info *ret);

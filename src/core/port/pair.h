/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair - what is known about rules from one port of a NIC to another.
 *
 * nic has the pairs, and decides when they are probed.
 */
#pragma once

#include "base/mono.h"
#include "core/port/recipe.h"
#include "model/order.h"

/* What a rule needs: it matches packets of a class and with certain tags that arrive on port @in, and
 * sends them with other tags by @out. */
struct nic_want {
	uint32_t in, out; /* ifindex */
	uint8_t class;
	uint8_t in_encap, out_encap; /* enum vlan_encap */
};

enum pair_state {
	PAIR_NONE,    /* a port is not ready, or they belong to different cards */
	PAIR_WANTED,  /* to be probed */
	PAIR_PROBING, /* a worker is probing it */
	PAIR_PAUSED,  /* a probe failed; to be probed again at `due` */
	PAIR_GOOD,    /* has a recipe */
	PAIR_REFUSED, /* has a reason */
};

/* Which tags the driver accepts is asked when the pair is GOOD and one of its ports has VLANs. */
enum pair_tags {
	TAGS_UNKNOWN,
	TAGS_WANTED, /* to be probed */
	TAGS_PROBING,
	TAGS_PAUSED, /* the probe failed; to be repeated at `tags_due` */
	TAGS_KNOWN,  /* recipe.tags */
};

struct nic_pair {
	uint8_t state;	/* enum pair_state */
	uint8_t tags;	/* enum pair_tags */
	uint8_t step;	/* of the ladder */
	uint8_t reason; /* enum reason: REFUSED, or GOOD with too many flows not hit */
	uint8_t bad_class; /* class of the refusal in err and extack */
	struct recipe recipe; /* GOOD; while probing: the best so far */
	uint16_t refused; /* classes that were refused in the recipe's shape */
	uint32_t probe; /* PROBING: id of the order */
	unsigned int pauses; /* in a row; determines the length of the next */
	mono_t tags_due;
	mono_t due;	/* PAUSED: next probe; GOOD: when `reason` is lifted */
	int32_t err;	/* refusal that the administrator is shown */
	char extack[EXTACK_SIZE];
	uint32_t n_hit;	    /* flows whose rule counted packets */
	uint32_t n_not_hit; /* flows whose rule did not, although the CPU saw packets */
	/* The recent part of both. Halved every minute, so that old ones count less. */
	unsigned int recent_hit, recent_not_hit;
	mono_t recent_since; /* when they were last halved */
	uint32_t n_unsupported; /* rules refused as unsupported since the last hit */
};

/* It is to be probed, or being probed. */
bool pair_is_waiting(const struct nic_pair *pair);
/* REASON_NONE when the pair can have such rules, as far as its probes have shown. */
enum reason pair_reason(const struct nic_pair *pair, const struct nic_want *want);
unsigned int pair_n_classes(uint16_t classes);

/* Takes the answer to one step of the ladder. Keeps @recipe if it has more classes than those of
 * earlier steps. */
void pair_note_answer(struct nic_pair *pair, const struct event_probe *done, struct recipe recipe);
void pair_note_refusal(struct nic_pair *pair, const struct event_probe *done);

/* A rule counts packets, or does not although the CPU sees some. The second returns true when too many
 * did not: the pair has REASON_NOT_HIT until `due`. */
void pair_note_hit(struct nic_pair *pair, mono_t now);
bool pair_note_not_hit(struct nic_pair *pair, mono_t now);
/* A rule that the recipe allows was refused as unsupported (nic_drop_class). */
void pair_drop_class(struct nic_pair *pair, const struct nic_want *want,
		     const struct event_install *done);

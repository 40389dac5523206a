/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic - what the hardware between two ports can do.
 *
 * For every ordered pair of ports that belong to the same card: the recipe that
 * its driver takes, or the one reason why none. Found by probing in a ladder,
 * the best shape first, one order at a time; kept until a fact about one of the
 * ports changes. So a refusal is met once for a pair and not once for a flow.
 *
 * Owns: the port records of hardware offload, pairs and cards. Exists only with
 * offload = hardware. Called from the engine; knows no flow.
 */
#pragma once

#include "core/port/card.h"

#define NIC_MAX_PORTS 64
#define NIC_MAX_CARDS 64
#define NIC_NONE      UINT8_MAX

enum pair_state {
	PAIR_NONE,    /* one of the ports is not ready, or they are of two cards */
	PAIR_WANTED,  /* to be probed */
	PAIR_PROBING, /* a worker is at it */
	PAIR_PAUSED,  /* to be probed again later */
	PAIR_GOOD,    /* has a recipe */
	PAIR_REFUSED, /* has a reason */
};

struct nic_pair {
	uint8_t state;	/* enum pair_state */
	uint8_t step;	/* of the ladder */
	uint8_t reason; /* enum reason: REFUSED, or GOOD with too many flows not hit */
	uint8_t bad_class; /* err, extack: what was refused last, or first of a recipe */
	struct recipe recipe; /* GOOD; while probing: the best so far */
	uint16_t refused; /* classes that the recipe does not have */
	uint32_t probe; /* PROBING: id of the order */
	unsigned int pauses;
	mono_t due;	/* PAUSED, or when `reason` of a GOOD one is lifted */
	int32_t err;
	char extack[EXTACK_SIZE];
	uint32_t n_hit;	    /* flows whose rules were seen to count */
	uint32_t n_not_hit; /* flows whose rules were not, though the CPU saw packets */
	/* Of the last of both; halved together each minute, so that old ones count less. */
	unsigned int recent_hit, recent_not_hit;
	mono_t recent_since; /* they were halved */
	uint32_t n_unsupported; /* refusals since a flow was last seen to count */
};

struct nic_port {
	struct link link;
	const struct driver *driver; /* NULL: may not be used */
	uint8_t card;		     /* NIC_NONE */
	bool is_ready;		     /* its clsact is there */
	uint8_t layout;		     /* enum recipe_layout of its rules; __COUNT: not known yet */
	bool is_guarded[2];	     /* IPv4, IPv6 */
};

struct nic {
	struct settings settings;
	uint32_t instance;
	struct nic_port port[NIC_MAX_PORTS]; /* link.ifindex 0: free */
	struct nic_pair pair[NIC_MAX_PORTS][NIC_MAX_PORTS]; /* [in][out] */
	struct card card[NIC_MAX_CARDS];
	uint32_t last_probe;	/* id */
	unsigned int n_wanted;	/* pairs WANTED or PROBING */
	mono_t next_due;
	struct notices notices;
};

/* NULL without memory. */
struct nic *nic_new(const struct settings *settings, uint32_t instance);
void nic_free(struct nic *nic);

/* A link that could be a port is there or has changed. Tells whether a fact
 * changed that moves paths. REASON_NONE: it can be used. */
enum reason nic_put_link(struct nic *nic, const struct link *link, bool *ret_changed);
void nic_del_link(struct nic *nic, uint32_t ifindex);
/* Its clsact is there, or is not any more; its guards are in (bits). */
void nic_set_ready(struct nic *nic, uint32_t ifindex, bool is_ready);
void nic_set_guards(struct nic *nic, uint32_t ifindex, unsigned int guards);

const struct nic_port *nic_find_port(const struct nic *nic, uint32_t ifindex);
/* NULL when one of the ports is unknown. */
const struct nic_pair *nic_find_pair(const struct nic *nic, uint32_t in, uint32_t out);

/* Whether rules of this class may go from @in to @out, and how. */
enum reason nic_resolve(const struct nic *nic, uint32_t in, uint32_t out, unsigned int class,
			struct recipe *ret);

/* The next probe, if one is wanted. */
bool nic_next_probe(struct nic *nic, struct order_probe *ret);
/* Its answer. True when the pair has reached a verdict. */
bool nic_feed_probe(struct nic *nic, const struct event_probe *done, mono_t now);
/* All pairs have a verdict, as far as they wait for nothing else. */
bool nic_is_settled(const struct nic *nic);

/* A flow of the pair counts in hardware, or does not though the CPU sees its
 * packets. When most are of the latter, the pair is left alone for a while. */
void nic_note_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now);
void nic_note_not_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now);
/* A rule of a class that is in the recipe was refused as unsupported: when that
 * happens again, the class goes. */
void nic_drop_class(struct nic *nic, uint32_t in, uint32_t out, unsigned int class,
		    const struct event_install *done);

/* The card of a port; NULL when it has none. */
struct card *nic_card(struct nic *nic, uint32_t ifindex);
struct card *nic_card_at(struct nic *nic, uint8_t index);
uint8_t nic_card_index(const struct nic *nic, uint32_t ifindex);

/* What time does. True when a verdict or a card changed. */
bool nic_tick(struct nic *nic, mono_t now);
mono_t nic_next_due(const struct nic *nic);

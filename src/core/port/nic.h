/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic - the recipe that the hardware accepts for each pair of ports.
 *
 * Holds, for every ordered pair of ports of the same card, the recipe that the
 * driver accepts, or the reason why there is none. Probing finds it: a worker tries
 * a list of recipes (the ladder), the best shape first, one for each probe order.
 * The verdict stays until the hardware of one of the ports changes. So a refusal is
 * met once for each pair, and not for each flow.
 *
 * Owns the port records of hardware offload, the pairs and the cards. Exists only
 * with offload = hardware. Used by the engine; knows no flows.
 */
#pragma once

#include "core/port/card.h"
#include "core/port/pair.h"

#define NIC_MAX_PORTS 64
#define NIC_MAX_CARDS 64
#define NIC_NONE      UINT8_MAX

struct nic_port {
	struct link link;
	const struct driver *driver; /* NULL: its driver may not be given rules */
	uint8_t card;		     /* index of its card, or NIC_NONE */
	bool is_ready;		     /* it has clsact */
	bool is_trunk;		     /* it has VLANs, so packets may leave by the port of their arrival */
	uint8_t layout;		     /* enum recipe_layout of its rules; __COUNT: not known yet */
	uint16_t guards;	     /* guards that are in (slot_guard) */
};

struct nic {
	struct settings settings;
	uint32_t instance;
	struct nic_port port[NIC_MAX_PORTS]; /* link.ifindex 0: free */
	struct nic_pair pair[NIC_MAX_PORTS][NIC_MAX_PORTS]; /* [in][out] */
	struct card card[NIC_MAX_CARDS];
	uint32_t last_probe;	/* id of the last probe order */
	bool matches_ttl;	/* a driver accepts only RECIPE_EXACT_TTL for some pair, or did */
	unsigned int n_wanted;	/* pairs that are WANTED or PROBING, or whose tags are */
	mono_t next_due;	/* earliest `due` of a pair */
	struct notices notices;
};

/* NULL when out of memory. */
struct nic *nic_new(const struct settings *settings, uint32_t instance);
void nic_free(struct nic *nic);

/* Adds or updates a link that could be a port. *ret_changed: true when it is new or its
 * hardware changed. Returns REASON_NONE when the port can be used. */
enum reason nic_put_link(struct nic *nic, const struct link *link, bool *ret_changed);
void nic_del_link(struct nic *nic, uint32_t ifindex);
/* There are VLAN devices above the port. */
void nic_set_trunk(struct nic *nic, uint32_t ifindex);
/* The port has clsact or not; its guards (slot_guard). */
void nic_set_ready(struct nic *nic, uint32_t ifindex, bool is_ready);
void nic_set_guards(struct nic *nic, uint32_t ifindex, unsigned int guards);

const struct nic_port *nic_find_port(const struct nic *nic, uint32_t ifindex);
/* NULL when one of the ports is unknown. */
const struct nic_pair *nic_find_pair(const struct nic *nic, uint32_t in, uint32_t out);

/* REASON_NONE and the recipe for such rules, or why there can be none. */
enum reason nic_resolve(const struct nic *nic, const struct nic_want *want, struct recipe *ret);

/* True when rules between some ports must match a TTL. @nic may be NULL. */
bool nic_matches_ttl(const struct nic *nic);

/* Makes the next probe order. False when no pair can be probed now. */
bool nic_next_probe(struct nic *nic, struct order_probe *ret);
/* Takes the answer. True when the pair is GOOD, REFUSED or PAUSED now. */
bool nic_feed_probe(struct nic *nic, const struct event_probe *done, mono_t now);
/* The kinds of tags (bits of enum vlan_encap) that rules on this port can match. */
uint8_t nic_encaps_of(const struct nic *nic, uint32_t ifindex);
/* True when no pair is to be probed or being probed. */
bool nic_is_settled(const struct nic *nic);

/* A flow's rule between these ports counts packets, or does not although the CPU sees
 * packets of the flow. When most flows of late were not hit, the pair gets the reason
 * not-hit for a while. */
void nic_note_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now);
void nic_note_not_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now);
/* A rule that the recipe allows was refused as unsupported. After several such
 * refusals without a hit between them, its class is removed from the recipe; if the packets have tags,
 * these tags are. */
void nic_drop_class(struct nic *nic, const struct nic_want *want,
		    const struct event_install *done);

/* The card of a port; NULL when it has none. */
struct card *nic_card(struct nic *nic, uint32_t ifindex);
struct card *nic_card_at(struct nic *nic, uint8_t index);
uint8_t nic_card_index(const struct nic *nic, uint32_t ifindex);

/* Does what is due. True when a pair changed or the pause of a card ended. */
bool nic_tick(struct nic *nic, mono_t now);
mono_t nic_next_due(const struct nic *nic);

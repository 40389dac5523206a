/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * card - one NIC with its ports: the size of its rule table, and its failures.
 *
 * The ports between which a NIC can redirect packets share one table. Its size is
 * configured, or learnt from the first refusal for lack of room: then it is the
 * number of rules that were in. A learnt size is raised slowly, in case there is
 * more room. When less than a tenth is free, a flow may enter only if rank has
 * chosen it, so the last tenth belongs to the busiest flows.
 *
 * Many failures in a row, without a success between them, pause a card. Each pause
 * is longer than the last; one success resets their length.
 */
#pragma once

#include "base/mono.h"
#include "core/port/driver.h"
#include "core/notice.h"

#define CARD_ID_SIZE 80

/* Rules of one flow. */
#define CARD_FLOW_RULES 2

enum card_source {
	CARD_SIZE_UNKNOWN, /* not configured, and never full so far */
	CARD_SIZE_CONFIGURED,
	CARD_SIZE_LEARNT,
	CARD_SIZE__COUNT,
};

struct card {
	char id[CARD_ID_SIZE]; /* driver, and switch id or bus slot; "" = free */
	unsigned int n_ports;
	uint32_t used;	    /* flow rules that it may hold, including those with a worker */
	uint32_t confirmed; /* flow rules whose install was answered */
	uint32_t guards;    /* guards on all its ports */
	uint32_t in_flight[8]; /* installs with each worker */
	uint8_t stuck;	    /* bit w: worker w is stuck in a call to its driver */
	uint8_t source;	    /* enum card_source: where the limit comes from */
	uint32_t limit;	    /* rules; UINT32_MAX while unknown */
	uint32_t limit_max; /* configured limit; UINT32_MAX: none */
	mono_t grow_at;	    /* when to raise a learnt limit */
	unsigned int failures; /* in a row */
	unsigned int pauses;   /* in a row; determines the length of the next */
	mono_t paused_until;   /* MONO_NEVER: not paused */
	bool is_paused;
	uint64_t n_full;    /* refusals for lack of room */
};

/*
 * Writes the id of the link's card. Ports with the same switch id belong to one card. Without switch ids
 * (mlx5 in NIC mode, cxgb4) the functions of one PCI slot do: those whose bus addresses differ in the
 * function number only. A port with neither is a card of its own.
 */
void card_id_of(const struct link *link, char id[CARD_ID_SIZE]);
void card_init(struct card *card, const struct settings *settings, const char *id);

/* True when there is room for a flow that rank has not chosen. */
bool card_takes_any(const struct card *card);
/* True when there is room for one more flow. */
bool card_has_room(const struct card *card);
/* True when the card is not paused and no worker is stuck in its driver. */
bool card_works(const struct card *card);
/* Number of flows that still fit. */
uint32_t card_room(const struct card *card);

/* Count the rules of one flow: its install was handed to a worker; the worker answered
 * that the rules are in, or that they are not; the rules are out. card_released() must
 * follow both answers in the end. */
void card_take(struct card *card, unsigned int worker);
void card_installed(struct card *card, unsigned int worker);
void card_not_installed(struct card *card, unsigned int worker);
void card_released(struct card *card);

/* A rule was refused. @port is the interface index that notices name. True when the
 * card has no room. */
bool card_refused(struct card *card, const struct driver *driver, const struct event_install *done,
		  uint32_t port, mono_t now, struct notices *notices);

/* Ends a pause that is over, and raises a learnt limit that is due. Returns true when a
 * pause ended. A raised limit needs no action by the caller: rank fills the room. */
bool card_tick(struct card *card, uint32_t port, mono_t now, struct notices *notices);
mono_t card_next_due(const struct card *card);

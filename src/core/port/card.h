/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * card - one NIC with its ports: how many rules it holds, and how it fares.
 *
 * The ports between which a redirect is legal share one table. How large that
 * is the operator says, or a refusal does: then what was in is the size, until
 * a slow probing upwards finds more. While a card is *tight*, a newcomer gets
 * in only when rank has chosen it; so the last tenth belongs to the busiest.
 *
 * A burst of failures without any success pauses a card, longer each time; one
 * success ends that.
 */
#pragma once

#include "base/mono.h"
#include "core/port/driver.h"
#include "core/notice.h"

#define CARD_ID_SIZE 80

/* Rules of one flow. */
#define CARD_FLOW_RULES 2

enum card_source {
	CARD_SIZE_UNKNOWN, /* never full so far */
	CARD_SIZE_CONFIGURED,
	CARD_SIZE_LEARNT,
	CARD_SIZE__COUNT,
};

struct card {
	char id[CARD_ID_SIZE]; /* switch id, or bus slot and driver; "" = free */
	unsigned int n_ports;
	uint32_t used;	    /* rules that it may hold, those on the way included */
	uint32_t confirmed; /* rules that were acknowledged */
	uint32_t guards;    /* rules that are no flow's, on all its ports */
	uint32_t in_flight[8]; /* orders with each worker */
	uint8_t stuck;	    /* bit w: worker w does not return from it */
	uint8_t source;	    /* enum card_source */
	uint32_t limit;	    /* rules; UINT32_MAX while unknown */
	uint32_t limit_max; /* that the operator set; UINT32_MAX: none */
	mono_t grow_at;	    /* when a learnt limit is raised */
	unsigned int failures; /* in a row */
	unsigned int pauses;   /* in a row, for the length of the next */
	mono_t paused_until;   /* 0: works */
	bool is_paused;
	uint64_t n_full;    /* refusals for want of room */
};

void card_init(struct card *card, const struct settings *settings, const char *id);

/* A flow that nobody chose may have rules here. */
bool card_takes_any(const struct card *card);
/* There is room for one flow more. */
bool card_has_room(const struct card *card);
/* It neither failed too often nor is a worker stuck in it. */
bool card_works(const struct card *card);
/* Flows that still fit. */
uint32_t card_room(const struct card *card);

/* An install is handed to a worker; its answer; its rules are out again. */
void card_take(struct card *card, unsigned int worker);
void card_installed(struct card *card, unsigned int worker);
void card_not_installed(struct card *card, unsigned int worker);
void card_released(struct card *card);

/* A rule was refused. @port is named in notices. True when that was for want of
 * room. */
bool card_refused(struct card *card, const struct driver *driver, const struct event_install *done,
		  uint32_t port, mono_t now, struct notices *notices);

/* What time does: pauses end, which it tells, and a learnt limit is raised, for
 * which flows need not be looked at: rank fills the room. */
bool card_tick(struct card *card, uint32_t port, mono_t now, struct notices *notices);
mono_t card_next_due(const struct card *card);

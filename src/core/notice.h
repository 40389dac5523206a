/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice - what the core has found out about the hardware, for the log.
 *
 * The core does not log. What an operator should read once, when it changes,
 * is left here until the daemon fetches it. Bounded; what does not fit is
 * counted, and the state itself can be asked for at any time (`devices`).
 */
#pragma once

#include "model/order.h"

enum notice_type {
	NOTICE_PAIR_GOOD,     /* in, out: a recipe was found */
	NOTICE_PAIR_REFUSED,  /* in, out: reason, err, extack: no flow between them */
	NOTICE_PAIR_NOT_HIT,  /* in, out: number of flows whose rules do nothing: paused */
	NOTICE_CARD_LEARNT,   /* in: its NIC holds number rules */
	NOTICE_CARD_FAILING,  /* in: number failures in a row, err, extack: paused */
	NOTICE_CARD_RECOVERED,
	NOTICE_GUARD_LOST,    /* in: guards or clsact are gone, made anew */
	NOTICE_RULES_LOST,    /* number of flows whose rules were gone, put in again */
};

struct notice {
	uint8_t type;   /* enum notice_type */
	uint8_t reason; /* enum reason */
	uint8_t shape;	/* enum recipe_shape */
	uint32_t in, out;
	uint32_t number;
	int32_t err;
	char extack[EXTACK_SIZE];
};

#define NOTICES_MAX 64

struct notices {
	struct notice ring[NOTICES_MAX];
	unsigned int first, count;
	unsigned int left_out;
};

/* Drops it when there is no room. */
void notice_push(struct notices *notices, const struct notice *notice);
/* False when there is none. */
bool notice_pop(struct notices *notices, struct notice *ret);

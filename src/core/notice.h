/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice - queue of findings about the hardware that the daemon should log.
 *
 * The core does not log. It queues a notice when something changes that the administrator should
 * read once, and the daemon fetches it. The queue is bounded; a notice that does not fit is dropped
 * and counted. The command `devices` shows the current state at any time.
 */
#pragma once

#include "model/order.h"

enum notice_type {
	NOTICE_PAIR_GOOD,     /* in, out, shape: recipe found, with number classes */
	NOTICE_PAIR_REFUSED,  /* in, out, reason, err, extack: no flows between these ports */
	NOTICE_PAIR_NOT_HIT,  /* in, out: paused, the rules of number flows do nothing */
	NOTICE_CARD_LEARNT,   /* in: its NIC has room for number rules */
	NOTICE_CARD_FAILING,  /* in, err, extack: paused after number failures in a row */
	NOTICE_CARD_RECOVERED, /* in: the pause is over */
	NOTICE_GUARD_LOST,    /* in: guards or clsact were gone and are being restored */
	NOTICE_RULES_LOST,    /* the rules of number flows were gone */
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
	unsigned int left_out; /* notices that did not fit */
};

/* Drops the notice if the queue is full. */
void notice_push(struct notices *notices, const struct notice *notice);
/* Returns false if the queue is empty. */
bool notice_pop(struct notices *notices, struct notice *ret);

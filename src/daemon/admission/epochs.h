/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epochs - chooses the next epoch: a value of our bits of the ct mark.
 *
 * An epoch is our lowest bit with any combination of the others but 0. Two packets admit
 * a connection: the first sets the half epoch, which lacks the lowest bit, and the second sets
 * the whole epoch (kern/nft/nftlayout). An epoch that was in use is dirty: some connection may
 * still have it, whole or half. It is reused only after it was cleared from all connections.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* Most values that are used. */
#define EPOCHS_MAX 15

struct epochs {
	uint32_t bits;	      /* our bits without the lowest */
	uint32_t whole;	      /* our lowest bit */
	unsigned int n;	      /* number of values */
	unsigned int current; /* index of the value that the table writes, or may write */
	bool is_clean[EPOCHS_MAX]; /* no connection has the value, whole or half */
};

/* Makes all values dirty. -EINVAL with fewer than three bits: at least three values are
 * needed, one that is written, one that is being cleaned and one that is free. */
MUST_CHECK int epochs_init(struct epochs *e, uint32_t bits);
/* Makes value the current one. Does nothing if value is not an epoch. */
void epochs_set_current(struct epochs *e, uint32_t value);
uint32_t epochs_current(const struct epochs *e);
/* Returns the next value if it is clean; 0 if it has to be cleaned first. */
uint32_t epochs_next_clean(const struct epochs *e);
/* Returns the next value if it has to be cleaned; 0 if it is clean. */
uint32_t epochs_next_dirty(const struct epochs *e);
/* Notes that no connection has value any more. Ignored for the current value. */
void epochs_clean(struct epochs *e, uint32_t value);
/* Makes value the current one: the table may write it from now on. It must be an epoch. */
void epochs_use(struct epochs *e, uint32_t value);

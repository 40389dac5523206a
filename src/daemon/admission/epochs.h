/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epochs - which value of our bits of the ct mark comes next.
 *
 * The lowest bit tells a whole epoch from half of one (kern/nft/nftlayout); the values are all
 * that the others can have but 0, with that bit. One that was in use is dirty: some
 * connection may still have it, or half of it. It is used again when somebody has
 * cleaned it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* More values than this are not made use of. */
#define EPOCHS_MAX 15

struct epochs {
	uint32_t bits;	      /* but the lowest */
	uint32_t whole;	      /* that one */
	unsigned int n;	      /* values */
	unsigned int current; /* the one that is or may be written now; counted from 0 */
	bool is_clean[EPOCHS_MAX];
};

/* At first all are dirty. -EINVAL when there are less than three values, which takes three
 * bits: one is written, one is being cleaned, one is free. */
MUST_CHECK int epochs_init(struct epochs *e, uint32_t bits);
/* The value written now is this one, as far as it is one of them. */
void epochs_set_current(struct epochs *e, uint32_t value);
uint32_t epochs_current(const struct epochs *e);
/* The next one, if it is clean; 0 if it has to be cleaned first. */
uint32_t epochs_next_clean(const struct epochs *e);
/* The one that should be cleaned now; 0 if the next one is clean. */
uint32_t epochs_next_dirty(const struct epochs *e);
/* Nobody has it any more. The one written now is never clean. */
void epochs_clean(struct epochs *e, uint32_t value);
/* It may be written from now on, or turned out to be. */
void epochs_use(struct epochs *e, uint32_t value);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/epochs.h"

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "kern/nft/nftlayout.h"

/* Spreads the bits of number + 1 over e->bits, and adds the lowest of our bits. */
static uint32_t value_of(const struct epochs *e, unsigned int number)
{
	uint32_t value = e->whole, rest = e->bits;

	for (unsigned int left = number + 1; left; left >>= 1) {
		uint32_t lowest = rest & -rest;

		if (left & 1)
			value |= lowest;
		rest &= ~lowest;
	}
	return value;
}

/* Returns e->n if value is not an epoch. */
static unsigned int number_of(const struct epochs *e, uint32_t value)
{
	unsigned int i = 0;

	while (i < e->n && value_of(e, i) != value)
		i++;
	return i;
}

int epochs_init(struct epochs *e, uint32_t bits)
{
	uint32_t whole = nftlayout_whole_bit(bits);
	unsigned int n_bits = (unsigned int)__builtin_popcount(bits & ~whole);

	*e = (struct epochs){ .bits = bits & ~whole, .whole = whole };
	if (n_bits < 2)
		return -EINVAL;
	e->n = n_bits > 4 ? EPOCHS_MAX : (1u << n_bits) - 1;
	return 0;
}

void epochs_set_current(struct epochs *e, uint32_t value)
{
	unsigned int number = number_of(e, value);

	if (number < e->n)
		epochs_use(e, value);
}

uint32_t epochs_current(const struct epochs *e)
{
	return value_of(e, e->current);
}

static unsigned int next(const struct epochs *e)
{
	return (e->current + 1) % e->n;
}

uint32_t epochs_next_clean(const struct epochs *e)
{
	return e->is_clean[next(e)] ? value_of(e, next(e)) : 0;
}

uint32_t epochs_next_dirty(const struct epochs *e)
{
	return e->is_clean[next(e)] ? 0 : value_of(e, next(e));
}

void epochs_clean(struct epochs *e, uint32_t value)
{
	unsigned int number = number_of(e, value);

	if (number < e->n && number != e->current)
		e->is_clean[number] = true;
}

void epochs_use(struct epochs *e, uint32_t value)
{
	unsigned int number = number_of(e, value);

	if (BUG_ON(number >= e->n))
		return;
	e->is_clean[number] = false;
	e->current = number;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/expiry.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"

/* Most elements in one call of fn. */
#define BATCH 64
/* The kernel counts in jiffies: packets may match an element until this long after its expiry. */
#define SLACK_MS 10
/* Interval of calls with n = 0, while there are elements that did not fit. */
#define OVERFLOW_MS 10000

struct entry {
	mono_t due;
	struct setelem elem;
};

struct expiry {
	struct loop_timer *timer;
	struct loop *loop;
	expiry_fn fn;
	void *ctx;
	/* For elements that did not fit: the next call with n = 0 (MONO_NEVER = all fit), and
	 * the time at which the last one expires. */
	mono_t overflow, overflow_end;
	unsigned int n;
	struct entry entry[EXPIRY_MAX]; /* unsorted */
};

static void arm(struct expiry *x)
{
	mono_t due = x->overflow, now = loop_now(x->loop);

	for (unsigned int i = 0; i < x->n; i++)
		due = mono_min(due, x->entry[i].due);
	if (mono_is_never(due))
		loop_timer_stop(x->timer);
	else
		loop_timer_set(x->timer, (uint64_t)MAX(mono_diff_ms(due, now), (int64_t)0) + SLACK_MS,
			       0);
}

/* Takes out up to BATCH expired elements. Returns true if there are more. */
static bool take(struct expiry *x, mono_t now, struct setelem elem[BATCH], unsigned int *ret_n)
{
	*ret_n = 0;
	for (unsigned int i = 0; i < x->n;) {
		if (mono_before(now, x->entry[i].due)) {
			i++;
			continue;
		}
		if (*ret_n == BATCH)
			return true;
		elem[(*ret_n)++] = x->entry[i].elem;
		x->entry[i] = x->entry[--x->n];
	}
	return false;
}

static void on_timer(void *ctx)
{
	struct expiry *x = ctx;
	struct setelem elem[BATCH];
	unsigned int n;
	bool more;

	if (!mono_before(loop_now(x->loop), x->overflow)) {
		x->overflow = mono_before(loop_now(x->loop), x->overflow_end) ?
				      mono_min(x->overflow_end,
					       mono_add_ms(loop_now(x->loop), OVERFLOW_MS)) :
				      MONO_NEVER;
		x->fn(x->ctx, NULL, 0);
	}
	do {
		more = take(x, loop_now(x->loop), elem, &n);
		if (n)
			x->fn(x->ctx, elem, n);
	} while (more);
	arm(x);
}

int expiry_new(struct loop *loop, expiry_fn fn, void *ctx, struct expiry **ret)
{
	struct expiry *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->loop = loop;
	x->fn = fn;
	x->ctx = ctx;
	x->overflow = MONO_NEVER;
	x->timer = loop_timer_add(loop, "set elements", on_timer, x);
	if (!x->timer) {
		free(x);
		return -ENOMEM;
	}
	*ret = x;
	return 0;
}

void expiry_free(struct expiry *x)
{
	if (!x)
		return;
	loop_timer_del(x->timer);
	free(x);
}

bool expiry_is_empty(const struct expiry *x)
{
	return x->n == 0 && mono_is_never(x->overflow);
}

/* Returns a free entry or, if there is none, the entry that expires last. An element that
 * equals a known one gets its own entry: it may be in another set. */
static struct entry *place_for(struct expiry *x)
{
	struct entry *last = &x->entry[0];

	if (x->n < EXPIRY_MAX)
		return &x->entry[x->n++];
	for (unsigned int i = 1; i < x->n; i++) {
		if (mono_before(last->due, x->entry[i].due))
			last = &x->entry[i];
	}
	return last;
}

static void overflow(struct expiry *x, mono_t due)
{
	x->overflow_end = mono_is_never(x->overflow) ? due : mono_max(x->overflow_end, due);
	x->overflow = mono_min(x->overflow, due);
}

int expiry_add(struct expiry *x, const struct setelem *elem, mono_t now)
{
	struct entry new = { mono_add_ms(now, (int64_t)MIN(elem->expires_ms, (uint64_t)INT32_MAX)),
			     *elem };
	bool is_taken = x->n == EXPIRY_MAX;
	struct entry *place = place_for(x);

	if (is_taken)
		overflow(x, mono_max(place->due, new.due));
	if (!is_taken || mono_before(new.due, place->due))
		*place = new;
	arm(x);
	return is_taken ? -ENOSPC : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>

#include "base/loop.h"
#include "base/mono.h"
#include "daemon/admission/expiry.h"

struct got {
	struct loop *loop;
	unsigned int n_elems, n_all, wanted;
	uint32_t sum;
};

static void on_expired(void *ctx, const struct setelem *elem, unsigned int n)
{
	struct got *g = ctx;

	g->n_all += n == 0;
	g->n_elems += n;
	for (unsigned int i = 0; i < n; i++)
		g->sum += elem[i].n_fields;
	if (g->n_elems >= g->wanted)
		loop_stop(g->loop);
}

static struct setelem elem_of(uint64_t expires_ms, uint8_t tag)
{
	return (struct setelem){ .expires_ms = expires_ms, .n_fields = tag };
}

static void expired_elements(void **state UNUSED)
{
	struct got g = { .loop = loop_new(), .wanted = 2 };
	struct setelem a = elem_of(1, 1), b = elem_of(2, 2), c = elem_of(1000000, 4);
	struct expiry *x;
	mono_t start = mono_now();

	assert_int_equal(expiry_new(g.loop, on_expired, &g, &x), 0);
	assert_int_equal(expiry_add(x, &c, loop_now(g.loop)), 0);
	assert_int_equal(expiry_add(x, &a, loop_now(g.loop)), 0);
	assert_int_equal(expiry_add(x, &b, loop_now(g.loop)), 0);
	loop_run(g.loop);
	assert_int_equal(g.n_elems, 2);
	assert_int_equal(g.n_all, 0);
	assert_int_equal(g.sum, 3);
	assert_true(mono_diff_ms(mono_now(), start) >= 2);
	expiry_free(x);
	loop_free(g.loop);
}

static struct setelem numbered(uint64_t expires_ms, uint8_t tag, unsigned int number)
{
	struct setelem e = elem_of(expires_ms, tag);

	e.field[0].lo[0] = (uint8_t)number;
	e.field[0].lo[1] = (uint8_t)(number >> 8);
	return e;
}

/* More elements than fit: those that expire first are kept. When the first of the others
 * expires, every element is reported as possibly expired. */
static void more_than_fit(void **state UNUSED)
{
	struct got g = { .loop = loop_new(), .wanted = EXPIRY_MAX };
	struct setelem e, late = numbered(2, 8, EXPIRY_MAX);
	struct expiry *x;

	assert_int_equal(expiry_new(g.loop, on_expired, &g, &x), 0);
	for (unsigned int i = 0; i < EXPIRY_MAX; i++) {
		e = numbered(i ? 1 : 5, 1, i);
		assert_int_equal(expiry_add(x, &e, loop_now(g.loop)), 0);
	}
	assert_int_equal(expiry_add(x, &late, loop_now(g.loop)), -ENOSPC);
	loop_run(g.loop);
	assert_int_equal(g.n_elems, EXPIRY_MAX);
	assert_int_equal(g.sum, EXPIRY_MAX - 1 + 8);
	assert_int_equal(g.n_all, 1);
	expiry_free(x);
	loop_free(g.loop);
}

/* An element may be in two sets, and expire at different times. */
static void same_element_twice(void **state UNUSED)
{
	struct got g = { .loop = loop_new(), .wanted = 2 };
	struct setelem early = numbered(1, 1, 7), again = numbered(20, 1, 7);
	struct expiry *x;

	assert_int_equal(expiry_new(g.loop, on_expired, &g, &x), 0);
	assert_int_equal(expiry_add(x, &early, loop_now(g.loop)), 0);
	assert_int_equal(expiry_add(x, &again, loop_now(g.loop)), 0);
	loop_run(g.loop);
	assert_int_equal(g.n_elems, 2);
	expiry_free(x);
	loop_free(g.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expired_elements),
		cmocka_unit_test(more_than_fit),
		cmocka_unit_test(same_element_twice),
	};

	return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "daemon/pace.h"

#define BATCH 32
#define RING 1024

/* @n batches, of the size that the pace wants, on a NIC that takes @us for a flow. */
static void run(struct pace *p, unsigned int n, unsigned int us)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int flows = pace_batch(p, BATCH);

		pace_note(p, flows, (int64_t)flows * us);
	}
}

static void test_first(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	/* Neither one by one nor a second at once. */
	assert_in_range(pace_batch(&p, BATCH), 2, 8);
	assert_in_range(pace_room(&p, RING), 4, 16);
}

static void test_slow(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 5, 40000);
	assert_int_equal(pace_batch(&p, BATCH), 1);
	assert_int_equal(pace_room(&p, RING), 2);
	/* Whatever a driver does, something goes on. */
	run(&p, 50, 2000000000);
	assert_int_equal(pace_batch(&p, BATCH), 1);
	assert_int_equal(pace_room(&p, RING), 2);
}

static void test_middle(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 30, 5000);
	assert_in_range(pace_batch(&p, BATCH), 9, 10);
	assert_in_range(pace_room(&p, RING), 18, 20);
}

static void test_fast(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 20, 40);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
	assert_int_equal(pace_room(&p, RING), RING);
	/* Too fast for the clock. */
	run(&p, 40, 0);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
}

static void test_recovers(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 20, 40);
	/* One batch that waited a second for something else. */
	pace_note(&p, BATCH, 1000000);
	assert_true(pace_batch(&p, BATCH) < BATCH);
	run(&p, 5, 40);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
}

static void test_stuck(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	assert_false(pace_is_known(&p));
	assert_int_equal(pace_stuck_us(&p), 10000000);
	run(&p, 20, 40);
	assert_true(pace_is_known(&p));
	assert_int_equal(pace_stuck_us(&p), 2000000);
	run(&p, 20, 40000);
	assert_int_equal(pace_stuck_us(&p), 2000000);
	run(&p, 20, 500000);
	assert_in_range(pace_stuck_us(&p), 4900000, 5000000);
	/* Who was stuck for a minute is not given ten the next time. */
	pace_note(&p, 1, 60000000);
	assert_true(pace_stuck_us(&p) <= 10000000);
}

static void test_nothing_done(void **state)
{
	struct pace p;
	unsigned int before;

	(void)state;
	pace_init(&p);
	before = pace_batch(&p, BATCH);
	pace_note(&p, 0, 1000000);
	pace_note(&p, 1, -5);
	assert_int_equal(pace_batch(&p, BATCH), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),    cmocka_unit_test(test_slow),
		cmocka_unit_test(test_middle),   cmocka_unit_test(test_fast),
		cmocka_unit_test(test_recovers), cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_nothing_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

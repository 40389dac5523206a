/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "daemon/work/pace.h"

#define BATCH 32
#define RING 1024

/* Runs @n batches of the size that pace allows. The NIC takes @us for a flow, and the machine
 * takes @fixed_us more for each batch. */
static void run_busy(struct pace *p, unsigned int n, unsigned int us, unsigned int fixed_us)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int flows = pace_batch(p, BATCH);

		pace_note(p, flows, (int64_t)flows * us + fixed_us);
	}
}

static void run(struct pace *p, unsigned int n, unsigned int us)
{
	run_busy(p, n, us, 0);
}

static void test_first_batch(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	/* At first, neither one flow at a time nor a second of work at once. */
	assert_in_range(pace_batch(&p, BATCH), 2, 8);
	assert_in_range(pace_room(&p, RING), 4, 16);
}

static void test_slow_nic(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 5, 40000);
	assert_int_equal(pace_batch(&p, BATCH), 2);
	assert_in_range(pace_room(&p, RING), 4, 10);
	run(&p, 5, 200000);
	assert_int_equal(pace_batch(&p, BATCH), 1);
	/* No driver is so slow that all work stops. */
	run(&p, 50, 2000000000);
	assert_int_equal(pace_batch(&p, BATCH), 1);
	assert_int_equal(pace_room(&p, RING), 2);
}

static void test_medium_nic(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 30, 5000);
	assert_in_range(pace_batch(&p, BATCH), 16, 30);
	assert_in_range(pace_room(&p, RING), 60, 100);
}

static void test_fast_nic(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 4, 40);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
	assert_int_equal(pace_room(&p, RING), RING);
	/* Batches that are too fast for the clock. */
	run(&p, 40, 0);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
}

/* Waiting for a CPU does not make batches smaller. */
static void test_busy_machine(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run_busy(&p, 12, 500, 60000);
	assert_int_equal(pace_batch(&p, BATCH), BATCH);
	assert_true(pace_room(&p, RING) >= 2 * BATCH);
}

static void test_becomes_slow(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p);
	run(&p, 20, 40);
	run(&p, 1, 40000);
	assert_in_range(pace_batch(&p, BATCH), 1, 4);
	run(&p, 8, 40);
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
	/* A call that was stuck for a minute does not raise the limit to ten minutes. */
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
		cmocka_unit_test(test_first_batch),  cmocka_unit_test(test_slow_nic),
		cmocka_unit_test(test_medium_nic), cmocka_unit_test(test_fast_nic),
		cmocka_unit_test(test_busy_machine),   cmocka_unit_test(test_becomes_slow),
		cmocka_unit_test(test_stuck),  cmocka_unit_test(test_nothing_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "daemon/admission/holdoff.h"

static struct holdoff h;
static mono_t now;

static int begin(void **state)
{
	(void)state;
	now = (mono_t){ 1000000000000 };
	holdoff_init(&h, now);
	return 0;
}

static void pass(int64_t ms)
{
	now = mono_add_ms(now, ms);
}

/* How long admission stays closed from now on; 0 = it may open. */
static int64_t rest_ms(void)
{
	return mono_before(now, holdoff_end(&h)) ? mono_diff_ms(holdoff_end(&h), now) : 0;
}

static void commit(int64_t closed_ms)
{
	holdoff_commit(&h, now, closed_ms);
}

static void single_commits_cost_no_time(void **state)
{
	(void)state;
	assert_int_equal(rest_ms(), 0);
	for (unsigned int i = 0; i < 20; i++) {
		commit(0);
		assert_int_equal(rest_ms(), 0);
		pass(2000);
	}
}

static void third_commit_of_a_burst_begins_a_quiet_time(void **state)
{
	(void)state;
	commit(0);
	commit(0);
	assert_int_equal(rest_ms(), 0);
	commit(0);
	assert_int_equal(rest_ms(), 200);
	pass(100);
	commit(0);
	assert_int_equal(rest_ms(), 200);
}

static void quiet_time_grows_with_the_burst_up_to_a_limit(void **state)
{
	int64_t last = 0, longest = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		commit(0);
		assert_true(rest_ms() >= last);
		last = rest_ms();
		longest = last > longest ? last : longest;
	}
	assert_int_equal(longest, 1600);
	pass(2000);
	commit(0);
	assert_int_equal(rest_ms(), 0);
}

/* So that a program that commits all the time cannot keep admission closed for ever. */
static void long_closed_admission_waits_only_the_shortest_quiet_time(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 50; i++)
		commit(0);
	assert_int_equal(rest_ms(), 1600);
	commit(10000);
	assert_int_equal(rest_ms(), 1600);
	commit(10001);
	assert_int_equal(rest_ms(), 200);
}

static void repeated_loss_pauses_longer_each_time(void **state)
{
	static const int64_t expected[] = { 0, 500, 1000, 2000, 4000 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		holdoff_loss(&h, now);
		assert_int_equal(rest_ms(), expected[i]);
		assert_int_equal(h.losses, i);
		pass(rest_ms());
	}
	pass(10000);
	holdoff_loss(&h, now);
	assert_int_equal(rest_ms(), 0);
	assert_int_equal(h.losses, 0);
}

static void failures_pause_longer_until_a_success(void **state)
{
	(void)state;
	holdoff_failure(&h, now);
	assert_int_equal(rest_ms(), 250);
	pass(250);
	holdoff_failure(&h, now);
	assert_int_equal(rest_ms(), 500);
	for (unsigned int i = 0; i < 30; i++)
		holdoff_failure(&h, now);
	assert_int_equal(rest_ms(), 60000);
	pass(60000);
	holdoff_success(&h);
	assert_int_equal(rest_ms(), 0);
	holdoff_failure(&h, now);
	assert_int_equal(rest_ms(), 250);
}

/* A short pause does not end a longer one. */
static void longer_pause_counts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		holdoff_failure(&h, now);
	assert_int_equal(rest_ms(), 8000);
	holdoff_loss(&h, now);
	pass(10);
	holdoff_loss(&h, now);
	assert_int_equal(rest_ms(), 7990);
	commit(0);
	assert_int_equal(rest_ms(), 7990);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(single_commits_cost_no_time),
		TEST(third_commit_of_a_burst_begins_a_quiet_time),
		TEST(quiet_time_grows_with_the_burst_up_to_a_limit),
		TEST(long_closed_admission_waits_only_the_shortest_quiet_time),
		TEST(repeated_loss_pauses_longer_each_time),
		TEST(failures_pause_longer_until_a_success),
		TEST(longer_pause_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <pthread.h>
#include <string.h>

#include "base/counter.h"
#include "base/util.h"

COUNTER(ct_test_b, "second by name");
COUNTER(ct_test_a, "first by name");

static struct counter table[] = {
	{ .name = "ct_test_c", .help = "registered at run time" },
};

static void registers_itself(void **state UNUSED)
{
	assert_ptr_equal(counter_find("ct_test_a"), &ct_test_a);
	assert_string_equal(counter_find("ct_test_b")->help, "second by name");
	assert_null(counter_find("ct_test_nobody"));
	counter_register(&table[0]);
	assert_ptr_equal(counter_find("ct_test_c"), &table[0]);
}

static void lists_by_name(void **state UNUSED)
{
	const struct counter *last = NULL;
	unsigned int seen = 0;

	for (const struct counter *counter = counter_next(NULL); counter;
	     counter = counter_next(counter)) {
		if (last)
			assert_true(strcmp(last->name, counter->name) < 0);
		last = counter;
		seen += strncmp(counter->name, "ct_test_", 8) == 0;
	}
	assert_int_equal(seen, 3);
}

static void *count_much(void *ctx)
{
	for (int i = 0; i < 10000; i++)
		counter_inc(ctx);
	return NULL;
}

static void counts_from_any_thread(void **state UNUSED)
{
	pthread_t threads[2];

	assert_int_equal(counter_read(&ct_test_b), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_much, &ct_test_b), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	counter_add(&ct_test_b, 5);
	assert_int_equal(counter_read(&ct_test_b), 20005);
	assert_int_equal(counter_read(&ct_test_a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_itself),
		cmocka_unit_test(lists_by_name),
		cmocka_unit_test(counts_from_any_thread),
	};

	return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that markpass calls are here: the engine's input, the queue of the mark cleaner,
 * and the fence. The tests answer jobs and pass fences themselves.
 */
#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/admission/markpass.h"
#include "fake/fakeloop.h"

#define VALUE 0x20000000
#define BITS  0x60000000

static struct loop *loop;
static struct markpass *pass;

/* What the engine was told: "+N" for a change with that number, "=N" for one that is settled, and
 * the number of elements, or "all". */
static char told[256];
static struct markcleaner_job job; /* the one that the cleaner has; type 255: none */
static unsigned int n_jobs;
static void (*fence)(void *ctx);
static void *fence_ctx;
static int fence_err;

void dispatch_feed(struct dispatch *dispatch UNUSED, const struct event *ev)
{
	size_t n = strlen(told);

	if (ev->type == EVENT_RULESET_SETTLED)
		snprintf(told + n, sizeof(told) - n, " =%u", ev->change);
	else if (ev->ruleset.everything)
		snprintf(told + n, sizeof(told) - n, " +%u:all", ev->ruleset.change);
	else
		snprintf(told + n, sizeof(told) - n, " +%u:%u", ev->ruleset.change,
			 ev->ruleset.n_elems);
}

bool markcleaner_push(struct markcleaner *cleaner UNUSED, const struct markcleaner_job *new)
{
	assert_int_equal(job.type, 255);
	job = *new;
	n_jobs++;
	return true;
}

int ingest_fence(struct ingest *in UNUSED, void (*fn)(void *ctx), void *ctx)
{
	if (fence_err)
		return fence_err;
	assert_null(fence);
	fence = fn;
	fence_ctx = ctx;
	return 0;
}

static void no_job(void)
{
	job = (struct markcleaner_job){ .type = 255 };
}

static int setup(void **state UNUSED)
{
	fakeloop_reset();
	told[0] = '\0';
	no_job();
	n_jobs = 0;
	fence = NULL;
	fence_err = 0;
	loop = loop_new();
	if (!loop || markpass_new(loop, NULL, NULL, NULL, &pass))
		return -1;
	markpass_set_marks(pass, VALUE, BITS);
	return 0;
}

static int teardown(void **state UNUSED)
{
	free(job.elem);
	markpass_free(pass);
	loop_free(loop);
	return 0;
}

static void expect_told(const char *text)
{
	assert_string_equal(told, text);
	told[0] = '\0';
}

/* A change of @n elements, the first of which has the port @first. */
static void add(unsigned int first, unsigned int n)
{
	static struct setelem elem[MARKCLEANER_ELEMS + 1];

	for (unsigned int i = 0; i < n; i++) {
		elem[i] = (struct setelem){ .n_fields = 1 };
		elem[i].field[0] = (struct setelem_field){ .kind = SETELEM_PORT, .len = 2 };
		elem[i].field[0].lo[1] = (uint8_t)(first + i);
	}
	markpass_add(pass, false, elem, n);
}

static void add_everything(void)
{
	markpass_add(pass, true, NULL, 0);
}

static void expect_job(unsigned int n_elems, unsigned int first)
{
	assert_int_equal(job.type, MARKCLEANER_CHANGE);
	assert_int_equal(job.value, VALUE);
	assert_int_equal(job.bits, BITS);
	assert_int_equal(job.n_elems, n_elems);
	if (n_elems)
		assert_int_equal(job.elem[0].field[0].lo[1], first);
	else
		assert_null(job.elem);
	assert_false(markpass_is_idle(pass));
}

static void answer(int err)
{
	struct markcleaner_done done = { .job = job, .err = { .err = err } };

	assert_int_equal(job.type, MARKCLEANER_CHANGE);
	no_job();
	markpass_done(pass, &done);
}

static void pass_fence(void)
{
	void (*fn)(void *ctx) = fence;

	assert_non_null(fn);
	fence = NULL;
	fn(fence_ctx);
}

/* Lets time pass until a pass begins. False if none does in this time. */
static bool begins_within(unsigned int ms)
{
	unsigned int before = n_jobs;

	for (unsigned int i = 0; i < ms && n_jobs == before; i++)
		fakeloop_pass(loop, 1);
	return n_jobs > before;
}

static void a_change_is_told_cleared_and_settled(void **state UNUSED)
{
	assert_true(markpass_is_idle(pass));
	add(1, 2);
	expect_told(" +1:2");
	expect_job(2, 1);
	answer(0);
	expect_told("");
	assert_false(markpass_is_idle(pass));
	pass_fence();
	expect_told(" =1");
	assert_true(markpass_is_idle(pass));
	assert_int_equal(job.type, 255);
}

static void everything_needs_no_elements(void **state UNUSED)
{
	add_everything();
	expect_told(" +1:all");
	expect_job(0, 0);
	answer(0);
	pass_fence();
	expect_told(" =1");
	assert_true(markpass_is_idle(pass));
}

/* The pass may have been beyond the connections that a change during it concerns. */
static void changes_during_a_pass_wait_for_the_next(void **state UNUSED)
{
	add(1, 1);
	add(2, 1);
	answer(0);
	add(3, 1);
	expect_told(" +1:1 +2:1 +3:1");
	pass_fence();
	expect_told(" =1");
	expect_job(2, 2);
	answer(0);
	pass_fence();
	expect_told(" =3");
	assert_true(markpass_is_idle(pass));
}

static void everything_during_a_pass_waits_as_well(void **state UNUSED)
{
	add_everything();
	add_everything();
	answer(0);
	pass_fence();
	expect_told(" +1:all +2:all =1");
	expect_job(0, 0);
	add(1, 1);
	answer(0);
	pass_fence();
	expect_told(" +3:1 =2");
	expect_job(1, 1);
	answer(0);
	pass_fence();
	assert_true(markpass_is_idle(pass));
}

static void too_many_elements_are_everything(void **state UNUSED)
{
	add(1, 1);
	add(2, MARKCLEANER_ELEMS - 1);
	answer(0);
	pass_fence();
	expect_job(MARKCLEANER_ELEMS - 1, 2);
	add(3, 2);
	answer(0);
	pass_fence();
	expect_job(0, 0);
	answer(0);
	pass_fence();
	assert_true(markpass_is_idle(pass));
	/* The elements are gone as well, so there is room again. */
	add(1, MARKCLEANER_ELEMS);
	expect_job(MARKCLEANER_ELEMS, 1);
}

/* A pass of 100 ms, with its fence, is followed by a pause of 900 ms. */
static void passes_take_a_tenth_of_the_time(void **state UNUSED)
{
	add(1, 1);
	fakeloop_add_us(60000);
	fakeloop_settle(loop);
	answer(0);
	fakeloop_add_us(40000);
	fakeloop_settle(loop);
	pass_fence();
	assert_false(begins_within(300));
	add(2, 1);
	expect_told(" +1:1 =1 +2:1");
	assert_false(begins_within(598));
	assert_true(begins_within(4));
	answer(0);
	pass_fence();
	expect_told(" =2");
	/* It took no time, so the next one need not wait. */
	add(3, 1);
	expect_job(1, 3);
}

static void a_pass_that_fails_is_repeated(void **state UNUSED)
{
	static const unsigned int pause[] = { 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	add(1, 1);
	for (unsigned int i = 0; i < array_size(pause); i++) {
		answer(-EIO);
		expect_told(i ? "" : " +1:1");
		assert_false(markpass_is_idle(pass));
		assert_false(begins_within(pause[i] - 1));
		assert_true(begins_within(3));
		expect_job(1, 1);
	}
	/* One that came meanwhile is in the next attempt. */
	add(2, 1);
	answer(-EIO);
	assert_true(begins_within(60010));
	expect_job(2, 1);
	answer(0);
	pass_fence();
	expect_told(" +2:1 =2");
	assert_true(markpass_is_idle(pass));
	/* After a success, the pauses begin anew. */
	add(3, 1);
	answer(-EIO);
	assert_true(begins_within(252));
}

static void a_fence_that_fails_is_a_failure(void **state UNUSED)
{
	add(1, 1);
	fence_err = -ENOMEM;
	answer(0);
	fence_err = 0;
	expect_told(" +1:1");
	assert_true(begins_within(252));
	expect_job(1, 1);
	answer(0);
	pass_fence();
	expect_told(" =1");
}

/* The epoch was closed: the engine has forgotten the changes. */
static void what_is_forgotten_needs_no_pass(void **state UNUSED)
{
	add(1, 1);
	add(2, 1);
	add_everything();
	markpass_forget(pass);
	assert_false(markpass_is_idle(pass));
	add(9, 1);
	answer(0);
	pass_fence();
	expect_told(" +1:1 +2:1 +3:all +4:1 =1");
	/* The change after that is not part of the pass. */
	expect_job(1, 9);
	markpass_forget(pass);
	answer(-EIO);
	assert_true(markpass_is_idle(pass));
	assert_false(begins_within(100000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_change_is_told_cleared_and_settled),
		TEST(everything_needs_no_elements),
		TEST(changes_during_a_pass_wait_for_the_next),
		TEST(everything_during_a_pass_waits_as_well),
		TEST(too_many_elements_are_everything),
		TEST(passes_take_a_tenth_of_the_time),
		TEST(a_pass_that_fails_is_repeated),
		TEST(a_fence_that_fails_is_a_failure),
		TEST(what_is_forgotten_needs_no_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

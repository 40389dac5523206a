/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <poll.h>
#include <semaphore.h>

#include "daemon/admission/jobthread.h"

struct job {
	int number;
};

struct done {
	int number, twice, untouched;
};

/* Shared with the thread. */
static struct {
	sem_t may_run;	/* one post for each job that may be executed */
	sem_t is_long;	/* posted when the long job runs */
	bool ended_early;
} shared;

static int n_dropped; /* main thread: jobthread_stop() calls drop() there */
static struct jobthread *thread;

#define LONG_JOB 1000

static void run(void *ctx, const void *job, void *ret_done)
{
	struct done *done = ret_done;
	int number = ((const struct job *)job)->number;

	assert_ptr_equal(ctx, &shared);
	if (number == LONG_JOB) {
		sem_post(&shared.is_long);
		while (!jobthread_is_stopping(thread))
			poll(NULL, 0, 1);
		shared.ended_early = true;
		return;
	}
	sem_wait(&shared.may_run);
	done->number = number;
	done->twice = 2 * number;
}

static void drop(void *job)
{
	n_dropped += ((struct job *)job)->number;
}

static const struct jobthread_kind kind = { "test", sizeof(struct job), sizeof(struct done), run, drop };

static int begin(void **state)
{
	(void)state;
	n_dropped = 0;
	shared.ended_early = false;
	sem_init(&shared.may_run, 0, 0);
	sem_init(&shared.is_long, 0, 0);
	return jobthread_start(&kind, &shared, &thread);
}

static void push(int number)
{
	struct job job = { number };

	assert_true(jobthread_push(thread, &job));
}

static struct done wait_for_answer(void)
{
	struct pollfd fd = { .fd = jobthread_fd(thread), .events = POLLIN };
	struct done done;

	while (!jobthread_pop(thread, &done)) {
		assert_int_equal(poll(&fd, 1, 60000), 1);
		jobthread_woken(thread);
	}
	return done;
}

static void jobs_are_answered_in_order(void **state)
{
	(void)state;
	for (int i = 1; i <= 5; i++)
		push(i);
	for (int i = 1; i <= 5; i++) {
		struct done done;

		sem_post(&shared.may_run);
		done = wait_for_answer();
		assert_int_equal(done.number, i);
		assert_int_equal(done.twice, 2 * i);
		assert_int_equal(done.untouched, 0);
	}
	jobthread_stop(thread);
	assert_int_equal(n_dropped, 0);
}

/* A job counts until its answer is popped. */
static void number_of_jobs_is_limited(void **state)
{
	struct job job = { 1 };

	(void)state;
	for (unsigned int i = 0; i < JOBTHREAD_JOBS; i++) {
		push(1);
		sem_post(&shared.may_run);
	}
	assert_false(jobthread_push(thread, &job));
	wait_for_answer();
	push(1);
	assert_false(jobthread_push(thread, &job));
	sem_post(&shared.may_run);
	for (unsigned int i = 0; i < JOBTHREAD_JOBS; i++)
		wait_for_answer();
	jobthread_stop(thread);
}

static void stop_ends_a_long_job_and_drops_the_others(void **state)
{
	(void)state;
	push(LONG_JOB);
	push(3);
	push(4);
	sem_wait(&shared.is_long);
	jobthread_stop(thread);
	assert_true(shared.ended_early);
	assert_int_equal(n_dropped, 7);
}

static void stop_without_jobs(void **state)
{
	(void)state;
	jobthread_stop(thread);
	jobthread_stop(NULL);
	assert_int_equal(n_dropped, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_are_answered_in_order),
		TEST(number_of_jobs_is_limited),
		TEST(stop_ends_a_long_job_and_drops_the_others),
		TEST(stop_without_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

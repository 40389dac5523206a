/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/ds/ring.h"
#include "base/util.h"

/* Elements are larger than a word, so the tests notice a torn copy. */
struct elem {
	uint64_t number;
	uint64_t square;
	char odd[5];
};

static struct elem elem_of(uint64_t number)
{
	return (struct elem){ .number = number, .square = number * number, .odd = "ring" };
}

static bool is_readable(const struct ring *ring)
{
	struct pollfd pfd = { .fd = ring_fd(ring), .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static bool push(struct ring *ring, uint64_t number)
{
	struct elem elem = elem_of(number);

	return ring_push(ring, &elem);
}

static void refuses_bad_arguments(void **state UNUSED)
{
	struct ring ring = { 0 };

	ring_fini(&ring);
	assert_int_equal(ring_init(&ring, 0, 4), -EINVAL);
	assert_int_equal(ring_init(&ring, 4, 0), -EINVAL);
	assert_int_equal(ring_init(&ring, 4, RING_CAPACITY_MAX + 1), -EINVAL);
	assert_int_equal(ring_init(&ring, SIZE_MAX / 2, 4), -ENOMEM);
}

static void keeps_order_and_capacity(void **state UNUSED)
{
	struct elem elem;
	struct ring ring;
	uint64_t next_in = 0;
	uint64_t next_out = 0;

	/* The capacity is exactly the requested one, even if that is not a power of two. */
	assert_int_equal(ring_init(&ring, sizeof(elem), 5), 0);
	assert_int_equal(ring_capacity(&ring), 5);
	assert_false(ring_pop(&ring, &elem));
	for (int round = 0; round < 100; round++) {
		while (push(&ring, next_in))
			next_in++;
		assert_int_equal(next_in - next_out, 5);
		assert_int_equal(ring_peek_count(&ring), 5);
		for (int i = 0; i < 1 + round % 5; i++) {
			assert_true(ring_pop(&ring, &elem));
			assert_int_equal(elem.number, next_out);
			assert_int_equal(elem.square, next_out * next_out);
			next_out++;
		}
		assert_int_equal(ring_peek_count(&ring), next_in - next_out);
	}
	ring_fini(&ring);
}

static void wakes_only_an_armed_reader(void **state UNUSED)
{
	struct elem elem;
	struct ring ring;

	assert_int_equal(ring_init(&ring, sizeof(elem), 8), 0);
	assert_true(push(&ring, 1));
	ring_wake(&ring);
	assert_false(is_readable(&ring));
	assert_false(ring_arm(&ring));
	assert_true(ring_pop(&ring, &elem));
	assert_true(ring_arm(&ring));
	/* Nothing to wake the reader for. */
	ring_wake(&ring);
	assert_false(is_readable(&ring));
	assert_true(push(&ring, 2));
	assert_true(push(&ring, 3));
	assert_false(is_readable(&ring));
	ring_wake(&ring);
	assert_true(is_readable(&ring));
	ring_disarm(&ring);
	assert_false(is_readable(&ring));
	assert_true(push(&ring, 4));
	ring_wake(&ring);
	assert_false(is_readable(&ring));
	ring_fini(&ring);
}

/* One sleep costs one write, for any number of elements and calls. */
static void wakes_once(void **state UNUSED)
{
	struct ring ring;
	uint64_t count;

	assert_int_equal(ring_init(&ring, sizeof(struct elem), 8), 0);
	assert_true(ring_arm(&ring));
	for (uint64_t number = 0; number < 8; number++) {
		assert_true(push(&ring, number));
		ring_wake(&ring);
	}
	assert_int_equal(read(ring_fd(&ring), &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	ring_fini(&ring);
}

static void disarm_cancels_the_wake_up(void **state UNUSED)
{
	struct ring ring;

	assert_int_equal(ring_init(&ring, sizeof(struct elem), 8), 0);
	assert_true(ring_arm(&ring));
	ring_disarm(&ring);
	ring_disarm(&ring);
	assert_true(push(&ring, 1));
	ring_wake(&ring);
	assert_false(is_readable(&ring));
	ring_fini(&ring);
}

#define STRESS_ELEMS 200000u

static void *write_all(void *ctx)
{
	struct ring *ring = ctx;

	for (uint64_t number = 0; number < STRESS_ELEMS;) {
		bool is_full = !push(ring, number);

		if (!is_full)
			number++;
		/* Several elements share a wake-up. Pause at times, to let the reader go to sleep. */
		if (is_full || number % 3 == 0 || number == STRESS_ELEMS)
			ring_wake(ring);
		if (is_full || number % 1000 == 0)
			sched_yield();
	}
	return NULL;
}

/* The reader follows ring.h. If a wake-up is lost, poll() times out. */
static void loses_nothing_between_threads(void **state UNUSED)
{
	struct ring ring;
	pthread_t writer;
	uint64_t next = 0;
	unsigned int sleeps = 0;

	assert_int_equal(ring_init(&ring, sizeof(struct elem), 64), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_all, &ring), 0);
	while (next < STRESS_ELEMS) {
		struct pollfd pfd = { .fd = ring_fd(&ring), .events = POLLIN };
		struct elem elem;

		for (int budget = 40; budget > 0 && ring_pop(&ring, &elem); budget--) {
			assert_int_equal(elem.number, next);
			assert_int_equal(elem.square, next * next);
			assert_string_equal(elem.odd, "ring");
			next++;
		}
		if (next == STRESS_ELEMS || !ring_arm(&ring))
			continue;
		sleeps++;
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		ring_disarm(&ring);
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(ring_peek_count(&ring), 0);
	printf("# reader slept %u times\n", sleeps);
	ring_fini(&ring);
}

static void *ping_back(void *ctx)
{
	struct ring *rings = ctx;

	for (uint64_t done = 0; done < 20000;) {
		struct pollfd pfd = { .fd = ring_fd(&rings[0]), .events = POLLIN };
		struct elem elem;

		while (ring_pop(&rings[0], &elem)) {
			assert_true(push(&rings[1], elem.number));
			ring_wake(&rings[1]);
			done++;
		}
		if (!ring_arm(&rings[0]) || done == 20000)
			continue;
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		ring_disarm(&rings[0]);
	}
	return NULL;
}

/* Both threads sleep after each element, so each lost wake-up makes poll() time out. */
static void wakes_every_time(void **state UNUSED)
{
	struct ring rings[2];
	pthread_t other;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(ring_init(&rings[i], sizeof(struct elem), 1), 0);
		assert_true(ring_arm(&rings[i]));
	}
	ring_disarm(&rings[0]);
	assert_int_equal(pthread_create(&other, NULL, ping_back, rings), 0);
	for (uint64_t number = 0; number < 20000; number++) {
		struct pollfd pfd = { .fd = ring_fd(&rings[1]), .events = POLLIN };
		struct elem elem;

		assert_true(push(&rings[0], number));
		ring_wake(&rings[0]);
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		ring_disarm(&rings[1]);
		assert_true(ring_pop(&rings[1], &elem));
		assert_int_equal(elem.number, number);
		assert_true(ring_arm(&rings[1]));
	}
	assert_int_equal(pthread_join(other, NULL), 0);
	ring_fini(&rings[0]);
	ring_fini(&rings[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_arguments),
		cmocka_unit_test(keeps_order_and_capacity),
		cmocka_unit_test(wakes_only_an_armed_reader),
		cmocka_unit_test(wakes_once),
		cmocka_unit_test(disarm_cancels_the_wake_up),
		cmocka_unit_test(loses_nothing_between_threads),
		cmocka_unit_test(wakes_every_time),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

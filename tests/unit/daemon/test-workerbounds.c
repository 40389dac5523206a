/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounds of a worker: full rings, calls that do not return from the kernel, start and end.
 */
#include "unit/unit.h"

#include "unit/workerfixture.h"

#define FIRST_ROOM 8
/* Answers that the ring holds: those of both rings, and of two batches. */
#define UNDER_WAY (WORKER_INSTALLS + WORKER_REMOVALS + 64)

/* -- bounds --------------------------------------------------------------- */

static unsigned int fill(bool with_removals)
{
	unsigned int n = 0;

	while (worker_has_room(wf_worker, with_removals)) {
		wf_push(with_removals ? wf_removal_of(n) : wf_install_of(n));
		n++;
	}
	return n;
}

static void little_may_wait_before_the_nic_is_known(void **state UNUSED)
{
	wf_occupy();
	assert_int_equal(fill(false), FIRST_ROOM);
	/* The two rings do not share their room. */
	assert_int_equal(fill(true), FIRST_ROOM);
	assert_false(worker_has_room(wf_worker, false));
	fakesock_release();
	for (unsigned int i = 0; i < 1 + 2 * FIRST_ROOM; i++)
		wf_pop();
	assert_true(worker_has_room(wf_worker, false) && worker_has_room(wf_worker, true));
}

/* A flow takes 200 ms, so a batch has one flow, and two batches may wait. */
static void less_may_wait_for_a_slow_nic(void **state UNUSED)
{
	fakenet_fail(&(struct fakenet_fault){ .type = RTM_NEWTFILTER, .us = 100000 });
	for (unsigned int n = 0; n < 10; n++) {
		wf_push(wf_install_of(n));
		wf_pop_of(n, EVENT_INSTALL_DONE);
	}
	wf_occupy();
	assert_int_equal(fill(false), 2);
	assert_int_equal(fill(true), FIRST_ROOM);
}

/* The time of a batch is known when the next one has begun. */
static void learn_that_the_nic_is_fast(void)
{
	wf_push(wf_install_of(0));
	wf_pop();
	wf_push(wf_removal_of(0));
	wf_pop();
	wf_occupy();
	fakesock_release();
	wf_pop();
}

/* On a fast NIC the rings can be full to their last places. */
static void a_full_ring_takes_nothing_more(void **state UNUSED)
{
	learn_that_the_nic_is_fast();
	wf_occupy();
	assert_int_equal(fill(false), WORKER_INSTALLS);
	assert_int_equal(fill(true), WORKER_REMOVALS);
	assert_false(worker_has_room(wf_worker, false));
	assert_false(worker_has_room(wf_worker, true));
	fakesock_release();
	for (unsigned int i = 0; i < 1 + WORKER_INSTALLS + WORKER_REMOVALS; i++)
		wf_pop();
	wf_assert_no_answer();
	assert_true(worker_has_room(wf_worker, false) && worker_has_room(wf_worker, true));
}

/* Nobody reads: then no order is taken whose answer would find no room. */
static void answers_that_nobody_has_read_take_room(void **state UNUSED)
{
	unsigned int n, done;

	learn_that_the_nic_is_fast();
	done = fakesock_n_requests();
	/* Each removal is two requests; when they are executed the ring is empty. */
	for (n = 0; worker_has_room(wf_worker, true); n++) {
		wf_push(wf_removal_of(n));
		if (n % 1000 == 999)
			fakesock_wait_requests(done + 2 * (n + 1));
	}
	assert_int_equal(n, UNDER_WAY);
	fakesock_wait_requests(done + 2 * n);
	assert_false(worker_has_room(wf_worker, true));
	assert_false(worker_has_room(wf_worker, false));
	wf_pop();
	assert_true(worker_has_room(wf_worker, true));
	assert_true(worker_has_room(wf_worker, false));
	for (unsigned int i = 1; i < n; i++)
		wf_pop();
	wf_assert_no_answer();
}

/* -- the watchdog --------------------------------------------------------- */

#define UNKNOWN_US (10 * 1000 * 1000)
#define KNOWN_US (2 * 1000 * 1000)

static bool is_stuck_after(int64_t us, int64_t *ret_us)
{
	return worker_check_stuck(wf_worker, mono_add_us(mono_now(), us), ret_us);
}

static void a_worker_that_does_not_return_is_stuck(void **state UNUSED)
{
	int64_t us = -1;

	wf_occupy();
	/* One look is no proof: the machine may have stood still. */
	for (unsigned int i = 0; i < 3; i++)
		assert_false(is_stuck_after(UNKNOWN_US + 1, &us));
	assert_int_equal(us, -1);
	assert_true(is_stuck_after(UNKNOWN_US + 1, &us));
	assert_int_equal(us, UNKNOWN_US + 1);
	/* The first rule may take long. */
	us = -1;
	assert_false(is_stuck_after(UNKNOWN_US, &us));
	assert_int_equal(us, -1);
	assert_true(is_stuck_after(2 * UNKNOWN_US, &us));
	fakesock_release();
	wf_pop();
	assert_false(is_stuck_after(2 * UNKNOWN_US, &us));
}

static void a_new_call_is_watched_from_its_beginning(void **state UNUSED)
{
	int64_t us;

	wf_push(wf_install_of(1));
	wf_pop();
	wf_occupy();
	for (unsigned int i = 0; i < 3; i++)
		assert_false(is_stuck_after(KNOWN_US + 1, &us));
	fakesock_release();
	wf_pop();
	/* Nobody looks between the two calls; the second began at another time. */
	fakeloop_add_us(1000);
	wf_occupy();
	for (unsigned int i = 0; i < 3; i++)
		assert_false(is_stuck_after(KNOWN_US + 1, &us));
	assert_true(is_stuck_after(KNOWN_US + 1, &us));
	fakesock_release();
	wf_pop();
}

static void a_worker_can_be_stuck_in_conntrack(void **state UNUSED)
{
	int64_t us;

	fakesock_hold(NETLINK_NETFILTER, 0, 1);
	wf_push(wf_install_of(1));
	fakesock_wait_held(1);
	for (unsigned int i = 0; i < 3; i++)
		assert_false(is_stuck_after(UNKNOWN_US + 1, &us));
	assert_true(is_stuck_after(UNKNOWN_US + 1, &us));
	fakesock_release();
	wf_pop();
}

/* Removals that take a second: ten times that is no sign of a loop. */
static void the_slower_of_both_paces_counts(void **state UNUSED)
{
	int64_t us;

	wf_push(wf_install_of(1));
	wf_pop();
	fakenet_fail(&(struct fakenet_fault){ .type = RTM_DELTFILTER, .us = 300000, .times = 20 });
	for (unsigned int i = 0; i < 10; i++) {
		wf_push(wf_removal_of(5));
		wf_pop();
	}
	wf_occupy();
	for (unsigned int i = 0; i < 5; i++)
		assert_false(is_stuck_after(5900 * 1000, &us));
	assert_true(is_stuck_after(6100 * 1000, &us));
	fakesock_release();
	wf_pop();
}

static void the_devices_of_a_batch_are_known(void **state UNUSED)
{
	struct order o = wf_removal_of(1);
	uint32_t dev[WORKER_DEVICES];

	assert_int_equal(worker_devices(wf_worker, dev), 0);
	wf_push(wf_install_of(1));
	wf_pop();
	assert_int_equal(worker_devices(wf_worker, dev), 2);
	assert_int_equal(dev[0], WF_IN);
	assert_int_equal(dev[1], WF_OUT);
	/* The first four that differ, while the worker is in the kernel. */
	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 2);
	wf_push(o);
	fakesock_wait_held(1);
	for (unsigned int i = 0; i < 3; i++) {
		o.remove.where[DIR_ORIG].ifindex = 10 + i;
		o.remove.where[DIR_REPLY].ifindex = 11 + i;
		wf_push(o);
	}
	o.remove.where[DIR_REPLY].ifindex = 14;
	wf_push(o);
	fakesock_let_go();
	fakesock_wait_held(1);
	assert_int_equal(worker_devices(wf_worker, dev), WORKER_DEVICES);
	for (unsigned int i = 0; i < WORKER_DEVICES; i++)
		assert_int_equal(dev[i], 10 + i);
	fakesock_release();
	for (unsigned int i = 0; i < 5; i++)
		wf_pop();
}

static void the_device_of_a_single_order_is_known(void **state UNUSED)
{
	struct order o = wf_port_order(ORDER_PORT_OPEN);
	uint32_t dev[WORKER_DEVICES];

	o.port.ifindex = 21;
	wf_push(o);
	wf_pop();
	assert_int_equal(worker_devices(wf_worker, dev), 1);
	assert_int_equal(dev[0], 21);
	o = (struct order){ .type = ORDER_BARRIER };
	o.barrier.ifindex = 22;
	wf_push(o);
	wf_pop();
	assert_int_equal(worker_devices(wf_worker, dev), 1);
	assert_int_equal(dev[0], 22);
	o = (struct order){ .type = ORDER_PROBE };
	o.probe.in = 23;
	wf_push(o);
	wf_pop();
	assert_int_equal(worker_devices(wf_worker, dev), 1);
	assert_int_equal(dev[0], 23);
	o = wf_move_of(1);
	o.move.rule[DIR_REPLY].ifindex = 24;
	wf_push(o);
	wf_pop();
	assert_int_equal(worker_devices(wf_worker, dev), 2);
	assert_int_equal(dev[1], 24);
}

/* -- start and end -------------------------------------------------------- */

static void events_of_own_changes_can_be_recognised(void **state UNUSED)
{
	wf_push(wf_install_of(1));
	wf_pop();
	assert_int_equal(worker_ct_portid(wf_worker), fakesock_request(0)->portid);
	assert_int_not_equal(worker_ct_portid(wf_worker), fakesock_request(1)->portid);
}

static void a_worker_that_is_asked_ends_after_its_batch(void **state UNUSED)
{
	unsigned int n;

	wf_occupy();
	wf_push(wf_removal_of(1));
	wf_push(wf_install_of(2));
	worker_ask_to_stop(wf_worker);
	fakesock_release();
	wf_pop_of(WF_OTHER, EVENT_REMOVE_DONE);
	assert_true(worker_stop(wf_worker, -1));
	n = fakesock_n_requests();
	assert_int_equal(n, 2);
	assert_int_equal(worker_start(WF_NUMBER, &wf_worker), 0);
}

/* Orders of one type that follow each other are one batch; a change of the type ends it. */
static void a_worker_ends_between_orders_of_two_types(void **state UNUSED)
{
	unsigned int n_sent;

	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 2);
	wf_push(wf_removal_of(WF_OTHER));
	fakesock_wait_held(1);
	for (unsigned int n = 0; n < 4; n++)
		wf_push(n % 2 ? wf_move_of(n) : wf_removal_of(n));
	fakesock_let_go();
	wf_pop_of(WF_OTHER, EVENT_REMOVE_DONE);
	/* It is in the kernel with the first of the four. */
	fakesock_wait_held(1);
	worker_ask_to_stop(wf_worker);
	fakesock_release();
	wf_pop_of(0, EVENT_REMOVE_DONE);
	assert_true(worker_stop(wf_worker, -1));
	n_sent = fakesock_n_requests();
	assert_int_equal(worker_start(WF_NUMBER, &wf_worker), 0);
	/* Two requests for WF_OTHER, and two for the first of the four. */
	assert_int_equal(n_sent, 4);
}

/* The thread cannot be ended, and what it uses must stay until it returns. */
static void a_worker_in_the_kernel_is_left_behind(void **state UNUSED)
{
	wf_occupy();
	assert_false(worker_stop(wf_worker, 0));
	assert_int_equal(fakesock_n_open(), 2);
	wf_left_behind = wf_worker;
	fakesock_release();
	/* It still works; only its last answer shows that it has come back. */
	wf_pop_of(WF_OTHER, EVENT_REMOVE_DONE);
	assert_int_equal(worker_start(WF_NUMBER, &wf_worker), 0);
}

static void a_failed_start_leaves_nothing(void **state UNUSED)
{
	struct worker *other = NULL;
	unsigned int n = fakesock_n_open();

	fakesock_fail_open(1, -EMFILE);
	assert_int_equal(worker_start(0, &other), -EMFILE);
	fakesock_fail_open(2, -EPERM);
	assert_int_equal(worker_start(0, &other), -EPERM);
	assert_null(other);
	assert_int_equal(fakesock_n_open(), n);
	assert_true(worker_stop(NULL, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wf_setup, wf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(little_may_wait_before_the_nic_is_known),
		TEST(less_may_wait_for_a_slow_nic),
		TEST(a_full_ring_takes_nothing_more),
		TEST(answers_that_nobody_has_read_take_room),
		TEST(a_worker_that_does_not_return_is_stuck),
		TEST(a_new_call_is_watched_from_its_beginning),
		TEST(a_worker_can_be_stuck_in_conntrack),
		TEST(the_slower_of_both_paces_counts),
		TEST(the_devices_of_a_batch_are_known),
		TEST(the_device_of_a_single_order_is_known),
		TEST(events_of_own_changes_can_be_recognised),
		TEST(a_worker_that_is_asked_ends_after_its_batch),
		TEST(a_worker_ends_between_orders_of_two_types),
		TEST(a_worker_in_the_kernel_is_left_behind),
		TEST(a_failed_start_leaves_nothing),
	};

	return cmocka_run_group_tests_name("workerbounds", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a barrier when its device goes, and what the barrier leaves behind: nothing.
 */
#include "unit/unit.h"

#include <errno.h>

#include "unit/barrierfixture.h"

static void a_barrier_goes_with_its_device(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_lose_link(3);
	assert_int_equal(rig.engine->n_barriers, 1);
	bf_expect_none();
	bf_unbar(1, BF_MANY);
	bf_end_walk(WALK_PATH);
	bf_expect(2, false);
	bf_expect_none();
	/* While the other one is on its way down. */
	bf_lose_link(2);
	assert_int_equal(rig.engine->n_barriers, 0);
	bf_answer(2, false, 0);
	bf_answer(3, false, -ENODEV);
	assert_int_equal(rig.engine->n_barriers, 0);
	bf_expect_none();
}

/* The next device of that number is another one: the answer is not for it. */
static void a_late_answer_is_not_for_the_next_device(void **state UNUSED)
{
	static const int errs[] = { 0, -ENODEV };

	for (unsigned int i = 0; i < array_size(errs); i++) {
		struct slab_ref link;

		bf_bar(1, BF_MANY);
		bf_expect(2, true);
		link = bf_expect(3, true).barrier.link;
		bf_lose_link(3);
		assert_int_equal(rig.engine->n_barriers, 1);
		rf_add_net(3);
		bf_answer_device(3, link, true, errs[i]);
		bf_expect_states(BARRIER_RAISING, BARRIER_NONE);
		assert_false(bf_port(3)->has_no_barrier);
		bf_answer(2, true, 0);
		bf_expect_counted(1, 0);
		rf_teardown(NULL);
		bf_setup(NULL);
	}
}

/* Not even if the next device waits for the answer to an order of the same kind. */
static void a_later_answer_is_not_for_the_next_device(void **state UNUSED)
{
	static const int errs[] = { 0, -ENODEV };
	struct slab_ref link;

	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	link = bf_expect(3, true).barrier.link;
	bf_answer(2, true, 0);
	bf_lose_link(3);
	rf_add_net(3);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig.is_held[FAKE_URGENT] = true;
	rig_settle(&rig);
	bf_expect_states(BARRIER_UP, BARRIER_RAISING);
	for (unsigned int i = 0; i < array_size(errs); i++) {
		bf_answer_device(3, link, true, errs[i]);
		bf_expect_states(BARRIER_UP, BARRIER_RAISING);
		assert_false(bf_port(3)->has_no_barrier);
	}
	bf_expect_counted(1, 0);
	bf_answer(3, true, -EOPNOTSUPP);
	bf_expect_states(BARRIER_UP, BARRIER_NONE);
	bf_expect_counted(0, 1);
}

/* The refusal was the driver's of that device. */
static void the_next_device_is_asked_anew(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_expect(2, true);
	bf_expect(3, true);
	bf_answer(2, true, 0);
	bf_answer(3, true, -EOPNOTSUPP);
	bf_lose_link(3);
	rf_add_net(3);
	assert_false(bf_port(3)->has_no_barrier);
	/* Its port has to be opened first. */
	bf_expect_none();
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig.is_held[FAKE_URGENT] = true;
	rig_settle(&rig);
	assert_int_equal(bf_port(3)->port, PORT_OPEN);
	bf_expect_states(BARRIER_UP, BARRIER_RAISING);
	bf_answer(3, true, 0);
	bf_expect_states(BARRIER_UP, BARRIER_UP);
	bf_expect_counted(2, 1);
}

/* A link that never had anything to do with offload. */
static void add_other_link(void)
{
	struct event ev = { .type = EVENT_LINK };

	ev.link = (struct link){ .ifindex = 9, .mtu = 1500, .is_up = true, .name = "ppp0", .kind = "ppp" };
	fake_put_link(&rig.kernel, &ev.link);
	rig_feed(&rig, &ev);
	rig_settle(&rig);
}

static void link_without_barrier_hides_nothing(void **state UNUSED)
{
	add_other_link();
	assert_false(barrier_hides(rig.engine));
	bf_lose_link(9);
	assert_false(barrier_hides(rig.engine));
}

/* The NIC loses the rules of a flow that was busy for a while. */
static void lose_rules(bool with_link)
{
	uint64_t lost = rf_count("rules_lost");

	add_other_link();
	for (unsigned int i = 0; i < 68; i++) {
		if (i == 8) {
			fake_kill_rules(&rig.kernel, 1);
			if (with_link)
				bf_lose_link(9);
		}
		rf_send(1, DIR_ORIG, 10);
		rf_send(1, DIR_REPLY, 10);
		rf_second();
	}
	assert_int_equal(rf_grown("rules_lost", &lost), 1);
}

/* The evidence about rules is kept when a link goes that never had a barrier. */
static void link_that_goes_does_not_hide_lost_rules(void **state UNUSED)
{
	lose_rules(true);
}

static void lost_rules_are_found(void **state UNUSED)
{
	lose_rules(false);
}

/* Otherwise engine_next_due() stays in the past, and the daemon never sleeps. */
static void no_retry_is_due_without_a_barrier(void **state UNUSED)
{
	bf_bar(1, BF_MANY);
	bf_raise_both();
	bf_unbar(1, BF_MANY);
	bf_expect(2, false);
	bf_expect(3, false);
	bf_answer(2, false, 0);
	bf_answer(3, false, -EBUSY);
	bf_lose_link(3);
	assert_int_equal(rig.engine->n_barriers, 0);
	rig.is_held[0] = false;
	rf_pass(5000);
	assert_false(mono_before(barrier_next_due(rig.engine), rig.now));
	assert_false(mono_before(engine_next_due(rig.engine), rig.now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bf_setup, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_barrier_goes_with_its_device),
		TEST(a_late_answer_is_not_for_the_next_device),
		TEST(a_later_answer_is_not_for_the_next_device),
		TEST(the_next_device_is_asked_anew),
		TEST(link_without_barrier_hides_nothing),
		TEST(link_that_goes_does_not_hide_lost_rules),
		TEST(lost_rules_are_found),
		TEST(no_retry_is_due_without_a_barrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

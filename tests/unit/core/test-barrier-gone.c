/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What barriers leave behind when their device goes: nothing.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/port/barrier.h"
#include "unit/rigfixture.h"

#define MANY 17

static int setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_start(&s);
	for (uint32_t i = 1; i <= MANY; i++)
		rf_add(i, true);
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], MANY);
	return 0;
}

static void bar_all(void)
{
	for (uint32_t i = 1; i <= MANY; i++)
		barrier_bar(rig.engine, rf_flow(i));
}

static void unbar_all(void)
{
	for (uint32_t i = 1; i <= MANY; i++)
		barrier_unbar(rig.engine, rf_flow(i));
}

static bool next(struct order *ret)
{
	return engine_next_order(rig.engine, ORDERS_URGENT, 0, rig.now, ret);
}

static void expect(uint32_t ifindex, bool raise)
{
	struct order o;

	assert_true(next(&o));
	assert_int_equal(o.barrier.ifindex, ifindex);
	assert_int_equal(o.barrier.raise, raise);
}

static void answer(uint32_t ifindex, bool raise, int err)
{
	struct event ev = { .type = EVENT_BARRIER_DONE };

	ev.barrier = (struct event_barrier){ .ifindex = ifindex, .raise = raise, .err = err };
	engine_feed(rig.engine, &ev, rig.now);
}

static void raise_both(void)
{
	for (uint32_t i = 2; i <= 3; i++) {
		expect(i, true);
		answer(i, true, 0);
	}
}

static void lose_link(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	rig_feed(&rig, &ev);
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
	lose_link(9);
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
				lose_link(9);
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
	bar_all();
	raise_both();
	unbar_all();
	expect(2, false);
	expect(3, false);
	answer(2, false, 0);
	answer(3, false, -EBUSY);
	lose_link(3);
	assert_int_equal(rig.engine->n_barriers, 0);
	rig.is_held[0] = false;
	rf_pass(5000);
	assert_false(mono_before(barrier_next_due(rig.engine), rig.now));
	assert_false(mono_before(engine_next_due(rig.engine), rig.now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_without_barrier_hides_nothing),
		TEST(link_that_goes_does_not_hide_lost_rules),
		TEST(lost_rules_are_found),
		TEST(no_retry_is_due_without_a_barrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

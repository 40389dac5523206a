/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How ports are closed: one by one, and at the stop.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/portfixture.h"

/* -- closed --------------------------------------------------------------- */

static void a_closed_port_that_returns_is_opened_again(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_closed(2, 0);
	pf_expect(2, CLOSED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_report(2);
	pf_expect(2, CLOSED);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_BOTH_GUARDS);
	/* It is not as before, although it has the same guards. */
	assert_int_equal(pf_port(2)->changed, rig.engine->paths.generation);
}

/* What the failed close left behind makes it ours again. */
static void a_port_that_could_not_be_closed_returns_with_a_residue(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_closed(2, -EBUSY);
	pf_expect(2, CLOSED);
	assert_int_equal(pf_port(2)->err, -EBUSY);
	assert_string_equal(pf_port(2)->extack, "because");
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_take_nothing();
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_UNKNOWN);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	/* It fails to open, so the residue is still there, and goes when the port leaves. */
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -EBUSY);
	pf_expect(2, FAILED);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	assert_false(pf_take_port(ORDER_PORT_CLOSE, 2).keep_clsact);
	pf_closed(2, 0);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
}

static void an_heir_closes_what_it_never_opened(void **state UNUSED)
{
	engine_adopt_end(rig.engine, rig.now);
	pf_add_link(2);
	pf_expect(2, WANTED);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	/* The worker sees by our rules whose clsact it is. */
	assert_true(pf_take_port(ORDER_PORT_CLOSE, 2).keep_clsact);
	pf_closed(2, 0);
	pf_expect(2, CLOSED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
}

/* -- the stop ------------------------------------------------------------- */

static void stop(void)
{
	rig_feed_type(&rig, EVENT_STOP);
	pf_tick();
}

/* Rules that forward need their port until they are out. */
static void a_stop_closes_ports_after_the_rules_are_out(void **state UNUSED)
{
	pf_add_active_flow();
	rf_send(1, DIR_ORIG, 1);
	rf_second();
	rf_pass(1000);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig_feed_type(&rig, EVENT_STOP);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_REMOVE);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_CLOSE], 0);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_CLOSE], 2);
	assert_true(engine_is_stopped(rig.engine));
	fake_check_empty(&rig.kernel);
}

static void a_stop_closes_every_port_that_has_something(void **state UNUSED)
{
	static const uint32_t ours[] = { 2, 3, 4, 6 };

	pf_open_and_guard(2);
	pf_open(3);
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_guarded(3, PF_GUARD_IP6);
	pf_open(4);
	pf_take_port(ORDER_PORT_GUARD, 4);
	/* This one has nothing, nor will the last one. */
	pf_add_link(5);
	pf_take_port(ORDER_PORT_OPEN, 5);
	pf_not_opened(5, -EBUSY);
	pf_add_link(6);
	pf_take_port(ORDER_PORT_OPEN, 6);
	pf_add_link(7);
	stop();
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_take_nothing();
	pf_guarded(4, PF_BOTH_GUARDS);
	pf_expect(4, OPEN);
	pf_take_port(ORDER_PORT_CLOSE, 4);
	pf_take_nothing();
	pf_opened(6);
	pf_expect(6, CLSACT);
	pf_take_port(ORDER_PORT_CLOSE, 6);
	pf_take_nothing();
	for (unsigned int i = 0; i < array_size(ours); i++) {
		assert_false(engine_is_stopped(rig.engine));
		pf_closed(ours[i], 0);
		pf_expect(ours[i], CLOSED);
	}
	assert_true(engine_is_stopped(rig.engine));
	pf_expect(5, FAILED);
	pf_expect(7, WANTED);
}

/* Whatever its state says. */
static void a_stop_closes_ports_with_a_residue(void **state UNUSED)
{
	engine_adopt_end(rig.engine, rig.now);
	pf_add_link(2);
	pf_add_link(3);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -EBUSY);
	pf_expect(2, FAILED);
	pf_expect(3, WANTED);
	stop();
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_closed(2, 0);
	pf_closed(3, 0);
	assert_true(engine_is_stopped(rig.engine));
}

static void a_stop_closes_a_port_that_waits_to_be_mended(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_round(2, 0, true, 0);
	pf_expect(2, WANTED);
	stop();
	assert_false(pf_take_port(ORDER_PORT_CLOSE, 2).keep_clsact);
	pf_expect(2, CLOSING);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	pf_closed(2, 0);
	assert_true(engine_is_stopped(rig.engine));
}

static void a_stop_waits_for_barriers(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_port(2)->barrier = BARRIER_UP;
	stop();
	pf_take_nothing();
	pf_port(2)->barrier = BARRIER_NONE;
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

/* What the link does now must not keep the port from being closed. */
static void a_stop_goes_on_whatever_the_link_does(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_open_and_guard(3);
	stop();
	pf_set_master(2, 9);
	pf_expect(2, OPEN);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_set_mtu(3, 1400);
	pf_expect(3, CLOSING);
	pf_closed(3, 0);
	pf_expect(3, CLOSED);
	pf_add_link(4);
	pf_expect(4, NONE);
	pf_closed(2, 0);
	assert_true(engine_is_stopped(rig.engine));
	pf_take_nothing();
}

static void a_close_that_failed_is_retried_once_at_the_stop(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_open_and_guard(3);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_closed(2, -EBUSY);
	pf_set_master(3, 9);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_closed(3, 0);
	stop();
	pf_expect(2, UNWANTED);
	pf_expect(3, CLOSED);
	assert_false(engine_is_stopped(rig.engine));
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_nothing();
	pf_closed(2, -EPERM);
	pf_expect(2, CLOSED);
	/* The daemon ends all the same, and says what is left. */
	assert_int_equal(pf_port(2)->err, -EPERM);
	assert_true(engine_is_stopped(rig.engine));
	pf_take_nothing();
}

static void a_close_that_is_out_at_the_stop_is_retried_if_it_fails(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_open_and_guard(3);
	pf_set_master(2, 9);
	pf_set_master(3, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	stop();
	pf_expect(2, CLOSING_RETRY);
	pf_expect(3, CLOSING_RETRY);
	pf_closed(3, 0);
	pf_expect(3, CLOSED);
	pf_take_nothing();
	pf_closed(2, -EBUSY);
	pf_expect(2, UNWANTED);
	assert_false(engine_is_stopped(rig.engine));
	assert_false(pf_take_port(ORDER_PORT_CLOSE, 2).keep_clsact);
	pf_expect(2, CLOSING);
	pf_closed(2, -EBUSY);
	pf_expect(2, CLOSED);
	assert_true(engine_is_stopped(rig.engine));
	pf_take_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SW(a_closed_port_that_returns_is_opened_again),
		SW(a_port_that_could_not_be_closed_returns_with_a_residue),
		SW(an_heir_closes_what_it_never_opened),
		RUN_SW(a_stop_closes_ports_after_the_rules_are_out),
		RUN_HW(a_stop_closes_ports_after_the_rules_are_out),
		SW(a_stop_closes_every_port_that_has_something),
		SW(a_stop_closes_ports_with_a_residue),
		SW(a_stop_closes_a_port_that_waits_to_be_mended),
		SW(a_stop_waits_for_barriers),
		SW(a_stop_goes_on_whatever_the_link_does),
		SW(a_close_that_failed_is_retried_once_at_the_stop),
		SW(a_close_that_is_out_at_the_stop_is_retried_if_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

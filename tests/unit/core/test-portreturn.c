/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port that stops being one and returns: its guards are added again before flows use it, whatever
 * was under way. Renewals of guards that end late.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/portfixture.h"

/* An order to close the port would overtake the renewal in the worker, and the answer about the new
 * guards could be taken for that of the renewal. */
static void a_port_is_not_closed_while_its_guards_are_renewed(void **state UNUSED)
{
	struct order o;

	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	assert_false(portfsm_next_unwanted(rig.engine, &o));
	pf_guarded(2, 0);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_closed(2, 0);
	pf_set_master(2, 0);
	rig_settle(&rig);
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->guards, 3);
}

/* The same at the stop. */
static void the_stop_waits_for_a_renewal(void **state UNUSED)
{
	struct order o;

	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	rig.engine->stopping = true;
	while (portfsm_next_closing(rig.engine, &o))
		assert_int_not_equal(o.port.ifindex, 2);
	pf_guarded(2, 3);
	assert_true(portfsm_next_closing(rig.engine, &o));
	assert_int_equal(o.port.ifindex, 2);
}

/* One guard was refused. The port is opened again when the second renewal has ended. */
static void a_port_that_returns_during_a_renewal_is_opened_after_it(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, 1);
	pf_round(2, 1, false, 0);
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_set_master(2, 9);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
	pf_guarded(2, 1);
	rig_settle(&rig);
	pf_expect(2, OPEN);
}

static void a_bare_port_that_leaves_and_returns_is_not_open(void **state UNUSED)
{
	pf_round(2, 0, true, 0);
	pf_set_master(2, 9);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
}

static void a_port_that_could_not_be_mended_is_not_open_when_it_returns(void **state UNUSED)
{
	pf_round(2, 0, true, 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -EBUSY);
	pf_set_master(2, 9);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
}

static void guards_of_before_the_close_do_not_count(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_closed(2, 0);
	pf_set_master(2, 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_set_master(2, 9);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
}

static void a_nic_knows_the_guards_of_a_port_that_returns(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.ttl_guard = TTL_GUARD_REQUIRE;
	rf_teardown(NULL);
	rf_start(&s);
	pf_set_master(2, 9);
	pf_set_master(2, 0);
	rig_settle(&rig);
	pf_expect(2, OPEN);
	rf_add(1, true);
	rig_settle(&rig);
	rf_pass(20000);
	assert_true(rf_is_active(1));
}

static void an_incomplete_round_allows_no_further_renewal(void **state UNUSED)
{
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, 3);
	pf_round(2, 0, false, -EINTR);
	pf_expect_guards(2, RENEWED);
}

/* Nothing else would open it before the next report of its link. */
static void a_port_that_returns_while_its_close_fails_is_wanted(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_set_master(2, 0);
	pf_closed(2, -EBUSY);
	pf_expect(2, WANTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_HW(a_port_is_not_closed_while_its_guards_are_renewed),
		RUN_HW(the_stop_waits_for_a_renewal),
		RUN_HW(a_port_that_returns_during_a_renewal_is_opened_after_it),
		RUN_SW(a_bare_port_that_leaves_and_returns_is_not_open),
		RUN_SW(a_port_that_could_not_be_mended_is_not_open_when_it_returns),
		SW(guards_of_before_the_close_do_not_count),
		RUN_HW(a_nic_knows_the_guards_of_a_port_that_returns),
		RUN_HW(an_incomplete_round_allows_no_further_renewal),
		SW(a_port_that_returns_while_its_close_fails_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

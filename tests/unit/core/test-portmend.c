/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a port is mended whose guards or clsact were deleted by others: its flows keep their rules
 * meanwhile.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/portfixture.h"

static void expect_ready(uint32_t ifindex)
{
	if (!view_nic(rig.engine))
		return;
	assert_true(pf_nic_port(ifindex)->is_ready);
	assert_int_equal(nic_find_pair(view_nic(rig.engine), 2, 3)->state, PAIR_GOOD);
}

static void expect_notice_of(uint32_t ifindex)
{
	struct notice n;

	do {
		assert_true(engine_next_notice(rig.engine, &n));
	} while (n.type != NOTICE_GUARD_LOST);
	assert_int_equal(n.in, ifindex);
}

/* No rule is touched, and no path looked up. */
static void expect_flow_is_left_alone(void)
{
	struct order o;

	pf_tick();
	pf_take_nothing();
	assert_false(engine_next_order(rig.engine, ORDERS_ASK, 0, rig.now, &o));
	assert_true(rf_is_active(1));
	assert_int_equal(rig.kernel.n_rules, 2);
}

static void guards_are_mended_beside_the_flows(void **state UNUSED)
{
	uint64_t mended = rf_count("ports_mended");
	struct order_port o;
	uint32_t changed;

	pf_add_active_flow();
	changed = pf_port(3)->changed;
	pf_round(3, PF_GUARD_IP6, false, 0);
	pf_expect(3, WANTED);
	assert_int_equal(pf_port(3)->residue, RESIDUE_RULES);
	assert_int_equal(rf_grown("ports_mended", &mended), 1);
	assert_int_equal(portfsm_count_ours(rig.engine), 2);
	assert_false(portfsm_are_settled(rig.engine));
	expect_notice_of(3);
	expect_ready(3);
	o = pf_take_port(ORDER_PORT_OPEN, 3);
	pf_check_order(&o, 3, false);
	expect_ready(3);
	pf_opened(3);
	pf_expect(3, CLSACT);
	expect_ready(3);
	o = pf_take_port(ORDER_PORT_GUARD, 3);
	pf_check_order(&o, 3, false);
	expect_ready(3);
	pf_guarded(3, PF_BOTH_GUARDS);
	pf_expect(3, OPEN);
	assert_int_equal(pf_port(3)->residue, RESIDUE_NONE);
	expect_ready(3);
	assert_int_equal(pf_port(3)->changed, changed);
	pf_expect(2, OPEN);
	expect_flow_is_left_alone();
	rf_send(1, DIR_ORIG, 1);
	rf_second();
	rf_pass(1000);
	assert_int_equal(rf_flow(1)->total_pkts[DIR_ORIG], 1);
}

static void clsact_is_mended_where_no_guards_are_needed(void **state UNUSED)
{
	uint64_t mended = rf_count("ports_mended");
	uint32_t changed;

	pf_start_with_driver("", true);
	pf_add_active_flow();
	changed = pf_port(3)->changed;
	pf_round(3, 0, false, 0);
	pf_expect(3, OPEN);
	pf_round(3, 0, true, 0);
	pf_expect(3, WANTED);
	assert_int_equal(rf_grown("ports_mended", &mended), 1);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_opened(3);
	pf_expect(3, OPEN);
	assert_int_equal(pf_port(3)->residue, RESIDUE_NONE);
	assert_int_equal(pf_port(3)->changed, changed);
	expect_ready(3);
	expect_flow_is_left_alone();
}

static void a_flow_that_comes_meanwhile_gets_in_afterwards(void **state UNUSED)
{
	fake_find_link(&rig.kernel, 3)->guards = 0;
	rig.is_held[fake_lane(ORDER_PORT_OPEN, 0)] = true;
	rig_sample(&rig);
	rig_settle(&rig);
	pf_expect(3, OPENING);
	rf_add(1, true);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->reason, REASON_DEVICE_NOT_READY);
	rig.is_held[fake_lane(ORDER_PORT_OPEN, 0)] = false;
	rig_settle(&rig);
	pf_expect(3, OPEN);
	assert_int_equal(fake_find_link(&rig.kernel, 3)->guards, PF_BOTH_GUARDS);
	assert_true(rf_is_active(1));
}

static void a_round_that_misses_nothing_mends_nothing(void **state UNUSED)
{
	uint64_t mended = rf_count("ports_mended");

	pf_round(2, PF_BOTH_GUARDS, false, 0);
	pf_round(2, 0, true, -EINTR);
	pf_expect(2, OPEN);
	pf_round(77, 0, true, 0);
	/* A guard that was never in is not missing. */
	pf_open(4);
	pf_round(4, 0, true, 0);
	pf_expect(4, CLSACT);
	pf_guarded(4, PF_GUARD_IP4);
	pf_round(4, PF_GUARD_IP4, false, 0);
	pf_round(4, PF_BOTH_GUARDS, false, 0);
	pf_expect(4, OPEN);
	rig_feed_type(&rig, EVENT_STOP);
	pf_round(2, 0, true, 0);
	pf_expect(2, OPEN);
	assert_int_equal(rf_grown("ports_mended", &mended), 0);
}

static void flows_leave_a_port_whose_guard_is_refused_now(void **state UNUSED)
{
	uint32_t changed;

	pf_add_active_flow();
	changed = pf_port(3)->changed;
	pf_round(3, 0, false, 0);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_opened(3);
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_guarded(3, PF_GUARD_IP4);
	pf_expect(3, UNGUARDED);
	assert_int_equal(pf_port(3)->residue, RESIDUE_NONE);
	assert_int_not_equal(pf_port(3)->changed, changed);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->reason, REASON_DEVICE_NOT_READY);
	assert_int_equal(rig.kernel.n_rules, 0);
}

/* Whether they may stay depends on the setting ttl-guard. */
static void flows_of_a_nic_are_checked_when_a_guard_is_refused_now(void **state UNUSED)
{
	uint64_t n_lookups;

	pf_add_active_flow();
	n_lookups = rig.kernel.n_orders[ORDER_LOOKUP];
	pf_round(3, 0, false, 0);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_opened(3);
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_guarded(3, PF_GUARD_IP4);
	pf_expect(3, OPEN);
	assert_int_equal(pf_nic_port(3)->guards, PF_GUARD_IP4);
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_orders[ORDER_LOOKUP], n_lookups + 1);
	assert_true(rf_is_active(1));
}

static void flows_leave_a_port_that_cannot_be_mended(void **state UNUSED)
{
	uint32_t changed;

	pf_add_active_flow();
	changed = pf_port(3)->changed;
	pf_round(3, 0, true, 0);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_not_opened(3, -EBUSY);
	pf_expect(3, FAILED);
	assert_int_equal(pf_port(3)->err, -EBUSY);
	assert_int_equal(pf_port(3)->residue, RESIDUE_UNKNOWN);
	assert_int_equal(portfsm_count_ours(rig.engine), 2);
	assert_int_not_equal(pf_port(3)->changed, changed);
	if (view_nic(rig.engine))
		assert_false(pf_nic_port(3)->is_ready);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->reason, REASON_DEVICE_NOT_READY);
	assert_int_equal(rig.kernel.n_rules, 0);
	/* What may be left on it goes when it leaves, with our clsact. */
	pf_set_master(3, 9);
	pf_expect(3, UNWANTED);
	assert_false(pf_take_port(ORDER_PORT_CLOSE, 3).keep_clsact);
}

static void a_port_that_could_not_be_mended_is_opened_after_a_change(void **state UNUSED)
{
	struct event_port done = { .ifindex = 2, .order = ORDER_PORT_OPEN };

	pf_round(2, 0, true, 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -EBUSY);
	pf_set_mtu(2, 1400);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_UNKNOWN);
	pf_take_port(ORDER_PORT_OPEN, 2);
	/* Somebody else has added clsact by now. */
	pf_answer(&done);
	pf_expect(2, CLSACT);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	assert_true(pf_take_port(ORDER_PORT_GUARD, 2).keep_clsact);
}

static void a_port_left_while_it_waits_to_be_mended_is_closed(void **state UNUSED)
{
	pf_round(2, 0, true, 0);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

/* Its order is out: the answer ends the mending. */
static void a_port_left_while_it_is_mended_is_closed(void **state UNUSED)
{
	pf_round(2, 0, true, 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_set_master(2, 9);
	pf_expect(2, OPENING);
	assert_int_equal(pf_port(2)->residue, RESIDUE_RULES);
	pf_opened(2);
	pf_expect(2, UNWANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

static void feed_probe(const struct order_probe *o, int err, uint16_t classes, const char *text)
{
	struct event ev = { .type = EVENT_PROBE_DONE };

	ev.probe = (struct event_probe){
		.id = o->id, .in = o->in, .out = o->out, .err = err, .classes = classes
	};
	snprintf(ev.probe.extack, sizeof(ev.probe.extack), "%s", text);
	rig_feed(&rig, &ev);
}

static const char no_qdisc[] = "Parent Qdisc doesn't exists";

/* No round reads a port that waits for a recipe. */
static void a_probe_shows_that_clsact_is_gone(void **state UNUSED)
{
	uint64_t mended = rf_count("ports_mended");
	struct order_probe o;

	pf_open(2);
	pf_open(3);
	o = pf_take(ORDER_PROBE).probe;
	assert_int_equal(o.in, 2);
	feed_probe(&o, -EINVAL, 0, no_qdisc);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_RULES);
	assert_true(pf_nic_port(2)->is_ready);
	assert_int_equal(rf_grown("ports_mended", &mended), 1);
	expect_notice_of(2);
	pf_expect(3, CLSACT);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_expect(2, CLSACT);
	/* The mending lasts until the layout says whether there are guards. */
	assert_int_equal(pf_port(2)->residue, RESIDUE_RULES);
}

static void a_recipe_without_guards_ends_the_mending(void **state UNUSED)
{
	struct order_probe o;

	pf_open(2);
	pf_open(3);
	o = pf_take(ORDER_PROBE).probe;
	feed_probe(&o, -EINVAL, 0, no_qdisc);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_open(4);
	while (pf_port(2)->port == PORT_CLSACT) {
		assert_int_equal(pf_port(2)->residue, RESIDUE_RULES);
		o = pf_take(ORDER_PROBE).probe;
		if (o.in != 2)
			continue;
		assert_int_equal(o.out, 4);
		if (!(o.sample.form & RULE_ANY_ETHERTYPE))
			o.classes = 0;
		pf_probed(&o);
	}
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
}

static void other_answers_to_a_probe_mend_nothing(void **state UNUSED)
{
	uint64_t mended = rf_count("ports_mended");
	struct order_probe o;

	pf_open(2);
	pf_open(3);
	o = pf_take(ORDER_PROBE).probe;
	o.id++; /* the answers are about clsact only */
	feed_probe(&o, -EINVAL, 0, "Unsupported action");
	feed_probe(&o, -EINVAL, 1, no_qdisc);
	feed_probe(&o, -ENODEV, 0, "");
	feed_probe(&o, -ENODEV, 0, no_qdisc);
	pf_expect(2, CLSACT);
	pf_guarded(2, PF_BOTH_GUARDS);
	feed_probe(&o, -EINVAL, 0, no_qdisc);
	pf_expect(2, OPEN);
	o.in = 3;
	rig_feed_type(&rig, EVENT_STOP);
	feed_probe(&o, -EINVAL, 0, no_qdisc);
	pf_expect(3, CLSACT);
	assert_int_equal(rf_grown("ports_mended", &mended), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_SW(guards_are_mended_beside_the_flows),
		RUN_HW(guards_are_mended_beside_the_flows),
		HW(clsact_is_mended_where_no_guards_are_needed),
		RUN_SW(a_flow_that_comes_meanwhile_gets_in_afterwards),
		RUN_HW(a_flow_that_comes_meanwhile_gets_in_afterwards),
		RUN_HW(a_round_that_misses_nothing_mends_nothing),
		RUN_SW(flows_leave_a_port_whose_guard_is_refused_now),
		RUN_HW(flows_of_a_nic_are_checked_when_a_guard_is_refused_now),
		RUN_SW(flows_leave_a_port_that_cannot_be_mended),
		RUN_HW(flows_leave_a_port_that_cannot_be_mended),
		RUN_SW(a_port_that_could_not_be_mended_is_opened_after_a_change),
		RUN_SW(a_port_left_while_it_waits_to_be_mended_is_closed),
		RUN_SW(a_port_left_while_it_is_mended_is_closed),
		HW(a_probe_shows_that_clsact_is_gone),
		HW(a_recipe_without_guards_ends_the_mending),
		HW(other_answers_to_a_probe_mend_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

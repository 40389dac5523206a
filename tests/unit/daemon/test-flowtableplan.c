/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "unit/planfixture.h"

#define RETRY_MS 5000

/* -- no plan -------------------------------------------------------------- */

static void without_flowtables_there_is_no_plan(void **state)
{
	static const struct {
		enum backend backend;
		enum offload_mode offload;
	} cases[] = { { BACKEND_FLOWER, OFFLOAD_HARDWARE },
		      { BACKEND_FLOWTABLE, OFFLOAD_OBSERVE },
		      { BACKEND_AUTO, OFFLOAD_OBSERVE } };
	struct tablethread_done done = { .job = { .type = TABLETHREAD_FLOW } };

	for (unsigned int i = 0; i < array_size(cases); i++) {
		json_t *j;

		pf_prepare(pf_settings(cases[i].backend, cases[i].offload, true));
		pf_plan = (struct flowtableplan *)&pf_plan;
		pf_start();
		assert_null(pf_plan);
		assert_true(flowtableplan_is_settled(NULL));
		flowtableplan_renew(NULL);
		flowtableplan_done(NULL, &done);
		j = flowtableplan_to_json(NULL);
		assert_true(json_is_null(j));
		json_decref(j);
		pf_teardown(state);
	}
}

/* -- software ------------------------------------------------------------- */

static void all_named_devices_are_in_the_flowtable(void **state UNUSED)
{
	uint64_t made = pf_counter("flowtables_made");
	const struct nftoffload_config *f;

	pf_add(2);
	pf_add(3);
	pf_add(4);
	pf_start();
	assert_false(flowtableplan_is_settled(pf_plan));
	pf_catch_up();
	assert_true(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_n_calls, 1);
	f = pf_flow();
	assert_int_equal(f->n_devices, 3);
	assert_int_equal(f->n_pairs, 6);
	assert_true(f->with_counter && f->with_pairs);
	for (unsigned int i = 2; i <= 4; i++) {
		assert_true(pf_has_device(f, i, false));
		for (unsigned int j = 2; j <= 4; j++)
			assert_int_equal(pf_has_pair(f, i, j), i != j);
	}
	assert_int_equal(nftoffload_check(f), 0);
	assert_int_equal(pf_counter("flowtables_made") - made, 1);
	/* Nothing changes, nothing is done. */
	pf_look();
	pf_look();
	assert_int_equal(pf_n_calls, 1);
}

static void the_plan_can_be_shown(void **state UNUSED)
{
	json_t *j, *pairs, *p;

	pf_add(2);
	pf_add(3);
	pf_start();
	/* What is not in the table yet is not shown. */
	pf_assert_shows(0);
	pf_catch_up();
	j = flowtableplan_to_json(pf_plan);
	pairs = pf_get(j, "pairs");
	assert_int_equal(json_array_size(pairs), 2);
	p = json_array_get(pairs, 0);
	assert_string_equal(json_string_value(pf_get(p, "in")), "d2");
	assert_string_equal(json_string_value(pf_get(p, "out")), "d3");
	assert_true(json_is_false(pf_get(p, "hardware")));
	assert_string_equal(json_string_value(pf_get(p, "because")), reason_name(REASON_NONE));
	assert_string_equal(json_string_value(pf_get(json_array_get(pairs, 1), "in")), "d3");
	assert_string_equal(json_string_value(pf_get(j, "trouble")), "");
	json_decref(j);
}

static void the_plan_follows_the_devices(void **state UNUSED)
{
	struct link l = pf_link(4);

	pf_start();
	/* Without devices there is nothing to tell. */
	assert_true(flowtableplan_is_settled(pf_plan));
	pf_catch_up();
	assert_int_equal(pf_n_calls, 0);
	pf_add(2);
	pf_add(3);
	pf_look();
	assert_int_equal(pf_flow()->n_devices, 2);
	pf_add(4);
	pf_look();
	assert_int_equal(pf_flow()->n_devices, 3);
	/* It goes down, joins a bridge, and leaves it. */
	l.is_up = false;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_flow()->n_devices, 2);
	l.is_up = true;
	l.master = 9;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 3);
	l.master = 0;
	pf_feed_link(&l);
	pf_look();
	assert_true(pf_has_device(pf_flow(), 4, false));
	pf_del(2);
	pf_look();
	assert_false(pf_has_device(pf_flow(), 2, false));
	/* A single device has nobody to forward to. */
	pf_del(3);
	pf_look();
	assert_null(pf_flow());
	assert_int_equal(pf_count(PF_UP), 6);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 6);
}

static void devices_that_are_not_offloaded_are_left_out(void **state)
{
	struct settings s = pf_settings(BACKEND_FLOWTABLE, OFFLOAD_SOFTWARE, true);
	struct link bridge = pf_link(7);

	s.n_bypass = 1;
	s.bypass[0].bits = BYPASS_SHAPER;
	strcpy(s.bypass[0].device, "d5");
	s.auto_devices = false;
	s.n_devices = 4;
	for (unsigned int i = 0; i < s.n_devices; i++)
		snprintf(s.device[i], sizeof(s.device[i]), "d%u", i + 2);
	strcpy(s.device[s.n_devices++], "d7");
	strcpy(bridge.kind, "bridge");
	pf_prepare(s);
	pf_feed_link(&bridge);
	for (unsigned int n = 2; n <= 6; n++)
		pf_add(n);
	fake_find_link(&pf_rig.kernel, 4)->bypass = BYPASS_SHAPER;
	fake_find_link(&pf_rig.kernel, 5)->bypass = BYPASS_SHAPER;
	rig_tell_bypass(&pf_rig, 4);
	rig_tell_bypass(&pf_rig, 5);
	pf_start();
	pf_catch_up();
	assert_true(pf_has_device(pf_flow(), 2, false) && pf_has_device(pf_flow(), 3, false));
	assert_false(pf_has_device(pf_flow(), 4, false));
	/* There it is allowed. */
	assert_true(pf_has_device(pf_flow(), 5, false));
	/* Nobody has named this one, and the other is of no kind that is offloaded. */
	assert_false(pf_has_device(pf_flow(), 6, false) || pf_has_device(pf_flow(), 7, false));
	pf_teardown(state);
}

/* Fed without the rig, which has not so many links and reports their hooks at once. */
static void feed_link_only(unsigned int n)
{
	struct event link = { .type = EVENT_LINK, .link = pf_link(n) };

	engine_feed(pf_rig.engine, &link, pf_rig.now);
}

static void feed_bypass(unsigned int n, unsigned int mask, bool is_unknown)
{
	struct event bypass = { .type = EVENT_BYPASS };

	bypass.bypass = (struct event_bypass){ .ifindex = n,
					       .mask = (uint8_t)mask,
					       .is_unknown = is_unknown };
	engine_feed(pf_rig.engine, &bypass, pf_rig.now);
}

static void feed_many(unsigned int n)
{
	for (unsigned int i = 2; i < 2 + n; i++) {
		feed_link_only(i);
		feed_bypass(i, BYPASS_ALL, false);
	}
}

static void a_device_waits_until_its_hooks_have_been_read(void **state)
{
	struct settings s = pf_settings(BACKEND_FLOWTABLE, OFFLOAD_SOFTWARE, true);

	s.n_bypass = 1;
	s.bypass[0].bits = BYPASS_SHAPER;
	strcpy(s.bypass[0].device, "d5");
	pf_prepare(s);
	pf_add(2);
	pf_add(3);
	feed_link_only(4);
	feed_link_only(5);
	pf_start();
	pf_catch_up();
	/* The others do not wait for it. */
	assert_true(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_flow()->n_devices, 2);
	feed_bypass(4, BYPASS_ALL & ~BYPASS_SHAPER, false);
	feed_bypass(5, BYPASS_ALL & ~BYPASS_SHAPER, false);
	pf_look();
	assert_false(pf_has_device(pf_flow(), 4, false));
	/* allow-bypass lets this one have a shaper. */
	assert_true(pf_has_device(pf_flow(), 5, false));
	feed_bypass(4, BYPASS_SHAPER, false);
	pf_look();
	assert_true(pf_has_device(pf_flow(), 4, false));
	/* The hooks cannot be read any more. */
	feed_bypass(4, BYPASS_XDP, true);
	pf_look();
	assert_false(pf_has_device(pf_flow(), 4, false));
	pf_teardown(state);
}

static void assert_stable(void)
{
	const struct nftoffload_config *f = pf_flow();

	/* Both directions are in, or none. */
	for (unsigned int i = 2; i < 2 + NFTOFFLOAD_MAX_DEVICES; i++) {
		for (unsigned int j = 2; j < i; j++)
			assert_int_equal(pf_has_pair(f, i, j), pf_has_pair(f, j, i));
	}
	assert_int_equal(nftoffload_check(f), 0);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 1);
}

static void more_pairs_than_fit_are_left_out(void **state UNUSED)
{
	feed_many(25);
	pf_start();
	pf_catch_up();
	assert_int_equal(pf_flow()->n_devices, 25);
	assert_int_equal(pf_flow()->n_pairs, NFTOFFLOAD_MAX_PAIRS);
	assert_stable();
}

static void more_devices_than_fit_are_left_out(void **state UNUSED)
{
	feed_many(NFTOFFLOAD_MAX_DEVICES + 10);
	pf_start();
	pf_catch_up();
	assert_int_equal(pf_flow()->n_devices, NFTOFFLOAD_MAX_DEVICES);
	assert_int_equal(pf_flow()->n_pairs, NFTOFFLOAD_MAX_PAIRS);
	assert_stable();
}

/* -- one job at a time ---------------------------------------------------- */

static void a_change_waits_for_the_answer(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	fakegate_hold(&pf_gate, 1);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	assert_false(flowtableplan_is_settled(pf_plan));
	pf_add(4);
	fakeloop_pass(pf_loop, 4 * PF_PAUSE_MS);
	pf_add(5);
	fakeloop_pass(pf_loop, 4 * PF_PAUSE_MS);
	fakegate_release(&pf_gate);
	pf_catch_up();
	pf_look();
	/* The second job has both changes. */
	assert_int_equal(pf_count(PF_UP), 2);
	assert_int_equal(pf_call[0].flow.n_devices, 2);
	assert_int_equal(pf_call[1].flow.n_devices, 4);
	assert_true(flowtableplan_is_settled(pf_plan));
}

/* Each change empties the flowtables. */
static void changes_are_followed_at_once_but_not_too_often(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	pf_add(4);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 2);
	assert_int_equal(pf_flow()->n_devices, 3);
	pf_add(5);
	pf_catch_up();
	pf_add(6);
	fakeloop_pass(pf_loop, PF_PAUSE_MS - 2);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 2);
	fakeloop_pass(pf_loop, 2);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 3);
	assert_int_equal(pf_flow()->n_devices, 5);
}

static void what_the_table_has_is_what_it_was_told(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	fakegate_hold(&pf_gate, 1);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	/* A device goes while the table is being made with it. */
	pf_del(3);
	fakegate_release(&pf_gate);
	while (!pf_n_answers[TABLETHREAD_FLOW])
		loop_run_once(pf_loop, true);
	pf_assert_shows(2);
	pf_look();
	assert_null(pf_flow());
	pf_assert_shows(0);
}

/* -- failures ------------------------------------------------------------- */

static void a_flowtable_that_is_busy_is_tried_again(void **state UNUSED)
{
	uint64_t failed = pf_counter("flowtables_failed"), made = pf_counter("flowtables_made");
	pf_up_err = -EBUSY;
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 1);
	assert_int_equal(pf_counter("flowtables_failed") - failed, 1);
	/* Their connections stay on the CPU, and the daemon goes on. */
	assert_true(flowtableplan_is_settled(pf_plan));
	pf_assert_trouble(strerror(EBUSY));
	pf_assert_shows(0);
	/* Not before five seconds, also when something changes. */
	pf_add(4);
	fakeloop_pass(pf_loop, RETRY_MS - 1);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 1);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 2);
	assert_int_equal(pf_flow()->n_devices, 3);
	pf_up_err = 0;
	fakeloop_pass(pf_loop, RETRY_MS + PF_PAUSE_MS);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 3);
	assert_int_equal(pf_counter("flowtables_failed") - failed, 2);
	assert_int_equal(pf_counter("flowtables_made") - made, 1);
	pf_assert_trouble("");
}

static void after_a_failure_the_table_has_what_it_had(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	pf_up_err = -EOPNOTSUPP;
	pf_add(4);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 2);
	pf_assert_shows(2);
	pf_assert_trouble(strerror(EOPNOTSUPP));
	/* The new one goes again: the table is as it should be, without a job. */
	pf_del(4);
	pf_look();
	pf_assert_trouble("");
	fakeloop_pass(pf_loop, 2 * RETRY_MS);
	pf_catch_up();
	assert_int_equal(pf_count(PF_UP), 2);
}

/* Nobody knows whether the kernel has made the change. */
static void after_a_lost_answer_the_table_is_made_again(void **state UNUSED)
{
	static const int errs[] = { -ETIMEDOUT, -ENOBUFS };

	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	for (unsigned int i = 0; i < array_size(errs); i++) {
		pf_up_err = errs[i];
		pf_add(4);
		pf_look();
		pf_up_err = 0;
		pf_del(4);
		pf_look();
		pf_assert_trouble(strerror(-errs[i]));
		fakeloop_pass(pf_loop, RETRY_MS);
		pf_catch_up();
		assert_int_equal(pf_count(PF_UP), 3 + 2 * i);
		assert_int_equal(pf_flow()->n_devices, 2);
		pf_assert_trouble("");
	}
}

static void a_full_queue_is_tried_again(void **state UNUSED)
{
	struct tablethread_job marker = { .type = TABLETHREAD_LOOK };
	struct tablethread_job blocker = { .type = TABLETHREAD_TRY, .device = "d99" };
	unsigned int n = 0;

	pf_drops_answers = true;
	fakegate_hold(&pf_gate, 1);
	assert_true(tablethread_push(pf_thread, &blocker));
	fakegate_wait(&pf_gate, 1);
	while (tablethread_push(pf_thread, &marker))
		n++;
	assert_int_equal(n, JOBTHREAD_JOBS - 1);
	pf_add(2);
	pf_add(3);
	pf_start();
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	assert_int_equal(pf_n_answers[TABLETHREAD_LOOK], 0);
	fakegate_release(&pf_gate);
	fakeloop_until(pf_loop, pf_has_markers, &n);
	pf_drops_answers = false;
	assert_int_equal(pf_count(PF_UP), 0);
	pf_look();
	assert_int_equal(pf_count(PF_UP), 1);
	assert_int_equal(pf_flow()->n_devices, 2);
}

/* -- renewals ------------------------------------------------------------- */

static void start_with_two(void)
{
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
}

static void a_change_of_the_ruleset_empties_the_flowtables(void **state UNUSED)
{
	uint64_t renewed = pf_counter("flowtables_renewed");

	start_with_two();
	flowtableplan_renew(pf_plan);
	/* Connections can be admitted meanwhile. */
	assert_true(flowtableplan_is_settled(pf_plan));
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 1);
	assert_int_equal(pf_counter("flowtables_renewed") - renewed, 1);
	pf_look();
	assert_int_equal(pf_count(PF_RENEW), 1);
	flowtableplan_renew(pf_plan);
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 2);
	assert_int_equal(pf_count(PF_UP), 1);
}

/* The one that is running may be for an earlier ruleset; the one after it is for all changes. */
static void changes_during_a_renewal_cause_one_more(void **state UNUSED)
{
	start_with_two();
	fakegate_hold(&pf_gate, 1);
	flowtableplan_renew(pf_plan);
	fakegate_wait(&pf_gate, 1);
	for (unsigned int i = 0; i < 10; i++)
		flowtableplan_renew(pf_plan);
	fakegate_release(&pf_gate);
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 2);
	/* When both are answered, the next change causes another. */
	flowtableplan_renew(pf_plan);
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 3);
}

static void a_renewal_waits_for_room_in_the_queue(void **state UNUSED)
{
	struct tablethread_job marker = { .type = TABLETHREAD_LOOK };
	unsigned int n;

	start_with_two();
	n = pf_n_markers;
	fakegate_hold(&pf_gate, 1);
	pf_add(4);
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	fakegate_wait(&pf_gate, 1);
	while (tablethread_push(pf_thread, &marker))
		n++;
	flowtableplan_renew(pf_plan);
	assert_int_equal(pf_count(PF_RENEW), 0);
	fakegate_release(&pf_gate);
	fakeloop_until(pf_loop, pf_has_markers, &n);
	/* No time has passed. */
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 1);
	pf_look();
	assert_int_equal(pf_count(PF_RENEW), 1);
}

/* Until then connections may be forwarded that the ruleset denies. */
static void a_failed_renewal_is_repeated_twice_a_second(void **state UNUSED)
{
	uint64_t failed = pf_counter("flowtables_failed");
	uint64_t renewed = pf_counter("flowtables_renewed");

	start_with_two();
	pf_renew_err = -EBUSY;
	flowtableplan_renew(pf_plan);
	pf_catch_up();
	for (unsigned int i = 1; i <= 5; i++) {
		assert_int_equal(pf_count(PF_RENEW), i);
		assert_int_equal(pf_counter("flowtables_failed") - failed, i);
		pf_look();
	}
	pf_renew_err = 0;
	pf_look();
	assert_int_equal(pf_count(PF_RENEW), 7);
	assert_int_equal(pf_counter("flowtables_failed") - failed, 6);
	assert_int_equal(pf_counter("flowtables_renewed") - renewed, 1);
	pf_look();
	assert_int_equal(pf_count(PF_RENEW), 7);
}

/* The later one covers what the first was for. */
static void a_failed_renewal_is_forgotten_after_a_later_one(void **state UNUSED)
{
	start_with_two();
	pf_renew_err = -EBUSY;
	fakegate_hold(&pf_gate, 2);
	flowtableplan_renew(pf_plan);
	fakegate_wait(&pf_gate, 1);
	flowtableplan_renew(pf_plan);
	/* The first has its error; the second is held before it has one. */
	fakegate_let_go(&pf_gate);
	while (!pf_n_answers[TABLETHREAD_RENEW])
		loop_run_once(pf_loop, true);
	fakegate_wait(&pf_gate, 1);
	pf_renew_err = 0;
	fakegate_release(&pf_gate);
	pf_catch_up();
	assert_int_equal(pf_count(PF_RENEW), 2);
	pf_look();
	assert_int_equal(pf_count(PF_RENEW), 2);
}

/* -- beside flower rules -------------------------------------------------- */

static void where_rules_are_possible_there_is_no_flowtable(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	assert_true(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_count(PF_UP), 0);
	assert_true(view_is_settled(pf_rig.engine));
}

static void pairs_without_rules_are_in_the_flowtable(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	pf_add(40);
	pf_add(50);
	pf_start();
	pf_catch_up();
	assert_false(pf_has_pair(pf_flow(), 2, 3) || pf_has_pair(pf_flow(), 3, 2));
	assert_string_equal(pf_because(2, 40), reason_name(REASON_DIFFERENT_CARDS));
	assert_string_equal(pf_because(40, 2), reason_name(REASON_DIFFERENT_CARDS));
	assert_string_equal(pf_because(3, 50), reason_name(REASON_DRIVER_NOT_ALLOWED));
	assert_string_equal(pf_because(50, 40), reason_name(REASON_DRIVER_NOT_ALLOWED));
	assert_int_equal(pf_flow()->n_pairs, 10);
	assert_int_equal(pf_flow()->n_devices, 4);
}

static void a_card_that_refuses_rules_is_in_the_flowtable(void **state UNUSED)
{
	pf_rig.kernel.driver.classes = 0;
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	assert_string_equal(pf_because(2, 3), reason_name(REASON_NO_RECIPE));
	assert_string_equal(pf_because(3, 2), reason_name(REASON_NO_RECIPE));
}

/* A connection needs both directions. */
static void refuse_one_direction(void *ctx UNUSED, const struct order *o,
				 unsigned int worker UNUSED)
{
	if (o->type == ORDER_PROBE)
		pf_rig.kernel.driver.classes = o->probe.in == 3 ? 0 : RECIPE_CLASSES_ALL;
}

static void one_direction_without_rules_is_enough(void **state UNUSED)
{
	pf_rig.on_order = refuse_one_direction;
	pf_rig.room = 1;
	pf_add(2);
	pf_add(3);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 2, 3)->state, PAIR_GOOD);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 3, 2)->state, PAIR_REFUSED);
	pf_start();
	pf_catch_up();
	/* Both have the reason of the one. */
	assert_string_equal(pf_because(2, 3), reason_name(REASON_NO_RECIPE));
	assert_string_equal(pf_because(3, 2), reason_name(REASON_NO_RECIPE));
}

static void hold_probes(void *ctx UNUSED, const struct order *o, unsigned int worker)
{
	if (o->type == ORDER_PROBE)
		pf_rig.is_held[fake_lane(ORDER_PROBE, worker)] = true;
}

static void hold_opening(void *ctx UNUSED, const struct order *o, unsigned int worker)
{
	if (o->type == ORDER_PORT_OPEN)
		pf_rig.is_held[fake_lane(ORDER_PORT_OPEN, worker)] = true;
}

static void assert_waits(enum order_type type)
{
	pf_start();
	pf_catch_up();
	pf_look();
	assert_false(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_count(PF_UP), 0);
	pf_rig.on_order = NULL;
	pf_rig.is_held[fake_lane(type, 0)] = false;
	rig_settle(&pf_rig);
	pf_look();
	assert_true(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_count(PF_UP), 0);
}

/* Not known yet is no reason. */
static void a_pair_that_is_being_probed_is_waited_for(void **state UNUSED)
{
	pf_rig.on_order = hold_probes;
	pf_add(2);
	pf_add(3);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 2, 3)->state, PAIR_PROBING);
	assert_waits(ORDER_PROBE);
}

static void a_port_that_is_being_opened_is_waited_for(void **state UNUSED)
{
	pf_rig.on_order = hold_opening;
	pf_add(2);
	pf_add(3);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 2, 3)->state, PAIR_NONE);
	assert_waits(ORDER_PORT_OPEN);
}

/* Settled, and all pairs but this one are in the flowtable: the third device is on another card. */
static void assert_left_out(void)
{
	pf_add(40);
	pf_start();
	pf_catch_up();
	assert_true(flowtableplan_is_settled(pf_plan));
	assert_false(pf_has_pair(pf_flow(), 2, 3) || pf_has_pair(pf_flow(), 3, 2));
	assert_true(pf_has_pair(pf_flow(), 2, 40) && pf_has_pair(pf_flow(), 40, 3));
	assert_int_equal(pf_flow()->n_pairs, 4);
}

/* Nobody can tell whether flower rules could forward between them. */
static void a_pair_without_tc_offload_is_left_out(void **state UNUSED)
{
	struct link l = pf_link(2);

	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_add(3);
	assert_left_out();
	/* When it is switched on, the driver shows that it accepts no rules. */
	pf_rig.kernel.driver.classes = 0;
	l.hw.tc = LINK_TC_ON;
	pf_feed_link(&l);
	pf_look();
	assert_string_equal(pf_because(2, 3), reason_name(REASON_NO_RECIPE));
}

static void a_pair_whose_port_failed_is_left_out(void **state UNUSED)
{
	struct link l = pf_link(2);

	pf_rig.kernel.faults.port_err = -EOPNOTSUPP;
	pf_feed_link(&l);
	assert_int_equal(topology_find_link(view_paths(pf_rig.engine), 2)->port, PORT_FAILED);
	pf_add(3);
	assert_left_out();
	/* A change of the link has it opened. */
	pf_rig.kernel.driver.classes = 0;
	l.mtu = 1400;
	pf_feed_link(&l);
	pf_look();
	assert_string_equal(pf_because(2, 3), reason_name(REASON_NO_RECIPE));
}

static void pause_one_direction(void *ctx UNUSED, const struct order *o,
				unsigned int worker UNUSED)
{
	bool is_paused = o->type == ORDER_PROBE && o->probe.in == 2 && o->probe.out == 3;

	pf_rig.kernel.driver.classes = is_paused ? 0 : RECIPE_CLASSES_ALL;
	pf_rig.kernel.driver.err = is_paused ? -EBUSY : 0;
}

/* A failed probe is repeated after growing pauses. */
static void a_pair_whose_probe_is_paused_is_left_out(void **state UNUSED)
{
	pf_rig.on_order = pause_one_direction;
	pf_rig.room = 1;
	pf_add(2);
	pf_add(3);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 2, 3)->state, PAIR_PAUSED);
	assert_int_equal(nic_find_pair(view_nic(pf_rig.engine), 3, 2)->state, PAIR_GOOD);
	assert_left_out();
}

/* -- the end -------------------------------------------------------------- */

static void it_ends_while_jobs_are_under_way(void **state UNUSED)
{
	start_with_two();
	fakegate_hold(&pf_gate, 1);
	flowtableplan_renew(pf_plan);
	fakegate_wait(&pf_gate, 1);
	pf_add(4);
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	assert_false(flowtableplan_is_settled(pf_plan));
	/* The job that is queued, with its flowtables, belongs to the thread. */
	flowtableplan_free(pf_plan);
	pf_plan = NULL;
	fakeloop_pass(pf_loop, 10 * PF_PAUSE_MS);
	assert_int_equal(pf_count(PF_RENEW), 1);
}

#define SOFTWARE(name) cmocka_unit_test_setup_teardown(name, pf_setup_software, pf_teardown)
#define HARDWARE(name) cmocka_unit_test_setup_teardown(name, pf_setup_hardware, pf_teardown)
#define AUTO(name) cmocka_unit_test_setup_teardown(name, pf_setup_auto, pf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_flowtables_there_is_no_plan),
		SOFTWARE(all_named_devices_are_in_the_flowtable),
		SOFTWARE(the_plan_can_be_shown),
		SOFTWARE(the_plan_follows_the_devices),
		cmocka_unit_test(devices_that_are_not_offloaded_are_left_out),
		cmocka_unit_test(a_device_waits_until_its_hooks_have_been_read),
		SOFTWARE(more_pairs_than_fit_are_left_out),
		SOFTWARE(more_devices_than_fit_are_left_out),
		SOFTWARE(a_change_waits_for_the_answer),
		SOFTWARE(changes_are_followed_at_once_but_not_too_often),
		SOFTWARE(what_the_table_has_is_what_it_was_told),
		SOFTWARE(a_flowtable_that_is_busy_is_tried_again),
		SOFTWARE(after_a_failure_the_table_has_what_it_had),
		SOFTWARE(after_a_lost_answer_the_table_is_made_again),
		SOFTWARE(a_full_queue_is_tried_again),
		HARDWARE(a_full_queue_is_tried_again),
		SOFTWARE(a_change_of_the_ruleset_empties_the_flowtables),
		SOFTWARE(changes_during_a_renewal_cause_one_more),
		SOFTWARE(a_renewal_waits_for_room_in_the_queue),
		SOFTWARE(a_failed_renewal_is_repeated_twice_a_second),
		SOFTWARE(a_failed_renewal_is_forgotten_after_a_later_one),
		AUTO(where_rules_are_possible_there_is_no_flowtable),
		AUTO(pairs_without_rules_are_in_the_flowtable),
		AUTO(a_card_that_refuses_rules_is_in_the_flowtable),
		AUTO(one_direction_without_rules_is_enough),
		AUTO(a_pair_that_is_being_probed_is_waited_for),
		AUTO(a_port_that_is_being_opened_is_waited_for),
		AUTO(a_pair_without_tc_offload_is_left_out),
		AUTO(a_pair_whose_port_failed_is_left_out),
		AUTO(a_pair_whose_probe_is_paused_is_left_out),
		SOFTWARE(it_ends_while_jobs_are_under_way),
	};

	return cmocka_run_group_tests_name("flowtableplan", tests, NULL, NULL);
}

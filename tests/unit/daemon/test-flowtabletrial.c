/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trials by which flowtableplan finds out whether a driver accepts a flowtable. */
#include "unit/unit.h"

#include "unit/planfixture.h"

#define RETRY_MS 5000
/* The kernel's own number, which some drivers return. */
#define ENOTSUPP 524

static void drivers_are_tried_before_the_plan_is_made(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	fakegate_hold(&pf_gate, 2);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	fakeloop_pass(pf_loop, 10 * PF_PAUSE_MS);
	assert_false(flowtableplan_is_settled(pf_plan));
	/* One has answered, late; the other has not. */
	fakegate_let_go(&pf_gate);
	fakegate_wait(&pf_gate, 1);
	fakeloop_pass(pf_loop, 10 * PF_PAUSE_MS);
	assert_false(flowtableplan_is_settled(pf_plan));
	assert_int_equal(pf_count(PF_UP), 0);
	fakegate_release(&pf_gate);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 2);
	assert_string_equal(pf_call[0].device, "d2");
	assert_string_equal(pf_call[1].device, "d3");
	assert_true(pf_has_device(pf_flow(), 2, true) && pf_has_device(pf_flow(), 3, true));
	assert_true(pf_flow()->pair[0].is_hardware);
	/* The answer holds. */
	fakeloop_pass(pf_loop, 4 * RETRY_MS);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 2);
}

/* The plan for two devices whose drivers accept a flowtable, and two whose drivers do not. */
static const struct nftoffload_config *plan_for_two_kinds(void)
{
	pf_try_err[4] = pf_try_err[5] = -EOPNOTSUPP;
	for (unsigned int n = 2; n <= 5; n++)
		pf_add(n);
	pf_start();
	pf_catch_up();
	return pf_flow();
}

static void both_kinds_of_flowtables_are_separate(void **state UNUSED)
{
	const struct nftoffload_config *f = plan_for_two_kinds();

	assert_int_equal(f->n_devices, 4);
	assert_true(pf_has_device(f, 2, true) && pf_has_device(f, 3, true));
	assert_true(pf_has_device(f, 4, false) && pf_has_device(f, 5, false));
	assert_int_equal(f->n_pairs, 4);
	assert_true(pf_has_pair(f, 2, 3) && pf_has_pair(f, 3, 2));
	assert_true(pf_has_pair(f, 4, 5) && pf_has_pair(f, 5, 4));
	assert_int_equal(nftoffload_check(f), 0);
}

static void without_permission_there_is_no_software_flowtable(void **state UNUSED)
{
	const struct nftoffload_config *f = plan_for_two_kinds();

	assert_int_equal(f->n_devices, 2);
	assert_true(pf_has_device(f, 2, true) && pf_has_device(f, 3, true));
}

static void a_driver_that_is_busy_is_asked_again(void **state UNUSED)
{
	pf_try_err[2] = -EBUSY;
	pf_try_err[3] = -EOPNOTSUPP;
	pf_add(2);
	pf_add(3);
	pf_add(4);
	pf_start();
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 3);
	/* It does without hardware meanwhile. */
	assert_true(pf_has_device(pf_flow(), 2, false) && pf_has_device(pf_flow(), 3, false));
	/* The other flowtable goes, but nobody is told. */
	pf_try_err[2] = 0;
	fakeloop_pass(pf_loop, RETRY_MS - 1);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 3);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 4);
	assert_true(pf_has_device(pf_flow(), 2, true));
	/* One that cannot is not asked again. */
	fakeloop_pass(pf_loop, 10 * RETRY_MS);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 4);
}

/* These say nothing about the driver. */
static void a_trial_that_fails_is_repeated(void **state)
{
	static const int errs[] = { -ETIMEDOUT, -EINTR, -ENOBUFS, -ENOMEM, -EAGAIN, -ENODEV,
				    -ENOENT,	-EPERM, -EIO };

	for (size_t i = 0; i < array_size(errs); i++) {
		pf_setup_hardware(state);
		pf_add(2);
		pf_add(3);
		pf_try_err[2] = errs[i];
		pf_start();
		pf_catch_up();
		assert_int_equal(pf_count(PF_TRY), 2);
		/* The plan does not wait for it. */
		assert_true(flowtableplan_is_settled(pf_plan));
		pf_try_err[2] = 0;
		fakeloop_pass(pf_loop, RETRY_MS);
		pf_look();
		assert_int_equal(pf_count(PF_TRY), 3);
		assert_true(pf_has_device(pf_flow(), 2, true));
		pf_teardown(state);
	}
}

static void a_refused_trial_is_not_repeated(void **state)
{
	static const int errs[] = { -EOPNOTSUPP, -ENOTSUPP, -EINVAL };

	for (size_t i = 0; i < array_size(errs); i++) {
		pf_setup_hardware(state);
		pf_add(2);
		pf_add(3);
		pf_try_err[2] = errs[i];
		pf_start();
		pf_catch_up();
		fakeloop_pass(pf_loop, 10 * RETRY_MS);
		pf_catch_up();
		assert_int_equal(pf_count(PF_TRY), 2);
		pf_teardown(state);
	}
}

static void a_driver_whose_offload_is_switched_is_asked_again(void **state UNUSED)
{
	struct link l = pf_link(2);

	pf_try_err[2] = -EOPNOTSUPP;
	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_add(3);
	pf_add(4);
	pf_start();
	pf_catch_up();
	assert_false(pf_has_device(pf_flow(), 2, true));
	pf_try_err[2] = 0;
	l.hw.tc = LINK_TC_ON;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 4);
	assert_true(pf_has_device(pf_flow(), 2, true));
	/* And back. */
	pf_try_err[2] = -EOPNOTSUPP;
	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 5);
	assert_false(pf_has_device(pf_flow(), 2, true));
}

/* The answer that is under way may be about what it was before. */
static void an_offload_that_is_switched_during_a_trial_is_tried_again(void **state UNUSED)
{
	struct link l = pf_link(2);

	pf_add(3);
	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_try_err[2] = -EOPNOTSUPP;
	fakegate_hold(&pf_gate, 1);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	fakegate_hold(&pf_gate, 2);
	fakegate_let_go(&pf_gate);
	/* The first is answered when the second is held: which is that of d2. */
	fakegate_wait(&pf_gate, 1);
	l.hw.tc = LINK_TC_ON;
	pf_feed_link(&l);
	fakeloop_pass(pf_loop, 4 * PF_PAUSE_MS);
	assert_int_equal(pf_count(PF_TRY), 2);
	fakegate_let_go(&pf_gate);
	while (pf_n_answers[TABLETHREAD_TRY] < 2)
		loop_run_once(pf_loop, true);
	fakegate_wait(&pf_gate, 1);
	pf_try_err[2] = 0;
	fakegate_release(&pf_gate);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 3);
	assert_true(pf_has_device(pf_flow(), 2, true));
}

static void another_device_of_the_same_name_is_tried(void **state UNUSED)
{
	struct link l = pf_link(2);

	pf_try_err[2] = -EOPNOTSUPP;
	pf_add(2);
	pf_add(3);
	pf_add(4);
	pf_start();
	pf_catch_up();
	assert_false(pf_has_device(pf_flow(), 2, true));
	pf_del(2);
	l.ifindex = 12;
	pf_try_err[2] = 0;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 4);
	assert_true(pf_has_device(pf_flow(), 2, true));
	/* So is one that has got another name. */
	strcpy(l.name, "d20");
	pf_try_err[20] = -EOPNOTSUPP;
	pf_feed_link(&l);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 5);
	assert_false(pf_has_device(pf_flow(), 20, true));
}

/* It has the index of the device before it, too, and the plan does not look in between. */
static void another_device_of_the_same_index_is_tried(void **state UNUSED)
{
	struct event gone = { .type = EVENT_LINK_GONE };

	pf_try_err[2] = -EOPNOTSUPP;
	pf_add(2);
	pf_add(3);
	pf_add(4);
	pf_start();
	pf_catch_up();
	assert_false(pf_has_device(pf_flow(), 2, true));
	pf_try_err[2] = 0;
	gone.link.ifindex = 2;
	fake_del_link(&pf_rig.kernel, 2);
	rig_feed(&pf_rig, &gone);
	pf_add(2);
	pf_look();
	assert_int_equal(pf_count(PF_TRY), 4);
	assert_true(pf_has_device(pf_flow(), 2, true));
}

static void a_late_answer_is_not_that_of_another_device(void **state UNUSED)
{
	struct link l = pf_link(2);

	pf_add(2);
	pf_add(3);
	pf_add(4);
	pf_try_err[2] = -EOPNOTSUPP;
	fakegate_hold(&pf_gate, 1);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	pf_del(2);
	l.ifindex = 12;
	pf_feed_link(&l);
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	/* The first is answered when the second is held: which is that of d3. */
	fakegate_hold(&pf_gate, 1);
	fakegate_let_go(&pf_gate);
	fakegate_wait(&pf_gate, 1);
	pf_try_err[2] = 0;
	fakegate_release(&pf_gate);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), 4);
	assert_true(pf_has_device(pf_flow(), 2, true));
}

/* Other jobs need room in the queue. */
static void the_trials_under_way_are_bounded(void **state UNUSED)
{
	struct tablethread_job marker = { .type = TABLETHREAD_LOOK };
	unsigned int n_markers = 1;
	struct link l = pf_link(2);

	pf_add(2);
	pf_add(3);
	fakegate_hold(&pf_gate, 1);
	pf_start();
	fakegate_wait(&pf_gate, 1);
	for (uint32_t n = 0; n < 2 * JOBTHREAD_JOBS; n++) {
		pf_del(l.ifindex);
		l.ifindex = 100 + n;
		pf_feed_link(&l);
		fakeloop_pass(pf_loop, PF_PAUSE_MS);
	}
	assert_true(tablethread_push(pf_thread, &marker));
	fakegate_release(&pf_gate);
	fakeloop_until(pf_loop, pf_has_markers, &n_markers);
	pf_catch_up();
	assert_int_equal(pf_count(PF_TRY), NFTOFFLOAD_MAX_DEVICES + 1);
	assert_true(pf_has_device(pf_flow(), 2, true));
}

/* The places of devices that are gone are used again. */
static void any_number_of_devices_can_come_and_go(void **state UNUSED)
{
	pf_add(2);
	pf_add(3);
	pf_start();
	pf_catch_up();
	for (unsigned int n = 0; n < 2 * NFTOFFLOAD_MAX_DEVICES; n++) {
		struct link l = pf_link(4);

		l.ifindex = 100 + n;
		pf_feed_link(&l);
		pf_look();
		assert_int_equal(pf_count(PF_TRY), 3 + n);
		assert_true(pf_has_device(pf_flow(), 4, true));
		pf_del(100 + n);
		pf_look();
	}
}

#define HARDWARE(name) cmocka_unit_test_setup_teardown(name, pf_setup_hardware, pf_teardown)
#define HARDWARE_ONLY(name)                                                                        \
	cmocka_unit_test_setup_teardown(name, pf_setup_hardware_only, pf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARDWARE(drivers_are_tried_before_the_plan_is_made),
		HARDWARE(both_kinds_of_flowtables_are_separate),
		HARDWARE_ONLY(without_permission_there_is_no_software_flowtable),
		HARDWARE(a_driver_that_is_busy_is_asked_again),
		cmocka_unit_test(a_trial_that_fails_is_repeated),
		cmocka_unit_test(a_refused_trial_is_not_repeated),
		HARDWARE(a_driver_whose_offload_is_switched_is_asked_again),
		HARDWARE(an_offload_that_is_switched_during_a_trial_is_tried_again),
		HARDWARE(another_device_of_the_same_name_is_tried),
		HARDWARE(another_device_of_the_same_index_is_tried),
		HARDWARE(a_late_answer_is_not_that_of_another_device),
		HARDWARE(the_trials_under_way_are_bounded),
		HARDWARE(any_number_of_devices_can_come_and_go),
	};

	return cmocka_run_group_tests_name("flowtabletrial", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a port: wanted, opened, left and taken back. How it is closed is in test-portclose.c,
 * how it is mended in test-portmend.c, what becomes of its guards in test-portguards.c.
 */
#include "unit/unit.h"

#include "base/util.h"
#include "core/flow/leftover.h"
#include "unit/portfixture.h"

static void start_again(const struct settings *settings)
{
	rf_teardown(NULL);
	rig_init(&rig, settings, 1, 1);
}

static bool path_walk_is_running(void)
{
	return walk_is_running(rig.engine, WALK_PATH);
}

/* -- wanted --------------------------------------------------------------- */

static void without_flower_rules_no_port_is_wanted(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.offload = OFFLOAD_OBSERVE;
	start_again(&s);
	pf_add_link(2);
	pf_expect(2, NONE);
	pf_take_nothing();
	s = pf_software();
	s.backend = BACKEND_FLOWTABLE;
	start_again(&s);
	pf_add_link(2);
	pf_expect(2, NONE);
	pf_take_nothing();
}

static void a_link_of_another_kind_is_no_port(void **state UNUSED)
{
	struct link l = pf_link(2);

	l.is_loopback = true;
	pf_feed_link(&l);
	l = pf_link(3);
	l.master = 9;
	pf_feed_link(&l);
	l = pf_link(4);
	strcpy(l.kind, "vxlan");
	pf_feed_link(&l);
	for (uint32_t i = 2; i <= 4; i++)
		pf_expect(i, NONE);
	pf_take_nothing();
	/* It is a port as soon as it can be one. */
	pf_set_master(3, 0);
	pf_expect(3, WANTED);
}

static void a_wanted_port_that_leaves_has_nothing_to_close(void **state UNUSED)
{
	pf_add_link(2);
	pf_expect(2, WANTED);
	pf_set_master(2, 9);
	pf_expect(2, NONE);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_take_nothing();
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
}

static void a_nic_without_offload_is_not_opened_until_it_is_turned_on(void **state UNUSED)
{
	struct link l = pf_link(2);

	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_expect(2, NONE);
	pf_take_nothing();
	/* Once more would not help. */
	pf_feed_link(&l);
	pf_expect(2, NONE);
	l.hw.tc = LINK_TC_ON;
	pf_feed_link(&l);
	pf_expect(2, WANTED);
	/* Flows take note of other hardware. */
	assert_int_equal(pf_port(2)->changed, rig.engine->paths.generation);
	assert_true(path_walk_is_running());
}

/* Nothing that the link itself reports has changed then. */
static void a_port_that_the_nic_had_no_room_for_is_wanted_later(void **state UNUSED)
{
	for (uint32_t i = 0; i < NIC_MAX_PORTS; i++)
		pf_add_link(100 + i);
	pf_add_link(2);
	pf_expect(100, WANTED);
	pf_expect(2, NONE);
	pf_link_gone(100);
	pf_report(2);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->changed, rig.engine->paths.generation);
}

/* -- opened --------------------------------------------------------------- */

static void a_port_is_opened_and_then_guarded(void **state UNUSED)
{
	struct order_port o;

	pf_add_link(2);
	pf_expect(2, WANTED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	assert_false(portfsm_are_settled(rig.engine));
	o = pf_take_port(ORDER_PORT_OPEN, 2);
	pf_check_order(&o, 2, true);
	pf_expect(2, OPENING);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	assert_false(portfsm_are_settled(rig.engine));
	pf_take_nothing();
	pf_opened(2);
	pf_expect(2, CLSACT);
	assert_false(portfsm_are_settled(rig.engine));
	/* The guards tell the next run whose clsact it is. */
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	pf_check_order(&o, 2, false);
	pf_expect(2, GUARDING);
	assert_false(portfsm_are_settled(rig.engine));
	pf_take_nothing();
	pf_tick();
	assert_false(path_walk_is_running());
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect(2, OPEN);
	assert_int_equal(pf_port(2)->guards, PF_BOTH_GUARDS);
	assert_int_equal(pf_port(2)->err, 0);
	assert_true(portfsm_are_settled(rig.engine));
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	pf_take_nothing();
	/* Flows that waited for the port look again. */
	assert_int_equal(pf_port(2)->changed, rig.engine->paths.generation);
	assert_true(path_walk_is_running());
}

static void a_clsact_of_others_is_kept(void **state UNUSED)
{
	struct event_port done = { .ifindex = 2, .order = ORDER_PORT_OPEN };
	struct order_port o;

	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_answer(&done);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	pf_check_order(&o, 2, true);
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_set_master(2, 9);
	o = pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_check_order(&o, 2, true);
}

/* A driver can only be asked about a pair of ports. */
static void a_port_of_a_nic_waits_for_a_recipe(void **state UNUSED)
{
	struct order_probe one, other;
	struct order_port o;

	pf_open(2);
	assert_true(pf_nic_port(2)->is_ready);
	assert_true(portfsm_are_settled(rig.engine));
	pf_take_nothing();
	pf_open(3);
	assert_false(portfsm_are_settled(rig.engine));
	one = pf_take(ORDER_PROBE).probe;
	other = pf_take(ORDER_PROBE).probe;
	assert_int_equal(one.in, 2);
	assert_int_equal(other.in, 3);
	pf_take_nothing();
	/* Its answer is about the port of arrival only. */
	pf_tick();
	pf_probed(&one);
	assert_true(path_walk_is_running());
	assert_int_equal(rig.engine->paths.ways_changed, rig.engine->paths.generation);
	o = pf_take_port(ORDER_PORT_GUARD, 2);
	pf_check_order(&o, 2, false);
	pf_take_nothing();
	pf_probed(&other);
	assert_false(portfsm_are_settled(rig.engine));
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_guarded(2, PF_BOTH_GUARDS);
	assert_false(portfsm_are_settled(rig.engine));
	pf_guarded(3, PF_BOTH_GUARDS);
	pf_expect(2, OPEN);
	pf_expect(3, OPEN);
	assert_true(portfsm_are_settled(rig.engine));
	assert_int_equal(nic_card(rig.engine->paths.nic, 2)->guards, 4);
}

static void a_port_that_cannot_be_opened_waits_for_a_change(void **state UNUSED)
{
	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_tick();
	pf_not_opened(2, -EBUSY);
	pf_expect(2, FAILED);
	assert_int_equal(pf_port(2)->err, -EBUSY);
	assert_string_equal(pf_port(2)->extack, "because");
	assert_false(pf_port(2)->made_clsact);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	assert_true(portfsm_are_settled(rig.engine));
	assert_true(path_walk_is_running());
	pf_report(2);
	pf_expect(2, FAILED);
	pf_take_nothing();
	pf_set_mtu(2, 1400);
	pf_expect(2, WANTED);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_expect(2, CLSACT);
	assert_int_equal(pf_port(2)->err, 0);
	assert_string_equal(pf_port(2)->extack, "");
}

static void a_failed_port_that_leaves_has_nothing_to_close(void **state UNUSED)
{
	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -EBUSY);
	pf_set_master(2, 9);
	pf_expect(2, FAILED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_take_nothing();
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
}

/* Guards first, for without them a port is of no use; a probe is last, for it takes longest. */
static void orders_come_by_their_use(void **state UNUSED)
{
	pf_open(5);
	pf_round(3, 0, true, 0);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_opened(3);
	pf_expect(3, CLSACT);
	pf_add_link(4);
	portfsm_renew_guards(rig.engine, 2);
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_take_port(ORDER_PORT_OPEN, 4);
	assert_true(pf_take_port(ORDER_PORT_GUARD, 2).renew);
	assert_int_equal(pf_take(ORDER_PROBE).probe.out, 5);
}

/* -- left ----------------------------------------------------------------- */

static void a_port_left_while_it_is_opened_is_closed_after_the_answer(void **state UNUSED)
{
	struct order_port o;

	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_set_master(2, 9);
	pf_expect(2, OPENING);
	pf_take_nothing();
	pf_opened(2);
	pf_expect(2, UNWANTED);
	o = pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_check_order(&o, 2, false);
	pf_expect(2, CLOSING);
	pf_closed(2, 0);
	pf_expect(2, CLOSED);
	/* When nothing could be opened, nothing is closed. */
	pf_add_link(3);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_set_master(3, 9);
	pf_not_opened(3, -EBUSY);
	pf_expect(3, FAILED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_take_nothing();
}

static void a_port_left_while_it_is_guarded_is_closed_after_the_answer(void **state UNUSED)
{
	pf_open(2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_set_master(2, 9);
	pf_expect(2, GUARDING);
	pf_take_nothing();
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect(2, UNWANTED);
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

static void a_port_left_between_two_orders_is_closed(void **state UNUSED)
{
	pf_open(2);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_open(3);
	pf_take_port(ORDER_PORT_GUARD, 3);
	pf_guarded(3, PF_GUARD_IP4);
	pf_expect(3, UNGUARDED);
	pf_set_master(3, 9);
	pf_expect(3, UNWANTED);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_closed(2, 0);
	pf_closed(3, 0);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
}

static void a_port_left_is_closed_when_no_flow_uses_it(void **state UNUSED)
{
	struct order o;

	pf_add_active_flow();
	rf_send(1, DIR_ORIG, 1);
	rf_second();
	rf_pass(1000);
	pf_set_master(3, 9);
	pf_expect(3, UNWANTED);
	/* The nic plans no rules with it any more. */
	assert_null(nic_find_port(view_nic(rig.engine), 3));
	assert_false(engine_next_order(rig.engine, ORDERS_REMOVE, 0, rig.now, &o));
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_REFUSED);
	assert_int_equal(rf_flow(1)->reason, REASON_DEVICE_KIND);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_CLOSE], 1);
	pf_expect(3, CLOSED);
	pf_expect(2, OPEN);
	assert_false(fake_find_link(&rig.kernel, 3)->has_clsact);
}

static void a_port_left_is_not_closed_behind_a_barrier(void **state UNUSED)
{
	struct order o;

	pf_open_and_guard(2);
	pf_port(2)->barrier = BARRIER_UP;
	pf_set_master(2, 9);
	assert_false(engine_next_order(rig.engine, ORDERS_REMOVE, 0, rig.now, &o));
	pf_expect(2, UNWANTED);
	pf_port(2)->barrier = BARRIER_NONE;
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

/* Nobody knows yet which ports their rules are on. */
static void a_port_left_is_not_closed_while_rules_are_adopted(void **state UNUSED)
{
	struct order o;

	pf_open_and_guard(2);
	assert_int_equal(leftover_open(rig.engine), 0);
	pf_set_master(2, 9);
	assert_false(engine_next_order(rig.engine, ORDERS_REMOVE, 0, rig.now, &o));
	leftover_free(rig.engine);
	pf_take_port(ORDER_PORT_CLOSE, 2);
}

static void one_port_that_waits_does_not_keep_another_open(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_open_and_guard(3);
	pf_port(2)->barrier = BARRIER_UP;
	pf_set_master(2, 9);
	pf_set_master(3, 9);
	pf_take_port(ORDER_PORT_CLOSE, 3);
	pf_take_nothing();
	pf_port(2)->barrier = BARRIER_NONE;
	pf_take_port(ORDER_PORT_CLOSE, 2);
	assert_true(rig.engine->has_unwanted);
	pf_take_nothing();
	assert_false(rig.engine->has_unwanted);
}

/* -- taken back ----------------------------------------------------------- */

/* Nothing says that its guards are still there. */
static void a_guarded_port_that_returns_before_closing_is_opened_again(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_UNKNOWN);
	pf_open_and_guard(2);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
	pf_take_nothing();
}

/* The nic has forgotten the recipes of its pairs. */
static void a_port_of_a_nic_that_returns_before_closing_is_opened_and_probed(void **state UNUSED)
{
	uint64_t n_probes = rig.kernel.n_orders[ORDER_PROBE];

	rf_add(1, true);
	rig_settle(&rig);
	pf_set_master(3, 9);
	pf_set_master(3, 0);
	pf_expect(3, WANTED);
	rig_settle(&rig);
	pf_expect(3, OPEN);
	assert_true(pf_nic_port(3)->is_ready);
	assert_true(rf_is_active(1));
	assert_int_equal(rig.kernel.n_orders[ORDER_PROBE], n_probes + 2);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_OPEN], 3);
	assert_int_equal(rig.kernel.n_orders[ORDER_PORT_CLOSE], 0);
}

static void a_port_with_one_guard_that_returns_is_opened_again(void **state UNUSED)
{
	pf_open(2);
	pf_take_port(ORDER_PORT_GUARD, 2);
	pf_guarded(2, PF_GUARD_IP4);
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	pf_set_master(2, 0);
	pf_expect(2, WANTED);
	assert_int_equal(pf_port(2)->residue, RESIDUE_UNKNOWN);
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	/* It is closed if it leaves now. */
	pf_set_master(2, 9);
	pf_expect(2, UNWANTED);
	pf_set_master(2, 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_opened(2);
	pf_expect(2, CLSACT);
	assert_int_equal(pf_port(2)->residue, RESIDUE_NONE);
}

static void a_port_that_returns_while_it_is_closed_is_opened_again(void **state UNUSED)
{
	pf_open_and_guard(2);
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	pf_set_master(2, 0);
	pf_expect(2, CLOSING);
	pf_take_nothing();
	pf_closed(2, 0);
	pf_expect(2, WANTED);
	assert_int_equal(portfsm_count_ours(rig.engine), 0);
	pf_take_port(ORDER_PORT_OPEN, 2);
}

static void a_port_that_returns_without_offload_stays_closed(void **state UNUSED)
{
	struct link l;

	pf_open(2);
	l = pf_port(2)->link;
	pf_set_master(2, 9);
	pf_take_port(ORDER_PORT_CLOSE, 2);
	l.hw.tc = LINK_TC_OFF;
	pf_feed_link(&l);
	pf_closed(2, 0);
	pf_expect(2, CLOSED);
	l.hw.tc = LINK_TC_ON;
	pf_feed_link(&l);
	pf_expect(2, WANTED);
}

/* -- answers for an earlier device ---------------------------------------- */

static void answers_for_a_device_without_an_order_are_ignored(void **state UNUSED)
{
	struct link bridged = pf_link(3);

	bridged.master = 9;
	pf_open_and_guard(2);
	pf_link_gone(2);
	pf_guarded(2, PF_BOTH_GUARDS);
	assert_null(topology_find_link(view_paths(rig.engine), 2));
	pf_add_link(2);
	pf_feed_link(&bridged);
	pf_tick();
	for (uint32_t i = 2; i <= 3; i++) {
		pf_not_opened(i, -EBUSY);
		pf_opened(i);
		pf_guarded(i, PF_BOTH_GUARDS);
		pf_closed(i, -EBUSY);
		assert_int_equal(pf_port(i)->err, 0);
		assert_int_equal(pf_port(i)->guards, 0);
	}
	pf_expect(2, WANTED);
	pf_expect(3, NONE);
	assert_false(path_walk_is_running());
}

/* Which device they are about cannot be told, so the last one counts. */
static void the_last_answer_counts(void **state UNUSED)
{
	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_link_gone(2);
	pf_add_link(2);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_not_opened(2, -ENODEV);
	pf_expect(2, FAILED);
	pf_opened(2);
	pf_expect(2, CLSACT);
	assert_int_equal(pf_port(2)->err, 0);
	/* A close that is not ours is made good. */
	pf_closed(2, 0);
	pf_expect(2, WANTED);
	/* One that failed, too: the port is opened again. */
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_closed(2, -EBUSY);
	pf_expect(2, WANTED);
	pf_take_port(ORDER_PORT_OPEN, 2);
	pf_guarded(2, PF_BOTH_GUARDS);
	pf_expect(2, OPEN);
}

static void a_link_that_is_gone_leaves_nothing(void **state UNUSED)
{
	pf_tick();
	pf_port(3)->barrier = BARRIER_UP;
	rig.engine->n_barriers = 1;
	pf_link_gone(3);
	assert_null(topology_find_link(view_paths(rig.engine), 3));
	assert_null(nic_find_port(view_nic(rig.engine), 3));
	assert_int_equal(rig.engine->n_barriers, 0);
	assert_true(path_walk_is_running());
	assert_int_equal(portfsm_count_ours(rig.engine), 1);
	pf_take_nothing();
	/* The next device with its index has nothing of it. */
	pf_add_link(3);
	pf_expect(3, WANTED);
	assert_int_equal(pf_port(3)->guards, 0);
	assert_false(pf_nic_port(3)->is_ready);
}

/* -- other facts ---------------------------------------------------------- */

static void feed_devices(unsigned int n, const char (*name)[LINK_NAME_SIZE])
{
	struct event ev = { .type = EVENT_DEVICES, .devices = { .n = n, .name = name } };

	rig_feed(&rig, &ev);
}

static void another_list_of_devices_opens_and_closes_ports(void **state UNUSED)
{
	static const char both[][LINK_NAME_SIZE] = { "net2", "net4" };
	static char many[SETTINGS_MAX_DEVICES + 1][LINK_NAME_SIZE];
	struct settings s = pf_software();

	s.auto_devices = false;
	s.n_devices = 2;
	strcpy(s.device[0], "net2");
	strcpy(s.device[1], "net3");
	start_again(&s);
	pf_open_and_guard(2);
	pf_open_and_guard(3);
	pf_add_link(4);
	pf_expect(4, NONE);
	feed_devices(2, both);
	pf_expect(2, OPEN);
	pf_expect(3, UNWANTED);
	pf_expect(4, WANTED);
	assert_int_equal(engine_settings(rig.engine)->n_devices, 2);
	/* What does not fit is left out. */
	strcpy(many[SETTINGS_MAX_DEVICES - 1], "net3");
	strcpy(many[SETTINGS_MAX_DEVICES], "net4");
	feed_devices(SETTINGS_MAX_DEVICES + 1, many);
	assert_int_equal(engine_settings(rig.engine)->n_devices, SETTINGS_MAX_DEVICES);
	pf_expect(2, UNWANTED);
	pf_expect(3, WANTED);
	pf_expect(4, NONE);
}

/* Nothing about the link itself has changed. */
static void a_failed_port_that_is_listed_again_is_tried_again(void **state UNUSED)
{
	static const char one[][LINK_NAME_SIZE] = { "net2" }, both[][LINK_NAME_SIZE] = { "net2", "net3" };
	struct settings s = pf_software();

	s.auto_devices = false;
	s.n_devices = 2;
	memcpy(s.device, both, sizeof(both));
	start_again(&s);
	pf_open_and_guard(2);
	pf_add_link(3);
	pf_take_port(ORDER_PORT_OPEN, 3);
	pf_not_opened(3, -EBUSY);
	feed_devices(2, both);
	pf_expect(3, FAILED);
	feed_devices(1, one);
	pf_expect(3, FAILED);
	feed_devices(2, both);
	pf_expect(3, WANTED);
}

static void feed_and_expect_walk(const struct event *ev, bool is_walked)
{
	pf_tick();
	assert_false(path_walk_is_running());
	rig_feed(&rig, ev);
	assert_int_equal(path_walk_is_running(), is_walked);
}

/* Each of them only when it says something new. */
static void facts_that_move_paths_have_them_checked(void **state UNUSED)
{
	struct event ev = { .type = EVENT_LINK, .link = pf_port(2)->link };

	feed_and_expect_walk(&ev, false);
	ev.link.mtu++;
	feed_and_expect_walk(&ev, true);
	ev = (struct event){ .type = EVENT_NEIGH };
	ev.neigh = (struct neigh){ .ifindex = 2, .family = FAMILY_IP4, .is_valid = true };
	feed_and_expect_walk(&ev, true);
	feed_and_expect_walk(&ev, false);
	ev = (struct event){ .type = EVENT_NEIGHS_END };
	feed_and_expect_walk(&ev, false);
	feed_and_expect_walk(&(struct event){ .type = EVENT_NEIGHS_BEGIN }, false);
	feed_and_expect_walk(&ev, true);
	ev = (struct event){ .type = EVENT_ROUTES_CHANGED };
	feed_and_expect_walk(&ev, true);
	assert_int_equal(rig.engine->paths.routes_changed, rig.engine->paths.generation);
	ev = (struct event){ .type = EVENT_IPSEC, .ipsec = true };
	feed_and_expect_walk(&ev, true);
	feed_and_expect_walk(&ev, false);
	ev = (struct event){ .type = EVENT_FORWARDING_IP6, .forwards_ip6 = false };
	feed_and_expect_walk(&ev, true);
	feed_and_expect_walk(&ev, false);
	ev = (struct event){ .type = EVENT_BYPASS };
	ev.bypass = (struct event_bypass){ .ifindex = 2, .mask = BYPASS_ALL, .bits = BYPASS_XDP };
	feed_and_expect_walk(&ev, true);
	feed_and_expect_walk(&ev, false);
}

static void a_driver_is_asked_for_a_barrier_again_when_the_link_changes(void **state UNUSED)
{
	pf_port(2)->has_no_barrier = true;
	pf_report(2);
	assert_true(pf_port(2)->has_no_barrier);
	pf_set_mtu(2, 1400);
	assert_false(pf_port(2)->has_no_barrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SW(without_flower_rules_no_port_is_wanted),
		SW(a_link_of_another_kind_is_no_port),
		SW(a_wanted_port_that_leaves_has_nothing_to_close),
		HW(a_nic_without_offload_is_not_opened_until_it_is_turned_on),
		HW(a_port_that_the_nic_had_no_room_for_is_wanted_later),
		SW(a_port_is_opened_and_then_guarded),
		SW(a_clsact_of_others_is_kept),
		HW(a_port_of_a_nic_waits_for_a_recipe),
		SW(a_port_that_cannot_be_opened_waits_for_a_change),
		SW(a_failed_port_that_leaves_has_nothing_to_close),
		RUN_HW(orders_come_by_their_use),
		SW(a_port_left_while_it_is_opened_is_closed_after_the_answer),
		SW(a_port_left_while_it_is_guarded_is_closed_after_the_answer),
		SW(a_port_left_between_two_orders_is_closed),
		RUN_HW(a_port_left_is_closed_when_no_flow_uses_it),
		SW(a_port_left_is_not_closed_behind_a_barrier),
		SW(a_port_left_is_not_closed_while_rules_are_adopted),
		SW(one_port_that_waits_does_not_keep_another_open),
		SW(a_guarded_port_that_returns_before_closing_is_opened_again),
		RUN_HW(a_port_of_a_nic_that_returns_before_closing_is_opened_and_probed),
		SW(a_port_with_one_guard_that_returns_is_opened_again),
		SW(a_port_that_returns_while_it_is_closed_is_opened_again),
		HW(a_port_that_returns_without_offload_stays_closed),
		SW(answers_for_a_device_without_an_order_are_ignored),
		SW(the_last_answer_counts),
		RUN_HW(a_link_that_is_gone_leaves_nothing),
		SW(another_list_of_devices_opens_and_closes_ports),
		SW(a_failed_port_that_is_listed_again_is_tried_again),
		RUN_SW(facts_that_move_paths_have_them_checked),
		RUN_SW(a_driver_is_asked_for_a_barrier_again_when_the_link_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

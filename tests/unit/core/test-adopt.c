/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adoption of rules that an earlier run of the daemon left in the kernel. */
#include "core/rules/slot.h"
#include "unit/unit.h"

#include <errno.h>

#include "unit/rigfixture.h"

#include "core/path/plan.h"
#include "core/view.h"

static uint64_t n_adopted, n_not_adopted;

/* Starts with two networks and the offloaded connections 1 to n. */
static void begin(uint32_t n)
{
	struct settings s = rig_settings();

	rf_start(&s);
	for (uint32_t i = 1; i <= n; i++)
		rf_add(i, true);
	rig_settle(&rig);
	for (uint32_t i = 1; i <= n; i++)
		assert_true(rf_is_active(i));
	rf_grown("flows_adopted", &n_adopted);
	rf_grown("flows_not_adopted", &n_not_adopted);
}

static void tell_facts(void)
{
	rf_add_net(2);
	rf_add_net(3);
	rig_settle(&rig);
}

static void restart(void)
{
	rig_restart(&rig, true);
	memset(rig.kernel.n_orders, 0, sizeof(rig.kernel.n_orders));
}

static void assert_orders(enum order_type type, uint64_t n)
{
	assert_int_equal(rig.kernel.n_orders[type], n);
}

static void assert_results(uint64_t adopted, uint64_t not_adopted)
{
	assert_int_equal(rf_grown("flows_adopted", &n_adopted), adopted);
	assert_int_equal(rf_grown("flows_not_adopted", &n_not_adopted), not_adopted);
}

static void right_rules_stay(void **state UNUSED)
{
	struct view_totals t;

	begin(3);
	rf_send(1, DIR_ORIG, 100);
	restart();
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	tell_facts();
	/* Conntrack has not yet shown whether the connection is alive. */
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	rig_resync(&rig);
	rig_settle(&rig);
	for (uint32_t i = 1; i <= 3; i++)
		assert_true(rf_is_active(i));
	assert_orders(ORDER_INSTALL, 0);
	assert_orders(ORDER_REMOVE, 0);
	assert_results(3, 0);
	assert_null(rig.engine->leftovers);
	rf_send(1, DIR_ORIG, 7);
	rf_second();
	view_totals(rig.engine, &t);
	assert_int_equal(t.forwarded[DIR_ORIG].pkts, 7);
}

/* The card counts adopted rules. They are removed when the connection ends or the daemon stops. */
static void adopted_flows_are_like_others(void **state UNUSED)
{
	begin(2);
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_int_equal(nic_card_at(rig.engine->paths.nic, rf_flow(1)->card)->used,
			 2 * CARD_FLOW_RULES);
	rig_report_end(&rig, rf_conn(1));
	rf_conn(1)->exists = false;
	rig_settle(&rig);
	assert_int_equal(fake_rules_of(&rig.kernel, 1), 0);
	rf_add(3, true);
	rig_settle(&rig);
	assert_true(rf_is_active(3));
	rig_feed_type(&rig, EVENT_STOP);
	rig_settle(&rig);
	assert_true(engine_is_stopped(rig.engine));
	fake_check_empty(&rig.kernel);
}

static void conn_ended_between_the_runs(void **state UNUSED)
{
	begin(2);
	rf_conn(1)->exists = false;
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_int_equal(fake_rules_of(&rig.kernel, 1), 0);
	assert_true(rf_is_active(2));
	assert_orders(ORDER_INSTALL, 0);
	assert_results(1, 1);
}

/* If the rule of one direction is missing, the other is removed and both are installed. */
static void one_rule_is_missing(void **state UNUSED)
{
	begin(2);
	fake_delete_rule(&rig.kernel, 1, DIR_ORIG);
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	assert_int_equal(fake_rules_of(&rig.kernel, 1), 2);
	assert_orders(ORDER_INSTALL, 1);
	assert_orders(ORDER_REMOVE, 1);
	assert_results(1, 1);
}

static void path_differs(void **state UNUSED)
{
	struct event ev = { .type = EVENT_NEIGH };

	begin(1);
	restart();
	tell_facts();
	ev.neigh = (struct neigh){ .ifindex = 3,
				   .family = FAMILY_IP4,
				   .addr = { { 10, 0, 3, 1 } },
				   .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 9, 9 } } };
	rig_feed(&rig, &ev);
	rig_resync(&rig);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	assert_orders(ORDER_REMOVE, 1);
	assert_orders(ORDER_INSTALL, 1);
	for (unsigned int i = 0; i < rig.kernel.n_rules; i++) {
		if (rig.kernel.rule[i].rule.out_ifindex == 3)
			assert_int_equal(rig.kernel.rule[i].rule.eth_dst.b[5], 9);
	}
	assert_results(0, 1);
}

static void feed_flag(enum event_type type, uint32_t epoch, bool rules_need_packet)
{
	struct event ev = { .type = type };

	if (type == EVENT_EPOCH)
		ev.epoch = epoch;
	else
		ev.rules_need_packet = rules_need_packet;
	rig_feed(&rig, &ev);
}

/* Routes may have changed unseen. If policy rules select by what only packets know, look-ups prove nothing. */
static void packets_decide(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.admit = ADMIT_NFT;
	s.mark = 0x7000;
	for (unsigned int i = 0; i < 4; i++) {
		bool need = i & 1;

		if (i)
			rig_fini(&rig);
		rf_start(&s);
		feed_flag(EVENT_EPOCH, 0x1000, false);
		rf_add_quietly(1, true);
		/* The connection may have a mark of its own. */
		rf_conn(1)->conn.mark = i & 2 ? 0x1005 : 0x1000;
		rig_report(&rig, rf_conn(1), false);
		rig_settle(&rig);
		assert_true(rf_is_active(1));
		restart();
		feed_flag(EVENT_EPOCH, 0x1000, false);
		feed_flag(EVENT_RULES_CHANGED, 0, need);
		tell_facts();
		rig_resync(&rig);
		rig_settle(&rig);
		assert_true(rf_is_active(1));
		assert_orders(ORDER_REMOVE, need);
		assert_orders(ORDER_INSTALL, need);
	}
}

/* No note tells the TTL any more, but the rules that are there do. */
static void rules_with_a_ttl_stay(void **state UNUSED)
{
	struct settings s = rig_settings();
	struct fake_conn *c;

	s.admit = ADMIT_NFT;
	s.mark = 0x7000;
	rig_init(&rig, &s, 1, 1);
	rig.kernel.driver.sets_only = true;
	tell_facts();
	feed_flag(EVENT_EPOCH, 0x1000, false);
	rf_add_quietly(1, true);
	c = rf_conn(1);
	c->conn.mark = 0x1000;
	c->ttl[DIR_REPLY] = 57;
	rig_report(&rig, c, false);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	restart();
	c->way_is_unknown = true;
	feed_flag(EVENT_EPOCH, 0x1000, false);
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	assert_orders(ORDER_REMOVE, 0);
	assert_int_equal(flowtab_ttl(&rig.engine->flows, rf_flow(1), DIR_ORIG), 64);
	assert_int_equal(flowtab_ttl(&rig.engine->flows, rf_flow(1), DIR_REPLY), 57);
}

/* Conntrack reports the connection before the devices are known. */
static void path_comes_late(void **state UNUSED)
{
	begin(1);
	restart();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	tell_facts();
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	assert_orders(ORDER_INSTALL, 0);
	assert_results(1, 0);
}

static void path_never_comes(void **state UNUSED)
{
	begin(1);
	restart();
	rig_resync(&rig);
	rf_pass(9000);
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	rf_pass(2000);
	assert_int_equal(rf_flow(1)->state, FLOW_REFUSED);
	assert_int_equal(rf_flow(1)->reason, REASON_DEVICE_UNKNOWN);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_results(0, 1);
	assert_null(rig.engine->leftovers);
}

/* Neither a dump nor an event reports the connection: its rules are removed after the time
 * limit. A query then shows that it is alive, and it is offloaded again. */
static void conn_is_never_reported(void **state UNUSED)
{
	begin(1);
	restart();
	tell_facts();
	rf_pass(9000);
	assert_int_equal(rf_flow(1)->state, FLOW_ADOPTED);
	rf_pass(2000);
	assert_orders(ORDER_REMOVE, 1);
	assert_orders(ORDER_INSTALL, 1);
	assert_true(rf_is_active(1));
	assert_results(0, 1);
}

/* An event reports only what changed; a query gets the rest. */
static void event_comes_first(void **state UNUSED)
{
	begin(1);
	restart();
	tell_facts();
	rig_report(&rig, rf_conn(1), false);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	assert_false(rf_flow(1)->is_silent);
	assert_orders(ORDER_REFRESH, 1);
	assert_orders(ORDER_INSTALL, 0);
}

/* Another connection has the tuple by now. */
static void tuple_is_reused(void **state UNUSED)
{
	struct conn successor;

	begin(1);
	successor = rf_conn(1)->conn;
	successor.id = 99;
	rf_conn(1)->exists = false;
	assert_non_null(fake_add_conn(&rig.kernel, &successor, rig.now));
	restart();
	tell_facts();
	rig_resync(&rig);
	rf_pass(5000);
	assert_int_equal(fake_rules_of(&rig.kernel, 1), 0);
	assert_int_equal(fake_rules_of(&rig.kernel, 99), 2);
	assert_results(0, 1);
}

static void conn_is_not_eligible_any_more(void **state UNUSED)
{
	begin(1);
	rf_conn(1)->conn.status = 0;
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_REFUSED);
	assert_int_equal(rf_flow(1)->reason, REASON_NOT_ASSURED);
	assert_int_equal(rig.kernel.n_rules, 0);
}

/* Rules that the NIC no longer has are replaced. */
static void rules_are_not_in_hardware(void **state UNUSED)
{
	begin(1);
	fake_kill_rules(&rig.kernel, 1);
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_orders(ORDER_INSTALL, 1);
	assert_results(0, 1);
}

/* Adopted rules keep their slots; all other slots are free. */
static void slots_of_adopted_rules(void **state UNUSED)
{
	begin(8);
	for (uint32_t i = 1; i <= 8; i += 2) {
		rf_conn(i)->exists = false;
		rig_report_end(&rig, rf_conn(i));
	}
	rig_settle(&rig);
	restart();
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_results(4, 0);
	for (uint32_t i = 101; i <= 160; i++)
		rf_add(i, false);
	rig_settle(&rig);
	for (uint32_t i = 101; i <= 160; i++)
		assert_true(rf_is_active(i));
	assert_int_equal(slab_count(&rig.engine->flows.flows), 64);
	for (uint32_t i = 2; i <= 8; i += 2)
		assert_true(rf_is_active(i));
}

static void stop_while_checking(void **state UNUSED)
{
	begin(2);
	restart();
	tell_facts();
	rig_feed_type(&rig, EVENT_STOP);
	rig_settle(&rig);
	assert_true(engine_is_stopped(rig.engine));
	fake_check_empty(&rig.kernel);
}

/* Conntrack has not shown whether the flow may be offloaded, so it must not be offloaded when the
 * pause after the flush ends. */
static void flushed_while_checking(void **state UNUSED)
{
	struct event ev = { .type = EVENT_FLUSH };

	begin(1);
	rf_conn(1)->conn.status = 0;
	restart();
	tell_facts();
	ev.flush.all = true;
	rig.kernel.faults.refresh_err = -ETIMEDOUT;
	rig_feed(&rig, &ev);
	rf_pass(30000);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(rf_flow(1)->state, FLOW_REFUSED);
	assert_int_equal(rf_flow(1)->reason, REASON_INCOMPLETE);
}

static void many_restarts(void **state UNUSED)
{
	begin(5);
	for (unsigned int i = 0; i < 20; i++) {
		restart();
		tell_facts();
		rig_resync(&rig);
		rig_settle(&rig);
		assert_orders(ORDER_INSTALL, 0);
		assert_orders(ORDER_REMOVE, 0);
		assert_results(5, 0);
	}
}

static bool adopt(const struct rule *rule)
{
	struct engine_leftover left = { .rule = rule, .in_hw = true };

	return engine_adopt(rig.engine, &left, rig.now);
}

/* A rule forwarded a packet shortly before the restart, and nothing prolonged the entry since. */
static void entry_is_about_to_expire(void **state UNUSED)
{
	struct engine_leftover left = { .in_hw = true, .has_age = true, .age_ds = 20 };

	begin(1);
	fake_set_timeout(rf_conn(1), 5, rig.now);
	engine_free(rig.engine);
	fake_lose_core(&rig.kernel);
	assert_int_equal(engine_new(&rig.params, &rig.engine), 0);
	for (unsigned int i = 0; i < rig.kernel.n_rules; i++) {
		left.rule = &rig.kernel.rule[i].rule;
		assert_true(engine_adopt(rig.engine, &left, rig.now));
	}
	engine_adopt_end(rig.engine, rig.now);
	rf_conn(1)->last_moved = rig.now;
	tell_facts();
	rig_resync(&rig);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	rf_pass(6000);
	assert_true(rf_conn(1)->exists);
}

/* A link stops being a port before it is opened again: everything of ours on it is removed. */
static void link_stops_being_a_port(void **state UNUSED)
{
	struct event ev = { .type = EVENT_LINK };

	begin(1);
	restart();
	rf_add_net(2);
	rf_add_net(3);
	ev.link = fake_find_link(&rig.kernel, 3)->link;
	ev.link.master = 9;
	rig_feed(&rig, &ev);
	rig_resync(&rig);
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(fake_find_link(&rig.kernel, 3)->guards, 0);
	assert_false(fake_find_link(&rig.kernel, 3)->has_clsact);
}

static void rules_that_fit_no_flow(void **state UNUSED)
{
	struct rule good, bad;

	begin(1);
	good = rig.kernel.rule[0].rule;
	fake_remove_at(&rig.kernel, 1);
	rig_restart(&rig, true);
	engine_free(rig.engine);
	assert_int_equal(engine_new(&rig.params, &rig.engine), 0);
	bad = good;
	bad.cookie.instance++;
	assert_false(adopt(&bad));
	bad = good;
	bad.cookie.dir = (uint8_t)dir_other(good.cookie.dir);
	assert_false(adopt(&bad));
	bad = good;
	bad.handle = 2 * 64 + 1;
	bad.cookie.dir = DIR_ORIG;
	assert_false(adopt(&bad));
	bad = good;
	bad.prio++;
	assert_false(adopt(&bad));
	bad = good;
	bad.kind = bad.cookie.kind = RULE_PROBE;
	assert_false(adopt(&bad));
	assert_true(adopt(&good));
	/* A dump may show a rule twice. A different rule in the same place is rejected. */
	assert_true(adopt(&good));
	bad = good;
	bad.out_ifindex++;
	assert_false(adopt(&bad));
	/* The rule of the other direction belongs to another connection. */
	bad = good;
	bad.cookie.dir = (uint8_t)dir_other(good.cookie.dir);
	bad.handle = slot_handle(slot_from_handle(good.handle), (enum dir)bad.cookie.dir);
	bad.cookie.ct_id++;
	assert_false(adopt(&bad));
	engine_adopt_end(rig.engine, rig.now);
	rig_settle(&rig);
	assert_int_equal(slab_count(&rig.engine->flows.flows), 0);
}

#define T(f) cmocka_unit_test_teardown(f, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(right_rules_stay),
		T(adopted_flows_are_like_others),
		T(conn_ended_between_the_runs),
		T(one_rule_is_missing),
		T(path_differs),
		T(packets_decide),
		T(path_comes_late),
		T(path_never_comes),
		T(conn_is_never_reported),
		T(event_comes_first),
		T(tuple_is_reused),
		T(conn_is_not_eligible_any_more),
		T(rules_are_not_in_hardware),
		T(rules_with_a_ttl_stay),
		T(slots_of_adopted_rules),
		T(flushed_while_checking),
		T(stop_while_checking),
		T(many_restarts),
		T(entry_is_about_to_expire),
		T(link_stops_being_a_port),
		T(rules_that_fit_no_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

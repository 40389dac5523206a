/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/rigfixture.h"

static uint64_t lost, not_hit, doubts;

static int setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_start(&s);
	lost = rf_count("rules_lost");
	not_hit = rf_count("rules_not_hit");
	doubts = rf_count("doubts");
	return 0;
}

static void expect(unsigned int n_lost, unsigned int n_not_hit)
{
	assert_int_equal(rf_grown("rules_lost", &lost), n_lost);
	assert_int_equal(rf_grown("rules_not_hit", &not_hit), n_not_hit);
}

static const struct nic_pair *pair(uint32_t in, uint32_t out)
{
	return nic_find_pair(rig.engine->paths.nic, in, out);
}

static void run(uint32_t n, unsigned int seconds, bool orig, bool reply)
{
	for (unsigned int i = 0; i < seconds; i++) {
		if (orig)
			rf_send(n, DIR_ORIG, 10);
		if (reply)
			rf_send(n, DIR_REPLY, 10);
		rf_second();
	}
}

/* Runs a test with and without conntrack accounting. */
static void for_both(void (*fn)(bool has_counters))
{
	fn(true);
	rf_teardown(NULL);
	setup(NULL);
	fn(false);
}

/* -- counting ------------------------------------------------------------- */

static void counts(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 10, true, true);
	assert_true(rf_is_active(1));
	assert_int_equal(pair(2, 3)->n_hit, 1);
	assert_int_equal(pair(3, 2)->n_hit, 1);
	/* Conntrack is queried once for a report to compare later ones with. */
	assert_in_range(rf_grown("doubts", &doubts), 1, 2);
	run(1, 100, true, true);
	assert_int_equal(rf_grown("doubts", &doubts), 0);
	expect(0, 0);
}

static void rules_are_hit(void **state UNUSED)
{
	for_both(counts);
}

static void falls_idle(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 10, true, true);
	rf_grown("doubts", &doubts);
	run(1, 60, false, false);
	assert_in_range(rf_grown("doubts", &doubts), 1, 3);
	run(1, 10, true, true);
	assert_true(rf_is_active(1));
	expect(0, 0);
}

static void flow_falls_idle(void **state UNUSED)
{
	for_both(falls_idle);
}

/* For a direction that is never used, conntrack is queried at growing intervals. */
static void goes_one_way(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 60, true, false);
	assert_in_range(rf_grown("doubts", &doubts), 3, 9);
	run(1, 240, true, false);
	assert_in_range(rf_grown("doubts", &doubts), 1, 4);
	assert_true(rf_is_active(1));
	assert_int_equal(pair(2, 3)->n_hit, 1);
	assert_int_equal(pair(3, 2)->n_hit, 0);
	assert_int_equal(pair(3, 2)->n_not_hit, 0);
	expect(0, 0);
}

static void flow_goes_one_way(void **state UNUSED)
{
	for_both(goes_one_way);
}

/* -- rules that do nothing ------------------------------------------------ */

static void dies(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 8, true, true);
	fake_kill_rules(&rig.kernel, 1);
	run(1, 5, true, true);
	expect(1, 0);
	assert_true(rf_is_active(1));
	run(1, 20, true, true);
	assert_false(rf_flow(1)->is_doubted);
	expect(0, 0);
}

static void both_rules_die(void **state UNUSED)
{
	for_both(dies);
}

/* One dead rule of the two is enough. */
static void half_dies(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 8, true, true);
	fake_kill_rule(&rig.kernel, 1, DIR_REPLY);
	run(1, 8, true, true);
	expect(1, 0);
	assert_true(rf_is_active(1));
}

static void one_rule_dies(void **state UNUSED)
{
	for_both(half_dies);
}

static void never_lives(bool has_counters)
{
	rig.kernel.faults.dead_installs = true;
	rf_add(1, has_counters);
	run(1, 8, true, true);
	assert_in_range(rf_grown("rules_not_hit", &not_hit), 1, 2);
	assert_in_range(pair(2, 3)->n_not_hit, 1, 2);
	assert_in_range(pair(3, 2)->n_not_hit, 1, 2);
	/* The flow is given up for longer each time. */
	run(1, 120, true, true);
	assert_in_range(rf_grown("rules_not_hit", &not_hit), 2, 4);
	rig.kernel.faults.dead_installs = false;
	run(1, 310, true, true);
	assert_true(rf_is_active(1));
	assert_int_equal(rf_flow(1)->attempts, 0);
}

static void rules_are_never_hit(void **state UNUSED)
{
	for_both(never_lives);
}

/* The rules are lost again and again, and count no packet in between. */
static void keeps_dying(bool has_counters)
{
	rf_add(1, has_counters);
	run(1, 8, true, true);
	rig.kernel.faults.dead_installs = true;
	for (unsigned int i = 0; i < 4; i++) {
		rf_pass(1000);
		fake_delete_rule(&rig.kernel, 1, DIR_ORIG);
		rig_sample(&rig);
		rig_settle(&rig);
	}
	/* Three losses are repaired at once; the fourth gives the flow up for a while. */
	expect(4, 0);
	assert_int_equal(rf_flow(1)->state, FLOW_REFUSED);
	assert_int_equal(rf_flow(1)->reason, REASON_RULE_LOST);
	rig.kernel.faults.dead_installs = false;
	run(1, 10, true, true);
	assert_true(rf_is_active(1));
	assert_false(rf_flow(1)->is_doubted);
}

static void rules_are_lost_repeatedly(void **state UNUSED)
{
	for_both(keeps_dying);
}

/* -- no evidence ---------------------------------------------------------- */

static void checks_sizes(bool has_counters)
{
	struct event ev = { .type = EVENT_LINK };

	ev.link = topology_find_link(&rig.engine->paths, 2)->link;
	ev.link.mtu = 9000;
	rig_feed(&rig, &ev);
	rf_add(1, has_counters);
	run(1, 8, true, true);
	fake_kill_rule(&rig.kernel, 1, DIR_ORIG);
	run(1, 60, true, true);
	expect(0, 0);
	assert_true(rf_is_active(1));
}

/* Packets that are too large for the way out reach the CPU by design. */
static void rules_that_check_sizes(void **state UNUSED)
{
	for_both(checks_sizes);
}

/* A timeout that we prolong moves without a packet. */
static void prolonged_timeouts(void **state UNUSED)
{
	rf_add(1, false);
	run(1, 8, true, false);
	for (uint32_t i = 0; i < 30; i++) {
		struct event ev = { .type = EVENT_REFRESH_DONE,
				    .flow = flowtab_ref(&rig.engine->flows, rf_flow(1)),
				    .refresh = { .found = true, .timeout_s = 1000 + 50 * i } };

		fake_report(rf_conn(1), rig.now, &ev.refresh.conn);
		fake_set_timeout(rf_conn(1), ev.refresh.timeout_s, rig.now);
		rig_feed(&rig, &ev);
		run(1, 1, true, false);
	}
	expect(0, 0);
	/* A change that is not ours means a packet. */
	fake_set_timeout(rf_conn(1), 5000, rig.now);
	run(1, 300, true, false);
	expect(0, 1);
}

/* Packets that were already in the stack when the rules were installed. */
static void packets_in_the_stack(void **state UNUSED)
{
	rf_add(1, true);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	for (unsigned int i = 0; i < 10; i++) {
		rf_conn(1)->conn.pkts[DIR_ORIG]++;
		rf_conn(1)->conn.pkts[DIR_REPLY]++;
		fake_set_timeout(rf_conn(1), 1000, rig.now);
		rig_sample(&rig);
		rf_pass(100);
	}
	run(1, 60, false, false);
	expect(0, 0);
	assert_true(rf_is_active(1));
}

/* Software rules need no proof: the kernel's classifier executes them. */
static void software_rules(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_teardown(NULL);
	s.offload = OFFLOAD_SOFTWARE;
	rf_start(&s);
	rig.kernel.faults.dead_installs = true;
	rf_add(1, true);
	run(1, 30, true, true);
	assert_int_equal(rf_grown("doubts", &doubts), 0);
	expect(0, 0);
	/* But they may be deleted by others. */
	fake_delete_rule(&rig.kernel, 1, DIR_REPLY);
	rf_second();
	expect(1, 0);
	assert_true(rf_is_active(1));
}

/* An event between two queries carries no counters. */
static void event_without_counts(void **state UNUSED)
{
	rf_add(1, true);
	rf_conn(1)->conn.pkts[DIR_REPLY] = 12345;
	run(1, 20, true, false);
	rig_report(&rig, rf_conn(1), false);
	run(1, 120, true, false);
	expect(0, 0);
	/* The counters of the last query still count. */
	rf_conn(1)->conn.pkts[DIR_REPLY]++;
	rig_report(&rig, rf_conn(1), false);
	run(1, 300, true, false);
	expect(0, 1);
}

/* -- rounds --------------------------------------------------------------- */

static void deleted_rules(void **state UNUSED)
{
	struct notice n;
	unsigned int n_told = 0;

	for (uint32_t i = 1; i <= 3; i++)
		rf_add(i, true);
	rf_second();
	fake_delete_rule(&rig.kernel, 1, DIR_ORIG);
	fake_delete_rule(&rig.kernel, 2, DIR_REPLY);
	rf_second();
	expect(2, 0);
	for (uint32_t i = 1; i <= 3; i++)
		assert_true(rf_is_active(i));
	assert_int_equal(rig.kernel.n_rules, 6);
	/* The next round gives the notice. */
	rf_second();
	while (engine_next_notice(rig.engine, &n)) {
		if (n.type == NOTICE_RULES_LOST)
			n_told += n.number;
	}
	assert_int_equal(n_told, 2);
	rf_second();
	expect(0, 0);
}

/* Round numbers have 8 bits. */
static void round_number_wraps_around(void **state UNUSED)
{
	rf_add(1, true);
	for (unsigned int i = 0; i < 300; i++)
		rf_second();
	expect(0, 0);
	for (unsigned int i = 0; i < 300; i++) {
		fake_delete_rule(&rig.kernel, 1, i % 2);
		rf_send(1, DIR_ORIG, 1);
		rf_send(1, DIR_REPLY, 1);
		rf_second();
		assert_int_equal(rf_grown("rules_lost", &lost), 1);
		/* A rule that counts packets resets the number of losses in a row. */
		rf_send(1, DIR_ORIG, 1);
		rf_send(1, DIR_REPLY, 1);
		rf_pass(2000);
		rf_second();
		assert_true(rf_is_active(1));
	}
	expect(0, 0);
}

static void set_readable(uint32_t ifindex, bool is_readable)
{
	fake_find_link(&rig.kernel, ifindex)->is_unreadable = !is_readable;
}

/* Rounds in which the port was not read prove nothing, no matter how many they are. */
static void unreadable(unsigned int n_rounds)
{
	rf_add(1, true);
	rf_second();
	set_readable(3, false);
	fake_delete_rule(&rig.kernel, 1, DIR_REPLY);
	for (unsigned int i = 0; i < n_rounds; i++)
		rf_second();
	expect(0, 0);
	set_readable(3, true);
	rf_second();
	expect(1, 0);
	assert_true(rf_is_active(1));
}

static void failed_rounds(void **state UNUSED)
{
	static const unsigned int rounds[] = { 1, 2, 100, 127, 128, 129, 180 };

	for (unsigned int i = 0; i < array_size(rounds); i++) {
		unreadable(rounds[i]);
		rf_teardown(NULL);
		setup(NULL);
	}
}

/* Such a round proves nothing about this port, but finds losses on the other. */
static void rounds_that_failed_on_one_port(void **state UNUSED)
{
	rf_add(1, true);
	rf_add(2, true);
	rf_second();
	set_readable(3, false);
	fake_delete_rule(&rig.kernel, 1, DIR_ORIG);
	fake_delete_rule(&rig.kernel, 2, DIR_REPLY);
	rf_second();
	expect(1, 0);
	assert_int_equal(fake_rules_of(&rig.kernel, 1), 2);
	assert_int_equal(fake_rules_of(&rig.kernel, 2), 1);
}

/* A rule that is installed during a round need not be seen in that round. */
static void installed_during_a_round(void **state UNUSED)
{
	struct event port = { .type = EVENT_ROUND_PORT };

	rig_feed_type(&rig, EVENT_ROUND_BEGIN);
	for (port.round.ifindex = 2; port.round.ifindex <= 3; port.round.ifindex++) {
		port.round.guards = 3;
		rig_feed(&rig, &port);
	}
	rf_add(1, true);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
	rig_feed_type(&rig, EVENT_ROUND_END);
	rig_settle(&rig);
	expect(0, 0);
	assert_true(rf_is_active(1));
	/* The next one must see it. */
	rig_feed_type(&rig, EVENT_ROUND_BEGIN);
	for (port.round.ifindex = 2; port.round.ifindex <= 3; port.round.ifindex++)
		rig_feed(&rig, &port);
	rig_feed_type(&rig, EVENT_ROUND_END);
	rig_settle(&rig);
	expect(1, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_are_hit),
		TEST(flow_falls_idle),
		TEST(flow_goes_one_way),
		TEST(both_rules_die),
		TEST(one_rule_dies),
		TEST(rules_are_never_hit),
		TEST(rules_are_lost_repeatedly),
		TEST(rules_that_check_sizes),
		TEST(prolonged_timeouts),
		TEST(packets_in_the_stack),
		TEST(software_rules),
		TEST(event_without_counts),
		TEST(deleted_rules),
		TEST(round_number_wraps_around),
		TEST(failed_rounds),
		TEST(rounds_that_failed_on_one_port),
		TEST(installed_during_a_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

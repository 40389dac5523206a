/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "base/util.h"
#include "unit/rigfixture.h"

static uint64_t swaps, fills;
static bool has_counters;

/* Starts with a card for @n_flows. If it holds 5 flows or more, new flows leave its last tenth
 * free. */
static void begin(uint32_t n_flows, uint32_t max_swaps, uint32_t max_flows)
{
	struct settings s = rig_settings();

	/* Plus the guards of two ports for two families. */
	s.hw_table_size = n_flows * CARD_FLOW_RULES + 4;
	s.max_swaps = max_swaps;
	s.max_flows = max_flows;
	rf_start(&s);
	swaps = rf_count("hardware_swaps");
	fills = rf_count("hardware_fills");
	has_counters = true;
}

static void add_many(uint32_t first, uint32_t last)
{
	for (uint32_t n = first; n <= last; n++)
		rf_add(n, has_counters);
	rig_settle(&rig);
}

static unsigned int count_active(uint32_t first, uint32_t last)
{
	unsigned int count = 0;

	for (uint32_t n = first; n <= last; n++)
		count += rf_is_active(n);
	return count;
}

/* Packets a second for each connection, by its number. */
static uint32_t rate[FAKE_CONNS];

static void set_rates(uint32_t first, uint32_t last, uint32_t pkts)
{
	for (uint32_t n = first; n <= last; n++)
		rate[n] = pkts;
}

/* Lets seconds pass; dumps conntrack every two seconds while that is wanted. */
static void run(unsigned int seconds)
{
	static unsigned int tick;

	for (unsigned int i = 0; i < seconds; i++) {
		for (uint32_t n = 1; n < FAKE_CONNS; n++) {
			if (rate[n])
				rf_send(n, DIR_ORIG, rate[n]);
		}
		if (tick++ % 2 && engine_wants_dumps(rig.engine))
			rig_resync(&rig);
		rf_second();
		assert_true(rig.kernel.n_rules <= rig.kernel.settings.hw_table_size);
	}
}

static int setup(void **state UNUSED)
{
	memset(rate, 0, sizeof(rate));
	return 0;
}

static void end(uint32_t n)
{
	rf_conn(n)->exists = false;
	rate[n] = 0;
	rig_report_end(&rig, rf_conn(n));
	rig_settle(&rig);
}

/* -- filling -------------------------------------------------------------- */

static void last_tenth(void **state UNUSED)
{
	begin(20, 0, 64);
	add_many(1, 18);
	assert_int_equal(count_active(1, 18), 18);
	assert_int_equal(rf_grown("hardware_fills", &fills), 0);
	assert_false(engine_wants_dumps(rig.engine));
	/* Eighteen enter without being chosen, and rank chooses two. */
	add_many(19, 30);
	rf_pass(10);
	assert_int_equal(count_active(1, 30), 20);
	assert_int_equal(rf_grown("hardware_fills", &fills), 2);
	assert_int_equal(rig.kernel.n_rules, 40);
	assert_true(engine_wants_dumps(rig.engine));
	/* A flow ends: rank fills its place. */
	end(1);
	run(2);
	assert_int_equal(count_active(2, 30), 20);
	assert_int_equal(rf_grown("hardware_fills", &fills), 1);
}

static void room_goes_to_the_busiest(void **state UNUSED)
{
	begin(4, 0, 64);
	add_many(1, 10);
	assert_int_equal(count_active(1, 4), 4);
	for (uint32_t n = 1; n <= 10; n++)
		rate[n] = 10 * n;
	run(10);
	/* No flow loses its place. */
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	assert_int_equal(count_active(1, 4), 4);
	rf_grown("hardware_fills", &fills);
	end(2);
	run(2);
	assert_true(rf_is_active(10));
	end(1);
	end(3);
	run(2);
	assert_true(rf_is_active(9));
	assert_true(rf_is_active(8));
	assert_false(rf_is_active(7));
	assert_int_equal(rf_grown("hardware_fills", &fills), 3);
}

/* Fills @order with the numbers from @first to @last, shuffled. */
static void shuffle(struct splitmix *rnd, uint32_t order[], uint32_t first, uint32_t last)
{
	uint32_t n = last - first + 1;

	for (uint32_t i = 0; i < n; i++)
		order[i] = first + i;
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t other = splitmix_below(rnd, i + 1), t = order[i];

		order[i] = order[other];
		order[other] = t;
	}
}

/* More candidates than a walk keeps (256): it keeps the busiest. */
static void many_candidates(void **state UNUSED)
{
	struct splitmix rnd = unit_random_start(7);
	uint32_t order[FAKE_CONNS];

	begin(60, 0, 512);
	add_many(1, 60);
	run(2);
	assert_int_equal(count_active(1, 60), 60);
	add_many(61, 460);
	shuffle(&rnd, order, 61, 460);
	/* The flow that the walk visits first is the busiest. */
	for (uint32_t i = 0; i < 400; i++) {
		if (order[i] == 61) {
			order[i] = order[399];
			order[399] = 61;
		}
	}
	for (uint32_t i = 0; i < 400; i++)
		rate[order[i]] = 10 * (i + 1);
	run(8);
	assert_int_equal(count_active(61, 460), 0);
	for (uint32_t n = 1; n <= 50; n++)
		end(n);
	run(3);
	for (uint32_t i = 350; i < 400; i++)
		assert_true(rf_is_active(order[i]));
}

/* More victims than a walk keeps (256): it keeps the least busy. */
static void many_victims(void **state UNUSED)
{
	struct splitmix rnd = unit_random_start(8);
	uint32_t order[FAKE_CONNS];

	begin(400, 30, 512);
	add_many(1, 400);
	run(2);
	assert_int_equal(count_active(1, 400), 400);
	shuffle(&rnd, order, 1, 400);
	for (uint32_t i = 0; i < 400; i++)
		rate[order[i]] = 10 * (i + 1);
	run(10);
	add_many(401, 430);
	set_rates(401, 430, 100000);
	run(6);
	assert_int_equal(count_active(401, 430), 30);
	for (uint32_t i = 0; i < 400; i++)
		assert_int_equal(rf_is_active(order[i]), i >= 30);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 30);
}

/* -- swapping ------------------------------------------------------------- */

static void elephants_get_in(void **state UNUSED)
{
	begin(4, 1, 64);
	add_many(1, 8);
	set_rates(1, 8, 1);
	rate[7] = 1000;
	rate[8] = 500;
	run(15);
	assert_true(rf_is_active(7));
	assert_true(rf_is_active(8));
	assert_int_equal(count_active(1, 8), 4);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 2);
	/* They stay in. */
	run(60);
	assert_true(rf_is_active(7));
	assert_true(rf_is_active(8));
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
}

/* The least busy lose their places. */
static void mice_get_out(void **state UNUSED)
{
	begin(4, 4, 64);
	add_many(1, 5);
	rate[1] = 400;
	rate[2] = 2;
	rate[3] = 300;
	rate[4] = 200;
	rate[5] = 5000;
	run(12);
	assert_true(rf_is_active(5));
	assert_false(rf_is_active(2));
	assert_int_equal(count_active(1, 5), 4);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 1);
}

static void never_more_than_allowed(void **state UNUSED)
{
	begin(16, 3, 64);
	add_many(1, 32);
	/* New flows leave the last tenth free; rank fills it. */
	run(3);
	set_rates(1, 16, 1);
	set_rates(17, 32, 1000);
	rf_grown("hardware_swaps", &swaps);
	for (unsigned int i = 0; i < 20; i++) {
		run(1);
		assert_in_range(rf_grown("hardware_swaps", &swaps), 0, 3);
	}
	assert_int_equal(count_active(17, 32), 16);
}

static void not_before_the_stay(void **state UNUSED)
{
	begin(2, 4, 64);
	add_many(1, 4);
	set_rates(3, 4, 1000);
	/* Long enough to know the rates, but the flows that are in are still safe. */
	run(5);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	for (unsigned int i = 0; i < 4 && count_active(3, 4) == 0; i++)
		run(1);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 2);
	assert_int_equal(count_active(3, 4), 2);
	/* Now the new ones are safe. */
	set_rates(1, 2, 100000);
	run(4);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	run(6);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 2);
	assert_int_equal(count_active(1, 2), 2);
}

/* Two flows of similar rates do not swap. */
static void hysteresis(void **state UNUSED)
{
	static const uint32_t pkts[] = { 100, 110, 140 };

	for (unsigned int i = 0; i < array_size(pkts); i++) {
		begin(1, 4, 64);
		add_many(1, 2);
		rate[1] = 100;
		rate[2] = pkts[i];
		run(100);
		assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
		assert_true(rf_is_active(1));
		rf_teardown(NULL);
	}
	/* Nor do two flows that are the busier one in turns. */
	begin(1, 4, 64);
	add_many(1, 2);
	for (unsigned int i = 0; i < 100; i++) {
		rate[1] = i % 2 ? 130 : 100;
		rate[2] = i % 2 ? 100 : 130;
		run(1);
	}
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	/* With nearly twice the rate they may swap once, but not back. */
	rate[1] = 100;
	rate[2] = 190;
	run(100);
	assert_in_range(rf_grown("hardware_swaps", &swaps), 0, 1);
	/* A much busier flow gets the place. */
	rate[1] = 2000;
	rate[2] = 100;
	run(20);
	assert_true(rf_is_active(1));
	rf_grown("hardware_swaps", &swaps);
	rate[2] = 20000;
	run(20);
	assert_true(rf_is_active(2));
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 1);
}

/* Slow dumps bring the bytes of many seconds at once. */
static void slow_dumps(void **state UNUSED)
{
	begin(1, 4, 64);
	add_many(1, 2);
	for (unsigned int i = 0; i < 200; i++) {
		rf_send(1, DIR_ORIG, 100);
		rf_send(2, DIR_ORIG, 100);
		if (i % 5 == 0)
			rig_resync(&rig);
		rf_second();
	}
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	assert_true(rf_is_active(1));
}

/* Two flows that send a packet now and then, in turns. */
static void keep_alives(void **state UNUSED)
{
	for (unsigned int n = 0; n < 12; n++) {
		unsigned int period = 2 + n;

		begin(1, 4, 64);
		add_many(1, 2);
		run(10);
		rf_grown("hardware_swaps", &swaps);
		for (unsigned int i = 0; i < 200; i++) {
			rate[1] = i % period == 0;
			rate[2] = i % period == period / 2;
			run(1);
		}
		assert_in_range(rf_grown("hardware_swaps", &swaps), 0, 1);
		if (n < 11)
			rf_teardown(NULL);
	}
}

/* A few bytes do not justify a swap, even with an idle flow. */
static void too_few_bytes_for_a_swap(void **state UNUSED)
{
	begin(1, 4, 64);
	add_many(1, 2);
	for (unsigned int i = 0; i < 60; i++) {
		fake_packets(&rig.kernel, rf_conn(2), DIR_ORIG, 1, 20, rig.now);
		run(1);
	}
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
}

static void no_swaps_allowed(void **state UNUSED)
{
	begin(2, 0, 64);
	add_many(1, 4);
	set_rates(3, 4, 10000);
	run(30);
	assert_int_equal(count_active(1, 2), 2);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
}

/* Conntrack counts nothing: flows that are alive take the places of idle ones. */
static void without_accounting(void **state UNUSED)
{
	begin(2, 2, 64);
	has_counters = false;
	add_many(1, 6);
	set_rates(5, 6, 1000);
	run(20);
	assert_true(rf_is_active(5));
	assert_true(rf_is_active(6));
	/* Two for these, and up to two for flows that look alive because they are new. */
	assert_in_range(rf_grown("hardware_swaps", &swaps), 2, 4);
	/* The rate of a flow shows once it is in, and busy flows stay. */
	set_rates(1, 4, 1);
	run(60);
	assert_true(rf_is_active(5));
	assert_true(rf_is_active(6));
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
	set_rates(5, 6, 1);
	rate[1] = 1000;
	rate[2] = 1000;
	run(60);
	assert_true(rf_is_active(1));
	assert_true(rf_is_active(2));
}

/* Bytes from before the engine learnt of a connection do not count as its rate. */
static void old_counts(void **state UNUSED)
{
	begin(1, 4, 64);
	add_many(1, 1);
	rate[1] = 1;
	run(10);
	/* One is learnt from an event, which carries no counters, one from a dump, which does. */
	rf_add(2, true);
	rf_conn(2)->conn.bytes[DIR_ORIG] = 4000000000u;
	rf_add_quietly(3, true);
	rf_conn(3)->conn.bytes[DIR_ORIG] = UINT64_C(5) << 32;
	rf_conn(3)->conn.bytes[DIR_REPLY] = UINT32_MAX / 2;
	rig_resync(&rig);
	run(30);
	assert_int_equal(rf_flow(2)->reason, REASON_HARDWARE_FULL);
	assert_int_equal(rf_flow(3)->reason, REASON_HARDWARE_FULL);
	assert_int_equal(rf_grown("hardware_swaps", &swaps), 0);
}

/* -- lost places ---------------------------------------------------------- */

static void chosen_flow_is_overdue(void **state UNUSED)
{
	begin(2, 1, 64);
	add_many(1, 3);
	run(4);
	/* A flow ends. Rank gives its place to the flow that waits, but a new flow
	 * takes it first. */
	end(1);
	rig.is_held[0] = true;
	add_many(4, 4);
	rf_pass(1500);
	rig.is_held[0] = false;
	rig_settle(&rig);
	assert_true(rf_is_active(4));
	assert_true(rf_flow(3)->is_chosen);
	assert_int_equal(rf_flow(3)->state, FLOW_WAIT);
	run(7);
	assert_false(rf_flow(3)->is_chosen);
	assert_int_equal(rf_flow(3)->state, FLOW_REFUSED);
	rate[3] = 1000;
	run(10);
	assert_true(rf_is_active(3));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(last_tenth),
		TEST(room_goes_to_the_busiest),
		TEST(many_candidates),
		TEST(many_victims),
		TEST(elephants_get_in),
		TEST(mice_get_out),
		TEST(never_more_than_allowed),
		TEST(not_before_the_stay),
		TEST(hysteresis),
		TEST(slow_dumps),
		TEST(keep_alives),
		TEST(too_few_bytes_for_a_swap),
		TEST(no_swaps_allowed),
		TEST(without_accounting),
		TEST(old_counts),
		TEST(chosen_flow_is_overdue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

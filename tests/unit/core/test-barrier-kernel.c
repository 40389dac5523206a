/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Barriers in front of rules that a fake kernel has: the order in which barriers and rules come
 * and go, and what packets see of it.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "unit/rigfixture.h"

/* Up to this many flows are removed without a barrier. */
#define FEW  16
#define MANY (FEW + 1)

/* Our bits of the ct mark, and two epochs. */
#define MARK	0x7000
#define EPOCH_A 0x1000
#define EPOCH_B 0x2000

static uint64_t raised, refused;

static void expect_counted(uint64_t n_raised, uint64_t n_refused)
{
	assert_int_equal(rf_grown("barriers_raised", &raised), n_raised);
	assert_int_equal(rf_grown("barriers_refused", &refused), n_refused);
}

static struct link_rec *port(uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&rig.engine->paths, ifindex);

	assert_non_null(rec);
	return rec;
}

static void expect_states(enum barrier_state both)
{
	assert_int_equal(port(2)->barrier, both);
	assert_int_equal(port(3)->barrier, both);
	assert_int_equal(rig.engine->n_barriers, both == BARRIER_NONE ? 0 : 2);
}

/* What was handed out, in its order. */
static struct {
	enum order_type type;
	bool raise;
} handed[256];
static unsigned int n_handed;

static void note_order(void *ctx UNUSED, const struct order *o, unsigned int worker UNUSED)
{
	if (o->type != ORDER_BARRIER && o->type != ORDER_REMOVE && o->type != ORDER_INSTALL &&
	    o->type != ORDER_MOVE)
		return;
	assert_true(n_handed < array_size(handed));
	handed[n_handed].type = (enum order_type)o->type;
	handed[n_handed++].raise = o->type == ORDER_BARRIER && o->barrier.raise;
}

/* The next @n orders are of this kind. */
static unsigned int expect_handed(unsigned int at, unsigned int n, enum order_type type, bool raise)
{
	for (unsigned int i = at; i < at + n; i++) {
		assert_true(i < n_handed);
		assert_int_equal(handed[i].type, type);
		assert_int_equal(handed[i].raise, raise);
	}
	return at + n;
}

static void set_epoch(uint32_t epoch)
{
	struct event ev = { .type = EVENT_EPOCH, .epoch = epoch };

	rig_feed(&rig, &ev);
}

static void mark(uint32_t n, uint32_t epoch)
{
	fake_mark(&rig.kernel, rf_conn(n), epoch);
	rig_report(&rig, rf_conn(n), false);
}

/* MANY flows that the ruleset admits. */
static int setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.admit = ADMIT_NFT;
	s.mark = MARK;
	rf_start(&s);
	set_epoch(EPOCH_A);
	for (uint32_t i = 1; i <= MANY; i++) {
		rf_add_quietly(i, true);
		mark(i, EPOCH_A);
	}
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], MANY);
	rf_grown("barriers_raised", &raised);
	rf_grown("barriers_refused", &refused);
	n_handed = 0;
	rig.on_order = note_order;
	return 0;
}

static bool has_barriers(void)
{
	return fake_find_link(&rig.kernel, 2)->barrier == 3 &&
	       fake_find_link(&rig.kernel, 3)->barrier == 3;
}

static void expect_no_barriers(void)
{
	expect_states(BARRIER_NONE);
	assert_int_equal(fake_find_link(&rig.kernel, 2)->barrier, 0);
	assert_int_equal(fake_find_link(&rig.kernel, 3)->barrier, 0);
	assert_int_equal(rig.engine->n_barred, 0);
}

static void it_is_up_first_and_down_last(void **state UNUSED)
{
	unsigned int at;

	set_epoch(0);
	while (engine_tick(rig.engine, rig.now))
		;
	set_epoch(EPOCH_B);
	mark(1, EPOCH_B);
	rig_settle(&rig);
	at = expect_handed(0, 2, ORDER_BARRIER, true);
	at = expect_handed(at, MANY, ORDER_REMOVE, false);
	at = expect_handed(at, 2, ORDER_BARRIER, false);
	/* What may be offloaded again comes only then. */
	at = expect_handed(at, 1, ORDER_INSTALL, false);
	assert_int_equal(at, n_handed);
	assert_true(rf_is_active(1));
	assert_int_equal(rig.kernel.n_rules, 2);
	expect_no_barriers();
	expect_counted(2, 0);
}

/* The rules that are still in carry nothing. */
static void packets_go_to_the_cpu_while_rules_wait(void **state UNUSED)
{
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	set_epoch(0);
	rig_settle(&rig);
	assert_true(has_barriers());
	assert_int_equal(rig.kernel.n_rules, 2 * MANY);
	for (uint32_t i = 1; i <= MANY; i++)
		assert_false(fake_packets(&rig.kernel, rf_conn(i), DIR_ORIG, 1, 100, rig.now));
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_rules, 0);
	expect_no_barriers();
}

/* Not while it is being raised, nor while it is up, nor while it is being lowered. */
static void nothing_is_installed_behind_it(void **state UNUSED)
{
	uint64_t *n_installs = &rig.kernel.n_orders[ORDER_INSTALL];

	rig.is_held[FAKE_URGENT] = true;
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	set_epoch(0);
	set_epoch(EPOCH_B);
	rf_add_quietly(MANY + 1, true);
	mark(MANY + 1, EPOCH_B);
	rig_settle(&rig);
	expect_states(BARRIER_RAISING);
	assert_int_equal(rf_flow(MANY + 1)->state, FLOW_WAIT);
	rig.is_held[FAKE_URGENT] = false;
	rig_settle(&rig);
	expect_states(BARRIER_UP);
	assert_int_equal(rf_flow(MANY + 1)->state, FLOW_WAIT);
	rig.is_held[FAKE_URGENT] = true;
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_settle(&rig);
	expect_states(BARRIER_LOWERING);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(rf_flow(MANY + 1)->state, FLOW_WAIT);
	assert_int_equal(*n_installs, MANY);
	rig.is_held[FAKE_URGENT] = false;
	rig_settle(&rig);
	assert_true(rf_is_active(MANY + 1));
	assert_int_equal(*n_installs, MANY + 1);
	expect_no_barriers();
}

/* Rules go all the same, and nobody waits for an answer. */
static void rules_go_where_the_driver_refuses_it(void **state UNUSED)
{
	rig.is_held[FAKE_URGENT] = true;
	set_epoch(0);
	rig_settle(&rig);
	expect_states(BARRIER_RAISING);
	assert_int_equal(rig.kernel.n_rules, 0);
	rig.kernel.faults.barrier_err = -EOPNOTSUPP;
	rig.is_held[FAKE_URGENT] = false;
	rig_settle(&rig);
	expect_no_barriers();
	expect_counted(1, 1);
	assert_true(port(2)->has_no_barrier);
	assert_false(port(3)->has_no_barrier);
}

static void few_admissions_are_lost_without_a_barrier(void **state UNUSED)
{
	rig_report_end(&rig, rf_conn(MANY));
	rig_settle(&rig);
	n_handed = 0;
	set_epoch(0);
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(expect_handed(0, FEW, ORDER_REMOVE, false), n_handed);
	expect_counted(0, 0);
}

static void change_next_hop(uint8_t last)
{
	struct event ev = { .type = EVENT_NEIGH };

	ev.neigh = (struct neigh){ .ifindex = 3,
				   .family = FAMILY_IP4,
				   .addr = { { 10, 0, 3, 1 } },
				   .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 2, last } } };
	rig_feed(&rig, &ev);
}

/* Rules for the old next hop carry nothing until each of them is right again or out. */
static void a_change_of_the_path_waits_for_the_last_flow(void **state UNUSED)
{
	unsigned int lane = fake_lane(ORDER_MOVE, 0);

	rig.is_mute[lane] = true;
	change_next_hop(1);
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_barred, MANY);
	assert_int_equal(rig.engine->n_state[FLOW_MOVING], MANY);
	assert_true(has_barriers());
	/* One ends meanwhile: its rules have to go before it is unbarred. */
	rig_report_end(&rig, rf_conn(1));
	rf_conn(1)->exists = false;
	for (uint32_t i = 1; i <= MANY; i++) {
		assert_true(rig_answer(&rig, lane));
		assert_int_equal(rig.engine->n_barred, MANY - i + 1);
	}
	rig_settle(&rig);
	assert_true(has_barriers());
	assert_int_equal(rig.engine->n_state[FLOW_REMOVE], 1);
	assert_true(rig_answer(&rig, lane));
	rig.is_mute[lane] = false;
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], FEW);
	assert_int_equal(rig.kernel.n_rules, 2 * FEW);
	expect_no_barriers();
	expect_counted(2, 0);
}

/* The path is as it was: the rules may carry packets again. */
static void a_path_that_is_confirmed_needs_none(void **state UNUSED)
{
	struct event ev = { .type = EVENT_ROUTES_CHANGED };

	rig.is_held[fake_lane(ORDER_LOOKUP, 0)] = true;
	rig_feed(&rig, &ev);
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_barred, MANY);
	assert_true(has_barriers());
	rig.is_held[fake_lane(ORDER_LOOKUP, 0)] = false;
	rig_settle(&rig);
	assert_int_equal(rig.engine->n_state[FLOW_ACTIVE], MANY);
	expect_no_barriers();
	/* Up and down on both ports, and nothing else. */
	expect_handed(0, 2, ORDER_BARRIER, true);
	expect_handed(2, 2, ORDER_BARRIER, false);
	assert_int_equal(n_handed, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_up_first_and_down_last),
		TEST(packets_go_to_the_cpu_while_rules_wait),
		TEST(nothing_is_installed_behind_it),
		TEST(rules_go_where_the_driver_refuses_it),
		TEST(few_admissions_are_lost_without_a_barrier),
		TEST(a_change_of_the_path_waits_for_the_last_flow),
		TEST(a_path_that_is_confirmed_needs_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

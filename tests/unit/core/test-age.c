/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "core/engine_priv.h"
#include "core/clock.h"
#include "core/flow/age.h"

static const struct settings settings = {
	.max_flows = 4,
	.sample_ms = 1000,
	.tcp_timeout_s = 432000,
	.tcp_unacked_s = 300,
	.udp_timeout_s = 120,
	.tcp_time_wait_s = 120,
};

struct bench {
	struct engine *e;
	struct flow *f;
	mono_t start;
};

static void setup_with(struct bench *b, uint8_t proto, const struct settings *s)
{
	struct engine_params p = { .settings = *s, .n_workers = 1, .now = { 5000000 } };
	struct tuple t = { .family = FAMILY_IP4, .proto = proto };

	assert_int_equal(engine_new(&p, &b->e), 0);
	b->start = p.now;
	b->f = flowtab_add(&b->e->flows, &t);
	assert_non_null(b->f);
}

static void setup(struct bench *b, uint8_t proto)
{
	setup_with(b, proto, &settings);
}

static void teardown(struct bench *b)
{
	engine_free(b->e);
}

static void learn(struct bench *b, uint32_t timeout_s, bool is_event, uint32_t at_s)
{
	struct conn c = { .has = CONN_HAS_TIMEOUT, .timeout_s = timeout_s };

	age_learn(b->e, b->f, &c, is_event, mono_add_ms(b->start, (int64_t)at_s * 1000));
}

/* The time in the unit of struct flow: tenths of a second. */
static uint32_t at(const struct bench *b, uint32_t s)
{
	return clock_ds(b->e, mono_add_ms(b->start, (int64_t)s * 1000));
}

static void count(struct bench *b, enum dir dir, uint64_t pkts, uint64_t bytes, uint32_t at_s)
{
	struct rule_stats stats = { pkts, bytes };

	age_count(b->e, b->f, dir, &stats, at(b, at_s));
}

static void clock_counts_tenths(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	/* 0 means "never", so the clock starts at 1. */
	assert_int_equal(clock_ds(b.e, b.start), 1);
	assert_int_equal(clock_ds(b.e, mono_add_ms(b.start, 99)), 1);
	assert_int_equal(clock_ds(b.e, mono_add_ms(b.start, 100)), 2);
	/* Ten years. */
	assert_int_equal(clock_ds(b.e, mono_add_ms(b.start, INT64_C(315360000000))), 3153600001u);
	teardown(&b);
}

static uint32_t policy_after(uint8_t proto, uint32_t timeout_s, bool is_event)
{
	struct bench b;
	uint32_t policy_s;

	setup(&b, proto);
	learn(&b, timeout_s, is_event, 10);
	policy_s = b.f->policy_s;
	teardown(&b);
	return policy_s;
}

static void policy_of_events(void **state UNUSED)
{
	assert_int_equal(policy_after(L4_UDP, 120, true), 120);
	/* The kernel may have rounded a second away. */
	assert_int_equal(policy_after(L4_UDP, 119, true), 120);
	assert_int_equal(policy_after(L4_TCP, 431999, true), 432000);
	/* Timeouts that the administrator has set. */
	assert_int_equal(policy_after(L4_UDP, 30, true), 30);
	assert_int_equal(policy_after(L4_UDP, 600, true), 600);
	assert_int_equal(policy_after(L4_TCP, 86400, true), 86400);
	/* The timeout while TCP data is unacknowledged is not the policy. */
	assert_int_equal(policy_after(L4_TCP, 300, true), 432000);
	assert_int_equal(policy_after(L4_TCP, 299, true), 432000);
	assert_int_equal(policy_after(L4_UDP, 300, true), 300);
}

static void policy_of_dumps(void **state UNUSED)
{
	assert_int_equal(policy_after(L4_UDP, 50, false), 120);
	assert_int_equal(policy_after(L4_UDP, 0, false), 120);
	assert_int_equal(policy_after(L4_UDP, 500, false), 500);
	assert_int_equal(policy_after(L4_TCP, 299, false), 432000);
}

/* The first event sets the policy, and replaces a guess that was based on a dump. */
static void first_event_sets_the_policy(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	learn(&b, 50, false, 1);
	assert_int_equal(b.f->policy_s, 120);
	learn(&b, 200, false, 2);
	assert_int_equal(b.f->policy_s, 120);
	learn(&b, 30, true, 3);
	assert_int_equal(b.f->policy_s, 30);
	learn(&b, 90, true, 4);
	assert_int_equal(b.f->policy_s, 30);
	learn(&b, 20, false, 5);
	assert_int_equal(b.f->policy_s, 30);
	/* The last report always sets the expiry time. */
	assert_int_equal(b.f->ct_expires, at(&b, 25));
	teardown(&b);
}

static void report_without_timeout(void **state UNUSED)
{
	struct conn c = { .has = CONN_HAS_ID, .timeout_s = 77 };
	struct bench b;

	setup(&b, L4_UDP);
	age_learn(b.e, b.f, &c, true, b.start);
	assert_int_equal(b.f->policy_s, 0);
	assert_int_equal(b.f->ct_expires, 0);
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 1)), 0);
	assert_false(age_needs_refresh(b.e, b.f, at(&b, 1)));
	teardown(&b);
}

static void packets_are_counted(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	count(&b, DIR_ORIG, 0, 0, 1);
	assert_int_equal(b.f->last_use, 0);
	count(&b, DIR_ORIG, 10, 1000, 2);
	assert_int_equal(b.f->last_use, at(&b, 2));
	count(&b, DIR_ORIG, 10, 1000, 3);
	assert_int_equal(b.f->last_use, at(&b, 2));
	count(&b, DIR_REPLY, 1, 60, 4);
	assert_int_equal(b.f->last_use, at(&b, 4));
	count(&b, DIR_ORIG, 15, 1500, 5);
	assert_int_equal(b.f->total_pkts[DIR_ORIG], 15);
	assert_int_equal(b.f->total_bytes[DIR_ORIG], 1500);
	assert_int_equal(b.f->total_pkts[DIR_REPLY], 1);
	assert_int_equal(b.e->forwarded_pkts[DIR_ORIG], 15);
	assert_int_equal(b.e->forwarded_bytes[DIR_REPLY], 60);
	/* A new rule counts from zero. */
	count(&b, DIR_ORIG, 3, 300, 6);
	assert_int_equal(b.f->total_pkts[DIR_ORIG], 18);
	assert_int_equal(b.f->total_bytes[DIR_ORIG], 1800);
	assert_int_equal(b.f->last_use, at(&b, 6));
	teardown(&b);
}

/* Some drivers count no bytes, or have a byte counter that wraps. */
static void odd_byte_counters(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	count(&b, DIR_ORIG, 10, 0, 1);
	assert_int_equal(b.f->total_pkts[DIR_ORIG], 10);
	assert_int_equal(b.f->total_bytes[DIR_ORIG], 0);
	count(&b, DIR_REPLY, 10, UINT64_C(0xfffffff00), 1);
	count(&b, DIR_REPLY, 20, 0x100, 2);
	assert_int_equal(b.f->total_pkts[DIR_REPLY], 20);
	assert_int_equal(b.f->total_bytes[DIR_REPLY], UINT64_C(0x1000000000));
	assert_int_equal(b.e->forwarded_bytes[DIR_REPLY], UINT64_C(0x1000000000));
	teardown(&b);
}

/* A flow whose rules never carried a packet is not prolonged. */
static void unused_flows_are_not_prolonged(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	learn(&b, 120, true, 0);
	for (uint32_t s = 0; s < 125; s++) {
		count(&b, DIR_ORIG, 0, 0, s);
		assert_false(age_needs_refresh(b.e, b.f, at(&b, s)));
		assert_int_equal(age_wanted_timeout(b.f, at(&b, s)), 0);
	}
	teardown(&b);
	/* Not even if a dump shows that it expires soon. */
	setup(&b, L4_UDP);
	learn(&b, 5, false, 1000);
	assert_false(age_needs_refresh(b.e, b.f, at(&b, 1001)));
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 1001)), 0);
	teardown(&b);
}

static void used_flows_are_prolonged(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	learn(&b, 120, true, 0);
	for (uint32_t s = 1; s <= 60; s++) {
		count(&b, DIR_ORIG, s, s, s);
		assert_false(age_needs_refresh(b.e, b.f, at(&b, s)));
	}
	/* Less than half of the timeout is left. */
	count(&b, DIR_ORIG, 61, 61, 61);
	assert_true(age_needs_refresh(b.e, b.f, at(&b, 61)));
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 61)), 120);
	/* The entry must live one timeout from the last packet, no matter when that is computed. */
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 71)), 110);
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 180)), 1);
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 181)), 0);
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 300)), 0);
	/* After a refresh, the timeout is long enough. */
	learn(&b, 120, false, 61);
	assert_false(age_needs_refresh(b.e, b.f, at(&b, 62)));
	/* Without a new packet there is no refresh, even when half of the timeout is over. */
	for (uint32_t s = 62; s < 181; s++)
		assert_false(age_needs_refresh(b.e, b.f, at(&b, s)));
	teardown(&b);
}

/* Samples are so rare that a refresh at half of the timeout would be too late. */
static void rare_samples(void **state UNUSED)
{
	struct settings s = settings;
	struct bench b;

	s.sample_ms = 50000;
	setup_with(&b, L4_UDP, &s);
	learn(&b, 120, true, 0);
	count(&b, DIR_ORIG, 1, 1, 10);
	assert_false(age_needs_refresh(b.e, b.f, at(&b, 20)));
	assert_true(age_needs_refresh(b.e, b.f, at(&b, 21)));
	teardown(&b);
}

static void fixed_timeout(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	learn(&b, 120, true, 0);
	count(&b, DIR_ORIG, 1, 1, 100);
	b.f->status = CONN_FIXED_TIMEOUT;
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 100)), 0);
	/* So no refresh is needed. */
	assert_false(age_needs_refresh(b.e, b.f, at(&b, 100)));
	teardown(&b);
}

/* The expiry time is in the past: the time left is 0, not a wrapped number. */
static void entry_expired_already(void **state UNUSED)
{
	struct bench b;

	setup(&b, L4_UDP);
	learn(&b, 120, true, 0);
	count(&b, DIR_ORIG, 1, 1, 119);
	assert_true(age_needs_refresh(b.e, b.f, at(&b, 150)));
	assert_int_equal(age_wanted_timeout(b.f, at(&b, 150)), 89);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_counts_tenths),
		cmocka_unit_test(policy_of_events),
		cmocka_unit_test(policy_of_dumps),
		cmocka_unit_test(first_event_sets_the_policy),
		cmocka_unit_test(report_without_timeout),
		cmocka_unit_test(packets_are_counted),
		cmocka_unit_test(odd_byte_counters),
		cmocka_unit_test(unused_flows_are_not_prolonged),
		cmocka_unit_test(used_flows_are_prolonged),
		cmocka_unit_test(rare_samples),
		cmocka_unit_test(fixed_timeout),
		cmocka_unit_test(entry_expired_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

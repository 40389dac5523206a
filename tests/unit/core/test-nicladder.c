/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order recipes are tried, and which one is used.
 */
#include "unit/unit.h"
#include "unit/nicfixture.h"

/* -- the ladder ----------------------------------------------------------- */

static void ladder_order(void **state UNUSED)
{
	static const uint8_t form[] = {
		RULE_WITH_CSUM,
		RULE_WITH_CSUM | RULE_ANY_ETHERTYPE,
		0,
		RULE_ANY_ETHERTYPE,
		RULE_WITH_CSUM | RULE_EXACT_TTL,
		RULE_WITH_CSUM | RULE_EXACT_TTL | RULE_ANY_ETHERTYPE,
	};
	struct event_probe done;
	struct order_probe o;

	add_plain(2);
	add_plain(3);
	for (unsigned int i = 0; i < 2 * array_size(form); i++) {
		o = expect_probe(2, 3);
		assert_int_equal(o.sample.form, form[i / 2] | (i % 2 ? 0 : RULE_WITH_DMAC));
		assert_int_equal(o.sample.prio, o.sample.form & RULE_ANY_ETHERTYPE ? 1 : 3);
		assert_int_equal(o.sample.rewrite & RULE_DEC_TTL,
				 form[i / 2] & RULE_EXACT_TTL ? 0 : RULE_DEC_TTL);
		assert_int_equal(o.sample.dmac.b[5], link_of(2).mac.b[5]);
		/* Each port of arrival has one probe at a time. */
		if (i == 0)
			expect_probe(3, 2);
		expect_no_probe();
		done = answer_of(&o, 0, -EOPNOTSUPP);
		snprintf(done.extack, sizeof(done.extack), "step %u", i);
		assert_int_equal(nic_feed_probe(nic, &done, now), i + 1 == 2 * array_size(form));
	}
	assert_int_equal(resolve(2, 3), REASON_NO_RECIPE);
	/* The stored refusal is that of the best shape. */
	assert_string_equal(pair_of(2, 3)->extack, "step 0");
	assert_int_equal(pair_of(2, 3)->err, -EOPNOTSUPP);
	assert_int_equal(drop_notices(NOTICE_PAIR_REFUSED), 1);
	assert_false(nic_is_settled(nic));
}

static void blind_ladder(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3);
	struct order_probe o;

	snprintf(a.hw.driver, sizeof(a.hw.driver), "mtk_soc_eth");
	snprintf(b.hw.driver, sizeof(b.hw.driver), "mtk_soc_eth");
	add(&a);
	add(&b);
	o = expect_probe(2, 3);
	assert_false(o.asks_odd);
	assert_int_equal(o.sample.form, RULE_WITH_DMAC | RULE_WITH_CSUM | RULE_WITH_INDEV);
	assert_int_equal(o.sample.rewrite & RULE_DEC_TTL, 0);
	assert_true(answer(&o, 1, 0));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	/* The NIC itself sends packets whose TTL would expire to the CPU. */
	settings.ttl_guard = TTL_GUARD_REQUIRE;
	nic->settings.ttl_guard = TTL_GUARD_REQUIRE;
	assert_int_equal(resolve(2, 3), REASON_NONE);
}

/* Not the first recipe that is accepted, but the one with the most classes. */
static void best_wins(void **state UNUSED)
{
	static const uint16_t takes[] = { 0x0010, 0, 0x0110, 0x0110, 0x0fe0, 0, 0, 0x0ff0, 0x0ff0, 0, 0, 0x0100 };
	struct order_probe o;
	struct recipe r;

	add_plain(2);
	add_plain(3);
	for (unsigned int i = 0; i < array_size(takes); i++) {
		o = expect_probe(2, 3);
		if (i == 0)
			expect_probe(3, 2);
		answer(&o, takes[i], -EOPNOTSUPP);
	}
	assert_int_equal(resolve_class(2, 3, 4, &r), REASON_NONE);
	assert_int_equal(r.shape, RECIPE_NO_CSUM);
	assert_int_equal(r.layout, RECIPE_PRIO);
	assert_false(r.with_dmac);
	assert_int_equal(r.classes, 0x0ff0);
	assert_int_equal(pair_of(2, 3)->refused, (uint16_t)~0x0ff0);
	assert_int_equal(resolve_class(2, 3, 0, &r), REASON_NOT_IN_RECIPE);
}

/* A recipe that accepts the plainest class ends the ladder. */
static void plainest_class_ends_the_ladder(void **state UNUSED)
{
	struct order_probe o, other;
	struct recipe r;

	add_plain(2);
	add_plain(3);
	o = expect_probe(2, 3);
	other = expect_probe(3, 2);
	assert_false(answer(&o, 0xfffe, -EOPNOTSUPP));
	assert_true(answer(&other, 0x0001, -EOPNOTSUPP));
	o = expect_probe(2, 3);
	/* Of two recipes with equally many classes, the earlier one wins. */
	assert_true(answer(&o, 0x7fff, -EOPNOTSUPP));
	assert_int_equal(resolve_class(2, 3, 1, &r), REASON_NONE);
	assert_int_equal(r.classes, 0xfffe);
	assert_int_equal(r.layout, RECIPE_PRIOS);
	assert_true(nic_is_settled(nic));
}

static void exact_ttl(void **state UNUSED)
{
	struct link a = link_of(2), b = link_of(3);
	struct order_probe o;

	snprintf(a.hw.driver, sizeof(a.hw.driver), "nfp");
	snprintf(b.hw.driver, sizeof(b.hw.driver), "nfp");
	add(&a);
	add(&b);
	o = expect_probe(2, 3);
	assert_int_equal(o.sample.form, RULE_WITH_DMAC | RULE_WITH_CSUM | RULE_EXACT_TTL);
	assert_int_equal(o.sample.ttl, 64);
	assert_false(nic_matches_ttl(nic));
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	assert_true(nic_matches_ttl(nic));
	assert_false(nic_matches_ttl(NULL));
	/* Such rules need no guards. */
	nic->settings.ttl_guard = TTL_GUARD_REQUIRE;
	assert_int_equal(resolve(2, 3), REASON_NONE);
}

static void driver_takes_odd_rules(void **state UNUSED)
{
	struct event_probe done;
	struct order_probe o;

	add_plain(2);
	add_plain(3);
	o = expect_probe(2, 3);
	done = answer_of(&o, 0, 0);
	done.took_odd = true;
	assert_true(nic_feed_probe(nic, &done, now));
	assert_int_equal(resolve(2, 3), REASON_DRIVER_LIES);
	/* This verdict is final. */
	pass(1000000000);
	nic_tick(nic, now);
	assert_int_equal(resolve(2, 3), REASON_DRIVER_LIES);
}

/* All rules of a port have the same layout, no matter where they redirect to. */
static void layout_is_fixed(void **state UNUSED)
{
	struct order_probe o;

	add_plain(2);
	add_plain(3);
	o = expect_probe(2, 3);
	assert_false(answer(&o, 0, -EOPNOTSUPP));
	o = expect_probe(2, 3);
	assert_false(answer(&o, 0, -EOPNOTSUPP));
	answer_all(RECIPE_CLASSES_ALL, 0);
	assert_int_equal(nic_find_port(nic, 2)->layout, RECIPE_PRIO);
	assert_int_equal(nic_find_port(nic, 3)->layout, RECIPE_PRIOS);
	add_plain(4);
	o = expect_probe(2, 4);
	assert_true(o.sample.form & RULE_ANY_ETHERTYPE);
	/* There are six steps: three shapes, with and without the MAC address, in one layout. */
	assert_false(answer(&o, 0, -EOPNOTSUPP));
	for (unsigned int i = 0; i < 5; i++) {
		o = expect_probe(2, 4);
		assert_true(o.sample.form & RULE_ANY_ETHERTYPE);
		assert_int_equal(answer(&o, 0, -EOPNOTSUPP), i == 4);
	}
	assert_int_equal(resolve(2, 4), REASON_NO_RECIPE);
	o = expect_probe(3, 4);
	assert_false(o.sample.form & RULE_ANY_ETHERTYPE);
	/* Without clsact the port has no rules, so any layout is possible again. */
	nic_set_ready(nic, 2, false);
	assert_int_equal(nic_find_port(nic, 2)->layout, RECIPE_LAYOUT__COUNT);
}

/* A pair starts again when another pair finds the layout of the port. */
static void ladder_restarts_with_the_layout(void **state UNUSED)
{
	struct link b = link_of(3);
	struct order_probe o;
	struct recipe r;

	b.is_up = false;
	add_plain(2);
	add(&b);
	add_plain(4);
	for (unsigned int i = 0; i < 3; i++) {
		o = expect_probe(2, 4);
		if (i == 0)
			expect_probe(4, 2);
		assert_false(answer(&o, 0, -EOPNOTSUPP));
	}
	b.is_up = true;
	put(&b, REASON_NONE);
	o = expect_probe(2, 3);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	o = expect_probe(2, 4);
	assert_int_equal(o.sample.form, RULE_WITH_DMAC | RULE_WITH_CSUM);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve_class(2, 4, 0, &r), REASON_NONE);
	assert_int_equal(r.shape, RECIPE_FULL);
	assert_int_equal(r.layout, RECIPE_PRIOS);
}

/* -- transient errors ----------------------------------------------------- */

static void transient_errors(void **state UNUSED)
{
	static const int errs[] = { EBUSY, EIO, ENODEV, EEXIST, EAGAIN, ENETDOWN, ETIMEDOUT,
				    EBUSY, EBUSY, EBUSY, EBUSY };
	struct order_probe o, other;
	const int64_t max_ms = 300000;
	int64_t ms = 1000;

	add_plain(2);
	add_plain(3);
	for (unsigned int i = 0; i < array_size(errs); i++) {
		o = expect_probe(2, 3);
		if (i == 0)
			other = expect_probe(3, 2);
		/* Each retry is the first step. */
		assert_int_equal(o.sample.form, RULE_WITH_DMAC | RULE_WITH_CSUM);
		assert_true(answer(&o, 0, -errs[i]));
		assert_int_equal(resolve(2, 3), REASON_PROBING);
		assert_int_equal(pair_of(2, 3)->state, PAIR_PAUSED);
		if (i == 0)
			answer(&other, RECIPE_CLASSES_ALL, 0);
		assert_true(nic_is_settled(nic));
		expect_no_probe();
		assert_int_equal(mono_diff_ms(nic_next_due(nic), now), MIN(ms, max_ms));
		pass(MIN(ms, max_ms) - 1);
		assert_false(nic_tick(nic, now));
		pass(1);
		assert_true(nic_tick(nic, now));
		ms *= 2;
	}
	o = expect_probe(2, 3);
	assert_true(answer(&o, RECIPE_CLASSES_ALL, 0));
	assert_int_equal(resolve(2, 3), REASON_NONE);
	assert_int_equal(pair_of(2, 3)->pauses, 0);
	assert_true(mono_is_never(nic_next_due(nic)));
}

/* From an empty card, "full" means "unsupported". */
static void full_when_probed(void **state UNUSED)
{
	struct order_probe o;

	add_plain(2);
	add_plain(3);
	o = expect_probe(2, 3);
	expect_probe(3, 2);
	assert_false(answer(&o, 0, -ENOSPC));
	card_take(nic_card(nic, 2), 0);
	card_installed(nic_card(nic, 2), 0);
	o = expect_probe(2, 3);
	assert_true(answer(&o, 0, -ENOSPC));
	assert_int_equal(pair_of(2, 3)->state, PAIR_PAUSED);
}

static void missing_clsact(void **state UNUSED)
{
	struct event_probe done;
	struct order_probe o;

	add_plain(2);
	add_plain(3);
	o = expect_probe(2, 3);
	done = answer_of(&o, 0, -EINVAL);
	snprintf(done.extack, sizeof(done.extack), "Parent Qdisc doesn't exists");
	assert_true(nic_feed_probe(nic, &done, now));
	assert_int_equal(pair_of(2, 3)->state, PAIR_PAUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ladder_order),
		TEST(blind_ladder),
		TEST(best_wins),
		TEST(plainest_class_ends_the_ladder),
		TEST(exact_ttl),
		TEST(driver_takes_odd_rules),
		TEST(layout_is_fixed),
		TEST(ladder_restarts_with_the_layout),
		TEST(transient_errors),
		TEST(full_when_probed),
		TEST(missing_clsact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

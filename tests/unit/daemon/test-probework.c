/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "core/port/recipe.h"
#include "daemon/work/probework.h"

/* A driver that answers from these tables, and records what it was asked. */
struct driver {
	int err[RECIPE_CLASSES];
	int odd_err[RECIPE_ODD];
	int mtu_err[RECIPE_CLASSES];
	unsigned int n_asked;
	unsigned int asked[RECIPE_CLASSES]; /* classes, in the order in which they were probed */
	unsigned int n_odd;
	uint32_t asked_tags, takes_tags; /* bits of recipe_tags_bit() */
	uint16_t tags_classes; /* bit i: class i was probed with tags */
	unsigned int last_with_tags; /* larger classes are not taken with tags */
	int tags_err;
	uint16_t asked_mtu; /* bit i: class i was probed with a size check */
	unsigned int n_busy; /* number of next calls that fail with EBUSY */
};

static unsigned int class_of(const struct rule *rule)
{
	struct tuple out = rule->match;

	if (rule->rewrite & RULE_SET_SPORT)
		out.sport++;
	if (rule->rewrite & RULE_SET_DPORT)
		out.dport++;
	return recipe_class_of(&rule->match, &out);
}

static int drive(void *ctx, const struct rule *rule, struct nlerr *why)
{
	struct driver *d = ctx;
	int err;

	assert_int_equal(rule->kind, RULE_PROBE);
	assert_int_equal(rule->place, RULE_HARDWARE);
	if (d->n_busy) {
		d->n_busy--;
		*why = nlerr_make(-EBUSY);
		return -EBUSY;
	}
	if (rule->form & (RULE_ODD_MATCH | RULE_ODD_REWRITE)) {
		err = d->odd_err[rule->form & RULE_ODD_MATCH ? 0 : 1];
		d->n_odd++;
	} else if (vlan_count(&rule->tags) || vlan_count(&rule->out_tags)) {
		uint32_t bit = recipe_tags_bit(vlan_encap_of(&rule->tags), vlan_encap_of(&rule->out_tags));

		d->asked_tags |= bit;
		d->tags_classes |= (uint16_t)(1u << class_of(rule));
		err = d->takes_tags & bit && class_of(rule) <= d->last_with_tags ? 0 : d->tags_err;
	} else if (rule->form & RULE_WITH_MTU) {
		assert_int_equal(rule->mtu, 1280);
		d->asked_mtu |= (uint16_t)(1u << class_of(rule));
		err = d->mtu_err[class_of(rule)];
	} else {
		assert_true(d->n_asked < RECIPE_CLASSES);
		d->asked[d->n_asked] = class_of(rule);
		err = d->err[d->asked[d->n_asked++]];
	}
	*why = nlerr_make(err);
	if (err)
		snprintf(why->extack, sizeof(why->extack), "error %d", -err);
	return err;
}

static struct order_probe order_for(uint16_t classes)
{
	return (struct order_probe){
		.in = 3,
		.out = 4,
		.asks_odd = true,
		.classes = classes,
		.sample = { .ifindex = 3,
			    .prio = 1,
			    .handle = 1,
			    .family = FAMILY_IP4,
			    .place = RULE_HARDWARE,
			    .rewrite = RULE_SET_MACS | RULE_DEC_TTL,
			    .out_ifindex = 4 },
	};
}

static struct driver honest(void)
{
	return (struct driver){ .odd_err = { -EOPNOTSUPP, -EOPNOTSUPP },
				.last_with_tags = RECIPE_CLASSES - 1 };
}

static struct event_probe run(struct driver *d, const struct order_probe *order)
{
	struct event_probe ret;

	memset(&ret, 0xff, sizeof(ret));
	probework_run_with(order, drive, d, &ret);
	assert_int_equal(ret.in, 3);
	assert_int_equal(ret.out, 4);
	return ret;
}

static void test_all_classes(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret = run(&d, &order);

	(void)state;
	assert_int_equal(d.n_odd, RECIPE_ODD);
	assert_int_equal(d.n_asked, RECIPE_CLASSES);
	for (unsigned int i = 0; i < RECIPE_CLASSES; i++)
		assert_int_equal(d.asked[i], i);
	assert_int_equal(ret.classes, RECIPE_CLASSES_ALL);
	assert_int_equal(ret.refused, 0);
	assert_false(ret.took_odd);
	assert_int_equal(ret.err, 0);
	assert_string_equal(ret.extack, "");
}

static void test_only_what_is_asked(void **state)
{
	struct order_probe order = order_for(1u << RECIPE_UDP | 1u << RECIPE_SRC);
	struct driver d = honest();
	struct event_probe ret;

	(void)state;
	order.asks_odd = false;
	d.err[RECIPE_UDP] = -EINVAL;
	ret = run(&d, &order);
	assert_int_equal(d.n_odd, 0);
	assert_int_equal(d.n_asked, 2);
	assert_int_equal(ret.classes, 1u << RECIPE_SRC);
	assert_int_equal(ret.refused, 1u << RECIPE_UDP);
}

static void test_driver_takes_odd_rules(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);

	(void)state;
	for (unsigned int i = 0; i < RECIPE_ODD; i++) {
		struct driver d = honest();
		struct event_probe ret;

		d.odd_err[i] = 0;
		ret = run(&d, &order);
		assert_true(ret.took_odd);
		assert_int_equal(d.n_odd, i + 1);
		assert_int_equal(d.n_asked, 0);
		assert_int_equal(ret.classes, 0);
		assert_int_equal(ret.refused, 0);
	}
}

static void test_first_refusal_is_reported(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret;

	(void)state;
	d.err[RECIPE_SRC] = -ENOSPC;
	d.err[RECIPE_DST] = -EOPNOTSUPP;
	ret = run(&d, &order);
	assert_int_equal(d.n_asked, RECIPE_CLASSES);
	assert_int_equal(ret.refused, 1u << RECIPE_SRC | 1u << RECIPE_DST);
	assert_int_equal(ret.classes, (uint16_t)~ret.refused);
	assert_int_equal(ret.bad_class, RECIPE_SRC);
	assert_int_equal(ret.err, -ENOSPC);
	assert_string_equal(ret.extack, "error 28");
}

/* A driver that refuses the plainest rule is asked only about the other family. */
static void test_plainest_rule_is_refused(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret;

	(void)state;
	d.err[0] = -EOPNOTSUPP;
	ret = run(&d, &order);
	assert_int_equal(d.n_asked, 2);
	assert_int_equal(ret.refused, 1);
	assert_int_equal(ret.classes, 1u << RECIPE_IP6);
	assert_int_equal(ret.bad_class, 0);
	assert_int_equal(ret.err, -EOPNOTSUPP);
}

/* An error that may pass is not a verdict. */
static void test_transient_errors(void **state)
{
	static const int passing[] = { -EBUSY,  -EAGAIN, -ETIMEDOUT, -EIO,
				       -ENODEV, -EEXIST, -ENETDOWN,  -EREMOTEIO };
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);

	(void)state;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		struct driver d = honest();
		struct event_probe ret;

		d.err[RECIPE_IP6] = -EOPNOTSUPP;
		d.err[RECIPE_SRC] = passing[i];
		ret = run(&d, &order);
		/* A busy driver is asked again a few times. */
		assert_int_equal(d.n_asked, passing[i] == -EBUSY ? 9 : 5);
		assert_int_equal(ret.classes, 0);
		assert_int_equal(ret.refused, 0);
		assert_int_equal(ret.bad_class, 0);
		assert_int_equal(ret.err, passing[i]);

		d = honest();
		d.odd_err[0] = passing[i];
		ret = run(&d, &order);
		assert_int_equal(d.n_odd, passing[i] == -EBUSY ? 5 : 1);
		assert_int_equal(d.n_asked, 0);
		assert_false(ret.took_odd);
		assert_int_equal(ret.err, passing[i]);
	}
}

/* A driver that is busy for a while and then answers. */
static void test_busy_for_a_while(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret;

	(void)state;
	d.n_busy = 3;
	ret = run(&d, &order);
	assert_int_equal(ret.classes, RECIPE_CLASSES_ALL);
	assert_int_equal(ret.err, 0);
	assert_int_equal(d.n_busy, 0);
}

/* Only classes that are accepted without a size check are tried with one. */
static void test_size_checks(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret = run(&d, &order);

	(void)state;
	assert_int_equal(d.asked_mtu, 0);
	assert_int_equal(ret.mtu_classes, 0);
	order.asks_mtu = true;
	d = honest();
	d.err[RECIPE_UDP] = -EOPNOTSUPP;
	d.mtu_err[RECIPE_SRC] = -EOPNOTSUPP;
	ret = run(&d, &order);
	assert_int_equal(d.asked_mtu, (uint16_t)~(1u << RECIPE_UDP));
	assert_int_equal(ret.mtu_classes, (uint16_t)~(1u << RECIPE_UDP | 1u << RECIPE_SRC));
	/* The refusal of a size check is not one of the class. */
	assert_int_equal(ret.refused, 1u << RECIPE_UDP);
	assert_int_equal(ret.bad_class, RECIPE_UDP);
	/* A driver that refuses the first one is asked no more. */
	d = honest();
	d.mtu_err[0] = -EOPNOTSUPP;
	ret = run(&d, &order);
	assert_int_equal(d.asked_mtu, 1);
	assert_int_equal(ret.mtu_classes, 0);
	assert_int_equal(ret.classes, RECIPE_CLASSES_ALL);
	assert_int_equal(ret.err, 0);
	/* An error that may pass is not a verdict. */
	d = honest();
	d.mtu_err[RECIPE_IP6] = -EIO;
	ret = run(&d, &order);
	assert_int_equal(ret.classes, 0);
	assert_int_equal(ret.mtu_classes, 0);
	assert_int_equal(ret.err, -EIO);
}

/* The first class that was accepted is tried with all tags. */
static void test_tags(void **state)
{
	struct order_probe order = order_for(RECIPE_CLASSES_ALL);
	struct driver d = honest();
	struct event_probe ret = run(&d, &order);

	(void)state;
	assert_int_equal(d.asked_tags, 0);
	assert_int_equal(ret.tags, 0);
	order.asks_tags = true;
	order.tc_priority = 1;
	order.classes = 1 | 1 << 15;
	d = honest();
	d.tags_err = -EOPNOTSUPP;
	d.takes_tags = 0x00a5a5a4;
	ret = run(&d, &order);
	assert_int_equal(d.asked_tags, 0x01fffffe);
	assert_int_equal(d.tags_classes, order.classes);
	assert_int_equal(ret.tags, 0x00a5a5a4);
	assert_int_equal(ret.classes, order.classes);
	assert_int_equal(ret.err, 0);
	/* The largest rule needs too much. */
	d = honest();
	d.tags_err = -ENOSPC;
	d.takes_tags = 0x01fffffe;
	d.last_with_tags = 14;
	ret = run(&d, &order);
	assert_int_equal(ret.tags, 0);
	assert_int_equal(ret.classes, order.classes);
	order.classes = RECIPE_CLASSES_ALL;
	/* IPv6 only. */
	d = honest();
	d.err[0] = d.tags_err = -EOPNOTSUPP;
	d.takes_tags = 2;
	ret = run(&d, &order);
	assert_int_equal(ret.classes, 1u << RECIPE_IP6);
	assert_int_equal(ret.tags, 2);
	/* Nothing is accepted, or an error may pass. */
	d = honest();
	d.err[0] = d.err[RECIPE_IP6] = -EOPNOTSUPP;
	ret = run(&d, &order);
	assert_int_equal(d.asked_tags, 0);
	d = honest();
	d.tags_err = -EIO;
	ret = run(&d, &order);
	assert_int_equal(ret.classes, 0);
	assert_int_equal(ret.tags, 0);
	assert_int_equal(ret.err, -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_classes),
		cmocka_unit_test(test_only_what_is_asked),
		cmocka_unit_test(test_driver_takes_odd_rules),
		cmocka_unit_test(test_first_refusal_is_reported),
		cmocka_unit_test(test_plainest_rule_is_refused),
		cmocka_unit_test(test_transient_errors),
		cmocka_unit_test(test_busy_for_a_while),
		cmocka_unit_test(test_size_checks),
		cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
	return (struct driver){ .odd_err = { -EOPNOTSUPP, -EOPNOTSUPP } };
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

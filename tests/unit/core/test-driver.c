/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/port/driver.h"

#define SHAPE(id) (1u << RECIPE_##id)

static void allow(struct settings *s, const char *name, const char *like)
{
	struct settings_driver *d = &s->allowed[s->n_allowed++];

	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->like, sizeof(d->like), "%s", like);
}

static void built_in_drivers(void **state UNUSED)
{
	static const struct {
		const char *name;
		unsigned int shapes;
		bool is_engine; /* decrements the TTL itself; ignores unknown match keys */
	} known[] = {
		{ "mlx5_core", SHAPE(FULL), false },
		{ "mlx5e_rep", SHAPE(FULL), false },
		{ "nfp", SHAPE(EXACT_TTL), false },
		{ "sfc", SHAPE(NO_CSUM), false },
		{ "efx_ef100_rep", SHAPE(NO_CSUM), false },
		{ "mtk_soc_eth", SHAPE(IMPLICIT), true },
		{ "airoha_eth", SHAPE(IMPLICIT), true },
	};
	const struct settings s = { .n_allowed = 0 };

	for (unsigned int i = 0; i < array_size(known); i++) {
		const struct driver *d = driver_find(&s, known[i].name);

		assert_non_null(d);
		assert_true(driver_is_known(known[i].name));
		assert_string_equal(d->name, known[i].name);
		assert_int_equal(d->shapes, known[i].shapes);
		assert_int_equal(d->is_blind, known[i].is_engine);
		assert_int_equal(d->guards_itself, known[i].is_engine);
		assert_int_equal(d->has_only_ages, known[i].is_engine);
	}
}

/* Drivers that accept rules which they do not execute, that drop traffic when they are probed, or
 * that take the private data of a redirect's target for their own; and unknown names. */
static void not_allowed(void **state UNUSED)
{
	static const char *const names[] = { "",           "bnxt_en", "mscc_felix", "stmmac",
					     "i40e",       "veth",    "netdevsim",  "mlx5",
					     "mlx5_core2", "NFP",     "ice",        "octeontx2",
					     "hns3" };
	const struct settings s = { .n_allowed = 0 };

	for (unsigned int i = 0; i < array_size(names); i++) {
		assert_null(driver_find(&s, names[i]));
		assert_false(driver_is_known(names[i]));
	}
}

static void allowed_by_configuration(void **state UNUSED)
{
	struct settings s = { .n_allowed = 0 };
	const struct driver *d;

	allow(&s, "ice", "");
	allow(&s, "bnxt_en", "mtk_soc_eth");
	allow(&s, "nfp", "");
	allow(&s, "sfc", "mlx5_core");
	allow(&s, "odd", "nobody");
	/* Probed, but not for the shape whose effect no probe can see. */
	d = driver_find(&s, "ice");
	assert_non_null(d);
	assert_int_equal(d->shapes, SHAPE(FULL) | SHAPE(NO_CSUM) | SHAPE(EXACT_TTL));
	assert_false(d->is_blind || d->guards_itself || d->has_only_ages);
	/* Treated like a listed driver. */
	assert_string_equal(driver_find(&s, "bnxt_en")->name, "mtk_soc_eth");
	assert_true(driver_find(&s, "bnxt_en")->is_blind);
	/* The configuration overrides the built-in list. */
	assert_int_equal(driver_find(&s, "nfp")->shapes,
			 SHAPE(FULL) | SHAPE(NO_CSUM) | SHAPE(EXACT_TTL));
	assert_string_equal(driver_find(&s, "sfc")->name, "mlx5_core");
	assert_null(driver_find(&s, "odd"));
	/* Other drivers are not affected. */
	assert_string_equal(driver_find(&s, "airoha_eth")->name, "airoha_eth");
	assert_null(driver_find(&s, "igb"));
	assert_false(driver_is_known("ice"));
}

static const struct {
	int err;
	const char *text;
	enum refusal refusal, of_nfp;
} errnos[] = {
	{ EOPNOTSUPP, "", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ EINVAL, "", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ EINVAL, "Unknown mangle field", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ EINVAL, "Parent Qdisc doesn't exists", REFUSAL_GONE, REFUSAL_GONE },
	{ EPERM, "", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ EPROTONOSUPPORT, "", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ ERANGE, "", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ ENOSPC, "", REFUSAL_FULL, REFUSAL_FULL },
	{ ENOSPC, "too many pedit actions", REFUSAL_UNSUPPORTED, REFUSAL_UNSUPPORTED },
	{ ENOMEM, "", REFUSAL_FULL, REFUSAL_FULL },
	{ ENOBUFS, "", REFUSAL_FULL, REFUSAL_FULL },
	{ ENOENT, "", REFUSAL_UNSUPPORTED, REFUSAL_FULL },
	{ EBUSY, "", REFUSAL_BUSY, REFUSAL_BUSY },
	{ EAGAIN, "", REFUSAL_BUSY, REFUSAL_BUSY },
	{ EINTR, "", REFUSAL_BUSY, REFUSAL_BUSY },
	{ EEXIST, "", REFUSAL_EXISTS, REFUSAL_EXISTS },
	{ EIO, "", REFUSAL_BROKEN, REFUSAL_BROKEN },
	{ ETIMEDOUT, "", REFUSAL_BROKEN, REFUSAL_BROKEN },
	{ EREMOTEIO, "", REFUSAL_BROKEN, REFUSAL_BROKEN },
	{ EFAULT, "", REFUSAL_BROKEN, REFUSAL_BROKEN },
	{ ENODEV, "", REFUSAL_GONE, REFUSAL_GONE },
	{ ENETDOWN, "", REFUSAL_GONE, REFUSAL_GONE },
};

static void refusals(void **state UNUSED)
{
	const struct settings s = { .n_allowed = 0 };
	const struct driver *mlx5 = driver_find(&s, "mlx5_core"), *nfp = driver_find(&s, "nfp");

	for (unsigned int i = 0; i < array_size(errnos); i++) {
		assert_int_equal(driver_refusal(mlx5, -errnos[i].err, errnos[i].text),
				 errnos[i].refusal);
		assert_int_equal(driver_refusal(nfp, -errnos[i].err, errnos[i].text),
				 errnos[i].of_nfp);
		/* Without a driver, because the port is gone by now. */
		assert_int_equal(driver_refusal(NULL, -errnos[i].err, errnos[i].text),
				 errnos[i].refusal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_drivers),
		cmocka_unit_test(not_allowed),
		cmocka_unit_test(allowed_by_configuration),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "core/path/routelog.h"

static struct routelog log_of;

static struct route_change change_of(const char *prefix, unsigned int len)
{
	struct route_change c = { .family = FAMILY_IP4, .len = (uint8_t)len };
	enum family family;

	assert_int_equal(addr_from_str(prefix, &family, &c.prefix), 0);
	return c;
}

static void add(const char *prefix, unsigned int len, bool is_hidden, int64_t at_us)
{
	struct route_change c = change_of(prefix, len);

	c.is_hidden = is_hidden;
	routelog_add(&log_of, &c, (mono_t){ at_us });
}

static bool touches(const char *addr, int64_t since_us, bool only_hidden)
{
	struct route_change c = change_of(addr, 32);

	return routelog_touches(&log_of, FAMILY_IP4, &c.prefix, (mono_t){ since_us }, only_hidden);
}

static void changes(void **state UNUSED)
{
	struct addr ip6 = { { 0 } };

	log_of.n = 0;
	assert_false(touches("10.1.0.1", 0, false));
	add("10.1.0.0", 16, false, 100);
	add("10.2.0.0", 16, true, 200);
	assert_true(touches("10.1.0.1", 50, false));
	assert_true(touches("10.1.0.1", 100, false));
	assert_false(touches("10.1.0.1", 101, false));
	assert_false(touches("10.3.0.1", 50, false));
	assert_false(touches("10.1.0.1", 50, true));
	assert_true(touches("10.2.0.1", 50, true));
	assert_false(routelog_touches(&log_of, FAMILY_IP6, &ip6, (mono_t){ 50 }, false));
	/* A default route concerns all of a family; lost events concern everything. */
	add("0.0.0.0", 0, false, 300);
	assert_true(touches("10.3.0.1", 250, false));
	assert_false(routelog_touches(&log_of, FAMILY_IP6, &ip6, (mono_t){ 250 }, false));
	routelog_add(&log_of, &(struct route_change){ .family = FAMILY_NONE }, (mono_t){ 400 });
	assert_true(routelog_touches(&log_of, FAMILY_IP6, &ip6, (mono_t){ 350 }, false));
}

/* What the log has forgotten may concern any address. */
static void overflow(void **state UNUSED)
{
	log_of.n = 0;
	add("10.1.0.0", 16, false, 1);
	for (unsigned int i = 1; i < ROUTELOG_MAX; i++)
		add("10.2.0.0", 16, false, 1 + i);
	assert_true(touches("10.1.0.1", 1, false));
	assert_false(touches("10.1.0.1", 2, false));
	assert_false(touches("10.3.0.1", 0, false));
	add("10.2.0.0", 16, false, 1000);
	assert_true(touches("10.3.0.1", 2, false));
	assert_true(touches("10.3.0.1", 2, true));
	assert_false(touches("10.3.0.1", 3, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

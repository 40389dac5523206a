/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings from the sysctls and the fill level of conntrack.
 */
#include "unit/unit.h"

#include <string.h>

#include "daemon/control/envcheck.h"

static struct findings found;

/* Values that give no problem and no hint. */
static const struct envcheck_sysctls fine = {
	.ip_forward = 1,
	.ip6_forward = 1,
	.ct_events = 1,
	.ct_acct = 1,
	.ct_count = 5,
	.ct_max = 100,
};

static void check(struct envcheck_sysctls s)
{
	found.n = 0;
	envcheck_sysctls(&s, &found);
}

static unsigned int count(enum severity severity)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < found.n; i++)
		n += found.list[i].severity == severity;
	return n;
}

/* The only finding that is not fine. */
static void expect(enum severity severity, const char *name)
{
	const struct finding *f = NULL;

	assert_int_equal(count(SEVERITY_PROBLEM) + count(SEVERITY_HINT), 1);
	for (unsigned int i = 0; i < found.n; i++) {
		if (found.list[i].severity != SEVERITY_FINE)
			f = &found.list[i];
	}
	assert_non_null(f);
	assert_int_equal(f->severity, severity);
	assert_string_equal(f->check, name);
	assert_non_null(f->todo);
	assert_true(f->what[0]);
}

static void all_fine(void **state UNUSED)
{
	check(fine);
	assert_int_equal(count(SEVERITY_FINE), found.n);
	assert_int_equal(found.n, 5);
}

static void forwarding(void **state UNUSED)
{
	struct envcheck_sysctls s = fine;

	s.ip_forward = 0;
	check(s);
	expect(SEVERITY_HINT, "forwarding");
	s = fine;
	s.ip6_forward = ENVCHECK_ABSENT;
	check(s);
	expect(SEVERITY_HINT, "forwarding");
	s.ip_forward = 0;
	check(s);
	assert_int_equal(count(SEVERITY_PROBLEM), 1);
}

static void events(void **state UNUSED)
{
	struct envcheck_sysctls s = fine;

	s.ct_events = 2;
	check(s);
	expect(SEVERITY_HINT, "conntrack-events");
	s.ct_events = 0;
	check(s);
	expect(SEVERITY_PROBLEM, "conntrack-events");
	s.ct_events = s.ct_acct = s.ct_count = s.ct_max = ENVCHECK_ABSENT;
	check(s);
	expect(SEVERITY_PROBLEM, "conntrack");
}

static void accounting(void **state UNUSED)
{
	struct envcheck_sysctls s = fine;

	s.ct_acct = 0;
	check(s);
	expect(SEVERITY_HINT, "conntrack-acct");
}

static void conntrack_table_fill(void **state UNUSED)
{
	struct envcheck_sysctls s = fine;

	s.ct_count = 79;
	check(s);
	assert_int_equal(count(SEVERITY_FINE), found.n);
	s.ct_count = 80;
	check(s);
	expect(SEVERITY_HINT, "conntrack");
	s.ct_count = 95;
	check(s);
	expect(SEVERITY_PROBLEM, "conntrack");
	s.ct_count = 4000000000;
	s.ct_max = 4200000000;
	check(s);
	expect(SEVERITY_PROBLEM, "conntrack");
	s.ct_count = 0;
	check(s);
	expect(SEVERITY_HINT, "conntrack");
}

static void findings_are_bounded(void **state UNUSED)
{
	found.n = 0;
	for (unsigned int i = 0; i < ENVCHECK_FINDINGS_MAX + 3; i++)
		envcheck_add(&found, SEVERITY_FINE, "x", NULL, "%u", i);
	assert_int_equal(found.n, ENVCHECK_FINDINGS_MAX);
	assert_string_equal(found.list[1].what, "1");
}

static void crowded_neighbours(void **state UNUSED)
{
	found.n = 0;
	envcheck_neighs(5000, ENVCHECK_ABSENT, FAMILY_IP4, &found);
	envcheck_neighs(409, 512, FAMILY_IP4, &found);
	assert_int_equal(found.n, 0);
	envcheck_neighs(410, 512, FAMILY_IP4, &found);
	expect(SEVERITY_HINT, "neighbours");
	assert_non_null(strstr(found.list[0].todo, "net.ipv4.neigh.default.gc_thresh2"));
	found.n = 0;
	envcheck_neighs(512, 512, FAMILY_IP6, &found);
	expect(SEVERITY_PROBLEM, "neighbours");
	assert_non_null(strstr(found.list[0].todo, "net.ipv6.neigh.default.gc_thresh2"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fine), cmocka_unit_test(forwarding),
		cmocka_unit_test(crowded_neighbours), cmocka_unit_test(forwarding),
		cmocka_unit_test(events),   cmocka_unit_test(accounting),
		cmocka_unit_test(conntrack_table_fill),     cmocka_unit_test(findings_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

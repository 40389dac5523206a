/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "model/setelem.h"

static struct tuple orig, reply;

static int setup(void **state UNUSED)
{
	assert_int_equal(tuple_from_str("tcp 192.168.1.2:40000 > 203.0.113.2:80", &orig), 0);
	assert_int_equal(tuple_from_str("tcp 10.0.0.2:8080 > 203.0.113.1:50000", &reply), 0);
	return 0;
}

static void put(struct setelem *e, enum setelem_kind kind, const void *lo, const void *hi, uint8_t len)
{
	struct setelem_field *f = &e->field[e->n_fields++];

	f->kind = (uint8_t)kind;
	f->len = len;
	memcpy(f->lo, lo, len);
	memcpy(f->hi, hi, len);
}

static bool matches_address(const char *from, const char *to)
{
	struct setelem e = { .n_fields = 0 };
	enum family family;
	struct addr lo, hi;

	assert_int_equal(addr_from_str(from, &family, &lo), 0);
	assert_int_equal(addr_from_str(to, &family, &hi), 0);
	put(&e, family == FAMILY_IP4 ? SETELEM_IP4 : SETELEM_IP6, lo.b, hi.b,
	    (uint8_t)addr_len(family));
	return setelem_can_match(&e, &orig, &reply);
}

/* Addresses before and after translation, of either end. */
static void addresses(void **state UNUSED)
{
	assert_true(matches_address("192.168.1.2", "192.168.1.2"));
	assert_true(matches_address("203.0.113.2", "203.0.113.2"));
	assert_true(matches_address("10.0.0.2", "10.0.0.2"));
	assert_true(matches_address("203.0.113.1", "203.0.113.1"));
	assert_true(matches_address("192.168.1.0", "192.168.1.2"));
	assert_true(matches_address("192.168.1.2", "192.168.1.255"));
	assert_false(matches_address("192.168.1.3", "203.0.113.0"));
	assert_false(matches_address("203.0.113.3", "255.255.255.255"));
	assert_false(matches_address("::", "ffff::"));
}

static bool matches_port(uint16_t from, uint16_t to)
{
	const uint8_t lo[] = { (uint8_t)(from >> 8), (uint8_t)from };
	const uint8_t hi[] = { (uint8_t)(to >> 8), (uint8_t)to };
	struct setelem e = { .n_fields = 0 };

	put(&e, SETELEM_PORT, lo, hi, sizeof(lo));
	return setelem_can_match(&e, &orig, &reply);
}

static void ports(void **state UNUSED)
{
	assert_true(matches_port(80, 80));
	assert_true(matches_port(8080, 8080));
	assert_true(matches_port(40000, 40000));
	assert_true(matches_port(0, 100));
	assert_false(matches_port(81, 8079));
	assert_false(matches_port(22, 22));
}

/* All fields must match; a field of an unknown kind matches everything. */
static void several_fields(void **state UNUSED)
{
	static const uint8_t tcp = 6, udp = 17, port[] = { 0, 80 }, none[4];
	struct setelem e = { .n_fields = 0 };

	put(&e, SETELEM_ANY, none, none, sizeof(none));
	assert_true(setelem_is_any(&e));
	assert_true(setelem_can_match(&e, &orig, &reply));
	put(&e, SETELEM_PROTO, &tcp, &tcp, 1);
	assert_false(setelem_is_any(&e));
	put(&e, SETELEM_PORT, port, port, sizeof(port));
	assert_true(setelem_can_match(&e, &orig, &reply));
	e.field[1].lo[0] = e.field[1].hi[0] = udp;
	assert_false(setelem_can_match(&e, &orig, &reply));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses, setup),
		cmocka_unit_test_setup(ports, setup),
		cmocka_unit_test_setup(several_fields, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <string.h>

#include "base/util.h"
#include "core/flow/policy.h"

static struct settings settings_of(enum admit_mode admit)
{
	return (struct settings){ .admit = admit, .mark = 0x3000 };
}

/* A connection that may be offloaded, in each admission mode. */
static struct conn good(const char *text)
{
	struct conn c = { .has = CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT |
				 CONN_HAS_MARK | CONN_HAS_TCP_STATE,
			  .id = 7,
			  .status = CONN_SEEN_REPLY | CONN_ASSURED | CONN_CONFIRMED,
			  .mark = 0x3001,
			  .timeout_s = 432000,
			  .tcp_state = CONN_TCP_ESTABLISHED };

	assert_int_equal(tuple_from_str(text, &c.orig), 0);
	c.reply = tuple_inverse(&c.orig);
	return c;
}

static struct conn good_tcp(void)
{
	return good("tcp 192.168.1.2:1000 > 203.0.113.2:80");
}

static enum reason ask(enum admit_mode admit, const struct conn *c)
{
	struct settings s = settings_of(admit);

	return policy_conn(&s, 0, c);
}

#define assert_reason(conn, reason)                                                                \
	assert_string_equal(reason_name(ask(ADMIT_EVENTS, conn)), reason_name(REASON_##reason))

static void eligible_conns(void **state UNUSED)
{
	struct conn c = good_tcp();

	assert_reason(&c, NONE);
	assert_int_equal(ask(ADMIT_MARK, &c), REASON_NONE);
	c = good("udp 192.168.1.2:1000 > 203.0.113.2:53");
	c.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	assert_reason(&c, NONE);
	c = good("udp [2001:db8::1]:1000 > [2001:db8:1::2]:53");
	assert_reason(&c, NONE);
	/* NAT and zones do not matter. */
	c = good("tcp 192.168.1.2:1000 > 203.0.113.2:80 zone 5");
	c.status |= CONN_SRC_NAT | CONN_DST_NAT;
	assert_reason(&c, NONE);
}

static void other_protocols(void **state UNUSED)
{
	static const uint8_t others[] = { 1, 33, 47, 50, 58, 132, 0, 255 };
	struct conn c = good_tcp();

	for (unsigned int i = 0; i < array_size(others); i++) {
		c.orig.proto = others[i];
		assert_reason(&c, UNSUPPORTED_PROTOCOL);
	}
}

static void unroutable_addresses(void **state UNUSED)
{
	static const char *const bad[] = {
		"udp 192.168.1.2:1 > 224.0.0.251:5353", "udp 192.168.1.2:1 > 239.255.255.250:1900",
		"udp 192.168.1.2:1 > 255.255.255.255:67", "udp 127.0.0.1:1 > 192.168.1.2:2",
		"udp 169.254.0.1:1 > 192.168.1.2:2", "udp 0.0.0.0:68 > 192.168.1.2:67",
		"udp [fe80::1]:1 > [2001:db8::1]:2", "udp [2001:db8::1]:1 > [ff02::fb]:5353",
		"udp [::1]:1 > [2001:db8::1]:2", "udp [::]:1 > [2001:db8::1]:2",
	};
	struct conn c;

	for (unsigned int i = 0; i < array_size(bad); i++) {
		c = good(bad[i]);
		assert_reason(&c, MULTICAST);
		/* The same address in the reply tuple only. */
		c = good(bad[i][4] == '[' ? "udp [2001:db8:1::1]:1 > [2001:db8:1::2]:2" :
					    "udp 10.0.0.1:1 > 10.0.0.2:2");
		assert_int_equal(tuple_from_str(bad[i], &c.reply), 0);
		assert_reason(&c, MULTICAST);
	}
	/* Tuples of different families are not supported. */
	c = good_tcp();
	c.reply = good("tcp [2001:db8::1]:1 > [2001:db8::2]:2").orig;
	assert_reason(&c, INCOMPLETE);
}

static void tcp_states(void **state UNUSED)
{
	struct conn c = good_tcp();

	for (uint8_t s = 0; s < 20; s++) {
		c.tcp_state = s;
		if (s == CONN_TCP_ESTABLISHED)
			assert_reason(&c, NONE);
		else if (s >= CONN_TCP_FIN_WAIT && s <= CONN_TCP_CLOSE)
			assert_reason(&c, TCP_CLOSING);
		else
			assert_reason(&c, TCP_NOT_ESTABLISHED);
	}
	/* UDP has no TCP state; the field is ignored. */
	c = good("udp 192.168.1.2:1 > 203.0.113.2:2");
	c.tcp_state = CONN_TCP_CLOSE;
	assert_reason(&c, NONE);
}

static void status_bits_that_refuse(void **state UNUSED)
{
	static const struct {
		uint32_t bit;
		enum reason reason;
	} bits[] = {
		{ CONN_OFFLOAD, REASON_KERNEL_FLOWTABLE }, { CONN_HW_OFFLOAD, REASON_KERNEL_FLOWTABLE },
		{ CONN_DYING, REASON_DYING },		   { CONN_HELPER, REASON_HELPER },
		{ CONN_EXPECTED, REASON_EXPECTED },	   { CONN_SEQ_ADJUST, REASON_SEQ_ADJUST },
		{ CONN_NAT_CLASH, REASON_NAT_CLASH },
	};

	for (unsigned int i = 0; i < array_size(bits); i++) {
		struct conn c = good_tcp();

		c.status |= bits[i].bit;
		assert_int_equal(ask(ADMIT_EVENTS, &c), bits[i].reason);
	}
}

static void attachments_that_refuse(void **state UNUSED)
{
	static const struct {
		uint32_t bit;
		enum reason reason;
	} bits[] = {
		{ CONN_HAS_HELPER, REASON_HELPER },
		{ CONN_HAS_MASTER, REASON_EXPECTED },
		{ CONN_HAS_SEQADJ, REASON_SEQ_ADJUST },
		{ CONN_HAS_SYNPROXY, REASON_SYNPROXY },
	};

	for (unsigned int i = 0; i < array_size(bits); i++) {
		struct conn c = good_tcp();

		c.has |= bits[i].bit;
		assert_int_equal(ask(ADMIT_EVENTS, &c), bits[i].reason);
	}
}

static void must_be_assured(void **state UNUSED)
{
	struct conn c = good_tcp();

	c.status &= ~(uint32_t)CONN_ASSURED;
	assert_reason(&c, NOT_ASSURED);
	/* The status must not be used if it was not reported. */
	c = good_tcp();
	c.has &= ~(uint32_t)CONN_HAS_STATUS;
	assert_reason(&c, INCOMPLETE);
}

static void incomplete_tcp(void **state UNUSED)
{
	struct conn c = good_tcp();

	c.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	assert_reason(&c, INCOMPLETE);
	/* A flow that would be refused anyway is not incomplete. */
	c.status &= ~(uint32_t)CONN_ASSURED;
	assert_reason(&c, NOT_ASSURED);
	c = good_tcp();
	c.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	c.mark = 0;
	assert_int_equal(ask(ADMIT_MARK, &c), REASON_NOT_ADMITTED);
	c.status |= CONN_DYING;
	assert_reason(&c, DYING);
}

static void admission_by_mark(void **state UNUSED)
{
	struct conn c = good_tcp();

	/* All bits of the mask must be set; others do not matter. */
	c.mark = 0x1000;
	assert_int_equal(ask(ADMIT_MARK, &c), REASON_NOT_ADMITTED);
	assert_int_equal(ask(ADMIT_EVENTS, &c), REASON_NONE);
	c.mark = 0xffffffff;
	assert_int_equal(ask(ADMIT_MARK, &c), REASON_NONE);
	/* An event without a mark means that the mark is 0. */
	c.has &= ~(uint32_t)CONN_HAS_MARK;
	assert_int_equal(ask(ADMIT_MARK, &c), REASON_NOT_ADMITTED);
}

/* If several reasons apply, the first check gives the reason. */
static void first_reason_counts(void **state UNUSED)
{
	struct conn c = good("tcp 192.168.1.2:1 > 224.0.0.1:2");

	c.status = CONN_OFFLOAD | CONN_DYING | CONN_EXPECTED | CONN_NAT_CLASH;
	c.tcp_state = CONN_TCP_CLOSE;
	assert_reason(&c, MULTICAST);
	c.orig = good_tcp().orig;
	c.reply = good_tcp().reply;
	assert_reason(&c, KERNEL_FLOWTABLE);
	c.status &= ~(uint32_t)CONN_OFFLOAD;
	assert_reason(&c, DYING);
	c.status &= ~(uint32_t)CONN_DYING;
	assert_reason(&c, TCP_CLOSING);
	c.tcp_state = CONN_TCP_ESTABLISHED;
	assert_reason(&c, NOT_ASSURED);
	c.status |= CONN_ASSURED;
	assert_reason(&c, EXPECTED);
	c.status &= ~(uint32_t)CONN_EXPECTED;
	assert_reason(&c, NAT_CLASH);
}

/* No reason depends on both the connection and the path. */
static void kinds_of_reasons(void **state UNUSED)
{
	for (unsigned int r = 0; r < REASON__COUNT; r++)
		assert_false(policy_is_conn_reason(r) && policy_is_path_reason(r));
	assert_false(policy_is_conn_reason(REASON_NONE));
	assert_false(policy_is_path_reason(REASON_NONE));
	assert_true(policy_is_conn_reason(REASON_UNSUPPORTED_PROTOCOL));
	assert_true(policy_is_conn_reason(REASON_TCP_CLOSING));
	assert_true(policy_is_conn_reason(REASON_INCOMPLETE));
	assert_true(policy_is_path_reason(REASON_LOCAL));
	assert_true(policy_is_path_reason(REASON_NEIGHBOUR_UNRESOLVED));
	assert_true(policy_is_path_reason(REASON_MTU));
	assert_true(policy_is_path_reason(REASON_HARDWARE_FULL));
	assert_false(policy_is_path_reason(REASON_OBSERVE_ONLY));
	assert_false(policy_is_conn_reason(REASON_FLUSHED));
	assert_false(policy_is_path_reason(REASON_RULE_REFUSED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eligible_conns),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(unroutable_addresses),
		cmocka_unit_test(tcp_states),
		cmocka_unit_test(status_bits_that_refuse),
		cmocka_unit_test(attachments_that_refuse),
		cmocka_unit_test(must_be_assured),
		cmocka_unit_test(incomplete_tcp),
		cmocka_unit_test(admission_by_mark),
		cmocka_unit_test(first_reason_counts),
		cmocka_unit_test(kinds_of_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/port/card.h"

static struct card card;
static struct notices notices;
static mono_t now;

static void begin(uint32_t size)
{
	const struct settings s = { .hw_table_size = size };

	card_init(&card, &s, "card");
	memset(&notices, 0, sizeof(notices));
	now = (mono_t){ 1000000000 };
}

static void pass(int64_t ms)
{
	now = mono_add_ms(now, ms);
}

static void install(unsigned int n)
{
	while (n--) {
		card_take(&card, 0);
		card_installed(&card, 0);
	}
}

/* Reports a refused install like the engine, and frees its room. True when the card has no
 * room. */
static bool refuse(int err)
{
	struct event_install done = { .status = INSTALL_REFUSED, .err = -err };
	bool is_full;

	snprintf(done.extack, sizeof(done.extack), "text %d", err);
	card_take(&card, 0);
	is_full = card_refused(&card, NULL, &done, 7, now, &notices);
	card_not_installed(&card, 0);
	card_released(&card);
	return is_full;
}

static void refuse_many(unsigned int n, int err)
{
	while (n--)
		refuse(err);
}

static bool tick(void)
{
	return card_tick(&card, 7, now, &notices);
}

static struct notice expect_notice(enum notice_type type)
{
	struct notice n = { .type = UINT8_MAX };

	assert_true(notice_pop(&notices, &n));
	assert_int_equal(n.type, type);
	assert_int_equal(n.in, 7);
	return n;
}

static void expect_no_notice(void)
{
	struct notice n;

	assert_false(notice_pop(&notices, &n));
}

/* -- room ----------------------------------------------------------------- */

static void size_unknown(void **state UNUSED)
{
	begin(0);
	assert_int_equal(card.source, CARD_SIZE_UNKNOWN);
	install(1000);
	assert_true(card_has_room(&card));
	assert_true(card_takes_any(&card));
	assert_true(card_room(&card) > 1000000);
	assert_true(card_works(&card));
	assert_true(mono_is_never(card_next_due(&card)));
	/* The sum must not wrap around. */
	card.used = UINT32_MAX - 1;
	assert_false(card_has_room(&card));
	assert_false(card_takes_any(&card));
	assert_int_equal(card_room(&card), 0);
}

/* The last tenth is reserved for flows that rank has chosen. */
static void size_configured(void **state UNUSED)
{
	begin(40);
	assert_int_equal(card.source, CARD_SIZE_CONFIGURED);
	assert_int_equal(card_room(&card), 20);
	install(17);
	assert_true(card_takes_any(&card));
	install(1);
	assert_false(card_takes_any(&card));
	assert_true(card_has_room(&card));
	assert_int_equal(card_room(&card), 2);
	install(2);
	assert_false(card_has_room(&card));
	assert_int_equal(card_room(&card), 0);
	card_released(&card);
	assert_true(card_has_room(&card));
	assert_false(card_takes_any(&card));
}

/* The two rules of a flow do not fit into room for one. */
static void odd_size(void **state UNUSED)
{
	begin(5);
	install(2);
	assert_false(card_has_room(&card));
	assert_int_equal(card_room(&card), 0);
	begin(1);
	assert_false(card_has_room(&card));
}

/* Installs in flight take room, but do not count as confirmed. */
static void installs_in_flight(void **state UNUSED)
{
	begin(4);
	card_take(&card, 1);
	card_take(&card, 2);
	assert_false(card_has_room(&card));
	assert_int_equal(card.confirmed, 0);
	assert_int_equal(card.in_flight[1], 1);
	assert_int_equal(card.in_flight[2], 1);
	card_installed(&card, 1);
	assert_int_equal(card.confirmed, 2);
	assert_int_equal(card.in_flight[1], 0);
	assert_int_equal(card.used, 4);
	card_not_installed(&card, 2);
	card_released(&card);
	assert_int_equal(card.used, 2);
	assert_int_equal(card.confirmed, 2);
}

/* -- learning ------------------------------------------------------------- */

static void size_is_learnt(void **state UNUSED)
{
	begin(0);
	install(100);
	assert_true(refuse(ENOSPC));
	assert_int_equal(card.source, CARD_SIZE_LEARNT);
	assert_int_equal(card.n_full, 1);
	/* The 200 confirmed rules, minus a twentieth. */
	assert_int_equal(card.limit, 190);
	assert_int_equal(expect_notice(NOTICE_CARD_LEARNT).number, 200);
	assert_false(card_has_room(&card));
	assert_true(card_works(&card));
	/* Confirmed rules beyond the limit do not raise it. */
	assert_true(refuse(ENOSPC));
	assert_int_equal(card.limit, 190);
	/* Later refusals only show that the limit was raised too far, and give no notice. */
	card.limit = 210;
	assert_true(refuse(ENOMEM));
	assert_int_equal(card.limit, 200);
	assert_true(refuse(ENOBUFS));
	assert_int_equal(card.limit, 200);
	expect_no_notice();
	assert_int_equal(card.n_full, 4);
}

/* A card that refuses with at most one flow in it is not full. */
static void nothing_learnt(void **state UNUSED)
{
	begin(0);
	assert_false(refuse(ENOSPC));
	install(1);
	assert_false(refuse(ENOSPC));
	assert_int_equal(card.source, CARD_SIZE_UNKNOWN);
	install(1);
	assert_true(refuse(ENOSPC));
	assert_int_equal(card.limit, 4);
}

static void learnt_limit_grows(void **state UNUSED)
{
	begin(0);
	install(1000);
	refuse(ENOSPC);
	assert_int_equal(card.limit, 1900);
	assert_int_equal(mono_diff_ms(card_next_due(&card), now), 30000);
	/* The card is over its limit: rules stay in, and none are added. */
	pass(29999);
	assert_false(tick());
	assert_int_equal(card.limit, 1900);
	pass(1);
	assert_false(tick());
	assert_int_equal(card.limit, 1919);
	/* While there is room, the limit is not raised. */
	for (unsigned int i = 0; i < 100; i++)
		card_released(&card);
	pass(30000);
	assert_false(tick());
	assert_int_equal(card.limit, 1919);
	assert_int_equal(mono_diff_ms(card_next_due(&card), now), 30000);
	/* Small cards grow by one flow. */
	begin(0);
	install(2);
	refuse(ENOSPC);
	pass(30000);
	tick();
	assert_int_equal(card.limit, 6);
}

static void growth_stops_at_the_configured_size(void **state UNUSED)
{
	begin(9);
	install(3);
	refuse(ENOSPC);
	assert_int_equal(card.limit, 6);
	for (unsigned int i = 0; i < 20; i++) {
		pass(30000);
		tick();
		if (card_has_room(&card))
			install(1);
		assert_true(card.used <= 9);
	}
	assert_int_equal(card.used, 8);
	assert_int_equal(card.limit, 9);
}

/* -- pauses --------------------------------------------------------------- */

static void failures_pause_the_card(void **state UNUSED)
{
	struct notice n;

	begin(0);
	refuse_many(31, EIO);
	assert_true(card_works(&card));
	expect_no_notice();
	refuse(EIO);
	assert_false(card_works(&card));
	n = expect_notice(NOTICE_CARD_FAILING);
	assert_int_equal(n.number, 32);
	assert_int_equal(n.err, -EIO);
	assert_string_equal(n.extack, "text 5");
	assert_int_equal(mono_diff_ms(card_next_due(&card), now), 5000);
	/* Refusals of installs that were in flight do not prolong the pause. */
	refuse_many(40, EIO);
	assert_int_equal(mono_diff_ms(card_next_due(&card), now), 5000);
	expect_no_notice();
	pass(4999);
	assert_false(tick());
	pass(1);
	assert_true(tick());
	assert_true(card_works(&card));
	expect_notice(NOTICE_CARD_RECOVERED);
	assert_false(tick());
	assert_true(mono_is_never(card_next_due(&card)));
}

static void success_ends_a_row(void **state UNUSED)
{
	begin(0);
	refuse_many(31, ETIMEDOUT);
	install(1);
	refuse_many(31, EBUSY);
	assert_true(card_works(&card));
	refuse(EBUSY);
	assert_false(card_works(&card));
}

/* Errors that say nothing about the card. */
static void errors_that_do_not_count(void **state UNUSED)
{
	begin(0);
	refuse_many(100, EOPNOTSUPP);
	refuse_many(100, EEXIST);
	refuse_many(100, ENODEV);
	assert_true(card_works(&card));
	assert_int_equal(card.source, CARD_SIZE_UNKNOWN);
	assert_int_equal(card.failures, 0);
	expect_no_notice();
}

static void end_pause(int64_t wanted_ms)
{
	assert_false(card_works(&card));
	assert_int_equal(mono_diff_ms(card_next_due(&card), now), wanted_ms);
	pass(wanted_ms);
	assert_true(tick());
	assert_true(card_works(&card));
}

static void pauses_double(void **state UNUSED)
{
	static const int64_t ms[] = { 5000,   10000,  20000,  40000, 80000,
				      160000, 300000, 300000, 300000 };

	begin(0);
	for (unsigned int i = 0; i < array_size(ms); i++) {
		refuse_many(32, EIO);
		end_pause(ms[i]);
	}
	install(1);
	refuse_many(32, EIO);
	end_pause(5000);
	/* The length has a limit, even after very many pauses. */
	card.pauses = 1000000;
	refuse_many(32, EIO);
	end_pause(300000);
}

static void stuck_worker(void **state UNUSED)
{
	begin(0);
	card.stuck = 1u << 3;
	assert_false(card_works(&card));
	card.stuck = 0;
	assert_true(card_works(&card));
}

/* -- notices -------------------------------------------------------------- */

static void many_notices(void **state UNUSED)
{
	struct notice n = { .type = NOTICE_GUARD_LOST };

	memset(&notices, 0, sizeof(notices));
	for (unsigned int turn = 0; turn < 3; turn++) {
		for (n.number = 0; n.number < NOTICES_MAX + 5; n.number++)
			notice_push(&notices, &n);
		assert_int_equal(notices.left_out, 5 * (turn + 1));
		/* The first notices stay, in their order. */
		for (unsigned int i = 0; i < NOTICES_MAX; i++) {
			assert_true(notice_pop(&notices, &n));
			assert_int_equal(n.number, i);
		}
		assert_false(notice_pop(&notices, &n));
		/* Begin the next turn at another position in the ring. */
		notice_push(&notices, &n);
		assert_true(notice_pop(&notices, &n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_unknown),
		cmocka_unit_test(size_configured),
		cmocka_unit_test(odd_size),
		cmocka_unit_test(installs_in_flight),
		cmocka_unit_test(size_is_learnt),
		cmocka_unit_test(nothing_learnt),
		cmocka_unit_test(learnt_limit_grows),
		cmocka_unit_test(growth_stops_at_the_configured_size),
		cmocka_unit_test(failures_pause_the_card),
		cmocka_unit_test(success_ends_a_row),
		cmocka_unit_test(errors_that_do_not_count),
		cmocka_unit_test(pauses_double),
		cmocka_unit_test(stuck_worker),
		cmocka_unit_test(many_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

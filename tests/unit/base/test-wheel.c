/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "base/ds/wheel.h"

#define TICK_MS 10
#define UNLIMITED UINT32_MAX

static const mono_t start = { 123456789 };

static mono_t after_ms(int64_t ms)
{
	return mono_add_ms(start, ms);
}

struct fired {
	uint32_t ids[64];
	uint32_t count;
};

static void note(void *ctx, uint32_t id)
{
	struct fired *fired = ctx;

	assert_true(fired->count < array_size(fired->ids));
	fired->ids[fired->count++] = id;
}

static void refuses_bad_arguments(void **state UNUSED)
{
	struct wheel wheel = { 0 };

	wheel_fini(&wheel);
	assert_int_equal(wheel_init(&wheel, 0, TICK_MS, start), -EINVAL);
	assert_int_equal(wheel_init(&wheel, WHEEL_CAPACITY_MAX + 1, TICK_MS, start), -EINVAL);
	assert_int_equal(wheel_init(&wheel, 1, 0, start), -EINVAL);
	assert_int_equal(wheel_init(&wheel, 1, 1001, start), -EINVAL);
}

static void empty_wheel_has_nothing_to_do(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 8, TICK_MS, start), 0);
	assert_true(mono_is_never(wheel_next_due(&wheel)));
	assert_false(wheel_advance(&wheel, after_ms(1000000), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 0);
	assert_true(mono_is_never(wheel_due(&wheel, 3)));
	assert_false(wheel_is_armed(&wheel, 3));
	assert_false(wheel_is_armed(&wheel, 99));
	wheel_cancel(&wheel, 3);
	wheel_fini(&wheel);
}

static void fires_on_time_and_never_early(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 8, TICK_MS, start), 0);
	wheel_arm(&wheel, 5, after_ms(25));
	assert_true(wheel_is_armed(&wheel, 5));
	assert_int_equal(wheel_count(&wheel), 1);
	assert_int_equal(wheel_due(&wheel, 5).us, after_ms(30).us);
	assert_int_equal(wheel_next_due(&wheel).us, after_ms(30).us);
	assert_false(wheel_advance(&wheel, after_ms(29), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 0);
	assert_false(wheel_advance(&wheel, after_ms(30), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 1);
	assert_int_equal(fired.ids[0], 5);
	assert_false(wheel_is_armed(&wheel, 5));
	assert_int_equal(wheel_count(&wheel), 0);
	wheel_fini(&wheel);
}

static void the_past_is_due_next_tick(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 8, TICK_MS, start), 0);
	assert_false(wheel_advance(&wheel, after_ms(1000), UNLIMITED, note, &fired));
	wheel_arm(&wheel, 1, MONO_ZERO);
	wheel_arm(&wheel, 2, after_ms(1000));
	assert_false(wheel_advance(&wheel, after_ms(1000), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 0);
	assert_false(wheel_advance(&wheel, after_ms(1010), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 2);
	wheel_fini(&wheel);
}

static void arming_again_moves_and_never_cancels(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 8, TICK_MS, start), 0);
	for (uint32_t id = 0; id < 5; id++)
		wheel_arm(&wheel, id, after_ms(50));
	wheel_arm(&wheel, 2, after_ms(5000000));
	wheel_arm(&wheel, 3, MONO_NEVER);
	wheel_cancel(&wheel, 0);
	wheel_cancel(&wheel, 4);
	wheel_cancel(&wheel, 4);
	assert_int_equal(wheel_count(&wheel), 2);
	assert_false(wheel_advance(&wheel, after_ms(60), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 1);
	assert_int_equal(fired.ids[0], 1);
	assert_false(wheel_advance(&wheel, after_ms(5000000), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 2);
	assert_int_equal(fired.ids[1], 2);
	wheel_fini(&wheel);
}

static void time_that_runs_back_is_ignored(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 8, TICK_MS, start), 0);
	assert_false(wheel_advance(&wheel, after_ms(5000), UNLIMITED, note, &fired));
	wheel_arm(&wheel, 0, after_ms(5100));
	assert_false(wheel_advance(&wheel, after_ms(100), UNLIMITED, note, &fired));
	assert_false(wheel_advance(&wheel, MONO_ZERO, UNLIMITED, note, &fired));
	assert_false(wheel_advance(&wheel, after_ms(5090), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 0);
	assert_int_equal(wheel_due(&wheel, 0).us, after_ms(5100).us);
	assert_false(wheel_advance(&wheel, after_ms(5100), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 1);
	wheel_fini(&wheel);
}

static void budget_bounds_each_call(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;
	unsigned int calls = 0;

	assert_int_equal(wheel_init(&wheel, 64, TICK_MS, start), 0);
	/* These start on the third level: each is moved twice, then fires. */
	for (uint32_t id = 0; id < 50; id++)
		wheel_arm(&wheel, id, after_ms((65536 * 3 + 256 * 2 + 7) * TICK_MS));
	assert_false(wheel_advance(&wheel, after_ms(1000), 5, note, &fired));
	for (;;) {
		uint32_t before = fired.count;
		bool more = wheel_advance(&wheel, after_ms(INT64_C(10000000)), 5, note, &fired);

		calls++;
		assert_in_range(fired.count - before, 0, 5);
		if (!more)
			break;
		/* The remaining timers are overdue, and wheel_next_due() says so. */
		assert_true(mono_before(wheel_next_due(&wheel), after_ms(INT64_C(10000000))));
	}
	assert_int_equal(fired.count, 50);
	assert_in_range(calls, 30, 31);
	wheel_fini(&wheel);
}

static void zero_budget_does_nothing(void **state UNUSED)
{
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 4, TICK_MS, start), 0);
	wheel_arm(&wheel, 0, after_ms(10));
	assert_true(wheel_advance(&wheel, after_ms(50), 0, note, &fired));
	assert_int_equal(fired.count, 0);
	/* A timer that is armed while the wheel is behind does not fire early, either. */
	wheel_arm(&wheel, 1, after_ms(60));
	assert_false(wheel_advance(&wheel, after_ms(50), 9, note, &fired));
	assert_int_equal(fired.count, 1);
	assert_false(wheel_advance(&wheel, after_ms(60), 9, note, &fired));
	assert_int_equal(fired.count, 2);
	wheel_fini(&wheel);
}

struct rearm {
	struct wheel *wheel;
	uint32_t calls;
};

static void arm_again_and_cancel_next(void *ctx, uint32_t id)
{
	struct rearm *rearm = ctx;

	rearm->calls++;
	assert_false(wheel_is_armed(rearm->wheel, id));
	wheel_arm(rearm->wheel, id, MONO_ZERO);
	wheel_cancel(rearm->wheel, id ^ 1);
}

static void callbacks_may_arm_and_cancel(void **state UNUSED)
{
	struct wheel wheel;
	struct rearm rearm = { .wheel = &wheel };

	assert_int_equal(wheel_init(&wheel, 2, TICK_MS, start), 0);
	wheel_arm(&wheel, 0, after_ms(10));
	wheel_arm(&wheel, 1, after_ms(10));
	assert_false(
		wheel_advance(&wheel, after_ms(100), UNLIMITED, arm_again_and_cancel_next, &rearm));
	/* One of the two survives and fires in each of the ten ticks. */
	assert_int_equal(rearm.calls, 10);
	assert_int_equal(wheel_count(&wheel), 1);
	wheel_fini(&wheel);
}

/* Times too far ahead are cut to 2^31 ticks. The lower 32 bits of the tick overflow meanwhile. */
static void runs_for_years(void **state UNUSED)
{
	const int64_t year_ms = INT64_C(365) * 86400 * 1000;
	struct fired fired = { .count = 0 };
	struct wheel wheel;

	assert_int_equal(wheel_init(&wheel, 4, TICK_MS, start), 0);
	wheel_arm(&wheel, 0, after_ms(10 * year_ms));
	assert_true(mono_diff_us(wheel_due(&wheel, 0), start) > INT64_C(248) * 86400 * 1000000);
	assert_false(wheel_advance(&wheel, after_ms(year_ms), UNLIMITED, note, &fired));
	assert_int_equal(fired.count, 1);
	for (int i = 2; i < 20; i++) {
		int64_t now = i * year_ms;

		fired.count = 0;
		wheel_arm(&wheel, 1, after_ms(now - year_ms + year_ms / 2));
		wheel_arm(&wheel, 2, after_ms(now + 1));
		assert_false(wheel_advance(&wheel, after_ms(now), UNLIMITED, note, &fired));
		assert_in_range(fired.count, 1, 2);
		assert_int_equal(fired.ids[0], 1);
		wheel_cancel(&wheel, 2);
	}
	wheel_fini(&wheel);
}

#define MODEL_TIMERS 300u

struct model {
	struct wheel wheel;
	struct splitmix random;
	mono_t due[MODEL_TIMERS]; /* exact requested time; MONO_NEVER: not armed */
	mono_t armed_at[MODEL_TIMERS];
	mono_t now;
	mono_t last_fired;
	uint32_t count;
};

/* A time from 5 ms ago to far enough ahead for the upper levels. */
static mono_t some_time(struct model *model)
{
	unsigned int bits = 10 + splitmix_below(&model->random, 34);
	int64_t us = (int64_t)(splitmix_u64(&model->random) & ((UINT64_C(1) << bits) - 1));

	return mono_add_us(model->now, us - 5000);
}

static void model_arm(struct model *model, uint32_t id)
{
	model->count += mono_is_never(model->due[id]);
	model->due[id] = some_time(model);
	model->armed_at[id] = model->now;
	wheel_arm(&model->wheel, id, model->due[id]);
}

static void model_cancel(struct model *model, uint32_t id)
{
	model->count -= !mono_is_never(model->due[id]);
	model->due[id] = MONO_NEVER;
	wheel_cancel(&model->wheel, id);
}

static void model_fired(void *ctx, uint32_t id)
{
	struct model *model = ctx;
	uint32_t other = splitmix_below(&model->random, MODEL_TIMERS);

	/* Timers fire only if armed, not early, and in the order of their ticks. */
	assert_false(mono_is_never(model->due[id]));
	assert_false(mono_before(model->now, model->due[id]));
	if (mono_before(model->armed_at[id], model->due[id])) {
		assert_true(mono_diff_us(model->last_fired, model->due[id]) < TICK_MS * 1000);
		model->last_fired = mono_max(model->last_fired, model->due[id]);
	}
	model->due[id] = MONO_NEVER;
	model->count--;
	switch (splitmix_below(&model->random, 4)) {
	case 0: model_arm(model, id); break;
	case 1: model_cancel(model, other); break;
	default: break;
	}
}

/* Once all due timers have fired, no timer is more than a tick late. */
static void check_none_is_late(const struct model *model)
{
	mono_t earliest = MONO_NEVER;

	for (uint32_t id = 0; id < MODEL_TIMERS; id++) {
		mono_t due = mono_max(model->due[id], model->armed_at[id]);

		assert_int_equal(wheel_is_armed(&model->wheel, id), !mono_is_never(model->due[id]));
		if (mono_is_never(model->due[id]))
			continue;
		assert_true(mono_diff_us(model->now, due) <= TICK_MS * 1000);
		earliest = mono_min(earliest, wheel_due(&model->wheel, id));
	}
	assert_int_equal(wheel_count(&model->wheel), model->count);
	assert_false(mono_before(earliest, wheel_next_due(&model->wheel)));
	assert_int_equal(mono_is_never(earliest), mono_is_never(wheel_next_due(&model->wheel)));
}

static void model_step(struct model *model)
{
	uint32_t id = splitmix_below(&model->random, MODEL_TIMERS);

	switch (splitmix_below(&model->random, 8)) {
	case 0: model_cancel(model, id); break;
	case 1:
		model->now = mono_max(model->now, some_time(model));
		model->last_fired = MONO_ZERO;
		while (wheel_advance(&model->wheel, model->now,
				     1 + splitmix_below(&model->random, 40), model_fired, model))
			;
		check_none_is_late(model);
		break;
	case 2:
		model->now = mono_max(model->now, wheel_next_due(&model->wheel).us == INT64_MAX
							  ? model->now
							  : wheel_next_due(&model->wheel));
		(void)wheel_advance(&model->wheel, model->now, UNLIMITED, model_fired, model);
		model->last_fired = MONO_ZERO;
		check_none_is_late(model);
		break;
	default: model_arm(model, id); break;
	}
}

static void behaves_like_the_model(void **state UNUSED)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->random = unit_random_start(3);
	model->now = start;
	for (uint32_t id = 0; id < MODEL_TIMERS; id++)
		model->due[id] = MONO_NEVER;
	assert_int_equal(wheel_init(&model->wheel, MODEL_TIMERS, TICK_MS, start), 0);
	for (uint32_t step = 0; step < 30000; step++)
		model_step(model);
	wheel_fini(&model->wheel);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_arguments),
		cmocka_unit_test(empty_wheel_has_nothing_to_do),
		cmocka_unit_test(fires_on_time_and_never_early),
		cmocka_unit_test(the_past_is_due_next_tick),
		cmocka_unit_test(arming_again_moves_and_never_cancels),
		cmocka_unit_test(time_that_runs_back_is_ignored),
		cmocka_unit_test(budget_bounds_each_call),
		cmocka_unit_test(zero_budget_does_nothing),
		cmocka_unit_test(callbacks_may_arm_and_cancel),
		cmocka_unit_test(runs_for_years),
		cmocka_unit_test(behaves_like_the_model),
	};

	return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}

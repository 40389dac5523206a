/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ds/slab.h"
#include "base/util.h"

struct object {
	uint32_t value;
	char rest[17];
};

static void refuses_bad_arguments(void **state UNUSED)
{
	struct slab slab = { 0 };

	slab_fini(&slab);
	assert_int_equal(slab_init(&slab, 0, 1), -EINVAL);
	assert_int_equal(slab_init(&slab, 8, 0), -EINVAL);
	assert_int_equal(slab_init(&slab, 8, UINT32_MAX), -EINVAL);
	assert_int_equal(slab_init(&slab, SIZE_MAX / 4, 1000), -ENOMEM);
	assert_null(slab.objects);
}

static void fills_up_and_refuses(void **state UNUSED)
{
	struct slab slab;
	struct slab_ref ref[3];

	assert_int_equal(slab_init(&slab, sizeof(struct object), 3), 0);
	assert_int_equal(slab_capacity(&slab), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_non_null(slab_alloc(&slab, &ref[i]));
		assert_int_equal(ref[i].slot, i);
		assert_false(slab_ref_is_none(ref[i]));
	}
	assert_null(slab_alloc(&slab, NULL));
	assert_int_equal(slab_count(&slab), 3);
	slab_free(&slab, ref[1]);
	assert_int_equal(slab_count(&slab), 2);
	assert_non_null(slab_alloc(&slab, NULL));
	assert_null(slab_alloc(&slab, NULL));
	slab_fini(&slab);
}

static void objects_start_zeroed(void **state UNUSED)
{
	static const struct object zero;
	struct object *object;
	struct slab slab;
	struct slab_ref ref;

	assert_int_equal(slab_init(&slab, sizeof(struct object), 1), 0);
	object = slab_alloc(&slab, &ref);
	memset(object, 0xee, sizeof(*object));
	slab_free(&slab, ref);
	object = slab_alloc(&slab, &ref);
	assert_memory_equal(object, &zero, sizeof(zero));
	assert_int_equal((uintptr_t)object % 8, 0);
	slab_fini(&slab);
}

static void stale_handles_find_nothing(void **state UNUSED)
{
	struct slab_ref first;
	struct slab_ref second;
	struct slab slab;
	void *object;

	assert_int_equal(slab_init(&slab, sizeof(struct object), 4), 0);
	assert_null(slab_get(&slab, SLAB_REF_NONE));
	assert_null(slab_get(&slab, (struct slab_ref){ 0, 1 }));
	assert_null(slab_get(&slab, (struct slab_ref){ 99, 1 }));
	object = slab_alloc(&slab, &first);
	assert_ptr_equal(slab_get(&slab, first), object);
	assert_ptr_equal(slab_at(&slab, first.slot), object);
	assert_true(slab_ref_is_equal(slab_ref_of(&slab, object), first));
	assert_int_equal(slab_slot_of(&slab, object), first.slot);
	slab_free(&slab, first);
	assert_null(slab_get(&slab, first));
	assert_null(slab_at(&slab, first.slot));
	assert_null(slab_get(&slab, (struct slab_ref){ first.slot, first.gen + 1 }));
	assert_ptr_equal(slab_alloc(&slab, &second), object);
	assert_int_equal(second.slot, first.slot);
	assert_false(slab_ref_is_equal(first, second));
	assert_null(slab_get(&slab, first));
	assert_ptr_equal(slab_get(&slab, second), object);
	slab_fini(&slab);
}

static void bad_calls_change_nothing(void **state UNUSED)
{
	struct slab_ref ref;
	struct slab slab;
	char *object;

	if (BUG_ABORTS)
		return;
	assert_int_equal(slab_init(&slab, sizeof(struct object), 4), 0);
	object = slab_alloc(&slab, &ref);
	slab_free(&slab, SLAB_REF_NONE);
	slab_free(&slab, (struct slab_ref){ ref.slot, ref.gen + 2 });
	assert_int_equal(slab_count(&slab), 1);
	assert_true(slab_ref_is_none(slab_ref_of(&slab, object + 1)));
	assert_true(slab_ref_is_none(slab_ref_of(&slab, object + 24)));
	assert_true(slab_ref_is_none(slab_ref_of(&slab, &ref)));
	assert_true(slab_ref_is_none(slab_ref_of(&slab, NULL)));
	slab_fini(&slab);
}

static void freed_slots_come_back_last_first(void **state UNUSED)
{
	struct slab_ref ref[8];
	struct slab_ref again;
	struct slab slab;

	assert_int_equal(slab_init(&slab, 8, 100), 0);
	for (int i = 0; i < 8; i++)
		assert_non_null(slab_alloc(&slab, &ref[i]));
	slab_free(&slab, ref[2]);
	slab_free(&slab, ref[5]);
	assert_non_null(slab_alloc(&slab, &again));
	assert_int_equal(again.slot, 5);
	assert_non_null(slab_alloc(&slab, &again));
	assert_int_equal(again.slot, 2);
	assert_non_null(slab_alloc(&slab, &again));
	assert_int_equal(again.slot, 8);
	slab_fini(&slab);
}

static void walk_visits_the_live_ones(void **state UNUSED)
{
	struct slab_ref ref[6];
	struct slab slab;
	uint32_t seen = 0;

	assert_int_equal(slab_init(&slab, 8, 10), 0);
	assert_int_equal(slab_next(&slab, 0), SLAB_END);
	for (int i = 0; i < 6; i++)
		assert_non_null(slab_alloc(&slab, &ref[i]));
	slab_free(&slab, ref[0]);
	slab_free(&slab, ref[3]);
	SLAB_FOR_EACH(&slab, slot)
		seen |= 1u << slot;
	assert_int_equal(seen, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5);
	assert_int_equal(slab_next(&slab, 3), 4);
	assert_int_equal(slab_next(&slab, 6), SLAB_END);
	assert_int_equal(slab_next(&slab, 4000), SLAB_END);
	SLAB_FOR_EACH(&slab, slot)
		slab_free(&slab, slab_ref_of(&slab, slab_at(&slab, slot)));
	assert_int_equal(slab_count(&slab), 0);
	slab_fini(&slab);
}

static size_t resident_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size = 0;
	unsigned long resident = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
	fclose(file);
	return resident;
}

static void unused_slots_cost_nothing(void **state UNUSED)
{
	size_t before = resident_pages();
	struct slab slab;

	/* With sanitizers, which imply BUG_ABORTS, every reserved byte uses memory. */
	if (BUG_ABORTS)
		return;
	assert_int_equal(slab_init(&slab, 200, 10 * 1000 * 1000), 0);
	assert_non_null(slab_alloc(&slab, NULL));
	assert_in_range(resident_pages(), 1, before + 1024);
	slab_fini(&slab);
}

#define CAPACITY 200u

/* Random allocations and frees, compared with a plain array. */
static void behaves_like_the_model(void **state UNUSED)
{
	struct splitmix random = unit_random_start(1);
	struct slab_ref live[CAPACITY];
	uint32_t values[CAPACITY];
	struct slab_ref dead = SLAB_REF_NONE;
	struct slab slab;
	uint32_t count = 0;

	assert_int_equal(slab_init(&slab, sizeof(struct object), CAPACITY), 0);
	for (uint32_t step = 0; step < 50000; step++) {
		/* Grow and shrink in turns, to reach both a full and an empty slab. */
		bool grows = step / 1000 % 2 == 0;

		if (splitmix_below(&random, 3) < (grows ? 2 : 1)) {
			struct object *object = slab_alloc(&slab, &live[count % CAPACITY]);

			assert_int_equal(object != NULL, count < CAPACITY);
			if (!object)
				continue;
			assert_int_equal(object->value, 0);
			object->value = values[count++] = step + 1;
		} else if (count > 0) {
			uint32_t i = splitmix_below(&random, count);
			struct object *object = slab_get(&slab, live[i]);

			assert_int_equal(object->value, values[i]);
			slab_free(&slab, live[i]);
			dead = live[i];
			live[i] = live[--count];
			values[i] = values[count];
		}
		assert_int_equal(slab_count(&slab), count);
		assert_null(slab_get(&slab, dead));
	}
	slab_fini(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_arguments),
		cmocka_unit_test(fills_up_and_refuses),
		cmocka_unit_test(objects_start_zeroed),
		cmocka_unit_test(stale_handles_find_nothing),
		cmocka_unit_test(bad_calls_change_nothing),
		cmocka_unit_test(freed_slots_come_back_last_first),
		cmocka_unit_test(walk_visits_the_live_ones),
		cmocka_unit_test(unused_slots_cost_nothing),
		cmocka_unit_test(behaves_like_the_model),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}

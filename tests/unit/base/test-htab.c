/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>

#include "base/ds/htab.h"
#include "base/util.h"

static bool is_value(uint32_t value, const void *ctx)
{
	return value == *(const uint32_t *)ctx;
}

static bool is_never(uint32_t value UNUSED, const void *ctx UNUSED)
{
	return false;
}

static void empty_table_finds_nothing(void **state UNUSED)
{
	struct htab tab = { 0 };

	htab_fini(&tab);
	assert_int_equal(htab_init(&tab, 0), 0);
	assert_int_equal(htab_count(&tab), 0);
	assert_int_equal(htab_find(&tab, 5, NULL, NULL), HTAB_NONE);
	assert_false(htab_del(&tab, 5, 5));
	assert_false(htab_del(&tab, 5, HTAB_NONE));
	htab_fini(&tab);
	assert_int_equal(htab_init(&tab, UINT32_MAX), -EINVAL);
}

static void finds_by_hash_and_match(void **state UNUSED)
{
	uint32_t wanted = 11;
	struct htab tab;

	assert_int_equal(htab_init(&tab, 10), 0);
	assert_int_equal(htab_add(&tab, 7, 10), 0);
	assert_int_equal(htab_add(&tab, 7, 11), 0);
	assert_int_equal(htab_add(&tab, 8, 0), 0);
	assert_int_equal(htab_add(&tab, UINT32_MAX, HTAB_VALUE_MAX), 0);
	assert_int_equal(htab_count(&tab), 4);
	assert_int_equal(htab_find(&tab, 7, is_value, &wanted), 11);
	assert_int_equal(htab_find(&tab, 8, is_value, &wanted), HTAB_NONE);
	assert_int_equal(htab_find(&tab, 8, NULL, NULL), 0);
	assert_int_equal(htab_find(&tab, UINT32_MAX, NULL, NULL), HTAB_VALUE_MAX);
	assert_int_equal(htab_find(&tab, 7, is_never, NULL), HTAB_NONE);
	assert_true(htab_del(&tab, 7, 10));
	assert_false(htab_del(&tab, 7, 10));
	assert_int_equal(htab_find(&tab, 7, NULL, NULL), 11);
	assert_int_equal(htab_count(&tab), 3);
	htab_fini(&tab);
}

static void equal_pairs_are_kept_apart(void **state UNUSED)
{
	struct htab tab;

	assert_int_equal(htab_init(&tab, 0), 0);
	assert_int_equal(htab_add(&tab, 3, 1), 0);
	assert_int_equal(htab_add(&tab, 3, 1), 0);
	assert_int_equal(htab_count(&tab), 2);
	assert_true(htab_del(&tab, 3, 1));
	assert_true(htab_del(&tab, 3, 1));
	assert_false(htab_del(&tab, 3, 1));
	htab_fini(&tab);
}

static void presized_table_does_not_grow(void **state UNUSED)
{
	for (uint32_t capacity = 0; capacity < 3000; capacity += 7) {
		struct htab tab;
		size_t before;

		assert_int_equal(htab_init(&tab, capacity), 0);
		before = htab_memory_bytes(&tab);
		for (uint32_t i = 0; i < capacity; i++)
			assert_int_equal(htab_add(&tab, i * 2654435761u, i), 0);
		assert_int_equal(htab_memory_bytes(&tab), before);
		htab_fini(&tab);
	}
}

#define MODEL_MAX 6000u

struct model {
	struct {
		uint32_t hash;
		uint32_t value;
	} entries[MODEL_MAX];
	uint32_t count;
	uint32_t next_value;
	unsigned int hash_kind;
};

/* Kind 0: random hashes; 1: 256 different ones; 2: at the end of the array, so runs wrap around. */
static uint32_t some_hash(struct model *model, struct splitmix *random)
{
	uint32_t hash = (uint32_t)splitmix_u64(random);

	switch (model->hash_kind) {
	case 0: return hash;
	case 1: return hash & 0xff000000;
	default: return hash | 0xffe00000;
	}
}

static void add_one(struct htab *tab, struct model *model, struct splitmix *random)
{
	uint32_t hash = some_hash(model, random);

	model->entries[model->count].hash = hash;
	model->entries[model->count++].value = model->next_value;
	assert_int_equal(htab_add(tab, hash, model->next_value++), 0);
}

static void del_one(struct htab *tab, struct model *model, struct splitmix *random)
{
	uint32_t i = splitmix_below(random, model->count);
	uint32_t hash = model->entries[i].hash;
	uint32_t value = model->entries[i].value;

	assert_true(htab_del(tab, hash, value));
	assert_int_equal(htab_find(tab, hash, is_value, &value), HTAB_NONE);
	assert_false(htab_del(tab, hash, value));
	model->entries[i] = model->entries[--model->count];
}

static void check_all(const struct htab *tab, const struct model *model)
{
	for (uint32_t i = 0; i < model->count; i++)
		assert_int_equal(
			htab_find(tab, model->entries[i].hash, is_value, &model->entries[i].value),
			model->entries[i].value);
}

/*
 * Adds and deletes at random until the table has grown several times, then
 * deletes until it is empty. Now and then, and while the table grows, looks up
 * all entries.
 */
static void run_against_model(unsigned int hash_kind, uint32_t limit)
{
	struct splitmix random = unit_random_start(10 + hash_kind);
	struct model *model = calloc(1, sizeof(*model));
	struct htab tab;
	bool is_growing = true;
	unsigned int checks_while_moving = 0;

	assert_non_null(model);
	model->hash_kind = hash_kind;
	assert_int_equal(htab_init(&tab, 0), 0);
	for (uint32_t step = 0; step < limit * 6; step++) {
		uint32_t chance = splitmix_below(&random, 8);

		if (model->count == 0 || (chance < (is_growing ? 6 : 2) && model->count < limit))
			add_one(&tab, model, &random);
		else
			del_one(&tab, model, &random);
		if (model->count >= limit - 1)
			is_growing = false;
		assert_int_equal(htab_count(&tab), model->count);
		assert_in_range(tab.cur.used, 0, tab.cur.size - tab.cur.size / 4);
		if (step % 512 == 0 || (tab.old.buckets && step % 8 == 0)) {
			checks_while_moving += tab.old.buckets != NULL;
			check_all(&tab, model);
		}
	}
	assert_true(checks_while_moving > 0);
	while (model->count > 0)
		del_one(&tab, model, &random);
	assert_int_equal(htab_count(&tab), 0);
	htab_fini(&tab);
	free(model);
}

static void behaves_like_the_model(void **state UNUSED)
{
	run_against_model(0, MODEL_MAX);
}

static void behaves_like_the_model_with_poor_hashes(void **state UNUSED)
{
	run_against_model(1, 1500);
}

static void behaves_like_the_model_where_runs_wrap(void **state UNUSED)
{
	run_against_model(2, 500);
}

/* Deletes in the old array must not break the probing for its other entries. */
static void deletes_while_growing(void **state UNUSED)
{
	struct htab tab;
	uint32_t n = 0;

	assert_int_equal(htab_init(&tab, 0), 0);
	while (!tab.old.buckets || tab.old.size < 1000)
		assert_int_equal(htab_add(&tab, n * 2654435761u, n), 0), n++;
	for (uint32_t i = 0; i < n; i += 2)
		assert_true(htab_del(&tab, i * 2654435761u, i));
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(htab_find(&tab, i * 2654435761u, is_value, &i),
				 i % 2 ? i : HTAB_NONE);
	assert_int_equal(htab_count(&tab), n / 2);
	htab_fini(&tab);
}

/* Even in a large table, a call moves only a few buckets, and a growth ends before the next. */
static void grows_in_small_steps(void **state UNUSED)
{
	uint32_t growths = 0;
	struct htab tab;

	assert_int_equal(htab_init(&tab, 0), 0);
	for (uint32_t i = 0; i < 1000000; i++) {
		struct htab before = tab;

		assert_int_equal(htab_add(&tab, i * 2654435761u, i), 0);
		if (tab.cur.buckets != before.cur.buckets) {
			growths++;
			assert_null(before.old.buckets);
			assert_int_equal(tab.moved, 0);
			assert_int_equal(tab.cur.used, 1);
		} else if (tab.old.buckets) {
			assert_in_range(tab.moved - before.moved, 1, 64);
		}
	}
	assert_in_range(growths, 10, 20);
	assert_in_range(htab_memory_bytes(&tab), 8u << 20, 40u << 20);
	htab_fini(&tab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_table_finds_nothing),
		cmocka_unit_test(finds_by_hash_and_match),
		cmocka_unit_test(equal_pairs_are_kept_apart),
		cmocka_unit_test(presized_table_does_not_grow),
		cmocka_unit_test(behaves_like_the_model),
		cmocka_unit_test(behaves_like_the_model_with_poor_hashes),
		cmocka_unit_test(behaves_like_the_model_where_runs_wrap),
		cmocka_unit_test(deletes_while_growing),
		cmocka_unit_test(grows_in_small_steps),
	};

	return cmocka_run_group_tests_name("htab", tests, NULL, NULL);
}

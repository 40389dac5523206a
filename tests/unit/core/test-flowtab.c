/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "core/flow/flowtab.h"

static const uint64_t key[2] = { 1, 2 };

static struct tuple tuple_of(unsigned int n)
{
	struct tuple t = { .family = FAMILY_IP4, .proto = L4_UDP, .dport = 53 };

	t.src.b[0] = 10;
	t.src.b[3] = (uint8_t)n;
	t.dst.b[0] = 192;
	t.sport = (uint16_t)(n >> 8);
	return t;
}

static struct flow *add(struct flowtab *tab, unsigned int n)
{
	struct tuple t = tuple_of(n);

	return flowtab_add(tab, &t);
}

static struct flow *find(struct flowtab *tab, unsigned int n)
{
	struct tuple t = tuple_of(n);

	return flowtab_find(tab, &t);
}

static void init(struct flowtab *tab, uint32_t max_flows, unsigned int n_workers)
{
	assert_int_equal(flowtab_init(tab, max_flows, n_workers, key), 0);
}

static void add_find_del(void **state UNUSED)
{
	struct flowtab tab;
	struct slab_ref ref;
	struct flow *f, *g;

	init(&tab, 4, 1);
	assert_null(find(&tab, 1));
	f = add(&tab, 1);
	assert_non_null(f);
	assert_ptr_equal(find(&tab, 1), f);
	assert_null(find(&tab, 2));
	assert_int_equal(f->state, FLOW_REFUSED);
	assert_int_equal(f->reason, REASON_NONE);
	assert_int_equal(f->queue, FLOW_Q_NONE);
	assert_int_equal(f->next_hop[DIR_ORIG], FLOW_NONE);
	assert_int_equal(f->next_hop[DIR_REPLY], FLOW_NONE);
	assert_int_equal(f->prev, FLOW_NONE);
	assert_int_equal(f->next, FLOW_NONE);
	ref = flowtab_ref(&tab, f);
	assert_ptr_equal(flowtab_get(&tab, ref), f);
	assert_ptr_equal(flowtab_at(&tab, ref.slot), f);
	assert_int_equal(flowtab_slot(&tab, f), ref.slot);

	flowtab_del(&tab, f);
	assert_null(find(&tab, 1));
	assert_null(flowtab_get(&tab, ref));
	assert_null(flowtab_at(&tab, ref.slot));
	/* The slot is reused; the old handle stays invalid. */
	g = add(&tab, 2);
	assert_int_equal(flowtab_slot(&tab, g), ref.slot);
	assert_null(flowtab_get(&tab, ref));
	flowtab_fini(&tab);
}

/* The key is the whole tuple. */
static void whole_tuple_is_key(void **state UNUSED)
{
	struct tuple t = tuple_of(1), other;
	struct flowtab tab;

	init(&tab, 4, 1);
	assert_non_null(flowtab_add(&tab, &t));
	other = t;
	other.zone = 1;
	assert_null(flowtab_find(&tab, &other));
	other = t;
	other.proto = L4_TCP;
	assert_null(flowtab_find(&tab, &other));
	other = tuple_inverse(&t);
	assert_null(flowtab_find(&tab, &other));
	flowtab_fini(&tab);
}

static void full_table(void **state UNUSED)
{
	struct flowtab tab;

	init(&tab, 300, 1);
	for (unsigned int i = 0; i < 300; i++)
		assert_non_null(add(&tab, i));
	assert_null(add(&tab, 300));
	for (unsigned int i = 0; i < 300; i++)
		assert_non_null(find(&tab, i));
	flowtab_del(&tab, find(&tab, 17));
	assert_non_null(add(&tab, 300));
	assert_null(add(&tab, 301));
	flowtab_fini(&tab);
	assert_int_equal(flowtab_init(&tab, 0, 1, key), -EINVAL);
}

/* A flow that is being removed gives its tuple up to a new flow. */
static void unindexed_flow(void **state UNUSED)
{
	struct flowtab tab;
	struct flow *old, *new;

	init(&tab, 4, 1);
	old = add(&tab, 1);
	flowtab_unindex(&tab, old);
	assert_null(find(&tab, 1));
	new = add(&tab, 1);
	assert_ptr_equal(find(&tab, 1), new);
	/* Repeating it is harmless, and so is deleting the flow. */
	flowtab_unindex(&tab, old);
	flowtab_del(&tab, old);
	assert_ptr_equal(find(&tab, 1), new);
	flowtab_del(&tab, new);
	assert_null(find(&tab, 1));
	assert_int_equal(htab_count(&tab.index), 0);
	flowtab_fini(&tab);
}

static unsigned int length(const struct flowtab *tab, const struct flow_list *list)
{
	unsigned int n = 0;

	for (uint32_t slot = list->first; slot != FLOW_NONE; slot = flowtab_at(tab, slot)->next)
		n++;
	assert_int_equal(n, list->count);
	return n;
}

static void queues(void **state UNUSED)
{
	struct flowtab tab;
	struct flow *f[4];

	init(&tab, 8, 1);
	for (unsigned int i = 0; i < 4; i++)
		f[i] = add(&tab, i);
	assert_null(flowtab_first(&tab, FLOW_Q_ASK, 0));
	for (unsigned int i = 0; i < 4; i++)
		flowtab_enqueue(&tab, f[i], FLOW_Q_ASK);
	assert_int_equal(length(&tab, &tab.ask), 4);
	assert_ptr_equal(flowtab_first(&tab, FLOW_Q_ASK, 0), f[0]);
	/* Remove from the middle, the front and the end. */
	flowtab_enqueue(&tab, f[1], FLOW_Q_INSTALL);
	assert_int_equal(length(&tab, &tab.ask), 3);
	flowtab_enqueue(&tab, f[0], FLOW_Q_INSTALL);
	assert_ptr_equal(flowtab_first(&tab, FLOW_Q_ASK, 0), f[2]);
	flowtab_enqueue(&tab, f[3], FLOW_Q_NONE);
	assert_int_equal(length(&tab, &tab.ask), 1);
	assert_ptr_equal(flowtab_first(&tab, FLOW_Q_INSTALL, 0), f[1]);
	assert_int_equal(length(&tab, &tab.install[0]), 2);
	/* A flow that is enqueued again moves to the end of its queue. */
	flowtab_enqueue(&tab, f[1], FLOW_Q_INSTALL);
	assert_ptr_equal(flowtab_first(&tab, FLOW_Q_INSTALL, 0), f[0]);
	assert_int_equal(length(&tab, &tab.install[0]), 2);
	/* A deleted flow leaves its queue. */
	flowtab_del(&tab, f[0]);
	flowtab_del(&tab, f[2]);
	assert_int_equal(length(&tab, &tab.install[0]), 1);
	assert_int_equal(length(&tab, &tab.ask), 0);
	flowtab_enqueue(&tab, f[1], FLOW_Q_REMOVE);
	assert_ptr_equal(flowtab_first(&tab, FLOW_Q_REMOVE, 0), f[1]);
	assert_null(flowtab_first(&tab, FLOW_Q_INSTALL, 0));
	flowtab_fini(&tab);
}

/* One worker gets both the installs and the removals of a flow. */
static void one_worker_for_each_flow(void **state UNUSED)
{
	struct flowtab tab;
	struct flow *f[9];

	init(&tab, 16, 3);
	for (unsigned int i = 0; i < 9; i++) {
		f[i] = add(&tab, i);
		flowtab_enqueue(&tab, f[i], FLOW_Q_INSTALL);
	}
	for (unsigned int w = 0; w < 3; w++) {
		struct flow *first = flowtab_first(&tab, FLOW_Q_INSTALL, w);

		assert_int_equal(length(&tab, &tab.install[w]), 3);
		assert_int_equal(flowtab_worker(&tab, first), w);
		flowtab_enqueue(&tab, first, FLOW_Q_REMOVE);
		assert_ptr_equal(flowtab_first(&tab, FLOW_Q_REMOVE, w), first);
	}
	flowtab_fini(&tab);
}

/* A flow that reuses a slot does not inherit the TTLs of the flow before it. */
static void ttls(void **state UNUSED)
{
	struct flowtab tab;
	struct flow *f;

	init(&tab, 1, 1);
	f = add(&tab, 1);
	flowtab_set_ttl(&tab, f, DIR_REPLY, 57);
	assert_int_equal(flowtab_ttl(&tab, f, DIR_ORIG), 0);
	assert_int_equal(flowtab_ttl(&tab, f, DIR_REPLY), 57);
	flowtab_del(&tab, f);
	f = add(&tab, 2);
	assert_int_equal(flowtab_ttl(&tab, f, DIR_REPLY), 0);
	flowtab_fini(&tab);
}

/* The queues stay consistent under many random moves. */
static void random_moves(void **state UNUSED)
{
	struct splitmix r = unit_random_start(4711);
	struct flowtab tab;
	struct flow *f[32];

	init(&tab, 32, 2);
	for (unsigned int i = 0; i < 32; i++)
		f[i] = add(&tab, i);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int counts[FLOW_Q__COUNT] = { 0 };

		flowtab_enqueue(&tab, f[splitmix_below(&r, 32)],
				splitmix_below(&r, FLOW_Q__COUNT));
		for (unsigned int j = 0; j < 32; j++)
			counts[f[j]->queue]++;
		assert_int_equal(length(&tab, &tab.ask), counts[FLOW_Q_ASK]);
		assert_int_equal(length(&tab, &tab.install[0]) + length(&tab, &tab.install[1]),
				 counts[FLOW_Q_INSTALL]);
		assert_int_equal(length(&tab, &tab.remove[0]) + length(&tab, &tab.remove[1]),
				 counts[FLOW_Q_REMOVE]);
	}
	flowtab_fini(&tab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_find_del),
		cmocka_unit_test(whole_tuple_is_key),
		cmocka_unit_test(full_table),
		cmocka_unit_test(unindexed_flow),
		cmocka_unit_test(queues),
		cmocka_unit_test(one_worker_for_each_flow),
		cmocka_unit_test(ttls),
		cmocka_unit_test(random_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

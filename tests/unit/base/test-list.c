/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include "base/ds/list.h"

struct item {
	int value;
	struct list link;
};

static struct item items[4];

static void fill(struct list *head)
{
	list_init(head);
	for (int i = 0; i < 4; i++) {
		items[i].value = i;
		list_init(&items[i].link);
		list_add_tail(&items[i].link, head);
	}
}

/* The values in the list as the digits of a number that starts with a 9. */
static int digits(struct list *head)
{
	int number = 9;

	LIST_FOR_EACH(struct item, item, head, link)
		number = number * 10 + item->value;
	return number;
}

static void starts_empty(void **state UNUSED)
{
	static struct list constant = LIST_INITIALIZER(constant);
	struct list head;

	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_true(list_is_empty(&constant));
	assert_null(list_pop_front(&head));
	assert_null(list_first(&head, struct item, link));
	assert_null(list_pop_entry(&head, struct item, link));
	assert_int_equal(digits(&head), 9);
}

static void keeps_order(void **state UNUSED)
{
	struct item front = { .value = 7 };
	struct list head;

	fill(&head);
	assert_false(list_is_empty(&head));
	assert_int_equal(digits(&head), 90123);
	assert_int_equal(list_first(&head, struct item, link)->value, 0);
	list_add_front(&front.link, &head);
	assert_int_equal(digits(&head), 970123);
}

static void del_is_repeatable(void **state UNUSED)
{
	struct list head;

	fill(&head);
	assert_true(list_is_linked(&items[2].link));
	list_del(&items[2].link);
	assert_false(list_is_linked(&items[2].link));
	list_del(&items[2].link);
	assert_int_equal(digits(&head), 9013);
	list_add_tail(&items[2].link, &head);
	assert_int_equal(digits(&head), 90132);
}

static void pops_from_the_front(void **state UNUSED)
{
	struct list head;
	struct list *node;

	fill(&head);
	node = list_pop_front(&head);
	assert_ptr_equal(node, &items[0].link);
	assert_false(list_is_linked(node));
	assert_int_equal(list_pop_entry(&head, struct item, link)->value, 1);
	assert_int_equal(digits(&head), 923);
}

static void safe_walk_allows_del(void **state UNUSED)
{
	struct list head;

	fill(&head);
	LIST_FOR_EACH_SAFE(struct item, item, &head, link) {
		if (item->value % 2 == 0)
			list_del(&item->link);
	}
	assert_int_equal(digits(&head), 913);
	LIST_FOR_EACH_SAFE(struct item, item, &head, link)
		list_del(&item->link);
	assert_true(list_is_empty(&head));
}

static void splice_moves_everything(void **state UNUSED)
{
	struct item other = { .value = 8 };
	struct list head;
	struct list target;

	fill(&head);
	list_init(&target);
	list_add_tail(&other.link, &target);
	list_splice_tail(&head, &target);
	assert_true(list_is_empty(&head));
	assert_int_equal(digits(&target), 980123);
	list_splice_tail(&head, &target);
	assert_int_equal(digits(&target), 980123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),         cmocka_unit_test(keeps_order),
		cmocka_unit_test(del_is_repeatable),    cmocka_unit_test(pops_from_the_front),
		cmocka_unit_test(safe_walk_allows_del), cmocka_unit_test(splice_moves_everything),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}

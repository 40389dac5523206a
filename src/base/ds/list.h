/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list - intrusive doubly linked list, circular with a head.
 *
 * Head and link have the same type. An element may be in as many lists as it has links. A
 * link that is in no list points to itself (after list_init() or list_del()), so removing
 * it twice is harmless. A zeroed link must be initialised before any other call.
 *
 * The list owns nothing. Arguments are in the order of the kernel's lists: (node, head).
 */
#pragma once

#include <stdbool.h>

#include "base/util.h"

struct list {
	struct list *next;
	struct list *prev;
};

/* Initialiser for a static head: static struct list all = LIST_INITIALIZER(all); */
#define LIST_INITIALIZER(name)                                                                     \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}

/* Initialises an empty head, or a link that is in no list. */
static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

/* Returns true for an empty head. */
static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* Returns true for a link that is in a list. */
static inline bool list_is_linked(const struct list *node)
{
	return node->next != node;
}

/* Inserts node, which must be in no list, before pos. */
static inline void list_insert_before(struct list *node, struct list *pos)
{
	node->prev = pos->prev;
	node->next = pos;
	pos->prev->next = node;
	pos->prev = node;
}

/* Adds node, which must be in no list, at the end or at the front. */
static inline void list_add_tail(struct list *node, struct list *head)
{
	list_insert_before(node, head);
}

static inline void list_add_front(struct list *node, struct list *head)
{
	list_insert_before(node, head->next);
}

/* Removes node from its list, if it is in one. It can be added again afterwards. */
static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Removes the first link and returns it; NULL if the list is empty. */
static inline struct list *list_pop_front(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_del(node);
	return node;
}

/* Moves all elements of from to the end of head; from is empty afterwards. */
static inline void list_splice_tail(struct list *from, struct list *head)
{
	if (list_is_empty(from))
		return;
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
	list_init(from);
}

/* The element whose member is at node. */
#define list_entry(node, type, member) container_of(node, type, member)

/* First element, or NULL if the list is empty. */
#define list_first(head, type, member) list_entry_or_null_((head)->next, head, type, member)

/* Removes the first element and returns it; NULL if the list is empty. */
#define list_pop_entry(head, type, member)                                                         \
	({                                                                                         \
		struct list *popped_ = list_pop_front(head);                                       \
		popped_ ? list_entry(popped_, type, member) : NULL;                                \
	})

#define list_entry_or_null_(node, head, type, member)                                              \
	((node) == (head) ? NULL : list_entry(node, type, member))

/*
 * LIST_FOR_EACH(struct flow, flow, &hop->flows, hop_link) { ... }
 *
 * Declares the cursor "type *pos" for the body. The body must not remove pos from the
 * list. With LIST_FOR_EACH_SAFE it may remove pos, but not the element after it.
 */
#define LIST_FOR_EACH(type, pos, head, member)                                                     \
	for (type *pos = list_first(head, type, member); pos;                                      \
	     pos = list_entry_or_null_(pos->member.next, head, type, member))

#define LIST_FOR_EACH_SAFE(type, pos, head, member)                                                \
	for (type *pos = list_first(head, type, member), *pos##_next_;                             \
	     pos && ({                                                                             \
		     pos##_next_ = list_entry_or_null_(pos->member.next, head, type, member);      \
		     true;                                                                         \
	     });                                                                                   \
	     pos = pos##_next_)

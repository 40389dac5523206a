/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nicfixture - core/port/nic alone, with ports that the test adds and probes that it answers.
 * Include it after unit/unit.h.
 */
#pragma once

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "base/util.h"
#include "core/port/nic.h"

static struct nic *nic;
static struct settings settings;
static mono_t now;

static inline int setup(void **state UNUSED)
{
	settings = (struct settings){ .offload = OFFLOAD_HARDWARE,
				      .max_flows = 64,
				      .tc_priority = 1,
				      .n_allowed = 1,
				      .allowed = { { .name = "any" } } };
	nic = nic_new(&settings, 0xabcd);
	assert_non_null(nic);
	now = (mono_t){ 1000000000 };
	return 0;
}

static inline int teardown(void **state UNUSED)
{
	assert_int_equal(bug_count(), 0);
	nic_free(nic);
	return 0;
}

static inline void restart(void)
{
	nic_free(nic);
	nic = nic_new(&settings, 0xabcd);
	assert_non_null(nic);
}

static inline void pass(int64_t ms)
{
	now = mono_add_ms(now, ms);
}

/* A port of the driver "any". All such ports are on one card. */
static inline struct link link_of(uint32_t ifindex)
{
	struct link l = { .ifindex = ifindex,
			  .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } },
			  .mtu = 1500,
			  .is_up = true,
			  .is_ether = true,
			  .hw = { .driver = "any",
				  .switch_id = { 0xab },
				  .switch_id_len = 1,
				  .tc = LINK_TC_ON } };

	snprintf(l.name, sizeof(l.name), "port%u", ifindex);
	return l;
}

static inline bool put(const struct link *l, enum reason wanted)
{
	bool changed;

	assert_int_equal(nic_put_link(nic, l, &changed), wanted);
	return changed;
}

static inline void add(const struct link *l)
{
	put(l, REASON_NONE);
	nic_set_ready(nic, l->ifindex, true);
}

static inline void add_plain(uint32_t ifindex)
{
	struct link l = link_of(ifindex);

	add(&l);
}

/* -- probes --------------------------------------------------------------- */

static inline struct order_probe expect_probe(uint32_t in, uint32_t out)
{
	struct order_probe o = { .in = 0 };

	assert_true(nic_next_probe(nic, &o));
	assert_int_equal(o.in, in);
	assert_int_equal(o.out, out);
	assert_int_equal(o.sample.ifindex, in);
	assert_int_equal(o.sample.out_ifindex, out);
	return o;
}

static inline void expect_no_probe(void)
{
	struct order_probe o;

	assert_false(nic_next_probe(nic, &o));
}

static inline struct event_probe answer_of(const struct order_probe *o, uint16_t classes, int err)
{
	return (struct event_probe){ .id = o->id,
				     .in = o->in,
				     .out = o->out,
				     .classes = classes,
				     .refused = (uint16_t)~classes,
				     .err = err };
}

/* True when the answer settles the pair. */
static inline bool answer(const struct order_probe *o, uint16_t classes, int err)
{
	struct event_probe done = answer_of(o, classes, err);

	return nic_feed_probe(nic, &done, now);
}

/* Answers all probes in the same way, until no pair is left. */
static inline void answer_all(uint16_t classes, int err)
{
	struct order_probe o;

	while (nic_next_probe(nic, &o))
		answer(&o, classes, err);
	assert_true(nic_is_settled(nic));
}

static inline void add_good_pair(void)
{
	add_plain(2);
	add_plain(3);
	answer_all(RECIPE_CLASSES_ALL, 0);
}

static inline struct nic_want want_of(uint32_t in, uint32_t out, unsigned int class)
{
	return (struct nic_want){ .in = in, .out = out, .class = (uint8_t)class };
}

/* Untagged packets. */
static inline enum reason resolve_class(uint32_t in, uint32_t out, unsigned int class, struct recipe *ret)
{
	struct nic_want want = want_of(in, out, class);

	return nic_resolve(nic, &want, ret);
}

static inline enum reason resolve(uint32_t in, uint32_t out)
{
	struct recipe r;

	return resolve_class(in, out, 0, &r);
}

static inline const struct nic_pair *pair_of(uint32_t in, uint32_t out)
{
	const struct nic_pair *p = nic_find_pair(nic, in, out);

	assert_non_null(p);
	return p;
}

static inline unsigned int drop_notices(enum notice_type type)
{
	struct notice n;
	unsigned int count = 0;

	while (notice_pop(&nic->notices, &n))
		count += n.type == type;
	return count;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

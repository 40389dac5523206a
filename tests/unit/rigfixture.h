/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rigfixture - an engine against the fake kernel, with two networks on one card,
 * for tests of what the engine does over time.
 *
 * Connections are UDP from 10.0.2.1 to 10.0.3.1; their number is their port and
 * their id. Include it after unit/unit.h.
 */
#pragma once

#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "core/engine_priv.h"
#include "fake/rig.h"

static struct rig rig;

static void rf_add_net(uint32_t ifindex)
{
	struct addr host = { { 10, 0, (uint8_t)ifindex, 1 } };
	struct event ev = { .type = EVENT_LINK };
	struct fake_route r = { .family = FAMILY_IP4,
				.len = 24,
				.prefix = { { 10, 0, (uint8_t)ifindex } },
				.answer = { .kind = ROUTE_UNICAST, .oif = ifindex } };

	ev.link = (struct link){ .ifindex = ifindex,
				 .mtu = 1500,
				 .is_up = true,
				 .is_ether = true,
				 .hw = fake_hw(),
				 .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };
	snprintf(ev.link.name, sizeof(ev.link.name), "net%u", ifindex);
	fake_put_link(&rig.kernel, &ev.link);
	rig_feed(&rig, &ev);
	ev = (struct event){ .type = EVENT_NEIGH };
	ev.neigh = (struct neigh){ .ifindex = ifindex,
				   .family = FAMILY_IP4,
				   .addr = host,
				   .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 1, (uint8_t)ifindex } } };
	rig_feed(&rig, &ev);
	fake_put_route(&rig.kernel, &r);
}

static void rf_start(const struct settings *settings)
{
	rig_init(&rig, settings, 1, 1);
	rf_add_net(2);
	rf_add_net(3);
	rig_settle(&rig);
}

static int rf_teardown(void **state UNUSED)
{
	if (rig.kernel.n_complaints)
		print_error("%s\n", rig.kernel.complaints);
	assert_int_equal(rig.kernel.n_complaints, 0);
	assert_int_equal(bug_count(), 0);
	rig_fini(&rig);
	return 0;
}

static struct fake_conn *rf_conn(uint32_t n)
{
	struct fake_conn *c = fake_conn_by_id(&rig.kernel, n);

	assert_non_null(c);
	return c;
}

/* A new connection, without an event. */
static void rf_add_quietly(uint32_t n, bool has_counters)
{
	struct conn c = { .has = has_counters ? CONN_HAS_COUNTERS : 0,
			  .id = n,
			  .status = CONN_ASSURED,
			  .timeout_s = 1000 };

	c.orig = (struct tuple){ .family = FAMILY_IP4,
				 .proto = L4_UDP,
				 .src = { { 10, 0, 2, 1 } },
				 .dst = { { 10, 0, 3, 1 } },
				 .sport = (uint16_t)n,
				 .dport = 53 };
	c.reply = tuple_inverse(&c.orig);
	assert_non_null(fake_add_conn(&rig.kernel, &c, rig.now));
}

/* A new connection, and its event. */
static inline void rf_add(uint32_t n, bool has_counters)
{
	rf_add_quietly(n, has_counters);
	rig_report(&rig, rf_conn(n), false);
}

static struct flow *rf_flow(uint32_t n)
{
	struct flow *f = flowtab_find(&rig.engine->flows, &rf_conn(n)->conn.orig);

	assert_non_null(f);
	return f;
}

static inline bool rf_is_active(uint32_t n)
{
	return rf_flow(n)->state == FLOW_ACTIVE;
}

static inline void rf_send(uint32_t n, enum dir dir, uint64_t pkts)
{
	fake_packets(&rig.kernel, rf_conn(n), dir, pkts, pkts * 100, rig.now);
}

static inline void rf_pass(int64_t ms)
{
	rig_advance(&rig, mono_add_ms(rig.now, ms));
}

/* Samples the rules, and lets a second pass. */
static inline void rf_second(void)
{
	rig_sample(&rig);
	rf_pass(1000);
}

static inline uint64_t rf_count(const char *name)
{
	const struct counter *c = counter_find(name);

	assert_non_null(c);
	return counter_read(c);
}

/* By how much a counter has grown since the last call. */
static inline uint64_t rf_grown(const char *name, uint64_t *last)
{
	uint64_t before = *last;

	*last = rf_count(name);
	return *last - before;
}

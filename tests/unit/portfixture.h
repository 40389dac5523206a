/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portfixture - what tests of ports need beside rigfixture: links that change, and orders that are
 * taken and answered by hand.
 *
 * An order that is taken by hand never gets to the fake kernel, so only the test answers it.
 * Include it after unit/unit.h.
 */
#pragma once

#include <errno.h>

#include "core/path/plan.h"
#include "core/port/portfsm.h"
#include "core/rules/slot.h"
#include "core/view.h"
#include "unit/rigfixture.h"

#define PF_GUARD_IP4   1
#define PF_GUARD_IP6   2
#define PF_BOTH_GUARDS 3

#define pf_expect(ifindex, wanted) assert_int_equal(pf_port(ifindex)->port, PORT_##wanted)
#define pf_expect_guards(ifindex, wanted)                                                          \
	assert_int_equal(pf_port(ifindex)->guards_state, GUARDS_##wanted)

static inline struct link_rec *pf_port(uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(view_paths(rig.engine), ifindex);

	assert_non_null(rec);
	return rec;
}

static inline const struct nic_port *pf_nic_port(uint32_t ifindex)
{
	const struct nic_port *p = nic_find_port(view_nic(rig.engine), ifindex);

	assert_non_null(p);
	return p;
}

/* -- setups --------------------------------------------------------------- */

static inline struct settings pf_software(void)
{
	struct settings s = rig_settings();

	s.offload = OFFLOAD_SOFTWARE;
	return s;
}

/* No link yet. */
static inline int pf_in_software(void **state UNUSED)
{
	struct settings s = pf_software();

	rig_init(&rig, &s, 1, 1);
	return 0;
}

static inline int pf_in_hardware(void **state UNUSED)
{
	struct settings s = rig_settings();

	rig_init(&rig, &s, 1, 1);
	return 0;
}

/* Two networks whose ports, 2 and 3, are open. */
static inline int pf_running_software(void **state UNUSED)
{
	struct settings s = pf_software();

	rf_start(&s);
	return 0;
}

static inline int pf_running_hardware(void **state UNUSED)
{
	struct settings s = rig_settings();

	rf_start(&s);
	return 0;
}

/* The same with a driver that behaves like another, or takes one prio only. */
static inline void pf_start_with_driver(const char *like, bool has_one_prio)
{
	struct settings s = rig_settings();

	snprintf(s.allowed[0].like, sizeof(s.allowed[0].like), "%s", like);
	rf_teardown(NULL);
	rig_init(&rig, &s, 1, 1);
	rig.kernel.driver.has_one_prio = has_one_prio;
	rf_add_net(2);
	rf_add_net(3);
	rig_settle(&rig);
}

/* Connection 1, with rules on ports 2 and 3. */
static inline void pf_add_active_flow(void)
{
	rf_add(1, true);
	rig_settle(&rig);
	assert_true(rf_is_active(1));
}

#define SW(f)	  cmocka_unit_test_setup_teardown(f, pf_in_software, rf_teardown)
#define HW(f)	  cmocka_unit_test_setup_teardown(f, pf_in_hardware, rf_teardown)
#define RUN_SW(f) cmocka_unit_test_setup_teardown(f, pf_running_software, rf_teardown)
#define RUN_HW(f) cmocka_unit_test_setup_teardown(f, pf_running_hardware, rf_teardown)

/* -- links ---------------------------------------------------------------- */

static inline struct link pf_link(uint32_t ifindex)
{
	struct link l = { .ifindex = ifindex,
			  .mtu = 1500,
			  .is_up = true,
			  .is_ether = true,
			  .hw = fake_hw(),
			  .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };

	snprintf(l.name, sizeof(l.name), "net%u", ifindex);
	return l;
}

static inline void pf_feed_link(const struct link *l)
{
	struct event ev = { .type = EVENT_LINK, .link = *l };

	rig_feed(&rig, &ev);
}

static inline void pf_add_link(uint32_t ifindex)
{
	struct link l = pf_link(ifindex);

	pf_feed_link(&l);
}

/* The link is reported once more, as it was. */
static inline void pf_report(uint32_t ifindex)
{
	struct link l = pf_port(ifindex)->link;

	pf_feed_link(&l);
}

static inline void pf_set_master(uint32_t ifindex, uint32_t master)
{
	struct link l = pf_port(ifindex)->link;

	l.master = master;
	pf_feed_link(&l);
}

static inline void pf_set_mtu(uint32_t ifindex, uint32_t mtu)
{
	struct link l = pf_port(ifindex)->link;

	l.mtu = mtu;
	pf_feed_link(&l);
}

static inline void pf_set_up(uint32_t ifindex, bool is_up)
{
	struct link l = pf_port(ifindex)->link;

	l.is_up = is_up;
	pf_feed_link(&l);
}

static inline void pf_link_gone(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	rig_feed(&rig, &ev);
}

/* -- orders by hand ------------------------------------------------------- */

static inline void pf_tick(void)
{
	while (engine_tick(rig.engine, rig.now))
		;
}

static inline struct order pf_take(enum order_type type)
{
	enum order_class class = type == ORDER_PORT_CLOSE ? ORDERS_REMOVE : ORDERS_INSTALL;
	struct order o;

	assert_true(engine_next_order(rig.engine, class, 0, rig.now, &o));
	assert_int_equal(o.type, type);
	return o;
}

static inline struct order_port pf_take_port(enum order_type type, uint32_t ifindex)
{
	struct order o = pf_take(type);

	assert_int_equal(o.port.ifindex, ifindex);
	return o.port;
}

/* Asserts that there is no order for the workers. */
static inline void pf_take_nothing(void)
{
	struct order o;

	assert_false(engine_next_order(rig.engine, ORDERS_REMOVE, 0, rig.now, &o));
	assert_false(engine_next_order(rig.engine, ORDERS_INSTALL, 0, rig.now, &o));
}

static inline void pf_check_guard(const struct order_port *o, uint32_t ifindex, enum family family,
				  bool owns_clsact)
{
	unsigned int prio = family == FAMILY_IP6 ? SLOT_PRIO_GUARD_IP6 : SLOT_PRIO_GUARD_IP4;
	struct rule guard, *r = &guard;

	plan_guard(o, slot_guard(VLAN_UNTAGGED, family), &guard);
	assert_int_equal(r->ifindex, ifindex);
	assert_int_equal(r->kind, RULE_GUARD);
	assert_int_equal(r->family, family);
	assert_int_equal(r->prio, rig.engine->settings.tc_priority + prio);
	assert_int_equal(r->place, view_nic(rig.engine) ? RULE_HARDWARE : RULE_SOFTWARE);
	assert_int_equal(r->cookie.instance, rig.kernel.instance);
	assert_int_equal(r->cookie.kind, RULE_GUARD);
	assert_int_equal(r->cookie.owns_clsact, owns_clsact);
}

/* It says everything that a worker may need, whatever it is for. */
static inline void pf_check_order(const struct order_port *o, uint32_t ifindex, bool keep_clsact)
{
	assert_int_equal(o->ifindex, ifindex);
	assert_int_equal(o->instance, rig.kernel.instance);
	assert_int_equal(o->keep_clsact, keep_clsact);
	assert_false(o->renew);
	assert_int_equal(o->guards, PF_BOTH_GUARDS);
	pf_check_guard(o, ifindex, FAMILY_IP4, !keep_clsact);
	pf_check_guard(o, ifindex, FAMILY_IP6, !keep_clsact);
}

/* -- answers by hand ------------------------------------------------------ */

static inline void pf_answer(const struct event_port *done)
{
	struct event ev = { .type = EVENT_PORT_DONE, .port = *done };

	if (done->err)
		strcpy(ev.port.extack, "because");
	rig_feed(&rig, &ev);
}

static inline void pf_opened(uint32_t ifindex)
{
	struct event_port done = { .ifindex = ifindex,
				   .order = ORDER_PORT_OPEN,
				   .made_clsact = true };

	pf_answer(&done);
}

static inline void pf_not_opened(uint32_t ifindex, int err)
{
	struct event_port done = { .ifindex = ifindex, .order = ORDER_PORT_OPEN, .err = err };

	pf_answer(&done);
}

static inline void pf_guarded(uint32_t ifindex, unsigned int guards)
{
	struct event_port done = { .ifindex = ifindex,
				   .order = ORDER_PORT_GUARD,
				   .guards = (uint16_t)guards,
				   .err = guards == PF_BOTH_GUARDS ? 0 : -EOPNOTSUPP };

	pf_answer(&done);
}

static inline void pf_closed(uint32_t ifindex, int err)
{
	struct event_port done = { .ifindex = ifindex, .order = ORDER_PORT_CLOSE, .err = err };

	pf_answer(&done);
}

/* The driver takes every class in the shape that the probe asks for. */
static inline void pf_probed(const struct order_probe *o)
{
	struct event ev = { .type = EVENT_PROBE_DONE };

	ev.probe = (struct event_probe){ .id = o->id,
					 .in = o->in,
					 .out = o->out,
					 .classes = o->classes };
	rig_feed(&rig, &ev);
}

/* Adds a port, and answers its orders by hand until it waits for its guards or a recipe. */
static inline void pf_open(uint32_t ifindex)
{
	pf_add_link(ifindex);
	pf_take_port(ORDER_PORT_OPEN, ifindex);
	pf_opened(ifindex);
	pf_expect(ifindex, CLSACT);
}

/* In software: the same until it is open. */
static inline void pf_open_and_guard(uint32_t ifindex)
{
	pf_open(ifindex);
	pf_take_port(ORDER_PORT_GUARD, ifindex);
	pf_guarded(ifindex, PF_BOTH_GUARDS);
	pf_expect(ifindex, OPEN);
}

/* What the sampler has seen on a port. */
static inline void pf_round(uint32_t ifindex, unsigned int guards, bool is_bare, int err)
{
	struct event ev = { .type = EVENT_ROUND_PORT };

	ev.round = (struct event_round){ .ifindex = ifindex,
					 .guards = (uint16_t)guards,
					 .is_bare = is_bare,
					 .err = err };
	rig_feed(&rig, &ev);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The orders of a flow, the path that they are made of, and which changes make that path wrong,
 * doubtful or possible again. The last tests are about devices that go while an order is out.
 */
#include "unit/unit.h"

#include <errno.h>

#include "base/util.h"
#include "core/flow/leftover.h"
#include "core/rules/slot.h"
#include "unit/flowfixture.h"

/* What an order that is not made looks like afterwards. */
#define UNTOUCHED 0x5a

static void expect_untouched(const struct order *o)
{
	const unsigned char *byte = (const unsigned char *)o;

	for (size_t i = 0; i < sizeof(*o); i++)
		assert_int_equal(byte[i], UNTOUCHED);
}

static void expect_no_install(struct flow *f)
{
	struct order o;

	memset(&o, UNTOUCHED, sizeof(o));
	assert_false(flowact_make_install(rig.engine, f, &o));
	expect_untouched(&o);
}

static void expect_no_move(struct flow *f)
{
	struct order o;

	memset(&o, UNTOUCHED, sizeof(o));
	assert_false(flowact_make_move(rig.engine, f, &o));
	expect_untouched(&o);
}

static struct link_rec *port(uint32_t ifindex)
{
	struct link_rec *rec = topology_find_link(&rig.engine->paths, ifindex);

	assert_non_null(rec);
	return rec;
}

/* The next hop behind a port has another MAC address from now on, or none. */
static void change_next_hop(uint32_t ifindex, uint8_t last, bool is_valid)
{
	struct neigh n = { .ifindex = ifindex,
			   .family = FAMILY_IP4,
			   .addr = { { 10, 0, (uint8_t)ifindex, 1 } },
			   .is_valid = is_valid,
			   .mac = { { 2, 0, 0, 0, 2, last } } };

	topology_put_neigh(&rig.engine->paths, &n);
}

static void expect_mac(const struct mac *mac, uint8_t b4, uint8_t b5)
{
	struct mac wanted = { { 2, 0, 0, 0, b4, b5 } };

	assert_true(mac_is_equal(mac, &wanted));
}

/* -- the path -------------------------------------------------------------- */

static void the_path_is_made_of_what_is_known_now(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);
	struct path path;

	assert_true(flowact_path_of(rig.engine, f, &path));
	assert_int_equal(path.hop[DIR_ORIG].ifindex, 3);
	assert_int_equal(path.hop[DIR_REPLY].ifindex, 2);
	assert_ptr_equal(path_port(&path, DIR_ORIG), port(3));
	assert_ptr_equal(path_port(&path, DIR_REPLY), port(2));
	expect_mac(&path.hop[DIR_ORIG].src, 0, 3);
	expect_mac(&path.hop[DIR_ORIG].dst, 1, 3);
	expect_mac(&path.hop[DIR_REPLY].src, 0, 2);
	expect_mac(&path.hop[DIR_REPLY].dst, 1, 2);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		assert_int_equal(path.hop[d].mtu, 1500);
		assert_int_equal(path.next_hop[d], f->next_hop[d]);
		assert_int_equal(path.recipe[d].layout, RECIPE_PRIOS);
	}
	change_next_hop(3, 9, true);
	port(2)->link.mac.b[5] = 8;
	port(2)->link.mtu = 1400;
	assert_true(flowact_path_of(rig.engine, f, &path));
	expect_mac(&path.hop[DIR_ORIG].dst, 2, 9);
	expect_mac(&path.hop[DIR_REPLY].src, 0, 8);
	assert_int_equal(path.hop[DIR_REPLY].mtu, 1400);
}

static void without_a_part_there_is_no_path_and_no_order(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);
	struct path path;

	/* It has not been found yet. */
	assert_false(flowact_path_of(rig.engine, f, &path));
	expect_no_install(f);
	expect_no_move(f);
	/* The driver takes no such rule any more. */
	f = ff_flow(2, FLOW_WAIT);
	rig.engine->paths.nic->pair[0][1].recipe.classes = 0;
	assert_false(flowact_path_of(rig.engine, f, &path));
	expect_no_install(f);
	rig.engine->paths.nic->pair[0][1].recipe.classes = RECIPE_CLASSES_ALL;
	assert_true(flowact_path_of(rig.engine, f, &path));
	/* Its way out has a smaller MTU now, and the driver cannot check the size of packets. */
	port(2)->link.mtu = 9000;
	assert_true(flowact_path_of(rig.engine, f, &path));
	rig.engine->paths.nic->pair[0][1].recipe.mtu_classes = 0;
	assert_false(flowact_path_of(rig.engine, f, &path));
	expect_no_install(f);
	port(2)->link.mtu = 1500;
	assert_true(flowact_path_of(rig.engine, f, &path));
	/* A device is gone. */
	topology_del_link(&rig.engine->paths, 3);
	assert_false(flowact_path_of(rig.engine, f, &path));
	expect_no_install(f);
	expect_no_move(f);
	/* The flow still waits, and the engine has it look again. */
	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	assert_false(ff_take(ORDERS_INSTALL));
	ff_expect_resolving(f);
}

/* -- installs -------------------------------------------------------------- */

static void expect_rule(const struct flow *f, const struct rule *r, enum dir dir, uint32_t in,
			uint32_t out)
{
	assert_int_equal(r->kind, RULE_FLOW);
	assert_int_equal(r->place, RULE_HARDWARE);
	assert_int_equal(r->ifindex, in);
	assert_int_equal(r->out_ifindex, out);
	assert_int_equal(r->prio, 100 + SLOT_PRIO_FLOW_IP4);
	assert_int_equal(r->handle, slot_handle(flowtab_slot(&rig.engine->flows, f), dir));
	assert_true(tuple_is_equal(&r->match, dir == DIR_ORIG ? &f->orig : &f->reply));
	assert_int_equal(r->cookie.instance, rig.kernel.instance);
	assert_int_equal(r->cookie.ct_id, f->ct_id);
	assert_int_equal(r->cookie.dir, dir);
	expect_mac(&r->eth_src, 0, (uint8_t)out);
}

static void an_install_has_both_rules(void **state UNUSED)
{
	struct flow *f;

	ff_flow(1, FLOW_INSTALL);
	f = ff_flow(2, FLOW_WAIT);
	assert_true(flowact_make_install(rig.engine, f, &ff_order));
	/* Making the order does not take the flow out of its queue. */
	ff_expect(f, FLOW_WAIT, FLOW_Q_INSTALL);
	assert_int_equal(ff_order.type, ORDER_INSTALL);
	assert_true(ff_is_order_of(f));
	assert_true(tuple_is_equal(&ff_order.install.orig, &f->orig));
	assert_int_equal(ff_order.install.ct_id, 2);
	assert_int_equal(ff_order.install.timeout_s, 0);
	assert_false(ff_order.install.be_liberal);
	expect_rule(f, &ff_order.install.rule[DIR_ORIG], DIR_ORIG, 2, 3);
	expect_rule(f, &ff_order.install.rule[DIR_REPLY], DIR_REPLY, 3, 2);
	expect_mac(&ff_order.install.rule[DIR_ORIG].eth_dst, 1, 3);
	expect_mac(&ff_order.install.rule[DIR_REPLY].eth_dst, 1, 2);
	assert_true(f->slot_kind == SLOT_UNTAGGED && f->slot_kind_reply == SLOT_UNTAGGED);
	/* The window of a TCP connection moves without conntrack. */
	f->orig.proto = L4_TCP;
	f->reply.proto = L4_TCP;
	assert_true(flowact_make_install(rig.engine, f, &ff_order));
	assert_true(ff_order.install.be_liberal);
	f->orig.proto = L4_UDP;
	f->reply.proto = L4_UDP;
	/* Where the rules are is remembered, for each direction. */
	for (unsigned int in = 0; in < 2; in++) {
		struct nic_pair *pair = &rig.engine->paths.nic->pair[in][!in];

		pair->recipe.layout = RECIPE_PRIO;
		assert_true(flowact_make_install(rig.engine, f, &ff_order));
		pair->recipe.layout = RECIPE_PRIOS;
		assert_int_equal(f->slot_kind, in == 0 ? SLOT_ONE_PRIO : SLOT_UNTAGGED);
		assert_int_equal(f->slot_kind_reply, in == 1 ? SLOT_ONE_PRIO : SLOT_UNTAGGED);
	}
}

/* -- removals -------------------------------------------------------------- */

static void expect_where(const struct rule_where *w, uint32_t ifindex, uint16_t prio,
			 uint32_t handle, enum family family)
{
	assert_int_equal(w->ifindex, ifindex);
	assert_int_equal(w->prio, prio);
	assert_int_equal(w->handle, handle);
	assert_int_equal(w->family, family);
}

/* Each direction has a layout of its own. */
static void a_removal_names_the_places_of_the_rules(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_DRAIN);
	uint16_t flows = 100 + SLOT_PRIO_FLOW_IP4;

	flowact_make_remove(rig.engine, f, &ff_order);
	assert_int_equal(ff_order.type, ORDER_REMOVE);
	assert_true(ff_is_order_of(f));
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, flows, 1, FAMILY_IP4);
	expect_where(&ff_order.remove.where[DIR_REPLY], 3, flows, 2, FAMILY_IP4);
	f->slot_kind = SLOT_ONE_PRIO;
	flowact_make_remove(rig.engine, f, &ff_order);
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, 100, 1, FAMILY_NONE);
	expect_where(&ff_order.remove.where[DIR_REPLY], 3, flows, 2, FAMILY_IP4);
	f->slot_kind = SLOT_UNTAGGED;
	f->slot_kind_reply = SLOT_ONE_PRIO;
	flowact_make_remove(rig.engine, f, &ff_order);
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, flows, 1, FAMILY_IP4);
	expect_where(&ff_order.remove.where[DIR_REPLY], 3, 100, 2, FAMILY_NONE);
	/* Its devices are known even when they are gone. */
	topology_del_link(&rig.engine->paths, 2);
	topology_del_link(&rig.engine->paths, 3);
	flowact_make_remove(rig.engine, f, &ff_order);
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, flows, 1, FAMILY_IP4);
	expect_where(&ff_order.remove.where[DIR_REPLY], 3, 100, 2, FAMILY_NONE);
}

/* An install by a driver with one prio for all makes removals from there. */
static void the_layout_is_kept_from_the_install(void **state UNUSED)
{
	struct settings s = rig_settings();
	struct flow *f;

	ff_teardown(NULL);
	rig_init(&rig, &s, 1, 1);
	rig.kernel.driver.has_one_prio = true;
	rf_add_net(2);
	rf_add_net(3);
	rig_settle(&rig);
	f = ff_flow(1, FLOW_INSTALL);
	assert_true(f->slot_kind == SLOT_ONE_PRIO && f->slot_kind_reply == SLOT_ONE_PRIO);
	assert_int_equal(ff_order.install.rule[DIR_ORIG].prio, 100);
	ff_answer_install(INSTALL_OK, 0);
	ff_input(f, FLOW_IN_LEAVE, REASON_HELPER);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, 100, 1, FAMILY_NONE);
	expect_where(&ff_order.remove.where[DIR_REPLY], 3, 100, 2, FAMILY_NONE);
	ff_answer_remove(0);
	ff_expect_refused(f, REASON_HELPER);
}

/* Rules of an earlier run are where that has put them, whatever path the flow has. */
static void leftovers_are_removed_from_where_they_are(void **state UNUSED)
{
	struct flow *f;

	ff_flow(1, FLOW_RESOLVE);
	rig_settle(&rig);
	fake_delete_rule(&rig.kernel, 1, DIR_REPLY);
	rig_restart(&rig, true);
	f = flowtab_at(&rig.engine->flows, 0);
	assert_true(leftover_has(rig.engine, f));
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	expect_where(&ff_order.remove.where[DIR_ORIG], 2, 100 + SLOT_PRIO_FLOW_IP4, 1, FAMILY_IP4);
	assert_int_equal(ff_order.remove.where[DIR_REPLY].ifindex, 0);
	ff_answer_remove(0);
}

/* -- moves ----------------------------------------------------------------- */

static void a_move_has_the_rules_of_the_new_path(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);
	struct rule before[DIR__COUNT];

	memcpy(before, ff_order.install.rule, sizeof(before));
	change_next_hop(3, 9, true);
	f->path_gen = rig.engine->paths.generation;
	ff_input(f, FLOW_IN_PATH_MOVED, REASON_NONE);
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_MOVE);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where is = rule_where(&ff_order.move.rule[d]);
		struct rule_where was = rule_where(&before[d]);

		expect_where(&is, was.ifindex, was.prio, was.handle, was.family);
	}
	expect_mac(&ff_order.move.rule[DIR_ORIG].eth_dst, 2, 9);
	before[DIR_ORIG].eth_dst = ff_order.move.rule[DIR_ORIG].eth_dst;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		assert_true(rule_is_equal(&before[d], &ff_order.move.rule[d]));
}

static void a_move_needs_a_path_that_is_up_to_date(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_MOVE);
	struct topology *paths = &rig.engine->paths;
	struct route_change all = { 0 };

	change_next_hop(2, 9, true);
	expect_no_move(f);
	f->path_gen = paths->generation;
	topology_touch_link(paths, port(3));
	expect_no_move(f);
	f->path_gen = paths->generation;
	topology_touch_routes(paths, &all);
	expect_no_move(f);
	f->path_gen = paths->generation;
	rig.engine->paths.nic->pair[1][0].recipe.classes = 0;
	expect_no_move(f);
	rig.engine->paths.nic->pair[1][0].recipe.classes = RECIPE_CLASSES_ALL;
	assert_true(flowact_make_move(rig.engine, f, &ff_order));
	/* Each of its rules has to have the place of the old one. */
	f->slot_kind = SLOT_ONE_PRIO;
	expect_no_move(f);
	f->slot_kind = SLOT_UNTAGGED;
	f->slot_kind_reply = SLOT_ONE_PRIO;
	expect_no_move(f);
	/* What the engine does then is to remove them. */
	ff_expect_taken(f, ORDERS_REMOVE, ORDER_REMOVE);
	assert_int_equal(f->goal, FLOW_GOAL_RESOLVE);
}

static void a_place_is_a_device_and_a_layout(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);
	struct path path;

	assert_true(flowact_path_of(rig.engine, f, &path));
	assert_true(flowact_is_in_place(rig.engine, f, &path));
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		path.hop[d].ifindex += 100;
		assert_false(flowact_is_in_place(rig.engine, f, &path));
		path.hop[d].ifindex -= 100;
		path.recipe[d].layout = RECIPE_PRIO;
		assert_false(flowact_is_in_place(rig.engine, f, &path));
		path.recipe[d].layout = RECIPE_PRIOS;
	}
	/* MAC addresses are not a part of it. */
	memset(&path.hop[DIR_ORIG].dst, 9, sizeof(path.hop[DIR_ORIG].dst));
	assert_true(flowact_is_in_place(rig.engine, f, &path));
	/* A flow without a path has no place, not even on "no device". */
	f = ff_flow(2, FLOW_RESOLVE);
	path.hop[DIR_ORIG].ifindex = path.hop[DIR_REPLY].ifindex = 0;
	assert_false(flowact_is_in_place(rig.engine, f, &path));
}

/* Their places are those of the earlier run, which may be others. */
static void leftovers_are_never_in_place(void **state UNUSED)
{
	struct flow *f;
	struct path path;

	ff_flow(1, FLOW_RESOLVE);
	rig_settle(&rig);
	assert_true(flowact_path_of(rig.engine, rf_flow(1), &path));
	rig_restart(&rig, true);
	f = rf_flow(1);
	assert_int_equal(f->state, FLOW_ADOPTED);
	rf_add_net(2);
	rf_add_net(3);
	ff_input(f, FLOW_IN_ADMIT, REASON_NONE);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct addr host = { { 10, 0, d == DIR_ORIG ? 3 : 2, 1 } };

		f->next_hop[d] = topology_find_neigh(&rig.engine->paths, d == DIR_ORIG ? 3 : 2,
						     FAMILY_IP4, &host);
		topology_ref_neigh(&rig.engine->paths, f->next_hop[d]);
		f->port[d] = path.hop[dir_other(d)].ifindex;
	}
	assert_false(flowact_is_in_place(rig.engine, f, &path));
	leftover_forget(rig.engine, f);
	assert_true(flowact_is_in_place(rig.engine, f, &path));
}

/* -- changes of the path --------------------------------------------------- */

static void generations_wrap_around(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_ACTIVE);

	f->path_gen = UINT32_MAX - 1;
	assert_false(flowact_is_newer(UINT32_MAX - 2, f));
	assert_false(flowact_is_newer(UINT32_MAX - 1, f));
	assert_true(flowact_is_newer(UINT32_MAX, f));
	assert_true(flowact_is_newer(5, f));
}

enum change {
	CHANGE_NONE,
	CHANGE_NEIGH,	  /* of somebody else */
	CHANGE_NEXT_HOP,  /* of the original direction */
	CHANGE_LAST_HOP,  /* of the reply direction */
	CHANGE_PORT,	  /* of the original direction */
	CHANGE_LINK,	  /* of somebody else */
	CHANGE_WAYS,	  /* may let more flows be offloaded, moves none */
	CHANGE_ROUTES,	  /* of any destination */
	CHANGE_TO_RESPONDER,
	CHANGE_TO_ORIGINATOR,
	CHANGE_TO_TRANSLATED, /* the address that the originator sends to */
	CHANGE_DOUBT,	  /* of routes, and unlikely to concern the flow */
	CHANGE_SETTLED,	  /* prefixes that changed were forgotten */
	CHANGE__COUNT,
};

static void touch_prefix(uint8_t b1, uint8_t b2)
{
	struct route_change c = { .family = FAMILY_IP4, .len = 24, .prefix = { { 10, b1, b2 } } };

	topology_touch_routes(&rig.engine->paths, &c);
}

static void make_change(enum change change)
{
	struct topology *paths = &rig.engine->paths;
	struct route_change all = { 0 };

	switch (change) {
	case CHANGE_NONE:
		break;
	case CHANGE_NEIGH:
		change_next_hop(77, 1, true);
		break;
	case CHANGE_NEXT_HOP:
		change_next_hop(3, 9, true);
		break;
	case CHANGE_LAST_HOP:
		change_next_hop(2, 9, false);
		break;
	case CHANGE_PORT:
		topology_touch_link(paths, port(3));
		break;
	case CHANGE_LINK:
		topology_touch_link(paths, port(4));
		break;
	case CHANGE_WAYS:
		topology_touch_ways(paths);
		break;
	case CHANGE_ROUTES:
		topology_touch_routes(paths, &all);
		break;
	case CHANGE_TO_RESPONDER:
		touch_prefix(0, 3);
		break;
	case CHANGE_TO_ORIGINATOR:
		touch_prefix(0, 2);
		break;
	case CHANGE_TO_TRANSLATED:
		touch_prefix(9, 9);
		break;
	case CHANGE_DOUBT:
		topology_touch_ways(paths);
		paths->routes_doubted = paths->generation;
		break;
	case CHANGE_SETTLED:
		touch_prefix(77, 77);
		topology_settle_routes(paths, paths->generation);
		break;
	case CHANGE__COUNT:
		break;
	}
}

/* Its destination 10.9.9.1 is translated to 10.0.3.1. There is a third port, which it does not
 * use. */
static struct flow *translated_flow(void)
{
	struct flow *f;

	ff_teardown(NULL);
	ff_setup(NULL);
	rf_add_net(4);
	rig_settle(&rig);
	f = ff_flow(1, FLOW_ACTIVE);
	flowtab_unindex(&rig.engine->flows, f);
	f->orig.dst = (struct addr){ { 10, 9, 9, 1 } };
	assert_int_equal(flowtab_index(&rig.engine->flows, f), 0);
	f->path_gen = rig.engine->paths.generation;
	return f;
}

static const struct {
	enum change change;
	bool hops_changed, is_stale, is_doubted;
} staleness[] = {
	{ CHANGE_NONE, false, false, false },
	{ CHANGE_NEIGH, false, false, false },
	{ CHANGE_NEXT_HOP, true, true, false },
	{ CHANGE_LAST_HOP, true, true, false },
	{ CHANGE_PORT, true, true, false },
	{ CHANGE_LINK, false, false, false },
	{ CHANGE_WAYS, false, false, false },
	{ CHANGE_ROUTES, false, true, false },
	{ CHANGE_TO_RESPONDER, false, true, false },
	{ CHANGE_TO_ORIGINATOR, false, true, false },
	{ CHANGE_TO_TRANSLATED, false, false, false },
	{ CHANGE_DOUBT, false, false, true },
	{ CHANGE_SETTLED, false, true, false },
};

static void only_changes_on_its_path_make_a_flow_stale(void **state UNUSED)
{
	assert_int_equal(array_size(staleness), CHANGE__COUNT);
	for (unsigned int i = 0; i < array_size(staleness); i++) {
		struct flow *f = translated_flow();

		make_change(staleness[i].change);
		assert_int_equal(flowact_hops_changed(rig.engine, f), staleness[i].hops_changed);
		assert_int_equal(flowact_path_is_stale(rig.engine, f), staleness[i].is_stale);
		assert_int_equal(flowact_path_is_doubted(rig.engine, f), staleness[i].is_doubted);
		/* Once it is looked up again it is right. */
		f->path_gen = rig.engine->paths.generation;
		assert_false(flowact_hops_changed(rig.engine, f));
		assert_false(flowact_path_is_stale(rig.engine, f));
		assert_false(flowact_path_is_doubted(rig.engine, f));
	}
}

static void a_flow_without_path_or_device_is_stale(void **state UNUSED)
{
	struct flow *f = ff_flow(1, FLOW_RESOLVE);

	f->path_gen = rig.engine->paths.generation;
	assert_true(flowact_hops_changed(rig.engine, f));
	f = ff_flow(2, FLOW_ACTIVE);
	topology_del_link(&rig.engine->paths, 2);
	f->path_gen = rig.engine->paths.generation;
	assert_true(flowact_hops_changed(rig.engine, f));
	assert_true(flowact_path_is_stale(rig.engine, f));
}

/* A neighbour concerns only those that lacked one. Everything else may let a flow in whose path
 * was not possible, but for prefixes in which it has no end. */
static bool wants_lift(enum reason reason, enum change change)
{
	switch (reason) {
	case REASON_NEIGHBOUR_UNRESOLVED:
	case REASON_STATION_UNKNOWN:
		return change != CHANGE_NONE;
	case REASON_NO_ROUTE:
	case REASON_LOCAL:
	case REASON_SOFTWARE_NAT66:
	case REASON_HARDWARE_FULL:
	case REASON_OBSERVE_ONLY:
	case REASON_KERNEL_BACKEND:
		return change != CHANGE_NONE && change != CHANGE_NEIGH &&
		       change != CHANGE_NEXT_HOP && change != CHANGE_LAST_HOP &&
		       change != CHANGE_TO_TRANSLATED;
	default:
		return false;
	}
}

static void a_change_may_lift_a_reason_of_the_path(void **state UNUSED)
{
	for (unsigned int c = 0; c < CHANGE__COUNT; c++) {
		struct flow *f = translated_flow();

		make_change(c);
		for (unsigned int r = 0; r < REASON__COUNT; r++) {
			enum reason like = r > REASON_LOCAL && r < REASON_SOFTWARE_NAT66 &&
							   r != REASON_NEIGHBOUR_UNRESOLVED &&
							   r != REASON_STATION_UNKNOWN ?
						   REASON_LOCAL :
						   (enum reason)r;
			uint32_t path_gen = f->path_gen;

			f->reason = (uint8_t)r;
			assert_int_equal(flowact_may_be_lifted(rig.engine, f), wants_lift(like, c));
			f->path_gen = rig.engine->paths.generation;
			assert_false(flowact_may_be_lifted(rig.engine, f));
			f->path_gen = path_gen;
		}
		f->reason = REASON_NONE;
	}
}

/* -- devices that go ------------------------------------------------------- */

static void lose_link(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	fake_del_link(&rig.kernel, ifindex);
	rig_feed(&rig, &ev);
}

/* The order is executed when the device is gone. Its refusal is no reason to try again later:
 * the path is looked up, and there is none. */
static void a_device_goes_while_an_install_is_out(void **state UNUSED)
{
	rig.is_held[fake_lane(ORDER_INSTALL, 0)] = true;
	rf_add(1, false);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_INSTALL);
	lose_link(3);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_INSTALL);
	assert_int_equal(rf_flow(1)->goal, FLOW_GOAL_RESOLVE);
	rig.is_held[fake_lane(ORDER_INSTALL, 0)] = false;
	rig_settle(&rig);
	ff_expect_refused(rf_flow(1), REASON_NO_ROUTE);
	assert_int_equal(ff_due_ms(rf_flow(1)), -1);
	assert_int_equal(ff_card()->used, 0);
	assert_int_equal(rig.kernel.n_rules, 0);
	/* It comes back. */
	rf_add_net(3);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_ACTIVE);
	assert_int_equal(rig.kernel.n_rules, 2);
}

/* The rules were in before the device went, and the answer says so. */
static void a_device_goes_before_the_answer(void **state UNUSED)
{
	rig.is_mute[fake_lane(ORDER_INSTALL, 0)] = true;
	rf_add(1, false);
	rig_settle(&rig);
	lose_link(3);
	rig_settle(&rig);
	rig.is_mute[fake_lane(ORDER_INSTALL, 0)] = false;
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_REMOVE);
	assert_int_equal(rig.kernel.n_rules, 1);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_settle(&rig);
	ff_expect_refused(rf_flow(1), REASON_NO_ROUTE);
	assert_int_equal(rig.kernel.n_rules, 0);
	ff_check_counts();
}

/* The move is taken, its answer is a failure, and what is left has to go. */
static void a_device_goes_while_a_move_is_out(void **state UNUSED)
{
	unsigned int lane = fake_lane(ORDER_MOVE, 0);
	struct event ev = { .type = EVENT_NEIGH };

	rf_add(1, false);
	rig_settle(&rig);
	rig.is_held[lane] = true;
	ev.neigh = (struct neigh){ .ifindex = 2,
				   .family = FAMILY_IP4,
				   .addr = { { 10, 0, 2, 1 } },
				   .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 9, 9 } } };
	rig_feed(&rig, &ev);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_MOVING);
	lose_link(3);
	rig_settle(&rig);
	assert_int_equal(rf_flow(1)->state, FLOW_MOVING);
	/* The connection ends, too. */
	rig_report_end(&rig, rf_conn(1));
	rig_settle(&rig);
	assert_int_equal(ff_n_flows(), 1);
	rig.is_held[lane] = false;
	rig_settle(&rig);
	assert_int_equal(ff_n_flows(), 0);
	assert_int_equal(rig.kernel.n_rules, 0);
	assert_int_equal(rig.kernel.n_orders[ORDER_MOVE], 1);
	assert_int_equal(rig.kernel.n_orders[ORDER_REMOVE], 1);
	assert_int_equal(ff_card()->used, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ff_setup, ff_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_path_is_made_of_what_is_known_now),
		TEST(without_a_part_there_is_no_path_and_no_order),
		TEST(an_install_has_both_rules),
		TEST(a_removal_names_the_places_of_the_rules),
		TEST(the_layout_is_kept_from_the_install),
		TEST(leftovers_are_removed_from_where_they_are),
		TEST(a_move_has_the_rules_of_the_new_path),
		TEST(a_move_needs_a_path_that_is_up_to_date),
		TEST(a_place_is_a_device_and_a_layout),
		TEST(leftovers_are_never_in_place),
		TEST(generations_wrap_around),
		TEST(only_changes_on_its_path_make_a_flow_stale),
		TEST(a_flow_without_path_or_device_is_stale),
		TEST(a_change_may_lift_a_reason_of_the_path),
		TEST(a_device_goes_while_an_install_is_out),
		TEST(a_device_goes_before_the_answer),
		TEST(a_device_goes_while_a_move_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

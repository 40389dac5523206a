/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases that scenarios cannot express well: unexpected events, stale answers,
 * reused conntrack ids, and the limits of the interface.
 */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/path/plan.h"
#include "core/view.h"
#include "core/clock.h"
#include "core/flow/flowact.h"
#include "fake/rig.h"

static struct rig rig;

static struct tuple tuple_of(const char *text)
{
	struct tuple t;

	assert_int_equal(tuple_from_str(text, &t), 0);
	return t;
}

/* One of the two networks, with one host. */
static void add_net(uint32_t ifindex, const char *prefix, const char *host)
{
	struct event ev = { .type = EVENT_LINK };
	struct fake_route r = { .family = FAMILY_IP4, .len = 24 };
	enum family family;

	ev.link = (struct link){ .ifindex = ifindex, .mtu = 1500, .is_up = true, .is_ether = true, .hw = fake_hw(),
				 .mac = { { 2, 0, 0, 0, 0, (uint8_t)ifindex } } };
	ev.link.name[0] = (char)('a' + ifindex);
	fake_put_link(&rig.kernel, &ev.link);
	rig_feed(&rig, &ev);
	ev = (struct event){ .type = EVENT_NEIGH };
	ev.neigh = (struct neigh){ .ifindex = ifindex, .family = FAMILY_IP4, .is_valid = true,
				   .mac = { { 2, 0, 0, 0, 1, (uint8_t)ifindex } } };
	assert_int_equal(addr_from_str(host, &family, &ev.neigh.addr), 0);
	rig_feed(&rig, &ev);
	assert_int_equal(addr_from_str(prefix, &family, &r.prefix), 0);
	r.answer = (struct route_answer){ .kind = ROUTE_UNICAST, .oif = ifindex };
	fake_put_route(&rig.kernel, &r);
}

static void start(const struct settings *settings)
{
	rig_init(&rig, settings, 1, 1);
	add_net(2, "10.0.2.0", "10.0.2.1");
	add_net(3, "10.0.3.0", "10.0.3.1");
	rig_settle(&rig);
}

static int setup(void **state UNUSED)
{
	struct settings s = rig_settings();

	start(&s);
	return 0;
}

static int teardown(void **state UNUSED)
{
	if (rig.kernel.n_complaints)
		print_error("%s\n", rig.kernel.complaints);
	assert_int_equal(rig.kernel.n_complaints, 0);
	assert_int_equal(bug_count(), 0);
	rig_fini(&rig);
	return 0;
}

static struct conn conn_of(const char *text, uint32_t id)
{
	struct conn c = { .has = CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT |
				 CONN_HAS_MARK | CONN_HAS_TCP_STATE,
			  .id = id,
			  .status = CONN_ASSURED,
			  .timeout_s = 120,
			  .tcp_state = CONN_TCP_ESTABLISHED };

	c.orig = tuple_of(text);
	c.reply = tuple_inverse(&c.orig);
	return c;
}

static struct fake_conn *add(const char *text, uint32_t id)
{
	struct conn c = conn_of(text, id);
	struct fake_conn *fc = fake_add_conn(&rig.kernel, &c, rig.now);

	rig_report(&rig, fc, false);
	return fc;
}

static const char *const one = "udp 10.0.2.1:1 > 10.0.3.1:53";

static struct flow *flow_of(const char *text)
{
	struct tuple t = tuple_of(text);

	return flowtab_find(&rig.engine->flows, &t);
}

static uint32_t n_flows(void)
{
	struct view_totals t;

	view_totals(rig.engine, &t);
	return t.n_flows;
}

static void feed_conn(enum event_type type, const struct conn *c)
{
	struct event ev = { .type = (uint8_t)type, .conn = *c };

	rig_feed(&rig, &ev);
}

/* -- creation ------------------------------------------------------------- */

static void bad_parameters(void **state UNUSED)
{
	struct engine_params p = { .settings = rig_settings(), .n_workers = 1 };
	struct engine *e = NULL;

	p.n_workers = 0;
	assert_int_equal(engine_new(&p, &e), -EINVAL);
	p.n_workers = FLOWTAB_MAX_WORKERS + 1;
	assert_int_equal(engine_new(&p, &e), -EINVAL);
	p.n_workers = FLOWTAB_MAX_WORKERS;
	p.settings.max_flows = 0;
	assert_int_equal(engine_new(&p, &e), -EINVAL);
	assert_null(e);
	p.settings.max_flows = 1;
	assert_int_equal(engine_new(&p, &e), 0);
	assert_int_equal(engine_settings(e)->max_flows, 1);
	engine_free(e);
	engine_free(NULL);
}

static void nothing_to_do(void **state UNUSED)
{
	struct order o;

	for (unsigned int c = ORDERS_ASK; c <= ORDERS_INSTALL; c++) {
		assert_false(engine_next_order(rig.engine, c, 0, rig.now, &o));
		assert_int_equal(o.type, ORDER_NONE);
	}
	assert_false(engine_tick(rig.engine, rig.now));
	assert_true(mono_is_never(engine_next_due(rig.engine)));
	assert_false(engine_is_stopped(rig.engine));
	assert_false(engine_wants_dumps(rig.engine));
}

/* -- stopping ------------------------------------------------------------- */

/* engine_left() decreases with every removal that succeeds, and not with one that
 * fails. */
static void progress_of_a_stop(void **state UNUSED)
{
	uint32_t left, before;
	char text[64];

	for (unsigned int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "udp 10.0.2.1:%u > 10.0.3.1:53", 100 + i);
		add(text, 100 + i);
	}
	rig_settle(&rig);
	assert_int_equal(rig.kernel.n_rules, 80);
	rig_feed_type(&rig, EVENT_STOP);
	rig.is_mute[fake_lane(ORDER_REMOVE, 0)] = true;
	rig.kernel.faults.removal_err = -EBUSY;
	rig.kernel.faults.removal_left = FAKE_LEFT_BOTH;
	rig_settle(&rig);
	before = engine_left(rig.engine);
	assert_true(before >= 80);
	/* The first removal fails. */
	assert_true(rig_answer(&rig, fake_lane(ORDER_REMOVE, 0)));
	assert_int_equal(engine_left(rig.engine), before);
	while (rig_answer(&rig, fake_lane(ORDER_REMOVE, 0))) {
		left = engine_left(rig.engine);
		assert_true(left < before);
		before = left;
	}
	assert_false(engine_is_stopped(rig.engine));
	rig.is_mute[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_advance(&rig, mono_add_ms(rig.now, 2000));
	assert_int_equal(engine_left(rig.engine), 0);
	assert_true(engine_is_stopped(rig.engine));
}

/* -- unexpected answers --------------------------------------------------- */

static void stale_answers(void **state UNUSED)
{
	static const enum event_type types[] = { EVENT_LOOKUP_DONE, EVENT_INSTALL_DONE,
						 EVENT_REMOVE_DONE, EVENT_REFRESH_DONE };
	struct slab_ref ref;

	add(one, 7);
	rig_settle(&rig);
	ref = flowtab_ref(&rig.engine->flows, flow_of(one));
	feed_conn(EVENT_CONN_DESTROY, &rig.kernel.conn[0].conn);
	rig_settle(&rig);
	assert_int_equal(n_flows(), 0);
	add("udp 10.0.2.1:2 > 10.0.3.1:53", 8);
	rig_settle(&rig);
	for (unsigned int i = 0; i < array_size(types); i++) {
		struct event ev = { .type = (uint8_t)types[i], .flow = ref };

		/* Another flow has the slot by now. */
		engine_feed(rig.engine, &ev, rig.now);
		ev.flow = (struct slab_ref){ 0, 0 };
		engine_feed(rig.engine, &ev, rig.now);
		ev.flow = (struct slab_ref){ UINT32_MAX, 1 };
		engine_feed(rig.engine, &ev, rig.now);
	}
	assert_int_equal(flow_of("udp 10.0.2.1:2 > 10.0.3.1:53")->state, FLOW_ACTIVE);
}

static void unknown_objects(void **state UNUSED)
{
	struct conn c = conn_of(one, 9);
	struct event ev = { .type = EVENT_PORT_DONE };

	ev.port.ifindex = 77;
	rig_feed(&rig, &ev);
	ev = (struct event){ .type = EVENT_LINK_GONE };
	ev.link.ifindex = 77;
	rig_feed(&rig, &ev);
	feed_conn(EVENT_CONN_DESTROY, &c);
	ev = (struct event){ .type = EVENT_FLUSH };
	ev.flush.tuple = c.orig;
	rig_feed(&rig, &ev);
	rig_settle(&rig);
	assert_int_equal(n_flows(), 0);
}

/* An answer does not open a port that is not being opened. */
static void unexpected_port_answer(void **state UNUSED)
{
	struct event ev = { .type = EVENT_LINK };
	const struct link_rec *rec;

	ev.link = (struct link){ .ifindex = 9, .name = "new", .mtu = 1500, .is_up = true,
				 .is_ether = true, .hw = fake_hw() };
	engine_feed(rig.engine, &ev, rig.now);
	ev = (struct event){ .type = EVENT_PORT_DONE };
	ev.port = (struct event_port){ .ifindex = 9, .order = ORDER_PORT_OPEN };
	engine_feed(rig.engine, &ev, rig.now);
	rec = topology_find_link(view_paths(rig.engine), 9);
	assert_int_equal(rec->port, PORT_WANTED);
}

/* -- samples -------------------------------------------------------------- */

static void foreign_samples(void **state UNUSED)
{
	struct event ev = { .type = EVENT_SAMPLE };
	struct flow *f;

	add(one, 7);
	rig_settle(&rig);
	f = flow_of(one);
	ev.sample = (struct event_sample){ .handle = 1,
					   .cookie = { .instance = rig.kernel.instance, .ct_id = 7 },
					   .stats = { 10, 1000 } };
	engine_feed(rig.engine, &ev, rig.now);
	assert_int_equal(f->total_pkts[DIR_ORIG], 10);
	/* Samples of an earlier run, of another connection, and of slots without a flow. */
	ev.sample.stats.pkts = 99;
	ev.sample.cookie.instance++;
	engine_feed(rig.engine, &ev, rig.now);
	ev.sample.cookie.instance--;
	ev.sample.cookie.ct_id = 8;
	engine_feed(rig.engine, &ev, rig.now);
	ev.sample.cookie.ct_id = 7;
	ev.sample.handle = 0;
	engine_feed(rig.engine, &ev, rig.now);
	ev.sample.handle = UINT32_MAX;
	engine_feed(rig.engine, &ev, rig.now);
	assert_int_equal(f->total_pkts[DIR_ORIG], 10);
}

/* -- the same tuple, the same id ------------------------------------------ */

/* The kernel derives ids from memory addresses, so a new connection with the same
 * tuple may get the id of the old one. */
static void same_id_after_the_end(void **state UNUSED)
{
	struct fake_conn *c = add(one, 7);

	rig_settle(&rig);
	assert_int_equal(flow_of(one)->state, FLOW_ACTIVE);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = true;
	rig_report_end(&rig, c);
	rig_settle(&rig);
	/* The rules of the old flow are still being removed. */
	rig_report(&rig, c, false);
	rig_settle(&rig);
	assert_int_equal(n_flows(), 2);
	rig.is_held[fake_lane(ORDER_REMOVE, 0)] = false;
	rig_advance(&rig, mono_add_ms(rig.now, 3000));
	assert_int_equal(n_flows(), 1);
	assert_int_equal(flow_of(one)->state, FLOW_ACTIVE);
	assert_int_equal(rig.kernel.n_rules, 2);
}

/* The end of the old one was lost; only the translation shows that this is a new connection. */
static void same_id_other_translation(void **state UNUSED)
{
	struct fake_conn *c = add(one, 7);

	rig_settle(&rig);
	c->conn.reply.dst = tuple_of("udp 10.0.3.9:1 > 10.0.3.1:1").src;
	rig_report(&rig, c, false);
	rig_settle(&rig);
	assert_int_equal(n_flows(), 1);
	assert_int_equal(flow_of(one)->state, FLOW_ACTIVE);
	assert_int_equal(rig.kernel.n_rules, 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(rig.kernel.rule[i].rule.rewrite & (RULE_SET_SRC | RULE_SET_DST));
}

/* The end of the connection with the old translation does not end the new one. */
static void late_end_with_the_same_id(void **state UNUSED)
{
	struct conn old = conn_of(one, 7);
	struct fake_conn *c = add(one, 7);

	c->conn.reply.dst = tuple_of("udp 10.0.3.9:1 > 10.0.3.1:1").src;
	rig_report(&rig, c, false);
	rig_settle(&rig);
	struct event ev = { .type = EVENT_CONN_DESTROY, .conn = old };
	engine_feed(rig.engine, &ev, rig.now);
	rig_settle(&rig);
	assert_int_equal(flow_of(one)->state, FLOW_ACTIVE);
}

/* -- questions ------------------------------------------------------------ */

static bool next_ask(struct order *o)
{
	return engine_next_order(rig.engine, ORDERS_ASK, 0, rig.now, o);
}

static void answer_refresh(const struct order *o, const struct conn *c)
{
	struct event ev = { .type = EVENT_REFRESH_DONE, .flow = o->flow };

	ev.refresh.found = true;
	ev.refresh.conn = *c;
	engine_feed(rig.engine, &ev, rig.now);
}

/* A question that must wait for an answer does not delay other questions, and is not lost. */
static void questions_while_one_is_out(void **state UNUSED)
{
	struct conn a = conn_of("udp 10.0.2.1:1 > 10.0.3.1:53", 7);
	struct conn b = conn_of("udp 10.0.2.1:2 > 10.0.3.1:53", 8);
	struct order first, o;

	engine_feed(rig.engine, &(struct event){ .type = EVENT_CONN, .conn = a }, rig.now);
	engine_feed(rig.engine, &(struct event){ .type = EVENT_CONN, .conn = b }, rig.now);
	while (next_ask(&o))
		;
	flowact_ask_care(rig.engine, flow_of("udp 10.0.2.1:1 > 10.0.3.1:53"));
	assert_true(next_ask(&first));
	assert_int_equal(first.type, ORDER_REFRESH);
	/* Ask again for the same flow, then for another. */
	flowact_ask_care(rig.engine, flow_of("udp 10.0.2.1:1 > 10.0.3.1:53"));
	flowact_ask_care(rig.engine, flow_of("udp 10.0.2.1:2 > 10.0.3.1:53"));
	assert_true(next_ask(&o));
	assert_int_equal(o.refresh.ct_id, 8);
	assert_false(next_ask(&o));
	answer_refresh(&first, &a);
	assert_true(next_ask(&o));
	assert_int_equal(o.type, ORDER_REFRESH);
	assert_int_equal(o.refresh.ct_id, 7);
	assert_false(next_ask(&o));
}

/* The mark changes during a look-up: its answer is discarded, and a look-up with the new mark
 * follows. */
static void answer_with_an_old_mark(void **state UNUSED)
{
	struct event ev = { .type = EVENT_CONN, .conn = conn_of(one, 7) };
	struct order o;

	ev.conn.mark = 0x10;
	engine_feed(rig.engine, &ev, rig.now);
	assert_true(next_ask(&o));
	assert_int_equal(o.lookup.ask.mark, 0x10);
	ev.conn.mark = 0x20;
	engine_feed(rig.engine, &ev, rig.now);
	ev = (struct event){ .type = EVENT_LOOKUP_DONE, .flow = o.flow };
	ev.lookup = o.lookup;
	engine_feed(rig.engine, &ev, rig.now);
	assert_int_equal(flow_of(one)->state, FLOW_RESOLVE);
	assert_true(next_ask(&o));
	assert_int_equal(o.type, ORDER_LOOKUP);
	assert_int_equal(o.lookup.ask.mark, 0x20);
}

/* A path walk that the worker did not finish has found no route. */
static void unfinished_path_walk(void **state UNUSED)
{
	struct event ev = { .type = EVENT_CONN, .conn = conn_of(one, 7) };
	struct order o;

	engine_feed(rig.engine, &ev, rig.now);
	assert_true(next_ask(&o));
	ev = (struct event){ .type = EVENT_LOOKUP_DONE, .flow = o.flow };
	ev.lookup = o.lookup;
	ev.lookup.answer[0] = (struct route_answer){ .kind = ROUTE_UNICAST, .oif = 2 };
	engine_feed(rig.engine, &ev, rig.now);
	assert_int_equal(flow_of(one)->state, FLOW_REFUSED);
	assert_int_equal(flow_of(one)->reason, REASON_NO_ROUTE);
}

/* -- dumps ---------------------------------------------------------------- */

/* The dump number has eight bits. A flow that is missing in far more than 256 dumps
 * is still queried after each of them. */
static void many_dumps(void **state UNUSED)
{
	struct fake_conn *c = add(one, 7);

	rig_settle(&rig);
	fake_set_timeout(c, 100000, rig.now);
	for (unsigned int i = 0; i < 600; i++) {
		rig_feed_type(&rig, EVENT_RESYNC_BEGIN);
		rig_feed_type(&rig, EVENT_RESYNC_END);
		rig_settle(&rig);
		assert_int_equal(flow_of(one)->state, FLOW_ACTIVE);
	}
	c->exists = false;
	rig_feed_type(&rig, EVENT_RESYNC_BEGIN);
	rig_feed_type(&rig, EVENT_RESYNC_END);
	rig_settle(&rig);
	assert_int_equal(n_flows(), 0);
	assert_int_equal(rig.kernel.n_rules, 0);
}

/* The timeout in an event that we caused ourselves is not used. */
static void own_events(void **state UNUSED)
{
	struct fake_conn *c = add(one, 7);
	struct event ev = { .type = EVENT_CONN, .is_own = true };

	rig_settle(&rig);
	assert_int_equal(flow_of(one)->policy_s, 120);
	fake_report(c, rig.now, &ev.conn);
	ev.conn.timeout_s = 17;
	rig_feed(&rig, &ev);
	assert_int_equal(flow_of(one)->ct_expires, clock_ds(rig.engine, rig.now) + 1200);
	/* But the status in such an event counts. */
	c->conn.status |= CONN_DYING;
	fake_report(c, rig.now, &ev.conn);
	rig_feed(&rig, &ev);
	rig_settle(&rig);
	assert_int_equal(flow_of(one)->reason, REASON_DYING);
}

/* -- walks are bounded ---------------------------------------------------- */

static void walks_are_sliced(void **state UNUSED)
{
	struct event ev = { .type = EVENT_CONN };
	unsigned int n_ticks = 1;

	for (unsigned int i = 0; i < 2000; i++) {
		ev.conn = conn_of(one, i + 1);
		ev.conn.orig.sport = (uint16_t)i;
		ev.conn.reply = tuple_inverse(&ev.conn.orig);
		engine_feed(rig.engine, &ev, rig.now);
	}
	assert_int_equal(n_flows(), 2000);
	ev = (struct event){ .type = EVENT_FLUSH };
	ev.flush.all = true;
	engine_feed(rig.engine, &ev, rig.now);
	while (engine_tick(rig.engine, rig.now))
		n_ticks++;
	assert_true(n_ticks >= 4 && n_ticks < 20);
	assert_int_equal(rig.engine->n_state[FLOW_REFUSED], 2000);
	assert_int_equal(rig.engine->n_reason[REASON_FLUSHED], 2000);
}

/* A walk that is requested again while it runs visits all flows once more. */
static void walk_is_requested_again(void **state UNUSED)
{
	struct event ev = { .type = EVENT_CONN };

	for (unsigned int i = 0; i < 2000; i++) {
		ev.conn = conn_of(one, i + 1);
		ev.conn.orig.sport = (uint16_t)i;
		ev.conn.reply = tuple_inverse(&ev.conn.orig);
		engine_feed(rig.engine, &ev, rig.now);
	}
	ev = (struct event){ .type = EVENT_FLUSH };
	ev.flush.tuple = tuple_of("udp 10.0.2.1:1999 > 10.0.3.1:53");
	engine_feed(rig.engine, &ev, rig.now);
	assert_true(engine_tick(rig.engine, rig.now));
	/* The walk has already passed this flow. */
	ev.flush.tuple = tuple_of("udp 10.0.2.1:3 > 10.0.3.1:53");
	engine_feed(rig.engine, &ev, rig.now);
	while (engine_tick(rig.engine, rig.now))
		;
	assert_int_equal(rig.engine->n_reason[REASON_FLUSHED], 2);
	assert_int_equal(flow_of("udp 10.0.2.1:3 > 10.0.3.1:53")->reason, REASON_FLUSHED);
	assert_int_equal(flow_of("udp 10.0.2.1:1999 > 10.0.3.1:53")->reason, REASON_FLUSHED);
	/* Then the requests are forgotten. */
	assert_int_equal(rig.engine->n_flush, 0);
}

/* A change is settled while the walk is still showing it to the flows: they lose their marks first,
 * and get them back behind the walk. */
static void no_flow_misses_a_change(void **state UNUSED)
{
	const struct counter *revoked = counter_find("marks_revoked");
	uint64_t before = counter_read(revoked);
	struct event ev = { .type = EVENT_CONN };

	for (unsigned int i = 0; i < 2000; i++) {
		ev.conn = conn_of(one, i + 1);
		ev.conn.orig.sport = (uint16_t)i;
		ev.conn.reply = tuple_inverse(&ev.conn.orig);
		ev.conn.mark = rig.kernel.settings.mark;
		ev.conn.has |= CONN_HAS_MARK;
		engine_feed(rig.engine, &ev, rig.now);
	}
	ev = (struct event){ .type = EVENT_RULESET, .ruleset = { .change = 1, .everything = true } };
	engine_feed(rig.engine, &ev, rig.now);
	ev = (struct event){ .type = EVENT_RULESET_SETTLED, .change = 1 };
	engine_feed(rig.engine, &ev, rig.now);
	while (engine_tick(rig.engine, rig.now))
		;
	assert_int_equal(counter_read(revoked) - before, 2000);
	assert_int_equal(rig.engine->n_revoked, 0);
	assert_int_equal(rig.engine->flows.ask.count, 2000);
}

static int setup_large_by_mark(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.max_flows = 4000;
	s.admit = ADMIT_MARK;
	s.mark = 0x1000;
	start(&s);
	return 0;
}

static int setup_large(void **state UNUSED)
{
	struct settings s = rig_settings();

	s.max_flows = 4000;
	start(&s);
	return 0;
}

/* -- views ---------------------------------------------------------------- */

static void views(void **state UNUSED)
{
	struct fake_conn *c = add(one, 7);
	struct view_totals t;
	struct view_flow v;
	struct tuple other = tuple_of("udp 10.0.2.1:9 > 10.0.3.1:53");

	rig_settle(&rig);
	fake_packets(&rig.kernel, c, DIR_ORIG, 10, 1000, rig.now);
	rig_sample(&rig);
	view_totals(rig.engine, &t);
	assert_int_equal(t.n_flows, 1);
	assert_int_equal(t.max_flows, 64);
	assert_int_equal(t.n_state[FLOW_ACTIVE], 1);
	assert_int_equal(t.forwarded[DIR_ORIG].pkts, 10);
	assert_int_equal(t.forwarded[DIR_ORIG].bytes, 1000);
	assert_true(view_flow(rig.engine, &c->conn.orig, 7, &v));
	assert_int_equal(v.state, FLOW_ACTIVE);
	assert_int_equal(v.reason, REASON_NONE);
	assert_true(v.in_hw);
	assert_int_equal(v.egress[DIR_ORIG], 3);
	assert_int_equal(v.egress[DIR_REPLY], 2);
	assert_int_equal(v.forwarded[DIR_ORIG].pkts, 10);
	assert_true(view_has_rules(rig.engine, &c->conn.orig));
	/* Wrong id, or wrong tuple. */
	assert_false(view_flow(rig.engine, &c->conn.orig, 8, &v));
	assert_false(view_flow(rig.engine, &other, 7, &v));
	assert_false(view_has_rules(rig.engine, &other));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_parameters),
		TEST(nothing_to_do),
		TEST(progress_of_a_stop),
		TEST(stale_answers),
		TEST(unknown_objects),
		TEST(unexpected_port_answer),
		TEST(foreign_samples),
		TEST(same_id_after_the_end),
		TEST(same_id_other_translation),
		TEST(late_end_with_the_same_id),
		TEST(questions_while_one_is_out),
		TEST(answer_with_an_old_mark),
		TEST(unfinished_path_walk),
		TEST(many_dumps),
		TEST(own_events),
		cmocka_unit_test_setup_teardown(walks_are_sliced, setup_large, teardown),
		cmocka_unit_test_setup_teardown(walk_is_requested_again, setup_large, teardown),
		cmocka_unit_test_setup_teardown(no_flow_misses_a_change, setup_large_by_mark, teardown),
		TEST(views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

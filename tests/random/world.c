/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/policy.h"

/* splitmix64 */
uint32_t world_below(struct world_random *r, uint32_t n)
{
	uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return (uint32_t)((x >> 32) * n >> 32);
}

static uint32_t below(struct world *w, uint32_t n)
{
	return world_below(&w->rnd, n);
}

static bool one_in(struct world *w, uint32_t n)
{
	return below(w, n) == 0;
}

void world_queue_add(struct world_queue *q, const struct event *ev)
{
	if (q->n == q->size) {
		q->has_lost = true;
		q->ever_lost = true;
		return;
	}
	q->event[q->n++] = *ev;
}

static bool queue_take(struct world_queue *q, struct event *ret)
{
	if (q->n == 0)
		return false;
	*ret = q->event[0];
	memmove(&q->event[0], &q->event[1], --q->n * sizeof(q->event[0]));
	return true;
}

/* -- a world -------------------------------------------------------------- */

static struct settings random_settings(struct world *w)
{
	struct settings s = rig_settings();

	s.max_flows = 4 + below(w, 40);
	s.admit = one_in(w, 2) ? ADMIT_MARK : ADMIT_EVENTS;
	s.mark = 0x1000;
	if (one_in(w, 8))
		s.offload = one_in(w, 2) ? OFFLOAD_OBSERVE : OFFLOAD_SOFTWARE;
	s.max_swaps = below(w, 5);
	if (one_in(w, 3))
		s.hw_table_size = 3 + below(w, 20);
	if (one_in(w, 4)) {
		s.auto_devices = false;
		s.n_devices = 3;
		for (unsigned int i = 0; i < 3; i++)
			snprintf(s.device[i], LINK_NAME_SIZE, "eth%u", i);
	}
	return s;
}

static void random_driver(struct world *w, struct fake_driver *d)
{
	if (!one_in(w, 3))
		return;
	d->classes = one_in(w, 2) ? RECIPE_CLASSES_ALL : (uint16_t)below(w, 0x10000);
	d->has_one_prio = one_in(w, 3);
	d->form = one_in(w, 3) ? RULE_WITH_CSUM : 0;
	d->takes_odd = one_in(w, 8);
}

void world_init(struct world *w, uint64_t seed)
{
	struct settings settings;

	memset(w, 0, sizeof(*w));
	w->rnd.state = seed;
	settings = random_settings(w);
	rig_init(&w->rig, &settings, 1 + below(w, 3), seed);
	w->rig.kernel.max_conns = 256;
	w->next_ifindex = 2;
	w->next_id = 1;
	w->has_faults = !one_in(w, 4);
	w->has_losses = one_in(w, 2);
	w->has_counters = one_in(w, 2);
	w->has_cards = one_in(w, 4);
	w->haste = 8u << below(w, 4);
	random_driver(w, &w->rig.kernel.driver);
	w->ct.size = one_in(w, 3) ? 3 : WORLD_QUEUE;
	w->rt.size = one_in(w, 3) ? 6 : WORLD_QUEUE;
}

void world_fini(struct world *w)
{
	rig_fini(&w->rig);
}

/* -- connections ---------------------------------------------------------- */

static struct fake_conn *any_conn(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; k->n_conns && i < 8; i++) {
		struct fake_conn *c = &k->conn[below(w, k->n_conns)];

		if (c->exists)
			return c;
	}
	return NULL;
}

/* What an event says: all, or all but the TCP state. */
static void say_conn(struct world *w, const struct fake_conn *c, bool has_state)
{
	struct event ev = { .type = EVENT_CONN, .is_own = one_in(w, 16) };

	if (c->is_silent)
		return;
	fake_report_event(c, w->rig.now, &ev.conn);
	if (!has_state)
		ev.conn.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	world_queue_add(&w->ct, &ev);
}

static void say_end(struct world *w, const struct fake_conn *c)
{
	struct event ev = { .type = EVENT_CONN_DESTROY };

	if (c->is_silent)
		return;
	fake_report(c, w->rig.now, &ev.conn);
	world_queue_add(&w->ct, &ev);
}

static bool is_used(struct world *w, const struct tuple *t)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		if (k->conn[i].exists && (tuple_is_equal(&k->conn[i].conn.orig, t) ||
					  tuple_is_equal(&k->conn[i].conn.reply, t)))
			return true;
	}
	return false;
}

/* A tuple of one of few hosts and ports, so that they meet again. */
static void random_tuples(struct world *w, struct conn *c)
{
	unsigned int from = below(w, WORLD_NETS), to = below(w, WORLD_NETS);
	bool is_ip6 = one_in(w, 3);
	struct tuple *t = &c->orig;

	*t = (struct tuple){ .family = is_ip6 ? FAMILY_IP6 : FAMILY_IP4,
			     .proto = one_in(w, 2) ? L4_TCP : L4_UDP };
	world_address(from, 1 + below(w, WORLD_HOSTS), is_ip6, &t->src);
	world_address(to, one_in(w, 16) ? 254 : 1 + below(w, WORLD_HOSTS), is_ip6, &t->dst);
	t->sport = (uint16_t)(1000 + below(w, 2));
	t->dport = (uint16_t)(80 + below(w, 2));
	c->reply = tuple_inverse(t);
	if (one_in(w, 3)) { /* masquerade */
		world_address(to, 254, is_ip6, &c->reply.dst);
		c->reply.dport = (uint16_t)(5000 + below(w, 50));
	} else if (one_in(w, 4)) { /* port forwarding */
		world_address(from, 254, is_ip6, &t->dst);
		t->dport = (uint16_t)(8000 + below(w, 4));
	}
}

/* Nothing can be heard any more of those that lived and died unheard. */
static void bury_unheard(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; w->ct.n == 0 && i < k->n_conns; i++) {
		if (!k->conn[i].exists && !k->conn[i].is_told)
			k->conn[i].is_told_gone = true;
	}
}

static void new_conn(struct world *w)
{
	struct conn c = { .id = w->next_id++ };
	struct fake_conn *fc;

	random_tuples(w, &c);
	fc = fake_find_conn(&w->rig.kernel, &c.orig);
	if (fc && one_in(w, 2)) {
		fc->exists = false;
		say_end(w, fc);
	}
	if (is_used(w, &c.orig) || is_used(w, &c.reply))
		return;
	c.timeout_s = c.orig.proto == L4_TCP ? 432000 : 120;
	if (c.orig.proto == L4_TCP)
		c.tcp_state = one_in(w, 4) ? CONN_TCP_SYN_RECV : CONN_TCP_ESTABLISHED;
	c.status = one_in(w, 4) ? 0 : CONN_ASSURED | CONN_SEEN_REPLY;
	c.mark = (one_in(w, 4) ? 0 : 0x1000) | below(w, 2);
	c.has = w->has_counters ? CONN_HAS_COUNTERS : 0;
	bury_unheard(w);
	fc = fake_add_conn(&w->rig.kernel, &c, w->rig.now);
	if (!fc)
		return;
	fc->is_silent = one_in(w, 8);
	say_conn(w, fc, !one_in(w, 4));
}

static void change_tcp(struct world *w, struct fake_conn *c)
{
	static const struct {
		uint8_t state;
		uint32_t timeout_s;
	} to[] = {
		{ CONN_TCP_ESTABLISHED, 432000 }, { CONN_TCP_FIN_WAIT, 120 },
		{ CONN_TCP_CLOSE_WAIT, 60 },	  { CONN_TCP_LAST_ACK, 30 },
		{ CONN_TCP_TIME_WAIT, 120 },	  { CONN_TCP_CLOSE, 10 },
	};
	unsigned int n = below(w, array_size(to));

	/* What closes or opens again does so by a packet on the CPU. */
	c->was_harmed = true;
	c->conn.tcp_state = to[n].state;
	fake_set_timeout(c, to[n].timeout_s, w->rig.now);
}

static void change_conn(struct world *w)
{
	static const uint32_t bits[] = { CONN_OFFLOAD, CONN_SEQ_ADJUST, CONN_DYING,
					 CONN_FIXED_TIMEOUT, CONN_EXPECTED };
	struct fake_conn *c = any_conn(w);
	bool has_state = one_in(w, 2);

	if (!c)
		return;
	switch (below(w, 10)) {
	case 0:
	case 1:
	case 2:
		c->conn.status |= CONN_ASSURED | CONN_SEEN_REPLY;
		c->conn.mark |= 0x1000;
		break;
	case 3:
		c->conn.mark ^= 0x1000;
		break;
	case 4:
		c->conn.mark ^= 0x1;
		break;
	case 5:
		c->conn.has ^= one_in(w, 4) ? CONN_HAS_HELPER : 0;
		break;
	case 6:
	case 7:
		if (c->conn.orig.proto == L4_TCP) {
			change_tcp(w, c);
			has_state = true;
		}
		break;
	case 8:
		c->conn.status ^= bits[below(w, array_size(bits))];
		break;
	default:
		c->exists = false;
		say_end(w, c);
		return;
	}
	say_conn(w, c, has_state);
}

static void move_packets(struct world *w)
{
	struct fake_conn *c = any_conn(w);
	uint32_t pkts = 1 + below(w, 20);

	if (c && fake_packets(&w->rig.kernel, c, below(w, 2), pkts, pkts * 100, w->rig.now))
		w->forwarded += pkts;
}

/* -- reading the queues --------------------------------------------------- */

static void read_events(struct world *w)
{
	struct event ev;

	for (unsigned int n = 1 + below(w, 4); n > 0 && queue_take(&w->ct, &ev); n--)
		rig_feed(&w->rig, &ev);
	if (w->rt.has_lost && one_in(w, 4))
		world_read_topology(w);
	for (unsigned int n = 1 + below(w, 4); n > 0 && queue_take(&w->rt, &ev); n--)
		rig_feed(&w->rig, &ev);
}

static void dump_some(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int n = 1 + below(w, 8); n > 0 && w->dump_cursor < k->n_conns; n--) {
		struct fake_conn *c = &k->conn[w->dump_cursor++];

		/* An entry that moves meanwhile may be missed. */
		if (c->exists && !one_in(w, 16))
			rig_report(&w->rig, c, true);
	}
	if (w->dump_cursor < k->n_conns && !one_in(w, 16))
		return;
	w->is_dumping = false;
	if (w->dump_cursor < k->n_conns) {
		rig_feed_type(&w->rig, EVENT_RESYNC_ABORT);
		w->ct.has_lost = true;
	} else {
		rig_feed_type(&w->rig, EVENT_RESYNC_END);
	}
}

static void resync(struct world *w)
{
	if (w->is_dumping) {
		dump_some(w);
	} else if (w->ct.n == 0 && (w->ct.has_lost || one_in(w, 16))) {
		w->ct.has_lost = false;
		w->is_dumping = true;
		w->dump_cursor = 0;
		rig_feed_type(&w->rig, EVENT_RESYNC_BEGIN);
	}
}

/* -- orders --------------------------------------------------------------- */

static int random_errno(struct world *w)
{
	static const int errs[] = { -EOPNOTSUPP, -ENOSPC, -EBUSY, -ENOMEM, -EINVAL };

	return errs[below(w, array_size(errs))];
}

static void add_fault(struct world *w)
{
	struct fake_faults *f = &w->rig.kernel.faults;

	switch (below(w, 10)) {
	case 0:
		f->refuse_nth = 1 + below(w, 4);
		f->refuse_err = random_errno(w);
		break;
	case 1:
		f->lose_install = true;
		f->install_left = below(w, 3);
		break;
	case 2:
		f->removal_err = random_errno(w);
		f->removal_left = below(w, 3);
		break;
	case 3:
		f->care_err = -EPERM;
		break;
	case 4:
		f->port_err = one_in(w, 4) ? random_errno(w) : 0;
		break;
	case 5:
		f->lookup_err = -ENOBUFS;
		break;
	case 6:
		f->refresh_err = -ETIMEDOUT;
		break;
	case 7:
		f->bad_ifindex = w->net[below(w, WORLD_NETS)].ifindex;
		f->bad_err = one_in(w, 2) ? random_errno(w) : 0;
		break;
	case 8:
		f->dead_installs = w->has_losses && one_in(w, 3);
		break;
	default:
		f->capacity = one_in(w, 2) ? 4 + below(w, 16) : 0;
		break;
	}
}

/* -- what happens to rules ------------------------------------------------ */

static void take_away(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	struct fake_conn *c = any_conn(w);
	uint32_t ifindex = w->net[below(w, WORLD_NETS)].ifindex;
	struct fake_link *l = fake_find_link(k, ifindex);

	switch (below(w, 8)) {
	case 0:
		fake_delete_clsact(k, ifindex);
		break;
	case 1:
		if (l)
			l->guards &= (uint8_t)below(w, 3);
		break;
	case 2:
	case 3:
	case 4:
		if (c && one_in(w, 2))
			fake_kill_rules(k, c->conn.id);
		else if (c)
			fake_kill_rule(k, c->conn.id, below(w, 2));
		break;
	default:
		if (c)
			fake_delete_rule(k, c->conn.id, below(w, 2));
		break;
	}
}

static unsigned int count_lost(void)
{
	return (unsigned int)counter_read(counter_find("rules_lost"));
}

static void finish_walks(struct world *w)
{
	struct engine *e = w->rig.engine;

	for (unsigned int i = 0; i < 100 && engine_tick(e, w->rig.now); i++)
		;
}

/* Now and then some port cannot be read. */
static void spoil_round(struct world *w)
{
	for (unsigned int i = 0; i < FAKE_LINKS; i++)
		w->rig.kernel.link[i].is_unreadable = w->has_losses && one_in(w, 8);
}

/* Whole: what is gone is found, and nothing else is taken for gone. */
static void sample(struct world *w)
{
	unsigned int n_gone, n_lost;

	spoil_round(w);
	if (one_in(w, 3)) {
		rig_sample(&w->rig);
		return;
	}
	finish_walks(w);
	n_gone = world_count_gone(w, false);
	n_lost = count_lost();
	rig_sample(&w->rig);
	finish_walks(w);
	n_lost = count_lost() - n_lost;
	if (n_lost > n_gone)
		fake_complain(&w->rig.kernel, "%u flows lost, of %u", n_lost, n_gone);
	if (world_count_gone(w, true))
		fake_complain(&w->rig.kernel, "a rule is gone, and a round did not find it");
}

/* -- workers -------------------------------------------------------------- */

static void set_stuck(struct world *w, unsigned int worker, bool is_stuck)
{
	w->is_stuck[worker] = is_stuck;
	w->rig.is_held[fake_lane(ORDER_INSTALL, worker)] = is_stuck;
	w->rig.is_held[fake_lane(ORDER_REMOVE, worker)] = is_stuck;
}

static void tell_stuck(struct world *w, unsigned int worker)
{
	struct event ev = { .type = EVENT_WORKER };

	w->is_told[worker] = w->is_stuck[worker];
	ev.worker.worker = (uint8_t)worker;
	ev.worker.is_stuck = w->is_stuck[worker];
	rig_feed(&w->rig, &ev);
}

/* Some time lies between what a worker does and what the engine hears of it. */
static void step_worker(struct world *w)
{
	unsigned int worker = below(w, w->rig.n_workers);

	if (w->is_told[worker] != w->is_stuck[worker])
		tell_stuck(w, worker);
	else
		set_stuck(w, worker, !w->is_stuck[worker] && one_in(w, 3));
}

static void free_workers(struct world *w)
{
	for (unsigned int i = 0; i < w->rig.n_workers; i++) {
		set_stuck(w, i, false);
		tell_stuck(w, i);
	}
}

static void hand_out(struct world *w)
{
	w->rig.room = 1 + below(w, w->haste);
	rig_hand_out(&w->rig);
}

static void work(struct world *w)
{
	for (unsigned int n = 1 + below(w, w->haste); n > 0; n--) {
		unsigned int lane = below(w, rig_n_lanes(&w->rig));

		/* There are more questions than all else. */
		if (one_in(w, 2))
			lane = 0;
		if (w->rig.is_held[lane])
			continue;
		if (one_in(w, 2) || !rig_answer(&w->rig, lane))
			fake_execute(&w->rig.kernel, lane, w->rig.now);
	}
}

/* -- time and the operator ------------------------------------------------ */

static void pass_time(struct world *w)
{
	struct fake_conn *c;

	/* What is read late tells a wrong time of expiry. */
	for (unsigned int i = 0; i < w->ct.n; i++) {
		c = fake_conn_by_id(&w->rig.kernel, w->ct.event[i].conn.id);
		if (c)
			c->was_harmed = true;
	}
	w->rig.now = mono_add_ms(w->rig.now, one_in(w, 8) ? below(w, 20000) : below(w, 200));
	while ((c = fake_expire(&w->rig.kernel, w->rig.now)))
		say_end(w, c);
}

static void flush(struct world *w)
{
	struct event ev = { .type = EVENT_FLUSH };
	const struct fake_conn *c = any_conn(w);

	ev.flush.all = !c || one_in(w, 16);
	if (c)
		ev.flush.tuple = one_in(w, 2) ? c->conn.orig : c->conn.reply;
	rig_feed(&w->rig, &ev);
}

void world_step(struct world *w)
{
	uint32_t dice = below(w, 100);

	if (dice < 6)
		new_conn(w);
	else if (dice < 11)
		change_conn(w);
	else if (dice < 12)
		world_step_topology(w);
	else if (dice < 27)
		move_packets(w);
	else if (dice < 32)
		sample(w);
	else if (dice < 44)
		read_events(w);
	else if (dice < 47)
		resync(w);
	else if (dice < 62)
		hand_out(w);
	else if (dice < 82)
		work(w);
	else if (dice < 87)
		pass_time(w);
	else if (dice < 88)
		flush(w);
	else if (dice < 90 && w->has_faults)
		add_fault(w);
	else if (dice < 92 && w->has_losses)
		take_away(w);
	else if (dice < 93)
		step_worker(w);
	else
		engine_tick(w->rig.engine, w->rig.now);
}

/* -- rest ----------------------------------------------------------------- */

static void drain_queues(struct world *w)
{
	struct event ev;

	while (queue_take(&w->ct, &ev))
		rig_feed(&w->rig, &ev);
	while (queue_take(&w->rt, &ev))
		rig_feed(&w->rig, &ev);
	w->ct.has_lost = false;
}

/* A port that failed is tried again when its link changes. */
static void shake_links(struct world *w)
{
	for (unsigned int n = 0; n < WORLD_NETS; n++) {
		const struct fake_link *l = fake_find_link(&w->rig.kernel, w->net[n].ifindex);
		struct event ev = { .type = EVENT_LINK };

		if (!w->net[n].ifindex || !l)
			continue;
		ev.link = l->link;
		ev.link.mtu++;
		rig_feed(&w->rig, &ev);
		ev.link.mtu--;
		rig_feed(&w->rig, &ev);
	}
}

static void stream(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		for (unsigned int d = 0; k->conn[i].exists && d < DIR__COUNT; d++)
			w->forwarded +=
				fake_packets(k, &k->conn[i], d, 1, 100, w->rig.now);
	}
}

/* Connections in use that nobody may let die. */
static unsigned int count_used(struct world *w)
{
	const struct fake *k = &w->rig.kernel;
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		const struct fake_conn *c = &k->conn[i];

		n += c->exists && !(c->conn.status & CONN_FIXED_TIMEOUT) &&
		     policy_conn(&k->settings, k->told_epoch, &c->conn) == REASON_NONE;
	}
	return n;
}

/* Orders that move flows. In a full table those that a dump shows again push each
 * other out, and are looked up each time. */
static uint64_t count_moves(struct world *w)
{
	const struct fake *k = &w->rig.kernel;
	bool is_full = slab_count(&w->rig.engine->flows.flows) == k->settings.max_flows;

	return (is_full ? 0 : k->n_orders[ORDER_LOOKUP]) + k->n_orders[ORDER_INSTALL] +
	       k->n_orders[ORDER_REMOVE] + k->n_orders[ORDER_PORT_OPEN] +
	       k->n_orders[ORDER_PORT_CLOSE] + k->n_orders[ORDER_PROBE];
}

/* A learnt limit is raised for ever while flows wait. */
static bool is_growing(struct world *w)
{
	const struct nic *nic = w->rig.engine->paths.nic;

	for (unsigned int i = 0; nic && i < NIC_MAX_CARDS; i++) {
		if (nic->card[i].source == CARD_SIZE_LEARNT)
			return true;
	}
	return false;
}

/* Longer than every pause, with packets and samples every second. */
static void use_all(struct world *w)
{
	struct fake *k = &w->rig.kernel;
	unsigned int n_used = count_used(w);
	uint64_t n_moves = 0;

	for (unsigned int i = 0; i < 400; i++) {
		if (i == 390)
			n_moves = count_moves(w);
		stream(w);
		rig_sample(&w->rig);
		if (i % 2 && engine_wants_dumps(w->rig.engine))
			rig_resync(&w->rig);
		rig_advance(&w->rig, mono_add_ms(w->rig.now, 1000));
	}
	if (count_used(w) != n_used)
		fake_complain(k, "%u connections in use, of %u", count_used(w), n_used);
	if (count_moves(w) != n_moves && !is_growing(w))
		fake_complain(k, "no rest");
}

void world_rest(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	memset(&k->faults, 0, sizeof(k->faults));
	for (unsigned int i = 0; i < FAKE_LINKS; i++)
		k->link[i].is_unreadable = false;
	w->rig.room = 0;
	free_workers(w);
	drain_queues(w);
	world_read_topology(w);
	shake_links(w);
	rig_settle(&w->rig);
	/* Closing connections would go of themselves in the time that follows. */
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (c->exists && policy_conn(&k->settings, k->told_epoch, &c->conn) != REASON_NONE)
			c->expires = MONO_NEVER;
	}
	rig_resync(&w->rig);
	use_all(w);
	/* What did not fit at first may fit now. */
	for (unsigned int i = 0; i < 3; i++) {
		rig_resync(&w->rig);
		rig_settle(&w->rig);
	}
}

void world_stop(struct world *w)
{
	w->is_stopping = true;
	w->rig.room = 0;
	/* Some come back only then. */
	if (one_in(w, 2))
		free_workers(w);
	rig_feed_type(&w->rig, EVENT_STOP);
	for (unsigned int i = 0; i < 30; i++) {
		if (i < 5 && w->has_faults)
			add_fault(w);
		else
			memset(&w->rig.kernel.faults, 0, sizeof(w->rig.kernel.faults));
		w->rig.kernel.faults.port_err = 0;
		if (i == 5)
			free_workers(w);
		rig_advance(&w->rig, mono_add_ms(w->rig.now, 1000));
		world_check(w);
	}
	if (!engine_is_stopped(w->rig.engine))
		fake_complain(&w->rig.kernel, "never stops");
	fake_check_empty(&w->rig.kernel);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/policy.h"
#include "core/view.h"

static uint32_t below(struct world *w, uint32_t n)
{
	return splitmix_below(&w->rnd, n);
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
	q->marked_at[q->n] = 0;
	q->event[q->n++] = *ev;
}

static bool queue_take(struct world_queue *q, struct event *ret, uint32_t *ret_marked_at)
{
	if (q->n == 0)
		return false;
	*ret = q->event[0];
	*ret_marked_at = q->marked_at[0];
	memmove(&q->event[0], &q->event[1], --q->n * sizeof(q->event[0]));
	memmove(&q->marked_at[0], &q->marked_at[1], q->n * sizeof(q->marked_at[0]));
	return true;
}

/* -- a world -------------------------------------------------------------- */

static struct settings random_settings(struct world *w)
{
	struct settings s = rig_settings();

	s.max_flows = w->is_crowded ? 64 + below(w, 64) : 4 + below(w, 40);
	world_random_admission(w, &s);
	if (!w->is_crowded && one_in(w, 8))
		s.offload = one_in(w, 2) ? OFFLOAD_OBSERVE : OFFLOAD_SOFTWARE;
	s.max_swaps = below(w, 5);
	if (!w->is_crowded && one_in(w, 3))
		s.hw_table_size = 3 + below(w, 20);
	if (!w->is_crowded && one_in(w, 4)) {
		s.auto_devices = false;
		s.n_devices = 3;
		for (unsigned int i = 0; i < 3; i++)
			snprintf(s.device[i], LINK_NAME_SIZE, "eth%u", i);
	}
	return s;
}

static void random_driver(struct world *w, struct fake_driver *d)
{
	if (w->is_crowded || !one_in(w, 3))
		return;
	d->classes = one_in(w, 2) ? RECIPE_CLASSES_ALL : (uint16_t)below(w, 0x10000);
	d->has_one_prio = one_in(w, 3);
	d->form = one_in(w, 3) ? RULE_WITH_CSUM : 0;
	d->form |= one_in(w, 2) ? RULE_WITH_MTU : 0;
	d->sets_only = d->form == 0 && one_in(w, 2);
	d->takes_odd = one_in(w, 8);
	d->no_tags = one_in(w, 2) ? below(w, 1u << VLAN_ENCAP__COUNT * VLAN_ENCAP__COUNT) : 0;
}

void world_init(struct world *w, uint64_t seed)
{
	struct settings settings;

	memset(w, 0, sizeof(*w));
	w->rnd.state = seed;
	w->is_crowded = one_in(w, 3);
	settings = random_settings(w);
	rig_init(&w->rig, &settings, 1 + below(w, 3), seed);
	w->rig.kernel.max_conns = 256;
	w->rig.kernel.ruleset_time = 1;
	w->next_ifindex = 2;
	w->next_id = 1;
	w->has_faults = !one_in(w, 4);
	w->has_losses = one_in(w, 2);
	w->has_counters = one_in(w, 2);
	w->has_policy = settings.admit == ADMIT_NFT && one_in(w, 2);
	w->has_cards = one_in(w, 4);
	w->has_vlans = settings.offload == OFFLOAD_HARDWARE && one_in(w, 2);
	w->has_bridges = settings.offload == OFFLOAD_HARDWARE && one_in(w, 3);
	w->haste = 8u << below(w, 4);
	random_driver(w, &w->rig.kernel.driver);
	w->ct.size = one_in(w, 3) ? 3 : WORLD_QUEUE;
	w->rt.size = one_in(w, 3) ? 6 : WORLD_QUEUE;
	if (w->is_crowded)
		world_add_nets(w);
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

/* Queues an event with all facts, or with all but the TCP state. */
void world_say_conn(struct world *w, const struct fake_conn *c, bool has_state, bool is_own)
{
	struct event ev = { .type = EVENT_CONN, .is_own = is_own };
	unsigned int n = w->ct.n;

	if (c->is_silent)
		return;
	fake_report_event(c, w->rig.now, &ev.conn);
	if (!has_state)
		ev.conn.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	world_queue_add(&w->ct, &ev);
	if (w->ct.n > n)
		w->ct.marked_at[n] = c->marked_at;
}

/* Some events are our own. */
static void say_conn(struct world *w, const struct fake_conn *c, bool has_state)
{
	world_say_conn(w, c, has_state, one_in(w, 16));
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

/* Takes few hosts and ports, so tuples are reused. */
static void random_tuples(struct world *w, struct conn *c)
{
	unsigned int from = below(w, WORLD_NETS), to = below(w, WORLD_NETS);
	bool is_ip6 = one_in(w, 3);
	struct tuple *t = &c->orig;

	if (w->is_crowded && from == to)
		to = (to + 1) % WORLD_NETS;
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

/* With an empty queue, no event can follow about connections that ended without being reported. */
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
	c.mark = (world_has_ruleset(w) || one_in(w, 4) ? 0 : 0x1000) | below(w, 2);
	c.has = w->has_counters ? CONN_HAS_COUNTERS : 0;
	bury_unheard(w);
	fc = fake_add_conn(&w->rig.kernel, &c, w->rig.now);
	if (!fc)
		return;
	fc->is_silent = one_in(w, 8);
	fc->is_denied = world_has_ruleset(w) && one_in(w, 6);
	fc->has_packet_mark = w->has_policy && one_in(w, 4);
	for (unsigned int d = 0; d < DIR__COUNT && fc->has_packet_mark; d++)
		fc->packet_mark[d] = below(w, 2);
	fc->has_tos = w->has_policy && one_in(w, 4);
	say_conn(w, fc, !one_in(w, 4));
	if (one_in(w, 2))
		world_pass(w, fc);
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

	/* A change of the TCP state means a packet on the CPU. */
	c->was_harmed = true;
	c->conn.tcp_state = to[n].state;
	fake_set_timeout(c, to[n].timeout_s, w->rig.now);
}

/* The route between a host and the router has another length now. */
static void change_ttl(struct world *w, struct fake_conn *c)
{
	c->was_harmed = true;
	c->ttl[below(w, DIR__COUNT)] = (uint8_t)(2 + below(w, 254));
}

static void change_conn(struct world *w)
{
	static const uint32_t bits[] = { CONN_OFFLOAD, CONN_SEQ_ADJUST, CONN_DYING,
					 CONN_FIXED_TIMEOUT, CONN_EXPECTED };
	struct fake_conn *c = any_conn(w);
	bool has_state = one_in(w, 2);

	if (!c)
		return;
	if (w->rig.kernel.driver.sets_only && one_in(w, 4)) {
		change_ttl(w, c);
		return;
	}
	switch (below(w, 10)) {
	case 0:
	case 1:
	case 2:
		c->conn.status |= CONN_ASSURED | CONN_SEEN_REPLY;
		if (!world_has_ruleset(w))
			c->conn.mark |= 0x1000;
		break;
	case 3:
		if (world_has_ruleset(w))
			c->conn.mark &= ~w->rig.kernel.settings.mark;
		else
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

/* Conntrack sees a packet before the ruleset may drop it. */
void world_burst(struct world *w, struct fake_conn *c, enum dir dir, uint32_t pkts)
{
	if (fake_packets(&w->rig.kernel, c, dir, pkts, pkts * 100, w->rig.now))
		w->forwarded += pkts;
	else
		world_pass(w, c);
}

static void move_packets(struct world *w)
{
	struct fake_conn *c = any_conn(w);
	uint32_t pkts = 1 + below(w, 20);

	if (c)
		world_burst(w, c, below(w, 2), pkts);
}

/* -- reading the queues --------------------------------------------------- */

static bool read_ct(struct world *w)
{
	struct event ev;

	if (!queue_take(&w->ct, &ev, &w->rig.kernel.read_marked_at))
		return false;
	rig_feed(&w->rig, &ev);
	w->rig.kernel.read_marked_at = 0;
	w->pass.n_unread -= w->pass.n_unread != 0;
	return true;
}

static bool read_rt(struct world *w)
{
	struct event ev;
	uint32_t ignored;

	if (!queue_take(&w->rt, &ev, &ignored))
		return false;
	rig_feed(&w->rig, &ev);
	return true;
}

static void read_events(struct world *w)
{
	for (unsigned int n = 1 + below(w, 4); n > 0 && read_ct(w); n--)
		;
	if (w->rt.has_lost && one_in(w, 4))
		world_read_topology(w);
	for (unsigned int n = 1 + below(w, 4); n > 0 && read_rt(w); n--)
		;
}

void world_read_all(struct world *w)
{
	while (read_ct(w))
		;
	while (read_rt(w))
		;
	w->ct.has_lost = false;
}

void world_end_dump(struct world *w, bool is_whole)
{
	w->is_dumping = false;
	w->pass.is_behind_dump = false;
	w->ct.has_lost |= !is_whole;
	rig_feed_type(&w->rig, is_whole ? EVENT_RESYNC_END : EVENT_RESYNC_ABORT);
}

static void dump_some(struct world *w)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int n = 1 + below(w, 8); n > 0 && w->dump_cursor < k->n_conns; n--) {
		struct fake_conn *c = &k->conn[w->dump_cursor++];

		/* A dump may miss an entry that moves meanwhile. */
		if (c->exists && !one_in(w, 16))
			rig_report(&w->rig, c, true);
	}
	if (w->dump_cursor < k->n_conns && !one_in(w, 16))
		return;
	world_end_dump(w, w->dump_cursor == k->n_conns);
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

void world_add_fault(struct world *w)
{
	struct fake_faults *f = &w->rig.kernel.faults;

	switch (below(w, 11)) {
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
		f->move_err = f->removal_err;
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
		f->bad_ifindex = world_port(w, below(w, WORLD_NETS));
		f->bad_err = one_in(w, 2) ? random_errno(w) : 0;
		break;
	case 8:
		f->dead_installs = w->has_losses && one_in(w, 3);
		break;
	case 9:
		f->barrier_err = random_errno(w);
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
	uint32_t ifindex = world_port(w, below(w, WORLD_NETS));
	struct fake_link *l = fake_find_link(k, ifindex);

	switch (below(w, 8)) {
	case 0:
		fake_delete_clsact(k, ifindex);
		break;
	case 1:
		if (l)
			l->guards &= (uint16_t)below(w, SLOT_GUARDS_ALL);
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

/* In some rounds, some ports cannot be read. */
static void spoil_round(struct world *w)
{
	for (unsigned int i = 0; i < FAKE_LINKS; i++)
		w->rig.kernel.link[i].is_unreadable = w->has_losses && one_in(w, 8);
}

/* A round finds all lost rules that it can, and takes no other for lost. */
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

/* The engine learns in a later step that a worker is stuck, or that it is free again. */
static void step_worker(struct world *w)
{
	unsigned int worker = below(w, w->rig.n_workers);

	if (w->is_told[worker] != w->is_stuck[worker])
		tell_stuck(w, worker);
	else
		set_stuck(w, worker, !w->is_stuck[worker] && one_in(w, 3));
}

void world_free_workers(struct world *w)
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

		/* There are more questions than other orders. */
		if (one_in(w, 2))
			lane = 0;
		if (w->rig.is_held[lane])
			continue;
		if (one_in(w, 2) || !rig_answer(&w->rig, lane))
			fake_execute(&w->rig.kernel, lane, w->rig.now);
		/* As in the daemon, no event is read between a question and its answer. */
		while (lane == 0 && world_has_ruleset(w) && rig_answer(&w->rig, 0))
			;
	}
}

/* -- another daemon -------------------------------------------------------- */

/* Like main(): removes our rules from links that are not ports, because nothing else does. */
static void sweep_others(struct world *w)
{
	const struct topology *paths = view_paths(w->rig.engine);
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot));) {
		struct fake_link *l = fake_find_link(&w->rig.kernel, rec->link.ifindex);

		slot++;
		if (!l || rec->port != PORT_NONE)
			continue;
		for (unsigned int i = w->rig.kernel.n_rules; i-- > 0;) {
			if (w->rig.kernel.rule[i].rule.ifindex == rec->link.ifindex)
				fake_remove_at(&w->rig.kernel, i);
		}
		l->guards = 0;
		l->has_clsact &= l->clsact_is_foreign;
	}
}

/* The engine dies at any time, and a new one goes on. Unread events are lost. */
static void restart(struct world *w)
{
	bool may_adopt = world_is_lawful(w);

	for (unsigned int i = 0; i < w->rig.n_workers; i++) {
		set_stuck(w, i, false);
		w->is_told[i] = false;
	}
	w->ct.n = 0;
	w->ct.has_lost = true;
	w->is_dumping = false;
	rig_restart(&w->rig, may_adopt);
	world_restart_ruleset(w, may_adopt);
	world_read_topology(w);
	sweep_others(w);
}

/* -- time and the operator ------------------------------------------------ */

static void pass_time(struct world *w)
{
	struct fake_conn *c;

	/* Events that are read late report a wrong expiry time. */
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

/* Mostly new connections and their offload. */
static void step_crowd(struct world *w)
{
	switch (below(w, 6)) {
	case 0:
		new_conn(w);
		break;
	case 1:
		for (unsigned int i = 0; i < 8; i++)
			move_packets(w);
		break;
	case 2:
		for (unsigned int i = 0; i < 8; i++)
			read_events(w);
		break;
	case 3:
		engine_tick(w->rig.engine, w->rig.now);
		hand_out(w);
		break;
	default:
		work(w);
		break;
	}
}

void world_step(struct world *w)
{
	uint32_t dice = below(w, 100);

	if (w->is_crowded && one_in(w, 3))
		step_crowd(w);
	else if (world_has_ruleset(w) && one_in(w, w->is_crowded ? 32 : 12))
		world_step_ruleset(w);
	else if (dice < 6)
		new_conn(w);
	else if (dice < 11)
		change_conn(w);
	else if (dice < 12 && (!w->is_crowded || one_in(w, 8)))
		world_step_topology(w);
	else if (dice < 13 && w->has_bridges)
		world_move_station(w);
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
		world_add_fault(w);
	else if (dice < 92 && w->has_losses)
		take_away(w);
	else if (dice < 93 && one_in(w, 8))
		restart(w);
	else if (dice < 93)
		step_worker(w);
	else
		engine_tick(w->rig.engine, w->rig.now);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rules/slot.h"
#include "fake/fakekernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/path/plan.h"
#include "core/flow/policy.h"

void fake_init(struct fake *k, const struct settings *settings, uint32_t instance)
{
	memset(k, 0, sizeof(*k));
	k->settings = *settings;
	k->instance = instance;
	k->driver.classes = RECIPE_CLASSES_ALL;
	k->max_conns = FAKE_CONNS;
}

void fake_fini(struct fake *k)
{
	for (unsigned int i = 0; i < FAKE_LANES; i++)
		free(k->lane[i].job);
	memset(k, 0, sizeof(*k));
}

void fake_complain(struct fake *k, const char *fmt, ...)
{
	size_t used = strlen(k->complaints);
	va_list args;

	k->n_complaints++;
	va_start(args, fmt);
	vsnprintf(k->complaints + used, sizeof(k->complaints) - used, fmt, args);
	va_end(args);
	used = strlen(k->complaints);
	snprintf(k->complaints + used, sizeof(k->complaints) - used, "; ");
}

struct link_hw fake_hw(void)
{
	return (struct link_hw){ .driver = FAKE_DRIVER,
				 .switch_id = { 0xfa, 0xce },
				 .switch_id_len = 2,
				 .tc = LINK_TC_ON };
}

/* -- links ---------------------------------------------------------------- */

/* The number of a link that exists, or FAKE_LINKS. */
static unsigned int number_of(const struct fake *k, uint32_t ifindex)
{
	unsigned int i;

	for (i = 0; i < FAKE_LINKS; i++) {
		if (k->link[i].exists && k->link[i].link.ifindex == ifindex)
			break;
	}
	return i;
}

struct fake_link *fake_find_link(struct fake *k, uint32_t ifindex)
{
	unsigned int n = number_of(k, ifindex);

	return n < FAKE_LINKS ? &k->link[n] : NULL;
}

bool fake_find_tags(struct fake *k, const struct link *l, struct vlan_tags *ret, uint32_t *ret_port)
{
	const struct fake_link *below;

	*ret = (struct vlan_tags){ 0 };
	for (; l->vlan.proto; l = &below->link) {
		below = fake_find_link(k, l->lower);
		if (!below || !vlan_push(ret, l->vlan))
			return false;
	}
	*ret_port = l->ifindex;
	return true;
}

struct fake_link *fake_put_link(struct fake *k, const struct link *link)
{
	struct fake_link *l = fake_find_link(k, link->ifindex);

	for (unsigned int i = 0; !l && i < FAKE_LINKS; i++) {
		if (!k->link[i].exists)
			l = &k->link[i];
	}
	if (!l)
		abort();
	if (!l->exists)
		*l = (struct fake_link){ .exists = true };
	l->link = *link;
	return l;
}

static void drop_rule(struct fake *k, unsigned int n)
{
	k->rule[n] = k->rule[--k->n_rules];
}

static void harm(struct fake *k, uint32_t ct_id)
{
	struct fake_conn *c = fake_conn_by_id(k, ct_id);

	if (c)
		c->was_harmed = true;
}

static void drop_rules_on(struct fake *k, uint32_t ifindex)
{
	for (unsigned int i = k->n_rules; i-- > 0;) {
		if (k->rule[i].rule.ifindex != ifindex)
			continue;
		harm(k, k->rule[i].rule.cookie.ct_id);
		drop_rule(k, i);
	}
}

void fake_del_link(struct fake *k, uint32_t ifindex)
{
	struct fake_link *l = fake_find_link(k, ifindex);

	if (!l)
		return;
	l->exists = false;
	drop_rules_on(k, ifindex);
	for (unsigned int i = k->n_routes; i-- > 0;) {
		if (k->route[i].answer.oif == ifindex)
			k->route[i] = k->route[--k->n_routes];
	}
}

/* -- routes --------------------------------------------------------------- */

static bool is_local(const struct fake_route *r)
{
	return r->answer.kind == ROUTE_LOCAL;
}

/* Local routes are in a table of their own. */
static bool is_same_route(const struct fake_route *a, const struct fake_route *b)
{
	return a->family == b->family && a->len == b->len && a->iif == b->iif &&
	       a->mark == b->mark && a->has_tos == b->has_tos && is_local(a) == is_local(b) &&
	       addr_is_equal(&a->prefix, &b->prefix);
}

void fake_del_route(struct fake *k, const struct fake_route *route)
{
	for (unsigned int i = 0; i < k->n_routes; i++) {
		if (is_same_route(&k->route[i], route)) {
			k->route[i] = k->route[--k->n_routes];
			return;
		}
	}
}

void fake_put_route(struct fake *k, const struct fake_route *route)
{
	fake_del_route(k, route);
	if (k->n_routes == FAKE_ROUTES)
		abort();
	k->route[k->n_routes++] = *route;
}

static bool is_in_prefix(const struct addr *addr, const struct fake_route *r)
{
	for (unsigned int bit = 0; bit < r->len; bit++) {
		unsigned int mask = 0x80u >> bit % 8;

		if ((addr->b[bit / 8] ^ r->prefix.b[bit / 8]) & mask)
			return false;
	}
	return true;
}

/* The local table comes first, then routes for a TOS, iif or mark; among equals, the longest prefix wins. */
static unsigned int rank(const struct fake_route *r)
{
	return r->len + (r->iif ? 512u : 0) + (r->mark ? 256u : 0) + (r->has_tos ? 1024u : 0) +
	       (is_local(r) ? 2048u : 0);
}

/* How long a note lasts (NFTLAYOUT_NOTES_TIMEOUT_MS). */
#define NOTES_LAST_MS 10000

/* The best route for this destination, or NULL. @vrf is that of the device of arrival; 0 = none. */
static const struct fake_route *best_route(const struct fake *k, const struct route_query *q,
					   bool has_tos, uint32_t vrf)
{
	const struct fake_route *best = NULL;

	for (unsigned int i = 0; i < k->n_routes; i++) {
		const struct fake_route *r = &k->route[i];

		if (r->family != q->family || !is_in_prefix(&q->dst, r) ||
		    (r->has_tos && !has_tos) || (r->mark && r->mark != q->mark) ||
		    (r->iif && r->iif != q->iif && r->iif != vrf))
			continue;
		if (!best || rank(r) > rank(best))
			best = r;
	}
	return best;
}

/* IPv4 forwards no packet whose source is an address of the router (fib_validate_source). It looks
 * up the source without the mark, unless src_valid_mark is set. IPv6 has no such check. */
static bool refuses_source(const struct fake *k, const struct route_query *q)
{
	const struct route_query ask = { .family = q->family, .dst = q->src };
	const struct fake_route *r;

	if (q->family != FAMILY_IP4 || !q->iif || !q->with_src)
		return false;
	r = best_route(k, &ask, false, 0);
	return r && is_local(r);
}

static struct route_answer no_route(int err)
{
	return (struct route_answer){ .kind = ROUTE_NONE, .err = err };
}

static void route_of(const struct fake *k, const struct route_query *q, bool has_tos,
		     struct route_answer *ret)
{
	unsigned int n = number_of(k, q->iif);
	const struct fake_route *best;

	/* inet_rtm_getroute and inet6_rtm_getroute look for the device first. */
	if (q->iif && n == FAKE_LINKS) {
		*ret = no_route(-ENODEV);
		return;
	}
	/* A packet that arrives in a VRF is looked up in its table (l3mdev_fib_rule_match). */
	best = best_route(k, q, has_tos, q->iif ? k->link[n].link.vrf : 0);
	if (!best)
		*ret = no_route(-ENETUNREACH);
	else if (best->answer.kind != ROUTE_NONE && refuses_source(k, q))
		*ret = no_route(-EINVAL);
	else if (best->answer.kind == ROUTE_ENCAP) /* routes_get() reads no more of it */
		*ret = (struct route_answer){ .kind = ROUTE_ENCAP };
	else
		*ret = best->answer;
}

void fake_ask_route(const struct fake *k, const struct route_query *q, struct route_answer *ret)
{
	route_of(k, q, false, ret);
}

static struct addr next_hop_of(const struct path_query *q, enum dir dir)
{
	const struct route_answer *a = &q->answer[dir == DIR_REPLY ? PATH_STEP_REVERSE : q->step == PATH_STEP_CONFIRM ?
								     PATH_STEP_CONFIRM : PATH_STEP_FORWARD];

	if (a->has_gateway && a->gateway_family == q->orig.family)
		return a->gateway;
	return dir == DIR_REPLY ? q->orig.src : q->reply.src;
}

static uint32_t arrival_of(struct fake *k, uint32_t ifindex)
{
	const struct fake_link *l = fake_find_link(k, ifindex);

	return l && l->link.vrf ? l->link.vrf : ifindex;
}

/* Finds the way of packets that arrive in this VRF; 0: in none. */
static bool find_way_in(struct fake *k, const struct fake_conn *c, uint32_t vrf, struct path_query *q)
{
	enum path_verdict verdict;
	enum reason reason;

	path_begin(q, &c->conn.orig, &c->conn.reply, settings_routing_mark(&k->settings, c->conn.mark), 0);
	if (c->has_packet_mark)
		path_use_marks(q, c->packet_mark);
	path_use_arrivals(q, (const uint32_t[]){ vrf, vrf });
	do {
		route_of(k, &q->ask, c->has_tos, &q->answer[q->step]);
		verdict = path_advance(q, &reason);
	} while (verdict == PATH_ASK);
	return verdict == PATH_FOUND;
}

/* The ways of packets of both directions: by default, that they go as the routes say. */
static void find_ways(struct fake *k, const struct fake_conn *c, struct seen_way ret[])
{
	struct path_query q;
	bool is_found = find_way_in(k, c, 0, &q);

	memset(ret, 0, DIR__COUNT * sizeof(ret[0]));
	for (unsigned int i = 0; i < FAKE_LINKS && !is_found; i++)
		is_found = k->link[i].exists && k->link[i].link.vrf && find_way_in(k, c, k->link[i].link.vrf, &q);
	if (!is_found)
		return;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		ret[d] = (struct seen_way){ .is_known = true,
					    .oif = c->other_oif[d] ? c->other_oif[d] : path_egress(&q, d),
					    .mark = q.mark[d],
					    .ttl = (uint8_t)(fake_ttl(c, d) - 1),
					    .age_ms = c->way_age_ms,
					    .next_hop = next_hop_of(&q, d) };
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		ret[d].iif = arrival_of(k, ret[dir_other(d)].oif);
}

void fake_note(struct fake *k, struct fake_conn *c, mono_t now)
{
	find_ways(k, c, c->noted);
	c->noted_at = now;
}

static void read_notes(struct fake *k, struct path_query *q, mono_t now)
{
	const struct fake_conn *c = fake_find_conn(k, &q->orig);
	int64_t age_ms;

	if (!c || c->way_is_unknown)
		return;
	if (!c->noted_at.us) {
		find_ways(k, c, q->seen);
		return;
	}
	age_ms = mono_diff_ms(now, c->noted_at);
	for (unsigned int d = 0; d < DIR__COUNT && age_ms < NOTES_LAST_MS; d++) {
		q->seen[d] = c->noted[d];
		q->seen[d].age_ms = (uint32_t)age_ms;
	}
}

enum path_verdict fake_walk(struct fake *k, struct path_query *q, mono_t now, enum reason *ret_reason)
{
	enum path_verdict verdict;

	if (q->asks_seen) {
		read_notes(k, q, now);
		for (unsigned int d = 0; d < DIR__COUNT && !q->asks_ttl; d++)
			q->seen[d].ttl = 0;
		path_use_notes(q);
	}
	do {
		fake_ask_route(k, &q->ask, &q->answer[q->step]);
		if (k->faults.lookup_err)
			q->answer[q->step] = (struct route_answer){ .kind = ROUTE_FAILED, .err = k->faults.lookup_err };
		k->faults.lookup_err = 0;
		verdict = path_advance(q, ret_reason);
	} while (verdict == PATH_ASK);
	return verdict;
}

/* -- connections ---------------------------------------------------------- */

struct fake_conn *fake_conn_by_id(struct fake *k, uint32_t id)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		if (k->conn[i].conn.id == id)
			return &k->conn[i];
	}
	return NULL;
}

struct fake_conn *fake_find_conn(struct fake *k, const struct tuple *orig)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		if (k->conn[i].exists && tuple_is_equal(&k->conn[i].conn.orig, orig))
			return &k->conn[i];
	}
	return NULL;
}

/* Returns a place for a new connection: one that was never used, or that of a connection
 * whose end the core was told. Returns NULL if there is none. */
static struct fake_conn *conn_place(struct fake *k)
{
	if (k->n_conns < k->max_conns)
		return &k->conn[k->n_conns++];
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (!c->exists && c->is_told_gone && fake_rules_of(k, c->conn.id) == 0)
			return c;
	}
	return NULL;
}

struct fake_conn *fake_add_conn(struct fake *k, const struct conn *conn, mono_t now)
{
	struct fake_conn *c = conn_place(k);

	if (!c)
		return NULL;
	*c = (struct fake_conn){ .conn = *conn, .exists = true, .policy_s = conn->timeout_s };
	c->conn.has |= CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_TIMEOUT | CONN_HAS_MARK;
	if (c->conn.orig.proto == L4_TCP)
		c->conn.has |= CONN_HAS_TCP_STATE;
	fake_set_timeout(c, conn->timeout_s, now);
	return c;
}

void fake_set_timeout(struct fake_conn *c, uint32_t timeout_s, mono_t now)
{
	c->expires = mono_add_ms(now, (int64_t)timeout_s * 1000);
}

void fake_report(const struct fake_conn *c, mono_t now, struct conn *ret)
{
	int64_t left_ms = mono_diff_ms(c->expires, now);

	*ret = c->conn;
	ret->timeout_s = left_ms > 0 ? (uint32_t)(left_ms / 1000) : 0;
}

void fake_report_event(const struct fake_conn *c, mono_t now, struct conn *ret)
{
	fake_report(c, now, ret);
	ret->has &= ~(uint32_t)CONN_HAS_COUNTERS;
	memset(ret->pkts, 0, sizeof(ret->pkts));
	memset(ret->bytes, 0, sizeof(ret->bytes));
}

struct fake_conn *fake_expire(struct fake *k, mono_t now)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (c->exists && !mono_before(now, c->expires)) {
			c->exists = false;
			return c;
		}
	}
	return NULL;
}

mono_t fake_next_expiry(const struct fake *k)
{
	mono_t first = MONO_NEVER;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		if (k->conn[i].exists)
			first = mono_min(first, k->conn[i].expires);
	}
	return first;
}

/* -- packets -------------------------------------------------------------- */

static bool is_established(const struct conn *c)
{
	return c->orig.proto != L4_TCP || c->tcp_state == CONN_TCP_ESTABLISHED;
}

unsigned int fake_barrier_of(const struct rule *r)
{
	switch ((enum vlan_proto)r->tags.tag[0].proto) {
	case VLAN_8021Q: return SLOT_BARRIER_Q;
	case VLAN_8021AD: return SLOT_BARRIER_AD;
	case VLAN_NONE: break;
	}
	return r->match.family == FAMILY_IP6 ? SLOT_BARRIER_IP6 : SLOT_BARRIER_IP4;
}

void fake_check_barrier(struct fake *k, uint32_t ifindex, uint8_t barriers)
{
	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct rule *r = &k->rule[i].rule;

		if (r->ifindex == ifindex && !(barriers & 1u << fake_barrier_of(r)))
			fake_complain(k, "the barrier on if%u leaves a rule of %u out", ifindex, r->cookie.ct_id);
	}
}

uint8_t fake_ttl(const struct fake_conn *c, enum dir dir)
{
	return c->ttl[dir] ? c->ttl[dir] : 64;
}

static bool rule_takes(const struct rule *r, const struct tuple *t, uint8_t ttl)
{
	return tuple_is_equal(&r->match, t) && (!(r->form & RULE_EXACT_TTL) || r->ttl == ttl);
}

static struct fake_rule *rule_for(struct fake *k, const struct tuple *t, uint8_t ttl)
{
	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct fake_link *l = fake_find_link(k, k->rule[i].rule.ifindex);

		if (!k->rule[i].is_dead && rule_takes(&k->rule[i].rule, t, ttl))
			return l && l->barrier & 1u << fake_barrier_of(&k->rule[i].rule) ? NULL : &k->rule[i];
	}
	return NULL;
}

bool fake_packets(struct fake *k, struct fake_conn *c, enum dir dir, uint64_t pkts,
		  uint64_t bytes, mono_t now)
{
	struct fake_rule *r = rule_for(k, dir == DIR_ORIG ? &c->conn.orig : &c->conn.reply, fake_ttl(c, dir));

	if (r) {
		r->stats.pkts += pkts;
		r->stats.bytes += bytes;
		return true;
	}
	c->was_harmed |= fake_rules_of(k, c->conn.id) != 0;
	c->conn.pkts[dir] += pkts;
	c->conn.bytes[dir] += bytes;
	if (c->exists && is_established(&c->conn))
		fake_set_timeout(c, c->policy_s, now);
	return false;
}

void fake_sample(const struct fake *k, unsigned int n, struct event *ret)
{
	const struct fake_rule *r = &k->rule[n];

	*ret = (struct event){ .type = EVENT_SAMPLE };
	ret->sample = (struct event_sample){ .handle = r->rule.handle,
					     .cookie = r->rule.cookie,
					     .stats = r->stats };
}

void fake_kill_rule(struct fake *k, uint32_t ct_id, enum dir dir)
{
	harm(k, ct_id);
	for (unsigned int i = 0; i < k->n_rules; i++) {
		const struct rule_cookie *cookie = &k->rule[i].rule.cookie;

		k->rule[i].is_dead |= cookie->ct_id == ct_id && cookie->dir == dir;
	}
}

void fake_kill_rules(struct fake *k, uint32_t ct_id)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		fake_kill_rule(k, ct_id, d);
}

void fake_delete_rule(struct fake *k, uint32_t ct_id, enum dir dir)
{
	for (unsigned int i = k->n_rules; i-- > 0;) {
		const struct rule_cookie *cookie = &k->rule[i].rule.cookie;

		if (cookie->ct_id != ct_id || cookie->dir != dir)
			continue;
		harm(k, ct_id);
		drop_rule(k, i);
	}
}

void fake_delete_clsact(struct fake *k, uint32_t ifindex)
{
	struct fake_link *l = fake_find_link(k, ifindex);

	if (!l)
		return;
	drop_rules_on(k, ifindex);
	l->has_clsact = false;
	l->clsact_is_foreign = false;
	l->guards = 0;
}

unsigned int fake_rules_of(const struct fake *k, uint32_t ct_id)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->n_rules; i++)
		n += k->rule[i].rule.cookie.ct_id == ct_id;
	return n;
}

/* -- the judge ------------------------------------------------------------ */

static void note_gone(struct fake *k, uint32_t id)
{
	struct fake_conn *c = fake_conn_by_id(k, id);

	if (c)
		c->is_told_gone = true;
}

/* A report of a connection means that all others with the same tuple have ended. */
static void note_predecessors(struct fake *k, const struct conn *conn)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (c->is_told && c->conn.id != conn->id &&
		    tuple_is_equal(&c->conn.orig, &conn->orig))
			c->is_told_gone = true;
	}
}

#define TOLD_ONCE ((uint32_t)(CONN_HAS_MASTER | CONN_HAS_SEQADJ | CONN_HAS_SYNPROXY))

/* An event carries what changed. What is in TOLD_ONCE remains until a report of the whole
 * entry lacks it. A helper is in every event. */
static void note_conn(struct fake *k, const struct conn *conn, bool is_whole)
{
	struct fake_conn *c = fake_conn_by_id(k, conn->id);
	uint32_t kept;

	if (!c)
		return;
	kept = is_whole ? 0 : c->told.has & TOLD_ONCE;
	if (!c->is_told)
		c->is_told_by_event = !is_whole;
	c->is_told = true;
	c->is_told_gone = false;
	c->told.orig = conn->orig;
	c->told.reply = conn->reply;
	c->told.id = conn->id;
	if (conn->has & CONN_HAS_STATUS)
		c->told.status = conn->status;
	if (conn->has & CONN_HAS_MARK)
		c->told.mark = conn->mark;
	if ((conn->has & CONN_HAS_MARK) && (conn->mark & settings_mark_bits(&k->settings)))
		c->told_marked_at = MAX(c->told_marked_at, k->read_marked_at ? k->read_marked_at :
									     c->marked_at);
	if (conn->has & CONN_HAS_TCP_STATE)
		c->told.tcp_state = conn->tcp_state;
	kept |= c->told.has & (CONN_HAS_STATUS | CONN_HAS_MARK | CONN_HAS_TCP_STATE);
	c->told.has = kept | conn->has;
}

static void note_moved(struct fake_conn *c, enum dir dir, uint64_t pkts, mono_t now)
{
	/* A counter that has decreased belongs to a new rule. */
	if (pkts > c->told_pkts[dir] || (pkts < c->told_pkts[dir] && pkts > 0))
		c->last_moved = now;
	c->told_pkts[dir] = pkts;
}

static void note_removed(struct fake *k, const struct event *ev, mono_t now)
{
	struct fake_conn *c = fake_conn_by_id(k, k->flow[ev->flow.slot].ct_id);

	for (unsigned int d = 0; c && d < DIR__COUNT; d++) {
		if (ev->remove.has_stats[d])
			note_moved(c, d, ev->remove.stats[d].pkts, now);
		if (!ev->remove.err)
			c->told_pkts[d] = 0;
	}
}

static void note_refreshed(struct fake *k, const struct event *ev)
{
	const struct event_refresh *r = &ev->refresh;
	uint32_t id = k->flow[ev->flow.slot].ct_id;
	struct fake_conn *c = fake_conn_by_id(k, id);

	if (!c || slab_ref_is_equal(ev->flow, SLAB_REF_NONE) ||
	    !slab_ref_is_equal(ev->flow, k->flow[ev->flow.slot].ref) || c->is_told_gone)
		return;
	if (r->found)
		note_conn(k, &r->conn, true);
	else if (!r->err)
		note_gone(k, id);
}

void fake_tell(struct fake *k, const struct event *ev, mono_t now)
{
	struct fake_conn *c;

	switch ((enum event_type)ev->type) {
	case EVENT_CONN:
		note_predecessors(k, &ev->conn);
		note_conn(k, &ev->conn, ev->is_dump);
		break;
	case EVENT_CONN_DESTROY:
		note_gone(k, ev->conn.id);
		break;
	case EVENT_SAMPLE:
		c = fake_conn_by_id(k, ev->sample.cookie.ct_id);
		if (c && !k->flow[slot_from_handle(ev->sample.handle)].is_moving)
			note_moved(c, slot_dir(ev->sample.handle), ev->sample.stats.pkts, now);
		break;
	case EVENT_INSTALL_DONE:
		if (ev->install.status == INSTALL_NO_CONN)
			note_gone(k, k->flow[ev->flow.slot].ct_id);
		break;
	case EVENT_REMOVE_DONE:
	case EVENT_MOVE_DONE:
		k->flow[ev->flow.slot].is_moving = false;
		note_removed(k, ev, now);
		break;
	case EVENT_REFRESH_DONE:
		note_refreshed(k, ev);
		break;
	case EVENT_EPOCH:
		k->told_epoch = ev->epoch;
		break;
	case EVENT_WORKER:
		k->is_told_stuck |= ev->worker.is_stuck;
		break;
	case EVENT_STOP:
		k->is_told_to_stop = true;
		break;
	default:
		break;
	}
}

bool fake_is_told_eligible(const struct fake *k, uint32_t ct_id)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		const struct fake_conn *c = &k->conn[i];

		if (c->conn.id == ct_id)
			return c->is_told && !c->is_told_gone &&
			       c->told_marked_at >= c->doubted_at &&
			       policy_conn(&k->settings, k->told_epoch, &c->told) == REASON_NONE;
	}
	return false;
}

void fake_doubt(struct fake *k, const struct setelem *elem, uint32_t when)
{
	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (!elem || setelem_can_match(elem, &c->conn.orig, &c->conn.reply))
			c->doubted_at = MAX(c->doubted_at, when);
	}
}

bool fake_mark(struct fake *k, struct fake_conn *c, uint32_t mark)
{
	uint32_t bits = settings_mark_bits(&k->settings);

	if ((c->conn.mark & bits) == mark)
		return false;
	c->conn.mark = (c->conn.mark & ~bits) | mark;
	c->marked_at = k->ruleset_time;
	return true;
}

void fake_check_empty(struct fake *k)
{
	if (k->n_rules)
		fake_complain(k, "%u rules are left", k->n_rules);
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		const struct fake_link *l = &k->link[i];

		if (l->exists && l->guards)
			fake_complain(k, "guards left on if%u", l->link.ifindex);
		if (l->exists && l->barrier)
			fake_complain(k, "barrier left on if%u", l->link.ifindex);
		if (l->exists && l->has_clsact && !l->clsact_is_foreign)
			fake_complain(k, "clsact left on if%u", l->link.ifindex);
		if (l->exists && !l->has_clsact && l->clsact_is_foreign)
			fake_complain(k, "foreign clsact of if%u is gone", l->link.ifindex);
	}
}

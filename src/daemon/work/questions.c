/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/questions.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/path/path.h"
#include "daemon/work/request.h"
#include "kern/ct/ctnl.h"
#include "kern/nft/nftways.h"
#include "kern/rt/routes.h"
#include "nl/nlbatch.h"
#include "nl/nlsock.h"

LOG_TAG("questions");

COUNTER(route_lookups, "route lookups");
COUNTER(route_errors, "route lookups without an answer");
COUNTER(conntrack_refreshed, "conntrack timeouts extended because rules forwarded packets");
COUNTER(conntrack_unmarked, "connections whose mark was cleared, so that their packets show their way again");
COUNTER(conntrack_finished, "connections whose last ACK was forwarded by a rule");

/* Time limit of one round, so that events and control clients get their turn. */
#define ROUND_US      10000
/* Each order may look two routes up at a time. */
#define AT_ONCE_MAX   (ROUTES_LOOKUPS_MAX / 2)
#define AT_ONCE_MIN   32u
#define CT_TIMEOUT_MS 2000
/* Holds the answers to a whole batch. */
#define CT_RCVBUF     (512 * 1024)

/* An order of the engine and its answer. */
struct pending {
	struct order order;
	struct event event;
	int mend; /* ORDER_REFRESH: index of its request in the batch, or -1 */
};

struct questions {
	struct routes *routes;
	struct ctnl *ctnl;
	struct nlsock ct_sock;
	struct nlbatch ct;
	struct nlsock nft_sock;
	struct nlbatch ways;
	unsigned int at_once; /* orders in one batch */
	unsigned int n, n_refreshes;
	struct pending pending[AT_ONCE_MAX];
	struct pending *refresh[AT_ONCE_MAX]; /* those of type ORDER_REFRESH */
};

int questions_new(struct questions **ret)
{
	struct questions *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	q->at_once = AT_ONCE_MIN;
	err = routes_open(&q->routes);
	if (!err)
		err = ctnl_new(&q->ctnl);
	if (!err)
		err = nlsock_open(&q->ct_sock, NETLINK_NETFILTER, CT_RCVBUF);
	if (!err)
		err = nlbatch_init(&q->ct, &q->ct_sock, AT_ONCE_MAX);
	if (!err)
		err = nlsock_open(&q->nft_sock, NETLINK_NETFILTER, CT_RCVBUF);
	if (!err)
		err = nlbatch_init(&q->ways, &q->nft_sock, AT_ONCE_MAX * DIR__COUNT);
	if (err) {
		questions_free(q);
		return err;
	}
	*ret = q;
	return 0;
}

void questions_free(struct questions *q)
{
	if (!q)
		return;
	nlbatch_fini(&q->ways);
	nlsock_close(&q->nft_sock);
	nlbatch_fini(&q->ct);
	nlsock_close(&q->ct_sock);
	ctnl_free(q->ctnl);
	routes_close(q->routes);
	free(q);
}

uint32_t questions_portid(const struct questions *q)
{
	return nlsock_portid(&q->ct_sock);
}

/* -- routes --------------------------------------------------------------- */

/* Stores one answer. True if the walk has another query. */
static bool advance(struct path_query *walk, const struct route_lookup *l)
{
	enum reason reason;

	counter_inc(&route_lookups);
	if (l->err) {
		counter_inc(&route_errors);
		log_warning("no answer to a route lookup; the connection stays in software for now: %s",
			    strerror(-l->err));
		walk->answer[walk->step] = (struct route_answer){ .kind = ROUTE_FAILED, .err = l->err };
		return false;
	}
	walk->answer[walk->step] = l->answer;
	return path_advance(walk, &reason) == PATH_ASK;
}

/* Each walk has two requests, one for each direction. */
static void on_way(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct path_query **walk = ctx, *q = walk[index / DIR__COUNT];

	IGNORE_RESULT(nftways_get(nlh, (enum family)q->orig.family, &q->seen[index % DIR__COUNT]));
}

static void on_ttl(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct path_query **walk = ctx;

	IGNORE_RESULT(nftways_get_ttl(nlh, &walk[index / DIR__COUNT]->seen[index % DIR__COUNT].ttl));
}

/* Sends the requests of all walks, for the ways or for the TTLs, and takes the answers. */
static void read_notes(struct questions *q, struct path_query *walk[], unsigned int n, bool is_about_ttl)
{
	nlbatch_reset(&q->ways);
	for (unsigned int i = 0; i < n * DIR__COUNT; i++) {
		const struct path_query *p = walk[i / DIR__COUNT];
		enum dir dir = i % DIR__COUNT;
		struct nlput *w = nlbatch_next(&q->ways);
		int err;

		if (BUG_ON(!w))
			return;
		err = is_about_ttl ? nftways_put_get_ttl(w, p->ct_id, dir) :
				     nftways_put_get(w, (enum family)p->orig.family, p->ct_id, dir);
		if (BUG_ON(err || nlbatch_commit(&q->ways, true) < 0))
			return;
	}
	IGNORE_RESULT(nlbatch_run(&q->ways, CT_TIMEOUT_MS, is_about_ttl ? on_ttl : on_way, walk));
}

/* Reads what packets of both directions noted. Without an answer the way, or the TTL, is unknown. As soon as one
 * walk wants TTLs, all later ones do. */
static void read_ways(struct questions *q, struct path_query *walk[], unsigned int n)
{
	read_notes(q, walk, n, false);
	if (walk[n - 1]->asks_ttl)
		read_notes(q, walk, n, true);
	for (unsigned int i = 0; i < n; i++)
		path_use_notes(walk[i]);
}

/* Asks the next question of each walk, and also the second one where it does not depend on the first. Answers to
 * first questions are in the first @n elements of lookup[]; the walks have taken those to second ones. */
static void ask_all(struct questions *q, struct path_query *walk[], unsigned int n, struct route_lookup lookup[])
{
	struct route_query ahead[AT_ONCE_MAX];
	struct path_query *asker[AT_ONCE_MAX];
	unsigned int n_ahead = 0;

	for (unsigned int i = 0; i < n; i++) {
		lookup[i] = (struct route_lookup){ .query = &walk[i]->ask };
		if (!path_ask_ahead(walk[i], &ahead[n_ahead]))
			continue;
		lookup[n + n_ahead] = (struct route_lookup){ .query = &ahead[n_ahead] };
		asker[n_ahead++] = walk[i];
	}
	routes_lookup_many(q->routes, lookup, n + n_ahead);
	for (unsigned int i = 0; i < n_ahead; i++) {
		const struct route_lookup *l = &lookup[n + i];

		counter_inc(&route_lookups);
		if (!l->err)
			path_take_ahead(asker[i], &l->answer);
	}
}

/* Runs all walks in parallel. */
static void walk_all(struct questions *q, struct path_query *walk[], unsigned int n)
{
	struct route_lookup lookup[ROUTES_LOOKUPS_MAX];

	while (n > 0) {
		unsigned int n_left = 0;

		ask_all(q, walk, n, lookup);
		for (unsigned int i = 0; i < n; i++) {
			if (advance(walk[i], &lookup[i]))
				walk[n_left++] = walk[i];
		}
		n = n_left;
	}
}

int questions_walk_path(struct questions *q, struct path_query *query)
{
	struct route_lookup lookup;

	if (query->asks_seen)
		read_ways(q, &query, 1);
	do {
		lookup.err = routes_lookup(q->routes, &query->ask, &lookup.answer);
	} while (advance(query, &lookup));
	return lookup.err;
}

static void answer_lookups(struct questions *q)
{
	struct path_query *walk[AT_ONCE_MAX], *noted[AT_ONCE_MAX];
	unsigned int n = 0, n_noted = 0;

	for (unsigned int i = 0; i < q->n; i++) {
		struct pending *p = &q->pending[i];

		if (p->order.type != ORDER_LOOKUP)
			continue;
		p->event = (struct event){ .type = EVENT_LOOKUP_DONE, .flow = p->order.flow };
		p->event.lookup = p->order.lookup;
		walk[n++] = &p->event.lookup;
		if (p->event.lookup.asks_seen)
			noted[n_noted++] = &p->event.lookup;
	}
	if (n_noted)
		read_ways(q, noted, n_noted);
	walk_all(q, walk, n);
}

/* -- conntrack ------------------------------------------------------------ */

struct got {
	struct ctnl *ctnl;
	struct conn *conn;
	bool is_found;
};

static void on_conn(const struct nlmsghdr *nlh, void *ctx)
{
	struct got *got = ctx;
	enum ctnl_what what;

	if (ctnl_get(got->ctnl, nlh, got->conn, &what) == 0)
		got->is_found = true;
}

int questions_get_conn(struct questions *q, const struct tuple *tuple, struct conn *ret)
{
	struct got got = { q->ctnl, ret, false };
	struct request r;
	int err = ctnl_put_get(request_begin(&r), tuple);

	if (!err)
		err = nlsock_query(&q->ct_sock, nlput_msg(&r.w), CT_TIMEOUT_MS, on_conn, &got, NULL);
	return err ? err : got.is_found ? 0 : -ENOENT;
}

static void on_entry(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct questions *q = ctx;
	struct event_refresh *r = &q->refresh[index]->event.refresh;
	struct got got = { q->ctnl, &r->conn, false };

	on_conn(nlh, &got);
	r->found |= got.is_found;
}

/* Reads the entries of all refreshes. */
static void read_entries(struct questions *q)
{
	nlbatch_reset(&q->ct);
	for (unsigned int i = 0; i < q->n_refreshes; i++) {
		struct nlput *w = nlbatch_next(&q->ct);

		if (BUG_ON(!w || ctnl_put_get(w, &q->refresh[i]->order.refresh.orig) ||
			   nlbatch_commit(&q->ct, true) < 0))
			return;
	}
	IGNORE_RESULT(nlbatch_run(&q->ct, CT_TIMEOUT_MS, on_entry, q));
	for (unsigned int i = 0; i < q->n_refreshes; i++) {
		struct event_refresh *r = &q->refresh[i]->event.refresh;

		r->err = nlbatch_err(&q->ct, i);
		r->found &= r->err == 0 && (!(r->conn.has & CONN_HAS_ID) ||
					    r->conn.id == q->refresh[i]->order.refresh.ct_id);
	}
}

/* Adds a request that prolongs or repairs the entry as ordered. Returns its index, or -1 if
 * there is nothing to do. */
static int put_mend(struct questions *q, const struct order_refresh *o, const struct conn *c)
{
	bool in_last_ack = (c->has & CONN_HAS_TCP_STATE) && c->tcp_state == CONN_TCP_LAST_ACK;
	bool is_short = (c->has & CONN_HAS_TIMEOUT) && c->timeout_s < o->timeout_s;
	struct nlput *w;
	int err;

	if (!o->clear_mark && (o->finish_last_ack ? !in_last_ack : !is_short))
		return -1;
	w = nlbatch_next(&q->ct);
	if (BUG_ON(!w))
		return -1;
	if (o->clear_mark) {
		counter_inc(&conntrack_unmarked);
		err = ctnl_put_clear_mark(w, &o->orig, o->clear_mark);
	} else if (o->finish_last_ack) {
		counter_inc(&conntrack_finished);
		err = ctnl_put_tcp_state(w, &o->orig, CONN_TCP_TIME_WAIT, o->timeout_s);
	} else {
		counter_inc(&conntrack_refreshed);
		err = ctnl_put_care(w, &o->orig, false, o->timeout_s);
	}
	return BUG_ON(err) ? -1 : nlbatch_commit(&q->ct, true);
}

/* Mends the timeouts of all entries that were found. */
static void mend_entries(struct questions *q)
{
	nlbatch_reset(&q->ct);
	for (unsigned int i = 0; i < q->n_refreshes; i++) {
		struct pending *p = q->refresh[i];
		const struct order_refresh *o = &p->order.refresh;

		p->mend = p->event.refresh.found ? put_mend(q, o, &p->event.refresh.conn) : -1;
	}
	IGNORE_RESULT(nlbatch_run(&q->ct, CT_TIMEOUT_MS, NULL, NULL));
}

static void conclude_refresh(struct questions *q, struct pending *p)
{
	struct event_refresh *r = &p->event.refresh;

	if (r->found) {
		r->err = p->mend < 0 ? 0 : nlbatch_err(&q->ct, (unsigned int)p->mend);
		if (p->mend >= 0 && r->err == 0) {
			r->timeout_s = p->order.refresh.timeout_s;
			r->cleared = p->order.refresh.clear_mark;
		}
	}
	/* The entry does not exist, or disappeared between the two requests. */
	if (r->err == -ENOENT) {
		r->found = false;
		r->err = 0;
	}
	if (r->err)
		log_warning("cannot read or update a conntrack entry: %s", strerror(-r->err));
}

static void answer_refreshes(struct questions *q)
{
	q->n_refreshes = 0;
	for (unsigned int i = 0; i < q->n; i++) {
		struct pending *p = &q->pending[i];

		if (p->order.type != ORDER_REFRESH)
			continue;
		p->event = (struct event){ .type = EVENT_REFRESH_DONE, .flow = p->order.flow };
		q->refresh[q->n_refreshes++] = p;
	}
	read_entries(q);
	mend_entries(q);
	for (unsigned int i = 0; i < q->n_refreshes; i++)
		conclude_refresh(q, q->refresh[i]);
}

/* -- rounds --------------------------------------------------------------- */

static void take(struct questions *q, struct engine *engine, mono_t now)
{
	q->n = 0;
	while (q->n < q->at_once &&
	       engine_next_order(engine, ORDERS_ASK, 0, now, &q->pending[q->n].order))
		q->n++;
}

/* Sets the batch size to what should take half a round, but at most to twice the last one. Each batch has a cost
 * of its own, at least four system calls: on a slow machine small batches would make everything slower. */
static void pace(struct questions *q, int64_t took_us)
{
	int64_t fit = ROUND_US / 2 * (int64_t)q->n / MAX(took_us, (int64_t)1);

	fit = MIN(fit, (int64_t)q->n * 2);
	q->at_once = (unsigned int)MAX(MIN(fit, (int64_t)AT_ONCE_MAX), (int64_t)AT_ONCE_MIN);
}

bool questions_answer(struct questions *q, struct engine *engine, mono_t now)
{
	mono_t deadline = mono_add_us(mono_now(), ROUND_US);
	mono_t start;
	bool is_full;

	do {
		start = mono_now();
		take(q, engine, now);
		is_full = q->n == q->at_once;
		answer_lookups(q);
		answer_refreshes(q);
		for (unsigned int i = 0; i < q->n; i++)
			engine_feed(engine, &q->pending[i].event, now);
		if (is_full)
			pace(q, mono_diff_us(mono_now(), start));
	} while (q->n && mono_before(mono_now(), deadline));
	return q->n > 0;
}

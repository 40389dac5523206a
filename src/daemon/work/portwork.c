/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/portwork.h"

#include <errno.h>
#include <linux/netlink.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/mono.h"
#include "base/util.h"
#include "core/path/plan.h"
#include "daemon/work/pace.h"
#include "daemon/work/request.h"
#include "kern/tc/flower.h"
#include "kern/tc/qdisc.h"
#include "nl/nlbatch.h"

COUNTER(rules_swept, "rules removed because an earlier run left them or their port was closed");

/* Rules collected by one dump. A port with more is dumped again. */
#define SWEEP_MAX 4096
/* Requests per system call for a fast NIC (see pace). */
#define SWEEP_BATCH 64
/* Rounds in a row that removed nothing before the sweep gives up. A round may fail because
 * someone else removed the rules or because answers were lost. */
#define SWEEP_VAIN 3

struct sweep {
	const uint32_t *keep; /* rules of this instance stay; NULL: all go */
	struct rule_where where[SWEEP_MAX];
	unsigned int n;
	bool made_clsact;
};

static void set_error(struct event_port *ret, const struct nlerr *err)
{
	ret->err = err->err;
	memcpy(ret->extack, err->extack, sizeof(ret->extack));
}

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct sweep *s = ctx;
	struct flower_info info;

	if (flower_get(nlh, &info) || !info.is_ours)
		return;
	if (info.cookie.owns_clsact)
		s->made_clsact = true;
	if (s->keep && info.cookie.instance == *s->keep)
		return;
	if (s->n < SWEEP_MAX)
		s->where[s->n++] = info.where;
}

static int dump_once(struct nlsock *sock, uint32_t ifindex, struct sweep *s, bool is_terse)
{
	struct request r;
	int err = flower_put_dump(request_begin(&r), ifindex, 0, FAMILY_NONE, is_terse);

	s->n = 0;
	return err ? err
		   : nlsock_query(sock, nlput_msg(&r.w), REQUEST_TIMEOUT_MS, on_rule, s, NULL);
}

static int dump_ours(struct nlsock *sock, uint32_t ifindex, struct sweep *s)
{
	int err = dump_once(sock, ifindex, s, true);

	/* A foreign filter without a terse form ended the dump (tcf_fill_node). */
	if (err == -EMSGSIZE)
		err = dump_once(sock, ifindex, s, false);
	/* Without clsact there are no rules. tc_dump_tfilter then returns nothing, or an
	 * error if the device is gone. */
	return err == -ENODEV || err == -EINVAL ? 0 : err;
}

/* Removes what fits in one system call. Returns the number of attempted rules or -errno. */
static int del_some(struct nlbatch *b, const struct rule_where where[], unsigned int n,
		    unsigned int *n_gone)
{
	int err = 0;

	nlbatch_reset(b);
	for (unsigned int i = 0; i < n; i++) {
		if (BUG_ON(flower_put_del(nlbatch_next(b), &where[i], false) ||
			   nlbatch_commit(b, true) < 0))
			return -EMSGSIZE;
	}
	/* A rule without an answer appears in the next dump if it still exists. */
	IGNORE_RESULT(nlbatch_run(b, REQUEST_TIMEOUT_MS, NULL, NULL));
	for (unsigned int i = 0; i < nlbatch_count(b); i++) {
		const struct nlbatch_result *res = nlbatch_result(b, i);

		if (res->state == NLBATCH_DONE && res->err.err == 0)
			++*n_gone;
		else if (res->state == NLBATCH_DONE && res->err.err != -ENOENT)
			err = res->err.err;
	}
	return err ? err : (int)nlbatch_count(b);
}

int portwork_remove(struct nlsock *sock, const struct rule_where where[], unsigned int n_rules,
		    unsigned int *n_gone)
{
	struct nlbatch b;
	struct pace pace;
	int n = nlbatch_init(&b, sock, SWEEP_BATCH);

	if (n)
		return n;
	pace_init(&pace);
	for (unsigned int i = 0; i < n_rules && n >= 0; i += (unsigned int)n) {
		mono_t start = mono_now();

		n = del_some(&b, &where[i], MIN(n_rules - i, pace_batch(&pace, SWEEP_BATCH)),
			     n_gone);
		if (n < 0)
			break;
		pace_note(&pace, (unsigned int)n, mono_diff_us(mono_now(), start));
	}
	nlbatch_fini(&b);
	return n < 0 ? n : 0;
}

/* Repeats until a dump shows nothing: one dump collects at most SWEEP_MAX rules, and skips
 * rules if a prio disappears meanwhile (tcf_chain_dump). */
int portwork_sweep(struct nlsock *sock, uint32_t ifindex, const uint32_t *keep,
		   bool *ret_made_clsact, unsigned int *ret_rules)
{
	struct sweep s = { .keep = keep };
	unsigned int total = 0, n_gone, n_vain = 0;
	int err = dump_ours(sock, ifindex, &s);

	while (!err && s.n && n_vain < SWEEP_VAIN) {
		n_gone = 0;
		err = portwork_remove(sock, s.where, s.n, &n_gone);
		counter_add(&rules_swept, n_gone);
		total += n_gone;
		n_vain = n_gone ? 0 : n_vain + 1;
		if (!err)
			err = dump_ours(sock, ifindex, &s);
	}
	*ret_made_clsact = s.made_clsact;
	*ret_rules = total;
	return err ? err : s.n ? -ETIMEDOUT : 0;
}

int portwork_drop_clsact(struct nlsock *sock, uint32_t ifindex)
{
	struct request r;
	struct nlerr why = { 0, "" };
	bool is_unused = false;
	int err = qdisc_is_unused(sock, ifindex, &is_unused);

	if (err)
		return err;
	if (!is_unused)
		return -EBUSY;
	return request_send(&r, sock, qdisc_put_clsact_del(request_begin(&r), ifindex), &why);
}

/* Makes sure that the port has a qdisc to attach rules to. */
static int ensure_clsact(struct nlsock *sock, uint32_t ifindex, bool *made, struct nlerr *why)
{
	struct request r;
	struct qdisc_ingress q;
	int err = qdisc_find_ingress(sock, ifindex, &q, why);

	if (err) {
		if (why->err == 0)
			*why = nlerr_make(err);
		return err;
	}
	switch (q.kind) {
	case QDISC_CLSACT:
	case QDISC_INGRESS:
		if (q.ingress_block == 0)
			return 0;
		*why = nlerr_make(-EOPNOTSUPP);
		strcpy(why->extack, "its ingress qdisc shares a block with other devices");
		return why->err;
	case QDISC_NONE:
		*made = true;
		return request_send(&r, sock, qdisc_put_clsact(request_begin(&r), ifindex), why);
	case QDISC_OTHER: break;
	}
	*why = nlerr_make(-EBUSY);
	strcpy(why->extack, "another kind of qdisc occupies ffff:");
	return why->err;
}

static void del_guard(struct nlsock *sock, const struct rule *guard)
{
	struct rule_where where = rule_where(guard);
	struct nlerr why = { 0, "" };
	struct request r;

	/* If this fails, the guard is still there and adding it fails. */
	IGNORE_RESULT(request_send(&r, sock, flower_put_del(request_begin(&r), &where, false), &why));
}

/* @flags: enum flower_flags. */
static int add_guard(struct nlsock *sock, const struct rule *guard, unsigned int flags,
		     struct nlerr *why)
{
	struct request r;

	return request_send(&r, sock, flower_put_add(request_begin(&r), guard, flags), why);
}

/* Renews a guard that the kernel still has, but perhaps not the NIC. It is replaced in its
 * place, so that packets always match the old or the new one (fl_change inserts the new one
 * before it removes the old one). If the NIC does not accept a second one, the old one is
 * removed first. */
static int renew_guard(struct nlsock *sock, const struct rule *guard, struct nlerr *why)
{
	if (add_guard(sock, guard, 0, why) == 0)
		return 0;
	del_guard(sock, guard);
	return add_guard(sock, guard, FLOWER_EXCL, why);
}

struct wanted {
	uint8_t kind;
	bool is_there;
};

static void on_wanted(const struct nlmsghdr *nlh, void *ctx)
{
	struct wanted *w = ctx;
	struct flower_info info;

	if (flower_get(nlh, &info) == 0 && info.is_ours && info.cookie.kind == w->kind)
		w->is_there = true;
}

bool portwork_has(struct nlsock *sock, const struct rule *rule)
{
	struct rule_where where = rule_where(rule);
	struct wanted w = { .kind = rule->kind };
	struct request r;
	int err = flower_put_get(request_begin(&r), &where);

	if (!err)
		err = nlsock_query(sock, nlput_msg(&r.w), REQUEST_TIMEOUT_MS, on_wanted, &w, NULL);
	return !err && w.is_there;
}

/* Returns 0 instead of -EEXIST if the rule that is in this place is ours. */
static int ignore_ours(struct nlsock *sock, const struct rule *rule, int err, struct nlerr *why)
{
	if (err != -EEXIST || !portwork_has(sock, rule))
		return err;
	*why = nlerr_make(0);
	return 0;
}

void portwork_open(struct nlsock *sock, const struct order_port *order, struct event_port *ret)
{
	struct nlerr why = { 0, "" };
	unsigned int n_rules;
	bool had_made = false, made = false;
	int err;

	*ret = (struct event_port){ .ifindex = order->ifindex, .order = ORDER_PORT_OPEN };
	err = portwork_sweep(sock, order->ifindex, &order->instance, &had_made, &n_rules);
	if (err)
		why = nlerr_make(err);
	else
		err = ensure_clsact(sock, order->ifindex, &made, &why);
	ret->made_clsact = made || had_made;
	if (err)
		set_error(ret, &why);
}

void portwork_guard(struct nlsock *sock, const struct order_port *order, struct event_port *ret)
{
	*ret = (struct event_port){ .ifindex = order->ifindex, .order = ORDER_PORT_GUARD };
	for (unsigned int i = 0; i < SLOT_GUARDS; i++) {
		struct nlerr why = { 0, "" };
		struct rule guard;
		int err;

		if (!(order->guards & 1u << i))
			continue;
		plan_guard(order, i, &guard);
		if (order->renew && portwork_has(sock, &guard))
			err = renew_guard(sock, &guard, &why);
		else
			err = add_guard(sock, &guard, FLOWER_EXCL, &why);
		err = ignore_ours(sock, &guard, err, &why);
		if (err == -EEXIST && !why.extack[0])
			strcpy(why.extack, "the priority is in use by other filters");
		if (err == 0)
			ret->guards |= (uint16_t)(1u << i);
		else if (!ret->err)
			set_error(ret, &why);
	}
}

void portwork_close(struct nlsock *sock, const struct order_port *order, struct event_port *ret)
{
	unsigned int n_rules;
	bool made;
	int err;

	*ret = (struct event_port){ .ifindex = order->ifindex, .order = ORDER_PORT_CLOSE };
	err = portwork_sweep(sock, order->ifindex, NULL, &made, &n_rules);
	if (!err && (!order->keep_clsact || made)) {
		err = portwork_drop_clsact(sock, order->ifindex);
		/* On -EBUSY someone has attached something to it: it is theirs now. */
		if (err == -EBUSY || err == -ENODEV || err == -EINVAL)
			err = 0;
	}
	ret->err = err;
}

/* Returns 0 if the rule does not exist any more, no matter whether someone else removed it or
 * its prio, clsact or device is gone. */
static int del_barrier(struct nlsock *sock, const struct rule *rule, struct nlerr *why)
{
	struct rule_where where = rule_where(rule);
	struct request r;
	int err = request_send(&r, sock, flower_put_del(request_begin(&r), &where, false), why);

	return err == -ENOENT || err == -ENODEV || err == -EINVAL ? 0 : err;
}

/* Removes the rules of the barrier except those in `foreign` (bits of enum slot_barrier). Returns 0,
 * or the error of the last one that may still be in. */
static int del_barriers(struct nlsock *sock, const struct order_barrier *order,
			unsigned int foreign, struct nlerr *why)
{
	int err = 0;

	for (unsigned int i = 0; i < SLOT_BARRIER__COUNT; i++) {
		struct nlerr del_why = { 0, "" };
		struct rule rule;
		int del_err;

		if (!(order->barriers & ~foreign & 1u << i))
			continue;
		plan_barrier(order, i, &rule);
		del_err = del_barrier(sock, &rule, &del_why);
		if (del_err) {
			err = del_err;
			*why = del_why;
		}
	}
	return err;
}

static int raise_barrier(struct nlsock *sock, const struct order_barrier *order, bool *is_left,
			 struct nlerr *why)
{
	unsigned int foreign = 0;
	struct nlerr del_why;
	int err = 0;

	for (unsigned int i = 0; !err && i < SLOT_BARRIER__COUNT; i++) {
		struct rule rule;

		if (!(order->barriers & 1u << i))
			continue;
		plan_barrier(order, i, &rule);
		err = add_guard(sock, &rule, FLOWER_EXCL, why);
		/* An earlier order to remove the barrier may have failed. */
		err = ignore_ours(sock, &rule, err, why);
		/* Somebody else has a rule in this place. */
		if (err == -EEXIST)
			foreign |= 1u << i;
	}
	*is_left = err && del_barriers(sock, order, foreign, &del_why);
	return err;
}

void portwork_barrier(struct nlsock *sock, const struct order_barrier *order,
		      struct event_barrier *ret)
{
	struct nlerr why = { 0, "" };

	*ret = (struct event_barrier){
		.ifindex = order->ifindex, .link = order->link, .raise = order->raise
	};
	if (order->raise) {
		ret->err = raise_barrier(sock, order, &ret->is_left, &why);
	} else {
		ret->err = del_barriers(sock, order, 0, &why);
		ret->is_left = ret->err;
	}
	memcpy(ret->extack, why.extack, sizeof(ret->extack));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/probework.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "core/port/recipe.h"
#include "daemon/work/request.h"
#include "kern/tc/flower.h"

COUNTER(probe_rules_taken, "probe rules that a driver accepted");
COUNTER(probe_rules_refused, "probe rules that a driver refused");
COUNTER(probes_broken, "probes ended by an error that says nothing about the NIC");

/* How often a rule is tried while the driver is busy. */
#define BUSY_TRIES 5

/* -- one rule ------------------------------------------------------------- */

struct lookup {
	struct flower_info info;
	bool found;
};

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct lookup *l = ctx;

	if (flower_get(nlh, &l->info) == 0)
		l->found = true;
}

static int del_rule(struct nlsock *sock, const struct rule *rule)
{
	struct rule_where where = rule_where(rule);
	struct nlerr why = { 0, "" };
	struct request r;
	int err = -ETIMEDOUT;

	/* Removing a rule twice does no harm, so a lost answer is requested again. */
	for (unsigned int attempt = 0; attempt < 2 && err == -ETIMEDOUT; attempt++)
		err = request_send(&r, sock, flower_put_del(request_begin(&r), &where, false),
				   &why);
	/* The rule, or its prio, its clsact or its device is gone. */
	return err == -ENOENT || err == -EINVAL || err == -ENODEV ? 0 : err;
}

/* Removes a rule that an earlier probe could not remove. False if there is none, or if the
 * rule in its place is not ours. */
static bool del_leftover(struct nlsock *sock, const struct rule *rule)
{
	struct rule_where where = rule_where(rule);
	struct lookup l = { .found = false };
	struct request r;
	int err = flower_put_get(request_begin(&r), &where);

	if (!err)
		err = nlsock_query(sock, nlput_msg(&r.w), REQUEST_TIMEOUT_MS, on_rule, &l, NULL);
	return !err && l.found && l.info.is_ours && l.info.cookie.kind == RULE_PROBE &&
	       del_rule(sock, rule) == 0;
}

static int add_rule(struct nlsock *sock, const struct rule *rule, struct nlerr *why)
{
	struct request r;

	*why = nlerr_make(0);
	return request_send(&r, sock, flower_put_add(request_begin(&r), rule, FLOWER_EXCL), why);
}

/*
 * The kernel refuses a skip_sw rule that no driver accepts (fl_hw_replace_filter), so an
 * accepted rule was in the NIC. Only the error number counts: a success may come with a text,
 * left over from an attempt that the kernel repeated by itself.
 */
static int try_rule(void *ctx, const struct rule *rule, struct nlerr *why)
{
	struct nlsock *sock = ctx;
	int err, del_err = 0;

	if (BUG_ON(rule->place != RULE_HARDWARE)) {
		*why = nlerr_make(-EINVAL);
		return why->err;
	}
	err = add_rule(sock, rule, why);
	if (err == -EEXIST && del_leftover(sock, rule))
		err = add_rule(sock, rule, why);
	/* Without an answer the rule may exist. A refused rule does not, and a rule in its
	 * place is not ours. */
	if (err == 0 || err == -ETIMEDOUT || err == -ENOBUFS)
		del_err = del_rule(sock, rule);
	if (err == 0 && del_err) {
		*why = nlerr_make(-ETIMEDOUT);
		err = why->err;
	}
	return err;
}

/* -- the probe ------------------------------------------------------------ */

/*
 * True for errors that may pass and say nothing about the driver's abilities. ENOSPC, ENOMEM
 * and ENOBUFS are not among them: for a probe they mean that the rule needs more than the NIC
 * has (too many keys to rewrite, no table for such a match).
 */
static bool is_passing(int err)
{
	switch (-err) {
	case EBUSY: /* a reset, a change of mode */
	case EAGAIN:
	case EINTR:
	case ETIMEDOUT: /* our own time-out, or the firmware's */
	case EIO:       /* firmware and mailboxes */
	case EREMOTEIO: /* mlx5_hairpin_create, after another attempt failed */
	case EEXIST:    /* a foreign filter is in our place */
	case ENODEV:    /* a port is gone or down: the result would not last */
	case ENETDOWN: return true;
	}
	return false;
}

struct probe {
	const struct order_probe *order;
	probework_try_fn try;
	void *ctx;
	struct event_probe *ret;
	bool is_broken;
};

static void set_error(struct event_probe *ret, const struct nlerr *why)
{
	ret->err = why->err;
	memcpy(ret->extack, why->extack, sizeof(ret->extack));
}

/* True if the driver accepted the rule. */
static bool try_one(struct probe *p, const struct rule *rule, struct nlerr *why)
{
	int err = -EBUSY;

	/* A driver that is busy now may not be busy a moment later. */
	for (unsigned int i = 0; i < BUSY_TRIES && (err == -EBUSY || err == -EINTR); i++)
		err = p->try(p->ctx, rule, why);
	if (err == 0) {
		counter_inc(&probe_rules_taken);
		return true;
	}
	counter_inc(&probe_rules_refused);
	if (is_passing(err)) {
		p->is_broken = true;
		set_error(p->ret, why);
	}
	return false;
}

static void try_odd(struct probe *p)
{
	struct nlerr why;
	struct rule rule;

	for (unsigned int n = 0; n < RECIPE_ODD && !p->ret->took_odd && !p->is_broken; n++) {
		recipe_odd(&p->order->sample, n, &rule);
		p->ret->took_odd = try_one(p, &rule, &why);
	}
}

static void try_class(struct probe *p, unsigned int class)
{
	struct event_probe *ret = p->ret;
	struct nlerr why;
	struct rule rule;

	recipe_probe(&p->order->sample, class, &rule);
	if (try_one(p, &rule, &why)) {
		ret->classes |= (uint16_t)(1u << class);
	} else if (!p->is_broken) {
		if (!ret->refused) {
			ret->bad_class = (uint8_t) class;
			set_error(ret, &why);
		}
		ret->refused |= (uint16_t)(1u << class);
	}
}

/* A driver that refuses the first class with a size check is asked for no other. */
static void try_mtu(struct probe *p)
{
	struct event_probe *ret = p->ret;
	struct nlerr why;
	struct rule rule;

	for (unsigned int class = 0; class < RECIPE_CLASSES && !p->is_broken; class ++) {
		if (!(ret->classes & 1u << class))
			continue;
		recipe_probe(&p->order->sample, class, &rule);
		recipe_check_size(&rule);
		if (try_one(p, &rule, &why))
			ret->mtu_classes |= (uint16_t)(1u << class);
		else if (!ret->mtu_classes)
			break;
	}
}

static bool takes_tags(struct probe *p, unsigned int class, enum vlan_encap in, enum vlan_encap out)
{
	struct nlerr why;
	struct rule rule;

	recipe_probe(&p->order->sample, class, &rule);
	recipe_tag(&rule, p->order->tc_priority, in, out);
	return try_one(p, &rule, &why);
}

/* Tries all kinds of tags with the classes of the order, and takes those that all of them allow. */
static void try_tags(struct probe *p)
{
	for (unsigned int i = 1; i < VLAN_ENCAP__COUNT * VLAN_ENCAP__COUNT && !p->is_broken; i++) {
		enum vlan_encap in = i / VLAN_ENCAP__COUNT, out = i % VLAN_ENCAP__COUNT;
		uint16_t left = p->ret->classes;

		while (left && takes_tags(p, (unsigned int)__builtin_ctz(left), in, out))
			left &= (uint16_t)(left - 1);
		if (p->ret->classes && !left)
			p->ret->tags |= recipe_tags_bit(in, out);
	}
}

/* If the plainest rule (class 0) is refused, the only other class that is tried is plain TCP
 * over IPv6, in case the NIC does not support IPv4. */
static bool is_hopeless(const struct event_probe *ret, unsigned int class)
{
	return ret->refused & 1u && class != RECIPE_IP6;
}

void probework_run_with(const struct order_probe *order, probework_try_fn try, void *ctx,
			struct event_probe *ret)
{
	struct probe p = { order, try, ctx, ret, false };

	*ret = (struct event_probe){ .id = order->id, .in = order->in, .out = order->out };
	if (order->asks_odd)
		try_odd(&p);
	for (unsigned int class = 0; class < RECIPE_CLASSES; class ++) {
		if (ret->took_odd || p.is_broken)
			break;
		if (order->classes & 1u << class && !is_hopeless(ret, class))
			try_class(&p, class);
	}
	if (order->asks_mtu)
		try_mtu(&p);
	if (order->asks_tags)
		try_tags(&p);
	if (p.is_broken) {
		counter_inc(&probes_broken);
		ret->classes = 0;
		ret->mtu_classes = 0;
		ret->tags = 0;
		ret->refused = 0;
		ret->bad_class = 0;
	}
}

void probework_run(struct nlsock *sock, const struct order_probe *order, struct event_probe *ret)
{
	probework_run_with(order, try_rule, sock, ret);
}

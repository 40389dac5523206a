/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/portwork.h"

#include <errno.h>
#include <linux/netlink.h>

#include "base/util.h"
#include "daemon/request.h"
#include "kern/flower.h"
#include "kern/qdisc.h"

/* Leftovers found by one dump; a port with more is dumped again. */
#define SWEEP_MAX 512

struct sweep {
	struct rule_where where[SWEEP_MAX];
	unsigned int n;
	bool more;
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
	if (info.cookie.kind == RULE_GUARD && info.cookie.owns_clsact)
		s->made_clsact = true;
	if (s->n == SWEEP_MAX) {
		s->more = true;
		return;
	}
	s->where[s->n++] = info.where;
}

static int dump_ours(struct nlsock *sock, uint32_t ifindex, struct sweep *s)
{
	struct request r;
	int err = flower_put_dump(request_begin(&r), ifindex, 0, FAMILY_NONE, true);

	s->n = 0;
	s->more = false;
	if (!err)
		err = nlsock_query(sock, nlput_msg(&r.w), REQUEST_TIMEOUT_MS, on_rule, s, NULL);
	/* No clsact, no rules: tc_dump_tfilter answers with nothing, or with
	 * an error where the device went away meanwhile. */
	return err == -ENODEV || err == -EINVAL ? 0 : err;
}

int portwork_sweep(struct nlsock *sock, uint32_t ifindex, bool *ret_made_clsact,
		   unsigned int *ret_rules)
{
	struct sweep s = { .n = 0 };
	unsigned int total = 0;
	int err;

	do {
		err = dump_ours(sock, ifindex, &s);
		for (unsigned int i = 0; !err && i < s.n; i++) {
			struct request r;
			struct nlerr why = { 0, "" };

			err = request_send(&r, sock,
					   flower_put_del(request_begin(&r), &s.where[i], false),
					   &why);
			if (err == -ENOENT)
				err = 0;
		}
		total += s.n;
	} while (!err && s.more);
	*ret_made_clsact = s.made_clsact;
	*ret_rules = total;
	return err;
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

/* Makes sure that there is something to hang rules on. */
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
	strcpy(why->extack, "another kind of qdisc sits at ffff:");
	return why->err;
}

static int add_guard(struct nlsock *sock, const struct rule *guard, struct nlerr *why)
{
	struct request r;

	return request_send(&r, sock, flower_put_add(request_begin(&r), guard, FLOWER_EXCL), why);
}

static void del_guards(struct nlsock *sock, const struct order_port *order)
{
	for (unsigned int i = 0; i < order->n_guards; i++) {
		struct rule_where where = rule_where(&order->guard[i]);
		struct request r;
		struct nlerr why = { 0, "" };

		/* One that is not there is fine; whatever else fails, the sweep
		 * that follows or the next start removes it. */
		IGNORE_RESULT(request_send(&r, sock,
					   flower_put_del(request_begin(&r), &where, false), &why));
	}
}

void portwork_open(struct nlsock *sock, const struct order_port *order, struct event_port *ret)
{
	struct nlerr why = { 0, "" };
	unsigned int n_rules;
	bool had_made = false, made = false;
	int err;

	*ret = (struct event_port){ .ifindex = order->ifindex, .order = ORDER_PORT_OPEN };
	err = portwork_sweep(sock, order->ifindex, &had_made, &n_rules);
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
	for (unsigned int i = 0; i < order->n_guards; i++) {
		struct nlerr why = { 0, "" };
		int err = add_guard(sock, &order->guard[i], &why);

		if (err == 0 || err == -EEXIST)
			ret->guards |= (uint8_t)(1u << i);
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
	del_guards(sock, order);
	err = portwork_sweep(sock, order->ifindex, &made, &n_rules);
	if (!err && !order->keep_clsact) {
		err = portwork_drop_clsact(sock, order->ifindex);
		/* Somebody hung something on it: it is theirs now. */
		if (err == -EBUSY || err == -ENODEV || err == -EINVAL)
			err = 0;
	}
	ret->err = err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakeorders - the part of the fake kernel that executes orders, and complains about
 * wrong ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/path/plan.h"
#include "core/rules/slot.h"
#include "fake/fakekernel.h"

/* -- orders that are handed out ------------------------------------------- */

static struct fake_flow *flow_of(struct fake *k, struct slab_ref ref)
{
	if (ref.slot >= FAKE_FLOWS)
		abort();
	return &k->flow[ref.slot];
}

static bool is_of_flow(const struct order *o)
{
	return o->type == ORDER_LOOKUP || o->type == ORDER_INSTALL || o->type == ORDER_REMOVE ||
	       o->type == ORDER_MOVE ||
	       (o->type == ORDER_REFRESH && !slab_ref_is_equal(o->flow, SLAB_REF_NONE));
}

static struct fake_flow *open_flow(struct fake *k, const struct order *o)
{
	struct fake_flow *f = flow_of(k, o->flow);

	if (slab_ref_is_equal(f->ref, o->flow))
		return f;
	if (f->n_rule_orders)
		fake_complain(k, "slot %u reused with rule orders under way", o->flow.slot);
	*f = (struct fake_flow){ .ref = o->flow };
	return f;
}

static void check_worker(struct fake *k, struct fake_flow *f, unsigned int worker)
{
	if (f->n_rule_orders++)
		fake_complain(k, "two rule orders under way for slot %u", f->ref.slot);
	if (f->worker && f->worker != worker + 1 && !k->is_told_stuck)
		fake_complain(k, "slot %u changed its worker", f->ref.slot);
	f->worker = worker + 1;
}

static void check_install(struct fake *k, const struct order_install *o)
{
	if (k->is_told_to_stop)
		fake_complain(k, "install of %u after stop", o->ct_id);
	if (!fake_is_told_eligible(k, o->ct_id))
		fake_complain(k, "install of %u, not eligible by what was told", o->ct_id);
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		if (k->link[i].exists && k->link[i].barrier)
			fake_complain(k, "install of %u behind a barrier", o->ct_id);
	}
}

static void check_refresh(struct fake *k, const struct order_refresh *o)
{
	const struct fake_conn *c = fake_conn_by_id(k, o->ct_id);
	uint8_t state;

	/* A new core may know the connection only from its rules, and it may have ended. */
	if (k->was_core_lost && (!c || !c->is_told))
		return;
	if (!c || !c->is_told) {
		fake_complain(k, "refresh of %u, of which the core was not told", o->ct_id);
		return;
	}
	state = c->told.tcp_state;
	if (o->timeout_s && !o->finish_last_ack && c->conn.orig.proto == L4_TCP &&
	    state != CONN_TCP_ESTABLISHED)
		fake_complain(k, "%u prolonged although TCP is %s", o->ct_id,
			      conn_tcp_state_to_str(state));
	if (o->timeout_s && (c->told.status & CONN_FIXED_TIMEOUT))
		fake_complain(k, "%u prolonged although its timeout is fixed", o->ct_id);
}

void fake_push(struct fake *k, const struct order *o, unsigned int worker, mono_t now)
{
	struct fake_lane *lane = &k->lane[fake_lane(o->type, worker)];
	struct fake_flow *f = is_of_flow(o) ? open_flow(k, o) : NULL;

	switch ((enum order_type)o->type) {
	case ORDER_INSTALL:
		check_worker(k, f, worker);
		check_install(k, &o->install);
		f->ct_id = o->install.ct_id;
		break;
	case ORDER_REMOVE:
	case ORDER_MOVE:
		check_worker(k, f, worker);
		f->is_moving = o->type == ORDER_MOVE;
		break;
	case ORDER_LOOKUP:
		f->n_lookups++;
		break;
	case ORDER_REFRESH:
		f->ct_id = o->refresh.ct_id;
		if (f->n_refreshes++)
			fake_complain(k, "two refreshes under way for %u", f->ct_id);
		check_refresh(k, &o->refresh);
		break;
	case ORDER_PORT_OPEN:
		if (k->is_told_to_stop)
			fake_complain(k, "port if%u opened after stop", o->port.ifindex);
		break;
	case ORDER_BARRIER:
		if (k->is_told_to_stop && o->barrier.raise)
			fake_complain(k, "barrier on if%u after stop", o->barrier.ifindex);
		break;
	case ORDER_PORT_GUARD:
	case ORDER_PORT_CLOSE:
	case ORDER_PROBE:
		break;
	case ORDER_NONE:
	case ORDER__COUNT:
		fake_complain(k, "order without a type");
		return;
	}
	if (lane->n == lane->size) {
		lane->size = lane->size ? 2 * lane->size : 16;
		lane->job = realloc(lane->job, lane->size * sizeof(*lane->job));
		if (!lane->job)
			abort();
	}
	k->n_orders[o->type]++;
	lane->job[lane->n++] = (struct fake_job){ .order = *o, .at = now };
}

size_t fake_pending(const struct fake *k, unsigned int lane)
{
	return k->lane[lane].n - k->lane[lane].first;
}

/* -- rules ---------------------------------------------------------------- */

/* Returns the tuple of a packet that the rule has rewritten. */
static struct tuple rewritten(const struct rule *r)
{
	struct tuple out = r->match;

	if (r->rewrite & RULE_SET_SRC)
		out.src = r->to.src;
	if (r->rewrite & RULE_SET_DST)
		out.dst = r->to.dst;
	if (r->rewrite & RULE_SET_SPORT)
		out.sport = r->to.sport;
	if (r->rewrite & RULE_SET_DPORT)
		out.dport = r->to.dport;
	return out;
}

static bool fits_driver(const struct fake_driver *d, uint8_t form)
{
	return !(form & d->form) && (!d->has_one_prio || (form & RULE_ANY_ETHERTYPE)) &&
	       (!d->sets_only || (form & RULE_EXACT_TTL));
}

static bool takes_tags(const struct fake_driver *d, const struct rule *r)
{
	enum vlan_encap in = vlan_encap_of(&r->tags), out = vlan_encap_of(&r->out_tags);

	return (in == VLAN_UNTAGGED && out == VLAN_UNTAGGED) ||
	       (!d->has_one_prio && !(d->no_tags & recipe_tags_bit(in, out)));
}

static bool driver_takes(struct fake *k, const struct rule *r)
{
	const struct fake_link *in = fake_find_link(k, r->ifindex);
	const struct fake_link *out = fake_find_link(k, r->out_ifindex);
	struct tuple to = rewritten(r);

	return in && out && in->link.hw.tc == LINK_TC_ON && out->link.hw.tc == LINK_TC_ON &&
	       fits_driver(&k->driver, r->form) && takes_tags(&k->driver, r) &&
	       (k->driver.classes & 1u << recipe_class_of(&r->match, &to));
}

/* Returns 0, or the error with which the kernel or a fault refuses the rule. */
static int refusal(struct fake *k, const struct rule *r)
{
	struct fake_faults *f = &k->faults;
	const struct fake_link *l = fake_find_link(k, r->ifindex);

	if (!l)
		return -ENODEV;
	if (!l->has_clsact)
		return -EINVAL;
	if (f->refuse_nth && --f->refuse_nth == 0)
		return f->refuse_err;
	if (f->bad_err && f->bad_ifindex == r->ifindex)
		return f->bad_err;
	if (r->place == RULE_HARDWARE && !driver_takes(k, r))
		return -EOPNOTSUPP;
	if (f->capacity && k->n_rules >= f->capacity)
		return -ENOSPC;
	return 0;
}

/* Sets the text of __tcf_qdisc_find() if clsact is missing. */
static void set_text(struct fake *k, uint32_t ifindex, char extack[EXTACK_SIZE])
{
	const struct fake_link *l = fake_find_link(k, ifindex);

	if (l && !l->has_clsact)
		snprintf(extack, EXTACK_SIZE, "%s", "Parent Qdisc doesn't exists");
}

static int add_rule(struct fake *k, const struct rule *r, struct slab_ref flow)
{
	int err = refusal(k, r);

	for (unsigned int i = 0; !err && i < k->n_rules; i++) {
		const struct rule *old = &k->rule[i].rule;

		if (old->ifindex != r->ifindex || old->prio != r->prio)
			continue;
		if (old->handle == r->handle) {
			fake_complain(k, "handle %u on if%u is occupied", r->handle, r->ifindex);
			return -EEXIST;
		}
		/* flower refuses two filters with the same mask and key: fl_ht_insert_unique(). */
		if (tuple_is_equal(&old->match, &r->match))
			err = -EEXIST;
	}
	if (err)
		return err;
	if (k->n_rules == FAKE_RULES)
		abort();
	k->rule[k->n_rules++] = (struct fake_rule){ .rule = *r,
						   .flow = flow,
						   .is_dead = k->faults.dead_installs };
	return 0;
}

static struct fake_rule *rule_at(struct fake *k, const struct rule_where *where)
{
	for (unsigned int i = 0; i < k->n_rules; i++) {
		struct rule_where at = rule_where(&k->rule[i].rule);

		if (at.ifindex == where->ifindex && at.prio == where->prio &&
		    at.handle == where->handle && at.family == where->family)
			return &k->rule[i];
	}
	return NULL;
}

/* Returns -ENOENT if there is no such rule. */
static int del_rule(struct fake *k, const struct rule_where *where, struct rule_stats *ret)
{
	struct fake_rule *r = rule_at(k, where);

	if (!r)
		return -ENOENT;
	*ret = r->stats;
	*r = k->rule[--k->n_rules];
	return 0;
}

/* -- installs ------------------------------------------------------------- */

/* The frames look as if the device with this MAC address had sent them, if that is known now. */
static bool has_wrong_tags(struct fake *k, const struct rule *r)
{
	for (unsigned int i = 0; i < FAKE_LINKS; i++) {
		const struct link *l = &k->link[i].link;
		struct vlan_tags tags;
		uint32_t port;

		if (k->link[i].exists && mac_is_equal(&l->mac, &r->eth_src) &&
		    fake_find_tags(k, l, &tags, &port) && port == r->out_ifindex)
			return !vlan_is_equal(&tags, &r->out_tags);
	}
	return false;
}

/* The TTL becomes one less, and no packet leaves with a TTL of 0. */
static bool lowers_ttl(const struct rule *r)
{
	return r->form & RULE_EXACT_TTL ? r->ttl >= 2 && !(r->rewrite & RULE_DEC_TTL) : r->rewrite & RULE_DEC_TTL;
}

static void check_rule(struct fake *k, const struct order *o, const struct rule rules[],
		       const struct fake_conn *c, enum dir dir)
{
	const struct rule *r = &rules[dir], *other = &rules[dir_other(dir)];
	uint32_t ct_id = c->conn.id;
	const struct tuple *match = dir == DIR_ORIG ? &c->conn.orig : &c->conn.reply;
	struct tuple to = tuple_inverse(dir == DIR_ORIG ? &c->conn.reply : &c->conn.orig);
	enum slot_kind kind = slot_kind_of(r->form & RULE_ANY_ETHERTYPE, &r->tags);
	struct rule_where where = slot_where(k->settings.tc_priority, kind,
					     match->family, o->flow.slot, dir, other->out_ifindex);
	struct tuple out = rewritten(r);

	if (!tuple_is_equal(&r->match, match))
		fake_complain(k, "rule of %u matches something else", ct_id);
	if (!tuple_is_equal(&out, &to))
		fake_complain(k, "rule of %u translates to something else", ct_id);
	if (!lowers_ttl(r) || !(r->rewrite & RULE_SET_MACS) ||
	    !mac_is_unicast(&r->eth_src) || !mac_is_unicast(&r->eth_dst))
		fake_complain(k, "rule of %u does not route", ct_id);
	if (r->ifindex != where.ifindex || r->prio != where.prio || r->handle != where.handle ||
	    rule_where(r).family != where.family || rule_where(r).vlan != where.vlan || r->kind != RULE_FLOW ||
	    (k->settings.offload == OFFLOAD_HARDWARE && r->ifindex == r->out_ifindex &&
	     vlan_is_equal(&r->tags, &r->out_tags)))
		fake_complain(k, "rule of %u is in the wrong place", ct_id);
	if (!vlan_is_equal(&r->tags, &other->out_tags))
		fake_complain(k, "rule of %u matches other tags than replies have", ct_id);
	if (has_wrong_tags(k, r))
		fake_complain(k, "rule of %u sends wrong tags", ct_id);
	if (r->cookie.instance != k->instance || r->cookie.ct_id != ct_id ||
	    r->cookie.dir != (uint8_t)dir || r->cookie.kind != RULE_FLOW)
		fake_complain(k, "rule of %u has a wrong cookie", ct_id);
}

static void set_status(struct event_install *e, enum install_status status, int err)
{
	e->status = (uint8_t)status;
	e->err = err;
}

/* Makes the conntrack settings, which come first. Returns true if the rules may follow. */
static bool run_care(struct fake *k, const struct order_install *o, struct fake_conn *c,
		     struct event_install *e, mono_t now)
{
	int err = k->faults.care_err;

	k->faults.care_err = 0;
	if (!c || c->conn.id != o->ct_id) {
		set_status(e, INSTALL_NO_CONN, -ENOENT);
		return false;
	}
	if (err) {
		set_status(e, INSTALL_CT_REFUSED, err);
		return false;
	}
	c->be_liberal |= o->be_liberal;
	if (o->timeout_s)
		fake_set_timeout(c, o->timeout_s, now);
	return true;
}

/* Loses the answer to an install. Its rules stay as faults.install_left says. */
static void lose_install(struct fake *k, const struct order *o, struct event_install *e)
{
	struct rule_stats stats;

	k->faults.lose_install = false;
	set_status(e, INSTALL_UNCERTAIN, -ETIMEDOUT);
	e->in_hw = false;
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where where = rule_where(&o->install.rule[d]);

		if (k->faults.install_left == FAKE_LEFT_NONE ||
		    (k->faults.install_left == FAKE_LEFT_ONE && d == DIR_REPLY))
			IGNORE_RESULT(del_rule(k, &where, &stats));
	}
}

static void run_install(struct fake *k, const struct order *o, struct event *ev, mono_t now)
{
	const struct order_install *in = &o->install;
	struct event_install *e = &ev->install;
	struct fake_conn *c = fake_find_conn(k, &in->orig);
	struct rule_stats stats;
	int err[DIR__COUNT];

	*ev = (struct event){ .type = EVENT_INSTALL_DONE, .flow = o->flow };
	if (!run_care(k, in, c, e, now))
		return;
	if (in->orig.proto == L4_TCP && !c->be_liberal)
		fake_complain(k, "rules for %u before be-liberal", in->ct_id);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		check_rule(k, o, in->rule, c, d);
		err[d] = add_rule(k, &in->rule[d], o->flow);
		if (err[d]) {
			set_status(e, INSTALL_REFUSED, err[d]);
			e->dir = (uint8_t)d;
			set_text(k, in->rule[d].ifindex, e->extack);
		}
	}
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		struct rule_where where = rule_where(&in->rule[d]);

		if (!err[d] && err[dir_other(d)])
			IGNORE_RESULT(del_rule(k, &where, &stats));
	}
	e->in_hw = e->status == INSTALL_OK && in->rule[0].place == RULE_HARDWARE;
	if (k->faults.lose_install && e->status == INSTALL_OK)
		lose_install(k, o, e);
}

/* -- removals ------------------------------------------------------------- */

static void run_remove(struct fake *k, const struct order *o, struct event *ev)
{
	struct event_remove *e = &ev->remove;
	int fault = k->faults.removal_err;
	enum fake_left left = k->faults.removal_left;

	*ev = (struct event){ .type = EVENT_REMOVE_DONE, .flow = o->flow };
	k->faults.removal_err = 0;
	e->err = fault;
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (fault && (left == FAKE_LEFT_BOTH || (left == FAKE_LEFT_ONE && d == DIR_REPLY)))
			continue;
		e->has_stats[d] = del_rule(k, &o->remove.where[d], &e->stats[d]) == 0;
	}
	for (unsigned int i = 0; !fault && i < k->n_rules; i++) {
		if (slot_from_handle(k->rule[i].rule.handle) == o->flow.slot)
			fake_complain(k, "a rule of slot %u is left on if%u", o->flow.slot,
				      k->rule[i].rule.ifindex);
	}
}

/* -- moves ---------------------------------------------------------------- */

/* Like the kernel, adds the new rule before it deletes the old one, so there must be room for
 * both. Without an old rule, just adds the new one. */
static int move_rule(struct fake *k, const struct order *o, enum dir dir, struct event_remove *e)
{
	const struct rule *r = &o->move.rule[dir];
	struct rule_where where = rule_where(r);
	struct fake_rule *old = rule_at(k, &where);
	int err = dir == DIR_REPLY ? k->faults.move_err : 0;

	if (old) {
		e->has_stats[dir] = true;
		e->stats[dir] = old->stats;
	}
	if (!err)
		err = refusal(k, r);
	if (err || !old)
		return err ? err : add_rule(k, r, o->flow);
	*old = (struct fake_rule){ .rule = *r, .flow = o->flow, .is_dead = k->faults.dead_installs };
	return 0;
}

static void run_move(struct fake *k, const struct order *o, struct event *ev)
{
	const struct fake_conn *c = fake_conn_by_id(k, o->move.rule[0].cookie.ct_id);
	struct event_remove *e = &ev->remove;

	*ev = (struct event){ .type = EVENT_MOVE_DONE, .flow = o->flow };
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		int err;

		if (c)
			check_rule(k, o, o->move.rule, c, d);
		err = move_rule(k, o, d, e);
		if (err) {
			e->err = err;
			set_text(k, o->move.rule[d].ifindex, e->extack);
		}
	}
	k->faults.move_err = 0;
}

/* -- ports ---------------------------------------------------------------- */

static void run_port_open(struct fake *k, const struct order_port *o, struct event_port *e)
{
	struct fake_link *l = fake_find_link(k, o->ifindex);
	int err = k->faults.port_err;

	*e = (struct event_port){ .ifindex = o->ifindex, .order = ORDER_PORT_OPEN };
	k->faults.port_err = 0;
	if (!l || err) {
		e->err = l ? err : -ENODEV;
		return;
	}
	/* Like portwork, first removes rules of other instances. */
	for (unsigned int i = k->n_rules; i-- > 0;) {
		if (k->rule[i].rule.ifindex == o->ifindex &&
		    k->rule[i].rule.cookie.instance != o->instance)
			k->rule[i] = k->rule[--k->n_rules];
	}
	e->made_clsact = !l->clsact_is_foreign;
	l->has_clsact = true;
}

static void run_port_guard(struct fake *k, const struct order_port *o, struct event_port *e)
{
	struct fake_link *l = fake_find_link(k, o->ifindex);
	struct rule_where where;
	struct rule guard;

	*e = (struct event_port){ .ifindex = o->ifindex, .order = ORDER_PORT_GUARD };
	if (!l || !l->has_clsact) {
		e->err = l ? -EINVAL : -ENODEV;
		return;
	}
	for (unsigned int i = 0; i < SLOT_GUARDS; i++) {
		if (!(o->guards & 1u << i))
			continue;
		plan_guard(o, i, &guard);
		where = rule_where(&guard);
		if (guard.ifindex != o->ifindex || guard.kind != RULE_GUARD || slot_guard_at(&where) != i)
			fake_complain(k, "wrong guard for if%u", o->ifindex);
	}
	e->guards = o->guards;
	l->guards |= o->guards;
}

static void run_port_close(struct fake *k, const struct order_port *o, struct event_port *e)
{
	struct fake_link *l = fake_find_link(k, o->ifindex);
	int err = k->faults.port_err;

	*e = (struct event_port){ .ifindex = o->ifindex, .order = ORDER_PORT_CLOSE };
	k->faults.port_err = 0;
	if (!l || err) {
		e->err = l ? err : -ENODEV;
		return;
	}
	for (unsigned int i = 0; i < k->n_rules; i++) {
		if (k->rule[i].rule.ifindex == o->ifindex)
			fake_complain(k, "if%u closed while it has rules", o->ifindex);
	}
	/* A new core that has not opened the port may keep clsact: it may not know whose it is. */
	if (o->keep_clsact != l->clsact_is_foreign && !(k->was_core_lost && o->keep_clsact))
		fake_complain(k, "if%u: keep_clsact is wrong", o->ifindex);
	l->guards = 0;
	if (!l->clsact_is_foreign)
		l->has_clsact = false;
}

/* -- probes --------------------------------------------------------------- */

static void run_probe(struct fake *k, const struct order_probe *o, struct event_probe *e)
{
	struct fake_driver *d = &k->driver;
	const struct fake_link *in = fake_find_link(k, o->in), *out = fake_find_link(k, o->out);
	bool fits = fits_driver(d, o->sample.form);

	*e = (struct event_probe){ .id = o->id, .in = o->in, .out = o->out };
	if (!in || !out) {
		e->err = -ENODEV;
		return;
	}
	if (!in->has_clsact) {
		e->err = -EINVAL;
		e->refused = o->classes;
		set_text(k, o->in, e->extack);
		return;
	}
	if (in->link.hw.tc != LINK_TC_ON || out->link.hw.tc != LINK_TC_ON) {
		fits = false;
	} else if (o->asks_odd && d->takes_odd) {
		e->took_odd = true;
		return;
	}
	if (fits && !d->err)
		e->classes = d->classes & o->classes;
	if (o->asks_mtu && fits_driver(d, o->sample.form | RULE_WITH_MTU))
		e->mtu_classes = e->classes;
	if (o->asks_tags && e->classes)
		e->tags = ~(d->no_tags | recipe_tags_bit(VLAN_UNTAGGED, VLAN_UNTAGGED)) &
			  FAKE_TAGS_ALL;
	e->refused = o->classes & (uint16_t)~e->classes;
	if (e->refused)
		e->err = d->err ? d->err : -EOPNOTSUPP;
	d->err = 0;
}

/* -- questions ------------------------------------------------------------ */

static void run_lookup(struct fake *k, const struct order *o, struct event *ev, mono_t now)
{
	struct path_query *q = &ev->lookup;
	enum reason reason;

	*ev = (struct event){ .type = EVENT_LOOKUP_DONE, .flow = o->flow };
	*q = o->lookup;
	IGNORE_RESULT(fake_walk(k, q, now, &reason));
}

/* The core must not prolong a connection beyond its policy, counted from the last packet
 * that the core was told of. */
static void check_prolonged(struct fake *k, const struct fake_conn *c, uint32_t timeout_s,
			    mono_t asked_at)
{
	uint32_t policy_s = c->policy_s;
	int64_t limit_ms;

	if (!c->is_told_by_event)
		policy_s = MAX(policy_s, c->conn.orig.proto == L4_TCP ?
						 k->settings.tcp_timeout_s :
						 k->settings.udp_timeout_s);
	if (c->last_moved.us == 0) {
		fake_complain(k, "%u prolonged although no rule forwarded a packet", c->conn.id);
		return;
	}
	limit_ms = mono_diff_ms(c->last_moved, asked_at) + (int64_t)policy_s * 1000 + 1100;
	if ((int64_t)timeout_s * 1000 > limit_ms)
		fake_complain(k, "%u prolonged to %us, too long after its last packet", c->conn.id,
			      timeout_s);
}

/* Like dispatch, reads the entry first, then changes it only if that still makes sense. */
static void run_refresh(struct fake *k, const struct fake_job *job, struct event *ev, mono_t now)
{
	const struct order *o = &job->order;
	const struct order_refresh *in = &o->refresh;
	struct event_refresh *e = &ev->refresh;
	struct fake_conn *c = fake_find_conn(k, &in->orig);

	*ev = (struct event){ .type = EVENT_REFRESH_DONE, .flow = o->flow };
	if (k->faults.refresh_err) {
		e->err = k->faults.refresh_err;
		k->faults.refresh_err = 0;
		return;
	}
	e->found = c && c->conn.id == in->ct_id;
	if (!e->found)
		return;
	fake_report(c, now, &e->conn);
	if (in->clear_mark) {
		c->conn.mark &= ~in->clear_mark;
		c->way_is_unknown = false;
		c->way_age_ms = 0;
		e->cleared = in->clear_mark;
	} else if (in->finish_last_ack) {
		if (c->conn.tcp_state == CONN_TCP_LAST_ACK) {
			c->conn.tcp_state = CONN_TCP_TIME_WAIT;
			fake_set_timeout(c, in->timeout_s, now);
			e->timeout_s = in->timeout_s;
		}
	} else if (in->timeout_s > e->conn.timeout_s &&
		   (c->conn.orig.proto != L4_TCP || c->conn.tcp_state == CONN_TCP_ESTABLISHED)) {
		check_prolonged(k, c, in->timeout_s, job->at);
		fake_set_timeout(c, in->timeout_s, now);
		e->timeout_s = in->timeout_s;
	}
}

/* Raises or lowers a barrier. Lowering one that does not exist succeeds. A failure to lower it
 * leaves the rule for IPv6. */
static void run_barrier(struct fake *k, const struct order_barrier *o, struct event_barrier *e)
{
	struct fake_link *l = fake_find_link(k, o->ifindex);

	*e = (struct event_barrier){
		.ifindex = o->ifindex, .link = o->link, .raise = o->raise
	};
	if (k->faults.barrier_err) {
		e->err = k->faults.barrier_err;
		k->faults.barrier_err = 0;
		if (l)
			l->barrier &= o->raise ? 0 : 1u << SLOT_BARRIER_IP6;
		e->is_left = !o->raise;
	} else if (l && l->exists && (l->has_clsact || !o->raise)) {
		l->barrier = o->raise ? o->barriers : 0;
		if (o->raise)
			fake_check_barrier(k, o->ifindex, o->barriers);
	} else if (o->raise) {
		e->err = -ENODEV;
	}
}

/* -- lanes ---------------------------------------------------------------- */

static void run_order(struct fake *k, struct fake_job *job, mono_t now)
{
	const struct order *o = &job->order;
	struct event *ev = &job->answer;

	switch ((enum order_type)o->type) {
	case ORDER_PORT_OPEN:
		*ev = (struct event){ .type = EVENT_PORT_DONE };
		run_port_open(k, &o->port, &ev->port);
		break;
	case ORDER_PORT_CLOSE:
		*ev = (struct event){ .type = EVENT_PORT_DONE };
		run_port_close(k, &o->port, &ev->port);
		break;
	case ORDER_LOOKUP:
		run_lookup(k, o, ev, now);
		break;
	case ORDER_INSTALL:
		run_install(k, o, ev, now);
		break;
	case ORDER_REMOVE:
		run_remove(k, o, ev);
		break;
	case ORDER_MOVE:
		run_move(k, o, ev);
		break;
	case ORDER_REFRESH:
		run_refresh(k, job, ev, now);
		break;
	case ORDER_PORT_GUARD:
		*ev = (struct event){ .type = EVENT_PORT_DONE };
		run_port_guard(k, &o->port, &ev->port);
		break;
	case ORDER_BARRIER:
		*ev = (struct event){ .type = EVENT_BARRIER_DONE };
		run_barrier(k, &o->barrier, &ev->barrier);
		break;
	case ORDER_PROBE:
		*ev = (struct event){ .type = EVENT_PROBE_DONE };
		run_probe(k, &o->probe, &ev->probe);
		break;
	case ORDER_NONE:
	case ORDER__COUNT:
		abort();
	}
}

bool fake_execute(struct fake *k, unsigned int lane, mono_t now)
{
	struct fake_lane *l = &k->lane[lane];

	for (size_t i = l->first; i < l->n; i++) {
		if (l->job[i].is_done)
			continue;
		run_order(k, &l->job[i], now);
		l->job[i].is_done = true;
		return true;
	}
	return false;
}

/* Updates the counts of the order's flow, unless its slot has another flow by now. */
static void close_order(struct fake *k, const struct order *o)
{
	struct fake_flow *f;

	if (!is_of_flow(o))
		return;
	f = flow_of(k, o->flow);
	if (!slab_ref_is_equal(f->ref, o->flow))
		return;
	if (o->type == ORDER_LOOKUP)
		f->n_lookups--;
	else if (o->type == ORDER_REFRESH)
		f->n_refreshes--;
	else
		f->n_rule_orders--;
}

bool fake_answer(struct fake *k, unsigned int lane, struct event *ret)
{
	struct fake_lane *l = &k->lane[lane];
	struct fake_job *job;

	if (l->first == l->n || !l->job[l->first].is_done)
		return false;
	job = &l->job[l->first];
	*ret = job->answer;
	close_order(k, &job->order);
	if (++l->first == l->n) {
		l->first = 0;
		l->n = 0;
	}
	return true;
}

/* -- a new core ------------------------------------------------------------ */

static void forget_told(struct fake_conn *c)
{
	c->is_told = false;
	c->is_told_gone = !c->exists;
	c->is_told_by_event = false;
	c->told = (struct conn){ .id = c->conn.id, .orig = c->conn.orig };
	c->last_moved = MONO_ZERO;
	c->told_marked_at = 0;
	c->doubted_at = 0;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		c->told_pkts[d] = 0;
}

void fake_lose_core(struct fake *k)
{
	for (unsigned int i = 0; i < FAKE_LANES; i++)
		k->lane[i].first = k->lane[i].n = 0;
	for (unsigned int i = 0; i < k->n_conns; i++)
		forget_told(&k->conn[i]);
	memset(k->flow, 0, sizeof(k->flow));
	k->told_epoch = 0;
	k->read_marked_at = 0;
	k->is_told_to_stop = false;
	k->is_told_stuck = false;
	k->was_core_lost = true;
}

void fake_remove_at(struct fake *k, unsigned int n)
{
	k->rule[n] = k->rule[--k->n_rules];
}

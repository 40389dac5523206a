/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/why.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonline.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "core/flow/policy.h"
#include "core/view.h"
#include "daemon/control/ctlparam.h"
#include "daemon/control/remedy.h"
#include "daemon/work/questions.h"

struct why {
	const struct engine *engine;
	struct conn conn;
	json_t *steps;
	json_t *rules;
	enum reason reason; /* of the first failed step */
};

PRINTF_LIKE(4, 5)
static void step(struct why *w, const char *name, bool ok, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(w->steps, json_pack("{s:s, s:b, s:o}", "step", name, "ok", ok,
						  "text", jsonline_string(text)));
}

static void fail(struct why *w, const char *name, enum reason reason)
{
	w->reason = reason;
	step(w, name, false, "%s", reason_text(reason));
}

static const char *link_name(const struct why *w, uint32_t ifindex, char buf[32])
{
	const struct link_rec *rec = topology_find_link(view_paths(w->engine), ifindex);

	if (rec)
		return rec->link.name;
	snprintf(buf, 32, "device %u", ifindex);
	return buf;
}

static void describe_conn(struct why *w)
{
	const struct conn *c = &w->conn;
	char orig[TUPLE_STR_SIZE], reply[TUPLE_STR_SIZE];
	const char *state = "";

	if (c->has & CONN_HAS_TCP_STATE)
		state = conn_tcp_state_to_str(c->tcp_state);
	step(w, "conntrack", true, "%s, reply %s, %s%s%s, %u s left, mark 0x%x",
	     tuple_to_str(&c->orig, orig), tuple_to_str(&c->reply, reply), state,
	     *state ? ", " : "", conn_is_assured(c) ? "assured" : "not assured",
	     c->has & CONN_HAS_TIMEOUT ? c->timeout_s : 0, c->mark);
}

static bool explain_policy(struct why *w)
{
	enum reason reason = policy_conn(engine_settings(w->engine), view_epoch(w->engine),
					 &w->conn);

	if (reason == REASON_HELPER && w->conn.helper[0]) {
		w->reason = reason;
		step(w, "policy", false, "%s: %s", reason_text(reason), w->conn.helper);
		return false;
	}
	if (reason != REASON_NONE) {
		fail(w, "policy", reason);
		return false;
	}
	step(w, "policy", true, "the connection may be offloaded if its path allows it");
	return true;
}

/* Empty for the main table. */
static const char *table_text(uint32_t table, char buf[32])
{
	buf[0] = '\0';
	if (table && table != RT_TABLE_MAIN)
		snprintf(buf, 32, ", from table %u", table);
	return buf;
}

static void describe_answer(struct why *w, const struct path_query *q, enum path_step s)
{
	static const char *const what[PATH_STEP__COUNT] = {
		[PATH_STEP_INGRESS] = "route to the originator",
		[PATH_STEP_FORWARD] = "route of the original direction",
		[PATH_STEP_REVERSE] = "route of the reply direction",
		[PATH_STEP_CONFIRM] = "route of the original direction, arriving where replies leave",
	};
	const struct route_answer *a = &q->answer[s];
	char dev[32], gw[ADDR_STR_SIZE], table[32];

	switch ((enum route_kind)a->kind) {
	case ROUTE_UNICAST:
		step(w, "route", true, "%s: out of %s%s%s%s", what[s], link_name(w, a->oif, dev),
		     a->has_gateway ? " via " : "",
		     a->has_gateway ? addr_to_str(a->gateway_family, &a->gateway, gw) : "",
		     table_text(a->table, table));
		break;
	case ROUTE_LOCAL:
		step(w, "route", false, "%s: leads to this host", what[s]);
		break;
	case ROUTE_ENCAP:
		step(w, "route", false, "%s: adds headers to its packets (ip route get shows encap)", what[s]);
		break;
	case ROUTE_FAILED:
		step(w, "route", false, "%s: no answer (%s)", what[s], strerror(-a->err));
		break;
	case ROUTE_NONE:
	case ROUTE_OTHER:
		/* ip_route_input_slow() returns EHOSTUNREACH both for a missing route and for
		 * disabled forwarding. */
		step(w, "route", false, "%s: no usable route (%s%s)", what[s],
		     a->err ? strerror(-a->err) : "its type does not forward packets",
		     a->err == -EHOSTUNREACH && q->ask.iif && q->ask.family == FAMILY_IP4 ?
			     ", or IPv4 forwarding is off on the device of arrival" : "");
		break;
	}
}

/* Empty if the daemon has not asked for it, as no NIC needs it. */
static const char *ttl_text(uint8_t ttl, char buf[16])
{
	buf[0] = '\0';
	if (ttl)
		snprintf(buf, 16, ", TTL %u", ttl);
	return buf;
}

static void describe_notes(struct why *w, const struct path_query *q)
{
	static const char *const what[DIR__COUNT] = { [DIR_ORIG] = "original", [DIR_REPLY] = "reply" };
	char in[32], out[32], hop[ADDR_STR_SIZE], ttl[16];

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct seen_way *s = &q->seen[d];

		if (s->is_known)
			step(w, "way", true, "a packet of the %s direction, %.1f s ago: in by %s, out of %s, "
			     "next hop %s, mark 0x%x%s", what[d], s->age_ms / 1000.0,
			     link_name(w, s->iif, in), link_name(w, s->oif, out),
			     addr_to_str(q->orig.family, &s->next_hop, hop), s->mark,
			     ttl_text(s->ttl, ttl));
		else
			step(w, "way", false, "no packet of the %s direction has noted its way lately", what[d]);
	}
}

#define LEG_TEXT_SIZE 160

/* Such as "lan0.7 (802.1q 7 on lan0)", or "br0 (on lan1)". */
static const char *leg_text(const struct leg *leg, char buf[LEG_TEXT_SIZE])
{
	struct strbuf sb;

	strbuf_init(&sb, buf, LEG_TEXT_SIZE);
	strbuf_put(&sb, leg->rec[0]->link.name);
	if (leg->n > 1)
		strbuf_put(&sb, " (");
	for (unsigned int i = 0; i < vlan_count(&leg->tags); i++)
		strbuf_printf(&sb, "%s%s %u ", i ? ", " : "", vlan_proto_name(leg->tags.tag[i].proto),
			      leg->tags.tag[i].id);
	if (leg->n > 1)
		strbuf_printf(&sb, "on %s)", leg_port(leg)->link.name);
	return buf;
}

/* Where the packets of a direction go when they leave, and how large they may be. */
static void describe_hop(struct why *w, const struct path *path, enum dir dir)
{
	const struct hop *hop = &path->hop[dir];
	const struct neigh_rec *next = topology_get_neigh(view_paths(w->engine), path->next_hop[dir]);
	char addr[ADDR_STR_SIZE] = "?", to[MAC_STR_SIZE], from[MAC_STR_SIZE], dev[32];

	if (next)
		addr_to_str((enum family)next->neigh.family, &next->neigh.addr, addr);
	step(w, "hop", true, "%s: to %s at %s, from %s, by port %s; packets of up to %u bytes%s",
	     dir == DIR_ORIG ? "original direction" : "reply direction", addr, mac_to_str(&hop->dst, to),
	     mac_to_str(&hop->src, from), link_name(w, hop->ifindex, dev), hop->mtu,
	     path_checks_size(path, dir) ? ", larger ones take the CPU" : "");
}

static bool explain_path(struct why *w, struct dispatch *dispatch, struct path *path)
{
	const struct settings *s = engine_settings(w->engine);
	enum reason reason = REASON_NO_ROUTE;
	enum path_step first;
	struct path_query q;
	char in[32], out[32], text[2][LEG_TEXT_SIZE];

	view_begin_path(w->engine, &w->conn, &q);
	/* The answers contain the error. */
	IGNORE_RESULT(questions_walk_path(dispatch_questions(dispatch), &q));
	if (q.asks_seen)
		describe_notes(w, &q);
	first = path_first_step(&q);
	for (unsigned int i = first; i <= q.step; i++)
		describe_answer(w, &q, i);
	if (path_advance(&q, &reason) != PATH_FOUND) {
		fail(w, "path", reason);
		return false;
	}
	reason = path_resolve(view_paths(w->engine), s, &q, path);
	if (reason != REASON_NONE) {
		w->reason = reason;
		step(w, "path", false, "%s to %s: %s",
		     link_name(w, path_egress(&q, DIR_REPLY), in),
		     link_name(w, path_egress(&q, DIR_ORIG), out), reason_text(reason));
		return false;
	}
	step(w, "path", true, "enters by %s, leaves by %s; both next hops are known",
	     leg_text(&path->leg[DIR_REPLY], text[0]), leg_text(&path->leg[DIR_ORIG], text[1]));
	describe_hop(w, path, DIR_ORIG);
	describe_hop(w, path, DIR_REPLY);
	return true;
}

static void explain_rules(struct why *w, const struct path *path)
{
	struct rule rule[DIR__COUNT];
	char text[RULE_STR_SIZE];

	view_rules(w->engine, &w->conn, path, rule);
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		json_array_append_new(w->rules, json_string(rule_to_str(&rule[d], text)));
}

/* What the engine does with the connection. This is the truth if it differs from the decision
 * that the steps above arrived at. */
static const char *explain_engine(struct why *w)
{
	struct view_flow f;

	if (!view_flow(w->engine, &w->conn.orig, w->conn.id, &f)) {
		if (w->reason == REASON_NONE) {
			struct view_totals t;

			view_totals(w->engine, &t);
			if (t.n_flows < t.max_flows) {
				step(w, "engine", true, "not in the flow table yet");
				return "pending";
			}
			fail(w, "engine", REASON_TABLE_FULL);
		}
		return "software";
	}
	switch (f.state) {
	case FLOW_ACTIVE:
		step(w, "engine", true, "both rules are installed%s", f.in_hw ? " in the NIC" : "");
		return "offloaded";
	case FLOW_RESOLVE:
	case FLOW_WAIT:
	case FLOW_INSTALL:
	case FLOW_ADOPTED:
	case FLOW_MOVE:
	case FLOW_MOVING:
		step(w, "engine", true, "in progress: %s", flow_state_name(f.state));
		return "pending";
	case FLOW_REFUSED:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_STATE__COUNT:
		break;
	}
	if (w->reason == REASON_NONE)
		fail(w, "engine", f.reason);
	return w->reason == REASON_KERNEL_FLOWTABLE ? "kernel" : "software";
}

static json_t *not_found(const struct tuple *tuple, int err)
{
	char text[TUPLE_STR_SIZE];
	json_t *steps = json_array();

	json_array_append_new(
		steps, json_pack("{s:s, s:b, s:o}", "step", "conntrack", "ok", 0, "text",
				 json_sprintf("cannot get the connection from conntrack: %s",
					      err == -ENOENT ? "not found" : strerror(-err))));
	return json_pack("{s:s, s:b, s:o, s:n, s:n, s:n, s:[]}", "tuple",
			 tuple_to_str(tuple, text), "found", 0, "steps", steps, "state", "reason",
			 "reason_text", "rules");
}

json_t *why_explain(const struct engine *engine, struct dispatch *dispatch,
		    const struct tuple *tuple)
{
	struct why w = { .engine = engine };
	char text[TUPLE_STR_SIZE];
	struct path path;
	const char *state;
	int err = questions_get_conn(dispatch_questions(dispatch), tuple, &w.conn);

	if (err)
		return not_found(tuple, err);
	w.steps = json_array();
	w.rules = json_array();
	describe_conn(&w);
	if (explain_policy(&w) && explain_path(&w, dispatch, &path))
		explain_rules(&w, &path);
	state = explain_engine(&w);
	if (strcmp(state, "software") != 0 && strcmp(state, "kernel") != 0)
		w.reason = REASON_NONE;
	if (remedy_of(w.reason))
		step(&w, "remedy", false, "%s", remedy_of(w.reason));
	return json_pack("{s:s, s:b, s:o, s:s, s:o, s:o, s:o}", "tuple",
			 tuple_to_str(&w.conn.orig, text), "found", 1, "steps", w.steps, "state",
			 state, "reason",
			 w.reason == REASON_NONE ? json_null() : json_string(reason_name(w.reason)),
			 "reason_text",
			 w.reason == REASON_NONE ? json_null() : json_string(reason_text(w.reason)),
			 "rules", w.rules);
}

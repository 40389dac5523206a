/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expect - the command "expect": compares the next order, or a state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/counter.h"
#include "base/util.h"
#include "core/engine_priv.h"
#include "core/view.h"
#include "scenario/scene.h"

static void expect_yes_or_no(struct scene *s, struct words *w, const char *what, bool value)
{
	const char *wanted = words_take(s, w);

	if (strcmp(wanted, value ? "yes" : "no") != 0)
		scene_fail(s, "%s: %s, not %s", what, value ? "yes" : "no", wanted);
}

/* -- orders --------------------------------------------------------------- */

static double seconds(const struct scene *s, mono_t t)
{
	return (double)mono_diff_us(t, s->zero) / 1e6;
}

/* Moves an order with this text to the front, so that it is the next one. */
static void pick_order(struct scene *s, const char *text)
{
	for (unsigned int i = s->first; i < s->n; i++) {
		struct scene_entry found = s->log[i];

		if (strcmp(found.text, text) != 0)
			continue;
		memmove(&s->log[s->first + 1], &s->log[s->first],
			(i - s->first) * sizeof(found));
		s->log[s->first] = found;
		return;
	}
}

static void print_log(const struct scene *s)
{
	for (unsigned int i = s->first; i < s->n; i++)
		printf("#   %gs %s\n", seconds(s, s->log[i].at), s->log[i].text);
}

static void expect_order(struct scene *s, const char *text, mono_t from, mono_t to)
{
	const struct scene_entry *e = &s->log[s->first];

	if (s->first == s->n) {
		scene_fail(s, "no order: '%s'", text);
		return;
	}
	if (strcmp(e->text, text) != 0)
		print_log(s);
	s->first++;
	if (strcmp(e->text, text) != 0)
		scene_fail(s, "order '%s', not '%s'", e->text, text);
	else if (mono_before(e->at, from) || mono_before(to, e->at))
		scene_fail(s, "order '%s' at %gs, not at %gs to %gs", text, seconds(s, e->at),
			   seconds(s, from), seconds(s, to));
}

/* The time window before the text of an order, such as "1s..1100ms". */
static void take_window(struct scene *s, struct words *w, mono_t *from, mono_t *to)
{
	char text[SCENE_LINE];
	struct words both;
	char *dots;

	snprintf(text, sizeof(text), "%s", words_take(s, w));
	dots = strstr(text, "..");
	if (dots)
		memset(dots, ' ', 2);
	words_split(&both, text);
	*from = scene_time(s, words_take_ms(s, &both));
	*to = words_are_left(&both) ? scene_time(s, words_take_ms(s, &both)) : *from;
}

static void expect_nothing(struct scene *s, struct words *w)
{
	(void)w;
	if (s->first != s->n)
		scene_fail(s, "unexpected order '%s'", s->log[s->first].text);
}

/* -- flows ---------------------------------------------------------------- */

static bool find_flow(struct scene *s, uint32_t id, struct view_flow *ret)
{
	struct fake_conn *c = scene_conn(s, id);

	return c && view_flow(s->rig.engine, &c->conn.orig, id, ret);
}

static bool get_flow(struct scene *s, struct words *w, struct view_flow *ret)
{
	uint32_t id = words_take_number(s, w);

	if (find_flow(s, id, ret))
		return true;
	scene_fail(s, "there is no flow of %u", id);
	return false;
}

static void expect_state(struct scene *s, struct words *w)
{
	struct view_flow f;
	const char *wanted;

	if (!get_flow(s, w, &f))
		return;
	wanted = words_take(s, w);
	if (strcmp(flow_state_name(f.state), wanted) != 0)
		scene_fail(s, "flow is %s (%s), not %s", flow_state_name(f.state),
			   reason_name(f.reason), wanted);
}

static void expect_reason(struct scene *s, struct words *w)
{
	struct view_flow f;
	const char *wanted;

	if (!get_flow(s, w, &f))
		return;
	wanted = words_take(s, w);
	if (strcmp(reason_name(f.reason), wanted) != 0)
		scene_fail(s, "reason is %s, not %s", reason_name(f.reason), wanted);
}

static void expect_no_flow(struct scene *s, struct words *w)
{
	uint32_t id = words_take_number(s, w);
	struct view_flow f;

	if (find_flow(s, id, &f))
		scene_fail(s, "there is a flow of %u, in state %s", id, flow_state_name(f.state));
}

static void expect_in_hw(struct scene *s, struct words *w)
{
	struct view_flow f;

	if (get_flow(s, w, &f))
		expect_yes_or_no(s, w, "in hardware", f.in_hw);
}

static void expect_forwarded(struct scene *s, struct words *w)
{
	struct view_flow f;
	enum dir dir;
	uint32_t pkts, bytes;

	if (!get_flow(s, w, &f))
		return;
	dir = words_take_dir(s, w);
	pkts = words_take_number(s, w);
	bytes = words_take_number(s, w);
	if (f.forwarded[dir].pkts != pkts || f.forwarded[dir].bytes != bytes)
		scene_fail(s, "forwarded %llu packets, %llu bytes",
			   (unsigned long long)f.forwarded[dir].pkts,
			   (unsigned long long)f.forwarded[dir].bytes);
}

/* -- numbers -------------------------------------------------------------- */

static void expect_number(struct scene *s, struct words *w, const char *what, uint32_t value)
{
	uint32_t wanted = words_take_number(s, w);

	if (value != wanted)
		scene_fail(s, "%u %s, not %u", value, what, wanted);
}

static unsigned int rules_out_by(const struct fake *k, uint32_t ifindex)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < k->n_rules; i++)
		n += k->rule[i].rule.kind == RULE_FLOW && k->rule[i].rule.out_ifindex == ifindex;
	return n;
}

static void expect_rules(struct scene *s, struct words *w)
{
	uint32_t id;

	if (words_take_if(w, "to")) {
		id = words_take_number(s, w);
		expect_number(s, w, "rules", rules_out_by(&s->rig.kernel, id));
		return;
	}
	if (!words_take_if(w, "of")) {
		expect_number(s, w, "rules", s->rig.kernel.n_rules);
		return;
	}
	id = words_take_number(s, w);
	expect_number(s, w, "rules", fake_rules_of(&s->rig.kernel, id));
}

static void expect_flows(struct scene *s, struct words *w)
{
	struct view_totals t;

	view_totals(s->rig.engine, &t);
	expect_number(s, w, "flows", t.n_flows);
}

static void expect_count(struct scene *s, struct words *w)
{
	const char *name = words_take(s, w);
	struct view_totals t;

	view_totals(s->rig.engine, &t);
	for (unsigned int i = 0; i < FLOW_STATE__COUNT; i++) {
		if (strcmp(name, flow_state_name(i)) == 0) {
			expect_number(s, w, name, t.n_state[i]);
			return;
		}
	}
	scene_fail(s, "no such state: '%s'", name);
}

static void expect_silent(struct scene *s, struct words *w)
{
	expect_number(s, w, "silent flows", s->rig.engine->n_silent);
}

static void expect_counter(struct scene *s, struct words *w)
{
	const char *name = words_take(s, w);
	const struct counter *c = counter_find(name);

	if (c)
		expect_number(s, w, name, (uint32_t)counter_read(c));
	else
		scene_fail(s, "no such counter: '%s'", name);
}

/* -- the kernel ----------------------------------------------------------- */

static void expect_conn_timeout(struct scene *s, struct words *w, const struct fake_conn *c)
{
	uint32_t from = words_take_number(s, w);
	uint32_t to = words_are_left(w) ? words_take_number(s, w) : from;
	struct conn now;

	fake_report(c, s->rig.now, &now);
	if (now.timeout_s < from || now.timeout_s > to)
		scene_fail(s, "its timeout is %u, not %u to %u", now.timeout_s, from, to);
}

static void expect_conn(struct scene *s, struct words *w)
{
	const struct fake_conn *c = scene_conn(s, words_take_number(s, w));
	const char *what = words_take(s, w);

	if (!c)
		return;
	if (strcmp(what, "gone") == 0 || strcmp(what, "alive") == 0) {
		if (c->exists != (what[0] == 'a'))
			scene_fail(s, "connection is %s", c->exists ? "alive" : "gone");
	} else if (strcmp(what, "timeout") == 0) {
		expect_conn_timeout(s, w, c);
	} else if (strcmp(what, "tcp") == 0) {
		const char *wanted = words_take(s, w);
		const char *state = conn_tcp_state_to_str(c->conn.tcp_state);

		if (strcmp(state, wanted) != 0)
			scene_fail(s, "TCP is %s, not %s", state, wanted);
	} else {
		scene_fail(s, "a connection has no '%s'", what);
	}
}

static void expect_clsact(struct scene *s, struct words *w)
{
	const struct fake_link *l = fake_find_link(&s->rig.kernel, words_take_number(s, w));

	expect_yes_or_no(s, w, "clsact", l && l->has_clsact);
}

static void expect_guards(struct scene *s, struct words *w)
{
	const struct fake_link *l = fake_find_link(&s->rig.kernel, words_take_number(s, w));

	expect_yes_or_no(s, w, "guards", l && l->guards);
}

static void expect_dumps(struct scene *s, struct words *w)
{
	expect_yes_or_no(s, w, "dumps are wanted", engine_wants_dumps(s->rig.engine));
}

static void expect_stopped(struct scene *s, struct words *w)
{
	expect_yes_or_no(s, w, "stopped", engine_is_stopped(s->rig.engine));
}

static void expect_empty(struct scene *s, struct words *w)
{
	(void)w;
	fake_check_empty(&s->rig.kernel);
}

static void expect_port(struct scene *s, struct words *w)
{
	const struct topology *paths = view_paths(s->rig.engine);
	const struct link_rec *rec = topology_find_link(paths, words_take_number(s, w));
	const char *wanted = words_take(s, w);

	if (!rec)
		scene_fail(s, "the engine knows no such link");
	else if (strcasecmp(portstate_fsm.state[rec->port], wanted) != 0)
		scene_fail(s, "port is %s, not %s", portstate_fsm.state[rec->port], wanted);
}

/* -- table of checks ------------------------------------------------------ */

static const struct scene_command checks[] = {
	{ "nothing", expect_nothing },	 { "state", expect_state },
	{ "reason", expect_reason },	 { "no-flow", expect_no_flow },
	{ "in-hw", expect_in_hw },	 { "forwarded", expect_forwarded },
	{ "rules", expect_rules },	 { "flows", expect_flows },
	{ "dumps", expect_dumps },
	{ "silent", expect_silent },	 { "counter", expect_counter },
	{ "conn", expect_conn },	 { "clsact", expect_clsact },
	{ "guards", expect_guards },	 { "stopped", expect_stopped },
	{ "count", expect_count },
	{ "port", expect_port },	 { "empty", expect_empty },
};

void scene_expect(struct scene *s, struct words *w)
{
	scene_fn fn = scene_find(checks, array_size(checks), words_peek(w));
	char text[SCENE_LINE];
	mono_t from, to;
	bool is_any;

	scene_start(s);
	rig_settle(&s->rig);
	if (fn) {
		w->first++;
		fn(s, w);
		return;
	}
	from = to = s->rig.now;
	is_any = words_take_if(w, "any");
	if (words_take_if(w, "at"))
		take_window(s, w, &from, &to);
	words_rest(w, text, sizeof(text));
	if (is_any)
		pick_order(s, text);
	expect_order(s, text, from, to);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * happen - commands that make something happen: connections, packets, faults,
 * actions of the operator, changes of the ruleset.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "scenario/scene.h"

/* -- connections ---------------------------------------------------------- */

/* How a connection is reported. */
struct report {
	bool is_quiet; /* there is no report */
	bool is_brief; /* without the TCP state, as if only the mark had changed */
	bool is_dump;
	bool is_own;
};

static bool take_status_word(struct words *w, struct conn *c)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{ "assured", CONN_ASSURED | CONN_SEEN_REPLY }, { "offload", CONN_OFFLOAD },
		{ "hw-offload", CONN_HW_OFFLOAD }, { "dying", CONN_DYING },
		{ "expected", CONN_EXPECTED }, { "seq-adjust", CONN_SEQ_ADJUST },
		{ "nat-clash", CONN_NAT_CLASH }, { "fixed-timeout", CONN_FIXED_TIMEOUT },
	};
	bool is_off = words_peek(w)[0] == '-';

	for (unsigned int i = 0; i < array_size(names); i++) {
		if (strcmp(words_peek(w) + is_off, names[i].name) != 0)
			continue;
		w->first++;
		if (is_off)
			c->status &= ~names[i].bit;
		else
			c->status |= names[i].bit;
		return true;
	}
	return false;
}

static bool take_attachment_word(struct words *w, struct conn *c)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{ "helper", CONN_HAS_HELPER },
		{ "master", CONN_HAS_MASTER },
		{ "seqadj", CONN_HAS_SEQADJ },
		{ "synproxy", CONN_HAS_SYNPROXY },
		{ "counters", CONN_HAS_COUNTERS },
	};
	bool is_off = words_peek(w)[0] == '-';

	for (unsigned int i = 0; i < array_size(names); i++) {
		if (strcmp(words_peek(w) + is_off, names[i].name) != 0)
			continue;
		w->first++;
		if (is_off)
			c->has &= ~names[i].bit;
		else
			c->has |= names[i].bit;
		return true;
	}
	return false;
}

static bool take_tcp_state(struct words *w, struct conn *c)
{
	char text[32];

	snprintf(text, sizeof(text), "%s", words_peek(w));
	for (char *p = text; *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (uint8_t state = 0; state < CONN_TCP__COUNT; state++) {
		if (strcasecmp(text, conn_tcp_state_to_str(state)) != 0)
			continue;
		w->first++;
		c->tcp_state = state;
		return true;
	}
	return false;
}

static void take_conn_words(struct scene *s, struct words *w, struct conn *c, uint32_t *policy_s,
			    struct report *r)
{
	while (words_are_left(w) && !s->has_failed) {
		if (take_tcp_state(w, c) || take_status_word(w, c) || take_attachment_word(w, c))
			continue;
		if (words_take_if(w, "timeout"))
			c->timeout_s = words_take_number(s, w);
		else if (words_take_if(w, "policy"))
			*policy_s = words_take_number(s, w);
		else if (words_take_if(w, "mark"))
			c->mark = words_take_number(s, w);
		else if (words_take_if(w, "quiet"))
			r->is_quiet = true;
		else if (words_take_if(w, "brief"))
			r->is_brief = true;
		else if (words_take_if(w, "dump"))
			r->is_dump = true;
		else if (words_take_if(w, "own"))
			r->is_own = true;
		else
			scene_fail(s, "unknown word '%s' for a connection", words_take(s, w));
	}
}

static void report_conn(struct scene *s, const struct fake_conn *c, const struct report *r)
{
	struct event ev = { .type = EVENT_CONN, .is_dump = r->is_dump, .is_own = r->is_own };

	if (r->is_quiet)
		return;
	if (r->is_dump)
		fake_report(c, s->rig.now, &ev.conn);
	else
		fake_report_event(c, s->rig.now, &ev.conn);
	if (r->is_brief)
		ev.conn.has &= ~(uint32_t)CONN_HAS_TCP_STATE;
	rig_feed(&s->rig, &ev);
}

static void conn_new(struct scene *s, struct words *w, uint32_t id)
{
	struct conn c = { .id = id };
	struct report r = { 0 };
	struct fake_conn *fc;
	uint32_t policy_s = 0;
	const char *proto = words_take(s, w);

	words_take_tuple(s, w, proto, &c.orig);
	c.reply = tuple_inverse(&c.orig);
	if (words_take_if(w, "reply"))
		words_take_tuple(s, w, proto, &c.reply);
	c.timeout_s = c.orig.proto == L4_TCP ? 432000 : 120;
	if (c.orig.proto == L4_TCP)
		c.tcp_state = CONN_TCP_ESTABLISHED;
	take_conn_words(s, w, &c, &policy_s, &r);
	if (s->has_failed)
		return;
	fc = fake_add_conn(&s->rig.kernel, &c, s->rig.now);
	if (!fc) {
		scene_fail(s, "too many connections");
		return;
	}
	if (policy_s)
		fc->policy_s = policy_s;
	fc->is_silent = r.is_quiet || r.is_dump;
	report_conn(s, fc, &r);
}

static void conn_set(struct scene *s, struct words *w, struct fake_conn *c)
{
	struct report r = { 0 };

	c->conn.timeout_s = 0;
	take_conn_words(s, w, &c->conn, &c->policy_s, &r);
	if (c->conn.timeout_s)
		fake_set_timeout(c, c->conn.timeout_s, s->rig.now);
	report_conn(s, c, &r);
}

static void conn_destroy(struct scene *s, struct words *w, struct fake_conn *c)
{
	c->exists = false;
	if (!words_take_if(w, "quiet"))
		rig_report_end(&s->rig, c);
}

static void run_conn(struct scene *s, struct words *w)
{
	uint32_t id = words_take_number(s, w);
	struct fake_conn *c;

	scene_start(s);
	if (words_take_if(w, "new")) {
		conn_new(s, w, id);
		return;
	}
	c = scene_conn(s, id);
	if (!c)
		return;
	if (words_take_if(w, "set"))
		conn_set(s, w, c);
	else if (words_take_if(w, "destroy"))
		conn_destroy(s, w, c);
	else
		scene_fail(s, "conn %u: neither new, set nor destroy", id);
}

static void run_packets(struct scene *s, struct words *w)
{
	struct fake_conn *c = scene_conn(s, words_take_number(s, w));
	bool is_both = words_take_if(w, "both");
	enum dir dir = is_both ? DIR_ORIG : words_take_dir(s, w);
	uint32_t pkts = words_take_number(s, w);
	uint32_t bytes = words_are_left(w) ? words_take_number(s, w) : pkts * 100;

	if (!c)
		return;
	fake_packets(&s->rig.kernel, c, dir, pkts, bytes, s->rig.now);
	if (is_both)
		fake_packets(&s->rig.kernel, c, DIR_REPLY, pkts, bytes, s->rig.now);
}

static void run_sample(struct scene *s, struct words *w)
{
	(void)w;
	rig_sample(&s->rig);
}

/* -- dumps and the operator ----------------------------------------------- */

static void run_resync(struct scene *s, struct words *w)
{
	if (words_take_if(w, "begin")) {
		rig_feed_type(&s->rig, EVENT_RESYNC_BEGIN);
	} else if (words_take_if(w, "end")) {
		rig_feed_type(&s->rig, EVENT_RESYNC_END);
	} else if (words_take_if(w, "abort")) {
		rig_feed_type(&s->rig, EVENT_RESYNC_ABORT);
	} else if (words_take_if(w, "all")) {
		rig_resync(&s->rig);
	} else if (words_take_if(w, "dump")) {
		while (words_are_left(w) && !s->has_failed) {
			struct fake_conn *c = scene_conn(s, words_take_number(s, w));

			if (c)
				rig_report(&s->rig, c, true);
		}
	} else {
		scene_fail(s, "resync: not begin, end, abort, all or dump");
	}
}

/* "devices NAME...": the list of devices changes to these. */
static void run_devices(struct scene *s, struct words *w)
{
	char names[4][LINK_NAME_SIZE];
	struct event ev = { .type = EVENT_DEVICES, .devices = { .name = names } };

	scene_start(s);
	while (words_are_left(w) && ev.devices.n < array_size(names))
		snprintf(names[ev.devices.n++], LINK_NAME_SIZE, "%s", words_take(s, w));
	rig_feed(&s->rig, &ev);
}

static void run_flush(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_FLUSH };

	if (words_take_if(w, "all")) {
		ev.flush.all = true;
	} else {
		const char *proto = words_take(s, w);

		words_take_tuple(s, w, proto, &ev.flush.tuple);
	}
	rig_feed(&s->rig, &ev);
}

static void run_stop(struct scene *s, struct words *w)
{
	(void)w;
	rig_feed_type(&s->rig, EVENT_STOP);
}

/* -- faults --------------------------------------------------------------- */

static void refuse_rule(struct scene *s, struct words *w)
{
	s->rig.kernel.faults.refuse_nth = words_take_number(s, w);
	s->rig.kernel.faults.refuse_err = words_take_errno(s, w);
}

static void refuse_port(struct scene *s, struct words *w)
{
	s->rig.kernel.faults.bad_ifindex = words_take_number(s, w);
	s->rig.kernel.faults.bad_err = words_take_errno(s, w);
}

static void refuse_care(struct scene *s, struct words *w)
{
	s->rig.kernel.faults.care_err = words_take_errno(s, w);
}

static void run_refuse(struct scene *s, struct words *w)
{
	static const struct scene_command table[] = {
		{ "rule", refuse_rule },
		{ "port", refuse_port },
		{ "conntrack", refuse_care },
	};
	const char *name = words_take(s, w);
	scene_fn fn = scene_find(table, array_size(table), name);

	scene_start(s);
	if (fn)
		fn(s, w);
	else
		scene_fail(s, "refuse: not rule, port or conntrack");
}

static enum fake_left take_left(struct scene *s, struct words *w)
{
	if (words_take_if(w, "both-in"))
		return FAKE_LEFT_BOTH;
	if (words_take_if(w, "one-in"))
		return FAKE_LEFT_ONE;
	if (!words_take_if(w, "none-in"))
		scene_fail(s, "not both-in, one-in or none-in");
	return FAKE_LEFT_NONE;
}

static void run_lose_install(struct scene *s, struct words *w)
{
	scene_start(s);
	s->rig.kernel.faults.lose_install = true;
	s->rig.kernel.faults.install_left = take_left(s, w);
}

static void run_fail(struct scene *s, struct words *w)
{
	struct fake_faults *f = &s->rig.kernel.faults;

	scene_start(s);
	if (words_take_if(w, "removal")) {
		f->removal_err = words_take_errno(s, w);
		f->removal_left = take_left(s, w);
	} else if (words_take_if(w, "move")) {
		f->move_err = words_take_errno(s, w);
	} else if (words_take_if(w, "port")) {
		f->port_err = words_take_errno(s, w);
	} else if (words_take_if(w, "lookup")) {
		f->lookup_err = words_take_errno(s, w);
	} else if (words_take_if(w, "refresh")) {
		f->refresh_err = words_take_errno(s, w);
	} else if (words_take_if(w, "barrier")) {
		f->barrier_err = words_take_errno(s, w);
	} else {
		scene_fail(s, "fail: not removal, move, port, lookup, refresh or barrier");
	}
}

/* -- lanes ---------------------------------------------------------------- */

static void mark_lanes(struct scene *s, struct words *w, bool lanes[], bool value)
{
	if (words_take_if(w, "ask")) {
		lanes[fake_lane(ORDER_LOOKUP, 0)] = value;
	} else if (words_take_if(w, "urgent")) {
		lanes[FAKE_URGENT] = value;
	} else if (words_take_if(w, "worker")) {
		unsigned int n = words_take_number(s, w);

		lanes[fake_lane(ORDER_INSTALL, n)] = value;
		lanes[fake_lane(ORDER_REMOVE, n)] = value;
	} else {
		scene_fail(s, "not ask, urgent or worker N");
	}
}

static void run_hold(struct scene *s, struct words *w)
{
	scene_start(s);
	mark_lanes(s, w, s->rig.is_held, true);
}

static void run_mute(struct scene *s, struct words *w)
{
	scene_start(s);
	mark_lanes(s, w, s->rig.is_mute, true);
}

static void run_release(struct scene *s, struct words *w)
{
	struct words copy = *w;

	mark_lanes(s, w, s->rig.is_held, false);
	mark_lanes(s, &copy, s->rig.is_mute, false);
}

static void run_room(struct scene *s, struct words *w)
{
	scene_start(s);
	s->rig.room = words_take_number(s, w);
}

/* -- the ruleset ----------------------------------------------------------- */

static void run_epoch(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_EPOCH };

	scene_start(s);
	ev.epoch = words_take_number(s, w);
	rig_feed(&s->rig, &ev);
}

static void take_element(struct scene *s, struct words *w, struct setelem *e)
{
	struct setelem_field *f = &e->field[e->n_fields++];
	const char *text = words_take(s, w);
	enum family family;
	struct addr addr;

	if (addr_from_str(text, &family, &addr) || family != FAMILY_IP4) {
		scene_fail(s, "not an IPv4 address: '%s'", text);
		return;
	}
	f->kind = SETELEM_IP4;
	f->len = 4;
	memcpy(f->lo, addr.b, 4);
	memcpy(f->hi, addr.b, 4);
}

/* "ruleset everything", "ruleset element ADDRESS", also with "times N", and "ruleset settled N",
 * where the first change has the number 1 */
static void run_ruleset(struct scene *s, struct words *w)
{
	struct event ev = { .type = EVENT_RULESET };
	static struct setelem many[512];
	struct setelem elem = { 0 };
	unsigned int n = 1;

	scene_start(s);
	if (words_take_if(w, "settled")) {
		ev = (struct event){ .type = EVENT_RULESET_SETTLED,
				     .change = words_take_number(s, w) };
		rig_feed(&s->rig, &ev);
		return;
	}
	if (words_take_if(w, "everything")) {
		ev.ruleset.everything = true;
	} else if (words_take_if(w, "element")) {
		take_element(s, w, &elem);
	} else {
		scene_fail(s, "unknown word '%s' for the ruleset", words_peek(w));
		return;
	}
	if (words_take_if(w, "times"))
		n = words_take_number(s, w);
	for (unsigned int i = 0; i < n && i < array_size(many); i++)
		many[i] = elem;
	ev.ruleset.change = ++s->n_changes;
	ev.ruleset.n_elems = elem.n_fields ? n : 0;
	ev.ruleset.elem = many;
	rig_feed(&s->rig, &ev);
}

const struct scene_command scene_happen[] = {
	{ "conn", run_conn },	  { "packets", run_packets },
	{ "sample", run_sample }, { "resync", run_resync },
	{ "devices", run_devices },
	{ "flush", run_flush },	  { "stop", run_stop },
	{ "refuse", run_refuse }, { "lose-install", run_lose_install },
	{ "fail", run_fail },	  { "hold", run_hold },
	{ "mute", run_mute },	  { "release", run_release },
	{ "room", run_room },	  { "epoch", run_epoch },
	{ "ruleset", run_ruleset },
};
const size_t scene_n_happen = array_size(scene_happen);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset - which connections may pass in a random world, which are marked, and what the
 * engine is told about changes.
 *
 * Does what an nft table and daemon/admission/admission do. A packet that the CPU forwards
 * marks its connection if the ruleset lets it pass. A change applies at once, but the engine
 * is told later. The engine is told a new epoch before the table writes it. A change without a
 * new epoch is settled once a pass has cleared the marks that it may concern, and everything
 * is read that was queued then.
 */
#include <string.h>

#include "base/util.h"
#include "core/engine_priv.h"
#include "core/flow/policy.h"
#include "core/rules/revoke.h"
#include "random/world.h"

/* Bits for more epochs than any world needs, so none is reused. */
#define EPOCH_BITS 0xfff000
#define EPOCH_STEP 0x1000

bool world_has_ruleset(const struct world *w)
{
	return w->rig.kernel.settings.admit != ADMIT_EVENTS;
}

void world_random_admission(struct world *w, struct settings *s)
{
	static const enum admit_mode modes[] = { ADMIT_EVENTS, ADMIT_MARK, ADMIT_NFT, ADMIT_NFT };

	s->admit = modes[splitmix_below(&w->rnd, array_size(modes))];
	s->mark = s->admit == ADMIT_NFT ? EPOCH_BITS : 0x1000;
}

static bool is_by_epoch(const struct world *w)
{
	return w->rig.kernel.settings.admit == ADMIT_NFT;
}

static bool is_marked_if_it_passes(const struct fake_conn *c)
{
	return c->exists && conn_is_assured(&c->conn) &&
	       (c->conn.orig.proto != L4_TCP || c->conn.tcp_state == CONN_TCP_ESTABLISHED);
}

uint32_t world_wanted_mark(const struct world *w, const struct fake_conn *c)
{
	if (c->is_denied)
		return 0;
	return is_by_epoch(w) ? w->epoch_written : w->rig.kernel.settings.mark;
}

void world_pass(struct world *w, struct fake_conn *c)
{
	uint32_t mark = world_wanted_mark(w, c);

	if (world_has_ruleset(w) && mark && is_marked_if_it_passes(c) &&
	    fake_mark(&w->rig.kernel, c, mark)) {
		fake_note(&w->rig.kernel, c, w->rig.now);
		world_say_conn(w, c, false, false);
	}
}

enum reason world_wanted_reason(const struct world *w, const struct fake_conn *c)
{
	const struct settings *s = &w->rig.kernel.settings;
	struct conn conn = c->conn;

	conn.mark = world_has_ruleset(w) ? world_wanted_mark(w, c) : conn.mark;
	return policy_conn(s, w->rig.kernel.told_epoch, &conn);
}

/* -- changes --------------------------------------------------------------- */

static void random_element(struct world *w, struct setelem *e)
{
	struct setelem_field *f = &e->field[0];
	bool is_ip6 = splitmix_below(&w->rnd, 3) == 0;
	struct addr addr;

	e->n_fields = 1;
	if (splitmix_below(&w->rnd, 4) == 0) {
		*f = (struct setelem_field){ .kind = SETELEM_PORT, .len = 2, .hi = { 0, 80 } };
		return;
	}
	world_address(splitmix_below(&w->rnd, WORLD_NETS), 1 + splitmix_below(&w->rnd, WORLD_HOSTS),
		      is_ip6, &addr);
	*f = (struct setelem_field){ .kind = is_ip6 ? SETELEM_IP6 : SETELEM_IP4,
				     .len = is_ip6 ? 16 : 4 };
	memcpy(f->lo, addr.b, f->len);
	memcpy(f->hi, addr.b, f->len);
}

static bool concerns(const struct world_change *change, const struct fake_conn *c)
{
	return change->everything ||
	       setelem_can_match(&change->elem, &c->conn.orig, &c->conn.reply);
}

/* Chooses again, at random, which of the affected connections are denied. */
static void apply(struct world *w, const struct world_change *change)
{
	struct fake *k = &w->rig.kernel;

	for (unsigned int i = 0; i < k->n_conns; i++) {
		struct fake_conn *c = &k->conn[i];

		if (concerns(change, c))
			c->is_denied = splitmix_below(&w->rnd, 4) == 0;
	}
}

static void change_ruleset(struct world *w)
{
	struct world_change *change = &w->change[w->n_changes];

	if (w->n_changes == WORLD_CHANGES)
		return;
	w->n_changes++;
	*change = (struct world_change){ .when = ++w->rig.kernel.ruleset_time,
					 .everything = splitmix_below(&w->rnd, 3) == 0 };
	random_element(w, &change->elem);
	apply(w, change);
}

static void feed_epoch(struct world *w, uint32_t epoch)
{
	struct event ev = { .type = EVENT_EPOCH, .epoch = epoch };

	w->is_open = epoch != 0;
	rig_feed(&w->rig, &ev);
}

/* Sometimes feeds several elements at a time, even more than the engine remembers. */
static void feed_elements(struct world *w, const struct world_change *change)
{
	static struct setelem many[300];
	struct event ev = { .type = EVENT_RULESET };
	unsigned int n = splitmix_below(&w->rnd, 8) ? 1 : 1 + splitmix_below(&w->rnd, 300);

	for (unsigned int i = 0; i < n; i++)
		many[i] = change->elem;
	ev.ruleset = (struct event_ruleset){ .change = ++w->pass.told,
					     .everything = change->everything,
					     .n_elems = change->everything ? 0 : n,
					     .elem = many };
	rig_feed(&w->rig, &ev);
	if (w->pass.n_waiting == WORLD_PASS_CHANGES)
		w->pass.waiting[0].everything = true;
	else
		w->pass.waiting[w->pass.n_waiting++] = *change;
}

static void tell_change(struct world *w)
{
	struct world_change change = w->change[0];

	memmove(&w->change[0], &w->change[1], --w->n_changes * sizeof(change));
	fake_doubt(&w->rig.kernel, change.everything ? NULL : &change.elem, change.when);
	if (!change.everything || !is_by_epoch(w))
		feed_elements(w, &change);
	else if (w->is_open)
		feed_epoch(w, 0);
}

/* -- epochs ----------------------------------------------------------------- */

static void open_epoch(struct world *w)
{
	if (!is_by_epoch(w) || w->is_open || w->is_writing || !engine_is_closed(w->rig.engine))
		return;
	w->epoch_last += EPOCH_STEP;
	w->is_writing = true;
	feed_epoch(w, w->epoch_last);
}

/* The transaction may fail. Then no mark counts until the next epoch. */
static void write_epoch(struct world *w, bool may_fail)
{
	if (!w->is_writing)
		return;
	w->is_writing = false;
	if (!may_fail || splitmix_below(&w->rnd, 4))
		w->epoch_written = w->epoch_last;
	else if (w->is_open)
		feed_epoch(w, 0);
}

/* -- the pass that clears marks --------------------------------------------- */

static void begin_pass(struct world *w)
{
	struct world_pass *p = &w->pass;

	if (p->number || !p->n_waiting)
		return;
	p->number = p->told;
	memcpy(p->change, p->waiting, sizeof(p->change));
	p->n = p->n_waiting;
	p->n_waiting = 0;
	p->cursor = 0;
	p->is_cleared = false;
}

static void clear_old(struct world *w, struct fake_conn *c)
{
	uint32_t bits = settings_mark_bits(&w->rig.kernel.settings);

	for (unsigned int i = 0; i < w->pass.n; i++) {
		if (!c->exists || !(c->conn.mark & bits) || !concerns(&w->pass.change[i], c))
			continue;
		c->conn.mark &= ~bits;
		world_say_conn(w, c, false, true);
		return;
	}
}

/* Clears the marks of up to @n connections, which may be re-marked behind the cursor. */
static void clear_some(struct world *w, unsigned int n)
{
	struct world_pass *p = &w->pass;
	struct fake *k = &w->rig.kernel;

	if (!p->number || p->is_cleared)
		return;
	for (; n > 0 && p->cursor < k->n_conns; n--)
		clear_old(w, &k->conn[p->cursor++]);
	if (p->cursor < k->n_conns)
		return;
	p->is_cleared = true;
	p->n_unread = w->ct.n;
	p->is_behind_dump = w->is_dumping;
}

static void settle(struct world *w)
{
	struct event ev = { .type = EVENT_RULESET_SETTLED, .change = w->pass.number };
	struct world_pass *p = &w->pass;

	if (!p->number || !p->is_cleared || p->n_unread || p->is_behind_dump)
		return;
	p->number = 0;
	rig_feed(&w->rig, &ev);
}

static void step_pass(struct world *w)
{
	settle(w);
	begin_pass(w);
	clear_some(w, 1 + splitmix_below(&w->rnd, 64));
}

/* Ends the pass that is under way, and makes one for the changes that wait. */
static void end_passes(struct world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		begin_pass(w);
		clear_some(w, w->rig.kernel.n_conns);
		world_read_all(w);
		settle(w);
		rig_settle(&w->rig);
	}
}

bool world_is_lawful(const struct world *w)
{
	if (!world_has_ruleset(w))
		return true;
	return !w->n_changes && !w->pass.number && !w->pass.n_waiting && !w->is_writing &&
	       (!is_by_epoch(w) || (w->is_open && w->epoch_written == w->rig.kernel.told_epoch)) &&
	       revoke_is_done(w->rig.engine);
}

/* The new engine starts with a ruleset that has all changes so far. */
void world_restart_ruleset(struct world *w, bool is_adopted)
{
	struct world_change since = { .when = w->rig.kernel.ruleset_time, .everything = true };

	w->n_changes = 0;
	w->is_writing = false;
	w->is_open = false;
	memset(&w->pass, 0, sizeof(w->pass));
	if (is_by_epoch(w) && is_adopted)
		feed_epoch(w, w->epoch_written);
	if (world_has_ruleset(w) && !is_by_epoch(w) && !is_adopted) {
		fake_doubt(&w->rig.kernel, NULL, since.when);
		feed_elements(w, &since);
	}
}

void world_step_ruleset(struct world *w)
{
	uint32_t dice = splitmix_below(&w->rnd, 16);

	if (!world_has_ruleset(w))
		return;
	if (dice < 2)
		change_ruleset(w);
	else if (dice < 6 && w->n_changes)
		tell_change(w);
	else if (dice < 9)
		open_epoch(w);
	else if (dice < 12)
		write_epoch(w, w->has_faults);
	else
		step_pass(w);
}

void world_rest_ruleset(struct world *w)
{
	if (!world_has_ruleset(w))
		return;
	while (w->n_changes)
		tell_change(w);
	end_passes(w);
	for (unsigned int i = 0; i < 2; i++) {
		write_epoch(w, false);
		rig_settle(&w->rig);
		open_epoch(w);
	}
	write_epoch(w, false);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port/nic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/util.h"
#include "core/rules/slot.h"

COUNTER(probes, "times that the daemon probed which rules a driver accepts");

/* Pause before a probe that failed for the moment is repeated; doubled each time. */
#define PROBE_PAUSE_MS	   1000
#define PROBE_PAUSE_MAX_MS 300000

struct nic *nic_new(const struct settings *settings, uint32_t instance)
{
	struct nic *nic = calloc(1, sizeof(*nic));

	if (!nic)
		return NULL;
	nic->settings = *settings;
	nic->instance = instance;
	nic->next_due = MONO_NEVER;
	return nic;
}

void nic_free(struct nic *nic)
{
	free(nic);
}

/* -- ports ---------------------------------------------------------------- */

static unsigned int index_of(const struct nic *nic, uint32_t ifindex)
{
	for (unsigned int i = 0; ifindex && i < NIC_MAX_PORTS; i++) {
		if (nic->port[i].link.ifindex == ifindex)
			return i;
	}
	return NIC_MAX_PORTS;
}

static struct nic_port *find_port(struct nic *nic, uint32_t ifindex)
{
	unsigned int i = index_of(nic, ifindex);

	return i < NIC_MAX_PORTS ? &nic->port[i] : NULL;
}

const struct nic_port *nic_find_port(const struct nic *nic, uint32_t ifindex)
{
	unsigned int i = index_of(nic, ifindex);

	return i < NIC_MAX_PORTS ? &nic->port[i] : NULL;
}

const struct nic_pair *nic_find_pair(const struct nic *nic, uint32_t in, uint32_t out)
{
	unsigned int i = index_of(nic, in), o = index_of(nic, out);

	return i < NIC_MAX_PORTS && o < NIC_MAX_PORTS ? &nic->pair[i][o] : NULL;
}

static struct nic_pair *find_pair(struct nic *nic, uint32_t in, uint32_t out)
{
	unsigned int i = index_of(nic, in), o = index_of(nic, out);

	return i < NIC_MAX_PORTS && o < NIC_MAX_PORTS ? &nic->pair[i][o] : NULL;
}

static enum reason port_reason(const struct nic_port *p)
{
	if (!p->driver)
		return REASON_DRIVER_NOT_ALLOWED;
	if (p->link.hw.tc != LINK_TC_ON)
		return REASON_HW_TC_OFFLOAD_OFF;
	return REASON_NONE;
}

static void set_tags(struct nic *nic, struct nic_pair *pair, enum pair_tags tags)
{
	nic->n_wanted -= pair_is_waiting(pair);
	pair->tags = (uint8_t)tags;
	nic->n_wanted += pair_is_waiting(pair);
}

/* The tags are those of a recipe. */
static void set_state(struct nic *nic, struct nic_pair *pair, enum pair_state state)
{
	nic->n_wanted -= pair_is_waiting(pair);
	pair->state = (uint8_t)state;
	if (state != PAIR_GOOD)
		pair->tags = TAGS_UNKNOWN;
	nic->n_wanted += pair_is_waiting(pair);
}

static void forget_pair(struct nic *nic, struct nic_pair *pair)
{
	set_state(nic, pair, PAIR_NONE);
	*pair = (struct nic_pair){ .due = MONO_NEVER, .tags_due = MONO_NEVER };
}

/* -- cards ---------------------------------------------------------------- */

static bool is_free(const struct card *c)
{
	return c->id[0] == '\0' || (c->n_ports == 0 && c->used == 0);
}

static uint8_t find_card(struct nic *nic, const struct link *link)
{
	char id[CARD_ID_SIZE];
	unsigned int free_one = NIC_MAX_CARDS;

	card_id_of(link, id);
	for (unsigned int i = 0; i < NIC_MAX_CARDS; i++) {
		if (strcmp(nic->card[i].id, id) == 0)
			return (uint8_t)i;
		if (free_one == NIC_MAX_CARDS && is_free(&nic->card[i]))
			free_one = i;
	}
	if (free_one == NIC_MAX_CARDS)
		return NIC_NONE;
	card_init(&nic->card[free_one], &nic->settings, id);
	return (uint8_t)free_one;
}

static void count_guards(struct nic *nic, const struct nic_port *p, int sign)
{
	if (p->card != NIC_NONE)
		nic->card[p->card].guards += (uint32_t)(sign * __builtin_popcount(p->guards));
}

static void leave_card(struct nic *nic, struct nic_port *p)
{
	count_guards(nic, p, -1);
	if (p->card != NIC_NONE)
		nic->card[p->card].n_ports--;
	p->card = NIC_NONE;
}

static void join_card(struct nic *nic, struct nic_port *p)
{
	p->card = p->driver ? find_card(nic, &p->link) : NIC_NONE;
	if (p->card != NIC_NONE)
		nic->card[p->card].n_ports++;
	count_guards(nic, p, 1);
}

struct card *nic_card_at(struct nic *nic, uint8_t index)
{
	return index < NIC_MAX_CARDS ? &nic->card[index] : NULL;
}

uint8_t nic_card_index(const struct nic *nic, uint32_t ifindex)
{
	const struct nic_port *p = nic_find_port(nic, ifindex);

	return p ? p->card : NIC_NONE;
}

struct card *nic_card(struct nic *nic, uint32_t ifindex)
{
	return nic_card_at(nic, nic_card_index(nic, ifindex));
}

/* -- pairs ---------------------------------------------------------------- */

static bool can_be_pair(const struct nic *nic, unsigned int in, unsigned int out)
{
	const struct nic_port *a = &nic->port[in], *b = &nic->port[out];

	return (in != out || a->is_trunk) && a->link.ifindex && b->link.ifindex && a->is_ready &&
	       b->is_ready &&
	       port_reason(a) == REASON_NONE && port_reason(b) == REASON_NONE &&
	       a->card != NIC_NONE && a->card == b->card && a->link.is_up && b->link.is_up;
}

/* The port makes no pair but with itself. */
static bool is_alone(const struct nic *nic, unsigned int port)
{
	for (unsigned int o = 0; o < NIC_MAX_PORTS; o++) {
		if (o != port && nic->pair[port][o].state != PAIR_NONE)
			return false;
	}
	return true;
}

static void refuse(struct nic *nic, unsigned int in, unsigned int out, enum reason reason)
{
	struct nic_pair *pair = &nic->pair[in][out];
	struct notice n = { .type = NOTICE_PAIR_REFUSED,
			    .reason = (uint8_t)reason,
			    .in = nic->port[in].link.ifindex,
			    .out = nic->port[out].link.ifindex,
			    .err = pair->err };

	memcpy(n.extack, pair->extack, sizeof(n.extack));
	pair->reason = (uint8_t)reason;
	set_state(nic, pair, PAIR_REFUSED);
	/* Perhaps no flow needs to leave by the port of its arrival. */
	if (in != out || is_alone(nic, in))
		notice_push(&nic->notices, &n);
}

static void want_pair(struct nic *nic, unsigned int in, unsigned int out)
{
	struct nic_pair *pair = &nic->pair[in][out];

	if (pair->state != PAIR_NONE || !can_be_pair(nic, in, out))
		return;
	*pair = (struct nic_pair){ .due = MONO_NEVER, .tags_due = MONO_NEVER };
	if (in != out && driver_are_two_uplinks(&nic->port[in].link, &nic->port[out].link)) {
		snprintf(pair->extack, sizeof(pair->extack), "%s",
			 "both are uplinks of the same switch");
		refuse(nic, in, out, REASON_NO_RECIPE);
		return;
	}
	set_state(nic, pair, PAIR_WANTED);
}

/* A driver that does not look at what it accepts is not asked, and a single prio has no place for
 * tagged packets. */
static void want_tags(struct nic *nic, unsigned int in, unsigned int out)
{
	struct nic_pair *pair = &nic->pair[in][out];

	if (pair->state == PAIR_GOOD && pair->tags == TAGS_UNKNOWN &&
	    pair->recipe.layout == RECIPE_PRIOS && !nic->port[in].driver->is_blind &&
	    (nic->port[in].is_trunk || nic->port[out].is_trunk))
		set_tags(nic, pair, TAGS_WANTED);
}

static void want_pairs(struct nic *nic, unsigned int port)
{
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		want_pair(nic, port, i);
		want_pair(nic, i, port);
	}
}

static void forget_pairs(struct nic *nic, unsigned int port)
{
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		forget_pair(nic, &nic->pair[port][i]);
		forget_pair(nic, &nic->pair[i][port]);
	}
}

/* -- changes of ports ----------------------------------------------------- */

static void free_port(struct nic *nic, struct nic_port *p)
{
	forget_pairs(nic, (unsigned int)(p - nic->port));
	leave_card(nic, p);
	memset(p, 0, sizeof(*p));
}

/* A port whose driver may be given rules takes the place of one whose driver may not: a bridge can
 * have many of those. */
static struct nic_port *add_port(struct nic *nic, const struct driver *driver)
{
	struct nic_port *place = NULL;

	for (unsigned int i = 0; i < NIC_MAX_PORTS && !(place && !place->link.ifindex); i++) {
		struct nic_port *p = &nic->port[i];

		if (!p->link.ifindex || (driver && !p->driver && !p->is_ready))
			place = p;
	}
	if (!place)
		return NULL;
	if (place->link.ifindex)
		free_port(nic, place);
	*place = (struct nic_port){ .card = NIC_NONE, .layout = RECIPE_LAYOUT__COUNT };
	return place;
}

/* Compares what decides which rules the driver accepts. Whether the link is up does
 * not; but a port that was never up may refuse everything, so a pair is only probed
 * when both links are up (can_be_pair). */
static bool is_same_hardware(const struct link *a, const struct link *b)
{
	return memcmp(&a->hw, &b->hw, sizeof(a->hw)) == 0;
}

enum reason nic_put_link(struct nic *nic, const struct link *link, bool *ret_changed)
{
	const struct driver *driver = driver_find(&nic->settings, link->hw.driver);
	struct nic_port *p = find_port(nic, link->ifindex);
	bool is_new = !p;

	*ret_changed = false;
	if (!p)
		p = add_port(nic, driver);
	if (!p)
		return REASON_DEVICE_NOT_READY;
	if (is_new || !is_same_hardware(&p->link, link)) {
		forget_pairs(nic, (unsigned int)(p - nic->port));
		leave_card(nic, p);
		p->link = *link;
		p->driver = driver;
		join_card(nic, p);
		*ret_changed = true;
	}
	p->link = *link;
	want_pairs(nic, (unsigned int)(p - nic->port));
	return port_reason(p);
}

void nic_del_link(struct nic *nic, uint32_t ifindex)
{
	struct nic_port *p = find_port(nic, ifindex);

	if (p)
		free_port(nic, p);
}

void nic_set_trunk(struct nic *nic, uint32_t ifindex)
{
	unsigned int i = index_of(nic, ifindex);

	if (i == NIC_MAX_PORTS || nic->port[i].is_trunk)
		return;
	nic->port[i].is_trunk = true;
	want_pair(nic, i, i);
	for (unsigned int o = 0; o < NIC_MAX_PORTS; o++) {
		want_tags(nic, i, o);
		want_tags(nic, o, i);
	}
}

uint8_t nic_encaps_of(const struct nic *nic, uint32_t ifindex)
{
	unsigned int i = index_of(nic, ifindex);
	uint8_t encaps = 0;

	for (unsigned int o = 0; i < NIC_MAX_PORTS && o < NIC_MAX_PORTS; o++) {
		const struct nic_pair *pair = &nic->pair[i][o];

		for (unsigned int in = 1; pair->state == PAIR_GOOD && in < VLAN_ENCAP__COUNT; in++) {
			if (recipe_tags_match(pair->recipe.tags, in))
				encaps |= (uint8_t)(1u << in);
		}
	}
	return encaps;
}

void nic_set_ready(struct nic *nic, uint32_t ifindex, bool is_ready)
{
	struct nic_port *p = find_port(nic, ifindex);

	if (!p || p->is_ready == is_ready)
		return;
	p->is_ready = is_ready;
	p->layout = RECIPE_LAYOUT__COUNT;
	nic_set_guards(nic, ifindex, 0);
	if (is_ready)
		want_pairs(nic, (unsigned int)(p - nic->port));
	else
		forget_pairs(nic, (unsigned int)(p - nic->port));
}

void nic_set_guards(struct nic *nic, uint32_t ifindex, unsigned int guards)
{
	struct nic_port *p = find_port(nic, ifindex);

	if (!p)
		return;
	count_guards(nic, p, -1);
	p->guards = guards & SLOT_GUARDS_ALL;
	count_guards(nic, p, 1);
}

/* -- verdicts ------------------------------------------------------------- */

/* A rule for one TTL does not match those that expire, so it needs no guard. */
static bool is_guarded(const struct nic *nic, const struct nic_port *in, const struct recipe *recipe,
		       const struct nic_want *want)
{
	enum family family = want->class & RECIPE_IP6 ? FAMILY_IP6 : FAMILY_IP4;

	return nic->settings.ttl_guard != TTL_GUARD_REQUIRE || in->driver->guards_itself ||
	       recipe->shape == RECIPE_EXACT_TTL ||
	       in->guards & 1u << slot_guard((enum vlan_encap)want->in_encap, family);
}

enum reason nic_resolve(const struct nic *nic, const struct nic_want *want, struct recipe *ret)
{
	unsigned int i = index_of(nic, want->in), o = index_of(nic, want->out);
	const struct nic_port *a, *b;
	enum reason reason;

	if (i == NIC_MAX_PORTS || o == NIC_MAX_PORTS)
		return REASON_DEVICE_NOT_READY;
	a = &nic->port[i];
	b = &nic->port[o];
	reason = port_reason(a);
	if (reason == REASON_NONE)
		reason = port_reason(b);
	if (reason != REASON_NONE)
		return reason;
	if (a->card == NIC_NONE || a->card != b->card)
		return REASON_DIFFERENT_CARDS;
	if (!a->is_ready || !b->is_ready)
		return REASON_DEVICE_NOT_READY;
	reason = pair_reason(&nic->pair[i][o], want);
	if (reason != REASON_NONE)
		return reason;
	if (!is_guarded(nic, a, &nic->pair[i][o].recipe, want))
		return REASON_TTL_GUARD;
	*ret = nic->pair[i][o].recipe;
	return REASON_NONE;
}

/* -- probing -------------------------------------------------------------- */

/* Finds the recipe to try in step @n: each shape that the driver lists, the best one first, in both
 * layouts, with and without the MAC address. A port whose layout is known keeps it. Returns false
 * after the last step. */
static bool ladder_step(const struct nic_port *in, unsigned int n, struct recipe *ret)
{
	for (unsigned int i = 0; i < RECIPE_SHAPE__COUNT * RECIPE_LAYOUT__COUNT * 2; i++) {
		struct recipe r = { .shape = (uint8_t)(i / (RECIPE_LAYOUT__COUNT * 2)),
				    .layout = (uint8_t)(i / 2 % RECIPE_LAYOUT__COUNT),
				    .with_dmac = i % 2 == 0 };

		if (!(in->driver->shapes & 1u << r.shape) ||
		    (in->layout != RECIPE_LAYOUT__COUNT && in->layout != r.layout))
			continue;
		if (n-- == 0) {
			*ret = r;
			return true;
		}
	}
	return false;
}

/* A MAC address for documentation (RFC 7042). */
static const struct mac nobody = { { 0x00, 0x00, 0x5e, 0x00, 0x53, 0x01 } };

static void make_sample(const struct nic *nic, const struct nic_port *in,
			const struct nic_port *out, const struct recipe *recipe, struct rule *ret)
{
	static const struct vlan_tags untagged = { { { VLAN_NONE, 0 } } };
	struct rule_where where = slot_where(nic->settings.tc_priority,
					     slot_kind_of(recipe->layout == RECIPE_PRIO, &untagged),
					     FAMILY_IP4, nic->settings.max_flows, DIR_ORIG,
					     in->link.ifindex);

	*ret = (struct rule){
		.ifindex = where.ifindex,
		.prio = where.prio,
		.handle = where.handle,
		.family = FAMILY_IP4,
		.kind = RULE_PROBE,
		.place = RULE_HARDWARE,
		.form = recipe_form(recipe),
		.ttl = 64,
		.rewrite = RULE_SET_MACS,
		.eth_src = out->link.mac,
		.eth_dst = nobody,
		.dmac = in->link.mac,
		.out_ifindex = out->link.ifindex,
		.cookie = { .instance = nic->instance, .kind = RULE_PROBE },
	};
	if (recipe->shape == RECIPE_FULL || recipe->shape == RECIPE_NO_CSUM)
		ret->rewrite |= RULE_DEC_TTL;
	memcpy(ret->indev, in->link.name, sizeof(ret->indev));
}

/* Pairs with the same ingress port are probed one after the other: the first to find a
 * recipe determines the layout of that port. */
static bool is_port_busy(const struct nic *nic, unsigned int in)
{
	for (unsigned int o = 0; o < NIC_MAX_PORTS; o++) {
		if (nic->pair[in][o].state == PAIR_PROBING || nic->pair[in][o].tags == TAGS_PROBING)
			return true;
	}
	return false;
}

/* The smallest and the largest rule that was accepted. */
static uint16_t ends_of(uint16_t classes)
{
	return (uint16_t)(1u << __builtin_ctz(classes) | 1u << (31 - __builtin_clz(classes)));
}

/* Asks for the tags of a pair. */
static void probe_tags(struct nic *nic, unsigned int i, unsigned int o, struct order_probe *ret)
{
	struct nic_pair *pair = &nic->pair[i][o];

	counter_inc(&probes);
	set_tags(nic, pair, TAGS_PROBING);
	pair->probe = ++nic->last_probe;
	*ret = (struct order_probe){ .id = pair->probe,
				     .in = nic->port[i].link.ifindex,
				     .out = nic->port[o].link.ifindex,
				     .asks_tags = true,
				     .tc_priority = nic->settings.tc_priority,
				     .classes = ends_of(pair->recipe.classes) };
	make_sample(nic, &nic->port[i], &nic->port[o], &pair->recipe, &ret->sample);
}

/* Asks for the next shape of a pair. Returns false if its ladder is at the end. */
static bool probe_pair(struct nic *nic, unsigned int i, unsigned int o, struct order_probe *ret)
{
	struct nic_pair *pair = &nic->pair[i][o];
	const struct nic_port *in = &nic->port[i], *out = &nic->port[o];
	struct recipe recipe;

	if (!ladder_step(in, pair->step, &recipe))
		return false;
	counter_inc(&probes);
	set_state(nic, pair, PAIR_PROBING);
	pair->probe = ++nic->last_probe;
	*ret = (struct order_probe){ .id = pair->probe,
				     .in = in->link.ifindex,
				     .out = out->link.ifindex,
				     .asks_odd = !in->driver->is_blind,
				     .asks_mtu = !in->driver->is_blind,
				     .classes = RECIPE_CLASSES_ALL };
	make_sample(nic, in, out, &recipe, &ret->sample);
	return true;
}

/* Pairs before tags: flows without tags do not wait for those. */
bool nic_next_probe(struct nic *nic, struct order_probe *ret)
{
	for (unsigned int n = 0; nic->n_wanted && n < 2 * NIC_MAX_PORTS * NIC_MAX_PORTS; n++) {
		unsigned int i = n / NIC_MAX_PORTS % NIC_MAX_PORTS, o = n % NIC_MAX_PORTS;
		const struct nic_pair *pair = &nic->pair[i][o];
		bool asks_tags = n >= NIC_MAX_PORTS * NIC_MAX_PORTS;

		if (asks_tags ? pair->tags != TAGS_WANTED : pair->state != PAIR_WANTED)
			continue;
		if (!nic->port[i].link.ifindex || is_port_busy(nic, i))
			continue;
		if (asks_tags) {
			probe_tags(nic, i, o, ret);
			return true;
		}
		if (probe_pair(nic, i, o, ret))
			return true;
	}
	return false;
}

/* Sets the layout of a port. That shortens the ladder, so pairs that have tried a part
 * of it start again. */
static void set_layout(struct nic *nic, unsigned int in, uint8_t layout)
{
	if (nic->port[in].layout == layout)
		return;
	nic->port[in].layout = layout;
	for (unsigned int o = 0; o < NIC_MAX_PORTS; o++) {
		struct nic_pair *pair = &nic->pair[in][o];

		if (pair->state != PAIR_WANTED)
			continue;
		pair->step = 0;
		pair->recipe = (struct recipe){ 0 };
	}
}

static void accept_recipe(struct nic *nic, unsigned int in, unsigned int out)
{
	struct nic_pair *pair = &nic->pair[in][out];
	struct notice n = { .type = NOTICE_PAIR_GOOD,
			    .shape = pair->recipe.shape,
			    .in = nic->port[in].link.ifindex,
			    .out = nic->port[out].link.ifindex,
			    .number = pair_n_classes(pair->recipe.classes) };

	pair->pauses = 0;
	pair->reason = REASON_NONE;
	nic->matches_ttl |= pair->recipe.shape == RECIPE_EXACT_TTL;
	set_state(nic, pair, PAIR_GOOD);
	set_layout(nic, in, pair->recipe.layout);
	want_tags(nic, in, out);
	notice_push(&nic->notices, &n);
}

bool nic_matches_ttl(const struct nic *nic)
{
	return nic && nic->matches_ttl;
}

static void arm(struct nic *nic, mono_t when)
{
	nic->next_due = mono_min(nic->next_due, when);
}

static void pause_pair(struct nic *nic, struct nic_pair *pair, mono_t now)
{
	pair->due = mono_add_ms(now, mono_backoff_ms(PROBE_PAUSE_MS, PROBE_PAUSE_MAX_MS,
						     pair->pauses++));
	set_state(nic, pair, PAIR_PAUSED);
	arm(nic, pair->due);
}

/* Takes the answer about tags. A probe that failed in passing is repeated. */
static void feed_tags(struct nic *nic, struct nic_pair *pair, const struct event_probe *done, mono_t now)
{
	if (!done->classes && done->err) {
		set_tags(nic, pair, TAGS_PAUSED);
		pair->tags_due = mono_add_ms(now, mono_backoff_ms(PROBE_PAUSE_MS, PROBE_PAUSE_MAX_MS,
								  pair->pauses++));
		arm(nic, pair->tags_due);
		return;
	}
	pair->pauses = 0;
	pair->recipe.tags = done->tags;
	set_tags(nic, pair, TAGS_KNOWN);
}

/* True when a failed probe says nothing about what the driver supports. "Full" means
 * "unsupported" unless the card holds rules that can have filled it. */
static bool is_transient(struct nic *nic, const struct nic_port *in, const struct event_probe *done)
{
	switch (driver_refusal(in->driver, done->err, done->extack)) {
	case REFUSAL_BUSY:
	case REFUSAL_BROKEN:
	case REFUSAL_GONE:
	case REFUSAL_EXISTS:
		return true;
	case REFUSAL_FULL:
		return nic->card[in->card].confirmed > 0;
	case REFUSAL_UNSUPPORTED:
		break;
	}
	return false;
}

bool nic_feed_probe(struct nic *nic, const struct event_probe *done, mono_t now)
{
	unsigned int i = index_of(nic, done->in), o = index_of(nic, done->out);
	struct nic_port *in;
	struct nic_pair *pair;
	struct recipe recipe;

	/* A port went away or changed meanwhile, so the pair was forgotten. It may be
	 * under another probe by now. */
	if (i == NIC_MAX_PORTS || o == NIC_MAX_PORTS || nic->pair[i][o].probe != done->id)
		return false;
	in = &nic->port[i];
	pair = &nic->pair[i][o];
	if (pair->tags == TAGS_PROBING) {
		feed_tags(nic, pair, done, now);
		return true;
	}
	if (pair->state != PAIR_PROBING)
		return false;
	if (BUG_ON(!ladder_step(in, pair->step, &recipe)))
		return false;
	if (done->took_odd) {
		refuse(nic, i, o, REASON_DRIVER_LIES);
		return true;
	}
	if (!done->classes && done->err && is_transient(nic, in, done)) {
		pair_note_refusal(pair, done);
		pause_pair(nic, pair, now);
		return true;
	}
	pair_note_answer(pair, done, recipe);
	pair->step++;
	/* A driver that accepts class 0, the plainest rule, does so in the best shape it
	 * knows. One that accepts only other classes may accept more in another shape. */
	if (!(done->classes & 1u << 0) && ladder_step(in, pair->step, &recipe)) {
		set_state(nic, pair, PAIR_WANTED);
		return false;
	}
	if (pair->recipe.classes)
		accept_recipe(nic, i, o);
	else
		refuse(nic, i, o, REASON_NO_RECIPE);
	return true;
}

bool nic_is_settled(const struct nic *nic)
{
	return nic->n_wanted == 0;
}

/* -- proof ---------------------------------------------------------------- */

void nic_note_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now)
{
	struct nic_pair *pair = find_pair(nic, in, out);

	if (pair)
		pair_note_hit(pair, now);
}

void nic_note_not_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now)
{
	struct nic_pair *pair = find_pair(nic, in, out);
	struct notice n = { .type = NOTICE_PAIR_NOT_HIT, .in = in, .out = out };

	if (!pair || !pair_note_not_hit(pair, now))
		return;
	n.number = pair->recent_not_hit;
	pair->recent_not_hit = 0;
	pair->recent_hit = 0;
	arm(nic, pair->due);
	notice_push(&nic->notices, &n);
}

void nic_drop_class(struct nic *nic, const struct nic_want *want, const struct event_install *done)
{
	struct nic_pair *pair = find_pair(nic, want->in, want->out);

	if (pair)
		pair_drop_class(pair, want, done);
}

/* -- time ----------------------------------------------------------------- */

static void tick_tags(struct nic *nic, struct nic_pair *pair, mono_t now)
{
	if (pair->tags != TAGS_PAUSED)
		return;
	if (mono_before(now, pair->tags_due))
		arm(nic, pair->tags_due);
	else
		set_tags(nic, pair, TAGS_WANTED);
}

static bool tick_pair(struct nic *nic, struct nic_pair *pair, mono_t now)
{
	tick_tags(nic, pair, now);
	if (mono_is_never(pair->due) || pair->due.us == 0)
		return false;
	if (mono_before(now, pair->due)) {
		arm(nic, pair->due);
		return false;
	}
	pair->due = MONO_NEVER;
	if (pair->state == PAIR_PAUSED) {
		pair->step = 0;
		pair->recipe = (struct recipe){ 0 };
		set_state(nic, pair, PAIR_WANTED);
	} else {
		pair->reason = pair->state == PAIR_GOOD ? REASON_NONE : pair->reason;
	}
	return true;
}

static uint32_t port_of_card(const struct nic *nic, unsigned int card)
{
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		if (nic->port[i].link.ifindex && nic->port[i].card == card)
			return nic->port[i].link.ifindex;
	}
	return 0;
}

bool nic_tick(struct nic *nic, mono_t now)
{
	bool changed = false;

	if (mono_before(now, nic_next_due(nic)))
		return false;
	nic->next_due = MONO_NEVER;
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		for (unsigned int o = 0; nic->port[i].link.ifindex && o < NIC_MAX_PORTS; o++)
			changed |= tick_pair(nic, &nic->pair[i][o], now);
	}
	for (unsigned int c = 0; c < NIC_MAX_CARDS; c++) {
		if (nic->card[c].id[0])
			changed |= card_tick(&nic->card[c], port_of_card(nic, c), now,
					     &nic->notices);
	}
	return changed;
}

mono_t nic_next_due(const struct nic *nic)
{
	mono_t due = nic->next_due;

	for (unsigned int c = 0; c < NIC_MAX_CARDS; c++) {
		if (nic->card[c].id[0])
			due = mono_min(due, card_next_due(&nic->card[c]));
	}
	return due;
}

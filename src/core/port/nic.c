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
/* A pair with so many recent flows that were not hit gets REASON_NOT_HIT for
 * NOT_HIT_PAUSE_MS, if they outnumber those that were hit. Both counts are halved
 * every RECENT_HALF_MS, and when their sum reaches RECENT_MAX. */
#define NOT_HIT_MIN	   8
#define RECENT_MAX	   4096
#define RECENT_HALF_MS	   60000
#define NOT_HIT_PAUSE_MS   60000
/* Refusals of a class that the probe found accepted, until the class is dropped. */
#define UNSUPPORTED_MAX	   4

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

static bool is_waiting(const struct nic_pair *pair)
{
	return pair->state == PAIR_WANTED || pair->state == PAIR_PROBING;
}

static void set_state(struct nic *nic, struct nic_pair *pair, enum pair_state state)
{
	nic->n_wanted -= is_waiting(pair);
	pair->state = (uint8_t)state;
	nic->n_wanted += is_waiting(pair);
}

static void forget_pair(struct nic *nic, struct nic_pair *pair)
{
	set_state(nic, pair, PAIR_NONE);
	*pair = (struct nic_pair){ .due = MONO_NEVER };
}

/* -- cards ---------------------------------------------------------------- */

/*
 * Ports with the same switch id belong to one card. Without switch ids (mlx5 in NIC
 * mode, cxgb4) the functions of one PCI slot do: those whose bus addresses differ
 * in the function number only. A port with neither is a card of its own.
 */
static void card_id(const struct link *l, char id[CARD_ID_SIZE])
{
	const char *dot = strrchr(l->hw.bus, '.');
	int n = snprintf(id, CARD_ID_SIZE, "%.16s ", l->hw.driver);

	if (l->hw.switch_id_len) {
		for (unsigned int i = 0; i < l->hw.switch_id_len && n + 2 < CARD_ID_SIZE; i++)
			n += snprintf(id + n, CARD_ID_SIZE - (size_t)n, "%02x",
				      l->hw.switch_id[i]);
	} else if (dot) {
		snprintf(id + n, CARD_ID_SIZE - (size_t)n, "%.*s", (int)(dot - l->hw.bus),
			 l->hw.bus);
	} else {
		snprintf(id + n, CARD_ID_SIZE - (size_t)n, "port %u", l->ifindex);
	}
}

static bool is_free(const struct card *c)
{
	return c->id[0] == '\0' || (c->n_ports == 0 && c->used == 0);
}

static uint8_t find_card(struct nic *nic, const struct link *link)
{
	char id[CARD_ID_SIZE];
	unsigned int free_one = NIC_MAX_CARDS;

	card_id(link, id);
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
	for (unsigned int i = 0; p->card != NIC_NONE && i < array_size(p->is_guarded); i++)
		nic->card[p->card].guards += (uint32_t)(sign * p->is_guarded[i]);
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

	return in != out && a->link.ifindex && b->link.ifindex && a->is_ready && b->is_ready &&
	       port_reason(a) == REASON_NONE && port_reason(b) == REASON_NONE &&
	       a->card != NIC_NONE && a->card == b->card && a->link.is_up && b->link.is_up;
}

static bool is_uplink(const struct link *l)
{
	return l->hw.port_name[0] == 'p' && l->hw.port_name[1] >= '0' &&
	       l->hw.port_name[1] <= '9' && !strchr(l->hw.port_name, 'f');
}

/*
 * The uplinks of an mlx5 card in switchdev mode can have the same switch id, but the
 * driver does not forward from one to the other (verify_uplink_forwarding).
 */
static bool are_two_uplinks(const struct link *a, const struct link *b)
{
	return strcmp(a->hw.driver, "mlx5_core") == 0 &&
	       a->hw.eswitch == LINK_ESWITCH_SWITCHDEV && is_uplink(a) && is_uplink(b);
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
	notice_push(&nic->notices, &n);
}

static void want_pair(struct nic *nic, unsigned int in, unsigned int out)
{
	struct nic_pair *pair = &nic->pair[in][out];

	if (pair->state != PAIR_NONE || !can_be_pair(nic, in, out))
		return;
	*pair = (struct nic_pair){ .due = MONO_NEVER };
	if (are_two_uplinks(&nic->port[in].link, &nic->port[out].link)) {
		snprintf(pair->extack, sizeof(pair->extack), "%s",
			 "both are uplinks of the same switch");
		refuse(nic, in, out, REASON_NO_RECIPE);
		return;
	}
	set_state(nic, pair, PAIR_WANTED);
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

static struct nic_port *add_port(struct nic *nic)
{
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		struct nic_port *p = &nic->port[i];

		if (p->link.ifindex)
			continue;
		*p = (struct nic_port){ .card = NIC_NONE, .layout = RECIPE_LAYOUT__COUNT };
		return p;
	}
	return NULL;
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
	struct nic_port *p = find_port(nic, link->ifindex);
	bool is_new = !p;

	*ret_changed = false;
	if (!p)
		p = add_port(nic);
	if (!p)
		return REASON_DEVICE_NOT_READY;
	if (is_new || !is_same_hardware(&p->link, link)) {
		forget_pairs(nic, (unsigned int)(p - nic->port));
		leave_card(nic, p);
		p->link = *link;
		p->driver = driver_find(&nic->settings, link->hw.driver);
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

	if (!p)
		return;
	forget_pairs(nic, (unsigned int)(p - nic->port));
	leave_card(nic, p);
	memset(p, 0, sizeof(*p));
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
	for (unsigned int i = 0; i < array_size(p->is_guarded); i++)
		p->is_guarded[i] = guards & 1u << i;
	count_guards(nic, p, 1);
}

/* -- verdicts ------------------------------------------------------------- */

static bool is_guarded(const struct nic *nic, const struct nic_port *in, unsigned int class)
{
	return nic->settings.ttl_guard != TTL_GUARD_REQUIRE || in->driver->guards_itself ||
	       in->is_guarded[class & RECIPE_IP6 ? 1 : 0];
}

static enum reason pair_reason(const struct nic_pair *pair)
{
	switch ((enum pair_state)pair->state) {
	case PAIR_GOOD:
	case PAIR_REFUSED:
		return pair->reason;
	case PAIR_NONE:
	case PAIR_WANTED:
	case PAIR_PROBING:
	case PAIR_PAUSED:
		break;
	}
	return REASON_PROBING;
}

enum reason nic_resolve(const struct nic *nic, uint32_t in, uint32_t out, unsigned int class,
			struct recipe *ret)
{
	unsigned int i = index_of(nic, in), o = index_of(nic, out);
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
	reason = pair_reason(&nic->pair[i][o]);
	if (reason != REASON_NONE)
		return reason;
	if (!(nic->pair[i][o].recipe.classes & 1u << class))
		return REASON_NOT_IN_RECIPE;
	if (!is_guarded(nic, a, class))
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
	struct rule_where where = slot_where(&nic->settings, recipe->layout, FAMILY_IP4,
					     nic->settings.max_flows, DIR_ORIG, in->link.ifindex);

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
		if (nic->pair[in][o].state == PAIR_PROBING)
			return true;
	}
	return false;
}

bool nic_next_probe(struct nic *nic, struct order_probe *ret)
{
	if (nic->n_wanted == 0)
		return false;
	for (unsigned int i = 0; i < NIC_MAX_PORTS; i++) {
		if (!nic->port[i].link.ifindex || is_port_busy(nic, i))
			continue;
		for (unsigned int o = 0; o < NIC_MAX_PORTS; o++) {
			struct nic_pair *pair = &nic->pair[i][o];
			const struct nic_port *in = &nic->port[i], *out = &nic->port[o];
			struct recipe recipe;

			if (pair->state != PAIR_WANTED || !ladder_step(in, pair->step, &recipe))
				continue;
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
	}
	return false;
}

static void note_refusal(struct nic_pair *pair, const struct event_probe *done)
{
	pair->err = done->err;
	pair->bad_class = done->bad_class;
	memcpy(pair->extack, done->extack, sizeof(pair->extack));
}

static unsigned int n_classes(uint16_t classes)
{
	return (unsigned int)__builtin_popcount(classes);
}

/* Keeps the recipe of this step if it has more classes than those of earlier steps.
 * The refusal of the first step is kept in any case: it is about the best shape, and
 * tells the administrator most. */
static void note_answer(struct nic_pair *pair, const struct event_probe *done, struct recipe recipe)
{
	if (n_classes(done->classes) > n_classes(pair->recipe.classes)) {
		recipe.classes = done->classes;
		recipe.mtu_classes = done->mtu_classes;
		pair->recipe = recipe;
		pair->refused = done->refused;
		note_refusal(pair, done);
	} else if (pair->step == 0) {
		note_refusal(pair, done);
	}
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
			    .number = n_classes(pair->recipe.classes) };

	pair->pauses = 0;
	pair->reason = REASON_NONE;
	/* A rule with this shape needs the TTL of the packets. Conntrack does not know
	 * it, and the daemon sees no packets. */
	if (pair->recipe.shape == RECIPE_EXACT_TTL) {
		refuse(nic, in, out, REASON_EXACT_TTL);
		return;
	}
	set_state(nic, pair, PAIR_GOOD);
	set_layout(nic, in, pair->recipe.layout);
	notice_push(&nic->notices, &n);
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
	if (i == NIC_MAX_PORTS || o == NIC_MAX_PORTS || nic->pair[i][o].state != PAIR_PROBING ||
	    nic->pair[i][o].probe != done->id)
		return false;
	in = &nic->port[i];
	pair = &nic->pair[i][o];
	if (BUG_ON(!ladder_step(in, pair->step, &recipe)))
		return false;
	if (done->took_odd) {
		refuse(nic, i, o, REASON_DRIVER_LIES);
		return true;
	}
	if (!done->classes && done->err && is_transient(nic, in, done)) {
		note_refusal(pair, done);
		pause_pair(nic, pair, now);
		return true;
	}
	note_answer(pair, done, recipe);
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

static void halve_recent(struct nic_pair *pair)
{
	pair->recent_hit /= 2;
	pair->recent_not_hit /= 2;
}

/* A flow is noted as hit once after each install, but one that is not hit is installed
 * and noted again and again. So not-hits are weighed against all recent hits, not
 * against the last few. */
static void forget_old(struct nic_pair *pair, mono_t now)
{
	while (pair->recent_hit + pair->recent_not_hit &&
	       mono_diff_ms(now, pair->recent_since) >= RECENT_HALF_MS) {
		halve_recent(pair);
		pair->recent_since = mono_add_ms(pair->recent_since, RECENT_HALF_MS);
	}
	if (pair->recent_hit + pair->recent_not_hit == 0)
		pair->recent_since = now;
	if (pair->recent_hit + pair->recent_not_hit >= RECENT_MAX)
		halve_recent(pair);
}

void nic_note_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now)
{
	struct nic_pair *pair = find_pair(nic, in, out);

	if (!pair)
		return;
	pair->n_hit++;
	forget_old(pair, now);
	pair->recent_hit++;
	pair->n_unsupported = 0;
}

void nic_note_not_hit(struct nic *nic, uint32_t in, uint32_t out, mono_t now)
{
	struct nic_pair *pair = find_pair(nic, in, out);
	struct notice n = { .type = NOTICE_PAIR_NOT_HIT, .in = in, .out = out };

	if (!pair)
		return;
	pair->n_not_hit++;
	forget_old(pair, now);
	n.number = ++pair->recent_not_hit;
	if (pair->recent_not_hit < NOT_HIT_MIN || pair->recent_not_hit <= pair->recent_hit ||
	    pair->state != PAIR_GOOD || pair->reason != REASON_NONE)
		return;
	pair->reason = REASON_NOT_HIT;
	pair->due = mono_add_ms(now, NOT_HIT_PAUSE_MS);
	pair->recent_not_hit = 0;
	pair->recent_hit = 0;
	arm(nic, pair->due);
	notice_push(&nic->notices, &n);
}

void nic_drop_class(struct nic *nic, uint32_t in, uint32_t out, unsigned int class,
		    const struct event_install *done)
{
	struct nic_pair *pair = find_pair(nic, in, out);

	if (!pair || pair->state != PAIR_GOOD || ++pair->n_unsupported < UNSUPPORTED_MAX)
		return;
	pair->recipe.classes &= (uint16_t)~(1u << class);
	pair->refused |= (uint16_t)(1u << class);
	pair->bad_class = (uint8_t)class;
	pair->err = done->err;
	memcpy(pair->extack, done->extack, sizeof(pair->extack));
}

/* -- time ----------------------------------------------------------------- */

static bool tick_pair(struct nic *nic, struct nic_pair *pair, mono_t now)
{
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hardware - commands about NICs: how a driver answers probes, tables that are
 * full or lost, drivers that do not return.
 */
#include <errno.h>

#include "base/util.h"
#include "scenario/scene.h"

/* The bits of recipe_tags_bit() for packets that leave without tags. */
static uint32_t tags_without_push(void)
{
	uint32_t bits = 0;

	for (unsigned int in = 0; in < VLAN_ENCAP__COUNT; in++)
		bits |= recipe_tags_bit(in, VLAN_UNTAGGED);
	return bits;
}

/* "driver WORD...": how the driver answers probes from now on. */
static void run_driver(struct scene *s, struct words *w)
{
	struct fake_driver *d = &s->rig.kernel.driver;

	scene_start(s);
	while (words_are_left(w) && !s->has_failed) {
		if (words_take_if(w, "takes"))
			d->classes = (uint16_t)words_take_number(s, w);
		else if (words_take_if(w, "no-csum"))
			d->form |= RULE_WITH_CSUM;
		else if (words_take_if(w, "no-dmac"))
			d->form |= RULE_WITH_DMAC;
		else if (words_take_if(w, "no-mtu"))
			d->form |= RULE_WITH_MTU;
		else if (words_take_if(w, "no-push"))
			d->no_tags = ~tags_without_push();
		else if (words_take_if(w, "one-prio"))
			d->has_one_prio = true;
		else if (words_take_if(w, "set-only"))
			d->sets_only = true;
		else if (words_take_if(w, "odd"))
			d->takes_odd = true;
		else if (words_take_if(w, "busy"))
			d->err = -EBUSY;
		else
			scene_fail(s, "unknown word '%s' for a driver", words_take(s, w));
	}
}

/* "capacity N": so many rules fit; 0 = any number. */
static void run_capacity(struct scene *s, struct words *w)
{
	scene_start(s);
	s->rig.kernel.faults.capacity = words_take_number(s, w);
}

/* "dead installs": rules that are installed from now on are accepted, but not programmed.
 * "dead no-more": ends that. "dead ID [orig|reply]...": the hardware forgets the rules of these
 * connections. */
static void run_dead(struct scene *s, struct words *w)
{
	scene_start(s);
	if (words_take_if(w, "installs")) {
		s->rig.kernel.faults.dead_installs = true;
		return;
	}
	if (words_take_if(w, "no-more")) {
		s->rig.kernel.faults.dead_installs = false;
		return;
	}
	while (words_are_left(w) && !s->has_failed) {
		uint32_t id = words_take_number(s, w);

		if (words_take_if(w, "orig"))
			fake_kill_rule(&s->rig.kernel, id, DIR_ORIG);
		else if (words_take_if(w, "reply"))
			fake_kill_rule(&s->rig.kernel, id, DIR_REPLY);
		else
			fake_kill_rules(&s->rig.kernel, id);
	}
}

/* "delete rule ID orig|reply", "delete guards IF", "delete clsact IF" */
static void run_delete(struct scene *s, struct words *w)
{
	struct fake_link *l;
	uint32_t n;

	if (words_take_if(w, "rule")) {
		n = words_take_number(s, w);
		fake_delete_rule(&s->rig.kernel, n,
				 words_take_if(w, "reply") ? DIR_REPLY : DIR_ORIG);
		(void)words_take_if(w, "orig");
		return;
	}
	if (words_take_if(w, "clsact")) {
		fake_delete_clsact(&s->rig.kernel, words_take_number(s, w));
		return;
	}
	if (!words_take_if(w, "guards"))
		scene_fail(s, "delete: not rule, clsact or guards");
	l = fake_find_link(&s->rig.kernel, words_take_number(s, w));
	if (l)
		l->guards = 0;
	else
		scene_fail(s, "no such link");
}

static void feed_worker(struct scene *s, struct words *w, bool is_stuck)
{
	struct event ev = { .type = EVENT_WORKER };

	ev.worker.worker = (uint8_t)words_take_number(s, w);
	ev.worker.is_stuck = is_stuck;
	rig_feed(&s->rig, &ev);
}

static void run_stuck(struct scene *s, struct words *w)
{
	feed_worker(s, w, true);
}

static void run_loose(struct scene *s, struct words *w)
{
	feed_worker(s, w, false);
}

const struct scene_command scene_hardware[] = {
	{ "driver", run_driver }, { "capacity", run_capacity }, { "dead", run_dead },
	{ "delete", run_delete }, { "stuck", run_stuck },	{ "loose", run_loose },
};
const size_t scene_n_hardware = array_size(scene_hardware);

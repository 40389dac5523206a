/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/flowtableplan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/jsonline.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "kern/nft/nftoffload.h"

LOG_TAG("flowtableplan");

COUNTER(flowtables_made, "times that the devices of our flowtables were changed");
COUNTER(flowtables_renewed, "times that our flowtables were emptied because the ruleset changed");
COUNTER(flowtables_failed, "times that our flowtables could not be changed or emptied");

/* At least this long between two changes of the flowtables. */
#define PAUSE_MS 500
/* Delay before emptying the flowtables is tried again. */
#define RENEW_MS 500
/* Delay after a change that failed, and before a trial without a result is repeated. */
#define RETRY_MS 5000
/* A number of the kernel that is not for user space, but some drivers return it. */
#define ENOTSUPP 524

/* Whether a driver accepts a flowtable with "flags offload". */
enum trial_state {
	TRIAL_FREE,
	TRIAL_NEW,
	TRIAL_ASKED,
	TRIAL_YES,
	TRIAL_NO, /* no hardware flowtable, at least for now: err says why */
};

/* At most one TRY job per trial is under way, and the trial of a device that is gone keeps its
 * place until the answer. So each answer is for the device that was asked about, and the jobs of
 * all trials together leave room in the queue for others. */
struct trial {
	struct slab_ref link; /* differs from that of a later device with the same index */
	char name[LINK_NAME_SIZE];
	uint8_t state; /* enum trial_state */
	uint8_t tc;    /* enum link_tc at the time of the trial */
	bool is_seen;  /* the current look has found the device */
	bool is_gone;  /* the last look has not; waits for its answer */
	bool has_answer;
	int err; /* the last answer */
	mono_t answered_at;
};

struct flowtableplan {
	struct loop *loop;
	const struct engine *engine;
	struct tablethread *work;
	struct loop_timer *timer; /* runs while something waits for its time */
	uint32_t ways; /* ways_changed of the topology at the last look */
	bool is_stale; /* look again even if it has not changed */
	mono_t look_at; /* look again then */
	struct trial trial[NFTOFFLOAD_MAX_DEVICES];
	/* What the table has; what the FLOW job under way gives it (valid while is_telling). */
	struct nftoffload_config has, told;
	uint8_t why[NFTOFFLOAD_MAX_PAIRS], told_why[NFTOFFLOAD_MAX_PAIRS]; /* enum reason by pair */
	bool is_telling, is_known; /* a FLOW job is under way; a plan has been made */
	bool is_renewing; /* a RENEW job is under way */
	bool shall_renew; /* after it, or as soon as possible, another must follow */
	bool renewal_failed; /* the last RENEW job */
	mono_t renew_at; /* earliest time of the next RENEW job */
	mono_t tell_at; /* earliest time of the next FLOW job */
	int err; /* of the last FLOW job, until the table has what is planned; 0 = none */
	bool is_unsure; /* the answer to a FLOW job was lost: the table may not have `has` */
};

/* -- trials ------------------------------------------------------------------ */

static struct trial *find_trial(struct flowtableplan *h, const struct link_rec *rec)
{
	struct slab_ref link = slab_ref_of(&view_paths(h->engine)->legs.links.slab, rec);
	struct trial *free_one = NULL;

	for (size_t i = 0; i < array_size(h->trial); i++) {
		struct trial *t = &h->trial[i];

		if (t->state == TRIAL_FREE)
			free_one = free_one ? free_one : t;
		else if (slab_ref_is_equal(t->link, link) && strcmp(t->name, rec->link.name) == 0)
			return t;
	}
	if (!free_one)
		return NULL;
	*free_one = (struct trial){ .link = link, .state = TRIAL_NEW };
	memcpy(free_one->name, rec->link.name, sizeof(free_one->name));
	return free_one;
}

/* The driver, or the kernel for it, has said that it does not accept flowtables. All other errors
 * may pass: the driver has somebody else's flowtable, memory is short, the answer got lost. */
static bool is_refusal(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTSUPP || err == -EINVAL;
}

static void look_again_at(struct flowtableplan *h, mono_t when)
{
	h->look_at = mono_min(h->look_at, when);
}

static bool is_due_again(struct flowtableplan *h, const struct trial *t)
{
	mono_t when = mono_add_ms(t->answered_at, RETRY_MS);

	if (t->state != TRIAL_NO || is_refusal(t->err))
		return false;
	if (!mono_before(loop_now(h->loop), when))
		return true;
	look_again_at(h, when);
	return false;
}

static void ask(struct flowtableplan *h, struct trial *t, const struct link *l)
{
	struct tablethread_job job = { .type = TABLETHREAD_TRY,
				       .trial = (uint32_t)(t - h->trial) };

	memcpy(job.device, l->name, sizeof(job.device));
	if (!tablethread_push(h->work, &job)) {
		h->is_stale = true;
		return;
	}
	t->state = TRIAL_ASKED;
	t->tc = l->hw.tc;
}

/* Finds out whether the driver accepts a flowtable. Returns false until that is known. A device
 * does without hardware while there is no room for its trial. */
static bool try_hardware(struct flowtableplan *h, const struct link_rec *rec, bool *ret)
{
	const struct link *l = &rec->link;
	struct trial *t;

	*ret = false;
	if (engine_settings(h->engine)->offload != OFFLOAD_HARDWARE)
		return true;
	t = find_trial(h, rec);
	if (!t)
		return true;
	t->is_seen = true;
	if (t->state == TRIAL_NEW || (t->state != TRIAL_ASKED && t->tc != l->hw.tc) ||
	    is_due_again(h, t))
		ask(h, t, l);
	*ret = t->state == TRIAL_YES;
	return t->state == TRIAL_YES || t->state == TRIAL_NO;
}

static void log_trial(const struct trial *t, const struct nlerr *err)
{
	if (!err->err)
		log_info("%s: the driver accepts flowtables", t->name);
	else if (is_refusal(err->err))
		log_info("%s: the driver does not accept flowtables", t->name);
	else if (err->err == -EBUSY)
		log_info("%s: the driver has someone else's flowtable; asking again", t->name);
	else
		log_notice("%s: cannot find out whether the driver accepts flowtables, so it gets "
			   "none in hardware; asking again: %s (%s)", t->name,
			   err->extack[0] ? err->extack : "no kernel message", strerror(-err->err));
}

static void on_tried(struct flowtableplan *h, const struct tablethread_done *done)
{
	struct trial *t = &h->trial[done->job.trial];

	if (t->is_gone) {
		t->state = TRIAL_FREE;
		return;
	}
	if (!t->has_answer || t->err != done->err.err)
		log_trial(t, &done->err);
	t->has_answer = true;
	t->err = done->err.err;
	t->answered_at = loop_now(h->loop);
	t->state = t->err ? TRIAL_NO : TRIAL_YES;
}

static void forget_unseen(struct flowtableplan *h)
{
	for (size_t i = 0; i < array_size(h->trial); i++) {
		struct trial *t = &h->trial[i];

		t->is_gone = !t->is_seen;
		if (t->is_gone && t->state != TRIAL_ASKED)
			t->state = TRIAL_FREE;
		t->is_seen = false;
	}
}

/* -- the plan ----------------------------------------------------------------- */

/* The kernel's flowtable, too, would bypass programs, chains and queues on a device. A new device
 * waits until all of them have been read. */
static bool is_candidate(const struct link_rec *rec)
{
	return rec->is_named && rec->link.is_up && topology_is_port(rec) && !rec->link.master &&
	       topology_can_bypass(rec);
}

struct candidate {
	const struct link_rec *rec;
	bool is_hardware, is_used;
};

/* Finds the devices that may be in a flowtable. -EAGAIN: a driver has not answered yet. */
static int find_candidates(struct flowtableplan *h, struct candidate c[], unsigned int *ret_n)
{
	const struct topology *paths = view_paths(h->engine);
	bool allows_software = engine_settings(h->engine)->software_flowtable;
	struct link_rec *rec;
	bool is_hardware;
	int err = 0;

	*ret_n = 0;
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (!is_candidate(rec) || *ret_n == NFTOFFLOAD_MAX_DEVICES)
			continue;
		if (!try_hardware(h, rec, &is_hardware))
			err = -EAGAIN;
		if (is_hardware || allows_software)
			c[(*ret_n)++] = (struct candidate){ .rec = rec, .is_hardware = is_hardware };
	}
	forget_unseen(h);
	return err;
}

static bool is_opening(const struct link_rec *rec)
{
	return rec->port == PORT_WANTED || rec->port == PORT_OPENING;
}

/* Whether flower rules can forward in one direction between two devices. */
enum verdict {
	VERDICT_YES,
	VERDICT_NO,
	VERDICT_OPEN,	 /* a port is being opened, or the pair is being probed */
	VERDICT_UNKNOWN, /* the pair cannot be probed now, or a probe failed */
};

static enum verdict judge_pair(const struct nic_pair *pair, const struct link_rec *a,
			       const struct link_rec *b)
{
	switch ((enum pair_state)pair->state) {
	case PAIR_GOOD: return VERDICT_YES;
	case PAIR_REFUSED: return VERDICT_NO;
	case PAIR_WANTED:
	case PAIR_PROBING: return VERDICT_OPEN;
	case PAIR_NONE: return is_opening(a) || is_opening(b) ? VERDICT_OPEN : VERDICT_UNKNOWN;
	case PAIR_PAUSED: break;
	}
	return VERDICT_UNKNOWN;
}

/* *ret says why, with VERDICT_NO. */
static enum verdict judge(const struct flowtableplan *h, const struct link_rec *a,
			  const struct link_rec *b, enum reason *ret)
{
	const struct nic *nic = view_nic(h->engine);
	const struct nic_port *pa = nic ? nic_find_port(nic, a->link.ifindex) : NULL;
	const struct nic_port *pb = nic ? nic_find_port(nic, b->link.ifindex) : NULL;
	const struct nic_pair *pair;

	*ret = REASON_NONE;
	if (!nic)
		return VERDICT_YES;
	if (!pa || !pb || !pa->driver || !pb->driver) {
		*ret = REASON_DRIVER_NOT_ALLOWED;
		return VERDICT_NO;
	}
	if (pa->card != pb->card) {
		*ret = REASON_DIFFERENT_CARDS;
		return VERDICT_NO;
	}
	pair = nic_find_pair(nic, a->link.ifindex, b->link.ifindex);
	*ret = pair->state == PAIR_REFUSED ? (enum reason)pair->reason : REASON_NONE;
	return judge_pair(pair, a, b);
}

/* The same for connections between two devices: rules must be possible in both directions. */
static enum verdict judge_both(const struct flowtableplan *h, const struct link_rec *a,
			       const struct link_rec *b, enum reason *ret)
{
	enum reason reason;
	enum verdict there = judge(h, a, b, ret), back = judge(h, b, a, &reason);

	if (there == VERDICT_OPEN || back == VERDICT_OPEN)
		return VERDICT_OPEN;
	if (there != VERDICT_NO)
		*ret = reason;
	if (there == VERDICT_NO || back == VERDICT_NO)
		return VERDICT_NO;
	return there == VERDICT_YES ? back : there;
}

static void add_pair(struct nftoffload_config *f, uint8_t why[], struct candidate *a,
		     struct candidate *b, enum reason reason)
{
	struct nftoffload_pair *p = &f->pair[f->n_pairs];

	if (f->n_pairs == NFTOFFLOAD_MAX_PAIRS)
		return;
	memcpy(p->in, a->rec->link.name, sizeof(p->in));
	memcpy(p->out, b->rec->link.name, sizeof(p->out));
	p->is_hardware = a->is_hardware;
	why[f->n_pairs++] = (uint8_t)reason;
	a->is_used = b->is_used = true;
}

/* Adds both directions between two devices or neither: a connection needs both. With BACKEND_AUTO
 * connections stay on the CPU where nobody can tell whether flower rules are possible. */
static int add_pairs(struct flowtableplan *h, struct candidate c[], unsigned int n,
		     struct nftoffload_config *f, uint8_t why[])
{
	bool is_auto = engine_settings(h->engine)->backend == BACKEND_AUTO;

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int j = i + 1; j < n; j++) {
			enum verdict flower = VERDICT_NO;
			enum reason reason = REASON_NONE;

			if (c[i].is_hardware != c[j].is_hardware)
				continue;
			if (is_auto)
				flower = judge_both(h, c[i].rec, c[j].rec, &reason);
			if (flower == VERDICT_OPEN)
				return -EAGAIN;
			if (flower != VERDICT_NO)
				continue;
			add_pair(f, why, &c[i], &c[j], reason);
			add_pair(f, why, &c[j], &c[i], reason);
		}
	}
	return 0;
}

/* 0, or -EAGAIN: something that the plan depends on is being found out. */
static int make_config(struct flowtableplan *h, struct nftoffload_config *f, uint8_t why[])
{
	struct candidate c[NFTOFFLOAD_MAX_DEVICES];
	unsigned int n;
	int err = find_candidates(h, c, &n);

	/* table_has() compares it with memcmp(), padding included. */
	memset(f, 0, sizeof(*f));
	f->with_counter = f->with_pairs = true;
	if (!err)
		err = add_pairs(h, c, n, f, why);
	for (unsigned int i = 0; !err && i < n; i++) {
		struct nftoffload_device *d = &f->device[f->n_devices];

		if (!c[i].is_used)
			continue;
		memcpy(d->name, c[i].rec->link.name, sizeof(d->name));
		d->is_hardware = c[i].is_hardware;
		f->n_devices++;
	}
	return err;
}

/* -- telling the table thread -------------------------------------------------- */

static void log_pairs(const struct nftoffload_config *f, const uint8_t why[])
{
	if (!f->n_pairs)
		log_notice("no connections use the kernel's flowtable");
	for (unsigned int i = 0; i < f->n_pairs; i += 2)
		log_notice("connections between %s and %s use the kernel's flowtable in %s%s%s",
			   f->pair[i].in, f->pair[i].out,
			   f->pair[i].is_hardware ? "hardware" : "software",
			   why[i] != REASON_NONE ? ", because flower rules cannot forward them: " : "",
			   why[i] != REASON_NONE ? reason_text((enum reason)why[i]) : "");
}

static void tell(struct flowtableplan *h, const struct nftoffload_config *f, const uint8_t why[])
{
	struct tablethread_job job = { .type = TABLETHREAD_FLOW };

	if (f->n_devices) {
		job.flow = malloc(sizeof(*job.flow));
		if (!job.flow) {
			look_again_at(h, mono_add_ms(loop_now(h->loop), RETRY_MS));
			return;
		}
		*job.flow = *f;
	}
	if (!tablethread_push(h->work, &job)) {
		free(job.flow);
		h->is_stale = true;
		return;
	}
	h->told = *f;
	memcpy(h->told_why, why, sizeof(h->told_why));
	h->is_telling = true;
}

/* The table starts without flowtables; h->has is all zero then. */
static bool table_has(const struct flowtableplan *h, const struct nftoffload_config *f)
{
	return !h->is_unsure && (memcmp(f, &h->has, sizeof(*f)) == 0 ||
				 (!f->n_devices && !h->has.n_devices));
}

static void look(struct flowtableplan *h)
{
	uint8_t why[NFTOFFLOAD_MAX_PAIRS] = { 0 };
	struct nftoffload_config f;

	h->ways = view_paths(h->engine)->ways_changed;
	h->is_stale = false;
	h->look_at = MONO_NEVER;
	/* The answer causes the next look. */
	if (h->is_telling || make_config(h, &f, why))
		return;
	h->is_known = true;
	if (table_has(h, &f))
		h->err = 0;
	else if (mono_before(loop_now(h->loop), h->tell_at))
		look_again_at(h, h->tell_at);
	else
		tell(h, &f, why);
}

/* Only a job that is queued after a change of the ruleset is sure to begin after the change. */
static void renew(struct flowtableplan *h)
{
	struct tablethread_job job = { .type = TABLETHREAD_RENEW };

	if (!h->shall_renew || h->is_renewing || mono_before(loop_now(h->loop), h->renew_at) ||
	    !tablethread_push(h->work, &job))
		return;
	h->is_renewing = true;
	h->shall_renew = false;
}

/* A job for which the queue has no room waits for answers, not for the timer. */
static void set_timer(struct flowtableplan *h)
{
	mono_t now = loop_now(h->loop), due = h->look_at;

	if (h->shall_renew && mono_before(now, h->renew_at))
		due = mono_min(due, h->renew_at);
	if (mono_is_never(due))
		loop_timer_stop(h->timer);
	else
		loop_timer_set(h->timer, (uint64_t)MAX(mono_diff_ms(due, now), (int64_t)0) + 1, 0);
}

void flowtableplan_go_on(struct flowtableplan *h)
{
	if (!h)
		return;
	renew(h);
	if (h->is_stale || h->ways != view_paths(h->engine)->ways_changed ||
	    !mono_before(loop_now(h->loop), h->look_at))
		look(h);
	set_timer(h);
}

static void on_timer(void *ctx)
{
	flowtableplan_go_on(ctx);
}

static void on_told(struct flowtableplan *h, const struct tablethread_done *done)
{
	bool is_news = h->err != done->err.err;

	h->is_telling = false;
	h->tell_at = mono_add_ms(loop_now(h->loop), done->err.err ? RETRY_MS : PAUSE_MS);
	h->err = done->err.err;
	/* Only a success tells again what the table has. */
	h->is_unsure = h->err == -ETIMEDOUT || h->err == -ENOBUFS || (h->err && h->is_unsure);
	if (h->err) {
		counter_inc(&flowtables_failed);
		if (is_news)
			log_warning("cannot set up our flowtables, so connections may stay on the "
				    "CPU; trying again: %s (%s)",
				    done->err.extack[0] ? done->err.extack : "no kernel message",
				    strerror(-h->err));
		return;
	}
	counter_inc(&flowtables_made);
	h->has = h->told;
	memcpy(h->why, h->told_why, sizeof(h->why));
	log_pairs(&h->has, h->why);
}

/* Until a RENEW job succeeds, connections that the ruleset now denies may be forwarded. */
static void on_renewed(struct flowtableplan *h, const struct tablethread_done *done)
{
	bool is_news = !h->renewal_failed;

	h->is_renewing = false;
	h->renewal_failed = done->err.err;
	if (!done->err.err) {
		counter_inc(&flowtables_renewed);
		return;
	}
	counter_inc(&flowtables_failed);
	/* After a further change of the ruleset, the next one does not wait. */
	if (!h->shall_renew)
		h->renew_at = mono_add_ms(loop_now(h->loop), RENEW_MS);
	h->shall_renew = true;
	if (is_news)
		log_error("cannot empty our flowtables after a ruleset change, so connections that "
			  "the ruleset now denies may still pass; trying again: %s (%s)",
			  done->err.extack[0] ? done->err.extack : "no kernel message",
			  strerror(-done->err.err));
}

void flowtableplan_done(struct flowtableplan *h, const struct tablethread_done *done)
{
	if (!h)
		return;
	if (done->job.type == TABLETHREAD_TRY)
		on_tried(h, done);
	else if (done->job.type == TABLETHREAD_FLOW)
		on_told(h, done);
	else
		on_renewed(h, done);
	h->is_stale = true;
}

void flowtableplan_renew(struct flowtableplan *h)
{
	if (!h)
		return;
	h->shall_renew = true;
	h->renew_at = MONO_ZERO;
	renew(h);
}

bool flowtableplan_is_settled(const struct flowtableplan *h)
{
	return !h || (h->is_known && !h->is_telling);
}

json_t *flowtableplan_to_json(const struct flowtableplan *h)
{
	json_t *pairs;

	if (!h)
		return json_null();
	pairs = json_array();
	for (unsigned int i = 0; i < h->has.n_pairs; i++) {
		const struct nftoffload_pair *p = &h->has.pair[i];

		json_array_append_new(
			pairs, json_pack("{s:o, s:o, s:b, s:s}", "in", jsonline_string(p->in), "out",
					 jsonline_string(p->out), "hardware", p->is_hardware,
					 "because", reason_name((enum reason)h->why[i])));
	}
	return json_pack("{s:o, s:s}", "pairs", pairs, "trouble", h->err ? strerror(-h->err) : "");
}

/* -- start and end -------------------------------------------------------------- */

int flowtableplan_new(struct loop *loop, const struct engine *engine, struct tablethread *work,
		 struct flowtableplan **ret)
{
	const struct settings *s = engine_settings(engine);
	struct flowtableplan *h;

	*ret = NULL;
	if (s->backend == BACKEND_FLOWER || s->offload == OFFLOAD_OBSERVE)
		return 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->engine = engine;
	h->work = work;
	h->timer = loop_timer_add(loop, "flowtables", on_timer, h);
	if (!h->timer) {
		free(h);
		return -ENOMEM;
	}
	h->is_stale = true;
	flowtableplan_go_on(h);
	*ret = h;
	return 0;
}

void flowtableplan_free(struct flowtableplan *h)
{
	if (!h)
		return;
	loop_timer_del(h->timer);
	free(h);
}

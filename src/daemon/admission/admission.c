/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/admission.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "daemon/admission/epochs.h"
#include "daemon/admission/expiry.h"
#include "daemon/admission/flowtableplan.h"
#include "daemon/admission/gate.h"
#include "daemon/admission/holdoff.h"
#include "daemon/admission/markcleaner.h"
#include "daemon/admission/markpass.h"
#include "daemon/admission/tablethread.h"
#include "kern/nft/nftnames.h"
#include "kern/nft/nfttable.h"
#include "kern/ruleset/nftwatch.h"

LOG_TAG("admission");

COUNTER(nft_commits, "changes that others made to the nft ruleset");
COUNTER(nft_commits_all, "times that a ruleset change may have affected every connection");
COUNTER(nft_elements, "set elements that others added or removed, or that expired");
COUNTER(nft_overruns, "times that events about nft ruleset changes were lost");
COUNTER(nft_tables_made, "times that our nft table was recreated because others had changed it");
COUNTER(nft_failures, "times that our nft table or old marks could not be read or changed");

#define RCVBUF_BYTES	 (1024 * 1024)
#define RCVBUF_MAX_BYTES (64 * 1024 * 1024)
/* Messages read per wake-up. */
#define BUDGET		 512

struct admission {
	struct loop *loop;
	struct dispatch *dispatch;
	struct engine *engine;
	struct ingest *ingest;
	struct bypass *bypass;
	struct nftwatch *watch;
	struct loop_fd *watch_fd, *table_fd, *cleaner_fd;
	struct loop_timer *timer; /* calls admission_go_on() */
	struct expiry *expiry;
	struct markcleaner *cleaner;
	struct markpass *pass;
	struct nftlayout_config config; /* without a table, only its mask counts */
	/* From here to closed_at: ADMIT_NFT only. own is NULL otherwise. */
	struct nfttable *own;
	struct tablethread *table;
	struct flowtableplan *flowtables;
	struct epochs epochs;
	bool is_kept;      /* admission_free() leaves the table in the kernel */
	uint8_t gate;      /* enum gate_state */
	uint8_t epoch;     /* enum gate_epoch_state */
	/* The epoch that is being cleaned: by the mark cleaner, and then by a fence for events that
	 * carry it; 0 = none. */
	uint32_t cleaning;
	struct holdoff holdoff;
	mono_t closed_at;
	struct nlerr trouble; /* last failure; err 0 = none since the last success */
	uint32_t generation; /* of the ruleset, processed up to here; 0 = unknown */
};

/* -- at start --------------------------------------------------------------- */

static void make_config(const struct config *c, struct nftlayout_config *ret)
{
	*ret = (struct nftlayout_config){
		.mask = c->core.mark,
		.priority = c->nft_priority,
		.min_packets = c->min_packets,
		.with_owner = c->table_owner,
		.with_ttl = c->core.offload == OFFLOAD_HARDWARE,
		.exempt = c->exempt,
	};
}

static const char *error_text(const struct nlerr *err)
{
	return err->extack[0] ? err->extack : "no kernel message";
}

/* What the administrator can do about an error. */
static const char *remedy(int err)
{
	switch (err) {
	case -EPERM: return "the daemon needs CAP_NET_ADMIN, and no other process may own the table";
	case -EEXIST: return "rename or delete that table";
	case -EOPNOTSUPP:
	case -EPROTONOSUPPORT: return "the kernel needs nf_tables with inet tables and ct expressions";
	}
	return "see the kernel's message";
}

/* The record fits, the earlier run's table is intact, and the ruleset has not changed since. */
static bool is_kept(const struct config *config, const struct lastlife *life,
		    const struct nfttable_state *state)
{
	return lastlife_fits(life, config) && state->is_whole && state->epoch == life->epoch &&
	       state->generation == life->generation;
}

/* Leaves the table of an earlier run as it is if the record still holds; else creates ours. */
static int make_table(const struct config *config, struct lastlife *life, struct nfttable *own,
		      struct nlerr *ret_err)
{
	struct nftlayout_config c;
	struct nfttable_state state;
	struct epochs epochs;
	int err;

	make_config(config, &c);
	err = epochs_init(&epochs, c.mask);
	if (err) {
		*ret_err = nlerr_make(err);
		snprintf(ret_err->extack, sizeof(ret_err->extack), "mark must have at least three bits");
		return err;
	}
	/* A new table keeps the epoch of the earlier run's table. That epoch does not count:
	 * admission_go_on() chooses another, because the ruleset may have changed since. */
	c.epoch = epochs_current(&epochs);
	err = nfttable_check(own, &c, &state, ret_err);
	life->is_valid = !err && is_kept(config, life, &state);
	if (err || life->is_valid)
		return err;
	if (state.epoch)
		c.epoch = state.epoch;
	return nfttable_up(own, &c, ret_err);
}

static int fall_back(struct config *config, const struct nlerr *err)
{
	static const char *const names[] = { [ADMIT_MARK] = "mark", [ADMIT_EVENTS] = "events" };

	if (config->admit_fallback == ADMIT_NFT) {
		log_error("cannot create our nft table: %s (%s); %s; or set admit or "
			  "admit-fallback to mark or events",
			  error_text(err), strerror(-err->err), remedy(err->err));
		return err->err;
	}
	log_warning("cannot create our nft table: %s (%s); %s; "
		    "using admit = %s, as admit-fallback says",
		    error_text(err), strerror(-err->err), remedy(err->err),
		    names[config->admit_fallback]);
	config->core.admit = config->admit_fallback;
	return 0;
}

/* Returns 0 if the generation cannot be read. */
static uint32_t read_generation(void)
{
	struct nlerr why = { 0, "" };
	struct nfttable *own = NULL;
	uint32_t generation = 0;

	if (nfttable_open(&own) == 0 && nfttable_generation(own, &generation, &why))
		generation = 0;
	nfttable_close(own);
	return generation;
}

/* Checks the record when our table does not set the marks: ADMIT_MARK and ADMIT_EVENTS. */
static void look_without_table(const struct config *config, struct lastlife *life)
{
	bool fits = lastlife_fits(life, config);

	life->is_outdated = fits && config->core.admit == ADMIT_MARK &&
			    life->generation != read_generation();
	life->is_valid = fits && !life->is_outdated;
}

int admission_open_table(struct config *config, struct lastlife *life, struct nfttable **ret_own)
{
	struct nlerr why = { 0, "" };
	bool has_bits = config->core.mark;
	int err;

	*ret_own = NULL;
	if (config->core.admit != ADMIT_NFT) {
		look_without_table(config, life);
		return 0;
	}
	settings_choose_mark(&config->core);
	err = nfttable_open(ret_own);
	if (err)
		why = nlerr_make(err);
	else
		err = make_table(config, life, *ret_own, &why);
	if (!err)
		return 0;
	nfttable_close(*ret_own);
	*ret_own = NULL;
	life->is_valid = false;
	/* Undo settings_choose_mark(), which chose the bits for an epoch. */
	if (!has_bits)
		config->core.mark = 0;
	why.err = err;
	return fall_back(config, &why);
}

/* -- the epoch -------------------------------------------------------------- */

static void feed_epoch(struct admission *r, uint32_t epoch)
{
	struct event ev = { .type = EVENT_EPOCH, .epoch = epoch };

	dispatch_feed(r->dispatch, &ev);
}

static void step(struct admission *r, enum gate_input input)
{
	bool was_open = gate_is_open(r->gate);

	r->gate = fsm_next(&gate_fsm, r->gate, input);
	if (was_open && !gate_is_open(r->gate)) {
		feed_epoch(r, 0);
		markpass_forget(r->pass);
		r->closed_at = loop_now(r->loop);
	}
}

static void step_epoch(struct admission *r, enum gate_epoch_input input)
{
	r->epoch = fsm_next(&gate_epoch_fsm, r->epoch, input);
}

/* Sets the timer and returns true when it is too early to open an epoch. */
static bool wait_for_quiet(struct admission *r)
{
	mono_t now = loop_now(r->loop), when = holdoff_end(&r->holdoff);

	if (!mono_before(now, when))
		return false;
	loop_timer_set(r->timer, (uint64_t)mono_diff_ms(when, now) + 1, 0);
	return true;
}

/* At most one job of each of these types is under way, so there is room. */
static void order(struct admission *r, enum tablethread_type type, uint32_t epoch)
{
	struct tablethread_job job = { .type = (uint8_t)type, .epoch = epoch };

	BUG_ON(!tablethread_push(r->table, &job));
}

/* The bits that number the epoch: whole and half marks have them. */
static uint32_t number_bits(const struct admission *r)
{
	return r->config.mask & ~nftlayout_whole_bit(r->config.mask);
}

static void want_clean(struct admission *r)
{
	uint32_t dirty = epochs_next_dirty(&r->epochs), bits = number_bits(r);
	struct markcleaner_job job = { .type = MARKCLEANER_EPOCH, .value = dirty & bits, .bits = bits };

	if (!dirty || r->cleaning || r->epoch == GATE_EPOCH_LOOKING)
		return;
	/* The table may write the very epoch that would be cleaned and reused: look first. */
	if (r->epoch == GATE_EPOCH_UNSURE) {
		step_epoch(r, GATE_EPOCH_IN_LOOK);
		order(r, TABLETHREAD_LOOK, 0);
		return;
	}
	r->cleaning = dirty;
	/* Besides this job there is at most one more. */
	BUG_ON(!markcleaner_push(r->cleaner, &job));
}

void admission_go_on(struct admission *r)
{
	uint32_t epoch;

	if (!r || !r->own)
		return;
	flowtableplan_go_on(r->flowtables);
	if (gate_is_ordered(r->gate) || wait_for_quiet(r))
		return;
	want_clean(r);
	if (gate_is_open(r->gate) || !engine_is_closed(r->engine))
		return;
	epoch = epochs_next_clean(&r->epochs);
	if (!epoch)
		return;
	epochs_use(&r->epochs, epoch);
	/* Tell the engine first. No connection has the epoch before the table writes it, but events
	 * that carry it can arrive before the table thread's answer. */
	step(r, GATE_IN_NEXT);
	feed_epoch(r, epoch);
	order(r, TABLETHREAD_EPOCH, epoch);
}

static void go_on(void *ctx)
{
	admission_go_on(ctx);
}

static void on_failure(struct admission *r, const struct nlerr *err, const char *what)
{
	bool is_news = r->trouble.err != err->err;

	counter_inc(&nft_failures);
	r->trouble = *err;
	if (is_news)
		log_error("%s: %s (%s); %s; trying again, and connections may stay on the CPU "
			  "until this works",
			  what, error_text(err), strerror(-err->err),
			  remedy(err->err));
	holdoff_failure(&r->holdoff, loop_now(r->loop));
}

static void on_success(struct admission *r)
{
	if (r->holdoff.failures)
		log_notice("our nft table and the marks of connections can be changed again");
	holdoff_success(&r->holdoff);
	r->trouble = nlerr_make(0);
}

static void on_epoch_done(struct admission *r, const struct tablethread_done *done)
{
	if (done->err.err) {
		/* First, because the engine is told when the gate closes. */
		step_epoch(r, GATE_EPOCH_IN_FAILED);
		step(r, GATE_IN_FAILED);
		on_failure(r, &done->err, "cannot create or change our nft table");
		return;
	}
	step(r, GATE_IN_WRITTEN);
	step_epoch(r, GATE_EPOCH_IN_WRITTEN);
	on_success(r);
	if (done->made_table)
		counter_inc(&nft_tables_made);
	/* Admission was closed meanwhile: the ruleset has changed again. */
	if (r->gate != GATE_OPEN)
		return;
	log_debug("admitting connections with epoch 0x%x", done->job.epoch);
	ingest_follow(r->ingest);
}

/* All events that carry the cleaned epoch have been processed. */
static void on_cleaned(void *ctx)
{
	struct admission *r = ctx;

	epochs_clean(&r->epochs, r->cleaning);
	r->cleaning = 0;
	admission_go_on(r);
}

static void on_look_done(struct admission *r, const struct tablethread_done *done)
{
	if (done->err.err) {
		step_epoch(r, GATE_EPOCH_IN_NOT_SEEN);
		on_failure(r, &done->err, "cannot read our nft table");
		return;
	}
	step_epoch(r, GATE_EPOCH_IN_SEEN);
	epochs_set_current(&r->epochs, done->job.epoch);
}

static void on_pass_done(struct admission *r, const struct markcleaner_done *done)
{
	markpass_done(r->pass, done);
	if (done->err.err)
		on_failure(r, &done->err, "cannot clear the marks that a ruleset change may concern");
	else if (!r->own || r->gate == GATE_OPEN)
		on_success(r);
}

static void on_clean_done(struct admission *r, const struct markcleaner_done *done)
{
	if (done->err.err) {
		r->cleaning = 0;
		on_failure(r, &done->err, "cannot clear old marks of connections");
		return;
	}
	/* Cleaning works again. Whether changing the table does is shown by the next EPOCH job. */
	if (r->gate == GATE_OPEN)
		on_success(r);
	if (ingest_fence(r->ingest, on_cleaned, r))
		r->cleaning = 0;
}

/* -- changes by others ------------------------------------------------------ */

static void feed_change(struct admission *r, bool everything, const struct setelem *elem,
			unsigned int n)
{
	uint32_t bits = r->own ? number_bits(r) : r->config.mask;
	uint32_t value = r->own ? epochs_current(&r->epochs) & bits : bits;

	/* Marks with the next epoch will be newer. */
	if (r->own && !gate_is_open(r->gate))
		return;
	/* The administrator's mark may have some of several bits. */
	if (!r->own && (bits & (bits - 1)))
		value = bits = 0;
	markpass_set_marks(r->pass, value, bits);
	markpass_add(r->pass, everything, elem, n);
}

static void note_loss(struct admission *r, const struct nftwatch_commit *c)
{
	holdoff_loss(&r->holdoff, loop_now(r->loop));
	log_notice("%s (pid %u) %s our nft table; %s", c->process, c->pid,
		   c->own == NFTWATCH_OWN_DELETED ? "deleted" : "changed",
		   r->holdoff.losses ? "restoring it after a pause, because this happens repeatedly" :
				       "restoring it");
}

static void on_everything(struct admission *r)
{
	mono_t now = loop_now(r->loop);

	counter_inc(&nft_commits_all);
	if (r->own) {
		holdoff_commit(&r->holdoff, now,
			       gate_is_open(r->gate) ? 0 : mono_diff_ms(now, r->closed_at));
		step(r, GATE_IN_CLOSE);
		flowtableplan_renew(r->flowtables);
	} else {
		feed_change(r, true, NULL, 0);
	}
	bypass_look_nft(r->bypass);
}

static void feed_elements(struct admission *r, const struct setelem *elem, unsigned int n)
{
	counter_add(&nft_elements, n);
	feed_change(r, false, elem, n);
	/* A flowtable cannot drop single connections. */
	flowtableplan_renew(r->flowtables);
}

static void on_elements(struct admission *r, const struct setelem *elem, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		/* expiry cannot remember all of them. Nothing changes until one expires. */
		if (elem[i].expires_ms && expiry_add(r->expiry, &elem[i], loop_now(r->loop)))
			log_notice("too many set elements with a timeout to track each one; all flows "
				   "return to the CPU when an untracked one expires");
	}
	feed_elements(r, elem, n);
}

static void on_commit(const struct nftwatch_commit *c, void *ctx)
{
	struct admission *r = ctx;

	r->generation = c->is_lost ? 0 : c->generation;
	if (c->is_lost) {
		counter_inc(&nft_overruns);
		log_notice("changes to the nft ruleset were lost; the buffer now has %d bytes; "
			   "returning all flows to the CPU", nftwatch_grow(r->watch, RCVBUF_MAX_BYTES));
		on_everything(r);
		return;
	}
	if (c->is_own)
		return;
	counter_inc(&nft_commits);
	if (r->own && c->everything && c->own != NFTWATCH_OWN_UNTOUCHED)
		note_loss(r, c);
	if (c->everything) {
		if (gate_is_open(r->gate) || !r->own)
			log_info("%s (pid %u) changed the nft ruleset; "
				 "returning all flows to the CPU", c->process, c->pid);
		on_everything(r);
	} else if (c->n_elems) {
		on_elements(r, c->elem, c->n_elems);
	}
}

static void on_watch(void *ctx, int fd, unsigned int events)
{
	struct admission *r = ctx;
	int n = nftwatch_read(r->watch, BUDGET, on_commit, r);

	(void)fd;
	(void)events;
	if (n < 0 && n != -ENOBUFS)
		log_warning("cannot read changes to the nft ruleset: %s", strerror(-n));
	admission_go_on(r);
}

/* Elements have expired, which the kernel does not report (nft_rhash_gc). */
static void on_expired(void *ctx, const struct setelem *elem, unsigned int n)
{
	struct admission *r = ctx;

	if (n)
		feed_elements(r, elem, n);
	else
		on_everything(r);
	admission_go_on(r);
}

static void on_table(void *ctx, int fd, unsigned int events)
{
	struct admission *r = ctx;
	struct tablethread_done done;

	(void)fd;
	(void)events;
	tablethread_woken(r->table);
	while (tablethread_pop(r->table, &done)) {
		if (done.job.type == TABLETHREAD_EPOCH)
			on_epoch_done(r, &done);
		else if (done.job.type == TABLETHREAD_LOOK)
			on_look_done(r, &done);
		else
			flowtableplan_done(r->flowtables, &done);
	}
	admission_go_on(r);
}

static void on_cleaner(void *ctx, int fd, unsigned int events)
{
	struct admission *r = ctx;
	struct markcleaner_done done;

	(void)fd;
	(void)events;
	markcleaner_woken(r->cleaner);
	while (markcleaner_pop(r->cleaner, &done)) {
		if (done.job.type == MARKCLEANER_EPOCH)
			on_clean_done(r, &done);
		else
			on_pass_done(r, &done);
	}
	admission_go_on(r);
}

/* -- start and end ------------------------------------------------------------- */

static int watch_changes(struct admission *r)
{
	uint32_t before = read_generation();
	int err = nftwatch_open(&r->watch, RCVBUF_BYTES, r->own ? nfttable_portid(r->own) : 0);

	/* Then rules of another kind than nft's set the mark. Their changes are not reported. */
	if (err && !r->own) {
		log_notice("cannot watch the nft ruleset, so changes to it do not affect offloaded "
			   "flows: %s", strerror(-err));
		return 0;
	}
	if (err) {
		log_error("cannot watch the nft ruleset: %s", strerror(-err));
		return err;
	}
	/* A commit between the two readings may or may not be reported. */
	r->generation = read_generation();
	if (r->generation != before)
		r->generation = 0;
	r->watch_fd = loop_fd_add(r->loop, nftwatch_fd(r->watch), LOOP_READ, "nft events", on_watch, r);
	return r->watch_fd ? 0 : -ENOMEM;
}

/* Makes the epoch that the table writes the current one, so that the next one differs. */
static void read_epoch(struct admission *r)
{
	struct nfttable_state state = { .epoch = 0 };
	struct nlerr why;

	if (nfttable_check(r->own, &r->config, &state, &why) == 0 && state.epoch)
		epochs_set_current(&r->epochs, state.epoch);
	r->config.epoch = epochs_current(&r->epochs);
}

static int start_work(struct admission *r)
{
	int err = epochs_init(&r->epochs, r->config.mask);

	if (!err)
		read_epoch(r);
	if (!err)
		err = tablethread_start(r->own, &r->config, &r->table);
	if (!err)
		err = flowtableplan_new(r->loop, r->engine, r->table, &r->flowtables);
	if (err) {
		log_error("cannot start the thread for our nft table: %s", strerror(-err));
		return err;
	}
	r->table_fd = loop_fd_add(r->loop, tablethread_fd(r->table), LOOP_READ, "nft answers", on_table,
				  r);
	return r->table_fd ? 0 : -ENOMEM;
}

static int start_cleaner(struct admission *r)
{
	int err = markcleaner_start(r->config.mask, &r->cleaner);

	if (!err)
		err = markpass_new(r->loop, r->dispatch, r->ingest, r->cleaner, &r->pass);
	if (err) {
		log_error("cannot start the thread that clears marks: %s", strerror(-err));
		return err;
	}
	dispatch_set_own(r->dispatch, markcleaner_portid(r->cleaner));
	r->cleaner_fd = loop_fd_add(r->loop, markcleaner_fd(r->cleaner), LOOP_READ, "marks", on_cleaner,
				    r);
	return r->cleaner_fd ? 0 : -ENOMEM;
}

/*
 * Continues with the rules of an earlier run, which the engine has adopted. Changes of the
 * ruleset are reported from now on; takes the flows back if one came since the record was checked.
 */
static void go_on_with(struct admission *r, const struct lastlife *life)
{
	if (r->generation != life->generation) {
		log_notice("the nft ruleset changed during the start; returning the flows of the "
			   "earlier run to the CPU");
		if (r->own)
			feed_epoch(r, 0);
		else
			feed_change(r, true, NULL, 0);
		return;
	}
	if (!r->own)
		return;
	step(r, GATE_IN_RESUME);
	feed_epoch(r, epochs_current(&r->epochs));
	ingest_follow(r->ingest);
}

int admission_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		struct ingest *ingest, struct bypass *bypass, const struct config *config,
		const struct lastlife *life, struct nfttable *own,
		struct admission **ret)
{
	struct admission *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (!r) {
		nfttable_close(own);
		return err;
	}
	r->loop = loop;
	r->engine = engine;
	r->dispatch = dispatch;
	r->ingest = ingest;
	r->bypass = bypass;
	r->own = own;
	make_config(config, &r->config);
	holdoff_init(&r->holdoff, loop_now(loop));
	r->timer = loop_timer_add(loop, "nft table", go_on, r);
	if (r->timer && expiry_new(loop, on_expired, r, &r->expiry) == 0)
		err = watch_changes(r);
	if (!err)
		err = start_cleaner(r);
	if (!err && own)
		err = start_work(r);
	if (err) {
		IGNORE_RESULT(admission_free(r));
		return err;
	}
	*ret = r;
	if (life->is_valid)
		go_on_with(r, life);
	/* The marks are from before a change, and only packets from now on set new ones. */
	else if (life->is_outdated)
		feed_change(r, true, NULL, 0);
	admission_go_on(r);
	return 0;
}

static bool remove_table(struct admission *r)
{
	struct nlerr why = { 0, "" };
	int err = nfttable_down(r->own, NULL, &why);

	/* -EEXIST: the table of our name is somebody else's now. */
	if (!err || err == -EEXIST)
		return true;
	log_error("cannot remove our nft table; use \"nft delete table inet " NFTNAMES_TABLE
		  "\": %s (%s)", error_text(&why), strerror(-err));
	return false;
}

bool admission_free(struct admission *r)
{
	bool is_clean = true;

	if (!r)
		return true;
	loop_fd_del(r->table_fd);
	loop_fd_del(r->cleaner_fd);
	flowtableplan_free(r->flowtables);
	markcleaner_stop(r->cleaner);
	markpass_free(r->pass);
	tablethread_stop(r->table);
	if (r->own && !r->is_kept)
		is_clean = remove_table(r);
	nfttable_close(r->own);
	loop_fd_del(r->watch_fd);
	nftwatch_close(r->watch);
	expiry_free(r->expiry);
	loop_timer_del(r->timer);
	free(r);
	return is_clean;
}

bool admission_is_open(const struct admission *r)
{
	return !r || !r->own ||
	       (r->gate == GATE_OPEN && flowtableplan_is_settled(r->flowtables));
}

const struct flowtableplan *admission_flowtableplan(const struct admission *r)
{
	return r ? r->flowtables : NULL;
}

const char *admission_trouble(const struct admission *r)
{
	return r && r->trouble.err ? error_text(&r->trouble) : "";
}

bool admission_is_settled(const struct admission *r, uint32_t *ret_epoch, uint32_t *ret_generation)
{
	*ret_epoch = 0;
	*ret_generation = 0;
	if (!r)
		return true;
	*ret_generation = r->generation;
	if (r->own)
		*ret_epoch = epochs_current(&r->epochs);
	/* An element that expires changes the ruleset without a new generation. */
	return r->generation && expiry_is_empty(r->expiry) && markpass_is_idle(r->pass) &&
	       (!r->own || (r->gate == GATE_OPEN && r->epoch == GATE_EPOCH_KNOWN));
}

void admission_keep(struct admission *r)
{
	if (r)
		r->is_kept = true;
}

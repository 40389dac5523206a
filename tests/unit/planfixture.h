/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planfixture - flowtableplan with the real engine (on the rig) and the real table thread,
 * against a kernel that is made up: the functions of kern/nft/nfttable are here, and are held
 * where the test wants that. Include it after unit/unit.h.
 *
 * Devices have names of their number: pf_add(2) adds "d2". Those from 32 on are on another
 * card, and those from 48 on have a driver that may not be given rules.
 */
#pragma once

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "daemon/admission/flowtableplan.h"
#include "daemon/admission/jobthread.h"
#include "fake/fakegate.h"
#include "fake/fakeloop.h"
#include "fake/rig.h"
#include "kern/nft/nfttable.h"

#define PF_MAX_CALLS 1024
/* A little more than the pauses between two changes of the flowtables and between two attempts to
 * empty them. */
#define PF_PAUSE_MS 501

enum pf_what { PF_UP, PF_RENEW, PF_TRY };

/* A call of the table thread into the kernel. */
struct pf_call {
	enum pf_what what;
	bool has_flow;
	struct nftoffload_config flow;
	char device[LINK_NAME_SIZE];
};

static struct rig pf_rig;
static struct loop *pf_loop;
static struct tablethread *pf_thread;
static struct loop_fd *pf_fd;
static struct flowtableplan *pf_plan;
static struct nfttable *pf_table; /* never dereferenced */

/* Written by the table thread, read when it has answered. */
static struct pf_call pf_call[PF_MAX_CALLS];
static unsigned int pf_n_calls;
static struct fakegate pf_gate = FAKEGATE_INIT;
/* What the kernel says from now on; set while the thread has no job. */
static int pf_up_err, pf_renew_err, pf_try_err[128];

static unsigned int pf_n_markers; /* answers to LOOK jobs */
static unsigned int pf_n_answers[TABLETHREAD_EPOCH + 1];
static bool pf_drops_answers; /* the plan is not told */

/* -- the kernel ----------------------------------------------------------- */

static inline struct pf_call *pf_note(enum pf_what what, const struct nftlayout_config *c)
{
	struct pf_call *call = &pf_call[pf_n_calls];

	if (pf_n_calls == PF_MAX_CALLS)
		abort();
	*call = (struct pf_call){ .what = what };
	if (c && c->flow) {
		call->has_flow = true;
		call->flow = *c->flow;
	}
	pf_n_calls++;
	fakegate_pass(&pf_gate);
	return call;
}

static inline int pf_say(int err, struct nlerr *ret_err)
{
	if (err) {
		*ret_err = nlerr_make(err);
		strcpy(ret_err->extack, "as the test wants");
	}
	return err;
}

int nfttable_up(struct nfttable *o UNUSED, const struct nftlayout_config *c, struct nlerr *ret_err)
{
	pf_note(PF_UP, c);
	return pf_say(pf_up_err, ret_err);
}

int nfttable_renew_flow(struct nfttable *o UNUSED, const struct nftlayout_config *c,
			struct nlerr *ret_err)
{
	pf_note(PF_RENEW, c);
	return pf_say(pf_renew_err, ret_err);
}

int nfttable_try_device(struct nfttable *o UNUSED, const char *device, bool is_hardware,
			bool with_counter, struct nlerr *ret_err)
{
	struct pf_call *call = pf_note(PF_TRY, NULL);

	if (!is_hardware || !with_counter)
		abort();
	snprintf(call->device, sizeof(call->device), "%s", device);
	return pf_say(pf_try_err[atoi(device + 1) % 128], ret_err);
}

int nfttable_set_epoch(struct nfttable *o UNUSED, const struct nftlayout_config *c UNUSED,
		       struct nlerr *ret_err UNUSED)
{
	abort();
}

int nfttable_down(struct nfttable *o UNUSED, bool *ret_was_there UNUSED,
		  struct nlerr *ret_err UNUSED)
{
	abort();
}

/* Of the jobs that mark a place in the queue. */
int nfttable_check(struct nfttable *o UNUSED, const struct nftlayout_config *c UNUSED,
		   struct nfttable_state *ret UNUSED, struct nlerr *ret_err UNUSED)
{
	return 0;
}

/* -- the main thread ------------------------------------------------------ */

static inline void pf_on_answers(void *ctx UNUSED, int fd UNUSED, unsigned int events UNUSED)
{
	struct tablethread_done done;

	tablethread_woken(pf_thread);
	while (tablethread_pop(pf_thread, &done)) {
		pf_n_answers[done.job.type]++;
		if (done.job.type == TABLETHREAD_LOOK)
			pf_n_markers++;
		else if (!pf_drops_answers)
			flowtableplan_done(pf_plan, &done);
	}
	if (!pf_drops_answers)
		flowtableplan_go_on(pf_plan);
}

static inline bool pf_has_markers(void *ctx)
{
	return pf_n_markers == *(unsigned int *)ctx;
}

/* Waits until all jobs that are queued now are answered; no time passes. */
static inline void pf_catch_up(void)
{
	struct tablethread_job job = { .type = TABLETHREAD_LOOK };
	unsigned int wanted;

	/* An answer may cause further jobs: those of a plan after those of trials. */
	for (unsigned int i = 0; i < 3; i++) {
		wanted = pf_n_markers + 1;
		assert_true(tablethread_push(pf_thread, &job));
		fakeloop_until(pf_loop, pf_has_markers, &wanted);
	}
}

/* The plan looks at what the engine knows, and the pause after its last change ends. */
static inline void pf_look(void)
{
	flowtableplan_go_on(pf_plan);
	fakeloop_pass(pf_loop, PF_PAUSE_MS);
	pf_catch_up();
}

static inline unsigned int pf_count(enum pf_what what)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < pf_n_calls; i++)
		n += pf_call[i].what == what;
	return n;
}

/* The flowtables that the table was made with last; NULL = none. */
static inline const struct nftoffload_config *pf_flow(void)
{
	for (unsigned int i = pf_n_calls; i-- > 0;) {
		if (pf_call[i].what == PF_UP)
			return pf_call[i].has_flow ? &pf_call[i].flow : NULL;
	}
	fail_msg("the table was not made");
	return NULL;
}

static inline uint64_t pf_counter(const char *name)
{
	const struct counter *c = counter_find(name);

	assert_non_null(c);
	return counter_read(c);
}

static inline bool pf_has_device(const struct nftoffload_config *f, unsigned int n,
				 bool is_hardware)
{
	char name[LINK_NAME_SIZE];

	snprintf(name, sizeof(name), "d%u", n);
	for (unsigned int i = 0; f && i < f->n_devices; i++) {
		if (strcmp(f->device[i].name, name) == 0)
			return f->device[i].is_hardware == is_hardware;
	}
	return false;
}

static inline bool pf_has_pair(const struct nftoffload_config *f, unsigned int in, unsigned int out)
{
	char a[LINK_NAME_SIZE], b[LINK_NAME_SIZE];

	snprintf(a, sizeof(a), "d%u", in);
	snprintf(b, sizeof(b), "d%u", out);
	for (unsigned int i = 0; f && i < f->n_pairs; i++) {
		if (strcmp(f->pair[i].in, a) == 0 && strcmp(f->pair[i].out, b) == 0)
			return true;
	}
	return false;
}

/* -- what it shows ------------------------------------------------------- */

static inline json_t *pf_get(json_t *from, const char *name)
{
	json_t *value = json_object_get(from, name);

	assert_non_null(value);
	return value;
}

static inline void pf_assert_trouble(const char *expected)
{
	json_t *j = flowtableplan_to_json(pf_plan);

	assert_string_equal(json_string_value(pf_get(j, "trouble")), expected);
	json_decref(j);
}

static inline void pf_assert_shows(unsigned int n_pairs)
{
	json_t *j = flowtableplan_to_json(pf_plan);

	assert_int_equal(json_array_size(pf_get(j, "pairs")), n_pairs);
	json_decref(j);
}

static inline const char *pf_because(unsigned int in, unsigned int out)
{
	static char text[64];
	json_t *j = flowtableplan_to_json(pf_plan), *p;
	char a[LINK_NAME_SIZE], b[LINK_NAME_SIZE];
	size_t i;

	snprintf(a, sizeof(a), "d%u", in);
	snprintf(b, sizeof(b), "d%u", out);
	strcpy(text, "not in the flowtable");
	json_array_foreach(pf_get(j, "pairs"), i, p)
	{
		if (strcmp(json_string_value(pf_get(p, "in")), a) == 0 &&
		    strcmp(json_string_value(pf_get(p, "out")), b) == 0)
			snprintf(text, sizeof(text), "%s", json_string_value(pf_get(p, "because")));
	}
	json_decref(j);
	return text;
}

/* -- links ---------------------------------------------------------------- */

static inline struct link pf_link(unsigned int n)
{
	struct link l = { .ifindex = n,
			  .mtu = 1500,
			  .is_up = true,
			  .is_ether = true,
			  .hw = fake_hw(),
			  .mac = { { 2, 0, 0, 0, 0, (uint8_t)n } } };

	snprintf(l.name, sizeof(l.name), "d%u", n);
	l.hw.switch_id[0] = n < 32 ? 1 : 2;
	if (n >= 48)
		strcpy(l.hw.driver, "unknown");
	return l;
}

static inline void pf_feed_link(const struct link *link)
{
	struct event ev = { .type = EVENT_LINK, .link = *link };

	fake_put_link(&pf_rig.kernel, link);
	rig_feed(&pf_rig, &ev);
	rig_settle(&pf_rig);
	flowtableplan_go_on(pf_plan);
}

static inline void pf_add(unsigned int n)
{
	struct link l = pf_link(n);

	pf_feed_link(&l);
}

static inline void pf_del(uint32_t ifindex)
{
	struct event ev = { .type = EVENT_LINK_GONE };

	ev.link.ifindex = ifindex;
	fake_del_link(&pf_rig.kernel, ifindex);
	rig_feed(&pf_rig, &ev);
	rig_settle(&pf_rig);
	flowtableplan_go_on(pf_plan);
}

/* -- start and end -------------------------------------------------------- */

static inline void pf_swallow(void *ctx UNUSED, enum log_level level UNUSED, const char *tag UNUSED,
			      const char *text UNUSED)
{
}

static inline struct settings pf_settings(enum backend backend, enum offload_mode offload,
					  bool software)
{
	struct settings s = rig_settings();

	s.backend = backend;
	s.offload = offload;
	s.software_flowtable = software;
	return s;
}

/* All but the plan. */
static inline void pf_prepare(struct settings settings)
{
	struct nftlayout_config config = { .mask = 0x70, .epoch = 0x30 };

	fakegate_watch();
	log_set_hook(pf_swallow, NULL);
	fakeloop_reset();
	pf_n_calls = pf_n_markers = 0;
	memset(pf_n_answers, 0, sizeof(pf_n_answers));
	memset(pf_try_err, 0, sizeof(pf_try_err));
	pf_up_err = pf_renew_err = 0;
	pf_drops_answers = false;
	pf_loop = loop_new();
	rig_init(&pf_rig, &settings, 1, 1);
	pf_table = (struct nfttable *)&pf_rig;
	assert_int_equal(tablethread_start(pf_table, &config, &pf_thread), 0);
	pf_fd = loop_fd_add(pf_loop, tablethread_fd(pf_thread), LOOP_READ, "answers", pf_on_answers,
			    NULL);
}

static inline void pf_start(void)
{
	assert_int_equal(flowtableplan_new(pf_loop, pf_rig.engine, pf_thread, &pf_plan), 0);
}

/* Every device is in the flowtable of the kernel. */
static inline int pf_setup_software(void **state UNUSED)
{
	pf_prepare(pf_settings(BACKEND_FLOWTABLE, OFFLOAD_SOFTWARE, true));
	return 0;
}

static inline int pf_setup_hardware(void **state UNUSED)
{
	pf_prepare(pf_settings(BACKEND_FLOWTABLE, OFFLOAD_HARDWARE, true));
	return 0;
}

static inline int pf_setup_hardware_only(void **state UNUSED)
{
	pf_prepare(pf_settings(BACKEND_FLOWTABLE, OFFLOAD_HARDWARE, false));
	return 0;
}

/* Only where flower rules are not possible. */
static inline int pf_setup_auto(void **state UNUSED)
{
	pf_prepare(pf_settings(BACKEND_AUTO, OFFLOAD_HARDWARE, true));
	return 0;
}

static inline int pf_teardown(void **state UNUSED)
{
	fakegate_release(&pf_gate);
	flowtableplan_free(pf_plan);
	pf_plan = NULL;
	tablethread_stop(pf_thread);
	loop_fd_del(pf_fd);
	loop_free(pf_loop);
	assert_int_equal(pf_rig.kernel.n_complaints, 0);
	rig_fini(&pf_rig);
	assert_int_equal(bug_count(), 0);
	return 0;
}

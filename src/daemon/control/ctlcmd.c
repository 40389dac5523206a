/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlcmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/jsonline.h"
#include "base/util.h"
#include "core/view.h"
#include "daemon/control/ctlparam.h"
#include "daemon/control/devlist.h"
#include "daemon/control/doctor.h"
#include "daemon/control/flowlist.h"
#include "daemon/admission/flowtableplan.h"
#include "daemon/work/questions.h"
#include "daemon/admission/admission.h"
#include "daemon/control/why.h"
#include "nft-offload/ctl.h"

struct ctlcmd {
	const struct engine *engine;
	struct dispatch *dispatch;
	const struct admission *admission;
	struct flowlist_ctx lists;
	mono_t started;
};

/* -- Status --------------------------------------------------------------- */

static const char *offload_name(enum offload_mode mode)
{
	switch (mode) {
	case OFFLOAD_OBSERVE:
		return "observe";
	case OFFLOAD_SOFTWARE:
		return "software";
	case OFFLOAD_HARDWARE:
		return "hardware";
	}
	return "?";
}

static const char *admit_name(enum admit_mode mode)
{
	switch (mode) {
	case ADMIT_EVENTS: return "events";
	case ADMIT_MARK: return "mark";
	case ADMIT_NFT: return "nft";
	}
	return "?";
}

/* Whether connections are admitted now, and the value that their mark must have. */
static json_t *admission_of(const struct ctlcmd *cc)
{
	const struct settings *s = engine_settings(cc->engine);
	uint32_t epoch = s->admit == ADMIT_MARK ? s->mark : view_epoch(cc->engine);

	return json_pack("{s:b, s:I, s:I, s:o}", "open", admission_is_open(cc->admission), "mark_bits",
			 (json_int_t)settings_mark_bits(s), "mark", (json_int_t)epoch, "trouble",
			 jsonline_string(admission_trouble(cc->admission)));
}

static json_t *device_of(const struct engine *engine, const struct link_rec *rec)
{
	json_t *reason, *text;

	devlist_reason(engine, rec, &reason, &text);
	return json_pack("{s:o, s:I, s:s, s:o, s:o}", "name", jsonline_string(rec->link.name), "ifindex",
			 (json_int_t)rec->link.ifindex, "state", devlist_state(engine, rec),
			 "reason", reason, "reason_text", text);
}

static json_t *devices_of(const struct engine *engine)
{
	const struct topology *paths = view_paths(engine);
	json_t *list = json_array();
	const struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (topology_is_named(rec))
			json_array_append_new(list, device_of(engine, rec));
	}
	return list;
}

static json_t *reasons_of(const struct view_totals *t)
{
	json_t *o = json_object();

	for (unsigned int r = REASON_NONE + 1; r < REASON__COUNT; r++) {
		if (t->n_reason[r])
			json_object_set_new(o, reason_name(r), json_integer(t->n_reason[r]));
	}
	return o;
}

static json_t *counters_all(void)
{
	const struct counter *c = NULL;
	json_t *o = json_object();

	while ((c = counter_next(c)))
		json_object_set_new(o, c->name, json_integer((json_int_t)counter_read(c)));
	return o;
}

static json_t *both_dirs(uint64_t orig, uint64_t reply)
{
	return json_pack("{s:{s:I, s:I}}", "offloaded", "orig", (json_int_t)orig, "reply",
			 (json_int_t)reply);
}

static json_t *flow_counts(const struct view_totals *t)
{
	uint32_t offloaded = t->n_state[FLOW_ACTIVE];
	uint32_t kernel = t->n_reason[REASON_KERNEL_FLOWTABLE];
	uint32_t pending = t->n_state[FLOW_RESOLVE] + t->n_state[FLOW_WAIT] +
			   t->n_state[FLOW_INSTALL] + t->n_state[FLOW_ADOPTED] +
			   t->n_state[FLOW_MOVE] + t->n_state[FLOW_MOVING];

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)t->n_flows,
			 "offloaded", (json_int_t)offloaded, "kernel", (json_int_t)kernel,
			 "pending", (json_int_t)pending, "software",
			 (json_int_t)(t->n_flows - offloaded - kernel - pending), "max",
			 (json_int_t)t->max_flows);
}

static void status_start(struct ctl_call *call, json_t *parameters)
{
	const struct ctlcmd *cc = ctl_call_ctx(call);
	const struct settings *s = engine_settings(cc->engine);
	struct view_totals t;

	(void)parameters;
	view_totals(cc->engine, &t);
	ctl_call_reply(
		call,
		json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			  PACKAGE_VERSION, "uptime_s",
			  (json_int_t)(mono_diff_ms(mono_now(), cc->started) / 1000), "offload",
			  offload_name(s->offload), "admit",
			  admit_name(s->admit), "admission", admission_of(cc), "flowtable",
			  flowtableplan_to_json(admission_flowtableplan(cc->admission)), "devices",
			  devices_of(cc->engine), "flows", flow_counts(&t), "reasons",
			  reasons_of(&t), "counters", counters_all(), "packets",
			  both_dirs(t.forwarded[DIR_ORIG].pkts, t.forwarded[DIR_REPLY].pkts),
			  "bytes",
			  both_dirs(t.forwarded[DIR_ORIG].bytes, t.forwarded[DIR_REPLY].bytes)));
}

/* -- Flows, Devices, Doctor, Why, Flush ---------------------------------------------------- */

static void flows_start(struct ctl_call *call, json_t *parameters)
{
	struct ctlcmd *cc = ctl_call_ctx(call);

	flowlist_start(call, &cc->lists, parameters);
}

static void devices_start(struct ctl_call *call, json_t *parameters)
{
	struct ctlcmd *cc = ctl_call_ctx(call);

	(void)parameters;
	devlist_start(call, cc->engine);
}

static void doctor_begin(struct ctl_call *call, json_t *parameters)
{
	struct ctlcmd *cc = ctl_call_ctx(call);

	(void)parameters;
	doctor_start(call, cc->engine);
}

static void why_start(struct ctl_call *call, json_t *parameters)
{
	struct ctlcmd *cc = ctl_call_ctx(call);
	struct tuple tuple;

	if (ctlparam_tuple(call, parameters, &tuple))
		return;
	ctl_call_reply(call, why_explain(cc->engine, cc->dispatch, &tuple));
}

/* Replaces a reply tuple by the original tuple, which is the key of the flow table. The user
 * may give either. */
static void find_original(struct ctlcmd *cc, struct tuple *tuple)
{
	struct conn conn;

	if (questions_get_conn(dispatch_questions(cc->dispatch), tuple, &conn) == 0)
		*tuple = conn.orig;
}

static void flush_start(struct ctl_call *call, json_t *parameters)
{
	struct ctlcmd *cc = ctl_call_ctx(call);
	struct event ev = { .type = EVENT_FLUSH };
	json_int_t n = 0;

	if (json_is_true(json_object_get(parameters, "all"))) {
		struct view_totals t;

		view_totals(cc->engine, &t);
		n = t.n_state[FLOW_ACTIVE] + t.n_state[FLOW_INSTALL] + t.n_state[FLOW_MOVE] +
		    t.n_state[FLOW_MOVING];
		ev.flush.all = true;
	} else {
		if (ctlparam_tuple(call, parameters, &ev.flush.tuple))
			return;
		find_original(cc, &ev.flush.tuple);
		n = view_has_rules(cc->engine, &ev.flush.tuple);
	}
	dispatch_feed(cc->dispatch, &ev);
	ctl_call_reply(call, json_pack("{s:I}", "flushed", n));
}

const struct ctl_command ctlcmd_table[] = {
	{ .method = CTL_METHOD_STATUS, .start = status_start },
	{ .method = CTL_METHOD_FLOWS, .start = flows_start, .needs_more = true },
	{ .method = CTL_METHOD_DEVICES, .start = devices_start, .needs_more = true },
	{ .method = CTL_METHOD_DOCTOR, .start = doctor_begin, .needs_more = true },
	{ .method = CTL_METHOD_WHY, .start = why_start },
	{ .method = CTL_METHOD_FLUSH, .start = flush_start, .mutates = true },
};
const size_t ctlcmd_table_size = array_size(ctlcmd_table);

void ctlcmd_set_admission(struct ctlcmd *ctlcmd, const struct admission *admission)
{
	ctlcmd->admission = admission;
}

int ctlcmd_new(const struct engine *engine, struct dispatch *dispatch, mono_t started,
	       struct ctlcmd **ret)
{
	struct ctlcmd *cc = calloc(1, sizeof(*cc));
	int err;

	if (!cc)
		return -ENOMEM;
	cc->engine = engine;
	cc->dispatch = dispatch;
	cc->started = started;
	cc->lists.engine = engine;
	cc->lists.dispatch = dispatch;
	err = ctnl_new(&cc->lists.ctnl);
	if (err) {
		free(cc);
		return err;
	}
	*ret = cc;
	return 0;
}

void ctlcmd_free(struct ctlcmd *ctlcmd)
{
	if (!ctlcmd)
		return;
	ctnl_free(ctlcmd->lists.ctnl);
	free(ctlcmd);
}

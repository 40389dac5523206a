/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/flowlist.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonline.h"
#include "base/util.h"
#include "core/path/path.h"
#include "core/flow/policy.h"
#include "core/view.h"
#include "daemon/control/ctlparam.h"
#include "daemon/work/dispatch.h"
#include "daemon/work/questions.h"
#include "nl/nlsock.h"

#define FILTER_SIZE 40

struct flowlist {
	struct flowlist_ctx *ctx;
	struct ctl_call *call;
	struct nlsock sock;
	bool is_done;
	int err;
	char state[FILTER_SIZE], proto[FILTER_SIZE], reason[FILTER_SIZE], device[FILTER_SIZE];
};

/* What the list shows about one connection. */
struct verdict {
	const char *state;
	const char *backend; /* NULL: forwarded by the CPU */
	enum reason reason;
	struct view_flow flow;
};

static const char *state_of(const struct view_flow *f)
{
	switch (f->state) {
	case FLOW_ACTIVE:
		return "offloaded";
	case FLOW_RESOLVE:
	case FLOW_WAIT:
	case FLOW_INSTALL:
	case FLOW_ADOPTED:
	case FLOW_MOVE:
	case FLOW_MOVING:
		return "pending";
	case FLOW_REFUSED:
	case FLOW_DRAIN:
	case FLOW_REMOVE:
	case FLOW_STATE__COUNT:
		break;
	}
	return "software";
}

static void judge(const struct engine *engine, const struct conn *c, struct verdict *v)
{
	struct view_totals t;

	memset(v, 0, sizeof(*v));
	v->state = "software";
	if (view_flow(engine, &c->orig, c->id, &v->flow)) {
		v->state = state_of(&v->flow);
		v->reason = strcmp(v->state, "software") == 0 ? v->flow.reason : REASON_NONE;
		return;
	}
	v->reason = policy_conn(engine_settings(engine), view_epoch(engine), c);
	if (v->reason != REASON_NONE)
		return;
	/* It may be offloaded but the engine does not know it: the flow table is full, or its
	 * event has not been read yet. */
	view_totals(engine, &t);
	if (t.n_flows >= t.max_flows)
		v->reason = REASON_TABLE_FULL;
	else
		v->state = "pending";
}

static bool is_kernels(const struct conn *c, const struct verdict *v)
{
	return (c->has & CONN_HAS_STATUS) && (c->status & (CONN_OFFLOAD | CONN_HW_OFFLOAD)) &&
	       v->flow.state == FLOW_REFUSED;
}

/* Finds the devices by route lookups, because the kernel does not report them. */
static void find_devices(struct flowlist_ctx *ctx, const struct conn *c, struct view_flow *f)
{
	enum reason reason;
	struct path_query q;

	path_begin(&q, &c->orig, &c->reply,
		   settings_routing_mark(engine_settings(ctx->engine), c->mark), 0);
	if (questions_walk_path(dispatch_questions(ctx->dispatch), &q) || path_advance(&q, &reason) != PATH_FOUND)
		return;
	for (unsigned int d = 0; d < DIR__COUNT; d++)
		f->egress[d] = path_egress(&q, (enum dir)d);
}

/* Recognises connections in the kernel's own flowtable, whether or not the engine knows them. */
static void judge_backend(struct flowlist_ctx *ctx, const struct conn *c, struct verdict *v)
{
	if (is_kernels(c, v)) {
		v->state = "kernel";
		v->reason = REASON_KERNEL_FLOWTABLE;
		v->backend = c->status & CONN_HW_OFFLOAD ? "kernel-hw" : "kernel-sw";
		find_devices(ctx, c, &v->flow);
	} else if (v->flow.state == FLOW_ACTIVE) {
		v->backend = v->flow.in_hw ? "flower-hw" : "flower-sw";
	}
}

static const char *link_name(const struct engine *engine, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(view_paths(engine), ifindex);

	return rec ? rec->link.name : NULL;
}

static json_t *both_links(const struct engine *engine, uint32_t in, uint32_t out)
{
	const char *name_in = link_name(engine, in), *name_out = link_name(engine, out);

	return name_in && name_out ?
		       json_pack("[o, o]", jsonline_string(name_in), jsonline_string(name_out)) :
		       json_array();
}

/* In the order in which the original direction passes them. */
static json_t *devices_of(const struct engine *engine, const struct view_flow *f)
{
	return both_links(engine, f->egress[DIR_REPLY], f->egress[DIR_ORIG]);
}

/* In the same order. */
static json_t *ports_of(const struct engine *engine, const struct view_flow *f)
{
	return both_links(engine, f->port[DIR_ORIG], f->port[DIR_REPLY]);
}

static json_t *counts(uint64_t offloaded, bool has_software, uint64_t software)
{
	return json_pack("{s:I, s:o}", "offloaded", (json_int_t)offloaded, "software",
			 has_software ? json_integer((json_int_t)software) : json_null());
}

static bool is_in_hw(const struct conn *c, const struct verdict *v)
{
	return is_kernels(c, v) ? c->status & CONN_HW_OFFLOAD :
				  v->flow.state == FLOW_ACTIVE && v->flow.in_hw;
}

/* Adds all that conntrack has counted: it does not separate what a flowtable forwarded from
 * what the CPU forwarded before. */
static void move_counts(const struct conn *c, struct rule_stats fw[DIR__COUNT])
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		fw[d].pkts += c->pkts[d];
		fw[d].bytes += c->bytes[d];
	}
}

static json_t *row(const struct engine *engine, const struct conn *c, const struct verdict *v)
{
	bool is_kernel = strcmp(v->state, "kernel") == 0;
	bool has = (c->has & CONN_HAS_COUNTERS) && !is_kernel;
	struct rule_stats fw[DIR__COUNT];
	char proto[8];

	memcpy(fw, v->flow.forwarded, sizeof(fw));
	if (is_kernel && (c->has & CONN_HAS_COUNTERS))
		move_counts(c, fw);

	return json_pack(
		"{s:s, s:s, s:i, s:I, s:I, s:o, s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:o, s:o}}",
		"proto", l4proto_to_str(c->orig.proto, proto), "family",
		c->orig.family == FAMILY_IP6 ? "ipv6" : "ipv4", "zone", c->orig.zone, "id",
		(json_int_t)c->id, "mark", (json_int_t)c->mark, "orig",
		ctlparam_from_tuple(&c->orig), "reply", ctlparam_from_tuple(&c->reply), "state",
		v->state, "reason",
		v->reason == REASON_NONE ? json_null() : json_string(reason_name(v->reason)),
		"in_hw", is_in_hw(c, v), "backend",
		v->backend ? json_string(v->backend) : json_null(), "devices",
		devices_of(engine, &v->flow), "ports", ports_of(engine, &v->flow), "packets", "orig",
		counts(fw[DIR_ORIG].pkts, has, c->pkts[DIR_ORIG]), "reply",
		counts(fw[DIR_REPLY].pkts, has, c->pkts[DIR_REPLY]), "bytes", "orig",
		counts(fw[DIR_ORIG].bytes, has, c->bytes[DIR_ORIG]), "reply",
		counts(fw[DIR_REPLY].bytes, has, c->bytes[DIR_REPLY]));
}

static bool passes(const char *filter, const char *value)
{
	return filter[0] == '\0' || (value && strcmp(filter, value) == 0);
}

static bool is_shown(const struct flowlist *l, const struct conn *c, const struct verdict *v)
{
	const struct engine *engine = l->ctx->engine;
	char proto[8];

	return passes(l->state, v->state) &&
	       passes(l->proto, l4proto_to_str(c->orig.proto, proto)) &&
	       passes(l->reason, v->reason == REASON_NONE ? NULL : reason_name(v->reason)) &&
	       (passes(l->device, link_name(engine, v->flow.egress[DIR_ORIG])) ||
		passes(l->device, link_name(engine, v->flow.egress[DIR_REPLY])));
}

static void on_conn(const struct nlmsghdr *nlh, void *ctx)
{
	struct flowlist *l = ctx;
	enum ctnl_what what;
	struct verdict v;
	struct nlerr err;
	struct conn c;

	if (nlerr_get(nlh, &err) == 0) {
		l->is_done = true;
		l->err = err.err;
		return;
	}
	if (ctnl_get(l->ctx->ctnl, nlh, &c, &what) ||
	    (c.orig.proto != L4_TCP && c.orig.proto != L4_UDP))
		return;
	judge(l->ctx->engine, &c, &v);
	judge_backend(l->ctx, &c, &v);
	if (is_shown(l, &c, &v))
		ctl_call_row(l->call, json_pack("{s:o}", "flow", row(l->ctx->engine, &c, &v)));
}

static bool more(struct ctl_call *call, void *state)
{
	struct flowlist *l = state;
	int n = nlsock_recv_many(&l->sock, 1, on_conn, l);

	if (n < 0)
		l->err = n;
	if (l->err) {
		ctl_call_error_text(call, CTL_ERROR_FAILED, "cannot list conntrack: %s",
				    strerror(-l->err));
		return false;
	}
	return !l->is_done;
}

static void destroy(void *state)
{
	struct flowlist *l = state;

	nlsock_close(&l->sock);
	free(l);
}

static int read_filter(struct ctl_call *call, json_t *parameters, const char *name,
		       char ret[FILTER_SIZE])
{
	json_t *value = json_object_get(parameters, name);
	const char *text = json_string_value(value);

	if (!value || json_is_null(value))
		return 0;
	if (!text || strlen(text) >= FILTER_SIZE) {
		ctl_call_error_parameter(call, name, "must be a short string");
		return -EINVAL;
	}
	strcpy(ret, text);
	return 0;
}

static int read_filters(struct flowlist *l, json_t *parameters)
{
	int err = read_filter(l->call, parameters, "state", l->state);

	if (!err)
		err = read_filter(l->call, parameters, "proto", l->proto);
	if (!err)
		err = read_filter(l->call, parameters, "reason", l->reason);
	if (!err)
		err = read_filter(l->call, parameters, "device", l->device);
	return err;
}

static int send_dump(struct flowlist *l)
{
	_Alignas(8) unsigned char buf[256];
	struct nlput w;
	int err = nlsock_open(&l->sock, NETLINK_NETFILTER, 0);

	if (!err)
		err = nlsock_set_nonblock(&l->sock);
	if (err)
		return err;
	nlput_init(&w, buf, sizeof(buf), nlsock_next_seq(&l->sock));
	err = ctnl_put_dump(&w, FAMILY_NONE, false);
	return err ? err : nlsock_send(&l->sock, nlput_msg(&w));
}

void flowlist_start(struct ctl_call *call, struct flowlist_ctx *ctx, json_t *parameters)
{
	struct flowlist *l = calloc(1, sizeof(*l));
	int err;

	if (!l) {
		ctl_call_error_text(call, CTL_ERROR_FAILED, "out of memory");
		return;
	}
	l->ctx = ctx;
	l->call = call;
	if (read_filters(l, parameters)) {
		free(l);
		return;
	}
	err = send_dump(l);
	if (err) {
		ctl_call_error_text(call, CTL_ERROR_FAILED, "cannot list conntrack: %s",
				    strerror(-err));
		destroy(l);
		return;
	}
	ctl_call_set_more(call, more, l, destroy);
}

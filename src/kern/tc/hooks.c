/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/tc/hooks.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "kern/tc/flower.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000

/* -- XDP ------------------------------------------------------------------ */

int hooks_get_xdp(const struct nlmsghdr *nlh, bool *ret_has_xdp)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ifinfomsg));
	const struct nlattr *attr;
	bool has_xdp = false;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return -ENOMSG;
	while ((attr = nlget_next(&g))) {
		struct nlget inner;

		if (nlget_type(attr) != IFLA_XDP)
			continue;
		inner = nlget_enter(attr);
		while ((attr = nlget_next(&inner))) {
			if (nlget_type(attr) == IFLA_XDP_ATTACHED &&
			    nlget_u8(&inner, attr) != XDP_ATTACHED_NONE)
				has_xdp = true;
		}
		nlget_leave(&g, &inner);
	}
	if (g.is_malformed)
		return -EBADMSG;
	*ret_has_xdp = has_xdp;
	return 0;
}

struct xdp_answer {
	int err;
	bool has_xdp;
};

static void on_link(const struct nlmsghdr *nlh, void *ctx)
{
	struct xdp_answer *a = ctx;

	if (nlh->nlmsg_type == RTM_NEWLINK)
		a->err = hooks_get_xdp(nlh, &a->has_xdp);
}

int hooks_ask_xdp(struct nlsock *sock, uint32_t ifindex, bool *ret_has_xdp)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct xdp_answer answer = { .err = -EBADMSG };
	_Alignas(4) unsigned char buf[128];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETLINK, 0);
	nlput_header(&w, &header, sizeof(header));
	/* Skip the statistics: reading them can take a driver long. */
	nlput_u32(&w, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_link, &answer, NULL);
	if (!err)
		err = answer.err;
	if (!err)
		*ret_has_xdp = answer.has_xdp;
	return err;
}

/* -- filters -------------------------------------------------------------- */

static bool is_flower(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct tcmsg));
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == TCA_KIND)
			return nlget_is_str(attr, "flower");
	}
	return false;
}

bool hooks_is_foreign_filter(const struct nlmsghdr *nlh)
{
	struct flower_info info;
	int err;

	if (nlh->nlmsg_type != RTM_NEWTFILTER)
		return false;
	err = flower_get(nlh, &info);
	/* A message about a whole prio. */
	if (err == -ENOMSG)
		return !is_flower(nlh);
	return err || !info.is_ours;
}

static void on_filter(const struct nlmsghdr *nlh, void *ctx)
{
	bool *has_foreign = ctx;

	if (!*has_foreign && hooks_is_foreign_filter(nlh))
		*has_foreign = true;
}

int hooks_ask_filters(struct nlsock *sock, uint32_t ifindex, enum hooks_side side,
		      bool *ret_has_foreign)
{
	const struct nla_bitfield32 terse = { .value = TCA_DUMP_FLAGS_TERSE,
					      .selector = TCA_DUMP_FLAGS_TERSE };
	struct tcmsg tcm = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side == HOOKS_EGRESS ? TC_H_MIN_EGRESS :
									    TC_H_MIN_INGRESS),
	};
	_Alignas(4) unsigned char buf[128];
	bool has_foreign = false;
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETTFILTER, NLM_F_DUMP);
	nlput_header(&w, &tcm, sizeof(tcm));
	nlput_u32(&w, TCA_CHAIN, 0);
	nlput_bytes(&w, TCA_DUMP_FLAGS, &terse, sizeof(terse));
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_filter, &has_foreign, NULL);
	/* A failure after the first foreign filter does not matter. */
	if (err && !has_foreign)
		return err;
	*ret_has_foreign = has_foreign;
	return 0;
}

/* -- qdiscs --------------------------------------------------------------- */

/*
 * Qdiscs that neither limit packets to a rate nor order them by configured classes, so
 * packets may bypass them. All others, known here or not, count as shapers. The
 * kernel reports child qdiscs as qdiscs of their own, so a shaper below mq is found too.
 */
static const char *const harmless[] = {
	"noqueue", "noop",	/* no queue */
	"pfifo_fast", "pfifo", "bfifo", "pfifo_head_drop", /* FIFO */
	"mq",			/* one child qdisc for each queue of the NIC */
	"fq_codel", "codel", "sfq", /* fair queueing; short delays */
	"fq",			/* fair queueing, paces local sockets; see has_max_rate() */
	"pie", "fq_pie",	/* short delays */
};

static bool is_harmless(const struct nlattr *kind)
{
	for (size_t i = 0; i < array_size(harmless); i++) {
		if (nlget_is_str(kind, harmless[i]))
			return true;
	}
	return false;
}

/* fq with a maximum rate per flow also limits forwarded flows (fq_dequeue). */
static bool has_max_rate(struct nlget *outer, const struct nlattr *options)
{
	struct nlget g = nlget_enter(options);
	const struct nlattr *attr;
	uint32_t rate = UINT32_MAX;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == TCA_FQ_FLOW_MAX_RATE)
			rate = nlget_u32(&g, attr);
	}
	nlget_leave(outer, &g);
	return rate != UINT32_MAX;
}

static enum hooks_ingress get_ingress(const struct nlattr *kind)
{
	return nlget_is_str(kind, "clsact")    ? HOOKS_CLSACT
	       : nlget_is_str(kind, "ingress") ? HOOKS_INGRESS_QDISC
					       : HOOKS_NOTHING;
}

int hooks_get_qdisc(const struct nlmsghdr *nlh, struct hooks_qdisc *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct tcmsg));
	const struct nlattr *kind = NULL, *options = NULL, *attr;
	struct hooks_qdisc q = { 0 };
	struct tcmsg tcm;

	if (nlh->nlmsg_type != RTM_NEWQDISC)
		return -ENOMSG;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == TCA_KIND)
			kind = attr;
		else if (nlget_type(attr) == TCA_OPTIONS)
			options = attr;
	}
	if (g.is_malformed || !kind)
		return -EBADMSG;
	memcpy(&tcm, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(tcm));
	q.ifindex = (uint32_t)tcm.tcm_ifindex;
	q.ingress = get_ingress(kind);
	if (q.ingress == HOOKS_NOTHING)
		q.is_shaper = !is_harmless(kind) ||
			      (nlget_is_str(kind, "fq") && options && has_max_rate(&g, options));
	if (g.is_malformed)
		return -EBADMSG;
	*ret = q;
	return 0;
}

struct qdisc_dump {
	hooks_qdisc_fn fn;
	void *ctx;
	int err;
};

static void on_qdisc(const struct nlmsghdr *nlh, void *ctx)
{
	struct qdisc_dump *dump = ctx;
	struct hooks_qdisc q;
	int err = hooks_get_qdisc(nlh, &q);

	if (err == 0)
		dump->fn(&q, dump->ctx);
	else if (err != -ENOMSG)
		dump->err = err;
}

int hooks_dump_qdiscs(struct nlsock *sock, hooks_qdisc_fn fn, void *ctx)
{
	const struct tcmsg tcm = { .tcm_family = AF_UNSPEC };
	struct qdisc_dump dump = { .fn = fn, .ctx = ctx };
	_Alignas(4) unsigned char buf[128];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETQDISC, NLM_F_DUMP);
	nlput_header(&w, &tcm, sizeof(tcm));
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_qdisc, &dump, NULL);
	return err ? err : dump.err;
}

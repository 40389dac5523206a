/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/tc/qdisc.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "nl/nlget.h"
#include "nl/nlsock.h"

/* The handle that clsact and ingress always have (clsact_init, qdisc_create). */
#define HANDLE TC_H_MAKE(TC_H_CLSACT, 0)

#define TIMEOUT_MS 2000

static int put(struct nlput *w, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct tcmsg tcm = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_handle = HANDLE,
		.tcm_parent = TC_H_CLSACT,
	};

	nlput_begin(w, type, flags);
	nlput_header(w, &tcm, sizeof(tcm));
	nlput_str(w, TCA_KIND, "clsact");
	return nlput_end(w);
}

int qdisc_put_clsact(struct nlput *w, uint32_t ifindex)
{
	return put(w, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);
}

/* Does not remove an ingress qdisc: the kind must match (tc_get_qdisc). */
int qdisc_put_clsact_del(struct nlput *w, uint32_t ifindex)
{
	return put(w, RTM_DELQDISC, 0, ifindex);
}

static enum qdisc_kind get_kind(const struct nlattr *attr)
{
	return nlget_is_str(attr, "clsact")    ? QDISC_CLSACT
	       : nlget_is_str(attr, "ingress") ? QDISC_INGRESS
					       : QDISC_OTHER;
}

struct find {
	struct qdisc_ingress found;
	uint32_t egress_block;
	bool is_malformed;
};

static void on_qdisc(const struct nlmsghdr *nlh, void *ctx)
{
	struct find *find = ctx;
	struct nlget g = nlget_begin(nlh, sizeof(struct tcmsg));
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWQDISC)
		return;
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case TCA_KIND: find->found.kind = get_kind(attr); break;
		case TCA_INGRESS_BLOCK: find->found.ingress_block = nlget_u32(&g, attr); break;
		case TCA_EGRESS_BLOCK: find->egress_block = nlget_u32(&g, attr); break;
		}
	}
	find->is_malformed |= g.is_malformed;
}

/*
 * Asks for the qdisc by its handle; a dump would list those of all ports. The kernel
 * sends the answer as a notification (qdisc_notify), which the asking socket gets
 * only with NLM_F_ECHO; later kernels answer without it too.
 */
static int find(struct nlsock *sock, uint32_t ifindex, struct find *ret, struct nlerr *ret_err)
{
	_Alignas(4) unsigned char buf[128];
	struct tcmsg tcm = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_handle = HANDLE,
	};
	struct find result = { .found.kind = QDISC_NONE };
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETQDISC, NLM_F_ECHO);
	nlput_header(&w, &tcm, sizeof(tcm));
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_qdisc, &result, ret_err);
	if (err && err != -ENOENT)
		return err;
	if (result.is_malformed)
		return -EBADMSG;
	*ret = result;
	return 0;
}

int qdisc_find_ingress(struct nlsock *sock, uint32_t ifindex, struct qdisc_ingress *ret,
		       struct nlerr *ret_err)
{
	struct nlerr why = { 0 };
	struct find result;
	int err = find(sock, ifindex, &result, &why);

	if (err) {
		if (ret_err)
			*ret_err = why.err ? why : nlerr_make(err);
		return err;
	}
	*ret = result.found;
	return 0;
}

static void on_filter(const struct nlmsghdr *nlh, void *ctx)
{
	bool *has_filter = ctx;

	if (nlh->nlmsg_type == RTM_NEWTFILTER)
		*has_filter = true;
}

/* Whether there is a filter on one side, in any chain. */
static int find_filter(struct nlsock *sock, uint32_t ifindex, uint32_t parent, bool *ret_found)
{
	_Alignas(4) unsigned char buf[128];
	struct tcmsg tcm = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = parent,
	};
	bool found = false;
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETTFILTER, NLM_F_DUMP);
	nlput_header(&w, &tcm, sizeof(tcm));
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_filter, &found, NULL);
	/* A failure after the first filter does not matter. */
	if (err && !found)
		return err;
	*ret_found = found;
	return 0;
}

int qdisc_is_unused(struct nlsock *sock, uint32_t ifindex, bool *ret_is_unused)
{
	static const uint32_t sides[] = {
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
	};
	struct find result;
	bool is_used;
	int err = find(sock, ifindex, &result, NULL);

	if (err)
		return err;
	is_used = result.found.kind != QDISC_CLSACT || result.found.ingress_block ||
		  result.egress_block;
	for (size_t i = 0; i < 2 && !is_used; i++) {
		err = find_filter(sock, ifindex, sides[i], &is_used);
		if (err)
			return err;
	}
	*ret_is_unused = !is_used;
	return 0;
}

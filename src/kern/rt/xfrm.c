/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/xfrm.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 1000

struct xfrm {
	struct nlsock events, questions;
};

int xfrm_open(struct xfrm **ret)
{
	/* The kernel announces the expiry of a policy in the group EXPIRE only
	 * (xfrm_policy_timer). */
	static const unsigned int groups[] = { XFRMNLGRP_POLICY, XFRMNLGRP_EXPIRE };
	struct xfrm *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	err = nlsock_open(&x->events, NETLINK_XFRM, 0);
	if (!err)
		err = nlsock_set_nonblock(&x->events);
	for (size_t i = 0; i < array_size(groups) && !err; i++)
		err = nlsock_join(&x->events, groups[i]);
	if (!err)
		err = nlsock_open(&x->questions, NETLINK_XFRM, 0);
	if (err) {
		xfrm_close(x);
		return err;
	}
	*ret = x;
	return 0;
}

void xfrm_close(struct xfrm *x)
{
	if (!x)
		return;
	nlsock_close(&x->questions);
	nlsock_close(&x->events);
	free(x);
}

int xfrm_fd(const struct xfrm *x)
{
	return nlsock_fd(&x->events);
}

static void ignore(const struct nlmsghdr *nlh, void *ctx)
{
	(void)nlh;
	(void)ctx;
}

int xfrm_read(struct xfrm *x, unsigned int budget)
{
	return nlsock_recv_many(&x->events, budget, ignore, NULL);
}

static int get_counts(const struct nlmsghdr *nlh, bool *ret_applies)
{
	struct nlget g = nlget_begin(nlh, sizeof(uint32_t));
	struct xfrmu_spdinfo info = { 0 };
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == XFRMA_SPD_INFO)
			nlget_struct(&g, attr, &info, sizeof(info), sizeof(info));
	}
	if (g.is_malformed)
		return -EBADMSG;
	if (info.outcnt || info.fwdcnt)
		*ret_applies = true;
	return 0;
}

static int get_default(const struct nlmsghdr *nlh, bool *ret_applies)
{
	struct xfrm_userpolicy_default policy;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(policy))
		return -EBADMSG;
	memcpy(&policy, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(policy));
	if (policy.fwd == XFRM_USERPOLICY_BLOCK || policy.out == XFRM_USERPOLICY_BLOCK)
		*ret_applies = true;
	return 0;
}

int xfrm_get(const struct nlmsghdr *nlh, bool *ret_applies)
{
	switch (nlh->nlmsg_type) {
	case XFRM_MSG_NEWSPDINFO: return get_counts(nlh, ret_applies);
	case XFRM_MSG_GETDEFAULT: return get_default(nlh, ret_applies);
	}
	return -ENOMSG;
}

struct answer {
	bool applies;
	bool is_there;
};

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct answer *a = ctx;

	if (xfrm_get(nlh, &a->applies) == 0)
		a->is_there = true;
}

static int ask(struct xfrm *x, uint16_t type, const void *header, size_t len, bool *applies)
{
	_Alignas(4) unsigned char buf[64];
	struct answer a = { .applies = *applies };
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, type, 0);
	nlput_header(&w, header, len);
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(&x->questions, nlput_msg(&w), TIMEOUT_MS, on_answer, &a, NULL);
	if (!err && !a.is_there)
		err = -EBADMSG;
	if (!err)
		*applies = a.applies;
	return err;
}

int xfrm_ask(struct xfrm *x, bool *ret_applies)
{
	const struct xfrm_userpolicy_default policy = { 0 };
	const uint32_t flags = 0;
	bool applies = false;
	int err = ask(x, XFRM_MSG_GETSPDINFO, &flags, sizeof(flags), &applies);

	if (err)
		return err;
	err = ask(x, XFRM_MSG_GETDEFAULT, &policy, sizeof(policy), &applies);
	/* Kernels before 5.15 have no default policies and answer -EINVAL
	 * (xfrm_user_rcv_msg). */
	if (err && err != -EINVAL)
		return err;
	*ret_applies = applies;
	return 0;
}

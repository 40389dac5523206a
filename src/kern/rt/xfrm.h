/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xfrm - are there IPsec policies that packets which are forwarded may meet?
 *
 * The kernel applies policies after routing and behind the classifier, and no
 * look-up of routes mentions them. So it is not asked which packets a policy
 * wants, only whether there is one: of direction out (xfrm_route_forward) or
 * forward (xfrm_policy_check), or a default that is not "accept". Policies of
 * direction in and those of sockets are for packets of the router itself.
 *
 * Two sockets: one that hears of changes, one for questions.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

struct nlmsghdr;
struct xfrm;

/* 0; -EPROTONOSUPPORT where the kernel has no IPsec; another -errno. */
MUST_CHECK int xfrm_open(struct xfrm **ret);
/* NULL is fine. */
void xfrm_close(struct xfrm *x);
int xfrm_fd(const struct xfrm *x);

/*
 * Throws away about budget messages, all of which mean: ask again. Their number,
 * 0 when nothing was there, -ENOBUFS when some are lost, which means the same;
 * another -errno.
 */
MUST_CHECK int xfrm_read(struct xfrm *x, unsigned int budget);

/* Asks. 0 or -errno; ret_applies is untouched then. */
MUST_CHECK int xfrm_ask(struct xfrm *x, bool *ret_applies);

/* Decodes one answer: sets *ret_applies if it says that there is something.
 * 0, -ENOMSG (no such answer) or -EBADMSG. */
MUST_CHECK int xfrm_get(const struct nlmsghdr *nlh, bool *ret_applies);

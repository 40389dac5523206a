/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xfrm - tells whether an IPsec policy may apply to forwarded packets.
 *
 * The kernel applies policies after routing and after the classifier, and route
 * look-ups do not mention them. This module does not find out which packets a
 * policy selects, only whether there is one of direction out (xfrm_route_forward)
 * or forward (xfrm_policy_check), or a default for these that is "block". Policies
 * of direction in and those of sockets concern only packets of the router itself.
 *
 * Uses two sockets: one for events, one for questions.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

struct nlmsghdr;
struct xfrm;

/* Opens both sockets. 0; -EPROTONOSUPPORT when the kernel has no IPsec; another -errno. */
MUST_CHECK int xfrm_open(struct xfrm **ret);
/* Does nothing for NULL. */
void xfrm_close(struct xfrm *x);
int xfrm_fd(const struct xfrm *x);

/*
 * Reads and discards about budget events. Each of them means that the caller must
 * call xfrm_ask() again. Returns their number, 0 when there were none, -ENOBUFS when
 * some were lost, which means the same, or another -errno.
 */
MUST_CHECK int xfrm_read(struct xfrm *x, unsigned int budget);

/* Asks whether there is such a policy or default. 0, or -errno and ret_applies is
 * untouched. */
MUST_CHECK int xfrm_ask(struct xfrm *x, bool *ret_applies);

/* Decodes one answer. Sets *ret_applies to true if it reports such a policy or default,
 * and never to false. 0, -ENOMSG (another message) or -EBADMSG. */
MUST_CHECK int xfrm_get(const struct nlmsghdr *nlh, bool *ret_applies);

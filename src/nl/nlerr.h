/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlerr - the kernel's answer to one request: an errno and the extended ack text, if
 * there is one. A plain value that is passed up to the layer that logs or shows it.
 */
#pragma once

#include "base/compiler.h"

struct nlmsghdr;

/* Longer texts are cut. The text has the same size in model/order.h. */
#define NLERR_EXTACK_SIZE 96

struct nlerr {
	int err;                        /* 0 or negative errno */
	char extack[NLERR_EXTACK_SIZE]; /* "" if there is none; control characters are '?' */
};

/* Returns the error err without a text. */
struct nlerr nlerr_make(int err);

/*
 * Decodes NLMSG_ERROR and NLMSG_DONE. Returns 0, -ENOMSG for any other message type, or
 * -EBADMSG if the message is too short to hold an error number.
 */
MUST_CHECK int nlerr_get(const struct nlmsghdr *nlh, struct nlerr *ret);

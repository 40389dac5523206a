/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlerr - what the kernel answered to one request: an errno and, where it gave
 * one, its extended ack text. A plain value that travels up to the layer that
 * logs or shows it.
 */
#pragma once

#include "base/compiler.h"

struct nlmsghdr;

/* Longer texts are cut; model/order.h has the same size for the same text. */
#define NLERR_EXTACK_SIZE 96

struct nlerr {
	int err;                        /* 0 or negative errno */
	char extack[NLERR_EXTACK_SIZE]; /* "" when there is none; control characters are '?' */
};

/* A failure of our own making, without text. */
struct nlerr nlerr_make(int err);

/*
 * Decodes NLMSG_ERROR and NLMSG_DONE. 0, -ENOMSG for any other message type,
 * or -EBADMSG when it is too short to hold an error number.
 */
MUST_CHECK int nlerr_get(const struct nlmsghdr *nlh, struct nlerr *ret);

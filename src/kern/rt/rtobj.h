/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtobj - messages of the route bus as objects of libnl-route, for links, neighs
 * and routes.
 *
 * The library decodes and nothing else: sockets, dumps and their errors are
 * those of nl/, because the library folds the kernel's errno and a lost message
 * into numbers of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlsock.h"

struct nl_object;

/* The object that a message holds; the caller gives it back with nl_object_put().
 * 0, -ENOMEM or -EBADMSG. */
MUST_CHECK int rtobj_get(const struct nlmsghdr *nlh, struct nl_object **ret);

/*
 * Asks for a dump, on a socket of its own, and calls fn for each message. The
 * request is the given type and fixed header. A dump that was interrupted by a
 * change is started again, a few times; fn gets objects twice then. 0 or -errno.
 */
MUST_CHECK int rtobj_dump(uint16_t type, const void *header, size_t header_len, nlsock_msg_fn fn,
			  void *ctx);

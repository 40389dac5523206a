/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtobj - decodes rtnetlink messages into libnl-route objects, for links, neighs and
 * routes.
 *
 * The library only decodes. Sockets, dumps and their errors are those of nl/, because
 * the library replaces the kernel's errno, and the loss of messages, by error numbers
 * of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "nl/nlsock.h"

struct nl_object;

/* Decodes the object of a message; the caller releases it with nl_object_put(). 0,
 * -ENOMEM or -EBADMSG. */
MUST_CHECK int rtobj_get(const struct nlmsghdr *nlh, struct nl_object **ret);

/*
 * Dumps objects, on a socket of its own, and calls fn for each message. The request
 * consists of the given type and fixed header. If a change interrupts the dump, it is
 * started again, a few times; fn then gets some objects twice. 0 or -errno.
 */
MUST_CHECK int rtobj_dump(uint16_t type, const void *header, size_t header_len, nlsock_msg_fn fn,
			  void *ctx);

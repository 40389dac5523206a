/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/rtobj.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <netlink/object.h>
#include <string.h>

#include "nl/nlput.h"

#define TIMEOUT_MS 10000
#define DUMP_ATTEMPTS 5
/* The kernel makes a dump while it is read, so the buffer need not hold all of it. */
#define RCVBUF_BYTES (256 * 1024)

static void keep_object(struct nl_object *object, void *ctx)
{
	struct nl_object **ret = ctx;

	if (*ret)
		return;
	nl_object_get(object);
	*ret = object;
}

int rtobj_get(const struct nlmsghdr *nlh, struct nl_object **ret)
{
	struct nl_msg *msg = nlmsg_alloc_size(nlh->nlmsg_len);
	struct nl_object *object = NULL;
	int err;

	if (!msg)
		return -ENOMEM;
	memcpy(nlmsg_hdr(msg), nlh, nlh->nlmsg_len);
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	err = nl_msg_parse(msg, keep_object, &object);
	nlmsg_free(msg);
	if (err < 0 || !object) {
		if (object)
			nl_object_put(object);
		return -EBADMSG;
	}
	*ret = object;
	return 0;
}

int rtobj_dump(uint16_t type, const void *header, size_t header_len, nlsock_msg_fn fn, void *ctx)
{
	_Alignas(4) unsigned char buf[128];
	struct nlsock sock;
	struct nlput w;
	int err = nlsock_open(&sock, NETLINK_ROUTE, RCVBUF_BYTES);

	if (err)
		return err;
	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, type, NLM_F_DUMP);
	nlput_header(&w, header, header_len);
	err = nlput_end(&w);
	if (!err) {
		err = -EINTR;
		for (int i = 0; i < DUMP_ATTEMPTS && err == -EINTR; i++)
			err = nlsock_query(&sock, nlput_msg(&w), TIMEOUT_MS, fn, ctx, NULL);
	}
	nlsock_close(&sock);
	return err;
}

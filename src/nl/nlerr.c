/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nl/nlerr.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "nl/nlget.h"

struct nlerr nlerr_make(int err)
{
	return (struct nlerr){ .err = err };
}

static void copy_text(char dst[NLERR_EXTACK_SIZE], const char *src, size_t len)
{
	size_t n = 0;

	for (; n < len && n < NLERR_EXTACK_SIZE - 1 && src[n]; n++)
		dst[n] = (unsigned char)src[n] < ' ' || src[n] == 0x7f ? '?' : src[n];
	dst[n] = '\0';
}

/* Reads the extended ack attributes, which begin offset bytes after the header. */
static void get_extack(const struct nlmsghdr *nlh, size_t offset, struct nlerr *ret)
{
	struct nlget g = nlget_begin(nlh, offset);
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NLMSGERR_ATTR_MSG)
			copy_text(ret->extack, nlget_data(attr), nlget_len(attr));
	}
}

/* Bytes of the failed request that the answer contains. NETLINK_CAP_ACK drops them if it
 * took effect (netlink_ack). */
static size_t returned_len(const struct nlmsghdr *nlh, const struct nlmsgerr *body)
{
	if ((nlh->nlmsg_flags & NLM_F_CAPPED) || body->msg.nlmsg_len < NLMSG_HDRLEN)
		return 0;
	return NLMSG_ALIGN(body->msg.nlmsg_len - NLMSG_HDRLEN);
}

int nlerr_get(const struct nlmsghdr *nlh, struct nlerr *ret)
{
	struct nlmsgerr body = { 0 };
	struct nlerr err = { 0 };
	size_t body_len = nlh->nlmsg_type == NLMSG_ERROR ? sizeof(body) : sizeof(body.error);
	size_t offset = NLMSG_ALIGN(body_len);

	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE)
		return -ENOMSG;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + body_len)
		return -EBADMSG;
	memcpy(&body, (const unsigned char *)nlh + NLMSG_HDRLEN, body_len);
	err.err = body.error < 0 ? body.error : 0;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		offset += returned_len(nlh, &body);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		get_extack(nlh, offset, &err);
	*ret = err;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nl/nlput.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/bug.h"

/* Returns zeroed, aligned space at the end of the message, or NULL if there is too little. */
static void *extend(struct nlput *w, size_t len)
{
	size_t aligned = NLMSG_ALIGN(len);
	unsigned char *at = w->buf + w->len;

	if (w->overflow || aligned < len || aligned > w->size - w->len) {
		w->overflow = true;
		return NULL;
	}
	memset(at, 0, aligned);
	w->len += aligned;
	return at;
}

void nlput_init(struct nlput *w, void *buf, size_t size, uint32_t seq)
{
	*w = (struct nlput){ .buf = buf, .size = size, .seq = seq };
}

void nlput_begin(struct nlput *w, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	w->len = 0;
	w->overflow = false;
	nlh = extend(w, sizeof(*nlh));
	if (!nlh)
		return;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags | NLM_F_REQUEST;
	nlh->nlmsg_seq = w->seq;
}

void nlput_header(struct nlput *w, const void *header, size_t len)
{
	void *at = extend(w, len);

	if (at && len)
		memcpy(at, header, len);
}

void nlput_bytes(struct nlput *w, uint16_t type, const void *data, size_t len)
{
	size_t attr_len = NLA_HDRLEN + len;
	struct nlattr *attr;

	if (len > UINT16_MAX - NLA_HDRLEN) {
		w->overflow = true;
		return;
	}
	attr = extend(w, attr_len);
	if (!attr)
		return;
	attr->nla_type = type;
	attr->nla_len = (uint16_t)attr_len;
	if (len)
		memcpy((unsigned char *)attr + NLA_HDRLEN, data, len);
}

void nlput_flag(struct nlput *w, uint16_t type)
{
	nlput_bytes(w, type, NULL, 0);
}

void nlput_u8(struct nlput *w, uint16_t type, uint8_t value)
{
	nlput_bytes(w, type, &value, sizeof(value));
}

void nlput_u16(struct nlput *w, uint16_t type, uint16_t value)
{
	nlput_bytes(w, type, &value, sizeof(value));
}

void nlput_u32(struct nlput *w, uint16_t type, uint32_t value)
{
	nlput_bytes(w, type, &value, sizeof(value));
}

void nlput_be16(struct nlput *w, uint16_t type, uint16_t value)
{
	nlput_u16(w, type, htons(value));
}

void nlput_be32(struct nlput *w, uint16_t type, uint32_t value)
{
	nlput_u32(w, type, htonl(value));
}

void nlput_str(struct nlput *w, uint16_t type, const char *str)
{
	nlput_bytes(w, type, str, strlen(str) + 1);
}

struct nlput_nest nlput_nest_begin(struct nlput *w, uint16_t type)
{
	struct nlput_nest nest = { .start = w->len };

	nlput_bytes(w, type, NULL, 0);
	return nest;
}

void nlput_nest_end(struct nlput *w, struct nlput_nest nest)
{
	struct nlattr *attr;
	size_t len = w->len - nest.start;

	/* After an overflow the position may lie beyond the end of the message. */
	if (w->overflow)
		return;
	if (len > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	attr = (struct nlattr *)(void *)(w->buf + nest.start);
	attr->nla_len = (uint16_t)len;
}

struct nlmsghdr *nlput_lend(struct nlput *w, size_t room)
{
	struct nlmsghdr *nlh = nlput_msg(w);

	if (w->overflow || room > w->size - w->len) {
		w->overflow = true;
		return NULL;
	}
	/* Not every library zeroes its padding. */
	memset(w->buf + w->len, 0, room);
	nlh->nlmsg_len = (uint32_t)w->len;
	return nlh;
}

void nlput_adopt(struct nlput *w)
{
	size_t len = NLMSG_ALIGN(nlput_msg(w)->nlmsg_len);

	if (BUG_ON(w->overflow || len < w->len || len > w->size))
		w->overflow = true;
	else
		w->len = len;
}

int nlput_end(struct nlput *w)
{
	if (w->overflow || w->len < sizeof(struct nlmsghdr))
		return -EMSGSIZE;
	nlput_msg(w)->nlmsg_len = (uint32_t)w->len;
	return 0;
}

struct nlmsghdr *nlput_msg(const struct nlput *w)
{
	return (struct nlmsghdr *)(void *)w->buf;
}

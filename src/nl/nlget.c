/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nl/nlget.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/util.h"

struct nlget nlget_begin(const struct nlmsghdr *nlh, size_t header_len)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header_len);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + header_len)
		return (struct nlget){ .is_malformed = true };
	if (nlh->nlmsg_len < skip)
		return (struct nlget){ .len = 0 };
	return (struct nlget){
		.pos = (const unsigned char *)nlh + skip,
		.len = nlh->nlmsg_len - skip,
	};
}

struct nlget nlget_enter(const struct nlattr *attr)
{
	return (struct nlget){ .pos = nlget_data(attr), .len = nlget_len(attr) };
}

void nlget_leave(struct nlget *outer, const struct nlget *inner)
{
	outer->is_malformed |= inner->is_malformed;
}

const struct nlattr *nlget_next(struct nlget *g)
{
	const struct nlattr *attr = (const struct nlattr *)(const void *)g->pos;
	size_t step;

	if (g->len == 0)
		return NULL;
	if (g->len < NLA_HDRLEN || attr->nla_len < NLA_HDRLEN || attr->nla_len > g->len) {
		g->is_malformed = true;
		g->len = 0;
		return NULL;
	}
	/* The last attribute may lack its padding. */
	step = MIN_T(size_t, NLA_ALIGN(attr->nla_len), g->len);
	g->pos += step;
	g->len -= step;
	return attr;
}

const struct nlattr *nlget_find(struct nlget g, uint16_t type)
{
	const struct nlattr *attr, *found = NULL;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == type)
			found = attr;
	}
	return g.is_malformed ? NULL : found;
}

uint16_t nlget_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

const void *nlget_data(const struct nlattr *attr)
{
	return (const unsigned char *)attr + NLA_HDRLEN;
}

size_t nlget_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

bool nlget_bytes(struct nlget *g, const struct nlattr *attr, void *dst, size_t len)
{
	if (nlget_len(attr) != len) {
		g->is_malformed = true;
		return false;
	}
	memcpy(dst, nlget_data(attr), len);
	return true;
}

bool nlget_struct(struct nlget *g, const struct nlattr *attr, void *dst, size_t size,
		  size_t min_len)
{
	size_t len = nlget_len(attr);

	if (len < min_len) {
		g->is_malformed = true;
		return false;
	}
	memset(dst, 0, size);
	memcpy(dst, nlget_data(attr), MIN(len, size));
	return true;
}

uint8_t nlget_u8(struct nlget *g, const struct nlattr *attr)
{
	uint8_t value = 0;

	nlget_bytes(g, attr, &value, sizeof(value));
	return value;
}

uint16_t nlget_u16(struct nlget *g, const struct nlattr *attr)
{
	uint16_t value = 0;

	nlget_bytes(g, attr, &value, sizeof(value));
	return value;
}

uint32_t nlget_u32(struct nlget *g, const struct nlattr *attr)
{
	uint32_t value = 0;

	nlget_bytes(g, attr, &value, sizeof(value));
	return value;
}

uint64_t nlget_u64(struct nlget *g, const struct nlattr *attr)
{
	uint64_t value = 0;

	nlget_bytes(g, attr, &value, sizeof(value));
	return value;
}

uint16_t nlget_be16(struct nlget *g, const struct nlattr *attr)
{
	return ntohs(nlget_u16(g, attr));
}

uint32_t nlget_be32(struct nlget *g, const struct nlattr *attr)
{
	return ntohl(nlget_u32(g, attr));
}

bool nlget_is_str(const struct nlattr *attr, const char *str)
{
	size_t len = strlen(str);
	const char *data = nlget_data(attr);

	return (nlget_len(attr) == len || (nlget_len(attr) == len + 1 && data[len] == '\0')) &&
	       memcmp(data, str, len) == 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlget - reads the attributes of one netlink message, the counterpart of nlput.
 *
 * A cursor walks over one level of attributes. What is malformed (an attribute
 * that is longer than its message, a number of the wrong size) sets a flag that
 * stays and reads as 0, so a reader goes through all and looks at the flag
 * once. A nest has a cursor of its own; nlget_leave() carries its flag upwards.
 *
 *	struct nlget g = nlget_begin(nlh, sizeof(struct tcmsg));
 *
 *	while ((attr = nlget_next(&g)))
 *		switch (nlget_type(attr)) {
 *		case TCA_CHAIN: chain = nlget_u32(&g, attr); break;
 *		}
 *	return g.is_malformed ? -EBADMSG : 0;
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlattr;
struct nlmsghdr;

struct nlget {
	const unsigned char *pos;
	size_t len; /* left behind pos */
	bool is_malformed;
};

/* The attributes behind the family's fixed header; malformed when the message is shorter. */
struct nlget nlget_begin(const struct nlmsghdr *nlh, size_t header_len);
/* The attributes inside attr. */
struct nlget nlget_enter(const struct nlattr *attr);
/* Passes on what was found inside. */
void nlget_leave(struct nlget *outer, const struct nlget *inner);

/* The next attribute, or NULL at the end. */
const struct nlattr *nlget_next(struct nlget *g);

/* Without the flags for nesting and byte order. */
uint16_t nlget_type(const struct nlattr *attr);
/* The content; aligned to 4 bytes. */
const void *nlget_data(const struct nlattr *attr);
size_t nlget_len(const struct nlattr *attr);

/* Numbers in the byte order of the machine; 0 when the length is another. */
uint8_t nlget_u8(struct nlget *g, const struct nlattr *attr);
uint16_t nlget_u16(struct nlget *g, const struct nlattr *attr);
uint32_t nlget_u32(struct nlget *g, const struct nlattr *attr);
uint64_t nlget_u64(struct nlget *g, const struct nlattr *attr);
/* Numbers that are big-endian on the wire. */
uint16_t nlget_be16(struct nlget *g, const struct nlattr *attr);
uint32_t nlget_be32(struct nlget *g, const struct nlattr *attr);

/* Copies exactly len bytes. False, and malformed, when there are more or fewer. */
bool nlget_bytes(struct nlget *g, const struct nlattr *attr, void *dst, size_t len);
/* Copies at least min_len and at most size bytes (structs of the kernel grow at
 * their end) and zeroes the rest of dst. */
bool nlget_struct(struct nlget *g, const struct nlattr *attr, void *dst, size_t size,
		  size_t min_len);
/* True when the content is this text, with or without a final NUL. */
bool nlget_is_str(const struct nlattr *attr, const char *str);

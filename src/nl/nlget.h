/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlget - reads the attributes of one netlink message, the counterpart of nlput.
 *
 * A cursor walks over one level of attributes. If something is malformed (an attribute
 * longer than its message, a number of the wrong size), the cursor's flag is set and
 * stays set, and the value reads as 0. So callers read all attributes and check the flag
 * once. A nested attribute has a cursor of its own; nlget_leave() passes its flag to the
 * outer cursor.
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
	size_t len; /* bytes left from pos on */
	bool is_malformed;
};

/*
 * The attributes after the family's fixed header. Malformed if the message is too short
 * for the header.
 */
struct nlget nlget_begin(const struct nlmsghdr *nlh, size_t header_len);
/* The attributes inside attr. */
struct nlget nlget_enter(const struct nlattr *attr);
/* Sets outer's is_malformed if inner's is set. */
void nlget_leave(struct nlget *outer, const struct nlget *inner);

/* Returns the next attribute, or NULL at the end. */
const struct nlattr *nlget_next(struct nlget *g);

/* The last attribute of this type that the cursor would still return; NULL if there is none, or if they are
 * malformed. */
const struct nlattr *nlget_find(struct nlget g, uint16_t type);

/* The attribute's type, without the flags for nesting and byte order. */
uint16_t nlget_type(const struct nlattr *attr);
/* The content, aligned to 4 bytes. */
const void *nlget_data(const struct nlattr *attr);
size_t nlget_len(const struct nlattr *attr);

/* Numbers in host byte order; 0, and malformed, if the length differs. */
uint8_t nlget_u8(struct nlget *g, const struct nlattr *attr);
uint16_t nlget_u16(struct nlget *g, const struct nlattr *attr);
uint32_t nlget_u32(struct nlget *g, const struct nlattr *attr);
uint64_t nlget_u64(struct nlget *g, const struct nlattr *attr);
/* Numbers that are big-endian on the wire. */
uint16_t nlget_be16(struct nlget *g, const struct nlattr *attr);
uint32_t nlget_be32(struct nlget *g, const struct nlattr *attr);

/* Copies exactly len bytes. If the length differs, returns false and sets is_malformed. */
bool nlget_bytes(struct nlget *g, const struct nlattr *attr, void *dst, size_t len);
/* Copies up to size bytes and zeroes the rest of dst: kernel structs grow at their end.
 * If there are fewer than min_len bytes, returns false and sets is_malformed. */
bool nlget_struct(struct nlget *g, const struct nlattr *attr, void *dst, size_t size,
		  size_t min_len);
/* Returns true if the content is this text, with or without a final NUL. */
bool nlget_is_str(const struct nlattr *attr, const char *str);

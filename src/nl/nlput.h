/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlput - writes one netlink message into memory of the caller, and never
 * beyond it.
 *
 * What does not fit sets a flag that stays; nlput_end() reports it. So writers
 * put attribute after attribute and look at one result. The sequence number is
 * given with the memory; nlsock_query() and nlbatch give their own when they send.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct nlmsghdr;

/* Members are private to nlput.c. */
struct nlput {
	unsigned char *buf; /* aligned to 4 bytes */
	size_t size;        /* of buf */
	size_t len;         /* of the message so far */
	uint32_t seq;
	bool overflow;
};

/* Position of an open nest, given back to nlput_nest_end(). */
struct nlput_nest {
	size_t start;
};

/* The memory is borrowed, and aligned to 4 bytes. */
void nlput_init(struct nlput *w, void *buf, size_t size, uint32_t seq);

/* Starts the message. NLM_F_REQUEST is added. A message begun before is forgotten. */
void nlput_begin(struct nlput *w, uint16_t type, uint16_t flags);
/* The family's fixed header (struct tcmsg, struct nfgenmsg, ...), right after nlput_begin(). */
void nlput_header(struct nlput *w, const void *header, size_t len);

/* One attribute each. Numbers are in host byte order in the arguments. */
void nlput_bytes(struct nlput *w, uint16_t type, const void *data, size_t len);
void nlput_flag(struct nlput *w, uint16_t type);
void nlput_u8(struct nlput *w, uint16_t type, uint8_t value);
void nlput_u16(struct nlput *w, uint16_t type, uint16_t value);
void nlput_u32(struct nlput *w, uint16_t type, uint32_t value);
/* Big-endian on the wire. */
void nlput_be16(struct nlput *w, uint16_t type, uint16_t value);
void nlput_be32(struct nlput *w, uint16_t type, uint32_t value);
/* With its final NUL. */
void nlput_str(struct nlput *w, uint16_t type, const char *str);

/* Attributes put between the two are inside. NLA_F_NESTED is part of type where the reader wants it. */
struct nlput_nest nlput_nest_begin(struct nlput *w, uint16_t type);
void nlput_nest_end(struct nlput *w, struct nlput_nest nest);

/*
 * For the writers of other libraries, which append to a message by its own
 * length and check nothing: the message, with room bytes free behind it, or
 * NULL when there is less. nlput_adopt() takes in what was written there.
 */
struct nlmsghdr *nlput_lend(struct nlput *w, size_t room);
void nlput_adopt(struct nlput *w);

/* Completes the message. 0, or -EMSGSIZE when something did not fit. */
MUST_CHECK int nlput_end(struct nlput *w);

/* The message; complete after nlput_end(). */
struct nlmsghdr *nlput_msg(const struct nlput *w);

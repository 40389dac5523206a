/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nlput - writes one netlink message into the caller's memory, and never beyond it.
 *
 * If an attribute does not fit, a flag is set and stays set; nlput_end() reports it. So
 * callers write one attribute after the other and check a single result. nlput_init()
 * sets the sequence number; nlsock_query() and nlbatch replace it when they send.
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

/* Position of an open nested attribute, passed to nlput_nest_end(). */
struct nlput_nest {
	size_t start;
};

/* buf is borrowed and must be aligned to 4 bytes. */
void nlput_init(struct nlput *w, void *buf, size_t size, uint32_t seq);

/* Starts a message and discards the previous one. NLM_F_REQUEST is added to flags. */
void nlput_begin(struct nlput *w, uint16_t type, uint16_t flags);
/*
 * Writes the family's fixed header (struct tcmsg, struct nfgenmsg, ...), right after
 * nlput_begin().
 */
void nlput_header(struct nlput *w, const void *header, size_t len);

/* Each writes one attribute. Numeric arguments are in host byte order. */
void nlput_bytes(struct nlput *w, uint16_t type, const void *data, size_t len);
void nlput_flag(struct nlput *w, uint16_t type);
void nlput_u8(struct nlput *w, uint16_t type, uint8_t value);
void nlput_u16(struct nlput *w, uint16_t type, uint16_t value);
void nlput_u32(struct nlput *w, uint16_t type, uint32_t value);
/* Big-endian on the wire. */
void nlput_be16(struct nlput *w, uint16_t type, uint16_t value);
void nlput_be32(struct nlput *w, uint16_t type, uint32_t value);
/* Includes the final NUL. */
void nlput_str(struct nlput *w, uint16_t type, const char *str);

/*
 * Attributes written between the two calls are nested. type includes NLA_F_NESTED if the
 * receiver requires it.
 */
struct nlput_nest nlput_nest_begin(struct nlput *w, uint16_t type);
void nlput_nest_end(struct nlput *w, struct nlput_nest nest);

/*
 * For libraries that append to a message at its nlmsg_len without checking for space.
 * nlput_lend() returns the message with room bytes free after it, or NULL if there are
 * fewer. nlput_adopt() takes over what was appended.
 */
struct nlmsghdr *nlput_lend(struct nlput *w, size_t room);
void nlput_adopt(struct nlput *w);

/* Completes the message. Returns 0, or -EMSGSIZE if something did not fit. */
MUST_CHECK int nlput_end(struct nlput *w);

/* The message; complete after nlput_end(). */
struct nlmsghdr *nlput_msg(const struct nlput *w);

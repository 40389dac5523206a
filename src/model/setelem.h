/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setelem - what an element of an nft set can match, as far as the type of the
 * set tells: a range for each part of its key.
 *
 * A type does not say whose address or port is meant (source or destination,
 * before or after translation), nor which mark (of the packet or of the
 * connection). So the question is only ever whether it can be this connection.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/link.h"
#include "model/tuple.h"

enum setelem_kind {
	SETELEM_ANY, /* a type that says nothing about a connection */
	SETELEM_IP4,
	SETELEM_IP6,
	SETELEM_PROTO,
	SETELEM_PORT,
	SETELEM_IFNAME,  /* padded with zero bytes */
	SETELEM_IFINDEX, /* highest byte first */
	SETELEM__COUNT,
};

#define SETELEM_FIELDS_MAX 5
#define SETELEM_FIELD_BYTES 16

struct setelem_field {
	uint8_t kind; /* enum setelem_kind */
	uint8_t len;  /* bytes of lo and hi */
	uint8_t lo[SETELEM_FIELD_BYTES], hi[SETELEM_FIELD_BYTES]; /* both inside */
};

struct setelem {
	uint64_t expires_ms; /* from when it was told on; 0 = never */
	uint8_t n_fields;    /* parts behind the last are not told */
	struct setelem_field field[SETELEM_FIELDS_MAX];
};

/* What is known of a connection. */
struct setelem_conn {
	const struct tuple *orig, *reply;
	/* Devices of either direction; "" and 0 where they are not known. */
	const char *ifname[DIR__COUNT];
	uint32_t ifindex[DIR__COUNT];
};

/* False only if no packet of the connection can match. */
bool setelem_can_match(const struct setelem *e, const struct setelem_conn *c);
/* True when it says nothing, so that every connection can match. */
bool setelem_is_any(const struct setelem *e);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setelem - which connections an element of an nft set can match: a range for each part
 * of its key.
 *
 * All that is known is the type of the set. It does not say whose address or port is
 * meant (source or destination, before or after translation). So the answer is only
 * whether the element can match a connection. Devices and marks are no property of a
 * connection, so they match any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/link.h"
#include "model/tuple.h"

enum setelem_kind {
	SETELEM_ANY, /* a type that cannot be compared with a connection: matches any */
	SETELEM_IP4,
	SETELEM_IP6,
	SETELEM_PROTO,
	SETELEM_PORT,
	SETELEM__COUNT,
};

#define SETELEM_FIELDS_MAX 5
#define SETELEM_FIELD_BYTES 16

struct setelem_field {
	uint8_t kind; /* enum setelem_kind */
	uint8_t len;  /* bytes of lo and hi */
	uint8_t lo[SETELEM_FIELD_BYTES], hi[SETELEM_FIELD_BYTES]; /* both included */
};

struct setelem {
	uint64_t expires_ms; /* time left when the element was reported; 0 = never expires */
	uint8_t n_fields;    /* further parts of the key are unknown */
	struct setelem_field field[SETELEM_FIELDS_MAX];
};

/* Returns false only if no packet of the connection with these tuples can match. */
bool setelem_can_match(const struct setelem *e, const struct tuple *orig, const struct tuple *reply);
/* Returns true if nothing is known about the key, so that every connection can match. */
bool setelem_is_any(const struct setelem *e);

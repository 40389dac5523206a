/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuplearg - a connection as people write it on the command line, taken apart.
 *
 *	tcp 192.0.2.1:4000 198.51.100.1:80
 *	tcp 192.0.2.1:4000 > 198.51.100.1:80		also with "->"
 *	tcp [2001:db8::1]:4000 [2001:db8::2]:80
 *	tcp 192.0.2.1 4000 198.51.100.1 80
 *	... zone 3
 *
 * in one word or in many. Only the form is looked at: whether an address is one
 * is for the daemon to say.
 */
#pragma once

#include <jansson.h>

#include "base/compiler.h"

/* Longest text of all words together. */
#define TUPLEARG_MAX_BYTES 256

/*
 * The parameters {proto, src, sport, dst, dport} and perhaps zone, for
 * CTL_METHOD_WHY and _FLUSH. 0; -EINVAL when it is none of these forms; -ENOMEM.
 */
MUST_CHECK int tuplearg_parse(char *const *words, int n_words, json_t **ret);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuplearg - parses a connection given on the command line.
 *
 *	tcp 192.0.2.1:4000 198.51.100.1:80
 *	tcp 192.0.2.1:4000 > 198.51.100.1:80		also with "->"
 *	tcp [2001:db8::1]:4000 [2001:db8::2]:80
 *	tcp 192.0.2.1 4000 198.51.100.1 80
 *	... zone 3
 *
 * As one argument or as several. Only the form is checked; the daemon checks the addresses.
 */
#pragma once

#include <jansson.h>

#include "base/compiler.h"

/* Maximum length of all arguments together. */
#define TUPLEARG_MAX_BYTES 256

/*
 * Returns the parameters {proto, src, sport, dst, dport} and, unless it is 0, zone, for
 * CTL_METHOD_WHY and CTL_METHOD_FLUSH. Returns 0, or -EINVAL if the arguments have none of
 * these forms, also if memory is short.
 */
MUST_CHECK int tuplearg_parse(char *const *words, int n_words, json_t **ret);

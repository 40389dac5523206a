/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conffile - reads one configuration file into a list of assignments.
 *
 * libconfuse does the parsing. All keys are given to it as lists of strings,
 * which take every form of value, so that it has nothing to object to but the
 * syntax; types, ranges and unknown keys are the caller's business, who sees
 * every assignment with its line.
 *
 * What libconfuse would pass over in silence is found before: unclosed strings
 * and comments, characters that it ignores outside strings, references to the
 * environment. Comments are blanked too, because libconfuse miscounts lines
 * after them.
 *
 * libconfuse's scanner and error callback have global state: one file at a
 * time, one thread.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"

/* Largest file. */
#define CONFFILE_MAX_BYTES (1024u * 1024)
/* Different unknown keys in one file, before it is given up. */
#define CONFFILE_UNKNOWN_MAX 64
/* Errors of one file that are kept. */
#define CONFFILE_ERRORS_MAX 1000

#define CONFFILE_KEY_UNKNOWN ((size_t)-1)

struct conffile_value {
	char *text;
	unsigned int line;
};

/* "name = value" or "name = { value, ... }". */
struct conffile_item {
	size_t key; /* index in the caller's list of keys, or CONFFILE_KEY_UNKNOWN */
	char *name;
	unsigned int line; /* of the first value */
	size_t n_values;   /* 0: the empty list */
	struct conffile_value *values;
};

/* Something that is wrong with the file itself. */
struct conffile_error {
	unsigned int line; /* 0: the file as a whole */
	char *text;
};

struct conffile {
	struct conffile_item *items; /* in the order of their lines */
	size_t n_items;
	struct conffile_error *errors; /* in the order of their lines */
	size_t n_errors;
};

/*
 * Reads the stream to its end. keys are the names of the known keys, n_keys of
 * them. What could be read is in ret, errors included; free it with
 * conffile_fini() also after a failure. 0 or -ENOMEM.
 */
MUST_CHECK int conffile_read(FILE *stream, const char *const *keys, size_t n_keys,
			     struct conffile *ret);

/* Frees the contents; a zeroed struct is fine. For CLEANUP(). */
void conffile_fini(struct conffile *file);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conffile - parses one configuration file into a list of assignments.
 *
 * libconfuse does the parsing. It is told that every key is a list of strings,
 * which accepts every form of value, so it only reports syntax errors. The
 * caller gets every assignment with its line, and checks types, ranges and
 * unknown keys.
 *
 * A scan before that reports what libconfuse would silently accept: unclosed
 * strings and comments, characters that it ignores outside strings, references
 * to the environment. The scan also blanks comments, because libconfuse
 * miscounts lines after them.
 *
 * libconfuse's scanner and error callback have global state: one file at a
 * time, one thread.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"

/* Size of the largest file that is accepted. */
#define CONFFILE_MAX_BYTES (1024u * 1024)
/* Different unknown keys in one file; one more is a syntax error. */
#define CONFFILE_UNKNOWN_MAX 64
/* Errors that are kept for one file. */
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
	unsigned int line; /* of the first value, or of an empty list */
	size_t n_values;   /* 0: the empty list */
	struct conffile_value *values;
};

/* An error of the file itself: it cannot be read or parsed. */
struct conffile_error {
	unsigned int line; /* 0: the file as a whole */
	char *text;
};

struct conffile {
	struct conffile_item *items; /* sorted by line */
	size_t n_items;
	struct conffile_error *errors; /* sorted by line */
	size_t n_errors;
};

/*
 * Reads the stream to its end. keys are the names of the n_keys known keys. ret
 * gets what could be read, and the errors; free it with conffile_fini(), also
 * after a failure. 0 or -ENOMEM.
 */
MUST_CHECK int conffile_read(FILE *stream, const char *const *keys, size_t n_keys,
			     struct conffile *ret);

/* Frees the contents. A zeroed struct is fine. For CLEANUP(). */
void conffile_fini(struct conffile *file);

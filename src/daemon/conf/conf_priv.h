/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_priv - types that the files of daemon/conf share: a load in progress, and a row of the
 * option table. No other directory includes it.
 */
#pragma once

#include "daemon/conf/conf.h"

struct conffile_item;

#define CONF_N_OPTIONS 28

/* A load in progress. */
struct load {
	struct config config; /* values read so far */
	struct conf_errors *errors;
	const char *file;                 /* file name for messages */
	unsigned int line;                /* for messages; 0: the file as a whole */
	unsigned int set_line[CONF_N_OPTIONS]; /* line that set the key in this file; 0: none */
	bool is_given[CONF_N_OPTIONS];         /* the key was set in some file */
	unsigned int n_left_out;          /* messages that were not kept */
	int err;                          /* 0 or -ENOMEM */
};

/* Starts a load with all values at their defaults. */
void conf_load_init(struct load *load, struct conf_errors *errors);
/* Checks and stores one assignment. */
void conf_load_item(struct load *load, const struct conffile_item *item);

/* A word that is a value of some key. */
struct word {
	const char *name;
	unsigned int value;
	const char *refused; /* NULL, or: not available, and what to use instead */
};

struct option;

/* Checks the values of one assignment and stores them, or adds an error. */
typedef void (*set_fn)(struct load *load, const struct option *opt,
		       const struct conffile_item *item);
typedef void (*print_fn)(const struct config *config, const struct option *opt, FILE *stream);

struct option {
	struct conf_key key;
	set_fn set;
	print_fn print;
	size_t offset, size; /* of the member of struct config */
	uint64_t min, max;   /* numbers; durations in ms, sizes in bytes */
	const struct word *words;
	const char *(*check)(const char *text); /* texts: returns NULL or the error */
};

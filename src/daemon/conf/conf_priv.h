/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_priv - what the parts of conf share: a load in progress, and a row of the option table. Only
 * files of daemon/conf include it.
 */
#pragma once

#include "daemon/conf/conf.h"

struct conffile_item;

#define CONF_N_OPTIONS 28

/* A load in progress. */
struct load {
	struct config config; /* what there is so far */
	struct conf_errors *errors;
	const char *file;                 /* for messages; NULL: built-in defaults */
	unsigned int line;                /* 0: none */
	unsigned int set_line[CONF_N_OPTIONS]; /* in this file; 0: not set */
	bool is_given[CONF_N_OPTIONS];         /* in any file */
	unsigned int n_left_out;          /* messages that were not kept */
	int err;                          /* -ENOMEM */
};

/* Everything as by default. */
void conf_load_init(struct load *load, struct conf_errors *errors);
/* One assignment. */
void conf_load_item(struct load *load, const struct conffile_item *item);

/* One value of a key that takes words. */
struct word {
	const char *name;
	unsigned int value;
	const char *refused; /* known, but not to be had: what to use instead */
};

struct option;

/* Checks the values of one assignment and stores them, or says what is wrong. */
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
	const char *(*check)(const char *text); /* texts: NULL, or what is wrong */
};

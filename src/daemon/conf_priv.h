/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_priv - what the two halves of conf share: conf.c knows the keys and their
 * values, confload.c reads files. Nobody else includes it.
 */
#pragma once

#include "daemon/conf.h"

struct conffile_item;

#define CONF_N_OPTIONS 16

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

PRINTF_LIKE(2, 3) void conf_error(struct load *load, const char *fmt, ...);
PRINTF_LIKE(2, 3) void conf_notice(struct load *load, const char *fmt, ...);

/* Everything as by default. */
void conf_load_init(struct load *load, struct conf_errors *errors);
/* One assignment. */
void conf_load_item(struct load *load, const struct conffile_item *item);

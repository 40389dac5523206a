/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_priv - what the parts of conf share: conf.c knows the keys and their values,
 * confexempt.c those of our nft table, confload.c reads files. Nobody else includes it.
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

PRINTF_LIKE(2, 3) void conf_error(struct load *load, const char *fmt, ...);
PRINTF_LIKE(2, 3) void conf_notice(struct load *load, const char *fmt, ...);

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

/* A text as the file has it. */
void conf_print_quoted(const char *text, FILE *stream);
/* NULL, or what is wrong with the name of a device. */
const char *conf_check_device(const char *name);

/* Keys of our nft table. */
void conf_set_addresses(struct load *load, const struct option *opt,
			const struct conffile_item *item);
void conf_set_ports(struct load *load, const struct option *opt, const struct conffile_item *item);
void conf_set_interfaces(struct load *load, const struct option *opt,
			 const struct conffile_item *item);
void conf_set_marks(struct load *load, const struct option *opt, const struct conffile_item *item);
void conf_set_priority(struct load *load, const struct option *opt,
		       const struct conffile_item *item);
void conf_print_addresses(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_ports(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_interfaces(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_marks(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_priority(const struct config *config, const struct option *opt, FILE *stream);
/* What one of them means for another, when all files are read. */
void conf_check_admission(struct load *load);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - the configuration file: reads it, checks it, prints it.
 *
 * Every key is one row of the option table in conf.c: its name, type, range,
 * default and help, and where its value goes. The manual, the shipped example
 * and the canonical form are all compared with that table by tests.
 *
 * The main file is read first, then the *.conf files of the directory conf.d
 * beside it in the order of their names; a later value of a key replaces an
 * earlier one as a whole (lists too). All errors of all files are collected;
 * the result is accepted or rejected as a whole.
 *
 * Reads files; changes nothing, logs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/log.h"
#include "core/settings.h"
#include "model/exempt.h"

#ifndef SYSCONFDIR /* the build says where */
#define SYSCONFDIR "/etc"
#endif
#define CONF_FILE_DEFAULT SYSCONFDIR "/nft-offload/nft-offload.conf"

#define CONF_WORKERS_MAX 8
#define CONF_PATH_SIZE 108 /* sun_path */
#define CONF_GROUP_SIZE 33 /* longest group name of useradd(8), and its NUL */

struct config {
	struct settings core; /* the kernel's timeouts are left 0 */
	/* Of our nft table, with ADMIT_NFT. */
	enum admit_mode admit_fallback; /* where it cannot be made; ADMIT_NFT: do not start */
	int32_t nft_priority;
	uint32_t min_packets;
	bool table_owner;
	bool keep_rules; /* a stop leaves all as it is, for the next start */
	struct exempt exempt;
	uint32_t event_buffer_bytes;
	unsigned int workers; /* 1 to CONF_WORKERS_MAX */
	enum log_level log_level;
	char socket_path[CONF_PATH_SIZE];
	char control_group[CONF_GROUP_SIZE]; /* "": none */
};

/* What there is to say about the files, in the order found. */
struct conf_message {
	bool is_error; /* else worth a notice */
	char *text;    /* "file:line: text", or "file: text"; without newline */
};

/* Messages that are kept; what comes after is counted and said in one line. */
#define CONF_MESSAGES_MAX 64

struct conf_errors {
	struct conf_message message[CONF_MESSAGES_MAX + 1];
	unsigned int n_messages;
	unsigned int n_errors; /* all, also those that were not kept */
};

void conf_errors_init(struct conf_errors *errors);
/* Frees the texts. For CLEANUP(). */
void conf_errors_fini(struct conf_errors *errors);

/* Built-in defaults: what an empty file gives. */
void conf_default(struct config *ret);

/*
 * Reads the file at path, or CONF_FILE_DEFAULT when path is NULL, and the
 * conf.d directory beside it. A missing file is an error, but only worth a
 * notice when path is NULL; a missing directory is fine.
 *
 * 0; -EINVAL when there is at least one error in errors, ret is then untouched;
 * -ENOMEM. Notices may have been added to errors either way.
 */
MUST_CHECK int conf_load(const char *path, struct config *ret, struct conf_errors *errors);

/* The same without conf.d, from a stream; name stands for the file in messages. */
MUST_CHECK int conf_load_stream(FILE *stream, const char *name, struct config *ret,
				struct conf_errors *errors);

/*
 * Writes every key with its value, in the form that conf_load() reads back to
 * the same config. 0, or -EIO when the stream has an error.
 */
MUST_CHECK int conf_print(const struct config *config, FILE *stream);

/* One key, for who shows or checks the list of keys. */
struct conf_key {
	const char *name;
	const char *type;          /* "list", "word", "number", "duration", "size", "text" */
	const char *range;         /* for people: "16 .. 16777216", "hardware | software" */
	const char *default_value; /* as it would be written in the file */
	const char *help;          /* one line */
};

/* Key number i, or NULL behind the last one. */
const struct conf_key *conf_key_get(size_t i);

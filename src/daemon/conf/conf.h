/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - reads, checks and prints the configuration.
 *
 * Every key is one row of the option table in conf.c: name, type, range,
 * default, help, and the member that gets the value. Tests compare the manual,
 * the shipped example and the canonical form with that table.
 *
 * The main file is read first, then the *.conf files of the directory conf.d
 * beside it, in the order of their names. A later value of a key replaces an
 * earlier one completely, lists included. The errors of all files are collected,
 * and the result is accepted or rejected as a whole.
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

#ifndef SYSCONFDIR /* normally set by the build */
#define SYSCONFDIR "/etc"
#endif
#define CONF_FILE_DEFAULT SYSCONFDIR "/nft-offload/nft-offload.conf"

#define CONF_WORKERS_MAX 8
#define CONF_PATH_SIZE 108 /* sun_path */
#define CONF_GROUP_SIZE 33 /* longest group name of useradd(8), and its NUL */

struct config {
	struct settings core; /* but for the kernel's timeouts, which are 0 */
	/* For our nft table, with ADMIT_NFT. */
	enum admit_mode admit_fallback; /* if it cannot be made; ADMIT_NFT: do not start */
	int32_t nft_priority;
	uint32_t min_packets;
	bool table_owner;
	bool keep_rules; /* a stop leaves rules and table for the next start */
	struct exempt exempt;
	uint32_t event_buffer_bytes;
	unsigned int workers; /* 1 to CONF_WORKERS_MAX */
	enum log_level log_level;
	char socket_path[CONF_PATH_SIZE];
	char control_group[CONF_GROUP_SIZE]; /* "": none */
};

/* An error or notice about the files; kept in the order found. */
struct conf_message {
	bool is_error; /* else a notice */
	char *text;    /* "file:line: text", or "file: text"; without newline */
};

/* Messages that are kept. One more says how many others were left out. */
#define CONF_MESSAGES_MAX 64

struct conf_errors {
	struct conf_message message[CONF_MESSAGES_MAX + 1];
	unsigned int n_messages;
	unsigned int n_errors; /* including those that were not kept */
};

void conf_errors_init(struct conf_errors *errors);
/* Frees the texts. For CLEANUP(). */
void conf_errors_fini(struct conf_errors *errors);

/* Returns the built-in defaults, as an empty file gives them. */
void conf_default(struct config *ret);

/*
 * Reads the file at path, or CONF_FILE_DEFAULT when path is NULL, and the
 * conf.d directory beside it. A missing file is an error, or only a notice when
 * path is NULL. A missing directory is neither.
 *
 * 0; -EINVAL with at least one error in errors; -ENOMEM. On failure ret is
 * untouched. Notices may have been added to errors in each case.
 */
MUST_CHECK int conf_load(const char *path, struct config *ret, struct conf_errors *errors);

/* The same without conf.d, from a stream. Messages use name as the file name. */
MUST_CHECK int conf_load_stream(FILE *stream, const char *name, struct config *ret,
				struct conf_errors *errors);

/*
 * Writes every key with its value, in a form that conf_load() reads back as the
 * same config. 0, or -EIO when the stream has an error.
 */
MUST_CHECK int conf_print(const struct config *config, FILE *stream);

/* A key, for callers that show or check the list of keys. */
struct conf_key {
	const char *name;
	const char *type;          /* "list", "word", "number", "duration", "size", "text" */
	const char *range;         /* to be shown: "16 .. 16777216", "hardware | software" */
	const char *default_value; /* as written in a file */
	const char *help;          /* one line */
};

/* Returns key number i, or NULL after the last one. */
const struct conf_key *conf_key_get(size_t i);

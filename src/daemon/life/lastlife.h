/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastlife - the record of a run: what the next start must know to adopt its rules.
 *
 * A small file beside the control socket, one "key value" per line. It identifies the rules
 * (by the instance in their cookies) and the ruleset for which they were right. It is
 * replaced atomically, and written only when everything that a change of the ruleset
 * requires is done. If the ruleset has changed since, the generation differs and the record
 * does not count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "daemon/conf/conf.h"

struct lastlife {
	bool is_valid; /* there is a record, and it counts */
	bool is_outdated; /* there is a record, but the ruleset has changed since */
	uint32_t instance;   /* in the cookies of the rules */
	uint64_t netns;	     /* inode of the network namespace of the rules */
	uint32_t admit;	     /* enum admit_mode */
	uint32_t mask;	     /* our bits of the ct mark */
	uint32_t epoch;	     /* current epoch; 0 = marks have none */
	uint32_t generation; /* of the nft ruleset; 0 = none is known */
	uint64_t exempt;     /* digest of the exemptions */
};

/* Path of the record for a control socket. Fits if @socket_path is shorter than CONF_PATH_SIZE. */
void lastlife_path(const char *socket_path, char ret[CONF_PATH_SIZE + 8]);
/* Describes the present settings and namespace; leaves instance, epoch and generation 0. */
void lastlife_describe(const struct config *config, struct lastlife *ret);
/* Returns true if @life is valid and equals the present description, apart from those three. */
bool lastlife_fits(const struct lastlife *life, const struct config *config);

/* 0; -ENOENT if there is no record; -EINVAL if the file is malformed; or another -errno.
 * Sets ret->is_valid on success and clears it on failure. */
int lastlife_read(const char *path, struct lastlife *ret) MUST_CHECK;
/* 0, or -errno; no record is left then. */
int lastlife_write(const char *path, const struct lastlife *life) MUST_CHECK;
/* Does nothing if there is no record. */
void lastlife_remove(const char *path);

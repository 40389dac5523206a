/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lastlife - what the next life must know about the rules that this one leaves behind.
 *
 * A small file beside the control socket, one "key value" per line. It says which rules
 * are meant (the instance in their cookies), and for which ruleset they were right. It
 * is replaced as a whole, so it is there or not, and it is only written when everything
 * that a change of the ruleset asked for is done. When the ruleset has moved on since,
 * the numbers in it do not fit, and nothing of it counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "daemon/conf/conf.h"

struct lastlife {
	bool is_valid; /* else nothing below counts */
	bool is_outdated; /* there was one, but the ruleset has changed since */
	uint32_t instance;   /* of the rules */
	uint64_t netns;	     /* network namespace that they are in */
	uint32_t admit;	     /* enum admit_mode */
	uint32_t mask;	     /* our bits of the ct mark */
	uint32_t epoch;	     /* that admits; 0 = marks have none */
	uint32_t generation; /* of the nft ruleset; 0 = nobody counts them */
	uint64_t exempt;     /* digest of what is exempt */
};

/* The file for a control socket. @ret may be cut: then nothing can be kept. */
void lastlife_path(const char *socket_path, char ret[CONF_PATH_SIZE + 8]);
/* What is so now, without instance, epoch and generation. */
void lastlife_describe(const struct config *config, struct lastlife *ret);
/* All of it but the three is the same. */
bool lastlife_fits(const struct lastlife *life, const struct config *config);

/* 0; -ENOENT where there is none; -EINVAL where it is none; or -errno. ret->is_valid says
 * the same. */
int lastlife_read(const char *path, struct lastlife *ret) MUST_CHECK;
/* 0 or -errno; then there is none. */
int lastlife_write(const char *path, const struct lastlife *life) MUST_CHECK;
/* Also when there is none. */
void lastlife_remove(const char *path);

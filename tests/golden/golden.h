/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden - one rule of every shape, and the files with the exact bytes of its
 * request.
 *
 * A file is one comment line with the rule in words, and the request in
 * hexadecimal. test-golden compares the files with what the encoder writes
 * (and writes them anew with --write); golden-lab sends them to a kernel. Rules
 * sit on interface 103 and redirect to 104.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/rule.h"

#define GOLDEN_RULES 60
#define GOLDEN_NAME_SIZE 64
#define GOLDEN_MSG_BYTES 2048

/* Rule number i, below GOLDEN_RULES, and the name of its file, without ".hex". */
struct rule golden_rule(unsigned int i, char name[GOLDEN_NAME_SIZE]);

/* Reads the bytes of a file; their number, or -1 when it cannot be read. */
MUST_CHECK int golden_read(const char *path, unsigned char buf[GOLDEN_MSG_BYTES]);
/* Writes a file. 0 or -1. */
MUST_CHECK int golden_write(const char *path, const struct rule *rule, const unsigned char *msg,
			    size_t len);

/* "golden-lab nft ...": the words behind it, which end with NULL. 0, or 1 when they
 * are not understood. */
int golden_nft(char **args);

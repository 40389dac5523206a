/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden - one rule of every shape, and the files with the exact bytes of its
 * request.
 *
 * A file has one comment line with the rule in words, then the request in
 * hexadecimal. test-golden compares the files with the output of the encoder,
 * or writes them with --write. golden-lab sends them to a kernel. The rules
 * are on interface 103 and redirect to 104.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "model/rule.h"

#define GOLDEN_RULES 86
#define GOLDEN_NAME_SIZE 64
#define GOLDEN_MSG_BYTES 2048

/* Rule number i, below GOLDEN_RULES, and the name of its file, without ".hex". */
struct rule golden_rule(unsigned int i, char name[GOLDEN_NAME_SIZE]);

/* Reads the bytes of a file. Returns their number, or -1 when it cannot be read. */
MUST_CHECK int golden_read(const char *path, unsigned char buf[GOLDEN_MSG_BYTES]);
/* Writes a file. 0 or -1. */
MUST_CHECK int golden_write(const char *path, const struct rule *rule, const unsigned char *msg,
			    size_t len);

/* Executes "golden-lab nft ...". args are the words after "nft", up to a NULL. 0, or 1 when
 * they are not valid or the command could not be executed. */
int golden_nft(char **args);

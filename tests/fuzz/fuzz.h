/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz - shared by the fuzz targets.
 *
 * A target is one file with LLVMFuzzerTestOneInput(). With --enable-fuzzer it becomes a
 * libFuzzer program; without, replay.c runs it over the corpus, as part of make check.
 * It must not crash, hang, or hit a BUG_ON(), whatever the bytes are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Calls fn for each of the netlink messages in data, which follow each other as in a datagram. */
typedef void (*fuzz_message_fn)(const struct nlmsghdr *nlh, void *ctx);
void fuzz_messages(const uint8_t *data, size_t size, fuzz_message_fn fn, void *ctx);
/* Aborts if a BUG_ON() was hit, which may otherwise only be logged. */
void fuzz_check_bugs(void);

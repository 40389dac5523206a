/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz - what the targets share.
 *
 * A target is one file with LLVMFuzzerTestOneInput(). With --enable-fuzzer it becomes a
 * libFuzzer program; without, replay.c runs it over the corpus, as part of make check.
 * It may not crash, hang, or say a BUG, whatever the bytes are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Netlink messages that stand one behind the other, as a datagram brings them. */
typedef void (*fuzz_message_fn)(const struct nlmsghdr *nlh, void *ctx);
void fuzz_messages(const uint8_t *data, size_t size, fuzz_message_fn fn, void *ctx);
/* Impossible states are not only logged here. */
void fuzz_check_bugs(void);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siphash - SipHash-1-3, the keyed hash for tables whose keys come from outside: without
 * the hash key, nobody can construct colliding table keys.
 *
 * Pure functions, any thread. The result does not depend on the machine's byte order.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Returns the hash of len bytes at data under the 128-bit key (two words; the first one
 * is k0 of the specification). For a 32-bit hash, use the lower 32 bits. The data must
 * not contain padding, unless it is zeroed. Takes about 25 ns for 40 bytes.
 */
uint64_t siphash13(const void *data, size_t len, const uint64_t key[2]);

/* Fills key with random bytes from the kernel. Returns 0, or -errno; key is then unchanged. */
MUST_CHECK int siphash_key_random(uint64_t key[2]);

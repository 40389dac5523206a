/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * siphash - SipHash-1-3, the keyed hash of every table whose keys come from
 * outside: without the key nobody can build keys that collide.
 *
 * Pure functions, any thread. The value does not depend on byte order.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Hash of len bytes at data under the 128-bit key (two words, the first one is
 * k0 of the specification). Use the lower 32 bits where 32 are wanted. Hash
 * only memory without padding, or zero it first. About 25 ns for 40 bytes.
 */
uint64_t siphash13(const void *data, size_t len, const uint64_t key[2]);

/* Fills key with random bytes of the kernel. 0, or -errno, key then untouched. */
MUST_CHECK int siphash_key_random(uint64_t key[2]);

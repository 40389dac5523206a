/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse - strict parsing of numbers, durations, sizes and booleans.
 *
 * The whole string must be the value: no leading or trailing blanks, no sign, nothing
 * after it. All functions return 0; -EINVAL if the string is not such a value; -ERANGE if
 * the value is not between min and max, inclusive. On failure the result is unchanged.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* Decimal, or hexadecimal with 0x. A leading zero does not mean octal. */
MUST_CHECK int parse_u32(const char *str, uint32_t min, uint32_t max, uint32_t *ret_value);
MUST_CHECK int parse_u64(const char *str, uint64_t min, uint64_t max, uint64_t *ret_value);

/* Decimal with one of the units ms, s, m, h, d: "200ms", "5s", "2m". Only 0 needs no unit. */
MUST_CHECK int parse_duration_ms(const char *str, uint64_t min, uint64_t max, uint64_t *ret_ms);

/* Decimal bytes, optionally with one of the units k, K, M, G, which are powers of 1024. */
MUST_CHECK int parse_size(const char *str, uint64_t min, uint64_t max, uint64_t *ret_bytes);

/* "yes", "true", "on", "no", "false", "off"; lower case. */
MUST_CHECK int parse_bool(const char *str, bool *ret_value);

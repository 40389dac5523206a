/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compiler - wrappers for compiler attributes and builtins.
 */
#pragma once

#include <assert.h>
#include <stddef.h>

/*
 * The caller must use the result. Every function that can fail has this attribute. gcc
 * does not count a cast to void as a use; IGNORE_RESULT() discards the result with both
 * compilers. A comment next to it says why the error cannot be handled.
 */
#define MUST_CHECK __attribute__((warn_unused_result))
#define IGNORE_RESULT(call) ((void)!(call))

/* Parameter fmt is a printf format for the arguments from number first on (0 for a va_list). */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/*
 * CLEANUP(fn): calls fn(&variable) when the variable leaves its scope, on every path. To
 * pass ownership of the object on, use take_ptr(), which sets the variable to NULL.
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Returns the pointer and sets the variable to NULL: ownership moves to the caller. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_from_ = &(p);                                                  \
		__typeof__(p) taken_ = *take_from_;                                                \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))

#define likely(cond) __builtin_expect(!!(cond), 1)
#define unlikely(cond) __builtin_expect(!!(cond), 0)

/* Compile-time checks use C11's static_assert(cond, "text") from <assert.h>. */

/* Size of a CPU cache line. Data that two threads write is kept this far apart. */
#define CACHE_LINE_BYTES 64

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compiler - attributes and checks that the compiler does for us; nothing else.
 */
#pragma once

#include <assert.h>
#include <stddef.h>

/*
 * The result must be looked at. Every function that can fail carries it.
 * gcc does not accept a cast to void as looking; IGNORE_RESULT() does it for
 * both compilers. A comment beside it says why nothing can be done.
 */
#define MUST_CHECK __attribute__((warn_unused_result))
#define IGNORE_RESULT(call) ((void)!(call))

/* Argument fmt is a printf format for the arguments from number first on (0 for a va_list). */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/*
 * CLEANUP(fn): fn(&variable) runs when the variable leaves its scope, on every
 * path. fn takes a pointer to the variable. Hand the object on with
 * take_ptr(), which empties the variable.
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Yields the pointer and sets the variable to NULL: ownership moves to the reader. */
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

/* Compile-time checks are written with C11's static_assert(cond, "text"), from <assert.h>. */

/* Size of a processor's cache line: what two threads write is kept this far apart. */
#define CACHE_LINE_BYTES 64

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util - macros that every file needs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Number of elements of an array; does not compile for a pointer. */
#define array_size(array)                                                                          \
	(sizeof(array) / sizeof((array)[0]) +                                                      \
	 0 * sizeof(struct {                                                                       \
		 int must_be_array                                                                 \
		     : !__builtin_types_compatible_p(__typeof__(array), __typeof__(&(array)[0]));  \
	 }))

/*
 * Smaller and larger of two values of the same type. Each argument is evaluated once.
 * Values of different types do not compile: MIN_T and MAX_T name the type to compare in.
 * These macros replace those of the same name in sys/param.h, which evaluate arguments
 * twice.
 */
#undef MIN
#undef MAX
#define MIN(a, b) MINMAX_(<, a, b, __COUNTER__)
#define MAX(a, b) MINMAX_(>, a, b, __COUNTER__)
#define MIN_T(type, a, b) MIN((type)(a), (type)(b))
#define MAX_T(type, a, b) MAX((type)(a), (type)(b))

#define MINMAX_(op, a, b, id) MINMAX2_(op, a, b, id)
#define MINMAX2_(op, a, b, id)                                                                     \
	({                                                                                         \
		__typeof__(a) left##id = (a);                                                      \
		__typeof__(b) right##id = (b);                                                     \
		(void)(&left##id == &right##id);                                                   \
		left##id op right##id ? left##id : right##id;                                      \
	})

/*
 * Returns true if a comes after b, for counters that wrap around. The two must be less
 * than half their range apart.
 */
static inline bool seq_is_later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/*
 * The object of the given type whose member is at ptr. ptr must not point to const: the
 * result would drop it (-Wcast-qual).
 */
#define container_of(ptr, type, member)                                                            \
	({                                                                                         \
		__typeof__(((type *)0)->member) *member_ptr_ = (ptr);                              \
		(type *)(void *)((char *)member_ptr_ - offsetof(type, member));                    \
	})

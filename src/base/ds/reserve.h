/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reserve - large zeroed arrays that cost memory only where they were written.
 *
 * The address space is there at once and never moves; the kernel gives a page
 * when it is first touched, and takes all of them back at once.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

/* count elements of size bytes, zeroed; NULL when there is no room or the product overflows. */
MUST_CHECK void *reserve_new(size_t count, size_t size);

/* Gives an array back; the same numbers as at reserve_new(). NULL is fine. */
void reserve_free(void *mem, size_t count, size_t size);

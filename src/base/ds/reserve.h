/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reserve - allocates large zeroed arrays that use memory only where they are written.
 *
 * The address space is reserved at once and never moves. The kernel allocates a page when
 * it is first touched, and reserve_free() returns all of them at once.
 */
#pragma once

#include <stddef.h>

#include "base/compiler.h"

/*
 * Allocates count zeroed elements of size bytes. Returns NULL if there is no address
 * space or the product overflows.
 */
MUST_CHECK void *reserve_new(size_t count, size_t size);

/* Frees an array; count and size are those given to reserve_new(). NULL is fine. */
void reserve_free(void *mem, size_t count, size_t size);

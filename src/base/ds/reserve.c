/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reserve - see reserve.h. MAP_NORESERVE: the largest sizes that the settings allow may
 * add up to more memory than the kernel would commit to.
 */
#include "base/ds/reserve.h"

#include <sys/mman.h>

void *reserve_new(size_t count, size_t size)
{
	size_t bytes;
	void *mem;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	return mem == MAP_FAILED ? NULL : mem;
}

void reserve_free(void *mem, size_t count, size_t size)
{
	if (mem)
		munmap(mem, count * size);
}

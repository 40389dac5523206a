/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mono - reads the monotonic clock.
 */
#include "base/mono.h"

#include <time.h>

mono_t mono_now(void)
{
	struct timespec ts;

	/* Cannot fail: the clock exists since Linux 2.6 and the pointer is valid. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (mono_t){ (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

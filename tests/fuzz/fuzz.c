/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/fuzz.h"

#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/util.h"

/* The copy ends where the input ends, so a sanitizer notices a read beyond it. */
void fuzz_messages(const uint8_t *data, size_t size, fuzz_message_fn fn, void *ctx)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t at = 0;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	while (size - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)(copy + at);

		/* Not mnl_nlmsg_ok(): a length above INT_MAX is negative there. */
		if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > size - at)
			break;
		fn(nlh, ctx);
		at += MIN((size_t)MNL_ALIGN(nlh->nlmsg_len), size - at);
	}
	free(copy);
}

void fuzz_check_bugs(void)
{
	if (bug_count())
		abort();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events and dumps of conntrack. */
#include <stdlib.h>

#include "base/util.h"
#include "core/flow/policy.h"
#include "fuzz/fuzz.h"
#include "kern/ct/ctnl.h"

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	enum ctnl_what what;
	struct conn conn;
	char text[TUPLE_STR_SIZE];
	struct settings settings = { .admit = ADMIT_MARK, .mark = 1 };

	if (ctnl_get(ctx, nlh, &conn, &what))
		return;
	tuple_to_str(&conn.orig, text);
	IGNORE_RESULT(policy_conn(&settings, 0, &conn));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ctnl *ctnl;

	if (!ctnl && ctnl_new(&ctnl))
		abort();
	fuzz_messages(data, size, on_message, ctnl);
	fuzz_check_bugs();
	return 0;
}

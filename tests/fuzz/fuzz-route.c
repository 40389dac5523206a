/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about links, neighbours, routes, device settings and IPsec policies. */
#include <stdlib.h>

#include "base/util.h"
#include "fuzz/fuzz.h"
#include "kern/rt/links.h"
#include "kern/rt/neighs.h"
#include "kern/rt/netconf.h"
#include "kern/rt/routechange.h"
#include "kern/rt/routes.h"
#include "kern/rt/xfrm.h"

static void on_message(const struct nlmsghdr *nlh, void *ctx UNUSED)
{
	struct route_change change;
	struct route_answer answer;
	struct netconf netconf;
	struct neigh neigh;
	struct link link;
	bool applies;

	IGNORE_RESULT(links_get(nlh, &link));
	IGNORE_RESULT(neighs_get(nlh, &neigh));
	IGNORE_RESULT(routes_get(nlh, &answer));
	IGNORE_RESULT(routechange_get(nlh, &change));
	IGNORE_RESULT(netconf_get(nlh, &netconf));
	IGNORE_RESULT(xfrm_get(nlh, &applies));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_messages(data, size, on_message, NULL);
	fuzz_check_bugs();
	return 0;
}

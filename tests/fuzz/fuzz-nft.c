/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about any nft ruleset: changes, and dumps. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "base/util.h"
#include "fuzz/fuzz.h"
#include "kern/ruleset/nftflowtable.h"
#include "kern/ruleset/nftchains.h"
#include "kern/ruleset/nftrules.h"
#include "kern/ruleset/nftsetkeys.h"
#include "kern/ruleset/nftwatch.h"
#include "model/nftview.h"

struct target {
	struct nftwatch *watch;
	struct nftview ruleset;
	bool knows_set;
};

static void on_commit(const struct nftwatch_commit *c, void *ctx)
{
	struct target *t = ctx;

	/* A commit must not have more elements than fit. */
	if (c->n_elems > NFTWATCH_ELEMS_MAX)
		abort();
	t->knows_set |= c->everything;
}

static void on_device(const struct nftchains_device *device UNUSED, void *ctx UNUSED)
{
}

/* Rules and elements refer to objects that earlier dumps have shown (nftrules). */
static bool refers(const struct nlmsghdr *nlh)
{
	unsigned int type = nlh->nlmsg_type & 0xff;

	return type == NFT_MSG_NEWRULE || type == NFT_MSG_NEWSETELEM;
}

static void on_second_look(const struct nlmsghdr *nlh, void *ctx)
{
	struct target *t = ctx;

	if (refers(nlh))
		nftrules_feed(&t->ruleset, 0, nlh);
}

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftchains_table table;
	struct flowtable flowtable;
	struct target *t = ctx;
	uint32_t slots = 0;
	bool is_dormant;

	nftwatch_feed(t->watch, nlh, on_commit, t);
	if (!refers(nlh))
		nftrules_feed(&t->ruleset, 0, nlh);
	nftsetkeys_get(nlh, "addresses", &slots);
	IGNORE_RESULT(nftflowtable_get(nlh, &flowtable));
	IGNORE_RESULT(nftchains_get_table(nlh, &table, &is_dormant));
	IGNORE_RESULT(nftchains_get(nlh, &table, on_device, t));
}

static void *resize(void *mem, size_t size)
{
	if (size)
		return realloc(mem, size);
	free(mem);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target t = { .knows_set = false };

	if (nftwatch_new(&t.watch, 1))
		abort();
	nftview_init(&t.ruleset, resize);
	fuzz_messages(data, size, on_message, &t);
	nftview_sort(&t.ruleset);
	fuzz_messages(data, size, on_second_look, &t);
	nftview_clear(&t.ruleset);
	nftwatch_close(t.watch);
	fuzz_check_bugs();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset - nft stays the policy: our table, and what changes of the ruleset mean.
 *
 * With ADMIT_NFT our own table marks the connections that got through the ruleset,
 * with the epoch that counts at the time. When somebody commits a change that may
 * concern all of them, the engine is told that no epoch counts any more, and as
 * soon as the table writes another one, that one. Many commits in a short time are
 * one change. An epoch is used again only when no connection has it any more and
 * all that was reported with it has been read.
 *
 * A table of ours that somebody deletes or changes is made anew, at ever longer
 * intervals if that happens again and again.
 *
 * With ADMIT_MARK the administrator's rules set the mark; the engine is told of
 * changes. Elements of sets that come or go, or whose time is over, concern only the
 * connections that they can match, in both modes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/watch/bypass.h"
#include "daemon/conf/conf.h"
#include "daemon/watch/portlist.h"
#include "daemon/work/dispatch.h"
#include "daemon/watch/ingest.h"
#include "daemon/life/lastlife.h"

struct flowtableplan;
struct nfttable;
struct admission;

/*
 * Before anything else starts: makes our table where the configuration wants it, so
 * that what the kernel has against it shows while nothing is done yet. Then
 * config->core.admit falls back as configured, or the start fails: -errno, logged.
 * *ret_own is NULL where there is no table.
 *
 * life->is_valid is left only when what it says is still so: the same configuration of
 * admission, the same generation of the ruleset, and the same table, which then stays.
 */
MUST_CHECK int admission_open_table(struct config *config, struct lastlife *life,
				  struct nfttable **ret_own);

/* Takes own over, also where it fails. With a valid life the engine has its flows, and its
 * epoch goes on to count. bypass and portlist (NULL is fine)
 * are told when chains and flowtables may have changed. 0 or
 * -errno, logged. */
MUST_CHECK int admission_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			   struct ingest *ingest, struct bypass *bypass,
			   struct portlist *portlist,
			   const struct config *config, const struct lastlife *life,
			   struct nfttable *own, struct admission **ret);
/* Removes the table. False when that failed, logged. NULL is fine. */
MUST_CHECK bool admission_free(struct admission *ruleset);

/* Lets admission_free() leave the table. NULL is fine. */
void admission_keep(struct admission *ruleset);

/* Nothing that a change asks for is still to be done here (see view_is_lawful), and the
 * ruleset does not change of itself. What is so then: the epoch, 0 without one, and the
 * generation, 0 where nobody counts. NULL: as events come. */
bool admission_is_settled(const struct admission *ruleset, uint32_t *ret_epoch,
			uint32_t *ret_generation);

/* Something may have happened that it waits for: cheap. */
void admission_go_on(struct admission *ruleset);

/* Connections are admitted, or somebody else's rules see to that. NULL: as events come. */
bool admission_is_open(const struct admission *ruleset);
/* NULL where nothing goes to the kernel's flowtable. */
const struct flowtableplan *admission_handover(const struct admission *ruleset);
/* Why they are not, for people; "" when they are. */
const char *admission_trouble(const struct admission *ruleset);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admission - lets the nft ruleset decide which connections may be offloaded.
 *
 * With ADMIT_NFT our own nft table writes the current epoch into the ct mark of each
 * connection that passes the ruleset. When another process commits a change that may
 * concern every connection, the engine is told that no epoch counts any more. When
 * the engine no longer regards any flow as admitted, it is told the next epoch, and
 * then the table is made to write that epoch. Commits in quick succession count as
 * one change. An epoch is reused only when no connection has it any more and all
 * events that carry it have been processed.
 *
 * If somebody deletes or changes our table, it is restored, after growing delays if
 * that happens repeatedly.
 *
 * With ADMIT_MARK the administrator's rules set the mark; the engine is only told of
 * changes of the ruleset.
 *
 * In both modes a set element that is added, removed or expires concerns only the
 * connections that it can match.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/watch/bypass.h"
#include "daemon/conf/conf.h"
#include "daemon/work/dispatch.h"
#include "daemon/watch/ingest.h"
#include "daemon/life/lastlife.h"

struct flowtableplan;
struct nfttable;
struct admission;

/*
 * Makes our table if the configuration asks for it. Called before anything else
 * starts, so that nothing else has been done if the kernel refuses the table. In that
 * case config->core.admit falls back as configured, or the start fails: -errno, logged.
 * *ret_own is NULL without a table.
 *
 * life->is_valid stays true only if the record still holds: the settings of admission
 * match and, unless admit is ADMIT_EVENTS, the generation of the ruleset is the same. With
 * ADMIT_NFT our table must also be intact and have the recorded epoch; it is then left as it
 * is. With ADMIT_MARK life->is_outdated is set when only the generation differs.
 */
MUST_CHECK int admission_open_table(struct config *config, struct lastlife *life,
				  struct nfttable **ret_own);

/* Takes ownership of own, also on failure. With a valid life the engine must have adopted
 * that run's flows; the recorded epoch then counts from the start. bypass is told
 * when chains may have changed. 0 or -errno, logged. */
MUST_CHECK int admission_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
			   struct ingest *ingest, struct bypass *bypass,
			   const struct config *config, const struct lastlife *life,
			   struct nfttable *own, struct admission **ret);
/* Removes the table unless admission_keep() was called. Returns false, logged, if that failed.
 * NULL is fine. */
MUST_CHECK bool admission_free(struct admission *admission);

/* Makes admission_free() leave the table in the kernel. NULL is fine. */
void admission_keep(struct admission *admission);

/* Returns true if no change of the ruleset is pending here (for the engine see
 * view_is_lawful()) and no known set element is going to expire. Always sets the epoch (0 without
 * a table) and the generation of the ruleset (0 = unknown). NULL (ADMIT_EVENTS): true. */
bool admission_is_settled(const struct admission *admission, uint32_t *ret_epoch,
			uint32_t *ret_generation);

/* Continues work that waited for the engine or for time to pass. Cheap. NULL is fine. */
void admission_go_on(struct admission *admission);

/* Returns true if connections can be admitted: the table writes the current epoch and the
 * flowtables are settled, or we have no table. NULL (ADMIT_EVENTS): true. */
bool admission_is_open(const struct admission *admission);
/* Returns NULL if no connection goes to the kernel's flowtable. */
const struct flowtableplan *admission_flowtableplan(const struct admission *admission);
/* Returns the text of the current failure of our table or the mark cleaner; "" without one. */
const char *admission_trouble(const struct admission *admission);

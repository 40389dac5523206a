/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonline.h"
#include "base/util.h"
#include "core/rules/rulewalk.h"
#include "daemon/control/envcheck.h"
#include "kern/ruleset/nftrules.h"
#include "nft-offload/ctl.h"

/* Rows sent per call of more(). */
#define ROWS 64

enum stage {
	STAGE_READ, /* read the ruleset */
	STAGE_WALK, /* walk it, one kind of packet at a time */
	STAGE_ROWS,
};

struct doctor {
	enum stage stage;
	struct nftrules *rules; /* NULL: the ruleset cannot be read */
	enum rulewalk_packet packet;
	uint32_t ct_mark; /* mark bits that every offloaded connection has */
	struct findings found;
	uint32_t n_reached[RULESTMT__COUNT]; /* reachable statements of each kind */
	/* Position of the next row: severity, index of the finding, kind of statement,
	 * statement. */
	enum severity severity;
	unsigned int next;
	unsigned int kind;
	struct rulewalk_cursor at;
};

#define KEEP_OUT ", or exclude these connections from offload (admit = mark)"

/* What offload means for a statement, and what to do about it. */
static const struct {
	enum severity severity;
	const char *todo;
} advice[RULESTMT__COUNT] = {
	[RULESTMT_LIMIT] = { SEVERITY_PROBLEM,
			     "offloaded packets are not limited: limit only ct state "
			     "new" KEEP_OUT },
	[RULESTMT_QUOTA] = { SEVERITY_PROBLEM,
			     "offloaded packets do not count: remove the quota" KEEP_OUT },
	[RULESTMT_HEADER] = { SEVERITY_PROBLEM,
			      "offloaded packets are not changed: remove the statement" KEEP_OUT },
	[RULESTMT_MARK] = { SEVERITY_PROBLEM,
			    "offloaded packets do not get the mark, so routing rules and shapers do "
			    "not see it: remove the statement" KEEP_OUT },
	[RULESTMT_PRIORITY] = { SEVERITY_PROBLEM,
				"offloaded packets do not get the priority: remove the "
				"statement" KEEP_OUT },
	[RULESTMT_QUEUE] = { SEVERITY_PROBLEM,
			     "offloaded packets are not queued: queue only ct state new" KEEP_OUT },
	[RULESTMT_SYNPROXY] = { SEVERITY_PROBLEM,
				"offloaded packets do not reach the SYN proxy: match only ct state "
				"invalid,untracked" KEEP_OUT },
	[RULESTMT_DUP] = { SEVERITY_PROBLEM,
			   "offloaded packets are not copied: remove the statement" KEEP_OUT },
	[RULESTMT_FWD] = { SEVERITY_PROBLEM,
			   "offloaded packets follow the routes instead: remove the "
			   "statement" KEEP_OUT },
	[RULESTMT_TPROXY] = { SEVERITY_PROBLEM,
			      "offloaded packets do not reach the proxy: narrow the "
			      "match" KEEP_OUT },
	[RULESTMT_SET] = { SEVERITY_PROBLEM,
			   "offloaded packets do not update the set, so its elements may time out: "
			   "match only ct state new" KEEP_OUT },
	[RULESTMT_NUMGEN] = { SEVERITY_PROBLEM,
			      "it chooses for each packet, but offloaded packets skip it: choose "
			      "once for each connection (ct mark)" KEEP_OUT },
	[RULESTMT_TARGET] = { SEVERITY_PROBLEM,
			      "offloaded packets do not reach the target: check whether every "
			      "packet must" KEEP_OUT },
	[RULESTMT_UNKNOWN] = { SEVERITY_PROBLEM,
			       "doctor does not know this statement: check whether every packet "
			       "must reach it" KEEP_OUT },
	[RULESTMT_CT_MARK] = { SEVERITY_HINT,
			       "nothing to do if the first packets of a connection set the mark or "
			       "label for good" },
	[RULESTMT_SECMARK] = { SEVERITY_HINT,
			       "nothing to do if only this host uses the security mark" },
	[RULESTMT_LOG] = { SEVERITY_HINT,
			   "offloaded packets are not logged: log ct state new, or use "
			   "\"nft-offload flows\"" },
	[RULESTMT_COUNTER] = { SEVERITY_HINT,
			       "offloaded packets are not counted here: \"nft-offload flows\" "
			       "counts them" },
	[RULESTMT_LAST] = { SEVERITY_HINT,
			    "offloaded packets are not seen here: \"nft-offload flows\" counts "
			    "them" },
};

#define SMALL_TODO "nothing to do if only logs and counters depend on it"

/* -- rows ----------------------------------------------------------------- */

static json_t *optional(const char *text)
{
	return text ? jsonline_string(text) : json_null();
}

static void put_finding(struct ctl_call *call, const struct finding *f)
{
	ctl_call_row(call,
		     json_pack("{s:{s:s, s:s, s:o, s:o, s:n, s:n, s:n, s:n, s:n}}", "finding",
			       "severity", envcheck_severity_name(f->severity), "check", f->check,
			       "what", jsonline_string(f->what), "todo", optional(f->todo),
			       "family", "table", "chain", "handle", "statement"));
}

static void put_statement(struct ctl_call *call, enum severity severity,
			  const struct rulewalk_found *f)
{
	enum rulestmt what = (enum rulestmt)f->op->stmt.what;
	const char *todo = severity == advice[what].severity ? advice[what].todo : SMALL_TODO;
	const char *family = nftview_family_name(f->table->family);
	char text[ENVCHECK_TEXT_SIZE];

	snprintf(text, sizeof(text), "table %s %.64s, chain %.64s, handle %llu: %s", family,
		 f->table->name, f->chain->name, (unsigned long long)f->rule->handle,
		 f->op->stmt.text);
	ctl_call_row(call,
		     json_pack("{s:{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:I, s:o}}", "finding",
			       "severity", envcheck_severity_name(severity), "check",
			       nftview_stmt_name(what), "what", jsonline_string(text), "todo", todo,
			       "family", family, "table", jsonline_string(f->table->name), "chain",
			       jsonline_string(f->chain->name), "handle",
			       (json_int_t)f->rule->handle, "statement",
			       jsonline_string(f->op->stmt.text)));
}

/* True if the rest of the rule after a limit affects the packet. A limit that only guards
 * logging or counting does not. */
static bool matters(const struct nftview *rs, const struct rulewalk_found *f)
{
	const struct ruleop *end = &rs->op[f->rule->op + f->rule->n_ops];

	for (const struct ruleop *op = f->op + 1; op < end; op++) {
		switch ((enum ruleop_kind)op->kind) {
		case RULEOP_VERDICT:
			if (op->verdict.code != RULE_CONTINUE)
				return true;
			break;
		case RULEOP_LOOKUP:
			if (op->lookup.set == NFTVIEW_NONE || rs->set[op->lookup.set].is_verdicts)
				return true;
			break;
		case RULEOP_STMT:
			if (advice[op->stmt.what].severity == SEVERITY_PROBLEM)
				return true;
			break;
		case RULEOP_LOAD:
		case RULEOP_VALUE:
		case RULEOP_BITWISE:
		case RULEOP_CMP:
		case RULEOP_RANGE:
		case RULEOP_MAYBE:
		case RULEOP_NEVER: break;
		}
	}
	return false;
}

static bool is_limit(enum rulestmt what)
{
	return what == RULESTMT_LIMIT || what == RULESTMT_QUOTA;
}

static enum severity severity_of(const struct nftview *rs, const struct rulewalk_found *f)
{
	enum rulestmt what = (enum rulestmt)f->op->stmt.what;

	return is_limit(what) && !matters(rs, f) ? SEVERITY_HINT : advice[what].severity;
}

/* Finds the next statement of the current severity. */
static bool next_statement(struct doctor *d, struct rulewalk_found *ret)
{
	const struct nftview *rs = d->rules ? nftrules_get(d->rules) : NULL;

	for (; rs && d->kind < RULESTMT__COUNT; d->kind++, d->at = (struct rulewalk_cursor){ 0 }) {
		enum rulestmt what = (enum rulestmt)d->kind;

		/* Skip kinds that are not reached: rulewalk_next() would search the whole
		 * ruleset in vain. */
		if (!d->n_reached[what] ||
		    (!is_limit(what) && advice[what].severity != d->severity))
			continue;
		while (rulewalk_next(rs, what, &d->at, ret)) {
			if (severity_of(rs, ret) == d->severity)
				return true;
		}
	}
	return false;
}

/* Sends one row. False if there is none left. */
static bool put_row(struct doctor *d, struct ctl_call *call)
{
	struct rulewalk_found statement;

	for (; d->severity < SEVERITY__COUNT; d->severity++, d->next = d->kind = 0) {
		while (d->next < d->found.n) {
			const struct finding *f = &d->found.list[d->next++];

			if (f->severity != d->severity)
				continue;
			put_finding(call, f);
			return true;
		}
		if (next_statement(d, &statement)) {
			put_statement(call, d->severity, &statement);
			return true;
		}
	}
	return false;
}

static bool put_rows(struct doctor *d, struct ctl_call *call)
{
	for (unsigned int i = 0; i < ROWS && ctl_call_has_room(call); i++) {
		if (!put_row(d, call))
			return false;
	}
	return true;
}

/* -- the ruleset ---------------------------------------------------------- */

static void drop_rules(struct doctor *d)
{
	nftrules_close(d->rules);
	d->rules = NULL;
	d->stage = STAGE_ROWS;
}

static void not_read(struct doctor *d, const struct nlerr *why)
{
	const char *text = why->extack[0] ? why->extack : strerror(-why->err);

	if (why->err == -EOPNOTSUPP)
		envcheck_add(&d->found, SEVERITY_HINT, "nft",
			     "load nf_tables if nft rules are the policy", "%s", text);
	else
		envcheck_add(&d->found, SEVERITY_PROBLEM, "nft",
			     "check whether \"nft list ruleset\" works, and try again",
			     "cannot read the nft ruleset: %s", text);
	drop_rules(d);
}

static void read_rules(struct doctor *d)
{
	struct nlerr why;
	int err = nftrules_read(d->rules, &why);

	if (err < 0)
		not_read(d, &why);
	else if (!err)
		d->stage = STAGE_WALK;
}

static void note_flowtables(struct doctor *d, const struct nftview *rs)
{
	for (uint32_t i = 0; i < rs->n_flowtables; i++) {
		const struct nftview_flowtable *t = &rs->flowtable[i];

		envcheck_add(
			&d->found, SEVERITY_FINE, "flowtable", NULL,
			"table %s %.64s has the flowtable %.64s on %s: the kernel forwards its "
			"connections",
			nftview_family_name(rs->table[t->table].family), rs->table[t->table].name,
			t->name, t->devices[0] ? t->devices : "no device");
	}
}

static void note_ruleset(struct doctor *d)
{
	const struct nftview *rs = nftrules_get(d->rules);

	if (rs->is_cut)
		envcheck_add(
			&d->found, SEVERITY_PROBLEM, "nft", "check the rest by hand",
			"the nft ruleset is too large: only the first %u rules were checked",
			rs->n_rules);
	if (rs->is_torn)
		envcheck_add(
			&d->found, SEVERITY_HINT, "nft", "run doctor again",
			"the nft ruleset changed while it was read: rules may be missing here");
	if (rs->n_odd_rules)
		envcheck_add(&d->found, SEVERITY_PROBLEM, "nft", "check them by hand",
			     "cannot interpret %u nft rules", rs->n_odd_rules);
	envcheck_add(&d->found, SEVERITY_FINE, "nft", NULL,
		     "checked nft rules: %u, tables: %u", rs->n_rules, rs->n_tables);
	note_flowtables(d, rs);
}

static void walk_rules(struct doctor *d)
{
	int err = rulewalk_mark(nftrules_get(d->rules), d->packet, d->ct_mark);

	if (err) {
		const struct nlerr why = nlerr_make(err);

		not_read(d, &why);
		return;
	}
	if (++d->packet < RULEWALK__COUNT)
		return;
	rulewalk_count(nftrules_get(d->rules), d->n_reached);
	note_ruleset(d);
	d->stage = STAGE_ROWS;
}

/* -- the call ------------------------------------------------------------- */

/* One call at a time, because a ruleset may take 30 MB. */
static bool is_busy;

static bool more(struct ctl_call *call, void *state)
{
	struct doctor *d = state;

	switch (d->stage) {
	case STAGE_READ: read_rules(d); return true;
	case STAGE_WALK: walk_rules(d); return true;
	case STAGE_ROWS: return put_rows(d, call);
	}
	return false;
}

static void destroy(void *state)
{
	struct doctor *d = state;

	is_busy = false;
	nftrules_close(d->rules);
	free(d);
}

void doctor_start(struct ctl_call *call, const struct engine *engine)
{
	struct envcheck_sysctls sysctls;
	struct doctor *d;
	int err;

	if (is_busy) {
		ctl_call_error_text(call, CTL_ERROR_BUSY,
				    "another client is running this check; try again");
		return;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		ctl_call_error_text(call, CTL_ERROR_FAILED, "out of memory");
		return;
	}
	is_busy = true;
	envcheck_read(&sysctls);
	envcheck_sysctls(&sysctls, &d->found);
	envcheck_engine(engine, &sysctls, &d->found);
	if (engine_settings(engine)->admit == ADMIT_MARK)
		d->ct_mark = engine_settings(engine)->mark;
	err = nftrules_open(&d->rules);
	if (err) {
		const struct nlerr why = nlerr_make(err);

		not_read(d, &why);
	}
	ctl_call_set_more(call, more, d, destroy);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/age.h"

#include "base/util.h"
#include "core/clock.h"
#include "core/engine_priv.h"
#include "core/port/proof.h"
#include "core/port/rank.h"

/* How late a sample may be. */
#define AGE_SLACK_DS 5u

static uint32_t kernel_default_s(const struct engine *e, const struct flow *f)
{
	return f->orig.proto == L4_TCP ? e->settings.tcp_timeout_s : e->settings.udp_timeout_s;
}

/*
 * Derives the policy timeout from a report. The kernel sends an event right after the packet that
 * refreshed the entry, so the event shows the policy itself (or a second less, through rounding, if
 * it was sent late: nf_ct_expires). A dump shows the time that is left. The best guess then is the
 * kernel's default, or the time left if that is longer.
 */
static uint32_t policy_from(const struct engine *e, const struct flow *f, uint32_t left_s,
			    bool is_event)
{
	uint32_t default_s = kernel_default_s(e, f);

	if (!is_event)
		return MAX(left_s, default_s);
	if (left_s + 1 == default_s)
		return default_s;
	/* While data is unacknowledged, a shorter timeout replaces the policy
	 * (nf_conntrack_tcp_packet, TCP_CONNTRACK_UNACK). */
	if (f->orig.proto == L4_TCP &&
	    (left_s == e->settings.tcp_unacked_s || left_s + 1 == e->settings.tcp_unacked_s))
		return default_s;
	return left_s;
}

void age_learn(struct engine *e, struct flow *f, const struct conn *c, bool is_event, mono_t now)
{
	/* The kernel's flowtable sets a timeout of a day (nf_ct_offload_timeout), not the
	 * policy. */
	if (!(c->has & CONN_HAS_TIMEOUT) || (c->status & (CONN_OFFLOAD | CONN_HW_OFFLOAD)))
		return;
	f->ct_expires = clock_ds(e, now) + c->timeout_s * DS_PER_S;
	/* The first event shows the policy. Later ones may show the timeout of a closing state, or
	 * one that was set by hand. */
	if (f->policy_s == 0 || (is_event && f->policy_is_guess)) {
		f->policy_s = policy_from(e, f, c->timeout_s, is_event);
		f->policy_is_guess = !is_event;
	}
}

void age_prolonged(struct engine *e, struct flow *f, uint32_t timeout_s, mono_t now)
{
	f->ct_expires = clock_ds(e, now) + timeout_s * DS_PER_S;
}

bool age_count(struct engine *e, struct flow *f, enum dir dir, const struct rule_stats *stats,
	       uint32_t now_ds)
{
	uint64_t pkts, bytes;
	bool moved;

	/* A counter that went back belongs to a new rule. */
	if (stats->pkts < f->rule_pkts[dir]) {
		f->rule_pkts[dir] = 0;
		f->rule_bytes[dir] = 0;
	}
	/* The byte counter may be narrower and wrap alone. */
	if (stats->bytes < f->rule_bytes[dir])
		f->rule_bytes[dir] = 0;
	moved = stats->pkts > f->rule_pkts[dir];
	if (moved)
		f->last_use = now_ds;
	pkts = stats->pkts - f->rule_pkts[dir];
	bytes = stats->bytes - f->rule_bytes[dir];
	f->total_pkts[dir] += pkts;
	f->total_bytes[dir] += bytes;
	e->forwarded_pkts[dir] += pkts;
	e->forwarded_bytes[dir] += bytes;
	f->rule_pkts[dir] = stats->pkts;
	f->rule_bytes[dir] = stats->bytes;
	rank_count(e, f, bytes);
	return moved;
}

/* A rule that was never used has an age that reaches back to its installation (tcf_tm_dump). Other
 * rules were used since the previous sample if their age is at most a sample interval plus
 * slack. */
bool age_note_use(const struct engine *e, struct flow *f, uint32_t age_ds, uint32_t now_ds)
{
	uint32_t used = now_ds > age_ds ? now_ds - age_ds : 0;

	if (used <= proof_since(e, f) + 1)
		return false;
	f->last_use = MAX(f->last_use, used);
	return age_ds <= e->settings.sample_ms / 100 + AGE_SLACK_DS;
}

static uint32_t due_ds(const struct flow *f)
{
	return f->last_use + f->policy_s * DS_PER_S;
}

bool age_needs_refresh(const struct engine *e, const struct flow *f, uint32_t now_ds)
{
	uint32_t left_ds = f->ct_expires > now_ds ? f->ct_expires - now_ds : 0;
	uint32_t two_samples_ds = 2 * e->settings.sample_ms / 100;

	if (f->policy_s == 0 || f->last_use == 0 || due_ds(f) <= f->ct_expires ||
	    f->status & CONN_FIXED_TIMEOUT)
		return false;
	return left_ds < MAX(f->policy_s * DS_PER_S / 2, two_samples_ds);
}

uint32_t age_wanted_timeout(const struct flow *f, uint32_t now_ds)
{
	uint32_t due = due_ds(f);

	if (f->policy_s == 0 || f->last_use == 0 || due <= now_ds ||
	    f->status & CONN_FIXED_TIMEOUT)
		return 0;
	return (due - now_ds + DS_PER_S - 1) / DS_PER_S;
}

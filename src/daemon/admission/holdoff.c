/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admission/holdoff.h"

#include "base/util.h"

/* Commits less than BURST_MS apart form a burst. After the first BURST_FEW, admission stays
 * closed until no commit has arrived for a quiet time, which grows with the length of the
 * burst. When admission has been closed for CLOSED_MAX_MS, QUIET_MS is enough. */
#define BURST_MS	 2000
#define BURST_FEW	 2
#define QUIET_MS	 200
#define QUIET_DOUBLED	 4u /* commits that double the quiet time ... */
#define QUIET_DOUBLINGS	 3u /* ... at most this many times */
#define CLOSED_MAX_MS	 10000
/* A lost table is restored at once; one that is lost again within LOSS_MS, after a delay. */
#define LOSS_MS		 10000
#define LOSS_FIRST_MS	 500
#define LOSS_MAX_MS	 60000
/* Delays after a failure. */
#define RETRY_FIRST_MS	 250
#define RETRY_MAX_MS	 60000

void holdoff_init(struct holdoff *h, mono_t now)
{
	*h = (struct holdoff){ 0 };
	/* The first commit is not part of a burst, and the first loss is not a repetition. */
	h->last_commit = h->last_loss = mono_add_ms(now, -LOSS_MS);
}

void holdoff_commit(struct holdoff *h, mono_t now, int64_t closed_ms)
{
	int64_t quiet_ms = 0;

	h->burst = mono_diff_ms(now, h->last_commit) < BURST_MS ? h->burst + 1 : 0;
	h->last_commit = now;
	if (h->burst >= BURST_FEW)
		quiet_ms = QUIET_MS << MIN(h->burst / QUIET_DOUBLED, QUIET_DOUBLINGS);
	if (closed_ms > CLOSED_MAX_MS)
		quiet_ms = MIN(quiet_ms, (int64_t)QUIET_MS);
	h->quiet_until = mono_add_ms(now, quiet_ms);
}

static void pause_ms(struct holdoff *h, mono_t now, int64_t ms)
{
	h->paused_until = mono_max(h->paused_until, mono_add_ms(now, ms));
}

void holdoff_loss(struct holdoff *h, mono_t now)
{
	h->losses = mono_diff_ms(now, h->last_loss) < LOSS_MS ? h->losses + 1 : 0;
	h->last_loss = now;
	if (h->losses)
		pause_ms(h, now, mono_backoff_ms(LOSS_FIRST_MS, LOSS_MAX_MS, h->losses - 1));
}

void holdoff_failure(struct holdoff *h, mono_t now)
{
	pause_ms(h, now, mono_backoff_ms(RETRY_FIRST_MS, RETRY_MAX_MS, h->failures));
	h->failures++;
}

void holdoff_success(struct holdoff *h)
{
	h->failures = 0;
}

mono_t holdoff_end(const struct holdoff *h)
{
	return mono_max(h->quiet_until, h->paused_until);
}

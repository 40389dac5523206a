/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/ipsec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "kern/rt/xfrm.h"

LOG_TAG("ipsec");

COUNTER(ipsec_questions, "times that IPsec policies were counted");

/* Messages per wake-up. */
#define BUDGET	 256
#define RETRY_MS 5000

struct ipsec {
	struct dispatch *dispatch;
	struct xfrm *xfrm;
	struct loop_fd *fd;
	struct loop_timer *retry;
	bool applies; /* what the engine was last told */
	bool failed;  /* the last query failed */
};

static void tell(struct ipsec *s, bool applies)
{
	struct event ev = { .type = EVENT_IPSEC, .ipsec = applies };

	if (s->applies == applies)
		return;
	s->applies = applies;
	if (!s->failed && applies)
		log_notice("IPsec policies exist; nothing is offloaded until they are removed");
	else if (!applies)
		log_notice("no IPsec policies exist any more; connections are offloaded again");
	dispatch_feed(s->dispatch, &ev);
}

static void ask(struct ipsec *s)
{
	bool applies = true;
	int err = xfrm_ask(s->xfrm, &applies);

	counter_inc(&ipsec_questions);
	if (err && !s->failed)
		log_warning("cannot count IPsec policies; nothing is offloaded until this works: "
			    "%s", strerror(-err));
	s->failed = err;
	if (err)
		loop_timer_set(s->retry, RETRY_MS, 0);
	tell(s, applies);
}

static void on_retry(void *ctx)
{
	ask(ctx);
}

static void on_change(void *ctx, int fd, unsigned int events)
{
	struct ipsec *s = ctx;
	int n = xfrm_read(s->xfrm, BUDGET);

	(void)fd;
	(void)events;
	if (n < 0 && n != -ENOBUFS)
		log_warning("cannot read changes to IPsec policies: %s", strerror(-n));
	ask(s);
}

static int start(struct ipsec *s, struct loop *loop)
{
	int err = xfrm_open(&s->xfrm);

	if (err == -EPROTONOSUPPORT) {
		log_debug("this kernel has no IPsec");
		return 0;
	}
	if (err)
		return err;
	s->fd = loop_fd_add(loop, xfrm_fd(s->xfrm), LOOP_READ, "IPsec events", on_change, s);
	s->retry = loop_timer_add(loop, "IPsec retry", on_retry, s);
	if (!s->fd || !s->retry)
		return -ENOMEM;
	ask(s);
	return 0;
}

int ipsec_new(struct loop *loop, struct dispatch *dispatch, struct ipsec **ret)
{
	struct ipsec *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->dispatch = dispatch;
	err = start(s, loop);
	if (err) {
		log_error("cannot watch IPsec policies: %s%s", strerror(-err),
			  err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
		ipsec_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void ipsec_free(struct ipsec *s)
{
	if (!s)
		return;
	loop_timer_del(s->retry);
	loop_fd_del(s->fd);
	xfrm_close(s->xfrm);
	free(s);
}

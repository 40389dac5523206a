/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/portlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "kern/ruleset/nftflowtable.h"

LOG_TAG("portlist");

COUNTER(device_lists, "times that the flowtable that names the devices changed");

/* At least this long between two readings. */
#define PAUSE_MS 100
/* Delay before a reading that failed is repeated. */
#define RETRY_MS 2000

struct portlist {
	struct dispatch *dispatch;
	struct nftflowtable *flowtables;
	struct loop_fd *fd[NFTFLOWTABLE_WATCHES];
	struct loop_timer *timer; /* runs until the flowtable may be read again */
	const struct flowtable_ref *ref; /* part of the engine's settings */
	struct flowtable known;
	bool has_looked, failed;
	bool is_stale; /* it may have changed since it was read */
};

static void log_list(const struct portlist *f)
{
	const struct flowtable *t = &f->known;
	STRBUF_ON_STACK(sb, 1024);

	for (unsigned int i = 0; i < t->n_devices; i++)
		strbuf_printf(&sb, "%s%s", i ? ", " : "", t->device[i]);
	log_notice("flowtable %s %s %s: %s%s", nftflowtable_family_name(f->ref->family),
		   f->ref->table, f->ref->name,
		   !t->is_there	 ? "does not exist, so no device is used" :
		   t->n_devices	 ? strbuf_str(&sb) :
				   "has no devices",
		   t->has_more ? ", and more that are not used" : "");
}

static void tell(struct portlist *f, const struct flowtable *t)
{
	struct event ev = { .type = EVENT_DEVICES };

	if (f->has_looked && flowtable_is_equal(t, &f->known))
		return;
	counter_inc(&device_lists);
	f->known = *t;
	f->has_looked = true;
	log_list(f);
	ev.devices.n = t->n_devices;
	ev.devices.name = t->device;
	dispatch_feed(f->dispatch, &ev);
}

/* If the flowtable cannot be read, the last known devices stay in force. */
static void look(struct portlist *f)
{
	struct flowtable t;
	struct nlerr why;
	int err = nftflowtable_look(f->flowtables, f->ref, &t, &why);

	f->is_stale = err;
	if (err && !f->failed)
		log_warning("cannot read flowtable %s; keeping its last known devices: %s (%s)",
			    f->ref->name, why.extack, strerror(-err));
	f->failed = err;
	if (!err)
		tell(f, &t);
	loop_timer_set(f->timer, err ? RETRY_MS : PAUSE_MS, 0);
}

static void on_timer(void *ctx)
{
	struct portlist *f = ctx;

	if (f->is_stale)
		look(f);
}

static void on_watch(void *ctx, int fd, unsigned int events)
{
	struct portlist *f = ctx;

	(void)events;
	for (unsigned int i = 0; i < NFTFLOWTABLE_WATCHES; i++) {
		if (nftflowtable_watch_fd(f->flowtables, i) == fd)
			nftflowtable_watch_read(f->flowtables, i);
	}
	f->is_stale = true;
	if (!loop_timer_is_active(f->timer))
		look(f);
}

static int start_watching(struct portlist *f, struct loop *loop)
{
	int err = nftflowtable_open(&f->flowtables);

	if (err)
		return err;
	f->timer = loop_timer_add(loop, "devices of a flowtable", on_timer, f);
	if (!f->timer)
		return -ENOMEM;
	for (unsigned int i = 0; i < NFTFLOWTABLE_WATCHES; i++) {
		f->fd[i] = loop_fd_add(loop, nftflowtable_watch_fd(f->flowtables, i), LOOP_READ,
				       "changes of a flowtable", on_watch, f);
		if (!f->fd[i])
			return -ENOMEM;
	}
	return 0;
}

int portlist_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
		  struct portlist **ret)
{
	const struct flowtable_ref *ref = &engine_settings(engine)->devices_from;
	struct portlist *f;
	int err;

	*ret = NULL;
	if (!ref->family)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->dispatch = dispatch;
	f->ref = ref;
	err = start_watching(f, loop);
	if (err) {
		log_error("cannot watch the flowtable that names the devices: %s", strerror(-err));
		portlist_free(f);
		return err;
	}
	look(f);
	*ret = f;
	return 0;
}

void portlist_free(struct portlist *f)
{
	if (!f)
		return;
	for (unsigned int i = 0; i < NFTFLOWTABLE_WATCHES; i++)
		loop_fd_del(f->fd[i]);
	loop_timer_del(f->timer);
	nftflowtable_close(f->flowtables);
	free(f);
}

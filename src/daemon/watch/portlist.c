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

#define LOOK_MS 2000

struct portlist {
	struct dispatch *dispatch;
	struct nftflowtable *flowtables;
	struct loop_timer *timer;
	const struct flowtable_ref *ref; /* part of the engine's settings */
	struct flowtable known;
	bool has_looked, failed;
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
void portlist_look(struct portlist *f)
{
	struct flowtable t;
	struct nlerr why;
	int err;

	if (!f)
		return;
	err = nftflowtable_look(f->flowtables, f->ref, &t, &why);
	if (err && !f->failed)
		log_warning("cannot read flowtable %s; keeping its last known devices: %s (%s)",
			    f->ref->name, why.extack, strerror(-err));
	f->failed = err;
	if (!err)
		tell(f, &t);
}

static void on_timer(void *ctx)
{
	portlist_look(ctx);
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
	err = nftflowtable_open(&f->flowtables);
	if (!err)
		f->timer = loop_timer_add(loop, "devices of a flowtable", on_timer, f);
	if (!err && !f->timer)
		err = -ENOMEM;
	if (err) {
		log_error("cannot watch the flowtable that names the devices: %s", strerror(-err));
		portlist_free(f);
		return err;
	}
	loop_timer_set(f->timer, LOOK_MS, LOOK_MS);
	portlist_look(f);
	*ret = f;
	return 0;
}

void portlist_free(struct portlist *f)
{
	if (!f)
		return;
	loop_timer_del(f->timer);
	nftflowtable_close(f->flowtables);
	free(f);
}

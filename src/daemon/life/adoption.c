/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/life/adoption.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "core/path/plan.h"
#include "daemon/work/portwork.h"
#include "daemon/work/request.h"
#include "kern/tc/flower.h"
#include "kern/rt/links.h"
#include "nl/nlsock.h"

LOG_TAG("adoption");

struct device {
	uint32_t ifindex;
	char name[LINK_NAME_SIZE];
};

struct adoption {
	struct engine *engine;
	mono_t now;
	struct nlsock sock;
	struct device *device;
	size_t n_devices, devices_size;
	struct rule_where *orphan; /* rules of ours that belong to no flow */
	size_t n_orphans, orphans_size;
	unsigned int n_taken;
	int err; /* 0 or -ENOMEM */
};

/* Makes room for one more element. */
static int grow(void **array, size_t n, size_t *size, size_t element)
{
	void *bigger;

	if (n < *size)
		return 0;
	bigger = realloc(*array, (*size ? 2 * *size : 64) * element);
	if (!bigger)
		return -ENOMEM;
	*size = *size ? 2 * *size : 64;
	*array = bigger;
	return 0;
}

/* The dump may show a device twice if it changes meanwhile. */
static void on_link(const struct link *link, void *ctx)
{
	struct adoption *a = ctx;

	for (size_t i = 0; i < a->n_devices; i++) {
		if (a->device[i].ifindex == link->ifindex)
			return;
	}
	if (grow((void **)&a->device, a->n_devices, &a->devices_size, sizeof(*a->device))) {
		a->err = -ENOMEM;
		return;
	}
	a->device[a->n_devices].ifindex = link->ifindex;
	memcpy(a->device[a->n_devices++].name, link->name, LINK_NAME_SIZE);
}

static bool has_barrier(struct adoption *a, const struct device *device)
{
	const struct link_rec port = { .link.ifindex = device->ifindex };
	struct order_barrier order;
	struct rule rule;

	plan_barriers(engine_settings(a->engine), &port, 0, &order);
	for (unsigned int i = 0; i < SLOT_BARRIER__COUNT; i++) {
		plan_barrier(&order, i, &rule);
		if (portwork_has(&a->sock, &rule))
			return true;
	}
	return false;
}

static void add_orphan(struct adoption *a, const struct rule_where *where)
{
	if (grow((void **)&a->orphan, a->n_orphans, &a->orphans_size, sizeof(*a->orphan)))
		a->err = -ENOMEM;
	else
		a->orphan[a->n_orphans++] = *where;
}

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct adoption *a = ctx;
	struct engine_leftover left;
	struct flower_info info;

	if (flower_get(nlh, &info) || !info.is_ours || info.cookie.kind == RULE_GUARD)
		return;
	left = (struct engine_leftover){ .rule = &info.rule,
					 .stats = info.stats,
					 .in_hw = info.is_in_hw,
					 .has_age = info.has_age,
					 .age_ds = info.age_ds };
	if (info.has_rule && engine_adopt(a->engine, &left, a->now))
		a->n_taken++;
	else
		add_orphan(a, &info.where);
}

static int read_device(struct adoption *a, const struct device *device)
{
	struct request r;
	int err = flower_put_dump(request_begin(&r), device->ifindex, 0, FAMILY_NONE, false);

	if (!err)
		err = nlsock_query(&a->sock, nlput_msg(&r.w), REQUEST_TIMEOUT_MS, on_rule, a, NULL);
	/* A device that is gone or has no clsact has no rules (tc_dump_tfilter). */
	return err == -ENODEV || err == -EINVAL ? a->err : err ? err : a->err;
}

/* If the engine has adopted some of these rules, the samples show it that they are gone. */
static int sweep_device(struct adoption *a, const struct device *device)
{
	unsigned int n_rules;
	bool made_clsact;
	int err = portwork_sweep(&a->sock, device->ifindex, NULL, &made_clsact, &n_rules);

	if (err)
		log_error("%s: cannot remove rules of an earlier run: %s; stop the daemon and use "
			  "\"nft-offload cleanup\"", device->name, strerror(-err));
	return err;
}

static int adopt_all(struct adoption *a)
{
	unsigned int n_gone = 0;
	int result = 0;

	for (size_t i = 0; i < a->n_devices; i++) {
		int err = read_device(a, &a->device[i]);

		if (!err)
			continue;
		log_warning("%s: cannot read rules of an earlier run; removing them: %s",
			    a->device[i].name, strerror(-err));
		a->err = 0;
		err = sweep_device(a, &a->device[i]);
		result = result ? result : err;
	}
	if (a->n_orphans) {
		int err = portwork_remove(&a->sock, a->orphan, (unsigned int)a->n_orphans, &n_gone);

		result = result ? result : err;
		log_notice("removed %u rules of an earlier run that belong to no flow", n_gone);
	}
	if (a->n_taken)
		log_notice("found %u rules of an earlier run; checking them", a->n_taken);
	return result;
}

static int sweep_all(struct adoption *a)
{
	int result = 0;

	log_notice("the earlier run ended while it was removing rules; removing all that are left");
	for (size_t i = 0; i < a->n_devices; i++) {
		int err = sweep_device(a, &a->device[i]);

		result = result ? result : err;
	}
	return result;
}

int adoption_run(struct engine *engine, mono_t now)
{
	struct adoption a = { .engine = engine, .now = now };
	bool is_barred = false;
	int err = nlsock_open(&a.sock, NETLINK_ROUTE, 0);

	if (!err)
		err = links_dump(on_link, &a);
	if (!err)
		err = a.err;
	if (err)
		log_error("cannot read rules of an earlier run: %s", strerror(-err));
	for (size_t i = 0; !err && i < a.n_devices; i++)
		is_barred |= has_barrier(&a, &a.device[i]);
	if (!err)
		err = is_barred ? sweep_all(&a) : adopt_all(&a);
	engine_adopt_end(engine, now);
	nlsock_close(&a.sock);
	free(a.device);
	free(a.orphan);
	return err;
}

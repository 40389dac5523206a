/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fakert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/hw/devlink.h"
#include "kern/hw/hwinfo.h"
#include "kern/rt/bridges.h"
#include "kern/rt/links.h"
#include "kern/rt/mtu6.h"
#include "kern/rt/neighs.h"
#include "kern/rt/netconf.h"
#include "kern/rt/rtwatch.h"
#include "kern/rt/rules.h"

#define MAX_READS 4096

struct rtwatch {
	struct rtwatch_callbacks cb;
	int fd; /* readable while results are queued */
};

struct hwinfo {
	int unused;
};

struct devlink {
	int unused;
};

struct fakert fakert;

static struct fakert_read reads[MAX_READS];
static unsigned int first_read, n_reads;
static struct rtwatch *watch;

void fakert_start(void)
{
	memset(&fakert, 0, sizeof(fakert));
	fakert.forwards_ip6 = true;
	first_read = n_reads = 0;
}

static void show(void)
{
	uint64_t one = 1, count;

	if (!watch)
		return;
	IGNORE_RESULT(read(watch->fd, &count, sizeof(count)));
	if (first_read < n_reads)
		IGNORE_RESULT(write(watch->fd, &one, sizeof(one)));
}

void fakert_say(const struct fakert_read *read)
{
	if (n_reads == MAX_READS)
		abort();
	reads[n_reads++] = *read;
	show();
}

unsigned int fakert_unread(void)
{
	return n_reads - first_read;
}

/* -- rtwatch -------------------------------------------------------------- */

int rtwatch_open(struct rtwatch **ret, int rcvbuf_bytes, const struct rtwatch_callbacks *callbacks)
{
	if (fakert.open_err)
		return fakert.open_err;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		abort();
	watch->cb = *callbacks;
	watch->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fakert.rcvbuf_bytes = rcvbuf_bytes;
	fakert.n_open++;
	*ret = watch;
	show();
	return 0;
}

void rtwatch_close(struct rtwatch *w)
{
	if (!w)
		return;
	fakert.n_open--;
	close(w->fd);
	free(w);
	watch = NULL;
}

int rtwatch_fd(const struct rtwatch *w)
{
	return w->fd;
}

static void deliver(const struct rtwatch_callbacks *cb, const struct fakert_read *r)
{
	switch (r->what) {
	case FAKERT_NOTHING: break;
	case FAKERT_LINK: cb->link(&r->link, cb->ctx); break;
	case FAKERT_LINK_GONE: cb->link_gone(r->link.ifindex, cb->ctx); break;
	case FAKERT_MTU6: cb->mtu6(r->link.ifindex, r->mtu6, cb->ctx); break;
	case FAKERT_NEIGH: cb->neigh(&r->neigh, cb->ctx); break;
	case FAKERT_NEIGH_GONE: cb->neigh_gone(&r->neigh, cb->ctx); break;
	case FAKERT_BRIDGES: cb->bridges(cb->ctx); break;
	case FAKERT_STATION: cb->station(&r->station, cb->ctx); break;
	case FAKERT_FORWARDING: cb->forwards_ip6(r->forwards_ip6, cb->ctx); break;
	case FAKERT_ROUTES: cb->routes(&r->routes, cb->ctx); break;
	}
}

int rtwatch_read(struct rtwatch *w, unsigned int budget UNUSED)
{
	const struct fakert_read *r;

	fakert.n_reads++;
	if (fakert.reads_forever)
		return -ENOBUFS;
	if (first_read == n_reads)
		return 0;
	r = &reads[first_read++];
	show();
	deliver(&w->cb, r);
	return r->ret;
}

int rtwatch_grow(struct rtwatch *w UNUSED, int limit_bytes)
{
	fakert.n_grown++;
	fakert.rcvbuf_bytes = MIN(2 * fakert.rcvbuf_bytes, limit_bytes);
	return fakert.rcvbuf_bytes;
}

/* -- dumps ---------------------------------------------------------------- */

int links_dump(links_fn fn, void *ctx)
{
	fakert.n_link_dumps++;
	for (unsigned int i = 0; i < fakert.n_links; i++)
		fn(&fakert.link[i], ctx);
	return fakert.links_err;
}

int mtu6_dump(mtu6_fn fn, void *ctx)
{
	fakert.n_mtu6_dumps++;
	for (unsigned int i = 0; i < fakert.n_links && fakert.mtu6; i++)
		fn(fakert.link[i].ifindex, fakert.mtu6, ctx);
	return fakert.mtu6_err;
}

int neighs_dump(neighs_fn fn, void *ctx)
{
	fakert.n_neigh_dumps++;
	for (unsigned int i = 0; i < fakert.n_neighs; i++)
		fn(&fakert.neigh[i], ctx);
	return fakert.neighs_err;
}

int bridges_dump(bridges_port_fn fn, void *ctx)
{
	fakert.n_bridge_dumps++;
	for (unsigned int i = 0; i < fakert.n_bridge_ports; i++)
		fn(&fakert.bridge_port[i], ctx);
	return fakert.bridges_err;
}

int bridges_dump_stations(bridges_station_fn fn, void *ctx)
{
	fakert.n_station_dumps++;
	for (unsigned int i = 0; i < fakert.n_stations; i++)
		fn(&fakert.station[i], ctx);
	return fakert.stations_err;
}

int netconf_ask_ip6(bool *ret_is_forwarding)
{
	fakert.n_forwarding++;
	if (!fakert.forwarding_err)
		*ret_is_forwarding = fakert.forwards_ip6;
	return fakert.forwarding_err;
}

int rules_ask(bool *ret)
{
	fakert.n_rules++;
	if (!fakert.rules_err)
		*ret = fakert.rules_need_packet;
	return fakert.rules_err;
}

/* -- hardware ------------------------------------------------------------- */

int hwinfo_open(struct hwinfo **ret)
{
	if (fakert.hw_open_err)
		return fakert.hw_open_err;
	*ret = calloc(1, sizeof(**ret));
	fakert.n_open++;
	return *ret ? 0 : -ENOMEM;
}

void hwinfo_close(struct hwinfo *h)
{
	fakert.n_open -= h != NULL;
	free(h);
}

int hwinfo_read(struct hwinfo *h UNUSED, const char *name, struct link_hw *hw)
{
	fakert.n_hw++;
	if (fakert.hw_err)
		return fakert.hw_err;
	strcpy(hw->driver, "fake");
	strcpy(hw->bus, name[0] == 'p' ? "0000:03:00.0" : "");
	hw->tc = LINK_TC_ON;
	return 0;
}

int devlink_open(struct devlink **ret)
{
	if (fakert.devlink_open_err)
		return fakert.devlink_open_err;
	*ret = calloc(1, sizeof(**ret));
	fakert.n_open++;
	return *ret ? 0 : -ENOMEM;
}

void devlink_close(struct devlink *d)
{
	fakert.n_open -= d != NULL;
	free(d);
}

bool devlink_is_pci_name(const char *bus)
{
	return bus[0] != '\0';
}

int devlink_read_eswitch(struct devlink *d UNUSED, const char *bus UNUSED, enum link_eswitch *ret)
{
	fakert.n_eswitch++;
	if (!fakert.eswitch_err)
		*ret = fakert.eswitch;
	return fakert.eswitch_err;
}

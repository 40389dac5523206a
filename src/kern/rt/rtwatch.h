/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtwatch - the event socket of the route bus: links, neighbours, whether IPv6
 * is forwarded, and which routes changed.
 *
 * Subscribe with rtwatch_open() first, then ask (links_dump, neighs_dump,
 * netconf_ask_ip6): that way nothing is missed between the two. After -ENOBUFS
 * the same questions repair.
 */
#pragma once

#include "base/compiler.h"
#include "model/link.h"

struct rtwatch;

struct rtwatch_callbacks {
	void (*link)(const struct link *link, void *ctx);
	void (*link_gone)(uint32_t ifindex, void *ctx);
	void (*neigh)(const struct neigh *neigh, void *ctx);
	/* Its is_valid is false. */
	void (*neigh_gone)(const struct neigh *neigh, void *ctx);
	void (*forwards_ip6)(bool forwards, void *ctx);
	/* By a route, rule, address, next hop or setting of a device. */
	void (*routes)(const struct route_change *change, void *ctx);
	void *ctx;
};

/* A non-blocking socket with a receive buffer of rcvbuf_bytes. Callbacks are copied. 0 or -errno. */
MUST_CHECK int rtwatch_open(struct rtwatch **ret, int rcvbuf_bytes,
			    const struct rtwatch_callbacks *callbacks);
void rtwatch_close(struct rtwatch *w);
int rtwatch_fd(const struct rtwatch *w);

/*
 * Reads about budget messages and reports what they say. Number of messages; 0
 * when nothing was there; -ENOBUFS when events are lost; another -errno. A
 * message that libnl-route does not understand counts as lost.
 */
MUST_CHECK int rtwatch_read(struct rtwatch *w, unsigned int budget);

/* Doubles the receive buffer up to limit_bytes; its size in bytes or -errno. */
MUST_CHECK int rtwatch_grow(struct rtwatch *w, int limit_bytes);

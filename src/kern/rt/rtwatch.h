/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtwatch - receives rtnetlink events: changes of links, bridges, neighbours, IPv6
 * forwarding and routes.
 *
 * The caller subscribes with rtwatch_open() first and then reads the current state
 * (links_dump, bridges_dump, neighs_dump, netconf_ask_ip6), so no change is missed between the
 * two. After -ENOBUFS it reads the state again.
 */
#pragma once

#include "base/compiler.h"
#include "model/bridge.h"
#include "model/link.h"

struct rtwatch;

struct rtwatch_callbacks {
	void (*link)(const struct link *link, void *ctx);
	void (*link_gone)(uint32_t ifindex, void *ctx);
	/* See kern/rt/mtu6.h. */
	void (*mtu6)(uint32_t ifindex, uint32_t mtu, void *ctx);
	void (*neigh)(const struct neigh *neigh, void *ctx);
	/* neigh->is_valid is false. */
	void (*neigh_gone)(const struct neigh *neigh, void *ctx);
	/* A bridge or a port of one has changed; bridges_dump() says how. */
	void (*bridges)(void *ctx);
	void (*station)(const struct station *station, void *ctx);
	void (*forwards_ip6)(bool forwards, void *ctx);
	/* A route, rule, address, next hop or setting of a device changed. */
	void (*routes)(const struct route_change *change, void *ctx);
	void *ctx;
};

/* Opens a non-blocking socket with a receive buffer of rcvbuf_bytes. Copies callbacks. 0 or
 * -errno. */
MUST_CHECK int rtwatch_open(struct rtwatch **ret, int rcvbuf_bytes,
			    const struct rtwatch_callbacks *callbacks);
void rtwatch_close(struct rtwatch *w);
int rtwatch_fd(const struct rtwatch *w);

/*
 * Reads about budget messages and calls the callbacks. Returns the number of
 * messages; 0 when there were none; -ENOBUFS when events were lost; or another
 * -errno. A message that cannot be decoded counts as lost.
 */
MUST_CHECK int rtwatch_read(struct rtwatch *w, unsigned int budget);

/* Doubles the receive buffer, up to limit_bytes. Returns its size in bytes or -errno. */
MUST_CHECK int rtwatch_grow(struct rtwatch *w, int limit_bytes);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/neighs.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/neighbour.h>
#include <string.h>

#include "kern/rtobj.h"

/* The kernel's NUD_VALID, which no header for us has: it would send to the
 * address now, although it may look for a better one at the same time. */
#define STATES_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

static enum family get_family(uint8_t af)
{
	return af == AF_INET ? FAMILY_IP4 : af == AF_INET6 ? FAMILY_IP6 : FAMILY_NONE;
}

static bool is_neighbour(const struct nlmsghdr *nlh)
{
	struct ndmsg header;

	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return false;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(header))
		return false;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	return get_family(header.ndm_family) != FAMILY_NONE && !(header.ndm_flags & NTF_PROXY);
}

/* False when there is no address of that length. */
static bool get_bytes(const struct nl_addr *addr, void *dst, size_t len)
{
	if (!addr || nl_addr_get_len(addr) != len)
		return false;
	memcpy(dst, nl_addr_get_binary_addr(addr), len);
	return true;
}

static bool make_neigh(struct rtnl_neigh *object, bool is_gone, struct neigh *ret)
{
	enum family family = get_family((uint8_t)rtnl_neigh_get_family(object));
	bool has_mac;

	*ret = (struct neigh){
		.ifindex = (uint32_t)rtnl_neigh_get_ifindex(object),
		.family = (uint8_t)family,
	};
	has_mac = get_bytes(rtnl_neigh_get_lladdr(object), ret->mac.b, sizeof(ret->mac.b));
	ret->is_valid = has_mac && !is_gone && (rtnl_neigh_get_state(object) & STATES_VALID);
	return get_bytes(rtnl_neigh_get_dst(object), ret->addr.b, addr_len(family));
}

int neighs_get(const struct nlmsghdr *nlh, struct neigh *ret)
{
	struct nl_object *object;
	struct neigh neigh;
	bool is_good;
	int err;

	if (!is_neighbour(nlh))
		return -ENOMSG;
	err = rtobj_get(nlh, &object);
	if (err)
		return err;
	is_good = make_neigh((struct rtnl_neigh *)object, nlh->nlmsg_type == RTM_DELNEIGH, &neigh);
	nl_object_put(object);
	if (!is_good)
		return -EBADMSG;
	*ret = neigh;
	return 0;
}

struct dump {
	neighs_fn fn;
	void *ctx;
	int err;
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct dump *dump = ctx;
	struct neigh neigh;
	int err = neighs_get(nlh, &neigh);

	if (err == 0)
		dump->fn(&neigh, dump->ctx);
	else if (err == -ENOMEM)
		dump->err = err;
}

int neighs_dump(neighs_fn fn, void *ctx)
{
	const struct ndmsg all = { .ndm_family = AF_UNSPEC };
	struct dump dump = { .fn = fn, .ctx = ctx };
	int err = rtobj_dump(RTM_GETNEIGH, &all, sizeof(all), on_message, &dump);

	return err ? err : dump.err;
}

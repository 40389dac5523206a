/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/neighs.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/neighbour.h>
#include <string.h>

#include "kern/rt/rtobj.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 1000
/* Since Linux 5.16; the headers of older build systems do not have them. */
#define FLAGS_EXT_ATTR	15 /* NDA_FLAGS_EXT */
#define FLAG_MANAGED	1u /* NTF_EXT_MANAGED */

/* The kernel's NUD_VALID, which is not in the uapi headers: the states in which the
 * kernel sends to the address, even if it is verifying it at the same time. */
#define STATES_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

static bool is_neighbour(const struct nlmsghdr *nlh)
{
	struct ndmsg header;

	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return false;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(header))
		return false;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	return family_from_af(header.ndm_family) != FAMILY_NONE && !(header.ndm_flags & NTF_PROXY);
}

/* False when addr is NULL or has another length. */
static bool get_bytes(const struct nl_addr *addr, void *dst, size_t len)
{
	if (!addr || nl_addr_get_len(addr) != len)
		return false;
	memcpy(dst, nl_addr_get_binary_addr(addr), len);
	return true;
}

/* Reads attributes that libnl-route does not know. */
static enum neigh_care get_care(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct ndmsg));
	uint8_t protocol = RTPROT_UNSPEC;
	const struct nlattr *attr;
	struct ndmsg header;
	uint32_t flags = 0;

	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NDA_PROTOCOL)
			protocol = nlget_u8(&g, attr);
		else if (nlget_type(attr) == FLAGS_EXT_ATTR)
			flags = nlget_u32(&g, attr);
	}
	if ((header.ndm_state & (NUD_PERMANENT | NUD_NOARP)) || (header.ndm_flags & NTF_EXT_LEARNED))
		return NEIGH_OTHERS;
	if (protocol == NEIGHS_PROTOCOL)
		return flags & FLAG_MANAGED ? NEIGH_OURS : NEIGH_AGES;
	/* neighs_keep() sets RTPROT_KERNEL on release, because neigh_add() cannot reset it to 0. */
	return (flags & FLAG_MANAGED) || (protocol != RTPROT_UNSPEC && protocol != RTPROT_KERNEL) ?
		       NEIGH_OTHERS :
		       NEIGH_AGES;
}

static bool make_neigh(struct rtnl_neigh *object, bool is_gone, struct neigh *ret)
{
	enum family family = family_from_af(rtnl_neigh_get_family(object));
	bool has_mac;

	*ret = (struct neigh){
		.ifindex = (uint32_t)rtnl_neigh_get_ifindex(object),
		.family = (uint8_t)family,
	};
	has_mac = get_bytes(rtnl_neigh_get_lladdr(object), ret->mac.b, sizeof(ret->mac.b));
	ret->is_valid = has_mac && !is_gone && (rtnl_neigh_get_state(object) & STATES_VALID);
	ret->is_stale = ret->is_valid && (rtnl_neigh_get_state(object) & NUD_STALE);
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
	neigh.care = (uint8_t)(nlh->nlmsg_type == RTM_DELNEIGH ? NEIGH_AGES : get_care(nlh));
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

/* -- keeping -------------------------------------------------------------- */

static void begin(struct nlput *w, uint16_t type, const struct neigh *n, uint8_t flags)
{
	struct ndmsg header = {
		.ndm_family = (uint8_t)family_to_af((enum family)n->family),
		.ndm_ifindex = (int)n->ifindex,
		.ndm_flags = flags,
	};

	nlput_begin(w, type, 0);
	nlput_header(w, &header, sizeof(header));
	nlput_bytes(w, NDA_DST, n->addr.b, addr_len((enum family)n->family));
}

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct neigh *now = ctx, got;

	if (neighs_get(nlh, &got) == 0)
		*now = got;
}

/* Reads the current state of a neighbour. */
static int ask(struct nlsock *sock, const struct neigh *n, struct neigh *ret)
{
	_Alignas(4) unsigned char buf[128];
	struct nlput w;
	int err;

	*ret = (struct neigh){ .ifindex = 0 };
	nlput_init(&w, buf, sizeof(buf), 0);
	begin(&w, RTM_GETNEIGH, n, 0);
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_answer, ret, NULL);
	return err ? err : ret->ifindex ? 0 : -ENOENT;
}

/*
 * With NTF_USE the kernel takes neither address nor state from the request (__neigh_update). It
 * only treats the entry as used, and probes it if it is stale. A kernel without NTF_EXT_MANAGED
 * does nothing else. The flags of the request replace those of the entry (neigh_update_flags),
 * and a permanent entry would not stay permanent, so entries of others are left alone.
 */
int neighs_keep(struct nlsock *sock, const struct neigh *neigh, bool keep)
{
	_Alignas(4) unsigned char buf[128];
	struct neigh now;
	struct nlput w;
	int err = ask(sock, neigh, &now);

	if (err)
		return err;
	if (now.care == NEIGH_OTHERS || (!keep && now.care != NEIGH_OURS))
		return -EBUSY;
	nlput_init(&w, buf, sizeof(buf), 0);
	begin(&w, RTM_NEWNEIGH, neigh, NTF_USE);
	nlput_u8(&w, NDA_PROTOCOL, keep ? NEIGHS_PROTOCOL : RTPROT_KERNEL);
	nlput_u32(&w, FLAGS_EXT_ATTR, keep ? FLAG_MANAGED : 0);
	err = nlput_end(&w);
	return err ? err : nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, NULL, NULL, NULL);
}

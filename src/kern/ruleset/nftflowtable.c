/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftflowtable.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftmsg.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000
#define WATCH_BUDGET 512
/* More reads than it takes to empty a receive buffer. */
#define WATCH_READS 64
#define MSG_BYTES (64 + 2 * FLOWTABLE_NAME_SIZE)

/* Not in linux/netfilter/nf_tables.h before Linux 5.7. */
#define FLAG_OFFLOAD 1u /* NFT_FLOWTABLE_HW_OFFLOAD */
#define FLAG_COUNTER 2u /* NFT_FLOWTABLE_COUNTER */

struct nftflowtable {
	struct nlsock sock;
	struct nlsock watch[NFTFLOWTABLE_WATCHES];
};

static int open_watches(struct nftflowtable *f)
{
	static const struct {
		int bus;
		unsigned int group;
	} watches[NFTFLOWTABLE_WATCHES] = {
		{ NETLINK_NETFILTER, NFNLGRP_NFTABLES },
		{ NETLINK_ROUTE, RTNLGRP_LINK },
	};
	int err = 0;

	for (unsigned int i = 0; !err && i < NFTFLOWTABLE_WATCHES; i++) {
		err = nlsock_open(&f->watch[i], watches[i].bus, 0);
		if (!err)
			err = nlsock_join(&f->watch[i], watches[i].group);
	}
	return err;
}

int nftflowtable_open(struct nftflowtable **ret)
{
	struct nftflowtable *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	err = nlsock_open(&f->sock, NETLINK_NETFILTER, 0);
	if (!err)
		err = open_watches(f);
	if (err)
		nftflowtable_close(f);
	else
		*ret = f;
	return err;
}

void nftflowtable_close(struct nftflowtable *f)
{
	if (!f)
		return;
	for (unsigned int i = 0; i < NFTFLOWTABLE_WATCHES; i++)
		nlsock_close(&f->watch[i]);
	nlsock_close(&f->sock);
	free(f);
}

int nftflowtable_watch_fd(const struct nftflowtable *f, unsigned int which)
{
	return nlsock_fd(&f->watch[which]);
}

static void ignore(const struct nlmsghdr *nlh, void *ctx)
{
	(void)nlh;
	(void)ctx;
}

void nftflowtable_watch_read(struct nftflowtable *f, unsigned int which)
{
	/* What the messages say does not matter, nor whether some were lost. */
	for (unsigned int i = 0; i < WATCH_READS; i++) {
		int n = nlsock_recv_many(&f->watch[which], WATCH_BUDGET, ignore, NULL);

		if (n >= 0 && n < WATCH_BUDGET)
			return;
	}
}

/* -- decoding ------------------------------------------------------------- */

static void get_device(struct nlget *g, const struct nlattr *attr, struct flowtable *f)
{
	size_t len = nlget_len(attr);
	char *name = f->device[f->n_devices];

	if (f->n_devices == FLOWTABLE_MAX_DEVICES) {
		f->has_more = true;
		return;
	}
	if (len < 2 || len > LINK_NAME_SIZE) {
		g->is_malformed = true;
		return;
	}
	memcpy(name, nlget_data(attr), len);
	name[LINK_NAME_SIZE - 1] = '\0';
	f->n_devices++;
}

static void get_hook(struct nlget *outer, const struct nlattr *hook, struct flowtable *f)
{
	struct nlget g = nlget_enter(hook), list;
	const struct nlattr *attr, *device;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		list = nlget_enter(attr);
		while ((device = nlget_next(&list))) {
			if (nlget_type(device) == NFTA_DEVICE_NAME)
				get_device(&list, device, f);
		}
		nlget_leave(&g, &list);
	}
	nlget_leave(outer, &g);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Sorts the devices: the kernel returns them in the order of the request that made them. */
int nftflowtable_get(const struct nlmsghdr *nlh, struct flowtable *ret)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct flowtable f = { .is_there = true };
	const struct nlattr *attr;
	uint32_t flags = 0;

	if (!nftmsg_is(nlh, NFT_MSG_NEWFLOWTABLE))
		return -ENOMSG;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_FLOWTABLE_HOOK)
			get_hook(&g, attr, &f);
		else if (nlget_type(attr) == NFTA_FLOWTABLE_FLAGS)
			flags = nlget_be32(&g, attr);
	}
	if (g.is_malformed)
		return -EBADMSG;
	qsort(f.device, f.n_devices, sizeof(f.device[0]), compare_names);
	f.is_hardware = flags & FLAG_OFFLOAD;
	f.with_counter = flags & FLAG_COUNTER;
	*ret = f;
	return 0;
}

/* -- requests ------------------------------------------------------------- */

struct answer {
	struct flowtable flowtable;
	int err; /* from decoding */
};

static void on_answer(const struct nlmsghdr *nlh, void *ctx)
{
	struct answer *a = ctx;
	int err = nftflowtable_get(nlh, &a->flowtable);

	if (err == -EBADMSG)
		a->err = err;
}

static int put_question(struct nlput *w, const struct flowtable_ref *ref)
{
	nftmsg_begin(w, NFT_MSG_GETFLOWTABLE, 0, ref->family);
	nlput_str(w, NFTA_FLOWTABLE_TABLE, ref->table);
	nlput_str(w, NFTA_FLOWTABLE_NAME, ref->name);
	return nlput_end(w);
}

int nftflowtable_look(struct nftflowtable *f, const struct flowtable_ref *ref, struct flowtable *ret,
		    struct nlerr *ret_err)
{
	_Alignas(4) unsigned char buf[MSG_BYTES];
	struct answer a = { .err = 0 };
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	err = put_question(&w, ref);
	if (err)
		*ret_err = nlerr_make(err);
	else
		err = nlsock_query(&f->sock, nlput_msg(&w), TIMEOUT_MS, on_answer, &a, ret_err);
	/* -EINVAL: the kernel has no nf_tables (nfnetlink_rcv_msg). */
	if (err == -ENOENT || err == -EINVAL) {
		*ret = (struct flowtable){ .is_there = false };
		return 0;
	}
	if (!err && a.err) {
		err = a.err;
		*ret_err = nlerr_make(err);
	}
	if (err && !ret_err->extack[0])
		snprintf(ret_err->extack, sizeof(ret_err->extack), "cannot read flowtable %s",
			 ref->name);
	if (!err)
		*ret = a.flowtable;
	return err;
}

/* -- names ---------------------------------------------------------------- */

static const struct {
	uint8_t family;
	const char *name;
} families[] = { { NFPROTO_IPV4, "ip" }, { NFPROTO_IPV6, "ip6" }, { NFPROTO_INET, "inet" } };

uint8_t nftflowtable_family(const char *text)
{
	for (size_t i = 0; i < array_size(families); i++) {
		if (strcmp(text, families[i].name) == 0)
			return families[i].family;
	}
	return 0;
}

const char *nftflowtable_family_name(uint8_t family)
{
	for (size_t i = 0; i < array_size(families); i++) {
		if (family == families[i].family)
			return families[i].name;
	}
	return "?";
}

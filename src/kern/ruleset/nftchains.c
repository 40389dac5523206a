/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftchains.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftmsg.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000
/* How often dumps are tried when commits interrupt them. */
#define ATTEMPTS 5
/* Dormant tables that are remembered; any more count as active. */
#define DORMANT_MAX 16
/* Members of a device list: a name, or (since Linux 6.16) a prefix of names. */
#define DEVICE_NAME   1
#define DEVICE_PREFIX 2

struct nftchains {
	struct nlsock sock;
	struct nftchains_table dormant[DORMANT_MAX];
	unsigned int n_dormant;
	nftchains_fn fn;
	void *ctx;
	int err; /* -EBADMSG if a message was malformed */
};

int nftchains_open(struct nftchains **ret)
{
	struct nftchains *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	err = nlsock_open(&n->sock, NETLINK_NETFILTER, 0);
	if (err) {
		free(n);
		return err;
	}
	*ret = n;
	return 0;
}

void nftchains_close(struct nftchains *n)
{
	if (!n)
		return;
	nlsock_close(&n->sock);
	free(n);
}

/* -- decoding ------------------------------------------------------------- */

/* Truncates a text that does not fit; the kernel's names do fit. */
static void get_text(const struct nlattr *attr, char *dst, size_t size)
{
	size_t len = MIN(nlget_len(attr), size - 1);

	memset(dst, 0, size);
	memcpy(dst, nlget_data(attr), len);
}

static void get_family(const struct nlmsghdr *nlh, struct nftchains_table *ret)
{
	struct nfgenmsg header;

	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	ret->family = header.nfgen_family;
}

int nftchains_get_table(const struct nlmsghdr *nlh, struct nftchains_table *ret,
			bool *ret_is_dormant)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct nftchains_table table = { 0 };
	const struct nlattr *attr;
	uint32_t flags = 0;

	if (!nftmsg_is(nlh, NFT_MSG_NEWTABLE))
		return -ENOMSG;
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_TABLE_NAME: get_text(attr, table.name, sizeof(table.name)); break;
		case NFTA_TABLE_FLAGS: flags = nlget_be32(&g, attr); break;
		}
	}
	if (g.is_malformed || !table.name[0])
		return -EBADMSG;
	get_family(nlh, &table);
	*ret = table;
	*ret_is_dormant = flags & NFT_TABLE_F_DORMANT;
	return 0;
}

struct hook {
	uint32_t number;
	const struct nlattr *device, *devices; /* single device; list, which includes it */
};

static struct hook get_hook(struct nlget *outer, const struct nlattr *nest)
{
	struct hook hook = { .number = UINT32_MAX };
	struct nlget g = nlget_enter(nest);
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_HOOK_HOOKNUM: hook.number = nlget_be32(&g, attr); break;
		case NFTA_HOOK_DEV: hook.device = attr; break;
		case NFTA_HOOK_DEVS: hook.devices = attr; break;
		}
	}
	nlget_leave(outer, &g);
	return hook;
}

/* True if chains of this hook have devices. */
static bool is_on_devices(uint8_t family, uint32_t hook)
{
	if (family == NFPROTO_NETDEV)
		return hook == NF_NETDEV_INGRESS || hook == NF_NETDEV_EGRESS;
	return family == NFPROTO_INET && hook == NF_INET_INGRESS;
}

static void report(const struct nlattr *attr, bool is_prefix, bool is_egress, nftchains_fn fn,
		   void *ctx)
{
	struct nftchains_device device = { .is_prefix = is_prefix, .is_egress = is_egress };

	get_text(attr, device.name, sizeof(device.name));
	fn(&device, ctx);
}

static void report_devices(struct nlget *outer, const struct hook *hook, bool is_egress,
			   nftchains_fn fn, void *ctx)
{
	const struct nlattr *attr;
	struct nlget g;

	if (!hook->devices) {
		if (hook->device)
			report(hook->device, false, is_egress, fn, ctx);
		return;
	}
	g = nlget_enter(hook->devices);
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == DEVICE_NAME || nlget_type(attr) == DEVICE_PREFIX)
			report(attr, nlget_type(attr) == DEVICE_PREFIX, is_egress, fn, ctx);
	}
	nlget_leave(outer, &g);
}

int nftchains_get(const struct nlmsghdr *nlh, struct nftchains_table *ret, nftchains_fn fn,
		  void *ctx)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct nftchains_table table = { 0 };
	struct hook hook = { .number = UINT32_MAX };
	const struct nlattr *attr;

	if (!nftmsg_is(nlh, NFT_MSG_NEWCHAIN))
		return -ENOMSG;
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_CHAIN_TABLE: get_text(attr, table.name, sizeof(table.name)); break;
		case NFTA_CHAIN_HOOK: hook = get_hook(&g, attr); break;
		}
	}
	if (g.is_malformed || !table.name[0])
		return -EBADMSG;
	get_family(nlh, &table);
	if (fn && is_on_devices(table.family, hook.number))
		report_devices(&g, &hook,
			       table.family == NFPROTO_NETDEV && hook.number == NF_NETDEV_EGRESS,
			       fn, ctx);
	if (fn && table.family == NFPROTO_BRIDGE && hook.number != UINT32_MAX)
		fn(&(const struct nftchains_device){ .is_bridge = true }, ctx);
	if (g.is_malformed)
		return -EBADMSG;
	*ret = table;
	return 0;
}

/* -- requests ------------------------------------------------------------- */

static int ask(struct nftchains *n, uint16_t type, uint16_t flags, uint8_t family,
	       nlsock_msg_fn fn, void *ctx)
{
	_Alignas(4) unsigned char buf[64];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nftmsg_begin(&w, type, flags, family);
	err = nlput_end(&w);
	return err ? err : nlsock_query(&n->sock, nlput_msg(&w), TIMEOUT_MS, fn, ctx, NULL);
}

static void on_generation(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr;
	uint32_t *generation = ctx;

	while (nftmsg_is(nlh, NFT_MSG_NEWGEN) && (attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_GEN_ID)
			*generation = nlget_be32(&g, attr);
	}
}

int nftchains_generation(struct nftchains *n, uint32_t *ret_generation)
{
	uint32_t generation = 0;
	int err = ask(n, NFT_MSG_GETGEN, 0, NFPROTO_UNSPEC, on_generation, &generation);

	/* -EINVAL: the kernel has no nf_tables (nfnetlink_rcv_msg). */
	if (err && err != -EINVAL)
		return err;
	*ret_generation = generation;
	return 0;
}

static void on_table(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftchains *n = ctx;
	struct nftchains_table table;
	bool is_dormant = false;
	int err = nftchains_get_table(nlh, &table, &is_dormant);

	if (err == -EBADMSG)
		n->err = err;
	if (!err && is_dormant && n->n_dormant < DORMANT_MAX)
		n->dormant[n->n_dormant++] = table;
}

static bool is_dormant(const struct nftchains *n, const struct nftchains_table *table)
{
	for (unsigned int i = 0; i < n->n_dormant; i++) {
		if (n->dormant[i].family == table->family &&
		    strcmp(n->dormant[i].name, table->name) == 0)
			return true;
	}
	return false;
}

static void on_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftchains *n = ctx;
	struct nftchains_table table;
	int err = nftchains_get(nlh, &table, NULL, NULL);

	if (!err && !is_dormant(n, &table))
		err = nftchains_get(nlh, &table, n->fn, n->ctx);
	if (err == -EBADMSG)
		n->err = err;
}

static int look_once(struct nftchains *n)
{
	int err;

	n->n_dormant = 0;
	n->err = 0;
	err = ask(n, NFT_MSG_GETTABLE, NLM_F_DUMP, NFPROTO_UNSPEC, on_table, n);
	if (!err)
		err = ask(n, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_NETDEV, on_chain, n);
	if (!err)
		err = ask(n, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_INET, on_chain, n);
	return err ? err : n->err;
}

int nftchains_look(struct nftchains *n, nftchains_fn fn, void *ctx)
{
	int err = -EINTR;

	n->fn = fn;
	n->ctx = ctx;
	for (unsigned int i = 0; i < ATTEMPTS && err == -EINTR; i++)
		err = look_once(n);
	/* -EINVAL: no nf_tables, so no chains. */
	return err == -EINVAL ? 0 : err;
}

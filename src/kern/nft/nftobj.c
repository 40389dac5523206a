/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftobj.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/bug.h"
#include "kern/nft/nftnames.h"
#include "kern/nft/nftbatch.h"

/* More than libnftnl appends to any of our messages: it checks no bounds. */
#define LIBRARY_ROOM_BYTES 8192
/* Elements in one message. */
#define ELEMS_PER_MSG 48

void nftobj_object(struct nftbatch *t, struct nlput *w, nftobj_build_fn build, void *object)
{
	struct nlmsghdr *nlh = object ? nlput_lend(w, LIBRARY_ROOM_BYTES) : NULL;

	if (!object)
		nftbatch_fail(t, -ENOMEM);
	if (!nlh)
		return;
	build(nlh, object);
	nlput_adopt(w);
}

static void build_chain(struct nlmsghdr *nlh, void *object)
{
	nftnl_chain_nlmsg_build_payload(nlh, object);
}

static void build_rule(struct nlmsghdr *nlh, void *object)
{
	nftnl_rule_nlmsg_build_payload(nlh, object);
}

static void build_set(struct nlmsghdr *nlh, void *object)
{
	nftnl_set_nlmsg_build_payload(nlh, object);
}

static void build_elems(struct nlmsghdr *nlh, void *object)
{
	nftnl_set_elems_nlmsg_build_payload(nlh, object);
}

static_assert((int)NFTNL_UDATA_TABLE_COMMENT == (int)NFTNL_UDATA_RULE_COMMENT, "comments");

uint32_t nftobj_make_comment(struct nftobj_comment *ret, const char *text)
{
	size_t len = strlen(text) + 1;

	if (BUG_ON(len > sizeof(ret->text)))
		return 0;
	*ret = (struct nftobj_comment){ .type = NFTNL_UDATA_RULE_COMMENT, .len = (uint8_t)len };
	memcpy(ret->text, text, len);
	return (uint32_t)(offsetof(struct nftobj_comment, text) + len);
}

void nftobj_chain(struct nftbatch *t, const char *name, const struct nftobj_hook *hook)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (chain) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFTNAMES_TABLE);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	}
	if (chain && hook) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook->number);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, hook->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	nftobj_object(t, w, build_chain, chain);
	if (chain)
		nftnl_chain_free(chain);
}

/* What nft stores in the user data of a set beside the types that libnftnl names. */
enum {
	HOST_ENDIAN = 1,     /* enum byteorder */
	EXPR_CONCAT = 13,    /* enum expr_types */
	PART_EXPR = 0,	     /* an expression: its type, */
	PART_DATA = 1,	     /* and more about it */
	USER_DATA_MAX = 256, /* NFT_USERDATA_MAXLEN of the kernel */
};

static void put_part(struct nftnl_udata_buf *b, uint8_t type, const struct nftobj_part *part)
{
	struct nftnl_udata *all = nftnl_udata_nest_start(b, type), *data;

	nftnl_udata_put_u32(b, PART_EXPR, part->expr);
	data = nftnl_udata_nest_start(b, PART_DATA);
	for (uint8_t i = 0; i < part->n_values; i++)
		nftnl_udata_put_u32(b, i, part->value[i]);
	nftnl_udata_nest_end(b, data);
	nftnl_udata_nest_end(b, all);
}

static void put_typeof(struct nftnl_udata_buf *b, uint8_t type, const struct nftobj_part *parts)
{
	struct nftnl_udata *all, *concat;

	if (!parts[0].expr)
		return;
	if (!parts[1].expr) {
		put_part(b, type, parts);
		return;
	}
	all = nftnl_udata_nest_start(b, type);
	nftnl_udata_put_u32(b, PART_EXPR, EXPR_CONCAT);
	concat = nftnl_udata_nest_start(b, PART_DATA);
	for (uint8_t i = 0; i < NFTOBJ_PARTS_MAX && parts[i].expr; i++)
		put_part(b, i, &parts[i]);
	nftnl_udata_nest_end(b, concat);
	nftnl_udata_nest_end(b, all);
}

/* Tells nft how to show the set. Returns false if there is no memory. */
static bool set_user_data(struct nftnl_set *set, const struct nftobj_set_shape *shape)
{
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(USER_DATA_MAX);

	if (!b)
		return false;
	/* Else nft takes keys for big-endian numbers. */
	if (shape->is_host_order)
		nftnl_udata_put_u32(b, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ENDIAN);
	put_typeof(b, NFTNL_UDATA_SET_KEY_TYPEOF, shape->typeof_key);
	put_typeof(b, NFTNL_UDATA_SET_DATA_TYPEOF, shape->typeof_data);
	if (nftnl_udata_buf_len(b))
		nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(b), nftnl_udata_buf_len(b));
	nftnl_udata_buf_free(b);
	return true;
}

static struct nftnl_set *new_set(const char *name)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return NULL;
	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFTNAMES_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, name);
	return set;
}

void nftobj_set(struct nftbatch *t, const struct nftobj_set_shape *shape, uint32_t id)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWSET, NLM_F_CREATE, shape->name);
	struct nftnl_set *set = new_set(shape->name);

	if (set && !set_user_data(set, shape)) {
		nftnl_set_free(set);
		set = NULL;
	}
	if (set) {
		nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, shape->key_type);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, shape->key_len);
		nftnl_set_set_u32(set, NFTNL_SET_ID, id);
		nftnl_set_set_u32(set, NFTNL_SET_FLAGS, shape->flags);
	}
	if (set && shape->size) {
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, shape->size);
		nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, shape->timeout_ms);
	}
	if (set && shape->data_len) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, shape->data_type);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, shape->data_len);
	}
	if (set && shape->part_len[0])
		nftnl_set_set_data(set, NFTNL_SET_DESC_CONCAT, shape->part_len, sizeof(shape->part_len));
	nftobj_object(t, w, build_set, set);
	if (set)
		nftnl_set_free(set);
}

void nftobj_set_delete(struct nftbatch *t, const char *name)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_DELSET, 0, name);

	nlput_str(w, NFTA_SET_TABLE, NFTNAMES_TABLE);
	nlput_str(w, NFTA_SET_NAME, name);
}

void nftobj_elems_end(struct nftobj_elems *f)
{
	if (!f->set)
		return;
	nftobj_object(f->t, nftbatch_add(f->t, NFT_MSG_NEWSETELEM, NLM_F_CREATE, f->name),
		      build_elems, f->set);
	nftnl_set_free(f->set);
	f->set = NULL;
	f->n = 0;
}

void nftobj_elem(struct nftobj_elems *f, const void *key, const void *end, uint32_t len,
		 uint32_t flags)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (elem && !f->set)
		f->set = new_set(f->name);
	if (!elem || !f->set) {
		nftbatch_fail(f->t, -ENOMEM);
		if (elem)
			nftnl_set_elem_free(elem);
		return;
	}
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, len);
	if (end)
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY_END, end, len);
	if (flags)
		nftnl_set_elem_set_u32(elem, NFTNL_SET_ELEM_FLAGS, flags);
	nftnl_set_elem_add(f->set, elem);
	f->n++;
	if (f->n == ELEMS_PER_MSG)
		nftobj_elems_end(f);
}

void nftobj_rule(struct nftbatch *t, struct nftnl_rule *rule, const char *chain, uint16_t flags,
		 uint64_t handle)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWRULE, flags, chain);

	if (rule && handle)
		nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, handle);
	nftobj_object(t, w, build_rule, rule);
	if (rule)
		nftnl_rule_free(rule);
}

void nftobj_handle(struct nlput *w, uint16_t attr, uint64_t handle)
{
	const uint32_t be[] = { htonl((uint32_t)(handle >> 32)), htonl((uint32_t)handle) };

	nlput_bytes(w, attr, be, sizeof(be));
}

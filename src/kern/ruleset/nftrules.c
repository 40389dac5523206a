/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftrules.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"
#include "base/util.h"
#include "kern/nft/nftnames.h"
#include "kern/ruleset/nftruleget.h"
#include "kern/nft/nftmsg.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 5000
/* The last attempt accepts commits during the read. */
#define ATTEMPTS 8
/* Of one piece. A datagram of a rule dump holds about 100 rules. */
#define DATAGRAMS 4

/* Requests, in this order. */
enum stage {
	STAGE_GENERATION,
	STAGE_TABLES,
	STAGE_CHAINS,
	STAGE_SETS,
	STAGE_FLOWTABLES,
	STAGE_RULES,
	STAGE_ELEMS, /* one request per set */
	STAGE_SAME_GENERATION,
	STAGE_DONE,
};

struct nftrules {
	struct nlsock sock;
	struct nftview rs;
	enum stage stage;
	unsigned int attempts;
	uint32_t generation, first_generation;
	uint32_t set; /* STAGE_ELEMS: index of the set */
	/* The pending request. */
	uint32_t seq; /* 0 = none */
	mono_t asked;
	bool is_answered, is_interrupted;
	struct nlerr err;
};

static void *resize(void *old, size_t bytes)
{
	if (bytes)
		return realloc(old, bytes);
	free(old);
	return NULL;
}

int nftrules_open(struct nftrules **ret)
{
	struct nftrules *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	nftview_init(&r->rs, resize);
	err = nlsock_open(&r->sock, NETLINK_NETFILTER, 0);
	if (err) {
		free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void nftrules_close(struct nftrules *r)
{
	if (!r)
		return;
	nlsock_close(&r->sock);
	nftview_clear(&r->rs);
	free(r);
}

struct nftview *nftrules_get(struct nftrules *r)
{
	return &r->rs;
}

/* -- answers -------------------------------------------------------------- */

static uint8_t family_of(const struct nlmsghdr *nlh)
{
	return ((const struct nfgenmsg *)(const void *)(nlh + 1))->nfgen_family;
}

static void get_name(const struct nlattr *attr, char ret[NFT_NAME_MAXLEN])
{
	size_t len = strnlen(nlget_data(attr), nlget_len(attr));

	len = MIN(len, (size_t)NFT_NAME_MAXLEN - 1);
	memcpy(ret, nlget_data(attr), len);
	ret[len] = '\0';
}

static bool has_our_comment(const struct nlattr *userdata)
{
	static const char text[] = NFTNAMES_COMMENT;
	const char *data = nlget_data(userdata);

	/* Type and length come first. */
	return nlget_len(userdata) == 2 + sizeof(text) && memcmp(data + 2, text, sizeof(text)) == 0;
}

static void get_table(struct nftview *rs, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct nftview_table *t;
	const struct nlattr *attr;
	char name[NFT_NAME_MAXLEN] = "";
	bool is_ours = false, is_dormant = false;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_TABLE_NAME: get_name(attr, name); break;
		case NFTA_TABLE_FLAGS:
			is_dormant = nlget_be32(&g, attr) & NFT_TABLE_F_DORMANT;
			break;
		case NFTA_TABLE_USERDATA: is_ours = has_our_comment(attr); break;
		}
	}
	t = nftview_add_table(rs, family_of(nlh), name);
	if (!t)
		return;
	t->is_dormant = is_dormant;
	t->is_ours = is_ours && t->family == NFTVIEW_INET && strcmp(name, NFTNAMES_TABLE) == 0;
}

/* Hook and priority of a base chain; unchanged where not present. */
static void get_hook(const struct nlattr *nest, uint8_t *ret_hook, int32_t *ret_priority)
{
	struct nlget g = nlget_enter(nest);
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_HOOK_PRIORITY)
			*ret_priority = (int32_t)nlget_be32(&g, attr);
		if (nlget_type(attr) != NFTA_HOOK_HOOKNUM)
			continue;
		switch (nlget_be32(&g, attr)) {
		case NF_INET_PRE_ROUTING: *ret_hook = NFTVIEW_PREROUTING; break;
		case NF_INET_FORWARD: *ret_hook = NFTVIEW_FORWARD; break;
		case NF_INET_POST_ROUTING: *ret_hook = NFTVIEW_POSTROUTING; break;
		}
	}
}

static void get_chain(struct nftview *rs, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr;
	char table[NFT_NAME_MAXLEN] = "", name[NFT_NAME_MAXLEN] = "";
	uint8_t hook = NFTVIEW_HOOK_NONE;
	bool is_filter = false, drops = false;
	int32_t priority = 0;
	struct nftview_chain *c;
	uint32_t at;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_CHAIN_TABLE: get_name(attr, table); break;
		case NFTA_CHAIN_NAME: get_name(attr, name); break;
		case NFTA_CHAIN_HOOK: get_hook(attr, &hook, &priority); break;
		case NFTA_CHAIN_TYPE: is_filter = nlget_is_str(attr, "filter"); break;
		case NFTA_CHAIN_POLICY: drops = nlget_be32(&g, attr) == NF_DROP; break;
		}
	}
	at = nftview_find_table(rs, family_of(nlh), table);
	c = at != NFTVIEW_NONE ? nftview_add_chain(rs, at, name) : NULL;
	if (!c)
		return;
	c->hook = is_filter ? hook : NFTVIEW_HOOK_NONE;
	c->priority = priority;
	c->drops = drops;
}

/* What an expression attached to elements does with each packet that matches one. */
static enum rulestmt get_elem_stmt(const struct nlattr *expr)
{
	struct nlget g = nlget_enter(expr);
	enum rulestmt what = RULESTMT__COUNT;
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_EXPR_NAME)
			what = MIN(what, nftruleget_elem_stmt(attr));
	}
	return what;
}

static enum rulestmt get_elem_stmts(const struct nlattr *list)
{
	struct nlget g = nlget_enter(list);
	enum rulestmt what = RULESTMT__COUNT;
	const struct nlattr *attr;

	while ((attr = nlget_next(&g)))
		what = MIN(what, get_elem_stmt(attr));
	return what;
}

static void get_set(struct nftview *rs, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct nftview_set got = { .counts = RULESTMT__COUNT, .object = RULESTMT__COUNT }, *s;
	const struct nlattr *attr;
	char table[NFT_NAME_MAXLEN] = "", name[NFT_NAME_MAXLEN] = "";

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_TABLE: get_name(attr, table); break;
		case NFTA_SET_NAME: get_name(attr, name); break;
		case NFTA_SET_FLAGS:
			got.is_interval = nlget_be32(&g, attr) & NFT_SET_INTERVAL;
			break;
		case NFTA_SET_KEY_LEN: got.key_bytes = nlget_be32(&g, attr); break;
		case NFTA_SET_DATA_TYPE:
			got.is_verdicts = nlget_be32(&g, attr) == NFT_DATA_VERDICT;
			break;
		case NFTA_SET_OBJ_TYPE:
			got.object = (uint8_t)nftruleget_object_stmt(nlget_be32(&g, attr));
			break;
		case NFTA_SET_EXPR: got.counts = (uint8_t)get_elem_stmt(attr); break;
		case NFTA_SET_EXPRESSIONS: got.counts = (uint8_t)get_elem_stmts(attr); break;
		}
	}
	got.table = nftview_find_table(rs, family_of(nlh), table);
	s = got.table != NFTVIEW_NONE ? nftview_add_set(rs, got.table, name) : NULL;
	if (!s)
		return;
	got.name = s->name;
	*s = got;
}

static void put_device(char *list, const struct nlattr *attr)
{
	char name[NFT_NAME_MAXLEN];
	size_t len = strlen(list);

	get_name(attr, name);
	if ((size_t)snprintf(list + len, NFTVIEW_DEVICES_SIZE - len, "%s%s", len ? ", " : "",
			     name) >= NFTVIEW_DEVICES_SIZE - len)
		strcpy(list + NFTVIEW_DEVICES_SIZE - sizeof("..."), "...");
}

static void get_devices(const struct nlattr *hook, char *list)
{
	struct nlget g = nlget_enter(hook), inner;
	const struct nlattr *attr, *device;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		inner = nlget_enter(attr);
		while ((device = nlget_next(&inner))) {
			if (nlget_type(device) == NFTA_DEVICE_NAME)
				put_device(list, device);
		}
	}
}

static void get_flowtable(struct nftview *rs, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr;
	char table[NFT_NAME_MAXLEN] = "", name[NFT_NAME_MAXLEN] = "";
	char devices[NFTVIEW_DEVICES_SIZE] = "";
	struct nftview_flowtable *f;
	uint32_t at;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_FLOWTABLE_TABLE: get_name(attr, table); break;
		case NFTA_FLOWTABLE_NAME: get_name(attr, name); break;
		case NFTA_FLOWTABLE_HOOK: get_devices(attr, devices); break;
		}
	}
	at = nftview_find_table(rs, family_of(nlh), table);
	f = at != NFTVIEW_NONE ? nftview_add_flowtable(rs, at, name) : NULL;
	if (f)
		memcpy(f->devices, devices, sizeof(devices));
}

static void get_elem(struct nftview *rs, uint32_t set, const struct nlattr *nest)
{
	struct nftview_elem *e = nftview_add_elem(rs, set);
	struct nlget g = nlget_enter(nest), inner;
	const struct nlattr *attr, *part;
	uint32_t flags;

	while (e && (attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_ELEM_FLAGS:
			flags = nlget_be32(&g, attr);
			e->is_end = flags & NFT_SET_ELEM_INTERVAL_END;
			e->is_catchall = flags & NFT_SET_ELEM_CATCHALL;
			break;
		case NFTA_SET_ELEM_KEY:
			inner = nlget_enter(attr);
			while ((part = nlget_next(&inner)))
				memcpy(e->key, nlget_data(part),
				       MIN_T(size_t, nlget_len(part), sizeof(e->key)));
			break;
		case NFTA_SET_ELEM_DATA:
			inner = nlget_enter(attr);
			while ((part = nlget_next(&inner))) {
				if (nlget_type(part) == NFTA_DATA_VERDICT)
					nftruleget_get_verdict(part, rs, rs->set[set].table,
							    &e->verdict, &e->chain);
			}
			break;
		}
	}
}

static void get_elems(struct nftview *rs, uint32_t set, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg)), list;
	const struct nlattr *attr, *elem;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		list = nlget_enter(attr);
		while ((elem = nlget_next(&list)))
			get_elem(rs, set, elem);
	}
}

void nftrules_feed(struct nftview *rs, uint32_t set, const struct nlmsghdr *nlh)
{
	uint8_t family;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		return;
	family = family_of(nlh);
	if (family != NFTVIEW_INET && family != NFTVIEW_IP && family != NFTVIEW_IP6)
		return;
	switch (NFNL_MSG_TYPE(nlh->nlmsg_type)) {
	case NFT_MSG_NEWTABLE: get_table(rs, nlh); break;
	case NFT_MSG_NEWCHAIN: get_chain(rs, nlh); break;
	case NFT_MSG_NEWSET: get_set(rs, nlh); break;
	case NFT_MSG_NEWFLOWTABLE: get_flowtable(rs, nlh); break;
	case NFT_MSG_NEWRULE: nftruleget_get_rule(nlh, rs); break;
	case NFT_MSG_NEWSETELEM:
		if (set < rs->n_sets)
			get_elems(rs, set, nlh);
		break;
	}
}

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftrules *r = ctx;
	struct nlget g;
	const struct nlattr *attr;

	if (nlh->nlmsg_seq != r->seq || r->is_answered)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		r->is_interrupted = true;
	switch (nlerr_get(nlh, &r->err)) {
	case 0: r->is_answered = true; return;
	case -ENOMSG: break;
	default:
		r->err = nlerr_make(-EBADMSG);
		r->is_answered = true;
		return;
	}
	if (!nftmsg_is(nlh, NFT_MSG_NEWGEN)) {
		nftrules_feed(&r->rs, r->set, nlh);
		return;
	}
	g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_GEN_ID)
			r->generation = nlget_be32(&g, attr);
	}
}

/* -- requests ------------------------------------------------------------- */

static int ask(struct nftrules *r)
{
	static const uint16_t types[] = {
		[STAGE_GENERATION] = NFT_MSG_GETGEN,       [STAGE_TABLES] = NFT_MSG_GETTABLE,
		[STAGE_CHAINS] = NFT_MSG_GETCHAIN,         [STAGE_SETS] = NFT_MSG_GETSET,
		[STAGE_FLOWTABLES] = NFT_MSG_GETFLOWTABLE, [STAGE_RULES] = NFT_MSG_GETRULE,
		[STAGE_ELEMS] = NFT_MSG_GETSETELEM,        [STAGE_SAME_GENERATION] = NFT_MSG_GETGEN,
	};
	uint8_t family = NFPROTO_UNSPEC;
	bool is_dump = types[r->stage] != NFT_MSG_GETGEN;
	_Alignas(4) unsigned char buf[1024];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), nlsock_next_seq(&r->sock));
	if (r->stage == STAGE_ELEMS)
		family = r->rs.table[r->rs.set[r->set].table].family;
	nftmsg_begin(&w, types[r->stage], is_dump ? NLM_F_DUMP : NLM_F_ACK, family);
	if (r->stage == STAGE_ELEMS) {
		nlput_str(&w, NFTA_SET_ELEM_LIST_TABLE, r->rs.table[r->rs.set[r->set].table].name);
		nlput_str(&w, NFTA_SET_ELEM_LIST_SET, r->rs.set[r->set].name);
	}
	err = nlput_end(&w);
	if (err)
		return err;
	r->seq = nlput_msg(&w)->nlmsg_seq;
	r->asked = mono_now();
	r->is_answered = r->is_interrupted = false;
	return nlsock_send(&r->sock, nlput_msg(&w));
}

/* Moves to the next set whose elements are wanted, from this one on. */
static bool find_wanted(struct nftrules *r)
{
	while (r->set < r->rs.n_sets && !r->rs.set[r->set].is_wanted)
		r->set++;
	return r->set < r->rs.n_sets;
}

static void begin(struct nftrules *r)
{
	nftview_clear(&r->rs);
	r->stage = STAGE_GENERATION;
	r->set = 0;
}

/* True in the last attempt, which accepts changes; sets is_torn then. */
static bool gives_in(struct nftrules *r)
{
	if (r->attempts + 1 < ATTEMPTS)
		return false;
	r->rs.is_torn = true;
	return true;
}

/* Moves to the next request after an answer. 0, or -EINTR if reading must restart. */
static int go_on(struct nftrules *r)
{
	switch (r->stage) {
	case STAGE_GENERATION: r->first_generation = r->generation; break;
	case STAGE_SETS: nftview_sort(&r->rs); break;
	case STAGE_RULES:
		if (!find_wanted(r))
			r->stage++; /* no elements to read */
		break;
	case STAGE_ELEMS:
		r->set++;
		if (find_wanted(r))
			return 0;
		break;
	case STAGE_SAME_GENERATION:
		if (r->generation != r->first_generation && !gives_in(r))
			return -EINTR;
		break;
	case STAGE_TABLES:
	case STAGE_CHAINS:
	case STAGE_FLOWTABLES:
	case STAGE_DONE: break;
	}
	r->stage++;
	return 0;
}

static int fail(struct nlerr *ret_err, int err, const char *text)
{
	*ret_err = nlerr_make(err);
	snprintf(ret_err->extack, sizeof(ret_err->extack), "%s", text);
	return err;
}

/* Handles an error that the kernel returned. */
static int refused(struct nftrules *r, struct nlerr *ret_err)
{
	int err = r->err.err;

	/* -EINVAL: the kernel has no nf_tables (nfnetlink_rcv_msg). */
	if (r->stage == STAGE_GENERATION && err == -EINVAL)
		return fail(ret_err, -EOPNOTSUPP, "this kernel has no nf_tables");
	/* The set was deleted meanwhile. */
	if (r->stage == STAGE_ELEMS && err == -ENOENT)
		return -EINTR;
	*ret_err = r->err;
	return err;
}

/* Reads a part of the answer. 1 while it is incomplete, 0 at its end, or -errno. */
static int read_some(struct nftrules *r, struct nlerr *ret_err)
{
	int n = nlsock_recv_many(&r->sock, DATAGRAMS, on_message, r);

	if (n < 0)
		return fail(ret_err, n, "cannot read the kernel's answer");
	if (!r->is_answered && mono_diff_ms(mono_now(), r->asked) > TIMEOUT_MS)
		return fail(ret_err, -ETIMEDOUT, "no answer from the kernel");
	if (!r->is_answered)
		return 1;
	r->seq = 0;
	if (r->err.err)
		return refused(r, ret_err);
	return r->is_interrupted ? -EINTR : 0;
}

int nftrules_read(struct nftrules *r, struct nlerr *ret_err)
{
	int err = 0;

	if (r->stage == STAGE_DONE)
		return 0;
	if (!r->seq) {
		err = ask(r);
		if (err)
			return fail(ret_err, err, "cannot send a request to the kernel");
	}
	err = read_some(r, ret_err);
	if (err > 0)
		return 1;
	if (err == -EINTR && gives_in(r)) {
		if (r->stage == STAGE_ELEMS)
			r->rs.set[r->set].is_partial = true;
		err = 0;
	}
	if (!err)
		err = go_on(r);
	if (err == -EINTR) {
		r->attempts++;
		begin(r);
		return 1;
	}
	if (err)
		return err;
	return r->stage != STAGE_DONE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/ruleset/nftwatch.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftnames.h"
#include "kern/nft/nftmsg.h"
#include "kern/ruleset/nftsetkeys.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 1000
/* Sets that are remembered; when another one comes, all are forgotten. */
#define SETS_MAX 64
/* Sets with longer names (the kernel allows 255) are not remembered: their elements count as
 * everything. */
#define NAME_SIZE 64
/* Start and end points of intervals in one commit. */
#define POINTS_MAX (2 * NFTWATCH_ELEMS_MAX)
#define KEY_BYTES_MAX 64 /* NFT_DATA_VALUE_MAXLEN */

struct set_info {
	uint8_t family;
	char table[NAME_SIZE], name[NAME_SIZE];
	uint32_t flags, key_type, key_len;
	bool is_looked_for; /* true = slots is up to date */
	uint32_t slots;     /* key parts that rules take from elsewhere (nftsetkeys.h) */
};

/* An element of an interval set: the first key of an interval, or the key after its last. */
struct point {
	uint8_t set;  /* index in sets */
	uint8_t kind; /* enum setelem_kind */
	bool is_end, is_del, is_used;
	uint8_t len;
	uint64_t expires_ms;
	uint8_t key[SETELEM_FIELD_BYTES];
};

struct nftwatch {
	struct nlsock events, questions;
	bool has_sockets;
	uint32_t own_portid;
	unsigned int n_sets, n_points;
	struct set_info sets[SETS_MAX];
	struct point points[POINTS_MAX];
	struct nftwatch_commit commit; /* the commit being read, so far */
};

/* -- sockets -------------------------------------------------------------- */

int nftwatch_new(struct nftwatch **ret, uint32_t own_portid)
{
	struct nftwatch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->own_portid = own_portid;
	*ret = w;
	return 0;
}

int nftwatch_open(struct nftwatch **ret, int rcvbuf_bytes, uint32_t own_portid)
{
	struct nftwatch *w;
	int err = nftwatch_new(&w, own_portid);

	if (err)
		return err;
	w->has_sockets = true;
	err = nlsock_open(&w->events, NETLINK_NETFILTER, rcvbuf_bytes);
	if (!err)
		err = nlsock_set_nonblock(&w->events);
	if (!err)
		err = nlsock_join(&w->events, NFNLGRP_NFTABLES);
	if (!err)
		err = nlsock_open(&w->questions, NETLINK_NETFILTER, 0);
	if (err) {
		nftwatch_close(w);
		return err;
	}
	*ret = w;
	return 0;
}

void nftwatch_close(struct nftwatch *w)
{
	if (!w)
		return;
	nlsock_close(&w->questions);
	nlsock_close(&w->events);
	free(w);
}

int nftwatch_fd(const struct nftwatch *w)
{
	return nlsock_fd(&w->events);
}

int nftwatch_grow(struct nftwatch *w, int limit_bytes)
{
	return nlsock_grow(&w->events, limit_bytes);
}

/* -- sets ----------------------------------------------------------------- */

static bool get_name(const struct nlattr *attr, char ret[NAME_SIZE])
{
	size_t len = strnlen(nlget_data(attr), nlget_len(attr));

	if (len >= NAME_SIZE)
		return false;
	memcpy(ret, nlget_data(attr), len);
	ret[len] = '\0';
	return true;
}

static uint8_t get_family(const struct nlmsghdr *nlh)
{
	struct nfgenmsg header = { 0 };

	if (nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(header))
		memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	return header.nfgen_family;
}

static struct set_info *find_set(struct nftwatch *w, uint8_t family, const char *table,
				 const char *name)
{
	for (unsigned int i = 0; i < w->n_sets; i++) {
		struct set_info *s = &w->sets[i];

		if (s->family == family && strcmp(s->table, table) == 0 &&
		    strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

/* Points refer to sets by index, so drop them, too, and report everything instead. */
static void forget_sets(struct nftwatch *w)
{
	if (w->n_points)
		w->commit.everything = true;
	w->n_points = 0;
	w->n_sets = 0;
}

/* A new rule may look up other values in the sets. */
static void forget_rules(struct nftwatch *w)
{
	for (unsigned int i = 0; i < w->n_sets; i++)
		w->sets[i].is_looked_for = false;
}

/* Remembers the set of an NFT_MSG_NEWSET. */
static void learn_set(struct nftwatch *w, const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct set_info info = { .family = get_family(nlh) }, *known;
	const struct nlattr *attr;
	bool is_good = true;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_TABLE: is_good &= get_name(attr, info.table); break;
		case NFTA_SET_NAME: is_good &= get_name(attr, info.name); break;
		case NFTA_SET_FLAGS: info.flags = nlget_be32(&g, attr); break;
		case NFTA_SET_KEY_TYPE: info.key_type = nlget_be32(&g, attr); break;
		case NFTA_SET_KEY_LEN: info.key_len = nlget_be32(&g, attr); break;
		}
	}
	if (g.is_malformed || !is_good)
		return;
	known = find_set(w, info.family, info.table, info.name);
	if (!known && w->n_sets == SETS_MAX)
		forget_sets(w);
	if (!known)
		known = &w->sets[w->n_sets++];
	*known = info;
}

static void on_set(const struct nlmsghdr *nlh, void *ctx)
{
	if (nftmsg_is(nlh, NFT_MSG_NEWSET))
		learn_set(ctx, nlh);
}

/*
 * Asks the kernel for a set. The set may have been replaced by one of another type since the
 * element's message was sent. Then the messages about that are still to come and count as
 * everything.
 */
static void ask_set(struct nftwatch *w, uint8_t family, const char *table, const char *name)
{
	_Alignas(4) unsigned char buf[256];
	struct nlput p;

	nlput_init(&p, buf, sizeof(buf), 0);
	nftmsg_begin(&p, NFT_MSG_GETSET, 0, family);
	nlput_str(&p, NFTA_SET_TABLE, table);
	nlput_str(&p, NFTA_SET_NAME, name);
	/* If this fails, the set stays unknown and its elements count as everything. */
	if (nlput_end(&p) == 0)
		IGNORE_RESULT(nlsock_query(&w->questions, nlput_msg(&p), TIMEOUT_MS, on_set, w,
					   NULL));
}

struct use {
	const struct set_info *set;
	uint32_t slots;
};

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct use *use = ctx;

	nftsetkeys_get(nlh, use->set->name, &use->slots);
}

/* Finds out which parts of the key rules take from anything but values of the connection. */
static void look_for_set(struct nftwatch *w, struct set_info *s)
{
	_Alignas(4) unsigned char buf[256];
	struct use use = { .set = s };
	struct nlput p;
	int err;

	nlput_init(&p, buf, sizeof(buf), 0);
	err = nftsetkeys_put_dump(&p, s->family, s->table);
	if (!err)
		err = nlsock_query(&w->questions, nlput_msg(&p), TIMEOUT_MS, on_rule, &use, NULL);
	s->slots = err ? NFTSETKEYS_ALL_SLOTS : use.slots;
	/* If a commit interrupted the dump, the next element repeats it. */
	s->is_looked_for = !err;
}

/* The set, or NULL if it cannot be read. */
static struct set_info *need_set(struct nftwatch *w, uint8_t family, const char *table,
				 const char *name)
{
	struct set_info *s = find_set(w, family, table, name);

	if (!w->has_sockets)
		return s;
	if (!s) {
		ask_set(w, family, table, name);
		s = find_set(w, family, table, name);
	}
	if (s && !s->is_looked_for)
		look_for_set(w, s);
	return s;
}

/* -- elements ------------------------------------------------------------- */

/* The key types of nft that we understand; the kernel only stores their numbers. */
static const struct {
	uint8_t type, len;
	enum setelem_kind kind;
} key_types[] = {
	{ 7, 4, SETELEM_IP4 },
	{ 8, 16, SETELEM_IP6 },
	{ 12, 1, SETELEM_PROTO },
	{ 13, 2, SETELEM_PORT },
};

#define TYPE_BITS 6
#define TYPE_MASK 0x3f

/* Length of a part of another type; 0 = unknown, so the parts after it cannot be found. */
static uint8_t other_len(uint32_t type)
{
	switch (type) {
	case 9: return 6;   /* ether_addr */
	case 10: return 2;  /* ether_type */
	case 19: return 4;  /* mark */
	case 20: return 4;  /* iface_index */
	case 41: return 16; /* ifname */
	}
	return 0;
}

/* Describes one part of a key; kind is SETELEM_ANY if the type is not understood. */
static void describe(uint32_t type, struct setelem_field *f)
{
	*f = (struct setelem_field){ .kind = SETELEM_ANY, .len = other_len(type) };
	for (size_t i = 0; i < array_size(key_types); i++) {
		if (key_types[i].type != type)
			continue;
		f->len = key_types[i].len;
		f->kind = (uint8_t)key_types[i].kind;
	}
}

/* Number of parts of a key. The type has 6 bits for each, the last part in the lowest bits. */
static unsigned int count_parts(uint32_t type)
{
	unsigned int n = 0;

	for (; type; type >>= TYPE_BITS)
		n++;
	return n;
}

static void add_elem(struct nftwatch *w, const struct setelem *e)
{
	struct nftwatch_commit *c = &w->commit;

	if (setelem_is_any(e) || c->n_elems == NFTWATCH_ELEMS_MAX)
		c->everything = true;
	else
		c->elem[c->n_elems++] = *e;
}

/* An element as received. */
struct raw {
	uint32_t flags, len, end_len;
	uint64_t expires_ms;
	uint8_t key[KEY_BYTES_MAX], end[KEY_BYTES_MAX];
	bool is_del;
};

/* True if a rule takes this part of the key from anything but values of the connection. */
static bool is_foreign(const struct set_info *s, size_t at, size_t len)
{
	for (size_t slot = at / 4; slot < (at + len + 3) / 4; slot++) {
		if (slot >= 32 || (s->slots & 1u << slot))
			return true;
	}
	return false;
}

/* Each part of a concatenated key fills whole registers (nft_set_desc_concat). */
static void add_parts(struct nftwatch *w, const struct set_info *s, const struct raw *r)
{
	unsigned int n = count_parts(s->key_type);
	const uint8_t *hi = r->end_len ? r->end : r->key;
	struct setelem e = { .expires_ms = r->expires_ms };
	size_t at = 0;

	for (unsigned int i = 0; i < n && e.n_fields < SETELEM_FIELDS_MAX; i++) {
		struct setelem_field *f = &e.field[e.n_fields];

		describe(s->key_type >> TYPE_BITS * (n - 1 - i) & TYPE_MASK, f);
		if (f->len == 0 || at + f->len > r->len || (r->end_len && at + f->len > r->end_len))
			break;
		memcpy(f->lo, r->key + at, f->len);
		memcpy(f->hi, hi + at, f->len);
		if (is_foreign(s, at, f->len))
			f->kind = SETELEM_ANY;
		at += n > 1 ? NLA_ALIGN(f->len) : f->len;
		e.n_fields++;
	}
	add_elem(w, &e);
}

static void add_point(struct nftwatch *w, const struct set_info *s, const struct raw *r)
{
	struct setelem_field f;
	struct point *p = &w->points[w->n_points];

	describe(s->key_type, &f);
	if (f.kind == SETELEM_ANY || f.len != r->len || is_foreign(s, 0, f.len) ||
	    w->n_points == POINTS_MAX) {
		w->commit.everything = true;
		return;
	}
	w->n_points++;
	*p = (struct point){ .set = (uint8_t)(s - w->sets), .kind = f.kind, .len = f.len,
			     .is_end = r->flags & NFT_SET_ELEM_INTERVAL_END,
			     .is_del = r->is_del, .expires_ms = r->expires_ms };
	memcpy(p->key, r->key, f.len);
}

/*
 * Interval sets with one part hold points (nft_set_rbtree). Sets and maps of intervals with
 * several parts hold ranges (nft_set_pipapo).
 */
static void add_raw(struct nftwatch *w, const struct set_info *s, const struct raw *r)
{
	bool is_single = count_parts(s->key_type) == 1;

	if ((r->flags & NFT_SET_ELEM_CATCHALL) || s->key_len != r->len)
		w->commit.everything = true;
	else if ((s->flags & NFT_SET_INTERVAL) && is_single && !r->end_len)
		add_point(w, s, r);
	else if ((s->flags & NFT_SET_INTERVAL) && !r->end_len && !(s->flags & NFT_SET_CONCAT))
		w->commit.everything = true;
	else
		add_parts(w, s, r);
}

static uint32_t get_key(struct nlget *outer, const struct nlattr *attr, uint8_t *ret)
{
	struct nlget g = nlget_enter(attr);
	const struct nlattr *value = nlget_next(&g);
	uint32_t len = 0;

	if (value && nlget_type(value) == NFTA_DATA_VALUE && nlget_len(value) <= KEY_BYTES_MAX) {
		len = (uint32_t)nlget_len(value);
		memcpy(ret, nlget_data(value), len);
	}
	nlget_leave(outer, &g);
	return len;
}

static uint64_t get_be64(struct nlget *g, const struct nlattr *attr)
{
	uint8_t bytes[8] = { 0 };
	uint64_t value = 0;

	nlget_bytes(g, attr, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		value = value << 8 | bytes[i];
	return value;
}

static void get_elem(struct nftwatch *w, const struct set_info *s, struct nlget *outer,
		     const struct nlattr *elem, bool is_del)
{
	struct nlget g = nlget_enter(elem);
	struct raw r = { .is_del = is_del };
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_ELEM_KEY: r.len = get_key(&g, attr, r.key); break;
		case NFTA_SET_ELEM_KEY_END: r.end_len = get_key(&g, attr, r.end); break;
		case NFTA_SET_ELEM_FLAGS: r.flags = nlget_be32(&g, attr); break;
		case NFTA_SET_ELEM_EXPIRATION: r.expires_ms = get_be64(&g, attr); break;
		}
	}
	nlget_leave(outer, &g);
	if (!g.is_malformed)
		add_raw(w, s, &r);
}

static void get_elems(struct nftwatch *w, const struct nlmsghdr *nlh, bool is_del)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg)), list = { .len = 0 };
	char table[NAME_SIZE] = "", name[NAME_SIZE] = "";
	const struct set_info *s;
	const struct nlattr *attr;
	bool is_good = !g.is_malformed;

	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_ELEM_LIST_TABLE: is_good &= get_name(attr, table); break;
		case NFTA_SET_ELEM_LIST_SET: is_good &= get_name(attr, name); break;
		case NFTA_SET_ELEM_LIST_ELEMENTS: list = nlget_enter(attr); break;
		}
	}
	s = is_good ? need_set(w, get_family(nlh), table, name) : NULL;
	while (s && (attr = nlget_next(&list)))
		get_elem(w, s, &list, attr, is_del);
	if (!s || !is_good || g.is_malformed || list.is_malformed)
		w->commit.everything = true;
}

/* The next end point after start, of the same set and the same change; NULL = none. */
static struct point *find_end(struct nftwatch *w, const struct point *start)
{
	struct point *best = NULL;

	for (unsigned int i = 0; i < w->n_points; i++) {
		struct point *p = &w->points[i];

		if (p->is_end && p->set == start->set && p->is_del == start->is_del &&
		    memcmp(p->key, start->key, p->len) > 0 &&
		    (!best || memcmp(p->key, best->key, p->len) < 0))
			best = p;
	}
	return best;
}

static void add_interval(struct nftwatch *w, const struct point *start, struct point *end)
{
	struct setelem e = { .n_fields = 1, .expires_ms = start->expires_ms };
	struct setelem_field *f = &e.field[0];

	f->kind = start->kind;
	f->len = start->len;
	memcpy(f->lo, start->key, f->len);
	memset(f->hi, 0xff, f->len);
	if (end) {
		memcpy(f->hi, end->key, f->len);
		for (unsigned int i = f->len; i-- > 0 && f->hi[i]-- == 0;)
			;
		end->is_used = true;
	}
	add_elem(w, &e);
}

static bool is_zero(const struct point *p)
{
	static const uint8_t zero[SETELEM_FIELD_BYTES];

	return memcmp(p->key, zero, p->len) == 0;
}

/*
 * Turns points into intervals. A start point without an end point extends to the last key. An
 * end point alone belongs to a start point that is not in this commit, so the interval is
 * unknown: report everything. Except for an end point at zero, which nft adds before the
 * first interval of a set and which has no meaning.
 */
static void pair_points(struct nftwatch *w)
{
	for (unsigned int i = 0; i < w->n_points; i++) {
		if (!w->points[i].is_end)
			add_interval(w, &w->points[i], find_end(w, &w->points[i]));
	}
	for (unsigned int i = 0; i < w->n_points; i++) {
		if (w->points[i].is_end && !w->points[i].is_used && !is_zero(&w->points[i]))
			w->commit.everything = true;
	}
}

/* -- commits -------------------------------------------------------------- */

static void reset(struct nftwatch *w)
{
	/* The elements need no clearing: n_elems is 0. */
	w->commit.is_lost = false;
	w->commit.is_own = false;
	w->commit.everything = false;
	w->commit.own = NFTWATCH_OWN_UNTOUCHED;
	w->commit.n_elems = 0;
	w->n_points = 0;
}

static void get_process(const struct nlattr *attr, char ret[NFTWATCH_PROCESS_SIZE])
{
	size_t len = strnlen(nlget_data(attr), MIN_T(size_t, nlget_len(attr), NFTWATCH_PROCESS_SIZE - 1));

	memset(ret, 0, NFTWATCH_PROCESS_SIZE);
	memcpy(ret, nlget_data(attr), len);
}

static void end_commit(struct nftwatch *w, const struct nlmsghdr *nlh, nftwatch_fn fn, void *ctx)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	struct nftwatch_commit *c = &w->commit;
	const struct nlattr *attr;

	c->portid = nlh->nlmsg_pid;
	c->is_own = c->portid == w->own_portid;
	c->generation = 0;
	c->pid = 0;
	c->process[0] = '\0';
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_GEN_ID: c->generation = nlget_be32(&g, attr); break;
		case NFTA_GEN_PROC_PID: c->pid = nlget_be32(&g, attr); break;
		case NFTA_GEN_PROC_NAME: get_process(attr, c->process); break;
		}
	}
	if (!c->everything)
		pair_points(w);
	if (c->everything)
		c->n_elems = 0;
	fn(c, ctx);
	reset(w);
}

/* In messages about any kind of object, attribute 1 is the name of the table. */
static bool is_about_ours(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg));
	const struct nlattr *attr;

	static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
			      NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1 &&
			      NFTA_OBJ_TABLE == 1 && NFTA_FLOWTABLE_TABLE == 1,
		      "the table's name");
	if (get_family(nlh) != NFPROTO_INET)
		return false;
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_TABLE_NAME)
			return nlget_is_str(attr, NFTNAMES_TABLE);
	}
	return false;
}

/* Handles a message about one change. */
static void get_change(struct nftwatch *w, const struct nlmsghdr *nlh, unsigned int type)
{
	struct nftwatch_commit *c = &w->commit;

	if (is_about_ours(nlh))
		c->own = type == NFT_MSG_DELTABLE ? NFTWATCH_OWN_DELETED :
			 type == NFT_MSG_NEWTABLE || c->own == NFTWATCH_OWN_UNTOUCHED ?
						    NFTWATCH_OWN_CHANGED :
						    c->own;
	switch (type) {
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		/* Elements that we change ourselves need not be interpreted. */
		if (!c->everything && nlh->nlmsg_pid != w->own_portid)
			get_elems(w, nlh, type == NFT_MSG_DELSETELEM);
		return;
	case NFT_MSG_NEWSET: learn_set(w, nlh); break;
	case NFT_MSG_NEWRULE: forget_rules(w); break;
	case NFT_MSG_DELSET:
	case NFT_MSG_DELTABLE: forget_sets(w); break;
	}
	c->everything = true;
}

void nftwatch_feed(struct nftwatch *w, const struct nlmsghdr *nlh, nftwatch_fn fn, void *ctx)
{
	/* Port ID 0: caused by packets; no process has it (netlink_autobind). */
	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || nlh->nlmsg_pid == 0)
		return;
	if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		end_commit(w, nlh, fn, ctx);
	else
		get_change(w, nlh, nlh->nlmsg_type & 0xff);
}

struct reading {
	struct nftwatch *w;
	nftwatch_fn fn;
	void *ctx;
};

static void on_message(const struct nlmsghdr *nlh, void *ctx)
{
	const struct reading *r = ctx;

	nftwatch_feed(r->w, nlh, r->fn, r->ctx);
}

int nftwatch_read(struct nftwatch *w, unsigned int budget, nftwatch_fn fn, void *ctx)
{
	struct reading r = { w, fn, ctx };
	int n = nlsock_recv_many(&w->events, budget, on_message, &r);

	if (n != -ENOBUFS)
		return n;
	/* The next commit counts as everything, too: its first messages may be lost. */
	forget_sets(w);
	reset(w);
	w->commit.is_lost = true;
	w->commit.everything = true;
	fn(&w->commit, ctx);
	reset(w);
	w->commit.everything = true;
	return n;
}

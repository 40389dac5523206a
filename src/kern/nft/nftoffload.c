/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftoffload.h"

#include <errno.h>
#include <libnftnl/flowtable.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftnames.h"
#include "kern/nft/nftobj.h"
#include "kern/nft/nftruleput.h"
#include "kern/nft/nftbatch.h"

/* In the ingress hook. tc filters run before it at any priority (sch_handle_ingress). */
#define HOOK_PRIORITY 0

/*
 * IDs of connections that had a packet of the original direction and wait for one of the
 * reply direction. The timeout is long enough: a connection worth handing over has steady
 * traffic in at least one direction. While the set is full, no connection is added.
 */
#define SET_PASSED	  "passed"
#define PASSED_SIZE	  65536
#define PASSED_TIMEOUT_MS 10000

#define TRIAL_TABLE "nft_offload_trial"

/* Not in linux/netfilter/nf_tables.h before Linux 5.7. */
#define FLAG_OFFLOAD 1u /* NFT_FLOWTABLE_HW_OFFLOAD */
#define FLAG_COUNTER 2u /* NFT_FLOWTABLE_COUNTER */

static const struct {
	const char *name, *set, *text;
} kinds[NFTOFFLOAD__COUNT] = {
	[NFTOFFLOAD_SOFTWARE] = { "software", "software_pairs", "flowtable \"software\"" },
	[NFTOFFLOAD_HARDWARE] = { "hardware", "hardware_pairs", "flowtable \"hardware\"" },
};

const char *nftoffload_name(enum nftoffload_kind kind)
{
	return kinds[kind].name;
}

bool nftoffload_has(const struct nftoffload_config *c, enum nftoffload_kind kind)
{
	for (unsigned int i = 0; c && i < c->n_devices; i++) {
		if (c->device[i].is_hardware == (kind == NFTOFFLOAD_HARDWARE))
			return true;
	}
	return false;
}

static bool is_name(const char *name)
{
	return name[0] && strnlen(name, LINK_NAME_SIZE) < LINK_NAME_SIZE;
}

static bool are_devices_valid(const struct nftoffload_config *c)
{
	for (unsigned int i = 0; i < c->n_devices; i++) {
		if (!is_name(c->device[i].name))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(c->device[i].name, c->device[j].name) == 0)
				return false;
		}
	}
	return true;
}

int nftoffload_check(const struct nftoffload_config *c)
{
	if (!c)
		return 0;
	if (c->n_devices > NFTOFFLOAD_MAX_DEVICES || c->n_pairs > NFTOFFLOAD_MAX_PAIRS ||
	    !are_devices_valid(c))
		return -EINVAL;
	if (!c->with_pairs && nftoffload_has(c, NFTOFFLOAD_SOFTWARE) && nftoffload_has(c, NFTOFFLOAD_HARDWARE))
		return -EINVAL;
	for (unsigned int i = 0; i < c->n_pairs; i++) {
		const struct nftoffload_pair *p = &c->pair[i];

		if (!is_name(p->in) || !is_name(p->out) ||
		    !nftoffload_has(c, p->is_hardware ? NFTOFFLOAD_HARDWARE : NFTOFFLOAD_SOFTWARE))
			return -EINVAL;
	}
	return 0;
}

/* -- pairs ---------------------------------------------------------------- */

static void put_pairs(struct nftbatch *t, const struct nftoffload_config *c, enum nftoffload_kind kind)
{
	struct nftobj_elems f = { .t = t, .name = kinds[kind].set };

	for (unsigned int i = 0; i < c->n_pairs; i++) {
		char key[2][LINK_NAME_SIZE] = { { 0 } };

		if (c->pair[i].is_hardware != (kind == NFTOFFLOAD_HARDWARE))
			continue;
		memcpy(key[0], c->pair[i].in, strnlen(c->pair[i].in, LINK_NAME_SIZE));
		memcpy(key[1], c->pair[i].out, strnlen(c->pair[i].out, LINK_NAME_SIZE));
		nftobj_elem(&f, key, NULL, sizeof(key), 0);
	}
	nftobj_elems_end(&f);
}

void nftoffload_put_sets(struct nftbatch *t, const struct nftoffload_config *c, uint32_t first_id)
{
	for (unsigned int i = 0; i < NFTOFFLOAD__COUNT; i++) {
		const struct nftobj_set_shape shape = {
			.name = kinds[i].set,
			.key_type = NFTOBJ_KEY_IFNAME_IFNAME,
			.key_len = 2 * LINK_NAME_SIZE,
			.is_host_order = true,
		};

		if (!nftoffload_has(c, (enum nftoffload_kind)i) || !c->with_pairs)
			continue;
		nftobj_set(t, &shape, first_id + i);
		put_pairs(t, c, (enum nftoffload_kind)i);
	}
}

/* -- flowtables ----------------------------------------------------------- */

static void build_flowtable(struct nlmsghdr *nlh, void *object)
{
	nftnl_flowtable_nlmsg_build_payload(nlh, object);
}

/* names ends with NULL; text is for error messages. */
static void put_flowtable(struct nftbatch *t, const char *table, const char *name,
			  const char **names, uint32_t flags, const char *text)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE | NLM_F_EXCL, text);
	struct nftnl_flowtable *f = nftnl_flowtable_alloc();

	if (f) {
		nftnl_flowtable_set_str(f, NFTNL_FLOWTABLE_TABLE, table);
		nftnl_flowtable_set_str(f, NFTNL_FLOWTABLE_NAME, name);
		nftnl_flowtable_set_u32(f, NFTNL_FLOWTABLE_HOOKNUM, NF_NETDEV_INGRESS);
		nftnl_flowtable_set_u32(f, NFTNL_FLOWTABLE_PRIO, HOOK_PRIORITY);
		nftnl_flowtable_set_u32(f, NFTNL_FLOWTABLE_FLAGS, flags);
		if (nftnl_flowtable_set_array(f, NFTNL_FLOWTABLE_DEVICES, names) < 0)
			nftbatch_fail(t, -ENOMEM);
	}
	nftobj_object(t, w, build_flowtable, f);
	if (f)
		nftnl_flowtable_free(f);
}

static uint32_t flags_of(bool is_hardware, bool with_counter)
{
	return (is_hardware ? FLAG_OFFLOAD : 0) | (with_counter ? FLAG_COUNTER : 0);
}

static void put_passed(struct nftbatch *t, uint32_t id)
{
	static const struct nftobj_set_shape shape = {
		.name = SET_PASSED,
		.key_type = NFTOBJ_KEY_MARK, /* nft has no type for ct id; shows a number */
		.key_len = sizeof(uint32_t),
		.flags = NFT_SET_EVAL | NFT_SET_TIMEOUT,
		.is_host_order = true,
		.size = PASSED_SIZE,
		.timeout_ms = PASSED_TIMEOUT_MS,
	};

	nftobj_set(t, &shape, id);
}

void nftoffload_put(struct nftbatch *t, const struct nftoffload_config *c, uint32_t id)
{
	put_passed(t, id);
	for (unsigned int kind = 0; kind < NFTOFFLOAD__COUNT; kind++) {
		const char *names[NFTOFFLOAD_MAX_DEVICES + 1] = { NULL };
		bool is_hardware = kind == NFTOFFLOAD_HARDWARE;
		unsigned int n = 0;

		if (!nftoffload_has(c, (enum nftoffload_kind)kind))
			continue;
		for (unsigned int i = 0; i < c->n_devices; i++) {
			if (c->device[i].is_hardware == is_hardware)
				names[n++] = c->device[i].name;
		}
		put_flowtable(t, NFTNAMES_TABLE, kinds[kind].name, names,
			      flags_of(is_hardware, c->with_counter), kinds[kind].text);
	}
}

static void put_delete(struct nftbatch *t, uint64_t handle)
{
	struct nlput *w = nftbatch_add(t, NFT_MSG_DELFLOWTABLE, 0, "removal of a flowtable");

	nlput_str(w, NFTA_FLOWTABLE_TABLE, NFTNAMES_TABLE);
	nftobj_handle(w, NFTA_FLOWTABLE_HANDLE, handle);
}

void nftoffload_put_delete(struct nftbatch *t, const uint64_t handle[NFTOFFLOAD__COUNT])
{
	for (unsigned int i = 0; i < NFTOFFLOAD__COUNT; i++) {
		if (handle[i])
			put_delete(t, handle[i]);
	}
	nftobj_set_delete(t, SET_PASSED);
}

void nftoffload_put_trial(struct nftbatch *t, const char *device, bool is_hardware, bool with_counter)
{
	const char *names[] = { device, NULL };
	struct nlput *w = nftbatch_add(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, TRIAL_TABLE);

	nlput_str(w, NFTA_TABLE_NAME, TRIAL_TABLE);
	put_flowtable(t, TRIAL_TABLE, "trial", names, flags_of(is_hardware, with_counter),
		      "flowtable of the device");
}

/* -- rules ---------------------------------------------------------------- */

static void load_id(struct nftruleput *r, bool is_reply)
{
	nftruleput_need_direction(r, is_reply);
	nftruleput_load_ct(r, NFT_CT_ID);
}

void nftoffload_build_passed(struct nftruleput *r)
{
	load_id(r, false);
	nftruleput_update(r, SET_PASSED, PASSED_TIMEOUT_MS);
}

void nftoffload_build(struct nftruleput *r, const struct nftoffload_config *c, enum nftoffload_kind kind)
{
	load_id(r, true);
	nftruleput_lookup(r, SET_PASSED);
	if (c->with_pairs) {
		nftruleput_load_meta(r, NFT_META_IIFNAME, NFTRULEPUT_REG);
		nftruleput_load_meta(r, NFT_META_OIFNAME, NFTRULEPUT_REG_SECOND);
		nftruleput_lookup(r, kinds[kind].set);
	}
	nftruleput_offload(r, kinds[kind].name);
	nftruleput_count(r);
}

/* -- what the kernel has -------------------------------------------------- */

enum nftoffload_kind nftoffload_kind_of(const struct nftnl_flowtable *f)
{
	const char *name = nftnl_flowtable_get_str(f, NFTNL_FLOWTABLE_NAME);
	unsigned int kind = 0;

	while (kind < NFTOFFLOAD__COUNT && (!name || strcmp(name, kinds[kind].name) != 0))
		kind++;
	return (enum nftoffload_kind)kind;
}

static bool has_device(const struct nftoffload_config *c, const char *name, bool is_hardware)
{
	for (unsigned int i = 0; i < c->n_devices; i++) {
		if (c->device[i].is_hardware == is_hardware && strcmp(c->device[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A removed device leaves the flowtable without an event (nft_flowtable_event), and a renamed
 * one stays in it under its new name: so the names are compared, not only counted. */
bool nftoffload_is_as_wanted(const struct nftnl_flowtable *f, const struct nftoffload_config *c,
			  enum nftoffload_kind kind)
{
	bool is_hardware = kind == NFTOFFLOAD_HARDWARE;
	const char *const *names = nftnl_flowtable_get_array(f, NFTNL_FLOWTABLE_DEVICES);
	unsigned int n = 0, n_wanted = 0;

	if (!nftoffload_has(c, kind) ||
	    nftnl_flowtable_get_u32(f, NFTNL_FLOWTABLE_HOOKNUM) != NF_NETDEV_INGRESS ||
	    nftnl_flowtable_get_s32(f, NFTNL_FLOWTABLE_PRIO) != HOOK_PRIORITY ||
	    nftnl_flowtable_get_u32(f, NFTNL_FLOWTABLE_FLAGS) !=
		    flags_of(is_hardware, c->with_counter))
		return false;
	for (unsigned int i = 0; i < c->n_devices; i++)
		n_wanted += c->device[i].is_hardware == is_hardware;
	for (; names && names[n]; n++) {
		if (!has_device(c, names[n], is_hardware))
			return false;
	}
	return n == n_wanted;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/nft/nftways.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "kern/nft/nftlayout.h"
#include "kern/nft/nftmsg.h"
#include "kern/nft/nftnames.h"
#include "nl/nlget.h"
#include "nl/nlput.h"

/* Key of the maps. Rules store the id of the entry as it is, and ctnetlink sends the same bytes. */
struct way_key {
	uint32_t be_id;
	uint8_t dir, pad[3];
};

/* Data of the maps. An IPv4 address uses the first four bytes of next_hop. */
struct way_data {
	uint32_t iif, oif, mark;
	uint8_t next_hop[16];
};

static int put_get(struct nlput *w, const char *map, uint32_t ct_id, enum dir dir)
{
	const struct way_key key = {
		.be_id = htonl(ct_id),
		.dir = dir == DIR_REPLY ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL,
	};
	struct nlput_nest elements, element, value;

	nftmsg_begin(w, NFT_MSG_GETSETELEM, 0, NFPROTO_INET);
	nlput_str(w, NFTA_SET_ELEM_LIST_TABLE, NFTNAMES_TABLE);
	nlput_str(w, NFTA_SET_ELEM_LIST_SET, map);
	elements = nlput_nest_begin(w, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nlput_nest_begin(w, NFTA_LIST_ELEM);
	value = nlput_nest_begin(w, NFTA_SET_ELEM_KEY);
	nlput_bytes(w, NFTA_DATA_VALUE, &key, sizeof(key));
	nlput_nest_end(w, value);
	nlput_nest_end(w, element);
	nlput_nest_end(w, elements);
	return nlput_end(w);
}

int nftways_put_get(struct nlput *w, enum family family, uint32_t ct_id, enum dir dir)
{
	return put_get(w, family == FAMILY_IP6 ? NFTLAYOUT_WAYS_IP6 : NFTLAYOUT_WAYS_IP4, ct_id, dir);
}

int nftways_put_get_ttl(struct nlput *w, uint32_t ct_id, enum dir dir)
{
	return put_get(w, NFTLAYOUT_TTLS, ct_id, dir);
}

/* The only element of the answer. */
static const struct nlattr *find_element(const struct nlmsghdr *nlh)
{
	const struct nlattr *list =
		nlget_find(nlget_begin(nlh, sizeof(struct nfgenmsg)), NFTA_SET_ELEM_LIST_ELEMENTS);

	return list ? nlget_find(nlget_enter(list), NFTA_LIST_ELEM) : NULL;
}

/* The kernel reports the time that is left (nf_tables_fill_setelem). */
static uint32_t age_of(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_enter(find_element(nlh));
	const struct nlattr *attr = nlget_find(g, NFTA_SET_ELEM_EXPIRATION);
	uint64_t left = attr ? be64toh(nlget_u64(&g, attr)) : 0;

	return left < NFTLAYOUT_NOTES_TIMEOUT_MS ? (uint32_t)(NFTLAYOUT_NOTES_TIMEOUT_MS - left) : 0;
}

static const struct nlattr *find_data(const struct nlmsghdr *nlh)
{
	const struct nlattr *element = find_element(nlh);
	const struct nlattr *data = element ? nlget_find(nlget_enter(element), NFTA_SET_ELEM_DATA) : NULL;

	return data ? nlget_find(nlget_enter(data), NFTA_DATA_VALUE) : NULL;
}

int nftways_get(const struct nlmsghdr *nlh, enum family family, struct seen_way *ret)
{
	size_t len = addr_len(family);
	struct way_data data = { 0 };
	const struct nlattr *attr;

	if (!nftmsg_is(nlh, NFT_MSG_NEWSETELEM))
		return -ENOMSG;
	attr = find_data(nlh);
	if (!attr || nlget_len(attr) != offsetof(struct way_data, next_hop) + len)
		return -EBADMSG;
	memcpy(&data, nlget_data(attr), nlget_len(attr));
	*ret = (struct seen_way){ .is_known = true, .iif = data.iif, .oif = data.oif,
				  .mark = data.mark, .age_ms = age_of(nlh) };
	memcpy(ret->next_hop.b, data.next_hop, len);
	return 0;
}

int nftways_get_ttl(const struct nlmsghdr *nlh, uint8_t *ret)
{
	const struct nlattr *attr;

	if (!nftmsg_is(nlh, NFT_MSG_NEWSETELEM))
		return -ENOMSG;
	attr = find_data(nlh);
	if (!attr || nlget_len(attr) != sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, nlget_data(attr), sizeof(*ret));
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan - the VLAN tags of a frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Protocol of a tag, as in the frame (IEEE 802.1Q). */
enum vlan_proto {
	VLAN_NONE = 0,
	VLAN_8021Q = 0x8100,
	VLAN_8021AD = 0x88a8,
};

#define VLAN_TAGS_MAX 2
#define VLAN_ID_MAX   4094
#define VLAN_ID_ANY   UINT16_MAX /* in a match: every id */

struct vlan_tag {
	uint16_t proto; /* enum vlan_proto */
	uint16_t id;
};

/* The outer tag first. A frame with one tag has VLAN_NONE in the second, one without tags in both. */
struct vlan_tags {
	struct vlan_tag tag[VLAN_TAGS_MAX];
};

static inline unsigned int vlan_count(const struct vlan_tags *t)
{
	return !t->tag[0].proto ? 0 : !t->tag[1].proto ? 1 : 2;
}

static inline bool vlan_is_equal(const struct vlan_tags *a, const struct vlan_tags *b)
{
	for (unsigned int i = 0; i < VLAN_TAGS_MAX; i++) {
		if (a->tag[i].proto != b->tag[i].proto || a->tag[i].id != b->tag[i].id)
			return false;
	}
	return true;
}

/* The kinds of tagged frames for which there are rules. */
enum vlan_encap {
	VLAN_UNTAGGED,
	VLAN_Q,	   /* one tag, 802.1Q */
	VLAN_AD,   /* one tag, 802.1ad */
	VLAN_Q_Q,  /* 802.1Q in 802.1Q */
	VLAN_AD_Q, /* 802.1Q in 802.1ad */
	VLAN_ENCAP__COUNT,
};

#define VLAN_ENCAPS_ALL ((1u << VLAN_ENCAP__COUNT) - 1)

/* VLAN_ENCAP__COUNT for tags of another kind. */
enum vlan_encap vlan_encap_of(const struct vlan_tags *t);
/* The tags of this kind, with this id in each of them. */
struct vlan_tags vlan_tags_of(enum vlan_encap encap, uint16_t id);
/* Such as "802.1ad 802.1q"; "untagged". */
const char *vlan_encap_name(enum vlan_encap encap);

/* Adds a tag in front of the others. Returns false if there is no room. */
static inline bool vlan_push(struct vlan_tags *t, struct vlan_tag tag)
{
	if (vlan_count(t) == VLAN_TAGS_MAX)
		return false;
	t->tag[1] = t->tag[0];
	t->tag[0] = tag;
	return true;
}

/* Such as "802.1ad". */
static inline const char *vlan_proto_name(uint16_t proto)
{
	return proto == VLAN_8021AD ? "802.1ad" : "802.1q";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/vlan.h"

static const struct {
	uint16_t proto[VLAN_TAGS_MAX];
	const char *name;
} encaps[VLAN_ENCAP__COUNT] = {
	[VLAN_UNTAGGED] = { { VLAN_NONE, VLAN_NONE }, "untagged" },
	[VLAN_Q] = { { VLAN_8021Q, VLAN_NONE }, "802.1q" },
	[VLAN_AD] = { { VLAN_8021AD, VLAN_NONE }, "802.1ad" },
	[VLAN_Q_Q] = { { VLAN_8021Q, VLAN_8021Q }, "802.1q 802.1q" },
	[VLAN_AD_Q] = { { VLAN_8021AD, VLAN_8021Q }, "802.1ad 802.1q" },
};

enum vlan_encap vlan_encap_of(const struct vlan_tags *t)
{
	unsigned int i = 0;

	while (i < VLAN_ENCAP__COUNT && (encaps[i].proto[0] != t->tag[0].proto ||
					 encaps[i].proto[1] != t->tag[1].proto))
		i++;
	return (enum vlan_encap)i;
}

struct vlan_tags vlan_tags_of(enum vlan_encap encap, uint16_t id)
{
	struct vlan_tags ret;

	for (unsigned int i = 0; i < VLAN_TAGS_MAX; i++) {
		ret.tag[i].proto = encaps[encap].proto[i];
		ret.tag[i].id = ret.tag[i].proto ? id : 0;
	}
	return ret;
}

const char *vlan_encap_name(enum vlan_encap encap)
{
	return (unsigned int)encap < VLAN_ENCAP__COUNT ? encaps[encap].name : "?";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains on devices, decoded from messages in the format of the kernel
 * (nf_tables_fill_chain_info).
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "kern/ruleset/nftchains.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[1024];
	struct nlput w;
};

static void begin(struct msg *m, uint16_t type, uint8_t family)
{
	const struct nfgenmsg header = { .nfgen_family = family };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
	nlput_header(&m->w, &header, sizeof(header));
}

static struct nlmsghdr *end(struct msg *m)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return nlput_msg(&m->w);
}

/* The devices that were reported, as text. */
static char seen[256];

static void note(const struct nftchains_device *d, void *ctx UNUSED)
{
	size_t len = strlen(seen);

	if (d->is_bridge)
		snprintf(seen + len, sizeof(seen) - len, "bridges ");
	else
		snprintf(seen + len, sizeof(seen) - len, "%s%s:%s ", d->name,
			 d->is_prefix ? "*" : "", d->is_egress ? "egress" : "ingress");
}

static const char *chain(uint8_t family, uint32_t hook, const char *const devices[],
			 unsigned int n_devices)
{
	struct nftchains_table table;
	struct nlput_nest nest, list;
	struct msg m;

	begin(&m, NFT_MSG_NEWCHAIN, family);
	nlput_str(&m.w, NFTA_CHAIN_TABLE, "t");
	nlput_str(&m.w, NFTA_CHAIN_NAME, "c");
	nest = nlput_nest_begin(&m.w, NFTA_CHAIN_HOOK);
	nlput_be32(&m.w, NFTA_HOOK_HOOKNUM, hook);
	nlput_be32(&m.w, NFTA_HOOK_PRIORITY, 0);
	if (n_devices == 1)
		nlput_str(&m.w, NFTA_HOOK_DEV, devices[0]);
	list = nlput_nest_begin(&m.w, NFTA_HOOK_DEVS);
	for (unsigned int i = 0; i < n_devices; i++)
		nlput_str(&m.w, devices[i][0] == '=' ? 2 : NFTA_DEVICE_NAME,
			  devices[i] + (devices[i][0] == '='));
	nlput_nest_end(&m.w, list);
	nlput_nest_end(&m.w, nest);
	seen[0] = '\0';
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), 0);
	assert_string_equal(table.name, "t");
	assert_int_equal(table.family, family);
	return seen;
}

static void chains(void **state UNUSED)
{
	static const char *const devices[] = { "eth0", "eth1", "=ppp" };

	assert_string_equal(chain(NFPROTO_NETDEV, NF_NETDEV_INGRESS, devices, 1), "eth0:ingress ");
	assert_string_equal(chain(NFPROTO_NETDEV, NF_NETDEV_EGRESS, devices, 3),
			    "eth0:egress eth1:egress ppp*:egress ");
	assert_string_equal(chain(NFPROTO_INET, NF_INET_INGRESS, devices, 2),
			    "eth0:ingress eth1:ingress ");
	/* All devices of the chain are gone. */
	assert_string_equal(chain(NFPROTO_NETDEV, NF_NETDEV_INGRESS, devices, 0), "");
	/* In the other families the same numbers are other hooks. */
	assert_string_equal(chain(NFPROTO_INET, NF_INET_FORWARD, devices, 0), "");
	assert_string_equal(chain(NFPROTO_INET, NF_INET_PRE_ROUTING, devices, 1), "");
	/* Those of bridges have no devices. */
	assert_string_equal(chain(NFPROTO_BRIDGE, NF_INET_FORWARD, devices, 0), "bridges ");
}

/* Old kernels name one device and no list. */
static void single_device(void **state UNUSED)
{
	struct nftchains_table table;
	struct nlput_nest nest;
	struct msg m;

	begin(&m, NFT_MSG_NEWCHAIN, NFPROTO_NETDEV);
	nlput_str(&m.w, NFTA_CHAIN_TABLE, "t");
	nest = nlput_nest_begin(&m.w, NFTA_CHAIN_HOOK);
	nlput_be32(&m.w, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
	nlput_str(&m.w, NFTA_HOOK_DEV, "eth0");
	nlput_nest_end(&m.w, nest);
	seen[0] = '\0';
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), 0);
	assert_string_equal(seen, "eth0:ingress ");
	/* A caller that needs only the table. */
	assert_int_equal(nftchains_get(nlput_msg(&m.w), &table, NULL, NULL), 0);
}

static void odd_messages(void **state UNUSED)
{
	struct nftchains_table table;
	struct nlput_nest nest;
	bool is_dormant;
	struct msg m;

	seen[0] = '\0';
	/* No base chain. */
	begin(&m, NFT_MSG_NEWCHAIN, NFPROTO_NETDEV);
	nlput_str(&m.w, NFTA_CHAIN_TABLE, "t");
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), 0);
	begin(&m, NFT_MSG_NEWCHAIN, NFPROTO_NETDEV);
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), -EBADMSG);
	begin(&m, NFT_MSG_NEWCHAIN, NFPROTO_NETDEV);
	nlput_str(&m.w, NFTA_CHAIN_TABLE, "t");
	nest = nlput_nest_begin(&m.w, NFTA_CHAIN_HOOK);
	nlput_u8(&m.w, NFTA_HOOK_HOOKNUM, 0);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), -EBADMSG);
	begin(&m, NFT_MSG_DELCHAIN, NFPROTO_NETDEV);
	assert_int_equal(nftchains_get(end(&m), &table, note, NULL), -ENOMSG);
	assert_int_equal(nftchains_get_table(nlput_msg(&m.w), &table, &is_dormant), -ENOMSG);
	assert_string_equal(seen, "");
}

static void tables(void **state UNUSED)
{
	struct nftchains_table table;
	bool is_dormant = true;
	struct msg m;

	begin(&m, NFT_MSG_NEWTABLE, NFPROTO_NETDEV);
	nlput_str(&m.w, NFTA_TABLE_NAME, "t");
	nlput_be32(&m.w, NFTA_TABLE_FLAGS, 0);
	assert_int_equal(nftchains_get_table(end(&m), &table, &is_dormant), 0);
	assert_false(is_dormant);
	assert_string_equal(table.name, "t");
	assert_int_equal(table.family, NFPROTO_NETDEV);
	begin(&m, NFT_MSG_NEWTABLE, NFPROTO_INET);
	nlput_str(&m.w, NFTA_TABLE_NAME, "t");
	nlput_be32(&m.w, NFTA_TABLE_FLAGS, NFT_TABLE_F_DORMANT);
	assert_int_equal(nftchains_get_table(end(&m), &table, &is_dormant), 0);
	assert_true(is_dormant);
	begin(&m, NFT_MSG_NEWTABLE, NFPROTO_INET);
	assert_int_equal(nftchains_get_table(end(&m), &table, &is_dormant), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(single_device),
		cmocka_unit_test(odd_messages),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests_name("nftchains", tests, NULL, NULL);
}

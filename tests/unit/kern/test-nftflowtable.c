/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flowtables, decoded from messages in the format of the kernel (nf_tables_fill_flowtable_info). */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "kern/ruleset/nftflowtable.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[4096];
	struct nlput w;
};

static void begin(struct msg *m, uint16_t type, uint32_t flags)
{
	const struct nfgenmsg header = { .nfgen_family = NFPROTO_INET };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_str(&m->w, NFTA_FLOWTABLE_TABLE, "filter");
	nlput_str(&m->w, NFTA_FLOWTABLE_NAME, "f");
	nlput_be32(&m->w, NFTA_FLOWTABLE_FLAGS, flags);
}

static const struct nlmsghdr *end(struct msg *m, const char *const names[], unsigned int n)
{
	struct nlput_nest hook = nlput_nest_begin(&m->w, NFTA_FLOWTABLE_HOOK), devices;

	nlput_be32(&m->w, NFTA_FLOWTABLE_HOOK_NUM, NF_NETDEV_INGRESS);
	devices = nlput_nest_begin(&m->w, NFTA_FLOWTABLE_HOOK_DEVS);
	for (unsigned int i = 0; i < n; i++)
		nlput_str(&m->w, NFTA_DEVICE_NAME, names[i]);
	nlput_nest_end(&m->w, devices);
	nlput_nest_end(&m->w, hook);
	assert_int_equal(nlput_end(&m->w), 0);
	return nlput_msg(&m->w);
}

static void devices_and_flags(void **state UNUSED)
{
	static const char *const names[] = { "fifteen-letters", "eth0" };
	struct flowtable f;
	struct msg m;

	begin(&m, NFT_MSG_NEWFLOWTABLE, 3);
	assert_int_equal(nftflowtable_get(end(&m, names, 2), &f), 0);
	assert_true(f.is_there && f.is_hardware && f.with_counter && !f.has_more);
	assert_int_equal(f.n_devices, 2);
	assert_string_equal(f.device[0], "eth0");
	assert_string_equal(f.device[1], "fifteen-letters");
	begin(&m, NFT_MSG_NEWFLOWTABLE, 0);
	assert_int_equal(nftflowtable_get(end(&m, names, 0), &f), 0);
	assert_true(f.is_there && !f.is_hardware && !f.with_counter);
	assert_int_equal(f.n_devices, 0);
}

static void more_than_fit(void **state UNUSED)
{
	const char *names[FLOWTABLE_MAX_DEVICES + 1];
	struct flowtable f;
	struct msg m;

	for (size_t i = 0; i < array_size(names); i++)
		names[i] = "eth0";
	begin(&m, NFT_MSG_NEWFLOWTABLE, 0);
	assert_int_equal(nftflowtable_get(end(&m, names, FLOWTABLE_MAX_DEVICES), &f), 0);
	assert_false(f.has_more);
	begin(&m, NFT_MSG_NEWFLOWTABLE, 0);
	assert_int_equal(nftflowtable_get(end(&m, names, FLOWTABLE_MAX_DEVICES + 1), &f), 0);
	assert_true(f.has_more);
	assert_int_equal(f.n_devices, FLOWTABLE_MAX_DEVICES);
}

static void not_a_flowtable(void **state UNUSED)
{
	static const char *const bad[] = { "sixteen-letters-", "" };
	struct flowtable f = { .n_devices = 7 };
	struct msg m;

	begin(&m, NFT_MSG_NEWTABLE, 0);
	assert_int_equal(nftflowtable_get(end(&m, bad, 0), &f), -ENOMSG);
	for (size_t i = 0; i < array_size(bad); i++) {
		begin(&m, NFT_MSG_NEWFLOWTABLE, 0);
		assert_int_equal(nftflowtable_get(end(&m, &bad[i], 1), &f), -EBADMSG);
	}
	assert_int_equal(f.n_devices, 7);
}

static void families(void **state UNUSED)
{
	static const char *const names[] = { "ip", "ip6", "inet" };

	for (size_t i = 0; i < array_size(names); i++)
		assert_string_equal(nftflowtable_family_name(nftflowtable_family(names[i])), names[i]);
	assert_int_equal(nftflowtable_family("netdev"), 0);
	assert_int_equal(nftflowtable_family(""), 0);
	assert_string_equal(nftflowtable_family_name(0), "?");
}

static void equality(void **state UNUSED)
{
	struct flowtable a = { .is_there = true, .n_devices = 2, .device = { "eth0", "eth1" } };
	struct flowtable b = a;

	assert_true(flowtable_is_equal(&a, &b));
	strcpy(b.device[1], "eth2");
	assert_false(flowtable_is_equal(&a, &b));
	b = a;
	b.is_hardware = true;
	assert_false(flowtable_is_equal(&a, &b));
	b = a;
	b.n_devices = 1;
	assert_false(flowtable_is_equal(&a, &b));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_and_flags), cmocka_unit_test(more_than_fit),
		cmocka_unit_test(not_a_flowtable),	     cmocka_unit_test(families),
		cmocka_unit_test(equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flowtables of our nft table: which settings are valid, which requests they
 * give, and whether a flowtable that the kernel reports is as wanted. Our own
 * requests serve as reports of the kernel, because their attributes are the same.
 */
#include "unit/unit.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/flowtable.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/util.h"
#include "kern/nft/nftoffload.h"
#include "kern/nft/nftbatch.h"

static struct nftbatch *trans;
static struct nftoffload_config config;

static int setup(void **state UNUSED)
{
	config = (struct nftoffload_config){
		.n_devices = 3,
		.device = { { "lan0", false }, { "nic0", true }, { "wan0", false } },
		.with_pairs = true,
		.n_pairs = 3,
		.pair = { { "lan0", "wan0", false },
			  { "nic0", "nic0", true },
			  { "wan0", "lan0", false } },
	};
	return nftbatch_new(&trans);
}

static int teardown(void **state UNUSED)
{
	nftbatch_free(trans);
	return 0;
}

static void which_settings_are_valid(void **state UNUSED)
{
	assert_int_equal(nftoffload_check(NULL), 0);
	assert_int_equal(nftoffload_check(&config), 0);
	config.with_pairs = false; /* two flowtables, and no pairs to choose between them */
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.with_pairs = true;
	strcpy(config.device[2].name, "lan0");
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.device[2].name[0] = '\0';
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	memset(config.device[2].name, 'x', LINK_NAME_SIZE);
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.n_devices = 2;
	assert_int_equal(nftoffload_check(&config), 0);
	config.n_devices = 1; /* no device for the pair in hardware */
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.n_pairs = 1;
	assert_int_equal(nftoffload_check(&config), 0);
	config.pair[0].out[0] = '\0';
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.n_pairs = NFTOFFLOAD_MAX_PAIRS + 1;
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.n_pairs = 0;
	config.n_devices = NFTOFFLOAD_MAX_DEVICES + 1;
	assert_int_equal(nftoffload_check(&config), -EINVAL);
	config.n_devices = 0;
	assert_int_equal(nftoffload_check(&config), 0);
	assert_false(nftoffload_has(&config, NFTOFFLOAD_SOFTWARE));
}

/* Returns the requests between begin and end, and their number. */
static unsigned int get_requests(const struct nlmsghdr *ret[8])
{
	const struct nlmsghdr *nlh;
	const void *data;
	unsigned int n = 0;
	size_t size;
	int len;

	assert_int_equal(nftbatch_end(trans, &data, &size), 0);
	nlh = data;
	len = (int)size;
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
			continue;
		assert_true(n < 8);
		ret[n++] = nlh;
	}
	return n;
}

static struct nftnl_flowtable *parse(const struct nlmsghdr *nlh)
{
	struct nftnl_flowtable *f = nftnl_flowtable_alloc();

	assert_int_equal(nlh->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWFLOWTABLE);
	assert_true(nlh->nlmsg_flags & NLM_F_EXCL);
	assert_int_equal(nftnl_flowtable_nlmsg_parse(nlh, f), 0);
	return f;
}

static void reported_flowtables_are_compared(void **state UNUSED)
{
	const struct nlmsghdr *requests[8];
	struct nftnl_flowtable *f[NFTOFFLOAD__COUNT];

	config.with_counter = true;
	nftbatch_begin(trans, 0);
	nftoffload_put(trans, &config, 1);
	assert_int_equal(get_requests(requests), 1 + NFTOFFLOAD__COUNT);
	assert_int_equal(requests[0]->nlmsg_type & 0xff, NFT_MSG_NEWSET);
	for (unsigned int i = 0; i < NFTOFFLOAD__COUNT; i++) {
		f[i] = parse(requests[1 + i]);
		assert_int_equal(nftoffload_kind_of(f[i]), i);
		assert_true(nftoffload_is_as_wanted(f[i], &config, (enum nftoffload_kind)i));
		assert_false(nftoffload_is_as_wanted(f[i], &config, (enum nftoffload_kind)!i));
		assert_false(nftoffload_is_as_wanted(f[i], NULL, (enum nftoffload_kind)i));
	}
	assert_int_equal(nftnl_flowtable_get_u32(f[NFTOFFLOAD_SOFTWARE], NFTNL_FLOWTABLE_FLAGS), 2);
	assert_int_equal(nftnl_flowtable_get_u32(f[NFTOFFLOAD_HARDWARE], NFTNL_FLOWTABLE_FLAGS), 3);

	strcpy(config.device[0].name, "lan1"); /* renamed */
	assert_false(nftoffload_is_as_wanted(f[NFTOFFLOAD_SOFTWARE], &config, NFTOFFLOAD_SOFTWARE));
	assert_true(nftoffload_is_as_wanted(f[NFTOFFLOAD_HARDWARE], &config, NFTOFFLOAD_HARDWARE));
	strcpy(config.device[0].name, "lan0");
	config.n_devices = 4; /* one device is missing */
	strcpy(config.device[3].name, "lan1");
	assert_false(nftoffload_is_as_wanted(f[NFTOFFLOAD_SOFTWARE], &config, NFTOFFLOAD_SOFTWARE));
	config.n_devices = 2; /* there is one device too many */
	assert_false(nftoffload_is_as_wanted(f[NFTOFFLOAD_SOFTWARE], &config, NFTOFFLOAD_SOFTWARE));
	config.n_devices = 3;
	config.with_counter = false;
	assert_false(nftoffload_is_as_wanted(f[NFTOFFLOAD_SOFTWARE], &config, NFTOFFLOAD_SOFTWARE));

	nftnl_flowtable_set_str(f[0], NFTNL_FLOWTABLE_NAME, "other");
	assert_int_equal(nftoffload_kind_of(f[0]), NFTOFFLOAD__COUNT);
	for (unsigned int i = 0; i < NFTOFFLOAD__COUNT; i++)
		nftnl_flowtable_free(f[i]);
}

static void only_needed_objects(void **state UNUSED)
{
	const struct nlmsghdr *requests[8];
	struct nftnl_flowtable *f;

	config.n_devices = 1;
	config.n_pairs = 1;
	nftbatch_begin(trans, 0);
	nftoffload_put_sets(trans, &config, 7);
	nftoffload_put(trans, &config, 1);
	/* A set, its elements, the other set, a flowtable. */
	assert_int_equal(get_requests(requests), 4);
	assert_int_equal(requests[0]->nlmsg_type & 0xff, NFT_MSG_NEWSET);
	assert_int_equal(requests[1]->nlmsg_type & 0xff, NFT_MSG_NEWSETELEM);
	f = parse(requests[3]);
	assert_int_equal(nftoffload_kind_of(f), NFTOFFLOAD_SOFTWARE);
	nftnl_flowtable_free(f);
	config.with_pairs = false;
	nftbatch_begin(trans, 0);
	nftoffload_put_sets(trans, &config, 7);
	assert_int_equal(get_requests(requests), 0);
}

/* A trial touches neither our own table nor an existing one. */
static void a_trial_has_its_own_table(void **state UNUSED)
{
	const struct nlmsghdr *requests[8];
	struct nftnl_flowtable *f;

	nftbatch_begin(trans, 0);
	nftoffload_put_trial(trans, "eth0", true, false);
	assert_int_equal(get_requests(requests), 2);
	assert_int_equal(requests[0]->nlmsg_type & 0xff, NFT_MSG_NEWTABLE);
	assert_true(requests[0]->nlmsg_flags & NLM_F_EXCL);
	f = parse(requests[1]);
	assert_string_equal(nftnl_flowtable_get_str(f, NFTNL_FLOWTABLE_TABLE), "nft_offload_trial");
	assert_string_equal(nftnl_flowtable_get_array(f, NFTNL_FLOWTABLE_DEVICES)[0], "eth0");
	assert_int_equal(nftnl_flowtable_get_u32(f, NFTNL_FLOWTABLE_FLAGS), 1);
	nftnl_flowtable_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(which_settings_are_valid),
		TEST(reported_flowtables_are_compared),
		TEST(only_needed_objects),
		TEST(a_trial_has_its_own_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transactions that make and change our nft table, decoded again, with the
 * decoder of the library where it has one.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "kern/nft/nftlayout.h"
#include "kern/nft/nftbatch.h"
#include "nl/nlget.h"

static struct nftbatch *trans;
static struct nftlayout_config config;

static int setup(void **state UNUSED)
{
	config = (struct nftlayout_config){ .mask = 0x70000000, .epoch = 0x50000000, .priority = 10 };
	return nftbatch_new(&trans);
}

static int teardown(void **state UNUSED)
{
	nftbatch_free(trans);
	return 0;
}

static void add_prefix(const char *text, uint8_t len)
{
	struct exempt_prefix *p = &config.exempt.prefix[config.exempt.n_prefixes++];
	enum family family;

	assert_int_equal(addr_from_str(text, &family, &p->addr), 0);
	p->family = (uint8_t)family;
	p->len = len;
}

/* Ends the transaction. Returns its messages, and their number. */
static unsigned int get_messages(const struct nlmsghdr *ret[NFTBATCH_MSGS_MAX + 2])
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
		assert_true(n < NFTBATCH_MSGS_MAX + 2);
		assert_true(nlh->nlmsg_flags & NLM_F_REQUEST);
		ret[n++] = nlh;
	}
	assert_int_equal(len, 0);
	return n;
}

static bool is_nft(const struct nlmsghdr *nlh, unsigned int type)
{
	return nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
}

static void assert_frame(const struct nlmsghdr *const msgs[], unsigned int n, uint32_t generation)
{
	struct nlget g = nlget_begin(msgs[0], sizeof(struct nfgenmsg));
	const struct nlattr *attr = nlget_next(&g);

	assert_int_equal(msgs[0]->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	assert_int_equal(msgs[n - 1]->nlmsg_type, NFNL_MSG_BATCH_END);
	for (unsigned int i = 0; i < n; i += n - 1) {
		const struct nfgenmsg *header = mnl_nlmsg_get_payload(msgs[i]);

		assert_int_equal(ntohs(header->res_id), NFNL_SUBSYS_NFTABLES);
	}
	if (generation)
		assert_int_equal(nlget_be32(&g, attr), generation);
	else
		assert_null(attr);
}

static unsigned int count_type(const struct nlmsghdr *const msgs[], unsigned int n, unsigned int type)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < n; i++)
		count += is_nft(msgs[i], type);
	return count;
}

static unsigned int count_rules(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NFTLAYOUT_RULE__COUNT; i++)
		n += nftlayout_has_rule(&config, (enum nftlayout_rule)i);
	return n;
}

static void whole_table(void **state UNUSED)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	unsigned int n;

	nftbatch_begin(trans, 0);
	nftlayout_put_delete(trans, 0x1122334455667788);
	nftlayout_put_table(trans, &config);
	nftlayout_put_gates(trans, &config);
	n = get_messages(msgs);
	assert_frame(msgs, n, 0);
	assert_true(is_nft(msgs[1], NFT_MSG_DELTABLE));
	/* Nothing of ours may be put into a table that others have created. */
	assert_true(is_nft(msgs[2], NFT_MSG_NEWTABLE));
	assert_true(msgs[2]->nlmsg_flags & NLM_F_EXCL);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWTABLE), 1);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWSET), 8);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWSETELEM), 1);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWCHAIN), 3);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWFLOWTABLE), 0);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWRULE), count_rules());
	assert_int_equal(count_rules(), 18);
	for (unsigned int i = 1; i < n - 1; i++) {
		const struct nfgenmsg *header = mnl_nlmsg_get_payload(msgs[i]);

		assert_int_equal(header->nfgen_family, NFPROTO_INET);
	}
}

static void delete_names_the_handle(void **state UNUSED)
{
	static const unsigned char wanted[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	const struct nlattr *attr;
	struct nlget g;

	nftbatch_begin(trans, 0);
	nftlayout_put_delete(trans, 0x1122334455667788);
	assert_int_equal(get_messages(msgs), 3);
	g = nlget_begin(msgs[1], sizeof(struct nfgenmsg));
	attr = nlget_next(&g);
	assert_int_equal(nlget_type(attr), NFTA_TABLE_HANDLE);
	assert_int_equal(nlget_len(attr), sizeof(wanted));
	assert_memory_equal(nlget_data(attr), wanted, sizeof(wanted));
	assert_null(nlget_next(&g));
}

static void assert_rule(const struct nlmsghdr *nlh, const char *wanted)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	char text[1024];

	assert_int_equal(nftnl_rule_nlmsg_parse(nlh, rule), 0);
	nftnl_rule_snprintf(text, sizeof(text), rule, NFTNL_OUTPUT_DEFAULT, 0);
	if (!strstr(text, wanted))
		fail_msg("no \"%s\" in \"%s\"", wanted, text);
	nftnl_rule_free(rule);
}

static void epoch(void **state UNUSED)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];

	config.min_packets = 5;
	nftbatch_begin(trans, 77);
	nftlayout_put_replace(trans, &config, NFTLAYOUT_RULE_ADMIT, 19);
	nftlayout_put_replace(trans, &config, NFTLAYOUT_RULE_GATE, 21);
	nftlayout_put_replace(trans, &config, NFTLAYOUT_RULE_ORIGINAL, 17);
	nftlayout_put_replace(trans, &config, NFTLAYOUT_RULE_EARLY, 18);
	nftlayout_put_replace(trans, &config, NFTLAYOUT_RULE_HALF, 20);
	assert_int_equal(get_messages(msgs), 7);
	assert_frame(msgs, 7, 77);
	assert_true(msgs[1]->nlmsg_flags & NLM_F_REPLACE);
	assert_false(msgs[1]->nlmsg_flags & NLM_F_CREATE);
	assert_rule(msgs[1], "nft_offload set_mark 19");
	assert_rule(msgs[1], "[ ct load mark => reg 1 ]\n"
			     "  [ bitwise reg 1 = ( reg 1 & 0x8fffffff ) ^ 0x50000000 ]\n"
			     "  [ ct set mark with reg 1 ]");
	assert_rule(msgs[2], "nft_offload postrouting 21");
	assert_rule(msgs[2], "[ bitwise reg 1 = ( reg 1 & 0x70000000 ) ^ 0x00000000 ]\n"
			     "  [ cmp neq reg 1 0x50000000 ]");
	assert_rule(msgs[2], "jump -> admit");
	assert_rule(msgs[2], "[ ct load packets => reg 1 ]");
	assert_rule(msgs[3], "[ ct load direction => reg 1 ]\n"
			     "  [ cmp eq reg 1 0x00000000 ]\n"
			     "  [ ct load mark => reg 1 ]\n"
			     "  [ bitwise reg 1 = ( reg 1 & 0x8fffffff ) ^ 0x40000000 ]\n"
			     "  [ ct set mark with reg 1 ]\n"
			     "  [ immediate reg 0 return ]");
	assert_rule(msgs[4], "[ cmp neq reg 1 0x40000000 ]\n"
			     "  [ ct load direction => reg 1 ]\n"
			     "  [ cmp eq reg 1 0x00000001 ]\n"
			     "  [ immediate reg 0 return ]");
	assert_rule(msgs[5], "[ cmp eq reg 1 0x40000000 ]\n"
			     "  [ ct load direction => reg 1 ]\n"
			     "  [ cmp eq reg 1 0x00000000 ]\n"
			     "  [ immediate reg 0 return ]");
}

/* The messages that put both rules for ways in the places of others. */
static void put_ways(const struct nftlayout_config *c, const struct nlmsghdr *msgs[])
{
	nftbatch_begin(trans, 0);
	nftlayout_put_replace(trans, c, NFTLAYOUT_RULE_WAY_IP4, 5);
	nftlayout_put_replace(trans, c, NFTLAYOUT_RULE_WAY_IP6, 6);
	assert_int_equal(get_messages(msgs), 4);
}

/* A packet notes its way before it marks its connection. */
static void ways(void **state UNUSED)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];

	put_ways(&config, msgs);
	assert_rule(msgs[1], "[ cmp eq reg 1 0x00000002 ]\n"
			     "  [ ct load unknown => reg 1 ]\n"
			     "  [ ct load direction => reg 9 ]\n"
			     "  [ meta load iif => reg 2 ]\n"
			     "  [ meta load oif => reg 13 ]\n"
			     "  [ meta load mark => reg 14 ]\n"
			     "  [ rt load nexthop4 => reg 15 ]\n"
			     "  [ dynset delete reg_key 1 set ways_ip4 sreg_data 2 timeout 10000ms ]\n"
			     "  [ dynset add reg_key 1 set ways_ip4 sreg_data 2 timeout 10000ms ]\n"
			     "  [ immediate reg 0 jump -> set_mark ]");
	assert_rule(msgs[2], "[ rt load nexthop6 => reg 15 ]");
	assert_rule(msgs[2], "set ways_ip6");
}

/* It also notes its TTL, if the settings want that. */
static void ttls(void **state UNUSED)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	struct nftlayout_config c = config;

	c.with_ttl = true;
	nftbatch_begin(trans, 0);
	nftlayout_put_table(trans, &c);
	assert_int_equal(count_type(msgs, get_messages(msgs), NFT_MSG_NEWSET), 9);
	put_ways(&c, msgs);
	assert_rule(msgs[1], "[ dynset add reg_key 1 set ways_ip4 sreg_data 2 timeout 10000ms ]\n"
			     "  [ payload load 1b @ network header + 8 => reg 2 ]\n"
			     "  [ dynset delete reg_key 1 set ttls sreg_data 2 timeout 10000ms ]\n"
			     "  [ dynset add reg_key 1 set ttls sreg_data 2 timeout 10000ms ]\n"
			     "  [ immediate reg 0 jump -> set_mark ]");
	assert_rule(msgs[2], "[ payload load 1b @ network header + 7 => reg 2 ]");
}

/* The flowtable comes before the rules that use it. These rules are the last ones of
 * their chains, because rules that are added later are appended. */
static void with_flowtable(void **state UNUSED)
{
	static const struct nftoffload_config flow = { .n_devices = 1, .device = { { "eth0", false } } };
	static const char *const last[] = { "nft_offload hand_over", "nft_offload postrouting",
					    "nft_offload forward" };
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	unsigned int n;

	config.flow = &flow;
	config.min_packets = 5;
	assert_int_equal(count_rules(), 30);
	nftbatch_begin(trans, 0);
	nftlayout_put_table(trans, &config);
	nftlayout_put_gates(trans, &config);
	n = get_messages(msgs);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWFLOWTABLE), 1);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWCHAIN), 5);
	assert_int_equal(count_type(msgs, n, NFT_MSG_NEWRULE), 30);
	assert_true(is_nft(msgs[n - 6], NFT_MSG_NEWFLOWTABLE));
	for (unsigned int i = 0; i < 3; i++)
		assert_rule(msgs[n - 4 + i], last[i]);
	assert_rule(msgs[n - 4], "[ flow_offload flowtable software ]\n  [ counter pkts 0 bytes 0 ]");
	assert_rule(msgs[n - 2], "[ ct load state => reg 1 ]\n"
				 "  [ bitwise reg 1 = ( reg 1 & 0x00000002 ) ^ 0x00000000 ]");
	assert_rule(msgs[n - 2], "[ ct load packets => reg 1 ]");
	assert_rule(msgs[n - 2], "jump -> hand_over");
	nftbatch_begin(trans, 0);
	nftlayout_put_flow(trans, &config);
	assert_int_equal(get_messages(msgs), 6);
	assert_true(is_nft(msgs[1], NFT_MSG_NEWSET));
	assert_true(is_nft(msgs[2], NFT_MSG_NEWFLOWTABLE));
	assert_rule(msgs[3], "nft_offload hand_over");
	assert_rule(msgs[3], "[ dynset update reg_key 1 set passed timeout 10000ms ]");
	assert_rule(msgs[4], "nft_offload hand_over");
}

static void print_bytes(struct strbuf *sb, const struct nlattr *attr)
{
	const unsigned char *bytes = nlget_data(attr);

	for (size_t i = 0; i < nlget_len(attr); i++)
		strbuf_printf(sb, "%02x", bytes[i]);
}

static void print_elem(struct strbuf *sb, const struct nlattr *elem)
{
	struct nlget g = nlget_enter(elem), value;
	const struct nlattr *attr;

	strbuf_put(sb, " ");
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case NFTA_SET_ELEM_KEY_END: strbuf_put(sb, "-");
		/* fall through */
		case NFTA_SET_ELEM_KEY:
			value = nlget_enter(attr);
			print_bytes(sb, nlget_next(&value));
			break;
		case NFTA_SET_ELEM_FLAGS:
			assert_int_equal(nlget_be32(&g, attr), NFT_SET_ELEM_INTERVAL_END);
			strbuf_put(sb, "<");
			break;
		}
	}
	assert_false(g.is_malformed);
}

static void print_elems(struct strbuf *sb, const struct nlmsghdr *nlh, const char *name)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct nfgenmsg)), list;
	const struct nlattr *attr, *elem;
	bool is_it = false;

	/* The names come before the elements. */
	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == NFTA_SET_ELEM_LIST_SET)
			is_it = nlget_is_str(attr, name);
		if (!is_it || nlget_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		list = nlget_enter(attr);
		while ((elem = nlget_next(&list)))
			print_elem(sb, elem);
		assert_false(list.is_malformed);
	}
	assert_false(g.is_malformed);
}

/*
 * Checks the elements of one set, written as keys: "key-last" for a range, and "<key"
 * for the end of an interval. (The library cannot read the lists that it writes.)
 */
static void assert_elems(const char *name, const char *wanted)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	unsigned int n;
	STRBUF_ON_STACK(sb, 4096);

	nftbatch_begin(trans, 0);
	nftlayout_put_table(trans, &config);
	n = get_messages(msgs);
	for (unsigned int i = 0; i < n; i++) {
		if (is_nft(msgs[i], NFT_MSG_NEWSETELEM))
			print_elems(&sb, msgs[i], name);
	}
	assert_string_equal(strbuf_str(&sb), wanted);
}

static void prefixes(void **state UNUSED)
{
	add_prefix("10.1.2.3", 8);
	add_prefix("10.9.0.0", 16);        /* inside the first */
	add_prefix("10.0.0.0", 8);         /* the same again */
	add_prefix("172.16.0.0", 12);
	add_prefix("192.0.2.255", 32);
	add_prefix("255.255.255.254", 31); /* no address follows it */
	add_prefix("2001:db8::", 32);
	assert_elems("exempt_ip4", " 0a000000 <0b000000 ac100000 <ac200000 c00002ff <c0000300 fffffffe");
	assert_elems("exempt_ip6", " 20010db8000000000000000000000000 <20010db9000000000000000000000000");
	assert_elems("protocols", " 06 11");
}

static void all_addresses(void **state UNUSED)
{
	add_prefix("1.2.3.4", 0);
	add_prefix("10.0.0.0", 8);
	assert_elems("exempt_ip4", " 00000000");
}

static void add_ports(uint8_t proto, uint16_t from, uint16_t to)
{
	config.exempt.ports[config.exempt.n_ports++] = (struct exempt_ports){ proto, from, to };
}

/* Ranges that touch or overlap are merged. */
static void ports(void **state UNUSED)
{
	add_ports(6, 30, 40);
	add_ports(6, 20, 29);
	add_ports(6, 35, 36);
	add_ports(6, 42, 42);
	add_ports(6, 20, 21);
	add_ports(17, 0, 65535);
	add_ports(17, 41, 41);
	assert_elems("exempt_ports", " 0600000000140000-0600000000280000"
				     " 06000000002a0000-06000000002a0000"
				     " 1100000000000000-11000000ffff0000");
}

static void full_lists(void **state UNUSED)
{
	const struct nlmsghdr *msgs[NFTBATCH_MSGS_MAX + 2];
	static struct nftoffload_config flow;
	struct exempt *e = &config.exempt;

	for (unsigned int i = 0; i < EXEMPT_MAX_PREFIXES; i++) {
		e->prefix[i].family = FAMILY_IP6;
		e->prefix[i].len = 128;
		e->prefix[i].addr.b[14] = (uint8_t)i;
	}
	for (unsigned int i = 0; i < EXEMPT_MAX_PORTS; i++)
		e->ports[i] = (struct exempt_ports){ 6, (uint16_t)(2 * i), (uint16_t)(2 * i) };
	for (unsigned int i = 0; i < EXEMPT_MAX_INTERFACES; i++)
		snprintf(e->interface[i], LINK_NAME_SIZE, "interface-%05u", i);
	for (unsigned int i = 0; i < EXEMPT_MAX_MARKS; i++)
		e->mark[i] = i;
	e->n_prefixes = EXEMPT_MAX_PREFIXES;
	e->n_ports = EXEMPT_MAX_PORTS;
	e->n_interfaces = EXEMPT_MAX_INTERFACES;
	e->n_marks = EXEMPT_MAX_MARKS;
	for (unsigned int i = 0; i < NFTOFFLOAD_MAX_DEVICES; i++) {
		snprintf(flow.device[i].name, LINK_NAME_SIZE, "interface-%05u", i);
		flow.device[i].is_hardware = i % 2;
	}
	for (unsigned int i = 0; i < NFTOFFLOAD_MAX_PAIRS; i++) {
		snprintf(flow.pair[i].in, LINK_NAME_SIZE, "interface-%05u", i);
		snprintf(flow.pair[i].out, LINK_NAME_SIZE, "interface-%05u", i);
	}
	flow.n_devices = NFTOFFLOAD_MAX_DEVICES;
	flow.n_pairs = NFTOFFLOAD_MAX_PAIRS;
	flow.with_pairs = true;
	config.flow = &flow;
	assert_int_equal(nftlayout_check(&config), 0);
	nftbatch_begin(trans, 0);
	nftlayout_put_delete(trans, 1);
	nftlayout_put_table(trans, &config);
	(void)get_messages(msgs);
}

static void too_many_messages(void **state UNUSED)
{
	const void *data;
	size_t len;

	nftbatch_begin(trans, 0);
	for (unsigned int i = 0; i < NFTBATCH_MSGS_MAX + 5; i++)
		nftlayout_put_delete(trans, i);
	assert_int_equal(nftbatch_end(trans, &data, &len), -EMSGSIZE);
	nftbatch_begin(trans, 0);
	for (unsigned int i = 0; i < NFTBATCH_MSGS_MAX; i++)
		nftlayout_put_delete(trans, i);
	assert_int_equal(nftbatch_end(trans, &data, &len), 0);
}

static void bad_settings(void **state UNUSED)
{
	assert_int_equal(nftlayout_check(&config), 0);
	config.epoch = 0x90000000;
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.epoch = 0;
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.epoch = 0x10000000;
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.epoch = 0x60000000;
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.epoch = 0x70000000;
	assert_int_equal(nftlayout_check(&config), 0);
	add_prefix("10.0.0.0", 33);
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.exempt.n_prefixes = 0;
	add_ports(6, 2, 1);
	assert_int_equal(nftlayout_check(&config), -EINVAL);
	config.exempt.n_ports = 0;
	config.exempt.mark[0] = 0x40000001;
	config.exempt.n_marks = 1;
	assert_int_equal(nftlayout_check(&config), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(whole_table),   TEST(delete_names_the_handle), TEST(epoch),
		TEST(prefixes),	     TEST(all_addresses),	  TEST(ports),
		TEST(full_lists),    TEST(too_many_messages),		  TEST(bad_settings),
		TEST(ways),
		TEST(ttls),
		TEST(with_flowtable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

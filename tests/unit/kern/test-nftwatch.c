/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded messages of the kernel (6.1, nft 1.0.6) about commits, and messages that
 * the kernel would not send.
 */
#include "unit/unit.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "kern/ruleset/nftwatch.h"
#include "nl/nlput.h"

/* "set iv { type ipv4_addr; flags interval; }", and
 * "set ranges { type inet_proto . inet_service . ipv4_addr; flags interval; timeout 1h; }" */
static const char rec_sets[] =
	"5c000000090a000401000000930000000100000309000100757365720000000007000200697600000c001000"
	"00000000000000010800030000000004080004000000000708000500000000040a000d000004020000000000"
	"040009009c000000090a00040200000093000000010000030900010075736572000000000b00020072616e67"
	"657300000c00100000000000000000020800030000000094080004000000c347080005000000000c0c000b00"
	"000000000036ee8014000d00000400000000030800040d00000001002c000900280002000c00010008000100"
	"000000010c00010008000100000000020c00010008000100000000042c0000000f0a00000100000093000000"
	"0000000308000100000000030800020000000093080003006e667400";

/* "add element iv { 10.0.0.0/24, 255.255.255.0/24 }" */
static const char rec_interval[] =
	"440000000c0a000400000000940000000100000409000100757365720000000007000200697600001c000300"
	"180001000c000100080001000000000008000300000000013c0000000c0a0004000000009400000001000004"
	"090001007573657200000000070002006976000014000300100001000c000100080001000a00000044000000"
	"0c0a000400000000940000000100000409000100757365720000000007000200697600001c00030018000100"
	"0c000100080001000a0001000800030000000001480000000c0a000400000000940000000100000409000100"
	"75736572000000000700020069760000200003001c0001000c00010008000100ffffff000a00060001040100"
	"000000002c0000000f0a00000100000094000000000000040800010000000004080002000000009408000300"
	"6e667400";

/* "add element ranges { tcp . 80-90 . 10.0.0.0/8 timeout 5m }" */
static const char rec_range[] =
	"740000000c0a00040000000095000000010000050900010075736572000000000b00020072616e6765730000"
	"4800030044000100140001001000010006000000005000000a00000014000a001000010006000000005a0000"
	"0affffff0c00040000000000000493e00c00050000000000000493dc2c0000000f0a00000100000095000000"
	"0000000508000100000000050800020000000095080003006e667400";

/* "delete element iv { 10.0.0.0/24 }" */
static const char rec_delete[] =
	"3c0000000e0a0000000000009600000001000006090001007573657200000000070002006976000014000300"
	"100001000c000100080001000a000000440000000e0a00000000000096000000010000060900010075736572"
	"0000000007000200697600001c000300180001000c000100080001000a00010008000300000000012c000000"
	"0f0a000001000000960000000000000608000100000000060800020000000096080003006e667400";

/* "add chain c", "add rule c counter" */
static const char rec_rule[] =
	"3c000000030a00040100000097000000010000070900010075736572000000000c0002000000000000000003"
	"0600030063000000080006000000000164000000060a000c0200000097000000010000070900010075736572"
	"0000000006000200630000000c0003000000000000000004300004002c0001000c000100636f756e74657200"
	"1c0002000c00010000000000000000000c00020000000000000000002c0000000f0a00000100000097000000"
	"0000000708000100000000070800020000000097080003006e667400";

/* "flush ruleset" */
static const char rec_flush[] =
	"64000000080a000001000000980000000100000809000100757365720000000006000200630000000c000300"
	"0000000000000004300004002c0001000c000100636f756e746572001c0002000c0001000000000000000000"
	"0c00020000000000000000005c0000000b0a0000010000009800000001000008090001007573657200000000"
	"07000200697600000c0010000000000000000001080003000000000408000400000000070800050000000004"
	"0a000d000004020000000000040009009c0000000b0a00000100000098000000010000080900010075736572"
	"000000000b00020072616e67657300000c00100000000000000000020800030000000094080004000000c347"
	"080005000000000c0c000b00000000000036ee8014000d00000400000000030800040d00000001002c000900"
	"280002000c00010008000100000000010c00010008000100000000020c00010008000100000000043c000000"
	"050a00000100000098000000010000080900010075736572000000000c000200000000000000000306000300"
	"6300000008000600000000003c000000020a0000010000009800000001000008090001007573657200000000"
	"080002000000000008000300000000000c00040000000000000000012c0000000f0a00000100000098000000"
	"0000000808000100000000080800020000000098080003006e667400";


static struct nftwatch *watch;
static struct nftwatch_commit last;
static unsigned int n_commits;

static void keep(const struct nftwatch_commit *commit, void *ctx UNUSED)
{
	last = *commit;
	n_commits++;
}

static int setup(void **state UNUSED)
{
	n_commits = 0;
	return nftwatch_new(&watch, 0x99);
}

static int teardown(void **state UNUSED)
{
	nftwatch_close(watch);
	return 0;
}

struct bytes {
	_Alignas(4) unsigned char data[4096];
	int len;
};

static struct bytes from_hex(const char *hex)
{
	struct bytes b = { .len = 0 };

	for (; hex[0] && hex[1]; hex += 2) {
		char digits[] = { hex[0], hex[1], '\0' };

		assert_true(b.len < (int)sizeof(b.data));
		b.data[b.len++] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return b;
}

/* Feeds a recording. If @port is not 0, the messages come from this port. */
static void feed(const char *hex, uint32_t port)
{
	struct bytes b = from_hex(hex);
	struct nlmsghdr *nlh = (void *)b.data;
	int len = b.len;

	while (mnl_nlmsg_ok(nlh, len)) {
		struct nlmsghdr *next = (void *)((unsigned char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));

		if (port)
			nlh->nlmsg_pid = port;
		len -= (int)NLMSG_ALIGN(nlh->nlmsg_len);
		nftwatch_feed(watch, nlh, keep, NULL);
		nlh = next;
	}
	assert_int_equal(len, 0);
}

static bool has_range(unsigned int i, const char *lo, const char *hi)
{
	const struct setelem_field *f = &last.elem[i].field[0];
	struct addr want_lo, want_hi;
	enum family family;

	assert_int_equal(addr_from_str(lo, &family, &want_lo), 0);
	assert_int_equal(addr_from_str(hi, &family, &want_hi), 0);
	return f->kind == SETELEM_IP4 && f->len == 4 && memcmp(f->lo, want_lo.b, 4) == 0 &&
	       memcmp(f->hi, want_hi.b, 4) == 0;
}

static void process_and_change(void **state UNUSED)
{
	feed(rec_rule, 0);
	assert_int_equal(n_commits, 1);
	assert_true(last.everything);
	assert_false(last.is_own);
	assert_false(last.is_lost);
	assert_int_equal(last.own, NFTWATCH_OWN_UNTOUCHED);
	assert_int_equal(last.generation, 7);
	assert_int_equal(last.portid, 0x97);
	assert_int_equal(last.pid, 0x97);
	assert_string_equal(last.process, "nft");
	feed(rec_flush, 0);
	assert_int_equal(n_commits, 2);
	assert_true(last.everything);
	/* The table "user" is not ours. */
	assert_int_equal(last.own, NFTWATCH_OWN_UNTOUCHED);
}

static void intervals(void **state UNUSED)
{
	feed(rec_sets, 0);
	assert_true(last.everything);
	feed(rec_interval, 0);
	assert_int_equal(n_commits, 2);
	assert_false(last.everything);
	assert_int_equal(last.n_elems, 2);
	assert_true(has_range(0, "10.0.0.0", "10.0.0.255"));
	assert_true(has_range(1, "255.255.255.0", "255.255.255.255"));
	assert_int_equal(last.elem[0].expires_ms, 0);
	feed(rec_delete, 0);
	assert_false(last.everything);
	assert_int_equal(last.n_elems, 1);
	assert_true(has_range(0, "10.0.0.0", "10.0.0.255"));
}

static void ranges(void **state UNUSED)
{
	static const uint8_t tcp = 6, ports[] = { 0, 80, 0, 90 }, net[] = { 10, 0, 0, 0 };
	static const uint8_t last_net[] = { 10, 255, 255, 255 };
	const struct setelem *e = &last.elem[0];

	feed(rec_sets, 0);
	feed(rec_range, 0);
	assert_false(last.everything);
	assert_int_equal(last.n_elems, 1);
	assert_int_equal(e->n_fields, 3);
	assert_in_range(e->expires_ms, 299000, 300000);
	assert_int_equal(e->field[0].kind, SETELEM_PROTO);
	assert_memory_equal(e->field[0].lo, &tcp, 1);
	assert_int_equal(e->field[1].kind, SETELEM_PORT);
	assert_memory_equal(e->field[1].lo, ports, 2);
	assert_memory_equal(e->field[1].hi, ports + 2, 2);
	assert_int_equal(e->field[2].kind, SETELEM_IP4);
	assert_memory_equal(e->field[2].lo, net, 4);
	assert_memory_equal(e->field[2].hi, last_net, 4);
}

/* A change in an unknown set may affect anything. A set that was deleted is unknown again. */
static void unknown_sets(void **state UNUSED)
{
	feed(rec_interval, 0);
	assert_true(last.everything);
	assert_int_equal(last.n_elems, 0);
	feed(rec_sets, 0);
	feed(rec_interval, 0);
	assert_false(last.everything);
	feed(rec_flush, 0);
	feed(rec_interval, 0);
	assert_true(last.everything);
}

static void our_own_commits(void **state UNUSED)
{
	feed(rec_rule, 0x99);
	assert_int_equal(n_commits, 1);
	assert_true(last.is_own);
	feed(rec_interval, 0x99);
	assert_true(last.is_own);
	assert_false(last.everything);
}

/* Changes that packets cause come from port 0, between transactions. */
static void changes_by_packets(void **state UNUSED)
{
	struct bytes b = from_hex(rec_rule);
	struct nlmsghdr *nlh = (void *)b.data;

	feed(rec_sets, 0);
	nlh->nlmsg_pid = 0;
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ;
	nftwatch_feed(watch, nlh, keep, NULL);
	feed(rec_interval, 0);
	assert_false(last.everything);
	assert_int_equal(last.n_elems, 2);
}

struct msg {
	_Alignas(4) unsigned char buf[512];
	struct nlput w;
};

static struct nlput *begin(struct msg *m, uint16_t type, uint8_t family, const char *table)
{
	const struct nfgenmsg header = { .nfgen_family = family };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
	nlput_header(&m->w, &header, sizeof(header));
	if (table)
		nlput_str(&m->w, NFTA_TABLE_NAME, table);
	return &m->w;
}

static void send_msg(struct msg *m)
{
	assert_int_equal(nlput_end(&m->w), 0);
	nlput_msg(&m->w)->nlmsg_pid = 5;
	nftwatch_feed(watch, nlput_msg(&m->w), keep, NULL);
}

static void send_about(uint16_t type, uint8_t family, const char *table)
{
	struct msg m;

	begin(&m, type, family, table);
	send_msg(&m);
}

static void end(void)
{
	send_about(NFT_MSG_NEWGEN, 0, NULL);
}

static void our_table(void **state UNUSED)
{
	send_about(NFT_MSG_DELTABLE, NFPROTO_IPV4, "nft_offload");
	send_about(NFT_MSG_DELTABLE, NFPROTO_INET, "nft_offloads");
	end();
	assert_int_equal(last.own, NFTWATCH_OWN_UNTOUCHED);
	send_about(NFT_MSG_NEWRULE, NFPROTO_INET, "nft_offload");
	end();
	assert_int_equal(last.own, NFTWATCH_OWN_CHANGED);
	send_about(NFT_MSG_DELRULE, NFPROTO_INET, "nft_offload");
	send_about(NFT_MSG_DELTABLE, NFPROTO_INET, "nft_offload");
	end();
	assert_int_equal(last.own, NFTWATCH_OWN_DELETED);
	send_about(NFT_MSG_DELTABLE, NFPROTO_INET, "nft_offload");
	send_about(NFT_MSG_NEWTABLE, NFPROTO_INET, "nft_offload");
	end();
	assert_int_equal(last.own, NFTWATCH_OWN_CHANGED);
	end();
	assert_int_equal(last.own, NFTWATCH_OWN_UNTOUCHED);
}

static void put_point(struct nlput *w, uint32_t be_key, uint32_t flags)
{
	struct nlput_nest elem = nlput_nest_begin(w, NFTA_LIST_ELEM);
	struct nlput_nest key = nlput_nest_begin(w, NFTA_SET_ELEM_KEY);

	nlput_be32(w, NFTA_DATA_VALUE, be_key);
	nlput_nest_end(w, key);
	if (flags)
		nlput_be32(w, NFTA_SET_ELEM_FLAGS, flags);
	nlput_nest_end(w, elem);
}

static void send_point(uint32_t be_key, uint32_t flags)
{
	struct nlput_nest list;
	struct nlput *w;
	struct msg m;

	w = begin(&m, NFT_MSG_NEWSETELEM, NFPROTO_INET, "user");
	nlput_str(w, NFTA_SET_ELEM_LIST_SET, "iv");
	list = nlput_nest_begin(w, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_point(w, be_key, flags);
	nlput_nest_end(w, list);
	send_msg(&m);
}

static void interval_points(void **state UNUSED)
{
	feed(rec_sets, 0);
	/* Ends may come first, and intervals may touch. */
	send_point(0x0a000200, NFT_SET_ELEM_INTERVAL_END);
	send_point(0x0a000100, NFT_SET_ELEM_INTERVAL_END);
	send_point(0x0a000100, 0);
	send_point(0x0a000000, 0);
	send_point(0, NFT_SET_ELEM_INTERVAL_END);
	end();
	assert_false(last.everything);
	assert_int_equal(last.n_elems, 2);
	assert_true(has_range(0, "10.0.1.0", "10.0.1.255"));
	assert_true(has_range(1, "10.0.0.0", "10.0.0.255"));
	/* An end alone changes an interval that is not in the messages. */
	send_point(0x0a000200, NFT_SET_ELEM_INTERVAL_END);
	end();
	assert_true(last.everything);
	send_point(0x0a000200, NFT_SET_ELEM_CATCHALL);
	end();
	assert_true(last.everything);
}

static void too_many_elements(void **state UNUSED)
{
	feed(rec_sets, 0);
	for (uint32_t i = 0; i < NFTWATCH_ELEMS_MAX; i++) {
		send_point(i << 8, 0);
		send_point((i << 8) + 1, NFT_SET_ELEM_INTERVAL_END);
	}
	end();
	assert_false(last.everything);
	assert_int_equal(last.n_elems, NFTWATCH_ELEMS_MAX);
	for (uint32_t i = 0; i <= NFTWATCH_ELEMS_MAX; i++) {
		send_point(i << 8, 0);
		send_point((i << 8) + 1, NFT_SET_ELEM_INTERVAL_END);
	}
	end();
	assert_true(last.everything);
	assert_int_equal(last.n_elems, 0);
}

/* Recordings with random bytes: only a sanitizer build can tell that nothing else is read. */
static void damaged(void **state UNUSED)
{
	struct splitmix random = unit_random_start(20240611);
	static const char *const recordings[] = { rec_sets, rec_interval, rec_range, rec_flush };

	for (unsigned int round = 0; round < 4000; round++) {
		struct bytes b = from_hex(recordings[round % 4]);
		struct nlmsghdr *nlh = (void *)b.data;
		int len = b.len;

		for (unsigned int i = 0; i < 1 + round % 8; i++)
			b.data[splitmix_below(&random, (uint32_t)b.len)] =
				(unsigned char)splitmix_u64(&random);
		/* mnl_nlmsg_ok() takes a length above INT32_MAX for a negative one. */
		for (; mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
		     nlh = mnl_nlmsg_next(nlh, &len))
			nftwatch_feed(watch, nlh, keep, NULL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(process_and_change),
		TEST(intervals),
		TEST(ranges),
		TEST(unknown_sets),
		TEST(our_own_commits),
		TEST(changes_by_packets),
		TEST(our_table),
		TEST(interval_points),
		TEST(too_many_elements),
		TEST(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exact bytes of one request of every shape. After an intended change,
 * "tests/golden/test-golden --write DIRECTORY" writes new files.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "golden/golden.h"
#include "kern/tc/flower.h"

static void path_of(char *path, size_t size, const char *name)
{
	const char *dir = getenv("srcdir");

	snprintf(path, size, "%s/tests/golden/%s.hex", dir ? dir : ".", name);
}

static void encode(const struct rule *rule, unsigned char buf[GOLDEN_MSG_BYTES], size_t *ret_len)
{
	struct nlput w;

	nlput_init(&w, buf, GOLDEN_MSG_BYTES, 0);
	if (flower_put_add(&w, rule, FLOWER_EXCL))
		abort();
	*ret_len = nlput_msg(&w)->nlmsg_len;
}

static void requests_equal_the_golden_files(void **state UNUSED)
{
	for (unsigned int i = 0; i < GOLDEN_RULES; i++) {
		_Alignas(4) unsigned char buf[GOLDEN_MSG_BYTES], golden[GOLDEN_MSG_BYTES];
		char name[GOLDEN_NAME_SIZE], path[4096];
		struct rule rule = golden_rule(i, name);
		size_t len;
		int golden_len;

		path_of(path, sizeof(path), name);
		golden_len = golden_read(path, golden);
		encode(&rule, buf, &len);
		if ((int)len != golden_len || memcmp(buf, golden, len) != 0)
			fail_msg("%s: the request differs", path);
	}
}

/* Every request decodes to the rule from which it was made. */
static void requests_decode_to_their_rules(void **state UNUSED)
{
	for (unsigned int i = 0; i < GOLDEN_RULES; i++) {
		_Alignas(4) unsigned char golden[GOLDEN_MSG_BYTES];
		char name[GOLDEN_NAME_SIZE], path[4096];
		struct rule rule = golden_rule(i, name);
		struct flower_info info;

		path_of(path, sizeof(path), name);
		assert_true(golden_read(path, golden) > 0);
		assert_int_equal(flower_get((const struct nlmsghdr *)(void *)golden, &info), 0);
		assert_true(info.is_flower);
		assert_true(info.is_ours);
		assert_true(info.has_rule);
		assert_true(rule_is_equal(&info.rule, &rule));
		assert_int_equal(info.where.handle, rule.handle);
		assert_int_equal(info.cookie.instance, rule.cookie.instance);
		assert_int_equal(info.cookie.owns_clsact, rule.cookie.owns_clsact);
		assert_int_equal(info.is_skip_sw, rule.place == RULE_HARDWARE);
		assert_int_equal(info.is_skip_hw, rule.place == RULE_SOFTWARE);
		assert_false(info.is_in_hw);
		assert_false(info.has_stats);
		assert_int_equal(info.chain, 0);
	}
}

static int write_all(const char *dir)
{
	for (unsigned int i = 0; i < GOLDEN_RULES; i++) {
		_Alignas(4) unsigned char buf[GOLDEN_MSG_BYTES];
		char name[GOLDEN_NAME_SIZE], path[4096];
		struct rule rule = golden_rule(i, name);
		size_t len;

		snprintf(path, sizeof(path), "%s/%s.hex", dir, name);
		encode(&rule, buf, &len);
		if (golden_write(path, &rule, buf, len)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_equal_the_golden_files),
		cmocka_unit_test(requests_decode_to_their_rules),
	};

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}

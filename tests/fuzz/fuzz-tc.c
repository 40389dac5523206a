/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tc filters, ours and those of others. If a rule of ours is encoded and decoded again to a
 * rule, both rules must be equal.
 */
#include <stdlib.h>

#include "base/util.h"
#include "fuzz/fuzz.h"
#include "kern/tc/flower.h"
#include "nl/nlput.h"

static void write_again(const struct rule *rule)
{
	static const uint64_t key[2] = { 1, 2 };
	_Alignas(8) unsigned char buf[4096];
	struct flower_info again;
	char text[RULE_STR_SIZE];
	struct nlput w;

	rule_to_str(rule, text);
	if (rule->cookie.kind != rule->kind)
		return;
	nlput_init(&w, buf, sizeof(buf), 0);
	if (flower_put_add(&w, rule, 0))
		return;
	if (flower_get(nlput_msg(&w), &again))
		abort();
	if (again.has_rule && (!rule_is_equal(rule, &again.rule) ||
			       rule_digest(rule, key) != rule_digest(&again.rule, key)))
		abort();
}

static void on_message(const struct nlmsghdr *nlh, void *ctx UNUSED)
{
	struct flower_info info;

	if (flower_get(nlh, &info) == 0 && info.has_rule && info.is_ours)
		write_again(&info.rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_messages(data, size, on_message, NULL);
	fuzz_check_bugs();
	return 0;
}

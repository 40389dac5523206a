/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "kern/rt/xfrm.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[256];
	struct nlput w;
};

static void begin(struct msg *m, uint16_t type, const void *header, size_t len)
{
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, header, len);
}

static int get(struct msg *m, bool *applies)
{
	assert_int_equal(nlput_end(&m->w), 0);
	*applies = false;
	return xfrm_get(nlput_msg(&m->w), applies);
}

static bool applies_with(const struct xfrmu_spdinfo *info)
{
	const uint32_t flags = 0;
	bool applies;
	struct msg m;

	begin(&m, XFRM_MSG_NEWSPDINFO, &flags, sizeof(flags));
	nlput_bytes(&m.w, XFRMA_SPD_INFO, info, sizeof(*info));
	nlput_u32(&m.w, XFRMA_SPD_HINFO, 7);
	assert_int_equal(get(&m, &applies), 0);
	return applies;
}

/* Policies of direction "in", and those of sockets, concern no forwarded packets. */
static void numbers_of_policies(void **state UNUSED)
{
	assert_false(applies_with(&(struct xfrmu_spdinfo){ 0 }));
	assert_false(applies_with(&(struct xfrmu_spdinfo){
		.incnt = 1, .inscnt = 2, .outscnt = 3, .fwdscnt = 4 }));
	assert_true(applies_with(&(struct xfrmu_spdinfo){ .outcnt = 1 }));
	assert_true(applies_with(&(struct xfrmu_spdinfo){ .fwdcnt = 1 }));
}

static bool applies_by_default(uint8_t in, uint8_t fwd, uint8_t out)
{
	const struct xfrm_userpolicy_default policy = { .in = in, .fwd = fwd, .out = out };
	bool applies;
	struct msg m;

	begin(&m, XFRM_MSG_GETDEFAULT, &policy, sizeof(policy));
	assert_int_equal(get(&m, &applies), 0);
	return applies;
}

static void default_policies(void **state UNUSED)
{
	const uint8_t accept = XFRM_USERPOLICY_ACCEPT, block = XFRM_USERPOLICY_BLOCK;

	assert_false(applies_by_default(accept, accept, accept));
	assert_false(applies_by_default(block, accept, accept));
	assert_true(applies_by_default(accept, block, accept));
	assert_true(applies_by_default(accept, accept, block));
}

static void odd_messages(void **state UNUSED)
{
	const uint32_t flags = 0;
	bool applies;
	struct msg m;

	begin(&m, XFRM_MSG_NEWPOLICY, &flags, sizeof(flags));
	assert_int_equal(get(&m, &applies), -ENOMSG);
	begin(&m, XFRM_MSG_GETDEFAULT, NULL, 0);
	assert_int_equal(get(&m, &applies), -EBADMSG);
	begin(&m, XFRM_MSG_NEWSPDINFO, NULL, 0);
	assert_int_equal(get(&m, &applies), -EBADMSG);
	begin(&m, XFRM_MSG_NEWSPDINFO, &flags, sizeof(flags));
	nlput_u32(&m.w, XFRMA_SPD_INFO, 1);
	assert_int_equal(get(&m, &applies), -EBADMSG);
	assert_false(applies);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_policies),
		cmocka_unit_test(default_policies),
		cmocka_unit_test(odd_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

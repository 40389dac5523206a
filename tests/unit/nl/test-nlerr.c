/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/util.h"
#include "nl/nlerr.h"
#include "nl/nlput.h"

/* An ack in the format of netlink_ack(). */
struct ack {
	_Alignas(4) unsigned char buf[512];
	struct nlput w;
};

static void begin_ack(struct ack *a, int err, uint16_t flags)
{
	struct nlmsgerr body = { .error = err, .msg.nlmsg_len = 24 };

	nlput_init(&a->w, a->buf, sizeof(a->buf), 1);
	nlput_begin(&a->w, NLMSG_ERROR, 0);
	nlput_msg(&a->w)->nlmsg_flags = flags;
	nlput_header(&a->w, &body, sizeof(body));
}

static struct nlerr decode(struct ack *a)
{
	struct nlerr err = { .err = 77 };

	assert_int_equal(nlput_end(&a->w), 0);
	assert_int_equal(nlerr_get(nlput_msg(&a->w), &err), 0);
	return err;
}

static void success_and_failure(void **state UNUSED)
{
	struct ack a;
	struct nlerr err;

	begin_ack(&a, 0, NLM_F_CAPPED);
	err = decode(&a);
	assert_int_equal(err.err, 0);
	assert_string_equal(err.extack, "");
	begin_ack(&a, -ENOENT, NLM_F_CAPPED);
	err = decode(&a);
	assert_int_equal(err.err, -ENOENT);
	assert_string_equal(err.extack, "");
}

static void text_after_a_capped_ack(void **state UNUSED)
{
	struct ack a;
	struct nlerr err;

	begin_ack(&a, -EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	nlput_u32(&a.w, NLMSGERR_ATTR_OFFS, 4);
	nlput_str(&a.w, NLMSGERR_ATTR_MSG, "bad\tthing");
	err = decode(&a);
	assert_int_equal(err.err, -EINVAL);
	assert_string_equal(err.extack, "bad?thing");
}

static void text_after_the_returned_request(void **state UNUSED)
{
	struct ack a;
	struct nlerr err;

	begin_ack(&a, -EINVAL, NLM_F_ACK_TLVS);
	nlput_header(&a.w, "12345678", 8);
	nlput_str(&a.w, NLMSGERR_ATTR_MSG, "bad thing");
	err = decode(&a);
	assert_string_equal(err.extack, "bad thing");
}

static void long_text_is_cut(void **state UNUSED)
{
	char text[200];
	struct ack a;
	struct nlerr err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	begin_ack(&a, -EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	nlput_str(&a.w, NLMSGERR_ATTR_MSG, text);
	err = decode(&a);
	assert_int_equal(strlen(err.extack), NLERR_EXTACK_SIZE - 1);
	/* Without a final NUL. */
	begin_ack(&a, -EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	nlput_bytes(&a.w, NLMSGERR_ATTR_MSG, "abc", 3);
	err = decode(&a);
	assert_string_equal(err.extack, "abc");
}

static void end_of_a_dump(void **state UNUSED)
{
	struct ack a;
	struct nlerr err;
	int number = -EINTR;

	nlput_init(&a.w, a.buf, sizeof(a.buf), 1);
	nlput_begin(&a.w, NLMSG_DONE, 0);
	nlput_header(&a.w, &number, sizeof(number));
	err = decode(&a);
	assert_int_equal(err.err, -EINTR);
	/* A dump ends with the length of its last part: no error (netlink_dump). */
	number = 20;
	nlput_begin(&a.w, NLMSG_DONE, 0);
	nlput_header(&a.w, &number, sizeof(number));
	err = decode(&a);
	assert_int_equal(err.err, 0);
}

static void other_messages(void **state UNUSED)
{
	struct ack a;
	struct nlerr err = { .err = 77 };

	nlput_init(&a.w, a.buf, sizeof(a.buf), 1);
	nlput_begin(&a.w, 36, 0);
	assert_int_equal(nlput_end(&a.w), 0);
	assert_int_equal(nlerr_get(nlput_msg(&a.w), &err), -ENOMSG);
	nlput_begin(&a.w, NLMSG_ERROR, 0);
	nlput_header(&a.w, "1234567890123456", 16);
	assert_int_equal(nlput_end(&a.w), 0);
	assert_int_equal(nlerr_get(nlput_msg(&a.w), &err), -EBADMSG);
	nlput_begin(&a.w, NLMSG_DONE, 0);
	assert_int_equal(nlput_end(&a.w), 0);
	assert_int_equal(nlerr_get(nlput_msg(&a.w), &err), -EBADMSG);
	/* A returned request that claims to be longer than the message. */
	begin_ack(&a, -EINVAL, NLM_F_ACK_TLVS);
	err = decode(&a);
	assert_int_equal(err.err, -EINVAL);
	assert_string_equal(err.extack, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_and_failure),
		cmocka_unit_test(text_after_a_capped_ack),
		cmocka_unit_test(text_after_the_returned_request),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(end_of_a_dump),
		cmocka_unit_test(other_messages),
	};

	return cmocka_run_group_tests_name("nlerr", tests, NULL, NULL);
}

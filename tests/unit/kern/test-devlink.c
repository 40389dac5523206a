/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request for the eswitch mode of a NIC, and answers in the format of the
 * kernel.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <string.h>

#include "base/util.h"
#include "kern/hw/devlink.h"
#include "nl/nlget.h"

#define FAMILY 0x15

struct msg {
	_Alignas(4) unsigned char buf[256];
	struct nlput w;
};

static void names_of_pci_functions(void **state UNUSED)
{
	static const char *const good[] = { "0000:03:00.1", "0000:fe:00.7", "10000:e1:00.0" };
	static const char *const bad[] = {
		"", "N/A", "03:00.1", "0000:03:00", "0000:03:00.", "0000:03:00.10", "0000:03:00.1x",
		"0000:3:00.1", "usb-0000:00:14.0-1", "virtio0", "mlx5_core.sf.2", "000g:03:00.1",
	};

	for (size_t i = 0; i < array_size(good); i++)
		assert_true(devlink_is_pci_name(good[i]));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(devlink_is_pci_name(bad[i]));
}

static void request_for_the_mode(void **state UNUSED)
{
	const struct genlmsghdr *header;
	const struct nlattr *attr;
	struct nlget g;
	struct msg m;

	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	assert_int_equal(devlink_put_eswitch(&m.w, FAMILY, "0000:03:00.1"), 0);
	assert_int_equal(nlput_msg(&m.w)->nlmsg_type, FAMILY);
	header = (const void *)(m.buf + NLMSG_HDRLEN);
	assert_int_equal(header->cmd, DEVLINK_CMD_ESWITCH_GET);
	g = nlget_begin(nlput_msg(&m.w), sizeof(*header));
	attr = nlget_next(&g);
	assert_int_equal(nlget_type(attr), DEVLINK_ATTR_BUS_NAME);
	assert_true(nlget_is_str(attr, "pci"));
	attr = nlget_next(&g);
	assert_int_equal(nlget_type(attr), DEVLINK_ATTR_DEV_NAME);
	assert_true(nlget_is_str(attr, "0000:03:00.1"));
	assert_null(nlget_next(&g));
}

static void begin_answer(struct msg *m)
{
	struct genlmsghdr header = { .cmd = DEVLINK_CMD_ESWITCH_GET };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, FAMILY, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_str(&m->w, DEVLINK_ATTR_BUS_NAME, "pci");
	nlput_str(&m->w, DEVLINK_ATTR_DEV_NAME, "0000:03:00.1");
}

static int get_mode(struct msg *m, enum link_eswitch *ret)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return devlink_get_eswitch(nlput_msg(&m->w), ret);
}

static void answers_with_the_mode(void **state UNUSED)
{
	static const struct {
		uint16_t mode;
		enum link_eswitch wanted;
	} cases[] = {
		{ DEVLINK_ESWITCH_MODE_LEGACY, LINK_ESWITCH_LEGACY },
		{ DEVLINK_ESWITCH_MODE_SWITCHDEV, LINK_ESWITCH_SWITCHDEV },
		{ 77, LINK_ESWITCH_NONE }, /* a mode that does not exist yet */
	};
	enum link_eswitch mode;
	struct msg m;

	for (size_t i = 0; i < array_size(cases); i++) {
		begin_answer(&m);
		nlput_u16(&m.w, DEVLINK_ATTR_ESWITCH_MODE, cases[i].mode);
		nlput_u8(&m.w, DEVLINK_ATTR_ESWITCH_INLINE_MODE, 1);
		assert_int_equal(get_mode(&m, &mode), 0);
		assert_int_equal(mode, cases[i].wanted);
	}
	/* A driver without modes. */
	begin_answer(&m);
	assert_int_equal(get_mode(&m, &mode), 0);
	assert_int_equal(mode, LINK_ESWITCH_NONE);
	begin_answer(&m);
	nlput_u32(&m.w, DEVLINK_ATTR_ESWITCH_MODE, 1);
	mode = LINK_ESWITCH_LEGACY;
	assert_int_equal(get_mode(&m, &mode), -EBADMSG);
	assert_int_equal(mode, LINK_ESWITCH_LEGACY);
}

static void real_request(void **state UNUSED)
{
	enum link_eswitch mode = LINK_ESWITCH_LEGACY;
	struct devlink *d;
	int err;

	if (devlink_open(&d))
		unit_return_because("no devlink");
	err = devlink_read_eswitch(d, "ffff:ff:1f.7", &mode);
	assert_true(err == 0 || err == -EPERM);
	assert_int_equal(mode, err ? LINK_ESWITCH_LEGACY : LINK_ESWITCH_NONE);
	devlink_close(d);
	devlink_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_pci_functions),
		cmocka_unit_test(request_for_the_mode),
		cmocka_unit_test(answers_with_the_mode),
		cmocka_unit_test(real_request),
	};

	return cmocka_run_group_tests_name("devlink", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XDP programs, filters and qdiscs that others have put on a device, decoded from
 * messages in the format of the kernel.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "kern/tc/flower.h"
#include "kern/tc/hooks.h"
#include "nl/nlput.h"

struct msg {
	_Alignas(4) unsigned char buf[4096];
	struct nlput w;
};

static struct nlmsghdr *end(struct msg *m)
{
	assert_int_equal(nlput_end(&m->w), 0);
	return nlput_msg(&m->w);
}

/* -- XDP ------------------------------------------------------------------ */

static void begin_link(struct msg *m, uint16_t type)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = 5 };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &header, sizeof(header));
	nlput_str(&m->w, IFLA_IFNAME, "eth0");
}

static bool has_xdp(uint8_t attached)
{
	struct nlput_nest nest;
	bool has = !attached;
	struct msg m;

	begin_link(&m, RTM_NEWLINK);
	nest = nlput_nest_begin(&m.w, IFLA_XDP | NLA_F_NESTED);
	nlput_u8(&m.w, IFLA_XDP_ATTACHED, attached);
	nlput_u32(&m.w, IFLA_XDP_PROG_ID, 7);
	nlput_nest_end(&m.w, nest);
	nlput_u32(&m.w, IFLA_MTU, 1500);
	assert_int_equal(hooks_get_xdp(end(&m), &has), 0);
	return has;
}

static void xdp_programs(void **state UNUSED)
{
	struct nlput_nest nest;
	bool has = true;
	struct msg m;

	assert_false(has_xdp(XDP_ATTACHED_NONE));
	assert_true(has_xdp(XDP_ATTACHED_DRV));
	assert_true(has_xdp(XDP_ATTACHED_SKB));
	assert_true(has_xdp(XDP_ATTACHED_HW));
	assert_true(has_xdp(XDP_ATTACHED_MULTI));
	begin_link(&m, RTM_NEWLINK);
	assert_int_equal(hooks_get_xdp(end(&m), &has), 0);
	assert_false(has);
	begin_link(&m, RTM_DELLINK);
	assert_int_equal(hooks_get_xdp(end(&m), &has), -ENOMSG);
	begin_link(&m, RTM_NEWLINK);
	nest = nlput_nest_begin(&m.w, IFLA_XDP);
	nlput_u32(&m.w, IFLA_XDP_ATTACHED, 1);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(hooks_get_xdp(end(&m), &has), -EBADMSG);
}

/* -- filters -------------------------------------------------------------- */

static void begin_tc(struct msg *m, uint16_t type, uint32_t parent, uint32_t handle,
		     const char *kind)
{
	const struct tcmsg tcm = { .tcm_ifindex = 5,
				   .tcm_parent = parent,
				   .tcm_handle = handle,
				   .tcm_info = 7u << 16 | htons(ETH_P_IP) };

	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_header(&m->w, &tcm, sizeof(tcm));
	if (kind)
		nlput_str(&m->w, TCA_KIND, kind);
}

static bool is_foreign(uint32_t handle, const char *kind)
{
	struct msg m;

	begin_tc(&m, RTM_NEWTFILTER, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), handle, kind);
	return hooks_is_foreign_filter(end(&m));
}

static void filters(void **state UNUSED)
{
	struct msg m;

	/* A prio of flower may be ours; one of another classifier is not. */
	assert_false(is_foreign(0, "flower"));
	assert_true(is_foreign(0, "u32"));
	assert_true(is_foreign(0, "matchall"));
	assert_true(is_foreign(0, NULL));
	/* A filter is ours by its cookie only. */
	assert_true(is_foreign(1, "flower"));
	assert_true(is_foreign(1, "bpf"));
	begin_tc(&m, RTM_NEWQDISC, 0, 1, "fq");
	assert_false(hooks_is_foreign_filter(end(&m)));
}

static void our_rules(void **state UNUSED)
{
	struct rule rule = { .kind = RULE_GUARD,
			     .family = FAMILY_IP4,
			     .ifindex = 5,
			     .prio = 7,
			     .handle = 1,
			     .cookie = { .kind = RULE_GUARD, .instance = 9 } };
	struct msg m;
	struct nlmsghdr *nlh;

	nlput_init(&m.w, m.buf, sizeof(m.buf), 0);
	assert_int_equal(flower_put_add(&m.w, &rule, 0), 0);
	nlh = nlput_msg(&m.w);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWTFILTER);
	assert_false(hooks_is_foreign_filter(nlh));
}

/* -- qdiscs --------------------------------------------------------------- */

static struct hooks_qdisc qdisc(const char *kind)
{
	struct hooks_qdisc q;
	struct msg m;

	begin_tc(&m, RTM_NEWQDISC, TC_H_ROOT, 0x80010000, kind);
	assert_int_equal(hooks_get_qdisc(end(&m), &q), 0);
	assert_int_equal(q.ifindex, 5);
	return q;
}

static bool fq_is_shaper(uint32_t rate)
{
	struct nlput_nest nest;
	struct hooks_qdisc q;
	struct msg m;

	begin_tc(&m, RTM_NEWQDISC, TC_H_ROOT, 0x80010000, "fq");
	nest = nlput_nest_begin(&m.w, TCA_OPTIONS);
	nlput_u32(&m.w, TCA_FQ_PLIMIT, 10000);
	nlput_u32(&m.w, TCA_FQ_FLOW_MAX_RATE, rate);
	nlput_nest_end(&m.w, nest);
	assert_int_equal(hooks_get_qdisc(end(&m), &q), 0);
	return q.is_shaper;
}

static void qdiscs(void **state UNUSED)
{
	static const char *const queues[] = { "noqueue", "pfifo_fast", "pfifo", "bfifo",
					      "fq_codel", "codel", "fq", "sfq", "mq", "noop" };
	static const char *const shapers[] = { "htb", "hfsc", "cake", "tbf", "prio", "netem",
					       "drr", "taprio", "mqprio", "nobody-knows" };
	struct hooks_qdisc q;
	struct msg m;

	for (unsigned int i = 0; i < array_size(queues); i++) {
		assert_false(qdisc(queues[i]).is_shaper);
		assert_int_equal(qdisc(queues[i]).ingress, HOOKS_NOTHING);
	}
	for (unsigned int i = 0; i < array_size(shapers); i++)
		assert_true(qdisc(shapers[i]).is_shaper);
	assert_int_equal(qdisc("clsact").ingress, HOOKS_CLSACT);
	assert_false(qdisc("clsact").is_shaper);
	assert_int_equal(qdisc("ingress").ingress, HOOKS_INGRESS_QDISC);
	assert_false(fq_is_shaper(UINT32_MAX));
	assert_true(fq_is_shaper(1250000));

	begin_tc(&m, RTM_NEWQDISC, TC_H_ROOT, 1, NULL);
	assert_int_equal(hooks_get_qdisc(end(&m), &q), -EBADMSG);
	begin_tc(&m, RTM_DELQDISC, TC_H_ROOT, 1, "htb");
	assert_int_equal(hooks_get_qdisc(end(&m), &q), -ENOMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_programs),
		cmocka_unit_test(filters),
		cmocka_unit_test(our_rules),
		cmocka_unit_test(qdiscs),
	};

	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}

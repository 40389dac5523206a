/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker does with its orders, and what it answers when the kernel refuses a request,
 * loses an answer or is late with it. test-workerbounds has the rest.
 */
#include "core/rules/slot.h"
#include "unit/unit.h"

#include "unit/workerfixture.h"

#include "kern/ct/ctnl.h"

/* -- what was sent -------------------------------------------------------- */

/* The number of the first request of this type about this rule, or of any; fails without one. */
static unsigned int find_request(uint16_t type, uint32_t handle)
{
	for (unsigned int i = 0; i < fakesock_n_requests(); i++) {
		const struct fakesock_request *r = fakesock_request(i);
		const struct tcmsg *tcm = NLMSG_DATA(r->msg);

		if (r->msg->nlmsg_type == type && (!handle || (uint32_t)tcm->tcm_handle == handle))
			return i;
	}
	fail_msg("no request of type %u about %u", type, handle);
	return 0;
}

static unsigned int wf_n_requests_of(uint16_t type)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < fakesock_n_requests(); i++)
		n += fakesock_request(i)->msg->nlmsg_type == type;
	return n;
}

static unsigned int call_of(unsigned int request)
{
	return fakesock_request(request)->call;
}

/* The request about the entry is exactly this one. */
static void assert_care(unsigned int request, const struct order_install *o)
{
	const struct fakesock_request *r = fakesock_request(request);
	struct fakenet_msg m;

	nlput_init(&m.w, m.buf, sizeof(m.buf), r->msg->nlmsg_seq);
	assert_int_equal(ctnl_put_care(&m.w, &o->orig, o->be_liberal, o->timeout_s), 0);
	nlput_msg(&m.w)->nlmsg_flags |= NLM_F_ACK;
	assert_int_equal(r->bus, NETLINK_NETFILTER);
	assert_int_equal(r->msg->nlmsg_len, nlput_msg(&m.w)->nlmsg_len);
	assert_memory_equal(r->msg, m.buf, r->msg->nlmsg_len);
}

/* -- installs ------------------------------------------------------------- */

static void conntrack_is_updated_before_both_rules_go_in(void **state UNUSED)
{
	uint64_t added = wf_count("rules_added");
	struct order o = wf_install_of(5);
	struct event ev;
	struct rule r;

	wf_push(o);
	ev = wf_pop_of(5, EVENT_INSTALL_DONE);
	assert_int_equal(ev.install.status, INSTALL_OK);
	assert_int_equal(ev.install.err, 0);
	assert_false(ev.install.in_hw);
	assert_int_equal(fakesock_n_requests(), 3);
	assert_care(0, &o.install);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		assert_true(fakenet_find_rule(d ? WF_OUT : WF_IN, wf_handle_of(5, d), &r));
		assert_true(rule_is_equal(&r, &o.install.rule[d]));
		/* It must not replace what is there. */
		assert_true(fakesock_request(1 + d)->msg->nlmsg_flags & NLM_F_EXCL);
	}
	assert_int_equal(wf_count("rules_added") - added, 2);
}

static void an_install_without_wishes_still_asks_for_the_entry(void **state UNUSED)
{
	struct order o = wf_install_of(5);

	o.install.be_liberal = false;
	o.install.timeout_s = 0;
	wf_push(o);
	assert_int_equal(wf_pop_of(5, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	assert_care(0, &o.install);
}

static void only_rules_for_the_nic_are_in_hardware(void **state UNUSED)
{
	struct order o = wf_install_of(1);

	o.install.rule[0].place = o.install.rule[1].place = RULE_HARDWARE;
	wf_push(o);
	assert_true(wf_pop_of(1, EVENT_INSTALL_DONE).install.in_hw);
	o.flow = wf_ref_of(2);
	o.install.rule[0].handle = 200;
	wf_refuse(RTM_NEWTFILTER, 200, -ENOSPC, "");
	o.install.rule[1].handle = 201;
	wf_push(o);
	assert_false(wf_pop_of(2, EVENT_INSTALL_DONE).install.in_hw);
}

/* One system call for the entries of all flows, and one for all their rules. */
static void flows_that_wait_share_a_batch(void **state UNUSED)
{
	unsigned int care, rules;

	wf_push_batch(wf_install_of, 10, WF_FIRST + 1);
	for (unsigned int n = 10; n < 10 + WF_FIRST + 1; n++)
		assert_int_equal(wf_pop_of(n, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	care = find_request(FAKENET_CT_NEW, 0);
	rules = find_request(RTM_NEWTFILTER, 0);
	for (unsigned int i = 0; i < WF_FIRST; i++)
		assert_int_equal(call_of(care + i), call_of(care));
	for (unsigned int i = 0; i < 2 * WF_FIRST; i++)
		assert_int_equal(call_of(rules + i), call_of(rules));
	/* The fifth did not fit. */
	assert_int_equal(fakesock_request(rules + 2 * WF_FIRST)->bus, NETLINK_NETFILTER);
	assert_int_equal(wf_n_requests_of(RTM_NEWTFILTER), 2 * (WF_FIRST + 1));
}

static void a_connection_that_conntrack_refuses_gets_no_rule(void **state UNUSED)
{
	uint64_t lost = wf_count("acks_lost");
	struct event_install r;

	wf_refuse(FAKENET_CT_NEW, 11, -ENOENT, "");
	wf_refuse(FAKENET_CT_NEW, 12, -EPERM, "timeout is fixed");
	wf_push_batch(wf_install_of, 10, 4);
	assert_int_equal(wf_pop_of(10, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	r = wf_pop_of(11, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_NO_CONN);
	assert_int_equal(r.err, -ENOENT);
	r = wf_pop_of(12, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_CT_REFUSED);
	assert_int_equal(r.err, -EPERM);
	assert_string_equal(r.extack, "timeout is fixed");
	assert_int_equal(wf_pop_of(13, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	wf_assert_rules(10, true, true);
	wf_assert_rules(11, false, false);
	wf_assert_rules(12, false, false);
	wf_assert_rules(13, true, true);
	assert_int_equal(wf_n_requests_of(RTM_NEWTFILTER), 4);
	assert_int_equal(wf_count("acks_lost"), lost);
}

static void an_entry_without_an_answer_counts_as_refused(void **state UNUSED)
{
	uint64_t lost = wf_count("acks_lost");
	struct event_install r;

	wf_lose(FAKENET_CT_NEW, 11, FAKESOCK_LOST, false);
	wf_push_batch(wf_install_of, 10, 3);
	assert_int_equal(wf_pop_of(10, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	r = wf_pop_of(11, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_CT_REFUSED);
	assert_int_equal(r.err, -ENOBUFS);
	assert_int_equal(wf_pop_of(12, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	wf_assert_rules(11, false, false);
	assert_int_equal(wf_count("acks_lost") - lost, 1);
}

static void a_refused_rule_takes_its_sibling_out(void **state UNUSED)
{
	uint64_t rolled_back = wf_count("rules_rolled_back"), added = wf_count("rules_added");
	struct event_install r;

	wf_refuse(RTM_NEWTFILTER, wf_handle_of(11, DIR_ORIG), -EOPNOTSUPP, "no such action");
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(12, DIR_REPLY), -ENOSPC, "full");
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(13, DIR_ORIG), -EINVAL, "one");
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(13, DIR_REPLY), -EINVAL, "two");
	wf_push_batch(wf_install_of, 10, 4);
	assert_int_equal(wf_pop_of(10, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	r = wf_pop_of(11, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_REFUSED);
	assert_int_equal(r.dir, DIR_ORIG);
	assert_int_equal(r.err, -EOPNOTSUPP);
	assert_string_equal(r.extack, "no such action");
	r = wf_pop_of(12, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_REFUSED);
	assert_int_equal(r.dir, DIR_REPLY);
	assert_int_equal(r.err, -ENOSPC);
	assert_string_equal(r.extack, "full");
	assert_int_equal(wf_pop_of(13, EVENT_INSTALL_DONE).install.status, INSTALL_REFUSED);
	/* Of the batch only the rules of the first are in. */
	assert_int_equal(fakenet_n_rules(), 2);
	wf_assert_rules(10, true, true);
	assert_int_equal(wf_count("rules_rolled_back") - rolled_back, 2);
	assert_int_equal(wf_count("rules_added") - added, 4);
}

static void the_sibling_is_out_before_the_answer_comes(void **state UNUSED)
{
	struct event ev;

	wf_refuse(RTM_NEWTFILTER, wf_handle_of(7, DIR_ORIG), -ENOSPC, "");
	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 1);
	wf_push(wf_install_of(7));
	fakesock_wait_held(1);
	wf_assert_rules(7, false, true);
	assert_false(worker_pop(wf_worker, &ev));
	fakesock_release();
	assert_int_equal(wf_pop_of(7, EVENT_INSTALL_DONE).install.status, INSTALL_REFUSED);
	wf_assert_rules(7, false, false);
}

/* The rule, its prio, its clsact or its device has gone by itself. */
static void a_sibling_that_is_gone_counts_as_removed(void **state UNUSED)
{
	static const int errs[] = { -ENOENT, -ENODEV, -EINVAL };
	uint64_t rolled_back = wf_count("rules_rolled_back");

	for (unsigned int i = 0; i < array_size(errs); i++) {
		wf_refuse(RTM_NEWTFILTER, wf_handle_of(20 + i, DIR_REPLY), -ENOSPC, "");
		wf_refuse(RTM_DELTFILTER, wf_handle_of(20 + i, DIR_ORIG), errs[i], "");
		wf_push(wf_install_of(20 + i));
		assert_int_equal(wf_pop_of(20 + i, EVENT_INSTALL_DONE).install.status,
				 INSTALL_REFUSED);
	}
	/* The worker did not remove it. */
	assert_int_equal(wf_count("rules_rolled_back"), rolled_back);
}

static void a_sibling_that_stays_makes_the_install_uncertain(void **state UNUSED)
{
	uint64_t rolled_back = wf_count("rules_rolled_back"), lost = wf_count("acks_lost");
	struct event_install r;

	wf_refuse(RTM_NEWTFILTER, wf_handle_of(20, DIR_REPLY), -ENOSPC, "");
	wf_refuse(RTM_DELTFILTER, wf_handle_of(20, DIR_ORIG), -EBUSY, "");
	wf_push(wf_install_of(20));
	r = wf_pop_of(20, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_UNCERTAIN);
	wf_assert_rules(20, true, false);
	/* The same if nobody knows whether it stays. */
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(21, DIR_ORIG), -ENOSPC, "");
	wf_lose(RTM_DELTFILTER, wf_handle_of(21, DIR_REPLY), FAKESOCK_LOST, false);
	wf_push(wf_install_of(21));
	assert_int_equal(wf_pop_of(21, EVENT_INSTALL_DONE).install.status, INSTALL_UNCERTAIN);
	assert_int_equal(wf_count("rules_rolled_back"), rolled_back);
	assert_int_equal(wf_count("acks_lost") - lost, 1);
}

static void a_lost_answer_makes_the_install_uncertain(void **state UNUSED)
{
	uint64_t lost = wf_count("acks_lost");

	wf_lose(RTM_NEWTFILTER, wf_handle_of(11, DIR_ORIG), FAKESOCK_LOST, true);
	wf_lose(RTM_NEWTFILTER, wf_handle_of(12, DIR_REPLY), FAKESOCK_LOST, false);
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(12, DIR_ORIG), -ENOSPC, "");
	wf_push_batch(wf_install_of, 10, 4);
	assert_int_equal(wf_pop_of(10, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	assert_int_equal(wf_pop_of(11, EVENT_INSTALL_DONE).install.status, INSTALL_UNCERTAIN);
	assert_int_equal(wf_pop_of(12, EVENT_INSTALL_DONE).install.status, INSTALL_UNCERTAIN);
	assert_int_equal(wf_pop_of(13, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
	/* The engine orders their removal; nothing is removed in between. */
	assert_int_equal(wf_n_requests_of(RTM_DELTFILTER), 2);
	wf_assert_rules(11, false, true);
	wf_assert_rules(12, false, true);
	assert_int_equal(wf_count("acks_lost") - lost, 2);
}

/* Answers that come after their time are not taken for those of the next batch. */
static void late_answers_are_nobodys(void **state UNUSED)
{
	struct event_install r;

	wf_lose(RTM_NEWTFILTER, wf_handle_of(5, DIR_ORIG), FAKESOCK_LATE, false);
	wf_push(wf_install_of(5));
	r = wf_pop_of(5, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_UNCERTAIN);
	wf_assert_rules(5, true, true);
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(6, DIR_REPLY), -ENOSPC, "full");
	wf_push(wf_install_of(6));
	r = wf_pop_of(6, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_REFUSED);
	assert_int_equal(r.dir, DIR_REPLY);
	wf_push(wf_install_of(7));
	assert_int_equal(wf_pop_of(7, EVENT_INSTALL_DONE).install.status, INSTALL_OK);
}

static void a_batch_that_cannot_be_sent_installs_nothing(void **state UNUSED)
{
	struct event_install r;

	fakesock_fail_send(NETLINK_NETFILTER, 1, -ENOBUFS);
	wf_push(wf_install_of(5));
	r = wf_pop_of(5, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_CT_REFUSED);
	assert_int_equal(r.err, -ENOBUFS);
	fakesock_fail_send(NETLINK_ROUTE, 1, -ENOMEM);
	wf_push(wf_install_of(5));
	r = wf_pop_of(5, EVENT_INSTALL_DONE).install;
	assert_int_equal(r.status, INSTALL_REFUSED);
	assert_int_equal(r.err, -ENOMEM);
	assert_int_equal(fakenet_n_rules(), 0);
}

/* -- removals ------------------------------------------------------------- */

static void a_removal_brings_the_last_counters(void **state UNUSED)
{
	uint64_t removed = wf_count("rules_removed");
	struct event_remove r;

	wf_put_both(4, 1000);
	wf_put_both(5, 2000);
	wf_push_batch(wf_removal_of, 4, 2);
	r = wf_pop_of(4, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_true(r.has_stats[DIR_ORIG] && r.has_stats[DIR_REPLY]);
	assert_int_equal(r.stats[DIR_ORIG].pkts, 1000);
	assert_int_equal(r.stats[DIR_REPLY].pkts, 1001);
	assert_int_equal(r.stats[DIR_REPLY].bytes, 100100);
	r = wf_pop_of(5, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.stats[DIR_ORIG].pkts, 2000);
	assert_int_equal(fakenet_n_rules(), 0);
	assert_int_equal(wf_count("rules_removed") - removed, 4);
}

static void a_rule_that_is_gone_counts_as_removed(void **state UNUSED)
{
	static const int errs[] = { -ENOENT, -ENODEV, -EINVAL };
	uint64_t removed = wf_count("rules_removed");
	struct event_remove r;

	for (unsigned int i = 0; i < array_size(errs); i++) {
		wf_put_both(i, 1);
		wf_refuse(RTM_DELTFILTER, wf_handle_of(i, DIR_ORIG), errs[i], "");
		wf_push(wf_removal_of(i));
		r = wf_pop_of(i, EVENT_REMOVE_DONE).remove;
		assert_int_equal(r.err, 0);
		assert_false(r.has_stats[DIR_ORIG]);
		assert_true(r.has_stats[DIR_REPLY]);
	}
	assert_int_equal(wf_count("rules_removed") - removed, array_size(errs));
}

static void a_rule_that_stays_is_reported(void **state UNUSED)
{
	struct event_remove r;

	wf_put_both(4, 1);
	wf_put_both(5, 1);
	wf_refuse(RTM_DELTFILTER, wf_handle_of(4, DIR_REPLY), -EBUSY, "in reset");
	wf_push_batch(wf_removal_of, 4, 2);
	r = wf_pop_of(4, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, -EBUSY);
	assert_string_equal(r.extack, "in reset");
	wf_assert_rules(4, false, true);
	assert_int_equal(wf_pop_of(5, EVENT_REMOVE_DONE).remove.err, 0);
}

static void a_removal_without_an_answer_is_repeated_once(void **state UNUSED)
{
	uint64_t lost = wf_count("acks_lost");
	struct event_remove r;

	/* The rule is out, and what was known of the batch stays known. */
	wf_put_both(4, 10);
	wf_put_both(5, 20);
	wf_lose(RTM_DELTFILTER, wf_handle_of(5, DIR_ORIG), FAKESOCK_LOST, false);
	wf_push_batch(wf_removal_of, 4, 2);
	r = wf_pop_of(4, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_true(r.has_stats[DIR_ORIG]);
	assert_int_equal(r.stats[DIR_ORIG].pkts, 10);
	r = wf_pop_of(5, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_false(r.has_stats[DIR_ORIG]);
	assert_true(r.has_stats[DIR_REPLY]);
	assert_int_equal(wf_count("acks_lost") - lost, 1);
	/* Two requests for WF_OTHER, and two times four. */
	assert_int_equal(wf_n_requests_of(RTM_DELTFILTER), 10);
	/* The rule is still in, and the last order of the batch has its answers. */
	wf_put_both(6, 30);
	wf_put_both(7, 40);
	wf_lose(RTM_DELTFILTER, wf_handle_of(6, DIR_REPLY), FAKESOCK_LOST, true);
	wf_push_batch(wf_removal_of, 6, 2);
	r = wf_pop_of(6, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_true(r.has_stats[DIR_REPLY]);
	assert_int_equal(wf_pop_of(7, EVENT_REMOVE_DONE).remove.err, 0);
	assert_int_equal(fakenet_n_rules(), 0);
	/* The answer comes when nobody waits for it any more. */
	wf_put_both(8, 50);
	wf_lose(RTM_DELTFILTER, wf_handle_of(8, DIR_REPLY), FAKESOCK_LATE, false);
	wf_push(wf_removal_of(8));
	assert_int_equal(wf_pop_of(8, EVENT_REMOVE_DONE).remove.err, 0);
	assert_int_equal(fakenet_n_rules(), 0);
}

static void a_removal_is_not_repeated_without_end(void **state UNUSED)
{
	uint64_t lost = wf_count("acks_lost");

	wf_put_both(6, 30);
	fakenet_fail(&(struct fakenet_fault){ .type = RTM_DELTFILTER,
					      .key = wf_handle_of(6, DIR_REPLY),
					      .fate = FAKESOCK_LOST,
					      .is_dropped = true });
	wf_push(wf_removal_of(6));
	assert_int_equal(wf_pop_of(6, EVENT_REMOVE_DONE).remove.err, -ETIMEDOUT);
	assert_int_equal(wf_n_requests_of(RTM_DELTFILTER), 4);
	assert_int_equal(wf_count("acks_lost") - lost, 2);
	/* The next one goes through. */
	fakenet_mend();
	wf_push(wf_removal_of(6));
	assert_int_equal(wf_pop_of(6, EVENT_REMOVE_DONE).remove.err, 0);
}

/* The text of the kernel belongs to the error beside it. */
static void a_lost_answer_has_no_text(void **state UNUSED)
{
	static const enum event_type types[] = { EVENT_REMOVE_DONE, EVENT_MOVE_DONE };
	struct event_remove r;

	for (unsigned int i = 0; i < array_size(types); i++) {
		uint16_t request = i ? RTM_NEWTFILTER : RTM_DELTFILTER;

		wf_put_both(4, 1);
		wf_refuse(request, wf_handle_of(4, DIR_ORIG), -EBUSY, "in reset");
		fakenet_fail(&(struct fakenet_fault){ .type = request,
						      .key = wf_handle_of(4, DIR_REPLY),
						      .fate = FAKESOCK_LOST });
		wf_push(i ? wf_move_of(4) : wf_removal_of(4));
		r = wf_pop_of(4, types[i]).remove;
		assert_int_equal(r.err, -ETIMEDOUT);
		assert_string_equal(r.extack, "");
		fakenet_mend();
	}
}

/* The second attempt, which a lost answer causes, removes the rule that the first did not. */
static void a_repeated_removal_forgets_the_first_error(void **state UNUSED)
{
	struct event_remove r;

	wf_put_both(4, 1);
	wf_refuse(RTM_DELTFILTER, wf_handle_of(4, DIR_ORIG), -EBUSY, "in reset");
	wf_lose(RTM_DELTFILTER, wf_handle_of(4, DIR_REPLY), FAKESOCK_LOST, false);
	wf_push(wf_removal_of(4));
	r = wf_pop_of(4, EVENT_REMOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_string_equal(r.extack, "");
	wf_assert_rules(4, false, false);
}

/* -- moves ---------------------------------------------------------------- */

static void a_move_replaces_rules_in_their_places(void **state UNUSED)
{
	uint64_t replaced = wf_count("rules_replaced");
	struct order o = wf_move_of(4);
	struct event_remove r;
	struct rule now;

	wf_put_both(4, 70);
	wf_push(o);
	r = wf_pop_of(4, EVENT_MOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_true(r.has_stats[DIR_ORIG] && r.has_stats[DIR_REPLY]);
	assert_int_equal(r.stats[DIR_ORIG].pkts, 70);
	assert_int_equal(r.stats[DIR_REPLY].pkts, 71);
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		assert_true(fakenet_find_rule(d ? WF_OUT : WF_IN, wf_handle_of(4, d), &now));
		assert_true(rule_is_equal(&now, &o.move.rule[d]));
		/* The counters are read before the rule that has them goes. */
		assert_true(find_request(RTM_GETTFILTER, wf_handle_of(4, d)) <
			    find_request(RTM_NEWTFILTER, wf_handle_of(4, d)));
	}
	/* No moment without a rule. */
	assert_int_equal(wf_n_requests_of(RTM_DELTFILTER), 0);
	assert_int_equal(wf_count("rules_replaced") - replaced, 2);
}

static void a_refused_move_leaves_the_old_rule(void **state UNUSED)
{
	uint64_t replaced = wf_count("rules_replaced"), lost = wf_count("acks_lost");
	struct event_remove r;
	struct rule now, old = wf_rule_of(4, DIR_ORIG);

	wf_put_both(4, 1);
	wf_put_both(5, 1);
	wf_refuse(RTM_NEWTFILTER, wf_handle_of(4, DIR_ORIG), -ENOSPC, "full");
	wf_lose(RTM_NEWTFILTER, wf_handle_of(5, DIR_REPLY), FAKESOCK_LOST, false);
	wf_push_batch(wf_move_of, 4, 3);
	r = wf_pop_of(4, EVENT_MOVE_DONE).remove;
	assert_int_equal(r.err, -ENOSPC);
	assert_string_equal(r.extack, "full");
	assert_true(fakenet_find_rule(WF_IN, wf_handle_of(4, DIR_ORIG), &now));
	assert_true(rule_is_equal(&now, &old));
	assert_int_equal(wf_pop_of(5, EVENT_MOVE_DONE).remove.err, -ETIMEDOUT);
	/* Without an old rule it is an install. */
	r = wf_pop_of(6, EVENT_MOVE_DONE).remove;
	assert_int_equal(r.err, 0);
	assert_false(r.has_stats[DIR_ORIG]);
	wf_assert_rules(6, true, true);
	/* Nothing is asked for again. */
	assert_int_equal(wf_n_requests_of(RTM_NEWTFILTER), 6);
	assert_int_equal(wf_count("rules_replaced") - replaced, 4);
	assert_int_equal(wf_count("acks_lost") - lost, 1);
}

/* -- barriers ------------------------------------------------------------- */

static struct order barrier_of(bool raise)
{
	struct order o = { .type = ORDER_BARRIER };

	o.barrier.ifindex = WF_OUT;
	o.barrier.link = (struct slab_ref){ 9, 7 };
	o.barrier.raise = raise;
	o.barrier.barriers = 1u << SLOT_BARRIER_IP4 | 1u << SLOT_BARRIER_Q;
	o.barrier.tc_priority = WF_PRIO;
	o.barrier.sample = wf_rule_of(50, DIR_REPLY);
	o.barrier.sample.kind = o.barrier.sample.cookie.kind = RULE_BARRIER;
	return o;
}

static uint32_t barrier_handle(unsigned int barrier)
{
	return slot_where_barrier(WF_PRIO, barrier, WF_OUT).handle;
}

#define FIRST  barrier_handle(SLOT_BARRIER_IP4)
#define SECOND barrier_handle(SLOT_BARRIER_Q)

static void assert_barrier(bool raise, int err, bool is_left, bool first, bool second)
{
	struct event ev;

	wf_push(barrier_of(raise));
	ev = wf_pop();
	assert_int_equal(ev.type, EVENT_BARRIER_DONE);
	assert_int_equal(ev.barrier.ifindex, WF_OUT);
	assert_int_equal(ev.barrier.link.slot, 9);
	assert_int_equal(ev.barrier.link.gen, 7);
	assert_int_equal(ev.barrier.raise, raise);
	assert_int_equal(ev.barrier.err, err);
	assert_int_equal(ev.barrier.is_left, is_left);
	assert_int_equal(fakenet_find_rule(WF_OUT, FIRST, NULL), first);
	assert_int_equal(fakenet_find_rule(WF_OUT, SECOND, NULL), second);
}

static void half_a_barrier_can_be_raised(void **state UNUSED)
{
	assert_barrier(true, 0, false, true, true);
	wf_refuse(RTM_DELTFILTER, SECOND, -EBUSY, "in reset");
	assert_barrier(false, -EBUSY, true, false, true);
	/* The rule that stayed counts. */
	assert_barrier(true, 0, false, true, true);
	wf_refuse(RTM_DELTFILTER, FIRST, -EBUSY, "in reset");
	assert_barrier(false, -EBUSY, true, true, false);
	assert_barrier(true, 0, false, true, true);
	assert_barrier(false, 0, false, false, false);
}

static void a_refused_barrier_is_removed_or_reported(void **state UNUSED)
{
	wf_refuse(RTM_NEWTFILTER, SECOND, -ENOSPC, "full");
	assert_barrier(true, -ENOSPC, false, false, false);
	wf_refuse(RTM_NEWTFILTER, SECOND, -ENOSPC, "full");
	wf_refuse(RTM_DELTFILTER, FIRST, -EBUSY, "in reset");
	assert_barrier(true, -ENOSPC, true, true, false);
}

/* A rule of somebody else is in the place of the second rule. */
static void a_barrier_leaves_rules_of_others(void **state UNUSED)
{
	struct rule_where where = slot_where_barrier(WF_PRIO, SLOT_BARRIER_Q, WF_OUT);
	struct rule other = wf_rule_of(51, DIR_REPLY);

	other.prio = where.prio;
	other.handle = where.handle;
	fakenet_put_rule(&other, (struct rule_stats){ 0 });
	assert_barrier(true, -EEXIST, false, false, true);
}

/* -- the order of things -------------------------------------------------- */

static void removals_overtake_installs(void **state UNUSED)
{
	fakesock_hold(NETLINK_NETFILTER, 0, 1);
	wf_push(wf_install_of(1));
	fakesock_wait_held(1);
	for (unsigned int n = 2; n < 8; n++)
		wf_push(wf_install_of(n));
	wf_push(wf_removal_of(9));
	fakesock_release();
	/* After the batch that was under way. */
	wf_pop_of(1, EVENT_INSTALL_DONE);
	wf_pop_of(9, EVENT_REMOVE_DONE);
	for (unsigned int n = 2; n < 8; n++)
		wf_pop_of(n, EVENT_INSTALL_DONE);
}

/* An order about a port is a batch of its own. */
static void removals_overtake_installs_behind_a_port(void **state UNUSED)
{
	fakesock_hold(NETLINK_ROUTE, RTM_GETTFILTER, 1);
	wf_push(wf_port_order(ORDER_PORT_OPEN));
	fakesock_wait_held(1);
	wf_push(wf_install_of(2));
	wf_push(wf_removal_of(9));
	fakesock_release();
	assert_int_equal(wf_pop().type, EVENT_PORT_DONE);
	wf_pop_of(9, EVENT_REMOVE_DONE);
	wf_pop_of(2, EVENT_INSTALL_DONE);
}

static void orders_of_one_ring_keep_their_order(void **state UNUSED)
{
	struct event ev;

	wf_put_both(1, 1);
	wf_put_both(3, 1);
	fakesock_hold(NETLINK_ROUTE, RTM_DELTFILTER, 1);
	wf_push(wf_removal_of(WF_OTHER));
	fakesock_wait_held(1);
	wf_push(wf_removal_of(1));
	wf_push(wf_move_of(2));
	wf_push(wf_port_order(ORDER_PORT_CLOSE));
	wf_push(wf_removal_of(3));
	wf_push(wf_install_of(4));
	wf_push(wf_port_order(ORDER_PORT_OPEN));
	wf_push(wf_install_of(5));
	fakesock_release();
	wf_pop_of(WF_OTHER, EVENT_REMOVE_DONE);
	wf_pop_of(1, EVENT_REMOVE_DONE);
	wf_pop_of(2, EVENT_MOVE_DONE);
	ev = wf_pop();
	assert_int_equal(ev.type, EVENT_PORT_DONE);
	assert_int_equal(ev.port.order, ORDER_PORT_CLOSE);
	wf_pop_of(3, EVENT_REMOVE_DONE);
	wf_pop_of(4, EVENT_INSTALL_DONE);
	ev = wf_pop();
	assert_int_equal(ev.type, EVENT_PORT_DONE);
	assert_int_equal(ev.port.order, ORDER_PORT_OPEN);
	assert_int_equal(ev.port.ifindex, WF_IN);
	assert_int_equal(ev.port.err, 0);
	assert_true(ev.port.made_clsact);
	wf_pop_of(5, EVENT_INSTALL_DONE);
}

static void every_kind_of_order_has_its_answer(void **state UNUSED)
{
	struct order o = wf_port_order(ORDER_PORT_GUARD);
	struct event ev;

	o.port.guards = 1u << slot_guard(VLAN_UNTAGGED, FAMILY_IP4) |
			1u << slot_guard(VLAN_Q, FAMILY_IP6);
	o.port.tc_priority = WF_PRIO;
	o.port.sample = wf_rule_of(40, DIR_ORIG);
	o.port.sample.kind = o.port.sample.cookie.kind = RULE_GUARD;
	wf_refuse(RTM_NEWTFILTER,
		  slot_where_guard(WF_PRIO, slot_guard(VLAN_Q, FAMILY_IP6), WF_IN).handle, -EOPNOTSUPP,
		  "no TTL");
	wf_push(o);
	ev = wf_pop();
	assert_int_equal(ev.type, EVENT_PORT_DONE);
	assert_int_equal(ev.port.order, ORDER_PORT_GUARD);
	assert_int_equal(ev.port.guards, 1);
	assert_int_equal(ev.port.err, -EOPNOTSUPP);

	o = (struct order){ .type = ORDER_PROBE };
	o.probe.id = 77;
	o.probe.in = WF_IN;
	o.probe.out = WF_OUT;
	o.probe.classes = 1;
	o.probe.sample = wf_rule_of(60, DIR_ORIG);
	o.probe.sample.kind = o.probe.sample.cookie.kind = RULE_PROBE;
	o.probe.sample.place = RULE_HARDWARE;
	wf_push(o);
	ev = wf_pop();
	assert_int_equal(ev.type, EVENT_PROBE_DONE);
	assert_int_equal(ev.probe.id, 77);
	assert_int_equal(ev.probe.classes, 1);
	wf_assert_no_answer();
}

/* Any mixture: each order once, and what the last order of a flow wanted is there. */
static void each_order_is_answered_once(void **state UNUSED)
{
	enum { FLOWS = 60, ORDERS = 1500 };
	struct splitmix random = unit_random_start(1);
	bool is_busy[FLOWS] = { false }, is_in[FLOWS] = { false };
	unsigned int n_busy = 0;
	struct event ev;

	for (unsigned int i = 0; i < ORDERS; i++) {
		unsigned int n = splitmix_below(&random, FLOWS);
		bool removes = is_in[n];

		while (n_busy && (is_busy[n] || !worker_has_room(wf_worker, removes))) {
			ev = wf_pop();
			assert_true(ev.flow.slot < FLOWS && is_busy[ev.flow.slot]);
			assert_int_equal(ev.type, is_in[ev.flow.slot] ? EVENT_INSTALL_DONE
								      : EVENT_REMOVE_DONE);
			is_busy[ev.flow.slot] = false;
			n_busy--;
		}
		wf_push(removes ? wf_removal_of(n) : wf_install_of(n));
		is_in[n] = !removes;
		is_busy[n] = true;
		n_busy++;
	}
	while (n_busy--) {
		ev = wf_pop();
		assert_true(is_busy[ev.flow.slot]);
		is_busy[ev.flow.slot] = false;
	}
	wf_assert_no_answer();
	for (unsigned int n = 0; n < FLOWS; n++)
		wf_assert_rules(n, is_in[n], is_in[n]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wf_setup, wf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(conntrack_is_updated_before_both_rules_go_in),
		TEST(an_install_without_wishes_still_asks_for_the_entry),
		TEST(only_rules_for_the_nic_are_in_hardware),
		TEST(flows_that_wait_share_a_batch),
		TEST(a_connection_that_conntrack_refuses_gets_no_rule),
		TEST(an_entry_without_an_answer_counts_as_refused),
		TEST(a_refused_rule_takes_its_sibling_out),
		TEST(the_sibling_is_out_before_the_answer_comes),
		TEST(a_sibling_that_is_gone_counts_as_removed),
		TEST(a_sibling_that_stays_makes_the_install_uncertain),
		TEST(a_lost_answer_makes_the_install_uncertain),
		TEST(late_answers_are_nobodys),
		TEST(a_batch_that_cannot_be_sent_installs_nothing),
		TEST(a_removal_brings_the_last_counters),
		TEST(a_rule_that_is_gone_counts_as_removed),
		TEST(a_rule_that_stays_is_reported),
		TEST(a_removal_without_an_answer_is_repeated_once),
		TEST(a_removal_is_not_repeated_without_end),
		TEST(a_lost_answer_has_no_text),
		TEST(a_repeated_removal_forgets_the_first_error),
		TEST(a_move_replaces_rules_in_their_places),
		TEST(a_refused_move_leaves_the_old_rule),
		TEST(half_a_barrier_can_be_raised),
		TEST(a_refused_barrier_is_removed_or_reported),
		TEST(a_barrier_leaves_rules_of_others),
		TEST(removals_overtake_installs),
		TEST(removals_overtake_installs_behind_a_port),
		TEST(orders_of_one_ring_keep_their_order),
		TEST(every_kind_of_order_has_its_answer),
		TEST(each_order_is_answered_once),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}

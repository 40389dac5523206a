/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ingest makes of links, neighbours, routes and hardware, and of events about them that
 * are lost. test-ingest has conntrack.
 */
#include "unit/unit.h"

#include "unit/ingestfixture.h"

#define RETRY_MS 500
#define MTU6_MS 10000
#define MTU6_SOON_MS 100
#define RT_RCVBUF_BYTES (4 * 1024 * 1024)
#define RT_RCVBUF_MAX_BYTES (64 * 1024 * 1024)
#define RT_DRAIN_READS 1024

static void say_link(struct link link)
{
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_LINK, .link = link });
}

static void lose_events(void)
{
	fakert_say(&(struct fakert_read){ .ret = -ENOBUFS });
}

static int setup_hardware(void **state UNUSED)
{
	struct settings s = xf_settings();

	s.offload = OFFLOAD_HARDWARE;
	xf_prepare(&s);
	fakert.n_links = 0;
	return 0;
}

static int start_ingest(void)
{
	return ingest_new(xf_loop, xf_engine, xf_dispatch, XF_BUFFER, &xf_ingest);
}

/* -- start ---------------------------------------------------------------- */

static void the_present_state_is_known_after_the_start(void **state UNUSED)
{
	assert_true(xf_knows_link(2) && xf_knows_link(3));
	assert_true(xf_knows_neigh(2) && xf_knows_neigh(3));
	assert_int_equal(spy_count(EVENT_LINK), 2);
	assert_int_equal(spy_count(EVENT_NEIGHS_BEGIN), 1);
	assert_int_equal(spy_count(EVENT_NEIGHS_END), 1);
	assert_true(spy_last(EVENT_FORWARDING_IP6)->forwards_ip6);
	assert_false(spy_last(EVENT_RULES_CHANGED)->rules_need_packet);
	assert_int_equal(fakert.n_link_dumps, 1);
	assert_int_equal(fakert.rcvbuf_bytes, RT_RCVBUF_BYTES);
	/* Nothing is asked of the hardware, because only it would care. */
	assert_int_equal(fakert.n_hw, 0);
	assert_int_equal(fakert.n_open, 1);
}

static void a_failed_start_leaves_nothing(void **state UNUSED)
{
	static int *const errs[] = { &fakert.open_err,	    &fakert.hw_open_err, &fakert.devlink_open_err,
				     &fakert.links_err,	    &fakert.bridges_err, &fakert.stations_err,
				     &fakert.neighs_err,    &fakert.forwarding_err };
	unsigned int n = fakesock_n_open();

	for (unsigned int i = 0; i < array_size(errs); i++) {
		*errs[i] = -EPERM;
		assert_int_equal(start_ingest(), -EPERM);
		assert_null(xf_ingest);
		assert_int_equal(fakert.n_open, 0);
		assert_int_equal(fakesock_n_open(), n);
		*errs[i] = 0;
	}
	assert_int_equal(start_ingest(), 0);
}

/* Where links come and go all the time, no dump may be complete. */
static void a_start_needs_no_complete_dump(void **state UNUSED)
{
	uint64_t failed = xf_count("rt_repairs_failed");

	fakert.link[fakert.n_links++] = xf_link(2, "net2");
	fakert.links_err = -EINTR;
	xf_answers_dumps = true;
	assert_int_equal(start_ingest(), 0);
	assert_true(xf_knows_link(2));
	/* The neighbours are read nevertheless. */
	assert_true(xf_knows_neigh(2));
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 1);
	assert_int_equal(fakert.n_link_dumps, 1);
	fakert.links_err = 0;
	fakeloop_pass(xf_loop, RETRY_MS - 1);
	assert_int_equal(fakert.n_link_dumps, 1);
	fakeloop_pass(xf_loop, 1);
	assert_int_equal(fakert.n_link_dumps, 2);
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 1);
	fakeloop_pass(xf_loop, 100 * RETRY_MS);
	assert_int_equal(fakert.n_link_dumps, 2);
}

/* -- events --------------------------------------------------------------- */

static void links_and_neighbours_come_and_go(void **state UNUSED)
{
	struct neigh gone = xf_neigh(2);

	say_link(xf_link(4, "net4"));
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_NEIGH, .neigh = xf_neigh(4) });
	xf_go();
	assert_true(xf_knows_link(4) && xf_knows_neigh(4));
	/* Rules that use what is gone are checked in the same iteration. */
	gone.is_valid = false;
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_NEIGH_GONE, .neigh = gone });
	fakert_say(&(struct fakert_read){
		.ret = 1, .what = FAKERT_LINK_GONE, .link = xf_link(4, "") });
	xf_go();
	assert_false(xf_knows_link(4) || xf_knows_neigh(2));
	assert_true(xf_knows_neigh(3));
	assert_int_equal(spy_last(EVENT_LINK_GONE)->link.ifindex, 4);
}

/* A change of rules is read anew. If it cannot be read, one of the rules may need the packet, and the rules
 * are read again later. */
static void policy_rules_are_read_when_they_change(void **state UNUSED)
{
	const struct fakert_read hidden = {
		.ret = 1, .what = FAKERT_ROUTES, .routes = { .is_hidden = true }
	};

	assert_int_equal(fakert.n_rules, 1);
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_ROUTES });
	xf_go();
	assert_int_equal(fakert.n_rules, 1);
	fakert.rules_need_packet = true;
	fakert_say(&hidden);
	xf_go();
	assert_int_equal(fakert.n_rules, 2);
	assert_true(spy_last(EVENT_RULES_CHANGED)->rules_need_packet);
	fakert.rules_need_packet = false;
	fakert_say(&hidden);
	xf_go();
	assert_false(spy_last(EVENT_RULES_CHANGED)->rules_need_packet);
	fakert.rules_err = -EINTR;
	fakert_say(&hidden);
	xf_go();
	assert_true(spy_last(EVENT_RULES_CHANGED)->rules_need_packet);
	assert_int_equal(fakert.n_rules, 4);
	fakert.rules_err = 0;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_int_equal(fakert.n_rules, 5);
	assert_false(spy_last(EVENT_RULES_CHANGED)->rules_need_packet);
	fakeloop_pass(xf_loop, 100 * RETRY_MS);
	assert_int_equal(fakert.n_rules, 5);
}

/* Lost events may have been about rules. Reading links once more is no such reason. */
static void policy_rules_are_read_when_events_were_lost(void **state UNUSED)
{
	fakert.links_err = -EINTR;
	fakert_say(&(struct fakert_read){ .ret = -ENOBUFS });
	xf_go();
	assert_int_equal(fakert.n_rules, 2);
	assert_true(spy_last(EVENT_ROUTES_CHANGED)->routes.is_hidden);
	fakert.links_err = 0;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_false(spy_last(EVENT_ROUTES_CHANGED)->routes.is_hidden);
	assert_int_equal(fakert.n_rules, 2);
}

static void changed_routes_are_told_as_they_are(void **state UNUSED)
{
	struct route_change change = {
		.ifindex = 3, .family = FAMILY_IP4, .len = 24, .prefix = { { 192, 0, 2 } }
	};

	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_ROUTES, .routes = change });
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_FORWARDING });
	xf_go();
	assert_memory_equal(&spy_last(EVENT_ROUTES_CHANGED)->routes, &change, sizeof(change));
	assert_false(spy_last(EVENT_FORWARDING_IP6)->forwards_ip6);
	assert_false(view_paths(xf_engine)->forwards_ip6);
	/* No reason to read anything anew. */
	assert_int_equal(fakert.n_link_dumps, 1);
}

static uint32_t mtu6_of(uint32_t ifindex)
{
	return topology_find_link(view_paths(xf_engine), ifindex)->mtu6;
}

/* Router advertisements are announced. What is written to a sysctl is not, so it is read from time to time. */
static void mtus_for_ip6_are_read_again(void **state UNUSED)
{
	unsigned int n = fakert.n_mtu6_dumps;

	assert_int_equal(n, 1);
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_MTU6, .link.ifindex = 3, .mtu6 = 1480 });
	xf_go();
	assert_int_equal(mtu6_of(3), 1480);
	assert_int_equal(fakert.n_mtu6_dumps, n);
	fakert.mtu6 = 1400;
	fakeloop_pass(xf_loop, MTU6_MS);
	assert_int_equal(mtu6_of(2), 1400);
	assert_int_equal(mtu6_of(3), 1400);
	assert_int_equal(fakert.n_mtu6_dumps, n + 1);
	/* It may follow the MTU of a device. */
	fakert.mtu6 = 1300;
	say_link(fakert.link[0]);
	xf_go();
	n = fakert.n_mtu6_dumps;
	/* The new MTU is read later, so that orders for the link do not wait for the dump. */
	assert_int_equal(mtu6_of(2), 1400);
	fakeloop_pass(xf_loop, MTU6_SOON_MS);
	assert_int_equal(mtu6_of(2), 1300);
	assert_int_equal(fakert.n_mtu6_dumps, n + 1);
	fakert.mtu6_err = -ENOMEM;
	say_link(fakert.link[0]);
	xf_go();
	fakeloop_pass(xf_loop, MTU6_SOON_MS);
	fakert.mtu6_err = 0;
	fakert.mtu6 = 1280;
	fakeloop_pass(xf_loop, MTU6_MS);
	assert_int_equal(mtu6_of(2), 1280);
}

static unsigned int n_rounds;

static void count_round(void *ctx UNUSED)
{
	n_rounds++;
}

static void an_event_causes_a_round_of_orders(void **state UNUSED)
{
	fakeloop_settle(xf_loop);
	n_rounds = 0;
	dispatch_set_idle_hook(xf_dispatch, count_round, NULL);
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_ROUTES });
	xf_go();
	assert_true(n_rounds > 0);
}

/* -- lost events ---------------------------------------------------------- */

static void lost_events_have_everything_read_anew(void **state UNUSED)
{
	uint64_t overruns = xf_count("rt_overruns"), failed = xf_count("rt_repairs_failed");

	/* Nobody has reported these. */
	fakert.link[0] = xf_link(5, "net5");
	fakert.neigh[0] = xf_neigh(5);
	fakert.forwards_ip6 = false;
	lose_events();
	xf_go();
	assert_int_equal(xf_count("rt_overruns") - overruns, 1);
	assert_int_equal(fakert.n_grown, 1);
	assert_int_equal(fakert.rcvbuf_bytes, 2 * RT_RCVBUF_BYTES);
	assert_true(xf_knows_link(3) && xf_knows_link(5));
	assert_false(xf_knows_link(2));
	assert_true(xf_knows_neigh(3) && xf_knows_neigh(5));
	assert_false(xf_knows_neigh(2));
	assert_false(view_paths(xf_engine)->forwards_ip6);
	/* Any route may have changed. */
	assert_int_equal(spy_count(EVENT_ROUTES_CHANGED), 1);
	assert_int_equal(spy_last(EVENT_ROUTES_CHANGED)->routes.family, FAMILY_NONE);
	assert_int_equal(spy_last(EVENT_ROUTES_CHANGED)->routes.len, 0);
	assert_int_equal(xf_count("rt_repairs_failed"), failed);
}

/* If they were read after the dump, they would bring back what is gone. */
static void queued_events_are_read_before_the_dump(void **state UNUSED)
{
	lose_events();
	say_link(xf_link(2, "net2"));
	say_link(xf_link(7, "net7"));
	fakert.link[0] = xf_link(3, "net3");
	fakert.n_links = 1;
	xf_go();
	assert_int_equal(fakert_unread(), 0);
	assert_true(xf_knows_link(3));
	assert_false(xf_knows_link(2) || xf_knows_link(7));
	assert_int_equal(fakert.n_link_dumps, 2);
}

/* The one dump makes up for all of them. */
static void several_overruns_need_one_dump(void **state UNUSED)
{
	uint64_t overruns = xf_count("rt_overruns");

	for (unsigned int i = 0; i < 10; i++)
		lose_events();
	xf_go();
	assert_int_equal(xf_count("rt_overruns") - overruns, 10);
	assert_int_equal(fakert.n_link_dumps, 2);
	assert_int_equal(fakert.rcvbuf_bytes, RT_RCVBUF_MAX_BYTES);
}

/* Events that are lost as fast as they are read do not keep the daemon from everything else. */
static void reading_before_a_dump_is_bounded(void **state UNUSED)
{
	unsigned int n = fakert.n_reads;

	lose_events();
	fakert.reads_forever = true;
	loop_run_once(xf_loop, false);
	assert_int_equal(fakert.n_reads - n, 1 + RT_DRAIN_READS);
	assert_int_equal(fakert.n_link_dumps, 2);
	fakert.reads_forever = false;
}

static void another_failure_of_a_read_is_no_loss(void **state UNUSED)
{
	uint64_t overruns = xf_count("rt_overruns");

	fakert_say(&(struct fakert_read){ .ret = -ENOMEM });
	say_link(xf_link(4, "net4"));
	xf_go();
	assert_true(xf_knows_link(4));
	assert_int_equal(xf_count("rt_overruns"), overruns);
	assert_int_equal(fakert.n_link_dumps, 1);
}

static void a_failed_repair_is_repeated_ever_more_slowly(void **state UNUSED)
{
	uint64_t failed = xf_count("rt_repairs_failed");
	unsigned int n;

	fakert.n_links = 1;
	fakert.links_err = -ENOMEM;
	lose_events();
	xf_go();
	/* What the dump did not show may be there. */
	assert_true(xf_knows_link(2) && xf_knows_link(3));
	/* And the routes may have changed all the same. */
	assert_int_equal(spy_count(EVENT_ROUTES_CHANGED), 1);
	xf_answers_dumps = true;
	for (unsigned int i = 1; i <= 22; i++) {
		assert_int_equal(xf_count("rt_repairs_failed") - failed, i);
		fakeloop_pass(xf_loop, RETRY_MS * MIN(i, 20u) - 1);
		assert_int_equal(fakert.n_link_dumps, 1 + i);
		fakeloop_pass(xf_loop, 1);
		assert_int_equal(fakert.n_link_dumps, 2 + i);
	}
	fakert.links_err = 0;
	fakeloop_pass(xf_loop, 20 * RETRY_MS);
	assert_false(xf_knows_link(3));
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 23);
	/* After a success they begin anew. */
	fakert.links_err = -ENOMEM;
	lose_events();
	fakeloop_settle(xf_loop);
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 24);
	fakert.links_err = 0;
	n = fakert.n_link_dumps;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_int_equal(fakert.n_link_dumps - n, 1);
	fakeloop_pass(xf_loop, 100 * RETRY_MS);
	assert_int_equal(fakert.n_link_dumps - n, 1);
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 24);
}

static void an_incomplete_list_of_neighbours_drops_none(void **state UNUSED)
{
	uint64_t failed = xf_count("rt_repairs_failed");

	fakert.neigh[0] = xf_neigh(4);
	fakert.n_neighs = 1;
	fakert.neighs_err = -EINTR;
	spy_forget();
	lose_events();
	xf_go();
	assert_true(xf_knows_neigh(2) && xf_knows_neigh(3) && xf_knows_neigh(4));
	assert_int_equal(spy_count(EVENT_NEIGHS_END), 0);
	assert_int_equal(xf_count("rt_repairs_failed") - failed, 1);
	/* It is complete at the next attempt. */
	fakert.neighs_err = 0;
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_false(xf_knows_neigh(2) || xf_knows_neigh(3));
	assert_true(xf_knows_neigh(4));
	assert_int_equal(spy_count(EVENT_NEIGHS_END), 1);
}

static void an_incomplete_list_of_links_drops_none(void **state UNUSED)
{
	fakert.link[0] = xf_link(4, "net4");
	fakert.n_links = 1;
	fakert.links_err = -EINTR;
	lose_events();
	xf_go();
	assert_true(xf_knows_link(2) && xf_knows_link(3) && xf_knows_link(4));
	/* The rest is read nevertheless. */
	assert_int_equal(fakert.n_neigh_dumps, 2);
	assert_int_equal(fakert.n_forwarding, 2);
}

/* Some links may be shown twice (links_dump). */
static void a_link_that_is_shown_twice_stays(void **state UNUSED)
{
	fakert.n_links = 0;
	for (unsigned int i = 0; i < 1000; i++)
		fakert.link[fakert.n_links++] = xf_link(100 + i % 500, "net");
	lose_events();
	xf_go();
	for (uint32_t ifindex = 100; ifindex < 600; ifindex++)
		assert_true(xf_knows_link(ifindex));
	assert_false(xf_knows_link(2));
}

/* The kernel may show all links again when they change meanwhile (links_dump). */
static void a_repeated_list_of_links_drops_none(void **state UNUSED)
{
	fakert.n_links = 0;
	while (fakert.n_links < FAKERT_LINKS - 1) {
		uint32_t ifindex = 100 + fakert.n_links % (LINKTAB_MAX / 2);

		fakert.link[fakert.n_links++] = xf_link(ifindex, "net");
	}
	fakert.link[fakert.n_links++] = xf_link(3, "net3");
	lose_events();
	xf_go();
	for (uint32_t i = 0; i < LINKTAB_MAX / 2; i++)
		assert_true(xf_knows_link(100 + i));
	assert_true(xf_knows_link(3));
	assert_false(xf_knows_link(2));
}

/* The kernel may have more links than the engine can know. */
static void links_beyond_the_table_drop_none(void **state UNUSED)
{
	fakert.n_links = 0;
	for (uint32_t ifindex = 100; fakert.n_links < FAKERT_LINKS - 1; ifindex++)
		fakert.link[fakert.n_links++] = xf_link(ifindex, "net");
	fakert.link[fakert.n_links++] = xf_link(3, "net3");
	lose_events();
	xf_go();
	assert_true(xf_knows_link(3));
	assert_false(xf_knows_link(2));
	spy_forget();
	lose_events();
	xf_go();
	assert_int_equal(spy_count(EVENT_LINK_GONE), 0);
	assert_true(xf_knows_link(3));
}

/* -- hardware ------------------------------------------------------------- */

static const struct link_hw *hw_of(uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(view_paths(xf_engine), ifindex);

	assert_non_null(rec);
	return &rec->link.hw;
}

static void the_hardware_of_possible_ports_is_read(void **state UNUSED)
{
	struct link loopback = xf_link(1, "lo"), bridge = xf_link(5, "br0"),
		    tun = xf_link(6, "tun0");
	struct link veth = xf_link(7, "veth0");

	loopback.is_loopback = true;
	strcpy(bridge.kind, "bridge");
	tun.is_ether = false;
	strcpy(veth.kind, "veth");
	fakert.link[fakert.n_links++] = loopback;
	fakert.link[fakert.n_links++] = xf_link(2, "p0");
	fakert.link[fakert.n_links++] = xf_link(3, "eth0");
	fakert.link[fakert.n_links++] = bridge;
	fakert.link[fakert.n_links++] = tun;
	fakert.link[fakert.n_links++] = veth;
	fakert.eswitch = LINK_ESWITCH_SWITCHDEV;
	assert_int_equal(start_ingest(), 0);
	assert_int_equal(fakert.n_hw, 3);
	/* Only a PCI function has an embedded switch. */
	assert_int_equal(fakert.n_eswitch, 1);
	assert_string_equal(hw_of(2)->driver, "fake");
	assert_int_equal(hw_of(2)->tc, LINK_TC_ON);
	assert_int_equal(hw_of(2)->eswitch, LINK_ESWITCH_SWITCHDEV);
	assert_int_equal(hw_of(3)->eswitch, LINK_ESWITCH_NONE);
	assert_string_equal(hw_of(7)->driver, "fake");
	assert_string_equal(hw_of(1)->driver, "");
	assert_string_equal(hw_of(5)->driver, "");
	assert_string_equal(hw_of(6)->driver, "");
}

static void hardware_that_cannot_be_read_is_counted(void **state UNUSED)
{
	uint64_t unread = xf_count("hw_unread");

	fakert.link[fakert.n_links++] = xf_link(2, "p0");
	fakert.hw_err = -ENODEV;
	assert_int_equal(start_ingest(), 0);
	assert_int_equal(xf_count("hw_unread") - unread, 1);
	assert_string_equal(hw_of(2)->driver, "");
	/* A change of the link shows what it has become. */
	fakert.hw_err = 0;
	fakert.eswitch_err = -EPERM;
	say_link(xf_link(2, "p0"));
	xf_go();
	assert_int_equal(xf_count("hw_unread") - unread, 2);
	assert_string_equal(hw_of(2)->driver, "fake");
	fakert.eswitch_err = 0;
	fakert.eswitch = LINK_ESWITCH_LEGACY;
	say_link(xf_link(2, "p0"));
	xf_go();
	assert_int_equal(xf_count("hw_unread") - unread, 2);
	assert_int_equal(hw_of(2)->eswitch, LINK_ESWITCH_LEGACY);
}

/* Somebody who moves a device elsewhere holds the lock that the question takes. */
static void a_link_that_goes_down_keeps_its_hardware(void **state UNUSED)
{
	struct link down = xf_link(2, "p0");

	fakert.link[fakert.n_links++] = xf_link(2, "p0");
	assert_int_equal(start_ingest(), 0);
	assert_int_equal(fakert.n_hw, 1);
	down.is_up = false;
	say_link(down);
	xf_go();
	assert_int_equal(fakert.n_hw, 1);
	assert_string_equal(hw_of(2)->driver, "fake");
	assert_int_equal(hw_of(2)->tc, LINK_TC_ON);
	/* Nor is it asked because of further messages, while it is down. */
	for (unsigned int i = 0; i < 3; i++) {
		down.mtu = 1400 + i;
		say_link(down);
		xf_go();
	}
	assert_int_equal(fakert.n_hw, 1);
	assert_string_equal(hw_of(2)->driver, "fake");
	/* Up again, it is asked. */
	say_link(xf_link(2, "p0"));
	xf_go();
	assert_int_equal(fakert.n_hw, 2);
	/* And one that was never up, once. */
	down.ifindex = 9;
	for (unsigned int i = 0; i < 2; i++) {
		say_link(down);
		xf_go();
		assert_int_equal(fakert.n_hw, 3);
		assert_string_equal(hw_of(9)->driver, "fake");
	}
}

/* -- bridges -------------------------------------------------------------- */

/* One event causes one reading; a failed one is repeated later. */
static void bridges_are_read_when_they_change(void **state UNUSED)
{
	const struct bridge_port port = { .ifindex = 2, .is_forwarding = true };

	assert_int_equal(start_ingest(), 0);
	xf_go();
	xf_finish_dump();
	assert_int_equal(fakert.n_bridge_dumps, 1);
	assert_int_equal(spy_count(EVENT_BRIDGES_BEGIN), 1);
	assert_int_equal(spy_count(EVENT_BRIDGES_END), 1);
	fakert.bridge_port[fakert.n_bridge_ports++] = port;
	spy_forget();
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_BRIDGES });
	xf_go();
	assert_int_equal(fakert.n_bridge_dumps, 2);
	assert_int_equal(spy_count(EVENT_BRIDGE_PORT), 1);
	assert_true(spy_last(EVENT_BRIDGE_PORT)->bridge_port.is_forwarding);
	assert_int_equal(spy_count(EVENT_BRIDGES_END), 1);
	fakert.bridges_err = -EINTR;
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_BRIDGES });
	xf_go();
	assert_int_equal(fakert.n_bridge_dumps, 3);
	assert_int_equal(spy_count(EVENT_BRIDGES_END), 1);
	fakert.bridges_err = 0;
	xf_answers_dumps = true;
	fakeloop_pass(xf_loop, RETRY_MS);
	assert_int_equal(fakert.n_bridge_dumps, 4);
	assert_int_equal(spy_count(EVENT_BRIDGES_END), 2);
}

static void stations_are_passed_on(void **state UNUSED)
{
	const struct station here = { .bridge = 9, .port = 2, .vlan = 7, .mac = { { 2 } } };

	assert_int_equal(start_ingest(), 0);
	assert_int_equal(spy_count(EVENT_STATIONS_BEGIN), 1);
	assert_int_equal(spy_count(EVENT_STATIONS_END), 1);
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_STATION, .station = here });
	xf_go();
	assert_int_equal(spy_last(EVENT_STATION)->station.port, 2);
	/* Lost events may have been about stations. */
	fakert.station[fakert.n_stations++] = here;
	spy_forget();
	lose_events();
	xf_go();
	/* One dump may pass over some, so two are put together. */
	assert_int_equal(spy_count(EVENT_STATION), 2);
	assert_int_equal(spy_count(EVENT_STATIONS_BEGIN), 1);
	assert_int_equal(spy_count(EVENT_STATIONS_END), 1);
}

/* Their rules are on the bridges. */
static void software_does_not_care_for_bridges(void **state UNUSED)
{
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_BRIDGES });
	fakert_say(&(struct fakert_read){ .ret = 1, .what = FAKERT_STATION, .station = { .bridge = 9 } });
	xf_go();
	assert_int_equal(fakert.n_bridge_dumps + fakert.n_station_dumps, 0);
	assert_int_equal(spy_count(EVENT_STATION), 0);
}

#define HARDWARE_TEST(name) cmocka_unit_test_setup_teardown(name, setup_hardware, xf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XF_TEST(the_present_state_is_known_after_the_start),
		HARDWARE_TEST(a_failed_start_leaves_nothing),
		HARDWARE_TEST(a_start_needs_no_complete_dump),
		XF_TEST_READY(links_and_neighbours_come_and_go),
		XF_TEST_READY(policy_rules_are_read_when_they_change),
		XF_TEST_READY(policy_rules_are_read_when_events_were_lost),
		XF_TEST_READY(mtus_for_ip6_are_read_again),
		XF_TEST_READY(changed_routes_are_told_as_they_are),
		XF_TEST_READY(an_event_causes_a_round_of_orders),
		XF_TEST_READY(lost_events_have_everything_read_anew),
		XF_TEST_READY(queued_events_are_read_before_the_dump),
		XF_TEST_READY(several_overruns_need_one_dump),
		XF_TEST_READY(reading_before_a_dump_is_bounded),
		XF_TEST_READY(another_failure_of_a_read_is_no_loss),
		XF_TEST_READY(a_failed_repair_is_repeated_ever_more_slowly),
		XF_TEST_READY(an_incomplete_list_of_neighbours_drops_none),
		XF_TEST_READY(software_does_not_care_for_bridges),
		HARDWARE_TEST(bridges_are_read_when_they_change),
		HARDWARE_TEST(stations_are_passed_on),
		XF_TEST_READY(an_incomplete_list_of_links_drops_none),
		XF_TEST_READY(a_link_that_is_shown_twice_stays),
		XF_TEST_READY(a_repeated_list_of_links_drops_none),
		XF_TEST_READY(links_beyond_the_table_drop_none),
		HARDWARE_TEST(the_hardware_of_possible_ports_is_read),
		HARDWARE_TEST(hardware_that_cannot_be_read_is_counted),
		HARDWARE_TEST(a_link_that_goes_down_keeps_its_hardware),
	};

	return cmocka_run_group_tests_name("ingestrt", tests, NULL, NULL);
}

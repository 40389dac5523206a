/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit/unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/path/path.h"

static const uint64_t key[2] = { 1, 2 };

/* -- the walk ------------------------------------------------------------- */

static void begin(struct path_query *q, const char *orig, const char *reply)
{
	struct tuple o, r;

	assert_int_equal(tuple_from_str(orig, &o), 0);
	assert_int_equal(tuple_from_str(reply, &r), 0);
	path_begin(q, &o, &r, 0x55, 9);
}

static void begin_snat(struct path_query *q)
{
	begin(q, "tcp 192.168.1.2:1000 > 198.51.100.9:80",
	      "tcp 198.51.100.9:80 > 203.0.113.1:5000");
}

static enum path_verdict answer(struct path_query *q, enum route_kind kind, uint32_t oif,
				enum reason *reason)
{
	q->answer[q->step] = (struct route_answer){ .kind = (uint8_t)kind, .oif = oif };
	*reason = REASON_NONE;
	return path_advance(q, reason);
}

static void assert_ask(const struct path_query *q, const char *src, const char *dst,
		       unsigned int sport, unsigned int dport, uint32_t iif)
{
	char text[ADDR_STR_SIZE];

	assert_int_equal(q->ask.with_src, src != NULL);
	if (src)
		assert_string_equal(addr_to_str(q->ask.family, &q->ask.src, text), src);
	assert_string_equal(addr_to_str(q->ask.family, &q->ask.dst, text), dst);
	assert_int_equal(q->ask.sport, sport);
	assert_int_equal(q->ask.dport, dport);
	assert_int_equal(q->ask.iif, iif);
	assert_int_equal(q->ask.mark, 0x55);
	assert_int_equal(q->ask.proto, L4_TCP);
	assert_int_equal(q->generation, 9);
}

/* The look-ups use the addresses that a packet has while it is routed: the source before
 * translation, the destination after translation. */
static void look_ups_with_snat(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin_snat(&q);
	assert_int_equal(q.step, PATH_STEP_INGRESS);
	assert_int_equal(q.ask.family, FAMILY_IP4);
	assert_ask(&q, NULL, "192.168.1.2", 80, 1000, 0);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 2, &reason), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_FORWARD);
	assert_ask(&q, "192.168.1.2", "198.51.100.9", 1000, 80, 2);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 3, &reason), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_REVERSE);
	assert_ask(&q, "198.51.100.9", "192.168.1.2", 80, 1000, 3);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 2, &reason), PATH_FOUND);
	/* Advancing again gives the same verdict. */
	assert_int_equal(path_advance(&q, &reason), PATH_FOUND);
	assert_int_equal(path_egress(&q, DIR_ORIG), 3);
	assert_int_equal(path_egress(&q, DIR_REPLY), 2);
}

static void look_ups_with_dnat(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin(&q, "tcp 203.0.113.2:3000 > 203.0.113.1:8080",
	      "tcp 192.168.1.2:80 > 203.0.113.2:3000");
	assert_ask(&q, NULL, "203.0.113.2", 80, 3000, 0);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 3, &reason), PATH_ASK);
	assert_ask(&q, "203.0.113.2", "192.168.1.2", 3000, 80, 3);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 2, &reason), PATH_ASK);
	assert_ask(&q, "192.168.1.2", "203.0.113.2", 80, 3000, 2);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 3, &reason), PATH_FOUND);
}

/* If replies leave by another device than assumed at first, one more look-up checks this device. */
static void look_up_to_confirm(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin_snat(&q);
	answer(&q, ROUTE_UNICAST, 2, &reason);
	answer(&q, ROUTE_UNICAST, 3, &reason);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 4, &reason), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_CONFIRM);
	assert_ask(&q, "192.168.1.2", "198.51.100.9", 1000, 80, 4);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 3, &reason), PATH_FOUND);
	assert_int_equal(path_egress(&q, DIR_ORIG), 3);
	assert_int_equal(path_egress(&q, DIR_REPLY), 4);

	begin_snat(&q);
	answer(&q, ROUTE_UNICAST, 2, &reason);
	answer(&q, ROUTE_UNICAST, 3, &reason);
	answer(&q, ROUTE_UNICAST, 4, &reason);
	assert_int_equal(answer(&q, ROUTE_UNICAST, 5, &reason), PATH_NOWHERE);
	assert_int_equal(reason, REASON_ASYMMETRIC_ROUTE);
	assert_int_equal(path_advance(&q, &reason), PATH_NOWHERE);
}

/* A packet of the original direction went from if2 to a gateway on if3 with mark 1, a packet of the reply
 * direction back with mark 2. */
static void begin_noted(struct path_query *q)
{
	begin_snat(q);
	q->seen[DIR_ORIG] = (struct seen_way){ .is_known = true, .iif = 2, .oif = 3, .mark = 1 };
	q->seen[DIR_REPLY] = (struct seen_way){ .is_known = true, .iif = 3, .oif = 2, .mark = 2 };
	q->seen[DIR_ORIG].next_hop.b[0] = 10;
	q->seen[DIR_REPLY].next_hop = q->orig.src;
	path_use_notes(q);
}

static enum path_verdict answer_by(struct path_query *q, uint32_t oif, uint8_t gateway)
{
	enum reason reason;

	q->answer[q->step] = (struct route_answer){ .kind = ROUTE_UNICAST, .oif = oif,
						    .has_gateway = gateway, .gateway_family = FAMILY_IP4 };
	q->answer[q->step].gateway.b[0] = gateway;
	return path_advance(q, &reason);
}

/* Notes tell where packets arrive and which mark they have. */
static void look_ups_with_notes(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin_noted(&q);
	assert_int_equal(q.step, PATH_STEP_FORWARD);
	assert_int_equal(q.ask.iif, 2);
	assert_int_equal(q.ask.mark, 1);
	assert_int_equal(answer_by(&q, 3, 10), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_REVERSE);
	assert_int_equal(q.ask.iif, 3);
	assert_int_equal(q.ask.mark, 2);
	assert_int_equal(answer_by(&q, 2, 0), PATH_FOUND);
	assert_int_equal(path_advance(&q, &reason), PATH_FOUND);
	assert_int_equal(q.mark[DIR_ORIG], 1);
	assert_int_equal(q.mark[DIR_REPLY], 2);
	/* Without the note of one direction, nothing is known. */
	begin_snat(&q);
	q.seen[DIR_ORIG] = (struct seen_way){ .is_known = true, .iif = 2, .oif = 3 };
	path_use_notes(&q);
	assert_int_equal(q.step, PATH_STEP_INGRESS);
}

/* The answer to the second question of a walk with notes, before that to the first. */
static void answer_ahead(struct path_query *q, uint32_t oif)
{
	const struct route_answer reply = { .kind = ROUTE_UNICAST, .oif = oif };
	struct route_query ask;

	assert_true(path_ask_ahead(q, &ask));
	assert_memory_equal(&ask.src, &q->reply.src, sizeof(ask.src));
	assert_memory_equal(&ask.dst, &q->orig.src, sizeof(ask.dst));
	assert_int_equal(ask.iif, 3);
	assert_int_equal(ask.mark, 2);
	path_take_ahead(q, &reply);
	assert_false(path_ask_ahead(q, &ask));
}

static void look_ups_at_once(void **state UNUSED)
{
	enum reason reason;
	struct route_query ask;
	struct path_query q;

	begin_noted(&q);
	answer_ahead(&q, 2);
	assert_int_equal(answer_by(&q, 3, 10), PATH_FOUND);
	assert_int_equal(path_advance(&q, &reason), PATH_FOUND);
	assert_int_equal(path_egress(&q, DIR_REPLY), 2);
	/* The first question is repeated with another mark, then the second. */
	begin_noted(&q);
	answer_ahead(&q, 5);
	assert_int_equal(answer_by(&q, 4, 10), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_FORWARD);
	assert_false(path_ask_ahead(&q, &ask));
	assert_int_equal(answer_by(&q, 3, 10), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_REVERSE);
	assert_int_equal(q.ask.mark, 0x55);
	assert_int_equal(answer_by(&q, 2, 0), PATH_FOUND);
	assert_int_equal(path_egress(&q, DIR_REPLY), 2);
	/* The first answer ends the walk. */
	begin_noted(&q);
	answer_ahead(&q, 2);
	answer(&q, ROUTE_NONE, 0, &reason);
	assert_int_equal(answer(&q, ROUTE_NONE, 0, &reason), PATH_NOWHERE);
	assert_int_equal(reason, REASON_NO_ROUTE);
	/* Without notes, the second question follows from the first answer. */
	begin_snat(&q);
	assert_false(path_ask_ahead(&q, &ask));
}

/* A rule behind routing has set the mark of the packets: the connection has the one that counts. */
static void look_ups_with_late_mark(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	/* Another device, another next hop, no route. */
	for (unsigned int i = 0; i < 3; i++) {
		begin_noted(&q);
		if (i == 2)
			assert_int_equal(answer(&q, ROUTE_NONE, 0, &reason), PATH_ASK);
		else
			assert_int_equal(i ? answer_by(&q, 3, 11) : answer_by(&q, 4, 10), PATH_ASK);
		assert_int_equal(q.step, PATH_STEP_FORWARD);
		assert_int_equal(q.ask.mark, 0x55);
		assert_int_equal(answer_by(&q, 3, 10), PATH_ASK);
		assert_int_equal(q.step, PATH_STEP_REVERSE);
		assert_int_equal(q.ask.mark, 2);
		assert_int_equal(answer_by(&q, 2, 0), PATH_FOUND);
		assert_int_equal(q.mark[DIR_ORIG], 0x55);
	}
	/* Neither mark finds the way of the packets. The walk ends, path_resolve() compares. */
	begin_noted(&q);
	assert_int_equal(answer_by(&q, 4, 10), PATH_ASK);
	assert_int_equal(answer_by(&q, 4, 10), PATH_ASK);
	assert_int_equal(q.step, PATH_STEP_REVERSE);
	assert_int_equal(answer_by(&q, 5, 0), PATH_ASK);
	assert_int_equal(answer_by(&q, 5, 0), PATH_FOUND);
	begin_noted(&q);
	answer(&q, ROUTE_NONE, 0, &reason);
	assert_int_equal(answer(&q, ROUTE_NONE, 0, &reason), PATH_NOWHERE);
	assert_int_equal(reason, REASON_NO_ROUTE);
	assert_int_equal(path_advance(&q, &reason), PATH_NOWHERE);
}

/* Each look-up may end the walk. */
static void dead_ends(void **state UNUSED)
{
	static const struct {
		enum route_kind kind;
		enum reason reason;
	} ends[] = {
		{ ROUTE_NONE, REASON_NO_ROUTE },
		{ ROUTE_FAILED, REASON_ROUTE_LOOKUP_FAILED },
		{ ROUTE_OTHER, REASON_NO_ROUTE },
		{ ROUTE_ENCAP, REASON_ENCAPSULATION },
		{ ROUTE_LOCAL, REASON_LOCAL },
	};
	enum reason reason;
	struct path_query q;

	for (unsigned int i = 0; i < array_size(ends); i++) {
		for (unsigned int step = 0; step < PATH_STEP__COUNT; step++) {
			begin_snat(&q);
			for (unsigned int n = 0; n < step; n++)
				assert_int_equal(answer(&q, ROUTE_UNICAST, 2 + n, &reason),
						 PATH_ASK);
			assert_int_equal(answer(&q, ends[i].kind, 0, &reason), PATH_NOWHERE);
			assert_int_equal(reason, ends[i].reason);
		}
	}
}

static void egress_before_the_end(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin_snat(&q);
	assert_int_equal(path_egress(&q, DIR_ORIG), 0);
	assert_int_equal(path_egress(&q, DIR_REPLY), 0);
	answer(&q, ROUTE_UNICAST, 2, &reason);
	assert_int_equal(path_egress(&q, DIR_REPLY), 2);
	assert_int_equal(path_egress(&q, DIR_ORIG), 0);
}

/* -- from the walk to the hops -------------------------------------------- */

struct place {
	struct settings settings;
	struct topology tab;
	struct path_query q;
	struct path path;
};

static void put_link(struct place *p, uint32_t ifindex, enum port_state port)
{
	struct link l = { .ifindex = ifindex, .mtu = 1500, .is_up = true, .is_ether = true };
	struct link_rec *rec;

	l.mac.b[0] = 2;
	l.mac.b[5] = (uint8_t)ifindex;
	l.name[0] = (char)('a' + ifindex);
	rec = topology_put_link(&p->tab, &p->settings, &l);
	assert_non_null(rec);
	rec->port = (uint8_t)port;
	rec->bypass_known = BYPASS_ALL;
}

static struct link *link_of(struct place *p, uint32_t ifindex)
{
	return &topology_find_link(&p->tab, ifindex)->link;
}

/* The link is reported with what the test has changed in its record. */
static void report(struct place *p, uint32_t ifindex)
{
	struct link l = *link_of(p, ifindex);

	topology_put_link(&p->tab, &p->settings, &l)->bypass_known = BYPASS_ALL;
}

static void put_neigh(struct place *p, uint32_t ifindex, const char *addr, uint8_t mac)
{
	struct neigh n = { .ifindex = ifindex, .is_valid = true };
	enum family family;

	assert_int_equal(addr_from_str(addr, &family, &n.addr), 0);
	n.family = (uint8_t)family;
	n.mac.b[0] = 2;
	n.mac.b[5] = mac;
	topology_put_neigh(&p->tab, &n);
}

/* if2 leads to the originator, if3 leads through a gateway to the responder. */
static void setup(struct place *p)
{
	enum family family;
	enum reason reason;

	memset(p, 0, sizeof(*p));
	p->settings.auto_devices = true;
	p->settings.offload = OFFLOAD_HARDWARE;
	assert_int_equal(topology_init(&p->tab, key), 0);
	put_link(p, 2, PORT_OPEN);
	put_link(p, 3, PORT_OPEN);
	put_neigh(p, 2, "192.168.1.2", 0x12);
	put_neigh(p, 3, "203.0.113.254", 0x3f);
	begin_snat(&p->q);
	answer(&p->q, ROUTE_UNICAST, 2, &reason);
	answer(&p->q, ROUTE_UNICAST, 3, &reason);
	answer(&p->q, ROUTE_UNICAST, 2, &reason);
	p->q.answer[PATH_STEP_FORWARD].has_gateway = true;
	p->q.answer[PATH_STEP_FORWARD].gateway_family = FAMILY_IP4;
	assert_int_equal(addr_from_str("203.0.113.254", &family,
				       &p->q.answer[PATH_STEP_FORWARD].gateway), 0);
}

static void teardown(struct place *p)
{
	topology_fini(&p->tab);
}

static void assert_resolves(struct place *p, enum reason wanted)
{
	enum reason reason = path_resolve(&p->tab, &p->settings, &p->q, &p->path);

	assert_string_equal(reason_name(reason), reason_name(wanted));
}

/* A bypass on either port counts, unless it is allowed there. While a kind of bypass has not
 * been checked, the port is not ready. */
static void bypasses_on_ports(void **state UNUSED)
{
	static const uint32_t ports[] = { 2, 3 };
	struct place p;

	setup(&p);
	for (unsigned int i = 0; i < 2; i++) {
		struct link_rec *rec = topology_find_link(&p.tab, ports[i]);

		rec->bypass = BYPASS_TC_EGRESS | BYPASS_SHAPER;
		assert_resolves(&p, REASON_FOREIGN_FILTER);
		rec->bypass_allowed = BYPASS_TC_EGRESS;
		assert_resolves(&p, REASON_SHAPER);
		rec->bypass_allowed |= BYPASS_SHAPER;
		assert_resolves(&p, REASON_NONE);
		rec->bypass_known = BYPASS_ALL & ~(unsigned int)BYPASS_SHAPER;
		assert_resolves(&p, REASON_NONE);
		rec->bypass_known = BYPASS_ALL & ~(unsigned int)BYPASS_XDP;
		assert_resolves(&p, REASON_DEVICE_NOT_READY);
		p.settings.offload = OFFLOAD_OBSERVE;
		assert_resolves(&p, REASON_DEVICE_NOT_READY);
		p.settings.offload = OFFLOAD_HARDWARE;
		rec->bypass_known = BYPASS_ALL;
	}
	teardown(&p);
}

static void hops_of_a_path(void **state UNUSED)
{
	struct place p;

	setup(&p);
	assert_resolves(&p, REASON_NONE);
	assert_int_equal(p.path.hop[DIR_ORIG].ifindex, 3);
	assert_int_equal(p.path.hop[DIR_ORIG].src.b[5], 3);
	assert_int_equal(p.path.hop[DIR_ORIG].dst.b[5], 0x3f);
	assert_int_equal(p.path.hop[DIR_ORIG].mtu, 1500);
	assert_int_equal(p.path.hop[DIR_REPLY].ifindex, 2);
	assert_int_equal(p.path.hop[DIR_REPLY].src.b[5], 2);
	assert_int_equal(p.path.hop[DIR_REPLY].dst.b[5], 0x12);
	assert_int_equal(topology_get_neigh(&p.tab, p.path.next_hop[DIR_ORIG])->neigh.mac.b[5],
			 0x3f);
	teardown(&p);
}

static void unsuitable_devices(void **state UNUSED)
{
	struct place p;

	setup(&p);
	link_of(&p, 3)->is_up = false;
	assert_resolves(&p, REASON_DEVICE_DOWN);
	link_of(&p, 3)->is_up = true;
	strcpy(link_of(&p, 2)->kind, "bridge");
	report(&p, 2);
	assert_resolves(&p, REASON_DEVICE_KIND);
	strcpy(link_of(&p, 2)->kind, "veth");
	report(&p, 2);
	assert_resolves(&p, REASON_NONE);
	link_of(&p, 2)->master = 9;
	report(&p, 2);
	assert_resolves(&p, REASON_DEVICE_KIND);
	link_of(&p, 2)->master = 0;
	link_of(&p, 2)->is_ether = false;
	report(&p, 2);
	assert_resolves(&p, REASON_DEVICE_KIND);
	link_of(&p, 2)->is_ether = true;
	report(&p, 2);
	link_of(&p, 2)->is_loopback = true;
	report(&p, 2);
	assert_resolves(&p, REASON_LOCAL);
	link_of(&p, 2)->is_loopback = false;
	report(&p, 2);
	topology_find_link(&p.tab, 2)->is_named = false;
	assert_resolves(&p, REASON_DEVICE_NOT_NAMED);
	topology_del_link(&p.tab, 2);
	assert_resolves(&p, REASON_DEVICE_UNKNOWN);
	teardown(&p);
}

static void ports_must_be_open(void **state UNUSED)
{
	struct place p;

	setup(&p);
	for (unsigned int port = PORT_NONE; port < PORT_STATE__COUNT; port++) {
		topology_find_link(&p.tab, 3)->port = (uint8_t)port;
		assert_resolves(&p, port == PORT_OPEN ? REASON_NONE : REASON_DEVICE_NOT_READY);
	}
	/* The mode "observe" needs no open port. */
	p.settings.offload = OFFLOAD_OBSERVE;
	assert_resolves(&p, REASON_NONE);
	teardown(&p);
}

static void same_device(void **state UNUSED)
{
	struct place p;

	/* In by one port and out by the same, with NAT and a gateway: a NIC may drop it. */
	setup(&p);
	p.q.answer[PATH_STEP_FORWARD].oif = 2;
	put_neigh(&p, 2, "203.0.113.254", 0x3f);
	assert_resolves(&p, REASON_SAME_DEVICE);
	p.settings.offload = OFFLOAD_SOFTWARE;
	p.settings.backend = BACKEND_FLOWER;
	assert_resolves(&p, REASON_NONE);
	assert_int_equal(p.path.hop[DIR_ORIG].ifindex, 2);
	assert_int_equal(p.path.hop[DIR_REPLY].ifindex, 2);
	assert_int_equal(p.path.hop[DIR_ORIG].dst.b[5], 0x3f);
	/* Routed without NAT, it has a gateway. Translated, it needs none. */
	p.q.reply.dst = p.q.orig.src;
	assert_resolves(&p, REASON_NONE);
	p.q.answer[PATH_STEP_FORWARD].has_gateway = false;
	put_neigh(&p, 2, "198.51.100.9", 0x39);
	assert_resolves(&p, REASON_SAME_DEVICE);
	p.q.reply.dst.b[3]++;
	assert_resolves(&p, REASON_NONE);
	teardown(&p);
}

/* Postrouting sees the VRF in place of the port by which a packet arrived. */
static void notes_in_a_vrf(void **state UNUSED)
{
	struct place p;

	setup(&p);
	put_neigh(&p, 3, "10.0.0.0", 0x3f);
	begin_noted(&p.q);
	p.q.asks_seen = true;
	p.settings.admit = ADMIT_NFT;
	assert_int_equal(answer_by(&p.q, 3, 10), PATH_ASK);
	assert_int_equal(answer_by(&p.q, 2, 0), PATH_FOUND);
	assert_resolves(&p, REASON_NONE);
	/* Only the client's port is in the VRF. */
	link_of(&p, 2)->vrf = 9;
	report(&p, 2);
	assert_resolves(&p, REASON_ASYMMETRIC_ROUTE);
	p.q.seen[DIR_ORIG].iif = 9;
	assert_resolves(&p, REASON_NONE);
	/* Both ports are. */
	link_of(&p, 3)->vrf = 9;
	report(&p, 3);
	assert_resolves(&p, REASON_ASYMMETRIC_ROUTE);
	p.q.seen[DIR_REPLY].iif = 9;
	assert_resolves(&p, REASON_NONE);
	/* Without notes, look-ups do not find them. */
	memset(p.q.seen, 0, sizeof(p.q.seen));
	p.q.asks_seen = false;
	p.settings.admit = ADMIT_MARK;
	assert_resolves(&p, REASON_POLICY_ROUTING);
	teardown(&p);
}

/* A flow that has rules knows by which devices packets arrive. It has no notes. */
static void look_ups_with_arrivals(void **state UNUSED)
{
	enum reason reason;
	struct path_query q;

	begin_snat(&q);
	path_use_marks(&q, (const uint32_t[]){ 1, 2 });
	assert_int_equal(path_first_step(&q), PATH_STEP_INGRESS);
	path_use_arrivals(&q, (const uint32_t[]){ 2, 3 });
	assert_int_equal(path_first_step(&q), PATH_STEP_FORWARD);
	assert_int_equal(q.step, PATH_STEP_FORWARD);
	assert_int_equal(q.ask.iif, 2);
	assert_int_equal(q.ask.mark, 1);
	answer_ahead(&q, 2);
	assert_int_equal(answer_by(&q, 3, 10), PATH_FOUND);
	assert_int_equal(path_egress(&q, DIR_ORIG), 3);
	assert_int_equal(path_egress(&q, DIR_REPLY), 2);
	assert_int_equal(path_advance(&q, &reason), PATH_FOUND);
}

static void next_hops(void **state UNUSED)
{
	struct place p;
	struct neigh n;

	setup(&p);
	/* The responder is the next hop, and it is unknown. */
	p.q.answer[PATH_STEP_FORWARD].has_gateway = false;
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	put_neigh(&p, 3, "198.51.100.9", 0x39);
	assert_resolves(&p, REASON_NONE);
	assert_int_equal(p.path.hop[DIR_ORIG].dst.b[5], 0x39);
	/* A neighbour on another device does not count. */
	p.q.answer[PATH_STEP_FORWARD].has_gateway = true;
	p.q.answer[PATH_STEP_FORWARD].gateway.b[3] = 253;
	put_neigh(&p, 2, "203.0.113.253", 0x77);
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	/* The neighbour is still referenced, but no longer valid. */
	p.q.answer[PATH_STEP_FORWARD].gateway.b[3] = 254;
	assert_resolves(&p, REASON_NONE);
	topology_ref_neigh(&p.tab, p.path.next_hop[DIR_ORIG]);
	n = topology_get_neigh(&p.tab, p.path.next_hop[DIR_ORIG])->neigh;
	n.is_valid = false;
	topology_put_neigh(&p.tab, &n);
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	/* Valid, but with a group address, or without an address. */
	n.is_valid = true;
	n.mac.b[0] = 3;
	topology_put_neigh(&p.tab, &n);
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	memset(&n.mac, 0, sizeof(n.mac));
	topology_put_neigh(&p.tab, &n);
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	teardown(&p);
}

static void ip6_next_hop_of_ip4(void **state UNUSED)
{
	struct place p;
	enum family family;

	setup(&p);
	p.q.answer[PATH_STEP_FORWARD].gateway_family = FAMILY_IP6;
	assert_int_equal(addr_from_str("fe80::1", &family, &p.q.answer[PATH_STEP_FORWARD].gateway),
			 0);
	assert_resolves(&p, REASON_NEIGHBOUR_UNRESOLVED);
	put_neigh(&p, 3, "fe80::1", 0x66);
	assert_resolves(&p, REASON_NONE);
	assert_int_equal(p.path.hop[DIR_ORIG].dst.b[5], 0x66);
	teardown(&p);
}

static void assert_checks(struct place *p, bool orig, bool reply)
{
	assert_resolves(p, REASON_NONE);
	assert_int_equal(path_checks_size(&p->path, DIR_ORIG), orig);
	assert_int_equal(path_checks_size(&p->path, DIR_REPLY), reply);
}

/* A rule checks the size of packets if those that can arrive do not all fit the way out. */
static void size_is_checked_where_it_must(void **state UNUSED)
{
	struct place p;

	setup(&p);
	assert_checks(&p, false, false);
	link_of(&p, 2)->mtu = 1501;
	assert_checks(&p, true, false);
	link_of(&p, 2)->mtu = 1500;
	link_of(&p, 3)->mtu = 9000;
	assert_checks(&p, false, true);
	link_of(&p, 2)->mtu = 9000;
	assert_checks(&p, false, false);
	p.q.answer[PATH_STEP_FORWARD].mtu = 1400;
	assert_checks(&p, true, false);
	assert_int_equal(p.path.hop[DIR_ORIG].mtu, 1400);
	assert_int_equal(p.path.route_mtu[DIR_ORIG], 1400);
	p.q.answer[PATH_STEP_FORWARD].mtu = 9000;
	assert_checks(&p, false, false);
	/* The MTU of a route does not raise that of the device. */
	p.q.answer[PATH_STEP_FORWARD].mtu = 65535;
	assert_checks(&p, false, false);
	assert_int_equal(p.path.hop[DIR_ORIG].mtu, 9000);
	p.q.answer[PATH_STEP_REVERSE].mtu = 1280;
	assert_checks(&p, false, true);
	teardown(&p);
}

/* A driver that cannot check the size gets no rule that would have to. */
static void size_must_be_checkable(void **state UNUSED)
{
	struct place p;
	unsigned int class;
	struct tuple out;

	setup(&p);
	p.q.answer[PATH_STEP_FORWARD].mtu = 1400;
	assert_resolves(&p, REASON_NONE);
	out = tuple_inverse(&p.q.reply);
	class = recipe_class_of(&p.q.orig, &out);
	p.path.recipe[DIR_ORIG].mtu_classes = (uint16_t)~(1u << class);
	assert_int_equal(path_check_mtu(&p.path, &p.q.orig, &p.q.reply), REASON_MTU);
	p.path.recipe[DIR_ORIG].mtu_classes = (uint16_t)(1u << class);
	p.path.recipe[DIR_REPLY].mtu_classes = 0;
	assert_int_equal(path_check_mtu(&p.path, &p.q.orig, &p.q.reply), REASON_NONE);
	p.path.hop[DIR_REPLY].mtu = 1499;
	assert_int_equal(path_check_mtu(&p.path, &p.q.orig, &p.q.reply), REASON_MTU);
	teardown(&p);
}

/* Packets note the TTL with which they leave. */
static void noted_ttl(void **state UNUSED)
{
	struct path_query q;
	struct path path = { .recipe = { RECIPE_SOFTWARE, RECIPE_SOFTWARE } };

	begin_snat(&q);
	q.seen[DIR_ORIG] = (struct seen_way){ .is_known = true, .iif = 2, .oif = 3, .ttl = 63 };
	q.seen[DIR_REPLY] = (struct seen_way){ .is_known = true, .iif = 3, .oif = 2, .ttl = 255 };
	path_use_notes(&q);
	assert_int_equal(q.ttl[DIR_ORIG], 64);
	assert_int_equal(q.ttl[DIR_REPLY], 0);
	assert_int_equal(path_check_ttl(&path), REASON_NONE);
	path.recipe[DIR_REPLY].shape = RECIPE_EXACT_TTL;
	path.ttl[DIR_REPLY] = 1;
	assert_int_equal(path_check_ttl(&path), REASON_EXACT_TTL);
	path.ttl[DIR_REPLY] = 2;
	assert_int_equal(path_check_ttl(&path), REASON_NONE);
}

/* The forward hop of a confirmed path is the answer to the last look-up. */
static void hops_of_a_confirmed_path(void **state UNUSED)
{
	enum reason reason;
	struct place p;

	setup(&p);
	put_link(&p, 4, PORT_OPEN);
	put_neigh(&p, 4, "192.168.1.2", 0x42);
	put_neigh(&p, 3, "203.0.113.9", 0x39);
	begin_snat(&p.q);
	answer(&p.q, ROUTE_UNICAST, 2, &reason);
	answer(&p.q, ROUTE_UNICAST, 3, &reason);
	answer(&p.q, ROUTE_UNICAST, 4, &reason);
	p.q.answer[PATH_STEP_CONFIRM] = (struct route_answer){ .kind = ROUTE_UNICAST,
							       .oif = 3,
							       .has_gateway = true,
							       .gateway_family = FAMILY_IP4,
							       .gateway = { { 203, 0, 113, 9 } } };
	assert_int_equal(path_advance(&p.q, &reason), PATH_FOUND);
	assert_resolves(&p, REASON_NONE);
	assert_int_equal(p.path.hop[DIR_ORIG].dst.b[5], 0x39);
	assert_int_equal(p.path.hop[DIR_REPLY].ifindex, 4);
	assert_int_equal(p.path.hop[DIR_REPLY].dst.b[5], 0x42);
	teardown(&p);
}

/* Without a path, nothing is written to it. */
static void untouched_on_failure(void **state UNUSED)
{
	struct place p;

	setup(&p);
	memset(&p.path, 0x5a, sizeof(p.path));
	topology_find_link(&p.tab, 3)->port = PORT_FAILED;
	assert_resolves(&p, REASON_DEVICE_NOT_READY);
	assert_int_equal(p.path.hop[DIR_ORIG].ifindex, 0x5a5a5a5a);
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(look_ups_with_snat),
		cmocka_unit_test(look_ups_with_dnat),
		cmocka_unit_test(look_up_to_confirm),
		cmocka_unit_test(look_ups_with_notes),
		cmocka_unit_test(look_ups_at_once),
		cmocka_unit_test(look_ups_with_arrivals),
		cmocka_unit_test(look_ups_with_late_mark),
		cmocka_unit_test(dead_ends),
		cmocka_unit_test(egress_before_the_end),
		cmocka_unit_test(hops_of_a_path),
		cmocka_unit_test(bypasses_on_ports),
		cmocka_unit_test(unsuitable_devices),
		cmocka_unit_test(ports_must_be_open),
		cmocka_unit_test(same_device),
		cmocka_unit_test(notes_in_a_vrf),
		cmocka_unit_test(noted_ttl),
		cmocka_unit_test(next_hops),
		cmocka_unit_test(ip6_next_hop_of_ip4),
		cmocka_unit_test(size_is_checked_where_it_must),
		cmocka_unit_test(size_must_be_checkable),
		cmocka_unit_test(hops_of_a_confirmed_path),
		cmocka_unit_test(untouched_on_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

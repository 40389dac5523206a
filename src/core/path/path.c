/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/path/path.h"

#include "base/bug.h"
#include "base/util.h"

bool path_has_notes(const struct path_query *q)
{
	return q->seen[DIR_ORIG].is_known && q->seen[DIR_REPLY].is_known;
}

/* The route of this direction, for packets that arrive on @iif. */
static struct route_query forward_question(const struct path_query *q, enum dir dir, uint32_t iif)
{
	const struct tuple *in = dir == DIR_REPLY ? &q->reply : &q->orig;
	const struct tuple *answer = dir == DIR_REPLY ? &q->orig : &q->reply;
	struct route_query ask = q->ask;

	ask.with_src = true;
	ask.src = in->src;
	ask.dst = answer->src;
	ask.sport = in->sport;
	ask.dport = answer->sport;
	ask.iif = iif;
	ask.mark = q->mark[dir];
	return ask;
}

static void ask_forward(struct path_query *q, enum path_step step, enum dir dir, uint32_t iif)
{
	q->step = (uint8_t)step;
	q->ask = forward_question(q, dir, iif);
}

void path_begin(struct path_query *q, const struct tuple *orig, const struct tuple *reply,
		uint32_t ct_mark, uint32_t generation)
{
	memset(q, 0, sizeof(*q));
	q->orig = *orig;
	q->reply = *reply;
	q->ct_mark = ct_mark;
	q->generation = generation;
	q->step = PATH_STEP_INGRESS;
	q->ask.family = orig->family;
	q->ask.proto = orig->proto;
	q->ask.sport = reply->sport;
	q->ask.dport = orig->sport;
	q->ask.dst = orig->src;
	path_use_marks(q, (const uint32_t[]){ ct_mark, ct_mark });
}

void path_use_marks(struct path_query *q, const uint32_t mark[DIR__COUNT])
{
	memcpy(q->mark, mark, sizeof(q->mark));
	q->ask.mark = mark[DIR_REPLY];
}

void path_use_notes(struct path_query *q)
{
	if (!path_has_notes(q))
		return;
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		q->mark[d] = q->seen[d].mark;
		/* The packet noted it behind routing, which had decremented it (ip_forward). */
		q->ttl[d] = q->seen[d].ttl ? (uint8_t)(q->seen[d].ttl + 1) : 0;
	}
	path_use_arrivals(q, (const uint32_t[]){ q->seen[DIR_ORIG].iif, q->seen[DIR_REPLY].iif });
}

static bool knows_arrivals(const struct path_query *q)
{
	return q->iif[DIR_ORIG] && q->iif[DIR_REPLY];
}

void path_use_arrivals(struct path_query *q, const uint32_t iif[DIR__COUNT])
{
	memcpy(q->iif, iif, sizeof(q->iif));
	if (knows_arrivals(q))
		ask_forward(q, PATH_STEP_FORWARD, DIR_ORIG, iif[DIR_ORIG]);
}

enum path_step path_first_step(const struct path_query *q)
{
	return knows_arrivals(q) ? PATH_STEP_FORWARD : PATH_STEP_INGRESS;
}

bool path_ask_ahead(const struct path_query *q, struct route_query *ret)
{
	if (!knows_arrivals(q) || q->step != PATH_STEP_FORWARD || q->has_ahead)
		return false;
	*ret = forward_question(q, DIR_REPLY, q->iif[DIR_REPLY]);
	return true;
}

void path_take_ahead(struct path_query *q, const struct route_answer *answer)
{
	q->answer[PATH_STEP_REVERSE] = *answer;
	q->has_ahead = true;
}

static enum reason judge(const struct route_answer *a)
{
	switch ((enum route_kind)a->kind) {
	case ROUTE_UNICAST:
		return REASON_NONE;
	case ROUTE_LOCAL:
		return REASON_LOCAL;
	case ROUTE_FAILED:
		return REASON_ROUTE_LOOKUP_FAILED;
	case ROUTE_ENCAP:
		return REASON_ENCAPSULATION;
	case ROUTE_NONE:
	case ROUTE_OTHER:
		break;
	}
	return REASON_NO_ROUTE;
}

static const struct route_answer *answer_of(const struct path_query *q, enum dir dir)
{
	if (dir == DIR_REPLY)
		return &q->answer[q->answer[PATH_STEP_REVERSE].kind == ROUTE_UNICAST ?
					  PATH_STEP_REVERSE :
					  PATH_STEP_INGRESS];
	return &q->answer[q->step == PATH_STEP_CONFIRM ? PATH_STEP_CONFIRM : PATH_STEP_FORWARD];
}

/* The way that a packet of this direction noted is the one that the look-up found. A note has the
 * destination where the gateway is of the other family (rt_nexthop). */
static bool agrees_with_note(const struct path_query *q, enum dir dir)
{
	const struct route_answer *a = answer_of(q, dir);
	const struct addr *next_hop = dir == DIR_REPLY ? &q->orig.src : &q->reply.src;

	if (a->has_gateway && a->gateway_family == q->orig.family)
		next_hop = &a->gateway;
	return a->kind == ROUTE_UNICAST && a->oif == q->seen[dir].oif &&
	       addr_is_equal(&q->seen[dir].next_hop, next_hop);
}

/* Repeats the look-up of this direction with the mark of the connection. */
static bool asks_again(struct path_query *q, enum dir dir)
{
	if (!path_has_notes(q) || q->mark[dir] == q->ct_mark || q->answer[q->step].kind == ROUTE_FAILED ||
	    agrees_with_note(q, dir))
		return false;
	q->mark[dir] = q->ask.mark = q->ct_mark;
	return true;
}

/* The devices of arrival of both directions are known. */
static enum path_verdict advance_with_arrivals(struct path_query *q, enum reason *ret_reason)
{
	for (;;) {
		enum dir dir = q->step == PATH_STEP_FORWARD ? DIR_ORIG : DIR_REPLY;
		enum reason reason;

		if (asks_again(q, dir))
			return PATH_ASK;
		reason = judge(&q->answer[q->step]);
		if (reason != REASON_NONE) {
			*ret_reason = reason;
			return PATH_NOWHERE;
		}
		if (dir == DIR_REPLY)
			return PATH_FOUND;
		ask_forward(q, PATH_STEP_REVERSE, DIR_REPLY, q->iif[DIR_REPLY]);
		if (!q->has_ahead)
			return PATH_ASK;
		q->has_ahead = false;
	}
}

enum path_verdict path_advance(struct path_query *q, enum reason *ret_reason)
{
	const struct route_answer *a = q->answer;
	enum reason reason;

	if (knows_arrivals(q))
		return advance_with_arrivals(q, ret_reason);
	reason = judge(&a[q->step]);
	if (reason != REASON_NONE) {
		*ret_reason = reason;
		return PATH_NOWHERE;
	}
	switch ((enum path_step)q->step) {
	case PATH_STEP_INGRESS:
		ask_forward(q, PATH_STEP_FORWARD, DIR_ORIG, a[PATH_STEP_INGRESS].oif);
		return PATH_ASK;
	case PATH_STEP_FORWARD:
		ask_forward(q, PATH_STEP_REVERSE, DIR_REPLY, a[PATH_STEP_FORWARD].oif);
		return PATH_ASK;
	case PATH_STEP_REVERSE:
		if (a[PATH_STEP_REVERSE].oif == a[PATH_STEP_INGRESS].oif)
			return PATH_FOUND;
		ask_forward(q, PATH_STEP_CONFIRM, DIR_ORIG, a[PATH_STEP_REVERSE].oif);
		return PATH_ASK;
	case PATH_STEP_CONFIRM:
		if (a[PATH_STEP_CONFIRM].oif == a[PATH_STEP_FORWARD].oif)
			return PATH_FOUND;
		*ret_reason = REASON_ASYMMETRIC_ROUTE;
		return PATH_NOWHERE;
	case PATH_STEP__COUNT:
		break;
	}
	BUG_ON(true);
	*ret_reason = REASON_NO_ROUTE;
	return PATH_NOWHERE;
}

uint32_t path_egress(const struct path_query *q, enum dir dir)
{
	return answer_of(q, dir)->oif;
}

/* Finds the leg towards a next hop, and checks that each device on it can be used. @neigh is NULL if the next
 * hop is not known. */
static enum reason find_leg(const struct topology *tab, uint32_t ifindex, const struct neigh *neigh,
			    struct leg *ret)
{
	enum reason reason = legs_find(&tab->legs, ifindex, neigh ? &neigh->mac : NULL, ret);
	bool is_up = true, maps_priority = false;

	if (reason == REASON_STATION_UNKNOWN && !neigh)
		return REASON_NEIGHBOUR_UNRESOLVED;

	if (reason != REASON_NONE)
		return reason;
	for (unsigned int i = 0; i < ret->n; i++) {
		is_up &= ret->rec[i]->link.is_up;
		maps_priority |= ret->n > 1 && ret->rec[i]->link.maps_priority;
	}
	if (!leg_is_named(ret))
		return REASON_DEVICE_NOT_NAMED;
	if (!is_up)
		return REASON_DEVICE_DOWN;
	return maps_priority ? REASON_VLAN_PRIORITY : REASON_NONE;
}

static uint32_t next_hop_of(const struct topology *tab, const struct route_answer *a,
			    enum family family, const struct addr *dst)
{
	if (a->has_gateway)
		return topology_find_neigh(tab, a->oif, a->gateway_family, &a->gateway);
	return topology_find_neigh(tab, a->oif, family, dst);
}

/* The largest packet of @family that the kernel would send by this device. The MTU of the route limits it. For IPv6
 * the device has an MTU of its own, which limits it, too (ip6_forward, then __ip6_finish_output). A locked MTU of a
 * route overrides that one, but the smaller one is never wrong. */
static uint32_t largest_packet(const struct link_rec *rec, enum family family, uint16_t route_mtu)
{
	uint32_t limit = rec->link.mtu;

	if (route_mtu)
		limit = MIN_T(uint32_t, limit, route_mtu);
	if (family == FAMILY_IP6 && rec->mtu6)
		limit = MIN(limit, rec->mtu6);
	return limit;
}

void path_set_hop(struct path *path, enum dir dir, enum family family, const struct leg *leg, uint32_t slot,
		  const struct neigh_rec *neigh, uint16_t route_mtu)
{
	uint32_t mtu = largest_packet(leg->rec[0], family, route_mtu);

	/* A bridge drops what is too large for a port (is_skb_forwardable). */
	for (unsigned int i = 1; i < leg->n; i++)
		mtu = MIN(mtu, leg->rec[i]->link.mtu);
	path->leg[dir] = *leg;
	path->next_hop[dir] = slot;
	path->route_mtu[dir] = route_mtu;
	path->hop[dir] = (struct hop){
		.ifindex = leg_port(leg)->link.ifindex,
		.src = leg->rec[0]->link.mac,
		.dst = neigh->neigh.mac,
		.mtu = mtu,
	};
}

/* The slot of the next hop of @dir. */
static uint32_t find_next_hop(const struct topology *tab, const struct path_query *q, enum dir dir)
{
	return next_hop_of(tab, answer_of(q, dir), q->orig.family,
			   dir == DIR_REPLY ? &q->orig.src : &q->reply.src);
}

/* NULL if the MAC address of a next hop is not known. */
static const struct neigh_rec *get_resolved(const struct topology *tab, uint32_t slot)
{
	const struct neigh_rec *neigh = topology_get_neigh(tab, slot);

	return neigh && neigh->neigh.is_valid && mac_is_unicast(&neigh->neigh.mac) ? neigh : NULL;
}

/* Resolves the next hop of @dir to its MAC address. */
static enum reason resolve_hop(const struct topology *tab, const struct path_query *q,
			       enum dir dir, struct path *path)
{
	uint32_t slot = find_next_hop(tab, q, dir), mtu = answer_of(q, dir)->mtu;
	const struct neigh_rec *neigh = get_resolved(tab, slot);
	const struct leg leg = path->leg[dir];

	if (!neigh)
		return REASON_NEIGHBOUR_UNRESOLVED;
	path_set_hop(path, dir, (enum family)q->orig.family, &leg, slot, neigh, (uint16_t)MIN_T(uint32_t, mtu, UINT16_MAX));
	return REASON_NONE;
}

struct nic_want path_want(const struct path *path, const struct tuple *orig,
			  const struct tuple *reply, enum dir dir)
{
	const struct leg *in = &path->leg[dir_other(dir)], *out = &path->leg[dir];

	return (struct nic_want){ .in = leg_port(in)->link.ifindex,
				  .out = leg_port(out)->link.ifindex,
				  .class = (uint8_t)recipe_class_of_dir(orig, reply, dir),
				  .in_encap = (uint8_t)vlan_encap_of(&in->tags),
				  .out_encap = (uint8_t)vlan_encap_of(&out->tags) };
}

/* A bridge also gets frames that are not for the router. The port may be below a VLAN device that is the
 * bridge's port, or be a port of a bridge that is not on the leg. */
static bool gets_other_frames(const struct leg *leg)
{
	return leg->has_master || leg_port(leg)->link.master;
}

enum reason path_find_recipes(const struct topology *tab, const struct tuple *orig,
			      const struct tuple *reply, struct path *path)
{
	enum reason reason = REASON_NONE;

	for (unsigned int d = 0; d < DIR__COUNT && reason == REASON_NONE; d++) {
		struct nic_want want = path_want(path, orig, reply, d);

		path->recipe[d] = RECIPE_SOFTWARE;
		if (tab->nic)
			reason = nic_resolve(tab->nic, &want, &path->recipe[d]);
		if (reason == REASON_NONE && gets_other_frames(&path->leg[dir_other(d)]) &&
		    !path->recipe[d].with_dmac)
			reason = REASON_NOT_IN_RECIPE;
	}
	return reason;
}

bool path_checks_size(const struct path *path, enum dir dir)
{
	return path_port(path, dir_other(dir))->link.mtu > path->hop[dir].mtu;
}

enum reason path_check_mtu(const struct path *path, const struct tuple *orig,
			   const struct tuple *reply)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (path_checks_size(path, d) &&
		    !(path->recipe[d].mtu_classes & 1u << recipe_class_of_dir(orig, reply, d)))
			return REASON_MTU;
	}
	return REASON_NONE;
}

/* Each device is on the way in of one direction and on the way out of the other, so the
 * bits of both sides count. */
static enum reason check_bypass(const struct path *path)
{
	uint8_t bits = 0;

	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		for (unsigned int i = 0; i < path->leg[d].n; i++) {
			const struct link_rec *rec = path->leg[d].rec[i];

			bits |= rec->bypass & (uint8_t)~rec->bypass_allowed;
		}
	}
	return bypass_reason(bits);
}

static bool is_bypass_known(const struct leg *leg)
{
	for (unsigned int i = 0; i < leg->n; i++) {
		if ((leg->rec[i]->bypass_known | leg->rec[i]->bypass_allowed) != BYPASS_ALL)
			return false;
	}
	return true;
}

static enum reason check_ports(const struct settings *settings, const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (!is_bypass_known(&path->leg[d]) ||
		    (settings_use_flower(settings) && path_port(path, d)->port != PORT_OPEN))
			return REASON_DEVICE_NOT_READY;
	}
	return REASON_NONE;
}

static bool is_translated(const struct path_query *q)
{
	return !addr_is_equal(&q->orig.src, &q->reply.dst) || !addr_is_equal(&q->orig.dst, &q->reply.src);
}

/* Both hosts are on one link, and nothing is translated: a router has no reason to be between them. With
 * br_netfilter, packets that a bridge forwards look routed, because the chains of nft see the bridge as both
 * devices (br_nf_forward_ip). */
static bool is_bridged(const struct path_query *q)
{
	return !is_translated(q) && !answer_of(q, DIR_ORIG)->has_gateway && !answer_of(q, DIR_REPLY)->has_gateway;
}

/* The device of arrival is that of departure. Two VLANs on one port are two devices. */
static enum reason check_hairpin(const struct settings *settings, const struct path_query *q,
				 const struct path *path)
{
	if (path->leg[DIR_ORIG].rec[0] != path->leg[DIR_REPLY].rec[0])
		return REASON_NONE;
	/* Many NICs drop what would leave by the port of arrival, even if they accept the rule. */
	if (settings->offload != OFFLOAD_SOFTWARE && path_port(path, DIR_ORIG) == path_port(path, DIR_REPLY))
		return REASON_SAME_DEVICE;
	return is_bridged(q) ? REASON_SAME_DEVICE : REASON_NONE;
}

/*
 * True when software rules would send wrong checksums. A GSO or GRO packet
 * carries only the checksum of the pseudo header, which segmentation completes.
 * act_csum skips such packets (tcf_csum_ipv6_tcp), so a rewritten address leaves
 * that checksum wrong. act_nat corrects it for IPv4; for IPv6 there is no such
 * action. Between two veth devices nothing completes or verifies the checksum.
 */
static bool breaks_checksums(const struct settings *settings, const struct path_query *q,
			     const struct path *path)
{
	return settings->offload == OFFLOAD_SOFTWARE && q->orig.family == FAMILY_IP6 && is_translated(q) &&
	       (strcmp(path_port(path, DIR_ORIG)->link.kind, "veth") ||
		strcmp(path_port(path, DIR_REPLY)->link.kind, "veth"));
}

/* Route look-ups cover neither: the kernel applies IPsec policies after them
 * (xfrm_lookup), and ip6_forward() checks the forwarding sysctl itself. */
enum reason path_check_family(const struct topology *tab, enum family family)
{
	if (tab->has_ipsec)
		return REASON_IPSEC;
	if (family == FAMILY_IP6 && !tab->forwards_ip6)
		return REASON_NOT_FORWARDING;
	return REASON_NONE;
}

/* Compares the look-ups with what packets of both directions noted. */
static enum reason compare_seen(const struct topology *tab, const struct path_query *q)
{
	const struct seen_way *orig = &q->seen[DIR_ORIG], *reply = &q->seen[DIR_REPLY];

	if (orig->iif != topology_arrival(tab, reply->oif) || reply->iif != topology_arrival(tab, orig->oif))
		return REASON_ASYMMETRIC_ROUTE;
	return agrees_with_note(q, DIR_ORIG) && agrees_with_note(q, DIR_REPLY) ? REASON_NONE :
										  REASON_ROUTED_OTHERWISE;
}

static bool is_in_vrf(const struct path *path)
{
	return path->leg[DIR_ORIG].rec[0]->link.vrf || path->leg[DIR_REPLY].rec[0]->link.vrf;
}

/* Returns REASON_NONE if packets have confirmed the look-ups, or if look-ups are enough. */
static enum reason check_witness(const struct topology *tab, const struct settings *settings,
				 const struct path_query *q, const struct path *path)
{
	if (q->asks_seen)
		return path_has_notes(q) ? REASON_NONE : REASON_WAY_UNKNOWN;
	return settings->admit != ADMIT_NFT && (tab->rules_need_packet || is_in_vrf(path)) ?
		       REASON_POLICY_ROUTING : REASON_NONE;
}

enum reason path_check_ttl(const struct path *path)
{
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		if (path->recipe[d].shape == RECIPE_EXACT_TTL && path->ttl[d] < 2)
			return REASON_EXACT_TTL;
	}
	return REASON_NONE;
}

/* If packets have noted their ways but not their TTLs, they are asked again. */
static enum reason check_ttl(const struct path_query *q, struct path *path)
{
	enum reason reason;

	for (unsigned int d = 0; d < DIR__COUNT; d++)
		path->ttl[d] = path->recipe[d].shape == RECIPE_EXACT_TTL ? q->ttl[d] : 0;
	reason = path_check_ttl(path);
	return reason != REASON_NONE && q->asks_seen ? REASON_WAY_UNKNOWN : reason;
}

enum reason path_resolve(const struct topology *tab, const struct settings *settings,
			 const struct path_query *q, struct path *ret)
{
	struct path path;
	enum reason reason;

	reason = path_check_family(tab, q->orig.family);
	/* The look-ups may have found devices that the packets never see. */
	if (reason == REASON_NONE && path_has_notes(q))
		reason = compare_seen(tab, q);
	if (reason != REASON_NONE)
		return reason;
	for (unsigned int d = 0; d < DIR__COUNT; d++) {
		const struct neigh_rec *n = get_resolved(tab, find_next_hop(tab, q, d));

		reason = find_leg(tab, answer_of(q, d)->oif, n ? &n->neigh : NULL, &path.leg[d]);
		if (reason != REASON_NONE)
			return reason;
	}
	reason = check_hairpin(settings, q, &path);
	if (reason == REASON_NONE)
		reason = check_bypass(&path);
	if (reason != REASON_NONE)
		return reason;
	reason = path_find_recipes(tab, &q->orig, &q->reply, &path);
	if (reason == REASON_NONE)
		reason = resolve_hop(tab, q, DIR_ORIG, &path);
	if (reason == REASON_NONE)
		reason = resolve_hop(tab, q, DIR_REPLY, &path);
	if (reason == REASON_NONE)
		reason = path_check_mtu(&path, &q->orig, &q->reply);
	if (reason != REASON_NONE)
		return reason;
	if (breaks_checksums(settings, q, &path))
		return REASON_SOFTWARE_NAT66;
	reason = check_ports(settings, &path);
	/* The last checks: packets are asked for their way only if the path is right otherwise. */
	if (reason == REASON_NONE)
		reason = check_witness(tab, settings, q, &path);
	if (reason == REASON_NONE)
		reason = check_ttl(q, &path);
	if (reason == REASON_NONE)
		*ret = path;
	return reason;
}

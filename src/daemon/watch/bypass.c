/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/watch/bypass.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "core/view.h"
#include "kern/tc/hooks.h"
#include "kern/ruleset/nftchains.h"
#include "nl/nlsock.h"

LOG_TAG("bypass");

COUNTER(bypass_looks, "checks of what offload would bypass");
COUNTER(bypass_failures, "failures to read what offload would bypass");

#define LOOK_MS 1000
/* Ports, and devices above ports, queried per check, in addition to new ones. XDP programs and
 * filters can only be queried port by port. */
#define PORTS_PER_LOOK 128
/* Consecutive failures of a dump after which the last result no longer counts. For a single
 * port, two failed attempts suffice (try_port()). */
#define FAILURES_MAX 3
/* Devices of chains that are remembered. If there are more, every port counts as having a
 * chain. */
#define CHAIN_DEVICES_MAX 512

/* Sources that can fail independently. */
enum source {
	SOURCE_QDISCS,
	SOURCE_CHAINS,
	SOURCE_PORTS,
	SOURCE__COUNT,
};

/* What the dump of qdiscs showed for one link. */
struct facts {
	enum hooks_ingress ingress;
	bool has_egress; /* the dump showed an egress qdisc, which every device has that was ever
			  * up */
	bool has_shaper;
};

struct bypass {
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct nlsock sock;
	struct nftchains *chains; /* NULL if the kernel has no netfilter */
	struct loop_timer *timer;
	unsigned int n_failed[SOURCE__COUNT]; /* consecutive failures */
	bool complete;

	struct facts facts[LINKTAB_MAX]; /* indexed by slot of the link */
	uint32_t slot[2]; /* link slots at which the next check continues: ports, devices above them */

	struct nftchains_device device[CHAIN_DEVICES_MAX];
	unsigned int n_devices;
	bool has_more_devices;
	/* State that the chains were last matched against: generation of the ruleset, and
	 * topology.ways_changed for the names of the links. */
	uint32_t generation, ways;
	bool has_chains;
};

/* -- reports to the engine ------------------------------------------------ */

static const char *const texts[BYPASS_BIT__COUNT] = {
	[BYPASS_BIT_XDP] = "an XDP program",
	[BYPASS_BIT_NETDEV_INGRESS] = "an nft chain on the ingress",
	[BYPASS_BIT_NETDEV_EGRESS] = "an nft chain on the egress",
	[BYPASS_BIT_TC] = "tc filters of others on the ingress",
	[BYPASS_BIT_TC_EGRESS] = "tc filters on the egress",
	[BYPASS_BIT_SHAPER] = "a qdisc that may shape traffic",
};

static void log_change(const struct link_rec *rec, enum bypass_bit bit)
{
	uint8_t mask = (uint8_t)(1u << bit);
	const char *name = rec->link.name;

	if (!(rec->bypass & mask))
		log_notice("%s: no longer has %s", name, texts[bit]);
	else if (rec->bypass_allowed & mask)
		log_notice("%s: has %s, which offload bypasses, as allow-bypass says", name,
			   texts[bit]);
	else
		log_notice("%s: has %s, which offload would bypass: its connections stay on the CPU "
			   "(allow-bypass = { \"%s:%s\" } offloads them)",
			   name, texts[bit], name, bypass_name(bit));
}

void bypass_tell(struct engine *engine, const struct event_bypass *told, mono_t now)
{
	const struct link_rec *rec = topology_find_link(view_paths(engine), told->ifindex);
	struct event ev = { .type = EVENT_BYPASS, .bypass = *told };
	uint8_t before;

	if (!rec)
		return;
	before = rec->bypass;
	engine_feed(engine, &ev, now);
	for (unsigned int i = 0; i < BYPASS_BIT__COUNT; i++) {
		if (!told->is_unknown && (before ^ rec->bypass) & 1u << i)
			log_change(rec, i);
	}
}

static void tell(struct bypass *b, const struct link_rec *rec, uint8_t mask, unsigned int bits)
{
	const struct event_bypass told = { .ifindex = rec->link.ifindex,
					   .mask = mask,
					   .bits = (uint8_t)bits };

	bypass_tell(b->engine, &told, loop_now(b->loop));
}

static void forget(struct bypass *b, const struct link_rec *rec, uint8_t mask)
{
	const struct event_bypass told = { .ifindex = rec->link.ifindex,
					   .mask = mask,
					   .is_unknown = true };

	bypass_tell(b->engine, &told, loop_now(b->loop));
}

static struct link_rec *next_port(const struct bypass *b, uint32_t *slot)
{
	const struct topology *paths = view_paths(b->engine);
	struct link_rec *rec;

	while ((rec = topology_next_link(paths, slot)) && !legs_is_way(&paths->legs, rec))
		++*slot;
	return rec;
}

/* -- failures ------------------------------------------------------------- */

/* Ends one check of a source. If it keeps failing, the bits in mask become unknown for all
 * ports; until then the previous result counts. A mask of 0 means that the caller has already
 * done that. */
static void end_look(struct bypass *b, enum source source, uint8_t mask, int err)
{
	static const char *const names[SOURCE__COUNT] = {
		[SOURCE_QDISCS] = "qdiscs of devices",
		[SOURCE_CHAINS] = "nft chains of devices",
		[SOURCE_PORTS] = "XDP programs and tc filters of a device",
	};
	unsigned int limit = mask ? FAILURES_MAX : 1;
	struct link_rec *rec;

	if (!err) {
		b->n_failed[source] = 0;
		return;
	}
	counter_inc(&bypass_failures);
	if (++b->n_failed[source] != limit)
		return;
	log_warning("cannot read the %s; nothing is offloaded there until this works: %s",
		    names[source], strerror(-err));
	for (uint32_t slot = 0; mask && (rec = next_port(b, &slot)); slot++)
		forget(b, rec, mask);
}

/* -- qdiscs --------------------------------------------------------------- */

static void on_qdisc(const struct hooks_qdisc *q, void *ctx)
{
	struct bypass *b = ctx;
	const struct topology *paths = view_paths(b->engine);
	const struct link_rec *rec = topology_find_link(paths, q->ifindex);
	struct facts *f;

	if (!rec)
		return;
	f = &b->facts[slab_slot_of(&paths->legs.links.slab, rec)];
	if (q->ingress != HOOKS_NOTHING) {
		f->ingress = q->ingress;
		return;
	}
	f->has_egress = true;
	f->has_shaper |= q->is_shaper;
}

static int look_at_qdiscs(struct bypass *b)
{
	struct link_rec *rec;
	int err;

	memset(b->facts, 0, sizeof(b->facts));
	err = hooks_dump_qdiscs(&b->sock, on_qdisc, b);
	for (uint32_t slot = 0; !err && (rec = next_port(b, &slot)); slot++) {
		if (b->facts[slot].has_egress)
			tell(b, rec, BYPASS_SHAPER, b->facts[slot].has_shaper ? BYPASS_SHAPER : 0);
	}
	end_look(b, SOURCE_QDISCS, BYPASS_SHAPER, err);
	return err;
}

/* -- XDP programs and filters --------------------------------------------- */

/* What is queried for each port. */
#define ASKED ((uint8_t)(BYPASS_XDP | BYPASS_TC | BYPASS_TC_EGRESS))

static int look_at_side(struct bypass *b, const struct link_rec *rec, enum hooks_side side,
			uint8_t bit, bool has_hook)
{
	bool has_foreign = false;
	int err = 0;

	if (has_hook)
		err = hooks_ask_filters(&b->sock, rec->link.ifindex, side, &has_foreign);
	if (!err)
		tell(b, rec, bit, has_foreign ? bit : 0);
	return err;
}

static int look_at_port(struct bypass *b, const struct link_rec *rec, const struct facts *f,
			bool with_ingress)
{
	bool has_xdp = false;
	int err = hooks_ask_xdp(&b->sock, rec->link.ifindex, &has_xdp);

	if (err)
		return err;
	tell(b, rec, BYPASS_XDP, has_xdp ? BYPASS_XDP : 0);
	err = look_at_side(b, rec, HOOKS_EGRESS, BYPASS_TC_EGRESS, f->ingress == HOOKS_CLSACT);
	if (!err && with_ingress)
		err = look_at_side(b, rec, HOOKS_INGRESS, BYPASS_TC, f->ingress != HOOKS_NOTHING);
	return err;
}

/* True if the sampler reads the ingress filters of this port. */
static bool is_sampled(const struct link_rec *rec, const struct view_totals *totals)
{
	return rec->port == PORT_OPEN && totals->n_state[FLOW_ACTIVE] &&
	       (rec->bypass_known & BYPASS_TC);
}

static bool is_new(const struct link_rec *rec)
{
	return (rec->bypass_known & ASKED) != ASKED;
}

/* Queries a port, twice if necessary. If both attempts fail, the result becomes unknown.
 * Returns 0 also for a port that has disappeared, because the event that says so will follow. */
static int try_port(struct bypass *b, const struct link_rec *rec, const struct facts *f,
		    bool with_ingress)
{
	int err = look_at_port(b, rec, f, with_ingress);

	if (err && err != -ENODEV)
		err = look_at_port(b, rec, f, with_ingress);
	if (err == -ENODEV)
		return 0;
	if (err)
		forget(b, rec, ASKED);
	return err;
}

/* Checks all new ports and, in turn, some of the others. */
static void look_at_ports(struct bypass *b)
{
	struct view_totals totals;
	unsigned int n_left[2] = { PORTS_PER_LOOK, PORTS_PER_LOOK };
	const uint32_t from[2] = { b->slot[0], b->slot[1] };
	struct link_rec *rec;
	int err = 0;

	view_totals(b->engine, &totals);
	b->slot[0] = b->slot[1] = 0;
	for (uint32_t slot = 0; (rec = next_port(b, &slot)); slot++) {
		/* Many VLANs must not delay the checks of the ports, which carry the rules. */
		unsigned int turn = !rec->is_port_kind;
		bool is_due = slot >= from[turn] && n_left[turn];
		int port_err;

		if (is_due && --n_left[turn] == 0)
			b->slot[turn] = slot + 1;
		if (!is_due && !is_new(rec))
			continue;
		port_err = try_port(b, rec, &b->facts[slot], !is_sampled(rec, &totals));
		if (port_err)
			err = port_err;
	}
	end_look(b, SOURCE_PORTS, 0, err);
}

/* -- chains --------------------------------------------------------------- */

static void on_device(const struct nftchains_device *device, void *ctx)
{
	struct bypass *b = ctx;

	if (b->n_devices < CHAIN_DEVICES_MAX)
		b->device[b->n_devices++] = *device;
	else
		b->has_more_devices = true;
}

static bool is_meant(const struct nftchains_device *device, const char *name)
{
	size_t len = device->is_prefix ? strlen(device->name) : LINK_NAME_SIZE;

	return !device->is_bridge && strncmp(device->name, name, len) == 0;
}

static unsigned int chains_of(const struct bypass *b, const struct link *link)
{
	unsigned int bits = b->has_more_devices ? BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS : 0;

	for (unsigned int i = 0; i < b->n_devices; i++) {
		if (b->device[i].is_bridge && strcmp(link->kind, "bridge") == 0 &&
		    engine_settings(b->engine)->offload == OFFLOAD_HARDWARE)
			bits |= BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS;
		else if (is_meant(&b->device[i], link->name))
			bits |= b->device[i].is_egress ? BYPASS_NETDEV_EGRESS :
							 BYPASS_NETDEV_INGRESS;
	}
	return bits;
}

static int read_chains(struct bypass *b)
{
	b->n_devices = 0;
	b->has_more_devices = false;
	return b->chains ? nftchains_look(b->chains, on_device, b) : 0;
}

static void look_at_chains(struct bypass *b)
{
	struct link_rec *rec;
	int err = read_chains(b);

	for (uint32_t slot = 0; !err && (rec = next_port(b, &slot)); slot++)
		tell(b, rec, BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS,
		     chains_of(b, &rec->link));
	b->has_chains = !err;
	end_look(b, SOURCE_CHAINS, BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS, err);
}

/* Checks the chains if the ruleset or the names of the links have changed. */
static void look_for_chains(struct bypass *b)
{
	uint32_t generation = 0, ways = view_paths(b->engine)->ways_changed;
	int err = b->chains ? nftchains_generation(b->chains, &generation) : 0;

	if (err) {
		end_look(b, SOURCE_CHAINS, BYPASS_NETDEV_INGRESS | BYPASS_NETDEV_EGRESS, err);
		return;
	}
	if (b->has_chains && b->generation == generation && b->ways == ways)
		return;
	/* Both were read before the chains, so a change in the meantime shows in the next
	 * check. */
	b->generation = generation;
	b->ways = ways;
	look_at_chains(b);
}

void bypass_look_nft(struct bypass *b)
{
	look_at_chains(b);
	dispatch_kick(b->dispatch);
}

/* -- start and stop ------------------------------------------------------- */

static void look(struct bypass *b)
{
	counter_inc(&bypass_looks);
	/* Without the qdiscs it is not known which ports can have filters. */
	if (look_at_qdiscs(b) == 0)
		look_at_ports(b);
	look_for_chains(b);
	for (unsigned int i = 0; i < SOURCE__COUNT; i++) {
		if (b->n_failed[i])
			return;
	}
	b->complete = true;
}

static void on_timer(void *ctx)
{
	struct bypass *b = ctx;

	look(b);
	dispatch_kick(b->dispatch);
}

static int start(struct bypass *b)
{
	int err = nlsock_open(&b->sock, NETLINK_ROUTE, 0);

	if (!err)
		err = nftchains_open(&b->chains);
	if (err == -EPROTONOSUPPORT)
		err = 0;
	if (err)
		return err;
	b->timer = loop_timer_add(b->loop, "bypass", on_timer, b);
	if (!b->timer)
		return -ENOMEM;
	look(b);
	loop_timer_set(b->timer, LOOK_MS, LOOK_MS);
	return 0;
}

int bypass_new(struct loop *loop, struct engine *engine, struct dispatch *dispatch,
	       struct bypass **ret)
{
	struct bypass *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->loop = loop;
	b->engine = engine;
	b->dispatch = dispatch;
	err = start(b);
	if (err) {
		log_error("cannot watch what offload would bypass: %s", strerror(-err));
		bypass_free(b);
		return err;
	}
	*ret = b;
	return 0;
}

void bypass_free(struct bypass *b)
{
	if (!b)
		return;
	loop_timer_del(b->timer);
	nftchains_close(b->chains);
	nlsock_close(&b->sock);
	free(b);
}

bool bypass_is_complete(const struct bypass *b)
{
	return b->complete;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * table.c - the flow table.
 *
 * Masks are in a list, ordered by priority. All entries are in one hash table, by
 * masked key and mask ID. A lookup tries one mask after the other, and stops after
 * the first priority that has a match. Within one priority, the oldest entry wins.
 *
 * An entry may exist without being in the hardware. If the hardware loses it, it
 * leaves the hash table of keys, but nicsim still finds it by its cookie, because tc
 * continues to ask for its statistics.
 *
 * The packet path reads under RCU. Everything else is under asic->lock.
 */
#include <linux/bitmap.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/tc_act/tc_csum.h>

#include "nicsim.h"

#define NICSIM_HASH_SIZE	BIT(NICSIM_HASH_BITS)
#define TICK_MS		1000	/* the longest period between two ageing runs of a flow engine */

const char *const nicsim_stats_names[NICSIM_STATS__COUNT] = {
	[NICSIM_STATS_FULL]	= "full",
	[NICSIM_STATS_PACKETS]	= "packets",
	[NICSIM_STATS_IDLE]	= "idle",
	[NICSIM_STATS_NOW]	= "now",
	[NICSIM_STATS_WRAP]	= "wrap",
	[NICSIM_STATS_TOTAL]	= "total",
	[NICSIM_STATS_NONE]	= "none",
};

static_assert(sizeof(struct nicsim_key) == sizeof(((struct nicsim_key *)NULL)->words));

/* ---- lookup ---- */

static void apply_mask(struct nicsim_key *to, const struct nicsim_key *key,
		       const struct nicsim_key *mask)
{
	int i;

	for (i = 0; i < NICSIM_KEY_WORDS; i++)
		to->words[i] = key->words[i] & mask->words[i];
}

static bool is_same_key(const struct nicsim_key *a, const struct nicsim_key *b)
{
	return !memcmp(a->words, b->words, sizeof(a->words));
}

static u32 hash_key(const struct nicsim_key *masked, const struct nicsim_mask *mask)
{
	return jhash2((const u32 *)masked->words, sizeof(*masked) / sizeof(u32), mask->id);
}

static struct nicsim_entry *find_in_mask(struct nicsim_asic *asic, struct nicsim_mask *mask,
					 const struct nicsim_key *key)
{
	struct nicsim_entry *e, *best = NULL;
	struct nicsim_key masked;
	u32 hash;

	apply_mask(&masked, key, &mask->bits);
	hash = hash_key(&masked, mask);
	hlist_for_each_entry_rcu(e, &asic->by_key[hash & (NICSIM_HASH_SIZE - 1)], hash_node) {
		if (e->hash == hash && e->mask_id == mask->id && is_same_key(&e->key, &masked) &&
		    (!best || e->seq < best->seq))
			best = e;
	}
	return best;
}

/* Under rcu_read_lock. */
struct nicsim_entry *nicsim_table_lookup(struct nicsim_asic *asic, const struct nicsim_key *key)
{
	struct nicsim_entry *e, *best = NULL;
	struct nicsim_mask *mask;

	list_for_each_entry_rcu(mask, &asic->masks, list) {
		if (best && mask->order > best->order)
			break;
		e = find_in_mask(asic, mask, key);
		if (e && (!best || e->seq < best->seq))
			best = e;
	}
	return best;
}

/* ---- slots of a flow engine ---- */

static void count_used(struct nicsim_asic *asic, int n)
{
	unsigned int used = atomic_add_return(n, &asic->used);

	if (used > READ_ONCE(asic->peak))
		WRITE_ONCE(asic->peak, used);
}

/*
 * True if an entry forwards packets. In a flow engine, an entry begins as a candidate.
 * It gets its slot after the CPU has seen enough of its packets, unless another flow
 * has the slot. May be called in any context.
 */
bool nicsim_table_is_bound(struct nicsim_asic *asic, struct nicsim_entry *e)
{
	u32 size = nicsim_knob(asic, table_size);

	if (READ_ONCE(e->state) == NICSIM_BOUND)
		return true;
	if (atomic_inc_return(&e->seen) <= nicsim_knob(asic, bind_after) || !size)
		return false;
	if (cmpxchg(&e->state, NICSIM_CANDIDATE, NICSIM_BINDING) != NICSIM_CANDIDATE)
		return false;
	e->slot = e->hash % size;
	if (test_and_set_bit(e->slot, asic->slots)) {
		cmpxchg(&e->state, NICSIM_BINDING, NICSIM_CANDIDATE);
		return false;
	}
	WRITE_ONCE(e->used, jiffies);
	if (cmpxchg(&e->state, NICSIM_BINDING, NICSIM_BOUND) != NICSIM_BINDING) {
		clear_bit(e->slot, asic->slots);	/* the entry was deleted meanwhile */
		return false;
	}
	count_used(asic, 1);
	return true;
}

/* Takes an entry out of the hardware. It becomes a candidate, lost or dead. */
static void unbind(struct nicsim_asic *asic, struct nicsim_entry *e, enum nicsim_state state)
{
	if (xchg(&e->state, state) != NICSIM_BOUND)
		return;
	count_used(asic, -1);
	if (e->is_engine)
		clear_bit(e->slot, asic->slots);
}

/* ---- masks ---- */

static u64 order_of(const struct nicsim_rule *rule)
{
	/* As in the stack, tc filters come before flowtables. */
	return (u64)rule->is_ft << 32 | rule->prio;
}

static struct nicsim_mask *find_mask(struct nicsim_asic *asic, u64 order,
				     const struct nicsim_key *bits)
{
	struct nicsim_mask *mask;

	list_for_each_entry(mask, &asic->masks, list) {
		if (mask->order == order && is_same_key(&mask->bits, bits))
			return mask;
	}
	return NULL;
}

static struct nicsim_mask *new_mask(struct nicsim_asic *asic, u64 order,
				    const struct nicsim_key *bits)
{
	struct nicsim_mask *mask = kzalloc(sizeof(*mask), GFP_KERNEL), *at;

	if (!mask)
		return NULL;
	mask->order = order;
	mask->bits = *bits;
	mask->id = ++asic->next_mask;
	if (asic->big_masks < nicsim_knob(asic, big_groups)) {
		mask->is_big = true;
		asic->big_masks++;
	}
	list_for_each_entry(at, &asic->masks, list) {
		if (at->order > order)
			break;
	}
	/* If no mask has a higher order, at is the head of the list. */
	list_add_tail_rcu(&mask->list, &at->list);
	asic->num_masks++;
	return mask;
}

static void put_mask(struct nicsim_asic *asic, struct nicsim_mask *mask)
{
	if (--mask->refs)
		return;
	list_del_rcu(&mask->list);
	asic->num_masks--;
	if (mask->is_big)
		asic->big_masks--;
	kfree_rcu(mask, rcu);
}

/* ---- adding and removing ---- */

static void remove_from_hardware(struct nicsim_asic *asic, struct nicsim_entry *e,
				 enum nicsim_state state)
{
	if (!e->mask)
		return;
	hlist_del_rcu(&e->hash_node);
	unbind(asic, e, state);
	if (!e->mask->is_big)
		asic->num_singles--;
	put_mask(asic, e->mask);
	e->mask = NULL;
}

static void lose_entry(struct nicsim_asic *asic, struct nicsim_entry *e)
{
	remove_from_hardware(asic, e, NICSIM_LOST);
	nicsim_log_add(asic, '!', e->asked, 0, "lost");
	asic->tallies.lost_rules++;
}

static struct nicsim_entry *find_entry(struct nicsim_asic *asic, const struct nicsim_port *port,
				       bool is_ft, unsigned long cookie)
{
	u32 hash = jhash_2words(cookie, cookie >> 32, port->index);
	struct nicsim_entry *e;

	hlist_for_each_entry(e, &asic->by_cookie[hash & (NICSIM_HASH_SIZE - 1)], cookie_node) {
		if (e->asked->cookie == cookie && e->asked->port == port && e->asked->is_ft == is_ft)
			return e;
	}
	return NULL;
}

static void free_entry(struct nicsim_asic *asic, struct nicsim_entry *e)
{
	remove_from_hardware(asic, e, NICSIM_DEAD);
	hlist_del(&e->cookie_node);
	list_del(&e->list);
	asic->num_entries--;
	nicsim_rule_put(e->rule);
	nicsim_rule_put(e->asked);
	kfree_rcu(e, rcu);
}

/* Returns the checksums that the ASIC updates: all, or with strict_csum those of csum actions. */
static u32 csum_flags(const struct nicsim_asic *asic, const struct nicsim_rule *rule)
{
	u32 flags = 0;
	unsigned int i;

	if (!nicsim_knob(asic, strict_csum))
		return ~0;
	for (i = 0; i < rule->num_acts; i++) {
		if (rule->acts[i].kind == NICSIM_ACT_CSUM)
			flags |= rule->acts[i].csum_flags;
	}
	return flags;
}

static struct nicsim_entry *new_entry(struct nicsim_asic *asic, struct nicsim_rule *asked,
				      struct nicsim_rule *rule)
{
	struct nicsim_entry *e = kzalloc(sizeof(*e), GFP_KERNEL);
	unsigned int i;

	if (!e)
		return NULL;
	e->asked = nicsim_rule_get(asked);
	e->rule = nicsim_rule_get(rule);
	e->order = order_of(rule);
	e->seq = asic->next_seq++;
	e->created = jiffies;
	e->out = nicsim_rule_out(rule);
	e->is_drop = nicsim_rule_kinds(rule) & BIT(NICSIM_ACT_DROP);
	e->csum_flags = csum_flags(asic, rule);
	e->is_engine = asic->profile->is_engine;
	/* Rules of a flowtable have no action for the TTL. The decrement is implied. */
	e->has_implicit_ttl = e->is_engine || rule->is_ft;
	e->state = e->is_engine ? NICSIM_CANDIDATE : NICSIM_BOUND;
	for (i = 0; i < rule->num_acts; i++) {
		e->pushes += rule->acts[i].kind == NICSIM_ACT_PUSH;
		if (rule->acts[i].kind == NICSIM_ACT_POLICE)
			e->police = rule->acts[i].mtu;
	}
	return e;
}

static int random_below(struct nicsim_asic *asic, u32 n)
{
	return prandom_u32_state(&asic->random) % n;
}

/*
 * The first big_groups masks get a large group each, and all other masks share one more
 * group of that size. This imitates drivers that size groups in advance.
 */
static bool has_room_for_mask(struct nicsim_asic *asic, const struct nicsim_mask *mask)
{
	u32 groups = nicsim_knob(asic, big_groups), size = nicsim_knob(asic, table_size);
	u32 part = size / (groups + 1);

	if (!groups || (mask && mask->is_big && mask->refs < part) ||
	    (!mask && asic->big_masks < groups))
		return true;
	return (!mask || !mask->is_big) && asic->num_singles < size - groups * part;
}

/* Returns 0 if there is room, a negative error, or 1 to report success without programming. */
static int check_room(struct nicsim_asic *asic, const struct nicsim_mask *mask,
		      struct netlink_ext_ack *extack)
{
	u32 max_masks = nicsim_knob(asic, max_masks);

	/* A flow engine is never full. */
	if (asic->profile->is_engine)
		return 0;
	if (!mask && max_masks && asic->num_masks >= max_masks) {
		extack->_msg = asic->profile->masks_text ?: "nicsim: too many different masks";
		return -(asic->profile->masks_errno ?: ENOSPC);
	}
	if (atomic_read(&asic->used) >= nicsim_knob(asic, table_size) &&
	    nicsim_knob(asic, evict_on_full) && nicsim_table_lose(asic, 1))
		return 0;
	if (atomic_read(&asic->used) < nicsim_knob(asic, table_size) && has_room_for_mask(asic, mask))
		return 0;
	if (!nicsim_knob(asic, full_errno))
		return 1;
	extack->_msg = asic->full_text;
	return -(int)nicsim_knob(asic, full_errno);
}

static void insert(struct nicsim_asic *asic, struct nicsim_entry *e, struct nicsim_mask *mask)
{
	e->mask = mask;
	e->mask_id = mask->id;
	mask->refs++;
	if (!mask->is_big)
		asic->num_singles++;
	apply_mask(&e->key, &e->rule->key, &mask->bits);
	e->hash = hash_key(&e->key, mask);
	if (e->state == NICSIM_BOUND)
		count_used(asic, 1);
	hlist_add_head_rcu(&e->hash_node, &asic->by_key[e->hash & (NICSIM_HASH_SIZE - 1)]);
}

/*
 * Under asic->lock. "asked" is the rule that tc knows, "rule" the one to program. The
 * entry takes its own references to both.
 */
int nicsim_table_add(struct nicsim_asic *asic, struct nicsim_rule *asked, struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack)
{
	struct nicsim_mask *mask = find_mask(asic, order_of(rule), &rule->mask);
	u32 percent = nicsim_knob(asic, lose_percent);
	struct nicsim_entry *e;
	int result;

	if (find_entry(asic, asked->port, asked->is_ft, asked->cookie)) {
		NL_SET_ERR_MSG_MOD(extack, "cookie is in use");
		return -EEXIST;
	}
	result = check_room(asic, mask, extack);
	if (result < 0)
		return result;
	/* Eviction in check_room() may have removed the last entry of the mask, and so the mask. */
	mask = find_mask(asic, order_of(rule), &rule->mask);
	if (!mask && !result)
		mask = new_mask(asic, order_of(rule), &rule->mask);
	e = new_entry(asic, asked, rule);
	if (!e || (!mask && !result)) {
		if (mask && !mask->refs) {
			mask->refs = 1;
			put_mask(asic, mask);
		}
		if (e) {
			nicsim_rule_put(e->asked);
			nicsim_rule_put(e->rule);
			kfree(e);
		}
		return -ENOMEM;
	}
	list_add_tail(&e->list, &asic->entries);
	hlist_add_head(&e->cookie_node,
		       &asic->by_cookie[jhash_2words(asked->cookie, asked->cookie >> 32, asked->port->index) &
					(NICSIM_HASH_SIZE - 1)]);
	asic->num_entries++;
	if (result) {
		e->state = NICSIM_LOST;
		nicsim_log_add(asic, '!', asked, 0, "no room, not programmed");
		asic->tallies.lost_rules++;
		return 0;
	}
	insert(asic, e, mask);
	if (percent && random_below(asic, 100) < percent)
		lose_entry(asic, e);
	return 0;
}

/* Under asic->lock. */
int nicsim_table_del(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		     unsigned long cookie)
{
	struct nicsim_entry *e = find_entry(asic, port, is_ft, cookie);

	if (!e)
		return -ENOENT;
	nicsim_log_add(asic, '-', e->asked, 0, NULL);
	free_entry(asic, e);
	return 0;
}

/* This function and the next two take asic->lock. */
bool nicsim_table_has(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		      unsigned long cookie)
{
	bool has;

	mutex_lock(&asic->lock);
	has = find_entry(asic, port, is_ft, cookie);
	mutex_unlock(&asic->lock);
	return has;
}

unsigned int nicsim_table_count(struct nicsim_asic *asic, const struct nicsim_port *port)
{
	struct nicsim_entry *e;
	unsigned int n = 0;

	mutex_lock(&asic->lock);
	list_for_each_entry(e, &asic->entries, list)
		n += e->asked->port == port;
	mutex_unlock(&asic->lock);
	return n;
}

void nicsim_table_purge(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft)
{
	struct nicsim_entry *e, *next;

	mutex_lock(&asic->lock);
	list_for_each_entry_safe(e, next, &asic->entries, list) {
		if (e->asked->port == port && e->asked->is_ft == is_ft)
			free_entry(asic, e);
	}
	mutex_unlock(&asic->lock);
}

/*
 * Loses up to n entries, chosen at random with equal probability. Returns how many it has
 * lost. Under asic->lock.
 */
unsigned int nicsim_table_lose(struct nicsim_asic *asic, unsigned int n)
{
	unsigned int left = 0, wanted;
	struct nicsim_entry *e;

	list_for_each_entry(e, &asic->entries, list)
		left += e->mask != NULL;
	n = min(n, left);
	wanted = n;
	list_for_each_entry(e, &asic->entries, list) {
		if (!e->mask)
			continue;
		if (!wanted)
			break;
		if (random_below(asic, left--) < wanted) {
			lose_entry(asic, e);
			wanted--;
		}
	}
	return n;
}

/* ---- statistics ---- */

static void take_snapshot(struct nicsim_entry *e)
{
	e->snap_packets = atomic64_read(&e->packets);
	e->snap_bytes = atomic64_read(&e->bytes);
	e->snap_used = READ_ONCE(e->used);
}

static void put_stats(struct flow_stats *stats, const struct nicsim_asic *asic, u64 packets,
		      u64 bytes, u64 used)
{
	if (asic->profile->says_hw_stats) {
		flow_stats_update(stats, bytes, packets, 0, used,
				  nicsim_knob(asic, stats_delay_ms) ? FLOW_ACTION_HW_STATS_DELAYED :
				  FLOW_ACTION_HW_STATS_IMMEDIATE);
		return;
	}
	stats->pkts += packets;
	stats->bytes += bytes;
	stats->lastused = max_t(u64, stats->lastused, used);
}

/* Under asic->lock. Adds to stats the packets and bytes since the last call. */
int nicsim_table_stats(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		       unsigned long cookie, struct flow_stats *stats)
{
	struct nicsim_entry *e = find_entry(asic, port, is_ft, cookie);
	u64 packets, bytes;

	asic->tallies.stats_reads++;
	if (!e)
		return -ENOENT;
	if (nicsim_knob(asic, stats_mode) == NICSIM_STATS_NONE)
		return -EOPNOTSUPP;
	/* An entry that the hardware has lost has no counters to read. */
	if (!nicsim_knob(asic, stats_delay_ms) && e->mask)
		take_snapshot(e);
	packets = e->snap_packets - e->told_packets;
	bytes = e->snap_bytes - e->told_bytes;
	e->told_packets = e->snap_packets;
	e->told_bytes = e->snap_bytes;
	switch ((enum nicsim_stats_mode)nicsim_knob(asic, stats_mode)) {
	case NICSIM_STATS_FULL:
		put_stats(stats, asic, packets, bytes, e->snap_used);
		break;
	case NICSIM_STATS_PACKETS:
		put_stats(stats, asic, packets, 0, 0);
		break;
	case NICSIM_STATS_IDLE:
		put_stats(stats, asic, 0, 0, e->snap_used);
		break;
	case NICSIM_STATS_NOW:
		put_stats(stats, asic, packets, bytes, jiffies);
		break;
	case NICSIM_STATS_WRAP:
		put_stats(stats, asic, packets & (BIT_ULL(28) - 1), bytes & (BIT_ULL(36) - 1), e->snap_used);
		break;
	case NICSIM_STATS_TOTAL:
		put_stats(stats, asic, e->snap_packets, e->snap_bytes, e->snap_used);
		break;
	case NICSIM_STATS_NONE:
	case NICSIM_STATS__COUNT:
		break;
	}
	return 0;
}

static void age_engine(struct nicsim_asic *asic, struct nicsim_entry *e)
{
	u32 idle = nicsim_knob(asic, idle_ms);

	if (!e->is_engine || !idle || READ_ONCE(e->state) != NICSIM_BOUND ||
	    time_before(jiffies, READ_ONCE(e->used) + msecs_to_jiffies(idle)))
		return;
	unbind(asic, e, NICSIM_CANDIDATE);
	atomic_set(&e->seen, 0);
}

/* Runs once per statistics period: the hardware pushes its counters and ages entries. */
static void tick(struct work_struct *work)
{
	struct nicsim_asic *asic = container_of(work, struct nicsim_asic, tick.work);
	struct nicsim_entry *e;

	mutex_lock(&asic->lock);
	list_for_each_entry(e, &asic->entries, list) {
		if (!e->mask)
			continue;
		take_snapshot(e);
		age_engine(asic, e);
	}
	mutex_unlock(&asic->lock);
	nicsim_table_kick(asic);
}

/* Starts a statistics period: at first, after each period, and after a change of stats_delay_ms. */
void nicsim_table_kick(struct nicsim_asic *asic)
{
	u32 ms = nicsim_knob(asic, stats_delay_ms);

	if (asic->profile->is_engine && (!ms || ms > TICK_MS))
		ms = TICK_MS;
	if (ms)
		mod_delayed_work(system_wq, &asic->tick, msecs_to_jiffies(ms));
}

/* ---- text ---- */

void nicsim_entry_print(struct seq_file *s, const struct nicsim_entry *e)
{
	unsigned long used = READ_ONCE(e->used);

	nicsim_rule_print(s, e->rule);
	seq_printf(s, " packets=%lld bytes=%lld age_ms=%u", atomic64_read(&e->packets),
		   atomic64_read(&e->bytes), jiffies_to_msecs(jiffies - e->created));
	if (used)
		seq_printf(s, " idle_ms=%u", jiffies_to_msecs(jiffies - used));
	if (READ_ONCE(e->state) != NICSIM_BOUND)
		seq_puts(s, e->mask ? " candidate" : " lost");
	seq_putc(s, '\n');
}

/* ---- creation and removal ---- */

int nicsim_table_init(struct nicsim_asic *asic)
{
	INIT_LIST_HEAD(&asic->masks);
	INIT_LIST_HEAD(&asic->entries);
	INIT_DELAYED_WORK(&asic->tick, tick);
	asic->by_key = kvcalloc(NICSIM_HASH_SIZE, sizeof(*asic->by_key), GFP_KERNEL);
	asic->by_cookie = kvcalloc(NICSIM_HASH_SIZE, sizeof(*asic->by_cookie), GFP_KERNEL);
	asic->slots = kvcalloc(BITS_TO_LONGS(NICSIM_MAX_SIZE), sizeof(long), GFP_KERNEL);
	if (asic->by_key && asic->by_cookie && asic->slots)
		return 0;
	nicsim_table_fini(asic);
	return -ENOMEM;
}

/* The caller must ensure that no packet and no request uses the table any more. */
void nicsim_table_fini(struct nicsim_asic *asic)
{
	struct nicsim_entry *e, *next;
	unsigned int i;

	cancel_delayed_work_sync(&asic->tick);
	mutex_lock(&asic->lock);
	list_for_each_entry_safe(e, next, &asic->entries, list)
		free_entry(asic, e);
	for (i = 0; i < NICSIM_LOG_SIZE; i++)
		nicsim_rule_put(asic->log[i].rule);
	mutex_unlock(&asic->lock);
	kvfree(asic->by_key);
	kvfree(asic->by_cookie);
	kvfree(asic->slots);
}

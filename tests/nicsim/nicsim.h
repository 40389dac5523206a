/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nicsim - a simulated network adapter with an ASIC that forwards packets by a
 * flow table. tc flower and nft flowtables fill the table.
 *
 * A port "nicK" is a netdev of the router. Its link partner "wireK" is the other
 * end of the cable. The ASIC looks up each packet that wireK sends. It rewrites a
 * hit and sends it to the wire of the port that the rule names. It passes a miss
 * to nicK. wireK receives the packets that nicK sends.
 *
 * Locking: the mutex asic->lock protects the configuration. It nests inside rtnl:
 * code that holds it must not take rtnl. The packet path runs under RCU and takes
 * no lock except that of a receive ring.
 */
#ifndef NICSIM_H
#define NICSIM_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/if_ether.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/prandom.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/flow_offload.h>

#define NICSIM_NAME		"nicsim"
#define NICSIM_MAX_PORTS	64
#define NICSIM_MAX_ACTS		64
#define NICSIM_MAX_SIZE		(1 << 20)
#define NICSIM_HASH_BITS	16
#define NICSIM_TEXT_LEN		96

struct nicsim_asic;
struct nicsim_port;
struct dentry;
struct seq_file;

/* ---- packets and rules ---- */

/* The parsed headers of a packet. A rule has one key for values and one for masks. */
struct nicsim_key {
	union {
		struct {
			u8 port;
			u8 tags;		/* number of VLAN tags, at most 2 */
			u8 addr_type;		/* 4, 6, or 0: not IP */
			u8 ip_proto;
			u8 ttl;
			u8 tos;
			u8 frag;		/* NICSIM_FRAG_* */
			u8 icmp_type;
			__be16 eth_type;	/* behind the tags */
			__be16 tcp_flags;
			__be16 sport;
			__be16 dport;
			__be16 tpid[2];
			__be16 tci[2];
			u8 dmac[ETH_ALEN];
			u8 smac[ETH_ALEN];
			u8 icmp_code;
			u8 unused[3];
			__be32 src[4];		/* IPv4: only the first */
			__be32 dst[4];
		};
		u64 words[9];
	};
};

#define NICSIM_KEY_WORDS ARRAY_SIZE(((struct nicsim_key *)NULL)->words)

#define NICSIM_FRAG_ANY		BIT(0)
#define NICSIM_FRAG_FIRST	BIT(1)

enum nicsim_act_kind {
	NICSIM_ACT_SET,		/* sets the bits of a word that are not in "keep" */
	NICSIM_ACT_ADD,
	NICSIM_ACT_CSUM,
	NICSIM_ACT_PUSH,
	NICSIM_ACT_POP,
	NICSIM_ACT_RETAG,
	NICSIM_ACT_POLICE,	/* passes packets larger than a limit to the CPU */
	NICSIM_ACT_REDIRECT,
	NICSIM_ACT_DROP,
	NICSIM_ACT_ACCEPT,
	NICSIM_ACT_TRAP,
	NICSIM_ACT_UNKNOWN,	/* an action that nicsim does not know */
};

#define NICSIM_ACTS_REWRITE	(BIT(NICSIM_ACT_SET) | BIT(NICSIM_ACT_ADD))
#define NICSIM_ACTS_VLAN	(BIT(NICSIM_ACT_PUSH) | BIT(NICSIM_ACT_POP) | BIT(NICSIM_ACT_RETAG))
#define NICSIM_ACTS_END		(BIT(NICSIM_ACT_REDIRECT) | BIT(NICSIM_ACT_DROP) | \
				 BIT(NICSIM_ACT_ACCEPT) | BIT(NICSIM_ACT_TRAP))

/* The fields that a SET or ADD changes. */
#define NICSIM_F_DMAC		BIT(0)
#define NICSIM_F_SMAC		BIT(1)
#define NICSIM_F_TTL		BIT(2)
#define NICSIM_F_HOPLIMIT	BIT(3)
#define NICSIM_F_IP4_TOS	BIT(4)
#define NICSIM_F_IP6_CLASS	BIT(5)
#define NICSIM_F_IP4_SRC	BIT(6)
#define NICSIM_F_IP4_DST	BIT(7)
#define NICSIM_F_IP6_SRC	BIT(8)
#define NICSIM_F_IP6_DST	BIT(9)
#define NICSIM_F_SPORT		BIT(10)
#define NICSIM_F_DPORT		BIT(11)
#define NICSIM_F_OTHER		BIT(12)

#define NICSIM_F_MACS		(NICSIM_F_DMAC | NICSIM_F_SMAC)
#define NICSIM_F_TTLS		(NICSIM_F_TTL | NICSIM_F_HOPLIMIT)
#define NICSIM_F_ADDR4		(NICSIM_F_IP4_SRC | NICSIM_F_IP4_DST)
#define NICSIM_F_ADDR6		(NICSIM_F_IP6_SRC | NICSIM_F_IP6_DST)
#define NICSIM_F_ADDRS		(NICSIM_F_ADDR4 | NICSIM_F_ADDR6)
#define NICSIM_F_PORTS		(NICSIM_F_SPORT | NICSIM_F_DPORT)
#define NICSIM_F_ALL		(NICSIM_F_OTHER - 1)

struct nicsim_act {
	u8 kind;
	union {
		struct {
			u8 header;	/* FLOW_ACT_MANGLE_HDR_TYPE_* */
			u16 offset;
			u16 fields;	/* NICSIM_F_* */
			u32 keep;	/* keep and value are in the byte order of the packet */
			u32 value;
		} word;
		u32 csum_flags;		/* TCA_CSUM_UPDATE_FLAG_* */
		struct {
			__be16 proto;
			u16 vid;
			u8 prio;
		} vlan;
		struct {
			int port;	/* -1: not a port of this adapter */
			int ifindex;
		} out;
		u32 mtu;		/* POLICE: bytes with the Ethernet header, without tags */
		u32 id;			/* FLOW_ACTION_*, for UNKNOWN */
	};
};

/* A rule does not change after it is made. The log and the entries hold references. Packets read
 * rules under RCU. */
struct nicsim_rule {
	refcount_t refs;
	struct rcu_head rcu;
	struct nicsim_port *port;
	bool is_ft;			/* of a flowtable, not a tc filter */
	unsigned long cookie;
	u32 prio;
	u32 chain;
	__be16 proto;			/* of the tc filter */
	u32 used_keys;			/* FLOW_DISSECTOR_KEY_* bits from the kernel */
	int ifindex;			/* meta key; 0: none */
	bool has_indev;
	u8 hw_stats;			/* FLOW_ACTION_HW_STATS_* common to all actions; 0: mixed */
	struct nicsim_key key;
	struct nicsim_key mask;
	unsigned int num_acts;
	struct nicsim_act acts[];
};

/* rule.c */
struct nicsim_rule *nicsim_rule_new(unsigned int num_acts);
struct nicsim_rule *nicsim_rule_decode(struct nicsim_port *port, bool is_ft,
				       const struct flow_cls_offload *f);
struct nicsim_rule *nicsim_rule_copy(const struct nicsim_rule *rule, unsigned int extra_acts);
struct nicsim_rule *nicsim_rule_get(struct nicsim_rule *rule);
void nicsim_rule_put(struct nicsim_rule *rule);
u32 nicsim_rule_fields(const struct nicsim_rule *rule, u32 kinds);
u32 nicsim_rule_kinds(const struct nicsim_rule *rule);
int nicsim_rule_out(const struct nicsim_rule *rule);
void nicsim_rule_print(struct seq_file *s, const struct nicsim_rule *rule);

/* ---- the flow table ---- */

enum nicsim_stats_mode {
	NICSIM_STATS_FULL,
	NICSIM_STATS_PACKETS,	/* no bytes, last use 0 */
	NICSIM_STATS_IDLE,	/* last use only */
	NICSIM_STATS_NOW,	/* last use is always now */
	NICSIM_STATS_WRAP,	/* counters of 28 and 36 bits */
	NICSIM_STATS_TOTAL,	/* reports totals instead of differences, which is a driver bug */
	NICSIM_STATS_NONE,	/* refuses to report */
	NICSIM_STATS__COUNT
};

extern const char *const nicsim_stats_names[NICSIM_STATS__COUNT];

enum nicsim_state {
	NICSIM_CANDIDATE,	/* in a flow engine: waits for packets on the CPU */
	NICSIM_BINDING,
	NICSIM_BOUND,
	NICSIM_LOST,		/* not in the hardware, but tc has not been told */
	NICSIM_DEAD,
};

struct nicsim_mask {
	struct list_head list;
	struct rcu_head rcu;
	u64 order;
	u32 id;
	unsigned int refs;
	bool is_big;		/* has a large group of its own */
	struct nicsim_key bits;
};

struct nicsim_entry {
	struct hlist_node hash_node;
	struct hlist_node cookie_node;
	struct list_head list;
	struct rcu_head rcu;
	u32 hash;
	u32 mask_id;
	u32 slot;			/* in the table of a flow engine */
	u64 seq;
	u64 order;
	struct nicsim_mask *mask;	/* NULL when lost */
	struct nicsim_key key;		/* masked */
	struct nicsim_rule *rule;	/* as programmed */
	struct nicsim_rule *asked;	/* as tc asked for; differs if the profile lies */
	int out;			/* port, or -1 */
	u32 csum_flags;
	u32 police;			/* bytes of the largest packet, as in POLICE; 0: any */
	u8 pushes;
	bool has_implicit_ttl;
	bool is_engine;			/* of a flow engine: punts FIN, SYN, RST and fragments */
	bool is_drop;
	int state;			/* enum nicsim_state, by cmpxchg */
	unsigned long created;		/* jiffies */

	/* Written by the packet path. */
	atomic_t seen;			/* packets on the CPU, while a candidate */
	atomic64_t packets;
	atomic64_t bytes;
	unsigned long used;		/* jiffies, 0: never */

	/* Under asic->lock: at the end of the last statistics period, and as reported to tc. */
	u64 snap_packets, snap_bytes;
	unsigned long snap_used;
	u64 told_packets, told_bytes;
};

/* table.c */
int nicsim_table_init(struct nicsim_asic *asic);
void nicsim_table_fini(struct nicsim_asic *asic);
struct nicsim_entry *nicsim_table_lookup(struct nicsim_asic *asic, const struct nicsim_key *key);
bool nicsim_table_is_bound(struct nicsim_asic *asic, struct nicsim_entry *entry);
int nicsim_table_add(struct nicsim_asic *asic, struct nicsim_rule *asked, struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack);
int nicsim_table_del(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		     unsigned long cookie);
bool nicsim_table_has(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		      unsigned long cookie);
int nicsim_table_stats(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft,
		       unsigned long cookie, struct flow_stats *stats);
unsigned int nicsim_table_count(struct nicsim_asic *asic, const struct nicsim_port *port);
void nicsim_table_purge(struct nicsim_asic *asic, const struct nicsim_port *port, bool is_ft);
unsigned int nicsim_table_lose(struct nicsim_asic *asic, unsigned int n);
void nicsim_table_kick(struct nicsim_asic *asic);
void nicsim_entry_print(struct seq_file *s, const struct nicsim_entry *entry);

/* ---- knobs: each row is a debugfs file and a name for the module parameter "knobs" ---- */

enum nicsim_knob_type {
	NICSIM_KNOB_NUMBER,
	NICSIM_KNOB_ERRNO,
	NICSIM_KNOB_STATS,
};

#define NICSIM_KNOBS(X) \
	X(table_size,		NUMBER, 65536, 0, NICSIM_MAX_SIZE) \
	X(fail_errno,		ERRNO, EBUSY, 1, MAX_ERRNO) \
	X(fail_count,		NUMBER, 0, 0, U32_MAX) \
	X(fail_percent,		NUMBER, 0, 0, 100) \
	X(eagain_count,		NUMBER, 0, 0, 100000) \
	X(busy_ms,		NUMBER, 0, 0, 3600000) \
	X(full_errno,		ERRNO, ENOSPC, 0, MAX_ERRNO) \
	X(evict_on_full,	NUMBER, 0, 0, 1) \
	X(lose_percent,		NUMBER, 0, 0, 100) \
	X(latency_us,		NUMBER, 0, 0, 10000000) \
	X(stats_latency_us,	NUMBER, 0, 0, 10000000) \
	X(first_peer_ms,	NUMBER, 0, 0, 10000) \
	X(serial,		NUMBER, 0, 0, 1) \
	X(stats_delay_ms,	NUMBER, 1000, 0, 60000) \
	X(stats_mode,		STATS, NICSIM_STATS_FULL, 0, NICSIM_STATS__COUNT - 1) \
	X(strict_csum,		NUMBER, 0, 0, 1) \
	X(police,		NUMBER, 1, 0, 1)	/* 0: refuses police actions */ \
	X(max_prio,		NUMBER, 0, 0, 65535) \
	X(max_masks,		NUMBER, 0, 0, 65536) \
	X(rewrite_budget,	NUMBER, 0, 0, NICSIM_MAX_ACTS) \
	X(big_groups,		NUMBER, 0, 0, 256) \
	X(bind_after,		NUMBER, 1, 1, 1000000) \
	X(idle_ms,		NUMBER, 30000, 0, 3600000) \
	X(bind_refused,		NUMBER, 0, 0, 1) \
	X(unlocked,		NUMBER, 1, 0, 1) \
	X(initialised,		NUMBER, 1, 0, 1) \
	X(refuse_errno,		ERRNO, 0, 0, MAX_ERRNO) \
	X(ring_size,		NUMBER, 4096, 1, 65536)

enum nicsim_knob {
#define X(name, type, value, min, max) NICSIM_KNOB_##name,
	NICSIM_KNOBS(X)
#undef X
	NICSIM_KNOB__COUNT
};

struct nicsim_knob_row {
	const char *name;
	enum nicsim_knob_type type;
	u32 value, min, max;
};

extern const struct nicsim_knob_row nicsim_knob_rows[NICSIM_KNOB__COUNT];

/* A profile's value for a knob. */
struct nicsim_knob_value {
	enum nicsim_knob knob;
	u32 value;
};

#define nicsim_knob(asic, name) READ_ONCE((asic)->knobs[NICSIM_KNOB_##name])

int nicsim_knob_set(struct nicsim_asic *asic, enum nicsim_knob knob, const char *text);
int nicsim_knob_set_by_text(struct nicsim_asic *asic, char *list);
int nicsim_knob_get(const struct nicsim_asic *asic, enum nicsim_knob knob, char *out, size_t size);
const char *nicsim_errno_name(int err, char *buf, size_t size);

/* ---- profiles ---- */

struct nicsim_profile {
	const char *name;
	u32 keys;			/* FLOW_DISSECTOR_KEY_* bits that it knows */
	u32 acts;			/* NICSIM_ACT_* bits */
	u32 set, add;			/* NICSIM_F_* bits */
	bool is_unlocked;
	bool has_switch_id;
	bool has_locked_feature;	/* hw-tc-offload cannot be turned off while rules exist */
	int feature_errno;		/* the error then */
	bool has_uplinks;		/* ports are uplinks and representors */
	bool ignores_unknown;		/* ignores unknown keys and actions */
	bool is_engine;			/* flow engine: candidates, implicit TTL */
	u8 hw_stats_bit;		/* FLOW_ACTION_HW_STATS_*_BIT that must be allowed */
	bool says_hw_stats;		/* fills in used_hw_stats */
	const char *full_text;
	int masks_errno;
	const char *masks_text;
	/* Refuses rules for reasons that "keys", "acts", "set" and "add" cannot express. */
	int (*check)(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
		     struct netlink_ext_ack *extack);
	/* Returns the rule that the adapter really executes. NULL: it executes the rule that was asked for. */
	struct nicsim_rule *(*shape)(const struct nicsim_rule *rule);
	const struct nicsim_knob_value *knobs;	/* ends with NICSIM_KNOB__COUNT */
};

/* profile.c */
const struct nicsim_profile *nicsim_profile_find(const char *name);
int nicsim_profile_check(const struct nicsim_asic *asic, const struct nicsim_rule *rule,
			 struct netlink_ext_ack *extack);

/* ---- counters, ports, ASIC ---- */

#define NICSIM_COUNTERS(X) \
	X(rx_packets)		/* from the wire */ \
	X(rx_bytes) \
	X(tx_packets)		/* to the wire */ \
	X(tx_bytes) \
	X(cpu_rx_packets)	/* to the router's stack */ \
	X(cpu_rx_bytes) \
	X(cpu_tx_packets)	/* from the router's stack */ \
	X(cpu_tx_bytes) \
	X(hits)			/* packets that matched an entry */ \
	X(misses) \
	X(unbound)		/* misses that matched a candidate of a flow engine */ \
	X(forwarded)		/* packets that arrived here and were forwarded without the CPU */ \
	X(forwarded_bytes) \
	X(punt_ttl)		/* hits that the ASIC passed to the CPU */ \
	X(punt_mtu)		/* too large for the egress port */ \
	X(punt_police)		/* too large for the rule */ \
	X(punt_header) \
	X(trapped)		/* hits that the rule passed to the CPU */ \
	X(dropped)		/* by a rule */ \
	X(lost)			/* no link, no memory, too long, ring full */

enum nicsim_counter {
#define X(name) NICSIM_C_##name,
	NICSIM_COUNTERS(X)
#undef X
	NICSIM_C__COUNT
};

extern const char *const nicsim_counter_names[NICSIM_C__COUNT];

struct nicsim_counters {
	u64 value[NICSIM_C__COUNT];
};

/* Counters of configuration events, under asic->lock. */
struct nicsim_tallies {
	u64 inserts, deletes, refused, stats_reads, unknown_deletes, lost_rules, resets;
};

struct nicsim_block {
	struct nicsim_port *port;
	bool is_ft;
	struct list_head list;		/* of flow_block_cb, under rtnl */
};

struct nicsim_port {
	struct nicsim_asic *asic;
	unsigned int index;
	struct net_device *nic, *wire;
	struct nicsim_block tc, ft;
	bool has_cable;			/* under rtnl */
	bool has_peer_set_up;		/* the slow first redirect is done; under asic->lock */
	struct nicsim_counters __percpu *counters;
};

#define NICSIM_LOG_SIZE 256

struct nicsim_log {
	u64 number;
	u64 time_ns;
	char op;			/* + add, - delete, ! loss */
	int result;
	struct nicsim_rule *rule;
	char text[NICSIM_TEXT_LEN];
};

struct nicsim_asic {
	const struct nicsim_profile *profile;
	unsigned int num_ports;
	struct nicsim_port *ports;
	struct device *device;
	struct dentry *dir;
	unsigned int num_uplinks;
	u8 switch_id[MAX_PHYS_ITEM_ID_LEN];	/* under rtnl */
	unsigned int switch_id_len;
	u32 knobs[NICSIM_KNOB__COUNT];
	char fail_text[NICSIM_TEXT_LEN];
	char full_text[NICSIM_TEXT_LEN];

	struct mutex serial;		/* held while a slow firmware command runs; never with lock */
	struct mutex lock;
	/* Under lock; lists and hashes are read under RCU. */
	struct list_head masks;
	struct list_head entries;
	struct hlist_head *by_key;
	struct hlist_head *by_cookie;
	unsigned long *slots;
	u64 next_seq;
	u32 next_mask;
	unsigned int num_masks;
	unsigned int big_masks;
	unsigned int num_entries;
	unsigned int num_singles;	/* entries outside the large groups */
	unsigned long busy_until;
	bool is_busy;
	struct nicsim_tallies tallies;
	struct rnd_state random;
	struct nicsim_log log[NICSIM_LOG_SIZE];
	u64 log_next;

	atomic_t used;
	unsigned int peak;
	struct delayed_work tick;
};

static inline void nicsim_count(struct nicsim_port *port, enum nicsim_counter c, unsigned int n)
{
	this_cpu_add(port->counters->value[c], n);
}

u64 nicsim_counter(const struct nicsim_port *port, enum nicsim_counter c);

/* netdev.c */
int nicsim_ports_add(struct nicsim_asic *asic, bool has_hw_tc);
void nicsim_ports_del(struct nicsim_asic *asic);
struct nicsim_port *nicsim_port_of(const struct net_device *dev);
bool nicsim_fits(struct net_device *dev, unsigned int len);
void nicsim_deliver(struct net_device *dev, struct sk_buff *skb);
void nicsim_set_cable(struct nicsim_port *port, bool has_cable);
int nicsim_set_switch_id(struct nicsim_asic *asic, const char *text);

/* packet.c */
void nicsim_receive(struct nicsim_port *port, struct sk_buff *skb);

/* flower.c */
int nicsim_setup_tc(struct net_device *dev, enum tc_setup_type type, void *data);
void nicsim_log_add(struct nicsim_asic *asic, char op, struct nicsim_rule *rule, int result,
		    const char *text);

/* debugfs.c */
void nicsim_debugfs_add(struct nicsim_asic *asic);
void nicsim_debugfs_del(struct nicsim_asic *asic);

#endif

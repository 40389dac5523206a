/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset - an nft ruleset as values, as far as it says what happens to packets
 * that are forwarded.
 *
 * A rule is a list of small steps over a file of registers, in the order in which
 * the kernel takes them: load something of the packet, mask it, compare it, do
 * something with the packet, decide. What is not understood is a step of which
 * nothing is known. Made by kern/ruleset/nftrules, walked by core/rules/rulewalk.
 *
 * Everything is in arrays with limits, in memory that the owner gives. What is beyond
 * the limits or the memory is not there, and is_cut says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define NFTVIEW_NAME_SIZE   64 /* longer names are cut when shown */
#define NFTVIEW_TEXT_SIZE   44
#define NFTVIEW_DEVICES_SIZE 96

/* Limits, in elements. */
#define NFTVIEW_TABLES_MAX     4096
#define NFTVIEW_CHAINS_MAX     65536
#define NFTVIEW_SETS_MAX       65536
#define NFTVIEW_ELEMS_MAX      65536
#define NFTVIEW_RULES_MAX      65536
#define NFTVIEW_OPS_MAX        524288 /* of 52 bytes */
#define NFTVIEW_FLOWTABLES_MAX 256

#define NFTVIEW_NONE UINT32_MAX

/* Registers are bytes: those of nf_tables, and some of our own behind them. */
#define NFTVIEW_REG_BYTES     80
#define NFTVIEW_REG_SCRATCH   80
#define NFTVIEW_REG_ALL_BYTES 84
/* Longest value of one step; longer ones are not known. */
#define NFTVIEW_VALUE_SIZE 16
/* Longest key of an element; longer ones match perhaps. */
#define NFTVIEW_KEY_SIZE 32

/* Values of the kernel, so that both sides need not translate. */
enum nftview_family {
	NFTVIEW_INET = 1, /* NFPROTO_INET, _IPV4, _IPV6 */
	NFTVIEW_IP = 2,
	NFTVIEW_IP6 = 10,
};

enum nftview_hook {
	NFTVIEW_PREROUTING,
	NFTVIEW_FORWARD,
	NFTVIEW_POSTROUTING,
	NFTVIEW_HOOK_NONE, /* a chain that is only jumped to, or one of no interest */
};

/* What a step loads; offset and length go with the headers. */
enum rulesrc {
	RULESRC_UNKNOWN,
	RULESRC_CT_STATE,
	RULESRC_CT_STATUS,
	RULESRC_CT_MARK,
	RULESRC_L4PROTO,
	RULESRC_NFPROTO,
	RULESRC_ETHERTYPE,
	RULESRC_PKTTYPE,
	RULESRC_NETWORK,   /* header */
	RULESRC_TRANSPORT, /* header */
};

enum ruleop_kind {
	RULEOP_LOAD,    /* dreg = source */
	RULEOP_VALUE,   /* dreg = value */
	RULEOP_BITWISE, /* dreg = (sreg & a) ^ b */
	RULEOP_CMP,     /* goes on if sreg compares with a as `compare` says */
	RULEOP_RANGE,   /* goes on if a <= sreg <= b; or not, if inverted */
	RULEOP_LOOKUP,  /* goes on if sreg is in the set; or not, if inverted */
	RULEOP_MAYBE,   /* goes on or not, nobody knows */
	RULEOP_NEVER,   /* does not go on for packets of established connections */
	RULEOP_STMT,    /* does something with the packet */
	RULEOP_VERDICT, /* decides */
};

enum rule_compare { RULE_EQ, RULE_NE, RULE_LT, RULE_LE, RULE_GT, RULE_GE };

enum rule_verdict {
	RULE_CONTINUE, /* with the next rule */
	RULE_ACCEPT,
	RULE_DROP,
	RULE_JUMP,
	RULE_GOTO,
	RULE_RETURN,
	RULE_QUEUE, /* to userspace, which may let it pass */
};

/*
 * What is done to every packet, and would not be done to those of an offloaded
 * connection, by name. Those from CT_MARK on do not change how packets travel.
 */
#define RULESTMT_LIST(X)                                                                           \
	X(LIMIT, "limit")                                                                          \
	X(QUOTA, "quota")                                                                          \
	X(HEADER, "header")                                                                        \
	X(MARK, "mark")                                                                            \
	X(PRIORITY, "priority")                                                                    \
	X(QUEUE, "queue")                                                                          \
	X(SYNPROXY, "synproxy")                                                                    \
	X(DUP, "dup")                                                                              \
	X(FWD, "fwd")                                                                              \
	X(TPROXY, "tproxy")                                                                        \
	X(SET, "set")                                                                              \
	X(NUMGEN, "numgen")                                                                        \
	X(TARGET, "target")                                                                        \
	X(UNKNOWN, "unknown")                                                                      \
	X(CT_MARK, "ct-mark")                                                                      \
	X(SECMARK, "secmark")                                                                      \
	X(LOG, "log")                                                                              \
	X(COUNTER, "counter")                                                                      \
	X(LAST, "last")

enum rulestmt {
#define X(id, name) RULESTMT_##id,
	RULESTMT_LIST(X)
#undef X
	RULESTMT__COUNT,
};

struct ruleop {
	uint8_t kind; /* enum ruleop_kind */
	uint8_t sreg, dreg, len; /* bytes */
	union {
		struct {
			uint8_t source; /* enum rulesrc */
			uint8_t offset;
		} load;
		struct {
			uint8_t a[NFTVIEW_VALUE_SIZE], b[NFTVIEW_VALUE_SIZE];
			uint8_t compare; /* enum rule_compare */
			bool is_inverted;
		} value;
		struct {
			uint32_t set; /* index; NFTVIEW_NONE: one that is not known */
			bool is_inverted;
		} lookup;
		struct {
			uint8_t what; /* enum rulestmt */
			/* The rest of the rule is not always reached. */
			bool is_match;
			/* Set by who walks: packets come here. */
			bool is_reached;
			char text[NFTVIEW_TEXT_SIZE]; /* as nft writes it, or nearly */
		} stmt;
		struct {
			uint8_t code;   /* enum rule_verdict */
			uint32_t chain; /* JUMP, GOTO; NFTVIEW_NONE: one that is not known */
		} verdict;
	};
};

struct nftview_table {
	uint8_t family;
	bool is_dormant;
	bool is_ours;
	char *name;
};

struct nftview_chain {
	uint32_t table;
	uint8_t hook; /* enum nftview_hook */
	bool drops;   /* policy */
	int32_t priority;
	char *name;
	uint32_t rule, n_rules;
};

struct nftview_rule {
	uint64_t handle;
	uint32_t op, n_ops;
};

struct nftview_set {
	uint32_t table;
	bool is_interval;
	bool is_verdicts; /* a map to verdicts */
	bool is_wanted;   /* somebody must know its elements */
	bool is_partial;  /* not all of them are here */
	uint8_t counts;   /* enum rulestmt of what each of its elements does; __COUNT: none */
	uint8_t object;   /* the same for a map to objects */
	uint32_t key_bytes;
	char *name;
	uint32_t elem, n_elems;
};

struct nftview_elem {
	uint8_t key[NFTVIEW_KEY_SIZE];
	bool is_catchall;
	bool is_end;     /* of an interval */
	uint8_t verdict; /* enum rule_verdict; of maps to verdicts */
	uint32_t chain;
};

struct nftview_flowtable {
	uint32_t table;
	char *name;
	char devices[NFTVIEW_DEVICES_SIZE]; /* "eth0, eth1", "..." at the end of what is cut */
};

/* The owner's memory: as realloc(), but that 0 bytes free what is old. */
typedef void *(*nftview_resize_fn)(void *old, size_t bytes);

struct nftview {
	nftview_resize_fn resize;
	struct nftview_table *table;
	struct nftview_chain *chain;
	struct nftview_set *set;
	struct nftview_elem *elem;
	struct nftview_rule *rule;
	struct ruleop *op;
	struct nftview_flowtable *flowtable;
	uint32_t n_tables, n_chains, n_sets, n_elems, n_rules, n_ops, n_flowtables;
	uint32_t n_odd_rules; /* could not be read */
	bool is_cut;          /* by a limit, or because there was no memory */
	bool is_torn;         /* it changed while it was read: some may be missing */
	bool is_sorted;
};

void nftview_init(struct nftview *rs, nftview_resize_fn resize);
/* Frees all; leaves it as after nftview_init(). */
void nftview_clear(struct nftview *rs);

/*
 * Each adds one, whose name is copied, and returns it to be filled; valid until the
 * next of its kind is added. NULL when there is no room; is_cut is set then.
 */
struct nftview_table *nftview_add_table(struct nftview *rs, uint8_t family, const char *name);
struct nftview_chain *nftview_add_chain(struct nftview *rs, uint32_t table, const char *name);
struct nftview_set *nftview_add_set(struct nftview *rs, uint32_t table, const char *name);
struct nftview_flowtable *nftview_add_flowtable(struct nftview *rs, uint32_t table,
						const char *name);
/* To the set or chain to which the last one was added, or one that has none yet. */
struct nftview_elem *nftview_add_elem(struct nftview *rs, uint32_t set);
struct nftview_rule *nftview_add_rule(struct nftview *rs, uint32_t chain, uint64_t handle);
/* To the last rule. */
struct ruleop *nftview_add_op(struct nftview *rs, enum ruleop_kind kind);

/* Between the last chain or set and the first rule: makes the find functions work,
 * and gives chains and sets other numbers. */
void nftview_sort(struct nftview *rs);

/* Numbers; NFTVIEW_NONE when there is none. */
uint32_t nftview_find_table(const struct nftview *rs, uint8_t family, const char *name);
uint32_t nftview_find_chain(const struct nftview *rs, uint32_t table, const char *name);
uint32_t nftview_find_set(const struct nftview *rs, uint32_t table, const char *name);

/* "limit", ...: what is in findings. */
const char *nftview_stmt_name(enum rulestmt what);
/* "ip", "ip6", "inet". */
const char *nftview_family_name(uint8_t family);

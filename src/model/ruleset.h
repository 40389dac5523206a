/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset - an nft ruleset as values, as far as it says what happens to packets
 * that are forwarded.
 *
 * A rule is a list of small steps over a file of registers, in the order in which
 * the kernel takes them: load something of the packet, mask it, compare it, do
 * something with the packet, decide. What is not understood is a step of which
 * nothing is known. Made by kern/nft/nftrules, walked by core/rules/rulewalk.
 *
 * Everything is in arrays with limits, in memory that the owner gives. What is beyond
 * the limits or the memory is not there, and is_cut says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define RULESET_NAME_SIZE   64 /* longer names are cut when shown */
#define RULESET_TEXT_SIZE   44
#define RULESET_DEVICES_SIZE 96

/* Limits, in elements. */
#define RULESET_TABLES_MAX     4096
#define RULESET_CHAINS_MAX     65536
#define RULESET_SETS_MAX       65536
#define RULESET_ELEMS_MAX      65536
#define RULESET_RULES_MAX      65536
#define RULESET_OPS_MAX        524288 /* of 52 bytes */
#define RULESET_FLOWTABLES_MAX 256

#define RULESET_NONE UINT32_MAX

/* Registers are bytes: those of nf_tables, and some of our own behind them. */
#define RULESET_REG_BYTES     80
#define RULESET_REG_SCRATCH   80
#define RULESET_REG_ALL_BYTES 84
/* Longest value of one step; longer ones are not known. */
#define RULESET_VALUE_SIZE 16
/* Longest key of an element; longer ones match perhaps. */
#define RULESET_KEY_SIZE 32

/* Values of the kernel, so that both sides need not translate. */
enum ruleset_family {
	RULESET_INET = 1, /* NFPROTO_INET, _IPV4, _IPV6 */
	RULESET_IP = 2,
	RULESET_IP6 = 10,
};

enum ruleset_hook {
	RULESET_PREROUTING,
	RULESET_FORWARD,
	RULESET_POSTROUTING,
	RULESET_HOOK_NONE, /* a chain that is only jumped to, or one of no interest */
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
			uint8_t a[RULESET_VALUE_SIZE], b[RULESET_VALUE_SIZE];
			uint8_t compare; /* enum rule_compare */
			bool is_inverted;
		} value;
		struct {
			uint32_t set; /* index; RULESET_NONE: one that is not known */
			bool is_inverted;
		} lookup;
		struct {
			uint8_t what; /* enum rulestmt */
			/* The rest of the rule is not always reached. */
			bool is_match;
			/* Set by who walks: packets come here. */
			bool is_reached;
			char text[RULESET_TEXT_SIZE]; /* as nft writes it, or nearly */
		} stmt;
		struct {
			uint8_t code;   /* enum rule_verdict */
			uint32_t chain; /* JUMP, GOTO; RULESET_NONE: one that is not known */
		} verdict;
	};
};

struct ruleset_table {
	uint8_t family;
	bool is_dormant;
	bool is_ours;
	char *name;
};

struct ruleset_chain {
	uint32_t table;
	uint8_t hook; /* enum ruleset_hook */
	bool drops;   /* policy */
	int32_t priority;
	char *name;
	uint32_t rule, n_rules;
};

struct ruleset_rule {
	uint64_t handle;
	uint32_t op, n_ops;
};

struct ruleset_set {
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

struct ruleset_elem {
	uint8_t key[RULESET_KEY_SIZE];
	bool is_catchall;
	bool is_end;     /* of an interval */
	uint8_t verdict; /* enum rule_verdict; of maps to verdicts */
	uint32_t chain;
};

struct ruleset_flowtable {
	uint32_t table;
	char *name;
	char devices[RULESET_DEVICES_SIZE]; /* "eth0, eth1", "..." at the end of what is cut */
};

/* The owner's memory: as realloc(), but that 0 bytes free what is old. */
typedef void *(*ruleset_resize_fn)(void *old, size_t bytes);

struct ruleset {
	ruleset_resize_fn resize;
	struct ruleset_table *table;
	struct ruleset_chain *chain;
	struct ruleset_set *set;
	struct ruleset_elem *elem;
	struct ruleset_rule *rule;
	struct ruleop *op;
	struct ruleset_flowtable *flowtable;
	uint32_t n_tables, n_chains, n_sets, n_elems, n_rules, n_ops, n_flowtables;
	uint32_t n_odd_rules; /* could not be read */
	bool is_cut;          /* by a limit, or because there was no memory */
	bool is_torn;         /* it changed while it was read: some may be missing */
	bool is_sorted;
};

void ruleset_init(struct ruleset *rs, ruleset_resize_fn resize);
/* Frees all; leaves it as after ruleset_init(). */
void ruleset_clear(struct ruleset *rs);

/*
 * Each adds one, whose name is copied, and returns it to be filled; valid until the
 * next of its kind is added. NULL when there is no room; is_cut is set then.
 */
struct ruleset_table *ruleset_add_table(struct ruleset *rs, uint8_t family, const char *name);
struct ruleset_chain *ruleset_add_chain(struct ruleset *rs, uint32_t table, const char *name);
struct ruleset_set *ruleset_add_set(struct ruleset *rs, uint32_t table, const char *name);
struct ruleset_flowtable *ruleset_add_flowtable(struct ruleset *rs, uint32_t table,
						const char *name);
/* To the set or chain to which the last one was added, or one that has none yet. */
struct ruleset_elem *ruleset_add_elem(struct ruleset *rs, uint32_t set);
struct ruleset_rule *ruleset_add_rule(struct ruleset *rs, uint32_t chain, uint64_t handle);
/* To the last rule. */
struct ruleop *ruleset_add_op(struct ruleset *rs, enum ruleop_kind kind);

/* Between the last chain or set and the first rule: makes the find functions work,
 * and gives chains and sets other numbers. */
void ruleset_sort(struct ruleset *rs);

/* Numbers; RULESET_NONE when there is none. */
uint32_t ruleset_find_table(const struct ruleset *rs, uint8_t family, const char *name);
uint32_t ruleset_find_chain(const struct ruleset *rs, uint32_t table, const char *name);
uint32_t ruleset_find_set(const struct ruleset *rs, uint32_t table, const char *name);

/* "limit", ...: what is in findings. */
const char *ruleset_stmt_name(enum rulestmt what);
/* "ip", "ip6", "inet". */
const char *ruleset_family_name(uint8_t family);

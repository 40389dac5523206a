/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftview - an nft ruleset as values, as far as it decides what happens to forwarded
 * packets.
 *
 * A rule is a list of small operations on registers, in the order in which the kernel
 * executes them: load something of the packet, mask it, compare it, do something with the
 * packet, decide. An expression that is not understood becomes an operation with an
 * unknown result. kern/ruleset/nftrules builds the ruleset, core/rules/rulewalk evaluates it.
 *
 * Rules, sets and operations are stored in arrays of limited size, in memory that the owner
 * provides. What does not fit is left out, and is_cut is set.
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
#define NFTVIEW_OPS_MAX        524288 /* of 52 bytes each */
#define NFTVIEW_FLOWTABLES_MAX 256

#define NFTVIEW_NONE UINT32_MAX

/* Registers are addressed in bytes: those of nf_tables, then scratch registers of our own. */
#define NFTVIEW_REG_BYTES     80
#define NFTVIEW_REG_SCRATCH   80
#define NFTVIEW_REG_ALL_BYTES 84
/* Longest value of one operation; longer values are unknown. */
#define NFTVIEW_VALUE_SIZE 16
/* Longest key of an element; a longer key may match or not. */
#define NFTVIEW_KEY_SIZE 32

/* The kernel's values, so that nothing needs to be translated. */
enum nftview_family {
	NFTVIEW_INET = 1, /* NFPROTO_INET, _IPV4, _IPV6 */
	NFTVIEW_IP = 2,
	NFTVIEW_IP6 = 10,
};

enum nftview_hook {
	NFTVIEW_PREROUTING,
	NFTVIEW_FORWARD,
	NFTVIEW_POSTROUTING,
	NFTVIEW_HOOK_NONE, /* a chain that is only jumped to, or one on another hook */
};

/* What RULEOP_LOAD loads. Headers have an offset. */
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
	RULEOP_CMP,     /* continues if sreg compares with a as `compare` says */
	RULEOP_RANGE,   /* continues if a <= sreg <= b (inverted: if not) */
	RULEOP_LOOKUP,  /* continues if sreg is in the set (inverted: if not) */
	RULEOP_MAYBE,   /* unknown whether the rule continues */
	RULEOP_NEVER,   /* never continues for packets of established connections */
	RULEOP_STMT,    /* does something with the packet */
	RULEOP_VERDICT, /* verdict */
};

enum rule_compare { RULE_EQ, RULE_NE, RULE_LT, RULE_LE, RULE_GT, RULE_GE };

enum rule_verdict {
	RULE_CONTINUE, /* with the next rule */
	RULE_ACCEPT,
	RULE_DROP,
	RULE_JUMP,
	RULE_GOTO,
	RULE_RETURN,
	RULE_QUEUE, /* to userspace, which may accept the packet */
};

/*
 * What a ruleset does to every packet and would not do to packets of an offloaded
 * connection, with its name. Kinds from CT_MARK on do not change how packets are
 * forwarded.
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
			uint32_t set; /* index; NFTVIEW_NONE: unknown set */
			bool is_inverted;
		} lookup;
		struct {
			uint8_t what; /* enum rulestmt */
			/* The rule may end after the statement, as after a match. */
			bool is_match;
			/* Set by core/rules/rulewalk: a packet may reach the statement. */
			bool is_reached;
			char text[NFTVIEW_TEXT_SIZE]; /* roughly as nft writes it */
		} stmt;
		struct {
			uint8_t code;   /* enum rule_verdict */
			uint32_t chain; /* JUMP, GOTO; NFTVIEW_NONE: unknown chain */
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
	bool drops;   /* policy drop */
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
	bool is_verdicts; /* a verdict map */
	bool is_wanted;   /* the walk needs its elements */
	bool is_partial;  /* some elements are missing */
	uint8_t counts;   /* enum rulestmt that each element executes; __COUNT: none */
	uint8_t object;   /* enum rulestmt of the objects of an object map; __COUNT: none */
	uint32_t key_bytes;
	char *name;
	uint32_t elem, n_elems;
};

struct nftview_elem {
	uint8_t key[NFTVIEW_KEY_SIZE];
	bool is_catchall;
	bool is_end;     /* end of an interval */
	uint8_t verdict; /* enum rule_verdict; verdict maps only */
	uint32_t chain;
};

struct nftview_flowtable {
	uint32_t table;
	char *name;
	char devices[NFTVIEW_DEVICES_SIZE]; /* "eth0, eth1"; ends in "..." if cut */
};

/* The owner's allocator: like realloc(), but with 0 bytes it frees old. */
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
	uint32_t n_odd_rules; /* rules that could not be parsed */
	bool is_cut;          /* something is missing because of a limit or for lack of memory */
	bool is_torn;         /* the ruleset changed while it was read: something may be missing */
	bool is_sorted;
};

void nftview_init(struct nftview *rs, nftview_resize_fn resize);
/* Frees everything; the result is as after nftview_init(). */
void nftview_clear(struct nftview *rs);

/*
 * Each adds one object with a copy of name, and returns it for the caller to fill in. The
 * pointer is valid until the next object of its kind is added. Returns NULL and sets
 * is_cut if there is no room.
 */
struct nftview_table *nftview_add_table(struct nftview *rs, uint8_t family, const char *name);
struct nftview_chain *nftview_add_chain(struct nftview *rs, uint32_t table, const char *name);
struct nftview_set *nftview_add_set(struct nftview *rs, uint32_t table, const char *name);
struct nftview_flowtable *nftview_add_flowtable(struct nftview *rs, uint32_t table,
						const char *name);
/* Adds to the set or chain that the last call added to, or to one that is still empty. */
struct nftview_elem *nftview_add_elem(struct nftview *rs, uint32_t set);
struct nftview_rule *nftview_add_rule(struct nftview *rs, uint32_t chain, uint64_t handle);
/* Adds to the last rule. */
struct ruleop *nftview_add_op(struct nftview *rs, enum ruleop_kind kind);

/* Call it after the last chain and set are added, and before the first rule and element.
 * It renumbers chains and sets; nftview_find_chain() and nftview_find_set() need it. */
void nftview_sort(struct nftview *rs);

/* Return an index, or NFTVIEW_NONE if there is no such object. */
uint32_t nftview_find_table(const struct nftview *rs, uint8_t family, const char *name);
uint32_t nftview_find_chain(const struct nftview *rs, uint32_t table, const char *name);
uint32_t nftview_find_set(const struct nftview *rs, uint32_t table, const char *name);

/* "limit", ...: the name that findings use. */
const char *nftview_stmt_name(enum rulestmt what);
/* "ip", "ip6", "inet". */
const char *nftview_family_name(uint8_t family);

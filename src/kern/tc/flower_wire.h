/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flower_wire - what writer and reader of flower rules share: which bytes say
 * what. Private to flower_put.c and flower_get.c.
 *
 * A rule is turned into two images in network byte order, one of the match and
 * one of the rewrite; tables say which attribute and which pedit key carries
 * which bytes of them. The writer walks the tables. The reader fills the images
 * by the same tables, guesses the rule, and accepts it when the images of that
 * rule are the ones that it read: so it cannot understand more or less than the
 * writer says.
 */
#pragma once

#include <linux/pkt_sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/rule.h"

/* Ingress side of clsact; an ingress qdisc understands it too (ingress_find). */
#define FLOWER_PARENT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* What a rule can look like; tells which attributes its match has. One of the
 * first five or the last, and what its form adds. */
enum flower_shape {
	FLOWER_IP4_TCP = 1 << 0,
	FLOWER_IP4_UDP = 1 << 1,
	FLOWER_IP6_TCP = 1 << 2,
	FLOWER_IP6_UDP = 1 << 3,
	FLOWER_GUARD = 1 << 4,
	FLOWER_TTL = 1 << 5, /* RULE_EXACT_TTL */
	FLOWER_ODD = 1 << 6, /* RULE_ODD_MATCH */
	FLOWER_BARRIER = 1 << 7,
};

/* The shape of a rule; 0 when there is none for its family, protocol and form. */
unsigned int flower_shape(const struct rule *rule);

/* Image of the match. IPv4 addresses use the first four bytes. */
struct flower_match {
	uint8_t ethertype[2];
	uint8_t proto;
	uint8_t src[16], src_mask[16];
	uint8_t dst[16], dst_mask[16];
	uint8_t sport[2], sport_mask[2];
	uint8_t dport[2], dport_mask[2];
	uint8_t tcp_flags[2], tcp_flags_mask[2];
	uint8_t flags[4], flags_mask[4];
	uint8_t ttl, ttl_mask;
	uint8_t hash[4], hash_mask[4];
};

struct flower_match_field {
	uint16_t attr;  /* TCA_FLOWER_KEY_x */
	uint8_t shapes; /* enum flower_shape bits that have it */
	uint8_t offset; /* in struct flower_match */
	uint8_t len;
};

#define FLOWER_MATCH_FIELDS 26
extern const struct flower_match_field flower_match_fields[FLOWER_MATCH_FIELDS];

void flower_match_of(const struct rule *rule, struct flower_match *ret);

/* Image of the rewrite. */
struct flower_rewrite {
	uint8_t eth_dst[6], eth_src[6];
	uint8_t ttl; /* added to it, or set */
	uint8_t src[16], dst[16];
	uint8_t sport[2], dport[2];
	uint8_t ident[2]; /* added to it */
};

/* Some forms rewrite too: their bits, above those of enum rule_rewrite. */
#define FLOWER_FORM(bit) ((bit) << 8)

/* One pedit key: which bytes of which 32-bit word of a header it rewrites. */
struct flower_rewrite_field {
	uint16_t bit;   /* enum rule_rewrite, or FLOWER_FORM() of an enum rule_form */
	uint8_t family; /* FAMILY_NONE: both */
	uint8_t header; /* enum pedit_header_type; TCP stands for UDP as well */
	uint8_t word;   /* offset in the header */
	uint8_t first;  /* byte in the word */
	uint8_t len;    /* bytes */
	uint8_t offset; /* in struct flower_rewrite */
};

#define FLOWER_REWRITE_FIELDS 21
extern const struct flower_rewrite_field flower_rewrite_fields[FLOWER_REWRITE_FIELDS];

void flower_rewrite_of(const struct rule *rule, struct flower_rewrite *ret);
/* True when this rule has this key. */
bool flower_has_field(const struct flower_rewrite_field *field, const struct rule *rule);
/* enum pedit_header_type and enum pedit_cmd of a field. */
uint16_t flower_pedit_header(const struct flower_rewrite_field *field, uint8_t proto);
uint16_t flower_pedit_cmd(const struct flower_rewrite_field *field);

/* The checksums that act_csum is to mend (TCA_CSUM_UPDATE_FLAG_x); 0 = there is no
 * act_csum. */
uint32_t flower_csum_flags(const struct rule *rule);

#define FLOWER_COOKIE_SIZE 16 /* TC_COOKIE_MAX_SIZE */

void flower_cookie_put(const struct rule_cookie *cookie, uint8_t buf[FLOWER_COOKIE_SIZE]);
/* False when it is not one of ours. */
bool flower_cookie_get(const void *data, size_t len, struct rule_cookie *ret);

/* In host byte order; for no family that of a prio for all (ETH_P_ALL). */
uint16_t flower_ethertype(uint8_t family);
/* enum family; FAMILY_NONE for any other ethertype. */
uint8_t flower_family(uint16_t ethertype);

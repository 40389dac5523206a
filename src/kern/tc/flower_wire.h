/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flower_wire - the wire format of flower rules, shared by writer and reader.
 * Private to flower_put.c and flower_get.c.
 *
 * A rule has two images in network byte order, one of its match and one of its
 * rewrite. Tables say which attribute or pedit key carries which bytes of an image.
 * The writer walks the tables. The reader fills the images by the same tables,
 * guesses the rule, and accepts the guess when the images of the guessed rule equal
 * those that it read. So it accepts exactly what the writer can write.
 */
#pragma once

#include <linux/pkt_sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/rule.h"

/* Ingress side of clsact; an ingress qdisc accepts it too (ingress_find). */
#define FLOWER_PARENT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* Kinds of rules by the attributes of their match. A shape is one of the bits for a
 * family and protocol, FLOWER_GUARD, FLOWER_BARRIER or FLOWER_BARRIER_TAGGED, plus the others as
 * the form and the tags of the rule require. */
enum flower_shape {
	FLOWER_IP4_TCP = 1 << 0,
	FLOWER_IP4_UDP = 1 << 1,
	FLOWER_IP6_TCP = 1 << 2,
	FLOWER_IP6_UDP = 1 << 3,
	FLOWER_GUARD = 1 << 4,
	FLOWER_TTL = 1 << 5, /* RULE_EXACT_TTL */
	FLOWER_ODD = 1 << 6, /* RULE_ODD_MATCH */
	FLOWER_BARRIER = 1 << 7,
	FLOWER_DMAC = 1 << 8, /* RULE_WITH_DMAC */
	FLOWER_TAG = 1 << 9,  /* an outer tag, and the ethertype behind it */
	FLOWER_TAG2 = 1 << 10, /* an inner tag, and the ethertype behind it */
	FLOWER_VID = 1 << 11, /* the id of the outer tag */
	FLOWER_VID2 = 1 << 12, /* the id of the inner tag */
	FLOWER_BARRIER_TAGGED = 1 << 13,
};

/* The shape of a rule, in bits of enum flower_shape; 0 when a flower rule cannot express
 * its family, protocol and form. */
unsigned int flower_shape(const struct rule *rule);

/* Image of the match. IPv4 addresses use the first four bytes. */
struct flower_match {
	uint8_t ethertype[2]; /* of the frame: that of the outer tag, if it has one */
	uint8_t vlan_ethertype[2], cvlan_ethertype[2]; /* behind the outer and the inner tag */
	uint8_t vlan_id[2], cvlan_id[2]; /* in host byte order */
	uint8_t proto;
	uint8_t src[16], src_mask[16];
	uint8_t dst[16], dst_mask[16];
	uint8_t sport[2], sport_mask[2];
	uint8_t dport[2], dport_mask[2];
	uint8_t tcp_flags[2], tcp_flags_mask[2];
	uint8_t flags[4], flags_mask[4];
	uint8_t ttl, ttl_mask;
	uint8_t dmac[6], dmac_mask[6];
	uint8_t hash[4], hash_mask[4];
};

struct flower_match_field {
	uint16_t attr;   /* TCA_FLOWER_KEY_x */
	uint16_t shapes; /* enum flower_shape bits that have it */
	uint8_t offset; /* in struct flower_match */
	uint8_t len;
};

#define FLOWER_MATCH_FIELDS 32
static_assert(FLOWER_MATCH_FIELDS <= 32, "a set of them has 32 bits");
extern const struct flower_match_field flower_match_fields[FLOWER_MATCH_FIELDS];

void flower_match_of(const struct rule *rule, struct flower_match *ret);

/* Image of the rewrite. */
struct flower_rewrite {
	uint8_t eth_dst[6], eth_src[6];
	uint8_t ttl; /* RULE_EXACT_TTL: the new TTL; else added to the TTL */
	uint8_t src[16], dst[16];
	uint8_t sport[2], dport[2];
	uint8_t ident[2]; /* added to the IPv4 identification */
};

/* Bits of enum rule_form that cause a rewrite, placed above those of enum rule_rewrite. */
#define FLOWER_FORM(bit) ((bit) << 8)

/* One pedit key: the bytes of one 32-bit word of a header that it rewrites. */
struct flower_rewrite_field {
	uint16_t bit;   /* enum rule_rewrite, or FLOWER_FORM() of an enum rule_form */
	uint8_t family; /* FAMILY_NONE: both */
	uint8_t header; /* enum pedit_header_type; TCP stands for UDP as well */
	uint8_t word;   /* offset of the word in the header */
	uint8_t first;  /* first byte in the word */
	uint8_t len;    /* number of bytes */
	uint8_t offset; /* in struct flower_rewrite */
};

#define FLOWER_REWRITE_FIELDS 21
extern const struct flower_rewrite_field flower_rewrite_fields[FLOWER_REWRITE_FIELDS];

void flower_rewrite_of(const struct rule *rule, struct flower_rewrite *ret);
/* True when the pedit action of this rule has this key. */
bool flower_has_field(const struct flower_rewrite_field *field, const struct rule *rule);
/* enum pedit_header_type and enum pedit_cmd of a field. */
uint16_t flower_pedit_header(const struct flower_rewrite_field *field, uint8_t proto);
uint16_t flower_pedit_cmd(const struct flower_rewrite_field *field);

/* The checksums that act_csum updates (TCA_CSUM_UPDATE_FLAG_x); 0 = the rule has no
 * act_csum. */
uint32_t flower_csum_flags(const struct rule *rule);

#define FLOWER_COOKIE_SIZE 16 /* TC_COOKIE_MAX_SIZE */

void flower_cookie_put(const struct rule_cookie *cookie, uint8_t buf[FLOWER_COOKIE_SIZE]);
/* False when it is not one of ours. */
bool flower_cookie_get(const void *data, size_t len, struct rule_cookie *ret);

/* In host byte order; ETH_P_ALL for FAMILY_NONE. */
uint16_t flower_ethertype(uint8_t family);
/* enum family; FAMILY_NONE for any other ethertype. */
uint8_t flower_family(uint16_t ethertype);

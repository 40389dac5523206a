/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recipe - the form in which a driver accepts rules between two ports, and which
 * rules it accepts in that form.
 *
 * Drivers differ in how a rule must be expressed, and most accept only some kinds
 * of rules. A *shape* is one way to express a rule. A *class* is what a rule does:
 * its family, its protocol, whether it translates the source, whether it
 * translates the destination. A *recipe* is the shape that a driver accepted when
 * it was probed, with the classes that it accepted in that shape. In each shape, rules
 * that match the port's own destination MAC address are tried before those that do not.
 *
 * Pure. Used by the engine, by the worker that probes, and by the fake kernel.
 */
#pragma once

#include "core/settings.h"
#include "model/order.h"

/* Shapes, in the order in which they are tried. */
#define RECIPE_SHAPE_LIST(X)                                                                     \
	X(FULL, "full", "TTL decremented, csum action for the checksums")                        \
	X(NO_CSUM, "no-csum", "TTL decremented, checksums left to the NIC")                      \
	X(EXACT_TTL, "exact-ttl", "TTL matched and set to one less")                             \
	X(IMPLICIT, "implicit-ttl", "ingress port matched, TTL left to the NIC")

enum recipe_shape {
#define X(id, name, text) RECIPE_##id,
	RECIPE_SHAPE_LIST(X)
#undef X
	RECIPE_SHAPE__COUNT,
};

/* Which prios the rules of a port use, counted from settings.tc_priority. A prio
 * is for one ethertype (tcf_chain_tp_find), or for ETH_P_ALL. */
enum recipe_layout {
	RECIPE_PRIOS, /* one for each ethertype, and one for its guards before it (core/rules/slot) */
	RECIPE_PRIO,  /* all rules in one prio, for NICs that support no other; no guards, no tags */
	RECIPE_LAYOUT__COUNT,
};

/* Bits of the number of a class. There are 16 classes, so a set of them is 16 bits. */
#define RECIPE_CLASSES	   16
#define RECIPE_CLASSES_ALL 0xffff
enum recipe_class {
	RECIPE_IP6 = 1 << 0,
	RECIPE_UDP = 1 << 1,
	RECIPE_SRC = 1 << 2, /* source address or port is rewritten */
	RECIPE_DST = 1 << 3, /* destination address or port is rewritten */
};

struct recipe {
	uint8_t shape;	  /* enum recipe_shape */
	uint8_t layout;	  /* enum recipe_layout */
	bool with_dmac;	  /* rules match the destination MAC address */
	uint16_t classes; /* bit i: class i is accepted */
	uint16_t mtu_classes; /* those that are also accepted with RULE_WITH_MTU; read only for a
			       * class in `classes` */
	uint32_t tags; /* bit recipe_tags_bit(): these tags are accepted */
};

const char *recipe_shape_name(enum recipe_shape shape);
const char *recipe_shape_text(enum recipe_shape shape);

/* The class of a rule that turns @in into @out. */
unsigned int recipe_class_of(const struct tuple *in, const struct tuple *out);
/* The class of the rule for one direction of a connection. */
unsigned int recipe_class_of_dir(const struct tuple *orig, const struct tuple *reply, enum dir dir);
/* Such as "tcp ip4 snat". */
#define RECIPE_CLASS_STR_SIZE 32
const char *recipe_class_to_str(unsigned int class, char buf[RECIPE_CLASS_STR_SIZE]);

/* Makes the rule that probes whether a class is accepted. It matches documentation
 * addresses, which do not occur. @sample gives its place and shape. */
void recipe_probe(const struct rule *sample, unsigned int class, struct rule *ret);
/* Adds a size check to a probe. */
void recipe_check_size(struct rule *probe);
/* Has a probe match packets with tags and send them with others. */
void recipe_tag(struct rule *probe, uint16_t tc_priority, enum vlan_encap in, enum vlan_encap out);
/* The bit for packets that arrive as @in and leave as @out. That of untagged packets that stay so is not
 * used. */
static inline uint32_t recipe_tags_bit(enum vlan_encap in, enum vlan_encap out)
{
	return 1u << ((unsigned int)in * VLAN_ENCAP__COUNT + (unsigned int)out);
}

/* True when packets that arrive as @in are accepted, however they leave. */
static inline bool recipe_tags_match(uint32_t tags, enum vlan_encap in)
{
	return tags >> (unsigned int)in * VLAN_ENCAP__COUNT & VLAN_ENCAPS_ALL;
}

/* Makes an odd rule, one that no NIC can execute, in the same place. @n is 0 to
 * RECIPE_ODD - 1. A driver that accepts it does not check its rules. */
#define RECIPE_ODD 2
void recipe_odd(const struct rule *sample, unsigned int n, struct rule *ret);

/* The bits of enum rule_form for rules of this recipe. */
uint8_t recipe_form(const struct recipe *recipe);
/* The recipe of software rules: the full shape, all classes. */
#define RECIPE_SOFTWARE                                                                          \
	((struct recipe){ RECIPE_FULL, RECIPE_PRIOS, true, RECIPE_CLASSES_ALL, RECIPE_CLASSES_ALL, 0 })

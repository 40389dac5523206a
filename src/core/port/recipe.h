/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recipe - how the driver between two ports wants its rules, and which it takes.
 *
 * Drivers understand the same rule in different words, and most understand only
 * part of it. A *shape* is one wording; a *class* is what a rule has to do:
 * family, protocol, translation of source, of destination. A recipe is the
 * shape that a driver took when it was probed, with the classes that it took.
 *
 * Pure. Used by the engine, by the worker that probes, and by the fake kernel.
 */
#pragma once

#include "core/settings.h"
#include "model/order.h"

/* In the order in which they are tried. */
#define RECIPE_SHAPE_LIST(X)                                                                     \
	X(FULL, "full", "TTL decremented, checksums named")                                      \
	X(NO_CSUM, "no-csum", "TTL decremented, checksums left to the NIC")                      \
	X(EXACT_TTL, "exact-ttl", "TTL matched and set to one less")                             \
	X(IMPLICIT, "implicit-ttl", "port of arrival matched, TTL left to the NIC")

enum recipe_shape {
#define X(id, name, text) RECIPE_##id,
	RECIPE_SHAPE_LIST(X)
#undef X
	RECIPE_SHAPE__COUNT,
};

/* Which prios the rules of a port use, counted from settings.tc_priority. A prio
 * belongs to one ethertype (tcf_chain_tp_find), unless it is for all. */
enum recipe_layout {
	RECIPE_PRIOS, /* guards in two prios, IPv4 in the third, IPv6 in the fourth */
	RECIPE_PRIO,  /* all in one, for NICs that have no other; no guards */
	RECIPE_LAYOUT__COUNT,
};

/* Number of a class: 16 of them, so that a set fits 16 bits. */
#define RECIPE_CLASSES	   16
#define RECIPE_CLASSES_ALL 0xffff
enum recipe_class {
	RECIPE_IP6 = 1 << 0,
	RECIPE_UDP = 1 << 1,
	RECIPE_SRC = 1 << 2, /* source address or port is rewritten */
	RECIPE_DST = 1 << 3, /* destination address or port */
};

struct recipe {
	uint8_t shape;	  /* enum recipe_shape */
	uint8_t layout;	  /* enum recipe_layout */
	uint16_t classes; /* bit i: class i is taken */
};

const char *recipe_shape_name(enum recipe_shape shape);
const char *recipe_shape_text(enum recipe_shape shape);

/* The class of a rule that makes @in leave as @out. */
unsigned int recipe_class_of(const struct tuple *in, const struct tuple *out);
/* "tcp ip4 snat" and so on. */
#define RECIPE_CLASS_STR_SIZE 32
const char *recipe_class_to_str(unsigned int class, char buf[RECIPE_CLASS_STR_SIZE]);

/* The rule that asks whether a class is taken: documentation addresses that
 * cannot occur. @sample says where it sits and in which shape. */
void recipe_probe(const struct rule *sample, unsigned int class, struct rule *ret);
/* What no NIC can do, in the same place. @n counts from 0 to RECIPE_ODD - 1. */
#define RECIPE_ODD 2
void recipe_odd(const struct rule *sample, unsigned int n, struct rule *ret);

/* The form bits that a recipe asks for. */
uint8_t recipe_form(const struct recipe *recipe);
/* Of software rules: everything, in all words. */
#define RECIPE_SOFTWARE                                                                          \
	((struct recipe){ RECIPE_FULL, RECIPE_PRIOS, RECIPE_CLASSES_ALL })

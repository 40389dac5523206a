/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtable - which flowtable of a ruleset is meant, and what is known of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model/link.h"

/* nft's names are shorter than 256 bytes; those that we are told, than this. */
#define FLOWTABLE_NAME_SIZE 64
/* Devices that are looked at. */
#define FLOWTABLE_MAX_DEVICES 64

struct flowtable_ref {
	uint8_t family; /* NFPROTO_x; 0 = none is meant */
	char table[FLOWTABLE_NAME_SIZE], name[FLOWTABLE_NAME_SIZE];
};

struct flowtable {
	bool is_there;
	bool is_hardware;  /* flags offload */
	bool with_counter; /* conntrack's counters go on */
	bool has_more;     /* devices than fit here */
	unsigned int n_devices;
	char device[FLOWTABLE_MAX_DEVICES][LINK_NAME_SIZE]; /* called so now; sorted */
};

static inline bool flowtable_is_equal(const struct flowtable *a, const struct flowtable *b)
{
	bool is_equal = a->is_there == b->is_there && a->is_hardware == b->is_hardware &&
			a->with_counter == b->with_counter && a->has_more == b->has_more &&
			a->n_devices == b->n_devices;

	for (unsigned int i = 0; is_equal && i < a->n_devices; i++)
		is_equal = strcmp(a->device[i], b->device[i]) == 0;
	return is_equal;
}

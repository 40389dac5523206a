/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flowtable - names a flowtable of the kernel's ruleset, and describes its state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model/link.h"

/*
 * Size of a name, with its NUL. Longer names, which nft allows up to 255 bytes, cannot be
 * configured.
 */
#define FLOWTABLE_NAME_SIZE 64
/* Devices beyond these are ignored. */
#define FLOWTABLE_MAX_DEVICES 64

struct flowtable_ref {
	uint8_t family; /* NFPROTO_x; 0 = no flowtable */
	char table[FLOWTABLE_NAME_SIZE], name[FLOWTABLE_NAME_SIZE];
};

struct flowtable {
	bool is_there;
	bool is_hardware;  /* has "flags offload" */
	bool with_counter; /* has "counter": conntrack still counts packets */
	bool has_more;     /* has more devices than fit here */
	unsigned int n_devices;
	char device[FLOWTABLE_MAX_DEVICES][LINK_NAME_SIZE]; /* current names, sorted */
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

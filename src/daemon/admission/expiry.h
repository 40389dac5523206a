/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expiry - reports set elements when their timeout expires, which the kernel does not do.
 *
 * Bounded: keeps the EXPIRY_MAX elements that expire first. For those that do not fit,
 * every element is reported as possibly expired, every 10 s.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "model/setelem.h"

#define EXPIRY_MAX 1024

struct expiry;

/* Gets n elements that have expired; n = 0: any element may have expired. */
typedef void (*expiry_fn)(void *ctx, const struct setelem *elem, unsigned int n);

MUST_CHECK int expiry_new(struct loop *loop, expiry_fn fn, void *ctx, struct expiry **ret);
void expiry_free(struct expiry *expiry);
/* Returns true if no element is going to expire. */
bool expiry_is_empty(const struct expiry *expiry);
/* 0, or -ENOSPC: this element or one that expires later did not fit. fn is called with n = 0
 * when the first of those that did not fit expires, and every 10 s until the last one has. */
MUST_CHECK int expiry_add(struct expiry *expiry, const struct setelem *elem, mono_t now);

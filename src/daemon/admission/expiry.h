/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expiry - set elements with a time-out, until it is over: the kernel does not say
 * when. Bounded: the soonest are kept, and for what does not fit everything is looked
 * at now and then.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "model/setelem.h"

#define EXPIRY_MAX 1024

struct expiry;

/* Elements whose time is over; n = 0: any element may be. */
typedef void (*expiry_fn)(void *ctx, const struct setelem *elem, unsigned int n);

MUST_CHECK int expiry_new(struct loop *loop, expiry_fn fn, void *ctx, struct expiry **ret);
void expiry_free(struct expiry *expiry);
/* No element is waited for. */
bool expiry_is_empty(const struct expiry *expiry);
/* 0, or -ENOSPC: this one or a later one did not fit. fn is called with n = 0 when the first
 * of those is over, and now and then until the last. */
MUST_CHECK int expiry_add(struct expiry *expiry, const struct setelem *elem, mono_t now);

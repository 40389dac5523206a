/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expiry - set elements with a time-out, until it is over: the kernel does not say
 * when. Bounded: what does not fit shortens the wait for all.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "model/setelem.h"

#define EXPIRY_MAX 1024

struct expiry;

/* Elements whose time is over; n = 0: any element may be. */
typedef void (*expiry_fn)(void *ctx, const struct setelem *elem, unsigned int n);

MUST_CHECK int expiry_new(struct loop *loop, expiry_fn fn, void *ctx, struct expiry **ret);
void expiry_free(struct expiry *expiry);
/* 0, or -ENOSPC: fn is called with n = 0 when its time is over, or one before it that did
 * not fit, and now and then until the last of these. */
MUST_CHECK int expiry_add(struct expiry *expiry, const struct setelem *elem, mono_t now);

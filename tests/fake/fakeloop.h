/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakeloop - base/loop and base/mono with a time that the test moves.
 *
 * Linked before libbase.a, in the place of both. A timer fires when the test lets its time
 * pass, so five minutes take no time, and nothing depends on the speed of the machine.
 * Descriptors are real and are polled. There are no signals and no statistics.
 */
#pragma once

#include "base/loop.h"

/* Sets the clock to a fixed time other than 0. */
void fakeloop_reset(void);
/* Advances the clock at once. Any thread may call this. */
void fakeloop_add_us(int64_t us);

/* Runs this number of rounds, without waiting. */
void fakeloop_rounds(struct loop *loop, unsigned int n);
/* Runs rounds until nothing is left to do now. */
void fakeloop_settle(struct loop *loop);
/* Settles, then lets @ms pass, and stops at each time at which a timer is due. */
void fakeloop_pass(struct loop *loop, int64_t ms);
/* Runs rounds until fn returns true; waits for descriptors, but lets no time pass. */
void fakeloop_until(struct loop *loop, bool (*fn)(void *ctx), void *ctx);

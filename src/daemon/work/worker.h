/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - one thread that programs rules.
 *
 * A driver may take milliseconds for a rule, and the kernel runs a request
 * inside the call that sends it; so rules are programmed here, away from the
 * thread that reads events. Orders come in by two rings, removals before
 * installs, and every order is answered with one event. Batches: many requests
 * per system call.
 *
 * An install is a transaction: conntrack is told first, then both rules go in,
 * and if one is refused the other comes out again before the answer is given.
 *
 * How much goes into one batch, and how much may wait for it, is a matter of time
 * (pace): what waits in the engine can still be changed at no cost.
 *
 * The rings are sized so that an answer always has room: there are never more
 * orders under way than the two rings and one batch hold.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"
#include "model/order.h"

struct worker;

#define WORKER_INSTALLS 1024 /* orders that fit the ring; fewer wait there on a slow NIC */
#define WORKER_REMOVALS 4096

/* Starts the thread. 0 or -errno. */
int worker_start(unsigned int number, struct worker **ret) MUST_CHECK;

/* Tells it to end after its present batch, without waiting. */
void worker_ask_to_stop(struct worker *worker);
/*
 * Ends the thread and frees it. False when it did not end in time, because it does
 * not come back from the kernel: the thread, and all that it works with, is left
 * as it is. NULL is fine.
 */
bool worker_stop(struct worker *worker, int wait_ms) MUST_CHECK;

/*
 * True when it has been in one call into the kernel for so long that it may never
 * come back: a driver that says EAGAIN makes tc_new_tfilter repeat the request for
 * ever, where no signal ends it. *ret_us is how long, and set on true only.
 */
bool worker_is_stuck(struct worker *worker, mono_t now, int64_t *ret_us);

/* Ports of the rules that it is, or was last, busy with, as far as there is room. */
#define WORKER_DEVICES 4
unsigned int worker_devices(const struct worker *worker, uint32_t ret[WORKER_DEVICES]);

/* The class of order this is for is told by its type. False when enough waits:
 * keep the order in the engine until the next answer. Main thread. */
bool worker_has_room(const struct worker *worker, bool for_removal);
void worker_push(struct worker *worker, const struct order *order);

/* Readable when answers wait. Main thread. */
int worker_fd(const struct worker *worker);
/* Next answer; false when there is none and the descriptor is armed again. */
bool worker_pop(struct worker *worker, struct event *ret);
/* Call once before popping after the descriptor became readable. */
void worker_woken(struct worker *worker);

/* The changes of this socket come back as conntrack events with this address. */
uint32_t worker_ct_portid(const struct worker *worker);

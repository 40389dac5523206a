/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - a thread that programs rules.
 *
 * A driver may take milliseconds for a rule, and the kernel executes a request inside the
 * system call that sends it. So rules are programmed by workers and not by the thread that
 * reads events. Orders arrive in two rings, and removals are executed before installs. Each
 * order is answered with one event. Many requests are sent in one system call (a batch).
 *
 * An install is a transaction: first conntrack is updated, then both rules are added. If one
 * is refused, the other is removed before the answer is sent.
 *
 * The size of a batch, and how much may wait for it, are limited by time (pace), because
 * orders that are still in the engine can be changed at no cost.
 *
 * There is always room for an answer: there are never more orders in progress than the ring
 * of answers can hold.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mono.h"
#include "model/order.h"

struct worker;

#define WORKER_INSTALLS 1024 /* orders that fit in the ring; fewer may wait on a slow NIC */
#define WORKER_REMOVALS 4096

/* Starts the thread. Returns 0 or -errno. */
int worker_start(unsigned int number, struct worker **ret) MUST_CHECK;

/* Tells the thread to end after its current batch. Does not wait. */
void worker_ask_to_stop(struct worker *worker);
/*
 * Ends the thread and frees the worker. Returns false if the thread did not end in time
 * because it does not return from the kernel. Then the thread and everything it uses are left
 * as they are. NULL is fine.
 */
bool worker_stop(struct worker *worker, int wait_ms) MUST_CHECK;

/*
 * True if the worker has been in one call into the kernel for so long that it may never
 * return: if a driver returns EAGAIN, tc_new_tfilter repeats the request forever, and no
 * signal ends that. *ret_us is the time in the call; it is set only if the result is true.
 */
bool worker_check_stuck(struct worker *worker, mono_t now, int64_t *ret_us);

/* Ports of the rules that the worker handles or last handled, at most WORKER_DEVICES. */
#define WORKER_DEVICES 4
unsigned int worker_devices(const struct worker *worker, uint32_t ret[WORKER_DEVICES]);

/* Whether the ring for removals or for installs takes another order. If not, keep the order
 * in the engine until the next answer. worker_push() chooses the ring by the order's type.
 * A worker that sleeps sees the orders only after worker_wake(). Main thread. */
bool worker_has_room(const struct worker *worker, bool for_removal);
void worker_push(struct worker *worker, const struct order *order);
void worker_wake(struct worker *worker);

/* Readable if there are answers. Main thread. */
int worker_fd(const struct worker *worker);
/* Takes the next answer. False if there is none; the descriptor is armed again then. */
bool worker_pop(struct worker *worker, struct event *ret);
/* To be called once after the descriptor became readable, before worker_pop(). */
void worker_woken(struct worker *worker);

/* Netlink address of the conntrack socket. Events that the worker's changes cause carry it. */
uint32_t worker_ct_portid(const struct worker *worker);

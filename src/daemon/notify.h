/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify - tells the service manager how we are: ready, stopping, status text,
 * still alive.
 *
 * Speaks the protocol of sd_notify(3): one datagram per message to the socket
 * that NOTIFY_SOCKET names. Where there is no such variable every function
 * does nothing, so callers need not ask.
 *
 * Main thread. Never blocks: a message that does not fit into the manager's
 * queue is lost, which is harmless for all that is sent here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct notify;

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment.
 * 0, also when nobody wants to be told; -EINVAL when the address is not one;
 * -ENOMEM; or what socket() says. On failure ret is NULL, which every function
 * here takes.
 */
MUST_CHECK int notify_new(struct notify **ret);
void notify_free(struct notify *notify);

/* Somebody listens. */
bool notify_is_wanted(const struct notify *notify);

/* Start-up is complete. status may be NULL. */
void notify_ready(struct notify *notify, const char *status);

/* The one line that `systemctl status` shows. The same text again is not sent. */
PRINTF_LIKE(2, 3) void notify_status(struct notify *notify, const char *fmt, ...);

/* Configuration is being read again; notify_ready() ends it. */
void notify_reloading(struct notify *notify);

/* The service is going down. */
void notify_stopping(struct notify *notify);

/* Going down takes longer: this much from now is allowed, whatever the manager's
 * limit was (EXTEND_TIMEOUT_USEC). Must come before the limit is over. */
void notify_extend(struct notify *notify, uint64_t ms);

/*
 * Milliseconds between two calls of notify_watchdog(), half of what the manager
 * allows; 0 when it does not watch this process.
 */
uint64_t notify_watchdog_ms(const struct notify *notify);
void notify_watchdog(struct notify *notify);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify - reports the state of the daemon to the service manager: ready, reloading,
 * stopping, alive, and a status text.
 *
 * Speaks the protocol of sd_notify(3): one datagram per message to the socket
 * that NOTIFY_SOCKET names. Without that variable every function does nothing,
 * so callers need not check.
 *
 * Main thread. Never blocks: a message that does not fit into the manager's
 * queue is lost and not repeated.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct notify;

/*
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment.
 * 0, also without NOTIFY_SOCKET; -EINVAL when the address is malformed;
 * -ENOMEM; or the error of socket(). On failure and without NOTIFY_SOCKET *ret is
 * NULL, which every function here accepts.
 */
MUST_CHECK int notify_new(struct notify **ret);
void notify_free(struct notify *notify);

/* Returns true if a service manager wants to be notified. */
bool notify_is_wanted(const struct notify *notify);

/* Start-up is complete. status may be NULL. */
void notify_ready(struct notify *notify, const char *status);

/* Sets the one line that `systemctl status` shows. An unchanged text is not sent again. */
PRINTF_LIKE(2, 3) void notify_status(struct notify *notify, const char *fmt, ...);

/* The configuration is being reloaded; notify_ready() ends this state. */
void notify_reloading(struct notify *notify);

/* The service is going down. */
void notify_stopping(struct notify *notify);

/* Asks for more time to stop: ms from now, whatever the manager's limit was
 * (EXTEND_TIMEOUT_USEC). Must be sent before that limit expires. */
void notify_extend(struct notify *notify, uint64_t ms);

/*
 * Milliseconds between two calls of notify_watchdog(): half of what the manager
 * allows; 0 when it does not watch this process.
 */
uint64_t notify_watchdog_ms(const struct notify *notify);
void notify_watchdog(struct notify *notify);

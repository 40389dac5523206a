/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlsock - the control socket: accepts clients and determines their rights.
 *
 * Listens on a Unix stream socket and creates a client (ctlcall.h) for each connection.
 * Requests are varlink, see nft-offload/ctl.h. This module does not know what the commands
 * mean. Calls of org.varlink.service do not reach the owner.
 *
 * Rights follow from the peer's credentials. Root and the user that the daemon runs as may
 * call everything. Members of the control group may call commands that do not mutate.
 * Everyone else may call only org.varlink.service and gets an error that says why. The socket
 * file is open to everyone so that they get this error. Group membership is that of the
 * connecting process, not that of the group file.
 *
 * Limits: CTL_CLIENTS_MAX clients, of which CTLSOCK_CLIENTS_RESERVED are reserved for full
 * rights and CTLSOCK_CLIENTS_STRANGERS is the maximum without any rights;
 * CTL_REQUEST_MAX_BYTES per request; the output queue; and CTLSOCK_STALL_MS for a client that
 * does not read.
 *
 * Everything runs on the loop's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/control/ctlcall.h"
#include "nft-offload/ctl.h"

/* A client is dropped if it has replies to read and reads nothing for this long. A client
 * without rights is also dropped if it sends nothing for this long. */
#define CTLSOCK_STALL_MS 30000
/* Of CTL_CLIENTS_MAX: clients reserved for full rights, and the maximum of clients without
 * any rights. */
#define CTLSOCK_CLIENTS_RESERVED 4
#define CTLSOCK_CLIENTS_STRANGERS 8

struct ctlsock;

/* Returns 0, or -EADDRINUSE, logged, if another daemon listens at path. */
int ctlsock_check(const char *path) MUST_CHECK;

/*
 * Listens at path. Creates the directory (0755) if it is missing, and removes the socket of a
 * daemon that is no longer running. group may be NULL or "". Logs errors. Returns 0;
 * -EADDRINUSE if another process listens there; -EEXIST if path is something other than a
 * socket; -ENOENT if the group does not exist; -ENAMETOOLONG; -ENOMEM; or another -errno of a
 * system call.
 */
MUST_CHECK int ctlsock_new(struct loop *loop, const char *path, const char *group,
			   const struct ctl_command *commands, size_t n_commands, void *ctx,
			   struct ctlsock **ret);

/*
 * Drops all clients (which destroys the state of their calls), closes the socket, and removes
 * the socket file if it is still ours. NULL is fine. Must not be called from a handler.
 */
void ctlsock_free(struct ctlsock *sock);

/*
 * Adds a connected stream socket as a client with the given rights, regardless of the peer.
 * Takes ownership of fd, also on failure. Returns 0; -EBUSY if there are too many clients,
 * after the peer has been told; or -ENOMEM.
 */
MUST_CHECK int ctlsock_add_client(struct ctlsock *sock, int fd, enum ctl_rights rights);

unsigned int ctlsock_client_count(const struct ctlsock *sock);

/* Credentials of the process at the other end. */
struct ctlsock_peer {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
};

/* Rights by the rule above. own_uid is the daemon's user; group is NULL if there is no
 * control group. */
enum ctl_rights ctlsock_rights_of(const struct ctlsock_peer *peer, uid_t own_uid,
				  const gid_t *group);

/* For tests: replaces CTLSOCK_STALL_MS. */
void ctlsock_set_stall_ms(struct ctlsock *sock, unsigned int ms);

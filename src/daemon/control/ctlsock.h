/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlsock - the control socket: who may come in, and what for.
 *
 * Listens on a Unix stream socket and makes a client (ctlcall.h) of each
 * connection. Requests are varlink, see nft-offload/ctl.h; what the commands
 * mean is not known here. org.varlink.service is answered without the owner.
 *
 * Rights, from the peer's credentials: root and the user that the daemon runs
 * as may do everything; members of the control group may call commands that do
 * not mutate; all others may call only org.varlink.service and are told why. The
 * socket itself is open to everyone so that they can be told. Membership is
 * that of the connecting process, not of the group file.
 *
 * Bounded: CTL_CLIENTS_MAX clients, of which some places are kept for root and
 * only a few given to those without rights; CTL_REQUEST_MAX_BYTES per request;
 * the output queue; and CTLSOCK_STALL_MS for a client that does not read.
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

/* A client that has something to read and takes nothing of it for so long is dropped;
 * so is one without rights that asks nothing. */
#define CTLSOCK_STALL_MS 30000
/* Of CTL_CLIENTS_MAX: places kept for full rights, and places for those without any. */
#define CTLSOCK_CLIENTS_RESERVED 4
#define CTLSOCK_CLIENTS_STRANGERS 8

struct ctlsock;

/* 0, or -EADDRINUSE, logged: another daemon listens there. */
int ctlsock_check(const char *path) MUST_CHECK;

/*
 * Listens at path. Makes the directory (0755) if it is missing, and removes the
 * socket of a daemon that has died. group may be NULL or "". Logs what is
 * wrong. 0; -EADDRINUSE when another process listens there; -EEXIST when there
 * is something else than a socket; -ENOENT when the group does not exist;
 * -ENAMETOOLONG; -ENOMEM; or what the system said.
 */
MUST_CHECK int ctlsock_new(struct loop *loop, const char *path, const char *group,
			   const struct ctl_command *commands, size_t n_commands, void *ctx,
			   struct ctlsock **ret);

/*
 * Drops all clients (the states of their calls are destroyed), closes, and
 * removes the socket file if it is still ours. NULL is fine. Not from inside a
 * handler.
 */
void ctlsock_free(struct ctlsock *sock);

/*
 * Takes a connected stream socket as a client with the given rights, whoever the
 * peer is. The descriptor moves here, also on failure. 0; -EBUSY when there are
 * too many, the peer has then been told; -ENOMEM.
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

/* The rule above: own_uid is the daemon's user, group NULL when there is no control group. */
enum ctl_rights ctlsock_rights_of(const struct ctlsock_peer *peer, uid_t own_uid,
				  const gid_t *group);

/* For tests: another time than CTLSOCK_STALL_MS. */
void ctlsock_set_stall_ms(struct ctlsock *sock, unsigned int ms);

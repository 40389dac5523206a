/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that a client writes to the control socket. The first byte chooses the rights of
 * the client. Only a client with full rights may start a command that changes something.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/control/ctlsock.h"
#include "fuzz/fuzz.h"

#define ROUNDS_MAX 64

static enum ctl_rights rights;

static void start_status(struct ctl_call *call, json_t *parameters)
{
	ctl_call_reply(call, json_pack("{s:O}", "echo", parameters));
}

static void start_flows(struct ctl_call *call, json_t *parameters UNUSED)
{
	for (int i = 0; i < 10; i++)
		ctl_call_row(call, json_pack("{s:i}", "row", i));
	ctl_call_end(call);
}

static void start_flush(struct ctl_call *call, json_t *parameters)
{
	if (rights != CTL_RIGHTS_FULL)
		abort();
	ctl_call_error_parameter(call, "all", "%zu", json_object_size(parameters));
}

static const struct ctl_command commands[] = {
	{ CTL_METHOD_STATUS, false, start_status, false },
	{ CTL_METHOD_FLOWS, false, start_flows, true },
	{ CTL_METHOD_FLUSH, true, start_flush, false },
};

struct target {
	struct loop *loop;
	struct ctlsock *sock;
	char path[64];
};

static void remove_socket(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/nfo-fuzz-%d", (int)getpid());
	unlink(path);
}

static struct target *target(void)
{
	static struct target t;

	if (t.loop)
		return &t;
	t.loop = loop_new();
	snprintf(t.path, sizeof(t.path), "/tmp/nfo-fuzz-%d", (int)getpid());
	if (!t.loop || ctlsock_new(t.loop, t.path, NULL, commands, array_size(commands), NULL,
				   &t.sock))
		abort();
	atexit(remove_socket);
	return &t;
}

static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum ctl_rights all_rights[] = { CTL_RIGHTS_NONE, CTL_RIGHTS_READ,
						      CTL_RIGHTS_FULL };
	struct target *t = target();
	size_t sent = 1;
	int fds[2];

	if (size < 1)
		return 0;
	rights = all_rights[data[0] % array_size(all_rights)];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) ||
	    ctlsock_add_client(t->sock, fds[1], rights))
		abort();
	for (unsigned int i = 0; i < ROUNDS_MAX && ctlsock_client_count(t->sock); i++) {
		ssize_t n = sent < size ? send(fds[0], data + sent, size - sent, MSG_NOSIGNAL) : 0;

		sent += n > 0 ? (size_t)n : 0;
		if (sent >= size)
			IGNORE_RESULT(shutdown(fds[0], SHUT_WR));
		loop_run_once(t->loop, false);
		drain(fds[0]);
	}
	close(fds[0]);
	for (unsigned int i = 0; i < ROUNDS_MAX && ctlsock_client_count(t->sock); i++)
		loop_run_once(t->loop, false);
	/* A client that is gone must be removed. */
	if (ctlsock_client_count(t->sock))
		abort();
	fuzz_check_bugs();
	return 0;
}

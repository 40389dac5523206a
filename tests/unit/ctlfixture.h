/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlfixture - shared by the tests of the control socket: an owner with
 * commands that answer in all possible ways, and clients.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/util.h"
#include "daemon/control/ctlsock.h"

/* ---- the owner: commands that answer in all possible ways */

struct owner {
	unsigned int flushes;
	unsigned int destroyed;
	struct ctl_call *waiting; /* the call of "Wait" */
	unsigned int rows_made;
};

static struct owner owner;

static inline void start_status(struct ctl_call *call, json_t *parameters)
{
	assert_ptr_equal(ctl_call_ctx(call), &owner);
	assert_true(json_is_object(parameters));
	ctl_call_reply(call, json_pack("{s:s, s:O}", "state", "fine", "echo", parameters));
}

struct rows {
	unsigned int left, number;
};

static inline void free_rows(void *state)
{
	owner.destroyed++;
	free(state);
}

static inline bool more_rows(struct ctl_call *call, void *state)
{
	struct rows *rows = state;

	for (int i = 0; i < 100 && rows->left && ctl_call_has_room(call); i++) {
		ctl_call_row(call, json_pack("{s:i, s:s}", "row", (int)rows->number++, "text",
					     "a row of some length, so that it fills the queue"));
		rows->left--;
		owner.rows_made++;
	}
	return rows->left > 0;
}

static inline void start_rows(struct ctl_call *call, json_t *parameters)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	assert_non_null(rows);
	rows->left = (unsigned int)json_integer_value(json_object_get(parameters, "n"));
	ctl_call_set_more(call, more_rows, rows, free_rows);
}

static inline void forget_waiting(void *state)
{
	struct owner *o = state;

	o->waiting = NULL;
	o->destroyed++;
}

/* Does not answer; the test does, through owner.waiting. */
static inline void start_wait(struct ctl_call *call, json_t *parameters UNUSED)
{
	owner.waiting = call;
	ctl_call_set_more(call, NULL, &owner, forget_waiting);
}

static inline bool more_once(struct ctl_call *call, void *state)
{
	struct owner *o = state;

	o->rows_made++;
	ctl_call_reply(call, json_pack("{s:s}", "state", "resumed"));
	return true;
}

static inline void start_paused(struct ctl_call *call, json_t *parameters UNUSED)
{
	owner.waiting = call;
	ctl_call_pause(call);
	ctl_call_set_more(call, more_once, &owner, forget_waiting);
}

static inline void start_flush(struct ctl_call *call, json_t *parameters)
{
	if (!json_is_true(json_object_get(parameters, "all"))) {
		ctl_call_error_parameter(call, "all", "must be %s", "true");
		return;
	}
	owner.flushes++;
	ctl_call_reply(call, json_pack("{s:i}", "flushed", 3));
}

static inline void start_large(struct ctl_call *call, json_t *parameters)
{
	size_t n = (size_t)json_integer_value(json_object_get(parameters, "n"));
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, 'x', n);
	if (ctl_call_wants_more(call)) {
		ctl_call_row(call, json_pack("{s:s#}", "text", text, (int)n));
		ctl_call_row(call, json_pack("{s:s}", "text", "after"));
		ctl_call_end(call);
	} else {
		ctl_call_reply(call, json_pack("{s:s#}", "text", text, (int)n));
	}
	free(text);
}

/* Ignores the high mark of the queue. */
static inline void start_flood(struct ctl_call *call, json_t *parameters UNUSED)
{
	char text[1024];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 8 * 1024; i++)
		ctl_call_row(call, json_pack("{s:s#}", "text", text, (int)sizeof(text)));
	ctl_call_end(call);
}

static inline void start_null(struct ctl_call *call, json_t *parameters UNUSED)
{
	ctl_call_reply(call, NULL); /* as after json_pack() without memory */
}

static const struct ctl_command commands[] = {
	{ .method = "org.nftoffload.Status", .start = start_status },
	{ .method = "org.nftoffload.Rows", .start = start_rows, .needs_more = true },
	{ .method = "org.nftoffload.Wait", .start = start_wait },
	{ .method = "org.nftoffload.Paused", .start = start_paused },
	{ .method = "org.nftoffload.Flush", .mutates = true, .start = start_flush },
	{ .method = "org.nftoffload.Large", .start = start_large },
	{ .method = "org.nftoffload.Flood", .start = start_flood, .needs_more = true },
	{ .method = "org.nftoffload.Null", .start = start_null },
};

/* ---- the fixture: a loop, a listening socket in a directory of its own */

static struct loop *loop;
static struct ctlsock *sock;
static char dir[64], path[96];

static inline void no_log(void *ctx UNUSED, enum log_level level UNUSED, const char *tag UNUSED,
			  const char *text UNUSED)
{
}

static inline int setup(void **state UNUSED)
{
	memset(&owner, 0, sizeof(owner));
	log_set_hook(no_log, NULL);
	strcpy(dir, "/tmp/nft-offload-ctl-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	/* Other users must be able to reach the socket. */
	if (chmod(dir, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/ctl", dir);
	loop = loop_new();
	return loop ? ctlsock_new(loop, path, NULL, commands, array_size(commands), &owner, &sock)
		    : -1;
}

static inline int teardown(void **state UNUSED)
{
	ctlsock_free(sock);
	sock = NULL;
	loop_free(loop);
	unlink(path);
	log_set_hook(NULL, NULL);
	return rmdir(dir);
}

static inline void spin(void)
{
	for (int i = 0; i < 20; i++)
		loop_run_once(loop, false);
}

/* Adds a connected client with the given rights. Returns the client's end. */
static inline int add_client(enum ctl_rights rights)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(ctlsock_add_client(sock, fds[1], rights), 0);
	return fds[0];
}

static inline int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Sends text with its NUL. */
static inline void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text) + 1, MSG_NOSIGNAL), strlen(text) + 1);
}

/* Returns the next message; runs the loop while it waits. NULL at the end of the stream. */
static inline json_t *take(int fd)
{
	static char buf[512 * 1024];
	size_t len = 0;

	for (int idle = 0; idle < 100;) {
		ssize_t n = recv(fd, buf + len, 1, 0);
		json_t *message;

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return NULL;
		if (n < 0) {
			loop_run_once(loop, false);
			idle++;
			continue;
		}
		idle = 0;
		if (buf[len] == '\0') {
			message = json_loadb(buf, len, 0, NULL);
			assert_non_null(message);
			return message;
		}
		len += (size_t)n;
		assert_true(len < sizeof(buf));
	}
	fail_msg("no answer");
	return NULL;
}

static inline json_t *ask(int fd, const char *request)
{
	put(fd, request);
	return take(fd);
}

static inline void expect_text(json_t *message, const char *outer, const char *inner,
			       const char *text)
{
	const json_t *value = json_object_get(message, outer);

	if (inner)
		value = json_object_get(value, inner);
	assert_non_null(json_string_value(value));
	assert_string_equal(json_string_value(value), text);
}

static inline void expect_error(json_t *message, const char *name)
{
	expect_text(message, "error", NULL, name);
	assert_true(json_is_object(json_object_get(message, "parameters")));
	json_decref(message);
}

static inline void expect_closed(int fd)
{
	spin();
	assert_null(take(fd));
	assert_int_equal(ctlsock_client_count(sock), 0);
}

static inline uint64_t count(const char *name)
{
	const struct counter *counter = counter_find(name);

	assert_non_null(counter);
	return counter_read(counter);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

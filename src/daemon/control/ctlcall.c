/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlcall.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mono.h"
#include "base/strbuf.h"
#include "daemon/control/varlink.h"
#include "nft-offload/ctl.h"

LOG_TAG("ctlcall");

COUNTER(ctl_requests, "requests from control clients");
COUNTER(ctl_requests_bad, "requests from control clients that are not varlink, or too large");
COUNTER(ctl_requests_denied, "requests from control clients that lack the permission");
COUNTER(ctl_clients_stalled, "control clients dropped because they did not read or send anything");
COUNTER(ctl_clients_overflowed, "control clients dropped because too many answers were queued");

/* Size of the text in an error. Longer texts are visibly truncated. */
#define TEXT_SIZE 512

struct ctl_call {
	struct ctl_client *client;
	const struct ctl_command *command; /* NULL: a method of org.varlink.service */
	bool is_active;                    /* between the request and the final reply */
	bool is_finished;                  /* the final reply is in the output queue */
	bool in_handler;                   /* start() or more() is running */
	bool is_paused;
	bool wants_more;
	bool is_oneway; /* replies are discarded */
	bool is_failed; /* an error replaced a reply; further replies are discarded */
	bool (*more)(struct ctl_call *call, void *state);
	void *state;
	void (*destroy)(void *state);
};

struct ctl_client {
	struct list link;
	struct ctl_host *host;
	struct loop_fd *source;
	int fd;
	enum ctl_rights rights;
	uid_t uid;
	pid_t pid;
	struct ctl_call call;
	mono_t heard;    /* when the client last sent something */
	mono_t progress; /* when the client last read something, or its queue last became
			  * non-empty */
	bool is_eof;     /* the client sends nothing more */
	bool is_closing; /* reads no more requests; freed once the output queue is empty */
	bool is_broken;  /* to be freed, whatever is in the queue */
	char *in;        /* CTL_REQUEST_MAX_BYTES + 1, for the NUL */
	size_t in_len;
	size_t in_scanned; /* bytes known to contain no NUL */
	char *out;
	size_t out_start, out_len, out_size;
};

/* ---- output queue */

static int queue_reserve(struct ctl_client *c, size_t n)
{
	size_t size = c->out_size ? c->out_size : 4096;
	char *out;

	if (c->out_start + c->out_len + n <= c->out_size)
		return 0;
	if (c->out_start) {
		memmove(c->out, c->out + c->out_start, c->out_len);
		c->out_start = 0;
	}
	while (size < c->out_len + n)
		size *= 2;
	if (size == c->out_size)
		return 0;
	out = realloc(c->out, size);
	if (!out)
		return -ENOMEM;
	c->out = out;
	c->out_size = size;
	return 0;
}

/* Callback of json_dump_callback(). */
static int queue_bytes(const char *data, size_t n, void *ctx)
{
	struct ctl_client *c = ctx;

	if (c->out_len + n > CTL_QUEUE_MAX_BYTES) {
		counter_inc(&ctl_clients_overflowed);
		return -1;
	}
	if (queue_reserve(c, n) < 0)
		return -1;
	memcpy(c->out + c->out_start + c->out_len, data, n);
	c->out_len += n;
	return 0;
}

/* Steals message; NULL means that there was no memory for it. Returns false if an error was
 * queued in its place. */
static bool queue_message(struct ctl_client *c, json_t *message)
{
	static const char no_memory[] = "{\"error\":\"" CTL_ERROR_FAILED "\","
					"\"parameters\":{\"text\":\"out of memory\"}}";
	static const char too_large[] = "{\"error\":\"" CTL_ERROR_FAILED "\","
					"\"parameters\":{\"text\":\"the answer is too large\"}}";
	size_t before = c->out_len;
	const char *instead = NULL;

	if (c->is_broken) {
		json_decref(message);
		return true;
	}
	if (!c->out_len)
		c->progress = loop_now(c->host->loop);
	if (!message)
		instead = no_memory;
	else if (json_dump_callback(message, queue_bytes, c, JSON_COMPACT) < 0)
		c->is_broken = true;
	else if (c->out_len - before > CTL_REPLY_MAX_BYTES)
		instead = too_large;
	json_decref(message);

	if (instead) {
		c->out_len = before;
		if (queue_bytes(instead, strlen(instead), c) < 0)
			c->is_broken = true;
	}
	if (queue_bytes("", 1, c) < 0)
		c->is_broken = true;
	return !instead;
}

static void flush_queue(struct ctl_client *c)
{
	while (c->out_len && !c->is_broken) {
		ssize_t n =
			send(c->fd, c->out + c->out_start, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			c->is_broken = true;
			return;
		}
		c->out_start += (size_t)n;
		c->out_len -= (size_t)n;
		c->progress = loop_now(c->host->loop);
	}
	if (!c->out_len) {
		c->out_start = 0;
		if (c->out_size > CTL_QUEUE_HIGH_BYTES) {
			free(c->out);
			c->out = NULL;
			c->out_size = 0;
		}
	}
}

/* ---- the call */

static void step(void *ctx);

static void schedule(struct ctl_client *c)
{
	if (loop_defer(c->host->loop, "ctl-client", step, c) < 0)
		c->is_broken = true; /* ctl_client_check_all() frees it */
}

static void close_call(struct ctl_call *call)
{
	void (*destroy)(void *) = call->destroy;
	void *state = call->state;

	*call = (struct ctl_call){ .client = call->client };
	if (destroy)
		destroy(state);
}

/* Steals message. */
static void answer(struct ctl_call *call, json_t *message)
{
	if (call->is_oneway || call->is_failed)
		json_decref(message);
	else if (!queue_message(call->client, message))
		call->is_failed = true;
}

/* Sends the final reply. Steals message. */
static void finish(struct ctl_call *call, json_t *message)
{
	struct ctl_client *c = call->client;

	if (BUG_ON(!call->is_active || call->is_finished)) {
		json_decref(message);
		return;
	}
	answer(call, message);
	call->is_finished = true;
	if (!call->in_handler)
		close_call(call);
	schedule(c);
}

void *ctl_call_ctx(const struct ctl_call *call)
{
	return call->client->host->ctx;
}

const struct ctl_command *ctl_call_command(const struct ctl_call *call)
{
	return call->command;
}

uid_t ctl_call_uid(const struct ctl_call *call)
{
	return call->client->uid;
}

pid_t ctl_call_pid(const struct ctl_call *call)
{
	return call->client->pid;
}

bool ctl_call_wants_more(const struct ctl_call *call)
{
	return call->wants_more;
}

void ctl_call_reply(struct ctl_call *call, json_t *parameters)
{
	finish(call, json_pack("{s:o}", "parameters", parameters));
}

void ctl_call_row(struct ctl_call *call, json_t *parameters)
{
	json_t *message = json_pack("{s:o, s:b}", "parameters", parameters, "continues", 1);

	if (BUG_ON(!call->is_active || call->is_finished || !call->wants_more)) {
		json_decref(message);
		return;
	}
	answer(call, message);
	schedule(call->client);
}

void ctl_call_end(struct ctl_call *call)
{
	ctl_call_reply(call, json_object());
}

void ctl_call_error(struct ctl_call *call, const char *error_name, json_t *parameters)
{
	if (!parameters)
		parameters = json_object();
	finish(call, json_pack("{s:s, s:o}", "error", error_name, "parameters", parameters));
}

void ctl_call_error_text(struct ctl_call *call, const char *error_name, const char *fmt, ...)
{
	STRBUF_ON_STACK(text, TEXT_SIZE);
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	ctl_call_error(call, error_name, json_pack("{s:s}", "text", strbuf_str(&text)));
}

void ctl_call_error_parameter(struct ctl_call *call, const char *parameter, const char *fmt, ...)
{
	STRBUF_ON_STACK(text, TEXT_SIZE);
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	ctl_call_error(call, CTL_ERROR_INVALID_PARAMETER,
		       json_pack("{s:s, s:s}", "parameter", parameter, "text", strbuf_str(&text)));
}

void ctl_call_set_more(struct ctl_call *call, bool (*more)(struct ctl_call *call, void *state),
		       void *state, void (*destroy)(void *state))
{
	if (BUG_ON(!call->is_active || call->is_finished || call->destroy))
		return;
	call->more = more;
	call->state = state;
	call->destroy = destroy;
	schedule(call->client);
}

static bool has_room(const struct ctl_client *c)
{
	return c->out_len < CTL_QUEUE_HIGH_BYTES;
}

bool ctl_call_has_room(const struct ctl_call *call)
{
	return has_room(call->client);
}

void ctl_call_pause(struct ctl_call *call)
{
	call->is_paused = true;
}

void ctl_call_resume(struct ctl_call *call)
{
	call->is_paused = false;
	schedule(call->client);
}

/* ---- requests */

static void deny(struct ctl_call *call)
{
	const struct ctl_client *c = call->client;
	const char *group = c->host->group;

	counter_inc(&ctl_requests_denied);
	log_debug("uid %u: %s denied", (unsigned int)c->uid, call->command->method);
	if (c->rights == CTL_RIGHTS_READ)
		ctl_call_error_text(
			call, CTL_ERROR_PERMISSION,
			"members of group %s may query, but only root may change anything", group);
	else if (group[0])
		ctl_call_error_text(
			call, CTL_ERROR_PERMISSION,
			"uid %u is neither root nor in group %s (control-group in "
			"nft-offload.conf); a new member must log in again",
			(unsigned int)c->uid, group);
	else
		ctl_call_error_text(
			call, CTL_ERROR_PERMISSION,
			"uid %u is not root, and nft-offload.conf sets no control-group",
			(unsigned int)c->uid);
}

static const struct ctl_command *find_command(const struct ctl_host *host, const char *method)
{
	for (size_t i = 0; i < host->n_commands; i++) {
		if (!strcmp(host->commands[i].method, method))
			return &host->commands[i];
	}
	return NULL;
}

static void answer_service(struct ctl_call *call, const struct varlink_request *request)
{
	const char *error;
	json_t *result = varlink_service_call(request->method, request->parameters, &error);

	if (error)
		ctl_call_error(call, error, result);
	else
		ctl_call_reply(call, result);
}

static void answer_unknown(struct ctl_call *call, const char *method)
{
	static const char ours[] = CTL_INTERFACE ".";

	if (!strncmp(method, ours, sizeof(ours) - 1))
		ctl_call_error(call, CTL_ERROR_METHOD_NOT_FOUND,
			       json_pack("{s:s}", "method", method));
	else
		ctl_call_error(call, CTL_ERROR_INTERFACE_NOT_FOUND,
			       json_pack("{s:o}", "interface", varlink_interface_of(method)));
}

static void start_call(struct ctl_client *c, const struct varlink_request *request)
{
	struct ctl_call *call = &c->call;

	*call = (struct ctl_call){
		.client = c,
		.command = find_command(c->host, request->method),
		.is_active = true,
		.in_handler = true,
		.wants_more = request->wants_more,
		.is_oneway = request->is_oneway,
	};
	if (varlink_is_service_method(request->method))
		answer_service(call, request);
	else if (!call->command)
		answer_unknown(call, request->method);
	else if (c->rights < (call->command->mutates ? CTL_RIGHTS_FULL : CTL_RIGHTS_READ))
		deny(call);
	else if (call->command->needs_more && !call->wants_more)
		ctl_call_error(call, CTL_ERROR_EXPECTED_MORE, NULL);
	else
		call->command->start(call, request->parameters);

	if (BUG_ON(!call->is_finished && !call->more && !call->destroy))
		ctl_call_error_text(call, CTL_ERROR_FAILED, "internal error: no answer");
	call->in_handler = false;
	if (call->is_finished)
		close_call(call);
}

/* Answers something that is not a request with an error, and closes the connection. */
static void refuse(struct ctl_client *c, const char *text)
{
	counter_inc(&ctl_requests_bad);
	log_debug("uid %u: bad request: %s", (unsigned int)c->uid, text);
	(void)queue_message(c, json_pack("{s:s, s:{s:s}}", "error", CTL_ERROR_BAD_REQUEST,
					 "parameters", "text", text)); /* closing anyway */
	c->is_closing = true;
}

/* The NUL of the first message in the input, or NULL. */
static const char *find_end(struct ctl_client *c)
{
	const char *end = memchr(c->in + c->in_scanned, 0, c->in_len - c->in_scanned);

	c->in_scanned = end ? (size_t)(end - c->in) : c->in_len;
	return end;
}

static void next_request(struct ctl_client *c)
{
	const char *end = find_end(c);
	struct varlink_request request;
	char text[TEXT_SIZE];
	size_t len;
	int err;

	if (!end) {
		if (c->in_len > CTL_REQUEST_MAX_BYTES)
			refuse(c, "the request is too large");
		return;
	}
	len = (size_t)(end - c->in);
	counter_inc(&ctl_requests);
	err = varlink_request_parse(c->in, len, &request, text, sizeof(text));
	c->in_len -= len + 1;
	memmove(c->in, end + 1, c->in_len);
	c->in_scanned = 0;
	if (err) {
		refuse(c, text);
		return;
	}
	start_call(c, &request);
	varlink_request_fini(&request);
}

static void run_more(struct ctl_client *c)
{
	struct ctl_call *call = &c->call;
	bool goes_on;

	if (!call->more || call->is_paused || !has_room(c))
		return;
	call->in_handler = true;
	goes_on = call->more(call, call->state) && !call->is_failed;
	if (!goes_on && !call->is_finished)
		ctl_call_end(call);
	call->in_handler = false;
	if (call->is_finished)
		close_call(call);
}

/* ---- the client */

static void client_free(struct ctl_client *c)
{
	close_call(&c->call);
	(void)loop_defer_cancel(c->host->loop, step, c);
	loop_fd_del(c->source);
	close(c->fd);
	list_del(&c->link);
	c->host->n_clients[c->rights]--;
	free(c->in);
	free(c->out);
	free(c);
}

static bool is_hung_up(const struct ctl_client *c)
{
	struct pollfd pfd = { .fd = c->fd };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void receive(struct ctl_client *c)
{
	size_t room = CTL_REQUEST_MAX_BYTES + 1 - c->in_len;
	ssize_t n;

	if (!room || c->is_eof)
		return;
	n = recv(c->fd, c->in + c->in_len, room, MSG_DONTWAIT);
	if (n > 0) {
		c->in_len += (size_t)n;
		c->heard = loop_now(c->host->loop);
	} else if (n == 0) {
		c->is_eof = true;
		/* If the client has closed both directions, nobody reads further rows: drop
		 * the client. Requests that are still in the input are executed only if no
		 * call is active. */
		if (c->call.is_active && is_hung_up(c))
			c->is_broken = true;
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		c->is_broken = true;
	}
}

static bool is_over(struct ctl_client *c)
{
	if (c->is_broken)
		return true;
	if (c->call.is_active || c->out_len)
		return false;
	return c->is_closing || (c->is_eof && !find_end(c));
}

/* True if there is work that needs nothing from the client. */
static bool has_work(struct ctl_client *c)
{
	if (c->call.is_active)
		return c->call.more && !c->call.is_paused && has_room(c);
	return !c->is_closing && has_room(c) && (find_end(c) || c->in_len > CTL_REQUEST_MAX_BYTES);
}

/* Does one piece of work and sets which events to wait for. May free the client. */
static void step(void *ctx)
{
	struct ctl_client *c = ctx;
	unsigned int events = 0;

	flush_queue(c);
	if (!c->is_broken) {
		if (c->call.is_active)
			run_more(c);
		else if (!c->is_closing && has_room(c))
			next_request(c);
	}
	flush_queue(c);
	if (is_over(c)) {
		client_free(c);
		return;
	}
	if (!c->is_eof && !c->is_closing && c->in_len <= CTL_REQUEST_MAX_BYTES)
		events |= LOOP_READ;
	if (c->out_len)
		events |= LOOP_WRITE;
	loop_fd_mod(c->source, events);
	if (has_work(c))
		schedule(c);
}

static void on_ready(void *ctx, int fd UNUSED, unsigned int events)
{
	struct ctl_client *c = ctx;

	if (events & LOOP_READ)
		receive(c);
	step(c);
}

int ctl_client_new(struct ctl_host *host, int fd, enum ctl_rights rights)
{
	struct ctl_client *c = calloc(1, sizeof(*c));
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	if (c) {
		c->in = malloc(CTL_REQUEST_MAX_BYTES + 1);
		c->source = loop_fd_add(host->loop, fd, LOOP_READ, "ctl-client", on_ready, c);
	}
	if (!c || !c->in || !c->source) {
		if (c) {
			free(c->in);
			loop_fd_del(c->source);
		}
		free(c);
		close(fd);
		return -ENOMEM;
	}
	/* Only for log and error texts; the rights are already determined. */
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	c->host = host;
	c->fd = fd;
	c->rights = rights;
	c->uid = cred.uid;
	c->pid = cred.pid;
	c->call.client = c;
	c->heard = c->progress = loop_now(host->loop);
	list_add_tail(&c->link, &host->clients);
	host->n_clients[rights]++;
	return 0;
}

static bool is_stalled(const struct ctl_client *c, unsigned int stall_ms)
{
	mono_t now = loop_now(c->host->loop);

	if (c->out_len)
		return mono_diff_ms(now, c->progress) > stall_ms;
	return c->rights == CTL_RIGHTS_NONE && mono_diff_ms(now, c->heard) > stall_ms;
}

void ctl_client_check_all(struct ctl_host *host, unsigned int stall_ms)
{
	LIST_FOR_EACH_SAFE(struct ctl_client, c, &host->clients, link) {
		if (is_stalled(c, stall_ms)) {
			counter_inc(&ctl_clients_stalled);
			log_info("uid %u: dropped a client that does not read or send anything",
				 (unsigned int)c->uid);
			client_free(c);
		} else if (c->is_broken || is_hung_up(c)) {
			client_free(c);
		}
	}
}

void ctl_client_free_all(struct ctl_host *host)
{
	LIST_FOR_EACH_SAFE(struct ctl_client, c, &host->clients, link)
		client_free(c);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/session.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "nft-offload/ctl.h"

struct session {
	int fd;
	unsigned int timeout_ms;
	size_t len;     /* bytes in buf */
	size_t scanned; /* bytes known to contain no NUL */
	char buf[CTL_REPLY_MAX_BYTES + 4096];
};

void session_error_set(struct session_error *error, const char *name, const char *fmt, ...)
{
	struct strbuf text;
	va_list args;

	strbuf_init(&text, error->name, sizeof(error->name));
	strbuf_put(&text, name);
	strbuf_init(&text, error->text, sizeof(error->text));
	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
}

/* ---- connecting */

static void explain_connect(const char *path, int err, struct session_error *error)
{
	const char *advice = "";

	switch (err) {
	case ENOENT:
	case ECONNREFUSED: advice = "; is it running? (systemctl status nft-offloadd)"; break;
	case EACCES:
	case EPERM:
		advice = "; this user may not use the socket or a directory above it: "
			 "try as root";
		break;
	case EAGAIN: advice = "; too many clients are waiting"; break;
	}
	session_error_set(error, "unreachable", "cannot reach nft-offloadd at %s: %s%s", path,
			  strerror(err), advice);
}

int session_open(const char *path, struct session **ret, struct session_error *error)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct session *session;
	int err = 0;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		explain_connect(path, ENAMETOOLONG, error);
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, path, strlen(path));
	session = malloc(sizeof(*session));
	if (!session) {
		explain_connect(path, ENOMEM, error);
		return -ENOMEM;
	}
	session->len = session->scanned = 0;
	session->timeout_ms = SESSION_TIMEOUT_MS;
	session->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (session->fd < 0 || connect(session->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		err = errno;
		explain_connect(path, err, error);
		session_close(session);
		return -err;
	}
	*ret = session;
	return 0;
}

void session_close(struct session *session)
{
	if (!session)
		return;
	if (session->fd >= 0)
		close(session->fd);
	free(session);
}

void session_set_timeout_ms(struct session *session, unsigned int ms)
{
	session->timeout_ms = ms;
}

/* ---- sending */

static int send_all(struct session *session, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(session->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		/* A daemon that refused the connection has sent the reason; session_next()
		 * reads it. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int session_call(struct session *session, const char *method, json_t *parameters, bool wants_more,
		 struct session_error *error)
{
	json_t *request = json_pack("{s:s, s:o}", "method", method, "parameters", parameters);
	char *text = NULL;
	int err = -ENOMEM;

	if (request && (!wants_more || json_object_set_new(request, "more", json_true()) == 0))
		text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (text)
		err = send_all(session, text, strlen(text) + 1);
	free(text);
	if (err)
		session_error_set(error, "unreachable", "cannot send to nft-offloadd: %s",
				  strerror(-err));
	return err;
}

/* ---- receiving */

static int wait_readable(struct session *session)
{
	struct pollfd pfd = { .fd = session->fd, .events = POLLIN };
	int n;

	do {
		n = poll(&pfd, 1, (int)session->timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* Appends to the buffer. Returns 0, -ECONNRESET at the end of the stream, or another -errno. */
static int receive(struct session *session)
{
	ssize_t n;
	int err;

	if (session->len == sizeof(session->buf))
		return -EMSGSIZE;
	err = wait_readable(session);
	if (err)
		return err;
	do {
		n = recv(session->fd, session->buf + session->len,
			 sizeof(session->buf) - session->len, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	session->len += (size_t)n;
	return 0;
}

static void explain_receive(const struct session *session, int err, struct session_error *error)
{
	switch (err) {
	case -ETIMEDOUT:
		session_error_set(error, "no-answer",
				  "no answer from nft-offloadd within %u seconds",
				  session->timeout_ms / 1000);
		break;
	case -ECONNRESET:
		session_error_set(error, "no-answer",
				  "nft-offloadd closed the connection; its log may say why");
		break;
	case -EMSGSIZE:
		session_error_set(error, "protocol", "an answer from nft-offloadd is too large");
		break;
	default:
		session_error_set(error, "no-answer", "cannot read from nft-offloadd: %s",
				  strerror(-err));
	}
}

/* Returns the next message as JSON, or NULL with *ret_err and error filled. */
static json_t *receive_message(struct session *session, int *ret_err, struct session_error *error)
{
	json_t *message;
	char *end;
	int err;

	while (!(end = memchr(session->buf + session->scanned, 0,
			      session->len - session->scanned))) {
		session->scanned = session->len;
		err = receive(session);
		if (err) {
			explain_receive(session, err, error);
			*ret_err = err;
			return NULL;
		}
	}
	message = json_loadb(session->buf, (size_t)(end - session->buf), 0, NULL);
	session->len -= (size_t)(end + 1 - session->buf);
	memmove(session->buf, end + 1, session->len);
	session->scanned = 0;
	if (!json_is_object(message)) {
		json_decref(message);
		session_error_set(error, "protocol", "the answer from nft-offloadd is not varlink");
		*ret_err = -EPROTO;
		return NULL;
	}
	return message;
}

static const char *string_in(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Turns the daemon's error into a sentence. */
static void explain_error(const char *name, const json_t *parameters, struct session_error *error)
{
	const char *text = string_in(parameters, "text");
	const char *parameter = string_in(parameters, "parameter");

	if (parameter)
		session_error_set(error, name, "%s: %s", parameter, text ? text : "is not valid");
	else if (text)
		session_error_set(error, name, "%s", text);
	else if (!strcmp(name, CTL_ERROR_METHOD_NOT_FOUND) ||
		 !strcmp(name, CTL_ERROR_INTERFACE_NOT_FOUND))
		session_error_set(error, name,
				  "the running nft-offloadd does not know this command");
	else
		session_error_set(error, name, "nft-offloadd refused the request: %s", name);
}

int session_next(struct session *session, json_t **ret_parameters, bool *ret_continues,
		 struct session_error *error)
{
	json_t *message, *parameters;
	const char *name;
	int err = 0;

	message = receive_message(session, &err, error);
	if (!message)
		return err;
	name = string_in(message, "error");
	parameters = json_object_get(message, "parameters");
	if (name) {
		explain_error(name, parameters, error);
		err = -EREMOTEIO;
	} else if (parameters && !json_is_object(parameters)) {
		session_error_set(error, "protocol", "the answer from nft-offloadd is not varlink");
		err = -EPROTO;
	} else {
		*ret_parameters = parameters ? json_incref(parameters) : json_object();
		*ret_continues = json_is_true(json_object_get(message, "continues"));
	}
	json_decref(message);
	return err;
}

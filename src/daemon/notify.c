/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mono.h"
#include "base/parse.h"
#include "base/strbuf.h"

/* Longest message; systemd reads up to 4096 bytes. */
#define MESSAGE_SIZE 512

struct notify {
	int fd;
	struct sockaddr_un addr;
	socklen_t addr_len;
	uint64_t watchdog_ms; /* 0: off */
	char status[MESSAGE_SIZE]; /* last STATUS= message sent */
};

/* text is a path, or an abstract name with "@" in front. */
static int set_address(struct notify *notify, const char *text)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof(notify->addr.sun_path))
		return -EINVAL;
	notify->addr.sun_family = AF_UNIX;
	memcpy(notify->addr.sun_path, text, len);
	notify->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (text[0] == '@')
		notify->addr.sun_path[0] = '\0';
	return 0;
}

/* Half of what the manager allows between two messages, in ms; 0 = no watchdog. */
static uint64_t read_watchdog(void)
{
	const char *usec_text = getenv("WATCHDOG_USEC");
	const char *pid_text = getenv("WATCHDOG_PID");
	uint64_t usec, pid;

	if (!usec_text || parse_u64(usec_text, 1, UINT64_MAX, &usec))
		return 0;
	if (pid_text && (parse_u64(pid_text, 1, UINT64_MAX, &pid) || pid != (uint64_t)getpid()))
		return 0; /* meant for another process */
	return usec < 2000 ? 1 : usec / 2000;
}

int notify_new(struct notify **ret)
{
	const char *address = getenv("NOTIFY_SOCKET");
	struct notify *notify;
	int err;

	*ret = NULL;
	if (!address || !address[0])
		return 0;
	notify = calloc(1, sizeof(*notify));
	if (!notify)
		return -ENOMEM;
	err = set_address(notify, address);
	if (!err) {
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (notify->fd < 0)
			err = -errno;
	}
	if (err) {
		free(notify);
		return err;
	}
	notify->watchdog_ms = read_watchdog();
	*ret = notify;
	return 0;
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	close(notify->fd);
	free(notify);
}

bool notify_is_wanted(const struct notify *notify)
{
	return notify != NULL;
}

static void send_text(struct notify *notify, const char *text)
{
	/* The message is lost when the manager's queue is full. */
	IGNORE_RESULT(sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
			     (const struct sockaddr *)&notify->addr, notify->addr_len));
}

void notify_ready(struct notify *notify, const char *status)
{
	if (!notify)
		return;
	send_text(notify, "READY=1");
	if (status)
		notify_status(notify, "%s", status);
}

void notify_status(struct notify *notify, const char *fmt, ...)
{
	STRBUF_ON_STACK(text, MESSAGE_SIZE);
	va_list args;

	if (!notify)
		return;
	strbuf_put(&text, "STATUS=");
	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	/* A newline would start another assignment. */
	for (char *c = text.buf; *c; c++) {
		if (*c == '\n')
			*c = ' ';
	}
	if (!strcmp(strbuf_str(&text), notify->status))
		return;
	memcpy(notify->status, text.buf, strbuf_len(&text) + 1);
	send_text(notify, notify->status);
}

void notify_reloading(struct notify *notify)
{
	STRBUF_ON_STACK(text, MESSAGE_SIZE);

	if (!notify)
		return;
	strbuf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, mono_now().us);
	send_text(notify, strbuf_str(&text));
}

void notify_stopping(struct notify *notify)
{
	if (notify)
		send_text(notify, "STOPPING=1");
}

void notify_extend(struct notify *notify, uint64_t ms)
{
	STRBUF_ON_STACK(text, MESSAGE_SIZE);

	if (!notify)
		return;
	strbuf_printf(&text, "EXTEND_TIMEOUT_USEC=%" PRIu64, ms * 1000);
	send_text(notify, strbuf_str(&text));
}

uint64_t notify_watchdog_ms(const struct notify *notify)
{
	return notify ? notify->watchdog_ms : 0;
}

void notify_watchdog(struct notify *notify)
{
	if (notify)
		send_text(notify, "WATCHDOG=1");
}

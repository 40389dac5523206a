// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labnotify - receives the messages that a service sends to its manager (sd_notify(3)).
 *
 *	labnotify SOCKET FILE
 *
 * Binds SOCKET, goes to the background, and appends each message to FILE, until SOCKET is removed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* How often labnotify checks whether the socket still exists. */
#define POLL_MS 20

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "labnotify: %s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct pollfd p = { .events = POLLIN };
	char buf[4096];
	FILE *out;

	if (argc != 3 || strlen(argv[1]) >= sizeof(sa.sun_path)) {
		fputs("usage: labnotify SOCKET FILE\n", stderr);
		return 2;
	}
	strcpy(sa.sun_path, argv[1]);
	unlink(argv[1]);
	out = fopen(argv[2], "we");
	if (!out)
		fail(argv[2]);
	p.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (p.fd < 0 || bind(p.fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		fail(argv[1]);
	chmod(argv[1], 0666);
	/* The caller may start the sender as soon as this returns. */
	if (daemon(1, 0) < 0)
		fail("daemon");
	while (access(argv[1], F_OK) == 0) {
		ssize_t n;

		if (poll(&p, 1, POLL_MS) <= 0)
			continue;
		n = recv(p.fd, buf, sizeof(buf) - 1, 0);
		if (n <= 0)
			continue;
		buf[n] = 0;
		fprintf(out, "%s%s", buf, buf[n - 1] == '\n' ? "" : "\n");
		fflush(out);
	}
	return 0;
}

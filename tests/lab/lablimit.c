// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lablimit - runs a case, and kills it when it hangs.
 *
 *	lablimit SECONDS COMMAND...
 *
 * It is like timeout(1), with two differences. Time in which the guest could not run does not
 * count; the file $LAB_STOLEN says how much that is, in hundredths of a second (see labstolen.c).
 * And lablimit can be process 1 of a PID namespace: it reaps orphans.
 *
 * After SECONDS, the command and its process group get SIGTERM, and thirty seconds later SIGKILL.
 * The exit status is that of the command, or 124 after SIGTERM, or 137 after SIGKILL.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_SECONDS 30
#define STATUS_TERM 124
#define STATUS_KILL 137

static double stolen(void)
{
	const char *path = getenv("LAB_STOLEN");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	static double last;
	char buf[32];
	ssize_t n;

	if (fd < 0)
		return last;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n > 0) {
		buf[n] = '\0';
		last = strtod(buf, NULL) / 100;
	}
	return last;
}

/* A clock in seconds that stands still while the guest cannot run. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9 - stolen();
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The command gets its own process group, so that the signals reach its children. */
	setpgid(0, 0);
	execvp(argv[0], argv);
	fprintf(stderr, "lablimit: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Reaps children. Returns true and the exit status if the command has ended. */
static bool has_ended(pid_t command, int *status)
{
	pid_t pid;
	int s;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		*status = WIFEXITED(s) ? WEXITSTATUS(s) : 128 + WTERMSIG(s);
		return true;
	}
	return false;
}

/* Waits for the end of the command. Returns false at the deadline. */
static bool wait_until(pid_t command, double deadline, int *status)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!has_ended(command, status)) {
		if (now() >= deadline)
			return false;
		sigtimedwait(&child, NULL, &second);
	}
	return true;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[1], NULL) : 0;
	sigset_t child;
	pid_t command;
	int status;

	if (seconds <= 0) {
		fputs("usage: lablimit SECONDS COMMAND...\n", stderr);
		return 125;
	}
	/* Block SIGCHLD before there is a child, so that sigtimedwait() misses none. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	command = start(argv + 2);
	if (command < 0) {
		fprintf(stderr, "lablimit: fork: %s\n", strerror(errno));
		return 125;
	}
	if (wait_until(command, now() + seconds, &status))
		return status;
	kill(-command, SIGTERM);
	if (wait_until(command, now() + GRACE_SECONDS, &status))
		return STATUS_TERM;
	kill(-command, SIGKILL);
	return STATUS_KILL;
}

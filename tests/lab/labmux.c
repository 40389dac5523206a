// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labmux - connects ./lab to the program that it runs in the guest.
 *
 * One virtio-serial port, the wire, carries everything as frames in one ordered
 * stream: standard output and error of the program and its exit status, and in the
 * other direction its standard input and the terminal's size. The exit status
 * follows the last output in the same stream. So the host can kill the guest as
 * soon as it has read the status, and no output is lost.
 *
 * "labmux host" starts QEMU as its child, with one end of a socket pair as
 * descriptor 3, and exits with the program's exit status. "labmux guest" is
 * process 1 of the guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum frame_type {
	FRAME_HELLO = 'h',	/* guest: user space is up */
	FRAME_OUT = 'o',	/* guest: program's standard output */
	FRAME_ERR = 'e',	/* guest: program's standard error */
	FRAME_EXIT = 'x',	/* guest: exit status, 4 bytes */
	FRAME_IN = 'i',		/* host: program's standard input */
	FRAME_IN_END = 'E',	/* host: end of standard input */
	FRAME_WINSIZE = 'w',	/* host: struct winsize */
};

/*
 * The kernel's virtio console driver accepts at most 32 KiB in one write. A whole
 * frame fits into one write.
 */
#define FRAME_HEAD 5
#define FRAME_MAX 32768
#define PAYLOAD_MAX (FRAME_MAX - FRAME_HEAD)

#define STATUS_TIMEOUT 124
#define STATUS_BROKEN 125
#define BOOT_SECONDS 120

/* Reassembles frames from a byte stream. */
struct reader {
	size_t have;
	unsigned char buf[FRAME_MAX];
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "labmux: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(STATUS_BROKEN);
}

static uint32_t frame_length(const unsigned char *head)
{
	return head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 | (uint32_t)head[4] << 24;
}

/* Builds a frame in buf, which must have room for it. Returns its length. */
static size_t make_frame(unsigned char *buf, enum frame_type type, const void *data, size_t len)
{
	buf[0] = (unsigned char)type;
	buf[1] = len & 255;
	buf[2] = len >> 8 & 255;
	buf[3] = len >> 16 & 255;
	buf[4] = len >> 24 & 255;
	if (len)
		memcpy(buf + FRAME_HEAD, data, len);
	return FRAME_HEAD + len;
}

/* Writes all of a frame to a blocking descriptor; false when the peer is gone. */
static bool send_frame(int fd, enum frame_type type, const void *data, size_t len)
{
	unsigned char buf[FRAME_MAX];
	size_t total = make_frame(buf, type, data, len), done = 0;

	while (done < total) {
		ssize_t n = write(fd, buf + done, total - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Reads once; false at the end of the stream. */
static bool reader_fill(struct reader *r, int fd)
{
	ssize_t n = read(fd, r->buf + r->have, sizeof(r->buf) - r->have);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	r->have += (size_t)n;
	return true;
}

/* Length of the complete frame at the head of the buffer, or 0. */
static size_t reader_frame(const struct reader *r)
{
	if (r->have < FRAME_HEAD)
		return 0;
	if (frame_length(r->buf) > PAYLOAD_MAX)
		die("malformed frame from the other end");
	if (r->have < FRAME_HEAD + frame_length(r->buf))
		return 0;
	return FRAME_HEAD + frame_length(r->buf);
}

static void reader_drop(struct reader *r, size_t len)
{
	r->have -= len;
	memmove(r->buf, r->buf + len, r->have);
}

/* ---- host ---- */

struct host {
	int wire;		/* to the guest */
	int sigfd;
	pid_t qemu;
	double deadline;	/* 0: none */
	double boot_deadline;	/* 0 once the guest said hello */
	int timeout;		/* seconds, for the message */
	const char *failed;	/* file that receives the reason when the lab itself fails */
	bool tty;
	bool in_open;		/* standard input is still forwarded */
	struct termios saved;
	size_t queued;		/* bytes for the guest that the wire has not accepted yet */
	unsigned char queue[2 * FRAME_MAX];
	struct reader reader;
};

static struct host host;

static void host_restore_tty(void)
{
	if (host.tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &host.saved);
}

static void __attribute__((noreturn)) host_end(int status)
{
	if (host.qemu > 0) {
		kill(host.qemu, SIGKILL);
		waitpid(host.qemu, NULL, 0);
	}
	host_restore_tty();
	exit(status);
}

static void __attribute__((noreturn)) host_fail(const char *reason)
{
	FILE *f = host.failed ? fopen(host.failed, "w") : NULL;

	if (f) {
		fprintf(f, "%s\n", reason);
		fclose(f);
	}
	host_end(STATUS_BROKEN);
}

static void host_check_time(void)
{
	if (host.boot_deadline > 0 && now() > host.boot_deadline)
		host_fail("the guest did not boot in time");
	if (host.deadline > 0 && now() > host.deadline) {
		host_restore_tty();
		fprintf(stderr, "lab: timed out after %d s\n", host.timeout);
		host_end(STATUS_TIMEOUT);
	}
}

/*
 * Writing to the wire must never block: the guest stops reading while its program does
 * not read its input, and the program may be waiting for us to read its output.
 */
static void host_flush(void)
{
	ssize_t n = send(host.wire, host.queue, host.queued, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n <= 0)
		return;
	host.queued -= (size_t)n;
	memmove(host.queue, host.queue + n, host.queued);
}

static void host_queue(enum frame_type type, const void *data, size_t len)
{
	if (host.queued + FRAME_HEAD + len > sizeof(host.queue))
		return;
	host.queued += make_frame(host.queue + host.queued, type, data, len);
	host_flush();
}

static void host_send_winsize(void)
{
	struct winsize ws;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
		host_queue(FRAME_WINSIZE, &ws, sizeof(ws));
}

static void host_signal(void)
{
	struct signalfd_siginfo si;

	if (read(host.sigfd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGWINCH)
		host_send_winsize();
	else if (si.ssi_signo != SIGCHLD)
		host_end(128 + (int)si.ssi_signo);
}

static int host_wait(struct pollfd *fds, nfds_t count)
{
	int n = poll(fds, count, 200);

	if (n < 0 && errno != EINTR)
		die("poll: %s", strerror(errno));
	host_check_time();
	return n;
}

/*
 * A pipe that polls writable accepts PIPE_BUF bytes without blocking. So a slow reader of
 * our output cannot delay signals and time-outs.
 */
static void host_output(int fd, const unsigned char *data, size_t len)
{
	while (len > 0) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLOUT },
			{ .fd = host.sigfd, .events = POLLIN },
		};
		ssize_t n;

		if (host_wait(fds, 2) <= 0)
			continue;
		if (fds[1].revents)
			host_signal();
		if (!fds[0].revents)
			continue;
		n = write(fd, data, len < 4096 ? len : 4096);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			host_end(errno == EPIPE ? 128 + SIGPIPE : 1);
		data += n;
		len -= (size_t)n;
	}
}

static void host_frame(const unsigned char *frame)
{
	const unsigned char *data = frame + FRAME_HEAD;
	uint32_t len = frame_length(frame);

	switch (frame[0]) {
	case FRAME_HELLO:
		host.boot_deadline = 0;
		if (host.tty)
			host_send_winsize();
		break;
	case FRAME_OUT:
		host_output(STDOUT_FILENO, data, len);
		break;
	case FRAME_ERR:
		host_output(STDERR_FILENO, data, len);
		break;
	case FRAME_EXIT:
		host_end(len > 0 ? data[0] : STATUS_BROKEN);
	default:
		die("unknown frame from the guest");
	}
}

static void host_input(void)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		host_queue(FRAME_IN, buf, (size_t)n);
		return;
	}
	host_queue(FRAME_IN_END, NULL, 0);
	host.in_open = false;
}

static void host_start_qemu(char **argv, const char *log)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair: %s", strerror(errno));
	host.wire = pair[0];
	host.qemu = fork();
	if (host.qemu < 0)
		die("fork: %s", strerror(errno));
	if (host.qemu == 0) {
		int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int out = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		sigset_t none;

		/* Ctrl-C on the terminal must reach labmux, not QEMU. */
		setsid();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_BROKEN);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(in, 0);
		dup2(out, 1);
		dup2(out, 2);
		if (pair[1] == 3)
			fcntl(3, F_SETFD, 0);
		else
			dup2(pair[1], 3);
		execvp(argv[0], argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(pair[1]);
}

static void host_raw_tty(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &host.saved) < 0)
		die("standard input is not a terminal");
	host.tty = true;
	raw = host.saved;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void host_loop(void)
{
	for (;;) {
		bool want_input = host.in_open && host.boot_deadline <= 0 && host.queued == 0;
		struct pollfd fds[] = {
			{ .fd = host.wire, .events = host.queued ? POLLIN | POLLOUT : POLLIN },
			{ .fd = host.sigfd, .events = POLLIN },
			{ .fd = want_input ? STDIN_FILENO : -1, .events = POLLIN },
		};
		size_t len;

		if (host_wait(fds, 3) <= 0)
			continue;
		if (fds[1].revents)
			host_signal();
		if (fds[2].revents)
			host_input();
		if (fds[0].revents & POLLOUT)
			host_flush();
		if (!(fds[0].revents & ~POLLOUT))
			continue;
		if (!reader_fill(&host.reader, host.wire))
			host_fail(host.boot_deadline > 0 ? "the guest ended before it had booted"
							 : "the guest ended before its program did");
		while ((len = reader_frame(&host.reader)) > 0) {
			host_frame(host.reader.buf);
			reader_drop(&host.reader, len);
		}
	}
}

static int host_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "failed", required_argument, NULL, 'f' },
		{ "log", required_argument, NULL, 'l' },
		{ "stdin", no_argument, NULL, 'i' },
		{ "tty", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 },
	};
	const char *log = NULL;
	bool tty = false;
	sigset_t set;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 't':
			host.timeout = atoi(optarg);
			break;
		case 'f':
			host.failed = optarg;
			break;
		case 'l':
			log = optarg;
			break;
		case 'y':
			tty = true;
			/* fall through */
		case 'i':
			host.in_open = true;
			break;
		default:
			return STATUS_BROKEN;
		}
	}
	if (optind >= argc)
		die("no command for the guest given");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGWINCH);
	/* A shell starts background jobs with SIGINT and SIGQUIT ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	host.sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	host.boot_deadline = now() + BOOT_SECONDS;
	if (host.timeout > 0)
		host.deadline = now() + host.timeout;
	host_start_qemu(argv + optind, log);
	if (tty)
		host_raw_tty();
	host_loop();
	return 0;
}

/* ---- guest ---- */

struct guest {
	int wire;
	int sigfd;
	pid_t child;
	int status;		/* wait status of the child; valid when child is 0 */
	bool tty;
	int in;			/* to the program; -1: closed */
	int out;		/* from the program; -1: closed */
	int err;
	bool in_end;		/* close in after pending is written */
	size_t pending_len;	/* input that the program has not read yet */
	unsigned char pending[FRAME_MAX];
	struct reader reader;
};

static struct guest guest;

static void __attribute__((noreturn)) guest_halt(void)
{
	/* The host kills the guest. Process 1 must not end before that. */
	for (;;)
		pause();
}

static void __attribute__((noreturn)) guest_die(const char *what)
{
	fprintf(stderr, "labmux: %s: %s\n", what, strerror(errno));
	guest_halt();
}

/* Without udev there are no links with the name of a port. sysfs has the name of each number. */
static int guest_open_wire(void)
{
	char path[64], name[32];
	int i, tries;

	for (tries = 0; tries < 200; tries++) {
		for (i = 0; i < 64; i++) {
			FILE *f;
			bool found;

			snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport%dp1/name", i);
			f = fopen(path, "r");
			if (!f)
				continue;
			found = fgets(name, sizeof(name), f) && strncmp(name, "lab.mux", 7) == 0;
			fclose(f);
			if (!found)
				continue;
			snprintf(path, sizeof(path), "/dev/vport%dp1", i);
			return open(path, O_RDWR | O_CLOEXEC);
		}
		usleep(20000);
	}
	errno = ENODEV;
	return -1;
}

/* Reads a file of NUL-terminated strings into a NULL-terminated vector. */
static char **guest_strings(const char *dir, const char *name)
{
	char path[512], *data, **list;
	size_t count = 0, used = 0;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		guest_die(path);
	data = calloc(1, (size_t)st.st_size + 1);
	list = calloc((size_t)st.st_size + 1, sizeof(*list));
	if (!data || !list)
		guest_die("memory");
	while (used < (size_t)st.st_size) {
		ssize_t n = read(fd, data + used, (size_t)st.st_size - used);

		if (n <= 0)
			guest_die(path);
		used += (size_t)n;
	}
	close(fd);
	for (char *p = data; p < data + used; p += strlen(p) + 1)
		list[count++] = p;
	return list;
}

static void __attribute__((noreturn)) guest_exec(char **argv, char **env)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/tmp") < 0)
		perror("/tmp");
	execvpe(argv[0], argv, env);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void guest_start_tty(char **argv, char **env)
{
	int master;

	guest.child = forkpty(&master, NULL, NULL, NULL);
	if (guest.child < 0)
		guest_die("forkpty");
	if (guest.child == 0)
		guest_exec(argv, env);
	guest.in = dup(master);
	guest.out = master;
	guest.err = -1;
}

static void guest_start_pipes(char **argv, char **env, bool with_input)
{
	int in[2] = { -1, -1 }, out[2], err[2];

	if ((with_input && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		guest_die("pipe");
	if (!with_input)
		in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	guest.child = fork();
	if (guest.child < 0)
		guest_die("fork");
	if (guest.child == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		guest_exec(argv, env);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	guest.in = in[1];
	guest.out = out[0];
	guest.err = err[0];
}

/* As process 1, labmux inherits and reaps every orphan. */
static void guest_reap(void)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(guest.sigfd, &si, sizeof(si)) == sizeof(si))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == guest.child) {
			guest.child = 0;
			guest.status = status;
		}
	}
}

/* Reads once and sends that to the host. Returns false if there was nothing to read. */
static bool guest_forward(int *fd, enum frame_type type)
{
	char buf[PAYLOAD_MAX];
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		/* A pty returns EIO after the last program has closed it. */
		close(*fd);
		*fd = -1;
		return false;
	}
	if (!send_frame(guest.wire, type, buf, (size_t)n))
		guest_die("wire");
	return true;
}

static void guest_write_pending(void)
{
	if (guest.pending_len > 0) {
		ssize_t n = guest.in >= 0 ? write(guest.in, guest.pending, guest.pending_len) : -1;

		if (n < 0 && guest.in >= 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* Drop the rest if the program has closed its input. */
		if (n < 0)
			n = (ssize_t)guest.pending_len;
		guest.pending_len -= (size_t)n;
		memmove(guest.pending, guest.pending + n, guest.pending_len);
	}
	if (guest.in_end && guest.pending_len == 0 && guest.in >= 0) {
		close(guest.in);
		guest.in = -1;
	}
}

static void guest_frames(void)
{
	size_t len;

	while (guest.pending_len == 0 && (len = reader_frame(&guest.reader)) > 0) {
		const unsigned char *frame = guest.reader.buf;

		if (frame[0] == FRAME_IN) {
			guest.pending_len = len - FRAME_HEAD;
			memcpy(guest.pending, frame + FRAME_HEAD, guest.pending_len);
		} else if (frame[0] == FRAME_IN_END) {
			guest.in_end = true;
		} else if (frame[0] == FRAME_WINSIZE && guest.tty && len == FRAME_HEAD + sizeof(struct winsize)) {
			struct winsize ws;

			memcpy(&ws, frame + FRAME_HEAD, sizeof(ws));
			ioctl(guest.out, TIOCSWINSZ, &ws);
		}
		reader_drop(&guest.reader, len);
		guest_write_pending();
	}
}

static void guest_step(void)
{
	bool blocked = guest.pending_len > 0 && guest.in >= 0;
	struct pollfd fds[] = {
		{ .fd = guest.sigfd, .events = POLLIN },
		{ .fd = guest.out, .events = POLLIN },
		{ .fd = guest.err, .events = POLLIN },
		{ .fd = blocked ? guest.in : -1, .events = POLLOUT },
		{ .fd = blocked ? -1 : guest.wire, .events = POLLIN },
	};

	if (poll(fds, 5, -1) < 0 && errno != EINTR)
		guest_die("poll");
	if (fds[1].revents)
		guest_forward(&guest.out, FRAME_OUT);
	if (fds[2].revents)
		guest_forward(&guest.err, FRAME_ERR);
	if (fds[3].revents) {
		guest_write_pending();
		guest_frames();
	}
	if (fds[4].revents & POLLIN) {
		reader_fill(&guest.reader, guest.wire);
		guest_frames();
	}
	if (fds[0].revents)
		guest_reap();
}

/*
 * Sends the output that the program left in the pipes. The number of reads is bounded,
 * because a child of the program may still be running and write forever.
 */
static void guest_drain(void)
{
	int i;

	for (i = 0; i < 64 && guest_forward(&guest.out, FRAME_OUT); i++)
		;
	for (i = 0; i < 64 && guest_forward(&guest.err, FRAME_ERR); i++)
		;
}

static int guest_main(const char *dir)
{
	char **argv = guest_strings(dir, "argv");
	char **env = guest_strings(dir, "env");
	char **mode = guest_strings(dir, "mode");
	unsigned char status[4] = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	guest.sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	guest.wire = guest_open_wire();
	if (guest.wire < 0)
		guest_die("virtio port");
	guest.tty = strcmp(mode[0], "tty") == 0;
	if (guest.tty)
		guest_start_tty(argv, env);
	else
		guest_start_pipes(argv, env, strcmp(mode[0], "stdin") == 0);
	fcntl(guest.out, F_SETFL, O_NONBLOCK);
	if (guest.err >= 0)
		fcntl(guest.err, F_SETFL, O_NONBLOCK);
	if (guest.in >= 0)
		fcntl(guest.in, F_SETFL, O_NONBLOCK);
	if (!send_frame(guest.wire, FRAME_HELLO, NULL, 0))
		guest_die("wire");
	while (guest.child > 0)
		guest_step();
	guest_drain();
	status[0] = (unsigned char)(WIFSIGNALED(guest.status) ? 128 + WTERMSIG(guest.status)
							      : WEXITSTATUS(guest.status));
	send_frame(guest.wire, FRAME_EXIT, status, sizeof(status));
	guest_halt();
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "host") == 0)
		return host_main(argc - 1, argv + 1);
	if (argc == 3 && strcmp(argv[1], "guest") == 0)
		return guest_main(argv[2]);
	fprintf(stderr, "usage: labmux host [OPTION...] -- QEMU [ARG...]\n"
			"       labmux guest DIRECTORY\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labstolen - tells a guest for how long it could not run.
 *
 *	labstolen FILE QEMU ARG...
 *
 * Forks a child and replaces itself with QEMU. Twice a second, the child writes a number to FILE:
 * for how long the guest's processors were ready to run but had no processor of the host, in
 * hundredths of a second. The guest reads the file and extends its time limits by the growth of
 * the number: see lablimit.c and wait_until in topo.sh.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_NS 500000000

/* Reads a small file of /proc. Returns false if the file is gone or empty. */
static bool read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Returns for how many nanoseconds a thread was ready to run but had no processor. */
static unsigned long long thread_waited(pid_t pid, const char *tid)
{
	unsigned long long ran, waited;
	char path[300], buf[128];

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	if (!read_small(path, buf, sizeof(buf)) || sscanf(buf, "%llu %llu", &ran, &waited) != 2)
		return 0;
	return waited;
}

/* Returns the longest such time of the threads that emulate a processor. With -name
 * debug-threads=on, QEMU names them "CPU 0/TCG". */
static unsigned long long guest_waited(pid_t qemu)
{
	unsigned long long waited, longest = 0;
	const struct dirent *entry;
	char path[300], comm[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)qemu);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)qemu, entry->d_name);
		if (!read_small(path, comm, sizeof(comm)) || strncmp(comm, "CPU ", 4) != 0)
			continue;
		waited = thread_waited(qemu, entry->d_name);
		if (waited > longest)
			longest = waited;
	}
	if (dir)
		closedir(dir);
	return longest;
}

/* Returns how many seconds a hypervisor has taken from each of our processors, on average. */
static double host_stolen(void)
{
	unsigned long long steal;
	char buf[512];

	/* user nice system idle iowait irq softirq steal */
	if (!read_small("/proc/stat", buf, sizeof(buf)) ||
	    sscanf(buf, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		return 0;
	return (double)steal / (double)sysconf(_SC_CLK_TCK) / (double)sysconf(_SC_NPROCESSORS_ONLN);
}

/* A guest that reads the file during a write could see digits of the old number and of the new one.
 * So each number is written to a new file, which replaces the old one. */
static bool write_number(const char *path, double number)
{
	char new[4096];
	FILE *f;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	if (!f)
		return false;
	fprintf(f, "%.0f\n", number);
	return fclose(f) == 0 && rename(new, path) == 0;
}

static void watch(pid_t qemu, const char *path)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	double begin = host_stolen();

	while (getppid() == qemu &&
	       write_number(path, (double)guest_waited(qemu) / 1e7 + (host_stolen() - begin) * 100))
		nanosleep(&interval, NULL);
}

int main(int argc, char **argv)
{
	pid_t qemu = getpid();

	if (argc < 3) {
		fputs("usage: labstolen FILE QEMU ARG...\n", stderr);
		return 125;
	}
	if (!write_number(argv[1], 0)) {
		fprintf(stderr, "labstolen: %s: %s\n", argv[1], strerror(errno));
		return 125;
	}
	switch (fork()) {
	case -1:
		fprintf(stderr, "labstolen: fork: %s\n", strerror(errno));
		return 125;
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Descriptor 3 is QEMU's end of the wire. labmux must notice when QEMU ends. */
		close(3);
		watch(qemu, argv[1]);
		_exit(0);
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "labstolen: %s: %s\n", argv[2], strerror(errno));
	return 127;
}

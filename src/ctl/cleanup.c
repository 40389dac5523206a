/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMON "nft-offloadd"

extern char **environ;

/* The daemon is expected in the directory of this program. */
static int find_daemon(char ret[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	char *name;

	if (len < 0)
		return -errno;
	ret[len] = '\0';
	name = strrchr(ret, '/');
	if (!name || (size_t)(name + 1 - ret) + sizeof(DAEMON) > PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(name + 1, DAEMON);
	return 0;
}

int cleanup_run(const char *socket_path)
{
	char path[PATH_MAX], socket[PATH_MAX];
	char name[] = DAEMON, option[] = "--cleanup", socket_option[] = "-s";
	char *argv[] = { name, option, socket_path ? socket_option : NULL, socket, NULL };
	int status, err = find_daemon(path);
	pid_t pid;

	if (err)
		return err;
	if (snprintf(socket, sizeof(socket), "%s", socket_path ? socket_path : "") >= PATH_MAX)
		return -ENAMETOOLONG;
	err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

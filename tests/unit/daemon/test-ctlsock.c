/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlsock.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>

#include "unit/ctlfixture.h"

/* ---- rights */

static void test_rights(void **state UNUSED)
{
	static const char status[] = "{\"method\":\"org.nftoffload.Status\"}";
	static const char flush[] = "{\"method\":\"org.nftoffload.Flush\","
				    "\"parameters\":{\"all\":true}}";
	int fd = add_client(CTL_RIGHTS_READ);
	uint64_t denied = count("ctl_requests_denied");
	json_t *answer = ask(fd, status);

	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	expect_error(ask(fd, flush), CTL_ERROR_PERMISSION);
	close(fd);

	fd = add_client(CTL_RIGHTS_NONE);
	answer = ask(fd, status);
	assert_non_null(strstr(
		json_string_value(json_object_get(json_object_get(answer, "parameters"), "text")),
		"control-group"));
	expect_error(answer, CTL_ERROR_PERMISSION);
	expect_error(ask(fd, flush), CTL_ERROR_PERMISSION);
	close(fd);
	assert_int_equal(owner.flushes, 0);
	assert_int_equal(count("ctl_requests_denied") - denied, 3);
}

static void test_rights_rule(void **state UNUSED)
{
	const gid_t groups[] = { 5, 1000, 7 };
	const gid_t group = 7, other = 8;
	struct ctlsock_peer peer = { 1000, 1000, groups, array_size(groups) };

	assert_int_equal(ctlsock_rights_of(&peer, 500, NULL), CTL_RIGHTS_NONE);
	assert_int_equal(ctlsock_rights_of(&peer, 1000, NULL), CTL_RIGHTS_FULL);
	assert_int_equal(ctlsock_rights_of(&peer, 500, &group), CTL_RIGHTS_READ);
	assert_int_equal(ctlsock_rights_of(&peer, 500, &other), CTL_RIGHTS_NONE);
	peer.gid = other;
	assert_int_equal(ctlsock_rights_of(&peer, 500, &other), CTL_RIGHTS_READ);
	peer.uid = 0;
	assert_int_equal(ctlsock_rights_of(&peer, 500, NULL), CTL_RIGHTS_FULL);
}

/* Sends a request through the real socket, from a child that runs as another user. */
static int ask_as(uid_t uid, gid_t group, const char *request, char *ret, size_t size)
{
	int pipefd[2], status;
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe(pipefd), 0);
	pid = fork();
	if (pid == 0) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char buf[4096];

		strcpy(addr.sun_path, path);
		if (setgroups(1, &group) < 0 || setgid(uid) < 0 || setuid(uid) < 0 ||
		    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		    send(fd, request, strlen(request) + 1, 0) < 0)
			_exit(1);
		n = recv(fd, buf, sizeof(buf), 0);
		_exit(n > 0 && write(pipefd[1], buf, (size_t)n) == n ? 0 : 2);
	}
	close(pipefd[1]);
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_run_once(loop, false);
	n = read(pipefd[0], ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	close(pipefd[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_peer_credentials(void **state UNUSED)
{
	static const char status[] = "{\"method\":\"org.nftoffload.Status\"}";
	const struct group *group = getgrnam("root");
	char answer[4096];
	int fd = dial();
	json_t *message;

	/* The daemon's own user may call everything. */
	message = ask(fd, "{\"method\":\"org.nftoffload.Flush\",\"parameters\":{\"all\":true}}");
	assert_null(json_object_get(message, "error"));
	json_decref(message);
	close(fd);
	spin();

	/* Only root can become another user. */
	if (geteuid() != 0 || !group)
		return;
	assert_int_equal(ask_as(65534, 65534, status, answer, sizeof(answer)), 0);
	assert_non_null(strstr(answer, "PermissionDenied"));

	ctlsock_free(sock);
	assert_int_equal(
		ctlsock_new(loop, path, "root", commands, array_size(commands), &owner, &sock), 0);
	assert_int_equal(ask_as(65534, 65534, status, answer, sizeof(answer)), 0);
	assert_non_null(strstr(answer, "in group root"));
	assert_int_equal(ask_as(65534, group->gr_gid, status, answer, sizeof(answer)), 0);
	assert_non_null(strstr(answer, "fine"));
	assert_int_equal(ask_as(65534, group->gr_gid, "{\"method\":\"org.nftoffload.Flush\"}",
				answer, sizeof(answer)),
			 0);
	assert_non_null(strstr(answer, "only root"));
}

/* ---- limits on the number of clients */

static void test_client_limits(void **state UNUSED)
{
	uint64_t refused = count("ctl_clients_refused");
	int fds[CTL_CLIENTS_MAX], n = 0, pair[2], fd;

	for (; n < CTLSOCK_CLIENTS_STRANGERS; n++)
		fds[n] = add_client(CTL_RIGHTS_NONE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctlsock_add_client(sock, pair[1], CTL_RIGHTS_NONE), -EBUSY);
	expect_error(take(pair[0]), CTL_ERROR_BUSY);
	assert_null(take(pair[0]));
	close(pair[0]);

	for (; n < (int)CTL_CLIENTS_MAX - CTLSOCK_CLIENTS_RESERVED; n++)
		fds[n] = add_client(CTL_RIGHTS_READ);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctlsock_add_client(sock, pair[1], CTL_RIGHTS_READ), -EBUSY);
	close(pair[0]);
	for (; n < (int)CTL_CLIENTS_MAX; n++)
		fds[n] = dial();
	spin();
	assert_int_equal(ctlsock_client_count(sock), CTL_CLIENTS_MAX);
	fd = dial();
	expect_error(take(fd), CTL_ERROR_BUSY);
	close(fd);
	assert_int_equal(count("ctl_clients_refused") - refused, 3);

	/* A client that leaves makes room for another. */
	close(fds[0]);
	spin();
	fds[0] = dial();
	spin();
	assert_int_equal(ctlsock_client_count(sock), CTL_CLIENTS_MAX);
	while (n)
		close(fds[--n]);
	spin();
	assert_int_equal(ctlsock_client_count(sock), 0);
}

static void test_silent_stranger(void **state UNUSED)
{
	int stranger, known;

	ctlsock_set_stall_ms(sock, 5);
	stranger = add_client(CTL_RIGHTS_NONE);
	known = add_client(CTL_RIGHTS_READ);
	while (ctlsock_client_count(sock) > 1)
		loop_run_once(loop, true);
	assert_null(take(stranger));
	close(stranger);
	close(known);
}

/* ---- the socket file */

static void test_file(void **state UNUSED)
{
	struct ctlsock *other = NULL;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	/* The socket of a running daemon is not replaced. */
	assert_int_equal(ctlsock_new(loop, path, NULL, NULL, 0, NULL, &other), -EADDRINUSE);
	assert_null(other);
	assert_int_equal(stat(path, &st), 0);
	/* The daemon removes its file. */
	ctlsock_free(sock);
	sock = NULL;
	assert_int_equal(stat(path, &st), -1);
}

static void test_stale_file(void **state UNUSED)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ctlsock_free(sock);
	sock = NULL;
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd); /* as after SIGKILL */
	assert_int_equal(ctlsock_new(loop, path, NULL, NULL, 0, NULL, &sock), 0);
}

static void test_file_of_another(void **state UNUSED)
{
	struct ctlsock *other = NULL;
	struct stat st;
	int fd;

	/* Another program has replaced the file: it must not be removed. */
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ctlsock_new(loop, path, NULL, NULL, 0, NULL, &other), -EEXIST);
	ctlsock_free(sock);
	sock = NULL;
	assert_int_equal(stat(path, &st), 0);
}

static void test_directory(void **state UNUSED)
{
	struct ctlsock *other = NULL;
	char deep[128], parent[96];
	struct stat st;
	mode_t mask = umask(0077);

	snprintf(parent, sizeof(parent), "%s/new", dir);
	snprintf(deep, sizeof(deep), "%s/ctl", parent);
	assert_int_equal(ctlsock_new(loop, deep, NULL, NULL, 0, NULL, &other), 0);
	umask(mask);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	ctlsock_free(other);
	assert_int_equal(rmdir(parent), 0);

	snprintf(deep, sizeof(deep), "%s/not/there/ctl", dir);
	assert_int_equal(ctlsock_new(loop, deep, NULL, NULL, 0, NULL, &other), -ENOENT);
	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(ctlsock_new(loop, deep, NULL, NULL, 0, NULL, &other), -ENAMETOOLONG);
	assert_int_equal(ctlsock_new(loop, path, "no-such-group-here", NULL, 0, NULL, &other),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rights),     TEST(test_rights_rule),     TEST(test_peer_credentials),
		TEST(test_client_limits),     TEST(test_silent_stranger), TEST(test_file),
		TEST(test_stale_file), TEST(test_file_of_another), TEST(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

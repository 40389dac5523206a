/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "ctl/cmd.h"
#include "nft-offload/ctl.h"

static char path[64];
static struct session_error error;

/* ---- a fake daemon that gives one answer */

static int listen_at(const char *at)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, at);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int setup(void **state UNUSED)
{
	snprintf(path, sizeof(path), "/tmp/nft-offload-session-%d", (int)getpid());
	memset(&error, 0, sizeof(error));
	return 0;
}

static int teardown(void **state UNUSED)
{
	unlink(path);
	return 0;
}

/*
 * In a child process: accepts one client, reads one request (which must contain
 * expected), sends the answer in pieces, and closes.
 */
static pid_t serve(const char *expected, const char *answer, size_t len)
{
	int fd = listen_at(path);
	char request[4096];
	size_t got = 0;
	ssize_t n = 0;
	pid_t pid = fork();
	int client;

	if (pid != 0) {
		close(fd);
		return pid;
	}
	client = accept(fd, NULL, NULL);
	do {
		got += (size_t)n;
		n = recv(client, request + got, sizeof(request) - got, 0);
	} while (n > 0 && !memchr(request + got, 0, (size_t)n));
	if (n <= 0 || !strstr(request, expected))
		_exit(1);
	for (size_t at = 0; at < len; at += (size_t)n) {
		n = send(client, answer + at, at < 20 ? 1 : len - at, MSG_NOSIGNAL);
		if (n < 0)
			break;
	}
	_exit(0);
}

static void expect_served(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- sessions */

static void test_answers(void **state UNUSED)
{
	static const char answer[] = "{\"parameters\":{\"a\":1},\"continues\":true}\0{}";
	pid_t pid = serve("\"method\":\"a.b\",\"parameters\":{\"x\":2},\"more\":true", answer,
			  sizeof(answer));
	struct session *session;
	json_t *parameters;
	bool continues;

	assert_int_equal(session_open(path, &session, &error), 0);
	assert_int_equal(session_call(session, "a.b", json_pack("{s:i}", "x", 2), true, &error), 0);
	assert_int_equal(session_next(session, &parameters, &continues, &error), 0);
	assert_int_equal(json_integer_value(json_object_get(parameters, "a")), 1);
	assert_true(continues);
	json_decref(parameters);
	assert_int_equal(session_next(session, &parameters, &continues, &error), 0);
	assert_true(json_is_object(parameters));
	assert_false(continues);
	json_decref(parameters);
	assert_int_equal(session_next(session, &parameters, &continues, &error), -ECONNRESET);
	assert_string_equal(error.name, "no-answer");
	session_close(session);
	expect_served(pid);
}

/* Makes a call that gets this answer. Returns the result of session_next(). */
static int ask(const char *answer, size_t len)
{
	pid_t pid = serve("a.b", answer, len);
	struct session *session;
	json_t *parameters;
	bool continues;
	int err;

	assert_int_equal(session_open(path, &session, &error), 0);
	assert_int_equal(session_call(session, "a.b", json_object(), false, &error), 0);
	err = session_next(session, &parameters, &continues, &error);
	session_close(session);
	if (!err)
		json_decref(parameters);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	unlink(path);
	return err;
}

static void test_errors(void **state UNUSED)
{
	static const struct {
		const char *answer, *name, *text;
		int err;
	} cases[] = {
		{ "{\"error\":\"org.x.E\",\"parameters\":{\"text\":\"no way\"}}", "org.x.E",
		  "no way", -EREMOTEIO },
		{ "{\"error\":\"org.x.E\"}", "org.x.E", "nft-offloadd refused the request: org.x.E",
		  -EREMOTEIO },
		{ "{\"error\":\"" CTL_ERROR_INVALID_PARAMETER "\",\"parameters\":"
		  "{\"parameter\":\"src\",\"text\":\"is odd\"}}",
		  CTL_ERROR_INVALID_PARAMETER, "src: is odd", -EREMOTEIO },
		{ "{\"error\":\"" CTL_ERROR_INVALID_PARAMETER "\",\"parameters\":"
		  "{\"parameter\":\"src\"}}",
		  CTL_ERROR_INVALID_PARAMETER, "src: is not valid", -EREMOTEIO },
		{ "{\"error\":\"" CTL_ERROR_METHOD_NOT_FOUND "\",\"parameters\":{}}",
		  CTL_ERROR_METHOD_NOT_FOUND, "the running nft-offloadd does not know this command",
		  -EREMOTEIO },
		{ "garbage", "protocol", "the answer from nft-offloadd is not varlink", -EPROTO },
		{ "[]", "protocol", "the answer from nft-offloadd is not varlink", -EPROTO },
		{ "{\"parameters\":3}", "protocol", "the answer from nft-offloadd is not varlink",
		  -EPROTO },
		{ "", "protocol", "the answer from nft-offloadd is not varlink", -EPROTO },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(ask(cases[i].answer, strlen(cases[i].answer) + 1), cases[i].err);
		assert_string_equal(error.name, cases[i].name);
		assert_string_equal(error.text, cases[i].text);
	}
	/* The connection ends in the middle of an answer, or before it. */
	assert_int_equal(ask("{\"parameters\":", 5), -ECONNRESET);
	assert_int_equal(ask("", 0), -ECONNRESET);
}

static void test_too_large(void **state UNUSED)
{
	size_t len = 1024 * 1024;
	char *answer = malloc(len);

	assert_non_null(answer);
	memset(answer, ' ', len);
	assert_int_equal(ask(answer, len), -EMSGSIZE);
	free(answer);
}

static void test_silence(void **state UNUSED)
{
	int fd = listen_at(path);
	struct session *session;
	json_t *parameters;
	bool continues;

	assert_int_equal(session_open(path, &session, &error), 0);
	session_set_timeout_ms(session, 1);
	assert_int_equal(session_call(session, "a.b", json_object(), false, &error), 0);
	assert_int_equal(session_next(session, &parameters, &continues, &error), -ETIMEDOUT);
	assert_string_equal(error.name, "no-answer");
	session_close(session);
	close(fd);
}

static void test_unreachable(void **state UNUSED)
{
	char expected[256], longer[256];
	struct session *session;
	int fd;

	assert_int_equal(session_open(path, &session, &error), -ENOENT);
	snprintf(expected, sizeof(expected),
		 "cannot reach nft-offloadd at %s: No such file or directory; is it running? "
		 "(systemctl status nft-offloadd)",
		 path);
	assert_string_equal(error.text, expected);
	assert_string_equal(error.name, "unreachable");

	fd = listen_at(path);
	close(fd);
	assert_int_equal(session_open(path, &session, &error), -ECONNREFUSED);
	assert_non_null(strstr(error.text, "is it running?"));

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(session_open(longer, &session, &error), -ENAMETOOLONG);
}

/* A socket that we may not open. Root may open every socket, so a child that is not root tries. */
static void test_no_permission(void **state UNUSED)
{
	struct session *session;
	int fd = listen_at(path), status;
	pid_t pid;

	assert_int_equal(chmod(path, 0), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(1);
		if (session_open(path, &session, &error) != -EACCES)
			_exit(2);
		_exit(strstr(error.text, "try as root") ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

/* ---- whole commands */

static int run(const struct cmd_args *args, bool is_json, char **ret_text)
{
	size_t size;
	FILE *stream = open_memstream(ret_text, &size);
	struct out *out = is_json ? out_json_new(stream, false) : out_text_new(stream, stream);
	int status = cmd_run(args, out);

	out->ops->free(out);
	fclose(stream);
	unlink(path);
	return status;
}

static void test_commands(void **state UNUSED)
{
	static char tuple_text[] = "tcp 192.0.2.1:1 192.0.2.2:2 zone 3";
	static char *tuple[] = { tuple_text };
	static const char rows[] = "{\"parameters\":{\"flow\":{\"proto\":\"tcp\"}},"
				   "\"continues\":true}\0"
				   "{\"parameters\":{\"flow\":{\"proto\":\"udp\"}},"
				   "\"continues\":true}\0{\"parameters\":{}}";
	static const char flushed[] = "{\"parameters\":{\"flushed\":1}}";
	struct cmd_args args = {
		.socket_path = path, .command = "flows", .state = "software", .device = "lan0"
	};
	char *text;
	pid_t pid;

	pid = serve("Flows\",\"parameters\":{\"state\":\"software\",\"device\":\"lan0\"},"
		    "\"more\":true",
		    rows, sizeof(rows));
	assert_int_equal(run(&args, true, &text), CMD_OK);
	assert_string_equal(text, "[\n{\"proto\":\"tcp\"},\n{\"proto\":\"udp\"}\n]\n");
	free(text);
	expect_served(pid);

	args = (struct cmd_args){
		.socket_path = path, .command = "flush", .words = tuple, .n_words = 1
	};
	pid = serve("Flush\",\"parameters\":{\"proto\":\"tcp\",\"src\":\"192.0.2.1\",\"sport\":1,"
		    "\"dst\":\"192.0.2.2\",\"dport\":2,\"zone\":3}}",
		    flushed, sizeof(flushed));
	assert_int_equal(run(&args, false, &text), CMD_OK);
	assert_string_equal(text, "1 connection returned to the CPU\n");
	free(text);
	expect_served(pid);

	args = (struct cmd_args){ .socket_path = path, .command = "flush", .all = true };
	pid = serve("Flush\",\"parameters\":{\"all\":true}}", flushed, sizeof(flushed));
	assert_int_equal(run(&args, true, &text), CMD_OK);
	assert_string_equal(text, "{\"flushed\":1}\n");
	free(text);
	expect_served(pid);

	args = (struct cmd_args){ .socket_path = path, .command = "status" };
	assert_int_equal(run(&args, true, &text), CMD_FAILED);
	assert_ptr_equal(strstr(text, "{\"error\":\"unreachable\",\"text\":\"cannot reach"), text);
	free(text);
}

/* Only problems change the exit status. */
static void test_doctor(void **state UNUSED)
{
	static const char problem[] = "{\"parameters\":{\"finding\":{\"severity\":\"problem\"}},"
				      "\"continues\":true}\0"
				      "{\"parameters\":{\"finding\":{\"severity\":\"fine\"}},"
				      "\"continues\":true}\0{\"parameters\":{}}";
	static const char hint[] = "{\"parameters\":{\"finding\":{\"severity\":\"hint\"}},"
				   "\"continues\":true}\0{\"parameters\":{}}";
	struct cmd_args args = { .socket_path = path, .command = "doctor" };
	char *text;
	pid_t pid;

	pid = serve("Doctor\",\"parameters\":{},\"more\":true", problem, sizeof(problem));
	assert_int_equal(run(&args, true, &text), CMD_PROBLEMS);
	assert_string_equal(text, "[\n{\"severity\":\"problem\"},\n{\"severity\":\"fine\"}\n]\n");
	free(text);
	expect_served(pid);
	pid = serve("Doctor", hint, sizeof(hint));
	assert_int_equal(run(&args, false, &text), CMD_OK);
	assert_string_equal(text, "hints:\n  -\n");
	free(text);
	expect_served(pid);
}

/* If a list breaks off, the output is still a valid list, and the command fails. */
static void test_broken_list(void **state UNUSED)
{
	static const char rows[] = "{\"parameters\":{\"flow\":{}},\"continues\":true}";
	struct cmd_args args = { .socket_path = path, .command = "flows" };
	pid_t pid = serve("Flows", rows, sizeof(rows));
	char *text;

	assert_int_equal(run(&args, true, &text), CMD_FAILED);
	assert_string_equal(text, "[\n{}\n]\n");
	free(text);
	expect_served(pid);
}

/* The daemon refuses the client before it has read the request. */
static void test_busy(void **state UNUSED)
{
	static const char answer[] = "{\"error\":\"" CTL_ERROR_BUSY "\","
				     "\"parameters\":{\"text\":\"too many\"}}";
	int fd = listen_at(path), client;
	struct session *session;
	json_t *parameters;
	bool continues;

	assert_int_equal(session_open(path, &session, &error), 0);
	client = accept(fd, NULL, NULL);
	assert_int_equal(send(client, answer, sizeof(answer), 0), sizeof(answer));
	close(client);
	assert_int_equal(session_call(session, "a.b", json_object(), false, &error), 0);
	assert_int_equal(session_next(session, &parameters, &continues, &error), -EREMOTEIO);
	assert_string_equal(error.text, "too many");
	session_close(session);
	close(fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),  TEST(test_errors),      TEST(test_too_large),
		TEST(test_silence),  TEST(test_unreachable), TEST(test_no_permission),
		TEST(test_commands), TEST(test_broken_list), TEST(test_doctor), TEST(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

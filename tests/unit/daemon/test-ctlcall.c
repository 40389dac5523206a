/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlcall.h"

#include "unit/ctlfixture.h"

/* ---- ordinary calls */

static void test_reply(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer = ask(fd, "{\"method\":\"org.nftoffload.Status\"}");

	expect_text(answer, "parameters", "state", "fine");
	assert_null(json_object_get(answer, "continues"));
	json_decref(answer);

	answer = ask(fd, "{\"method\":\"org.nftoffload.Status\",\"parameters\":{\"a\":\"b\"},"
			 "\"more\":false,\"unknown\":[1]}");
	expect_text(json_object_get(answer, "parameters"), "echo", "a", "b");
	json_decref(answer);
	close(fd);
	spin();
	assert_int_equal(ctlsock_client_count(sock), 0);
}

static void test_pipelined(void **state UNUSED)
{
	static const char two[] = "{\"method\":\"org.nftoffload.Status\"}\0"
				  "{\"method\":\"org.nftoffload.Rows\",\"more\":true,"
				  "\"parameters\":{\"n\":2}}\0"
				  "{\"method\":\"org.nftoffload.Flush\","
				  "\"parameters\":{\"all\":true}}";
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	assert_int_equal(send(fd, two, sizeof(two), 0), sizeof(two));
	answer = take(fd);
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	for (int i = 0; i < 3; i++) {
		answer = take(fd);
		assert_int_equal(json_is_true(json_object_get(answer, "continues")), i < 2);
		json_decref(answer);
	}
	answer = take(fd);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(answer, "parameters"), "flushed")),
			 3);
	json_decref(answer);
	assert_int_equal(owner.destroyed, 1);
	close(fd);
}

/* Byte by byte, with a round of the loop after each. */
static void test_partial(void **state UNUSED)
{
	static const char request[] = "{\"method\":\"org.nftoffload.Status\"}";
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	for (size_t i = 0; i < sizeof(request); i++) {
		assert_int_equal(send(fd, request + i, 1, 0), 1);
		loop_run_once(loop, false);
	}
	answer = take(fd);
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	close(fd);
}

static void test_oneway(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	put(fd, "{\"method\":\"org.nftoffload.Flush\",\"oneway\":true,"
		"\"parameters\":{\"all\":true}}");
	answer = ask(fd, "{\"method\":\"org.nftoffload.Status\"}");
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	assert_int_equal(owner.flushes, 1);
	close(fd);
}

static void test_service(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_NONE);
	json_t *answer = ask(fd, "{\"method\":\"org.varlink.service.GetInfo\"}"), *list;

	expect_text(answer, "parameters", "product", "nft-offloadd");
	list = json_object_get(json_object_get(answer, "parameters"), "interfaces");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 1)), "org.nftoffload");
	json_decref(answer);

	answer = ask(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			 "\"parameters\":{\"interface\":\"org.nftoffload\"}}");
	list = json_object_get(json_object_get(answer, "parameters"), "description");
	assert_non_null(strstr(json_string_value(list), "\ninterface org.nftoffload\n"));
	assert_non_null(strstr(json_string_value(list), "\nmethod Status() -> ("));
	json_decref(answer);
	answer = ask(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			 "\"parameters\":{\"interface\":\"org.varlink.service\"}}");
	list = json_object_get(json_object_get(answer, "parameters"), "description");
	assert_non_null(strstr(json_string_value(list), "\nerror ExpectedMore ()\n"));
	json_decref(answer);

	expect_error(ask(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			     "\"parameters\":{\"interface\":\"org.other\"}}"),
		     CTL_ERROR_INTERFACE_NOT_FOUND);
	expect_error(ask(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}"),
		     CTL_ERROR_INVALID_PARAMETER);
	expect_error(ask(fd, "{\"method\":\"org.varlink.service.Nothing\"}"),
		     CTL_ERROR_METHOD_NOT_FOUND);
	close(fd);
}

static void test_errors(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer = ask(fd, "{\"method\":\"org.nftoffload.Nothing\"}");

	expect_text(answer, "parameters", "method", "org.nftoffload.Nothing");
	expect_error(answer, CTL_ERROR_METHOD_NOT_FOUND);
	answer = ask(fd, "{\"method\":\"org.other.Nothing\"}");
	expect_text(answer, "parameters", "interface", "org.other");
	expect_error(answer, CTL_ERROR_INTERFACE_NOT_FOUND);
	expect_error(ask(fd, "{\"method\":\"\"}"), CTL_ERROR_INTERFACE_NOT_FOUND);
	expect_error(ask(fd, "{\"method\":\"org.nftoffload.Rows\"}"), CTL_ERROR_EXPECTED_MORE);
	answer = ask(fd, "{\"method\":\"org.nftoffload.Flush\"}");
	expect_text(answer, "parameters", "parameter", "all");
	expect_text(answer, "parameters", "text", "must be true");
	expect_error(answer, CTL_ERROR_INVALID_PARAMETER);
	expect_error(ask(fd, "{\"method\":\"org.nftoffload.Null\"}"), CTL_ERROR_FAILED);
	/* The client still works after these errors. */
	answer = ask(fd, "{\"method\":\"org.nftoffload.Status\"}");
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	close(fd);
}

/* ---- malformed requests */

static void expect_refused(const char *data, size_t len)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	uint64_t bad = count("ctl_requests_bad");

	assert_int_equal(send(fd, data, len, 0), len);
	expect_error(take(fd), CTL_ERROR_BAD_REQUEST);
	expect_closed(fd);
	assert_int_equal(count("ctl_requests_bad") - bad, 1);
	close(fd);
}

static void test_garbage(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"garbage",
		"[]",
		"{}",
		"3",
		"{\"method\":3}",
		"{\"method\":\"a.b\",\"method\":\"a.b\"}",
		"{\"method\":\"a.b\",\"parameters\":[]}",
		"{\"method\":\"a.b\",\"more\":1}",
		"{\"method\":\"a.b\",\"upgrade\":true}",
		"{\"method\":\"a.b\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"a.b\"} {\"method\":\"a.b\"}",
		"{\"method\":\"\xff\"}",
		"{\"method\":\"a\\u0000b\"}",
	};

	for (size_t i = 0; i < array_size(bad); i++)
		expect_refused(bad[i], strlen(bad[i]) + 1);
}

static void test_deep_nesting(void **state UNUSED)
{
	char text[512] = "{\"method\":\"org.nftoffload.Status\",\"parameters\":{\"a\":";
	size_t len = strlen(text);
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	memset(text + len, '[', 14);
	memset(text + len + 14, ']', 14);
	strcpy(text + len + 28, "}}");
	answer = ask(fd, text);
	assert_non_null(json_object_get(answer, "parameters"));
	assert_null(json_object_get(answer, "error"));
	json_decref(answer);
	close(fd);
	spin();

	memset(text + len, '[', 15);
	memset(text + len + 15, ']', 15);
	strcpy(text + len + 30, "}}");
	expect_refused(text, strlen(text) + 1);
	memset(text + len, '[', 400);
	expect_refused(text, strlen(text) + 1);
}

static void test_huge_request(void **state UNUSED)
{
	static char text[CTL_REQUEST_MAX_BYTES + 64];
	static const char begin[] = "{\"method\":\"org.nftoffload.Status\",\"x\":\"";
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	memset(text, 'x', sizeof(text));
	memcpy(text, begin, strlen(begin));
	/* The largest request that is allowed. */
	memcpy(text + CTL_REQUEST_MAX_BYTES - 2, "\"}", 3);
	answer = ask(fd, text);
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	close(fd);
	spin();

	memset(text + CTL_REQUEST_MAX_BYTES - 2, 'x', 3);
	expect_refused(text, sizeof(text));
}

static void test_half_closed(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	put(fd, "{\"method\":\"org.nftoffload.Status\"}");
	put(fd, "{\"method\":\"org.nftoffload.Status\"}");
	assert_int_equal(send(fd, "{\"meth", 6, 0), 6);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (int i = 0; i < 2; i++) {
		answer = take(fd);
		expect_text(answer, "parameters", "state", "fine");
		json_decref(answer);
	}
	expect_closed(fd);
	close(fd);
}

/* If a client sends a request and closes at once, the request is still carried out. */
static void test_closed_after_oneway(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);

	put(fd, "{\"method\":\"org.nftoffload.Flush\",\"oneway\":true,"
		"\"parameters\":{\"all\":true}}");
	close(fd);
	spin();
	assert_int_equal(owner.flushes, 1);
	assert_int_equal(ctlsock_client_count(sock), 0);
}

/* ---- long answers */

static void test_rows(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer = ask(fd, "{\"method\":\"org.nftoffload.Rows\",\"more\":true,"
				 "\"parameters\":{\"n\":20000}}");
	int rows = 0;

	while (json_is_true(json_object_get(answer, "continues"))) {
		assert_int_equal(json_integer_value(json_object_get(
					 json_object_get(answer, "parameters"), "row")),
				 rows);
		rows++;
		json_decref(answer);
		answer = take(fd);
	}
	assert_int_equal(rows, 20000);
	json_decref(answer);
	assert_int_equal(owner.destroyed, 1);
	close(fd);
}

/* If a client stops reading, no rows are made beyond the high mark. Later it is dropped. */
static void test_back_pressure(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	uint64_t stalled = count("ctl_clients_stalled");
	unsigned int made;

	put(fd, "{\"method\":\"org.nftoffload.Rows\",\"more\":true,"
		"\"parameters\":{\"n\":1000000}}");
	for (int i = 0; i < 1000; i++)
		loop_run_once(loop, false);
	made = owner.rows_made;
	for (int i = 0; i < 100; i++)
		loop_run_once(loop, false);
	assert_int_equal(owner.rows_made, made);
	/* Enough rows of about a hundred bytes to fill the queue and the kernel's buffer. */
	assert_in_range(made, 2000, 20000);

	ctlsock_set_stall_ms(sock, 1);
	while (ctlsock_client_count(sock))
		loop_run_once(loop, true);
	assert_int_equal(owner.destroyed, 1);
	assert_int_equal(count("ctl_clients_stalled") - stalled, 1);
	close(fd);
}

static void test_vanish_in_rows(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer = ask(fd, "{\"method\":\"org.nftoffload.Rows\",\"more\":true,"
				 "\"parameters\":{\"n\":1000000}}");

	json_decref(answer);
	close(fd);
	for (int i = 0; i < 100; i++)
		loop_run_once(loop, false);
	assert_int_equal(owner.destroyed, 1);
	assert_int_equal(ctlsock_client_count(sock), 0);
}

static void test_large_answers(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer = ask(fd, "{\"method\":\"org.nftoffload.Large\","
				 "\"parameters\":{\"n\":200000}}");

	assert_null(json_object_get(answer, "error"));
	json_decref(answer);
	expect_error(ask(fd, "{\"method\":\"org.nftoffload.Large\",\"parameters\":{\"n\":300000}}"),
		     CTL_ERROR_FAILED);
	/* A row that is too large ends the call. */
	expect_error(ask(fd, "{\"method\":\"org.nftoffload.Large\",\"more\":true,"
			     "\"parameters\":{\"n\":300000}}"),
		     CTL_ERROR_FAILED);
	answer = ask(fd, "{\"method\":\"org.nftoffload.Status\"}");
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	close(fd);
}

static void test_flood(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);

	put(fd, "{\"method\":\"org.nftoffload.Flood\",\"more\":true}");
	spin();
	assert_int_equal(ctlsock_client_count(sock), 0);
	close(fd);
}

/* ---- calls that wait for something */

static void test_wait(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	put(fd, "{\"method\":\"org.nftoffload.Wait\"}");
	put(fd, "{\"method\":\"org.nftoffload.Status\"}");
	spin();
	assert_non_null(owner.waiting);
	ctl_call_reply(owner.waiting, json_pack("{s:s}", "state", "late"));
	assert_null(owner.waiting);
	answer = take(fd);
	expect_text(answer, "parameters", "state", "late");
	json_decref(answer);
	answer = take(fd);
	expect_text(answer, "parameters", "state", "fine");
	json_decref(answer);
	assert_int_equal(owner.destroyed, 1);
	close(fd);
}

static void test_paused(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);
	json_t *answer;

	put(fd, "{\"method\":\"org.nftoffload.Paused\"}");
	spin();
	assert_int_equal(owner.rows_made, 0);
	ctl_call_resume(owner.waiting);
	answer = take(fd);
	expect_text(answer, "parameters", "state", "resumed");
	json_decref(answer);
	assert_int_equal(owner.destroyed, 1);
	close(fd);
}

static void test_vanish_while_waiting(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);

	put(fd, "{\"method\":\"org.nftoffload.Wait\"}");
	spin();
	assert_non_null(owner.waiting);
	close(fd);
	spin();
	assert_null(owner.waiting);
	assert_int_equal(owner.destroyed, 1);
	assert_int_equal(ctlsock_client_count(sock), 0);
}

/* The client shuts down its sending side before it closes. No event reports the close, so the
 * regular check must find it. */
static void test_vanish_after_half_close(void **state UNUSED)
{
	int fd;

	ctlsock_set_stall_ms(sock, 5);
	fd = add_client(CTL_RIGHTS_FULL);
	put(fd, "{\"method\":\"org.nftoffload.Wait\"}");
	shutdown(fd, SHUT_WR);
	spin();
	assert_non_null(owner.waiting);
	close(fd);
	while (ctlsock_client_count(sock))
		loop_run_once(loop, true);
	assert_null(owner.waiting);
}

static void test_free_while_waiting(void **state UNUSED)
{
	int fd = add_client(CTL_RIGHTS_FULL);

	put(fd, "{\"method\":\"org.nftoffload.Wait\"}");
	spin();
	assert_non_null(owner.waiting);
	ctlsock_free(sock);
	sock = NULL;
	assert_null(owner.waiting);
	assert_int_equal(owner.destroyed, 1);
	close(fd);
}

/* ---- random requests, cut at random */

static void test_random(void **state UNUSED)
{
	static const char *const pieces[] = {
		"{\"method\":\"org.nftoffload.Status\"}",
		"{\"method\":\"org.nftoffload.Rows\",\"more\":true,\"parameters\":{\"n\":700}}",
		"{\"method\":\"org.nftoffload.Paused\"}",
		"{\"method\":\"org.nftoffload.Flush\",\"oneway\":true}",
		"{\"method\":\"org.varlink.service.GetInfo\"}",
		"{\"method\":",
		"\"\\",
	};
	unsigned int seed = 7;

	for (int round = 0; round < 400; round++) {
		int fd = add_client(round % 3);

		for (int i = 0; i < 6; i++) {
			const char *piece;

			seed = seed * 1103515245 + 12345;
			piece = pieces[(seed >> 8) % array_size(pieces)];
			/* The whole piece with its NUL, or the first part of it. */
			IGNORE_RESULT(send(fd, piece,
					   seed & 0x10000 ? strlen(piece) + 1
							  : (seed >> 18) % strlen(piece),
					   MSG_NOSIGNAL));
			if (seed & 0x20000)
				loop_run_once(loop, false);
			if (owner.waiting && (seed & 0x40000))
				ctl_call_resume(owner.waiting);
		}
		if (seed & 0x80000) {
			char buf[4096];

			IGNORE_RESULT(recv(fd, buf, sizeof(buf), 0));
		}
		close(fd);
		for (int i = 0; i < 40; i++)
			loop_run_once(loop, false);
		assert_int_equal(ctlsock_client_count(sock), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reply),
		TEST(test_pipelined),
		TEST(test_partial),
		TEST(test_oneway),
		TEST(test_service),
		TEST(test_errors),
		TEST(test_garbage),
		TEST(test_deep_nesting),
		TEST(test_huge_request),
		TEST(test_half_closed),
		TEST(test_closed_after_oneway),
		TEST(test_rows),
		TEST(test_back_pressure),
		TEST(test_vanish_in_rows),
		TEST(test_large_answers),
		TEST(test_flood),
		TEST(test_wait),
		TEST(test_paused),
		TEST(test_vanish_while_waiting),
		TEST(test_vanish_after_half_close),
		TEST(test_free_while_waiting),
		TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

/* The service manager's end of the socket. */
static int manager = -1;
static char path[64];

static int open_manager(const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address));

	memcpy(addr.sun_path, address, strlen(address));
	if (address[0] == '@')
		addr.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (manager < 0 || bind(manager, (struct sockaddr *)&addr, len) < 0)
		return -1;
	return setenv("NOTIFY_SOCKET", address, 1);
}

static int setup(void **state UNUSED)
{
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	snprintf(path, sizeof(path), "/tmp/nft-offload-notify-%d", (int)getpid());
	return open_manager(path);
}

static int teardown(void **state UNUSED)
{
	close(manager);
	unlink(path);
	return unsetenv("NOTIFY_SOCKET");
}

static void expect(const char *text)
{
	char buf[4096];
	ssize_t n = recv(manager, buf, sizeof(buf) - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

static void expect_nothing(void)
{
	char c;

	assert_int_equal(recv(manager, &c, 1, 0), -1);
}

static struct notify *make(void)
{
	struct notify *notify;

	assert_int_equal(notify_new(&notify), 0);
	assert_true(notify_is_wanted(notify));
	return notify;
}

static void test_messages(void **state UNUSED)
{
	struct notify *notify = make();
	char buf[256];
	ssize_t n;

	notify_ready(notify, "forwarding");
	expect("READY=1");
	expect("STATUS=forwarding");
	notify_ready(notify, NULL);
	expect("READY=1");
	notify_status(notify, "%d flows\nWATCHDOG=trigger", 3);
	expect("STATUS=3 flows WATCHDOG=trigger");
	notify_watchdog(notify);
	expect("WATCHDOG=1");
	notify_reloading(notify);
	n = recv(manager, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_int_equal(strncmp(buf, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_true(strtoll(buf + 27, NULL, 10) > 0);
	notify_stopping(notify);
	expect("STOPPING=1");
	notify_extend(notify, 20000);
	expect("EXTEND_TIMEOUT_USEC=20000000");
	expect_nothing();
	notify_free(notify);
}

static void test_status_is_sent_once(void **state UNUSED)
{
	struct notify *notify = make();
	char text[2000];
	char buf[4096];

	notify_status(notify, "same");
	notify_status(notify, "same");
	expect("STATUS=same");
	expect_nothing();
	notify_status(notify, "other");
	expect("STATUS=other");
	notify_status(notify, "same");
	expect("STATUS=same");

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	notify_status(notify, "%s", text);
	assert_true(recv(manager, buf, sizeof(buf), 0) > 100);
	notify_status(notify, "%s", text);
	expect_nothing();
	notify_free(notify);
}

static void test_abstract_address(void **state UNUSED)
{
	struct notify *notify;
	char address[64];

	close(manager);
	snprintf(address, sizeof(address), "@nft-offload-notify-%d", (int)getpid());
	assert_int_equal(open_manager(address), 0);
	notify = make();
	notify_ready(notify, NULL);
	expect("READY=1");
	notify_free(notify);
}

/* A manager that does not read, or is gone, does not block the daemon. */
static void test_deaf_manager(void **state UNUSED)
{
	struct notify *notify = make();

	for (int i = 0; i < 10000; i++)
		notify_watchdog(notify);
	close(manager);
	notify_stopping(notify);
	notify_free(notify);
	manager = -1;
}

static void test_no_service_manager(void **state UNUSED)
{
	struct notify *notify;

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	assert_int_equal(notify_new(&notify), 0);
	assert_null(notify);
	assert_false(notify_is_wanted(notify));
	assert_int_equal(notify_watchdog_ms(notify), 0);
	notify_ready(notify, "text");
	notify_status(notify, "text");
	notify_reloading(notify);
	notify_watchdog(notify);
	notify_stopping(notify);
	notify_extend(notify, 1);
	notify_free(notify);
	expect_nothing();
}

static void test_bad_address(void **state UNUSED)
{
	static const char *const bad[] = { "relative", "@", "/", "vsock:2:1" };
	struct notify *notify;
	char text[300];

	for (size_t i = 0; i < array_size(bad); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		assert_int_equal(notify_new(&notify), -EINVAL);
		assert_null(notify);
	}
	memset(text, '/', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	setenv("NOTIFY_SOCKET", text, 1);
	assert_int_equal(notify_new(&notify), -EINVAL);
}

static uint64_t watchdog_ms(const char *usec, const char *pid)
{
	struct notify *notify;
	uint64_t ms;

	setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	else
		unsetenv("WATCHDOG_PID");
	notify = make();
	ms = notify_watchdog_ms(notify);
	notify_free(notify);
	return ms;
}

static void test_watchdog(void **state UNUSED)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(watchdog_ms("30000000", NULL), 15000);
	assert_int_equal(watchdog_ms("30000000", pid), 15000);
	assert_int_equal(watchdog_ms("30000000", "1"), 0);
	assert_int_equal(watchdog_ms("30000000", "x"), 0);
	assert_int_equal(watchdog_ms("1000", NULL), 1);
	assert_int_equal(watchdog_ms("0", NULL), 0);
	assert_int_equal(watchdog_ms("-1", NULL), 0);
	assert_int_equal(watchdog_ms("soon", NULL), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages), TEST(test_status_is_sent_once),
		TEST(test_abstract_address), TEST(test_deaf_manager),
		TEST(test_no_service_manager), TEST(test_bad_address),
		TEST(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

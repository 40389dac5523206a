/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets and batches, tested on the kernel that runs the test: requests about the
 * loopback interface need no privilege. Skipped without netlink.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "nl/nlbatch.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define LOOPBACK 1
/* So few that all answers fit into the default buffer. */
#define BATCH 40
#define NO_SUCH_DEVICE 0x7ffffff0

static int open_socket(void **state)
{
	static struct nlsock sock;

	if (nlsock_open(&sock, NETLINK_ROUTE, 256 * 1024))
		return 0;
	*state = &sock;
	return 0;
}

static int close_socket(void **state)
{
	if (*state)
		nlsock_close(*state);
	return 0;
}

/* The socket of the set-up; ends the test if there is none. */
#define socket_or_return(state)                                                                    \
	({                                                                                         \
		if (!*(state))                                                                     \
			unit_return_because("no netlink socket");                                  \
		(struct nlsock *)*(state);                                                         \
	})

static int put_getlink(struct nlput *w, int ifindex, uint16_t flags)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	nlput_begin(w, RTM_GETLINK, flags);
	nlput_header(w, &header, sizeof(header));
	return nlput_end(w);
}

struct seen {
	unsigned int links, others;
	uint32_t last_pid, last_seq;
};

static void count(const struct nlmsghdr *nlh, void *ctx)
{
	struct seen *seen = ctx;

	if (nlh->nlmsg_type == RTM_NEWLINK)
		seen->links++;
	else
		seen->others++;
	seen->last_pid = nlh->nlmsg_pid;
	seen->last_seq = nlh->nlmsg_seq;
}

static void query_gives_answer_and_result(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	_Alignas(4) unsigned char buf[64];
	struct seen seen = { 0 };
	struct nlerr err;
	struct nlput w;

	nlput_init(&w, buf, sizeof(buf), 0);
	assert_int_equal(put_getlink(&w, LOOPBACK, 0), 0);
	assert_int_equal(nlsock_query(sock, nlput_msg(&w), 1000, count, &seen, &err), 0);
	assert_int_equal(seen.links, 1);
	assert_int_equal(seen.others, 0);
	assert_int_equal(seen.last_pid, nlsock_portid(sock));

	assert_int_equal(put_getlink(&w, NO_SUCH_DEVICE, 0), 0);
	assert_int_equal(nlsock_query(sock, nlput_msg(&w), 1000, NULL, NULL, &err), -ENODEV);
	assert_int_equal(err.err, -ENODEV);

	/* Strict checking: a dump request must not name a device. */
	assert_int_equal(put_getlink(&w, LOOPBACK, NLM_F_DUMP), 0);
	assert_int_equal(nlsock_query(sock, nlput_msg(&w), 1000, NULL, NULL, &err), -EINVAL);
	assert_string_not_equal(err.extack, "");

	assert_int_equal(put_getlink(&w, 0, NLM_F_DUMP), 0);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(nlsock_query(sock, nlput_msg(&w), 1000, count, &seen, &err), 0);
	assert_true(seen.links >= 1);
}

static void sequence_numbers_differ(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	uint32_t first = nlsock_next_seq(sock);

	assert_int_equal(nlsock_next_seq(sock), first + 1);
}

static void reads_without_waiting(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	_Alignas(4) unsigned char buf[64];
	struct seen seen = { 0 };
	struct nlput w;

	assert_int_equal(nlsock_recv_many(sock, 10, count, &seen), 0);
	for (uint32_t seq = 100; seq < 110; seq++) {
		nlput_init(&w, buf, sizeof(buf), seq);
		assert_int_equal(put_getlink(&w, LOOPBACK, 0), 0);
		assert_int_equal(nlsock_send(sock, nlput_msg(&w)), 0);
	}
	/* The budget ends a call; the other messages stay in the socket. */
	assert_int_equal(nlsock_recv_many(sock, 4, count, &seen), 4);
	assert_int_equal(seen.last_seq, 103);
	assert_int_equal(nlsock_recv_many(sock, 100, count, &seen), 6);
	assert_int_equal(seen.links, 10);
	assert_int_equal(seen.last_seq, 109);
	assert_int_equal(nlsock_recv_many(sock, 100, count, &seen), 0);
}

/* Messages that do not come from the kernel are dropped. */
static void strangers_are_dropped(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = nlsock_portid(sock) };
	struct seen seen = { 0 };
	struct nlmsghdr fake = { .nlmsg_len = sizeof(fake), .nlmsg_type = RTM_NEWLINK };
	struct nlsock other;

	assert_int_equal(nlsock_open(&other, NETLINK_ROUTE, 0), 0);
	/* Without privilege the kernel does not deliver the message, and nothing is tested. */
	if (sendto(nlsock_fd(&other), &fake, sizeof(fake), 0, (struct sockaddr *)&to, sizeof(to)) >=
	    0)
		assert_int_equal(nlsock_recv_many(sock, 10, count, &seen), 0);
	assert_int_equal(seen.links, 0);
	nlsock_close(&other);
}

static void buffer_grows_to_its_limit(void **state)
{
	struct nlsock sock;
	int size;

	socket_or_return(state);
	assert_int_equal(nlsock_open(&sock, NETLINK_ROUTE, 16 * 1024), 0);
	assert_int_equal(nlsock_grow(&sock, 64 * 1024), 32 * 1024);
	assert_int_equal(nlsock_grow(&sock, 64 * 1024), 64 * 1024);
	assert_int_equal(nlsock_grow(&sock, 64 * 1024), 64 * 1024);
	assert_int_equal(nlsock_grow(&sock, 100 * 1024), 100 * 1024);
	nlsock_close(&sock);
	nlsock_close(&sock);

	/* From the system's default. */
	assert_int_equal(nlsock_open(&sock, NETLINK_ROUTE, 0), 0);
	size = nlsock_grow(&sock, 1024);
	assert_true(size > 1024);
	nlsock_close(&sock);
}

static void overrun_is_reported_once(void **state)
{
	_Alignas(4) unsigned char buf[64];
	struct seen seen = { 0 };
	struct nlsock sock;
	struct nlput w;
	int n;

	socket_or_return(state);
	assert_int_equal(nlsock_open(&sock, NETLINK_ROUTE, 4096), 0);
	nlput_init(&w, buf, sizeof(buf), 1);
	assert_int_equal(put_getlink(&w, LOOPBACK, 0), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(nlsock_send(&sock, nlput_msg(&w)), 0);
	assert_int_equal(nlsock_recv_many(&sock, 100, count, &seen), -ENOBUFS);
	n = nlsock_recv_many(&sock, 100, count, &seen);
	assert_true(n > 0 && n < 64);
	assert_int_equal(nlsock_recv_many(&sock, 100, count, &seen), 0);
	nlsock_close(&sock);
}

/* -- batches -------------------------------------------------------------- */

struct replies {
	unsigned int count[NLBATCH_MSGS_MAX];
};

static void on_reply(unsigned int index, const struct nlmsghdr *nlh, void *ctx)
{
	struct replies *replies = ctx;

	assert_true(index < NLBATCH_MSGS_MAX);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWLINK);
	replies->count[index]++;
}

/* Every third request is refused, and only every fifth asks for an ack. */
static void batch_matches_answers(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	struct replies replies = { 0 };
	struct nlbatch b;
	struct nlput *w;
	unsigned int n = 0;

	assert_int_equal(nlbatch_init(&b, sock, BATCH), 0);
	while ((w = nlbatch_next(&b))) {
		assert_int_equal(put_getlink(w, n % 3 ? LOOPBACK : NO_SUCH_DEVICE, 0), 0);
		assert_int_equal(nlbatch_commit(&b, n % 5 == 0), n);
		n++;
	}
	assert_int_equal(n, BATCH);
	assert_int_equal(nlbatch_count(&b), n);
	assert_int_equal(nlbatch_result(&b, 0)->state, NLBATCH_PENDING);
	assert_int_equal(nlbatch_run(&b, 1000, on_reply, &replies), 0);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(nlbatch_result(&b, i)->state, NLBATCH_DONE);
		assert_int_equal(nlbatch_result(&b, i)->err.err, i % 3 ? 0 : -ENODEV);
		assert_int_equal(replies.count[i], i % 3 ? 1 : 0);
	}
	nlbatch_fini(&b);
	nlbatch_fini(&b);
}

static void batch_can_be_used_again(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	struct nlbatch b;
	struct nlput *w;

	assert_int_equal(nlbatch_init(&b, sock, 2), 0);
	assert_int_equal(nlbatch_run(&b, 1000, NULL, NULL), 0);
	for (int round = 0; round < 3; round++) {
		nlbatch_reset(&b);
		w = nlbatch_next(&b);
		assert_int_equal(put_getlink(w, LOOPBACK, 0), 0);
		nlbatch_drop(&b);
		assert_int_equal(nlbatch_commit(&b, true), -EMSGSIZE);
		w = nlbatch_next(&b);
		assert_int_equal(put_getlink(w, NO_SUCH_DEVICE, 0), 0);
		assert_int_equal(nlbatch_commit(&b, false), 0);
		assert_int_equal(nlbatch_run(&b, 1000, NULL, NULL), 0);
		assert_int_equal(nlbatch_count(&b), 1);
		assert_int_equal(nlbatch_result(&b, 0)->err.err, -ENODEV);
	}
	nlbatch_fini(&b);
}

static void too_long_a_message_is_dropped(void **state)
{
	static const unsigned char data[NLBATCH_MSG_BYTES];
	struct nlsock *sock = socket_or_return(state);
	struct nlbatch b;
	struct nlput *w;

	assert_int_equal(nlbatch_init(&b, sock, 0), -EINVAL);
	assert_int_equal(nlbatch_init(&b, sock, NLBATCH_MSGS_MAX + 1), -EINVAL);
	assert_int_equal(nlbatch_init(&b, sock, 4), 0);
	w = nlbatch_next(&b);
	assert_int_equal(put_getlink(w, LOOPBACK, 0), 0);
	nlput_bytes(w, 1, data, sizeof(data));
	assert_int_equal(nlbatch_commit(&b, true), -EMSGSIZE);
	assert_int_equal(nlbatch_count(&b), 0);
	nlbatch_fini(&b);
}

/* Some answers find no room. Known results stay; all others are lost, even those of
 * requests without an ack. */
static void lost_answers_are_lost(void **state)
{
	struct nlsock sock;
	struct nlbatch b;
	struct nlput *w;
	unsigned int lost = 0;

	socket_or_return(state);
	assert_int_equal(nlsock_open(&sock, NETLINK_ROUTE, 4096), 0);
	assert_int_equal(nlbatch_init(&b, &sock, 64), 0);
	while ((w = nlbatch_next(&b))) {
		assert_int_equal(put_getlink(w, LOOPBACK, 0), 0);
		assert_true(nlbatch_commit(&b, nlbatch_count(&b) % 2) >= 0);
	}
	assert_int_equal(nlbatch_run(&b, 1000, NULL, NULL), -ENOBUFS);
	for (unsigned int i = 0; i < nlbatch_count(&b); i++) {
		const struct nlbatch_result *result = nlbatch_result(&b, i);

		assert_int_not_equal(result->state, NLBATCH_PENDING);
		if (result->state == NLBATCH_LOST) {
			assert_int_equal(result->err.err, -ENOBUFS);
			lost++;
		} else {
			assert_int_equal(result->err.err, 0);
		}
	}
	assert_true(lost > 0);

	/* The next batch is not affected. */
	nlbatch_reset(&b);
	w = nlbatch_next(&b);
	assert_int_equal(put_getlink(w, NO_SUCH_DEVICE, 0), 0);
	assert_int_equal(nlbatch_commit(&b, true), 0);
	assert_int_equal(nlbatch_run(&b, 1000, NULL, NULL), 0);
	assert_int_equal(nlbatch_result(&b, 0)->err.err, -ENODEV);
	nlbatch_fini(&b);
	nlsock_close(&sock);
}

static void stale_answers_are_skipped(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	struct replies replies = { 0 };
	_Alignas(4) unsigned char buf[64];
	struct nlbatch b;
	struct nlput *w, stale;

	nlput_init(&stale, buf, sizeof(buf), nlsock_next_seq(sock));
	assert_int_equal(put_getlink(&stale, LOOPBACK, NLM_F_ACK), 0);
	assert_int_equal(nlsock_send(sock, nlput_msg(&stale)), 0);
	assert_int_equal(nlbatch_init(&b, sock, 1), 0);
	w = nlbatch_next(&b);
	assert_int_equal(put_getlink(w, NO_SUCH_DEVICE, 0), 0);
	assert_int_equal(nlbatch_commit(&b, true), 0);
	assert_int_equal(nlbatch_run(&b, 1000, on_reply, &replies), 0);
	assert_int_equal(nlbatch_result(&b, 0)->err.err, -ENODEV);
	assert_int_equal(replies.count[0], 0);
	nlbatch_fini(&b);
}

/* An unconnected socket takes the place of the netlink socket, so sending fails. */
static void unsent_batch_was_not_executed(void **state)
{
	struct nlsock *sock = socket_or_return(state);
	struct nlbatch b;
	struct nlput *w;
	int null;

	assert_int_equal(nlbatch_init(&b, sock, 2), 0);
	for (int i = 0; i < 2; i++) {
		w = nlbatch_next(&b);
		assert_int_equal(put_getlink(w, LOOPBACK, 0), 0);
		assert_int_equal(nlbatch_commit(&b, true), i);
	}
	null = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_true(null >= 0);
	assert_true(dup2(null, nlsock_fd(sock)) >= 0);
	close(null);
	assert_int_equal(nlbatch_run(&b, 1000, NULL, NULL), -ENOTCONN);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(nlbatch_result(&b, i)->state, NLBATCH_DONE);
		assert_int_equal(nlbatch_result(&b, i)->err.err, -ENOTCONN);
	}
	nlbatch_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_socket, close_socket)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(query_gives_answer_and_result),
		TEST(sequence_numbers_differ),
		TEST(reads_without_waiting),
		TEST(strangers_are_dropped),
		TEST(buffer_grows_to_its_limit),
		TEST(overrun_is_reported_once),
		TEST(batch_matches_answers),
		TEST(batch_can_be_used_again),
		TEST(too_long_a_message_is_dropped),
		TEST(lost_answers_are_lost),
		TEST(stale_answers_are_skipped),
		TEST(unsent_batch_was_not_executed),
	};

	return cmocka_run_group_tests_name("nlsock", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark cleaner against a made-up conntrack, which is at the other end of its sockets.
 *
 * A connection is known by the source port of its original direction.
 */
#include "unit/unit.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>

#include "base/counter.h"
#include "daemon/admission/markcleaner.h"
#include "daemon/sysctls.h"
#include "fake/fakeloop.h"
#include "fake/fakenet.h"
#include "nl/nlget.h"

#define MASK   0x70000000u
#define NUMBER 0x60000000u /* the bits that number the epoch */
#define CONNS  200

/* The thread uses these while a job is under way, the test at other times. */
static struct {
	uint32_t mark[CONNS]; /* by port; UINT32_MAX: no such connection */
	unsigned int n_dumps, n_clears;
	uint32_t value, bits; /* the filter of the last dump */
	unsigned int gone;    /* this port is in the dump, but its connection has ended */
	unsigned int broken;  /* changes of this port fail */
	unsigned int remarked; /* this port has the mark again after each change */
	unsigned int resized; /* conntrack's table is resized during so many dumps */
	int dump_err;
} ct;

static struct markcleaner *cleaner;

unsigned int sysctls_read(const char *name, unsigned int fallback)
{
	static unsigned int buckets = 1000;

	if (strcmp(name, "nf_conntrack_buckets"))
		return fallback;
	/* It is read before and after each dump. */
	if (ct.resized) {
		ct.resized--;
		buckets++;
	}
	return buckets;
}

static uint32_t attr_of(const struct nlmsghdr *request, uint16_t type)
{
	struct nlget g = nlget_begin(request, sizeof(struct nfgenmsg));
	const struct nlattr *a;

	while ((a = nlget_next(&g))) {
		if (nlget_type(a) == type)
			return nlget_be32(&g, a);
	}
	return UINT32_MAX;
}

static struct conn conn_of(unsigned int port)
{
	struct conn c = {
		.orig = { .family = FAMILY_IP4,
			  .proto = L4_UDP,
			  .src = { { 10, 0, 2, 1 } },
			  .dst = { { 10, 0, 3, 1 } },
			  .sport = (uint16_t)port,
			  .dport = 5300 },
		.has = CONN_HAS_ID | CONN_HAS_STATUS | CONN_HAS_MARK,
		.id = port,
		.status = CONN_ASSURED | CONN_SEEN_REPLY | CONN_CONFIRMED,
		.mark = ct.mark[port],
	};

	c.reply = tuple_inverse(&c.orig);
	return c;
}

static void dump(struct fakesock *sock, const struct nlmsghdr *request)
{
	ct.n_dumps++;
	ct.value = attr_of(request, CTA_MARK);
	ct.bits = attr_of(request, CTA_MARK_MASK);
	for (unsigned int port = 1; port < CONNS; port++) {
		struct conn c = conn_of(port);
		struct fakenet_msg m;

		if (ct.mark[port] != UINT32_MAX && (c.mark & ct.bits) == ct.value)
			fakesock_reply(sock, fakenet_write_conn(&m, FAKENET_CT_NEW, 0, &c));
	}
}

static int change(const struct nlmsghdr *request)
{
	uint16_t port = fakenet_port_of(request);

	ct.n_clears++;
	if (port == ct.broken)
		return -ENOMEM;
	if (port == ct.gone) {
		ct.mark[port] = UINT32_MAX;
		return -ENOENT;
	}
	if (port != ct.remarked)
		ct.mark[port] &= ~attr_of(request, CTA_MARK_MASK);
	return 0;
}

static void kernel(void *ctx UNUSED, struct fakesock *sock, const struct nlmsghdr *request,
		   struct fakesock_answer *ret)
{
	if (request->nlmsg_type == FAKENET_CT_NEW) {
		ret->err.err = change(request);
	} else if (ct.dump_err) {
		ret->err.err = ct.dump_err;
		ct.n_dumps++;
	} else {
		dump(sock, request);
	}
}

static int setup(void **state UNUSED)
{
	memset(&ct, 0, sizeof(ct));
	for (unsigned int i = 0; i < CONNS; i++)
		ct.mark[i] = UINT32_MAX;
	fakeloop_reset();
	fakesock_start(kernel, NULL);
	return markcleaner_start(MASK, &cleaner);
}

static int teardown(void **state UNUSED)
{
	markcleaner_stop(cleaner);
	fakesock_end();
	return 0;
}

/* Runs the job. Returns its error. */
static int clean(enum markcleaner_type type, uint32_t value, uint32_t bits, const struct setelem *elem,
		 unsigned int n)
{
	struct markcleaner_job job = { .type = (uint8_t)type, .value = value, .bits = bits, .n_elems = n };
	struct pollfd fd = { .fd = markcleaner_fd(cleaner), .events = POLLIN };
	struct markcleaner_done done;

	if (n) {
		job.elem = calloc(n, sizeof(*elem));
		assert_non_null(job.elem);
		memcpy(job.elem, elem, n * sizeof(*elem));
	}
	assert_true(markcleaner_push(cleaner, &job));
	while (!markcleaner_pop(cleaner, &done)) {
		assert_int_equal(poll(&fd, 1, 60000), 1);
		markcleaner_woken(cleaner);
	}
	assert_ptr_equal(done.job.elem, job.elem);
	free(done.job.elem);
	return done.err.err;
}

static struct setelem elem_of(uint8_t low_port, uint8_t high_port)
{
	struct setelem e = { .n_fields = 1 };

	e.field[0] = (struct setelem_field){ .kind = SETELEM_PORT, .len = 2 };
	e.field[0].lo[1] = low_port;
	e.field[0].hi[1] = high_port;
	return e;
}

static uint64_t count(const char *name)
{
	return counter_read(counter_find(name));
}

static void an_element_clears_what_it_can_match(void **state UNUSED)
{
	struct setelem elem[] = { elem_of(10, 11), elem_of(20, 20) };
	uint64_t before = count("marks_cleared");

	ct.mark[10] = 0x30000005; /* whole */
	ct.mark[11] = 0x20000000; /* half */
	ct.mark[12] = 0x30000000; /* not concerned */
	ct.mark[20] = 0x30000000;
	ct.mark[21] = 0x30000000;
	ct.mark[22] = 0x50000000; /* another epoch */
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, elem, 2), 0);
	assert_int_equal(ct.value, 0x20000000);
	assert_int_equal(ct.bits, NUMBER);
	assert_int_equal(ct.mark[10], 0x00000005);
	assert_int_equal(ct.mark[11], 0);
	assert_int_equal(ct.mark[12], 0x30000000);
	assert_int_equal(ct.mark[20], 0);
	assert_int_equal(ct.mark[21], 0x30000000);
	assert_int_equal(ct.mark[22], 0x50000000);
	assert_int_equal(ct.n_dumps, 1);
	assert_int_equal(count("marks_cleared") - before, 3);
}

/* More than one batch of requests. */
static void without_elements_all_are_cleared(void **state UNUSED)
{
	for (unsigned int i = 1; i < CONNS; i++)
		ct.mark[i] = 0x70000000 + i;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x60000000, NUMBER, NULL, 0), 0);
	for (unsigned int i = 1; i < CONNS; i++)
		assert_int_equal(ct.mark[i], i);
	assert_int_equal(ct.n_dumps, 1);
	assert_int_equal(ct.n_clears, CONNS - 1);
}

/* Without a filter, the dump also shows entries that have none of our bits. */
static void foreign_marks_stay(void **state UNUSED)
{
	ct.mark[1] = 0;
	ct.mark[2] = 0x8fffffff;
	ct.mark[3] = 0x10000000;
	ct.mark[4] = 0xc0000001;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0, 0, NULL, 0), 0);
	assert_int_equal(ct.mark[1], 0);
	assert_int_equal(ct.mark[2], 0x8fffffff);
	assert_int_equal(ct.mark[3], 0);
	assert_int_equal(ct.mark[4], 0x80000001);
	assert_int_equal(ct.n_clears, 2);
}

static void an_entry_that_is_gone_is_no_failure(void **state UNUSED)
{
	ct.mark[1] = ct.mark[2] = 0x30000000;
	ct.gone = 1;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), 0);
	assert_int_equal(ct.mark[2], 0);
}

/* The mark that stays could admit its connection. */
static void a_mark_that_stays_is_a_failure(void **state UNUSED)
{
	for (unsigned int i = 1; i < CONNS; i++)
		ct.mark[i] = 0x30000000;
	ct.broken = 3;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), -ENOMEM);
	assert_int_equal(clean(MARKCLEANER_EPOCH, 0x20000000, NUMBER, NULL, 0), -ENOMEM);
	ct.broken = 0;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), 0);
	assert_int_equal(ct.mark[3], 0);
}

static void a_dump_that_fails_is_tried_again(void **state UNUSED)
{
	ct.dump_err = -EINTR;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), -EINTR);
	assert_int_equal(ct.n_dumps, 8);
}

/* Entries may have moved to where the dump had already been. */
static void a_resize_repeats_the_dump(void **state UNUSED)
{
	ct.resized = 2;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), 0);
	assert_int_equal(ct.n_dumps, 2);
	/* If it never ends, the job fails. */
	ct.resized = 1000;
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), -EAGAIN);
	assert_int_equal(clean(MARKCLEANER_EPOCH, 0x20000000, NUMBER, NULL, 0), -EAGAIN);
}

/* New packets may write the epoch while it is being cleared, so the last dump must be empty. */
static void an_epoch_is_cleared_until_none_is_left(void **state UNUSED)
{
	uint64_t before = count("marks_cleaned");

	ct.mark[1] = 0x30000000;
	ct.mark[2] = 0x20000000;
	ct.mark[3] = 0x50000000;
	assert_int_equal(clean(MARKCLEANER_EPOCH, 0x20000000, NUMBER, NULL, 0), 0);
	assert_int_equal(ct.n_dumps, 2);
	assert_int_equal(ct.mark[1] | ct.mark[2], 0);
	assert_int_equal(ct.mark[3], 0x50000000);
	assert_int_equal(count("marks_cleaned") - before, 2);
	ct.mark[4] = 0x30000000;
	ct.remarked = 4;
	assert_int_equal(clean(MARKCLEANER_EPOCH, 0x20000000, NUMBER, NULL, 0), -EAGAIN);
	/* A change does not mind: that mark is newer. */
	assert_int_equal(clean(MARKCLEANER_CHANGE, 0x20000000, NUMBER, NULL, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_element_clears_what_it_can_match),
		TEST(without_elements_all_are_cleared),
		TEST(foreign_marks_stay),
		TEST(an_entry_that_is_gone_is_no_failure),
		TEST(a_mark_that_stays_is_a_failure),
		TEST(a_dump_that_fails_is_tried_again),
		TEST(a_resize_repeats_the_dump),
		TEST(an_epoch_is_cleared_until_none_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakenet - what the kernel does with flower rules, qdiscs, routes and conntrack entries, for
 * requests that come through fakesock.
 *
 * Reads the real requests and writes answers as the kernel does, so the encoders and decoders
 * of kern/ are part of what a test runs. Holds the rules and entries; a test looks at them and
 * sets faults. Addresses 10.0.N.x are on the device with ifindex N.
 *
 * A connection is known by the source port of its original direction, which differs from that
 * of every other connection of the test.
 */
#pragma once

#include "fake/fakesock.h"
#include "model/conn.h"
#include "model/rule.h"
#include "nl/nlput.h"

/* Types of requests about conntrack entries (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_x). */
#define FAKENET_CT_NEW 0x100
#define FAKENET_CT_GET 0x101
#define FAKENET_CT_DELETE 0x102

/* What becomes of the next requests that fit. */
struct fakenet_fault {
	uint16_t type;    /* RTM_x or FAKENET_CT_x */
	uint32_t key;     /* handle of a rule, ifindex of a qdisc, port of a connection; 0 = any */
	struct nlerr err; /* err.err != 0: refused */
	bool is_dropped;  /* it is not executed, whatever the answer says */
	enum fakesock_fate fate;
	int64_t us;         /* time that it takes */
	unsigned int times; /* so many requests; 0 = all */
};

/* Calls fakesock_start() with fakenet_kernel(). */
void fakenet_start(void);
void fakenet_end(void);
/* For tests that answer some requests themselves and pass on the others. */
void fakenet_kernel(void *ctx, struct fakesock *sock, const struct nlmsghdr *request,
		    struct fakesock_answer *ret);

/* The faults are tried in the order in which they were added. */
void fakenet_fail(const struct fakenet_fault *fault);
void fakenet_mend(void);

unsigned int fakenet_n_rules(void);
/* The rule with this handle on the device. False if there is none; ret may be NULL. */
bool fakenet_find_rule(uint32_t ifindex, uint32_t handle, struct rule *ret);
/* Puts a rule in, or sets the counters of the one in its place. */
void fakenet_put_rule(const struct rule *rule, struct rule_stats stats);

/* Adds or replaces an entry. */
void fakenet_put_conn(const struct conn *conn);
void fakenet_del_conn(uint16_t port);
/* Source port of the original tuple in a message about an entry; 0 if there is none. */
uint16_t fakenet_port_of(const struct nlmsghdr *msg);

/* Writes a message about an entry, with the attributes that conn->has names. */
struct fakenet_msg {
	_Alignas(8) unsigned char buf[1024];
	struct nlput w;
};
const struct nlmsghdr *fakenet_write_conn(struct fakenet_msg *m, uint16_t type, uint16_t flags,
					  const struct conn *conn);

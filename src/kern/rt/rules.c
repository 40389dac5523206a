/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kern/rt/rules.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "nl/nlget.h"
#include "nl/nlput.h"
#include "nl/nlsock.h"

#define TIMEOUT_MS 2000

/* Newer than the headers of some systems (include/uapi/linux/fib_rules.h). */
#define ATTR_SPORT_MASK 28
#define ATTR_DPORT_MASK 29

/* Attributes up to this one were there before DSCP and flow label. */
#define ATTR_LAST_KNOWN FRA_DPORT_RANGE

/* The kernel sends FRA_FWMASK with each mark, and for a rule without a mark if it has a mask
 * (fib_nl_fill_rule). Ports, protocol and addresses are in a look-up; forwarded packets have no uid.
 * A selector that this code does not know (DSCP, flow label, later ones) may need the packet. */
bool rules_need_packet(const struct nlmsghdr *nlh)
{
	struct nlget g = nlget_begin(nlh, sizeof(struct fib_rule_hdr));
	struct fib_rule_hdr header;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWRULE)
		return false;
	if (g.is_malformed)
		return true;
	memcpy(&header, (const unsigned char *)nlh + NLMSG_HDRLEN, sizeof(header));
	if (header.tos)
		return true;
	while ((attr = nlget_next(&g))) {
		switch (nlget_type(attr)) {
		case FRA_FWMARK:
		case FRA_FWMASK:
		case FRA_TUN_ID: return true;
		case ATTR_SPORT_MASK:
		case ATTR_DPORT_MASK: break;
		default:
			if (nlget_type(attr) > ATTR_LAST_KNOWN)
				return true;
		}
	}
	return g.is_malformed;
}

static void on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	bool *need = ctx;

	*need |= rules_need_packet(nlh);
}

static int ask_family(struct nlsock *sock, uint8_t af, bool *need)
{
	const struct fib_rule_hdr header = { .family = af };
	_Alignas(4) unsigned char buf[64];
	struct nlput w;
	int err;

	nlput_init(&w, buf, sizeof(buf), 0);
	nlput_begin(&w, RTM_GETRULE, NLM_F_DUMP);
	nlput_header(&w, &header, sizeof(header));
	err = nlput_end(&w);
	if (!err)
		err = nlsock_query(sock, nlput_msg(&w), TIMEOUT_MS, on_rule, need, NULL);
	/* The kernel has no such rules (rtnetlink_rcv_msg, fib_nl_dumprule). */
	return err == -EOPNOTSUPP || err == -EAFNOSUPPORT ? 0 : err;
}

int rules_ask(bool *ret)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct nlsock sock;
	bool need = false;
	int err = nlsock_open(&sock, NETLINK_ROUTE, 0);

	if (err)
		return err;
	for (size_t i = 0; i < array_size(families) && !err; i++)
		err = ask_family(&sock, families[i], &need);
	nlsock_close(&sock);
	if (!err)
		*ret = need;
	return err;
}

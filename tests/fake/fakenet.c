/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fakenet.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "fake/fakeloop.h"
#include "kern/tc/flower.h"
#include "kern/tc/flower_wire.h"
#include "nl/nlget.h"

#define MAX_RULES 16384
#define MAX_CONNS 1024
#define MAX_FAULTS 16
#define MAX_DEVICES 64

#define NEST(type) ((type) | NLA_F_NESTED)

struct placed {
	struct rule rule;
	struct rule_stats stats;
};

static struct {
	pthread_mutex_t lock;
	struct placed rule[MAX_RULES];
	unsigned int n_rules;
	struct conn conn[MAX_CONNS];
	unsigned int n_conns;
	bool has_clsact[MAX_DEVICES];
	struct fakenet_fault fault[MAX_FAULTS];
	unsigned int n_faults;
} net = { .lock = PTHREAD_MUTEX_INITIALIZER };

static NORETURN void give_up(const char *what)
{
	fprintf(stderr, "fakenet: %s\n", what);
	abort();
}

/* -- messages ------------------------------------------------------------- */

static void begin(struct fakenet_msg *m, uint16_t type, uint16_t flags, const void *header,
		  size_t len)
{
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	nlput_begin(&m->w, type, 0);
	nlput_msg(&m->w)->nlmsg_flags = flags;
	nlput_header(&m->w, header, len);
}

static const struct nlmsghdr *end(struct fakenet_msg *m)
{
	if (nlput_end(&m->w))
		give_up("message too long");
	return nlput_msg(&m->w);
}

static void put_tuple(struct nlput *w, uint16_t type, const struct tuple *t)
{
	struct nlput_nest nest = nlput_nest_begin(w, NEST(type)), inner;
	bool is_ip4 = t->family == FAMILY_IP4;

	inner = nlput_nest_begin(w, NEST(CTA_TUPLE_IP));
	nlput_bytes(w, is_ip4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, t->src.b, is_ip4 ? 4 : 16);
	nlput_bytes(w, is_ip4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, t->dst.b, is_ip4 ? 4 : 16);
	nlput_nest_end(w, inner);
	inner = nlput_nest_begin(w, NEST(CTA_TUPLE_PROTO));
	nlput_u8(w, CTA_PROTO_NUM, t->proto);
	nlput_be16(w, CTA_PROTO_SRC_PORT, t->sport);
	nlput_be16(w, CTA_PROTO_DST_PORT, t->dport);
	nlput_nest_end(w, inner);
	nlput_nest_end(w, nest);
}

static void put_tcp_state(struct nlput *w, uint8_t state)
{
	struct nlput_nest nest = nlput_nest_begin(w, NEST(CTA_PROTOINFO));
	struct nlput_nest tcp = nlput_nest_begin(w, NEST(CTA_PROTOINFO_TCP));

	nlput_u8(w, CTA_PROTOINFO_TCP_STATE, state);
	nlput_nest_end(w, tcp);
	nlput_nest_end(w, nest);
}

const struct nlmsghdr *fakenet_write_conn(struct fakenet_msg *m, uint16_t type, uint16_t flags,
					  const struct conn *c)
{
	struct nfgenmsg header = {
		.nfgen_family = (uint8_t)family_to_af((enum family)c->orig.family),
	};

	begin(m, type, flags, &header, sizeof(header));
	put_tuple(&m->w, CTA_TUPLE_ORIG, &c->orig);
	put_tuple(&m->w, CTA_TUPLE_REPLY, &c->reply);
	if (c->has & CONN_HAS_ID)
		nlput_be32(&m->w, CTA_ID, c->id);
	if (c->has & CONN_HAS_STATUS)
		nlput_be32(&m->w, CTA_STATUS, c->status);
	if (c->has & CONN_HAS_TIMEOUT)
		nlput_be32(&m->w, CTA_TIMEOUT, c->timeout_s);
	if (c->has & CONN_HAS_TCP_STATE)
		put_tcp_state(&m->w, c->tcp_state);
	if (c->has & CONN_HAS_MARK)
		nlput_be32(&m->w, CTA_MARK, c->mark);
	return end(m);
}

/* The attribute of this type among those that the cursor walks over. */
static const struct nlattr *find(struct nlget g, uint16_t type)
{
	const struct nlattr *attr;

	while ((attr = nlget_next(&g))) {
		if (nlget_type(attr) == type)
			return attr;
	}
	return NULL;
}

uint16_t fakenet_port_of(const struct nlmsghdr *msg)
{
	struct nlget g = nlget_begin(msg, sizeof(struct nfgenmsg));
	const struct nlattr *attr = find(g, CTA_TUPLE_ORIG);

	attr = attr ? find(nlget_enter(attr), CTA_TUPLE_PROTO) : NULL;
	attr = attr ? find(nlget_enter(attr), CTA_PROTO_SRC_PORT) : NULL;
	return attr ? nlget_be16(&g, attr) : 0;
}

/* As in a terse dump, with the counters (fl_terse_dump, tcf_action_copy_stats). */
static const struct nlmsghdr *write_rule(struct fakenet_msg *m, uint16_t type,
					 const struct placed *p)
{
	struct rule_where where = rule_where(&p->rule);
	struct gnet_stats_basic basic = { .bytes = p->stats.bytes,
					  .packets = (uint32_t)p->stats.pkts };
	uint8_t cookie[FLOWER_COOKIE_SIZE];
	struct nlput_nest options, actions, action, stats;

	/* The place of the rule, as the request to read it names it. */
	nlput_init(&m->w, m->buf, sizeof(m->buf), 0);
	if (flower_put_get(&m->w, &where))
		give_up("rule without a place");
	nlput_msg(&m->w)->nlmsg_type = type;
	options = nlput_nest_begin(&m->w, TCA_OPTIONS);
	nlput_u32(&m->w, TCA_FLOWER_FLAGS,
		  p->rule.place == RULE_HARDWARE ? TCA_CLS_FLAGS_SKIP_SW : TCA_CLS_FLAGS_SKIP_HW);
	actions = nlput_nest_begin(&m->w, TCA_FLOWER_ACT);
	action = nlput_nest_begin(&m->w, 1);
	nlput_str(&m->w, TCA_ACT_KIND, rule_only_accepts(&p->rule) ? "gact" : "mirred");
	flower_cookie_put(&p->rule.cookie, cookie);
	nlput_bytes(&m->w, TCA_ACT_COOKIE, cookie, sizeof(cookie));
	stats = nlput_nest_begin(&m->w, TCA_ACT_STATS);
	nlput_bytes(&m->w, TCA_STATS_BASIC, &basic, sizeof(basic));
	nlput_nest_end(&m->w, stats);
	nlput_nest_end(&m->w, action);
	nlput_nest_end(&m->w, actions);
	nlput_nest_end(&m->w, options);
	return end(m);
}

/* -- rules ---------------------------------------------------------------- */

static struct placed *rule_at(uint32_t ifindex, uint32_t prio, uint32_t handle)
{
	for (unsigned int i = 0; i < net.n_rules; i++) {
		const struct rule *r = &net.rule[i].rule;

		if (r->ifindex == ifindex && r->handle == handle && (!prio || r->prio == prio))
			return &net.rule[i];
	}
	return NULL;
}

static void put_rule(const struct rule *rule, struct rule_stats stats)
{
	struct placed *p = rule_at(rule->ifindex, rule->prio, rule->handle);

	if (!p && net.n_rules == MAX_RULES)
		give_up("too many rules");
	if (!p)
		p = &net.rule[net.n_rules++];
	*p = (struct placed){ *rule, stats };
}

static int add_rule(const struct nlmsghdr *request)
{
	struct flower_info info;

	if (flower_get(request, &info) || !info.has_rule)
		return -EINVAL;
	/* No NIC can do these. */
	if (info.rule.form & (RULE_ODD_MATCH | RULE_ODD_REWRITE))
		return -EOPNOTSUPP;
	if ((request->nlmsg_flags & NLM_F_EXCL) &&
	    rule_at(info.where.ifindex, info.where.prio, info.where.handle))
		return -EEXIST;
	put_rule(&info.rule, (struct rule_stats){ 0, 0 });
	return 0;
}

static void dump_rules(struct fakesock *sock, uint32_t ifindex)
{
	struct fakenet_msg m;

	for (unsigned int i = 0; i < net.n_rules; i++) {
		if (net.rule[i].rule.ifindex == ifindex)
			fakesock_reply(sock, write_rule(&m, RTM_NEWTFILTER, &net.rule[i]));
	}
}

static int do_filter(struct fakesock *sock, const struct nlmsghdr *request, const struct tcmsg *tcm)
{
	struct placed *p =
		rule_at((uint32_t)tcm->tcm_ifindex, tcm->tcm_info >> 16, tcm->tcm_handle);
	struct fakenet_msg m;

	if (request->nlmsg_type == RTM_NEWTFILTER)
		return add_rule(request);
	if ((request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		dump_rules(sock, (uint32_t)tcm->tcm_ifindex);
		return 0;
	}
	if (!p)
		return -ENOENT;
	if (request->nlmsg_type == RTM_GETTFILTER || (request->nlmsg_flags & NLM_F_ECHO))
		fakesock_reply(sock,
			       write_rule(&m,
					  request->nlmsg_type == RTM_DELTFILTER ? RTM_DELTFILTER
										: RTM_NEWTFILTER,
					  p));
	if (request->nlmsg_type == RTM_DELTFILTER)
		*p = net.rule[--net.n_rules];
	return 0;
}

static int do_qdisc(struct fakesock *sock, const struct nlmsghdr *request, const struct tcmsg *tcm)
{
	bool *has_clsact = &net.has_clsact[tcm->tcm_ifindex % MAX_DEVICES];
	struct fakenet_msg m;

	if (request->nlmsg_type == RTM_NEWQDISC) {
		*has_clsact = true;
		return 0;
	}
	if (!*has_clsact)
		return -ENOENT;
	if (request->nlmsg_type == RTM_DELQDISC) {
		*has_clsact = false;
		return 0;
	}
	begin(&m, RTM_NEWQDISC, 0, tcm, sizeof(*tcm));
	nlput_str(&m.w, TCA_KIND, "clsact");
	fakesock_reply(sock, end(&m));
	return 0;
}

/* -- routes and entries --------------------------------------------------- */

static int do_route(struct fakesock *sock, const struct nlmsghdr *request)
{
	const struct nlattr *dst = find(nlget_begin(request, sizeof(struct rtmsg)), RTA_DST);
	struct rtmsg header = { .rtm_type = RTN_UNICAST, .rtm_table = RT_TABLE_MAIN };
	struct fakenet_msg m;

	memcpy(&header.rtm_family, (const unsigned char *)request + NLMSG_HDRLEN, 1);
	if (!dst || header.rtm_family != AF_INET)
		return -ENETUNREACH;
	header.rtm_dst_len = 32;
	begin(&m, RTM_NEWROUTE, 0, &header, sizeof(header));
	nlput_bytes(&m.w, RTA_DST, nlget_data(dst), 4);
	nlput_u32(&m.w, RTA_OIF, ((const uint8_t *)nlget_data(dst))[2]);
	fakesock_reply(sock, end(&m));
	return 0;
}

static struct conn *conn_of(uint16_t port)
{
	for (unsigned int i = 0; i < net.n_conns; i++) {
		if (net.conn[i].orig.sport == port)
			return &net.conn[i];
	}
	return NULL;
}

static int do_conn(struct fakesock *sock, const struct nlmsghdr *request)
{
	const struct conn *c = conn_of(fakenet_port_of(request));
	struct fakenet_msg m;

	if (request->nlmsg_type != FAKENET_CT_GET)
		return 0;
	if ((request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		for (unsigned int i = 0; i < net.n_conns; i++)
			fakesock_reply(sock,
				       fakenet_write_conn(&m, FAKENET_CT_NEW, 0, &net.conn[i]));
		return 0;
	}
	if (!c)
		return -ENOENT;
	fakesock_reply(sock, fakenet_write_conn(&m, FAKENET_CT_NEW, 0, c));
	return 0;
}

/* -- the kernel ----------------------------------------------------------- */

static bool is_tc(uint16_t type)
{
	return type >= RTM_NEWQDISC && type <= RTM_GETQDISC;
}

static uint32_t key_of(const struct nlmsghdr *request, const struct tcmsg *tcm)
{
	uint16_t type = request->nlmsg_type;

	if (type >= FAKENET_CT_NEW)
		return fakenet_port_of(request);
	return is_tc(type) ? (uint32_t)tcm->tcm_ifindex : tcm->tcm_handle;
}

static struct fakenet_fault *find_fault(uint16_t type, uint32_t key)
{
	for (unsigned int i = 0; i < net.n_faults; i++) {
		struct fakenet_fault *f = &net.fault[i];

		if (f->type == type && (!f->key || f->key == key) && f->times != UINT32_MAX)
			return f;
	}
	return NULL;
}

static int execute(struct fakesock *sock, const struct nlmsghdr *request, const struct tcmsg *tcm)
{
	switch (request->nlmsg_type) {
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
	case RTM_GETTFILTER: return do_filter(sock, request, tcm);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_GETQDISC: return do_qdisc(sock, request, tcm);
	case RTM_GETROUTE: return do_route(sock, request);
	case FAKENET_CT_NEW:
	case FAKENET_CT_GET: return do_conn(sock, request);
	}
	return -EOPNOTSUPP;
}

void fakenet_kernel(void *ctx UNUSED, struct fakesock *sock, const struct nlmsghdr *request,
		    struct fakesock_answer *ret)
{
	struct tcmsg tcm = { 0 };
	struct fakenet_fault *f;

	if (request->nlmsg_len >= NLMSG_HDRLEN + sizeof(tcm))
		memcpy(&tcm, (const unsigned char *)request + NLMSG_HDRLEN, sizeof(tcm));
	pthread_mutex_lock(&net.lock);
	f = find_fault(request->nlmsg_type, key_of(request, &tcm));
	if (f) {
		ret->err = f->err;
		ret->fate = f->fate;
		fakeloop_add_us(f->us);
		/* Used up. */
		if (f->times && --f->times == 0)
			f->times = UINT32_MAX;
	}
	if (!f || (!f->err.err && !f->is_dropped))
		ret->err.err = execute(sock, request, &tcm);
	pthread_mutex_unlock(&net.lock);
}

/* -- for the test --------------------------------------------------------- */

void fakenet_start(void)
{
	pthread_mutex_lock(&net.lock);
	net.n_rules = net.n_conns = net.n_faults = 0;
	memset(net.has_clsact, 0, sizeof(net.has_clsact));
	pthread_mutex_unlock(&net.lock);
	fakesock_start(fakenet_kernel, NULL);
}

void fakenet_end(void)
{
	fakesock_end();
}

void fakenet_fail(const struct fakenet_fault *fault)
{
	pthread_mutex_lock(&net.lock);
	if (net.n_faults == MAX_FAULTS)
		give_up("too many faults");
	net.fault[net.n_faults++] = *fault;
	pthread_mutex_unlock(&net.lock);
}

void fakenet_mend(void)
{
	pthread_mutex_lock(&net.lock);
	net.n_faults = 0;
	pthread_mutex_unlock(&net.lock);
}

unsigned int fakenet_n_rules(void)
{
	unsigned int n;

	pthread_mutex_lock(&net.lock);
	n = net.n_rules;
	pthread_mutex_unlock(&net.lock);
	return n;
}

bool fakenet_find_rule(uint32_t ifindex, uint32_t handle, struct rule *ret)
{
	const struct placed *p;

	pthread_mutex_lock(&net.lock);
	p = rule_at(ifindex, 0, handle);
	if (p && ret)
		*ret = p->rule;
	pthread_mutex_unlock(&net.lock);
	return p;
}

void fakenet_put_rule(const struct rule *rule, struct rule_stats stats)
{
	pthread_mutex_lock(&net.lock);
	put_rule(rule, stats);
	pthread_mutex_unlock(&net.lock);
}

void fakenet_put_conn(const struct conn *conn)
{
	struct conn *c;

	pthread_mutex_lock(&net.lock);
	c = conn_of(conn->orig.sport);
	if (!c && net.n_conns == MAX_CONNS)
		give_up("too many entries");
	if (!c)
		c = &net.conn[net.n_conns++];
	*c = *conn;
	pthread_mutex_unlock(&net.lock);
}

void fakenet_del_conn(uint16_t port)
{
	struct conn *c;

	pthread_mutex_lock(&net.lock);
	c = conn_of(port);
	if (c)
		*c = net.conn[--net.n_conns];
	pthread_mutex_unlock(&net.lock);
}

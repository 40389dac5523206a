/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden-nft - the commands of golden-lab about our nft table.
 *
 * nft own up|epoch|renew|try|check|down WORD...
 *	mask=N epoch=N priority=N min-packets=N owner prefix=ADDRESS/LEN
 *	ports=tcp:FROM-TO interface=NAME mark=N, and hold=SECONDS: keep the socket open;
 *	flowtables: counter software=NAME hardware=NAME software-pair=IN:OUT
 *	hardware-pair=IN:OUT pairs; "try" tests each device by itself
 * nft flowtable FAMILY TABLE NAME
 *	shows any flowtable
 * nft watch SECONDS [BYTES]
 *	shows which process changes what; BYTES is the size of the receive buffer
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mono.h"
#include "golden/golden.h"
#include "kern/ruleset/nftflowtable.h"
#include "kern/nft/nfttable.h"
#include "kern/ruleset/nftwatch.h"
#include "model/tuple.h"

struct words {
	struct nftlayout_config config;
	struct nftoffload_config flow;
	unsigned int hold_s;
};

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

static int add_prefix(struct exempt *e, const char *text)
{
	struct exempt_prefix *p = &e->prefix[e->n_prefixes];
	char addr[ADDR_STR_SIZE];
	enum family family;
	const char *slash = strchr(text, '/');

	if (!slash || (size_t)(slash - text) >= sizeof(addr) || e->n_prefixes == EXEMPT_MAX_PREFIXES)
		return -EINVAL;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (addr_from_str(addr, &family, &p->addr))
		return -EINVAL;
	p->family = (uint8_t)family;
	p->len = (uint8_t)number(slash + 1);
	e->n_prefixes++;
	return 0;
}

static int add_ports(struct exempt *e, const char *text)
{
	struct exempt_ports *p = &e->ports[e->n_ports];
	char proto[4];
	unsigned int from, to;

	if (sscanf(text, "%3[a-z]:%u-%u", proto, &from, &to) != 3 || e->n_ports == EXEMPT_MAX_PORTS)
		return -EINVAL;
	*p = (struct exempt_ports){ .proto = strcmp(proto, "tcp") == 0 ? L4_TCP : L4_UDP,
				    .from = (uint16_t)from,
				    .to = (uint16_t)to };
	e->n_ports++;
	return 0;
}

static int read_exemption(struct exempt *e, const char *name, const char *value)
{
	if (strcmp(name, "prefix") == 0)
		return add_prefix(e, value);
	if (strcmp(name, "ports") == 0)
		return add_ports(e, value);
	if (strcmp(name, "interface") == 0)
		snprintf(e->interface[e->n_interfaces++], LINK_NAME_SIZE, "%s", value);
	else if (strcmp(name, "mark") == 0)
		e->mark[e->n_marks++] = number(value);
	else
		return -EINVAL;
	return 0;
}

static int add_device(struct nftoffload_config *f, const char *name, bool is_hardware)
{
	struct nftoffload_device *d = &f->device[f->n_devices];

	if (f->n_devices == NFTOFFLOAD_MAX_DEVICES)
		return -EINVAL;
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->is_hardware = is_hardware;
	f->n_devices++;
	return 0;
}

static int add_pair(struct nftoffload_config *f, const char *text, bool is_hardware)
{
	struct nftoffload_pair *p = &f->pair[f->n_pairs];

	if (f->n_pairs == NFTOFFLOAD_MAX_PAIRS || sscanf(text, "%15[^:]:%15s", p->in, p->out) != 2)
		return -EINVAL;
	p->is_hardware = is_hardware;
	f->with_pairs = true;
	f->n_pairs++;
	return 0;
}

/* 0, -EINVAL, or 1 = the word is not about flowtables. */
static int read_flow_word(struct words *w, const char *name, const char *value)
{
	bool is_hardware = strncmp(name, "hardware", 8) == 0;

	if (!is_hardware && strncmp(name, "software", 8) != 0)
		return 1;
	w->config.flow = &w->flow;
	return name[8] ? add_pair(&w->flow, value, is_hardware) :
			 add_device(&w->flow, value, is_hardware);
}

static int read_flag(struct words *w, const char *word)
{
	if (strcmp(word, "owner") == 0)
		w->config.with_owner = true;
	else if (strcmp(word, "ttl") == 0)
		w->config.with_ttl = true;
	else if (strcmp(word, "counter") == 0)
		w->flow.with_counter = true;
	else if (strcmp(word, "pairs") == 0)
		w->flow.with_pairs = true;
	else
		return -EINVAL;
	return 0;
}

static int read_word(struct words *w, const char *word)
{
	struct nftlayout_config *c = &w->config;
	char name[16];
	const char *value = strchr(word, '=');
	int err;

	if (!value)
		return read_flag(w, word);
	if ((size_t)(value - word) >= sizeof(name))
		return -EINVAL;
	memcpy(name, word, (size_t)(value - word));
	name[value - word] = '\0';
	value++;
	err = read_flow_word(w, name, value);
	if (err <= 0)
		return err;
	if (strcmp(name, "mask") == 0)
		c->mask = number(value);
	else if (strcmp(name, "epoch") == 0)
		c->epoch = number(value);
	else if (strcmp(name, "priority") == 0)
		c->priority = (int32_t)strtol(value, NULL, 0);
	else if (strcmp(name, "min-packets") == 0)
		c->min_packets = number(value);
	else if (strcmp(name, "hold") == 0)
		w->hold_s = number(value);
	else
		return read_exemption(&c->exempt, name, value);
	return 0;
}

static void print_state(struct nfttable *o, const struct nftlayout_config *c, struct nlerr *why)
{
	static const char *const found[] = { "absent", "foreign", "ours" };
	struct nfttable_state s;
	int err = nfttable_check(o, c, &s, why);

	if (err) {
		printf("check: %d %s\n", err, why->extack);
		return;
	}
	printf("%s%s%s epoch=%#x\n", found[s.found], s.is_whole ? " whole" : "",
	       s.owner ? " owned" : "", s.epoch);
	printf("seen %llu admitted %llu", (unsigned long long)s.seen_pkts,
	       (unsigned long long)s.admitted_pkts);
	if (c->flow)
		printf(" given %llu", (unsigned long long)s.given_conns);
	printf("\n");
}

static int try_devices(struct nfttable *o, const struct nftoffload_config *f)
{
	for (unsigned int i = 0; i < f->n_devices; i++) {
		const struct nftoffload_device *d = &f->device[i];
		struct nlerr why = { 0, "" };
		int err = nfttable_try_device(o, d->name, d->is_hardware, f->with_counter, &why);

		printf("%s: %d %s\n", d->name, err, err ? why.extack : "");
	}
	return 0;
}

static int run_own(struct nfttable *o, const char *verb, const struct nftlayout_config *c)
{
	struct nlerr why = { 0, "" };
	int err;

	if (strcmp(verb, "check") == 0) {
		print_state(o, c, &why);
		return 0;
	}
	if (strcmp(verb, "try") == 0)
		return c->flow ? try_devices(o, c->flow) : 1;
	if (strcmp(verb, "up") == 0)
		err = nfttable_up(o, c, &why);
	else if (strcmp(verb, "epoch") == 0)
		err = nfttable_set_epoch(o, c, &why);
	else if (strcmp(verb, "renew") == 0)
		err = nfttable_renew_flow(o, c, &why);
	else if (strcmp(verb, "down") == 0)
		err = nfttable_down(o, NULL, &why);
	else
		return 1;
	printf("%s: %d %s\n", verb, err, err ? why.extack : "");
	fflush(stdout);
	return 0;
}

static int own(char **args)
{
	static struct words w = {
		.config = { .mask = 0x70000000, .epoch = 0x30000000, .priority = NFTLAYOUT_PRIORITY },
	};
	struct nfttable *o = NULL;
	int status;

	for (char **word = args + 1; *word; word++) {
		if (read_word(&w, *word)) {
			fprintf(stderr, "golden-lab: nft own: unknown word %s\n", *word);
			return 1;
		}
	}
	if (nfttable_open(&o)) {
		perror("golden-lab: nft own");
		return 1;
	}
	status = run_own(o, args[0], &w.config);
	if (w.hold_s)
		sleep(w.hold_s);
	nfttable_close(o);
	return status;
}

static void print_value(const struct setelem_field *f, const uint8_t *bytes)
{
	char text[ADDR_STR_SIZE];
	struct addr addr = { { 0 } };

	memcpy(addr.b, bytes, f->len);
	switch ((enum setelem_kind)f->kind) {
	case SETELEM_IP4: printf("%s", addr_to_str(FAMILY_IP4, &addr, text)); break;
	case SETELEM_IP6: printf("%s", addr_to_str(FAMILY_IP6, &addr, text)); break;
	case SETELEM_PROTO: printf("proto-%u", bytes[0]); break;
	case SETELEM_PORT: printf("%u", bytes[0] << 8 | bytes[1]); break;
	case SETELEM_ANY:
	case SETELEM__COUNT: printf("any"); break;
	}
}

static void print_setelem(const struct setelem *e)
{
	printf(" ");
	for (unsigned int i = 0; i < e->n_fields; i++) {
		const struct setelem_field *f = &e->field[i];

		if (i)
			printf(".");
		print_value(f, f->lo);
		if (memcmp(f->lo, f->hi, f->len) == 0)
			continue;
		printf("-");
		print_value(f, f->hi);
	}
	if (e->expires_ms)
		printf("(expires)");
}

static void print_commit(const struct nftwatch_commit *c, void *ctx)
{
	static const char *const owns[] = { "", " own-changed", " own-deleted" };

	(void)ctx;
	if (c->is_lost) {
		printf("lost everything\n");
	} else {
		printf("commit by %s%s%s%s%s:", c->process, c->pid ? "" : " without pid",
		       c->is_own ? " own" : "", owns[c->own], c->everything ? " everything" : "");
		for (unsigned int i = 0; i < c->n_elems; i++)
			print_setelem(&c->elem[i]);
		printf("\n");
	}
	fflush(stdout);
}

/* Creates the table once, to show that our own commits are recognised. */
static int watch(int seconds, int rcvbuf_bytes)
{
	static const struct nftlayout_config config = {
		.mask = 0x70000000, .epoch = 0x30000000, .priority = NFTLAYOUT_PRIORITY
	};
	mono_t end = mono_add_ms(mono_now(), seconds * 1000);
	struct nlerr why = { 0, "" };
	struct nftwatch *w;
	struct nfttable *o;

	if (nfttable_open(&o) || nftwatch_open(&w, rcvbuf_bytes, nfttable_portid(o)))
		return 1;
	printf("up: %d\n", nfttable_up(o, &config, &why));
	fflush(stdout);
	while (mono_before(mono_now(), end)) {
		struct pollfd fd = { .fd = nftwatch_fd(w), .events = POLLIN };

		if (poll(&fd, 1, 100) > 0 && nftwatch_read(w, 100, print_commit, NULL) < 0)
			printf("error or loss\n");
	}
	nftwatch_close(w);
	nfttable_close(o);
	return 0;
}

static int show_flowtable(char **args)
{
	struct flowtable_ref ref = { .family = nftflowtable_family(args[0]) };
	struct nftflowtable *f;
	struct flowtable t;
	struct nlerr why;
	int err;

	snprintf(ref.table, sizeof(ref.table), "%s", args[1]);
	snprintf(ref.name, sizeof(ref.name), "%s", args[2]);
	if (nftflowtable_open(&f))
		return 1;
	err = nftflowtable_look(f, &ref, &t, &why);
	nftflowtable_close(f);
	if (err) {
		printf("%d %s\n", err, why.extack);
		return 0;
	}
	printf("%s%s%s", t.is_there ? "there" : "absent", t.is_hardware ? " hardware" : "",
	       t.with_counter ? " counter" : "");
	for (unsigned int i = 0; i < t.n_devices; i++)
		printf(" %s", t.device[i]);
	printf("\n");
	return 0;
}

int golden_nft(char **args)
{
	if (strcmp(args[0], "flowtable") == 0 && args[1] && args[2] && args[3])
		return show_flowtable(args + 1);
	if (strcmp(args[0], "own") == 0 && args[1])
		return own(args + 1);
	if (strcmp(args[0], "watch") == 0 && args[1])
		return watch(atoi(args[1]), args[2] ? atoi(args[2]) : 1 << 20);
	fprintf(stderr, "golden-lab: nft: unknown command %s\n", args[0]);
	return 1;
}

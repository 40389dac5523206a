/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe-lab - probes the driver between two ports, as a worker does for
 * ORDER_PROBE. A command for the cases that run on a real kernel.
 */
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "core/port/recipe.h"
#include "core/rules/slot.h"
#include "daemon/work/probework.h"
#include "nl/nlsock.h"

static const char usage[] =
	"usage: probe-lab IN OUT PRIO [odd] [no-csum] [any-ethertype] [tags]\n"
	"Prints the classes that are accepted and refused, and the first refusal.\n";

static struct rule sample_of(uint32_t in, uint32_t out, uint16_t prio)
{
	return (struct rule){
		.ifindex = in,
		.prio = prio,
		.handle = 0x1000,
		.family = FAMILY_IP4,
		.kind = RULE_PROBE,
		.place = RULE_HARDWARE,
		.form = RULE_WITH_CSUM,
		.rewrite = RULE_SET_MACS | RULE_DEC_TTL,
		.eth_src = { { 0x02, 0, 0, 0, 2, 1 } },
		.eth_dst = { { 0x02, 0, 0, 0, 2, 2 } },
		.out_ifindex = out,
		.cookie = { .instance = 1, .kind = RULE_PROBE },
	};
}

static void set_option(struct order_probe *o, const char *word)
{
	if (!strcmp(word, "odd"))
		o->asks_odd = true;
	else if (!strcmp(word, "no-csum"))
		o->sample.form &= (uint8_t)~RULE_WITH_CSUM;
	else if (!strcmp(word, "tags"))
		o->asks_tags = true;
	else if (!strcmp(word, "any-ethertype"))
		o->sample.form |= RULE_ANY_ETHERTYPE;
}

static void print_result(const struct event_probe *r)
{
	char class[RECIPE_CLASS_STR_SIZE];

	printf("classes %04x refused %04x%s err %d\n", r->classes, r->refused,
	       r->took_odd ? " odd" : "", r->err);
	if (r->tags)
		printf("tags %07x\n", r->tags);
	if (r->refused)
		printf("first %s: %s\n", recipe_class_to_str(r->bad_class, class), r->extack);
}

int main(int argc, char **argv)
{
	struct order_probe order = { .classes = RECIPE_CLASSES_ALL };
	struct event_probe result;
	struct nlsock sock;
	unsigned int prio = 0;

	if (argc < 4 || sscanf(argv[3], "%u", &prio) != 1)
		return fputs(usage, stderr), 2;
	order.in = if_nametoindex(argv[1]);
	order.out = if_nametoindex(argv[2]);
	order.sample = sample_of(order.in, order.out, (uint16_t)prio);
	order.tc_priority = (uint16_t)(prio - SLOT_PRIO_FLOW_IP4);
	for (int i = 4; i < argc; i++)
		set_option(&order, argv[i]);
	if (nlsock_open(&sock, NETLINK_ROUTE, 0)) {
		fputs("probe-lab: no socket\n", stderr);
		return 1;
	}
	probework_run(&sock, &order, &result);
	print_result(&result);
	nlsock_close(&sock);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/tuple.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/ds/siphash.h"
#include "base/strbuf.h"

struct tuple tuple_inverse(const struct tuple *t)
{
	struct tuple inverse = *t;

	inverse.src = t->dst;
	inverse.dst = t->src;
	inverse.sport = t->dport;
	inverse.dport = t->sport;
	return inverse;
}

uint32_t tuple_hash(const struct tuple *t, const uint64_t key[2])
{
	return (uint32_t)siphash13(t, sizeof(*t), key);
}

const char *l4proto_to_str(uint8_t proto, char buf[8])
{
	if (proto == L4_TCP)
		snprintf(buf, 8, "tcp");
	else if (proto == L4_UDP)
		snprintf(buf, 8, "udp");
	else
		snprintf(buf, 8, "%u", proto);
	return buf;
}

static void put_endpoint(struct strbuf *sb, enum family family, const struct addr *addr,
			 uint16_t port)
{
	char text[ADDR_STR_SIZE];

	addr_to_str(family, addr, text);
	strbuf_printf(sb, family == FAMILY_IP6 ? "[%s]:%u" : "%s:%u", text, port);
}

const char *tuple_to_str(const struct tuple *t, char buf[TUPLE_STR_SIZE])
{
	enum family family = (enum family)t->family;
	struct strbuf sb;
	char proto[8];

	strbuf_init(&sb, buf, TUPLE_STR_SIZE);
	strbuf_printf(&sb, "%s ", l4proto_to_str(t->proto, proto));
	put_endpoint(&sb, family, &t->src, t->sport);
	strbuf_put(&sb, " > ");
	put_endpoint(&sb, family, &t->dst, t->dport);
	if (t->zone)
		strbuf_printf(&sb, " zone %u", t->zone);
	return buf;
}

/*
 * The parser reads the text from left to right. Each function moves *pos past what it
 * read, and returns false if that was malformed.
 */

static void skip_blanks(const char **pos)
{
	while (**pos == ' ' || **pos == '\t')
		(*pos)++;
}

static bool take_number(const char **pos, unsigned int max, unsigned int *ret)
{
	unsigned int value = 0;

	if (!isdigit((unsigned char)**pos))
		return false;
	for (; isdigit((unsigned char)**pos); (*pos)++) {
		value = value * 10 + (unsigned int)(**pos - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return true;
}

static bool take_word(const char **pos, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*pos, word, len) != 0)
		return false;
	*pos += len;
	return true;
}

static bool take_proto(const char **pos, struct tuple *t)
{
	unsigned int number;

	if (take_word(pos, "tcp"))
		t->proto = L4_TCP;
	else if (take_word(pos, "udp"))
		t->proto = L4_UDP;
	else if (take_number(pos, UINT8_MAX, &number))
		t->proto = (uint8_t)number;
	else
		return false;
	return **pos == ' ' || **pos == '\t';
}

/* "192.0.2.1:80" or "[2001:db8::1]:80". Both endpoints must have the same family. */
static bool take_endpoint(const char **pos, struct tuple *t, struct addr *ret_addr,
			  uint16_t *ret_port)
{
	bool is_bracketed = take_word(pos, "[");
	size_t len = strcspn(*pos, is_bracketed ? "]" : ":");
	enum family wanted = is_bracketed ? FAMILY_IP6 : FAMILY_IP4;
	enum family family;
	unsigned int port;
	char text[ADDR_STR_SIZE];

	if (len >= sizeof(text))
		return false;
	memcpy(text, *pos, len);
	text[len] = '\0';
	*pos += len;
	if (addr_from_str(text, &family, ret_addr) < 0 || family != wanted)
		return false;
	if (t->family != FAMILY_NONE && t->family != family)
		return false;
	t->family = (uint8_t)family;
	if (!take_word(pos, is_bracketed ? "]:" : ":") || !take_number(pos, UINT16_MAX, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool take_arrow(const char **pos)
{
	const char *start = *pos;

	skip_blanks(pos);
	if (take_word(pos, "->") || take_word(pos, ">"))
		skip_blanks(pos);
	return *pos != start;
}

static bool take_zone(const char **pos, struct tuple *t)
{
	unsigned int zone;

	if (!take_word(pos, "zone"))
		return true;
	if (**pos != ' ' && **pos != '\t')
		return false;
	skip_blanks(pos);
	if (!take_number(pos, UINT16_MAX, &zone))
		return false;
	t->zone = (uint16_t)zone;
	return true;
}

int tuple_from_str(const char *text, struct tuple *ret)
{
	struct tuple t = { .family = FAMILY_NONE };
	const char *pos = text;

	skip_blanks(&pos);
	if (!take_proto(&pos, &t))
		return -EINVAL;
	skip_blanks(&pos);
	if (!take_endpoint(&pos, &t, &t.src, &t.sport) || !take_arrow(&pos) ||
	    !take_endpoint(&pos, &t, &t.dst, &t.dport))
		return -EINVAL;
	if (*pos == ' ' || *pos == '\t') {
		skip_blanks(&pos);
		if (!take_zone(&pos, &t))
			return -EINVAL;
		skip_blanks(&pos);
	}
	if (*pos != '\0')
		return -EINVAL;
	*ret = t;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/tuplearg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"
#include "base/strbuf.h"

/* proto src sport dst dport "zone" number, and one more to detect surplus parts. */
#define PARTS_MAX 8

struct parts {
	char *part[PARTS_MAX];
	int n;
};

/* Splits text at blanks, in place, and drops the arrow between the two endpoints. */
static bool split(char *text, struct parts *parts)
{
	char *save = NULL;

	for (char *p = strtok_r(text, " \t", &save); p; p = strtok_r(NULL, " \t", &save)) {
		if (parts->n == 2 && (!strcmp(p, ">") || !strcmp(p, "->")))
			continue;
		if (parts->n == PARTS_MAX)
			return false;
		parts->part[parts->n++] = p;
	}
	return true;
}

/* Splits "192.0.2.1:80" or "[2001:db8::1]:80", in place. */
static bool split_end(char *text, char **ret_addr, char **ret_port)
{
	char *colon = strrchr(text, ':');

	if (!colon || colon == text)
		return false;
	if (text[0] == '[') {
		if (colon[-1] != ']' || colon - text < 3)
			return false;
		colon[-1] = '\0';
		text++;
	} else if (strchr(text, ':') != colon) {
		return false; /* IPv6 without brackets: the port is ambiguous */
	}
	*colon = '\0';
	*ret_addr = text;
	*ret_port = colon + 1;
	return true;
}

/* Removes "zone N" from the end. False if N is not a zone. */
static bool take_zone(struct parts *parts, uint32_t *ret_zone)
{
	*ret_zone = 0;
	if (parts->n < 3 || strcmp(parts->part[parts->n - 2], "zone") != 0)
		return true;
	if (parse_u32(parts->part[parts->n - 1], 0, UINT16_MAX, ret_zone))
		return false;
	parts->n -= 2;
	return true;
}

static json_t *pack(const struct parts *parts, char *src, char *sport, char *dst, char *dport,
		    uint32_t zone)
{
	uint32_t from, to;
	json_t *json;

	if (parse_u32(sport, 0, UINT16_MAX, &from) || parse_u32(dport, 0, UINT16_MAX, &to))
		return NULL;
	json = json_pack("{s:s, s:s, s:i, s:s, s:i}", "proto", parts->part[0], "src", src, "sport",
			 (int)from, "dst", dst, "dport", (int)to);
	if (json && zone && json_object_set_new(json, "zone", json_integer(zone)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

int tuplearg_parse(char *const *words, int n_words, json_t **ret)
{
	STRBUF_ON_STACK(text, TUPLEARG_MAX_BYTES);
	struct parts parts = { .n = 0 };
	char *src, *sport, *dst, *dport;
	json_t *json = NULL;
	uint32_t zone;

	for (int i = 0; i < n_words; i++) {
		strbuf_put(&text, words[i]);
		strbuf_put_char(&text, ' ');
	}
	if (strbuf_is_truncated(&text) || !split(text.buf, &parts) || !take_zone(&parts, &zone))
		return -EINVAL;
	if (parts.n == 3 && split_end(parts.part[1], &src, &sport) &&
	    split_end(parts.part[2], &dst, &dport))
		json = pack(&parts, src, sport, dst, dport, zone);
	else if (parts.n == 5)
		json = pack(&parts, parts.part[1], parts.part[2], parts.part[3], parts.part[4],
			    zone);
	if (!json)
		return -EINVAL;
	*ret = json;
	return 0;
}

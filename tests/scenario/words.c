/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/util.h"
#include "scenario/scene.h"

void words_split(struct words *w, const char *line)
{
	char *save = NULL;

	*w = (struct words){ .n = 0 };
	snprintf(w->text, sizeof(w->text), "%s", line);
	w->text[strcspn(w->text, "#")] = '\0';
	for (char *p = strtok_r(w->text, " \t\r\n", &save); p && w->n < SCENE_WORDS;
	     p = strtok_r(NULL, " \t\r\n", &save))
		w->word[w->n++] = p;
}

bool words_are_left(const struct words *w)
{
	return w->first < w->n;
}

const char *words_peek(const struct words *w)
{
	return words_are_left(w) ? w->word[w->first] : "";
}

const char *words_take(struct scene *s, struct words *w)
{
	if (!words_are_left(w)) {
		scene_fail(s, "the line ends too early");
		return "";
	}
	return w->word[w->first++];
}

bool words_take_if(struct words *w, const char *word)
{
	if (strcmp(words_peek(w), word) != 0)
		return false;
	w->first++;
	return true;
}

void words_rest(struct words *w, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; words_are_left(w) && len < size; w->first++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? " " : "",
					w->word[w->first]);
}

uint32_t words_take_number(struct scene *s, struct words *w)
{
	const char *word = words_take(s, w);
	uint32_t value = 0;

	if (parse_u32(word, 0, UINT32_MAX, &value))
		scene_fail(s, "not a number: '%s'", word);
	return value;
}

uint64_t words_take_ms(struct scene *s, struct words *w)
{
	const char *word = words_take(s, w);
	uint64_t ms = 0;

	if (parse_duration_ms(word, 0, UINT64_C(1) << 40, &ms))
		scene_fail(s, "not a time: '%s'", word);
	return ms;
}

int words_take_errno(struct scene *s, struct words *w)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "EPERM", EPERM },	{ "ENOENT", ENOENT },	{ "EBUSY", EBUSY },
		{ "EIO", EIO },
		{ "EEXIST", EEXIST },	{ "ENODEV", ENODEV },	{ "EINVAL", EINVAL },
		{ "ENOSPC", ENOSPC },	{ "ENOMEM", ENOMEM },	{ "EOPNOTSUPP", EOPNOTSUPP },
		{ "ETIMEDOUT", ETIMEDOUT }, { "ENETUNREACH", ENETUNREACH }, { "EAGAIN", EAGAIN },
		{ "none", 0 },
	};
	const char *word = words_take(s, w);

	for (unsigned int i = 0; i < array_size(names); i++) {
		if (strcmp(word, names[i].name) == 0)
			return -names[i].value;
	}
	scene_fail(s, "not an errno: '%s'", word);
	return 0;
}

void words_take_addr(struct scene *s, struct words *w, uint8_t *ret_family, struct addr *ret_addr)
{
	const char *word = words_take(s, w);
	enum family family = FAMILY_NONE;

	if (addr_from_str(word, &family, ret_addr))
		scene_fail(s, "not an address: '%s'", word);
	*ret_family = (uint8_t)family;
}

void words_take_mac(struct scene *s, struct words *w, struct mac *ret)
{
	const char *word = words_take(s, w);

	if (mac_from_str(word, ret))
		scene_fail(s, "not a MAC address: '%s'", word);
}

void words_take_tuple(struct scene *s, struct words *w, const char *proto, struct tuple *ret)
{
	const char *from = words_take(s, w);
	const char *arrow = words_take(s, w);
	const char *to = words_take(s, w);
	char text[SCENE_LINE];

	snprintf(text, sizeof(text), "%s %s %s %s", proto, from, arrow, to);
	if (tuple_from_str(text, ret))
		scene_fail(s, "not a tuple: '%s'", text);
}

enum dir words_take_dir(struct scene *s, struct words *w)
{
	const char *word = words_take(s, w);

	if (strcmp(word, "orig") == 0)
		return DIR_ORIG;
	if (strcmp(word, "reply") != 0)
		scene_fail(s, "neither orig nor reply: '%s'", word);
	return DIR_REPLY;
}

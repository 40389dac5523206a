// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labjson - prints values of the JSON on its standard input.
 *
 *	labjson [--sum] PATH
 *
 * PATH is a list of steps with dots between them: "counters.ct_overruns". A step is
 *
 *	NAME, NAME|NAME...	the members of an object with these names
 *	NUMBER			an element of an array; the first is 0
 *	*			all members or elements
 *	NAME=TEXT,NAME=TEXT...	the elements of an array in which each member NAME prints as TEXT
 *
 * Prints each value that the path leads to on a line of its own: a number, a string, True or False, 0
 * for null, or JSON for an object or array. Prints 0 if the path leads nowhere. With --sum, prints the
 * sum of the integers that the path leads to; it is an error if there are none. The exit status is 1
 * after an error, and if the input is not JSON.
 *
 * It is in C because cases ask for values many times a second, and an emulated guest takes half a
 * second to start an interpreter.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 16

struct path {
	char *steps[STEPS_MAX];
	size_t count;
};

struct found {
	bool sum;
	size_t values;
	json_int_t total;
};

static void print_value(const json_t *value, FILE *out)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		fputs("0", out);
		break;
	case JSON_TRUE:
		fputs("True", out);
		break;
	case JSON_FALSE:
		fputs("False", out);
		break;
	case JSON_STRING:
		fputs(json_string_value(value), out);
		break;
	default:
		json_dumpf(value, out, JSON_ENCODE_ANY | JSON_COMPACT);
		break;
	}
}

static void found_value(struct found *found, const json_t *value)
{
	if (found->sum && !json_is_integer(value))
		return;
	found->values++;
	if (found->sum) {
		found->total += json_integer_value(value);
		return;
	}
	print_value(value, stdout);
	putchar('\n');
}

static bool prints_as(const json_t *value, const char *text, size_t len)
{
	char *printed = NULL;
	size_t size;
	bool same;
	FILE *out;

	out = open_memstream(&printed, &size);
	if (!out)
		return false;
	print_value(value, out);
	fclose(out);
	same = size == len && memcmp(printed, text, len) == 0;
	free(printed);
	return same;
}

/* True for an object that has all members of the step, "NAME=TEXT,NAME=TEXT". */
static bool has_members(const json_t *value, const char *step)
{
	while (*step) {
		size_t name = strcspn(step, "="), pair = strcspn(step, ",");
		const json_t *member = json_object_getn(value, step, name);

		if (name >= pair || !member || !prints_as(member, step + name + 1, pair - name - 1))
			return false;
		step += pair + (step[pair] == ',');
	}
	return true;
}

/* True if the step, "NAME|NAME", contains the name. */
static bool is_named(const char *name, const char *step)
{
	size_t len = strlen(name);

	for (; step; step = strchr(step, '|'), step = step ? step + 1 : NULL)
		if (strncmp(step, name, len) == 0 && (step[len] == '\0' || step[len] == '|'))
			return true;
	return false;
}

static bool takes_element(const json_t *element, size_t index, const char *step)
{
	char number[24];

	if (strchr(step, '='))
		return has_members(element, step);
	snprintf(number, sizeof(number), "%zu", index);
	return strcmp(step, "*") == 0 || strcmp(step, number) == 0;
}

static void walk(json_t *value, const struct path *path, size_t at, struct found *found)
{
	const char *step = path->steps[at], *name;
	json_t *member;
	size_t i;

	if (at == path->count) {
		found_value(found, value);
		return;
	}
	json_object_foreach(value, name, member) {
		if (strcmp(step, "*") == 0 || is_named(name, step))
			walk(member, path, at + 1, found);
	}
	json_array_foreach(value, i, member) {
		if (takes_element(member, i, step))
			walk(member, path, at + 1, found);
	}
}

int main(int argc, char **argv)
{
	struct found found = { .sum = argc == 3 && strcmp(argv[1], "--sum") == 0 };
	struct path path = { .count = 0 };
	json_error_t error;
	json_t *root;

	if (argc != 2 + found.sum) {
		fputs("usage: labjson [--sum] PATH <JSON\n", stderr);
		return 2;
	}
	for (char *step = strtok(argv[argc - 1], "."); step && path.count < STEPS_MAX - 1; step = strtok(NULL, "."))
		path.steps[path.count++] = step;
	root = json_loadf(stdin, 0, &error);
	if (!root) {
		fprintf(stderr, "labjson: %s\n", error.text);
		return 1;
	}
	walk(root, &path, 0, &found);
	json_decref(root);
	if (found.sum && found.values == 0) {
		fputs("labjson: the path leads to no integer\n", stderr);
		return 1;
	}
	if (found.sum)
		printf("%" JSON_INTEGER_FORMAT "\n", found.total);
	else if (found.values == 0)
		puts("0");
	return 0;
}

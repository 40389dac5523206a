// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labjson - prints one value of the JSON on its standard input.
 *
 *	labjson PATH
 *
 * PATH is the names of members, with dots between them: "counters.ct_overruns". Prints a number, a
 * string, True or False, or JSON for what has parts; 0 when there is no such member. Exit status 1
 * when the input is not JSON.
 *
 * Cases ask for a value many times a second, and to start an interpreter takes an emulated guest
 * half of that second.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_value(const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
		puts("0");
		break;
	case JSON_TRUE:
		puts("True");
		break;
	case JSON_FALSE:
		puts("False");
		break;
	case JSON_STRING:
		puts(json_string_value(value));
		break;
	default:
		json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
		putchar('\n');
		break;
	}
}

int main(int argc, char **argv)
{
	json_error_t error;
	const json_t *value;
	json_t *root;

	if (argc != 2) {
		fputs("usage: labjson PATH <JSON\n", stderr);
		return 2;
	}
	root = json_loadf(stdin, 0, &error);
	if (!root) {
		fprintf(stderr, "labjson: %s\n", error.text);
		return 1;
	}
	value = root;
	for (const char *name = strtok(argv[1], "."); name; name = strtok(NULL, "."))
		value = json_object_get(value, name);
	print_value(value);
	json_decref(root);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/conf.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "base/util.h"

/* Path of a file in the source directory; tests run in the build directory. */
static const char *source_path(const char *name)
{
	static char path[4096];
	const char *dir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	return path;
}

static char *read_all(const char *path)
{
	FILE *stream = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(text);
	if (!stream) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, 65535, stream) < 65535);
	fclose(stream);
	return text;
}

/* Returns what conf_print() writes, followed by the messages; notices are comments. */
static char *to_text(const struct config *config, const struct conf_errors *errors)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	if (config)
		assert_int_equal(conf_print(config, stream), 0);
	for (unsigned int i = 0; errors && i < errors->n_messages; i++) {
		const struct conf_message *m = &errors->message[i];

		fprintf(stream, "%s%s\n", m->is_error ? "" : "# notice: ", m->text);
	}
	fclose(stream);
	return text;
}

static int load_text(const char *text, struct config *ret, struct conf_errors *errors)
{
	char *copy = strdup(text);
	FILE *stream = fmemopen(copy, strlen(copy), "r");
	int err;

	assert_non_null(stream);
	err = conf_load_stream(stream, "text", ret, errors);
	fclose(stream);
	free(copy);
	return err;
}

/* ---- tests/conf/NAME.in and .ok or .err */

static void check_pair(const char *name)
{
	char path[512], file[256], *expected, *got;
	struct conf_errors errors;
	struct config config;
	FILE *stream;
	int err;

	snprintf(path, sizeof(path), "tests/conf/%s.in", name);
	snprintf(file, sizeof(file), "%s.in", name);
	stream = fopen(source_path(path), "r");
	assert_non_null(stream);
	conf_errors_init(&errors);
	err = conf_load_stream(stream, file, &config, &errors);
	fclose(stream);
	got = to_text(err ? NULL : &config, &errors);

	snprintf(path, sizeof(path), "tests/conf/%s.%s", name, err ? "err" : "ok");
	expected = read_all(source_path(path));
	if (getenv("CONF_TEST_WRITE")) { /* to add a case; check the file that it writes */
		stream = fopen(source_path(path), "w");
		assert_non_null(stream);
		fputs(got, stream);
		fclose(stream);
	} else if (!expected) {
		fail_msg("%s: no %s; got:\n%s", name, path, got);
	} else if (strcmp(got, expected) != 0) {
		fail_msg("%s: expected:\n%sgot:\n%s", name, expected, got);
	}
	assert_int_equal(err, errors.n_errors ? -EINVAL : 0);
	free(expected);
	free(got);
	conf_errors_fini(&errors);
}

static void test_input_files(void **state UNUSED)
{
	DIR *dir = opendir(source_path("tests/conf"));
	struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".in") != 0)
			continue;
		*dot = '\0';
		check_pair(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 20);
}

/* Printed settings are read back as the same configuration, which prints the same text. */
static void check_round_trip(const struct config *config)
{
	char *text = to_text(config, NULL), *again;
	struct conf_errors errors;
	struct config read_back;

	conf_errors_init(&errors);
	assert_int_equal(load_text(text, &read_back, &errors), 0);
	assert_int_equal(errors.n_messages, 0);
	again = to_text(&read_back, NULL);
	assert_string_equal(again, text);
	assert_memory_equal(&read_back, config, sizeof(*config));
	free(again);
	free(text);
	conf_errors_fini(&errors);
}

static void test_round_trip(void **state UNUSED)
{
	static const char *const names[] = { "full", "spelling", "escapes", "auto" };
	struct conf_errors errors;
	struct config config;
	char path[128];
	FILE *stream;

	conf_default(&config);
	check_round_trip(&config);
	for (size_t i = 0; i < array_size(names); i++) {
		snprintf(path, sizeof(path), "tests/conf/%s.in", names[i]);
		stream = fopen(source_path(path), "r");
		assert_non_null(stream);
		conf_errors_init(&errors);
		assert_int_equal(conf_load_stream(stream, names[i], &config, &errors), 0);
		fclose(stream);
		conf_errors_fini(&errors);
		check_round_trip(&config);
	}
}

static void test_defaults(void **state UNUSED)
{
	struct config config;

	conf_default(&config);
	assert_int_equal(config.core.offload, OFFLOAD_OBSERVE);
	assert_int_equal(config.core.admit, ADMIT_NFT);
	assert_int_equal(config.core.mark, 0);
	assert_int_equal(config.core.max_flows, 65536);
	assert_int_equal(config.core.sample_ms, 1000);
	assert_int_equal(config.core.tc_priority, 0);
	assert_false(config.core.auto_devices);
	assert_int_equal(config.core.n_devices, 0);
	assert_int_equal(config.core.tcp_timeout_s, 0);
	assert_int_equal(config.workers, 1);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
	assert_string_equal(config.socket_path, "/run/nft-offload/ctl");
	assert_string_equal(config.control_group, "");
}

/* ---- the table: ranges, the example, the manual */

/* Loads "key = value". True when it was accepted. */
static bool is_taken(const char *key, const char *fmt, unsigned long long value)
{
	struct conf_errors errors;
	struct config config;
	char number[64], text[128];
	int err;

	if (!strcmp(fmt, "ms"))
		snprintf(number, sizeof(number), "%llums", value);
	else
		snprintf(number, sizeof(number), "%llu", value);
	snprintf(text, sizeof(text), "%s = %s\n", key, number);
	conf_errors_init(&errors);
	err = load_text(text, &config, &errors);
	conf_errors_fini(&errors);
	return err == 0;
}

/* The ends of each range in the table are the ends that the parser enforces. */
static void test_ranges(void **state UNUSED)
{
	const struct conf_key *key;

	for (size_t i = 0; (key = conf_key_get(i)); i++) {
		bool is_duration = !strcmp(key->type, "duration");
		const char *fmt = is_duration ? "ms" : "";
		char low[32], high[32];
		uint64_t min, max;

		/* The only range with numbers below 0 is for test_priority(). */
		if ((strcmp(key->type, "number") != 0 && !is_duration) || key->range[0] == '-')
			continue;
		assert_int_equal(sscanf(key->range, "%31s .. %31s", low, high), 2);
		if (is_duration) {
			assert_int_equal(parse_duration_ms(low, 0, UINT64_MAX, &min), 0);
			assert_int_equal(parse_duration_ms(high, 0, UINT64_MAX, &max), 0);
		} else {
			assert_int_equal(parse_u64(low, 0, UINT64_MAX, &min), 0);
			assert_int_equal(parse_u64(high, 0, UINT64_MAX, &max), 0);
		}
		assert_true(is_taken(key->name, fmt, min));
		assert_true(is_taken(key->name, fmt, max));
		assert_false(is_taken(key->name, fmt, min - 1));
		assert_false(is_taken(key->name, fmt, max + 1));
	}
}

static void test_priority(void **state UNUSED)
{
	static const struct {
		const char *text;
		int err, value;
	} cases[] = {
		{ "nft-priority = -300\n", 0, -300 },	 { "nft-priority = 300\n", 0, 300 },
		{ "nft-priority = -1\n", 0, -1 },	 { "nft-priority = 0\n", 0, 0 },
		{ "nft-priority = -301\n", -EINVAL, 0 }, { "nft-priority = 301\n", -EINVAL, 0 },
		{ "nft-priority = --1\n", -EINVAL, 0 },	 { "nft-priority = {}\n", -EINVAL, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct conf_errors errors;
		struct config config;

		conf_errors_init(&errors);
		assert_int_equal(load_text(cases[i].text, &config, &errors), cases[i].err);
		if (!cases[i].err)
			assert_int_equal(config.nft_priority, cases[i].value);
		conf_errors_fini(&errors);
	}
}

static void test_example_is_default(void **state UNUSED)
{
	FILE *stream = fopen(source_path("conf/nft-offload.conf"), "r");
	struct config config, defaults;
	struct conf_errors errors;

	assert_non_null(stream);
	conf_errors_init(&errors);
	conf_default(&defaults);
	assert_int_equal(conf_load_stream(stream, "example", &config, &errors), 0);
	fclose(stream);
	assert_int_equal(errors.n_messages, 0);
	assert_memory_equal(&config, &defaults, sizeof(config));
	conf_errors_fini(&errors);
}

/* "#key = default" once for each key: uncommented, the example still is the default. */
static void test_example_shows_keys(void **state UNUSED)
{
	char *example = read_all(source_path("conf/nft-offload.conf"));
	const struct conf_key *key;
	char line[256];

	assert_non_null(example);
	for (size_t i = 0; (key = conf_key_get(i)); i++) {
		snprintf(line, sizeof(line), "\n#%s = %s\n", key->name, key->default_value);
		if (!strstr(example, line))
			fail_msg("conf/nft-offload.conf lacks:%s", line);
	}
	free(example);
}

/* The manual has an entry of this form for each key. */
static void test_manual_has_keys(void **state UNUSED)
{
	char *manual = read_all(source_path("man/nft-offload.conf.5"));
	const struct conf_key *key;
	char line[256];

	assert_non_null(manual);
	for (size_t i = 0; (key = conf_key_get(i)); i++) {
		snprintf(line, sizeof(line), "\n.It Ic %s No = ", key->name);
		if (!strstr(manual, line))
			fail_msg("nft-offload.conf.5 lacks:%s", line);
		assert_true(key->help[0] && key->range[0] && key->type[0]);
	}
	free(manual);
}

/* ---- files and directories */

static char *dir; /* directory of one test, with its files */

static int make_dir(void **state UNUSED)
{
	char name[] = "/tmp/nft-offload-conf-XXXXXX";

	dir = mkdtemp(name) ? strdup(name) : NULL;
	return dir ? 0 : -1;
}

static int remove_dir(void **state UNUSED)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	free(dir);
	return system(command);
}

static const char *dir_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *stream = fopen(dir_path(name), "w");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void expect_error(const struct conf_errors *errors, const char *name, const char *rest)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s%s", dir_path(name), rest);
	for (unsigned int i = 0; i < errors->n_messages; i++) {
		if (errors->message[i].is_error && !strcmp(errors->message[i].text, line))
			return;
	}
	fail_msg("no message: %s", line);
}

static void test_fragments(void **state UNUSED)
{
	struct conf_errors errors;
	struct config config;

	write_file("main.conf", "workers = 2\nmark = 7\ndevices = { a, b }\noffload = software\n");
	assert_int_equal(mkdir(dir_path("conf.d"), 0755), 0);
	write_file("conf.d/20-second.conf", "workers = 4\ndevices = { c }\n");
	write_file("conf.d/10-first.conf", "workers = 3\nmax-flows = 20\n");
	write_file("conf.d/30-other.txt", "workers = 5\n");
	write_file("conf.d/.hidden.conf", "workers = 6\n");

	conf_errors_init(&errors);
	assert_int_equal(conf_load(dir_path("main.conf"), &config, &errors), 0);
	assert_int_equal(errors.n_messages, 0);
	assert_int_equal(config.workers, 4);
	assert_int_equal(config.core.mark, 7);
	assert_int_equal(config.core.max_flows, 20);
	assert_int_equal(config.core.n_devices, 1);
	assert_string_equal(config.core.device[0], "c");
	assert_int_equal(config.core.offload, OFFLOAD_SOFTWARE);
}

/* The errors of all files are reported at once, and the result is untouched. */
static void test_fragment_errors(void **state UNUSED)
{
	struct conf_errors errors;
	struct config config, before;

	memset(&config, 0x55, sizeof(config));
	before = config;
	write_file("main.conf", "workers = 0\n");
	assert_int_equal(mkdir(dir_path("conf.d"), 0755), 0);
	write_file("conf.d/a.conf", "\nworkers = 10\n");
	write_file("conf.d/b.conf", "mark = \"\nworkers = 10\n");
	assert_int_equal(mkdir(dir_path("conf.d/c.conf"), 0755), 0);
	assert_int_equal(symlink("nowhere", dir_path("conf.d/d.conf")), 0);
	assert_int_equal(mkfifo(dir_path("conf.d/e.conf"), 0600), 0);

	conf_errors_init(&errors);
	assert_int_equal(conf_load(dir_path("main.conf"), &config, &errors), -EINVAL);
	expect_error(&errors, "main.conf", ":1: workers = 0: not in 1 .. 8");
	expect_error(&errors, "conf.d/a.conf", ":2: workers = 10: not in 1 .. 8");
	expect_error(&errors, "conf.d/b.conf",
		     ":1: the string that begins here is not closed on the same line");
	expect_error(&errors, "conf.d/c.conf", ": is not a regular file");
	expect_error(&errors, "conf.d/d.conf", ": cannot open: No such file or directory");
	expect_error(&errors, "conf.d/e.conf", ": is not a regular file");
	assert_int_equal(errors.n_errors, 6);
	assert_memory_equal(&config, &before, sizeof(config));
	conf_errors_fini(&errors);
}

static void test_unreadable(void **state UNUSED)
{
	struct conf_errors errors;
	struct config config;

	conf_errors_init(&errors);
	assert_int_equal(conf_load(dir_path("missing.conf"), &config, &errors), -EINVAL);
	expect_error(&errors, "missing.conf", ": cannot open: No such file or directory");
	conf_errors_fini(&errors);

	assert_int_equal(conf_load(dir, &config, &errors), -EINVAL);
	assert_non_null(strstr(errors.message[0].text, ": is a directory"));
	conf_errors_fini(&errors);
}

static void test_dir_is_file(void **state UNUSED)
{
	struct conf_errors errors;
	struct config config;

	write_file("main.conf", "");
	write_file("conf.d", "");
	conf_errors_init(&errors);
	assert_int_equal(conf_load(dir_path("main.conf"), &config, &errors), -EINVAL);
	expect_error(&errors, "conf.d", ": cannot read: Not a directory");
	conf_errors_fini(&errors);
}

static void test_too_large(void **state UNUSED)
{
	struct conf_errors errors;
	struct config config;
	FILE *stream = fopen(dir_path("main.conf"), "w");

	assert_non_null(stream);
	for (int i = 0; i < 1024 * 1024 / 16 + 1; i++)
		fputs("################\n", stream);
	fclose(stream);
	conf_errors_init(&errors);
	assert_int_equal(conf_load(dir_path("main.conf"), &config, &errors), -EINVAL);
	expect_error(&errors, "main.conf", ": larger than 1048576 bytes");
	conf_errors_fini(&errors);
}

/* ---- random changes: no crash, and accepted settings can be printed and read back */

static void test_mutations(void **state UNUSED)
{
	static const char alphabet[] = "{}=,\"'#/*\\$+ \n\t\r()a1x-|\x01\xff";
	char *full = read_all(source_path("tests/conf/full.in"));
	size_t len = strlen(full);
	unsigned int seed = 1, taken = 0;

	for (int round = 0; round < 3000; round++) {
		char *text = strdup(full);
		struct conf_errors errors;
		struct config config;

		for (int i = 0; i < 1 + round % 4; i++) {
			seed = seed * 1103515245 + 12345;
			text[(seed >> 8) % len] = alphabet[(seed >> 3) % (sizeof(alphabet) - 1)];
		}
		conf_errors_init(&errors);
		if (load_text(text, &config, &errors) == 0) {
			assert_int_equal(errors.n_errors, 0);
			check_round_trip(&config);
			taken++;
		} else {
			assert_true(errors.n_errors > 0);
			assert_true(errors.n_messages > 0);
		}
		conf_errors_fini(&errors);
		free(text);
	}
	assert_true(taken > 100);
	free(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input_files),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_example_is_default),
		cmocka_unit_test(test_example_shows_keys),
		cmocka_unit_test(test_manual_has_keys),
		cmocka_unit_test_setup_teardown(test_fragments, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_fragment_errors, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_unreadable, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_dir_is_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_too_large, make_dir, remove_dir),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

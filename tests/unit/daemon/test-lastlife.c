/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record that one run leaves for the next. */
#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/life/lastlife.h"

static char directory[] = "/tmp/test-lastlife-XXXXXX";
static char path[64];
static struct config config;

static int begin(void **state UNUSED)
{
	conf_default(&config);
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/ctl.last", directory);
	return 0;
}

static int finish(void **state UNUSED)
{
	lastlife_remove(path);
	return rmdir(directory);
}

static void write_text(const char *text)
{
	FILE *stream = fopen(path, "we");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static struct lastlife some_life(void)
{
	struct lastlife life;

	lastlife_describe(&config, &life);
	life.instance = 0xfffffffe;
	life.epoch = 0x30000000;
	life.generation = 17;
	return life;
}

static void written_record_is_read(void **state UNUSED)
{
	struct lastlife life = some_life(), got;

	assert_int_equal(lastlife_write(path, &life), 0);
	assert_int_equal(lastlife_read(path, &got), 0);
	assert_true(got.is_valid);
	assert_int_equal(got.instance, life.instance);
	assert_int_equal(got.epoch, life.epoch);
	assert_int_equal(got.generation, life.generation);
	assert_true(lastlife_fits(&got, &config));
	/* A later record replaces it. */
	life.generation++;
	assert_int_equal(lastlife_write(path, &life), 0);
	assert_int_equal(lastlife_read(path, &got), 0);
	assert_int_equal(got.generation, 18);
}

static void record_is_missing(void **state UNUSED)
{
	struct lastlife got = { .is_valid = true };

	lastlife_remove(path);
	assert_int_equal(lastlife_read(path, &got), -ENOENT);
	assert_false(got.is_valid);
}

/* A record that is cut, extended or of another version is rejected. */
static void record_is_damaged(void **state UNUSED)
{
	struct lastlife life = some_life(), got;
	char text[512], spoilt[600];
	FILE *stream;
	size_t n;

	assert_int_equal(lastlife_write(path, &life), 0);
	stream = fopen(path, "re");
	assert_non_null(stream);
	n = fread(text, 1, sizeof(text) - 1, stream);
	fclose(stream);
	text[n] = '\0';
	for (size_t cut = 0; cut < n; cut++) {
		snprintf(spoilt, sizeof(spoilt), "%.*s", (int)cut, text);
		write_text(spoilt);
		assert_int_equal(lastlife_read(path, &got), -EINVAL);
		assert_false(got.is_valid);
	}
	snprintf(spoilt, sizeof(spoilt), "%sx", text);
	write_text(spoilt);
	assert_int_equal(lastlife_read(path, &got), -EINVAL);
	snprintf(spoilt, sizeof(spoilt), "version 2%s", strchr(text, '\n'));
	write_text(spoilt);
	assert_int_equal(lastlife_read(path, &got), -EINVAL);
	write_text(text);
	assert_int_equal(lastlife_read(path, &got), 0);
}

static void record_does_not_fit(void **state UNUSED)
{
	struct lastlife life = some_life();
	struct config other = config;

	assert_true(lastlife_fits(&life, &other));
	other.core.admit = ADMIT_MARK;
	assert_false(lastlife_fits(&life, &other));
	other = config;
	other.core.mark = 0x700;
	assert_false(lastlife_fits(&life, &other));
	other = config;
	other.exempt.ports[other.exempt.n_ports++].proto = L4_UDP;
	assert_false(lastlife_fits(&life, &other));
	other = config;
	strcpy(other.exempt.interface[other.exempt.n_interfaces++], "lan0");
	assert_false(lastlife_fits(&life, &other));
	/* Settings that do not concern admission may change. */
	other = config;
	other.core.max_flows++;
	assert_true(lastlife_fits(&life, &other));
	life.netns++;
	assert_false(lastlife_fits(&life, &config));
	life = some_life();
	life.is_valid = false;
	assert_false(lastlife_fits(&life, &config));
}

static void record_cannot_be_written(void **state UNUSED)
{
	struct lastlife life = some_life();

	assert_int_equal(lastlife_write("/proc/nothing/here", &life), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_record_is_read),	cmocka_unit_test(record_is_missing),
		cmocka_unit_test(record_is_damaged),	cmocka_unit_test(record_does_not_fit),
		cmocka_unit_test(record_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}

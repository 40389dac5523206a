/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/life/lastlife.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/ds/siphash.h"
#include "base/util.h"

#define SUFFIX	    ".last"
#define FORMAT	    1
#define LINE_SIZE   64
#define TEMP_SUFFIX ".new"

/* In the order of the file, which has each exactly once. */
enum key {
	KEY_VERSION,
	KEY_NETNS,
	KEY_INSTANCE,
	KEY_ADMIT,
	KEY_MASK,
	KEY_EPOCH,
	KEY_GENERATION,
	KEY_EXEMPT,
	KEY__COUNT,
};

static const struct {
	const char *name;
	uint64_t max;
} keys[KEY__COUNT] = {
	[KEY_VERSION] = { "version", FORMAT },	      [KEY_NETNS] = { "netns", UINT64_MAX },
	[KEY_INSTANCE] = { "instance", UINT32_MAX },  [KEY_ADMIT] = { "admit", ADMIT_NFT },
	[KEY_MASK] = { "mask", UINT32_MAX },	      [KEY_EPOCH] = { "epoch", UINT32_MAX },
	[KEY_GENERATION] = { "generation", UINT32_MAX }, [KEY_EXEMPT] = { "exempt", UINT64_MAX },
};

void lastlife_path(const char *socket_path, char ret[CONF_PATH_SIZE + 8])
{
	snprintf(ret, CONF_PATH_SIZE + 8, "%s" SUFFIX, socket_path);
}

static uint64_t netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

/* Hashes member by member, because the structs have padding. */
static uint64_t exempt_digest(const struct exempt *x)
{
	uint64_t key[2] = { 0, 0 };

#define ADD(member, n) key[0] = siphash13((member), (n) * sizeof(*(member)), key), key[1]++
	for (unsigned int i = 0; i < x->n_prefixes; i++) {
		ADD(&x->prefix[i].addr, 1);
		ADD(&x->prefix[i].family, 1);
		ADD(&x->prefix[i].len, 1);
	}
	for (unsigned int i = 0; i < x->n_ports; i++) {
		ADD(&x->ports[i].proto, 1);
		ADD(&x->ports[i].from, 1);
		ADD(&x->ports[i].to, 1);
	}
	for (unsigned int i = 0; i < x->n_interfaces; i++)
		ADD(x->interface[i], strnlen(x->interface[i], LINK_NAME_SIZE));
	ADD(x->mark, x->n_marks);
	ADD(&x->n_prefixes, 1);
	ADD(&x->n_ports, 1);
	ADD(&x->n_interfaces, 1);
#undef ADD
	return key[0];
}

void lastlife_describe(const struct config *config, struct lastlife *ret)
{
	struct settings s = config->core;

	settings_choose_mark(&s);
	*ret = (struct lastlife){
		.is_valid = true,
		.netns = netns(),
		.admit = config->core.admit,
		.mask = s.mark,
		.exempt = exempt_digest(&config->exempt),
	};
}

bool lastlife_fits(const struct lastlife *life, const struct config *config)
{
	struct lastlife now;

	lastlife_describe(config, &now);
	return life->is_valid && life->netns == now.netns && life->admit == now.admit &&
	       life->mask == now.mask && life->exempt == now.exempt;
}

/* -- the file --------------------------------------------------------------- */

static int read_line(FILE *stream, enum key key, uint64_t *ret)
{
	char line[LINE_SIZE], *value;
	size_t len;

	if (!fgets(line, sizeof(line), stream))
		return -EINVAL;
	len = strcspn(line, "\n");
	if (line[len] != '\n')
		return -EINVAL;
	line[len] = '\0';
	value = strchr(line, ' ');
	if (!value)
		return -EINVAL;
	*value++ = '\0';
	return strcmp(line, keys[key].name) != 0 || parse_u64(value, 0, keys[key].max, ret) ?
		       -EINVAL :
		       0;
}

static int read_stream(FILE *stream, struct lastlife *ret)
{
	uint64_t value[KEY__COUNT];

	for (unsigned int i = 0; i < KEY__COUNT; i++) {
		int err = read_line(stream, (enum key)i, &value[i]);

		if (err)
			return err;
	}
	if (value[KEY_VERSION] != FORMAT || fgetc(stream) != EOF)
		return -EINVAL;
	*ret = (struct lastlife){
		.is_valid = true,
		.netns = value[KEY_NETNS],
		.instance = (uint32_t)value[KEY_INSTANCE],
		.admit = (uint32_t)value[KEY_ADMIT],
		.mask = (uint32_t)value[KEY_MASK],
		.epoch = (uint32_t)value[KEY_EPOCH],
		.generation = (uint32_t)value[KEY_GENERATION],
		.exempt = value[KEY_EXEMPT],
	};
	return 0;
}

int lastlife_read(const char *path, struct lastlife *ret)
{
	FILE *stream = fopen(path, "re");
	int err;

	ret->is_valid = false;
	if (!stream)
		return -errno;
	err = read_stream(stream, ret);
	fclose(stream);
	return err;
}

static int write_stream(FILE *stream, const struct lastlife *life)
{
	const uint64_t value[KEY__COUNT] = {
		[KEY_VERSION] = FORMAT,
		[KEY_NETNS] = life->netns,
		[KEY_INSTANCE] = life->instance,
		[KEY_ADMIT] = life->admit,
		[KEY_MASK] = life->mask,
		[KEY_EPOCH] = life->epoch,
		[KEY_GENERATION] = life->generation,
		[KEY_EXEMPT] = life->exempt,
	};

	for (unsigned int i = 0; i < KEY__COUNT; i++) {
		if (fprintf(stream, "%s %" PRIu64 "\n", keys[i].name, value[i]) < 0)
			return -EIO;
	}
	return 0;
}

/* No fsync(): a reboot removes the rules, so the record need not survive one. */
int lastlife_write(const char *path, const struct lastlife *life)
{
	char temp[CONF_PATH_SIZE + 16];
	FILE *stream;
	int err;

	snprintf(temp, sizeof(temp), "%s" TEMP_SUFFIX, path);
	stream = fopen(temp, "we");
	err = stream ? write_stream(stream, life) : -errno;
	if (stream && fclose(stream) != 0 && !err)
		err = -errno;
	if (!err && rename(temp, path) < 0)
		err = -errno;
	if (err) {
		IGNORE_RESULT(unlink(temp));
		lastlife_remove(path);
	}
	return err;
}

void lastlife_remove(const char *path)
{
	IGNORE_RESULT(unlink(path));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confload - loads the configuration files in their order.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "daemon/conf/conf_priv.h"
#include "daemon/conf/conferror.h"
#include "daemon/conf/confexempt.h"
#include "daemon/conf/conffile.h"

/* Adds a last line if messages were left out. */
static void finish_messages(struct load *load)
{
	struct conf_errors *errors = load->errors;
	char *text;

	if (!load->n_left_out)
		return;
	if (asprintf(&text, "%u more messages omitted", load->n_left_out) < 0)
		load->err = -ENOMEM;
	else
		errors->message[errors->n_messages++] = (struct conf_message){ true, text };
}

static void load_stream(struct load *load, FILE *stream, const char *name)
{
	struct conffile file CLEANUP(conffile_fini) = { 0 };
	const char *keys[CONF_N_OPTIONS];
	size_t e = 0;

	for (size_t i = 0; i < CONF_N_OPTIONS; i++)
		keys[i] = conf_key_get(i)->name;
	memset(load->set_line, 0, sizeof(load->set_line));
	load->file = name;

	load->err = conffile_read(stream, keys, CONF_N_OPTIONS, &file);
	for (size_t i = 0; i <= file.n_items && !load->err; i++) {
		unsigned int line = i < file.n_items ? file.items[i].line : (unsigned int)-1;

		for (; e < file.n_errors && file.errors[e].line <= line; e++) {
			load->line = file.errors[e].line;
			conf_error(load, "%s", file.errors[e].text);
		}
		if (i < file.n_items)
			conf_load_item(load, &file.items[i]);
	}
	load->line = 0;
}

static void load_file(struct load *load, const char *path, bool may_be_missing)
{
	FILE *stream = fopen(path, "re");
	struct stat st;

	load->file = path;
	if (!stream) {
		if (errno == ENOENT && may_be_missing)
			conf_notice(load, "there is no such file; using the defaults");
		else
			conf_error(load, "cannot open: %s", strerror(errno));
		return;
	}
	if (fstat(fileno(stream), &st) < 0)
		conf_error(load, "cannot read: %s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		conf_error(load, "is a directory");
	else
		load_stream(load, stream, path);
	fclose(stream);
}

static int is_conf_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* independent of the locale */
}

/* Loads a file of conf.d. It must be a regular file: the start would hang on a pipe. */
static void load_fragment(struct load *load, const char *path)
{
	struct stat st;

	load->file = path;
	if (stat(path, &st) < 0)
		conf_error(load, "cannot open: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_error(load, "is not a regular file");
	else
		load_file(load, path, false);
}

static void load_dir(struct load *load, const char *dir)
{
	struct dirent **entries;
	int n;

	load->file = dir;
	n = scandir(dir, &entries, is_conf_name, compare_names);
	if (n < 0) {
		if (errno == ENOMEM)
			load->err = -ENOMEM;
		else if (errno != ENOENT)
			conf_error(load, "cannot read: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			load->err = -ENOMEM;
		} else {
			if (!load->err)
				load_fragment(load, path);
			free(path);
		}
		free(entries[i]);
	}
	free(entries);
}

/* Returns the path of "conf.d" in the directory of path, or NULL without memory. */
static char *fragment_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (asprintf(&dir, "%.*sconf.d", slash ? (int)(slash - path + 1) : 0, path) < 0)
		return NULL;
	return dir;
}

static bool is_given(const struct load *load, const char *key)
{
	for (size_t i = 0; i < CONF_N_OPTIONS; i++) {
		if (!strcmp(conf_key_get(i)->name, key))
			return load->is_given[i];
	}
	return false;
}

/* Checks keys against each other, after all files were read. */
static void check_together(struct load *load)
{
	struct settings *core = &load->config.core;
	bool has_devices = core->auto_devices || core->n_devices || core->devices_from.family;

	if (load->errors->n_errors)
		return;
	conf_check_admission(load);
	if (has_devices && !is_given(load, "offload"))
		conf_notice(load, "devices are named, but offload is not set: observing only");
	if (!has_devices && core->offload != OFFLOAD_OBSERVE) {
		conf_notice(load, "offload is set, but no device is named: observing only");
		core->offload = OFFLOAD_OBSERVE;
	}
}

static int finish(struct load *load, const char *file, struct config *ret)
{
	load->file = file;
	load->line = 0;
	check_together(load);
	finish_messages(load);
	if (load->err)
		return load->err;
	if (load->errors->n_errors)
		return -EINVAL;
	*ret = load->config;
	return 0;
}

int conf_load_stream(FILE *stream, const char *name, struct config *ret, struct conf_errors *errors)
{
	struct load load;

	conf_load_init(&load, errors);
	load_stream(&load, stream, name);
	return finish(&load, name, ret);
}

int conf_load(const char *path, struct config *ret, struct conf_errors *errors)
{
	const char *file = path ? path : CONF_FILE_DEFAULT;
	struct load load;
	char *dir;

	dir = fragment_dir(file);
	if (!dir)
		return -ENOMEM;
	conf_load_init(&load, errors);
	load_file(&load, file, !path);
	if (!load.err)
		load_dir(&load, dir);
	free(dir);
	return finish(&load, file, ret);
}

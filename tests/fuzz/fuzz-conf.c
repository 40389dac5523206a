/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file. Settings that are accepted are printed, and must be accepted again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/conf/conf.h"
#include "fuzz/fuzz.h"

static int load(const void *text, size_t size, struct config *ret)
{
	CLEANUP(conf_errors_fini) struct conf_errors errors;
	FILE *stream = fmemopen((void *)(uintptr_t)text, size, "r");
	int err;

	if (!stream)
		abort();
	conf_errors_init(&errors);
	err = conf_load_stream(stream, "input", ret, &errors);
	if ((err == -EINVAL) != (errors.n_errors > 0))
		abort();
	fclose(stream);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config, again;
	char *text = NULL;
	FILE *stream;
	size_t n = 0;

	if (!size || load(data, size, &config))
		return 0;
	stream = open_memstream(&text, &n);
	if (!stream || conf_print(&config, stream) || fclose(stream))
		abort();
	if (load(text, n, &again))
		abort();
	free(text);
	fuzz_check_bugs();
	return 0;
}

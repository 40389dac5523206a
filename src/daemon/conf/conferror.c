/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/conferror.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/conf/conf_priv.h"

void conf_errors_init(struct conf_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
}

void conf_errors_fini(struct conf_errors *errors)
{
	for (unsigned int i = 0; i < errors->n_messages; i++)
		free(errors->message[i].text);
	conf_errors_init(errors);
}

PRINTF_LIKE(3, 0)
static void vmessage(struct load *load, bool is_error, const char *fmt, va_list args)
{
	struct conf_errors *errors = load->errors;
	char *text = NULL, *line = NULL;
	int n;

	errors->n_errors += is_error;
	if (errors->n_messages >= CONF_MESSAGES_MAX) {
		load->n_left_out++;
		return;
	}
	if (vasprintf(&text, fmt, args) < 0) {
		load->err = -ENOMEM;
		return;
	}
	if (load->line)
		n = asprintf(&line, "%s:%u: %s", load->file, load->line, text);
	else
		n = asprintf(&line, "%s: %s", load->file, text);
	free(text);
	if (n < 0) {
		load->err = -ENOMEM;
		return;
	}
	errors->message[errors->n_messages++] = (struct conf_message){ is_error, line };
}

void conf_error(struct load *load, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vmessage(load, true, fmt, args);
	va_end(args);
}

void conf_notice(struct load *load, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vmessage(load, false, fmt, args);
	va_end(args);
}

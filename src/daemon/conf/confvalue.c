/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/confvalue.h"

#include <string.h>

#include "model/link.h"

void conf_print_quoted(const char *text, FILE *stream)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (strchr("\\\"$", *text))
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

/* Accepts what the kernel's dev_valid_name() accepts. */
const char *conf_check_device(const char *name)
{
	if (!name[0])
		return "is empty";
	if (strlen(name) >= LINK_NAME_SIZE)
		return "is longer than 15 characters";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is not a device name";
	if (name[strcspn(name, "/: \t\n\v\f\r")])
		return "contains a character that is not allowed in a device name";
	return NULL;
}

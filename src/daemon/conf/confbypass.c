/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf/confbypass.h"

#include <stdio.h>
#include <string.h>

#include "daemon/conf/conferror.h"

/* Lists every name once, for the error message. */
static void list_names(char *buf, size_t size)
{
	uint8_t seen = 0;
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < BYPASS_BIT__COUNT && len < size; i++) {
		if (seen & 1u << i)
			continue;
		seen |= bypass_from_name(bypass_name(i));
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
					bypass_name(i));
	}
}

/* Besides slash and white space, the colon is the only character that no device name has
 * (dev_valid_name()); so it separates the device from the rest. */
static bool is_device(const char *text, size_t len)
{
	return len > 0 && len < LINK_NAME_SIZE && strcspn(text, "/ \t\n\v\f\r") >= len;
}

void confbypass_add(struct load *load, const char *text)
{
	struct settings *core = &load->config.core;
	struct settings_bypass b = { .device = "" };
	const char *colon = strchr(text, ':'), *what = colon ? colon + 1 : text;
	char names[128];

	if (colon && !is_device(text, (size_t)(colon - text))) {
		conf_error(load,
			   "allow-bypass: \"%s\": the part before the colon is not a device name",
			   text);
		return;
	}
	if (colon)
		memcpy(b.device, text, (size_t)(colon - text));
	b.bits = bypass_from_name(what);
	if (!b.bits) {
		list_names(names, sizeof(names));
		conf_error(load, "allow-bypass: \"%s\": \"%s\" is not one of %s", text, what, names);
		return;
	}
	for (unsigned int i = 0; i < core->n_bypass; i++) {
		if (core->bypass[i].bits == b.bits && !strcmp(core->bypass[i].device, b.device)) {
			conf_error(load, "allow-bypass: \"%s\" is listed twice", text);
			return;
		}
	}
	if (core->n_bypass == SETTINGS_MAX_BYPASS)
		conf_error(load, "allow-bypass: \"%s\" exceeds the limit of %d elements", text,
			   SETTINGS_MAX_BYPASS);
	else
		core->bypass[core->n_bypass++] = b;
}

void confbypass_to_str(const struct settings *settings, unsigned int i,
		       char buf[static CONFBYPASS_STR_SIZE])
{
	const struct settings_bypass *b = &settings->bypass[i];

	snprintf(buf, CONFBYPASS_STR_SIZE, "%s%s%s", b->device, b->device[0] ? ":" : "",
		 reason_name(bypass_reason(b->bits)));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/reason.h"

#include <stddef.h>

#include "base/util.h"

static const struct {
	const char *name;
	const char *text;
} reasons[REASON__COUNT] = {
	[REASON_NONE] = { "none", "" },
#define X(id, name, text) [REASON_##id] = { name, text },
	REASON_LIST(X)
#undef X
};

const char *reason_name(enum reason reason)
{
	return (size_t)reason < array_size(reasons) ? reasons[reason].name : "?";
}

const char *reason_text(enum reason reason)
{
	return (size_t)reason < array_size(reasons) ? reasons[reason].text : "?";
}

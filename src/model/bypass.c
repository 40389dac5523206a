/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/bypass.h"

#include <string.h>

#include "base/util.h"

static const struct {
	enum reason reason;
	const char *side;
} kinds[BYPASS_BIT__COUNT] = {
#define X(id, reason, side) [BYPASS_BIT_##id] = { REASON_##reason, side },
	BYPASS_LIST(X)
#undef X
};

enum reason bypass_reason(uint8_t bits)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (bits & 1u << i)
			return kinds[i].reason;
	}
	return REASON_NONE;
}

const char *bypass_name(enum bypass_bit bit)
{
	return (size_t)bit < array_size(kinds) ? reason_name(kinds[bit].reason) : "?";
}

const char *bypass_side(enum bypass_bit bit)
{
	return (size_t)bit < array_size(kinds) ? kinds[bit].side : "?";
}

uint8_t bypass_from_name(const char *name)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < array_size(kinds); i++) {
		if (strcmp(reason_name(kinds[i].reason), name) == 0)
			bits |= (uint8_t)(1u << i);
	}
	return bits;
}

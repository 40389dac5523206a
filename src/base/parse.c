/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse - see parse.h. Parses single characters, because strtoul() and its relatives
 * accept blanks, signs and octal, and depend on the locale.
 */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Reads digits of this base from *str and moves *str past them. Returns -EINVAL if there
 * are none. A number beyond 64 bits is read to its end and sets *ret_overflow, so that
 * the caller checks the rest of the string first.
 */
static int read_digits(const char **str, unsigned int base, uint64_t *ret_value, bool *ret_overflow)
{
	const char *pos = *str;
	uint64_t value = 0;
	bool overflow = false;

	for (; *pos; pos++) {
		int digit = digit_value(*pos);

		if (digit < 0 || (unsigned int)digit >= base)
			break;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			overflow = true;
	}
	if (pos == *str)
		return -EINVAL;
	*str = pos;
	*ret_value = value;
	*ret_overflow = overflow;
	return 0;
}

static int check_range(uint64_t value, bool overflow, uint64_t min, uint64_t max,
		       uint64_t *ret_value)
{
	if (overflow || value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_u64(const char *str, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	bool is_hex = str[0] == '0' && str[1] == 'x';
	uint64_t value;
	bool overflow;
	int err;

	if (is_hex)
		str += 2;
	err = read_digits(&str, is_hex ? 16 : 10, &value, &overflow);
	if (err)
		return err;
	if (*str)
		return -EINVAL;
	return check_range(value, overflow, min, max, ret_value);
}

int parse_u32(const char *str, uint32_t min, uint32_t max, uint32_t *ret_value)
{
	uint64_t value;
	int err = parse_u64(str, min, max, &value);

	if (!err)
		*ret_value = (uint32_t)value;
	return err;
}

/* Parses a decimal number with a unit from the table, which ends with a NULL name. */
static int parse_with_unit(const char *str, const struct unit *units, uint64_t min, uint64_t max,
			   uint64_t *ret_value)
{
	uint64_t value;
	bool overflow;
	int err = read_digits(&str, 10, &value, &overflow);

	if (err)
		return err;
	for (; units->name; units++) {
		if (strcmp(str, units->name) != 0)
			continue;
		overflow |= __builtin_mul_overflow(value, units->factor, &value);
		return check_range(value, overflow, min, max, ret_value);
	}
	return -EINVAL;
}

int parse_duration_ms(const char *str, uint64_t min, uint64_t max, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		{ "ms", 1 },          { "s", 1000 },         { "m", 60 * 1000 },
		{ "h", 3600 * 1000 }, { "d", 86400 * 1000 }, { NULL, 0 },
	};

	if (strcmp(str, "0") == 0)
		return check_range(0, false, min, max, ret_ms);
	return parse_with_unit(str, units, min, max, ret_ms);
}

int parse_size(const char *str, uint64_t min, uint64_t max, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "", 1 },        { "k", 1 << 10 }, { "K", 1 << 10 },
		{ "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 },
	};

	return parse_with_unit(str, units, min, max, ret_bytes);
}

int parse_bool(const char *str, bool *ret_value)
{
	static const char *const words[][2] = {
		{ "no", "yes" },
		{ "false", "true" },
		{ "off", "on" },
	};

	for (size_t i = 0; i < array_size(words); i++) {
		for (size_t value = 0; value < 2; value++) {
			if (strcmp(str, words[i][value]) == 0) {
				*ret_value = value == 1;
				return 0;
			}
		}
	}
	return -EINVAL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * knob.c - sets and prints knobs by name, as text, for debugfs and the module parameter.
 */
#include <linux/kstrtox.h>

#include "nicsim.h"

const struct nicsim_knob_row nicsim_knob_rows[NICSIM_KNOB__COUNT] = {
#define X(name, type, value, min, max) { #name, NICSIM_KNOB_##type, value, min, max },
	NICSIM_KNOBS(X)
#undef X
};

static const struct {
	int err;
	const char *name;
} errnos[] = {
	{ EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { EIO, "EIO" }, { EAGAIN, "EAGAIN" },
	{ ENOMEM, "ENOMEM" }, { EFAULT, "EFAULT" }, { EBUSY, "EBUSY" }, { EEXIST, "EEXIST" },
	{ ENODEV, "ENODEV" }, { EINVAL, "EINVAL" }, { ENOSPC, "ENOSPC" },
	{ EPROTONOSUPPORT, "EPROTONOSUPPORT" }, { EOPNOTSUPP, "EOPNOTSUPP" },
	{ ENETDOWN, "ENETDOWN" }, { ENOBUFS, "ENOBUFS" }, { ETIMEDOUT, "ETIMEDOUT" },
	{ EREMOTEIO, "EREMOTEIO" },
};

const char *nicsim_errno_name(int err, char *buf, size_t size)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (errnos[i].err == err)
			return errnos[i].name;
	}
	snprintf(buf, size, "%d", err);
	return buf;
}

static int parse_errno(const char *text, u32 *ret_value)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (!strcmp(errnos[i].name, text)) {
			*ret_value = errnos[i].err;
			return 0;
		}
	}
	return kstrtou32(*text == '-' ? text + 1 : text, 0, ret_value);
}

static int parse(const struct nicsim_knob_row *row, const char *text, u32 *ret_value)
{
	int i;

	switch (row->type) {
	case NICSIM_KNOB_ERRNO:
		return parse_errno(text, ret_value);
	case NICSIM_KNOB_STATS:
		i = match_string(nicsim_stats_names, NICSIM_STATS__COUNT, text);
		if (i < 0)
			return -EINVAL;
		*ret_value = i;
		return 0;
	case NICSIM_KNOB_NUMBER:
		break;
	}
	return kstrtou32(text, 0, ret_value);
}

/* When a block is bound, the kernel decides whether it takes rtnl for callbacks. So "unlocked"
 * cannot change later. */
static bool is_fixed(const struct nicsim_asic *asic, enum nicsim_knob knob)
{
	return asic->dir && knob == NICSIM_KNOB_unlocked;
}

/*
 * The kernel repeats a request as long as a driver returns EAGAIN, and the process cannot
 * be killed meanwhile. So only eagain_count returns EAGAIN, which bounds the repetitions.
 */
static bool is_dangerous(enum nicsim_knob knob, u32 value)
{
	return value == EAGAIN && (knob == NICSIM_KNOB_fail_errno || knob == NICSIM_KNOB_full_errno ||
				   knob == NICSIM_KNOB_refuse_errno);
}

int nicsim_knob_set(struct nicsim_asic *asic, enum nicsim_knob knob, const char *text)
{
	const struct nicsim_knob_row *row = &nicsim_knob_rows[knob];
	u32 value;
	int err;

	err = parse(row, text, &value);
	if (err)
		return err;
	if (value < row->min || value > row->max || is_dangerous(knob, value))
		return -EINVAL;
	if (is_fixed(asic, knob))
		return -EBUSY;
	mutex_lock(&asic->lock);
	WRITE_ONCE(asic->knobs[knob], value);
	if (knob == NICSIM_KNOB_busy_ms) {
		asic->is_busy = value;
		asic->busy_until = jiffies + msecs_to_jiffies(value);
	}
	mutex_unlock(&asic->lock);
	if (knob == NICSIM_KNOB_stats_delay_ms && asic->dir)
		nicsim_table_kick(asic);
	return 0;
}

/* Sets knobs from "name=value,name=value". Modifies the list. */
int nicsim_knob_set_by_text(struct nicsim_asic *asic, char *list)
{
	char *item;
	int i, err;

	while ((item = strsep(&list, ","))) {
		char *value = strchr(item, '=');

		if (!*item)
			continue;
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		for (i = 0; i < NICSIM_KNOB__COUNT; i++) {
			if (!strcmp(nicsim_knob_rows[i].name, item))
				break;
		}
		err = i < NICSIM_KNOB__COUNT ? nicsim_knob_set(asic, i, value) : -ENOENT;
		if (err) {
			pr_err("nicsim: cannot set %s to \"%s\"\n", item, value);
			return err;
		}
	}
	return 0;
}

int nicsim_knob_get(const struct nicsim_asic *asic, enum nicsim_knob knob, char *out, size_t size)
{
	u32 value = READ_ONCE(asic->knobs[knob]);
	char buf[16];

	switch (nicsim_knob_rows[knob].type) {
	case NICSIM_KNOB_ERRNO:
		return scnprintf(out, size, "%s\n", nicsim_errno_name(value, buf, sizeof(buf)));
	case NICSIM_KNOB_STATS:
		return scnprintf(out, size, "%s\n", nicsim_stats_names[value]);
	case NICSIM_KNOB_NUMBER:
		break;
	}
	return scnprintf(out, size, "%u\n", value);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/ctlparam.h"

#include <errno.h>
#include <string.h>

static int read_proto(struct ctl_call *call, json_t *parameters, uint8_t *ret)
{
	const char *text = json_string_value(json_object_get(parameters, "proto"));

	if (text && strcmp(text, "tcp") == 0) {
		*ret = L4_TCP;
	} else if (text && strcmp(text, "udp") == 0) {
		*ret = L4_UDP;
	} else {
		ctl_call_error_parameter(call, "proto", "must be \"tcp\" or \"udp\"");
		return -EINVAL;
	}
	return 0;
}

static int read_addr(struct ctl_call *call, json_t *parameters, const char *name,
		     enum family *ret_family, struct addr *ret)
{
	const char *text = json_string_value(json_object_get(parameters, name));

	if (text && addr_from_str(text, ret_family, ret) == 0)
		return 0;
	ctl_call_error_parameter(call, name, "must be an IPv4 or IPv6 address");
	return -EINVAL;
}

static int read_number(struct ctl_call *call, json_t *parameters, const char *name,
		       json_t *fallback, uint16_t *ret)
{
	json_t *value = json_object_get(parameters, name);
	json_int_t n;

	if (!value)
		value = fallback;
	n = json_integer_value(value);
	if (!json_is_integer(value) || n < 0 || n > UINT16_MAX) {
		ctl_call_error_parameter(call, name, "must be a number from 0 to 65535");
		return -EINVAL;
	}
	*ret = (uint16_t)n;
	return 0;
}

int ctlparam_tuple(struct ctl_call *call, json_t *parameters, struct tuple *ret)
{
	enum family src_family, dst_family;
	json_t *zero = json_integer(0);
	struct tuple t = { 0 };
	int err;

	err = read_proto(call, parameters, &t.proto);
	if (!err)
		err = read_addr(call, parameters, "src", &src_family, &t.src);
	if (!err)
		err = read_addr(call, parameters, "dst", &dst_family, &t.dst);
	if (!err)
		err = read_number(call, parameters, "sport", NULL, &t.sport);
	if (!err)
		err = read_number(call, parameters, "dport", NULL, &t.dport);
	if (!err)
		err = read_number(call, parameters, "zone", zero, &t.zone);
	json_decref(zero);
	if (err)
		return err;
	if (src_family != dst_family) {
		ctl_call_error_parameter(call, "dst", "must be of the same family as src");
		return -EINVAL;
	}
	t.family = (uint8_t)src_family;
	*ret = t;
	return 0;
}

json_t *ctlparam_from_tuple(const struct tuple *tuple)
{
	char src[ADDR_STR_SIZE], dst[ADDR_STR_SIZE];

	return json_pack("{s:s, s:s, s:i, s:i}", "src",
			 addr_to_str(tuple->family, &tuple->src, src), "dst",
			 addr_to_str(tuple->family, &tuple->dst, dst), "sport", tuple->sport,
			 "dport", tuple->dport);
}

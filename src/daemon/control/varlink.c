/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control/varlink.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "nft-offload/ctl.h"

#define SERVICE_INTERFACE "org.varlink.service"

/* Generated from src/daemon/control/org.nftoffload.varlink, one string literal per line. */
static const char own_description[] =
#include "src/daemon/control/org.nftoffload.varlink.inc"
	;

static const char service_description[] =
	"# The Varlink Service Interface\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

/* jansson would recurse up to 2048 levels deep; no request needs that. */
static bool is_too_deep(const char *message, size_t len)
{
	unsigned int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = message[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > CTL_REQUEST_MAX_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

/* Reads an optional boolean. False if the member exists and has another type. */
static bool get_flag(const json_t *root, const char *key, bool *ret)
{
	const json_t *value = json_object_get(root, key);

	if (value && !json_is_boolean(value) && !json_is_null(value))
		return false;
	*ret = value && json_is_true(value);
	return true;
}

/* Reads the members of a request whose root is an object. Returns NULL, or a text that says
 * what is wrong. */
static const char *read_members(struct varlink_request *r)
{
	const json_t *method = json_object_get(r->root, "method");
	bool upgrade;

	if (!json_is_string(method))
		return "\"method\" is missing or not a string";
	r->method = json_string_value(method);
	if (!get_flag(r->root, "more", &r->wants_more) ||
	    !get_flag(r->root, "oneway", &r->is_oneway) || !get_flag(r->root, "upgrade", &upgrade))
		return "\"more\", \"oneway\" and \"upgrade\" must be true or false";
	if (upgrade)
		return "\"upgrade\" is not supported";
	if (r->wants_more && r->is_oneway)
		return "\"more\" and \"oneway\" exclude each other";

	r->parameters = json_object_get(r->root, "parameters");
	if (!r->parameters || json_is_null(r->parameters)) {
		/* The root holds the only reference. */
		r->parameters = json_object();
		if (json_object_set_new(r->root, "parameters", r->parameters) < 0)
			return "out of memory";
	}
	if (!json_is_object(r->parameters))
		return "\"parameters\" must be an object";
	return NULL;
}

int varlink_request_parse(const char *message, size_t len, struct varlink_request *ret,
			  char *ret_text, size_t size)
{
	struct varlink_request r = { 0 };
	struct strbuf text;
	json_error_t error;
	const char *wrong;

	strbuf_init(&text, ret_text, size);
	if (is_too_deep(message, len)) {
		strbuf_printf(&text, "nested deeper than %u levels", CTL_REQUEST_MAX_DEPTH);
		return -EINVAL;
	}
	r.root = json_loadb(message, len, JSON_REJECT_DUPLICATES, &error);
	if (!r.root) {
		strbuf_printf(&text, "not JSON: %s at byte %d", error.text, error.position);
		return -EINVAL;
	}
	wrong = json_is_object(r.root) ? read_members(&r) : "not a JSON object";
	if (wrong) {
		strbuf_put(&text, wrong);
		varlink_request_fini(&r);
		return -EINVAL;
	}
	*ret = r;
	return 0;
}

void varlink_request_fini(struct varlink_request *request)
{
	json_decref(request->root);
	memset(request, 0, sizeof(*request));
}

bool varlink_is_service_method(const char *method)
{
	return !strncmp(method, SERVICE_INTERFACE ".", sizeof(SERVICE_INTERFACE));
}

json_t *varlink_interface_of(const char *method)
{
	const char *dot = strrchr(method, '.');

	return json_stringn(method, dot ? (size_t)(dot - method) : 0);
}

static json_t *get_info(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", PACKAGE_NAME, "product",
			 "nft-offloadd", "version", PACKAGE_VERSION, "url", PACKAGE_URL,
			 "interfaces", SERVICE_INTERFACE, CTL_INTERFACE);
}

static json_t *get_description(const json_t *parameters, const char **ret_error)
{
	const char *interface = json_string_value(json_object_get(parameters, "interface"));

	if (!interface) {
		*ret_error = CTL_ERROR_INVALID_PARAMETER;
		return json_pack("{s:s, s:s}", "parameter", "interface", "text",
				 "must be the name of an interface");
	}
	if (!strcmp(interface, CTL_INTERFACE))
		return json_pack("{s:s}", "description", own_description);
	if (!strcmp(interface, SERVICE_INTERFACE))
		return json_pack("{s:s}", "description", service_description);
	*ret_error = CTL_ERROR_INTERFACE_NOT_FOUND;
	return json_pack("{s:s}", "interface", interface);
}

json_t *varlink_service_call(const char *method, const json_t *parameters, const char **ret_error)
{
	*ret_error = NULL;
	if (!strcmp(method, CTL_METHOD_INFO))
		return get_info();
	if (!strcmp(method, CTL_METHOD_DESCRIPTION))
		return get_description(parameters, ret_error);
	*ret_error = CTL_ERROR_METHOD_NOT_FOUND;
	return json_pack("{s:s}", "method", method);
}

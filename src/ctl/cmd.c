/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/util.h"
#include "ctl/cleanup.h"
#include "ctl/session.h"
#include "ctl/tuplearg.h"
#include "nft-offload/ctl.h"

struct command {
	struct cmd_help help;
	const char *(*check)(const struct cmd_args *args);
	const char *method; /* NULL: runs without the daemon (run_cleanup) */
	bool wants_more;
	/* Returns the request's parameters, a new reference; NULL if memory is short. */
	json_t *(*parameters)(const struct cmd_args *args);
	/* Shows one reply. */
	void (*show)(struct out *out, const json_t *answer);
	/* Called after the last reply; may be NULL. */
	void (*end)(struct out *out);
};

/* ---- checks of the arguments */

static bool has_filter(const struct cmd_args *args)
{
	return args->state || args->proto || args->reason || args->device;
}

static const char *check_words(const struct cmd_args *args)
{
	if (args->n_words)
		return "this command takes no arguments";
	return NULL;
}

static const char *check_status(const struct cmd_args *args)
{
	if (has_filter(args) || args->all)
		return "status takes no filters and no --all";
	return check_words(args);
}

static const char *check_devices(const struct cmd_args *args)
{
	if (has_filter(args) || args->all)
		return "devices takes no filters and no --all";
	return check_words(args);
}

static const char *check_doctor(const struct cmd_args *args)
{
	if (has_filter(args) || args->all)
		return "doctor takes no filters and no --all";
	return check_words(args);
}

static const char *check_cleanup(const struct cmd_args *args)
{
	if (has_filter(args) || args->all)
		return "cleanup takes no filters and no --all";
	return check_words(args);
}

static const char *check_flows(const struct cmd_args *args)
{
	if (args->all)
		return "--all is an option of flush; flows shows all connections anyway";
	return check_words(args);
}

static const char *check_tuple(const struct cmd_args *args)
{
	json_t *tuple;

	if (tuplearg_parse(args->words, args->n_words, &tuple))
		return "write the connection like this: tcp 192.0.2.1:4000 198.51.100.1:80";
	json_decref(tuple);
	return NULL;
}

static const char *check_why(const struct cmd_args *args)
{
	if (has_filter(args) || args->all)
		return "why takes one connection, no filters and no --all";
	return check_tuple(args);
}

static const char *check_flush(const struct cmd_args *args)
{
	if (has_filter(args))
		return "flush takes no filters, only one connection or --all";
	if (args->all)
		return args->n_words ? "flush takes one connection or --all, not both" : NULL;
	if (!args->n_words)
		return "flush takes one connection, or --all";
	return check_tuple(args);
}

/* ---- parameters */

static json_t *no_parameters(const struct cmd_args *args UNUSED)
{
	return json_object();
}

static json_t *tuple_parameters(const struct cmd_args *args)
{
	json_t *tuple;

	return tuplearg_parse(args->words, args->n_words, &tuple) ? NULL : tuple;
}

static json_t *flush_parameters(const struct cmd_args *args)
{
	return args->all ? json_pack("{s:b}", "all", 1) : tuple_parameters(args);
}

static json_t *filter_parameters(const struct cmd_args *args)
{
	const struct {
		const char *key, *value;
	} filters[] = {
		{ "state", args->state },
		{ "proto", args->proto },
		{ "reason", args->reason },
		{ "device", args->device },
	};
	json_t *json = json_object();

	for (size_t i = 0; i < array_size(filters); i++) {
		if (filters[i].value &&
		    json_object_set_new(json, filters[i].key, json_string(filters[i].value)) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

/* ---- replies */

static void show_status(struct out *out, const json_t *answer)
{
	out->ops->status(out, answer);
}

static void show_flow(struct out *out, const json_t *answer)
{
	const json_t *flow = json_object_get(answer, "flow");

	if (json_is_object(flow))
		out->ops->flow(out, flow);
}

static void end_flows(struct out *out)
{
	out->ops->flows_end(out);
}

static void show_device(struct out *out, const json_t *answer)
{
	const json_t *device = json_object_get(answer, "device");

	if (json_is_object(device))
		out->ops->device(out, device);
}

static void end_devices(struct out *out)
{
	out->ops->devices_end(out);
}

static void show_finding(struct out *out, const json_t *answer)
{
	const json_t *finding = json_object_get(answer, "finding");
	const char *severity = json_string_value(json_object_get(finding, "severity"));

	if (!json_is_object(finding))
		return;
	if (severity && strcmp(severity, "problem") == 0)
		out->has_problems = true;
	out->ops->finding(out, finding);
}

static void end_findings(struct out *out)
{
	out->ops->findings_end(out);
}

static void show_why(struct out *out, const json_t *answer)
{
	out->ops->why(out, answer);
}

static void show_flush(struct out *out, const json_t *answer)
{
	out->ops->flush(out, answer);
}

/* ---- the table */

/* clang-format off */
static const struct command commands[] = {
	{ { "status", "", "state of the daemon, its devices and its counters" },
	  check_status, CTL_METHOD_STATUS, false, no_parameters, show_status, NULL },
	{ { "flows", "[FILTERS]", "all TCP and UDP connections, and what forwards them" },
	  check_flows, CTL_METHOD_FLOWS, true, filter_parameters, show_flow, end_flows },
	{ { "devices", "", "the devices, and which rules their hardware accepts and refuses" },
	  check_devices, CTL_METHOD_DEVICES, true, no_parameters, show_device, end_devices },
	{ { "doctor", "", "nft rules that offloaded packets skip, and problems of the system" },
	  check_doctor, CTL_METHOD_DOCTOR, true, no_parameters, show_finding, end_findings },
	{ { "why", "TUPLE", "how the daemon decides about one connection, step by step" },
	  check_why, CTL_METHOD_WHY, false, tuple_parameters, show_why, NULL },
	{ { "flush", "TUPLE | --all", "return connections to the CPU" },
	  check_flush, CTL_METHOD_FLUSH, false, flush_parameters, show_flush, NULL },
	{ { "cleanup", "", "remove what a daemon that no longer runs left in the kernel" },
	  check_cleanup, NULL, false, NULL, NULL, NULL },
};
/* clang-format on */

const struct cmd_help *cmd_help_get(unsigned int n)
{
	return n < array_size(commands) ? &commands[n].help : NULL;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < array_size(commands); i++) {
		if (!strcmp(commands[i].help.name, name))
			return &commands[i];
	}
	return NULL;
}

const char *cmd_check(const struct cmd_args *args)
{
	const struct command *command;

	if (!args->command)
		return "no command given";
	command = find_command(args->command);
	if (!command)
		return "unknown command";
	return command->check(args);
}

/* ---- running */

static int converse(struct session *session, const struct command *command,
		    const struct cmd_args *args, struct out *out, struct session_error *error)
{
	bool goes_on = true;
	json_t *answer;
	int err;

	err = session_call(session, command->method, command->parameters(args), command->wants_more,
			   error);
	while (!err && goes_on) {
		err = session_next(session, &answer, &goes_on, error);
		if (err)
			break;
		command->show(out, answer);
		json_decref(answer);
		/* The reader of our output is gone, such as head or a pager. */
		if (ferror(out->stream)) {
			session_error_set(error, "output", "cannot write: %s", strerror(errno));
			err = -EIO;
		}
	}
	if (!err && command->end)
		command->end(out);
	return err;
}

static enum cmd_exit run_cleanup(const struct cmd_args *args, struct out *out)
{
	bool is_default = !strcmp(args->socket_path, CTL_SOCKET_PATH);
	int status = cleanup_run(is_default ? NULL : args->socket_path);
	struct session_error error;

	if (status >= 0)
		return status ? CMD_FAILED : CMD_OK;
	session_error_set(&error, "cleanup", "cannot run nft-offloadd: %s", strerror(-status));
	out->ops->error(out, &error);
	return CMD_FAILED;
}

enum cmd_exit cmd_run(const struct cmd_args *args, struct out *out)
{
	const struct command *command = find_command(args->command);
	struct session *session = NULL;
	struct session_error error;
	int err;

	if (BUG_ON(!command))
		return CMD_USAGE;
	if (!command->method)
		return run_cleanup(args, out);
	err = session_open(args->socket_path, &session, &error);
	if (!err)
		err = converse(session, command, args, out, &error);
	if (err)
		out->ops->error(out, &error);
	session_close(session);
	if (err)
		return CMD_FAILED;
	return out->has_problems ? CMD_PROBLEMS : CMD_OK;
}

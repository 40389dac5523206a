/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd - the commands of nft-offload: checks the arguments, sends the request, shows the
 * replies.
 *
 * One table contains every command: its name, its arguments, and the functions that implement
 * it.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "ctl/out.h"

enum cmd_exit {
	CMD_OK = 0,
	CMD_USAGE = 1,  /* invalid command line */
	CMD_FAILED = 2, /* the daemon refused or cannot be reached, or nothing can be written */
	CMD_PROBLEMS = 3, /* doctor found problems */
};

/* The parsed command line. */
struct cmd_args {
	const char *socket_path;
	const char *command;
	char *const *words; /* arguments after the command */
	int n_words;
	bool all;          /* --all */
	const char *state; /* filters of the flows command; NULL: none */
	const char *proto;
	const char *reason;
	const char *device;
};

/*
 * Returns NULL if the command line is valid, else a sentence that says what is wrong. Sends
 * nothing.
 */
const char *cmd_check(const struct cmd_args *args);

/* Runs a command that has passed cmd_check(), and shows the result. */
MUST_CHECK enum cmd_exit cmd_run(const struct cmd_args *args, struct out *out);

/* Line n of the list of commands for --help; NULL after the last one. */
struct cmd_help {
	const char *name, *arguments, *help;
};
const struct cmd_help *cmd_help_get(unsigned int n);

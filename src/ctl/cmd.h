/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd - what the user asked for, and how it is asked of the daemon.
 *
 * One table has every command: its name, what may follow it, and the function
 * that runs it.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "ctl/out.h"

enum cmd_exit {
	CMD_OK = 0,
	CMD_USAGE = 1,  /* the command line does not make sense */
	CMD_FAILED = 2, /* the daemon refused, or is not there */
	CMD_PROBLEMS = 3, /* doctor found problems */
};

/* The command line, taken apart. */
struct cmd_args {
	const char *socket_path;
	const char *command;
	char *const *words; /* behind the command */
	int n_words;
	bool all;          /* --all */
	const char *state; /* filters of flows; NULL: none */
	const char *proto;
	const char *reason;
	const char *device;
};

/*
 * NULL when the command line makes sense, or a sentence that says why not.
 * Nothing is sent.
 */
const char *cmd_check(const struct cmd_args *args);

/* Runs a command that cmd_check() has nothing against, and shows what comes. */
MUST_CHECK enum cmd_exit cmd_run(const struct cmd_args *args, struct out *out);

/* The n-th line of the list of commands for --help: name, arguments and help; NULL at the end. */
struct cmd_help {
	const char *name, *arguments, *help;
};
const struct cmd_help *cmd_help_get(unsigned int n);

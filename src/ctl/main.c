/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - nft-offload(8), the command-line client.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cmd.h"
#include "nft-offload/ctl.h"

enum {
	OPTION_STATE = 256,
	OPTION_PROTO,
	OPTION_REASON,
	OPTION_DEVICE,
	OPTION_ALL,
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "proto", required_argument, NULL, OPTION_PROTO },
	{ "reason", required_argument, NULL, OPTION_REASON },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ NULL, 0, NULL, 0 },
};

struct settings {
	struct cmd_args args;
	bool is_json, is_pretty;
	bool wants_version, wants_help;
};

static void print_help(void)
{
	const struct cmd_help *help;

	printf("Usage: nft-offload [OPTIONS] COMMAND\n"
	       "\n"
	       "Commands:\n");
	for (unsigned int i = 0; (help = cmd_help_get(i)); i++)
		printf("  %-7s %-14s %s\n", help->name, help->arguments, help->help);
	printf("\n"
	       "TUPLE is a connection: tcp 192.0.2.1:4000 198.51.100.1:80\n"
	       "Put IPv6 addresses in brackets. \"zone N\" may follow.\n"
	       "\n"
	       "Filters for flows:\n"
	       "  --state STATE    offloaded, kernel, pending or software\n"
	       "  --proto PROTO    tcp or udp\n"
	       "  --reason NAME    why it is not offloaded, as in the REASON column\n"
	       "  --device NAME    a device on its path\n"
	       "\n"
	       "Options:\n"
	       "  -s, --socket PATH  control socket (" CTL_SOCKET_PATH ")\n"
	       "  -j, --json         JSON instead of text\n"
	       "  -p, --pretty       indented JSON\n"
	       "  -V, --version\n"
	       "  -h, --help\n");
}

static bool take_option(struct settings *settings, int option)
{
	struct cmd_args *args = &settings->args;

	switch (option) {
	case 's': args->socket_path = optarg; return true;
	case 'j': settings->is_json = true; return true;
	case 'p': settings->is_json = settings->is_pretty = true; return true;
	case 'V': settings->wants_version = true; return true;
	case 'h': settings->wants_help = true; return true;
	case OPTION_STATE: args->state = optarg; return true;
	case OPTION_PROTO: args->proto = optarg; return true;
	case OPTION_REASON: args->reason = optarg; return true;
	case OPTION_DEVICE: args->device = optarg; return true;
	case OPTION_ALL: args->all = true; return true;
	}
	return false;
}

/* Options may be anywhere. Returns false for an unknown option, which getopt has reported. */
static bool read_arguments(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt_long(argc, argv, "s:jpVh", options, NULL)) != -1) {
		if (!take_option(settings, option))
			return false;
	}
	if (optind < argc) {
		settings->args.command = argv[optind++];
		settings->args.words = argv + optind;
		settings->args.n_words = argc - optind;
	}
	return true;
}

static int run(const struct settings *settings)
{
	struct out *out = settings->is_json ? out_json_new(stdout, settings->is_pretty)
					    : out_text_new(stdout, stderr);
	int status;

	if (!out) {
		fputs("nft-offload: out of memory\n", stderr);
		return CMD_FAILED;
	}
	status = cmd_run(&settings->args, out);
	out->ops->free(out);
	return status;
}

int main(int argc, char **argv)
{
	struct settings settings = { .args.socket_path = CTL_SOCKET_PATH };
	const char *wrong;
	int status = CMD_OK;

	if (!read_arguments(argc, argv, &settings)) {
		fputs("Try: nft-offload --help\n", stderr);
		return CMD_USAGE;
	}
	if (settings.wants_help) {
		print_help();
	} else if (settings.wants_version) {
		puts("nft-offload " PACKAGE_VERSION);
	} else {
		wrong = cmd_check(&settings.args);
		if (wrong) {
			fprintf(stderr, "nft-offload: %s\nTry: nft-offload --help\n", wrong);
			return CMD_USAGE;
		}
		status = run(&settings);
	}
	if (fflush(stdout) != 0 && status == CMD_OK) {
		perror("nft-offload: cannot write");
		status = CMD_FAILED;
	}
	return status;
}

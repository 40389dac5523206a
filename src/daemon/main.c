/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main - command line, start and stop of all modules, exit status.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/ds/siphash.h"
#include "base/fsm.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "core/flow/flow.h"
#include "core/port/portstate.h"
#include "core/view.h"
#include "daemon/life/adoption.h"
#include "daemon/watch/bypass.h"
#include "daemon/life/cleanup.h"
#include "daemon/conf/conf.h"
#include "daemon/control/ctlcmd.h"
#include "daemon/control/ctlsock.h"
#include "daemon/watch/portlist.h"
#include "daemon/work/dispatch.h"
#include "daemon/watch/ingest.h"
#include "daemon/watch/ipsec.h"
#include "daemon/life/lastlife.h"
#include "daemon/watch/neighcare.h"
#include "daemon/notify.h"
#include "daemon/work/portwork.h"
#include "daemon/admission/admission.h"
#include "daemon/admission/gate.h"
#include "daemon/watch/sampler.h"
#include "daemon/sysctls.h"
#include "kern/nft/nfttable.h"
#include "nl/nlsock.h"

LOG_TAG("main");

enum exit_status {
	EXIT_OK = 0,
	EXIT_CONFIG = 1,
	EXIT_USAGE = 2,
	EXIT_START = 3, /* the start failed */
	EXIT_STOP = 4,	/* something of ours may be left in the kernel */
};

/* A stop without progress for this long is given up. Progress is checked every
 * STOP_CHECK_MS. */
#define STOP_MS 15000
#define STOP_CHECK_MS 1000
#define READY_CHECK_MS 20
#define STATUS_MS 5000

struct args {
	const char *conf_path;
	const char *socket_path;
	bool only_check;
	bool only_clean;    /* --cleanup */
	bool after_service; /* --stop-post: the same, unless the next start will use the rules */
};

struct daemon {
	struct config config;
	struct lastlife life;	 /* record of the earlier run; then the record last written */
	char life_path[CONF_PATH_SIZE + 8];
	uint32_t instance;
	struct loop *loop;
	struct engine *engine;
	struct dispatch *dispatch;
	struct ipsec *ipsec;
	struct portlist *portlist;
	struct ingest *ingest;
	struct admission *admission;
	struct bypass *bypass;
	struct sampler *sampler;
	struct neighcare *neighcare;
	struct ctlcmd *ctlcmd;
	struct ctlsock *ctlsock;
	struct notify *notify;
	struct loop_signal *sigterm, *sigint, *sighup;
	struct loop_timer *stop_timer, *ready_timer, *status_timer, *watchdog_timer;
	bool is_ready;
	bool stopping;
	uint32_t stop_left;   /* lowest engine_left() since the stop began */
	mono_t stop_progress; /* when stop_left last fell */
	enum exit_status status;
};

/* -- start-up ------------------------------------------------------------- */

static void usage(FILE *out)
{
	fputs("usage: nft-offloadd [-c FILE] [-s SOCKET] [--check | --cleanup | --stop-post]\n"
	      "       nft-offloadd --dump-fsm[=NAME] | --version | --help\n"
	      "\n"
	      "  -c FILE     configuration file (default " CONF_FILE_DEFAULT ")\n"
	      "  -s SOCKET   control socket to use instead of the configured one\n"
	      "  --check     check the configuration and exit\n"
	      "  --cleanup   remove the rules, qdiscs and nft table that a daemon left, and exit\n"
	      "  --stop-post for ExecStopPost=: like --cleanup, unless the next start needs them\n"
	      "  --dump-fsm  print the state table of a flow, or of port, guards, gate, epoch or pass,\n"
	      "              and exit\n"
	      "\n"
	      "Runs in the foreground and logs to stderr. See nft-offloadd(8).\n",
	      out);
}

static enum exit_status dump_fsm(const char *name)
{
	static const struct fsm *const machines[] = { &portstate_fsm, &portstate_guards_fsm,
						      &gate_fsm, &gate_epoch_fsm, &gate_pass_fsm };

	if (!name || strcmp(name, "flow") == 0) {
		flow_dump_fsm(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < array_size(machines); i++) {
		if (strcmp(machines[i]->name, name) == 0) {
			fsm_print(machines[i], stdout);
			return EXIT_OK;
		}
	}
	fprintf(stderr, "nft-offloadd: --dump-fsm=%s: no such table\n", name);
	usage(stderr);
	return EXIT_USAGE;
}

/* Returns -1 to go on, or the status to exit with. */
static int parse_args(int argc, char **argv, struct args *args)
{
	enum { OPT_CHECK = 256, OPT_CLEANUP, OPT_STOP_POST, OPT_FSM, OPT_VERSION };
	static const struct option options[] = {
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "cleanup", no_argument, NULL, OPT_CLEANUP },
		{ "stop-post", no_argument, NULL, OPT_STOP_POST },
		{ "dump-fsm", optional_argument, NULL, OPT_FSM },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			args->conf_path = optarg;
			break;
		case 's':
			args->socket_path = optarg;
			break;
		case OPT_CHECK:
			args->only_check = true;
			break;
		case OPT_CLEANUP:
			args->only_clean = true;
			break;
		case OPT_STOP_POST:
			args->only_clean = args->after_service = true;
			break;
		case OPT_FSM:
			return dump_fsm(optarg);
		case OPT_VERSION:
			puts("nft-offloadd " PACKAGE_VERSION);
			return EXIT_OK;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

/* Prints all errors of the files as "file:line: text", and logs the notices. */
static int load_config(const struct args *args, struct config *config)
{
	CLEANUP(conf_errors_fini) struct conf_errors errors;
	int err;

	conf_errors_init(&errors);
	err = conf_load(args->conf_path, config, &errors);
	for (unsigned int i = 0; i < errors.n_messages; i++) {
		if (errors.message[i].is_error)
			fprintf(stderr, "%s\n", errors.message[i].text);
		else
			log_notice("%s", errors.message[i].text);
	}
	if (err == -ENOMEM)
		log_error("out of memory while reading the configuration");
	if (!err && args->socket_path) {
		if (strlen(args->socket_path) >= sizeof(config->socket_path)) {
			fprintf(stderr, "the path of the control socket is too long: %s\n",
				args->socket_path);
			return -EINVAL;
		}
		strcpy(config->socket_path, args->socket_path);
	}
	return err;
}

static int make_engine(struct daemon *d)
{
	struct engine_params params = {
		.settings = d->config.core,
		.n_workers = d->config.workers,
		.now = loop_now(d->loop),
	};

	if (d->life.is_valid)
		d->instance = d->life.instance;
	else if (getrandom(&d->instance, sizeof(d->instance), 0) != sizeof(d->instance))
		return -EIO;
	params.instance = d->instance;
	if (siphash_key_random(params.hash_key))
		return -EIO;
	sysctls_read_timeouts(&params.settings);
	return engine_new(&params, &d->engine);
}

/* Removes the rules that an earlier run left on devices that are not ports now:
 * nothing else would remove them. Ports are swept when they are opened. */
static void sweep_others(struct daemon *d)
{
	const struct topology *paths = view_paths(d->engine);
	struct nlsock sock = { 0 };
	struct link_rec *rec;

	if (nlsock_open(&sock, NETLINK_ROUTE, 0))
		return;
	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		unsigned int n_rules = 0;
		bool made_clsact = false;
		int err;

		if (rec->port != PORT_NONE)
			continue;
		err = portwork_sweep(&sock, rec->link.ifindex, NULL, &made_clsact, &n_rules);
		if (!err && made_clsact)
			IGNORE_RESULT(portwork_drop_clsact(&sock, rec->link.ifindex));
		if (err)
			log_warning("%s: cannot find or remove rules of an earlier run: %s",
				    rec->link.name, strerror(-err));
		else if (n_rules)
			log_notice("%s: removed %u rules of an earlier run", rec->link.name,
				   n_rules);
	}
	nlsock_close(&sock);
}

/* Writes the record for the next start when no work is pending and the record has changed. */
static void keep_record(struct daemon *d)
{
	struct lastlife now;
	uint32_t epoch, generation;
	int err;

	if (!d->is_ready || !view_is_lawful(d->engine) ||
	    !admission_is_settled(d->admission, &epoch, &generation) ||
	    (d->life.is_valid && d->life.epoch == epoch && d->life.generation == generation))
		return;
	lastlife_describe(&d->config, &now);
	now.instance = d->instance;
	now.epoch = epoch;
	now.generation = generation;
	d->life = now;
	err = lastlife_write(d->life_path, &now);
	if (err)
		log_warning("%s: cannot write the record, so the next start cannot take over the "
			    "rules: %s", d->life_path, strerror(-err));
}

/* -- stop ----------------------------------------------------------------- */

/* Some port could not be closed. dispatch has logged the remedy. */
static bool has_unclean_ports(const struct engine *engine)
{
	const struct topology *paths = view_paths(engine);
	struct link_rec *rec;

	for (uint32_t slot = 0; (rec = topology_next_link(paths, &slot)); slot++) {
		if (rec->port == PORT_CLOSED && rec->err)
			return true;
	}
	return false;
}

static void on_idle(void *ctx)
{
	struct daemon *d = ctx;

	admission_go_on(d->admission);
	if (!d->stopping)
		keep_record(d);
	if (!d->stopping || !engine_is_stopped(d->engine))
		return;
	if (has_unclean_ports(d->engine))
		d->status = EXIT_STOP;
	loop_stop(d->loop);
}

/* A stop may take as long as it makes progress; the service manager is asked for the time. */
static void on_stop_check(void *ctx)
{
	struct daemon *d = ctx;
	uint32_t left = engine_left(d->engine);
	mono_t now = loop_now(d->loop);

	if (left < d->stop_left) {
		d->stop_left = left;
		d->stop_progress = now;
		notify_extend(d->notify, STOP_MS + 5 * STOP_CHECK_MS);
	}
	if (mono_diff_ms(now, d->stop_progress) < STOP_MS)
		return;
	log_error("giving up the stop after %d s without progress; rules may be left in the kernel: "
		  "remove them with \"nft-offload cleanup\", or start the daemon again",
		  STOP_MS / 1000);
	d->status = EXIT_STOP;
	loop_stop(d->loop);
}

static void on_signal(void *ctx, int signo)
{
	struct daemon *d = ctx;
	struct event ev = { .type = EVENT_STOP };

	if (d->stopping)
		return;
	d->stopping = true;
	notify_stopping(d->notify);
	if (d->config.keep_rules) {
		log_notice("%s: stopping; the rules stay in the kernel, as keep-rules says",
			   strsignal(signo));
		admission_keep(d->admission);
		loop_stop(d->loop);
		return;
	}
	log_notice("%s: stopping; returning all flows to the CPU", strsignal(signo));
	lastlife_remove(d->life_path);
	d->stop_left = UINT32_MAX;
	d->stop_progress = loop_now(d->loop);
	loop_timer_set(d->stop_timer, STOP_CHECK_MS, STOP_CHECK_MS);
	dispatch_feed(d->dispatch, &ev);
}

/* -- running -------------------------------------------------------------- */

static void report_missing_devices(const struct daemon *d)
{
	const struct topology *paths = view_paths(d->engine);
	const struct settings *s = engine_settings(d->engine);

	for (unsigned int i = 0; i < s->n_devices; i++) {
		if (!topology_has_device(paths, s->device[i]))
			log_notice("%s: no such device yet; it will be used when it appears",
				   s->device[i]);
	}
}

static void on_ready_check(void *ctx)
{
	struct daemon *d = ctx;

	if (d->is_ready || !ingest_is_complete(d->ingest) || !bypass_is_complete(d->bypass) ||
	    !view_is_settled(d->engine) || view_is_adopting(d->engine) ||
	    !admission_is_open(d->admission))
		return;
	d->is_ready = true;
	loop_timer_stop(d->ready_timer);
	report_missing_devices(d);
	log_notice("ready");
	notify_ready(d->notify, NULL);
}

static void on_status(void *ctx)
{
	struct daemon *d = ctx;
	struct view_totals t;

	view_totals(d->engine, &t);
	notify_status(d->notify, "%u flows offloaded, %u known", t.n_state[FLOW_ACTIVE],
		      t.n_flows);
}

static void on_watchdog(void *ctx)
{
	struct daemon *d = ctx;

	notify_watchdog(d->notify);
}

static int start_timers(struct daemon *d)
{
	uint64_t watchdog_ms = notify_watchdog_ms(d->notify);

	d->stop_timer = loop_timer_add(d->loop, "stop", on_stop_check, d);
	d->ready_timer = loop_timer_add(d->loop, "ready", on_ready_check, d);
	d->status_timer = loop_timer_add(d->loop, "status", on_status, d);
	d->watchdog_timer = loop_timer_add(d->loop, "watchdog", on_watchdog, d);
	d->sigterm = loop_signal_add(d->loop, SIGTERM, "SIGTERM", on_signal, d);
	d->sigint = loop_signal_add(d->loop, SIGINT, "SIGINT", on_signal, d);
	d->sighup = loop_signal_add(d->loop, SIGHUP, "SIGHUP", on_signal, d);
	if (!d->stop_timer || !d->ready_timer || !d->status_timer || !d->watchdog_timer ||
	    !d->sigterm || !d->sigint || !d->sighup)
		return -ENOMEM;
	loop_timer_set(d->ready_timer, READY_CHECK_MS, READY_CHECK_MS);
	loop_timer_set(d->status_timer, STATUS_MS, STATUS_MS);
	if (watchdog_ms)
		loop_timer_set(d->watchdog_timer, watchdog_ms, watchdog_ms);
	return 0;
}

static int start_control(struct daemon *d)
{
	int err = ctlcmd_new(d->engine, d->dispatch, loop_now(d->loop), &d->ctlcmd);

	if (err)
		return err;
	return ctlsock_new(d->loop, d->config.socket_path, d->config.control_group,
			   ctlcmd_table, ctlcmd_table_size, d->ctlcmd, &d->ctlsock);
}

/* Removes the table when the start failed before admission_new() took it over. */
static void give_up_table(struct nfttable *own)
{
	struct nlerr why;

	if (own)
		IGNORE_RESULT(nfttable_down(own, NULL, &why));
	nfttable_close(own);
}

static int start_facts(struct daemon *d, struct nfttable **own)
{
	int err = ipsec_new(d->loop, d->dispatch, &d->ipsec);

	if (!err)
		err = portlist_new(d->loop, d->engine, d->dispatch, &d->portlist);
	if (!err)
		err = ingest_new(d->loop, d->engine, d->dispatch, d->config.event_buffer_bytes,
				 &d->ingest);
	if (!err)
		err = bypass_new(d->loop, d->engine, d->dispatch, &d->bypass);
	if (!err && d->config.core.admit != ADMIT_EVENTS) {
		err = admission_new(d->loop, d->engine, d->dispatch, d->ingest, d->bypass,
				    &d->config, &d->life, *own, &d->admission);
		*own = NULL;
	}
	if (!err)
		err = sampler_new(d->loop, d->engine, d->dispatch, &d->sampler);
	if (!err)
		err = neighcare_new(d->loop, d->engine, &d->neighcare);
	return err;
}

static void read_record(struct daemon *d)
{
	int err = lastlife_read(d->life_path, &d->life);

	if (err && err != -ENOENT)
		log_warning("%s: cannot read the record, so rules of an earlier run are removed "
			    "instead of taken over: %s", d->life_path, strerror(-err));
}

static int start(struct daemon *d)
{
	struct nfttable *own = NULL;
	int err = notify_new(&d->notify);

	if (err)
		log_warning("cannot use NOTIFY_SOCKET, so the service manager is not notified: %s",
			    strerror(-err));
	d->loop = loop_new();
	if (!d->loop)
		return -ENOMEM;
	/* Before any thread starts, so that all threads inherit the blocked signals. */
	err = start_timers(d);
	/* Fails if another daemon is running, before anything is touched. */
	if (!err)
		err = ctlsock_check(d->config.socket_path);
	lastlife_path(d->config.socket_path, d->life_path);
	if (!err)
		read_record(d);
	if (!err)
		err = admission_open_table(&d->config, &d->life, &own);
	if (!err)
		err = make_engine(d);
	if (!err)
		err = dispatch_new(d->loop, d->engine, d->config.workers, &d->dispatch);
	if (!err)
		err = start_control(d);
	if (!err && d->life.is_valid)
		err = adoption_run(d->engine, loop_now(d->loop));
	if (!err)
		err = start_facts(d, &own);
	if (!err)
		ctlcmd_set_admission(d->ctlcmd, d->admission);
	if (err) {
		give_up_table(own);
		return err;
	}
	dispatch_set_idle_hook(d->dispatch, on_idle, d);
	sweep_others(d);
	return 0;
}

/* Returns false if a worker thread has not returned from the kernel. */
static bool finish(struct daemon *d)
{
	bool all_ended;

	if (!admission_free(d->admission))
		d->status = EXIT_STOP;
	ctlsock_free(d->ctlsock);
	ctlcmd_free(d->ctlcmd);
	neighcare_free(d->neighcare, !d->config.keep_rules);
	sampler_free(d->sampler);
	bypass_free(d->bypass);
	ingest_free(d->ingest);
	portlist_free(d->portlist);
	ipsec_free(d->ipsec);
	all_ended = dispatch_free(d->dispatch);
	engine_free(d->engine);
	loop_signal_del(d->sighup);
	loop_signal_del(d->sigint);
	loop_signal_del(d->sigterm);
	loop_timer_del(d->watchdog_timer);
	loop_timer_del(d->status_timer);
	loop_timer_del(d->ready_timer);
	loop_timer_del(d->stop_timer);
	loop_free(d->loop);
	notify_free(d->notify);
	return all_ended;
}

/* A wrong configuration does not prevent the cleanup: the defaults are used instead. */
static int clean(const struct args *args)
{
	struct config config;

	if (load_config(args, &config)) {
		log_warning("the configuration has errors; cleaning up with the defaults");
		conf_default(&config);
	}
	if (args->after_service && cleanup_is_too_early(&config))
		return EXIT_OK;
	return cleanup_run(&config) ? EXIT_STOP : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct args args = { 0 };
	struct daemon d = { .status = EXIT_OK };
	int err, status = parse_args(argc, argv, &args);

	if (status >= 0)
		return status;
	if (args.only_clean)
		return clean(&args);
	if (load_config(&args, &d.config))
		return EXIT_CONFIG;
	if (args.only_check)
		return EXIT_OK;
	IGNORE_RESULT(log_set_level(NULL, d.config.log_level)); /* NULL = every tag */
	err = start(&d);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		IGNORE_RESULT(finish(&d));
		return EXIT_START;
	}
	loop_run(d.loop);
	if (d.config.keep_rules)
		log_notice("stopped; the rules and the nft table stay in the kernel");
	else if (d.status == EXIT_OK)
		log_notice("stopped; nothing is left in the kernel");
	else
		log_error("stopped, but objects of the daemon may be left in the kernel");
	/* A worker thread may return from the kernel at any moment: run no exit handlers. */
	if (!finish(&d))
		_exit(EXIT_STOP);
	return d.status;
}

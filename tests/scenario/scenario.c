/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario - plays scenario files against the engine, a fake kernel and a
 * virtual clock; one TAP line per file.
 *
 * Without arguments it plays every *.txt in the directory of this source file.
 * Each file is played in a process of its own, so if one aborts, only that one
 * fails.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/bug.h"
#include "scenario/scene.h"

#define MAX_FILES 256

/* -- a scene -------------------------------------------------------------- */

void scene_fail(struct scene *s, const char *fmt, ...)
{
	va_list args;

	if (s->has_failed)
		return;
	s->has_failed = true;
	va_start(args, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, args);
	va_end(args);
	printf("# %s:%u: %s\n", s->file, s->line, s->why);
}

mono_t scene_time(const struct scene *s, uint64_t ms)
{
	return mono_add_ms(s->zero, (int64_t)ms);
}

struct fake_conn *scene_conn(struct scene *s, uint32_t id)
{
	struct fake_conn *c = fake_conn_by_id(&s->rig.kernel, id);

	if (!c)
		scene_fail(s, "there was no connection %u", id);
	return c;
}

scene_fn scene_find(const struct scene_command *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].run;
	}
	return NULL;
}

/* -- the log of orders ---------------------------------------------------- */

PRINTF_LIKE(2, 3)
static void log_order(struct scene *s, const char *fmt, ...)
{
	struct scene_entry *e;
	va_list args;

	if (s->n == SCENE_LOG) {
		memmove(&s->log[0], &s->log[s->first], (s->n - s->first) * sizeof(s->log[0]));
		s->n -= s->first;
		s->first = 0;
	}
	if (s->n == SCENE_LOG) {
		scene_fail(s, "too many unexpected orders");
		return;
	}
	e = &s->log[s->n++];
	e->at = s->rig.now;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
}

static void log_rules(struct scene *s, const struct rule rule[])
{
	char text[RULE_STR_SIZE];

	for (unsigned int d = 0; s->shows_rules && d < DIR__COUNT; d++)
		log_order(s, "%s %s", d == DIR_ORIG ? "orig" : "reply", rule_to_str(&rule[d], text));
}

static void log_install(struct scene *s, const struct order_install *o, const char *worker)
{
	log_order(s, "install %u%s%s", o->ct_id, o->be_liberal ? " be-liberal" : "", worker);
	log_rules(s, o->rule);
}

static void log_refresh(struct scene *s, const struct order_refresh *o)
{
	STRBUF_ON_STACK(text, 64);

	if (o->timeout_s)
		strbuf_printf(&text, " timeout %u", o->timeout_s);
	if (o->finish_last_ack)
		strbuf_put(&text, " finish-last-ack");
	log_order(s, "refresh %u%s", o->ct_id, strbuf_str(&text));
}

static void on_order(void *ctx, const struct order *o, unsigned int worker)
{
	struct scene *s = ctx;
	char tuple[TUPLE_STR_SIZE], by[32] = "";

	if (s->hidden & 1u << o->type)
		return;
	if (s->n_workers > 1)
		snprintf(by, sizeof(by), " worker %u", worker);
	switch ((enum order_type)o->type) {
	case ORDER_INSTALL:
		log_install(s, &o->install, by);
		break;
	case ORDER_REMOVE:
		log_order(s, "remove %u%s", s->rig.kernel.flow[o->flow.slot].ct_id, by);
		break;
	case ORDER_MOVE:
		log_order(s, "move %u%s", s->rig.kernel.flow[o->flow.slot].ct_id, by);
		log_rules(s, o->move.rule);
		break;
	case ORDER_REFRESH:
		log_refresh(s, &o->refresh);
		break;
	case ORDER_LOOKUP:
		log_order(s, "lookup %s", tuple_to_str(&o->lookup.orig, tuple));
		break;
	case ORDER_PORT_OPEN:
		log_order(s, "port-open %u", o->port.ifindex);
		break;
	case ORDER_PORT_CLOSE:
		log_order(s, "port-close %u%s", o->port.ifindex,
			  o->port.keep_clsact ? " keep-clsact" : "");
		break;
	case ORDER_PORT_GUARD:
		log_order(s, "port-guard %u", o->port.ifindex);
		break;
	case ORDER_BARRIER:
		log_order(s, "barrier-%s %u", o->barrier.raise ? "up" : "down", o->barrier.ifindex);
		break;
	case ORDER_PROBE:
		log_order(s, "probe %u %u", o->probe.in, o->probe.out);
		break;
	case ORDER_NONE:
	case ORDER__COUNT:
		break;
	}
}

void scene_start(struct scene *s)
{
	if (s->is_started)
		return;
	s->is_started = true;
	rig_init(&s->rig, &s->settings, s->n_workers, 1);
	s->rig.on_order = on_order;
	s->rig.ctx = s;
	s->zero = s->rig.now;
}

/* -- lines ---------------------------------------------------------------- */

static void play_file(struct scene *s, const char *path);

static void run_at(struct scene *s, struct words *w)
{
	uint64_t ms = words_take_ms(s, w);
	mono_t when;

	scene_start(s);
	when = scene_time(s, ms);
	rig_settle(&s->rig);
	if (mono_before(when, s->rig.now))
		scene_fail(s, "time runs back");
	rig_advance(&s->rig, when);
}

/* "every 1s until 60s : COMMAND ; COMMAND" */
static void run_every(struct scene *s, struct words *w)
{
	uint64_t step_ms = words_take_ms(s, w);
	char text[SCENE_LINE];
	mono_t end;

	if (!words_take_if(w, "until"))
		scene_fail(s, "every: no 'until'");
	end = scene_time(s, words_take_ms(s, w));
	if (!words_take_if(w, ":") || !step_ms)
		scene_fail(s, "every: no ':', or an interval of 0");
	words_rest(w, text, sizeof(text));
	while (!s->has_failed && mono_before(s->rig.now, end)) {
		char copy[SCENE_LINE], *save = NULL;

		rig_advance(&s->rig, mono_min(end, mono_add_ms(s->rig.now, (int64_t)step_ms)));
		memcpy(copy, text, sizeof(copy));
		for (char *p = strtok_r(copy, ";", &save); p; p = strtok_r(NULL, ";", &save))
			scene_run_line(s, p);
		rig_settle(&s->rig);
	}
}

static void run_use(struct scene *s, struct words *w)
{
	const char *slash = strrchr(s->file, '/');
	char path[4096];

	snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash - s->file + 1) : 0, s->file,
		 words_take(s, w));
	play_file(s, path);
}

/* Everything settles between two lines. "+" at the start of a line prevents that, so
 * several things happen at once. */
void scene_run_line(struct scene *s, const char *line)
{
	struct words w;
	scene_fn fn;

	words_split(&w, line);
	if (!words_are_left(&w))
		return;
	if (s->is_started && !words_take_if(&w, "+"))
		rig_settle(&s->rig);
	if (words_take_if(&w, "at")) {
		run_at(s, &w);
		if (!words_are_left(&w))
			return;
	}
	if (words_take_if(&w, "expect")) {
		scene_expect(s, &w);
	} else if (words_take_if(&w, "every")) {
		run_every(s, &w);
	} else if (words_take_if(&w, "use")) {
		run_use(s, &w);
	} else {
		fn = scene_find(scene_setup, scene_n_setup, words_peek(&w));
		if (!fn)
			fn = scene_find(scene_hardware, scene_n_hardware, words_peek(&w));
		if (!fn)
			fn = scene_find(scene_happen, scene_n_happen, words_peek(&w));
		if (!fn) {
			scene_fail(s, "no such command: '%s'", words_peek(&w));
			return;
		}
		w.first++;
		fn(s, &w);
	}
	if (words_are_left(&w))
		scene_fail(s, "unexpected word '%s'", words_peek(&w));
}

static void play_file(struct scene *s, const char *path)
{
	const char *file = s->file;
	unsigned int line = s->line;
	FILE *in = fopen(path, "r");
	char text[SCENE_LINE];

	if (!in) {
		scene_fail(s, "cannot open %s", path);
		return;
	}
	s->file = path;
	s->line = 0;
	while (!s->has_failed && fgets(text, sizeof(text), in)) {
		s->line++;
		scene_run_line(s, text);
		if (!s->has_failed && s->rig.kernel.n_complaints)
			scene_fail(s, "%s", s->rig.kernel.complaints);
		if (!s->has_failed && bug_count())
			scene_fail(s, "the engine hit a BUG_ON()");
	}
	fclose(in);
	if (!s->has_failed) {
		s->file = file;
		s->line = line;
	}
}

/* -- files ---------------------------------------------------------------- */

static bool play(const char *path)
{
	static struct scene scene;
	struct scene *s = &scene;

	s->settings = rig_settings();
	s->n_workers = 1;
	s->hidden = 1u << ORDER_LOOKUP | 1u << ORDER_PORT_OPEN |
		    1u << ORDER_PORT_GUARD | 1u << ORDER_PORT_CLOSE | 1u << ORDER_PROBE;
	s->file = path;
	play_file(s, path);
	scene_start(s);
	if (!s->has_failed) {
		rig_settle(&s->rig);
		if (s->first != s->n)
			scene_fail(s, "unexpected order '%s'", s->log[s->first].text);
		else if (s->rig.kernel.n_complaints)
			scene_fail(s, "%s", s->rig.kernel.complaints);
	}
	rig_fini(&s->rig);
	return !s->has_failed;
}

static bool play_alone(const char *path)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0) {
		bool is_good = play(path);

		fflush(stdout);
		_exit(is_good ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) < 0)
		return false;
	if (WIFSIGNALED(status))
		printf("# %s: signal %d\n", path, WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int is_scenario(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 4 && strcmp(d->d_name + len - 4, ".txt") == 0;
}

/* Finds every *.txt in the directory, sorted by name. Returns how many. */
static unsigned int find_files(const char *dir, char *path[MAX_FILES])
{
	struct dirent **list;
	int n = scandir(dir, &list, is_scenario, alphasort);
	unsigned int n_files = 0;

	for (int i = 0; i < n; i++) {
		if (n_files < MAX_FILES &&
		    asprintf(&path[n_files], "%s/%s", dir, list[i]->d_name) > 0)
			n_files++;
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return n_files;
}

static bool report(unsigned int number, const char *path)
{
	const char *slash = strrchr(path, '/');
	bool is_good = play_alone(path);

	printf("%sok %u - %s\n", is_good ? "" : "not ", number, slash ? slash + 1 : path);
	return is_good;
}

int main(int argc, char *argv[])
{
	static char *found[MAX_FILES];
	const char *top = getenv("top_srcdir");
	unsigned int n, n_bad = 0;
	char dir[4096];

	if (argc > 1) {
		printf("1..%d\n", argc - 1);
		for (int i = 1; i < argc; i++)
			n_bad += !report((unsigned int)i, argv[i]);
		return n_bad != 0;
	}
	snprintf(dir, sizeof(dir), "%s/tests/scenario", top ? top : ".");
	n = find_files(dir, found);
	printf("1..%u\n", n);
	for (unsigned int i = 0; i < n; i++) {
		n_bad += !report(i + 1, found[i]);
		free(found[i]);
	}
	return n_bad != 0 || n == 0;
}

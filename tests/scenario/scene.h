/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scene - one scenario file while it is played.
 *
 * A line is a list of words, and "#" begins a comment. Each command takes its
 * words from the left. A word that it cannot read, or an expectation that is
 * not met, fails the scene with file and line. Nothing after that counts. The
 * commands are in setup.c, hardware.c, happen.c and expect.c.
 */
#pragma once

#include "fake/rig.h"

#define SCENE_LINE  512
#define SCENE_WORDS 64
#define SCENE_LOG   4096

/* An order that was handed out, and that no line has expected so far. */
struct scene_entry {
	mono_t at;
	char text[SCENE_LINE];
};

struct scene {
	struct rig rig;
	struct settings settings;
	unsigned int n_workers;
	bool is_started; /* the engine runs: settings are fixed */
	uint32_t hidden; /* orders that are not logged: 1 << enum order_type */
	bool shows_rules;
	uint32_t n_changes; /* of the ruleset, that the engine was told */
	mono_t zero; /* the time that the file calls 0 */
	struct scene_entry log[SCENE_LOG];
	unsigned int first, n; /* entries first .. n-1 are not expected yet */

	const char *file;
	unsigned int line;
	bool has_failed;
	char why[2 * SCENE_LINE];
};

struct words {
	char text[SCENE_LINE];
	char *word[SCENE_WORDS];
	unsigned int first, n;
};

/* words.c: each takes words from the left, or fails the scene */
void words_split(struct words *w, const char *line);
bool words_are_left(const struct words *w);
/* "" after the last word. */
const char *words_peek(const struct words *w);
const char *words_take(struct scene *s, struct words *w);
/* If the next word is this one, takes it and returns true. */
bool words_take_if(struct words *w, const char *word);
/* Takes the rest as one text, with single blanks. */
void words_rest(struct words *w, char *buf, size_t size);
uint32_t words_take_number(struct scene *s, struct words *w);
uint64_t words_take_ms(struct scene *s, struct words *w);
/* Takes the name of an errno, and returns it negative. */
int words_take_errno(struct scene *s, struct words *w);
void words_take_addr(struct scene *s, struct words *w, uint8_t *ret_family,
		     struct addr *ret_addr);
void words_take_mac(struct scene *s, struct words *w, struct mac *ret);
/* Takes "A > B"; the protocol is known already. */
void words_take_tuple(struct scene *s, struct words *w, const char *proto, struct tuple *ret);
enum dir words_take_dir(struct scene *s, struct words *w);

PRINTF_LIKE(2, 3) void scene_fail(struct scene *s, const char *fmt, ...);
/* Creates the engine, if there is none yet. */
void scene_start(struct scene *s);
void scene_run_line(struct scene *s, const char *line);
struct fake_conn *scene_conn(struct scene *s, uint32_t id);
/* The time that a file calls @ms. */
mono_t scene_time(const struct scene *s, uint64_t ms);

typedef void (*scene_fn)(struct scene *s, struct words *w);

struct scene_command {
	const char *name;
	scene_fn run;
};

/* The function of the command @name; NULL when there is none. */
scene_fn scene_find(const struct scene_command *table, size_t n, const char *name);

/* setup.c, happen.c, expect.c */
extern const struct scene_command scene_setup[];
extern const size_t scene_n_setup;
extern const struct scene_command scene_hardware[];
extern const size_t scene_n_hardware;
extern const struct scene_command scene_happen[];
extern const size_t scene_n_happen;
void scene_expect(struct scene *s, struct words *w);

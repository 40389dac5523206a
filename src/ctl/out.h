/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * out - shows replies, as text for people (out_text.c) or as JSON (out_json.c). Both get the
 * daemon's objects unchanged. The text driver shows members that an older daemon does not
 * send as unknown.
 *
 * Lists are shown row by row; no driver holds a whole list.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/compiler.h"
#include "ctl/session.h"

struct out;

struct out_ops {
	void (*status)(struct out *out, const json_t *status);
	void (*flow)(struct out *out, const json_t *flow);
	/* Called after the last flow, even if there was none. */
	void (*flows_end)(struct out *out);
	void (*device)(struct out *out, const json_t *device);
	/* Called after the last device, even if there was none. */
	void (*devices_end)(struct out *out);
	void (*finding)(struct out *out, const json_t *finding);
	/* Called after the last finding, even if there was none. */
	void (*findings_end)(struct out *out);
	void (*why)(struct out *out, const json_t *why);
	void (*flush)(struct out *out, const json_t *flush);
	/* Shows an error. Nothing else is shown, except rows that came before it. */
	void (*error)(struct out *out, const struct session_error *error);
	/* Completes unfinished output, and frees. */
	void (*free)(struct out *out);
};

/* First member of both drivers. */
struct out {
	const struct out_ops *ops;
	FILE *stream;
	bool has_problems; /* a finding was a problem; set by cmd */
};

/* NULL if memory is short. The streams are borrowed. The text driver writes errors to errors. */
MUST_CHECK struct out *out_text_new(FILE *stream, FILE *errors);
MUST_CHECK struct out *out_json_new(FILE *stream, bool is_pretty);

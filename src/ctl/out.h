/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * out - how answers are shown: as text for people (out_text.c) or as JSON
 * (out_json.c). Both get the daemon's objects as they are; missing members,
 * of an older daemon, are shown as unknown.
 *
 * A list is shown row by row: no driver holds the whole of it.
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
	/* After the last flow, also when there was none. */
	void (*flows_end)(struct out *out);
	void (*device)(struct out *out, const json_t *device);
	/* After the last device, also when there was none. */
	void (*devices_end)(struct out *out);
	void (*finding)(struct out *out, const json_t *finding);
	/* After the last finding, also when there was none. */
	void (*findings_end)(struct out *out);
	void (*why)(struct out *out, const json_t *why);
	void (*flush)(struct out *out, const json_t *flush);
	/* The only thing that is shown, unless some rows went before. */
	void (*error)(struct out *out, const struct session_error *error);
	/* What was not finished is finished. */
	void (*free)(struct out *out);
};

/* Common beginning of both drivers. */
struct out {
	const struct out_ops *ops;
	FILE *stream;
	bool has_problems; /* a finding was one; kept by cmd */
};

/* NULL without memory. The streams are borrowed; errors of the text driver go to errors. */
MUST_CHECK struct out *out_text_new(FILE *stream, FILE *errors);
MUST_CHECK struct out *out_json_new(FILE *stream, bool is_pretty);

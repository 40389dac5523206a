/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envcheck - what of the system and of the configuration stands in the way of
 * offload: one finding for each thing that is looked at.
 *
 * Reads a few files of /proc and the engine; changes nothing. What is decided from
 * numbers alone is apart from reading them.
 */
#pragma once

#include "base/compiler.h"
#include "core/engine.h"

enum severity {
	SEVERITY_PROBLEM, /* something does not work, or not as it is meant */
	SEVERITY_HINT,    /* it works, and could be better known or done */
	SEVERITY_FINE,
	SEVERITY__COUNT,
};

const char *envcheck_severity_name(enum severity severity);

#define ENVCHECK_TEXT_SIZE 320
/* Ports have one each. */
#define ENVCHECK_FINDINGS_MAX (16 + SETTINGS_MAX_DEVICES)

struct finding {
	enum severity severity;
	const char *check; /* name of what was looked at */
	char what[ENVCHECK_TEXT_SIZE];
	const char *todo; /* NULL: nothing */
};

struct findings {
	unsigned int n; /* at most ENVCHECK_FINDINGS_MAX: further ones are left out */
	struct finding list[ENVCHECK_FINDINGS_MAX];
};

PRINTF_LIKE(5, 6)
void envcheck_add(struct findings *f, enum severity severity, const char *check, const char *todo,
		  const char *fmt, ...);

/* What the files say; ENVCHECK_ABSENT where there is none. */
#define ENVCHECK_ABSENT UINT32_MAX
struct envcheck_sysctls {
	uint32_t ip_forward, ip6_forward;
	uint32_t ct_events, ct_acct, ct_count, ct_max;
};

void envcheck_read(struct envcheck_sysctls *ret);
void envcheck_sysctls(const struct envcheck_sysctls *s, struct findings *f);

/* The mode, the ports and the table of flows. */
void envcheck_engine(const struct engine *engine, struct findings *f);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * envcheck - checks the system and the configuration for what hinders offload; each check
 * adds a finding.
 *
 * Reads a few files of /proc and the engine; changes nothing. envcheck_read() reads the
 * sysctls and envcheck_sysctls() judges the values, so each can be used without the other.
 */
#pragma once

#include "base/compiler.h"
#include "core/engine.h"

enum severity {
	SEVERITY_PROBLEM, /* something does not work, or not as intended */
	SEVERITY_HINT,    /* works, but could be improved or is not fully known */
	SEVERITY_FINE,
	SEVERITY__COUNT,
};

const char *envcheck_severity_name(enum severity severity);

#define ENVCHECK_TEXT_SIZE 320
/* One for each port, and 16 others. */
#define ENVCHECK_FINDINGS_MAX (16 + SETTINGS_MAX_DEVICES)

struct finding {
	enum severity severity;
	const char *check; /* name of the check */
	char what[ENVCHECK_TEXT_SIZE];
	const char *todo; /* advice; NULL if nothing is to be done */
};

struct findings {
	unsigned int n; /* at most ENVCHECK_FINDINGS_MAX; further findings are dropped */
	struct finding list[ENVCHECK_FINDINGS_MAX];
};

PRINTF_LIKE(5, 6)
void envcheck_add(struct findings *f, enum severity severity, const char *check, const char *todo,
		  const char *fmt, ...);

/* Values of the sysctl files; ENVCHECK_ABSENT for a file that does not exist. */
#define ENVCHECK_ABSENT UINT32_MAX
struct envcheck_sysctls {
	uint32_t ip_forward, ip6_forward;
	uint32_t ct_events, ct_acct, ct_count, ct_max;
	uint32_t ip_neighs, ip6_neighs; /* limits: sysctls_read_neigh_limit() */
};

void envcheck_read(struct envcheck_sysctls *ret);
void envcheck_sysctls(const struct envcheck_sysctls *s, struct findings *f);

/* Checks the number of neighbours of a family against the limit for it. */
void envcheck_neighs(uint32_t count, uint32_t limit, enum family family, struct findings *f);

/* Checks the offload mode, the ports, the flow table and the neighbours. */
void envcheck_engine(const struct engine *engine, const struct envcheck_sysctls *s, struct findings *f);

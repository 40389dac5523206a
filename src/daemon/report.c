/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report.h"

#include <string.h>

#include "base/log.h"
#include "core/view.h"

LOG_TAG("hardware");

static const char *name_of(const struct engine *engine, uint32_t ifindex)
{
	const struct link_rec *rec = topology_find_link(view_paths(engine), ifindex);

	return rec ? rec->link.name : "a device that is gone";
}

static void report_refused(const struct engine *e, const struct notice *n)
{
	log_notice("%s: nothing is offloaded from here to %s: %s%s%s%s%s%s", name_of(e, n->in),
		   name_of(e, n->out), reason_text(n->reason), n->extack[0] ? " - " : "",
		   n->extack, n->err ? " (" : "", n->err ? strerror(-n->err) : "",
		   n->err ? ")" : "");
}

static void report(const struct engine *e, const struct notice *n)
{
	const char *in = name_of(e, n->in), *out = name_of(e, n->out);

	switch ((enum notice_type)n->type) {
	case NOTICE_PAIR_GOOD:
		log_info("%s: rules to %s as \"%s\", %u of %u kinds", in, out,
			 recipe_shape_name(n->shape), n->number, RECIPE_CLASSES);
		break;
	case NOTICE_PAIR_REFUSED:
		report_refused(e, n);
		break;
	case NOTICE_PAIR_NOT_HIT:
		log_warning("%s: rules to %s were taken but do nothing, those of %u flows and so "
			    "of most; flows between them stay in software for a while",
			    in, out, n->number);
		break;
	case NOTICE_CARD_LEARNT:
		log_notice("%s: its hardware is full with %u rules; the busiest flows get the room",
			   in, n->number);
		break;
	case NOTICE_CARD_FAILING:
		log_warning("%s: %u rules failed in a row, new flows stay in software for a "
			    "while: %s (%s)",
			    in, n->number, n->extack[0] ? n->extack : "no text",
			    strerror(-n->err));
		break;
	case NOTICE_CARD_RECOVERED:
		log_notice("%s: tried again after a pause", in);
		break;
	case NOTICE_GUARD_LOST:
		log_notice("%s: somebody removed its guards or its clsact; made anew", in);
		break;
	case NOTICE_RULES_LOST:
		log_notice("the rules of %u flows were gone; put in again", n->number);
		break;
	}
}

void report_notices(struct engine *engine)
{
	struct notice n;

	while (engine_next_notice(engine, &n))
		report(engine, &n);
}

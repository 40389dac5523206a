/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report.h"

#include <string.h>

#include "base/log.h"
#include "core/view.h"

LOG_TAG("report");

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
		log_info("%s: the driver accepts rules to %s in shape \"%s\", for %u of %u classes",
			 in, out, recipe_shape_name(n->shape), n->number, RECIPE_CLASSES);
		break;
	case NOTICE_PAIR_REFUSED:
		report_refused(e, n);
		break;
	case NOTICE_PAIR_NOT_HIT:
		log_warning("%s: the driver accepted the rules to %s, but those of most flows (%u) "
			    "do nothing; flows between these devices stay in software for a while",
			    in, out, n->number);
		break;
	case NOTICE_CARD_LEARNT:
		log_notice("%s: the NIC is full with %u rules; the busiest flows get the room", in,
			   n->number);
		break;
	case NOTICE_CARD_FAILING:
		log_warning("%s: the NIC refused %u rules in a row; new flows stay in software "
			    "for a while: %s (%s)",
			    in, n->number, n->extack[0] ? n->extack : "no kernel message",
			    strerror(-n->err));
		break;
	case NOTICE_CARD_RECOVERED:
		log_notice("%s: the pause is over; rules are installed in the NIC again", in);
		break;
	case NOTICE_GUARD_LOST:
		log_notice("%s: someone removed the guards or the clsact; restoring them", in);
		break;
	case NOTICE_RULES_LOST:
		log_notice("the rules of %u flows were gone; installing them again", n->number);
		break;
	}
}

void report_notices(struct engine *engine)
{
	struct notice n;

	while (engine_next_notice(engine, &n))
		report(engine, &n);
}

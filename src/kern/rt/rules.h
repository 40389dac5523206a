/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules - policy rules (ip rule) that select by what a route look-up cannot know.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

struct nlmsghdr;

/* True if the rule selects by the mark, TOS, flow label or tunnel of the packet. False for other
 * messages. A malformed rule counts as one. */
bool rules_need_packet(const struct nlmsghdr *nlh);

/* Reads the rules of both families. *ret: one of them needs the packet. 0 or -errno. */
MUST_CHECK int rules_ask(bool *ret);

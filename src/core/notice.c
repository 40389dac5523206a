/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/notice.h"

void notice_push(struct notices *n, const struct notice *notice)
{
	if (n->count == NOTICES_MAX) {
		n->left_out++;
		return;
	}
	n->ring[(n->first + n->count++) % NOTICES_MAX] = *notice;
}

bool notice_pop(struct notices *n, struct notice *ret)
{
	if (n->count == 0)
		return false;
	*ret = n->ring[n->first];
	n->first = (n->first + 1) % NOTICES_MAX;
	n->count--;
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipsec - keeps the engine told whether there are IPsec policies.
 *
 * While there are, nothing is offloaded: a rule would send in clear what a
 * policy wants encrypted. As long as the kernel does not answer, there may be.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct ipsec;

/* Subscribes and asks, so that the engine knows before it is told of any
 * connection. A kernel without IPsec is fine. 0 or -errno, logged. */
MUST_CHECK int ipsec_new(struct loop *loop, struct dispatch *dispatch, struct ipsec **ret);
/* NULL is fine. */
void ipsec_free(struct ipsec *ipsec);

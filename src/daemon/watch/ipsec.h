/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipsec - tells the engine whether there are IPsec policies.
 *
 * While there are, nothing is offloaded: a rule would send unencrypted what a policy requires
 * to be encrypted. If the kernel does not answer, policies are assumed to exist.
 */
#pragma once

#include "base/compiler.h"
#include "base/loop.h"
#include "daemon/work/dispatch.h"

struct ipsec;

/* Subscribes and queries the policies, so that the engine knows before it is told of any
 * connection. A kernel without IPsec is fine. Returns 0 or -errno, logged. */
MUST_CHECK int ipsec_new(struct loop *loop, struct dispatch *dispatch, struct ipsec **ret);
/* NULL is fine. */
void ipsec_free(struct ipsec *ipsec);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlparam - values in requests and replies of the control socket.
 *
 * Requests are untrusted: an invalid value is answered with the name of the parameter and
 * what is wrong with it.
 */
#pragma once

#include "daemon/control/ctlsock.h"
#include "model/tuple.h"

/* Reads {proto, src, sport, dst, dport, zone}; zone is optional. Returns 0, or -EINVAL after
 * it has sent the error reply. */
int ctlparam_tuple(struct ctl_call *call, json_t *parameters, struct tuple *ret) MUST_CHECK;

/* Returns {src, dst, sport, dport}, a new reference. */
json_t *ctlparam_from_tuple(const struct tuple *tuple);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctlparam - values in requests and answers of the control socket.
 *
 * A request comes from a stranger: what is wrong with it is answered with the
 * name of the parameter and the reason.
 */
#pragma once

#include "daemon/control/ctlsock.h"
#include "model/tuple.h"

/* Reads {proto, src, sport, dst, dport, zone}. 0; or -EINVAL, and the call has
 * been answered. */
int ctlparam_tuple(struct ctl_call *call, json_t *parameters, struct tuple *ret) MUST_CHECK;

/* {src, dst, sport, dport} */
json_t *ctlparam_from_tuple(const struct tuple *tuple);

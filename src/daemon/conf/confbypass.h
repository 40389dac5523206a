/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confbypass - parses and prints values of allow-bypass: "WHAT" or "DEVICE:WHAT", where WHAT
 * is a name from model/bypass. Only conf.c includes it.
 */
#pragma once

#include "daemon/conf/conf_priv.h"

#define CONFBYPASS_RANGE "xdp | netdev-chain | foreign-filter | shaper, or DEVICE:WHAT"

/* Stores one value, or adds an error. */
void confbypass_add(struct load *load, const char *text);
/* Writes value number i in a form that confbypass_add() reads back as the same. */
#define CONFBYPASS_STR_SIZE 64
void confbypass_to_str(const struct settings *settings, unsigned int i,
		       char buf[static CONFBYPASS_STR_SIZE]);

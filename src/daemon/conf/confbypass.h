/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confbypass - the values of allow-bypass: "WHAT" or "DEVICE:WHAT", where WHAT is one
 * of the names of model/bypass. For conf.c; nobody else includes it.
 */
#pragma once

#include "daemon/conf/conf_priv.h"

#define CONFBYPASS_RANGE "xdp | netdev-chain | foreign-filter | shaper, or DEVICE:WHAT"

/* Takes in one value, or says what is wrong with it. */
void confbypass_add(struct load *load, const char *text);
/* Number @i as a value that is read back as the same. @size of CONFBYPASS_STR_SIZE. */
#define CONFBYPASS_STR_SIZE 64
void confbypass_to_str(const struct settings *settings, unsigned int i,
		       char buf[static CONFBYPASS_STR_SIZE]);

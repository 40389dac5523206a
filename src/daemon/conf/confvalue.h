/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confvalue - helpers that several keys share.
 */
#pragma once

#include <stdio.h>

/* Writes text in quotes, escaped so that it is read back unchanged. */
void conf_print_quoted(const char *text, FILE *stream);
/* Returns NULL, or what is wrong with the name of a device. */
const char *conf_check_device(const char *name);

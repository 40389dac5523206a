/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confvalue - what values of several keys have in common.
 */
#pragma once

#include <stdio.h>

/* Writes a text in quotes, so that it is read back as the same. */
void conf_print_quoted(const char *text, FILE *stream);
/* NULL, or what is wrong with the name of a device. */
const char *conf_check_device(const char *name);

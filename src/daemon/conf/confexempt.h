/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confexempt - parses and prints the keys of our nft table: exemptions and priority.
 */
#pragma once

#include "daemon/conf/conf_priv.h"

void conf_set_addresses(struct load *load, const struct option *opt,
			const struct conffile_item *item);
void conf_set_ports(struct load *load, const struct option *opt, const struct conffile_item *item);
void conf_set_interfaces(struct load *load, const struct option *opt,
			 const struct conffile_item *item);
void conf_set_marks(struct load *load, const struct option *opt, const struct conffile_item *item);
void conf_set_priority(struct load *load, const struct option *opt,
		       const struct conffile_item *item);
void conf_print_addresses(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_ports(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_interfaces(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_marks(const struct config *config, const struct option *opt, FILE *stream);
void conf_print_priority(const struct config *config, const struct option *opt, FILE *stream);
/* Checks the keys of admission against each other, after all files were read. */
void conf_check_admission(struct load *load);

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes configure out of configure.ac. Needs autoconf, automake and pkg-config.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi "$@"

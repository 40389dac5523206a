#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The same without the daemon: what chaos demands of connections is what they do by themselves.
set -eu

exec "$LAB_SRC/tests/chaos/run.sh" --seed "${CHAOS_SEED:-1}" --seconds 40 --control

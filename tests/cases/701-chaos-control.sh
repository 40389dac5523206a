#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# The same without the daemon: connections meet what chaos demands of them by themselves, so a
# failure of 700-chaos is the daemon's.
set -eu

exec "$LAB_SRC/tests/chaos/run.sh" --seed "${CHAOS_SEED:-1}" --seconds 40 --control

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# A short life in which everything goes wrong; "./lab chaos" has longer ones.
set -eu

exec "$LAB_SRC/tests/chaos/run.sh" --seed "${CHAOS_SEED:-1}" --seconds 40

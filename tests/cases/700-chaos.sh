#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# A short run in which everything goes wrong, while invariants are watched (see
# tests/chaos/chaos.py). "./lab chaos" has longer ones.
set -eu

exec "$LAB_SRC/tests/chaos/run.sh" --seed "${CHAOS_SEED:-1}" --seconds 40

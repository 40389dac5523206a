#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
#
# 500-policy with the kernel's own flowtable, in software.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
BACKEND=flowtable
# shellcheck source=500-policy.sh
. "${LAB_TOPO%/lab/*}/cases/500-policy.sh"

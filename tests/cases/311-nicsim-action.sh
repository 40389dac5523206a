#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
#
# Every action of nicsim changes packets as it should, compared byte by byte.
set -eu
# shellcheck source=../lab/topo.sh
. "$LAB_TOPO"
# shellcheck source=../lab/nicsim-topo.sh
. "${LAB_TOPO%/*}/nicsim-topo.sh"

nicsim_check action

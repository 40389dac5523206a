# SPDX-License-Identifier: GPL-2.0-or-later
"""patience.py - time limits in a guest that is slow, or that has to wait for a processor.

The same as "patience" and "wait_until" of topo.sh, for programs in Python.
"""
import os
import time

# In percent; more than 100 everywhere (see guest-runner).
PATIENCE = int(os.environ.get("LAB_PATIENCE", "300"))
PATIENCE_REFERENCE = 300


_stolen = 0


def stolen():
    """Returns for how many seconds the guest could not run."""
    global _stolen
    try:
        with open(os.environ["LAB_STOLEN"], encoding="ascii") as f:
            _stolen = int(f.read()) / 100
    except (KeyError, OSError, ValueError):
        pass
    return _stolen


def now():
    """Returns a clock in seconds that stands still while the guest cannot run."""
    return time.monotonic() - stolen()


def limit(seconds):
    """Scales a limit that detects hangs, in seconds, to this guest."""
    return seconds * PATIENCE / 100


def rest(seconds):
    """Sleeps for as long as this guest needs for work that takes SECONDS in the reference guest."""
    end = now() + seconds * max(1, PATIENCE / PATIENCE_REFERENCE)
    while (left := end - now()) > 0:
        time.sleep(min(left, 0.2))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ages.py - tells whether tc rules are the same as before, or were deleted and added again.

    ages.py save FILE NETNS DEVICE...
    ages.py compare FILE [MINIMUM]

A rule that was added again has a new age, and its counters start at zero. "compare" fails if
a rule that existed before is younger or has smaller counters now, or if fewer than MINIMUM (1)
of them still exist. Prints one line: how many rules stayed, went and came.
"""
import json
import subprocess
import sys
import time


def read(netns, devices):
    rules = {}
    for device in devices:
        began = time.monotonic()
        out = subprocess.run(["tc", "-n", netns, "-s", "-j", "filter", "show", "dev", device, "ingress"],
                             check=True, capture_output=True, text=True).stdout
        ended = time.monotonic()
        for f in json.loads(out or "[]"):
            options = f.get("options") or {}
            if "handle" not in options:
                continue
            last = options["actions"][-1]
            if last.get("kind") != "mirred":
                continue
            key = f"{device} {f['pref']} {options['handle']}"
            # The age is in whole seconds. tc read it at some time between began and ended.
            rules[key] = {"born": (began - last["installed"] - 1, ended - last["installed"]),
                          "packets": last["stats"]["packets"], "keys": options["keys"]}
    return rules


def save(path, netns, devices):
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"netns": netns, "devices": devices, "rules": read(netns, devices)}, f)


def compare(path, minimum):
    with open(path, encoding="utf-8") as f:
        old = json.load(f)
    now = read(old["netns"], old["devices"])
    wrong = []
    stayed = 0
    for key, then in old["rules"].items():
        rule = now.get(key)
        if not rule or rule["keys"] != then["keys"]:
            continue
        stayed += 1
        if rule["born"][0] > then["born"][1] or rule["packets"] < then["packets"]:
            wrong.append(f"{key}: was {then}, is {rule}")
    print(f"rules that stayed: {stayed}, went: {len(old['rules']) - stayed}, came: {len(now) - stayed}; "
          f"added again: {len(wrong)}")
    for line in wrong[:5]:
        print(line, file=sys.stderr)
    if stayed < minimum:
        print(f"fewer than {minimum} stayed", file=sys.stderr)
    return 1 if wrong or stayed < minimum else 0


def main():
    if len(sys.argv) > 4 and sys.argv[1] == "save":
        save(sys.argv[2], sys.argv[3], sys.argv[4:])
        return 0
    if len(sys.argv) in (3, 4) and sys.argv[1] == "compare":
        return compare(sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 1)
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())

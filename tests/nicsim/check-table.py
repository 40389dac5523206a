# SPDX-License-Identifier: GPL-2.0-or-later
"""check-table.py - checks order, capacity, failures, losses and statistics of the flow table."""
import subprocess
import time

from rig import Frame, Rig, equal, fail, must, run

UDP, TCP = Frame(), Frame(proto="tcp")
TO1 = " action mirred egress redirect dev nic1"
TO2 = " action mirred egress redirect dev nic2"
FLOW = "protocol ip pref %d flower ip_proto udp dst_ip 10.0.1.2 dst_port %d"

rig = Rig(stats_delay_ms=0, seed=1)


def title(text):
    print("==", text, flush=True)


def fill(n, first=3000, pref=1, batch=True):
    """Adds n rules that UDP does not match."""
    lines = ["filter add dev nic0 ingress " + Rig.skip(FLOW % (pref, first + i) + TO1) for i in range(n)]
    r = subprocess.run(["tc", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True)
    if r.returncode:
        fail(r.stderr[:300])


def hw_stats(pref=1):
    """Returns packets, bytes and seconds since the last use, from tc, of the only rule's redirect."""
    text = must("tc -s filter show dev nic0 ingress pref %d" % pref)
    at = text.index("mirred")
    words = text[at:].split()
    sent = words.index("Sent")
    return int(words[sent + 3]), int(words[sent + 1]), int(words[words.index("used") + 1])


def hw_flags(pref=1):
    return "in_hw" in must("tc filter show dev nic0 ingress pref %d" % pref).replace("not_in_hw", "").split()


# ---- order ----
title("priority")
rig.add("protocol ip pref 20 flower ip_proto udp" + TO1)
rig.hit(UDP)
rig.add("protocol ip pref 30 flower dst_ip 10.0.1.2" + TO2)
rig.hit(UDP)
rig.add("protocol ip pref 10 flower dst_ip 10.0.1.0/24" + TO2)
rig.hit(UDP, wire=2)
rig.add("protocol all pref 5 flower" + TO1)
rig.hit(UDP)
rig.tc("del", "pref 5")
rig.hit(UDP, wire=2)
rig.tc("del", "pref 10")
rig.hit(UDP)
rig.tc("del", "pref 20")
rig.hit(UDP, wire=2)
rig.flush()
title("order of insertion within a priority")
rig.add("protocol ip pref 1 flower ip_proto udp" + TO2)
rig.add("protocol ip pref 1 flower dst_ip 10.0.1.2" + TO1)
rig.hit(UDP, wire=2)
rig.flush()
rig.add("protocol ip pref 1 flower dst_ip 10.0.1.2" + TO1)
rig.add("protocol ip pref 1 flower ip_proto udp" + TO2)
rig.hit(UDP)
rig.flush()
title("replace")
rig.add("protocol ip pref 1 handle 1 flower dst_ip 10.0.1.2" + TO1)
must("tc filter replace dev nic0 ingress protocol ip pref 1 handle 1 flower dst_ip 10.0.1.2 skip_sw" + TO2)
rig.hit(UDP, wire=2)
equal("used after replace", rig.number("used"), 1)
rig.flush()
title("a rule without skip_sw is in hardware, too")
must("tc filter add dev nic0 ingress protocol ip pref 1 flower dst_ip 10.0.1.2" + TO1)
equal("in_hw", hw_flags(), True)
rig.hit(UDP)
rig.flush()
title("shared block")
must("tc qdisc del dev nic0 clsact")
must("tc qdisc del dev nic2 clsact")
must("tc qdisc add dev nic0 ingress_block 7 clsact")
must("tc qdisc add dev nic2 ingress_block 7 clsact")
must("tc filter add block 7 protocol ip pref 1 flower dst_ip 10.0.1.2 skip_sw" + TO1)
equal("in_hw_count", "in_hw_count 2" in must("tc filter show block 7"), True)
equal("used", rig.number("used"), 2)
rig.hit(UDP)
rig.hit(UDP, start=2)
rig.miss(UDP, start=1)
for dev in "nic0", "nic2":
    must("tc qdisc del dev %s clsact" % dev)
    must("tc qdisc add dev %s clsact" % dev)
equal("used after unbind", rig.number("used"), 0)
title("egress is refused")
r = run("tc filter add dev nic0 egress protocol ip flower skip_sw" + TO1)
equal("egress", r.returncode != 0, True)

# ---- capacity ----
title("full")
rig.set("table_size", 3)
fill(3)
refused, used = rig.number("refused"), rig.number("used")
rig.refused(FLOW % (1, 2000) + TO1, "flow table is full", errno="ENOSPC")
equal("used", (rig.number("used"), rig.number("refused")), (used, refused + 1))
rig.set("full_errno", "ENOMEM")
rig.set("full_text", "go away")
rig.refused(FLOW % (1, 2000) + TO1, "go away", errno="ENOMEM")
equal("unknown deletes", rig.number("unknown_deletes") >= 2, True)
title("without skip_sw it stays in software")
must("tc filter add dev nic0 ingress protocol ip pref 9 flower dst_ip 10.0.1.2" + TO1)
equal("in_hw", hw_flags(9), False)
rig.tc("del", "pref 9")
title("full, but adds succeed")
rig.set("full_errno", 0)
rig.add(FLOW % (1, 2000) + TO1)
rig.miss(UDP)
equal("lost", rig.get("lost").count("dport=2000"), 1)
equal("used", rig.number("used"), 3)
title("full, and another entry is evicted")
rig.set("evict_on_full", 1)
rig.add(FLOW % (1, 2001) + TO1)
rig.hit(UDP.change(dport=2001))
equal("used", rig.number("used"), 3)
rig.set("evict_on_full", 0)
rig.set("full_errno", "ENOSPC")
rig.set("full_text", "it is full")
rig.flush()
rig.set("table_size", 65536)
title("too many masks")
rig.set("max_masks", 2)
rig.add("protocol ip pref 1 flower dst_ip 10.0.1.2" + TO1)
rig.add("protocol ip pref 1 flower dst_ip 10.0.1.3" + TO1)
rig.add("protocol ip pref 2 flower src_ip 10.0.1.3" + TO1)
rig.refused("protocol ip pref 1 flower ip_proto udp" + TO1, "too many different masks")
rig.flush()
rig.set("max_masks", 0)
title("large groups: the first masks get most of the table")
rig.set("table_size", 6)
rig.set("big_groups", 2)
for pref in 1, 2:
    fill(2, pref=pref)
    rig.refused(FLOW % (pref, 2000) + TO1, "full")
fill(2, pref=3)
rig.refused(FLOW % (3, 2000) + TO1, "full")
rig.flush()
rig.set("big_groups", 0)
rig.set("table_size", 65536)

# ---- failures ----
title("fail_count")
rig.set("fail_errno", "EBUSY")
rig.set("fail_text", "not now")
rig.set("fail_count", 2)
for _ in range(2):
    rig.refused(FLOW % (1, 2000) + TO1, "not now", errno="EBUSY")
rig.add(FLOW % (1, 2000) + TO1)
rig.flush()
title("fail_percent")
rig.set("fail_percent", 50)
taken = sum(rig.tc("add", Rig.skip(FLOW % (1, 3000 + i) + TO1)).returncode == 0 for i in range(40))
equal("about half of 40 taken", 8 <= taken <= 32, True)
equal("used", rig.number("used"), taken)
rig.set("fail_percent", 0)
rig.flush()
title("eagain_count: the kernel repeats")
refused = rig.number("refused")
rig.set("eagain_count", 5)
rig.tc("add", Rig.skip(FLOW % (1, 2000) + TO1))
equal("refused", rig.number("refused"), refused + 5)
equal("used", rig.number("used"), 1)
rig.flush()
title("EAGAIN without a limit is refused")
try:
    rig.set("fail_errno", "EAGAIN")
    fail("fail_errno takes EAGAIN")
except OSError:
    pass
title("busy_ms")
rig.set("busy_ms", 3000)
rig.refused(FLOW % (1, 2000) + TO1, "mode change", errno="EBUSY")
rig.set("busy_ms", 0)
rig.add(FLOW % (1, 2000) + TO1)
rig.flush()
title("latency")
rig.set("latency_us", 400000)
begin = time.monotonic()
rig.add(FLOW % (1, 2000) + TO1)
equal("an add takes at least the latency", time.monotonic() - begin >= 0.4, True)
rig.set("latency_us", 0)
rig.flush()

# ---- losses ----
title("lose")
fill(50)
rig.add(FLOW % (1, 2000) + TO1)
rig.set("lose", 20)
equal("used", rig.number("used"), 31)
equal("lost", rig.number("lost_rules") >= 20, True)
equal("lines", (len(rig.get("rules").splitlines()), len(rig.get("lost").splitlines())), (31, 20))
equal("tc does not know", must("tc filter show dev nic0 ingress").count(" in_hw "), 51)
title("reset")
rig.set("reset", 1)
equal("used", rig.number("used"), 0)
equal("tc does not know", must("tc filter show dev nic0 ingress").count(" in_hw "), 51)
rig.miss(UDP)
title("a lost rule can be deleted and added again")
rig.flush()
equal("lost", rig.get("lost"), "")
rig.add(FLOW % (1, 2000) + TO1)
rig.hit(UDP)
rig.flush()
title("lose_percent")
rig.set("lose_percent", 100)
rig.add(FLOW % (1, 2000) + TO1)
rig.miss(UDP)
rig.set("lose_percent", 0)
rig.flush()

# ---- statistics ----
title("immediate")
rig.add(FLOW % (1, 2000) + TO1)
for _ in range(5):
    rig.hit(UDP)
size = len(UDP.bytes())
equal("packets, bytes", hw_stats()[:2], (5, 5 * size))
equal("packets, bytes, again", hw_stats()[:2], (5, 5 * size))
rig.hit(UDP)
equal("packets, bytes, one more", hw_stats()[:2], (6, 6 * size))
equal("used_hw_stats", "used_hw_stats immediate" in must("tc -s filter show dev nic0 ingress"), True)
title("last use")
time.sleep(2.1)
equal("idle", hw_stats()[2] >= 2, True)
rig.hit(UDP)
equal("used now", hw_stats()[2] <= 1, True)
title("packets only")
rig.set("stats_mode", "packets")
rig.hit(UDP)
equal("packets, bytes", hw_stats()[:2], (8, 7 * size))
title("last use only")
rig.set("stats_mode", "idle")
rig.hit(UDP)
equal("packets", hw_stats()[0], 8)
title("none")
rig.set("stats_mode", "none")
rig.hit(UDP)
equal("packets", hw_stats()[0], 8)
title("total: counts twice")
rig.set("stats_mode", "total")
equal("packets", hw_stats()[0], 8 + 10)
title("28 bits")
rig.set("stats_mode", "wrap")
rig.hit(UDP)
equal("packets", hw_stats()[0], 8 + 10 + 1)
rig.set("stats_mode", "full")
rig.flush()
title("delayed")
rig.set("stats_delay_ms", 3000)
time.sleep(0.1)
rig.add(FLOW % (1, 2000) + TO1)
for _ in range(100):
    before = rig.number("stats_reads")
    rig.hit(UDP)
    if hw_stats()[0] == 0:
        break
    rig.flush()
    rig.add(FLOW % (1, 2000) + TO1)
else:
    fail("statistics are not delayed")
for _ in range(50):
    if hw_stats()[0] >= 1:
        break
    time.sleep(0.1)
else:
    fail("statistics never come")
equal("used_hw_stats", "used_hw_stats delayed" in must("tc -s filter show dev nic0 ingress"), True)
rig.set("stats_delay_ms", 0)
title("counters at deletion")
rig.hit(UDP)
rig.hit(UDP)
rig.flush()

title("kinds of statistics")
rig.add(FLOW % (1, 2000) + " action mirred egress redirect dev nic1 hw_stats delayed")
rig.refused(FLOW % (1, 2001) + " action mirred egress redirect dev nic1 hw_stats immediate", "HW stats type")
rig.refused(FLOW % (1, 2001) + " action pedit ex munge ip ttl dec pipe hw_stats delayed" + TO1, "mixing HW stats")
rig.flush()

# ---- many ----
title("3000 rules")
fill(3000, first=10000)
equal("used", rig.number("used"), 3000)
equal("peak", rig.number("peak") >= 3000, True)
for port in 10000, 11234, 12999:
    rig.hit(UDP.change(dport=port))
rig.miss(UDP.change(dport=13000))
equal("one mask", rig.counter("masks"), 1)
rig.flush()
equal("used", rig.number("used"), 0)
equal("entries, masks", (rig.counter("entries"), rig.counter("masks")), (0, 0))

# ---- identity ----
title("switch id")
equal("id", must("cat /sys/class/net/nic0/phys_switch_id").strip(), "6e696373696d0001")
rig.set("switch_id", "0011aabb")
equal("id", must("cat /sys/class/net/nic1/phys_switch_id").strip(), "0011aabb")
rig.set("switch_id", "none")
equal("id", run("cat /sys/class/net/nic0/phys_switch_id").stdout, "")
title("knobs refuse bad values")
for name, value in ("table_size", "x"), ("fail_percent", 101), ("stats_mode", "often"), ("unlocked", 0), \
        ("switch_id", "123"), ("max_prio", -1):
    try:
        rig.set(name, value)
    except OSError:
        continue
    fail("%s takes %s" % (name, value))

# SPDX-License-Identifier: GPL-2.0-or-later
"""check-forms.py DIRECTORY WHERE - tests rules in the forms that drivers need, with packets.

If WHERE is "veth", g0 and g1 are the ports, w0 and w1 are their peers, and the kernel's own
classifier executes the rules. Otherwise WHERE is a profile of nicsim, which is loaded again.
"""
import os
import sys

from rig import Frame, Port, Rig, equal, fail, must

GOLDEN, WHERE = sys.argv[1:]
LAB = os.environ["LAB_BUILD"] + "/tests/golden/golden-lab"
PLACE = "software" if WHERE == "veth" else "hardware"

TCP4 = dict(proto="tcp", sip="192.0.2.10", dip="198.51.100.20", dport=443)
UDP6 = dict(version=6, sip="2001:db8:1::a", dip="2001:db8:2::b", dport=443)
MTU = 1492
OWN = "02:31:32:33:34:35"
MACS = dict(dst="02:21:22:23:24:25", src="02:11:12:13:14:15")
SNAT = dict(sip="203.0.113.30", sport=61234, **MACS)
BOTH = dict(sip="2001:db8:3:4:5:6:7:8", sport=61234, dip="2001:db8:9::c", dport=8443, **MACS)

# Name of the rule: source port in software (one more in hardware), packet that arrives, fields
# that are changed when it leaves.
FORMS = {
    "tcp-ip4-snat-no-csum": (40100, TCP4, dict(ttl=63, **SNAT)),
    "tcp-ip4-snat-exact-ttl": (40102, TCP4, dict(ttl=63, **SNAT)),
    "tcp-ip4-snat-implicit-ttl": (40104, TCP4, SNAT),
    "tcp-ip4-snat-any-ethertype": (40106, TCP4, dict(ttl=63, **SNAT)),
    "udp-ip6-both-exact-ttl": (40108, UDP6, dict(ttl=63, **BOTH)),
    "udp-ip6-both-implicit-ttl": (40110, UDP6, BOTH),
    "udp-ip6-both-any-ethertype": (40112, UDP6, dict(ttl=63, **BOTH)),
    "tcp-ip4-snat-dmac": (40124, dict(dst=OWN, **TCP4), dict(ttl=63, **SNAT)),
    "udp-ip6-both-dmac": (40126, dict(dst=OWN, **UDP6), dict(ttl=63, **BOTH)),
    "tcp-ip4-snat-mtu": (40128, TCP4, dict(ttl=63, **SNAT)),
    "udp-ip6-both-mtu": (40130, UDP6, dict(ttl=63, **BOTH)),
    "pop-ip4": (40132, dict(tags=[(0x8100, 10, 5)], **TCP4), dict(ttl=63, tags=[], **SNAT)),
    "push-ip4": (40134, TCP4, dict(ttl=63, tags=[(0x8100, 20, 0)], **SNAT)),
    "swap-ip4": (40136, dict(tags=[(0x8100, 10, 5)], dst=OWN, **TCP4), dict(ttl=63, tags=[(0x8100, 20, 0)], **SNAT)),
    "pop-two-ip6": (40138, dict(tags=[(0x88a8, 100, 1), (0x8100, 10, 2)], **UDP6), dict(ttl=63, tags=[], **BOTH)),
    "push-two-ip6": (40140, UDP6, dict(ttl=63, tags=[(0x88a8, 100, 0), (0x8100, 20, 0)], **BOTH)),
    "swap-ad-ip6": (40142, dict(tags=[(0x88a8, 100, 3)], **UDP6),
                    dict(ttl=63, tags=[(0x88a8, 200, 0), (0x8100, 0, 0)], **BOTH)),
}
TAGGED = ("pop", "push", "swap")


def golden(verb, pattern, prio):
    """What golden-lab prints for each rule."""
    out = must([LAB, "--on", IN, OUT, str(prio), verb, GOLDEN, pattern])
    return dict(line.split(": ", 1) for line in out.splitlines() if "dump" not in line)


def add(form, prio):
    """Adds a rule: the kernel accepts it, and its echo decodes to the same rule."""
    name = form + "-" + PLACE
    equal("add " + name, golden("add", name, prio), {name: "0 echo is equal"})
    return name


def frame(form):
    sport, fields, _ = FORMS[form]
    return Frame(sport=sport + (PLACE == "hardware"), **fields)


def forwarded(form, **change):
    """A packet leaves by the other port, changed as the rule says."""
    sent = frame(form).change(**change)
    W0.send(sent)
    got, wanted = W1.receive(2), sent.change(**FORMS[form][2]).bytes()
    if got != wanted:
        fail("%s: the other port got\n%s\nwanted\n%s" % (form, got and got.hex(), wanted.hex()))


def passed(what, sent):
    """A packet does not leave by the other port. The stack drops packets that no rule takes."""
    W0.send(sent)
    if W1.receive(0.2) is not None:
        fail("%s: forwarded" % what)


def pkts(name, prio):
    """Packets that a rule has counted. It is read back, and must be equal and have an age."""
    line = golden("check", name, prio)[name]
    wanted = "0 equal ours in_hw stats used in_hw_count 1" if PLACE == "hardware" else \
        "0 equal ours stats used in_hw_count 0"
    equal("check " + name, line.partition(" pkts ")[0], wanted)
    return int(line.partition(" pkts ")[2])


def delete(names, prio):
    for name in names:
        equal("delete " + name, golden("del", name, prio), {name: "0 echo stats"})


def check_alone(form, prio=1):
    name = add(form, prio)
    forwarded(form)
    equal(name + " counted", pkts(name, prio), 1)
    if "exact-ttl" in form:
        passed(name + ", another TTL", frame(form).change(ttl=65))
    if "dmac" in form:
        passed(name + ", for another station", frame(form).change(dst="02:31:32:33:34:36"))
    counted = 1
    if form.endswith("mtu"):
        room = MTU - (48 if "udp-ip6" in form else 40)
        forwarded(form, payload=bytes(room))
        counted = 2
        passed(name + ", too large", frame(form).change(payload=bytes(room + 1)))
    passed(name + ", another port", frame(form).change(sport=1))
    tags = FORMS[form][1].get("tags", [])
    for other in [[], [(0x8100, 11, 0)], [(0x88a8, 10, 0)], [(0x8100, 10, 0), (0x8100, 10, 0)], [(0x88a8, 100, 0), (0x8100, 11, 0)]]:
        if form.startswith(TAGGED) and [tag[:2] for tag in tags] != [tag[:2] for tag in other]:
            passed(name + ", with the tags %s" % other, frame(form).change(tags=other))
    equal(name + " counted", pkts(name, prio), counted)
    delete([name], prio)


def check_one_prio(prio=1):
    """Flow rules and guards of IPv4 and IPv6 in one prio, which is for all ethertypes."""
    flows = ["tcp-ip4-snat-any-ethertype", "udp-ip6-both-any-ethertype"]
    guards = ["guard-ip4-any-ethertype", "guard-ip6-any-ethertype"]
    names = [add(form, prio) for form in flows]
    shown = must("tc filter show dev %s ingress" % IN)
    equal("rules in one prio", shown.count("filter protocol all pref %d flower chain 0 handle" % prio), 2)
    for form in flows:
        forwarded(form)
    equal("counted", [pkts(name, prio) for name in names], [1, 1])
    if GUARDS:
        names += [add(form, prio) for form in guards]
        for i, fields in enumerate((TCP4, UDP6)):
            passed("TTL 1", Frame(sport=7, ttl=1, **fields))
            equal("packets of a guard", pkts(names[2 + i], prio), 1)
    for form in flows:
        forwarded(form)
    equal("counted", [pkts(name, prio) for name in names[:2]], [2, 2])
    delete(names, prio)
    equal("nothing is left", must("tc filter show dev %s ingress" % IN), "")


if WHERE == "veth":
    IN, OUT, GUARDS = "g0", "g1", True
    W0, W1 = Port("w0"), Port("w1")
    # The kernel's classifier does not correct checksums without act_csum.
    forms = [form for form in FORMS if form not in ("tcp-ip4-snat-no-csum", "udp-ip6-both-implicit-ttl")]
else:
    IN, OUT, GUARDS = "nic0", "nic1", True
    rig = Rig(ports=2, profile=WHERE)
    rig.set("stats_delay_ms", 0)
    W0, W1 = rig.wire
    # Only some cards check the size of packets.
    forms = [form for form in FORMS
             if WHERE in ("full", "fdb") or not form.endswith("mtu") and not form.startswith(TAGGED)]
for form in forms:
    # In software, rules never have tags. One that pops two would rewrite the wrong bytes there: act_pedit
    # counts from the inner tag, which is popped later (tcf_pedit_act, skb_network_offset).
    if PLACE == "hardware" or form != "pop-two-ip6":
        check_alone(form)
check_one_prio()

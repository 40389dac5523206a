#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""chaos.py - injects random faults of all kinds, and checks invariants.

    chaos.py --seed N --seconds S [--control] [--break KIND]

Runs in the topology of tests/lab/paths.sh. Clients hold some connections, and open and close
others all the time (labcrowd). Meanwhile, in each round, a few faults hit the router: links flap;
routes, rules and MAC addresses change; the ruleset is reloaded; the daemon is killed, halted for a
moment, or restarted; the NIC refuses rules, loses them or is reset; events are lost; somebody
deletes conntrack entries and tc rules. The seed decides which faults, and in which order. After
each round, when a second has passed:

 - no packet arrives by a way, or with a MAC address, that is not the current one;
 - no packet has ever arrived with a TTL other than the one that a router leaves;
 - the NIC has no rule of a connection that has not been in conntrack for a second.

At the end, chaos repairs everything and ends the short connections. Then daemon, tc, NIC and
conntrack must agree, the NIC must have all long connections, and the daemon must leave no rules
when it stops. labcrowd checks every byte, and no connection may fail.

--control does the same without the daemon and without the faults that concern the daemon. A failure
there is not caused by the daemon. --break violates one of the invariants on purpose, to show that
chaos detects it: "stale", "ttl", "orphan" or "connection".

Prints a line per round, and one line of JSON at the end. The exit status is 1 after an anomaly.
"""
import argparse
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.environ["LAB_SRC"] + "/tests/lab")
import patience  # pylint: disable=wrong-import-position

NICSIM = "/sys/kernel/debug/nicsim/"
CLIENT, SERVER = "192.168.1.2", "203.0.113.2"
SETTLE = 1.2        # seconds that the daemon has to react to the faults
SETTLE_RESTART = 4  # the same after a restart, from its first answer on
ORPHAN = 1.2        # seconds for which a rule may exist without a connection
WINDOW = 0.4        # seconds for which arriving packets are counted

# The faults must not break connections by themselves. If the entry of a connection is deleted just
# before the connection closes, its FIN is invalid for conntrack: the second rule lets it pass. If the
# entry is deleted between a question and its answer, the answer is a packet of a new connection from
# the server, and so is each retransmission: the third rule lets them pass. (Without it and without
# the daemon, 30 of 100 connections whose answers are 300 ms late hang after eight flushes; with it,
# none.) If the router has no route for a moment, the chain output keeps it from telling connecting
# clients.
POLICY = """
table inet labrules {{
    set denied {{ type ipv4_addr; flags interval; }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
        ct state established,related accept comment "{comment}"
        ct state invalid tcp flags & (fin | rst) != 0 accept
        ct state new tcp flags & (syn | ack | rst | fin) == ack accept
        ip daddr @denied drop
        iifname "lan0" accept
    }}
    chain output {{
        type filter hook output priority 0;
        icmp type destination-unreachable icmp code {{ net-unreachable, host-unreachable }} drop
    }}
}}
"""

# Counts packets from the client at the server.
RECEIVER = """
table netdev receiver {{
    counter ttl {{ }}
    counter way0 {{ }}
    counter way1 {{ }}
    counter mac {{ }}
    chain s0 {{
        type filter hook ingress device "s0" priority 0
        ip saddr {client} ip ttl != 63 counter name ttl
        ip saddr {client} ether daddr != {mac0} counter name mac
        ip saddr {client} counter name way0
    }}
    chain s1 {{
        type filter hook ingress device "s1" priority 0
        ip saddr {client} ip ttl != 63 counter name ttl
        ip saddr {client} ether daddr != {mac1} counter name mac
        ip saddr {client} counter name way1
    }}
}}
"""


class Anomaly(Exception):
    pass


def run(*command, check=True, stdin=None):
    try:
        r = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False,
                           timeout=patience.limit(60))
    except subprocess.TimeoutExpired:
        for look in (("top", "-b", "-n1", "-H"), ("ps", "-eo", "pid,ppid,stat,wchan:30,args")):
            sys.stderr.write(subprocess.run(look, text=True, capture_output=True, check=False).stdout)
        raise Anomaly(f"{' '.join(command)}: does not return") from None
    if check and r.returncode:
        raise RuntimeError(f"{' '.join(command)}: {r.stderr.strip()}")
    return r.stdout


def router(*command, **how):
    return run("ip", "netns", "exec", "router", *command, **how)


def server(*command, **how):
    return run("ip", "netns", "exec", "server", *command, **how)


def knob(name, value):
    with open(NICSIM + name, "w", encoding="ascii") as f:
        f.write(f"{value}\n")


class Crowd:
    """One labcrowd in the background."""

    def __init__(self, name, *arguments):
        self.name = name
        self.out = open(f"crowd.{name}", "w+", encoding="utf-8")
        self.process = subprocess.Popen(["labcrowd", *arguments], stdout=self.out,
                                        stderr=open(f"crowd.{name}.err", "w", encoding="utf-8"))

    def lines(self):
        with open(f"crowd.{self.name}", encoding="utf-8") as f:
            return f.read().splitlines()

    def wait_ready(self):
        deadline = patience.now() + patience.limit(90)
        while "ready" not in self.lines():
            if self.process.poll() is not None or patience.now() > deadline:
                raise RuntimeError(f"crowd {self.name} is not ready")
            time.sleep(0.1)

    @staticmethod
    def is_unseen(line, entries, faults, now):
        """True for a connection that opened shortly before or while the ruleset was flushed. Without
        rules that need it, conntrack is off (nf_ct_netns_put), and the entry may never get past
        SYN_RECV. The daemon has no part in this."""
        opened = re.search(r"opened ([\d.]+) s ago", line)
        at = now - float(opened[1]) if opened else 0
        return " SYN_" in entries and any(
            name == "ruleset_flushed" and began - 3 < at < ended for began, ended, name in faults)

    @staticmethod
    def look():
        """Returns what the router, the NIC, the daemon and both hosts know of the connections, by
        lines. Once labcrowd has ended, its connections are reset, and some of this is gone."""
        with open(NICSIM + "rules", encoding="ascii") as f:
            lines = [("NIC", rule.strip()) for rule in f]
        lines += [("conntrack", entry) for entry in router("conntrack", "-L").splitlines()]
        flows = router("nft-offload", "-s", "control.sock", "flows", check=False)
        lines += [("daemon", flow) for flow in flows.splitlines()]
        for host in ("client", "server"):
            sockets = run("ip", "netns", "exec", host, "ss", "-tinHO", check=False)
            lines += [(host, socket) for socket in sockets.splitlines()]
        return lines

    def explain(self, faults, known):
        """Prints what is known of the connections that labcrowd complains about: of look(), that
        which concerns them. Returns the number of those for which is_unseen() is true."""
        now = time.monotonic()
        unseen = 0
        with open(f"crowd.{self.name}.err", encoding="utf-8") as f:
            complaints = f.readlines()
        for line in complaints:
            print(f"{self.name}: {line.strip()}", file=sys.stderr)
            port = re.search(r"port (\d+) to", line)
            if not port:
                continue
            heard = re.findall(r"last ack (\d+) ms ago", line)
            silent_since = now - max(map(int, heard)) / 1000 if heard else now
            for began, ended, name in faults:
                if began < silent_since + 3 and ended > silent_since - 1:
                    print(f"  {began - silent_since:+.1f} to {ended - silent_since:+.1f} s: {name}",
                          file=sys.stderr)
            has_port = re.compile(rf"(port=|:){port[1]}\b")
            about = [(who, text) for who, text in known if has_port.search(text)]
            entries = "".join(text for who, text in about if who == "conntrack")
            unseen += self.is_unseen(line, entries, faults, now)
            for who, text in about:
                print(f"  {who}: {text}", file=sys.stderr)
        return unseen

    def end(self, faults):
        known = self.look()
        self.process.terminate()
        self.process.wait(timeout=patience.limit(60))
        unseen = self.explain(faults, known)
        result = json.loads(self.lines()[-1])
        total = collections.Counter()
        for c in result["classes"].values():
            total["opened"] += c["opened"]
            total["failed"] += c["failed"] + c["unfinished"]
            for way in ("up", "down"):
                total["bytes"] += c[way]["bytes_received"]
                total["corrupt"] += c[way]["corrupt"] + c[way]["misdelivered"]
                total["lost"] += c[way].get("lost", 0)
        total["failed"] -= unseen
        total["unseen"] += unseen
        return total


class Daemon:
    def __init__(self, is_control):
        self.is_control = is_control
        self.process = None
        self.counters = collections.Counter()   # sum over all its lives

    def start(self):
        if self.is_control:
            return
        log = open("daemon.log", "a", encoding="utf-8")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", "router", "nft-offloadd", "-c", "daemon.conf", "-s",
             "control.sock"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, *command):
        return run("ip", "netns", "exec", "router", "nft-offload", "-j", "-s", "control.sock",
                   *command)

    def status(self):
        return json.loads(self.ask("status"))

    def wait(self):
        """Waits until the daemon answers. Fails at once if it has ended."""
        deadline = patience.now() + patience.limit(60)
        while not self.is_control:
            if self.process.poll() is not None:
                raise Anomaly(f"the daemon ended by itself with {self.process.returncode}")
            try:
                self.status()
                break
            except RuntimeError:
                if patience.now() > deadline:
                    raise Anomaly("the daemon does not answer") from None
                time.sleep(0.1)

    def signal(self, number):
        if not self.is_control:
            self.process.send_signal(number)

    def end_life(self):
        """Adds up the daemon's counters, unless it does not answer yet."""
        try:
            self.counters.update(self.status()["counters"])
        except RuntimeError:
            pass

    def kill(self):
        self.end_life()
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.is_control:
            return
        self.end_life()
        self.process.terminate()
        if self.process.wait(timeout=patience.limit(60)):
            raise Anomaly(f"the daemon stopped with {self.process.returncode}")


class World:
    """The router, the faults that can hit it, and the invariants."""

    def __init__(self, args):
        self.rng = random.Random(args.seed)
        self.is_control = args.control
        self.daemon = Daemon(args.control)
        self.faults = collections.Counter()
        self.when = []          # (begin and end in monotonic time, name) of each fault
        self.base = 0           # way of the route to the network
        self.specific = None    # ... of the route to the server alone
        self.rule = None        # ... of a policy rule
        self.mac = ["02:00:00:00:02:02", "02:00:00:00:03:02"]   # of the gateways
        self.port_mac = ["02:00:00:00:02:01", "02:00:00:00:03:01"]
        self.n = 0
        self.was_restarted = False

    def way(self):
        for way in (self.rule, self.specific):
            if way is not None:
                return way
        return self.base

    # -- configuration --

    @staticmethod
    def via(way):
        return ["via", f"10.{way + 1}.0.2", "dev", f"wan{way}"]

    def put_routes(self):
        """Restores all routes, after the kernel has removed some."""
        run("ip", "-n", "router", "route", "replace", "203.0.113.0/24", *self.via(self.base))
        for way in (0, 1):
            run("ip", "-n", "router", "route", "replace", "default", *self.via(way), "table",
                str(100 + way))
        if self.specific is not None:
            run("ip", "-n", "router", "route", "replace", SERVER + "/32", *self.via(self.specific))
        self.put_return()

    def put_return(self):
        run("ip", "-n", "server", "route", "replace", "default", "via",
            f"10.{self.way() + 1}.0.1", "src", SERVER)

    def put_policy(self):
        self.n += 1
        router("nft", "-f", "-", stdin="table inet labrules\ndelete table inet labrules\n" +
               POLICY.format(comment=f"load {self.n}"))

    def put_receiver(self):
        """Resets the counters of the receiver, so they must be checked before."""
        server("nft", "-f", "-", stdin="table netdev receiver\ndelete table netdev receiver\n" +
               RECEIVER.format(client=CLIENT, mac0=self.mac[0], mac1=self.mac[1]))

    def receiver(self):
        out = json.loads(server("nft", "-j", "list", "counters", "table", "netdev", "receiver"))
        return {c["counter"]["name"]: c["counter"]["packets"] for c in out["nftables"]
                if "counter" in c}

    def pause(self, least, most):
        time.sleep(self.rng.uniform(least, most))

    # -- faults of the router --

    def route_replaced(self):
        self.base ^= 1
        self.put_routes()

    def route_specific(self):
        if self.specific is None:
            self.specific = self.rng.randrange(2)
            self.put_routes()
        else:
            self.specific = None
            run("ip", "-n", "router", "route", "del", SERVER + "/32")
            self.put_return()

    def policy_rule(self):
        if self.rule is None:
            self.rule = self.rng.randrange(2)
            run("ip", "-n", "router", "rule", "add", "pref", "900", "to", "203.0.113.0/24",
                "lookup", str(100 + self.rule))
        else:
            self.rule = None
            run("ip", "-n", "router", "rule", "del", "pref", "900")
        self.put_return()

    def routes_elsewhere(self):
        batch = "".join(f"route add 198.18.{i}.0/24 via 10.2.0.2 dev wan1\n" for i in range(200))
        run("ip", "-n", "router", "-batch", "-", stdin=batch)
        run("ip", "-n", "router", "-batch", "-", stdin=batch.replace("add", "del"))

    def link_flap(self):
        dev = f"wan{self.rng.randrange(2)}"
        run("ip", "-n", "router", "link", "set", dev, "down")
        self.pause(0, 0.8)
        run("ip", "-n", "router", "link", "set", dev, "up")
        self.put_routes()

    def cable_pulled(self):
        port = self.rng.randrange(1, 3)
        knob(f"ports/{port}/cable", 0)
        self.pause(0, 0.8)
        knob(f"ports/{port}/cable", 1)

    def gateway_mac(self):
        way = self.rng.randrange(2)
        self.mac[way] = f"02:00:00:00:{way:02x}:{self.rng.randrange(16, 256):02x}"
        self.watch_ttl()
        run("ip", "-n", "server", "link", "set", f"s{way}", "address", self.mac[way])
        run("ip", "-n", "router", "neigh", "replace", f"10.{way + 1}.0.2", "lladdr", self.mac[way],
            "dev", f"wan{way}", "nud", "reachable")
        self.put_receiver()

    def port_mac_changed(self):
        way = self.rng.randrange(2)
        mac = self.port_mac[way] = f"02:00:00:01:{way:02x}:{self.rng.randrange(16, 256):02x}"
        run("ip", "-n", "router", "link", "set", f"wan{way}", "address", mac)
        run("ip", "-n", "server", "neigh", "replace", f"10.{way + 1}.0.1", "lladdr", mac, "dev",
            f"s{way}", "nud", "reachable")

    def mtu_changed(self):
        dev = f"wan{self.rng.randrange(2)}"
        run("ip", "-n", "router", "link", "set", dev, "mtu", "1400")
        self.pause(0, 0.5)
        run("ip", "-n", "router", "link", "set", dev, "mtu", "1500")

    def neighbour_deleted(self):
        way = self.rng.randrange(2)
        run("ip", "-n", "router", "neigh", "del", f"10.{way + 1}.0.2", "dev", f"wan{way}",
            check=False)

    def ruleset_loaded(self):
        self.put_policy()

    def ruleset_flushed(self):
        router("nft", "flush", "ruleset")
        self.put_policy()

    def element_added(self):
        address = f"198.51.100.{self.rng.randrange(1, 255)}"
        router("nft", "add", "element", "inet", "labrules", "denied", "{", address, "}")
        router("nft", "delete", "element", "inet", "labrules", "denied", "{", address, "}")

    def entries_deleted(self):
        router("conntrack", "-D", "-p", "udp", "-s", CLIENT, check=False)

    def entries_flushed(self):
        router("conntrack", "-F", check=False)

    def events_overrun(self):
        router("labstorm", "delete", "0", "3000", "2")

    # -- faults of the daemon and of what it uses --

    def rules_deleted(self):
        dev = self.rng.choice(["lan0", "wan0", "wan1"])
        pref = self.rng.randrange(1, 5)
        run("tc", "-n", "router", "filter", "del", "dev", dev, "ingress", "pref", str(pref),
            check=False)

    def clsact_deleted(self):
        dev = self.rng.choice(["lan0", "wan0", "wan1"])
        run("tc", "-n", "router", "qdisc", "del", "dev", dev, "clsact", check=False)

    def offload_switched(self):
        dev = self.rng.choice(["lan0", "wan0", "wan1"])
        router("ethtool", "-K", dev, "hw-tc-offload", "off")
        self.pause(0, 0.5)
        router("ethtool", "-K", dev, "hw-tc-offload", "on")

    def nic_refuses(self):
        knob("fail_count", self.rng.randrange(1, 40))

    def nic_forgets(self):
        knob("lose", self.rng.randrange(1, 40))

    def nic_reset(self):
        knob("reset", 1)

    def nic_full(self):
        knob("table_size", self.rng.randrange(50, 200))
        self.pause(0, 1)
        knob("table_size", 65536)

    def nic_slow(self):
        knob("latency_us", 3000)
        self.pause(0, 1)
        knob("latency_us", 0)

    def daemon_killed(self):
        self.daemon.kill()
        self.pause(0, 1)
        if self.rng.random() < 0.5:
            self.happen(self.outside())
        self.daemon.start()
        if self.rng.random() < 0.3:
            self.pause(0, 0.5)      # kill it again while it is not ready
            self.daemon.kill()
            self.daemon.start()
        self.was_restarted = True

    def daemon_restarted(self):
        self.daemon.wait()
        self.daemon.stop()
        self.daemon.start()
        self.was_restarted = True

    def daemon_halted(self):
        self.daemon.signal(signal.SIGSTOP)
        self.pause(0, 1)
        if self.rng.random() < 0.5:
            self.happen(self.outside())
        self.daemon.signal(signal.SIGCONT)

    def outside(self):
        return self.rng.choice([
            self.route_replaced, self.route_specific, self.policy_rule, self.routes_elsewhere,
            self.link_flap, self.cable_pulled, self.gateway_mac, self.port_mac_changed,
            self.mtu_changed, self.neighbour_deleted, self.ruleset_loaded, self.ruleset_flushed,
            self.element_added, self.entries_deleted, self.entries_flushed, self.events_overrun])

    def inside(self):
        return self.rng.choice([
            self.rules_deleted, self.clsact_deleted, self.offload_switched, self.nic_refuses,
            self.nic_forgets, self.nic_reset, self.nic_full, self.nic_slow, self.daemon_killed,
            self.daemon_restarted, self.daemon_halted])

    def happen(self, fault):
        self.faults[fault.__name__] += 1
        began = time.monotonic()
        fault()
        self.when.append((began, time.monotonic(), fault.__name__))

    def faults_of_round(self):
        names = []
        for _ in range(self.rng.randint(1, 4)):
            is_inside = self.rng.random() < 0.45
            fault = self.inside() if is_inside else self.outside()
            names.append(fault.__name__)
            # Draws the same random numbers with and without the daemon.
            if is_inside and self.is_control:
                continue
            self.happen(fault)
            self.pause(0, 0.3)
        return names

    # -- invariants --

    def watch_ttl(self):
        n = self.receiver()["ttl"]
        if n:
            raise Anomaly(f"{n} packets arrived with a wrong TTL")

    def check_place(self):
        before = self.receiver()
        patience.rest(WINDOW)
        after = self.receiver()
        came = {k: after[k] - before[k] for k in after}
        wrong = came[f"way{self.way() ^ 1}"]
        if wrong:
            raise Anomaly(f"{wrong} packets came by way {self.way() ^ 1}, which is not the current one")
        if came["mac"]:
            raise Anomaly(f"{came['mac']} packets came for an old MAC address")
        if not came[f"way{self.way()}"]:
            raise Anomaly(f"no packets came by way {self.way()} for {WINDOW} s")
        self.watch_ttl()

    @staticmethod
    def rules():
        found = set()
        with open(NICSIM + "rules", encoding="ascii") as f:
            for line in f:
                words = dict(w.partition("=")[::2] for w in line.split(" | ")[0].split())
                if "src" in words and "sport" in words:
                    found.add((words["src"], words["sport"], words["dst"], words["dport"]))
        return found

    @staticmethod
    def connections():
        found = set()
        for line in router("conntrack", "-L").splitlines():
            words = [w.partition("=")[::2] for w in line.split() if "=" in w]
            half = {}
            for key, value in words:
                if key in ("src", "dst", "sport", "dport"):
                    half[key] = value
                if len(half) == 4:
                    found.add((half["src"], half["sport"], half["dst"], half["dport"]))
                    half = {}
        return found

    def orphans(self):
        return self.rules() - self.connections()

    def check_orphans(self):
        first = self.orphans()
        if not first:
            return
        patience.rest(ORPHAN)
        # If a connection exists again, its rule may be new.
        stayed = first & self.rules() - self.connections()
        if stayed:
            raise Anomaly(f"{len(stayed)} rules without a connection: {sorted(stayed)[:3]}")

    def check(self):
        self.daemon.wait()
        patience.rest(SETTLE_RESTART if self.was_restarted else SETTLE)
        self.was_restarted = False
        self.check_place()
        if not self.is_control:
            self.check_orphans()

    # -- violations on purpose --

    def break_it(self, kind, crowd):
        if kind == "stale":
            self.daemon.signal(signal.SIGSTOP)
            self.route_replaced()
            patience.rest(SETTLE)
            self.check_place()
        elif kind == "ttl":
            run("tc", "-n", "router", "qdisc", "add", "dev", "lan0", "clsact", check=False)
            run("tc", "-n", "router", "filter", "add", "dev", "lan0", "ingress", "protocol", "ip",
                "pref", "1", "flower", "ip_proto", "udp", "skip_sw", "action", "pedit", "ex",
                "munge", "eth", "dst", "set", self.mac[self.way()], "pipe", "action", "mirred",
                "egress", "redirect", "dev", f"wan{self.way()}")
            patience.rest(1)
            self.watch_ttl()
        elif kind == "orphan":
            self.daemon.signal(signal.SIGSTOP)
            crowd.process.send_signal(signal.SIGSTOP)
            self.entries_flushed()
            self.check_orphans()
        elif kind == "connection":
            router("nft", "insert", "rule", "inet", "labrules", "forward", "iifname", "lan0", "meta",
                   "l4proto", "tcp", "reject", "with", "tcp", "reset")
            patience.rest(3)

    # -- the end --

    def repair(self):
        for name, value in (("fail_count", 0), ("table_size", 65536), ("latency_us", 0)):
            knob(name, value)
        if self.rule is not None:
            self.policy_rule()
        if self.specific is not None:
            self.route_specific()
        self.put_routes()

    def wait_offloaded(self, n_steady):
        deadline = patience.now() + patience.limit(120)
        while self.daemon.status()["flows"]["offloaded"] < n_steady:
            if patience.now() > deadline:
                raise Anomaly(f"only {self.daemon.status()['flows']} after two minutes at rest")
            time.sleep(0.5)

    def both_ways(self, n_steady):
        """Makes all flows use all ports once: the daemon only detects a rule that the NIC has lost
        when packets should hit it."""
        for _ in range(2):
            self.route_replaced()
            patience.rest(SETTLE)
            self.wait_offloaded(n_steady)

    @staticmethod
    def forget_short():
        """Deletes the entries of the short UDP flows, so that no unused rule is left."""
        for port in range(9000, 9020):
            router("conntrack", "-D", "-p", "udp", "-s", CLIENT, "--dport", str(port), check=False)

    def rest(self, n_steady):
        """Fails unless all tables agree, and all long connections are offloaded."""
        if self.is_control:
            return
        self.forget_short()
        self.both_ways(n_steady)
        r = subprocess.run(["python3", "-B", os.environ["LAB_SRC"] + "/tests/lab/agree.py",
                            "--socket", "control.sock", "--wait", "60"],
                           capture_output=True, text=True, check=False)
        if r.returncode:
            raise Anomaly(f"tables do not agree at the end: {r.stdout.strip()[-600:]}")

    def leave(self):
        if self.is_control:
            return
        self.daemon.stop()
        left = [dev for dev in ("lan0", "wan0", "wan1")
                if "flower" in run("tc", "-n", "router", "filter", "show", "dev", dev, "ingress",
                                   check=False)]
        if left:
            raise Anomaly(f"filters are left on {left}")


def rss_kb(pid):
    """Returns the resident memory of a process. The daemon has the PID of "ip netns exec"."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def begin(world):
    with open("daemon.conf", "w", encoding="ascii") as f:
        f.write('devices = { "lan0", "wan0", "wan1" }\noffload = hardware\n'
                'allow-drivers = { "nicsim" }\nevent-buffer = 64k\n')
    world.put_routes()
    world.put_policy()
    world.put_receiver()
    world.daemon.start()
    world.daemon.wait()


def rounds(world, seconds):
    end = time.monotonic() + seconds
    n = 0
    while time.monotonic() < end:
        n += 1
        names = world.faults_of_round()
        world.check()
        print(f"# round {n}, {max(end - time.monotonic(), 0):.0f} s left: {' '.join(names)}", flush=True)
    return n


def chaos(args):
    world = World(args)
    begin(world)
    steady = Crowd("steady", "--port", "7000", "--sport", "10000",
                   "udp:udp,flows=100,rate=5,size=300", "tcp:tcp,flows=40,rate=4,size=2000,answer=2000")
    steady.wait_ready()
    churn = Crowd("churn", "--port", "9000", "--sport", "30000",
                  f"udp:udp,flows={5 * args.seconds},open=5,hold=6,rate=4,size=200",
                  f"tcp:tcp,flows={8 * args.seconds},open=8,hold=3,rate=4,size=800,answer=800")
    result = {"seed": args.seed, "control": args.control, "rounds": 0, "anomalies": 0}
    began = time.monotonic()
    try:
        if not args.control:
            world.wait_offloaded(140)
        before_kb = 0 if args.control else rss_kb(world.daemon.process.pid)
        if args.break_kind:
            world.break_it(args.break_kind, churn)
        else:
            result["rounds"] = rounds(world, args.seconds)
        world.repair()
        crowds = churn.end(world.when)
        if not args.break_kind:
            world.rest(140)
        crowds += steady.end(world.when)
        if not args.control:
            result["rss_kb"] = [before_kb, rss_kb(world.daemon.process.pid)]
        result["connections"] = dict(crowds)
        world.watch_ttl()
        if crowds["failed"] or crowds["corrupt"]:
            raise Anomaly(f"connections: {dict(crowds)}")
        world.leave()
    except Anomaly as e:
        result["anomalies"] = 1
        result["anomaly"] = str(e)
    finally:
        for p in (world.daemon.process, steady.process, churn.process):
            if p and p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.kill()
    result["counters"] = {k: n for k, n in sorted(world.daemon.counters.items()) if n}
    result["faults"] = dict(sorted(world.faults.items()))
    result["seconds"] = round(time.monotonic() - began)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--break", dest="break_kind",
                        choices=["stale", "ttl", "orphan", "connection"])
    result = chaos(parser.parse_args())
    if "anomaly" in result:
        print(f"ANOMALY: {result['anomaly']}", file=sys.stderr)
    print(json.dumps(result))
    return 1 if result["anomalies"] else 0


sys.exit(main())

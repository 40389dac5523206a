#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py - measures what the daemon costs, and the limits of the same machine.

    bench.py [--part uml|qemu] [--flows N] [--repeat R] [--burst N] [--large N] RESULT

Part uml runs in a guest of user-mode Linux, whose kernel code runs at native speed on one CPU. Part
qemu runs what needs two CPUs, in a guest of QEMU. Each of R turns measures limit and daemon once, and
each figure is the median of all turns; --burst and --large are measured once. A ratio divides
figures of the same turn. Adds to the flat JSON object in RESULT, and prints a line per figure.
"""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

CONF = """
devices = {{ "lan0", "wan0" }}
offload = software
admit = events
max-flows = {max_flows}
workers = {workers}
event-buffer = 256M
"""

SETUP = """
modprobe -a sch_ingress cls_flower act_mirred act_pedit act_csum act_gact act_nat nf_conntrack nf_conntrack_netlink veth
ip netns add hosts
ip link add lan0 address 02:00:00:00:01:01 type veth peer name c0 netns hosts
ip link add wan0 address 02:00:00:00:02:01 type veth peer name s0 netns hosts
ip -n hosts link set c0 up
ip -n hosts link set s0 up
ip link set lan0 up
ip link set wan0 up
ip addr add 192.168.1.1/24 dev lan0
ip addr add 203.0.113.1/24 dev wan0
ip route add 10.0.0.0/8 via 192.168.1.2
ip route add local 198.51.100.0/24 dev lo
ip neigh add 192.168.1.2 lladdr 02:00:00:00:01:02 dev lan0 nud permanent
ip neigh add 203.0.113.2 lladdr 02:00:00:00:02:02 dev wan0 nud permanent
sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_events=1
sysctl -qw net.netfilter.nf_conntrack_max=3000000 net.netfilter.nf_conntrack_buckets=1048576
"""


def run(*command, stdin=None):
    r = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)
    if r.returncode:
        raise RuntimeError(f"{' '.join(command)}: {r.stderr.strip()[:400]} {r.stdout.strip()[:400]}")
    return r.stdout


def load(*words):
    return json.loads(run("benchload", *map(str, words)).splitlines()[-1])


def clsact(verb):
    for dev in ("lan0", "wan0"):
        run("tc", "qdisc", verb, "dev", dev, "clsact")


class Daemon:
    def __init__(self, max_flows, workers=1):
        with open("daemon.conf", "w", encoding="ascii") as f:
            f.write(CONF.format(max_flows=max_flows, workers=workers))
        self.log = open("daemon.log", "w", encoding="utf-8")
        self.process = None
        self.control = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(["nft-offloadd", "-c", "daemon.conf", "-s", "control.sock"],
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            self.control = socket.socket(socket.AF_UNIX)
            try:
                self.control.connect("control.sock")
                self.status()
                return
            except (ConnectionError, FileNotFoundError):
                self.control.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the daemon does not start: " + open("daemon.log").read()) from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self.control.close()
        self.process.terminate()
        self.process.wait()

    def status(self):
        self.control.sendall(b'{"method":"org.nftoffload.Status"}\0')
        data = b""
        while not data.endswith(b"\0"):
            part = self.control.recv(65536)
            if not part:
                raise ConnectionError
            data += part
        answer = json.loads(data[:-1])
        return answer["parameters"]

    def wait(self, n, what="offloaded", limit=600):
        """Waits until the daemon has N flows. To answer costs it about as much as ten flows."""
        deadline = time.monotonic() + limit
        while self.status()["flows"][what] != n:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not {n} flows {what}: {self.status()['flows']}")
            time.sleep(0.02)

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            words = f.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) * 1024


class Figures:
    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def ratio(self, name, above, below):
        """Divides the figures of each turn."""
        self.values[name] = [a / b for a, b in zip(self.values[above], self.values[below])]

    def flat(self):
        flat = {}
        for name, values in self.values.items():
            flat[name] = statistics.median(values)
            if len(values) > 1:
                flat[name + "_min"], flat[name + "_max"] = min(values), max(values)
        return flat


def limit_install(figures, n):
    clsact("add")
    load("entries", "create", 0, n)
    figures.add("limit_install_rules_s", load("rules", "install", "lan0", "wan0", 0, n, "update")["per_second"])
    figures.add("limit_dump_rules_s", load("dump", "rules", "lan0", "wan0")["per_second"])
    figures.add("limit_dump_entries_s", load("dump", "entries")["per_second"])
    figures.add("limit_delete_rules_s", load("rules", "delete", "lan0", "wan0", 0, n)["per_second"])
    load("entries", "delete", 0, n)
    clsact("del")


def daemon_install(figures, n):
    with Daemon(2 * n) as daemon:
        rss = daemon.rss_bytes()
        began, cpu = time.monotonic(), daemon.cpu()
        load("entries", "create", 0, n)
        daemon.wait(n)
        figures.add("install_rules_s", 2 * n / (time.monotonic() - began))
        figures.add("install_cpu_us_per_flow", (daemon.cpu() - cpu) * 1e6 / n)
        figures.add("bytes_per_flow", (daemon.rss_bytes() - rss) / n)
        began, cpu = time.monotonic(), daemon.cpu()
        load("entries", "delete", 0, n)
        daemon.wait(0, "total")
        figures.add("end_flows_s", n / (time.monotonic() - began))
        figures.add("end_cpu_us_per_flow", (daemon.cpu() - cpu) * 1e6 / n)


def events(figures, n):
    """Measures new and destroy events of connections for which the daemon has no room: it reads and
    decodes them and looks them up, but does nothing else. The limit only receives the events."""
    reader = subprocess.Popen(["benchload", "events", str(2 * n)], stdout=subprocess.PIPE, text=True)
    reader.stdout.readline()
    load("entries", "create", 0, n)
    load("entries", "delete", 0, n)
    bare = json.loads(reader.communicate(timeout=120)[0])["cpu_seconds"]
    with Daemon(1000) as daemon:
        load("entries", "create", 0, 1000)
        daemon.wait(1000)
        seen, cpu = daemon.status()["counters"]["ct_events"], daemon.cpu()
        load("entries", "create", 1000, n)
        load("entries", "delete", 1000, n)
        while daemon.status()["counters"]["ct_events"] - seen < 2 * n:
            time.sleep(0.05)
        figures.add("limit_events_cpu_s", 2 * n / bare)
        figures.add("events_cpu_s", 2 * n / (daemon.cpu() - cpu))
        load("entries", "delete", 0, 1000)


def n_rules():
    return load("dump", "rules", "lan0", "wan0")["requests"]


def burst(figures, n):
    """Creates and destroys connections faster than the daemon can read their events."""
    with Daemon(2 * n) as daemon:
        before = n_rules()
        load("entries", "create", 0, n)
        load("entries", "delete", 0, n)
        daemon.wait(0, "total")
        figures.add("burst_wrong", n_rules() - before)
        figures.add("burst_overruns", daemon.status()["counters"]["ct_overruns"])


def slab_bytes():
    with open("/proc/meminfo", encoding="ascii") as f:
        return sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Slab:"))


def large(figures, n):
    """Measures what N connections cost: memory, CPU time while idle, and a restart."""
    with Daemon(n + n // 10) as daemon:
        rss, slab, began, cpu = daemon.rss_bytes(), slab_bytes(), time.monotonic(), daemon.cpu()
        load("entries", "create", 0, n)
        daemon.wait(n)
        figures.add("install_rules_s_large", 2 * n / (time.monotonic() - began))
        figures.add("install_cpu_us_per_flow_large", (daemon.cpu() - cpu) * 1e6 / n)
        figures.add("bytes_per_flow_large", (daemon.rss_bytes() - rss) / n)
        figures.add("kernel_bytes_per_flow_large", (slab_bytes() - slab) / n)
        time.sleep(5)
        cpu, began = daemon.cpu(), time.monotonic()
        time.sleep(30)
        figures.add("idle_cpu_pct_large", (daemon.cpu() - cpu) * 100 / (time.monotonic() - began))
        daemon.control.close()
        daemon.process.kill()
        daemon.process.wait()
        dump = load("dump", "rules", "lan0", "wan0")["seconds"] + load("dump", "entries")["seconds"]
        began = time.monotonic()
        daemon.start()
        daemon.wait(n)
        figures.add("adopt_seconds_large", time.monotonic() - began)
        figures.add("limit_dump_seconds_large", dump)
        figures.add("adopted_large", daemon.status()["counters"]["flows_adopted"])
        began = time.monotonic()
        load("entries", "delete", 0, n)
        daemon.wait(0, "total")
        figures.add("end_flows_s_large", n / (time.monotonic() - began))


def tc_batch(figures, n):
    clsact("add")
    lines = "".join(
        f"filter add dev {dev} ingress protocol ip pref 3 handle {2 * i + k + 1} flower skip_hw "
        f"ip_proto tcp src_ip 10.0.{i >> 8}.{i & 255} dst_ip 203.0.113.2 src_port {1024 + i} dst_port {443 + k} "
        "ip_flags nofrag tcp_flags 0/7 action pedit ex munge eth src set 02:00:00:00:02:01 munge eth dst set "
        "02:00:00:00:02:02 munge ip ttl add 255 munge ip src set 198.51.100.1 pipe csum ip tcp pipe "
        f"mirred egress redirect dev {out}\n"
        for i in range(n) for k, (dev, out) in enumerate((("lan0", "wan0"), ("wan0", "lan0"))))
    began = time.monotonic()
    run("tc", "-batch", "-", stdin=lines)
    figures.add("tc_batch_rules_s", 2 * n / (time.monotonic() - began))
    clsact("del")


def delays(figures, rate, n):
    with Daemon(2 * n):
        d = load("delays", "lan0", 0, n, rate)
        for name in ("p50_us", "p99_us", "p999_us", "max_us"):
            figures.add(f"delay_{rate}_large", d[name])
        load("entries", "delete", 0, n)


def workers(figures, n):
    """Measures installs with one worker and with two, on two CPUs."""
    for w in (1, 2):
        with Daemon(2 * n, w) as daemon:
            began = time.monotonic()
            load("entries", "create", 0, n)
            daemon.wait(n)
            figures.add(f"qemu_install_rules_s_{w}w", 2 * n / (time.monotonic() - began))
            load("entries", "delete", 0, n)
            daemon.wait(0, "total")


def part_uml(figures, args):
    for turn in range(args.repeat):
        print(f"# turn {turn + 1} of {args.repeat}", flush=True)
        limit_install(figures, args.flows)
        daemon_install(figures, args.flows)
        tc_batch(figures, args.flows // 10)
        delays(figures, 1000, 3000)
        delays(figures, 10000, 20000)
        events(figures, args.flows)
    burst(figures, args.burst)
    if args.large:
        large(figures, args.large)
        figures.ratio("adopt_vs_dump", "limit_dump_seconds_large", "adopt_seconds_large")
    figures.ratio("install_1w_vs_limit", "install_rules_s", "limit_install_rules_s")
    figures.ratio("events_vs_recvmmsg", "events_cpu_s", "limit_events_cpu_s")
    figures.ratio("install_vs_tc_batch", "install_rules_s", "tc_batch_rules_s")


def part_qemu(figures, args):
    for turn in range(args.repeat):
        print(f"# turn {turn + 1} of {args.repeat}, two CPUs", flush=True)
        workers(figures, args.flows // 5)
    figures.ratio("install_2w_vs_1w", "qemu_install_rules_s_2w", "qemu_install_rules_s_1w")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--flows", type=int, default=50000)
    parser.add_argument("--part", choices=["uml", "qemu"], default="uml")
    parser.add_argument("--burst", type=int, default=262144)
    parser.add_argument("--large", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("result")
    args = parser.parse_args()
    for line in SETUP.strip().splitlines():
        run(*line.split())
    figures = Figures()
    {"uml": part_uml, "qemu": part_qemu}[args.part](figures, args)
    flat = figures.flat()
    for name, value in flat.items():
        if not name.endswith(("_min", "_max")):
            print(f"{name:32} {value:14.3f}", flush=True)
    if os.path.exists(args.result):
        with open(args.result, encoding="ascii") as f:
            flat = json.load(f) | flat
    with open(args.result, "w", encoding="ascii") as f:
        json.dump(flat, f, indent=1)
        f.write("\n")


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# profile.sh - tests one profile of nicsim with each kind of connection, and checks each
# packet on both sides. For cases that source topo.sh, nicsim-topo.sh and hardware.sh
# first:
#
#	profile_begin OPTION-OF-NICSIM...	loads nicsim, makes the router, starts labsniff
#	hw_daemon LINE...
#	profile_run CELL=VALUE...		starts the flows; fails unless each becomes VALUE
#	profile_close				ends them; fails after a lost or wrong packet
#	profile_end				stops the daemon; fails if rules are left
#
# Cells are named "udp-ipv4-routed", "tcp-ipv6-nat" and so on; a pattern matches several,
# and the first pattern that matches counts. VALUE is "nic": the flow is offloaded, and
# packets hit both of its rules in the card; or the reasons that are allowed for a flow
# on the CPU: "no-recipe|not-hit".

# Routed flows have an unusual TTL, so that rules with a fixed TTL do not pass.
PROFILE_TTL=99

profile_begin() {
	rm -f profile.*
	nicsim_load "$@"
	topo_router2
	router_nft -f - <<-'END'
		table inet labnat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname "wan0" udp sport 30000-30999 masquerade
				oifname "wan0" tcp sport 30000-30999 masquerade
			}
		}
	END
	topo_acct
	local out="smac=$WAN_MAC,dmac=$SERVER_MAC" back="smac=$LAN_MAC,dmac=$CLIENT_MAC" odd="ttl=$((PROFILE_TTL - 1))"
	sniff_open server server s0 \
		"src=$CLIENT4,dst=$SERVER4,sport=20000-20999,dport=6000-6099,$odd,$out" \
		"src=$ROUTER4,dst=$SERVER4,dport=6100-6199,ttl=63,$out" \
		"src=$CLIENT6,dst=$SERVER6,sport=20000-20999,dport=6200-6299,$odd,$out" \
		"src=$ROUTER6,dst=$SERVER6,dport=6300-6399,ttl=63,$out"
	sniff_open client client c0 \
		"src=$SERVER4,dst=$CLIENT4,sport=6000-6099,dport=20000-20999,$odd,$back" \
		"src=$SERVER4,dst=$CLIENT4,sport=6100-6199,dport=30000-30999,ttl=63,$back" \
		"src=$SERVER6,dst=$CLIENT6,sport=6200-6299,dport=20000-20999,$odd,$back" \
		"src=$SERVER6,dst=$CLIENT6_ULA,sport=6300-6399,dport=30000-30999,ttl=63,$back"
}

profile_crowd() {
	local name="$1"
	shift
	crowd_open "$name" "$@" udp:udp,flows=2,rate=6,size=900,answer=300 tcp:tcp,flows=2,rate=4,size=4000,answer=2500
}

# profile_check hits|no CELL=VALUE...: true if all flows are as expected. Writes the result to
# profile.out. With "hits", packets must have hit the rules since profile.rules was written.
profile_check() {
	offload -j flows >profile.flows
	python3 -B - "$LAB_SRC/tests/lab" "$NICSIM_DEBUGFS/rules" "$@" >profile.out <<-'END'
		import fnmatch, json, re, sys
		sys.path.insert(0, sys.argv[1])
		import agree

		def packets(path):
		    counts = {}
		    for line, m in zip(open(path), agree.nic_rules(path)):
		        key = (m.dev, m.proto, m.src, m.dst, m.sport, m.dport)
		        counts[key] = counts.get(key, 0) + int(re.search(r" packets=(\d+)", line).group(1))
		    return counts

		def tuples(f):
		    for dev, which in zip(f["devices"], ("orig", "reply")):
		        t = f[which]
		        yield dev, f["proto"], t["src"], t["dst"], t["sport"], t["dport"]

		hits, expected = sys.argv[3] == "hits", [e.split("=", 1) for e in sys.argv[4:]]
		now = packets(sys.argv[2])
		before = packets("profile.rules") if hits else {}
		cells, wrong = {}, []
		for f in json.load(open("profile.flows")):
		    if not 6000 <= f["orig"]["dport"] < 6400:
		        continue
		    nat = f["reply"]["dst"] != f["orig"]["src"]
		    name = "%s-%s-%s" % (f["proto"], f["family"], "nat" if nat else "routed")
		    value = next(v for p, v in expected if fnmatch.fnmatch(name, p))
		    got = "nic" if f["state"] == "offloaded" and f["in_hw"] else f["reason"] or f["state"]
		    if got == "nic" and hits:
		        idle = [t for t in tuples(f) if now.get(t, 0) <= before.get(t, 0)]
		        if idle:
		            got = "in the NIC and not hit: %s" % idle
		    cells.setdefault(name, []).append(got)
		    if got not in value.split("|"):
		        wrong.append("%s: %s, wanted %s" % (name, got, value))
		missing = {"%s-%s-%s" % (p, i, n) for p in ("tcp", "udp") for i in ("ipv4", "ipv6") for n in ("routed", "nat")} - set(cells)
		for name, got in sorted(cells.items()):
		    print(name, ", ".join(sorted(set(got))))
		print("\n".join(wrong + ["nothing of %s" % m for m in missing]))
		sys.exit(1 if wrong or missing else 0)
	END
}

profile_run() {
	profile_crowd routed4 --ttl "$PROFILE_TTL" --port 6000 --sport 20000
	profile_crowd nat4 --port 6100 --sport 30000
	profile_crowd routed6 --ttl "$PROFILE_TTL" --port 6200 --sport 20000 --to "$SERVER6" --source "$CLIENT6"
	profile_crowd nat6 --port 6300 --sport 30000 --to "$SERVER6" --source "$CLIENT6_ULA"
	for name in routed4 nat4 routed6 nat6; do
		crowd_ready "$name" 30
	done
	wait_until 30 profile_check no "$@" || { cat profile.out; fail "connections are not where they should be"; }
	# Each flow sends several times a second, so packets soon hit every rule in the card.
	cp "$NICSIM_DEBUGFS/rules" profile.rules
	case "$*" in
	*=nic*) wait_until 20 profile_check hits "$@" || { cat profile.out; fail "packets do not hit the rules in the card"; } ;;
	*) wait_for 20 profile_cpu_works ;;
	esac
	cat profile.out
}

# For flows that are not in the card: the CPU has received 500 packets since the first call.
profile_cpu_works() {
	[ -e profile.cpu ] || nicsim_counter cpu_rx_packets >profile.cpu
	[ "$(nicsim_counter cpu_rx_packets)" -ge $(($(cat profile.cpu) + 500)) ]
}

profile_close() {
	local name
	for name in routed4 nat4 routed6 nat6; do
		crowd_close "$name"
		assert_eq "$name: lost" "$(crowd_lost "$name")" 0
	done
	sniff_close server
	sniff_close client
	echo "$(sniff_packets server) packets at the server, $(sniff_packets client) at the client, all of them right"
}

profile_end() {
	stop_daemon
	assert_eq "filters left" "$(filters lan0)$(filters wan0)" 00
	assert_eq "entries left in the card" "$(nicsim used)" 0
}

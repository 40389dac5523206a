# SPDX-License-Identifier: GPL-2.0-or-later

nftoffloadconfdir = $(sysconfdir)/nft-offload
dist_nftoffloadconf_DATA = conf/nft-offload.conf

# Example rulesets; tests/lint/examples and tests/cases/59* check them.
examplesdir = $(docdir)/examples
dist_examples_DATA = \
	conf/examples/README.md \
	conf/examples/home-nat.nft conf/examples/home-nat.conf \
	conf/examples/ipv6-only.nft conf/examples/ipv6-only.conf \
	conf/examples/dmz-dnat.nft conf/examples/dmz-dnat.conf \
	conf/examples/opt-in-mark.nft conf/examples/opt-in-mark.conf \
	conf/examples/opt-out-set.nft conf/examples/opt-out-set.conf \
	conf/examples/qos.nft conf/examples/qos.conf conf/examples/qos.tc

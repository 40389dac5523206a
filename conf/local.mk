# SPDX-License-Identifier: GPL-2.0-or-later

nftoffloadconfdir = $(sysconfdir)/nft-offload
dist_nftoffloadconf_DATA = conf/nft-offload.conf

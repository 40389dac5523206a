# SPDX-License-Identifier: GPL-2.0-or-later

dist_man_MANS += man/nft-offloadd.8 man/nft-offload.8 man/nft-offload.conf.5

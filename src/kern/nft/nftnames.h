/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftnames - name and comment that identify our nft table.
 */
#pragma once

#define NFTNAMES_TABLE	 "nft_offload"
#define NFTNAMES_COMMENT "made and kept by nft-offloadd"

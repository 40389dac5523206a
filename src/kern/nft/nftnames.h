/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftnames - the names by which our nft table is known.
 */
#pragma once

#define NFTNAMES_TABLE	 "nft_offload"
#define NFTNAMES_COMMENT "made and kept by nft-offloadd"

/* SPDX-License-Identifier: MIT */
/*
 * platwarn.h - tell the operator that subscribers are refused something
 * (RFC 6888, REQ-11c)
 */
#ifndef XLAT_CMD_PLATWARN_H
#define XLAT_CMD_PLATWARN_H

#include "nat64/nat64.h"

/**
 * struct platwarn - what was told, by reason
 * @next:	no line before then, ns
 * @missed:	refusals since the last line
 */
struct platwarn {
	uint64_t next[WHY_COUNT];
	uint64_t missed[WHY_COUNT];
};

/**
 * platwarn_see() - a packet was not forwarded; a line in the log if that is
 * for want of something, at most one in ten seconds for each reason
 */
void platwarn_see(struct platwarn *w, const struct nat64 *n, enum xlat_why why,
		  uint64_t now);

#endif

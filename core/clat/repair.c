/* SPDX-License-Identifier: MIT */
#include "clat/repair.h"

#define SECOND 1000000000ull
#define WAIT   SECOND
#define WINDOW (60 * SECOND)
#define MOST   5u

bool repair_due(struct repair *r, bool missing, uint64_t now)
{
	if (!missing || r->given_up) {
		r->at = 0;
		return false;
	}
	if (!r->at)
		r->at = now + WAIT;
	if (r->at > now)
		return false;
	r->at = 0;
	if (r->count == 0 || now - r->since >= WINDOW) {
		r->since = now;
		r->count = 0;
	}
	r->given_up = r->count++ >= MOST;
	return !r->given_up;
}

uint64_t repair_deadline(const struct repair *r)
{
	return r->at ? r->at : UINT64_MAX;
}

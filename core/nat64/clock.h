/* SPDX-License-Identifier: MIT */
/*
 * clock.h - seconds
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_CLOCK_H
#define XLAT_NAT64_CLOCK_H

#include "nat64/quicken.h"

#define NS_PER_S 1000000000ull

/* Time never goes back, whatever the caller's clock does. */
XL_INLINE void clock_set(struct nat64 *n, uint64_t now)
{
	const uint32_t seconds = (uint32_t)(now / NS_PER_S);

	if (now > n->now_ns)
		n->now_ns = now;
	if (seconds > n->now)
		n->now = seconds;
}

/* The second in which a session is over. */
XL_INLINE uint64_t session_end(const struct nat64 *n, const struct session *s)
{
	return (uint64_t)quicken_used(n, s) + n->cfg.timeout[s->class] + 1;
}

#endif

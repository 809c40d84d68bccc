/* SPDX-License-Identifier: MIT */
/*
 * cooling.h - ports that have become free and are kept back for a while, so
 * that nobody gets what is still sent to another (RFC 6888, REQ-8)
 *
 * Internal to nat64/.
 *
 * They stay taken in the pool, and wait in a ring, all for the same time. When
 * the ring is full the oldest goes early.
 */
#ifndef XLAT_NAT64_COOLING_H
#define XLAT_NAT64_COOLING_H

#include "nat64/state.h"

/* cooling_add() - keep a port that was taken until now. */
void cooling_add(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port);

/**
 * cooling_restore() - keep a port that was kept elsewhere
 * @c:		@c->pool: an address
 * @age:	seconds since it became free
 *
 * Return: false: it need not, or cannot, be kept
 */
XL_MUST_USE bool cooling_restore(struct nat64 *n, const struct cooling *c,
				 uint64_t age);

/* cooling_move() - keep what was kept in another NAT64. */
void cooling_move(struct nat64 *n, const struct nat64 *from);

/* cooling_expire() - let the oldest go if its time has come. */
bool cooling_expire(struct nat64 *n);

/* The second from which on that has something to do; UINT64_MAX: never. */
uint64_t cooling_next_expiry(const struct nat64 *n);

XL_INLINE const struct cooling *cooling_at(const struct nat64 *n,
					   uint64_t number)
{
	return &n->cooling[number % n->cfg.hold_max];
}

XL_INLINE uint32_t cooling_count(const struct nat64 *n)
{
	return (uint32_t)(n->cooling_end - n->cooling_first);
}

#endif

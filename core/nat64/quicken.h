/* SPDX-License-Identifier: MIT */
/*
 * quicken.h - which sessions are in the table of busy ones (quick.h)
 *
 * Internal to nat64/.
 *
 * A session gets there by several packets within a second, and stays until its
 * state changes, or until it is idle and another one needs the place. A flood
 * of short flows costs nothing: each has to be worth it.
 */
#ifndef XLAT_NAT64_QUICKEN_H
#define XLAT_NAT64_QUICKEN_H

#include "nat64/state.h"

#define QUICKEN_WORTH 8u /* packets in a second; a super-packet counts once */
#define QUICKEN_IDLE  2u /* seconds until others may have its place */

/* quicken_add() - a session into the table, if it may be there and there is
 * room. */
void quicken_add(struct nat64 *n, uint32_t index);

/* quicken_remove() - out of it; its state may change now. */
void quicken_remove(const struct nat64 *n, struct session *s);

/* quicken_clear() - all of them. */
void quicken_clear(struct nat64 *n);

/* quicken_latest() - when it was used last; for one that is in the table. */
uint32_t quicken_latest(const struct nat64 *n, const struct session *s);

XL_INLINE bool quicken_has(const struct session *s)
{
	return s->quick[0] | s->quick[1];
}

/* When a session was used last, seconds. Who reads the table has a clock of
 * his own: this may be later than @n->now. */
XL_INLINE uint32_t quicken_used(const struct nat64 *n, const struct session *s)
{
	return XL_UNLIKELY(quicken_has(s)) ? quicken_latest(n, s) : s->used;
}

/* A packet is about to use a session. */
XL_INLINE void quicken_see(struct nat64 *n, uint32_t index)
{
	struct session *s = slab_at(&n->sessions, index);

	if (s->used != n->now)
		s->warm = 0;
	else if (s->warm < QUICKEN_WORTH && ++s->warm == QUICKEN_WORTH)
		quicken_add(n, index);
}

#endif

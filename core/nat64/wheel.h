/* SPDX-License-Identifier: MIT */
/*
 * wheel.h - when to look at which session again
 *
 * Internal to nat64/.
 *
 * Theory of operation. Each second of the next quarter of an hour or so has a
 * list of the sessions to look at when it has come; that second is never later
 * than the one in which the session is over. A packet only notes in its
 * session that it was used: the lists, whose entries have neighbours that
 * nobody has touched for long, are left alone. When the second has come, a
 * session that was used meanwhile is entered anew, for its new end or as far
 * ahead as the wheel reaches. Only a session that got less time than it had
 * is moved at once.
 */
#ifndef XLAT_NAT64_WHEEL_H
#define XLAT_NAT64_WHEEL_H

#include "nat64/state.h"

/**
 * wheel_add() - enter a session; it may be over already
 */
void wheel_add(struct nat64 *n, uint32_t index);

/**
 * wheel_remove() - take it out
 */
void wheel_remove(struct nat64 *n, uint32_t index);

/**
 * wheel_move() - enter it anew
 */
void wheel_move(struct nat64 *n, uint32_t index);

/**
 * wheel_first() - which session is to be looked at first, and when
 * @index:	its number, if there is one
 *
 * Return: second; UINT64_MAX: there is none
 */
XL_MUST_USE uint64_t wheel_first(const struct nat64 *n, uint32_t *index);

/**
 * wheel_turn() - nothing is left that was due before this second
 * @to:		what wheel_first() said; it goes no further than now
 */
void wheel_turn(struct nat64 *n, uint64_t to);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * restore.h - sessions of another NAT64 in this one
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_RESTORE_H
#define XLAT_NAT64_RESTORE_H

#include "nat64/state.h"

/**
 * restore_session() - have a session that another NAT64 had, with its binding
 * @s:		both ends, the pool's, @s->bib, @s->tcp and @s->class
 * @age:	seconds since it was used
 *
 * Return: false: it has run out, or could not be one, or the configuration
 *         does not allow it
 */
XL_MUST_USE bool restore_session(struct nat64 *n, const struct session *s,
				 uint64_t age);

#endif

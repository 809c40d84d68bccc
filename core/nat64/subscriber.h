/* SPDX-License-Identifier: MIT */
/*
 * subscriber.h - who has bindings: an IPv6 prefix, and its one pool address
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_SUBSCRIBER_H
#define XLAT_NAT64_SUBSCRIBER_H

#include "nat64/state.h"

XL_INLINE struct subscriber *subscriber_at(const struct nat64 *n,
					   uint32_t index)
{
	return slab_at(&n->subscribers, index);
}

/**
 * subscriber_find() - the subscriber that a client belongs to
 *
 * Return: its number; 0: it has no bindings
 */
uint32_t subscriber_find(const struct nat64 *n, struct addr6 client);

/**
 * subscriber_of() - the subscriber that a client belongs to, made if it is
 * new: subscriber_release() has to be called for it if no binding comes of it
 * @bib:	in which table its pool address has to have a port left
 * @index:	its number
 *
 * Return: WHY_NONE, or why there can be none
 */
XL_MUST_USE enum xlat_why subscriber_of(struct nat64 *n, struct addr6 client,
					enum bib bib, uint32_t *index);

/**
 * subscriber_fix() - the same, without regard to what is left; a new one gets
 * the pool address number @pool
 */
XL_MUST_USE enum xlat_why subscriber_fix(struct nat64 *n, struct addr6 client,
					 uint32_t pool, uint32_t *index);

/**
 * subscriber_admit() - may this client's subscriber open a session now, by its
 * rate? It counts as one if so
 */
XL_MUST_USE bool subscriber_admit(struct nat64 *n, struct addr6 client);

/**
 * subscriber_release() - forget it if it has no binding and no block of ports
 */
void subscriber_release(struct nat64 *n, uint32_t index);

#endif

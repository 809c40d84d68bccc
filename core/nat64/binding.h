/* SPDX-License-Identifier: MIT */
/*
 * binding.h - bindings: what a client's port becomes
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_BINDING_H
#define XLAT_NAT64_BINDING_H

#include "nat64/subscriber.h"

/**
 * binding_find6() - the binding of a client's port or identifier
 * binding_find4() - the binding of a pool address's
 *
 * Return: its number; 0: there is none
 */
uint32_t binding_find6(const struct nat64 *n, struct addr6 client,
		       uint16_t port, enum bib bib);
uint32_t binding_find4(const struct nat64 *n, uint32_t pool, uint16_t port,
		       enum bib bib);

/**
 * binding_open() - make one, which binding_release() has to be called for if no
 * session comes of it
 * @index:	its number
 *
 * Return: WHY_NONE, or why there can be none
 */
XL_MUST_USE enum xlat_why binding_open(struct nat64 *n, struct addr6 client,
				       uint16_t port, enum bib bib,
				       uint32_t *index);

/**
 * binding_fix() - make one that stays without sessions (RFC 6146, 3.1)
 * @s:		checked, and different from all others
 *
 * Return: WHY_NONE, or why there can be none
 */
XL_MUST_USE enum xlat_why binding_fix(struct nat64 *n,
				      const struct nat64_static *s);

/**
 * binding_restore() - make the one that a session had elsewhere; as
 * binding_open()
 * @s:		its client, pool, their ports, and bib
 */
XL_MUST_USE enum xlat_why
binding_restore(struct nat64 *n, const struct session *s, uint32_t *index);

/**
 * binding_release() - remove a binding if it has no session and is not static
 */
void binding_release(struct nat64 *n, uint32_t index);

XL_INLINE uint32_t binding_pool_addr(const struct nat64 *n,
				     const struct binding *b)
{
	return n->pool.addrs[b->pool].addr;
}

XL_INLINE struct subscriber *binding_subscriber(const struct nat64 *n,
						const struct binding *b)
{
	return subscriber_at(n, b->subscriber);
}

#endif

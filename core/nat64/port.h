/* SPDX-License-Identifier: MIT */
/*
 * port.h - which port a binding gets, and what becomes of it afterwards
 *
 * Internal to nat64/.
 */
#ifndef XLAT_NAT64_PORT_H
#define XLAT_NAT64_PORT_H

#include "nat64/state.h"

/**
 * port_take() - take a port for a binding
 * @b:		@b->pool_port is set; its subscriber, pool, client_port and bib
 *		are there
 *
 * Return: WHY_NONE, or why there is none
 */
XL_MUST_USE enum xlat_why port_take(struct nat64 *n, struct binding *b);

/**
 * port_claim() - take the port that a binding had elsewhere
 *
 * Return: false: its subscriber cannot have it here
 */
XL_MUST_USE bool port_claim(struct nat64 *n, const struct binding *b);

/* port_fix() - take the port of a static binding. */
void port_fix(struct nat64 *n, const struct binding *b);

/**
 * port_keep() - take a free port so that nobody gets it
 *
 * Return: false: it is not free
 */
XL_MUST_USE bool port_keep(struct nat64 *n, uint32_t which, enum bib bib,
			   uint16_t port);

/**
 * port_give() - give one back at once
 * port_release() - give one back, after some time if it has to be kept
 *
 * subscriber_release() has to follow.
 */
void port_give(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port);
void port_release(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port);

#endif

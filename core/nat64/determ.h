/* SPDX-License-Identifier: MIT */
/*
 * determ.h - deterministic mapping (RFC 7422): a subscriber's address and ports
 * are computed, and computed back, so that no log is needed
 *
 * The algorithm is number 0, sequential: subscriber by subscriber the ports of
 * an address are dealt out from the lowest on, then those of the next address.
 */
#ifndef XLAT_NAT64_DETERM_H
#define XLAT_NAT64_DETERM_H

#include "nat64/pool.h"

/**
 * struct determ - how ports are dealt out
 * @subscribers: how many there are
 * @ratio:	to an address (C in the RFC)
 * @ports:	that each has
 * @first:	the first subscriber's first port
 * @last:	the last port that may be used
 * @dynamic:	from this port on they are for whoever runs out of his own
 */
struct determ {
	uint32_t subscribers;
	uint32_t ratio;
	uint32_t ports;
	uint32_t first;
	uint32_t last;
	uint32_t dynamic;
};

/**
 * determ_plan() - for a configuration that has subscribers to deal out to
 */
struct determ determ_plan(const struct nat64_config *c);

/* determ_number() - the number of a client's subscriber by such a plan. */
uint32_t determ_number(const struct determ *d, const struct nat64_config *c,
		       struct addr6 client);

/* determ_check() - can it be done? NULL, or what was expected. */
XL_MUST_USE const char *determ_check(const struct nat64_config *c);

/**
 * determ_find() - what a client's subscriber has (f1 in the RFC)
 * @which:	number of the address, in ascending order
 *
 * Return: false: it is none of those subscribers
 */
XL_MUST_USE bool determ_find(const struct nat64_config *c, struct addr6 client,
			     uint32_t *which, struct pool_span *ports);

/* determ_addr() - the address of that number. */
uint32_t determ_addr(const struct nat64_config *c, uint32_t which);

/**
 * determ_who() - who has a port (f2 in the RFC)
 *
 * Return: false: no subscriber has it for himself
 */
XL_MUST_USE bool determ_who(const struct nat64_config *c, uint32_t addr,
			    uint16_t port, struct net6 *subscriber);

#endif

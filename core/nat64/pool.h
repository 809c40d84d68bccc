/* SPDX-License-Identifier: MIT */
/*
 * pool.h - pool4: addresses, and which of their ports are taken
 *
 * A bit per port, address and table. A port is found by looking from a random
 * place on for a clear bit in the bits of one address, 64 at a time, so the
 * cost is bounded and no other address is looked at.
 */
#ifndef XLAT_NAT64_POOL_H
#define XLAT_NAT64_POOL_H

#include "nat64/nat64.h"

/* The three tables of RFC 6146, 3.1; a transport address is taken in one of
 * them without regard to the others. ICMP's ports are identifiers. */
enum bib { BIB_UDP, BIB_TCP, BIB_ICMP, BIB_COUNT };

/* The protocol of a table; ICMP is IPv4's. */
XL_INLINE uint8_t bib_proto(uint8_t bib)
{
	return bib == BIB_UDP ? IP_UDP : bib == BIB_TCP ? IP_TCP : IP_ICMP;
}

#define POOL_NONE  UINT32_MAX
#define POOL_WORDS (65536u / 64) /* of a bitmap */

/**
 * struct pool_addr - one address
 * @port_min:	its lowest port; between it and
 * @port_max:	its highest there may be some that are not its own
 * @taken:	how many of those in between are taken, by table
 */
struct pool_addr {
	uint32_t addr;
	uint16_t port_min;
	uint16_t port_max;
	uint32_t taken[BIB_COUNT];
};

/**
 * struct pool - all of them
 * @addrs:	ascending
 * @count:	their number
 * @bits:	POOL_WORDS for each table of each address
 * @full:	by table, a bit per address that has no port left
 */
struct pool {
	struct pool_addr *addrs;
	uint32_t count;
	uint64_t *bits;
	uint64_t full[BIB_COUNT][NAT64_POOL_MAX / 64];
};

/* Addresses that the ranges have together. */
uint64_t pool_size(const struct nat64_range *ranges, uint32_t count);

/**
 * pool_fill() - list the addresses of the ranges
 */
void pool_fill(struct pool *pool, const struct nat64_range *ranges,
	       uint32_t count);

/**
 * pool_find() - the number of an address, or POOL_NONE
 */
uint32_t pool_find(const struct pool *pool, uint32_t addr);

/**
 * pool_choose() - an address that has a port left in this table
 * @random:	where to begin
 *
 * Return: its number, or POOL_NONE
 */
uint32_t pool_choose(const struct pool *pool, enum bib bib, uint64_t random);

/**
 * pool_take() - take a port of an address
 * @like:	the client's port: the new one is well-known if this is, and for
 *		UDP odd if this is (RFC 6146, 3.5.1.1), as long as there is one
 * @random:	64 random bits
 *
 * Return: the port; 0: none is left
 */
uint16_t pool_take(struct pool *pool, uint32_t which, enum bib bib,
		   uint16_t like, uint64_t random);

bool pool_is_free(const struct pool *pool, uint32_t which, enum bib bib,
		  uint16_t port);

/**
 * pool_claim() - take a given port, which may be one that pool_take() never
 * gives
 */
void pool_claim(struct pool *pool, uint32_t which, enum bib bib, uint16_t port);

void pool_give(struct pool *pool, uint32_t which, enum bib bib, uint16_t port);

#endif

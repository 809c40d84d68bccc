/* SPDX-License-Identifier: MIT */
/*
 * pool.h - pool4: addresses, and which of their ports are taken
 *
 * A bit per port, address and table. A port is found by looking from a random
 * place on for a clear bit in the bits of one address, 64 at a time, so the
 * cost is bounded and no other address is looked at. A further table has a bit
 * per block of ports, where subscribers get whole blocks.
 */
#ifndef XLAT_NAT64_POOL_H
#define XLAT_NAT64_POOL_H

#include "nat64/nat64.h"

/* The three tables of RFC 6146, 3.1; a transport address is taken in one of
 * them without regard to the others. ICMP's ports are identifiers. */
enum bib { BIB_UDP, BIB_TCP, BIB_ICMP, BIB_COUNT };

_Static_assert(BIB_UDP == (int)NAT64_OF_UDP && BIB_TCP == (int)NAT64_OF_TCP &&
		       BIB_ICMP == (int)NAT64_OF_ICMP,
	       "one order");

/* The protocol of a table, and back; ICMP is IPv4's. */
XL_INLINE uint8_t bib_proto(uint8_t bib)
{
	return bib == BIB_UDP ? IP_UDP : bib == BIB_TCP ? IP_TCP : IP_ICMP;
}

XL_INLINE enum bib bib_of(uint8_t proto)
{
	return proto == IP_UDP ? BIB_UDP : proto == IP_TCP ? BIB_TCP : BIB_ICMP;
}

#define POOL_BLOCKS    BIB_COUNT /* the table of blocks */
#define POOL_TABLES    (BIB_COUNT + 1u)
#define POOL_NONE      UINT32_MAX
#define POOL_WORDS     (65536u / 64) /* of a bitmap */

#define WELL_KNOWN_MAX 1023u /* ports */

/**
 * struct pool_span - ports, or numbers of blocks, from @min to @max; all zero:
 * none
 */
struct pool_span {
	uint16_t min;
	uint16_t max;
};

/**
 * struct pool_addr - one address
 * @ports:	its lowest port to its highest; in between there may be some
 *		that are not its own
 * @blocks:	its blocks, likewise; block number N begins at port N times
 *		their size
 * @taken:	how many of those in between are taken, by table
 * @closed:	ports among them that are taken for good
 */
struct pool_addr {
	uint32_t addr;
	struct pool_span ports;
	struct pool_span blocks;
	uint32_t taken[POOL_TABLES];
	uint32_t closed;
};

/**
 * struct pool - all of them
 * @addrs:	ascending
 * @count:	their number
 * @bits:	POOL_WORDS for each table of each address
 * @full:	by table, a bit per address that has no port, or block, left
 * @room:	by table, ports or blocks of all addresses
 * @used:	and how many of them are in use, since pool_open()
 */
struct pool {
	struct pool_addr *addrs;
	uint32_t count;
	uint64_t *bits;
	uint64_t full[POOL_TABLES][NAT64_POOL_MAX / 64];
	uint32_t room[POOL_TABLES];
	uint32_t used[POOL_TABLES];
};

/* Addresses that the ranges have together. */
uint64_t pool_size(const struct nat64_range *ranges, uint32_t count);

/**
 * pool_fill() - list the addresses of the ranges
 */
void pool_fill(struct pool *pool, const struct nat64_range *ranges,
	       uint32_t count);

/**
 * pool_cut() - cut the ports of each address into blocks
 * @size:	ports of one, a power of two
 * @from:	port from which on they may begin, above WELL_KNOWN_MAX
 */
void pool_cut(struct pool *pool, uint32_t size, uint32_t from);

/**
 * pool_open() - what is taken so far is taken for good: begin to count
 */
void pool_open(struct pool *pool);

/**
 * pool_find() - the number of an address, or POOL_NONE
 */
uint32_t pool_find(const struct pool *pool, uint32_t addr);

/**
 * pool_choose() - an address that has a port, or a block, left in this table
 * @random:	where to begin
 *
 * Return: its number, or POOL_NONE
 */
uint32_t pool_choose(const struct pool *pool, unsigned int table,
		     uint64_t random);

/* How much a new port has to be like the client's (RFC 6146, 3.5.1.1). */
enum pool_likeness {
	POOL_PARITY, /* well-known or not, odd or even */
	POOL_RANGE,  /* well-known or not */
	POOL_ANY,
	POOL_LIKENESSES
};

/**
 * pool_take() - take a port of an address
 * @span:	within these; all zero: none
 * @like:	the client's port
 * @how:	how much the new one has to be like it
 * @random:	64 random bits
 *
 * Return: the port; 0: there is none
 */
uint16_t pool_take(struct pool *pool, uint32_t which, enum bib bib,
		   struct pool_span span, uint16_t like, enum pool_likeness how,
		   uint64_t random);

/**
 * pool_take_block() - take a block of an address
 *
 * Return: its number; 0: none is left
 */
uint16_t pool_take_block(struct pool *pool, uint32_t which, uint64_t random);

bool pool_is_free(const struct pool *pool, uint32_t which, unsigned int table,
		  uint32_t port);

/**
 * pool_claim() - take a given port, or block, which may be one that is never
 * given otherwise
 */
void pool_claim(struct pool *pool, uint32_t which, unsigned int table,
		uint32_t port);

/**
 * pool_close() - take for good all ports, or blocks, from @min to @max that
 * are free
 */
void pool_close(struct pool *pool, uint32_t which, unsigned int table,
		uint32_t min, uint32_t max);

void pool_give(struct pool *pool, uint32_t which, unsigned int table,
	       uint32_t port);

#endif

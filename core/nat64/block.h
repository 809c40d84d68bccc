/* SPDX-License-Identifier: MIT */
/*
 * block.h - blocks of ports: whose they are
 *
 * Internal to nat64/.
 *
 * Theory of operation. A block is the same ports of all three tables of an
 * address. A record for each block there can be is found by address and port,
 * so nothing is searched; those of a subscriber are a list. Its address is
 * where all its blocks come from. A block goes back when none of its ports is
 * in use, or kept back (cooling.h), any more.
 */
#ifndef XLAT_NAT64_BLOCK_H
#define XLAT_NAT64_BLOCK_H

#include "nat64/event.h"
#include "nat64/state.h"

/* block_count() - records that there have to be; 0: there are no blocks. */
uint32_t block_count(const struct nat64_config *c);

/* block_has() - is this port one that is given by blocks? */
bool block_has(const struct nat64 *n, uint32_t which, uint16_t port);

/**
 * block_open() - a subscriber gets another block of its address
 * @random:	which one
 * @index:	its number
 *
 * Return: WHY_NONE, or why it does not
 */
XL_MUST_USE enum xlat_why block_open(struct nat64 *n, uint32_t subscriber,
				     uint64_t random, uint32_t *index);

/**
 * block_claim() - the block of this port is the subscriber's, or becomes so
 * @subscriber: 0: whoever has it, else nobody, so that nobody gets it
 *
 * Return: false: it is another's, nobody may have it, or the subscriber may not
 *         have another one
 */
XL_MUST_USE bool block_claim(struct nat64 *n, uint32_t subscriber,
			     uint32_t which, uint16_t port);

/* block_close() - no subscriber may have the block of this port. */
void block_close(struct nat64 *n, uint32_t which, uint16_t port);

/**
 * block_use() - a port of a block was taken
 * block_leave() - one was given back; the block goes with the last one. Its
 * subscriber stays: subscriber_release() has to follow
 */
void block_use(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port);
void block_leave(struct nat64 *n, uint32_t which, enum bib bib, uint16_t port);

/* block_owner() - the subscriber whose block a port is in; 0: nobody. */
uint32_t block_owner(const struct nat64 *n, uint32_t which, uint16_t port);

/* block_tell() - tell of each block of @n that its subscriber does not have in
 * @other that this happened to it. */
void block_tell(const struct nat64 *n, const struct nat64 *other,
		enum nat64_event_kind kind);

/* block_is_full() - has it no port left in a table? */
XL_INLINE bool block_is_full(const struct nat64 *n, uint32_t index,
			     enum bib bib)
{
	return n->blocks[index].used[bib] == n->cfg.port_block;
}

/* block_ports() - its ports. */
struct pool_span block_ports(const struct nat64 *n, uint32_t index);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ident.h - Identification of IPv4 packets that may be fragmented (eBPF-clean)
 *
 * The translator counts as the source of what it sends (RFC 6864, 5.3.1).
 * Values of one (source, destination, protocol) must not repeat soon and
 * must not be guessable from outside (RFC 7739): each such triple walks
 * through one of many counters, at a secret distance from it.
 */
#ifndef XLAT_SIIT_IDENT_H
#define XLAT_SIIT_IDENT_H

#include "base.h"

#define IDENT_COUNTERS 1024u

/**
 * struct ident - counters of one thread
 * @key:	128 random bits
 * @next:	counters, of which the low 16 bits count; any content is a good
 *		start
 */
struct ident {
	uint64_t key[2];
	uint32_t next[IDENT_COUNTERS];
};

/**
 * ident_mix() - which counter a triple walks through, and at what distance
 * @key0, @key1: the key
 *
 * Return: modulo IDENT_COUNTERS the counter; bits 16 and up the distance
 */
XL_INLINE uint64_t ident_mix(uint64_t key0, uint64_t key1, uint32_t src,
			     uint32_t dst, uint8_t proto)
{
	uint64_t h;

	h = (uint64_t)(src ^ (uint32_t)key0) * ((uint32_t)key1 | 1u) +
	    (uint64_t)(dst ^ (uint32_t)(key0 >> 32)) *
		    ((uint32_t)(key1 >> 32) | 1u) +
	    proto;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9;
	return h ^ h >> 32;
}

/**
 * ident_next() - an Identification
 * @id:		counters, or NULL for none: all packets get 0
 * @src:	IPv4 source
 * @dst:	IPv4 destination
 * @proto:	IPv4 protocol
 */
XL_INLINE uint16_t ident_next(struct ident *id, uint32_t src, uint32_t dst,
			      uint8_t proto)
{
	uint64_t h;

	if (!id)
		return 0;
	h = ident_mix(id->key[0], id->key[1], src, dst, proto);
	return (uint16_t)(id->next[h % IDENT_COUNTERS]++ + (h >> 16));
}

#endif

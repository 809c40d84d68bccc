/* SPDX-License-Identifier: MIT */
/*
 * shard.h - which of several threads a packet belongs to (eBPF-clean)
 *
 * Theory of operation. Each thread has a NAT64 of its own, with a part of the
 * subscribers and a part of the ports of every pool address, and gives its
 * subscribers none but its own ports. So both ways of a flow come to one
 * thread: packets from IPv6 by who sends them, packets from IPv4 by the port
 * that they are sent to. Only a fragment does not tell its port; all of a
 * datagram come to one thread, chosen without it, which hands them on when the
 * first has told it.
 *
 * None of this is secret, or different after a restart: sessions in a file
 * find the same thread again. Whoever aims at one thread gains what one
 * subscriber could have of it anyway.
 */
#ifndef XLAT_NAT64_SHARD_H
#define XLAT_NAT64_SHARD_H

#include "wire/ip.h"

#define SHARD_MAX  16u
#define SHARD_UNIT 64u /* ports in a row are one thread's, at least */

/* Bits well mixed, as a number below @count. */
XL_INLINE uint32_t shard_of_bits(uint64_t bits, uint32_t count)
{
	uint64_t h = (bits ^ bits >> 32) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9;
	return (uint32_t)((h >> 32) * count >> 32);
}

/**
 * shard_of_subscriber() - the thread of a subscriber
 * @prefix:	its IPv6 prefix, all other bits 0
 * @count:	of threads
 */
XL_INLINE uint32_t shard_of_subscriber(struct addr6 prefix, uint32_t count)
{
	return shard_of_bits(prefix.hi + prefix.lo * 0x94d049bb133111eb, count);
}

/**
 * shard_of_port() - the thread of a port, or identifier, of a pool address
 * @unit:	so many ports in a row are one thread's: a power of two, and no
 *		less than a block of ports
 *
 * Each thread has odd and even ports. It has ports up to 1023 as well if there
 * are no more threads than 1024 / @unit.
 */
XL_INLINE uint32_t shard_of_port(uint16_t port, uint32_t unit, uint32_t count)
{
	return port / unit % count;
}

/**
 * shard_of_datagram() - the thread that a fragment of IPv4 comes to first
 * @id:		its Identification
 */
XL_INLINE uint32_t shard_of_datagram(uint32_t src, uint32_t dst, uint16_t id,
				     uint32_t count)
{
	return shard_of_bits((uint64_t)src << 32 ^ dst ^ (uint64_t)id << 16,
			     count);
}

#endif

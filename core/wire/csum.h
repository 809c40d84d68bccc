/* SPDX-License-Identifier: MIT */
/*
 * csum.h - the Internet checksum (RFC 1071) and its incremental update
 * (RFC 1624) (eBPF-clean but for csum_bytes)
 *
 * A sum is a uint64_t of 16-bit big-endian words added up in host order;
 * 32-bit words may be added as they are, because 2^16 is 1 modulo 0xffff.
 * It cannot overflow before 2^32 such additions.  A "delta" is what has to
 * be added to the one's complement sum under a checksum when some of the
 * words it covers change; it does not depend on where the checksum stands,
 * nor on whether the field holds a finished checksum or the partial sum that
 * a virtio-net header announces.
 */
#ifndef XLAT_WIRE_CSUM_H
#define XLAT_WIRE_CSUM_H

#include "wire/be.h"

/**
 * csum_fold() - reduce a sum to 16 bits with end-around carry
 * @sum:	any sum
 *
 * Return: the sum modulo 0xffff; 0 only if @sum is 0
 */
XL_INLINE uint16_t csum_fold(uint64_t sum)
{
	uint32_t half;

	/* Adding a number to itself with its halves exchanged leaves their
	 * end-around sum in the upper half. */
	half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/**
 * csum_delta() - what replacing words summing to @old by words summing to
 * @new adds to a sum (RFC 1624, eqn. 3)
 *
 * Return: the delta, 0 where nothing changes
 */
XL_INLINE uint16_t csum_delta(uint64_t old, uint64_t new)
{
	uint16_t minus = csum_fold(old);
	uint16_t delta = csum_fold(new + (uint16_t)~minus);

	return delta == 0xffff ? 0 : delta;
}

/**
 * csum_adjust() - bring a finished checksum up to date
 * @check:	checksum as it stands in the packet
 * @delta:	from csum_delta()
 */
XL_INLINE uint16_t csum_adjust(uint16_t check, uint16_t delta)
{
	if (delta == 0)
		return check;
	return (uint16_t)~csum_fold((uint64_t)(uint16_t)~check + delta);
}

/**
 * csum_adjust_partial() - bring a partial checksum up to date: the field
 * holds the folded sum of the pseudo-header, not its complement
 */
XL_INLINE uint16_t csum_adjust_partial(uint16_t check, uint16_t delta)
{
	return csum_fold((uint64_t)check + delta);
}

/**
 * csum_bytes() - sum of @len bytes, padded with a zero byte if odd
 *
 * Adds in memory order and swaps once at the end: the one's complement sum
 * commutes with byte swapping (RFC 1071, 2.B).
 */
XL_INLINE uint64_t csum_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;
	uint64_t w8;
	uint32_t w4;
	uint16_t w2;

	for (; len >= 8; p += 8, len -= 8) {
		mem_copy(&w8, p, 8);
		sum += (w8 & 0xffffffff) + (w8 >> 32);
	}
	if (len & 4) {
		mem_copy(&w4, p, 4);
		sum += w4;
		p += 4;
	}
	if (len & 2) {
		mem_copy(&w2, p, 2);
		sum += w2;
		p += 2;
	}
	if (len & 1) {
		w2 = 0;
		mem_copy(&w2, p, 1);
		sum += w2;
	}
	return be_swap16(csum_fold(sum));
}

#endif

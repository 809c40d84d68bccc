/* SPDX-License-Identifier: MIT */
/*
 * be.h - reading and writing big-endian integers (eBPF-clean)
 *
 * Nothing else in core touches byte order: what these functions return, and
 * every integer kept in a structure, is in host order.  No alignment is
 * assumed.
 */
#ifndef XLAT_WIRE_BE_H
#define XLAT_WIRE_BE_H

#include "base.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define be_swap16(v) __builtin_bswap16(v)
#define be_swap32(v) __builtin_bswap32(v)
#define be_swap64(v) __builtin_bswap64(v)
#else
#define be_swap16(v) (v)
#define be_swap32(v) (v)
#define be_swap64(v) (v)
#endif

XL_INLINE uint16_t be_get16(const void *p)
{
	uint16_t v;

	mem_copy(&v, p, sizeof(v));
	return be_swap16(v);
}

XL_INLINE uint32_t be_get32(const void *p)
{
	uint32_t v;

	mem_copy(&v, p, sizeof(v));
	return be_swap32(v);
}

XL_INLINE uint64_t be_get64(const void *p)
{
	uint64_t v;

	mem_copy(&v, p, sizeof(v));
	return be_swap64(v);
}

XL_INLINE void be_put16(void *p, uint16_t v)
{
	v = be_swap16(v);
	mem_copy(p, &v, sizeof(v));
}

XL_INLINE void be_put32(void *p, uint32_t v)
{
	v = be_swap32(v);
	mem_copy(p, &v, sizeof(v));
}

XL_INLINE void be_put64(void *p, uint64_t v)
{
	v = be_swap64(v);
	mem_copy(p, &v, sizeof(v));
}

#endif

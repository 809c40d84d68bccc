/* SPDX-License-Identifier: MIT */
/*
 * pref64.h - IPv4-embedded IPv6 addresses, RFC 6052 (eBPF-clean)
 *
 * Seen as two 64-bit halves the six layouts are one: up to /64 the IPv4
 * address starts @len - 32 bits into the low half of @hi and goes on below
 * the reserved octet, which is the top byte of @lo; a /96 holds it in the
 * low half of @lo.  Shifts and masks only, nothing to index.
 */
#ifndef XLAT_SIIT_PREF64_H
#define XLAT_SIIT_PREF64_H

#include "wire/ip.h"

/**
 * struct pref64 - a translation prefix
 * @prefix:	bits beyond @len are zero
 * @len:	32, 40, 48, 56, 64 or 96; 0: no prefix
 */
struct pref64 {
	struct addr6 prefix;
	uint8_t len;
};

/**
 * pref64_check() - is this a prefix that RFC 6052 section 2.2 allows?
 *
 * Return: NULL, or what was expected, for an error message
 */
XL_INLINE XL_MUST_USE const char *pref64_check(struct addr6 prefix,
					       unsigned int len)
{
	const bool wkp = prefix.hi == 0x0064ff9b00000000 && prefix.lo == 0;

	if (len != 32 && len != 40 && len != 48 && len != 56 && len != 64 &&
	    len != 96)
		return "a prefix of length 32, 40, 48, 56, 64 or 96";
	if (!addr6_equal(prefix, addr6_mask(prefix, len)))
		return "a prefix without bits behind its length";
	if (len == 96 && prefix.lo >> 56)
		return "a /96 whose bits 64 to 71 are zero (RFC 6052, 2.2)";
	if (wkp && len != 96)
		return "64:ff9b::/96, the only length of the well-known prefix";
	return NULL;
}

/* 64:ff9b::/96, to which RFC 6052 section 3.1 applies. */
XL_INLINE bool pref64_is_wellknown(struct pref64 p)
{
	return p.len == 96 && p.prefix.hi == 0x0064ff9b00000000 &&
	       p.prefix.lo == 0;
}

XL_INLINE bool pref64_contains(struct pref64 p, struct addr6 a)
{
	const unsigned int shift = (64u - p.len) & 63;

	if (p.len == 96)
		return a.hi == p.prefix.hi && a.lo >> 32 == p.prefix.lo >> 32;
	return p.len && a.hi >> shift == p.prefix.hi >> shift;
}

/**
 * pref64_embed() - IPv4 address to IPv4-embedded address (RFC 6052, 2.3)
 */
XL_INLINE struct addr6 pref64_embed(struct pref64 p, uint32_t v4)
{
	const unsigned int shift = (p.len - 32u) & 63;
	const uint64_t a = v4;

	if (p.len == 96)
		return (struct addr6){ p.prefix.hi, p.prefix.lo | a };
	return (struct addr6){
		.hi = p.prefix.hi | a >> shift,
		.lo = p.prefix.lo | ((a << (56 - shift)) & 0x00ffffffffffffff),
	};
}

/**
 * pref64_extract() - the embedded IPv4 address; suffix and reserved octet
 * are ignored (RFC 6052, 2.2)
 */
XL_INLINE uint32_t pref64_extract(struct pref64 p, struct addr6 a)
{
	const unsigned int shift = (p.len - 32u) & 63;

	if (p.len == 96)
		return (uint32_t)a.lo;
	return (uint32_t)(a.hi << shift |
			  (a.lo & 0x00ffffffffffffff) >> (56 - shift));
}

#endif

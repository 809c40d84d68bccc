/* SPDX-License-Identifier: MIT */
/*
 * icmpmap.h - ICMP types, codes, pointers and MTUs from one family to the
 * other, RFC 7915 sections 4.2 and 5.2 (eBPF-clean)
 */
#ifndef XLAT_SIIT_ICMPMAP_H
#define XLAT_SIIT_ICMPMAP_H

#include "wire/ip.h"

/* What becomes of the second 32-bit word of the message. */
enum icmpmap_word {
	ICMPMAP_ZERO,    /* zero, or an RFC 4884 length */
	ICMPMAP_KEEP,    /* echo: identifier and sequence number */
	ICMPMAP_MTU,     /* icmpmap_mtu_4to6(), icmpmap_mtu_6to4() */
	ICMPMAP_POINTER, /* @pointer */
};

/**
 * struct icmpmap - what an ICMP message becomes
 * @ok:		there is a counterpart; else it is dropped silently
 * @type:	ICMP type
 * @code:	ICMP code
 * @pointer:	of a parameter problem
 * @word:	what stands in the second word
 */
struct icmpmap {
	bool ok;
	uint8_t type;
	uint8_t code;
	uint8_t pointer;
	enum icmpmap_word word;
};

#define ICMPMAP_TO(type, code, word)                                           \
	((struct icmpmap){ true, type, code, 0, ICMPMAP_##word })
#define ICMPMAP_NONE ((struct icmpmap){ false, 0, 0, 0, ICMPMAP_ZERO })

XL_INLINE struct icmpmap icmpmap_unreachable_4to6(uint8_t code)
{
	switch (code) {
	case 0:
	case 1:
	case 5:
	case 6:
	case 7:
	case 8:
	case 11:
	case 12:
		return ICMPMAP_TO(1, 0, ZERO);
	case 2: /* the Next Header field, whatever stands in between */
		return (struct icmpmap){ true, 4, 1, 6, ICMPMAP_POINTER };
	case 3:
		return ICMPMAP_TO(1, 4, ZERO);
	case 4:
		return ICMPMAP_TO(2, 0, MTU);
	case 9:
	case 10:
	case 13:
	case 15:
		return ICMPMAP_TO(1, 1, ZERO);
	default:
		return ICMPMAP_NONE;
	}
}

/* RFC 7915, figure 3. */
XL_INLINE struct icmpmap icmpmap_pointer_4to6(uint8_t pointer)
{
	struct icmpmap m = { true, 4, 0, 0, ICMPMAP_POINTER };

	if (pointer <= 1)
		m.pointer = pointer;
	else if (pointer <= 3)
		m.pointer = 4;
	else if (pointer == 8)
		m.pointer = 7;
	else if (pointer == 9)
		m.pointer = 6;
	else if (pointer >= 12 && pointer <= 15)
		m.pointer = 8;
	else if (pointer >= 16 && pointer <= 19)
		m.pointer = 24;
	else
		m.ok = false;
	return m;
}

/**
 * icmpmap_4to6() - ICMPv4 to ICMPv6 (RFC 7915, 4.2)
 * @type:	ICMPv4 type
 * @code:	ICMPv4 code
 * @pointer:	byte 4 of the message
 */
XL_INLINE struct icmpmap icmpmap_4to6(uint8_t type, uint8_t code,
				      uint8_t pointer)
{
	switch (type) {
	case 0:
		return ICMPMAP_TO(129, code, KEEP);
	case 8:
		return ICMPMAP_TO(128, code, KEEP);
	case 3:
		return icmpmap_unreachable_4to6(code);
	case 11:
		return ICMPMAP_TO(3, code, ZERO);
	case 12:
		return code == 0 || code == 2 ? icmpmap_pointer_4to6(pointer)
					      : ICMPMAP_NONE;
	default:
		return ICMPMAP_NONE;
	}
}

/* RFC 7915, figure 6. */
XL_INLINE struct icmpmap icmpmap_pointer_6to4(uint32_t pointer)
{
	struct icmpmap m = { true, 12, 0, 0, ICMPMAP_POINTER };

	if (pointer <= 1)
		m.pointer = (uint8_t)pointer;
	else if (pointer == 4 || pointer == 5)
		m.pointer = 2;
	else if (pointer == 6)
		m.pointer = 9;
	else if (pointer == 7)
		m.pointer = 8;
	else if (pointer >= 8 && pointer <= 23)
		m.pointer = 12;
	else if (pointer >= 24 && pointer <= 39)
		m.pointer = 16;
	else
		m.ok = false;
	return m;
}

XL_INLINE struct icmpmap icmpmap_unreachable_6to4(uint8_t code)
{
	switch (code) {
	case 0:
	case 2:
	case 3:
		return ICMPMAP_TO(3, 1, ZERO);
	case 1:
		return ICMPMAP_TO(3, 10, ZERO);
	case 4:
		return ICMPMAP_TO(3, 3, ZERO);
	default:
		return ICMPMAP_NONE;
	}
}

/**
 * icmpmap_6to4() - ICMPv6 to ICMPv4 (RFC 7915, 5.2)
 * @type:	ICMPv6 type
 * @code:	ICMPv6 code
 * @pointer:	second 32-bit word of the message
 */
XL_INLINE struct icmpmap icmpmap_6to4(uint8_t type, uint8_t code,
				      uint32_t pointer)
{
	switch (type) {
	case 128:
		return ICMPMAP_TO(8, code, KEEP);
	case 129:
		return ICMPMAP_TO(0, code, KEEP);
	case 1:
		return icmpmap_unreachable_6to4(code);
	case 2:
		return ICMPMAP_TO(3, 4, MTU);
	case 3:
		return ICMPMAP_TO(11, code, ZERO);
	case 4:
		if (code == 1)
			return ICMPMAP_TO(3, 2, ZERO);
		return code == 0 ? icmpmap_pointer_6to4(pointer) : ICMPMAP_NONE;
	default:
		return ICMPMAP_NONE;
	}
}

XL_INLINE uint32_t icmpmap_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* RFC 1191, table 7-1: the largest plateau below @total that IPv6 can use. */
XL_INLINE uint32_t icmpmap_plateau(uint32_t total)
{
	return total > 65535   ? 65535
	       : total > 32000 ? 32000
	       : total > 17914 ? 17914
	       : total > 8166  ? 8166
	       : total > 4352  ? 4352
	       : total > 2002  ? 2002
	       : total > 1492  ? 1492
			       : 0;
}

/**
 * icmpmap_mtu_4to6() - MTU of a Packet Too Big (RFC 7915, 4.2)
 * @mtu:	of the Fragmentation Needed; 0: from an old router
 * @total:	Total Length of the quoted packet, bytes
 * @mtu4:	MTU of the IPv4 next hop
 * @mtu6:	MTU of the IPv6 next hop
 *
 * Return: bytes, never below 1280 (RFC 8021)
 */
XL_INLINE uint32_t icmpmap_mtu_4to6(uint32_t mtu, uint32_t total, uint32_t mtu4,
				    uint32_t mtu6)
{
	if (mtu == 0)
		mtu = icmpmap_plateau(total);
	mtu = icmpmap_min(mtu + 20, icmpmap_min(mtu6, mtu4 + 20));
	return mtu < IP6_MTU_MIN ? IP6_MTU_MIN : mtu;
}

/**
 * icmpmap_mtu_6to4() - MTU of a Fragmentation Needed (RFC 7915, 5.2)
 * @mtu:	of the Packet Too Big
 * @mtu4:	MTU of the IPv4 next hop
 * @mtu6:	MTU of the IPv6 next hop
 */
XL_INLINE uint32_t icmpmap_mtu_6to4(uint32_t mtu, uint32_t mtu4, uint32_t mtu6)
{
	const uint32_t v4 = mtu > 20 ? mtu - 20 : 0;

	return icmpmap_min(icmpmap_min(v4, 65535),
			   icmpmap_min(mtu4, mtu6 - 20));
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ip.h - addresses and IP headers as values, and their wire form (eBPF-clean)
 *
 * A header is read from the wire into a value, a new value is computed from
 * it, and that is written back: RFC 7915's tables then are functions from
 * value to value, and no half-translated header ever exists in a packet.
 * All integers are in host order.
 */
#ifndef XLAT_WIRE_IP_H
#define XLAT_WIRE_IP_H

#include "wire/be.h"
#include "wire/csum.h"

#define IP4_HDR_LEN  20u
#define IP4_HDR_MAX  60u
#define IP6_HDR_LEN  40u
#define IP6_FRAG_LEN 8u
#define IP6_MTU_MIN  1280u
#define ICMP_HDR_LEN 8u
#define UDP_HDR_LEN  8u
#define TCP_HDR_LEN  20u

/* IANA protocol numbers that this program treats by name. */
enum ip_proto {
	IP_HOPOPTS = 0,
	IP_ICMP = 1,
	IP_IGMP = 2,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_ESP = 50,
	IP_AH = 51,
	IP_ICMP6 = 58,
	IP_NONE = 59,
	IP_DSTOPTS = 60,
	IP_MOBILITY = 135,
	IP_UDPLITE = 136,
	IP_HIP = 139,
	IP_SHIM6 = 140,
};

/**
 * struct addr6 - an IPv6 address
 * @hi:	bits 0 to 63, host order
 * @lo:	bits 64 to 127, host order
 */
struct addr6 {
	uint64_t hi;
	uint64_t lo;
};

/**
 * struct hdr4 - an IPv4 header without its options
 * @src:	source address
 * @dst:	destination address
 * @len:	Total Length: bytes, header and options included
 * @id:		Identification
 * @off:	fragment offset, bytes
 * @ihl:	header length with options, bytes
 * @tos:	DSCP and ECN
 * @ttl:	Time to Live
 * @proto:	Protocol
 * @df:		Don't Fragment
 * @mf:		More Fragments
 */
struct hdr4 {
	uint32_t src;
	uint32_t dst;
	uint16_t len;
	uint16_t id;
	uint16_t off;
	uint8_t ihl;
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;
	bool df;
	bool mf;
};

/**
 * struct hdr6 - an IPv6 header and, if it has one, its Fragment header
 * @src:	source address
 * @dst:	destination address
 * @id:		Identification of the Fragment header
 * @len:	Payload Length: bytes, extension headers included
 * @off:	fragment offset, bytes
 * @tc:		Traffic Class
 * @hlim:	Hop Limit
 * @proto:	upper-layer protocol: the Next Header that ends the chain
 * @frag:	there is a Fragment header
 * @mf:		its M flag
 */
struct hdr6 {
	struct addr6 src;
	struct addr6 dst;
	uint32_t id;
	uint16_t len;
	uint16_t off;
	uint8_t tc;
	uint8_t hlim;
	uint8_t proto;
	bool frag;
	bool mf;
};

XL_INLINE struct addr6 addr6_load(const void *wire)
{
	return (struct addr6){ be_get64(wire),
			       be_get64((const uint8_t *)wire + 8) };
}

XL_INLINE void addr6_store(void *wire, struct addr6 a)
{
	be_put64(wire, a.hi);
	be_put64((uint8_t *)wire + 8, a.lo);
}

XL_INLINE bool addr6_equal(struct addr6 a, struct addr6 b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* The first @len bits of @a, 0 to 128; the rest zero. */
XL_INLINE struct addr6 addr6_mask(struct addr6 a, unsigned int len)
{
	const uint64_t hi = len >= 64 ? ~0ULL : len ? ~0ULL << (64 - len) : 0;
	const uint64_t lo = len >= 128 ? ~0ULL
			    : len > 64 ? ~0ULL << (128 - len)
				       : 0;

	return (struct addr6){ a.hi & hi, a.lo & lo };
}

XL_INLINE uint32_t addr4_mask(uint32_t a, unsigned int len)
{
	return len ? a & ~0u << (32 - len) : 0;
}

/* Sum of an address for csum_delta(). */
XL_INLINE uint64_t addr4_sum(uint32_t a)
{
	return a;
}

XL_INLINE uint64_t addr6_sum(struct addr6 a)
{
	return (a.hi >> 32) + (a.hi & 0xffffffff) + (a.lo >> 32) +
	       (a.lo & 0xffffffff);
}

/**
 * hdr4_load() - read the fixed part of an IPv4 header
 * @wire:	at least IP4_HDR_LEN bytes; nothing is checked
 */
XL_INLINE struct hdr4 hdr4_load(const uint8_t *wire)
{
	const uint16_t flags = be_get16(wire + 6);

	return (struct hdr4){
		.src = be_get32(wire + 12),
		.dst = be_get32(wire + 16),
		.len = be_get16(wire + 2),
		.id = be_get16(wire + 4),
		.off = (uint16_t)((flags & 0x1fff) << 3),
		.ihl = (uint8_t)((wire[0] & 15) << 2),
		.tos = wire[1],
		.ttl = wire[8],
		.proto = wire[9],
		.df = flags & 0x4000,
		.mf = flags & 0x2000,
	};
}

/**
 * hdr4_store() - write a 20-byte IPv4 header with its checksum
 * @wire:	IP4_HDR_LEN bytes
 * @h:		header; @h.ihl is taken as 20
 */
XL_INLINE void hdr4_store(uint8_t *wire, struct hdr4 h)
{
	const uint32_t w0 = 0x45000000u | (uint32_t)h.tos << 16 | h.len;
	const uint32_t w1 = (uint32_t)h.id << 16 | (h.df ? 0x4000u : 0) |
			    (h.mf ? 0x2000u : 0) | h.off >> 3;
	const uint32_t w2 = (uint32_t)h.ttl << 24 | (uint32_t)h.proto << 16;
	const uint64_t sum = (uint64_t)w0 + w1 + w2 + h.src + h.dst;

	be_put32(wire, w0);
	be_put32(wire + 4, w1);
	be_put32(wire + 8, w2 | (uint16_t)~csum_fold(sum));
	be_put32(wire + 12, h.src);
	be_put32(wire + 16, h.dst);
}

/* Bytes that hdr6_store() writes for @h. */
XL_INLINE unsigned int hdr6_size(struct hdr6 h)
{
	return IP6_HDR_LEN + (h.frag ? IP6_FRAG_LEN : 0);
}

/**
 * hdr6_store() - write an IPv6 header, with its Fragment header if @h.frag
 * @wire:	hdr6_size() bytes
 *
 * The Flow Label is zero (RFC 7915, 4.1).
 */
XL_INLINE void hdr6_store(uint8_t *wire, struct hdr6 h)
{
	be_put32(wire, 0x60000000u | (uint32_t)h.tc << 20);
	be_put16(wire + 4, h.len);
	wire[6] = h.frag ? IP_FRAGMENT : h.proto;
	wire[7] = h.hlim;
	addr6_store(wire + 8, h.src);
	addr6_store(wire + 24, h.dst);
	if (!h.frag)
		return;
	wire[40] = h.proto;
	wire[41] = 0;
	be_put16(wire + 42, (uint16_t)(h.off | (h.mf ? 1 : 0)));
	be_put32(wire + 44, h.id);
}

#endif

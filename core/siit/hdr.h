/* SPDX-License-Identifier: MIT */
/*
 * hdr.h - the header plan: what an IP header becomes, RFC 7915 sections 4.1
 * and 5.1 (eBPF-clean)
 *
 * Functions from value to value; applying a plan to a packet is someone
 * else's work. The hop limit is copied: lowering it is for packets on the
 * wire, not for quoted ones.
 */
#ifndef XLAT_SIIT_HDR_H
#define XLAT_SIIT_HDR_H

#include "wire/ip.h"

/* IPv4 packets up to this long are sent without DF (RFC 7915, 5.1). */
#define HDR_DF_ABOVE 1260u

/**
 * hdr_4to6() - plan of an IPv6 header (RFC 7915, 4.1)
 * @h:		IPv4 header; a fragment yields a Fragment header
 * @src:	IPv6 source
 * @dst:	IPv6 destination
 * @tc:		Traffic Class, or negative to copy the TOS
 * @l4_total:	bytes of transport header and payload
 */
XL_INLINE struct hdr6 hdr_4to6(struct hdr4 h, struct addr6 src,
			       struct addr6 dst, int tc, uint32_t l4_total)
{
	const bool frag = h.mf || h.off;

	return (struct hdr6){
		.src = src,
		.dst = dst,
		.id = h.id,
		.len = (uint16_t)(l4_total + (frag ? IP6_FRAG_LEN : 0)),
		.off = h.off,
		.tc = tc < 0 ? h.tos : (uint8_t)tc,
		.hlim = h.ttl,
		.proto = h.proto == IP_ICMP ? IP_ICMP6 : h.proto,
		.frag = frag,
		.mf = h.mf,
	};
}

/**
 * hdr_6to4() - plan of an IPv4 header (RFC 7915, 5.1, 5.1.1)
 * @h:		IPv6 header
 * @src:	IPv4 source
 * @dst:	IPv4 destination
 * @tos:	TOS, or negative to copy the Traffic Class
 * @l4_total:	bytes of transport header and payload
 *
 * Without a Fragment header the Identification is 0, for the caller to
 * choose where DF is not set.
 */
XL_INLINE struct hdr4 hdr_6to4(struct hdr6 h, uint32_t src, uint32_t dst,
			       int tos, uint32_t l4_total)
{
	return (struct hdr4){
		.src = src,
		.dst = dst,
		.len = (uint16_t)(IP4_HDR_LEN + l4_total),
		.id = h.frag ? (uint16_t)h.id : 0,
		.off = h.frag ? h.off : 0,
		.ihl = IP4_HDR_LEN,
		.tos = tos < 0 ? h.tc : (uint8_t)tos,
		.ttl = h.hlim,
		.proto = h.proto == IP_ICMP6 ? IP_ICMP : h.proto,
		.df = !h.frag && IP4_HDR_LEN + l4_total > HDR_DF_ABOVE,
		.mf = h.frag && h.mf,
	};
}

#endif

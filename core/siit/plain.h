/* SPDX-License-Identifier: MIT */
/*
 * plain.h - plain packets: what becomes of them, as functions of values
 * (eBPF-clean)
 *
 * Nearly all packets are whole TCP or UDP without options, and fit. For these
 * there is nothing to be found out that the places of an IP header do not
 * tell, whatever translates: the stateless translator, or an eBPF program in
 * the kernel. About any other packet nothing is decided here: it is left to
 * who reads packets in full, and whatever is in doubt is refused.
 */
#ifndef XLAT_SIIT_PLAIN_H
#define XLAT_SIIT_PLAIN_H

#include "siit/hdr.h"
#include "siit/legal.h"

#define PLAIN_SYN 0x02u /* in octet 13 of a TCP header */

/**
 * struct plain_size - what is not in the header
 * @len:	bytes of the packet, IP header included
 * @gso_size:	payload bytes of its segments; 0: no super-packet
 */
struct plain_size {
	uint32_t len;
	uint32_t gso_size;
};

/**
 * struct plain_rules - what else makes a packet one that is not plain
 * @keep_ttl:	hop limits are not lowered, so none is too low
 * @not_tcp:	a TCP segment that has one of these flags
 */
struct plain_rules {
	bool keep_ttl;
	uint32_t not_tcp;
};

/**
 * plain_transport() - is it TCP or UDP, whole, with a checksum?
 * @l4:		transport header
 * @l4_len:	bytes of it and of its payload
 * @segment:	set: transport bytes of the longest packet on the wire
 */
XL_INLINE bool plain_transport(struct plain_rules r, uint8_t proto,
			       const uint8_t *l4, uint32_t l4_len,
			       uint32_t gso_size, uint32_t *segment)
{
	uint32_t head;

	*segment = l4_len;
	if (proto == IP_UDP)
		return l4_len >= UDP_HDR_LEN && !gso_size && be_get16(l4 + 6);
	if (proto != IP_TCP || l4_len < TCP_HDR_LEN || l4[13] & r.not_tcp)
		return false;
	if (!gso_size)
		return true;
	head = (uint32_t)(l4[12] >> 4) << 2;
	if (head + gso_size < l4_len)
		*segment = head + gso_size;
	return head >= TCP_HDR_LEN && head <= l4_len;
}

/**
 * plain_4() - is this IPv4 packet a plain one, between addresses that a
 * translator minds in no case?
 * @head:	its first bytes, to the end of its transport header, and of at
 *		least IP4_HDR_LEN + UDP_HDR_LEN
 * @h:		set: its header
 * @segment:	as plain_transport()
 */
XL_INLINE bool plain_4(struct plain_rules r, const uint8_t *head,
		       const struct plain_size *s, struct hdr4 *h,
		       uint32_t *segment)
{
	*h = hdr4_load(head);
	if (head[0] != 0x45 || h->len != s->len || h->len < IP4_HDR_LEN ||
	    h->off || h->mf || (h->ttl <= 1 && !r.keep_ttl) ||
	    csum_fold(csum_bytes(head, IP4_HDR_LEN)) != 0xffff)
		return false;
	if (legal_never4(h->src) || legal_local4(h->src) ||
	    legal_never4(h->dst) || legal_local4(h->dst))
		return false;
	return plain_transport(r, h->proto, head + IP4_HDR_LEN,
			       s->len - IP4_HDR_LEN, s->gso_size, segment);
}

/**
 * plain_6() - the same of an IPv6 packet, whose addresses are still to be
 * looked at in IPv4
 */
XL_INLINE bool plain_6(struct plain_rules r, const uint8_t *head,
		       const struct plain_size *s, struct hdr6 *h,
		       uint32_t *segment)
{
	*h = (struct hdr6){
		.src = addr6_load(head + 8),
		.dst = addr6_load(head + 24),
		.len = be_get16(head + 4),
		.tc = (uint8_t)(be_get16(head) >> 4),
		.hlim = head[7],
		.proto = head[6],
	};
	if (head[0] >> 4 != 6 || (h->hlim <= 1 && !r.keep_ttl) ||
	    IP6_HDR_LEN + (uint32_t)h->len != s->len ||
	    IP4_HDR_LEN + (uint32_t)h->len > 65535 || legal_never6(h->src) ||
	    h->dst.hi >> 56 == 0xff)
		return false;
	return plain_transport(r, h->proto, head + IP6_HDR_LEN, h->len,
			       s->gso_size, segment);
}

/* Does it fit, as IPv6? */
XL_INLINE bool plain_fits6(bool df, uint32_t segment, uint32_t mtu6,
			   uint32_t lowest_mtu6)
{
	const uint32_t limit = !df && lowest_mtu6 < mtu6 ? lowest_mtu6 : mtu6;

	return IP6_HDR_LEN + segment <= limit;
}

/* Does it fit, as IPv4? */
XL_INLINE bool plain_fits4(uint32_t segment, uint32_t mtu4)
{
	return IP4_HDR_LEN + segment <= mtu4;
}

/**
 * plain_4to6() - plan of the IPv6 header; as hdr_4to6(), on the wire
 */
XL_INLINE struct hdr6 plain_4to6(struct plain_rules r, struct hdr4 h,
				 struct addr6 src, struct addr6 dst, int tc)
{
	struct hdr6 out = hdr_4to6(h, src, dst, tc, h.len - IP4_HDR_LEN);

	if (!r.keep_ttl)
		out.hlim--;
	return out;
}

/**
 * plain_6to4() - plan of the IPv4 header; as hdr_6to4(), on the wire
 *
 * The Identification is to be chosen if plain_needs_id().
 */
XL_INLINE struct hdr4 plain_6to4(struct plain_rules r, struct hdr6 h,
				 uint32_t src, uint32_t dst, int tos,
				 uint32_t segment)
{
	struct hdr4 out = hdr_6to4(h, src, dst, tos, h.len);

	if (!r.keep_ttl)
		out.ttl--;
	out.df = IP4_HDR_LEN + segment > HDR_DF_ABOVE;
	return out;
}

/* Of a super-packet the last segment may go without DF. */
XL_INLINE bool plain_needs_id(struct hdr4 h, const struct plain_size *s)
{
	return !h.df || s->gso_size;
}

/**
 * plain_delta() - by what the transport checksum changes, finished or not
 * @way46:	from IPv4 to IPv6; false: back
 */
XL_INLINE uint16_t plain_delta(uint32_t src4, uint32_t dst4, struct addr6 src6,
			       struct addr6 dst6, bool way46)
{
	const uint64_t sum4 = addr4_sum(src4) + addr4_sum(dst4);
	const uint64_t sum6 = addr6_sum(src6) + addr6_sum(dst6);

	return way46 ? csum_delta(sum4, sum6) : csum_delta(sum6, sum4);
}

#endif

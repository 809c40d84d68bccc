/* SPDX-License-Identifier: MIT */
/*
 * fast.h - the plain packets of a CLAT: what becomes of them, as functions of
 * values (eBPF-clean)
 *
 * Nearly all packets are whole TCP or UDP without options, and fit. For these
 * the whole translation is decided here, by the same functions that the rest
 * of core uses, so that an eBPF program can carry it out in the kernel. About
 * any other packet nothing is decided: it is left to siit.h, which knows what
 * to do. So whatever is in doubt here is refused.
 */
#ifndef XLAT_CLAT_FAST_H
#define XLAT_CLAT_FAST_H

#include "siit/hdr.h"
#include "siit/legal.h"
#include "siit/pref64.h"

/* Bytes of a packet that are looked at: up to the end of a TCP header. */
#define FAST_HEAD4 (IP4_HDR_LEN + TCP_HDR_LEN)
#define FAST_HEAD6 (IP6_HDR_LEN + TCP_HDR_LEN)

#define FAST_SYN   0x02u /* in octet 13 of a TCP header */

/* Our networks: the device's own address, and the LAN. */
#define FAST_NETS  2

/**
 * struct fast_net - IPv4 addresses of ours and what they are in IPv6
 * @addr6:	of the first one
 * @addr4:	the first one
 * @mask:	bits that are the same in all; the others are copied
 *
 * All zero with a full @mask there are none.
 */
struct fast_net {
	struct addr6 addr6;
	uint32_t addr4;
	uint32_t mask;
};

/**
 * struct fast_config - a CLAT, as far as it matters here
 * @pref64:	the provider's prefix; @pref64_len: 0: nothing is translated
 * @nets:	addresses of ours
 * @ours:	IPv6 addresses that are for us, now and before; ::: none
 * @ours_len:	bits of them that count
 * @self4:	our own, which is no destination
 * @mtu4, @mtu6, @lowest_mtu6, @tos, @tc, @keep_ttl: as in struct translate
 * @no_syns:	of TCP, SYNs are not plain: what they announce may be lowered
 * @device:	the TUN
 * @uplink:	device that IPv6 leaves by; 0: the kernel forwards it
 *
 * Shared with a program of another word size: no pointers, and everything is
 * where it is without padding.
 */
struct fast_config {
	struct addr6 pref64;
	struct fast_net nets[FAST_NETS];
	struct addr6 ours[2];
	uint32_t pref64_len;
	uint32_t ours_len;
	uint32_t self4;
	uint32_t mtu4;
	uint32_t mtu6;
	uint32_t lowest_mtu6;
	int16_t tos;
	int16_t tc;
	uint32_t no_syns;
	uint32_t device;
	uint32_t uplink;
	uint32_t keep_ttl;
	uint32_t unused;
};

_Static_assert(sizeof(struct fast_config) == 144, "no padding");

/**
 * struct fast_size - what is not in the header
 * @len:	bytes of the packet, IP header included
 * @gso_size:	payload bytes of its segments; 0: no super-packet
 */
struct fast_size {
	uint32_t len;
	uint32_t gso_size;
};

XL_INLINE struct pref64 fast_pref64(const struct fast_config *c)
{
	return (struct pref64){ c->pref64, (uint8_t)c->pref64_len };
}

/* An IPv4 address of ours in IPv6; false: it is none. */
XL_INLINE bool fast_net_4to6(const struct fast_net *n, uint32_t a,
			     struct addr6 *out)
{
	*out = (struct addr6){ n->addr6.hi, n->addr6.lo | (a & ~n->mask) };
	return ((a ^ n->addr4) & n->mask) == 0;
}

XL_INLINE bool fast_net_6to4(const struct fast_net *n, struct addr6 a,
			     uint32_t *out)
{
	const uint64_t same = ~(uint64_t)(uint32_t)~n->mask;

	*out = n->addr4 | ((uint32_t)a.lo & ~n->mask);
	return a.hi == n->addr6.hi && ((a.lo ^ n->addr6.lo) & same) == 0;
}

/* The first of our networks is a single address: the longest match. */
XL_INLINE bool fast_own_4to6(const struct fast_config *c, uint32_t a,
			     struct addr6 *out)
{
	return fast_net_4to6(&c->nets[0], a, out) ||
	       fast_net_4to6(&c->nets[1], a, out);
}

XL_INLINE bool fast_own_6to4(const struct fast_config *c, struct addr6 a,
			     uint32_t *out)
{
	return fast_net_6to4(&c->nets[0], a, out) ||
	       fast_net_6to4(&c->nets[1], a, out);
}

/* Is a packet to this address for us to translate? */
XL_INLINE bool fast_is_ours(const struct fast_config *c, struct addr6 dst)
{
	const struct addr6 a = addr6_mask(dst, c->ours_len);

	return (a.hi | a.lo) &&
	       (addr6_equal(a, c->ours[0]) || addr6_equal(a, c->ours[1]));
}

/* Is it one that the translator does not mind, and is not its own? */
XL_INLINE bool fast_open4(const struct fast_config *c, uint32_t a)
{
	return !legal_never4(a) && !legal_local4(a) && a != c->self4;
}

/**
 * fast_transport() - is it TCP or UDP, whole, with a checksum, and not a SYN
 * that has to be seen?
 * @l4:		transport header, TCP_HDR_LEN bytes of memory
 * @l4_len:	bytes that there are
 * @segment:	set: transport bytes of the longest packet on the wire
 */
XL_INLINE bool fast_transport(const struct fast_config *c, uint8_t proto,
			      const uint8_t *l4, uint32_t l4_len,
			      uint32_t gso_size, uint32_t *segment)
{
	const uint32_t head = (uint32_t)(l4[12] >> 4) << 2;

	*segment = l4_len;
	if (proto == IP_UDP)
		return l4_len >= UDP_HDR_LEN && !gso_size && be_get16(l4 + 6);
	if (proto != IP_TCP || l4_len < TCP_HDR_LEN ||
	    (c->no_syns && l4[13] & FAST_SYN))
		return false;
	if (!gso_size)
		return true;
	if (head + gso_size < l4_len)
		*segment = head + gso_size;
	return head >= TCP_HDR_LEN && head <= l4_len;
}

/**
 * fast_4to6() - plan of an IPv4 packet's way to IPv6
 * @head:	its first FAST_HEAD4 bytes, what it is too short for being zero
 * @s:		its size
 * @out:	set: the new header
 *
 * Return: false: it has to be seen by siit_packet()
 */
XL_INLINE bool fast_4to6(const struct fast_config *c, const uint8_t *head,
			 const struct fast_size *s, struct hdr6 *out)
{
	const struct hdr4 h = hdr4_load(head);
	const uint32_t l4_len = s->len - IP4_HDR_LEN;
	uint32_t limit = c->mtu6;
	struct addr6 src;
	struct addr6 unused;
	uint32_t segment;

	if (!c->pref64_len || head[0] != 0x45 || h.len != s->len ||
	    h.len < IP4_HDR_LEN || h.off || h.mf ||
	    (h.ttl <= 1 && !c->keep_ttl) ||
	    csum_fold(csum_bytes(head, IP4_HDR_LEN)) != 0xffff)
		return false;
	if (!fast_transport(c, h.proto, head + IP4_HDR_LEN, l4_len, s->gso_size,
			    &segment))
		return false;
	if (!h.df && c->lowest_mtu6 < limit)
		limit = c->lowest_mtu6;
	if (IP6_HDR_LEN + segment > limit)
		return false;
	if (legal_never4(h.src) || legal_local4(h.src) ||
	    !fast_open4(c, h.dst) || fast_own_4to6(c, h.dst, &unused) ||
	    !fast_own_4to6(c, h.src, &src))
		return false;
	*out = hdr_4to6(h, src, pref64_embed(fast_pref64(c), h.dst), c->tc,
			l4_len);
	if (!c->keep_ttl)
		out->hlim--;
	return true;
}

/**
 * fast_6to4() - plan of an IPv6 packet's way to IPv4
 * @head:	its first FAST_HEAD6 bytes, what it is too short for being zero
 * @out:	set: the new header; the Identification is to be
 *		chosen if fast_needs_id()
 *
 * Return: false: it has to be seen by siit_packet()
 */
XL_INLINE bool fast_6to4(const struct fast_config *c, const uint8_t *head,
			 const struct fast_size *s, struct hdr4 *out)
{
	const struct hdr6 h = {
		.src = addr6_load(head + 8),
		.dst = addr6_load(head + 24),
		.len = be_get16(head + 4),
		.tc = (uint8_t)(be_get16(head) >> 4),
		.hlim = head[7],
		.proto = head[6],
	};
	const struct pref64 pref64 = fast_pref64(c);
	uint32_t segment;
	uint32_t unused;
	uint32_t src;
	uint32_t dst;

	if (!c->pref64_len || head[0] >> 4 != 6 ||
	    (h.hlim <= 1 && !c->keep_ttl) ||
	    IP6_HDR_LEN + (uint32_t)h.len != s->len ||
	    IP4_HDR_LEN + (uint32_t)h.len > 65535)
		return false;
	if (!fast_transport(c, h.proto, head + IP6_HDR_LEN, h.len, s->gso_size,
			    &segment))
		return false;
	if (IP4_HDR_LEN + segment > c->mtu4 || legal_never6(h.src) ||
	    !pref64_contains(pref64, h.src) ||
	    fast_own_6to4(c, h.src, &unused) || !fast_own_6to4(c, h.dst, &dst))
		return false;
	src = pref64_extract(pref64, h.src);
	if (!fast_open4(c, src) || legal_never4(dst) || legal_local4(dst))
		return false;
	*out = hdr_6to4(h, src, dst, c->tos, h.len);
	if (!c->keep_ttl)
		out->ttl--;
	out->df = IP4_HDR_LEN + segment > HDR_DF_ABOVE;
	return true;
}

/* Of a super-packet the last segment may go without DF. */
XL_INLINE bool fast_needs_id(struct hdr4 h, const struct fast_size *s)
{
	return !h.df || s->gso_size;
}

/**
 * fast_delta() - by what the transport checksum changes, finished or not
 * @way46:	from IPv4 to IPv6; false: back
 */
XL_INLINE uint16_t fast_delta(uint32_t src4, uint32_t dst4, struct addr6 src6,
			      struct addr6 dst6, bool way46)
{
	const uint64_t sum4 = addr4_sum(src4) + addr4_sum(dst4);
	const uint64_t sum6 = addr6_sum(src6) + addr6_sum(dst6);

	return way46 ? csum_delta(sum4, sum6) : csum_delta(sum6, sum4);
}

#endif

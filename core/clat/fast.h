/* SPDX-License-Identifier: MIT */
/*
 * fast.h - the plain packets of a CLAT (siit/plain.h), with the few mappings
 * that it has: an eBPF program can do all of it in the kernel (eBPF-clean)
 */
#ifndef XLAT_CLAT_FAST_H
#define XLAT_CLAT_FAST_H

#include "siit/plain.h"
#include "siit/pref64.h"

/* Bytes of a packet that are looked at: up to the end of a TCP header. */
#define FAST_HEAD4 (IP4_HDR_LEN + TCP_HDR_LEN)
#define FAST_HEAD6 (IP6_HDR_LEN + TCP_HDR_LEN)

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

XL_INLINE struct plain_rules fast_rules(const struct fast_config *c)
{
	return (struct plain_rules){ c->keep_ttl, c->no_syns ? PLAIN_SYN : 0 };
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
			 const struct plain_size *s, struct hdr6 *out)
{
	const struct plain_rules rules = fast_rules(c);
	struct addr6 src;
	struct addr6 unused;
	uint32_t segment;
	struct hdr4 h;

	if (!c->pref64_len || !plain_4(rules, head, s, &h, &segment) ||
	    !plain_fits6(h.df, segment, c->mtu6, c->lowest_mtu6) ||
	    h.dst == c->self4 || fast_own_4to6(c, h.dst, &unused) ||
	    !fast_own_4to6(c, h.src, &src))
		return false;
	*out = plain_4to6(rules, h, src, pref64_embed(fast_pref64(c), h.dst),
			  c->tc);
	return true;
}

/**
 * fast_6to4() - plan of an IPv6 packet's way to IPv4
 * @head:	its first FAST_HEAD6 bytes, what it is too short for being zero
 * @out:	set: the new header; the Identification is to be
 *		chosen if plain_needs_id()
 *
 * Return: false: it has to be seen by siit_packet()
 */
XL_INLINE bool fast_6to4(const struct fast_config *c, const uint8_t *head,
			 const struct plain_size *s, struct hdr4 *out)
{
	const struct plain_rules rules = fast_rules(c);
	const struct pref64 pref64 = fast_pref64(c);
	uint32_t segment;
	uint32_t unused;
	uint32_t src;
	uint32_t dst;
	struct hdr6 h;

	if (!c->pref64_len || !plain_6(rules, head, s, &h, &segment) ||
	    !plain_fits4(segment, c->mtu4) || !pref64_contains(pref64, h.src) ||
	    fast_own_6to4(c, h.src, &unused) || !fast_own_6to4(c, h.dst, &dst))
		return false;
	src = pref64_extract(pref64, h.src);
	if (!fast_open4(c, src) || legal_never4(dst) || legal_local4(dst))
		return false;
	*out = plain_6to4(rules, h, src, dst, c->tos, segment);
	return true;
}

#endif

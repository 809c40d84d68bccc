/* SPDX-License-Identifier: MIT */
/*
 * quick.h - busy sessions, whose plain packets somebody translates who does
 * not have the tables: an eBPF program in the kernel (eBPF-clean)
 *
 * Theory of operation. A table in memory that both share has an entry for each
 * way of a session that is worth it. An entry says for one 5-tuple what its
 * near end becomes, and that is all there is to know about a plain packet
 * (plain.h) that keeps its session as it is; whatever is not in the table, or
 * would change a state, goes on to nat64_packet(). So nothing is decided here.
 *
 * Entries are made and removed by the NAT64, without a lock: an entry that is
 * live does not change. Who reads one holds it meanwhile. It says that it does
 * before it looks whether the entry is live, and the NAT64 says that it is not
 * live before it looks whether somebody holds it; then it is not filled anew.
 *
 * Who uses an entry writes when, and the NAT64 takes that for the session's.
 */
#ifndef XLAT_NAT64_QUICK_H
#define XLAT_NAT64_QUICK_H

#include "siit/plain.h"
#include "siit/pref64.h"

#define QUICK_SETS  2048u
#define QUICK_WAYS  4u /* entries that a key may be in */
#define QUICK_SIZE  (QUICK_SETS * QUICK_WAYS)
#define QUICK_HOLDS 0x10000u /* at a time, of an entry */

/* Bytes of a packet that are looked at: up to the end of a TCP header. */
#define QUICK_HEAD4 (IP4_HDR_LEN + TCP_HDR_LEN)
#define QUICK_HEAD6 (IP6_HDR_LEN + TCP_HDR_LEN)

/* Hops are counted, and of TCP the state machine has to see FIN, SYN, RST. */
#define QUICK_RULES ((struct plain_rules){ false, 0x07 })

/**
 * struct quick_key - source and destination of a packet, addresses and ports
 * @a, @b, @c:	different in the two families
 * @d:		protocol, and family
 */
struct quick_key {
	uint64_t a;
	uint64_t b;
	uint64_t c;
	uint32_t d;
	uint32_t unused;
};

/**
 * struct quick_to - what the end that is the client's becomes
 * @addr:	an IPv4 address in the low half of @addr.lo
 */
struct quick_to {
	struct addr6 addr;
	uint32_t port;
};

/**
 * struct quick - an entry
 * @live:	a part of its hash; 0: it is free; QUICK_CLAIMED: being filled
 * @hold:	how many read it
 * @used:	when a packet found it last, seconds
 * @session:	whose it is
 * @shard:	and of which NAT64
 */
struct quick {
	struct addr6 addr;
	uint64_t a;
	uint64_t b;
	uint64_t c;
	uint32_t d;
	uint32_t live;
	uint32_t hold;
	uint32_t used;
	uint32_t session;
	uint16_t port;
	uint16_t shard;
} __attribute__((aligned(64)));

#define QUICK_CLAIMED 2u /* no hash, for these are odd */

/**
 * struct quick_table - all of them
 * @key:	random bits
 */
struct quick_table {
	uint64_t key[2];
	uint64_t unused[6];
	struct quick entries[QUICK_SIZE];
};

/**
 * struct quick_config - a NAT64, as far as it matters here
 * @pool6:	translation prefix; @pool6_len: 0: nothing is translated
 * @mtu4, @mtu6, @lowest_mtu6, @tos, @tc: as in struct translate
 * @device:	the TUN
 * @ahead:	seconds that the daemon's clock counts more than those since
 *		the machine's start
 * @outside:	an enum nat64_outside
 * @ident_bits, @ident_low: as in struct translate
 */
struct quick_config {
	struct addr6 pool6;
	uint32_t pool6_len;
	uint32_t mtu4;
	uint32_t mtu6;
	uint32_t lowest_mtu6;
	int16_t tos;
	int16_t tc;
	uint32_t device;
	uint32_t ahead;
	uint32_t outside;
	uint16_t ident_bits;
	uint16_t ident_low;
	uint32_t unused;
};

_Static_assert(sizeof(struct quick) == 64, "no padding");
_Static_assert(sizeof(struct quick_config) == 56, "no padding");

XL_INLINE struct pref64 quick_pool6(const struct quick_config *c)
{
	return (struct pref64){ c->pool6, (uint8_t)c->pool6_len };
}

/**
 * quick_key6() - of packets from a client
 * quick_key4() - of those to its pool address
 * @proto:	IP_TCP or IP_UDP
 */
XL_INLINE struct quick_key quick_key6(struct addr6 client, uint16_t client_port,
				      uint32_t remote, uint16_t remote_port,
				      uint8_t proto)
{
	return (struct quick_key){ client.hi, client.lo,
				   (uint64_t)remote << 32 |
					   (uint32_t)client_port << 16 |
					   remote_port,
				   proto, 0 };
}

XL_INLINE struct quick_key quick_key4(uint32_t pool, uint16_t pool_port,
				      uint32_t remote, uint16_t remote_port,
				      uint8_t proto)
{
	return (struct quick_key){ (uint64_t)pool << 32 | remote,
				   (uint32_t)pool_port << 16 | remote_port, 0,
				   proto | 0x400u, 0 };
}

/* Whoever finds keys of one hash slows down those keys. */
XL_INLINE uint64_t quick_hash(const struct quick_table *t, struct quick_key k)
{
	const uint64_t m = 0x9e3779b97f4a7c15;
	uint64_t h = (k.a ^ t->key[0]) * m;

	h = ((h ^ h >> 32) + (k.b ^ t->key[1])) * 0xbf58476d1ce4e5b9;
	h = ((h ^ h >> 29) + k.c) * m;
	h = ((h ^ h >> 32) + k.d) * 0x94d049bb133111eb;
	return h ^ h >> 31;
}

/* What an entry of such a hash has in @live. */
XL_INLINE uint32_t quick_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/* The first of the entries that a hash may be in. */
XL_INLINE struct quick *quick_set(struct quick_table *t, uint64_t hash)
{
	return &t->entries[(hash & (QUICK_SETS - 1)) * QUICK_WAYS];
}

XL_INLINE uint32_t quick_load(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

/* Is it this key's? To be asked by who holds it. */
XL_INLINE bool quick_is(const struct quick *q, const struct quick_key *k,
			uint32_t tag)
{
	return quick_load(&q->live) == tag && q->a == k->a && q->b == k->b &&
	       q->c == k->c && q->d == k->d;
}

/* Both additions order what is read before and after them, as their results
 * are looked at: eBPF has no other way to say that. */
XL_INLINE bool quick_read(struct quick *q, const struct quick_key *k,
			  uint32_t tag, struct quick_to *to)
{
	bool found = false;

	if (__sync_fetch_and_add(&q->hold, 1) < QUICK_HOLDS &&
	    quick_is(q, k, tag)) {
		to->addr = q->addr;
		to->port = q->port;
		found = true;
	}
	return __sync_fetch_and_sub(&q->hold, 1) && found;
}

/**
 * quick_find() - what is known of a packet
 *
 * Return: the entry, for quick_touch(); NULL: it is for nat64_packet()
 */
XL_INLINE struct quick *quick_find(struct quick_table *t,
				   const struct quick_key *k,
				   struct quick_to *to)
{
	const uint64_t hash = quick_hash(t, *k);
	const uint32_t tag = quick_tag(hash);
	struct quick *set = quick_set(t, hash);

	XL_ROLLED
	for (uint32_t i = 0; i < QUICK_WAYS; i++)
		if (quick_load(&set[i].live) == tag &&
		    quick_read(&set[i], k, tag, to))
			return &set[i];
	return NULL;
}

/* quick_touch() - it was used: @now, seconds. */
XL_INLINE void quick_touch(struct quick *q, uint32_t now)
{
	if (quick_load(&q->used) < now)
		*(volatile uint32_t *)&q->used = now;
}

/**
 * quick_from6() - is it a packet that may be in the table?
 * @head:	its first QUICK_HEAD6 bytes, what it is too short for being zero
 * @s:		its size
 * @h, @segment: set, as of plain_6()
 * @k:		set: what it is to be looked for by
 */
XL_INLINE bool quick_from6(const struct quick_config *c, const uint8_t *head,
			   const struct plain_size *s, struct hdr6 *h,
			   uint32_t *segment, struct quick_key *k)
{
	const struct pref64 pool6 = quick_pool6(c);
	const uint8_t *l4 = head + IP6_HDR_LEN;

	if (!plain_6(QUICK_RULES, head, s, h, segment) ||
	    !plain_fits4(*segment, c->mtu4) || !pref64_contains(pool6, h->dst))
		return false;
	*k = quick_key6(h->src, be_get16(l4), pref64_extract(pool6, h->dst),
			be_get16(l4 + 2), h->proto);
	return true;
}

XL_INLINE bool quick_from4(const struct quick_config *c, const uint8_t *head,
			   const struct plain_size *s, struct hdr4 *h,
			   struct quick_key *k)
{
	const uint8_t *l4 = head + IP4_HDR_LEN;
	uint32_t segment;

	if (!c->pool6_len || !plain_4(QUICK_RULES, head, s, h, &segment) ||
	    !plain_fits6(h->df, segment, c->mtu6, c->lowest_mtu6))
		return false;
	*k = quick_key4(h->dst, be_get16(l4 + 2), h->src, be_get16(l4),
			h->proto);
	return true;
}

/**
 * quick_6to4() - plan of the new header, as plain_6to4()
 * quick_4to6()
 * @h, @segment: from quick_from6() or quick_from4()
 * @to:		from quick_find()
 */
XL_INLINE struct hdr4 quick_6to4(const struct quick_config *c, struct hdr6 h,
				 uint32_t segment, struct quick_to to)
{
	return plain_6to4(QUICK_RULES, h, (uint32_t)to.addr.lo,
			  pref64_extract(quick_pool6(c), h.dst), c->tos,
			  segment);
}

XL_INLINE struct hdr6 quick_4to6(const struct quick_config *c, struct hdr4 h,
				 struct quick_to to)
{
	return plain_4to6(QUICK_RULES, h, pref64_embed(quick_pool6(c), h.src),
			  to.addr, c->tc);
}

#endif

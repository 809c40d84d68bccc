/* SPDX-License-Identifier: MIT */
/*
 * carry.h - what the eBPF programs that translate have in common: to read a
 * packet, and to put its new header in place
 *
 * To be compiled with `clang -target bpf` only; see scripts/bpf.py.
 */
#ifndef XLAT_LINUX_BPF_CARRY_H
#define XLAT_LINUX_BPF_CARRY_H

#include "bpf/fastmap.h"
#include "bpf/skb.h"
#include "siit/plain.h"

/* IP version of a packet; 0: it is none, or all are the daemon's now. */
static inline int version_of(const struct fast_head *m,
			     const struct __sk_buff *skb)
{
	if (*(const volatile uint32_t *)&m->paused)
		return 0;
	return skb->protocol == be_swap16(PROTO4)   ? 4
	       : skb->protocol == be_swap16(PROTO6) ? 6
						    : 0;
}

/* Headers, as far as they are there: UDP packets may end behind their own. */
static inline bool load_packet(const struct __sk_buff *skb, uint8_t *head,
			       uint32_t ip_len)
{
	if (!load_at(skb, 0, head, ip_len + UDP_HDR_LEN))
		return false;
	(void)load_at(skb, ip_len + UDP_HDR_LEN, head + ip_len + UDP_HDR_LEN,
		      TCP_HDR_LEN - UDP_HDR_LEN);
	return true;
}

/* The new header, and the checksum that goes with it; then away. Until here
 * another family's header could not have been written. */
static inline bool put(struct __sk_buff *skb, const void *header,
		       uint32_t ip_len, uint8_t proto, uint16_t delta)
{
	const uint32_t at = ip_len + (proto == IP_TCP ? 16 : 6);
	const uint64_t flags =
		BPF_F_PSEUDO_HDR | (proto == IP_UDP ? BPF_F_MARK_MANGLED_0 : 0);

	if (skb_store(skb, 0, header, ip_len, BPF_F_RECOMPUTE_CSUM))
		return false;
	return !delta || !l4_csum(skb, at, 0, be_swap16(delta), flags);
}

/* @src, @dst: what they were in the other family */
static inline bool put6(struct __sk_buff *skb, struct hdr6 h, uint32_t src,
			uint32_t dst)
{
	uint64_t wire[IP6_HDR_LEN / 8];

	hdr6_store((uint8_t *)wire, h);
	return put(skb, wire, IP6_HDR_LEN, h.proto,
		   plain_delta(src, dst, h.src, h.dst, true));
}

static inline bool put4(struct __sk_buff *skb, struct hdr4 h, struct addr6 src,
			struct addr6 dst)
{
	uint32_t wire[IP4_HDR_LEN / 4];

	hdr4_store((uint8_t *)wire, h);
	return put(skb, wire, IP4_HDR_LEN, h.proto,
		   plain_delta(h.src, h.dst, src, dst, false));
}

static inline void count4(struct fast_head *m, uint8_t proto, uint32_t len)
{
	struct fast_count *c = &m->count[proto == IP_TCP ? FAST_TCP : FAST_UDP];

	__sync_fetch_and_add(&c->packets4, 1);
	__sync_fetch_and_add(&c->bytes4, len);
}

static inline void count6(struct fast_head *m, uint8_t proto, uint32_t len)
{
	struct fast_count *c = &m->count[proto == IP_TCP ? FAST_TCP : FAST_UDP];

	__sync_fetch_and_add(&c->packets6, 1);
	__sync_fetch_and_add(&c->bytes6, len);
}

static inline uint16_t next_id(struct ident *id, struct hdr4 h)
{
	const uint64_t mix =
		ident_mix(id->key[0], id->key[1], h.src, h.dst, h.proto);
	uint32_t *next = &id->next[mix % IDENT_COUNTERS];

	return (uint16_t)(__sync_fetch_and_add(next, 1) + (mix >> 16));
}

/* Back into the kernel, as if the daemon had written it. */
static inline int come_back(struct __sk_buff *skb, uint32_t device)
{
	skb->mark = 0;
	return (int)redirect(device, BPF_F_INGRESS);
}

#endif

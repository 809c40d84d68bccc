/* SPDX-License-Identifier: MIT */
/*
 * share.c - eBPF programs for an address that host and translator share
 *
 * take stands where packets come in, at every device but the TUN, and has
 * those that are for the translator leave by the TUN: the host, whose address
 * it is as well, never sees them. depart stands where packets come in from the
 * TUN, and has those from the address leave by the device that the host's
 * routes name. So the host's nftables and conntrack see neither direction on
 * the IPv4 side, rather than one that has no answers.
 *
 * take6 is for an IPv6 address of a CLAT's host, at its uplink.
 *
 * What is for the host itself, has no route or does not fit goes the usual
 * way. Nothing is dropped here.
 *
 * To be compiled with `clang -target bpf` only; see scripts/bpf.py.
 */
#include "bpf/sharemap.h"
#include "bpf/skb.h"

#define FAMILY4    2 /* AF_INET */
#define SKIP_NEIGH 4 /* BPF_FIB_LOOKUP_SKIP_NEIGH, Linux 6.3 */

/* The only thing that outlives a packet; the loader puts the map here. */
struct share_map map SEC(".bss");

/**
 * struct look - a packet, or one that is quoted
 * @l4_at:	where its transport header begins
 */
struct look {
	struct hdr4 h;
	uint32_t l4_at;
};

static inline bool look_at(const struct __sk_buff *skb, uint32_t at,
			   struct look *l)
{
	uint64_t head[3] = { 0 };

	if (!load_at(skb, at, head, IP4_HDR_LEN))
		return false;
	l->h = hdr4_load((const uint8_t *)head);
	l->l4_at = at + l->h.ihl;
	return l->h.ihl >= IP4_HDR_LEN;
}

/* A packet, then, of an error, the one that it quotes: a loop, for size. */
static inline enum share_whose whose(const struct __sk_buff *skb)
{
	uint64_t l4[SHARE_L4 / 8];
	const uint8_t *bytes = (const uint8_t *)l4;
	uint32_t at = 0;
	struct look l;

#pragma clang loop unroll(disable)
	for (unsigned int quoted = 0; quoted < 2; quoted++) {
		if (!look_at(skb, at, &l) ||
		    (quoted ? l.h.src : l.h.dst) != map.addr)
			return SHARE_HOST;
		if (l.h.off)
			return quoted ? SHARE_HOST : SHARE_BOTH;
		if (!load_at(skb, l.l4_at, l4, SHARE_L4))
			return SHARE_HOST;
		if (quoted || l.h.proto != IP_ICMP || !share_is_error4(bytes))
			return share_transport(&map.ports, l.h.proto, bytes,
					       quoted);
		at = l.l4_at + SHARE_L4;
	}
	return SHARE_HOST;
}

/**
 * struct look6 - an IPv6 packet, or one that is quoted
 * @l4_at:	where what follows the header, or a Fragment header, begins
 * @off:	not the first fragment
 */
struct look6 {
	struct addr6 src;
	struct addr6 dst;
	uint32_t l4_at;
	uint8_t proto;
	bool off;
};

static inline bool look_at6(const struct __sk_buff *skb, uint32_t at,
			    struct look6 *l)
{
	uint64_t head[IP6_HDR_LEN / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;

	if (!load_at(skb, at, head, IP6_HDR_LEN))
		return false;
	l->src = addr6_load(bytes + 8);
	l->dst = addr6_load(bytes + 24);
	l->proto = bytes[6];
	l->l4_at = at + IP6_HDR_LEN;
	l->off = false;
	if (l->proto != IP_FRAGMENT)
		return true;
	if (!load_at(skb, l->l4_at, head, IP6_FRAG_LEN))
		return false;
	l->proto = bytes[0];
	l->off = be_get16(bytes + 2) >> 3;
	l->l4_at += IP6_FRAG_LEN;
	return true;
}

static inline bool is_far(struct addr6 a)
{
	const struct pref64 p = { map.pref64, (uint8_t)map.pref64_len };

	return pref64_contains(p, a);
}

static inline enum share_whose whose6(const struct __sk_buff *skb)
{
	uint64_t l4[SHARE_L4 / 8];
	const uint8_t *bytes = (const uint8_t *)l4;
	uint32_t at = 0;
	struct look6 l;

#pragma clang loop unroll(disable)
	for (unsigned int quoted = 0; quoted < 2; quoted++) {
		if (!look_at6(skb, at, &l) ||
		    !addr6_equal(quoted ? l.src : l.dst, map.addr6))
			return SHARE_HOST;
		if (l.off)
			return !quoted && is_far(l.src) ? SHARE_BOTH
							: SHARE_HOST;
		if (!load_at(skb, l.l4_at, l4, SHARE_L4))
			return SHARE_HOST;
		/* Errors may come from any router. */
		if (quoted || l.proto != IP_ICMP6 || bytes[0] >= 128)
			return is_far(quoted ? l.dst : l.src)
				       ? share_transport(&map.ports, l.proto,
							 bytes, quoted)
				       : SHARE_HOST;
		at = l.l4_at + SHARE_L4;
	}
	return SHARE_HOST;
}

/* In promiscuous mode there are packets for others (not PACKET_HOST); those of
 * a VLAN come by its own device. */
static inline bool is_for_us(const struct __sk_buff *skb, uint16_t proto)
{
	return skb->protocol == be_swap16(proto) && skb->pkt_type == 0 &&
	       !skb->vlan_present && *(volatile uint32_t *)&map.addr;
}

static inline int give(struct __sk_buff *skb, enum share_whose w)
{
	if (w == SHARE_OURS)
		return (int)redirect(map.device, 0);
	if (w == SHARE_BOTH)
		(void)clone_redirect(skb, map.device, 0);
	return NEXT;
}

SEC("tc/take")
int take(struct __sk_buff *skb)
{
	return is_for_us(skb, PROTO4) ? give(skb, whose(skb)) : NEXT;
}

SEC("tc/take6")
int take6(struct __sk_buff *skb)
{
	return is_for_us(skb, PROTO6) ? give(skb, whose6(skb)) : NEXT;
}

/* Bytes of the longest packet on the wire. */
static inline uint32_t longest(const struct __sk_buff *skb,
			       const struct look *l)
{
	uint32_t l4_len = UDP_HDR_LEN;
	uint8_t offset = 0;

	if (!skb->gso_size)
		return skb->len;
	if (l->h.proto == IP_TCP) {
		(void)load_at(skb, l->l4_at + 12, &offset, 1);
		l4_len = (uint32_t)(offset >> 4) << 2;
	}
	return l->l4_at + l4_len + skb->gso_size;
}

/* As the host's routes say; what it has to do itself is not found. */
static inline bool find_way(struct __sk_buff *skb, const struct look *l,
			    struct bpf_fib_lookup *f)
{
	*f = (struct bpf_fib_lookup){
		.family = FAMILY4,
		.l4_protocol = l->h.proto,
		.tot_len = (uint16_t)longest(skb, l),
		.ifindex = map.device,
		.tos = l->h.tos,
		.ipv4_src = be_swap32(l->h.src),
		.ipv4_dst = be_swap32(l->h.dst),
	};
	return fib_lookup(skb, f, sizeof(*f), SKIP_NEIGH) ==
		       BPF_FIB_LKUP_RET_SUCCESS &&
	       f->ifindex != map.device;
}

SEC("tc/depart")
int depart(struct __sk_buff *skb)
{
	struct bpf_redir_neigh hop = { 0 };
	struct bpf_fib_lookup f;
	struct look l;

	if (skb->protocol != be_swap16(PROTO4) ||
	    !*(volatile uint32_t *)&map.addr || !look_at(skb, 0, &l) ||
	    l.h.src != map.addr || !find_way(skb, &l, &f))
		return NEXT;
	hop.nh_family = f.family;
	for (unsigned int i = 0; i < 4; i++)
		hop.ipv6_nh[i] = f.ipv6_dst[i];
	return leave_by(skb, f.ifindex, &hop);
}

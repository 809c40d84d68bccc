/* SPDX-License-Identifier: MIT */
/*
 * share.c - eBPF programs for an IPv4 address that host and translator share
 *
 * take stands where packets come in, at every device but the TUN, and has
 * those that are for the translator leave by the TUN: the host, whose address
 * it is as well, never sees them. depart stands where packets come in from the
 * TUN, and has those from the address leave by the device that the host's
 * routes name. So the host's nftables and conntrack see neither direction on
 * the IPv4 side, rather than one that has no answers.
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
			return share_transport4(&map.ports, l.h.proto, bytes,
						quoted);
		at = l.l4_at + SHARE_L4;
	}
	return SHARE_HOST;
}

SEC("tc/take")
int take(struct __sk_buff *skb)
{
	const uint32_t device = map.device;
	enum share_whose w;

	/* In promiscuous mode there are packets for others (not PACKET_HOST);
	 * those of a VLAN come by its own device. */
	if (skb->protocol != be_swap16(PROTO4) || skb->pkt_type != 0 ||
	    skb->vlan_present || !*(volatile uint32_t *)&map.addr)
		return NEXT;
	w = whose(skb);
	if (w == SHARE_OURS)
		return (int)redirect(device, 0);
	if (w == SHARE_BOTH)
		(void)clone_redirect(skb, device, 0);
	return NEXT;
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

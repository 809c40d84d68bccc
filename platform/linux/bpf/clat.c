/* SPDX-License-Identifier: MIT */
/*
 * clat.c - clat's fast path: eBPF programs at its device and its uplink
 *
 * What is to be done with a packet is decided by core's clat/fast.h; here it
 * is loaded, carried out, and sent where it belongs. A packet that is not
 * plain goes on to the TUN, and so to the daemon, as if there were nothing
 * here: the programs drop nothing.
 *
 * translate stands where packets leave the kernel for the TUN. What it has
 * translated goes back to the kernel as if the daemon had written it, so
 * routing, nftables and conntrack see what they would see without.
 *
 * The other two are for a host that does not forward IPv6: arrive stands at
 * the uplink and has packets for us leave by the TUN; leave stands where
 * packets from the TUN come in, and has those for the provider leave by the
 * uplink.
 *
 * To be compiled with `clang -target bpf` only; see scripts/bpf.py.
 */
#include "bpf/carry.h"
#include "bpf/clatmap.h"

enum { ND_FIRST = 133, ND_LAST = 137 };

/* The only thing that outlives a packet; the loader puts the map here. */
struct clat_map map SEC(".bss");

static inline const struct fast_config *config(void)
{
	const uint32_t active = *(volatile uint32_t *)&map.head.active;

	return &map.slots[active % FAST_SLOTS];
}

static inline int from4(struct __sk_buff *skb, const struct fast_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[FAST_HEAD4 / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;
	struct hdr6 h;

	if (!load_packet(skb, (uint8_t *)head, IP4_HDR_LEN) ||
	    !fast_4to6(c, bytes, &s, &h) ||
	    change_proto(skb, be_swap16(PROTO6), 0))
		return NEXT;
	if (!put6(skb, h, be_get32(bytes + 12), be_get32(bytes + 16)))
		return DROP;
	count4(&map.head, h.proto, s.len);
	if (!c->uplink)
		return come_back(skb, c->device);
	skb->mark = 0;
	return leave_by(skb, c->uplink, 0);
}

static inline int from6(struct __sk_buff *skb, const struct fast_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[(FAST_HEAD6 + 4) / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;
	struct hdr4 h;

	if (!load_packet(skb, (uint8_t *)head, IP6_HDR_LEN) ||
	    !fast_6to4(c, bytes, &s, &h) ||
	    change_proto(skb, be_swap16(PROTO4), 0))
		return NEXT;
	if (plain_needs_id(h, &s))
		h.id = next_id(&map.head.ident, h);
	if (!put4(skb, h, addr6_load(bytes + 8), addr6_load(bytes + 24)))
		return DROP;
	count6(&map.head, h.proto, s.len);
	return come_back(skb, c->device);
}

SEC("tc/translate")
int translate(struct __sk_buff *skb)
{
	switch (version_of(&map.head, skb)) {
	case 4:
		return from4(skb, config());
	case 6:
		return from6(skb, config());
	default:
		return NEXT;
	}
}

/* Neighbour Discovery is the link's, whoever it is about. */
static inline bool is_discovery(const struct __sk_buff *skb,
				const uint8_t *head)
{
	uint8_t type = 0;

	if (head[6] != IP_ICMP6)
		return false;
	(void)load_from(skb, IP6_HDR_LEN, &type, 1, BPF_HDR_START_NET);
	return type >= ND_FIRST && type <= ND_LAST;
}

SEC("tc/arrive")
int arrive(struct __sk_buff *skb)
{
	const struct fast_config *c = config();
	uint64_t head[IP6_HDR_LEN / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;

	/* In promiscuous mode there are packets for others (not PACKET_HOST).
	 */
	if (skb->protocol != be_swap16(PROTO6) || skb->pkt_type != 0 ||
	    !load_at(skb, 0, head, IP6_HDR_LEN) ||
	    !fast_is_ours(c, addr6_load(bytes + 24)) ||
	    is_discovery(skb, bytes))
		return NEXT;
	return (int)redirect(c->device, 0);
}

SEC("tc/leave")
int leave(struct __sk_buff *skb)
{
	const struct fast_config *c = config();
	uint64_t head[IP6_HDR_LEN / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;

	if (!c->uplink || skb->protocol != be_swap16(PROTO6) ||
	    !load_at(skb, 0, head, IP6_HDR_LEN) ||
	    !pref64_contains(fast_pref64(c), addr6_load(bytes + 24)))
		return NEXT;
	return leave_by(skb, c->uplink, 0);
}

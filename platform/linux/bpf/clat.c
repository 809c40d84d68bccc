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
#include "bpf/fastmap.h"
#include "bpf/skb.h"

enum { ND_FIRST = 133, ND_LAST = 137 };

/* The only thing that outlives a packet; the loader puts the map here. */
struct fast_map map SEC(".bss");

static inline const struct fast_config *config(void)
{
	const uint32_t active = *(volatile uint32_t *)&map.active;

	return &map.slots[active % FAST_SLOTS];
}

/* Headers, as far as they are there: UDP packets may end behind their own. */
static inline bool load_packet(const struct __sk_buff *skb, uint8_t *head,
			       uint32_t ip_len)
{
	if (!load_at(skb, 0, head, ip_len + UDP_HDR_LEN))
		return false;
	(void)load_from(skb, ip_len + UDP_HDR_LEN, head + ip_len + UDP_HDR_LEN,
			TCP_HDR_LEN - UDP_HDR_LEN, BPF_HDR_START_NET);
	return true;
}

static inline void count(uint64_t *packets, uint64_t *bytes, uint32_t len)
{
	__sync_fetch_and_add(packets, 1);
	__sync_fetch_and_add(bytes, len);
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

static inline int from4(struct __sk_buff *skb, const struct fast_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[FAST_HEAD4 / 8] = { 0 };
	uint64_t wire[IP6_HDR_LEN / 8];
	const uint8_t *bytes = (const uint8_t *)head;
	struct hdr6 h;
	uint16_t delta;

	if (!load_packet(skb, (uint8_t *)head, IP4_HDR_LEN) ||
	    !fast_4to6(c, bytes, &s, &h) ||
	    change_proto(skb, be_swap16(PROTO6), 0))
		return NEXT;
	delta = plain_delta(be_get32(bytes + 12), be_get32(bytes + 16), h.src,
			    h.dst, true);
	hdr6_store((uint8_t *)wire, h);
	if (!put(skb, wire, IP6_HDR_LEN, h.proto, delta))
		return DROP;
	count(&map.count.packets4, &map.count.bytes4, s.len);
	skb->mark = 0;
	if (c->uplink)
		return leave_by(skb, c->uplink, 0);
	return (int)redirect(c->device, BPF_F_INGRESS);
}

static inline uint16_t next_id(struct hdr4 h)
{
	const uint64_t mix = ident_mix(map.ident.key[0], map.ident.key[1],
				       h.src, h.dst, h.proto);
	uint32_t *next = &map.ident.next[mix % IDENT_COUNTERS];

	return (uint16_t)(__sync_fetch_and_add(next, 1) + (mix >> 16));
}

static inline int from6(struct __sk_buff *skb, const struct fast_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[(FAST_HEAD6 + 4) / 8] = { 0 };
	uint32_t wire[IP4_HDR_LEN / 4];
	const uint8_t *bytes = (const uint8_t *)head;
	struct hdr4 h;
	uint16_t delta;

	if (!load_packet(skb, (uint8_t *)head, IP6_HDR_LEN) ||
	    !fast_6to4(c, bytes, &s, &h) ||
	    change_proto(skb, be_swap16(PROTO4), 0))
		return NEXT;
	delta = plain_delta(h.src, h.dst, addr6_load(bytes + 8),
			    addr6_load(bytes + 24), false);
	if (plain_needs_id(h, &s))
		h.id = next_id(h);
	hdr4_store((uint8_t *)wire, h);
	if (!put(skb, wire, IP4_HDR_LEN, h.proto, delta))
		return DROP;
	count(&map.count.packets6, &map.count.bytes6, s.len);
	skb->mark = 0;
	return (int)redirect(c->device, BPF_F_INGRESS);
}

SEC("tc/translate")
int translate(struct __sk_buff *skb)
{
	const struct fast_config *c = config();

	if (*(volatile uint32_t *)&map.paused)
		return NEXT;
	if (skb->protocol == be_swap16(PROTO4))
		return from4(skb, c);
	if (skb->protocol == be_swap16(PROTO6))
		return from6(skb, c);
	return NEXT;
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

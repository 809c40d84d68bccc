/* SPDX-License-Identifier: MIT */
/*
 * plat.c - plat's fast path: an eBPF program at its device
 *
 * Which sessions it may translate is told by the daemon in a table, and what
 * becomes of a packet is decided by core's nat64/quick.h; here it is carried
 * out. Whatever has no entry, or is not plain, goes on to the TUN, and so to
 * the daemon, as if there were nothing here: the program refuses nothing, opens
 * nothing, and takes no packet that would change a state.
 *
 * What it has translated goes back to the kernel as if the daemon had written
 * it.
 */
#include "bpf/carry.h"
#include "bpf/platmap.h"

static uint64_t (*const boot_ns)(void) = HELPER(125);

/* The only thing that outlives a packet; the loader puts the map here. */
struct plat_map map SEC(".bss");

static inline const struct quick_config *config(void)
{
	const uint32_t active = *(volatile uint32_t *)&map.head.active;

	return &map.slots[active % FAST_SLOTS];
}

/* Before it is translated, as the daemon does. */
static inline void touch(const struct quick_config *c, struct quick *q,
			 uint32_t side)
{
	if (c->outside != side)
		quick_touch(q, (uint32_t)(boot_ns() / 1000000000) + c->ahead);
}

/* A port, and the checksum if that is finished: what has been left to the
 * device has no ports in its sum. */
static inline bool put_port(struct __sk_buff *skb, uint32_t l4, uint32_t at,
			    uint8_t proto, uint16_t from, uint16_t to)
{
	const uint32_t check = l4 + (proto == IP_TCP ? 16 : 6);
	const uint64_t flags =
		sizeof(to) | (proto == IP_UDP ? BPF_F_MARK_MANGLED_0 : 0);
	uint16_t wire = be_swap16(to);

	if (from == to)
		return true;
	return !l4_csum(skb, check, be_swap16(from), wire, flags) &&
	       !skb_store(skb, l4 + at, &wire, sizeof(wire), 0);
}

static inline int from4(struct __sk_buff *skb, const struct quick_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[QUICK_HEAD4 / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;
	struct quick_key k;
	struct quick_to to;
	struct quick *q;
	struct hdr4 h;

	if (!load_packet(skb, (uint8_t *)head, IP4_HDR_LEN) ||
	    !quick_from4(c, bytes, &s, &h, &k))
		return NEXT;
	q = quick_find(&map.table, &k, &to);
	if (!q || change_proto(skb, be_swap16(PROTO6), 0))
		return NEXT;
	touch(c, q, NAT64_IPV4);
	if (!put6(skb, quick_4to6(c, h, to), h.src, h.dst) ||
	    !put_port(skb, IP6_HDR_LEN, 2, h.proto,
		      be_get16(bytes + IP4_HDR_LEN + 2), (uint16_t)to.port))
		return DROP;
	count4(&map.head, h.proto, s.len);
	return come_back(skb, c->device);
}

static inline int from6(struct __sk_buff *skb, const struct quick_config *c)
{
	const struct plain_size s = { skb->len, skb->gso_size };
	uint64_t head[(QUICK_HEAD6 + 4) / 8] = { 0 };
	const uint8_t *bytes = (const uint8_t *)head;
	struct quick_key k;
	struct quick_to to;
	struct quick *q;
	struct hdr6 h;
	struct hdr4 out;
	uint32_t segment;

	if (!load_packet(skb, (uint8_t *)head, IP6_HDR_LEN) ||
	    !quick_from6(c, bytes, &s, &h, &segment, &k))
		return NEXT;
	q = quick_find(&map.table, &k, &to);
	if (!q || change_proto(skb, be_swap16(PROTO4), 0))
		return NEXT;
	touch(c, q, NAT64_IPV6);
	out = quick_6to4(c, h, segment, to);
	if (plain_needs_id(out, &s))
		out.id = (uint16_t)(next_id(&map.head.ident, out)
					    << (c->ident_bits & 15) |
				    c->ident_low);
	if (!put4(skb, out, h.src, h.dst) ||
	    !put_port(skb, IP4_HDR_LEN, 0, h.proto,
		      be_get16(bytes + IP6_HDR_LEN), (uint16_t)to.port))
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

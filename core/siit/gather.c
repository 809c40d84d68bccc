/* SPDX-License-Identifier: MIT */
/*
 * gather.c - fragments that can only be translated together
 *
 * Theory of operation. ICMP is put together in memory and goes on as one
 * packet: an IPv4 packet that may be cut again, or an IPv6 packet with a
 * Fragment header for nothing, which says the same (RFC 7915, 5.1.1).
 *
 * Of UDP without checksum nothing but the first fragment is kept. The others
 * pass, as those of any datagram do, and what they add to the checksum is
 * noted; when all have been seen, the first one goes with its checksum. Whether
 * a datagram lacks one only the first fragment tells, so that what comes before
 * it is noted of every datagram, and forgotten when there is one after all.
 *
 * Nothing needs a timer: who is too old is not found, and its place is free.
 */
#include "siit/gather.h"

#define UDP_CHECK 6u

static struct gather_key key_of(const struct pkt_view *v)
{
	if (v->version == 4)
		return (struct gather_key){ .src = { 0, v->h4.src },
					    .dst = { 0, v->h4.dst },
					    .id = v->h4.id,
					    .proto = v->proto,
					    .version = 4 };
	return (struct gather_key){ .src = v->h6.src,
				    .dst = v->h6.dst,
				    .id = v->h6.id,
				    .proto = v->proto,
				    .version = 6 };
}

static bool same(const struct gather_key *a, const struct gather_key *b)
{
	return a->id == b->id && a->proto == b->proto &&
	       a->version == b->version && addr6_equal(a->src, b->src) &&
	       addr6_equal(a->dst, b->dst);
}

static bool alive(const struct gather *g, const struct gather_entry *e,
		  uint64_t now)
{
	return e->used && now - e->since <= g->limit;
}

static struct gather_entry *find(const struct gather *g,
				 struct gather_entry *list, uint32_t count,
				 const struct gather_key *key, uint64_t now)
{
	for (uint32_t i = 0; i < count; i++)
		if (same(&list[i].key, key) && alive(g, &list[i], now))
			return &list[i];
	return NULL;
}

static struct gather_entry *older(struct gather_entry *a,
				  struct gather_entry *b)
{
	return a && a->since <= b->since ? a : b;
}

/* Where a new one goes: over the oldest of its sender's, if those are too
 * many; into a free place; or over the oldest of all. */
static struct gather_entry *place(const struct gather *g,
				  struct gather_entry *list, uint32_t count,
				  struct addr6 src, uint64_t now)
{
	struct gather_entry *vacant = NULL;
	struct gather_entry *oldest = NULL;
	struct gather_entry *own = NULL;
	uint32_t share = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct gather_entry *e = &list[i];

		if (!alive(g, e, now)) {
			vacant = e;
			continue;
		}
		oldest = older(oldest, e);
		if (!addr6_equal(e->key.src, src))
			continue;
		own = older(own, e);
		share++;
	}
	if (share >= GATHER_SHARE)
		return own;
	return vacant ? vacant : oldest;
}

static struct gather_entry *begin(const struct gather *g,
				  struct gather_entry *list, uint32_t count,
				  const struct gather_key *key, uint64_t now)
{
	struct gather_entry *e = place(g, list, count, key->src, now);

	*e = (struct gather_entry){ .key = *key, .since = now, .used = true };
	return e;
}

static uint8_t *data_of(struct gather *g, const struct gather_entry *e)
{
	return g->data[e - g->kept] + PKT_HEADROOM;
}

/* A packet that lies in the memory of @e, and is not kept any longer. */
static struct pkt release(struct gather *g, struct gather_entry *e,
			  uint8_t *start, uint32_t len)
{
	const uint8_t *buf = g->data[e - g->kept];
	const uint32_t headroom = (uint32_t)(start - buf);

	e->used = false;
	return (struct pkt){
		.data = start,
		.len = len,
		.headroom = headroom,
		.tailroom = PKT_BUF_SIZE - headroom - len,
	};
}

/* The header that a whole message gets; its length is not known yet. */
static void put_header(uint8_t *end, const struct pkt_view *v)
{
	struct hdr4 h4 = v->h4;
	struct hdr6 h6 = v->h6;

	if (v->version == 4) {
		h4.df = h4.mf = false;
		hdr4_store(end - IP4_HDR_LEN, h4);
		return;
	}
	h6.mf = false;
	hdr6_store(end - IP6_HDR_LEN - IP6_FRAG_LEN, h6);
}

/* The message is whole: now its length is. */
static struct pkt whole(struct gather *g, struct gather_entry *e)
{
	uint8_t *l4 = data_of(g, e) + GATHER_HEADER;
	const uint32_t len = e->parts.end;
	struct hdr4 h;
	uint8_t *start = l4 - IP4_HDR_LEN;

	if (e->key.version == 4) {
		h = hdr4_load(start);
		h.len = (uint16_t)(IP4_HDR_LEN + len);
		hdr4_store(start, h);
		return release(g, e, start, IP4_HDR_LEN + len);
	}
	start = l4 - IP6_HDR_LEN - IP6_FRAG_LEN;
	be_put16(start + 4, (uint16_t)(IP6_FRAG_LEN + len));
	return release(g, e, start, IP6_HDR_LEN + IP6_FRAG_LEN + len);
}

/* Enter a fragment. Return: WHY_NONE, or why it is refused. */
static enum xlat_why enter(struct gather_entry *e, const struct pkt_view *v)
{
	if (e->dead)
		return WHY_FRAGMENT;
	switch (parts_add(&e->parts, v)) {
	case PART_NEW:
		return WHY_NONE;
	case PART_OVERLAP:
		e->dead = true;
		return WHY_FRAGMENT;
	default:
		return WHY_FRAGMENT;
	}
}

static enum xlat_why add_icmp(struct gather *g, const struct pkt *p,
			      const struct pkt_view *v, struct pkt *ready,
			      uint64_t now)
{
	const uint32_t off = v->version == 4 ? v->h4.off : v->h6.off;
	const struct gather_key key = key_of(v);
	struct gather_entry *e = find(g, g->kept, GATHER_KEPT, &key, now);
	enum xlat_why why;
	uint8_t *l4;

	/* No IP header can tell a length beyond that. */
	if (IP4_HDR_LEN + off + v->l4_len > 65535)
		return WHY_BAD_FRAGMENT;
	if (!e)
		e = begin(g, g->kept, GATHER_KEPT, &key, now);
	why = enter(e, v);
	if (why)
		return why;
	l4 = data_of(g, e) + GATHER_HEADER;
	mem_copy(l4 + off, p->data + v->l4, v->l4_len);
	if (v->first)
		put_header(l4, v);
	if (parts_are_all(&e->parts))
		*ready = whole(g, e);
	return WHY_FRAGMENT_HELD;
}

/* All of a UDP datagram has been seen: @udp is its header. */
static void finish_udp(uint8_t *udp, const struct gather_entry *e)
{
	const uint64_t sum =
		e->sum + e->key.src.lo + e->key.dst.lo + IP_UDP + e->parts.end;
	const uint16_t check = (uint16_t)~csum_fold(sum);

	be_put16(udp + UDP_CHECK, check ? check : 0xffff);
}

/* Keep the first fragment of a datagram of which @note is known, if any. */
static void keep_udp(struct gather *g, const struct pkt *p,
		     struct gather_entry *note, uint64_t now)
{
	struct gather_entry *e =
		begin(g, g->kept, GATHER_KEPT, &note->key, now);

	*e = *note;
	note->used = false;
	mem_copy(data_of(g, e), p->data, p->len);
}

static enum xlat_why add_first_udp(struct gather *g, struct pkt *p,
				   const struct pkt_view *v, uint64_t now)
{
	const struct gather_key key = key_of(v);
	struct gather_entry *e = find(g, g->noted, GATHER_NOTED, &key, now);
	uint8_t *udp = p->data + v->l4;
	enum xlat_why why;

	g->passing = (struct gather_key){ 0 };
	if (be_get16(udp + UDP_CHECK)) {
		g->passing = key;
		if (e)
			e->used = false;
		return WHY_NONE;
	}
	if (find(g, g->kept, GATHER_KEPT, &key, now))
		return WHY_FRAGMENT;
	if (!e)
		e = begin(g, g->noted, GATHER_NOTED, &key, now);
	why = enter(e, v);
	if (why)
		return why;
	e->sum += csum_bytes(udp, v->l4_len);
	if (!parts_are_all(&e->parts)) {
		keep_udp(g, p, e, now);
		return WHY_FRAGMENT_HELD;
	}
	finish_udp(udp, e);
	e->used = false;
	return WHY_NONE;
}

static void add_later_udp(struct gather *g, const struct pkt *p,
			  const struct pkt_view *v, struct pkt *ready,
			  uint64_t now)
{
	const struct gather_key key = key_of(v);
	struct gather_entry *kept;
	struct gather_entry *e;
	struct hdr4 h;
	uint8_t *first;

	/* Most often a datagram's fragments come one behind the other. */
	if (same(&g->passing, &key))
		return;
	e = kept = find(g, g->kept, GATHER_KEPT, &key, now);
	if (!e)
		e = find(g, g->noted, GATHER_NOTED, &key, now);
	if (!e)
		e = begin(g, g->noted, GATHER_NOTED, &key, now);
	if (enter(e, v))
		return;
	e->sum += csum_bytes(p->data + v->l4, v->l4_len);
	if (!kept || !parts_are_all(&kept->parts))
		return;
	first = data_of(g, kept);
	h = hdr4_load(first);
	finish_udp(first + h.ihl, kept);
	*ready = release(g, kept, first, h.len);
}

enum xlat_why gather_add(struct gather *g, struct pkt *p, struct pkt *ready,
			 uint64_t now)
{
	struct pkt_view v;

	ready->len = 0;
	/* What would be refused by its header need not be kept. */
	if (pkt_parse(p, &v) || !v.fragment)
		return WHY_NONE;
	if (v.version == 6 ? v.routing_ptr || v.ext_after_fragment
			   : v.source_route)
		return WHY_NONE;
	if (v.proto == (v.version == 4 ? IP_ICMP : IP_ICMP6))
		return add_icmp(g, p, &v, ready, now);
	if (!g->udp || v.version == 6 || v.proto != IP_UDP)
		return WHY_NONE;
	if (v.first)
		return add_first_udp(g, p, &v, now);
	add_later_udp(g, p, &v, ready, now);
	return WHY_NONE;
}

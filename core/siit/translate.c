/* SPDX-License-Identifier: MIT */
/*
 * translate.c - whole packets from one family to the other
 *
 * Theory of operation. The payload never moves. The transport header is
 * patched where it stands, by the difference between the old pseudo-header
 * and ports and the new ones; then the new IP header is written so that it
 * ends where the transport header begins, over the old one and, when IPv6
 * comes out, into the headroom. Nothing is written before every check that
 * can still refuse the packet has passed, so that an ICMP error about it can
 * quote it as received.
 *
 * Sizes are decided here, cutting is cut.h's: a result that is too long but
 * may be fragmented leaves with @cut set. A super-packet's size is that of
 * the pieces it stands for.
 */
#include "siit/translate.h"

#include "siit/error.h"
#include "siit/hdr.h"
#include "siit/icmp.h"
#include "siit/legal.h"
#include "siit/transport.h"

bool translate_illegal4(uint32_t addr)
{
	return legal_never4(addr);
}

bool translate_illegal6(struct addr6 addr)
{
	return legal_never6(addr);
}

bool translate_listed(const struct net4 *nets, uint32_t count, uint32_t addr)
{
	for (uint32_t i = 0; i < count; i++)
		if (addr4_mask(addr, nets[i].len) == nets[i].addr)
			return true;
	return false;
}

bool translate_closed4(const struct translate *t, uint32_t addr)
{
	if (XL_LIKELY(!legal_never4(addr) && !legal_local4(addr)))
		return false;
	return !translate_listed(t->allow4, t->allow4_count, addr);
}

/* SIIT-038: would turn into an extension header, or an ICMPv6 message that
 * nobody has looked at. */
static bool unfit_for_ipv6(uint8_t proto)
{
	switch (proto) {
	case IP_HOPOPTS:
	case IP_IGMP:
	case IP_ROUTING:
	case IP_FRAGMENT:
	case IP_ICMP6:
	case IP_DSTOPTS:
	case IP_MOBILITY:
	case IP_HIP:
	case IP_SHIM6:
		return true;
	default:
		return false;
	}
}

struct xlat_result translate_admit4(const struct translate *t, struct pkt *p,
				    const struct pkt_view *v, bool keep_ttl)
{
	if (translate_closed4(t, v->h4.dst))
		return xlat_drop(WHY_ILLEGAL_DESTINATION);
	if (translate_closed4(t, v->h4.src) && !v->icmp_error)
		return xlat_drop(WHY_ILLEGAL_SOURCE);
	if (v->source_route)
		return error_reply4(t, p, v, WHY_SOURCE_ROUTE, 3, 5, 0);
	if (v->h4.ttl <= 1 && !keep_ttl && !t->keep_ttl)
		return error_reply4(t, p, v, WHY_HOP_LIMIT, 11, 0, 0);
	if (unfit_for_ipv6(v->proto))
		return xlat_drop(WHY_UNKNOWN_PROTOCOL);
	if (v->proto == IP_ICMP && v->fragment)
		return error_refuse4(t, p, v, WHY_ICMP_FRAGMENT);
	return xlat_forward();
}

struct xlat_result translate_admit6(const struct translate *t, struct pkt *p,
				    const struct pkt_view *v)
{
	/* First, so that the machine's own multicast does not look as if
	 * somebody forged his address. */
	if (v->h6.dst.hi >> 56 == 0xff)
		return xlat_drop(WHY_ILLEGAL_DESTINATION);
	if (translate_illegal6(v->h6.src))
		return xlat_drop(WHY_ILLEGAL_SOURCE);
	if (v->h6.hlim <= 1 && !t->keep_ttl)
		return error_reply6(t, p, v, WHY_HOP_LIMIT, 3, 0, 0);
	if (v->routing_ptr)
		return error_reply6(t, p, v, WHY_ROUTING_HEADER, 4, 0,
				    v->routing_ptr);
	if (v->ext_after_fragment)
		return error_refuse6(t, p, v, WHY_EXT_AFTER_FRAGMENT);
	if (v->proto == IP_ICMP)
		return xlat_drop(WHY_UNKNOWN_PROTOCOL);
	if (v->proto == IP_ICMP6 && v->fragment)
		return xlat_drop(WHY_ICMP_FRAGMENT);
	return xlat_forward();
}

/* Bytes of transport header that every piece of a super-packet repeats. */
static uint32_t piece_header(const struct pkt *p, const struct pkt_view *v)
{
	if (p->gso == PKT_GSO_UDP)
		return UDP_HDR_LEN;
	return (uint32_t)(p->data[v->l4 + 12] >> 4) << 2;
}

/* Transport bytes of the longest packet that will be on the wire. */
static uint32_t wire_size(const struct pkt *p, const struct pkt_view *v)
{
	uint32_t piece;

	if (!p->gso)
		return v->l4_len;
	piece = piece_header(p, v) + p->gso_size;
	return piece < v->l4_len ? piece : v->l4_len;
}

/* Put @size bytes of IP header before the transport header. */
static uint8_t *replace_header(struct pkt *p, uint32_t l4, uint32_t size)
{
	const uint32_t room = p->headroom + l4;

	if (room < size)
		return NULL;
	p->data += (int32_t)l4 - (int32_t)size;
	p->headroom = room - size;
	p->len = p->len - l4 + size;
	return p->data;
}

/*
 * Does the IPv6 packet fit (RFC 7915, 4 and 4.1)?
 *
 * With DF it has to fit the next hop; without, the lowest IPv6 MTU, or it is
 * cut, a super-packet into its segments first.
 */
static struct xlat_result fit_ipv6(const struct translate *t, struct pkt *p,
				   const struct pkt_view *v)
{
	const uint32_t hdr = IP6_HDR_LEN + (v->fragment ? IP6_FRAG_LEN : 0);
	const uint32_t size = hdr + wire_size(p, v);
	uint32_t limit = t->mtu6;

	p->cut = 0;
	if (v->icmp_error)
		return xlat_forward();
	if (v->h4.df && size > limit)
		return error_reply4(t, p, v, WHY_TOO_BIG, 3, 4,
				    limit - (hdr - IP4_HDR_LEN));
	if (t->lowest_mtu6 < limit)
		limit = t->lowest_mtu6;
	if (!v->h4.df && size > limit) {
		p->cut = limit;
		p->frag_id = v->h4.id;
	}
	return xlat_forward();
}

static struct xlat_result payload_4to6(const struct translate *t, struct pkt *p,
				       const struct pkt_view *v,
				       const struct map46 *m)
{
	if (v->proto == IP_ICMP)
		return icmp_echo_4to6(p, v, &m->outer);
	return transport_4to6(t, p, v, &m->outer);
}

static struct xlat_result header_4to6(const struct translate *t, struct pkt *p,
				      const struct pkt_view *v,
				      const struct map46 *m)
{
	struct hdr6 h;
	uint8_t *wire;

	h = hdr_4to6(v->h4, m->outer.src, m->outer.dst, t->tc, v->l4_len);
	if (!m->keep_ttl && !t->keep_ttl)
		h.hlim--;
	wire = replace_header(p, v->l4, hdr6_size(h));
	if (!wire)
		return xlat_drop(WHY_NO_HEADROOM);
	hdr6_store(wire, h);
	return xlat_forward();
}

struct xlat_result translate_4to6(const struct translate *t, struct pkt *p,
				  const struct pkt_view *v,
				  const struct pkt_view *q,
				  const struct map46 *m)
{
	struct xlat_result r = fit_ipv6(t, p, v);
	struct pkt_view shorter;

	if (r.verdict != XLAT_FORWARD)
		return r;
	if (v->icmp_error) {
		shorter = *v;
		r = icmp_error_4to6(t, p, &shorter, q, m);
		v = &shorter;
	} else {
		r = payload_4to6(t, p, v, m);
	}
	return r.verdict == XLAT_FORWARD ? header_4to6(t, p, v, m) : r;
}

/*
 * Does the IPv4 packet fit (RFC 7915, 5 and 5.1)? Up to 1280 bytes of IPv6,
 * or with a Fragment header, it may be cut; else its sender is told. A
 * super-packet that no Total Length can express is taken apart.
 */
static struct xlat_result fit_ipv4(const struct translate *t, struct pkt *p,
				   const struct pkt_view *v)
{
	const uint32_t size = IP4_HDR_LEN + wire_size(p, v);
	const uint32_t told =
		t->mtu4 + 20 < IP6_MTU_MIN ? IP6_MTU_MIN : t->mtu4 + 20;
	const bool may_cut = v->h6.frag || size <= HDR_DF_ABOVE;

	p->cut = 0;
	if (v->icmp_error)
		return xlat_forward();
	if (size > 65535 || (size > t->mtu4 && !may_cut))
		return error_reply6(t, p, v, WHY_TOO_BIG, 2, 0, told);
	if (size > t->mtu4 || IP4_HDR_LEN + v->l4_len > 65535)
		p->cut = t->mtu4;
	return xlat_forward();
}

static struct xlat_result payload_6to4(const struct translate *t, struct pkt *p,
				       const struct pkt_view *v,
				       const struct map64 *m)
{
	if (v->proto == IP_ICMP6)
		return icmp_echo_6to4(p, v, &m->outer);
	return transport_6to4(t, p, v, &m->outer);
}

/* A super-packet's DF is that of its segments; a short last one's is
 * cut_tail()'s. A Total Length that it does not fit into is never sent, see
 * fit_ipv4(). */
static void describe_super(const struct pkt *p, const struct pkt_view *v,
			   struct hdr4 *h)
{
	h->df = IP4_HDR_LEN + wire_size(p, v) > HDR_DF_ABOVE;
	if (IP4_HDR_LEN + v->l4_len > 65535)
		h->len = 65535;
}

static struct xlat_result header_6to4(const struct translate *t, struct pkt *p,
				      const struct pkt_view *v,
				      const struct map64 *m)
{
	struct hdr4 h;
	uint8_t *wire;

	h = hdr_6to4(v->h6, m->outer.src, m->outer.dst, t->tos, v->l4_len);
	if (!t->keep_ttl)
		h.ttl--;
	if (v->icmp_error && !m->first_leg && h.len > t->mtu4)
		p->cut = t->mtu4;
	if (p->gso)
		describe_super(p, v, &h);
	else if (p->cut)
		h.df = false;
	/* Of a super-packet the last segment may go without DF. */
	if ((!h.df || p->gso) && (m->new_ident || !v->h6.frag))
		h.id = translate_ident(t, h.src, h.dst, h.proto);
	p->frag_id = h.id;
	wire = replace_header(p, v->l4, IP4_HDR_LEN);
	if (!wire)
		return xlat_drop(WHY_NO_HEADROOM);
	hdr4_store(wire, h);
	return xlat_forward();
}

struct xlat_result translate_6to4(const struct translate *t, struct pkt *p,
				  const struct pkt_view *v,
				  const struct pkt_view *q,
				  const struct map64 *m)
{
	struct xlat_result r = xlat_forward();
	struct pkt_view shorter;

	if (m->first_leg)
		p->cut = 0;
	else
		r = fit_ipv4(t, p, v);
	if (r.verdict != XLAT_FORWARD)
		return r;
	if (v->icmp_error) {
		shorter = *v;
		r = icmp_error_6to4(t, p, &shorter, q, m);
		v = &shorter;
	} else {
		r = payload_6to4(t, p, v, m);
	}
	return r.verdict == XLAT_FORWARD ? header_6to4(t, p, v, m) : r;
}

/* SPDX-License-Identifier: MIT */
/*
 * icmp.c - ICMP messages
 *
 * Theory of operation, for errors. The quoted transport header stays where
 * it is, like that of a packet on the wire; the quoted IP header is written
 * before it, the ICMP header before that. Only an RFC 4884 extension
 * structure moves, since the quote before it changes its length and has to be
 * padded anew. The checksum is computed over the finished message.
 */
#include "siit/icmp.h"

#include "siit/hdr.h"
#include "siit/icmpext.h"
#include "siit/icmpmap.h"
#include "siit/transport.h"

/* Most that a message moves down: two IPv6 headers for two IPv4 headers, and
 * a Fragment header. */
#define ERROR_GROW 64u

/* Type, identifier and checksum of an echo; a quote may end anywhere. */
static void echo_patch(uint8_t *l4, const struct pkt_view *v, uint8_t type,
		       uint16_t id, uint64_t old_pseudo, uint64_t new_pseudo)
{
	const uint64_t old = ((uint64_t)l4[0] << 8) + v->sport + old_pseudo;
	const uint64_t new = ((uint64_t)type << 8) + id + new_pseudo;

	l4[0] = type;
	if (v->l4_len >= 4)
		be_put16(l4 + 2,
			 csum_adjust(be_get16(l4 + 2), csum_delta(old, new)));
	if (v->ports)
		be_put16(l4 + 4, id);
}

static uint64_t pseudo6(struct addr6 src, struct addr6 dst, uint32_t len)
{
	return addr6_sum(src) + addr6_sum(dst) + len + IP_ICMP6;
}

static bool is_echo(const struct pkt_view *v)
{
	if (v->l4_len < 2 || v->fragment)
		return false;
	return v->version == 4 ? v->icmp_type == 0 || v->icmp_type == 8
			       : v->icmp_type == 128 || v->icmp_type == 129;
}

static void echo_to6(uint8_t *l4, const struct pkt_view *v,
		     const struct tuple6 *to)
{
	echo_patch(l4, v, v->icmp_type == 8 ? 128 : 129,
		   v->ports ? to->sport : 0, 0,
		   pseudo6(to->src, to->dst, v->l4_total));
}

static void echo_to4(uint8_t *l4, const struct pkt_view *v,
		     const struct tuple4 *to)
{
	echo_patch(l4, v, v->icmp_type == 128 ? 8 : 0, v->ports ? to->sport : 0,
		   pseudo6(v->h6.src, v->h6.dst, v->l4_total), 0);
}

struct xlat_result icmp_echo_4to6(struct pkt *p, const struct pkt_view *v,
				  const struct tuple6 *to)
{
	if (!is_echo(v))
		return xlat_drop(WHY_ICMP_TYPE);
	echo_to6(p->data + v->l4, v, to);
	return xlat_forward();
}

struct xlat_result icmp_echo_6to4(struct pkt *p, const struct pkt_view *v,
				  const struct tuple4 *to)
{
	if (!is_echo(v))
		return xlat_drop(WHY_ICMP_TYPE);
	echo_to4(p->data + v->l4, v, to);
	return xlat_forward();
}

/* Let @p start ERROR_GROW bytes earlier, so that no offset gets negative. */
static bool make_room(struct pkt *p, struct pkt_view *v)
{
	if (p->headroom < ERROR_GROW)
		return false;
	p->data -= ERROR_GROW;
	p->headroom -= ERROR_GROW;
	p->len += ERROR_GROW;
	v->l4 += ERROR_GROW;
	return true;
}

/* The message in @p with @hdr bytes of new quoted header. */
static struct icmpext_message message_open(struct pkt *p,
					   const struct pkt_view *v,
					   const struct pkt_view *q,
					   uint32_t hdr)
{
	uint8_t *icmp = p->data + v->l4;
	uint8_t *quote = icmp + ICMP_HDR_LEN;
	const uint32_t len = pkt_quote_len(icmp, v->version);

	return (struct icmpext_message){
		.body = quote + q->l4 - hdr,
		.len = hdr + q->l4_len,
		.ext = quote + len,
		.ext_len = len ? v->l4_len - ICMP_HDR_LEN - len : 0,
		.end = p->data + p->len + p->tailroom,
	};
}

/* The message is finished but for its checksum: write its header. */
static uint8_t *message_close(struct pkt *p, struct pkt_view *v,
			      const struct icmpext_message *m,
			      struct icmpmap map, uint32_t word)
{
	uint8_t *icmp = m->body - ICMP_HDR_LEN;

	icmp[0] = map.type;
	icmp[1] = map.code;
	be_put16(icmp + 2, 0);
	be_put32(icmp + 4, word);
	v->l4 = (uint32_t)(icmp - p->data);
	v->l4_len = v->l4_total = ICMP_HDR_LEN + m->len;
	p->len = v->l4 + v->l4_len;
	p->tailroom = (uint32_t)(m->end - (p->data + p->len));
	return icmp;
}

/* Can the quoted packet be translated at all (SIIT-120, SIIT-314)? */
static bool quote_ok(const struct pkt_view *q)
{
	const uint8_t icmp = q->version == 4 ? IP_ICMP : IP_ICMP6;

	if (q->proto == icmp)
		return is_echo(q);
	return q->version == 4 || (!q->routing_ptr && !q->ext_after_fragment);
}

/* Only messages without a second word of their own can be extended
 * (RFC 4884, 4.6). */
static uint32_t place6(struct icmpext_message *msg, const struct map46 *m,
		       struct icmpmap map)
{
	struct icmpext_object node = icmpext_node4(m->node_ext, m->node);

	if (map.word != ICMPMAP_ZERO)
		node.len = msg->ext_len = 0;
	return icmpext_place6(msg, &node);
}

static uint32_t word_4to6(const struct translate *t, const uint8_t *icmp,
			  const struct pkt_view *q, struct icmpmap map)
{
	if (map.word == ICMPMAP_MTU)
		return icmpmap_mtu_4to6(be_get16(icmp + 6), q->h4.len, t->mtu4,
					t->mtu6);
	return map.pointer;
}

struct xlat_result icmp_error_4to6(const struct translate *t, struct pkt *p,
				   struct pkt_view *v, const struct pkt_view *q,
				   const struct map46 *m)
{
	const uint8_t *old = p->data + v->l4;
	const struct icmpmap map =
		icmpmap_4to6(v->icmp_type, v->icmp_code, old[4]);
	const uint32_t word = word_4to6(t, old, q, map);
	const struct hdr6 h = hdr_4to6(q->h4, m->quoted.src, m->quoted.dst,
				       t->tc, q->l4_total);
	struct icmpext_message msg;
	uint32_t ext;
	uint8_t *icmp;
	uint8_t *l4;

	if (!map.ok)
		return xlat_drop(WHY_ICMP_TYPE);
	if (!quote_ok(q))
		return xlat_drop(WHY_ICMP_QUOTE);
	if (!make_room(p, v))
		return xlat_drop(WHY_NO_HEADROOM);
	l4 = p->data + v->l4 + ICMP_HDR_LEN + q->l4;
	msg = message_open(p, v, q, hdr6_size(h));
	if (q->proto == IP_ICMP)
		echo_to6(l4, q, &m->quoted);
	else
		transport_patch(l4, q, m->quoted.sport, m->quoted.dport,
				transport_delta_4to6(q, &m->quoted, false),
				false);
	hdr6_store(msg.body, h);
	ext = place6(&msg, m, map);
	icmp = message_close(p, v, &msg, map, word | ext << 24);
	be_put16(icmp + 2,
		 (uint16_t)~csum_fold(
			 csum_bytes(icmp, v->l4_len) +
			 pseudo6(m->outer.src, m->outer.dst, v->l4_len)));
	return xlat_forward();
}

static uint32_t word_6to4(const struct translate *t, const uint8_t *icmp,
			  struct icmpmap map)
{
	if (map.word == ICMPMAP_MTU)
		return icmpmap_mtu_6to4(be_get32(icmp + 4), t->mtu4, t->mtu6);
	return (uint32_t)map.pointer << 24;
}

struct xlat_result icmp_error_6to4(const struct translate *t, struct pkt *p,
				   struct pkt_view *v, const struct pkt_view *q,
				   const struct map64 *m)
{
	const uint8_t *old = p->data + v->l4;
	const struct icmpmap map =
		icmpmap_6to4(v->icmp_type, v->icmp_code, be_get32(old + 4));
	const uint32_t word = word_6to4(t, old, map);
	const struct hdr4 h = hdr_6to4(q->h6, m->quoted.src, m->quoted.dst,
				       t->tos, q->l4_total);
	const struct icmpext_object node = icmpext_node6(m->node_ext, m->node);
	struct icmpext_message msg;
	uint32_t ext;
	uint8_t *icmp;
	uint8_t *l4;

	if (!map.ok)
		return xlat_drop(WHY_ICMP_TYPE);
	if (!quote_ok(q))
		return xlat_drop(WHY_ICMP_QUOTE);
	l4 = p->data + v->l4 + ICMP_HDR_LEN + q->l4;
	msg = message_open(p, v, q, IP4_HDR_LEN);
	if (q->proto == IP_ICMP6)
		echo_to4(l4, q, &m->quoted);
	else
		transport_patch(l4, q, m->quoted.sport, m->quoted.dport,
				transport_delta_6to4(q, &m->quoted, false),
				false);
	hdr4_store(msg.body, h);
	ext = icmpext_place4(&msg, &node);
	icmp = message_close(p, v, &msg, map, word | ext << 16);
	be_put16(icmp + 2, (uint16_t)~csum_fold(csum_bytes(icmp, v->l4_len)));
	return xlat_forward();
}

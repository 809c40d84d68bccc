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
#include "siit/icmpmap.h"
#include "siit/transport.h"

#define ERROR6_ROOM     (IP6_MTU_MIN - IP6_HDR_LEN - ICMP_HDR_LEN)
#define ERROR4_ROOM     (576u - IP4_HDR_LEN - ICMP_HDR_LEN)
#define EXT_QUOTE_MIN   128u  /* RFC 4884, 3 */
#define EXT_QUOTE_MAX4  1020u /* 255 words of 32 bits */
#define EXT_HDR_LEN     4u
#define EXT_VERSION     0x20u
#define NODE_OBJ_LEN    24u
#define NODE_OBJ_CTYPE  0x04u /* an IP address is present */
#define CLASS_INTERFACE 2u    /* RFC 5837 */
#define CLASS_NODE_ID   5u    /* draft-ietf-intarea-extended-icmp-nodeid */
#define AFI_IPV6        2u

/* Most that a message moves down: two IPv6 headers for two IPv4 headers, and
 * a Fragment header. */
#define ERROR_GROW      64u

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

/**
 * struct message - an ICMP error while it is rebuilt
 * @body:	start of what follows the ICMP header
 * @len:	its bytes, padding and extension included
 * @ext:	extension structure as received
 * @ext_len:	its bytes; 0: none
 * @end:	end of the buffer
 */
struct message {
	uint8_t *body;
	uint32_t len;
	const uint8_t *ext;
	uint32_t ext_len;
	const uint8_t *end;
};

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
static struct message message_open(struct pkt *p, const struct pkt_view *v,
				   const struct pkt_view *q, uint32_t hdr)
{
	uint8_t *icmp = p->data + v->l4;
	uint8_t *quote = icmp + ICMP_HDR_LEN;
	uint32_t field = 0;
	struct message m;

	if (v->version == 4)
		field = (uint32_t)icmp[5] << 2;
	else if (v->icmp_type == 1 || v->icmp_type == 3)
		field = (uint32_t)icmp[4] << 3;
	m.body = quote + q->l4 - hdr;
	m.len = hdr + q->l4_len;
	m.ext = quote + field;
	m.ext_len = field ? v->l4_len - ICMP_HDR_LEN - field : 0;
	m.end = p->data + p->len + p->tailroom;
	return m;
}

/* The message is finished but for its checksum: write its header. */
static uint8_t *message_close(struct pkt *p, struct pkt_view *v,
			      const struct message *m, struct icmpmap map,
			      uint32_t word)
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

/* Length of a quote before an extension (RFC 4884, 3 and 5.4). */
static uint32_t padded(uint32_t len, uint32_t unit)
{
	len = (len + unit - 1) & ~(unit - 1);
	return len < EXT_QUOTE_MIN ? EXT_QUOTE_MIN : len;
}

/*
 * Put the extension behind a quote of @quote bytes, which may be more than
 * there are (padding) or less (cut).
 */
static void place_extension(struct message *m, uint32_t quote)
{
	mem_move(m->body + quote, m->ext, m->ext_len);
	if (quote > m->len)
		mem_zero(m->body + m->len, quote - m->len);
	m->len = quote + m->ext_len;
}

static bool extension_fits(const struct message *m, uint32_t quote,
			   uint32_t more)
{
	return quote + m->ext_len + more <= (uint32_t)(m->end - m->body);
}

/*
 * ICMPv6: quote in units of 8 bytes, all within 1280. The quote gives way
 * first, down to 128 bytes, then the extension (SIIT-405).
 *
 * Return: length attribute, 0 without extension
 */
static uint32_t extend6(struct message *m, bool can_extend)
{
	uint32_t quote = padded(m->len, 8);

	if (!m->ext_len || !can_extend ||
	    m->ext_len + EXT_QUOTE_MIN > ERROR6_ROOM ||
	    !extension_fits(m, quote, 0)) {
		if (m->len > ERROR6_ROOM)
			m->len = ERROR6_ROOM;
		return 0;
	}
	if (quote + m->ext_len > ERROR6_ROOM)
		quote = (ERROR6_ROOM - m->ext_len) & ~7u;
	place_extension(m, quote);
	return quote >> 3;
}

/* An object with the IPv6 source that has no IPv4 form (RFC 6791, 4). */
static void node_object(uint8_t *obj, const struct map64 *map)
{
	be_put16(obj, NODE_OBJ_LEN);
	obj[2] = map->node_ext == NODE_EXT_NODE_ID ? CLASS_NODE_ID
						   : CLASS_INTERFACE;
	obj[3] = NODE_OBJ_CTYPE;
	be_put16(obj + 4, AFI_IPV6);
	be_put16(obj + 6, 0);
	addr6_store(obj + 8, map->node);
}

/* Append it to the extension structure at @ext, or make one of it. */
static void append_node(struct message *m, uint8_t *ext,
			const struct map64 *map)
{
	uint8_t *obj = m->body + m->len;
	uint16_t check;

	if (!m->ext_len) {
		be_put32(obj, EXT_VERSION << 24);
		obj += EXT_HDR_LEN;
		m->len += EXT_HDR_LEN;
		be_put16(ext + 2, (uint16_t) ~(EXT_VERSION << 8));
	}
	node_object(obj, map);
	m->len += NODE_OBJ_LEN;
	check = be_get16(ext + 2); /* zero: sent without (RFC 4884, 7) */
	if (check)
		be_put16(ext + 2,
			 csum_adjust(
				 check,
				 csum_delta(0, csum_bytes(obj, NODE_OBJ_LEN))));
}

/*
 * ICMPv4: quote in units of 4 bytes. With an object of ours the message stays
 * within 576 bytes if the quote can give way for it (SIIT-410).
 *
 * Return: length attribute, 0 without extension
 */
static uint32_t extend4(struct message *m, const struct map64 *map)
{
	const bool node = map->node_ext != NODE_EXT_OFF;
	const uint32_t more = !node        ? 0
			      : m->ext_len ? NODE_OBJ_LEN
					   : EXT_HDR_LEN + NODE_OBJ_LEN;
	uint32_t quote = padded(m->len, 4);
	uint32_t room = EXT_QUOTE_MAX4;

	if (node && ERROR4_ROOM > m->ext_len + more + EXT_QUOTE_MIN)
		room = (ERROR4_ROOM - m->ext_len - more) & ~3u;
	if (quote > room)
		quote = room;
	if ((!m->ext_len && !node) || !extension_fits(m, quote, more))
		return 0;
	place_extension(m, quote);
	if (node)
		append_node(m, m->body + quote, map);
	return quote >> 2;
}

/* Can the quoted packet be translated at all (SIIT-120, SIIT-314)? */
static bool quote_ok(const struct pkt_view *q)
{
	const uint8_t icmp = q->version == 4 ? IP_ICMP : IP_ICMP6;

	if (q->proto == icmp)
		return is_echo(q);
	return q->version == 4 || (!q->routing_ptr && !q->ext_after_fragment);
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
	struct message msg;
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
	ext = extend6(&msg, map.word == ICMPMAP_ZERO);
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
	struct message msg;
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
	ext = extend4(&msg, m);
	icmp = message_close(p, v, &msg, map, word | ext << 16);
	be_put16(icmp + 2, (uint16_t)~csum_fold(csum_bytes(icmp, v->l4_len)));
	return xlat_forward();
}

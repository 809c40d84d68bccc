/* SPDX-License-Identifier: MIT */
#include "siit/icmpext.h"

#define QUOTE_MIN       128u    /* RFC 4884, 3 */
#define QUOTE_MAX4      1020u   /* 255 words of 32 bits */
#define STRUCTURE_LEN   4u      /* header of an extension structure */
#define STRUCTURE_FIRST 0x2000u /* version 2 */
#define OBJECT_LEN      4u      /* header of an object */
#define ROLE_MASK       0xc0u   /* of a C-Type (RFC 5837, 4.1) */
#define CTYPE_ADDRESS   0x04u   /* an IP address is present */
#define CLASS_INTERFACE 2u      /* RFC 5837 */
#define CLASS_NODE_ID   5u      /* draft-ietf-intarea-extended-icmp-nodeid */
#define AFI_IPV4        1u
#define AFI_IPV6        2u

#define ROOM4           (576u - IP4_HDR_LEN - ICMP_HDR_LEN)
#define ROOM6           (IP6_MTU_MIN - IP6_HDR_LEN - ICMP_HDR_LEN)

static struct icmpext_object object(enum node_extension kind, uint16_t afi,
				    uint32_t addr_len)
{
	struct icmpext_object o = { .len = 8 + addr_len };

	be_put16(o.wire, (uint16_t)o.len);
	o.wire[2] = kind == NODE_EXT_NODE_ID ? CLASS_NODE_ID : CLASS_INTERFACE;
	o.wire[3] = CTYPE_ADDRESS;
	be_put16(o.wire + 4, afi);
	return o;
}

struct icmpext_object icmpext_node6(enum node_extension kind, struct addr6 node)
{
	struct icmpext_object o = { .len = 0 };

	if (kind == NODE_EXT_OFF)
		return o;
	o = object(kind, AFI_IPV6, 16);
	addr6_store(o.wire + 8, node);
	return o;
}

struct icmpext_object icmpext_node4(enum node_extension kind, uint32_t node)
{
	struct icmpext_object o = { .len = 0 };

	if (kind == NODE_EXT_OFF)
		return o;
	o = object(kind, AFI_IPV4, 4);
	be_put32(o.wire + 8, node);
	return o;
}

/* Is an object of this class and role there already (RFC 5837, 4.5)? */
static bool has_object(const struct icmpext_message *m,
		       const struct icmpext_object *o)
{
	uint32_t at = STRUCTURE_LEN;
	uint32_t len;

	for (; at + OBJECT_LEN <= m->ext_len; at += len) {
		len = be_get16(m->ext + at);
		if (len < OBJECT_LEN)
			return false;
		if (m->ext[at + 2] == o->wire[2] &&
		    (m->ext[at + 3] & ROLE_MASK) == (o->wire[3] & ROLE_MASK))
			return true;
	}
	return false;
}

/* Bytes that @o adds to the message. */
static uint32_t growth(const struct icmpext_message *m,
		       const struct icmpext_object *o)
{
	if (o->len == 0 || has_object(m, o))
		return 0;
	return o->len + (m->ext_len ? 0 : STRUCTURE_LEN);
}

/* Length of a quote before an extension (RFC 4884, 3 and 5.4). */
static uint32_t padded(uint32_t len, uint32_t unit)
{
	len = (len + unit - 1) & ~(unit - 1);
	return len < QUOTE_MIN ? QUOTE_MIN : len;
}

/* Append @o to the structure at @ext, or make one of it. */
static void append(struct icmpext_message *m, uint8_t *ext,
		   const struct icmpext_object *o)
{
	uint16_t check;

	if (!m->ext_len) {
		be_put16(ext, STRUCTURE_FIRST);
		be_put16(ext + 2, (uint16_t)~STRUCTURE_FIRST);
		m->len += STRUCTURE_LEN;
	}
	mem_copy(m->body + m->len, o->wire, o->len);
	m->len += o->len;
	check = be_get16(ext + 2);
	if (check) /* zero: sent without (RFC 4884, 7) */
		be_put16(ext + 2,
			 csum_adjust(check, csum_delta(0, csum_bytes(o->wire,
								     o->len))));
}

/*
 * Put the extension behind a quote of @quote bytes, which may be more than
 * there are (padding) or less (cut), and @o behind it.
 *
 * Return: false if the buffer has no room, nothing then was done
 */
static bool place(struct icmpext_message *m, uint32_t quote,
		  const struct icmpext_object *o)
{
	const uint32_t more = growth(m, o);

	if (quote + m->ext_len + more > (uint32_t)(m->end - m->body))
		return false;
	mem_move(m->body + quote, m->ext, m->ext_len);
	if (quote > m->len)
		mem_zero(m->body + m->len, quote - m->len);
	m->len = quote + m->ext_len;
	if (more)
		append(m, m->body + quote, o);
	return true;
}

uint32_t icmpext_place6(struct icmpext_message *m,
			const struct icmpext_object *o)
{
	const uint32_t size = m->ext_len + growth(m, o);
	uint32_t quote = padded(m->len, 8);

	if (size && size + QUOTE_MIN <= ROOM6) {
		if (quote + size > ROOM6)
			quote = (ROOM6 - size) & ~7u;
		if (place(m, quote, o))
			return quote >> 3;
	}
	if (m->len > ROOM6)
		m->len = ROOM6;
	return 0;
}

uint32_t icmpext_place4(struct icmpext_message *m,
			const struct icmpext_object *o)
{
	const uint32_t more = growth(m, o);
	const uint32_t size = m->ext_len + more;
	uint32_t quote = padded(m->len, 4);
	uint32_t room = QUOTE_MAX4;

	if (!size)
		return 0;
	if (more && ROOM4 > size + QUOTE_MIN)
		room = (ROOM4 - size) & ~3u;
	if (quote > room)
		quote = room;
	return place(m, quote, o) ? quote >> 2 : 0;
}

/* SPDX-License-Identifier: MIT */
#include "siit/cut.h"

#include "siit/hdr.h"

#define TCP_PSH   0x08u
#define TCP_CHECK 16u
#define UDP_CHECK 6u

void cut_open(struct cut *c, const struct pkt *p)
{
	*c = (struct cut){ .p = p };
	/* The header is our own, or has been parsed before; but its length
	 * field is no measure of a super-packet beyond 65535 bytes. */
	if (pkt_parse_quote(p->data, p->len, &c->v) != WHY_NONE) {
		c->count = 1;
		return;
	}
	c->v.l4_len = p->len - c->v.l4;
	c->step = c->v.l4_len;
	if (p->gso) {
		c->step = p->gso_size;
		c->head_len = UDP_HDR_LEN;
	}
	if (p->gso == PKT_GSO_TCP)
		c->head_len = (uint32_t)(p->data[c->v.l4 + 12] >> 4) << 2;
	c->next = c->sent = c->head_len;
}

static uint64_t pseudo_sum(const struct pkt_view *v, uint32_t l4_len)
{
	if (v->version == 4)
		return addr4_sum(v->h4.src) + addr4_sum(v->h4.dst) + l4_len +
		       v->proto;
	return addr6_sum(v->h6.src) + addr6_sum(v->h6.dst) + l4_len + v->proto;
}

/* What differs from segment to segment in a TCP header. */
static void patch_tcp(struct cut *c, bool last)
{
	const uint32_t done = c->body - c->head_len;

	be_put32(c->head + 4, be_get32(c->head + 4) + done);
	if (!last)
		c->head[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (done && c->p->gso_ecn)
		c->head[13] &= (uint8_t)~TCP_CWR;
}

/* The transport header of the segment, checksum included. */
static void make_head(struct cut *c)
{
	const bool tcp = c->p->gso == PKT_GSO_TCP;
	const uint8_t *from = c->p->data + c->v.l4;
	const uint32_t len = c->head_len + c->body_len;
	uint8_t *check = c->head + (tcp ? TCP_CHECK : UDP_CHECK);
	uint16_t sum;

	mem_copy(c->head, from, c->head_len);
	if (tcp)
		patch_tcp(c, c->next == c->v.l4_len);
	else
		be_put16(c->head + 4, (uint16_t)len);
	be_put16(check, 0);
	sum = (uint16_t)~csum_fold(csum_bytes(c->head, c->head_len) +
				   csum_bytes(from + c->body, c->body_len) +
				   pseudo_sum(&c->v, len));
	be_put16(check, !tcp && sum == 0 ? 0xffff : sum);
}

static bool next_segment(struct cut *c)
{
	const uint32_t rest = c->v.l4_len - c->next;

	if (c->count && !rest)
		return false;
	c->body = c->next;
	c->body_len = rest < c->step ? rest : c->step;
	c->next += c->body_len;
	c->sent = 0;
	c->count++;
	if (c->head_len)
		make_head(c);
	return true;
}

/* Write the IP header of a piece with @len transport bytes; with @frag, one
 * that starts @c->sent bytes into its segment. Return: its size. */
static uint32_t put_header(const struct cut *c, uint8_t *out, uint32_t len,
			   bool frag, bool last)
{
	const uint32_t nth = c->count - 1;
	struct hdr4 h4 = c->v.h4;
	struct hdr6 h6 = c->v.h6;

	if (c->v.version == 4) {
		h4.len = (uint16_t)(IP4_HDR_LEN + len);
		/* That of a segment is its own, and the last may be short. */
		h4.df = h4.df && h4.len > HDR_DF_ABOVE;
		h4.id = (uint16_t)(h4.id + nth);
		h4.off = (uint16_t)(h4.off + c->sent);
		h4.mf = h4.mf || !last;
		hdr4_store(out, h4);
		return IP4_HDR_LEN;
	}
	if (frag) {
		h6.id = h6.frag ? h6.id : (uint16_t)(c->p->frag_id + nth);
		h6.frag = true;
		h6.off = (uint16_t)(h6.off + c->sent);
		h6.mf = h6.mf || !last;
	}
	h6.len = (uint16_t)(len + (h6.frag ? IP6_FRAG_LEN : 0));
	hdr6_store(out, h6);
	return hdr6_size(h6);
}

/* Copy @len bytes from where the segment stands. */
static void put_data(const struct cut *c, uint8_t *out, uint32_t len)
{
	const uint8_t *body = c->p->data + c->v.l4 + c->body;
	uint32_t head = 0;

	if (c->sent < c->head_len) {
		head = c->head_len - c->sent;
		head = head < len ? head : len;
		mem_copy(out, c->head + c->sent, head);
	}
	mem_copy(out + head, body + c->sent + head - c->head_len, len - head);
}

static uint32_t header_size(const struct cut *c, bool frag)
{
	if (c->v.version == 4)
		return IP4_HDR_LEN;
	return IP6_HDR_LEN + (frag || c->v.h6.frag ? IP6_FRAG_LEN : 0);
}

bool cut_next(struct cut *c, struct pkt *out)
{
	const uint32_t limit = c->p->cut;
	bool frag;
	uint32_t len;
	uint32_t room;
	uint32_t size;

	if (c->sent == c->head_len + c->body_len && !next_segment(c))
		return false;
	len = c->head_len + c->body_len - c->sent;
	frag = limit && (c->sent || header_size(c, false) + len > limit);
	room = limit - header_size(c, true);
	if (frag && len > room)
		len = room & ~7u;
	size = put_header(c, out->data, len, frag,
			  c->sent + len == c->head_len + c->body_len);
	put_data(c, out->data + size, len);
	c->sent += len;
	out->len = size + len;
	out->gso = PKT_GSO_NONE;
	out->partial = false;
	out->cut = 0;
	return true;
}

/* A changed IP length field, and what follows from it. */
static void put_length(struct pkt *p)
{
	const uint16_t old = be_get16(p->data + 2);

	if (p->data[0] >> 4 == 6) {
		be_put16(p->data + 4, (uint16_t)(p->len - IP6_HDR_LEN));
		return;
	}
	be_put16(p->data + 2, (uint16_t)p->len);
	be_put16(p->data + 10,
		 csum_adjust(be_get16(p->data + 10), csum_delta(old, p->len)));
}

/* Take @len bytes off the end of a super-packet, and what tells of them. */
static void shorten(struct pkt *p, const struct cut *c, uint32_t len)
{
	const bool tcp = p->gso == PKT_GSO_TCP;
	uint8_t *l4 = p->data + c->v.l4;
	uint8_t *check = l4 + (tcp ? TCP_CHECK : UDP_CHECK);
	const uint32_t left = c->v.l4_len - len;

	p->len -= len;
	p->tailroom += len;
	put_length(p);
	if (tcp)
		l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	else
		be_put16(l4 + 4, (uint16_t)left);
	be_put16(check, csum_adjust_partial(be_get16(check),
					    csum_delta(c->v.l4_len, left)));
	if (left <= c->head_len + c->step)
		p->gso = PKT_GSO_NONE;
}

bool cut_tail(struct pkt *p, struct pkt *out)
{
	struct cut c;
	uint32_t body;
	uint32_t rest;

	if (p->data[0] >> 4 != 4 || !hdr4_load(p->data).df || !p->partial)
		return false;
	cut_open(&c, p);
	body = c.v.l4_len - c.head_len;
	rest = body % c.step;
	if (!rest || rest == body ||
	    IP4_HDR_LEN + c.head_len + rest > HDR_DF_ABOVE)
		return false;
	c.next = c.v.l4_len - rest;
	c.count = body / c.step;
	if (!cut_next(&c, out))
		return false;
	shorten(p, &c, rest);
	return true;
}

void cut_first(struct pkt *p)
{
	struct cut c;
	uint32_t len;

	cut_open(&c, p);
	if (!next_segment(&c))
		return;
	mem_copy(p->data + c.v.l4, c.head, c.head_len);
	len = c.v.l4 + c.head_len + c.body_len;
	p->tailroom += p->len - len;
	p->len = len;
	put_length(p);
	p->gso = PKT_GSO_NONE;
	p->partial = false;
}

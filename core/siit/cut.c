/* SPDX-License-Identifier: MIT */
#include "siit/cut.h"

#define TCP_PSH 0x08u

static void open_packet(struct cut *c, const struct pkt *p)
{
	*c = (struct cut){ .p = p };
	/* Our own output: it has a header of either family, and no more is
	 * needed of it than of a quote. */
	if (pkt_parse_quote(p->data, p->len, &c->v) != WHY_NONE)
		c->pos = c->v.l4_len = 0;
}

void cut_fragments(struct cut *c, const struct pkt *p)
{
	open_packet(c, p);
	c->step = p->cut - IP4_HDR_LEN;
	if (c->v.version == 6)
		c->step = p->cut - IP6_HDR_LEN - IP6_FRAG_LEN;
}

void cut_segments(struct cut *c, const struct pkt *p)
{
	open_packet(c, p);
	c->step = p->gso_size;
	c->hdr = UDP_HDR_LEN;
	if (p->gso == PKT_GSO_TCP)
		c->hdr = (uint32_t)(p->data[c->v.l4 + 12] >> 4) << 2;
	c->pos = c->hdr;
	if (c->v.version == 4)
		c->id = c->v.h4.id;
}

/* Write the IP header of a piece with @l4_len transport bytes; with @frag,
 * one that starts @c->pos bytes into the packet's. Return: its size. */
static uint32_t put_header(const struct cut *c, uint8_t *out, uint32_t l4_len,
			   bool frag, bool last)
{
	struct hdr4 h4 = c->v.h4;
	struct hdr6 h6 = c->v.h6;

	if (c->v.version == 4) {
		h4.len = (uint16_t)(IP4_HDR_LEN + l4_len);
		if (frag) {
			h4.off = (uint16_t)(h4.off + c->pos);
			h4.mf = h4.mf || !last;
		} else {
			h4.id = c->id;
		}
		hdr4_store(out, h4);
		return IP4_HDR_LEN;
	}
	if (frag) {
		h6.id = h6.frag ? h6.id : c->p->frag_id;
		h6.frag = true;
		h6.off = (uint16_t)(h6.off + c->pos);
		h6.mf = h6.mf || !last;
	}
	h6.len = (uint16_t)(l4_len + (h6.frag ? IP6_FRAG_LEN : 0));
	hdr6_store(out, h6);
	return hdr6_size(h6);
}

static void next_fragment(struct cut *c, struct pkt *out)
{
	uint32_t part = c->v.l4_len - c->pos;
	bool last = true;
	uint32_t size;

	if (part > c->step) {
		part = c->step & ~7u;
		last = false;
	}
	size = put_header(c, out->data, part, true, last);
	mem_copy(out->data + size, c->p->data + c->v.l4 + c->pos, part);
	out->len = size + part;
	c->pos += part;
}

static uint64_t pseudo_sum(const struct pkt_view *v, uint32_t l4_len)
{
	if (v->version == 4)
		return addr4_sum(v->h4.src) + addr4_sum(v->h4.dst) + l4_len +
		       v->proto;
	return addr6_sum(v->h6.src) + addr6_sum(v->h6.dst) + l4_len + v->proto;
}

/* What differs from piece to piece in a TCP header. */
static void patch_tcp(const struct cut *c, uint8_t *l4, bool last)
{
	const uint32_t done = c->pos - c->hdr;

	be_put32(l4 + 4, be_get32(l4 + 4) + done);
	if (!last)
		l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (done && c->p->gso_ecn)
		l4[13] &= (uint8_t)~TCP_CWR;
}

static void next_segment(struct cut *c, struct pkt *out)
{
	const bool tcp = c->p->gso == PKT_GSO_TCP;
	const uint32_t rest = c->v.l4_len - c->pos;
	const uint32_t part = rest < c->step ? rest : c->step;
	const uint32_t l4_len = c->hdr + part;
	const uint32_t size = put_header(c, out->data, l4_len, false, false);
	const uint8_t *from = c->p->data + c->v.l4;
	uint8_t *l4 = out->data + size;
	uint8_t *check = l4 + (tcp ? 16 : 6);
	uint16_t sum;

	mem_copy(l4, from, c->hdr);
	mem_copy(l4 + c->hdr, from + c->pos, part);
	if (tcp)
		patch_tcp(c, l4, part == rest);
	else
		be_put16(l4 + 4, (uint16_t)l4_len);
	be_put16(check, 0);
	sum = (uint16_t)~csum_fold(csum_bytes(l4, l4_len) +
				   pseudo_sum(&c->v, l4_len));
	be_put16(check, !tcp && sum == 0 ? 0xffff : sum);
	out->len = size + l4_len;
	c->pos += part;
	c->id++;
}

bool cut_next(struct cut *c, struct pkt *out)
{
	if (c->pos >= c->v.l4_len || c->step == 0)
		return false;
	if (c->hdr)
		next_segment(c, out);
	else
		next_fragment(c, out);
	out->gso = PKT_GSO_NONE;
	out->partial = false;
	out->cut = 0;
	return true;
}

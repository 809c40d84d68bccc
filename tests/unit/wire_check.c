/* SPDX-License-Identifier: MIT */
#include "wire_check.h"

#include <string.h>

static unsigned int get16(const uint8_t *b)
{
	return b[0] * 256u + b[1];
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)get16(b) << 16 | get16(b + 2);
}

uint16_t wire_sum(const uint8_t *b, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? b[i] : b[i] * 256u;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

static uint32_t add(uint32_t a, uint32_t b)
{
	return a + b > 0xffff ? a + b - 0xffff : a + b;
}

static const char *parse4(struct wire *w, const uint8_t *b, size_t len)
{
	const unsigned int flags = get16(b + 6);

	w->l4 = (b[0] & 15u) * 4u;
	if (w->l4 < 20 || get16(b + 2) < w->l4 || len < w->l4)
		return "IPv4 header length";
	w->l4_len = get16(b + 2) - w->l4;
	w->proto = b[9];
	w->id = get16(b + 4);
	w->df = flags & 0x4000;
	w->more = flags & 0x2000;
	w->off = (flags & 0x1fff) * 8;
	w->frag = w->more || w->off;
	return NULL;
}

static const char *parse6(struct wire *w, const uint8_t *b, size_t len)
{
	size_t at = 40;
	unsigned int next = b[6];

	while (next == 0 || next == 43 || next == 60) {
		if (at + 8 > len)
			return "extension header cut";
		next = b[at];
		at += (b[at + 1] + 1u) * 8u;
	}
	if (next == 44) {
		if (at + 8 > len)
			return "Fragment header cut";
		if (b[at + 1] || b[at + 3] & 6)
			return "reserved bits of the Fragment header";
		next = b[at];
		w->frag = true;
		w->off = get16(b + at + 2) & ~7u;
		w->more = b[at + 3] & 1;
		w->id = get32(b + at + 4);
		at += 8;
	}
	if (at > 40 + get16(b + 4))
		return "headers beyond the Payload Length";
	w->proto = next;
	w->l4 = at;
	w->l4_len = 40 + get16(b + 4) - at;
	return NULL;
}

const char *wire_parse(struct wire *w, const uint8_t *b, size_t len)
{
	*w = (struct wire){ .b = b, .len = len };
	if (len < 1)
		return "empty";
	w->version = b[0] >> 4;
	if (w->version == 4 && len >= 20)
		return parse4(w, b, len);
	if (w->version == 6 && len >= 40)
		return parse6(w, b, len);
	return "no IP header";
}

uint16_t wire_transport_sum(const struct wire *w)
{
	const bool v4 = w->version == 4;
	uint32_t sum = wire_sum(w->b + w->l4, w->l4_len);

	if (v4 && w->proto == 1)
		return (uint16_t)sum;
	sum = add(sum, wire_sum(w->b + (v4 ? 12 : 8), v4 ? 8 : 32));
	return (uint16_t)add(add(sum, w->proto), (uint32_t)w->l4_len);
}

/* Offset of the checksum field behind the transport header's start. */
static size_t check_at(const struct wire *w)
{
	switch (w->proto) {
	case 6:
		return 16;
	case 17:
		return 6;
	case 1:
		return w->version == 4 ? 2 : 0;
	case 58:
		return w->version == 6 ? 2 : 0;
	default:
		return 0;
	}
}

static const char *transport_fault(const struct wire *w, bool damaged)
{
	const size_t at = check_at(w);

	if (!at || w->off || w->more || w->l4 + w->l4_len > w->len)
		return NULL;
	if (w->l4_len < at + 2)
		return "no room for a transport checksum";
	if (w->proto == 17 && !get16(w->b + w->l4 + 6))
		return NULL;
	if ((wire_transport_sum(w) == 0xffff) == damaged)
		return damaged ? "the damage was repaired"
			       : "transport checksum";
	return NULL;
}

static bool is_icmp_error(const struct wire *w)
{
	const uint8_t type = w->l4_len ? w->b[w->l4] : 0;

	if (w->off || w->more)
		return false;
	if (w->version == 4)
		return w->proto == 1 && (type == 3 || type == 11 || type == 12);
	return w->proto == 58 && type >= 1 && type <= 4;
}

static const char *quote_fault(const struct wire *w)
{
	const uint8_t *icmp = w->b + w->l4;
	size_t rest = w->l4_len - 8;
	size_t quote = 0;
	struct wire q;
	const char *fault;

	if (w->version == 4)
		quote = icmp[5] * 4u;
	else if (icmp[0] == 1 || icmp[0] == 3)
		quote = icmp[4] * 8u;
	if (quote > rest || (quote && quote < 128))
		return "RFC 4884 length";
	if (quote && wire_sum(icmp + 8 + quote, rest - quote) != 0xffff)
		return "extension checksum";
	fault = wire_parse(&q, icmp + 8, quote ? quote : rest);
	if (fault)
		return "quoted header";
	if (q.version != w->version)
		return "quote of the other family";
	if (q.version == 4 && wire_sum(q.b, q.l4) != 0xffff)
		return "quoted header checksum";
	return w->version == 6 && w->len > 1280 ? "ICMPv6 error above 1280"
						: NULL;
}

const char *wire_fault(const uint8_t *b, size_t len, bool damaged)
{
	struct wire w;
	const char *fault = wire_parse(&w, b, len);

	if (fault)
		return fault;
	if (w.l4 + w.l4_len != len)
		return "length field";
	if (w.version == 4 && wire_sum(b, w.l4) != 0xffff)
		return "IPv4 header checksum";
	fault = transport_fault(&w, damaged);
	if (!fault && is_icmp_error(&w))
		fault = quote_fault(&w);
	return fault;
}

/* Everything in the IP header but lengths, offset, M and IPv4's checksum. */
static bool alike(const struct wire *a, const struct wire *b)
{
	const bool v4 = a->version == 4;

	if (a->version != b->version || a->proto != b->proto ||
	    a->id != b->id || a->df != b->df || a->l4 != b->l4)
		return false;
	if (v4)
		return a->b[1] == b->b[1] && a->b[8] == b->b[8] &&
		       !memcmp(a->b + 12, b->b + 12, 8);
	return !memcmp(a->b, b->b, 4) && !memcmp(a->b + 6, b->b + 6, 34);
}

const char *wire_reassemble(const uint8_t *const b[], const size_t len[],
			    size_t count, size_t bound, uint8_t *out,
			    size_t *out_len)
{
	struct wire first;
	struct wire w;
	const char *fault = wire_parse(&first, b[0], len[0]);
	size_t at = 0;

	for (size_t i = 0; !fault && i < count; i++) {
		fault = wire_parse(&w, b[i], len[i]);
		if (fault)
			break;
		if (len[i] > bound)
			fault = "fragment above the bound";
		else if (!w.frag || w.off != first.off + at)
			fault = "gap, overlap or disorder";
		else if (!alike(&first, &w))
			fault = "unlike headers";
		else if (i + 1 < count && (w.l4_len % 8 || !w.more))
			fault = "cut off the 8-byte grid, or M missing";
		else
			memcpy(out + at, b[i] + w.l4, w.l4_len);
		at += w.l4_len;
	}
	*out_len = at;
	return fault;
}

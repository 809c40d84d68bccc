/* SPDX-License-Identifier: MIT */
#include "build.h"

#include <string.h>

#define TTL 64

static uint64_t pseudo_sum(const struct build *b, uint32_t len, uint8_t proto)
{
	const uint64_t addresses =
		b->version == 4 ? addr4_sum(b->src4) + addr4_sum(b->dst4)
				: addr6_sum(b->src6) + addr6_sum(b->dst6);

	return addresses + len + proto;
}

static uint8_t wire_proto(const struct build *b)
{
	return b->version == 6 && b->proto == IP_ICMP ? IP_ICMP6 : b->proto;
}

/* The IP header, and the Fragment header if there is one; its size. */
static uint32_t put_ip(uint8_t *data, const struct build *b, uint32_t l4_len)
{
	const bool frag = b->frag_off || b->frag_more;
	const struct hdr4 h4 = {
		.src = b->src4,
		.dst = b->dst4,
		.len = (uint16_t)(IP4_HDR_LEN + l4_len),
		.id = 4711,
		.off = b->frag_off,
		.ttl = TTL,
		.proto = b->proto,
		.df = !frag,
		.mf = b->frag_more,
	};
	const struct hdr6 h6 = {
		.src = b->src6,
		.dst = b->dst6,
		.id = 4711,
		.len = (uint16_t)(l4_len + (frag ? IP6_FRAG_LEN : 0)),
		.off = b->frag_off,
		.hlim = TTL,
		.proto = wire_proto(b),
		.frag = frag,
		.mf = b->frag_more,
	};

	if (b->version == 4)
		hdr4_store(data, h4);
	else
		hdr6_store(data, h6);
	return b->version == 4 ? IP4_HDR_LEN : hdr6_size(h6);
}

/* Transport header and payload, checksum field zero; offset of the latter. */
static uint32_t put_transport(uint8_t *l4, const struct build *b, uint32_t len)
{
	memset(l4, 0, len);
	if (b->proto == IP_ICMP) {
		l4[0] = b->version == 4 ? 8 : 128;
		be_put16(l4 + 4, b->sport);
		return 2;
	}
	be_put16(l4, b->sport);
	be_put16(l4 + 2, b->dport);
	if (b->proto == IP_UDP) {
		be_put16(l4 + 4, (uint16_t)len);
		return 6;
	}
	l4[12] = TCP_HDR_LEN / 4 << 4;
	l4[13] = b->tcp_flags;
	return 16;
}

static uint32_t transport_size(const struct build *b)
{
	if (b->frag_off)
		return 0;
	return b->proto == IP_TCP ? TCP_HDR_LEN : UDP_HDR_LEN;
}

static void put_check(uint8_t *l4, uint32_t at, uint32_t len, uint64_t sum)
{
	be_put16(l4 + at, (uint16_t)~csum_fold(sum + csum_bytes(l4, len)));
}

void build_packet(struct pkt *p, const struct build *b)
{
	const uint32_t len = transport_size(b) + b->payload;
	const uint32_t ip = put_ip(p->data, b, len);
	uint8_t *l4 = p->data + ip;
	uint64_t pseudo = pseudo_sum(b, len, wire_proto(b));
	uint32_t at;

	p->len = ip + len;
	if (b->frag_off) {
		memset(l4, 0, len);
		return;
	}
	at = put_transport(l4, b, len);
	if (b->version == 4 && b->proto == IP_ICMP)
		pseudo = 0;
	if (!b->no_check)
		put_check(l4, at, len, pseudo);
}

void build_super(struct pkt *p, const struct build *b, uint16_t gso_size)
{
	const uint32_t len = TCP_HDR_LEN + b->payload;
	const uint32_t ip = put_ip(p->data, b, len);

	/* Nobody looks at the payload of a super-packet. */
	put_transport(p->data + ip, b, TCP_HDR_LEN);
	be_put16(p->data + ip + 16, csum_fold(pseudo_sum(b, len, IP_TCP)));
	p->len = ip + len;
	p->gso = PKT_GSO_TCP;
	p->gso_size = gso_size;
	p->partial = true;
}

void build_error(struct pkt *p, const struct build *outer,
		 const struct build *about, uint32_t quote)
{
	const uint32_t ip = outer->version == 4 ? IP4_HDR_LEN : IP6_HDR_LEN;
	const uint32_t len = ICMP_HDR_LEN + quote;
	uint8_t *l4 = p->data + ip;
	struct pkt inner = { .data = l4 + ICMP_HDR_LEN };

	build_packet(&inner, about);
	put_ip(p->data, outer, len);
	memset(l4, 0, ICMP_HDR_LEN);
	l4[0] = outer->version == 4 ? 3 : 1;
	l4[1] = outer->version == 4 ? 3 : 4;
	put_check(l4, 2, len,
		  outer->version == 4 ? 0 : pseudo_sum(outer, len, IP_ICMP6));
	p->len = ip + len;
}

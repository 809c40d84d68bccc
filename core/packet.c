/* SPDX-License-Identifier: MIT */
#include "packet.h"

#define OPT_END     0u
#define OPT_NOP     1u
#define OPT_LSRR    131u
#define OPT_SSRR    137u

/* A TCP fragment that starts here could overwrite the flags of the first
 * (RFC 3128). */
#define TCP_OVERLAP 8u

/* Bytes of transport header up to and including the checksum, without which
 * a packet cannot be translated (SIIT-085). */
static uint32_t transport_min(const struct pkt_view *v)
{
	switch (v->proto) {
	case IP_TCP:
		return 18;
	case IP_UDP:
	case IP_DCCP:
	case IP_UDPLITE:
		return UDP_HDR_LEN;
	case IP_ICMP:
		return v->version == 4 ? ICMP_HDR_LEN : 0;
	case IP_ICMP6:
		return v->version == 6 ? ICMP_HDR_LEN : 0;
	default:
		return 0;
	}
}

static bool icmp4_is_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static void view_icmp(const uint8_t *l4, struct pkt_view *v)
{
	bool echo;

	if (v->l4_len < 2)
		return;
	v->icmp_type = l4[0];
	v->icmp_code = l4[1];
	if (v->version == 4) {
		v->icmp_error = icmp4_is_error(l4[0]);
		echo = l4[0] == 8 || l4[0] == 0;
	} else {
		v->icmp_error = l4[0] < 128;
		echo = l4[0] == 128 || l4[0] == 129;
	}
	if (echo && v->l4_len >= 6) {
		v->sport = v->dport = be_get16(l4 + 4);
		v->ports = true;
	}
}

/* What the transport header says, as far as it is here. */
static void view_transport(const uint8_t *data, struct pkt_view *v)
{
	const uint8_t *l4 = data + v->l4;

	v->ports = v->icmp_error = false;
	v->sport = v->dport = 0;
	v->icmp_type = v->icmp_code = v->tcp_flags = 0;
	if (!v->first)
		return;
	if (v->proto == (v->version == 4 ? IP_ICMP : IP_ICMP6)) {
		view_icmp(l4, v);
		return;
	}
	if ((v->proto != IP_TCP && v->proto != IP_UDP) || v->l4_len < 4)
		return;
	v->sport = be_get16(l4);
	v->dport = be_get16(l4 + 2);
	v->ports = true;
	if (v->proto == IP_TCP && v->l4_len >= 14)
		v->tcp_flags = l4[13];
}

/* IPv4 options (RFC 791, 3.1): only a source route that still has somewhere
 * to go matters. */
static enum xlat_why view_options(const uint8_t *opt, uint32_t len,
				  struct pkt_view *v)
{
	uint32_t size;

	for (uint32_t i = 0; i < len && opt[i] != OPT_END; i += size) {
		size = 1;
		if (opt[i] == OPT_NOP)
			continue;
		if (i + 2 > len || opt[i + 1] < 2 || i + opt[i + 1] > len)
			return WHY_BAD_OPTION;
		size = opt[i + 1];
		if (opt[i] != OPT_LSRR && opt[i] != OPT_SSRR)
			continue;
		if (size < 3)
			return WHY_BAD_OPTION;
		if (opt[i + 2] <= size)
			v->source_route = true;
	}
	return WHY_NONE;
}

static enum xlat_why view4(const uint8_t *data, uint32_t len,
			   struct pkt_view *v)
{
	const struct hdr4 h = hdr4_load(data);
	const uint32_t end = h.len < len ? h.len : len;

	if (h.ihl < IP4_HDR_LEN || h.len < h.ihl)
		return WHY_BAD_LENGTH;
	if (h.ihl > len)
		return WHY_SHORT;
	v->version = 4;
	v->h4 = h;
	v->proto = h.proto;
	v->l4 = h.ihl;
	v->l4_len = end - h.ihl;
	v->l4_total = (uint32_t)h.len - h.ihl;
	v->fragment = h.mf || h.off;
	v->first = h.off == 0;
	v->source_route = false;
	view_transport(data, v);
	return WHY_NONE;
}

static bool is_skipped(uint8_t next)
{
	return next == IP_HOPOPTS || next == IP_ROUTING || next == IP_DSTOPTS;
}

/* Headers that may not follow a Fragment header (SIIT-236). */
static bool is_extension(uint8_t next)
{
	return is_skipped(next) || next == IP_FRAGMENT || next == IP_AH ||
	       next == IP_MOBILITY || next == IP_HIP || next == IP_SHIM6;
}

/* Follow the chain from Next Header @next; a Fragment header ends it. */
static enum xlat_why view_chain(const uint8_t *data, uint32_t end, uint8_t next,
				struct pkt_view *v)
{
	uint32_t off = IP6_HDR_LEN;
	uint32_t size;

	for (unsigned int i = 0; is_skipped(next); i++) {
		if (i == PKT_CHAIN_MAX || off + 8 > end)
			return WHY_BAD_CHAIN;
		size = ((uint32_t)data[off + 1] + 1) << 3;
		if (off + size > end)
			return WHY_BAD_CHAIN;
		if (next == IP_ROUTING && data[off + 3] && !v->routing_ptr)
			v->routing_ptr = (uint16_t)(off + 3);
		next = data[off];
		off += size;
	}
	if (next == IP_FRAGMENT) {
		if (off + IP6_FRAG_LEN > end)
			return WHY_BAD_CHAIN;
		v->h6.frag = true;
		v->h6.off = be_get16(data + off + 2) & 0xfff8;
		v->h6.mf = data[off + 3] & 1;
		v->h6.id = be_get32(data + off + 4);
		next = data[off];
		off += IP6_FRAG_LEN;
		v->ext_after_fragment = is_extension(next);
	}
	v->proto = v->h6.proto = next;
	v->l4 = off;
	return WHY_NONE;
}

static enum xlat_why view6(const uint8_t *data, uint32_t len,
			   struct pkt_view *v)
{
	const uint32_t total = IP6_HDR_LEN + be_get16(data + 4);
	const uint32_t end = total < len ? total : len;
	enum xlat_why why;

	v->version = 6;
	v->h6 = (struct hdr6){
		.src = addr6_load(data + 8),
		.dst = addr6_load(data + 24),
		.len = be_get16(data + 4),
		.tc = (uint8_t)(be_get16(data) >> 4),
		.hlim = data[7],
	};
	v->routing_ptr = 0;
	v->ext_after_fragment = false;
	why = view_chain(data, end, data[6], v);
	if (why)
		return why;
	v->l4_len = end - v->l4;
	v->l4_total = total - v->l4;
	v->fragment = v->h6.mf || v->h6.off;
	v->first = v->h6.off == 0;
	view_transport(data, v);
	return WHY_NONE;
}

/* Only whole TCP and UDP is left to be finished; a super-packet of them has
 * pieces of some size, and says how long its header is. */
static bool offload_ok(const struct pkt *p, const struct pkt_view *v)
{
	uint32_t head = UDP_HDR_LEN;

	if (v->fragment || (v->proto != IP_TCP && v->proto != IP_UDP))
		return false;
	if (!p->gso)
		return true;
	if (p->gso_size == 0 ||
	    v->proto != (p->gso == PKT_GSO_TCP ? IP_TCP : IP_UDP))
		return false;
	if (p->gso == PKT_GSO_TCP)
		head = (uint32_t)(p->data[v->l4 + 12] >> 4) << 2;
	return head <= v->l4_len &&
	       (p->gso == PKT_GSO_UDP || head >= TCP_HDR_LEN);
}

/* Hardly ever are there options: for a known length there is no loop. */
static bool header_checksum_good(const uint8_t *data, uint32_t ihl)
{
	uint64_t sum = csum_bytes(data, IP4_HDR_LEN);

	if (ihl > IP4_HDR_LEN)
		sum += csum_bytes(data + IP4_HDR_LEN, ihl - IP4_HDR_LEN);
	return csum_fold(sum) == 0xffff;
}

/* What only a packet from the wire has to hold, beyond what a quote must. */
static enum xlat_why check_wire(const struct pkt *p, const struct pkt_view *v)
{
	const uint32_t off = v->version == 4 ? v->h4.off : v->h6.off;

	if (v->l4_len < v->l4_total)
		return WHY_BAD_LENGTH;
	if (v->version == 4 && !header_checksum_good(p->data, v->l4))
		return WHY_BAD_CHECKSUM;
	if (v->fragment && off + v->l4_total > 65535)
		return WHY_BAD_FRAGMENT;
	if (v->first && v->l4_len < transport_min(v))
		return v->fragment ? WHY_TINY_FRAGMENT : WHY_SHORT;
	if (v->proto == IP_TCP && off == TCP_OVERLAP)
		return WHY_TINY_FRAGMENT;
	if ((p->gso || p->partial) && !offload_ok(p, v))
		return WHY_BAD_OFFLOAD;
	return WHY_NONE;
}

enum xlat_why pkt_parse(struct pkt *p, struct pkt_view *v)
{
	enum xlat_why why;

	if (p->len < 1)
		return WHY_SHORT;
	switch (p->data[0] >> 4) {
	case 4:
		if (p->len < IP4_HDR_LEN)
			return WHY_SHORT;
		why = view4(p->data, p->len, v);
		if (!why && v->l4 > IP4_HDR_LEN)
			why = view_options(p->data + IP4_HDR_LEN,
					   v->l4 - IP4_HDR_LEN, v);
		break;
	case 6:
		if (p->len < IP6_HDR_LEN)
			return WHY_SHORT;
		if (IP6_HDR_LEN + be_get16(p->data + 4) > p->len)
			return WHY_BAD_LENGTH;
		why = view6(p->data, p->len, v);
		break;
	default:
		return WHY_VERSION;
	}
	if (!why)
		why = check_wire(p, v);
	if (why)
		return why;
	p->tailroom += p->len - (v->l4 + v->l4_len);
	p->len = v->l4 + v->l4_len;
	return WHY_NONE;
}

enum xlat_why pkt_parse_quote(const uint8_t *data, uint32_t len,
			      struct pkt_view *v)
{
	enum xlat_why why = WHY_ICMP_QUOTE;

	if (len >= IP4_HDR_LEN && data[0] >> 4 == 4)
		why = view4(data, len, v);
	else if (len >= IP6_HDR_LEN && data[0] >> 4 == 6)
		why = view6(data, len, v);
	return why ? WHY_ICMP_QUOTE : WHY_NONE;
}

uint32_t pkt_quote_len(const uint8_t *icmp, uint8_t version)
{
	if (version == 4)
		return (uint32_t)icmp[5] << 2;
	return icmp[0] == 1 || icmp[0] == 3 ? (uint32_t)icmp[4] << 3 : 0;
}

static bool icmp_checksum_good(const struct pkt *p, const struct pkt_view *v)
{
	uint64_t sum = csum_bytes(p->data + v->l4, v->l4_len);

	if (v->version == 6)
		sum += addr6_sum(v->h6.src) + addr6_sum(v->h6.dst) + v->l4_len +
		       IP_ICMP6;
	return csum_fold(sum) == 0xffff;
}

enum xlat_why pkt_quote(const struct pkt *p, const struct pkt_view *v,
			struct pkt_view *q)
{
	const uint8_t *icmp = p->data + v->l4;
	uint32_t len = v->l4_len - ICMP_HDR_LEN;
	uint32_t field;
	enum xlat_why why;

	if (v->version == 4 ? v->icmp_type == 4 || v->icmp_type == 5
			    : v->icmp_type == 0 || v->icmp_type > 4)
		return WHY_ICMP_TYPE;
	if (!icmp_checksum_good(p, v))
		return WHY_BAD_CHECKSUM;
	field = pkt_quote_len(icmp, v->version);
	if (field > len)
		return WHY_BAD_LENGTH;
	if (field)
		len = field;
	why = pkt_parse_quote(icmp + ICMP_HDR_LEN, len, q);
	return why ? why : q->version != v->version ? WHY_ICMP_QUOTE : WHY_NONE;
}

/* SPDX-License-Identifier: MIT */
#include "clat/nd.h"

#define ETH_LEN       14u
#define ETH_IPV6      0x86ddu
#define MESSAGE       (ETH_LEN + IP6_HDR_LEN)
#define MESSAGE_LEN   24u
#define OPTION_SOURCE 1u
#define OPTION_TARGET 2u
#define OPTION_NONCE  14u
#define FLAG_ROUTER   0x80u
#define FLAG_SOLICIT  0x40u
#define FLAG_OVERRIDE 0x20u

static bool is_multicast(struct addr6 a)
{
	return a.hi >> 56 == 0xff;
}

static bool is_zero(struct addr6 a)
{
	return !(a.hi | a.lo);
}

struct addr6 nd_group(struct addr6 target)
{
	return (struct addr6){ 0xff02ull << 48,
			       0x1ff000000 | (target.lo & 0xffffff) };
}

static uint16_t checksum(const uint8_t *ip, size_t len)
{
	return (uint16_t)~csum_fold(csum_bytes(ip + 8, 32) + len + IP_ICMP6 +
				    csum_bytes(ip + IP6_HDR_LEN, len));
}

/* The IPv6 header, up to the ICMPv6 message and its checksum. */
static bool header_valid(const uint8_t *frame, size_t len, size_t *payload)
{
	const uint8_t *ip = frame + ETH_LEN;

	if (len < MESSAGE + MESSAGE_LEN || be_get16(frame + 12) != ETH_IPV6 ||
	    ip[0] >> 4 != 6 || ip[6] != IP_ICMP6 || ip[7] != 255)
		return false;
	*payload = be_get16(ip + 4);
	return *payload >= MESSAGE_LEN && *payload <= len - MESSAGE &&
	       checksum(ip, *payload) == 0;
}

/* Return: false: malformed, or a source option where there may be none. */
static bool take_option(struct nd *nd, const uint8_t *o)
{
	const bool source = nd->type == ND_SOLICIT && o[0] == OPTION_SOURCE;

	if (source && is_zero(nd->src))
		return false;
	if (source || (nd->type == ND_ADVERT && o[0] == OPTION_TARGET))
		mem_copy(nd->lladdr.b, o + 2, ND_MAC_LEN);
	if (o[0] == OPTION_NONCE) {
		nd->has_nonce = true;
		mem_copy(nd->nonce.b, o + 2, ND_NONCE_LEN);
	}
	return true;
}

static bool take_options(struct nd *nd, const uint8_t *o, size_t len)
{
	size_t n;

	for (; len; len -= n, o += n) {
		n = len < 8 ? 0 : (size_t)o[1] * 8;
		if (n == 0 || n > len || !take_option(nd, o))
			return false;
	}
	return true;
}

/* What RFC 4861 asks of the addresses. */
static bool addresses_valid(const struct nd *nd)
{
	if (is_multicast(nd->target))
		return false;
	if (nd->type == ND_ADVERT)
		return !(nd->solicited && is_multicast(nd->dst));
	return !is_zero(nd->src) ||
	       (nd->dst.hi == 0xff02ull << 48 && nd->dst.lo >> 24 == 0x1ff);
}

bool nd_parse(struct nd *nd, const void *data, size_t len)
{
	const uint8_t *frame = data;
	const uint8_t *m = frame + MESSAGE;
	size_t payload;

	if (!header_valid(frame, len, &payload) || m[1] != 0 ||
	    (m[0] != ND_SOLICIT && m[0] != ND_ADVERT))
		return false;
	*nd = (struct nd){
		.type = m[0],
		.src = addr6_load(frame + ETH_LEN + 8),
		.dst = addr6_load(frame + ETH_LEN + 24),
		.target = addr6_load(m + 8),
	};
	if (nd->type == ND_ADVERT) {
		nd->router = m[4] & FLAG_ROUTER;
		nd->solicited = m[4] & FLAG_SOLICIT;
		nd->override = m[4] & FLAG_OVERRIDE;
	}
	mem_copy(nd->sender.b, frame + ND_MAC_LEN, ND_MAC_LEN);
	nd->lladdr = nd->sender;
	return addresses_valid(nd) &&
	       take_options(nd, m + MESSAGE_LEN, payload - MESSAGE_LEN);
}

/* Link-layer destination of a multicast packet (RFC 2464, 7). */
static struct nd_mac group_mac(struct addr6 group)
{
	struct nd_mac mac = { { 0x33, 0x33 } };

	be_put32(mac.b + 2, (uint32_t)group.lo);
	return mac;
}

static void put_headers(uint8_t *frame, const struct nd *nd, struct nd_mac to)
{
	const struct hdr6 h = { .src = nd->src,
				.dst = nd->dst,
				.len = ND_FRAME_LEN - MESSAGE,
				.hlim = 255,
				.proto = IP_ICMP6 };

	mem_zero(frame, ND_FRAME_LEN);
	mem_copy(frame, to.b, ND_MAC_LEN);
	mem_copy(frame + ND_MAC_LEN, nd->sender.b, ND_MAC_LEN);
	be_put16(frame + 12, ETH_IPV6);
	hdr6_store(frame + ETH_LEN, h);
	frame[MESSAGE] = nd->type;
	addr6_store(frame + MESSAGE + 8, nd->target);
}

static void put_option(uint8_t *frame, uint8_t type, const uint8_t *data)
{
	uint8_t *o = frame + MESSAGE + MESSAGE_LEN;

	o[0] = type;
	o[1] = 1;
	mem_copy(o + 2, data, ND_MAC_LEN);
	be_put16(frame + MESSAGE + 2,
		 checksum(frame + ETH_LEN, ND_FRAME_LEN - MESSAGE));
}

void nd_probe(uint8_t *frame, struct nd_mac mac, struct addr6 target,
	      struct nd_nonce nonce)
{
	const struct nd nd = { .type = ND_SOLICIT,
			       .sender = mac,
			       .dst = nd_group(target),
			       .target = target };

	put_headers(frame, &nd, group_mac(nd.dst));
	put_option(frame, OPTION_NONCE, nonce.b);
}

void nd_advert(uint8_t *frame, const struct nd *nd, struct nd_mac to)
{
	struct nd own = *nd;

	own.type = ND_ADVERT;
	own.src = nd->target;
	put_headers(frame, &own,
		    is_multicast(nd->dst) ? group_mac(nd->dst) : to);
	frame[MESSAGE + 4] = (uint8_t)((nd->router ? FLAG_ROUTER : 0) |
				       (nd->solicited ? FLAG_SOLICIT : 0) |
				       (nd->override ? FLAG_OVERRIDE : 0));
	put_option(frame, OPTION_TARGET, nd->lladdr.b);
}

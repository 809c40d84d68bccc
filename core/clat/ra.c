/* SPDX-License-Identifier: MIT */
#include "clat/ra.h"

#define HEADER        16u
#define OPTION_PIO    3u
#define OPTION_RDNSS  25u
#define OPTION_PREF64 38u

bool ra_prefix_usable(struct pref64 p)
{
	const uint64_t hi = p.prefix.hi;

	if (pref64_check(p.prefix, p.len))
		return false;
	if (hi >> 56 == 0xff || hi >> 55 == 0xfe80 >> 7)
		return false;
	if (hi >> 56)
		return true;
	return pref64_is_wellknown(p) ||
	       (hi >> 16 == 0x0064ff9b0001 && p.len >= 48);
}

static bool checksum_holds(const struct ra_packet *p)
{
	const uint64_t sum = addr6_sum(p->src) + addr6_sum(p->dst) + p->len +
			     IP_ICMP6 + csum_bytes(p->data, p->len);

	return csum_fold(sum) == 0xffff;
}

/* RFC 4861, 6.1.2, but for the options. */
static bool header_valid(const struct ra_packet *p)
{
	return p->len >= HEADER && p->data[0] == RA_TYPE && p->data[1] == 0 &&
	       p->hop_limit == 255 && p->src.hi >> 54 == 0xfe80 >> 6 &&
	       checksum_holds(p);
}

/* RFC 8781, 4: two units, 13 bits of lifetime in 8 s, 3 bits of length. */
static bool read_pref64(struct ra_prefix *x, const uint8_t *o)
{
	static const uint8_t lengths[] = { 96, 64, 56, 48, 40, 32 };
	const uint16_t word = be_get16(o + 2);

	if (o[1] != 2 || (word & 7) >= XL_COUNT(lengths))
		return false;
	x->lifetime = word & 0xfff8;
	x->prefix.len = lengths[word & 7];
	x->prefix.prefix.hi = be_get64(o + 4);
	x->prefix.prefix.lo = (uint64_t)be_get32(o + 12) << 32;
	x->prefix.prefix = addr6_mask(x->prefix.prefix, x->prefix.len);
	return ra_prefix_usable(x->prefix);
}

static void take_pref64(struct ra *ra, const uint8_t *o)
{
	struct ra_prefix x;

	if (!read_pref64(&x, o))
		ra->refused++;
	else if (ra->prefix_count < RA_PREFIXES)
		ra->prefixes[ra->prefix_count++] = x;
}

/* RFC 8106, 5.1: addresses from the ninth byte on. */
static void take_rdnss(struct ra *ra, const uint8_t *o)
{
	for (unsigned int at = 8; at + 16 <= o[1] * 8u; at += 16)
		if (ra->server_count < RA_SERVERS)
			ra->servers[ra->server_count++] =
				(struct ra_address){ addr6_load(o + at),
						     be_get32(o + 4) };
}

/* RFC 4861, 4.6.2: the A flag; the valid lifetime. */
static void take_pio(struct ra *ra, const uint8_t *o)
{
	if (o[1] != 4 || o[2] != 64 || !(o[3] & 0x40))
		return;
	if (ra->net_count < RA_NETS)
		ra->nets[ra->net_count++] =
			(struct ra_address){ addr6_mask(addr6_load(o + 16), 64),
					     be_get32(o + 4) };
}

static void take_option(struct ra *ra, const uint8_t *o)
{
	switch (o[0]) {
	case OPTION_PIO:
		take_pio(ra, o);
		break;
	case OPTION_RDNSS:
		take_rdnss(ra, o);
		break;
	case OPTION_PREF64:
		take_pref64(ra, o);
		break;
	}
}

/* 01 high, 11 low; 10 is reserved and means 00, medium (RFC 4191, 2.2). */
static enum ra_preference preference(const uint8_t *data)
{
	static const enum ra_preference by_bits[] = { RA_MEDIUM, RA_HIGH,
						      RA_MEDIUM, RA_LOW };

	return be_get16(data + 6) ? by_bits[data[5] >> 3 & 3] : RA_MEDIUM;
}

bool ra_options(struct ra *ra, const uint8_t *o, size_t len)
{
	size_t n;

	for (; len; o += n, len -= n) {
		n = len < 2 ? 0 : (size_t)o[1] * 8;
		if (n == 0 || n > len)
			return false;
		take_option(ra, o);
	}
	return true;
}

bool ra_parse(struct ra *ra, const struct ra_packet *p)
{
	if (!header_valid(p))
		return false;
	mem_zero(ra, sizeof(*ra));
	ra->lifetime = be_get16(p->data + 6);
	ra->preference = preference(p->data);
	return ra_options(ra, p->data + HEADER, p->len - HEADER);
}

/* SPDX-License-Identifier: MIT */
#include "siit/mss.h"

#define TCP_CHECK  16u
#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_MSS 2u
#define MSS_LEN    4u

/* What fits the next hops of either side. */
static uint32_t fitting(const struct translate *t)
{
	const uint32_t by4 = t->mtu4 - IP4_HDR_LEN - TCP_HDR_LEN;
	const uint32_t by6 = t->mtu6 - IP6_HDR_LEN - TCP_HDR_LEN;

	return by4 < by6 ? by4 : by6;
}

/* A word that begins at an odd byte counts with its bytes exchanged. */
static uint16_t as_summed(uint16_t value, uint32_t at)
{
	return (uint16_t)(at % 2 ? value << 8 | value >> 8 : value);
}

/* @at: where in the header. A partial checksum covers no options. */
static void lower(uint8_t *tcp, uint32_t at, uint16_t limit, bool partial)
{
	const uint16_t said = be_get16(tcp + at);
	const uint16_t check = be_get16(tcp + TCP_CHECK);

	if (said <= limit)
		return;
	be_put16(tcp + at, limit);
	if (!partial)
		be_put16(tcp + TCP_CHECK,
			 csum_adjust(check, csum_delta(as_summed(said, at),
						       as_summed(limit, at))));
}

void mss_clamp(const struct translate *t, struct pkt *p,
	       const struct pkt_view *v)
{
	const uint32_t limit = t->mss == MSS_AUTO ? fitting(t) : t->mss;
	uint8_t *tcp = p->data + v->l4;
	uint32_t size = 1;
	uint32_t end;

	if (v->l4_len < TCP_HDR_LEN)
		return;
	end = tcp[12] / 16 * 4u;
	if (end > v->l4_len)
		return;
	for (uint32_t i = TCP_HDR_LEN; i < end && tcp[i] != OPTION_END;
	     i += size) {
		size = 1;
		if (tcp[i] == OPTION_NOP)
			continue;
		if (i + 2 > end || tcp[i + 1] < 2 || i + tcp[i + 1] > end)
			return;
		size = tcp[i + 1];
		if (tcp[i] == OPTION_MSS && size == MSS_LEN)
			lower(tcp, i + 2, (uint16_t)limit, p->partial);
	}
}

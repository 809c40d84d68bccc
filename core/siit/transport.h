/* SPDX-License-Identifier: MIT */
/*
 * transport.h - the transport header under a changed IP header, RFC 7915
 * sections 4.5 and 5.5
 *
 * Internal to siit/.
 */
#ifndef XLAT_SIIT_TRANSPORT_H
#define XLAT_SIIT_TRANSPORT_H

#include "siit/translate.h"

/**
 * transport_delta_4to6() - by what the checksum of a packet or a quote
 * changes that gets the addresses and ports of @to
 * @partial:	the checksum is a partial one, which covers no ports
 */
XL_INLINE uint16_t transport_delta_4to6(const struct pkt_view *v,
					const struct tuple6 *to, bool partial)
{
	uint64_t old = addr4_sum(v->h4.src) + addr4_sum(v->h4.dst);
	uint64_t new = addr6_sum(to->src) + addr6_sum(to->dst);

	if (!partial) {
		old += (uint64_t)v->sport + v->dport;
		new += (uint64_t)to->sport + to->dport;
	}
	return csum_delta(old, new);
}

XL_INLINE uint16_t transport_delta_6to4(const struct pkt_view *v,
					const struct tuple4 *to, bool partial)
{
	uint64_t old = addr6_sum(v->h6.src) + addr6_sum(v->h6.dst);
	uint64_t new = addr4_sum(to->src) + addr4_sum(to->dst);

	if (!partial) {
		old += (uint64_t)v->sport + v->dport;
		new += (uint64_t)to->sport + to->dport;
	}
	return csum_delta(old, new);
}

/**
 * transport_patch() - new ports and checksum in a TCP or UDP header, new
 * checksum in one of DCCP or UDP-Lite, whose ports stay
 * @l4:		transport header
 * @v:		its view; the header may be cut short if it is a quote's
 * @sport:	new source port
 * @dport:	new destination port
 * @delta:	by what the checksum changes
 * @partial:	the checksum is a partial one
 *
 * A UDP checksum of zero stays: there is none. One that comes out as zero
 * becomes 0xffff (RFC 768; RFC 3828, 3.1). Whatever part of a packet DCCP or
 * UDP-Lite have in their checksums, the addresses are (RFC 4340, 9.1).
 */
void transport_patch(uint8_t *l4, const struct pkt_view *v, uint16_t sport,
		     uint16_t dport, uint16_t delta, bool partial);

/**
 * transport_finish() - add up what a partial checksum leaves to be added
 * @p:		TCP or UDP packet with @p->partial, no super-packet
 */
void transport_finish(struct pkt *p, const struct pkt_view *v);

/**
 * transport_4to6() - TCP, UDP or another protocol of a packet on the wire
 *
 * May finish a partial checksum, when @p->cut is set.
 */
XL_MUST_USE struct xlat_result transport_4to6(const struct translate *t,
					      struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple6 *to);
XL_MUST_USE struct xlat_result transport_6to4(const struct translate *t,
					      struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple4 *to);

#endif

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
 * struct transport_delta - by what a transport checksum changes
 * @pseudo:	through the pseudo-header; all that a partial checksum holds
 * @full:	through pseudo-header and ports
 */
struct transport_delta {
	uint16_t pseudo;
	uint16_t full;
};

/**
 * transport_delta_4to6() - delta for a packet or a quote in @v that gets the
 * addresses and ports of @to
 */
XL_INLINE struct transport_delta transport_delta_4to6(const struct pkt_view *v,
						      const struct tuple6 *to)
{
	const uint64_t old = addr4_sum(v->h4.src) + addr4_sum(v->h4.dst);
	const uint64_t new = addr6_sum(to->src) + addr6_sum(to->dst);

	return (struct transport_delta){
		csum_delta(old, new),
		csum_delta(old + v->sport + v->dport,
			   new + to->sport + to->dport),
	};
}

XL_INLINE struct transport_delta transport_delta_6to4(const struct pkt_view *v,
						      const struct tuple4 *to)
{
	const uint64_t old = addr6_sum(v->h6.src) + addr6_sum(v->h6.dst);
	const uint64_t new = addr4_sum(to->src) + addr4_sum(to->dst);

	return (struct transport_delta){
		csum_delta(old, new),
		csum_delta(old + v->sport + v->dport,
			   new + to->sport + to->dport),
	};
}

/**
 * transport_patch() - new ports and checksum in a TCP or UDP header
 * @l4:		transport header
 * @v:		its view; the header may be cut short if it is a quote's
 * @sport:	new source port
 * @dport:	new destination port
 * @d:		delta
 * @partial:	the checksum is a partial one
 *
 * A UDP checksum of zero stays: there is none. One that comes out as zero
 * becomes 0xffff (RFC 768).
 */
void transport_patch(uint8_t *l4, const struct pkt_view *v, uint16_t sport,
		     uint16_t dport, struct transport_delta d, bool partial);

/**
 * transport_4to6() - TCP, UDP or another protocol of a packet on the wire
 *
 * May finish a partial checksum, when @p->cut is set.
 */
XL_MUST_USE struct xlat_result transport_4to6(const struct translate *t,
					      struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple6 *to);
XL_MUST_USE struct xlat_result transport_6to4(struct pkt *p,
					      const struct pkt_view *v,
					      const struct tuple4 *to);

#endif

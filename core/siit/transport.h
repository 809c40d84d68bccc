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

#define TCP_CHECK 16u
#define UDP_CHECK 6u

/* Where the checksum is in a TCP or UDP header. */
XL_INLINE uint32_t transport_check(uint8_t proto)
{
	return proto == IP_TCP ? TCP_CHECK : UDP_CHECK;
}

/**
 * transport_patch_check() - new checksum in a TCP or UDP header
 * @delta:	by what it changes
 * @partial:	it is a partial one
 *
 * A UDP checksum of zero stays: there is none. One that comes out as zero
 * becomes 0xffff (RFC 768).
 */
XL_INLINE void transport_patch_check(uint8_t *l4, uint8_t proto, uint16_t delta,
				     bool partial)
{
	uint8_t *at = l4 + transport_check(proto);
	uint16_t check = be_get16(at);

	if (partial) {
		be_put16(at, csum_adjust_partial(check, delta));
		return;
	}
	if (proto == IP_UDP && check == 0)
		return;
	check = csum_adjust(check, delta);
	be_put16(at, proto == IP_UDP && check == 0 ? 0xffff : check);
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
 * As transport_patch_check(), UDP-Lite as UDP (RFC 3828, 3.1). Whatever part of a packet DCCP or
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

/* SPDX-License-Identifier: MIT */
/*
 * fragment.h - fragments of TCP and UDP, RFC 6146 section 3.4
 *
 * Internal to nat64/.
 *
 * Theory of operation. Fragments are translated one by one, with the ports
 * that the first one told. Those that come before it wait, and leave through
 * nat64_expire() once it has passed. Nothing is ever put together in memory, so
 * sizes and offsets stay the sender's. Those from IPv6 get an Identification of
 * ours: what several hosts chose would meet behind one address. ICMP, and UDP without checksum, have to
 * come through gather.h.
 */
#ifndef XLAT_NAT64_FRAGMENT_H
#define XLAT_NAT64_FRAGMENT_H

#include "nat64/state.h"

/**
 * fragment_arrives() - a fragment, before anything else is done with it
 * @v:		its view; gets the ports if they are known, and with them the
 *		Identification that one from IPv6 is to have
 *
 * Return: WHY_NONE: translate it; else forget it for this reason, which is
 *         WHY_FRAGMENT_HELD if it will be sent later
 */
XL_MUST_USE enum xlat_why fragment_arrives(struct nat64 *n, const struct pkt *p,
					   struct pkt_view *v);

/**
 * fragment_passed() - the first fragment has been translated, or refused
 * @v:		view of it as received
 * @ident:	what translation left in pkt.frag_id
 */
void fragment_passed(struct nat64 *n, const struct pkt_view *v, bool forwarded,
		     uint32_t ident);

/**
 * fragment_release() - send one of those that waited
 * @out:	buffer; see nat64_expire()
 * @built:	a packet to be sent is in it
 *
 * Return: was there anything to do?
 */
XL_MUST_USE bool fragment_release(struct nat64 *n, struct pkt *out,
				  bool *built);

/**
 * fragment_expire() - forget the oldest datagram if its time has come
 *
 * Return: was there anything to do?
 */
XL_MUST_USE bool fragment_expire(struct nat64 *n);

/* When one of these two will have something to do, seconds; or UINT64_MAX. */
uint64_t fragment_next_expiry(const struct nat64 *n);

#endif

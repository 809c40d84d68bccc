/* SPDX-License-Identifier: MIT */
/*
 * path.h - the way of a packet through the tables
 *
 * Internal to nat64/. Steps 1 to 5 of RFC 6146, section 3: which tuple, which
 * binding and session, which outgoing tuple, translation, hairpinning.
 */
#ifndef XLAT_NAT64_PATH_H
#define XLAT_NAT64_PATH_H

#include "nat64/session.h"

/**
 * path_from6() - a packet from the IPv6 side
 * path_from4() - a packet from the IPv4 side
 * @v:		its view; with the ports, also of a fragment that lacks them
 * @second_leg:	it came from the IPv6 side and turned back
 */
XL_MUST_USE struct xlat_result path_from6(struct nat64 *n, struct pkt *p,
					  const struct pkt_view *v);
XL_MUST_USE struct xlat_result path_from4(struct nat64 *n, struct pkt *p,
					  const struct pkt_view *v,
					  bool second_leg);

/**
 * path_whole() - either, and it counts
 */
XL_MUST_USE struct xlat_result path_whole(struct nat64 *n, struct pkt *p,
					  const struct pkt_view *v);

/**
 * path_to4() - translate to IPv4, and back to IPv6 if @m->first_leg
 * @q:		view of the quote, of an ICMP error
 */
XL_MUST_USE struct xlat_result path_to4(struct nat64 *n, struct pkt *p,
					const struct pkt_view *v,
					const struct pkt_view *q,
					const struct map64 *m);

/**
 * path_error6() - an ICMPv6 error about a packet that we sent
 * path_error4() - an ICMPv4 error about one
 *
 * Such errors begin, refresh and end nothing (RFC 6146, 3.5).
 */
XL_MUST_USE struct xlat_result path_error6(struct nat64 *n, struct pkt *p,
					   const struct pkt_view *v);
XL_MUST_USE struct xlat_result path_error4(struct nat64 *n, struct pkt *p,
					   const struct pkt_view *v,
					   bool second_leg);

/**
 * path_bib() - the table a packet belongs to
 *
 * Return: WHY_NONE, or why it belongs to none
 */
XL_MUST_USE enum xlat_why path_bib(const struct nat64 *n,
				   const struct pkt_view *v, enum bib *bib);

/**
 * path_refused() - may this IPv4 host be talked with?
 *
 * A NAT64 must not be a way into networks that only the provider is meant to
 * reach: of what is not global only the pool itself and what allow4 names; and
 * what is denied is denied.
 *
 * Return: WHY_NONE, or why not
 */
XL_MUST_USE enum xlat_why path_refused(const struct nat64 *n, uint32_t remote);

/**
 * path_turns_back() - is what is sent there for a client of ours? (RFC 6146,
 * 3.8)
 * @port:	of @remote
 *
 * Of an address that is the host's, too, other ports are not, nor are pings.
 */
XL_MUST_USE bool path_turns_back(const struct nat64 *n, uint32_t remote,
				 uint16_t port, enum bib bib);

/**
 * path_serves() - may this IPv6 host have sessions (allow6)?
 */
XL_MUST_USE bool path_serves(const struct nat64 *n, struct addr6 client);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * owner.h - what of the tables is this thread's, and who has the rest
 *
 * Internal to nat64/. Where there is one thread, all is its own.
 */
#ifndef XLAT_NAT64_OWNER_H
#define XLAT_NAT64_OWNER_H

#include "nat64/state.h"

XL_INLINE bool owner_is_shared(const struct nat64 *n)
{
	return n->cfg.shards > 1;
}

/* owner_begin() - the pool is there: leave to others what is theirs. */
void owner_begin(struct nat64 *n);

/**
 * owner_of_client() - the thread of an IPv6 host's subscriber
 * owner_of_port() - the thread of a port of one of the pool's addresses
 */
uint32_t owner_of_client(const struct nat64 *n, struct addr6 client);
uint32_t owner_of_port(const struct nat64 *n, uint32_t pool, uint16_t port,
		       enum bib bib);

/* owner_is_static() - does a static binding, of any thread, have this port?
 * Where there is one thread nobody needs to ask. */
bool owner_is_static(const struct nat64 *n, uint32_t pool, uint16_t port,
		     enum bib bib);

/**
 * owner_of_packet() - the thread whose tables a packet needs
 * @v:		its view; with the ports, also of a fragment that lacks them
 *
 * An ICMP error belongs to whom the packet in it does. What no table is needed
 * for is this thread's.
 */
uint32_t owner_of_packet(const struct nat64 *n, const struct pkt *p,
			 const struct pkt_view *v);

/**
 * owner_hands() - is it another thread's? Then nat64_hand() tells so
 */
XL_MUST_USE bool owner_hands(struct nat64 *n, const struct pkt *p,
			     const struct pkt_view *v,
			     enum nat64_hand_kind kind);

#endif

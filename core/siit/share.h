/* SPDX-License-Identifier: MIT */
/*
 * share.h - an address that a host and a translator have together: whose is a
 * packet? (eBPF-clean)
 *
 * Some of the address's ports are the translator's, all others the host's, of
 * TCP, of UDP, and of ICMP, whose ports are echo identifiers. Where a packet
 * does not tell, both get it: each ignores what it has not asked for.
 */
#ifndef XLAT_SIIT_SHARE_H
#define XLAT_SIIT_SHARE_H

#include "wire/ip.h"

/* Bytes of a transport header that are looked at. */
#define SHARE_L4 8u

enum share_table { SHARE_UDP, SHARE_TCP, SHARE_ICMP, SHARE_TABLES };

/**
 * struct share_ports - the translator's ports
 * @bits:	one for each port
 */
struct share_ports {
	uint64_t bits[SHARE_TABLES][65536 / 64];
};

enum share_whose { SHARE_HOST, SHARE_OURS, SHARE_BOTH };

XL_INLINE bool share_has(const struct share_ports *p, enum share_table table,
			 uint16_t port)
{
	return p->bits[table][port / 64] >> port % 64 & 1;
}

XL_INLINE void share_add(struct share_ports *p, enum share_table table,
			 uint32_t first, uint32_t last)
{
	for (uint32_t port = first; port <= last; port++)
		p->bits[table][port / 64] |= 1ull << port % 64;
}

/* Does it quote a packet that its receiver has sent? Not so a redirect, which
 * is for hosts. */
XL_INLINE bool share_is_error4(const uint8_t *l4)
{
	return l4[0] == 3 || l4[0] == 4 || l4[0] == 11 || l4[0] == 12;
}

/**
 * share_transport() - whose is a packet to the address, of either family?
 * @l4:		the first SHARE_L4 bytes behind its IP header
 * @sent:	one from it, as an ICMP error quotes it; then that is asked of
 *		the error
 */
XL_INLINE enum share_whose share_transport(const struct share_ports *p,
					   uint8_t proto, const uint8_t *l4,
					   bool sent)
{
	const uint32_t ports = be_get32(l4);
	const uint16_t port = (uint16_t)(sent ? ports >> 16 : ports);

	if (proto == IP_TCP)
		return share_has(p, SHARE_TCP, port) ? SHARE_OURS : SHARE_HOST;
	if (proto == IP_UDP)
		return share_has(p, SHARE_UDP, port) ? SHARE_OURS : SHARE_HOST;
	/* The host's own may have any identifier. */
	if (((proto == IP_ICMP && l4[0] == (sent ? 8 : 0)) ||
	     (proto == IP_ICMP6 && l4[0] == (sent ? 128 : 129))) &&
	    share_has(p, SHARE_ICMP, be_get16(l4 + 4)))
		return SHARE_BOTH;
	return SHARE_HOST;
}

#endif

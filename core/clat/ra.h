/* SPDX-License-Identifier: MIT */
/*
 * ra.h - Router Advertisements: what a CLAT needs of them (RFC 4861, 4.2 and
 * 6.1.2; PREF64: RFC 8781; preference: RFC 4191; RDNSS: RFC 8106)
 */
#ifndef XLAT_CLAT_RA_H
#define XLAT_CLAT_RA_H

#include "siit/pref64.h"

#define RA_TYPE     134u
#define RA_PREFIXES 16u
#define RA_SERVERS  8u
#define RA_NETS     16u

/**
 * struct ra_packet - an ICMPv6 message as it arrived
 * @src:	source; @dst: destination
 * @data:	message; @len: its bytes
 * @hop_limit:	of its IPv6 header
 */
struct ra_packet {
	struct addr6 src;
	struct addr6 dst;
	const uint8_t *data;
	size_t len;
	uint8_t hop_limit;
};

/**
 * struct ra_prefix - a PREF64 option; a lifetime of 0 withdraws the prefix
 */
struct ra_prefix {
	struct pref64 prefix;
	uint32_t lifetime;
};

/**
 * struct ra_address - a resolver, or a /64 in which hosts make up addresses
 */
struct ra_address {
	struct addr6 addr;
	uint32_t lifetime;
};

enum ra_preference { RA_LOW, RA_MEDIUM, RA_HIGH };

/**
 * struct ra - a Router Advertisement; all lifetimes in seconds
 * @lifetime:	Router Lifetime; 0: not a default router
 * @preference:	Default Router Preference
 * @refused:	PREF64 options that are malformed or must not be used
 * @prefixes:	PREF64 options in the order of the message
 * @servers:	recursive DNS servers
 * @nets:	autonomous prefixes of length 64
 */
struct ra {
	uint16_t lifetime;
	enum ra_preference preference;
	uint32_t refused;
	uint32_t prefix_count;
	uint32_t server_count;
	uint32_t net_count;
	struct ra_prefix prefixes[RA_PREFIXES];
	struct ra_address servers[RA_SERVERS];
	struct ra_address nets[RA_NETS];
};

/**
 * ra_parse() - read a Router Advertisement, and check it (RFC 4861, 6.1.2)
 * @ra:		set; of each kind no more options than there is room for
 *
 * Return: false: it is not one, or not from a router of this link, or
 *         malformed; not a single option of it may be used then
 */
XL_MUST_USE bool ra_parse(struct ra *ra, const struct ra_packet *p);

/**
 * ra_options() - take in options, @len bytes
 *
 * Return: false: one is malformed; those before it have been taken
 */
XL_MUST_USE bool ra_options(struct ra *ra, const uint8_t *o, size_t len);

/**
 * ra_prefix_usable() - may an IPv6 network have this PREF64?
 *
 * Not if it is multicast, link-local or site-local, nor in ::/8, where
 * loopback and the IPv4-mapped addresses are, but for what RFC 6052 and
 * RFC 8215 reserve there for translators; and never if RFC 6052 forbids it.
 */
bool ra_prefix_usable(struct pref64 p);

#endif

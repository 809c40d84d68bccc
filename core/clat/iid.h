/* SPDX-License-Identifier: MIT */
/*
 * iid.h - the interface identifier of the CLAT's IPv6 address: stable per
 * network and not to be foretold (RFC 7217), and checksum-neutral
 *
 * Where the prefix of the translator is a /96 or a /32, the address can be
 * made so that IPv6 and IPv4 addresses have the same one's complement sum:
 * translation then leaves TCP and UDP checksums as they are. The other lengths
 * shift the IPv4 address by a byte, and no address fits all destinations.
 */
#ifndef XLAT_CLAT_IID_H
#define XLAT_CLAT_IID_H

#include "siit/pref64.h"
#include "wire/siphash.h"

#define IID_IFNAME_MAX 15u

/**
 * struct iid_seed - what an address is made from
 * @key:	secret, and the same after a restart
 * @ifname:	the uplink's name
 * @pref64:	prefix of the translator
 * @addr4:	the CLAT's IPv4 address
 */
struct iid_seed {
	struct siphash_key key;
	char ifname[IID_IFNAME_MAX + 1];
	struct pref64 pref64;
	uint32_t addr4;
};

/**
 * iid_stable() - the identifier of RFC 7217, section 5
 * @net:	a /64
 * @counter:	duplicates met so far
 */
uint64_t iid_stable(const struct iid_seed *s, struct addr6 net,
		    uint32_t counter);

/* Is @iid one that RFC 5453 reserves? */
bool iid_reserved(uint64_t iid);

/**
 * iid_neutral() - make an address checksum-neutral, where that is possible,
 * by its sixth word: not one of the last 24 bits, which choose the
 * solicited-node group
 */
struct addr6 iid_neutral(const struct iid_seed *s, struct addr6 a);

/**
 * iid_address() - the address to claim in a /64
 * @counter:	duplicates met so far; raised past addresses that may not be
 */
struct addr6 iid_address(const struct iid_seed *s, struct addr6 net,
			 uint32_t *counter);

#endif

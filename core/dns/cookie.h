/* SPDX-License-Identifier: MIT */
/*
 * cookie.h - server cookies: a client that shows the one it was given is
 * where it says it is (RFC 7873, RFC 9018)
 *
 * A cookie is 8 bytes that the client chose and 16 of ours: version, time and
 * a keyed hash over both parts and the client's address.
 */
#ifndef XLAT_DNS_COOKIE_H
#define XLAT_DNS_COOKIE_H

#include "wire/ip.h"
#include "wire/siphash.h"

#define COOKIE_CLIENT_LEN 8u
#define COOKIE_LEN        24u

/* How old a cookie may be, and how far ahead, seconds (RFC 9018, 4.3). */
#define COOKIE_AGE        3600
#define COOKIE_AHEAD      300

/* May the option have this length (RFC 7873, 5.2.2)? */
static inline bool cookie_legal(uint32_t len)
{
	return len == COOKIE_CLIENT_LEN || (len >= 16 && len <= 40);
}

/**
 * cookie_make() - put our part behind the client's
 * @cookie:	COOKIE_LEN bytes, of which the first COOKIE_CLIENT_LEN are set
 * @addr:	client's address, IPv4 as ::ffff:0:0/96
 * @now:	seconds
 */
void cookie_make(uint8_t *cookie, struct addr6 addr, uint32_t now,
		 struct siphash_key key);

/**
 * cookie_good() - is it one that cookie_make() made for this client lately?
 * @cookie:	COOKIE_LEN bytes
 */
XL_MUST_USE bool cookie_good(const uint8_t *cookie, struct addr6 addr,
			     uint32_t now, struct siphash_key key);

#endif

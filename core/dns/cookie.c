/* SPDX-License-Identifier: MIT */
#include "dns/cookie.h"

#define VERSION  1u
#define TIME_AT  12u
#define HASH_AT  16u
#define INPUT_V4 (HASH_AT + 4u)
#define INPUT_V6 (HASH_AT + 16u)

/* All in front of the hash, and the address (RFC 9018, 4.4). */
static uint64_t hash(const uint8_t *cookie, struct addr6 addr,
		     struct siphash_key key)
{
	const bool v4 = addr.hi == 0 && addr.lo >> 32 == 0xffff;
	uint8_t b[INPUT_V6];

	mem_copy(b, cookie, HASH_AT);
	addr6_store(b + HASH_AT, addr);
	if (v4)
		be_put32(b + HASH_AT, (uint32_t)addr.lo);
	/* Written lowest byte first. */
	return __builtin_bswap64(siphash(key, b, v4 ? INPUT_V4 : INPUT_V6));
}

void cookie_make(uint8_t *cookie, struct addr6 addr, uint32_t now,
		 struct siphash_key key)
{
	be_put32(cookie + COOKIE_CLIENT_LEN, VERSION << 24);
	be_put32(cookie + TIME_AT, now);
	be_put64(cookie + HASH_AT, hash(cookie, addr, key));
}

bool cookie_good(const uint8_t *cookie, struct addr6 addr, uint32_t now,
		 struct siphash_key key)
{
	/* The difference of serial numbers (RFC 1982). */
	const int32_t age = (int32_t)(now - be_get32(cookie + TIME_AT));

	return cookie[COOKIE_CLIENT_LEN] == VERSION && age <= COOKIE_AGE &&
	       age >= -COOKIE_AHEAD &&
	       be_get64(cookie + HASH_AT) == hash(cookie, addr, key);
}

/* SPDX-License-Identifier: MIT */
/*
 * siphash.h - SipHash-2-4 (Aumasson and Bernstein, 2012)
 *
 * A keyed hash for what strangers choose: names in a table, cookies. Without
 * the key nobody can aim at one bucket or make a cookie.
 */
#ifndef XLAT_WIRE_SIPHASH_H
#define XLAT_WIRE_SIPHASH_H

#include "wire/be.h"

/**
 * struct siphash_key - 128 secret bits, as two little-endian words
 */
struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

struct siphash {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_load(const uint8_t *p)
{
	return __builtin_bswap64(be_get64(p));
}

static inline uint64_t siphash_rotate(uint64_t v, unsigned int n)
{
	return v << n | v >> (64 - n);
}

static inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
	s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
	s->v0 = siphash_rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
	s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
	s->v2 = siphash_rotate(s->v2, 32);
}

static inline void siphash_word(struct siphash *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/* Hash of @len bytes; its bytes on the wire are the result's, lowest first. */
static inline uint64_t siphash(struct siphash_key key, const void *data,
			       size_t len)
{
	const uint8_t *p = data;
	struct siphash s = {
		key.k0 ^ 0x736f6d6570736575ull,
		key.k1 ^ 0x646f72616e646f6dull,
		key.k0 ^ 0x6c7967656e657261ull,
		key.k1 ^ 0x7465646279746573ull,
	};
	uint64_t last = (uint64_t)len << 56;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		siphash_word(&s, siphash_load(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << 8 * i;
	siphash_word(&s, last);
	s.v2 ^= 0xff;
	for (unsigned int i = 0; i < 4; i++)
		siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif

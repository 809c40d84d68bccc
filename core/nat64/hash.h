/* SPDX-License-Identifier: MIT */
/*
 * hash.h - SipHash (Aumasson, Bernstein 2012) over 64-bit words
 *
 * Whoever sends packets chooses what is hashed, so the hash is keyed: without
 * the key nobody can aim at one bucket, nor foresee a port.
 */
#ifndef XLAT_NAT64_HASH_H
#define XLAT_NAT64_HASH_H

#include "base.h"

struct hash_state {
	uint64_t a, b, c, d;
};

XL_INLINE uint64_t hash_turn(uint64_t v, unsigned int by)
{
	return v << by | v >> (64 - by);
}

XL_INLINE struct hash_state hash_rounds(struct hash_state s, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		s.a += s.b;
		s.b = hash_turn(s.b, 13) ^ s.a;
		s.a = hash_turn(s.a, 32);
		s.c += s.d;
		s.d = hash_turn(s.d, 16) ^ s.c;
		s.a += s.d;
		s.d = hash_turn(s.d, 21) ^ s.a;
		s.c += s.b;
		s.b = hash_turn(s.b, 17) ^ s.c;
		s.c = hash_turn(s.c, 32);
	}
	return s;
}

/**
 * hash_sip() - SipHash-@each-@last of @count words, the last of which has to
 * hold what the padding of a byte string would
 */
XL_INLINE uint64_t hash_sip(const uint64_t key[2], const uint64_t *words,
			    unsigned int count, unsigned int each,
			    unsigned int last)
{
	struct hash_state s = {
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	};

	for (unsigned int i = 0; i < count; i++) {
		s.d ^= words[i];
		s = hash_rounds(s, each);
		s.a ^= words[i];
	}
	s.c ^= 0xff;
	s = hash_rounds(s, last);
	return s.a ^ s.b ^ s.c ^ s.d;
}

/**
 * hash_words() - SipHash-1-3, for tables
 * @domain:	tells hashes of one key for different purposes apart
 */
XL_INLINE uint64_t hash_words(const uint64_t key[2], const uint64_t *words,
			      unsigned int count, uint64_t domain)
{
	const uint64_t own[2] = { key[0] ^ domain, key[1] };

	return hash_sip(own, words, count, 1, 3);
}

#endif

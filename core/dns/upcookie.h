/* SPDX-License-Identifier: MIT */
/*
 * upcookie.h - cookies towards a server: who does not see our questions cannot
 * answer them (RFC 7873, 5.1 and 5.3; RFC 9018, 3)
 */
#ifndef XLAT_DNS_UPCOOKIE_H
#define XLAT_DNS_UPCOOKIE_H

#include "dns/answer.h"
#include "wire/siphash.h"

#define UPCOOKIE_THEIRS 32u

/* A server that gave no cookie is not sent one for so long, ns (RFC 9018, 3). */
#define UPCOOKIE_PAUSE  300000000000ull

/* Most bytes that upcookie_put() writes. */
#define UPCOOKIE_MAX    (4 + COOKIE_CLIENT_LEN + UPCOOKIE_THEIRS)

/**
 * struct upcookie - what is agreed on with a server; at first zero
 * @ours:	our part; 0: none yet
 * @until:	it is not sent before then, ns
 * @from:	our address as the server sees it; zero: not known
 * @theirs:	the server's part; @theirs_len: its bytes, 0: none yet
 */
struct upcookie {
	uint64_t ours;
	uint64_t until;
	struct addr6 from;
	uint8_t theirs_len;
	uint8_t theirs[UPCOOKIE_THEIRS];
};

/**
 * upcookie_ours() - our part for a question
 * @random:	unpredictable
 *
 * Return: it, or 0: none is to be sent
 */
uint64_t upcookie_ours(struct upcookie *c, struct siphash_key key,
		       uint64_t random, uint64_t now);

/**
 * upcookie_from() - questions leave from @from
 * @key:	secret
 *
 * What was agreed on from another address would tell who we were
 * (RFC 9018, 3).
 *
 * Return: true: it is void, and @c->ours is new
 */
bool upcookie_from(struct upcookie *c, struct siphash_key key,
		   struct addr6 from);

/* Bytes that upcookie_put() will write; it writes the option. */
uint32_t upcookie_len(const struct upcookie *c, uint64_t ours);
void upcookie_put(struct msg_writer *w, const struct upcookie *c,
		  uint64_t ours);

enum upcookie_verdict {
	UPCOOKIE_FINE,
	UPCOOKIE_FOREIGN, /* it is somebody else's answer */
	UPCOOKIE_AGAIN,   /* BADCOOKIE: ask again with the new one */
	UPCOOKIE_TCP,     /* the server has always had one: ask over TCP */
};

/**
 * upcookie_check() - does the cookie of an answer fit, or its absence?
 * @ours:	what the question had, 0 for none
 * @a:		answer; what it says is kept
 * @broken:	it is malformed
 * @tcp:	it came over TCP, which cannot be forged
 */
enum upcookie_verdict upcookie_check(struct upcookie *c, uint64_t ours,
				     const struct answer *a, bool broken,
				     bool tcp, uint64_t now);

#endif

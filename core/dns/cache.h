/* SPDX-License-Identifier: MIT */
/*
 * cache.h - answers of servers, kept for as long as they are good
 *
 * What is kept is a server's whole message under the question that it was the
 * answer to: nothing in it ever becomes an answer to another question, which
 * is how caches are poisoned (RFC 5452, 6), and synthesis is done again each
 * time, so that every client gets its own prefix.
 *
 * The memory is a ring. Messages are written behind each other; where the
 * ring is full the oldest make room, but one that was asked for since it was
 * written moves to the front instead. No message is in two pieces. A table of
 * chains, by a keyed hash that nobody outside can steer, finds them.
 */
#ifndef XLAT_DNS_CACHE_H
#define XLAT_DNS_CACHE_H

#include "dns/msg.h"
#include "wire/siphash.h"

/* Smallest cache that is one, bytes. */
#define CACHE_MIN 65536u

/* Bits of struct cache_key.how: questions that differ in them may have
 * different answers (RFC 4035, 4.7 and 3.2.2). */
#define CACHE_DO  1u
#define CACHE_CD  2u
#define CACHE_RD  4u

/**
 * struct cache_key - a question
 */
struct cache_key {
	const struct msg_question *q;
	uint8_t how;
};

/* Hash of a question, without its letter case; A and AAAA count as one. */
uint32_t cache_hash(struct siphash_key secret, struct cache_key key);

/**
 * struct cache - the store; init with cache_init()
 * @size:	bytes of @ring; 0: nothing is kept
 * @mask:	buckets less one
 * @head:	where the next message goes
 * @tail:	the oldest message
 * @end:	@wrapped: messages above @tail end here, and others begin at 0
 * @count:	messages that can be found
 */
struct cache {
	struct siphash_key key;
	uint32_t size;
	uint32_t mask;
	uint32_t head;
	uint32_t tail;
	uint32_t end;
	uint32_t count;
	bool wrapped;
	uint32_t *buckets;
	uint8_t *ring;
};

/**
 * struct cache_hit - a message that was found; valid until the next
 * cache_put()
 * @age:	seconds since it came
 * @lifetime:	seconds that it is good for; @age may be greater
 * @popular:	it has been found before
 * @retry:	seconds until its server should be asked again, if it is too
 *		old; see cache_put_off()
 */
struct cache_hit {
	const uint8_t *data;
	uint32_t len;
	uint32_t age;
	uint32_t lifetime;
	uint32_t retry;
	bool popular;
};

/* Bytes of memory for a cache of @size bytes. */
size_t cache_memory(uint32_t size);

/**
 * cache_init() - start empty
 * @mem:	cache_memory(@size) bytes of zeros, aligned for uint64_t
 * @size:	0, or from CACHE_MIN to 1 GiB
 * @key:	secret
 */
void cache_init(struct cache *c, void *mem, uint32_t size,
		struct siphash_key key);

/**
 * cache_find() - look for the answer to a question
 * @now:	seconds
 *
 * Several threads may, at once.
 */
XL_MUST_USE bool cache_find(const struct cache *c, struct cache_key key,
			    uint32_t now, struct cache_hit *hit);

/**
 * cache_put() - keep a message instead of what is there for the question
 * @lifetime:	seconds; 0: only forget what is there
 * @data:	message whose question section is that question; not part of
 *		the cache
 */
void cache_put(struct cache *c, struct cache_key key, uint32_t now,
	       uint32_t lifetime, const void *data, uint32_t len);

/**
 * cache_put_off() - the message is too old, but there is no newer one: it may
 * serve for a while without asking again (RFC 8767, 5)
 */
void cache_put_off(struct cache *c, struct cache_key key, uint32_t now,
		   uint32_t seconds);

/* Forget everything. */
void cache_flush(struct cache *c);

/**
 * cache_walk() - one message after the other
 * @cursor:	0 at first
 *
 * What is put in between may be missed or seen twice.
 *
 * Return: false: there are no more
 */
XL_MUST_USE bool cache_walk(const struct cache *c, uint32_t *cursor,
			    uint32_t now, struct cache_hit *hit);

#endif

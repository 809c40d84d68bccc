/* SPDX-License-Identifier: MIT */
#include "dns/cache.h"

#define NONE         UINT32_MAX
#define ALIGN        4u
#define BUCKET_BYTES 128u /* of the ring for each bucket */

/* No message takes more than this part of the ring. */
#define SHARE        16u

/* Messages moved to the front for one new one, so that room is found in
 * bounded time even if all of them are popular. */
#define MOVES        8u

/* No question's. */
#define DEAD         UINT8_MAX

/* Messages of a chain that cache_walk() can tell apart. */
#define WALK_DEPTH   64u

/**
 * struct entry - what stands before a message in the ring
 * @next:	in the chain of its bucket
 * @stored:	when it came, seconds; @expires: until when it is good
 * @retry:	until when it need not be asked for again though it is too old
 * @len:	bytes of the message, which follows
 * @how:	of its question; DEAD: it is in no chain any more
 * @hit:	it was found since it was written, by any thread
 */
struct entry {
	uint32_t next;
	uint32_t hash;
	uint32_t stored;
	uint32_t expires;
	uint32_t retry;
	uint16_t len;
	uint8_t how;
	bool hit;
};

static struct entry *entry_at(const struct cache *c, uint32_t at)
{
	return (struct entry *)(void *)(c->ring + at);
}

static const uint8_t *message(const struct entry *e)
{
	return (const uint8_t *)(e + 1);
}

static uint32_t entry_size(uint32_t len)
{
	return ((uint32_t)sizeof(struct entry) + len + ALIGN - 1) &
	       ~(ALIGN - 1);
}

static uint32_t bucket_count(uint32_t size)
{
	uint32_t n = 1;

	while (n < size / BUCKET_BYTES)
		n *= 2;
	return n;
}

size_t cache_memory(uint32_t size)
{
	return size + bucket_count(size) * sizeof(uint32_t);
}

void cache_init(struct cache *c, void *mem, uint32_t size,
		struct siphash_key key)
{
	*c = (struct cache){
		.key = key,
		.size = size & ~(ALIGN - 1),
		.mask = bucket_count(size) - 1,
		.buckets = mem,
		.ring = (uint8_t *)mem + bucket_count(size) * sizeof(uint32_t),
	};
}

/* Buckets hold offsets plus one: memory that was never touched is empty. */
static uint32_t first(const struct cache *c, uint32_t hash)
{
	return c->buckets[hash & c->mask] - 1;
}

/* A and AAAA of a name are looked for one after the other: let them stand in
 * one chain, so that the memory of the second is near by then. */
static uint16_t family(uint16_t type)
{
	return type == MSG_AAAA ? (uint16_t)MSG_A : type;
}

uint32_t cache_hash(struct siphash_key secret, struct cache_key key)
{
	uint8_t b[MSG_NAME_MAX + 5];
	const struct msg_name *name = &key.q->name;

	for (unsigned int i = 0; i < name->len; i++)
		b[i] = msg_lower(name->b[i]);
	be_put16(b + name->len, family(key.q->type));
	be_put16(b + name->len + 2, key.q->class);
	b[name->len + 4] = key.how;
	return (uint32_t)siphash(secret, b, name->len + 5u);
}

static bool is_for(const struct entry *e, uint32_t hash, struct cache_key key)
{
	const uint8_t *at = message(e) + MSG_HDR_LEN;
	const struct msg_name *name = &key.q->name;

	return e->hash == hash && e->how == key.how &&
	       e->len >= MSG_HDR_LEN + name->len + 4u &&
	       msg_equal_fold(at, name->b, name->len) &&
	       be_get16(at + name->len) == key.q->type &&
	       be_get16(at + name->len + 2) == key.q->class;
}

static struct entry *find(const struct cache *c, struct cache_key key,
			  uint32_t hash)
{
	uint32_t at = c->size ? first(c, hash) : NONE;

	while (at != NONE && !is_for(entry_at(c, at), hash, key))
		at = entry_at(c, at)->next;
	return at == NONE ? NULL : entry_at(c, at);
}

static struct cache_hit hit_of(const struct entry *e, uint32_t now)
{
	return (struct cache_hit){
		.data = message(e),
		.len = e->len,
		.age = now - e->stored,
		.lifetime = e->expires - e->stored,
		.retry = e->retry > now ? e->retry - now : 0,
		.popular = __atomic_load_n(&e->hit, __ATOMIC_RELAXED),
	};
}

bool cache_find(const struct cache *c, struct cache_key key, uint32_t now,
		struct cache_hit *hit)
{
	struct entry *e = find(c, key, cache_hash(c->key, key));

	if (!e)
		return false;
	*hit = hit_of(e, now);
	/* Others may read it right now; if it is set their memory is let be. */
	if (!hit->popular)
		__atomic_store_n(&e->hit, true, __ATOMIC_RELAXED);
	return true;
}

static void link_at(struct cache *c, uint32_t at)
{
	struct entry *e = entry_at(c, at);

	e->next = first(c, e->hash);
	c->buckets[e->hash & c->mask] = at + 1;
	c->count++;
}

static void unlink_entry(struct cache *c, const struct entry *e)
{
	const uint32_t at = (uint32_t)((const uint8_t *)e - c->ring);
	uint32_t before = first(c, e->hash);

	c->count--;
	if (before == at) {
		c->buckets[e->hash & c->mask] = e->next + 1;
		return;
	}
	while (entry_at(c, before)->next != at)
		before = entry_at(c, before)->next;
	entry_at(c, before)->next = e->next;
}

static bool is_worth_keeping(const struct entry *e, uint32_t now)
{
	return e->how != DEAD && e->hit && e->expires > now;
}

/* The room of the oldest message becomes free; the message, if @keep, goes to
 * the front, where there is room at least since then. */
static void take_oldest(struct cache *c, bool keep)
{
	struct entry *e = entry_at(c, c->tail);
	const uint32_t size = entry_size(e->len);

	if (e->how != DEAD)
		unlink_entry(c, e);
	c->tail += size;
	if (c->tail == c->end) {
		c->tail = 0;
		c->wrapped = false;
	}
	if (!keep)
		return;
	mem_move(c->ring + c->head, e, size);
	entry_at(c, c->head)->hit = false;
	link_at(c, c->head);
	c->head += size;
}

/* Make @size bytes free at @c->head. */
static void make_room(struct cache *c, uint32_t size, uint32_t now)
{
	unsigned int moves = MOVES;
	bool keep;

	for (;;) {
		if (!c->wrapped) {
			if (c->size - c->head >= size)
				return;
			c->end = c->head;
			c->head = 0;
			c->wrapped = true;
		} else if (c->tail - c->head >= size) {
			return;
		}
		keep = moves && is_worth_keeping(entry_at(c, c->tail), now);
		moves -= keep;
		take_oldest(c, keep);
	}
}

static void write_entry(struct cache *c, const struct entry *head,
			const void *data)
{
	uint8_t *at = c->ring + c->head;

	mem_copy(at, head, sizeof(*head));
	mem_copy(at + sizeof(*head), data, head->len);
	link_at(c, c->head);
	c->head += entry_size(head->len);
}

void cache_put(struct cache *c, struct cache_key key, uint32_t now,
	       uint32_t lifetime, const void *data, uint32_t len)
{
	const struct entry head = {
		.hash = cache_hash(c->key, key),
		.stored = now,
		.expires = now + lifetime,
		.len = (uint16_t)len,
		.how = key.how,
	};
	struct entry *old = find(c, key, head.hash);

	if (old) {
		unlink_entry(c, old);
		old->how = DEAD;
	}
	if (lifetime == 0 || entry_size(len) > c->size / SHARE)
		return;
	make_room(c, entry_size(len), now);
	write_entry(c, &head, data);
}

void cache_put_off(struct cache *c, struct cache_key key, uint32_t now,
		   uint32_t seconds)
{
	struct entry *e = find(c, key, cache_hash(c->key, key));

	if (e)
		e->retry = now + seconds;
}

void cache_flush(struct cache *c)
{
	mem_zero(c->buckets, (c->mask + 1) * sizeof(*c->buckets));
	c->head = c->tail = c->count = 0;
	c->wrapped = false;
}

bool cache_walk(const struct cache *c, uint32_t *cursor, uint32_t now,
		struct cache_hit *hit)
{
	uint32_t bucket = *cursor / WALK_DEPTH;
	uint32_t skip = *cursor % WALK_DEPTH;
	uint32_t at;

	for (; c->size && bucket <= c->mask; bucket++, skip = 0) {
		at = first(c, bucket);
		for (uint32_t i = 0; i < skip && at != NONE; i++)
			at = entry_at(c, at)->next;
		if (at == NONE || skip == WALK_DEPTH - 1)
			continue;
		*hit = hit_of(entry_at(c, at), now);
		*cursor = bucket * WALK_DEPTH + skip + 1;
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
#include "dns/rrl.h"

#define NET6 56u
#define NET4 (96u + 24u)

static struct addr6 network(struct addr6 addr)
{
	const bool v4 = addr.hi == 0 && addr.lo >> 32 == 0xffff;

	return addr6_mask(addr, v4 ? NET4 : NET6);
}

static uint64_t hash(const struct rrl *r, struct addr6 addr,
		     const struct msg_question *q)
{
	uint8_t b[22];

	addr6_store(b, network(addr));
	be_put32(b + 16, cache_hash(r->key, (struct cache_key){ q, 0 }));
	be_put16(b + 20, q->type);
	return siphash(r->key, b, sizeof(b));
}

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

enum rrl_verdict rrl_count(const struct rrl *r, struct addr6 addr,
			   const struct msg_question *q, uint32_t now)
{
	struct rrl_slot *s;
	uint32_t count;
	uint64_t h;

	if (r->rate == 0)
		return RRL_ANSWER;
	h = hash(r, addr, q);
	s = &r->slots[h % RRL_SLOTS];
	/* Two that fall together forget each other: then both are answered.
	 * So do two threads that begin a slot at once. */
	if (load(&s->tag) != h >> 32 || load(&s->second) != now) {
		__atomic_store_n(&s->tag, (uint32_t)(h >> 32),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&s->second, now, __ATOMIC_RELAXED);
		__atomic_store_n(&s->count, 0, __ATOMIC_RELAXED);
	}
	count = __atomic_add_fetch(&s->count, 1, __ATOMIC_RELAXED);
	if (count <= r->rate)
		return RRL_ANSWER;
	return (count - r->rate) % RRL_SLIP ? RRL_SILENCE : RRL_TRUNCATE;
}

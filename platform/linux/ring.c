/* SPDX-License-Identifier: MIT */
#include "ring.h"

#define ALIGN 16u

/**
 * struct head - before each record
 * @size:	of both, bytes, a multiple of ALIGN
 * @skip:	there is none: the next one is at the beginning
 */
struct head {
	uint32_t size;
	bool skip;
} __attribute__((aligned(16)));

static struct head *at(const struct ring *r, uint32_t position)
{
	return (struct head *)(void *)(r->mem + position % r->size);
}

void *ring_reserve(struct ring *r, uint32_t len)
{
	const uint32_t size = (uint32_t)sizeof(struct head) +
			      ((len + ALIGN - 1) & ~(ALIGN - 1));
	const uint32_t used =
		r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
	const uint32_t rest = r->size - r->head % r->size;
	const uint32_t skip = size > rest ? rest : 0;

	if (size > r->size / 2 || skip + size > r->size - used) {
		__atomic_store_n(&r->starved, true, __ATOMIC_SEQ_CST);
		return NULL;
	}
	if (skip)
		*at(r, r->head) = (struct head){ .size = skip, .skip = true };
	r->next = r->head + skip;
	*at(r, r->next) = (struct head){ .size = size };
	return at(r, r->next) + 1;
}

void ring_commit(struct ring *r)
{
	__atomic_store_n(&r->head, r->next + at(r, r->next)->size,
			 __ATOMIC_RELEASE);
}

void *ring_peek(struct ring *r)
{
	struct head *h;

	while (r->tail != __atomic_load_n(&r->head, __ATOMIC_ACQUIRE)) {
		h = at(r, r->tail);
		if (!h->skip)
			return h + 1;
		ring_release(r);
	}
	return NULL;
}

void ring_release(struct ring *r)
{
	__atomic_store_n(&r->tail, r->tail + at(r, r->tail)->size,
			 __ATOMIC_RELEASE);
}

bool ring_was_full(struct ring *r)
{
	return __atomic_load_n(&r->starved, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&r->starved, false, __ATOMIC_SEQ_CST);
}

/* SPDX-License-Identifier: MIT */
#include "nat64/slab.h"

uint32_t slab_take(struct slab *s)
{
	uint32_t index = s->free;
	void *record;

	if (slab_is_full(s))
		return 0;
	if (index == 0) {
		index = ++s->fresh;
	} else {
		record = slab_at(s, index);
		mem_copy(&s->free, record, sizeof(s->free));
		mem_zero(record, s->size);
	}
	s->live[index / 64] |= 1ull << index % 64;
	s->used++;
	return index;
}

void slab_give(struct slab *s, uint32_t index)
{
	mem_copy(slab_at(s, index), &s->free, sizeof(s->free));
	s->live[index / 64] &= ~(1ull << index % 64);
	s->free = index;
	s->used--;
}

uint32_t slab_next(const struct slab *s, uint32_t index)
{
	uint64_t word;

	if (++index > s->fresh)
		return 0;
	word = s->live[index / 64] & ~0ull << index % 64;
	for (index /= 64; !word; word = s->live[index])
		if (++index > s->fresh / 64)
			return 0;
	return index * 64 + (uint32_t)__builtin_ctzll(word);
}

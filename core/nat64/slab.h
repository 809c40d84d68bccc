/* SPDX-License-Identifier: MIT */
/*
 * slab.h - records of one size, known by number
 *
 * A record that is given back is used again first; memory that was never used
 * is never touched. All zero is an empty slab. Record 0 does not exist.
 */
#ifndef XLAT_NAT64_SLAB_H
#define XLAT_NAT64_SLAB_H

#include "base.h"

/**
 * struct slab - the records
 * @mem:	records, @size bytes each, from number 0 on
 * @live:	a bit per record: it is in use
 * @size:	bytes of a record, at least 4
 * @max:	highest number there is room for
 * @fresh:	highest number that was ever in use
 * @free:	the last one given back; its first word tells the next
 * @used:	how many are in use
 */
struct slab {
	uint8_t *mem;
	uint64_t *live;
	uint32_t size;
	uint32_t max;
	uint32_t fresh;
	uint32_t free;
	uint32_t used;
};

XL_INLINE void *slab_at(const struct slab *s, uint32_t index)
{
	return s->mem + (size_t)index * s->size;
}

XL_INLINE bool slab_is_full(const struct slab *s)
{
	return s->used == s->max;
}

/**
 * slab_take() - a zeroed record
 *
 * Return: its number; 0: all are in use
 */
XL_MUST_USE uint32_t slab_take(struct slab *s);

void slab_give(struct slab *s, uint32_t index);

/**
 * slab_next() - the first record in use whose number is above @index
 *
 * Return: its number; 0: there is none
 */
uint32_t slab_next(const struct slab *s, uint32_t index);

#endif

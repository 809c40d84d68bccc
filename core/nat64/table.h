/* SPDX-License-Identifier: MIT */
/*
 * table.h - a hash table of record numbers
 *
 * Theory of operation. A bucket is one cache line of a counter and 15 slots; a
 * slot holds the number of a record and 8 bits of its hash, so that a record
 * that is not the one looked for is hardly ever touched. The used slots of a
 * bucket come first. Each hash has two buckets; the second one is used when
 * the first is nearly full, which the first one's counter remembers: mostly it
 * is 0, and what is not in the first bucket is nowhere. With half of all slots
 * in use at most, both being full does not happen in practice; if it does, the
 * insertion is refused. There is no rehashing: no operation takes longer than
 * reading two lines.
 *
 * All zero is an empty table. Record 0 does not exist.
 */
#ifndef XLAT_NAT64_TABLE_H
#define XLAT_NAT64_TABLE_H

#include "base.h"

#define TABLE_LINE       16u /* words: the counter, and */
#define TABLE_SLOTS      15u
#define TABLE_FILL       8u  /* average slots in use when the table is full */
#define TABLE_FIRST_FILL 12u /* from here on the second bucket is considered */
#define TABLE_INDEX_BITS 24u
#define TABLE_INDEX_MAX  ((1u << TABLE_INDEX_BITS) - 1)

/**
 * struct table - the table
 * @slots:	@buckets times TABLE_LINE, aligned to 64
 * @buckets:	number of buckets
 */
struct table {
	uint32_t *slots;
	uint32_t buckets;
};

/**
 * struct table_probe - a search under way
 * @slot:	the next slot to look at
 * @end:	end of its bucket
 * @other:	the bucket that comes after it, or NULL
 * @tag:	what the tag bits have to be
 */
struct table_probe {
	const uint32_t *slot;
	const uint32_t *end;
	const uint32_t *other;
	uint32_t tag;
};

XL_INLINE uint32_t table_buckets(uint32_t entries)
{
	return entries / TABLE_FILL + 1;
}

/* Never 0, so that an empty slot matches nothing. */
XL_INLINE uint32_t table_tag(uint64_t hash)
{
	return (uint32_t)(((hash & 0xff) * 255) >> 8) + 1;
}

XL_INLINE uint32_t *table_bucket(const struct table *t, uint64_t hash,
				 bool second)
{
	const uint64_t half = second ? hash & 0xffffffff : hash >> 32;

	return t->slots + (half * t->buckets >> 32) * TABLE_LINE;
}

/**
 * table_probe() - begin to look for a hash
 */
XL_INLINE struct table_probe table_probe(const struct table *t, uint64_t hash)
{
	const uint32_t *first = table_bucket(t, hash, false);

	return (struct table_probe){
		.slot = first + 1,
		.end = first + TABLE_LINE,
		.other = *first ? table_bucket(t, hash, true) : NULL,
		.tag = table_tag(hash),
	};
}

/**
 * table_next() - the next record that may be the one
 *
 * Return: its number; 0: there are no more
 */
XL_INLINE uint32_t table_next(struct table_probe *p)
{
	uint32_t slot;

	for (;;) {
		while (p->slot < p->end && (slot = *p->slot)) {
			p->slot++;
			if (slot >> TABLE_INDEX_BITS == p->tag)
				return slot & TABLE_INDEX_MAX;
		}
		if (!p->other)
			return 0;
		p->slot = p->other + 1;
		p->end = p->other + TABLE_LINE;
		p->other = NULL;
	}
}

/**
 * table_insert() - enter a record
 *
 * Return: false if both buckets are full
 */
XL_MUST_USE bool table_insert(struct table *t, uint64_t hash, uint32_t index);

/**
 * table_remove() - forget a record that was entered with this hash
 */
void table_remove(struct table *t, uint64_t hash, uint32_t index);

#endif

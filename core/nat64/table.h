/* SPDX-License-Identifier: MIT */
/*
 * table.h - a hash table of record numbers
 *
 * Theory of operation. A bucket is one cache line of 16 slots; a slot holds
 * the number of a record and 8 bits of its hash, so that a record that is not
 * the one looked for is hardly ever touched. Each hash has two buckets; the
 * second one is used when the first is nearly full. With half of all slots in
 * use at most, both being full does not happen in practice; if it does, the
 * insertion is refused. Nothing is ever moved: a removal clears a slot, no
 * operation takes longer than reading two lines, and there is no rehashing.
 *
 * All zero is an empty table. Record 0 does not exist.
 */
#ifndef XLAT_NAT64_TABLE_H
#define XLAT_NAT64_TABLE_H

#include "base.h"

#define TABLE_SLOTS      16u
#define TABLE_FILL       8u  /* average slots in use when the table is full */
#define TABLE_FIRST_FILL 12u /* from here on the second bucket is considered */
#define TABLE_INDEX_BITS 24u
#define TABLE_INDEX_MAX  ((1u << TABLE_INDEX_BITS) - 1)

/**
 * struct table - the table
 * @slots:	@buckets times TABLE_SLOTS, aligned to 64
 * @buckets:	number of buckets
 */
struct table {
	uint32_t *slots;
	uint32_t buckets;
};

/**
 * struct table_probe - a search under way
 * @bucket:	the two buckets
 * @tag:	what the tag bits have to be
 * @found:	slots of the present bucket that are still to be tried, as bits
 * @second:	the present bucket is the second
 */
struct table_probe {
	const uint32_t *bucket[2];
	uint32_t tag;
	uint32_t found;
	bool second;
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

	return t->slots + (half * t->buckets >> 32) * TABLE_SLOTS;
}

XL_INLINE uint32_t table_match(const uint32_t *bucket, uint32_t tag)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < TABLE_SLOTS; i++)
		found |= (uint32_t)(bucket[i] >> TABLE_INDEX_BITS == tag) << i;
	return found;
}

/**
 * table_probe() - begin to look for a hash
 */
XL_INLINE struct table_probe table_probe(const struct table *t, uint64_t hash)
{
	struct table_probe p = {
		.bucket = { table_bucket(t, hash, false),
			    table_bucket(t, hash, true) },
		.tag = table_tag(hash),
	};

	__builtin_prefetch(p.bucket[1]);
	p.found = table_match(p.bucket[0], p.tag);
	return p;
}

/**
 * table_next() - the next record that may be the one
 *
 * Return: its number; 0: there are no more
 */
XL_INLINE uint32_t table_next(struct table_probe *p)
{
	uint32_t slot;

	if (!p->found && !p->second) {
		p->second = true;
		p->found = table_match(p->bucket[1], p->tag);
	}
	if (!p->found)
		return 0;
	slot = p->bucket[p->second][__builtin_ctz(p->found)];
	p->found &= p->found - 1;
	return slot & TABLE_INDEX_MAX;
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

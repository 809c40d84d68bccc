/* SPDX-License-Identifier: MIT */
#include "nat64/table.h"

static unsigned int fill(const uint32_t *bucket)
{
	unsigned int used = 0;

	while (used < TABLE_SLOTS && bucket[used + 1])
		used++;
	return used;
}

bool table_insert(struct table *t, uint64_t hash, uint32_t index)
{
	uint32_t *first = table_bucket(t, hash, false);
	uint32_t *bucket = first;
	unsigned int used = fill(first);

	if (used >= TABLE_FIRST_FILL) {
		uint32_t *other = table_bucket(t, hash, true);
		const unsigned int there = fill(other);

		bucket = there < used ? other : first;
		used = there < used ? there : used;
	}
	if (used == TABLE_SLOTS)
		return false;
	bucket[used + 1] = table_tag(hash) << TABLE_INDEX_BITS | index;
	*first += bucket != first;
	return true;
}

/* The last slot in use fills the gap. */
static bool remove_from(uint32_t *bucket, uint32_t slot)
{
	const unsigned int used = fill(bucket);

	for (unsigned int i = 1; i <= used; i++)
		if (bucket[i] == slot) {
			bucket[i] = bucket[used];
			bucket[used] = 0;
			return true;
		}
	return false;
}

void table_remove(struct table *t, uint64_t hash, uint32_t index)
{
	const uint32_t slot = table_tag(hash) << TABLE_INDEX_BITS | index;
	uint32_t *first = table_bucket(t, hash, false);

	if (!remove_from(first, slot) &&
	    remove_from(table_bucket(t, hash, true), slot))
		--*first;
}

/* SPDX-License-Identifier: MIT */
#include "nat64/table.h"

static unsigned int fill(const uint32_t *bucket)
{
	unsigned int used = 0;

	while (used < TABLE_SLOTS && bucket[used])
		used++;
	return used;
}

bool table_insert(struct table *t, uint64_t hash, uint32_t index)
{
	uint32_t *bucket = table_bucket(t, hash, false);
	uint32_t *other = table_bucket(t, hash, true);
	unsigned int used = fill(bucket);

	if (used >= TABLE_FIRST_FILL && fill(other) < used) {
		bucket = other;
		used = fill(other);
	}
	if (used == TABLE_SLOTS)
		return false;
	bucket[used] = table_tag(hash) << TABLE_INDEX_BITS | index;
	return true;
}

/* The last slot in use fills the gap. */
static bool remove_from(uint32_t *bucket, uint32_t slot)
{
	const unsigned int used = fill(bucket);

	for (unsigned int i = 0; i < used; i++)
		if (bucket[i] == slot) {
			bucket[i] = bucket[used - 1];
			bucket[used - 1] = 0;
			return true;
		}
	return false;
}

void table_remove(struct table *t, uint64_t hash, uint32_t index)
{
	const uint32_t slot = table_tag(hash) << TABLE_INDEX_BITS | index;

	if (!remove_from(table_bucket(t, hash, false), slot))
		(void)remove_from(table_bucket(t, hash, true), slot);
}

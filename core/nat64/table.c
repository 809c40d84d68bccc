/* SPDX-License-Identifier: MIT */
#include "nat64/table.h"

static unsigned int fill(const uint32_t *bucket)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < TABLE_SLOTS; i++)
		used += bucket[i] != 0;
	return used;
}

bool table_insert(struct table *t, uint64_t hash, uint32_t index)
{
	uint32_t *bucket = table_bucket(t, hash, false);
	uint32_t *second = table_bucket(t, hash, true);
	const unsigned int used = fill(bucket);

	if (used >= TABLE_FIRST_FILL && fill(second) < used)
		bucket = second;
	for (unsigned int i = 0; i < TABLE_SLOTS; i++)
		if (bucket[i] == 0) {
			bucket[i] = table_tag(hash) << TABLE_INDEX_BITS | index;
			return true;
		}
	return false;
}

void table_remove(struct table *t, uint64_t hash, uint32_t index)
{
	const uint32_t slot = table_tag(hash) << TABLE_INDEX_BITS | index;

	for (unsigned int b = 0; b < 2; b++) {
		uint32_t *bucket = table_bucket(t, hash, b);

		for (unsigned int i = 0; i < TABLE_SLOTS; i++)
			if (bucket[i] == slot) {
				bucket[i] = 0;
				return;
			}
	}
}

/* SPDX-License-Identifier: MIT */
#include "nat64/event.h"

bool event_next(const struct nat64_events *e, uint64_t *cursor, uint64_t *lost,
		struct nat64_event *out)
{
	if (*cursor == e->count)
		return false;
	if (e->count - *cursor > e->size) {
		*lost += e->count - *cursor - e->size;
		*cursor = e->count - e->size;
	}
	*out = e->ring[(*cursor)++ & (e->size - 1)];
	return true;
}

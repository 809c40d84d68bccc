/* SPDX-License-Identifier: MIT */
/*
 * list.h - values of an option that repeats
 */
#ifndef XLAT_CMD_LIST_H
#define XLAT_CMD_LIST_H

#include <stdlib.h>
#include <string.h>

#include "base.h"

/**
 * struct list - items of one size, one behind the other; all zero is empty
 */
struct list {
	void *items;
	size_t count;
	size_t room;
};

/**
 * list_add() - append a copy of @item
 * @size:	bytes of every item of this list
 *
 * Return: NULL, or what was expected, as option_parse does
 */
XL_MUST_USE static inline const char *list_add(struct list *l, const void *item,
					       size_t size)
{
	const size_t room = l->room ? 2 * l->room : 8;
	void *more;

	if (l->count == l->room) {
		more = realloc(l->items, room * size);
		if (!more)
			return "fewer values: out of memory";
		l->items = more;
		l->room = room;
	}
	memcpy((char *)l->items + l->count++ * size, item, size);
	return NULL;
}

#endif

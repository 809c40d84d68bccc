/* SPDX-License-Identifier: MIT */
#include "dns/count.h"

static const struct {
	const char *name;
	const char *text;
} texts[] = {
#define COUNT_ITEM(id, name, what) { name, what },
	COUNT_LIST(COUNT_ITEM)
#undef COUNT_ITEM
};

const char *count_name(enum count c)
{
	return texts[c].name;
}

const char *count_text(enum count c)
{
	return texts[c].text;
}

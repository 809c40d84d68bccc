/* SPDX-License-Identifier: MIT */
#include "digits.h"

#include <string.h>

uint64_t digits_take(const char **text, unsigned int base)
{
	static const char all[] = "0123456789ABCDEF";
	const char *p = *text + strspn(*text, " \t");
	const char *digit;
	uint64_t n = 0;

	for (; *p && (digit = memchr(all, *p, base)); p++) {
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(digit - all), &n))
			n = UINT64_MAX;
		*text = p + 1;
	}
	return n;
}

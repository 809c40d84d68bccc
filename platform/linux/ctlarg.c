/* SPDX-License-Identifier: MIT */
#include "ctlarg.h"

#include <stdio.h>
#include <string.h>

/* All that there can be: "expected [client=CIDR] proto=NAME". */
static bool explain(const struct ctlarg *args, char *why, size_t size)
{
	size_t n = (size_t)snprintf(why, size, "expected%s",
				    args ? "" : " no arguments");

	for (const struct ctlarg *a = args; a && a->name && n < size; a++)
		n += (size_t)snprintf(why + n, size - n,
				      a->needed ? " %s=%s" : " [%s=%s]",
				      a->name, a->value);
	return false;
}

static bool was_given(uint32_t given, const struct ctlarg *args,
		      const struct ctlarg *a)
{
	return given >> (a - args) & 1;
}

/* The argument that @word is for; @text: its value. */
static const struct ctlarg *find(const struct ctlarg *args, uint32_t given,
				 const char *word, const char **text)
{
	const char *equals = strchr(word, '=');
	const size_t len = equals ? (size_t)(equals - word) : 0;
	const struct ctlarg *a = args;

	*text = equals ? equals + 1 : word;
	for (; a && a->name; a++)
		if (equals ? strlen(a->name) == len &&
				     memcmp(a->name, word, len) == 0
			   : !was_given(given, args, a))
			return a;
	return NULL;
}

static bool all_needed(const struct ctlarg *args, uint32_t given)
{
	for (const struct ctlarg *a = args; a && a->name; a++)
		if (a->needed && !was_given(given, args, a))
			return false;
	return true;
}

bool ctlarg_read(const struct ctlarg *args, char *words, void *into, char *why,
		 size_t size)
{
	uint32_t given = 0;
	char *word;

	memset(into, 0, CTLARG_SIZE);
	while ((word = strsep(&words, " "))) {
		const char *text;
		const struct ctlarg *a = find(args, given, word, &text);
		const char *expected;

		if (!a || was_given(given, args, a))
			return explain(args, why, size);
		given |= 1u << (a - args);
		expected = a->parse((char *)into + a->offset, text);
		if (!expected)
			continue;
		snprintf(why, size, "%s '%.64s': expected %s", a->name, text,
			 expected);
		return false;
	}
	return all_needed(args, given) || explain(args, why, size);
}

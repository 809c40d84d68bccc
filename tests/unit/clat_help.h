/* SPDX-License-Identifier: MIT */
/*
 * clat_help.h - text to values, and the lines of the files in tests/vectors
 */
#ifndef TEST_CLAT_HELP_H
#define TEST_CLAT_HELP_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "siit/pref64.h"

#define SECOND 1000000000ull

static inline struct addr6 v6(const char *text)
{
	uint8_t wire[16];

	cr_assert(inet_pton(AF_INET6, text, wire), "'%s'", text);
	return addr6_load(wire);
}

/* "PREFIX/LENGTH", which may be no PREF64 at all. */
static inline struct pref64 prefix(const char *text)
{
	char copy[64];
	char *slash;

	snprintf(copy, sizeof(copy), "%.63s", text);
	slash = strchr(copy, '/');
	cr_assert(slash, "'%s'", text);
	*slash = '\0';
	return (struct pref64){ v6(copy), (uint8_t)atoi(slash + 1) };
}

static inline size_t unhex(uint8_t *out, const char *text)
{
	size_t n = 0;
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

/**
 * struct lines - a vector file, a line at a time as words
 */
struct lines {
	FILE *f;
	char text[4096];
	unsigned int count;
	char *words[64];
};

static inline void lines_open(struct lines *l, const char *name)
{
	snprintf(l->text, sizeof(l->text), "tests/vectors/clat/%s.txt", name);
	l->f = fopen(l->text, "r");
	cr_assert(l->f, "%s: run from the top of the tree", l->text);
}

/* False at the end, when the file is closed. */
static inline bool lines_next(struct lines *l)
{
	do {
		if (!fgets(l->text, sizeof(l->text), l->f)) {
			fclose(l->f);
			return false;
		}
	} while (l->text[0] == '#');
	l->count = 0;
	for (char *w = strtok(l->text, " \n"); w; w = strtok(NULL, " \n"))
		l->words[l->count++] = w;
	return true;
}

#endif

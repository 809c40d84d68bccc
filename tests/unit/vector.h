/* SPDX-License-Identifier: MIT */
/*
 * vector.h - tests/vectors/siit.txt, read; the file tells its own format
 */
#ifndef TEST_VECTOR_H
#define TEST_VECTOR_H

#include "siit_help.h"

#define VECTOR_OUT_MAX  4u
#define VECTOR_MASK_MAX 10u

enum vector_kind { VECTOR_OUT, VECTOR_REPLY, VECTOR_DROP };

struct vector_bytes {
	uint8_t *b;
	size_t len;
};

/**
 * struct vector - one packet and what has to become of it
 * @bench:	translator configured for it
 * @out:	@out_count packets; the error of VECTOR_REPLY, or the one that a
 *		VECTOR_DROP may be answered with
 */
struct vector {
	char id[64];
	char requirement[16];
	struct bench bench;
	struct vector_bytes in;
	struct vector_bytes out[VECTOR_OUT_MAX];
	size_t out_count;
	enum vector_kind kind;
	struct {
		size_t at, len;
	} mask[VECTOR_MASK_MAX];
	size_t mask_count;
	size_t prefix, prefix_max;
	size_t bound;
	uint32_t words[4];
	size_t word_count;
	bool bad_checksum;
	bool doubt;
};

/**
 * vector_each() - call @fn with each vector whose name matches @pattern, as
 * a shell would ("4to6-ttl-*")
 *
 * Return: how many there were
 */
size_t vector_each(const char *pattern, void (*fn)(struct vector *v));

/**
 * vector_run() - put each vector that matches in; what comes out has to be
 * right, and there has to be one
 */
void vector_run(const char *pattern);

/* A test that consists of vectors. */
#define VECTORS(suite, name, ...)                                              \
	Test(suite, name)                                                      \
	{                                                                      \
		static const char *const patterns[] = { __VA_ARGS__ };         \
                                                                               \
		for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns);   \
		     i++)                                                      \
			vector_run(patterns[i]);                               \
	}

/**
 * vector_judge() - is what @v->bench gave out what the vector wants?
 *
 * Return: NULL, or what is wrong
 */
const char *vector_judge(struct vector *v);

#endif

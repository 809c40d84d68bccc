/* SPDX-License-Identifier: MIT */
/* The vectors through core, as they are and with what a TUN may add. */
#include "vector.h"

#include <stdlib.h>

static void complain(const struct vector *v, const char *fault)
{
	const struct bench *b = &v->bench;
	char text[2 * 120 + 1] = "";

	for (size_t i = 0; b->count && i < b->len[0] && i < 120; i++)
		sprintf(text + 2 * i, "%02x", b->packet[0][i]);
	cr_expect(false, "%s (%s): %s; verdict %d, %s, %zu out: %s", v->id,
		  v->requirement, fault, b->r.verdict, xlat_why_name(b->r.why),
		  b->count, text);
}

static void run(struct vector *v)
{
	const char *fault;

	bench_put(&v->bench, v->in.b, v->in.len);
	fault = vector_judge(v);
	if (fault)
		complain(v, fault);
}

Test(vectors, all)
{
	cr_assert_eq(vector_each(NULL, run), 367);
}

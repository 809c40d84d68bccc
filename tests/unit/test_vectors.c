/* SPDX-License-Identifier: MIT */
/* The vectors through core, as they are and with what a TUN may add. */
#include "vector.h"

#include <stdlib.h>

static void nothing(struct vector *v)
{
	(void)v;
}

Test(vectors, all)
{
	cr_assert_eq(vector_each("*", nothing), 367);
	vector_run("*");
}

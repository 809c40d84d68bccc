/* SPDX-License-Identifier: MIT */
/*
 * eam.c - fuzz the address mapping table
 *
 * The input is entries, 22 bytes each. The first that is taken maps its own
 * prefix there and back; in the end the last address of each is mapped by
 * whichever entry a search from end to end finds to be the longest.
 */
#include <string.h>

#include "fuzz.h"
#include "siit/eam.h"

#define ENTRIES 64u

static struct eam_entry entry(const uint8_t *d)
{
	struct eam_entry x = { .addr6 = addr6_load(d),
			       .addr4 = be_get32(d + 16),
			       .len4 = d[20],
			       .len6 = d[21] };

	/* Most bits behind the lengths would only be refused. */
	if (x.len4 <= 32)
		x.addr4 = addr4_mask(x.addr4, x.len4);
	if (x.len6 <= 128)
		x.addr6 = addr6_mask(x.addr6, x.len6);
	return x;
}

/* What was taken. */
static struct eam_entry taken[ENTRIES];

static void check_4to6(const struct eam *e, uint32_t a)
{
	const struct eam_entry *best = NULL;
	const struct eam_entry *x = taken;
	struct addr6 out;

	for (; x < taken + e->count; x++)
		if (addr4_mask(a, x->len4) == x->addr4 &&
		    (!best || x->len4 > best->len4))
			best = x;
	CHECK(best && eam_4to6(e, a, &out));
	CHECK(addr6_equal(addr6_mask(out, best->len6), best->addr6));
}

static void check_6to4(const struct eam *e, struct addr6 a)
{
	const struct eam_entry *best = NULL;
	const struct eam_entry *x = taken;
	uint32_t out;

	for (; x < taken + e->count; x++)
		if (addr6_equal(addr6_mask(a, x->len6), x->addr6) &&
		    (!best || x->len6 > best->len6))
			best = x;
	CHECK(best && eam_6to4(e, a, &out));
	CHECK(addr4_mask(out, best->len4) == best->addr4);
}

/* Of each entry's addresses the last is the likeliest to be another's. */
static void check_all(const struct eam *e)
{
	const struct eam_entry *x = taken;
	struct addr6 net;

	for (; x < taken + e->count; x++) {
		net = addr6_mask((struct addr6){ ~0ull, ~0ull }, x->len6);
		check_4to6(e, x->addr4 | ~addr4_mask(~0u, x->len4));
		check_6to4(e, (struct addr6){ x->addr6.hi | ~net.hi,
					      x->addr6.lo | ~net.lo });
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eam_entry x;
	struct addr6 a6;
	struct eam e;
	uint32_t a4;
	void *mem = calloc(1, eam_size(ENTRIES));

	eam_init(&e, mem, ENTRIES);
	for (; size >= 22; data += 22, size -= 22) {
		x = entry(data);
		if (eam_add(&e, x))
			continue;
		taken[e.count - 1] = x;
		CHECK(eam_4to6(&e, x.addr4, &a6));
		CHECK(eam_6to4(&e, x.addr6, &a4));
		if (e.count > 1)
			continue;
		CHECK(addr6_equal(a6, x.addr6) && a4 == x.addr4);
		CHECK(eam_4to6(&e, x.addr4 | ~addr4_mask(~0u, x.len4), &a6));
		CHECK(eam_6to4(&e, a6, &a4));
		CHECK(a4 == (x.addr4 | ~addr4_mask(~0u, x.len4)));
	}
	check_all(&e);
	free(mem);
	return 0;
}

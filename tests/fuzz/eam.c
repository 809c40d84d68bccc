/* SPDX-License-Identifier: MIT */
/*
 * eam.c - fuzz the address mapping table
 *
 * The input is entries, 22 bytes each. What was taken maps its own prefix
 * there and back, unless a longer one inside it does.
 */
#include <stdlib.h>
#include <string.h>

#include "siit/eam.h"

#define ENTRIES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x))                                                      \
			abort();                                               \
	} while (0)

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
		CHECK(eam_4to6(&e, x.addr4, &a6));
		CHECK(eam_6to4(&e, x.addr6, &a4));
		if (e.count > 1)
			continue;
		CHECK(addr6_equal(a6, x.addr6) && a4 == x.addr4);
		CHECK(eam_4to6(&e, x.addr4 | ~addr4_mask(~0u, x.len4), &a6));
		CHECK(eam_6to4(&e, a6, &a4));
		CHECK(a4 == (x.addr4 | ~addr4_mask(~0u, x.len4)));
	}
	free(mem);
	return 0;
}

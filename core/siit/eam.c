/* SPDX-License-Identifier: MIT */
#include "siit/eam.h"

static uint32_t slot_count(uint32_t capacity)
{
	uint32_t n = 16;

	while (n < 2 * capacity)
		n *= 2;
	return n;
}

size_t eam_size(uint32_t capacity)
{
	return capacity * sizeof(struct eam_entry) +
	       2 * sizeof(uint32_t) * (size_t)slot_count(capacity);
}

void eam_init(struct eam *e, void *mem, uint32_t capacity)
{
	const uint32_t slots = slot_count(capacity);

	*e = (struct eam){ .entries = mem,
			   .capacity = capacity,
			   .mask = slots - 1 };
	e->slots4 = (uint32_t *)(void *)(e->entries + capacity);
	e->slots6 = e->slots4 + slots;
}

static uint32_t hash6(struct addr6 a, unsigned int len)
{
	uint64_t h = (a.hi ^ len) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 32 ^ a.lo) * 0xbf58476d1ce4e5b9;
	return (uint32_t)(h >> 32);
}

static uint32_t hash4(uint32_t a, unsigned int len)
{
	return hash6((struct addr6){ a, 0 }, len);
}

/* The entry with this very prefix, or NULL; @slot: where it is or would be. */
static const struct eam_entry *find4(const struct eam *e, uint32_t a,
				     unsigned int len, uint32_t *slot)
{
	const struct eam_entry *x;
	uint32_t i = hash4(a, len) & e->mask;

	for (; e->slots4[i]; i = (i + 1) & e->mask) {
		x = &e->entries[e->slots4[i] - 1];
		if (x->addr4 == a && x->len4 == len)
			return x;
	}
	*slot = i;
	return NULL;
}

static const struct eam_entry *find6(const struct eam *e, struct addr6 a,
				     unsigned int len, uint32_t *slot)
{
	const struct eam_entry *x;
	uint32_t i = hash6(a, len) & e->mask;

	for (; e->slots6[i]; i = (i + 1) & e->mask) {
		x = &e->entries[e->slots6[i] - 1];
		if (addr6_equal(x->addr6, a) && x->len6 == len)
			return x;
	}
	*slot = i;
	return NULL;
}

const char *eam_add(struct eam *e, struct eam_entry x)
{
	uint32_t slot4 = 0;
	uint32_t slot6 = 0;

	if (x.len4 > 32 || x.len6 > 128 || x.len4 + 96 < x.len6)
		return "no more IPv4 bits behind the prefix than IPv6 bits "
		       "(RFC 7757, 3.2)";
	if (x.addr4 != addr4_mask(x.addr4, x.len4) ||
	    !addr6_equal(x.addr6, addr6_mask(x.addr6, x.len6)))
		return "prefixes without bits behind their length";
	if (e->count == e->capacity)
		return "fewer mappings: the table is full";
	if (find4(e, x.addr4, x.len4, &slot4))
		return "an IPv4 prefix that is not mapped already";
	if (find6(e, x.addr6, x.len6, &slot6))
		return "an IPv6 prefix that is not mapped already";
	e->entries[e->count++] = x;
	e->slots4[slot4] = e->slots6[slot6] = e->count;
	e->lens4 |= 1ull << (63 - x.len4);
	e->lens6[x.len6 / 64] |= 1ull << (63 - x.len6 % 64);
	return NULL;
}

static const struct eam_entry *match4(const struct eam *e, uint32_t a)
{
	const struct eam_entry *x;
	uint32_t unused;
	unsigned int len;

	for (uint64_t lens = e->lens4; lens; lens &= lens - 1) {
		len = 63u - (unsigned int)__builtin_ctzll(lens);
		x = find4(e, addr4_mask(a, len), len, &unused);
		if (x)
			return x;
	}
	return NULL;
}

static const struct eam_entry *match6(const struct eam *e, struct addr6 a)
{
	const struct eam_entry *x;
	uint32_t unused;
	unsigned int len;

	for (unsigned int word = 3; word-- > 0;) {
		for (uint64_t lens = e->lens6[word]; lens; lens &= lens - 1) {
			len = word * 64 + 63u -
			      (unsigned int)__builtin_ctzll(lens);
			x = find6(e, addr6_mask(a, len), len, &unused);
			if (x)
				return x;
		}
	}
	return NULL;
}

/* Bits of an IPv6 address below an entry's IPv4 suffix. */
static unsigned int below_suffix(const struct eam_entry *x)
{
	return 128u - x->len6 - (32u - x->len4);
}

bool eam_4to6(const struct eam *e, uint32_t a, struct addr6 *out)
{
	const struct eam_entry *x = e->count ? match4(e, a) : NULL;
	unsigned int shift;
	uint64_t suffix;

	if (!x)
		return false;
	shift = below_suffix(x);
	suffix = a ^ x->addr4;
	*out = x->addr6;
	if (shift >= 64 && suffix) {
		out->hi |= suffix << (shift - 64);
	} else if (suffix) {
		out->lo |= suffix << shift;
		if (shift > 32)
			out->hi |= suffix >> (64 - shift);
	}
	return true;
}

bool eam_6to4(const struct eam *e, struct addr6 a, uint32_t *out)
{
	const struct eam_entry *x = e->count ? match6(e, a) : NULL;
	unsigned int shift;
	uint64_t suffix;

	if (!x)
		return false;
	if (x->len4 == 32) {
		*out = x->addr4;
		return true;
	}
	shift = below_suffix(x);
	if (shift >= 64)
		suffix = a.hi >> (shift - 64);
	else
		suffix =
			a.lo >> shift | (shift > 32 ? a.hi << (64 - shift) : 0);
	*out = x->addr4 | ((uint32_t)suffix & ~addr4_mask(~0u, x->len4));
	return true;
}

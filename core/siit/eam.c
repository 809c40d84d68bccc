/* SPDX-License-Identifier: MIT */
#include "siit/eam.h"

enum family { BY4, BY6 };

/* A slot's word: the entry's number, from 1, below the hash's upper bits. The
 * hash's lower bits need not be there, they say where to begin looking; and
 * numbers fit below, as there are twice as many slots. */
static uint32_t slot_count(uint32_t capacity)
{
	uint32_t n = 16;

	while (n < 2 * capacity)
		n *= 2;
	return n;
}

size_t eam_size(uint32_t capacity)
{
	const size_t slots = slot_count(capacity);

	return capacity * sizeof(struct eam_entry) +
	       2 * slots * (sizeof(uint32_t) + sizeof(uint8_t));
}

void eam_init(struct eam *e, void *mem, uint32_t capacity)
{
	const uint32_t slots = slot_count(capacity);

	*e = (struct eam){ .entries = mem,
			   .capacity = capacity,
			   .mask = slots - 1 };
	e->by4.slots = (uint32_t *)(void *)(e->entries + capacity);
	e->by6.slots = e->by4.slots + slots;
	e->by4.hints = (uint8_t *)(e->by6.slots + slots);
	e->by6.hints = e->by4.hints + slots;
}

static uint32_t hash(struct addr6 a, unsigned int len)
{
	uint64_t h = (a.hi ^ len) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 32 ^ a.lo) * 0xbf58476d1ce4e5b9;
	return (uint32_t)(h >> 32);
}

/* An IPv4 prefix as an IPv6 prefix of the same length. */
static struct addr6 widen(uint32_t a)
{
	return (struct addr6){ (uint64_t)a << 32, 0 };
}

static bool is_entry(const struct eam_entry *x, enum family family,
		     struct addr6 a, unsigned int len)
{
	return family == BY4 ? x->len4 == len && x->addr4 == a.hi >> 32
			     : x->len6 == len && addr6_equal(x->addr6, a);
}

/* The entry with this very prefix, or NULL; @slot: where it would be. */
XL_INLINE const struct eam_entry *find(const struct eam *e, enum family family,
				       struct addr6 a, unsigned int len,
				       uint32_t *slot)
{
	const uint32_t *slots = family == BY4 ? e->by4.slots : e->by6.slots;
	const uint32_t h = hash(a, len);
	const struct eam_entry *x;
	uint32_t i = h & e->mask;

	for (; slots[i]; i = (i + 1) & e->mask) {
		if ((slots[i] ^ h) & ~e->mask)
			continue;
		x = &e->entries[(slots[i] & e->mask) - 1];
		if (is_entry(x, family, a, len))
			return x;
	}
	*slot = i;
	return NULL;
}

/* Lengths come in groups of eight; of an address this is the part that is
 * the same for the whole group. */
static uint8_t *hint(const struct eam *e, const struct eam_index *x,
		     struct addr6 a, unsigned int group)
{
	return &x->hints[hash(addr6_mask(a, group * 8), group) & e->mask];
}

static void insert(struct eam *e, struct eam_index *x, uint32_t slot,
		   struct addr6 a, unsigned int len)
{
	const unsigned int group = len / 8;
	const uint8_t bit = (uint8_t)(1u << len % 8);

	x->slots[slot] = (hash(a, len) & ~e->mask) | e->count;
	x->groups |= 1u << group;
	x->lens[group] |= bit;
	*hint(e, x, a, group) |= bit;
}

const char *eam_add(struct eam *e, struct eam_entry x)
{
	const struct addr6 wide = widen(x.addr4);
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
	if (find(e, BY4, wide, x.len4, &slot4))
		return "an IPv4 prefix that is not mapped already";
	if (find(e, BY6, x.addr6, x.len6, &slot6))
		return "an IPv6 prefix that is not mapped already";
	e->entries[e->count++] = x;
	insert(e, &e->by4, slot4, wide, x.len4);
	insert(e, &e->by6, slot6, x.addr6, x.len6);
	return NULL;
}

/* Lengths of a group that a prefix of this address may have, a bit each. A
 * hint is shared by all addresses with its hash: it may name a length too
 * many, but never leaves one out. */
static unsigned int candidates(const struct eam *e, const struct eam_index *x,
			       struct addr6 a, unsigned int group)
{
	const unsigned int lens = x->lens[group];

	if (lens & (lens - 1))
		return lens & *hint(e, x, a, group);
	return lens;
}

static unsigned int highest(uint32_t bits)
{
	return 31u - (unsigned int)__builtin_clz(bits);
}

/* The entry with the longest prefix that this address has. */
XL_INLINE const struct eam_entry *match(const struct eam *e, enum family family,
					struct addr6 a)
{
	const struct eam_index *x = family == BY4 ? &e->by4 : &e->by6;
	const struct eam_entry *found;
	unsigned int group;
	unsigned int lens;
	unsigned int len;
	uint32_t unused;

	for (uint32_t left = x->groups; left; left ^= 1u << group) {
		group = highest(left);
		lens = candidates(e, x, a, group);
		for (; lens; lens ^= 1u << len % 8) {
			len = group * 8 + highest(lens);
			found = find(e, family, addr6_mask(a, len), len,
				     &unused);
			if (found)
				return found;
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
	const struct eam_entry *x = match(e, BY4, widen(a));
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
	const struct eam_entry *x = match(e, BY6, a);
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

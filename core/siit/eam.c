/* SPDX-License-Identifier: MIT */
#include "siit/eam.h"

#include "wire/be.h"

enum family { BY4, BY6 };

/* Half of them are used at most. */
static uint32_t slot_count(uint32_t capacity)
{
	return 2 * capacity + 1;
}

size_t eam_size(uint32_t capacity)
{
	return 2 * (size_t)slot_count(capacity) *
	       (sizeof(struct eam_slot) + sizeof(uint8_t));
}

void eam_init(struct eam *e, void *mem, uint32_t capacity)
{
	const uint32_t slots = slot_count(capacity);

	*e = (struct eam){ .capacity = capacity, .slots = slots };
	e->by4.slots = mem;
	e->by6.slots = e->by4.slots + slots;
	e->by4.hints = (uint8_t *)(e->by6.slots + slots);
	e->by6.hints = e->by4.hints + slots;
}

static uint64_t hash(struct addr6 a, unsigned int len)
{
	uint64_t h = (a.hi ^ len) * 0x9e3779b97f4a7c15;

	h = (h ^ h >> 32 ^ a.lo) * 0xbf58476d1ce4e5b9;
	return h ^ h >> 32;
}

/* A slot, or a hint, by the upper half of a hash. */
static uint32_t place(const struct eam *e, uint64_t h)
{
	return (uint32_t)((h >> 32) * e->slots >> 32);
}

/* An IPv4 prefix as an IPv6 prefix of the same length. */
static struct addr6 widen(uint32_t a)
{
	return (struct addr6){ (uint64_t)a << 32, 0 };
}

static bool is_entry(const struct eam_slot *x, enum family family,
		     struct addr6 a, unsigned int len)
{
	return family == BY4 ? x->len4 == len && x->addr4 == a.hi >> 32
			     : x->len6 == len && addr6_equal(x->addr6, a);
}

/* The slot of the entry with this very prefix, or the one where it would be. */
XL_INLINE struct eam_slot *find(const struct eam *e, enum family family,
				struct addr6 a, unsigned int len)
{
	struct eam_slot *slots = family == BY4 ? e->by4.slots : e->by6.slots;
	struct eam_slot *x = slots + place(e, hash(a, len));

	while (x->used && !is_entry(x, family, a, len))
		x = x + 1 < slots + e->slots ? x + 1 : slots;
	return x;
}

/* Lengths come in groups of eight; of an address this is the part that is
 * the same for the whole group. */
static uint8_t *hint(const struct eam *e, const struct eam_index *x,
		     struct addr6 a, unsigned int group)
{
	const unsigned int shortest = group ? group * 8 - 7 : 0;

	return &x->hints[place(e, hash(addr6_mask(a, shortest), group))];
}

static unsigned int group_of(unsigned int len)
{
	return (len + 7) / 8;
}

static void insert(const struct eam *e, struct eam_index *x,
		   struct eam_slot *slot, const struct eam_entry *entry,
		   struct addr6 a, unsigned int len)
{
	const unsigned int group = group_of(len);
	const uint8_t bit = (uint8_t)(1u << (group * 8 - len));

	*slot = (struct eam_slot){ .addr6 = entry->addr6,
				   .addr4 = entry->addr4,
				   .len4 = entry->len4,
				   .len6 = entry->len6,
				   .used = true };
	x->groups |= 1u << group;
	x->lens[group] |= bit;
	*hint(e, x, a, group) |= bit;
}

const char *eam_add(struct eam *e, struct eam_entry x)
{
	const struct addr6 wide = widen(x.addr4);
	struct eam_slot *slot4;
	struct eam_slot *slot6;

	if (x.len4 > 32 || x.len6 > 128 || x.len4 + 96 < x.len6)
		return "no more IPv4 bits behind the prefix than IPv6 bits "
		       "(RFC 7757, 3.2)";
	if (x.addr4 != addr4_mask(x.addr4, x.len4) ||
	    !addr6_equal(x.addr6, addr6_mask(x.addr6, x.len6)))
		return "prefixes without bits behind their length";
	if (e->count == e->capacity)
		return "fewer mappings: the table is full";
	slot4 = find(e, BY4, wide, x.len4);
	if (slot4->used)
		return "an IPv4 prefix that is not mapped already";
	slot6 = find(e, BY6, x.addr6, x.len6);
	if (slot6->used)
		return "an IPv6 prefix that is not mapped already";
	e->count++;
	insert(e, &e->by4, slot4, &x, wide, x.len4);
	insert(e, &e->by6, slot6, &x, x.addr6, x.len6);
	return NULL;
}

/* To the compiler, who only fetches does nothing and need not be called: the
 * second line is something. */
XL_INLINE void fetch(const void *place)
{
	__builtin_prefetch(place);
	__asm__ volatile("");
}

/* Where this prefix would be, and the hint about it. */
static XL_RARE void fetch_place(const struct eam *e, const struct eam_index *x,
				struct addr6 a, unsigned int len)
{
	fetch(x->slots + place(e, hash(a, len)));
	fetch(hint(e, x, a, group_of(len)));
}

void eam_ahead_add(const struct eam *e, const struct eam_entry *x)
{
	fetch_place(e, &e->by4, widen(x->addr4), x->len4);
	fetch_place(e, &e->by6, x->addr6, x->len6);
}

bool eam_next(const struct eam *e, uint32_t *at, struct eam_entry *out)
{
	const struct eam_slot *x;

	while (*at < e->slots) {
		x = &e->by4.slots[(*at)++];
		if (!x->used)
			continue;
		*out = (struct eam_entry){ x->addr6, x->addr4, x->len4,
					   x->len6 };
		return true;
	}
	return false;
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
XL_INLINE const struct eam_slot *match(const struct eam *e, enum family family,
				       struct addr6 a)
{
	const struct eam_index *x = family == BY4 ? &e->by4 : &e->by6;
	const struct eam_slot *found;
	unsigned int group;
	unsigned int lens;
	unsigned int len;

	for (uint32_t left = x->groups; left; left ^= 1u << group) {
		group = highest(left);
		lens = candidates(e, x, a, group);
		for (; lens; lens &= lens - 1) {
			len = group * 8 - (unsigned int)__builtin_ctz(lens);
			found = find(e, family, addr6_mask(a, len), len);
			if (found->used)
				return found;
		}
	}
	return NULL;
}

static XL_APART void fetch_hints(const struct eam *e, const struct eam_index *x,
				 struct addr6 a)
{
	unsigned int group;

	for (uint32_t left = x->groups; left; left &= left - 1) {
		group = (unsigned int)__builtin_ctz(left);
		if (x->lens[group] & (x->lens[group] - 1))
			fetch(hint(e, x, a, group));
	}
}

static XL_APART void fetch_slots(const struct eam *e, const struct eam_index *x,
				 struct addr6 a)
{
	unsigned int group;
	unsigned int lens;
	unsigned int len;

	for (uint32_t left = x->groups; left; left &= left - 1) {
		group = (unsigned int)__builtin_ctz(left);
		lens = candidates(e, x, a, group);
		for (; lens; lens &= lens - 1) {
			len = group * 8 - (unsigned int)__builtin_ctz(lens);
			fetch(x->slots +
			      place(e, hash(addr6_mask(a, len), len)));
		}
	}
}

XL_INLINE void both_addresses(const struct eam *e, const uint8_t *ip,
			      void (*each)(const struct eam *e,
					   const struct eam_index *x,
					   struct addr6 a))
{
	const bool v4 = ip[0] >> 4 == 4;
	const struct eam_index *x = v4 ? &e->by4 : &e->by6;

	each(e, x, v4 ? widen(be_get32(ip + 12)) : addr6_load(ip + 8));
	each(e, x, v4 ? widen(be_get32(ip + 16)) : addr6_load(ip + 24));
}

void eam_ahead_hints(const struct eam *e, const uint8_t *ip)
{
	both_addresses(e, ip, fetch_hints);
}

void eam_ahead_slots(const struct eam *e, const uint8_t *ip)
{
	both_addresses(e, ip, fetch_slots);
}

/* Bits of an IPv6 address below an entry's IPv4 suffix. */
static unsigned int below_suffix(const struct eam_slot *x)
{
	return 128u - x->len6 - (32u - x->len4);
}

bool eam_4to6(const struct eam *e, uint32_t a, struct addr6 *out)
{
	const struct eam_slot *x = match(e, BY4, widen(a));
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
	const struct eam_slot *x = match(e, BY6, a);
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

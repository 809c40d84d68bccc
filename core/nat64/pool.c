/* SPDX-License-Identifier: MIT */
#include "nat64/pool.h"

#define EVEN  0x5555555555555555u
#define EVERY 0xffffffffffffffffu

/* The lowest address of any range that is not below @at; beyond all: 2^32. */
static uint64_t next_addr(const struct nat64_range *ranges, uint32_t count,
			  uint64_t at)
{
	uint64_t next = 1ull << 32;

	for (uint32_t i = 0; i < count; i++) {
		const uint64_t here =
			ranges[i].first > at ? ranges[i].first : at;

		if (ranges[i].last >= at && here < next)
			next = here;
	}
	return next;
}

uint64_t pool_size(const struct nat64_range *ranges, uint32_t count)
{
	uint64_t at = next_addr(ranges, count, 0);
	uint64_t size = 0;

	while (at >> 32 == 0) {
		uint64_t end = at;

		for (uint32_t i = 0; i < count; i++)
			if (ranges[i].first <= at && ranges[i].last > end)
				end = ranges[i].last;
		size += end - at + 1;
		at = next_addr(ranges, count, end + 1);
	}
	return size;
}

uint32_t pool_find(const struct pool *pool, uint32_t addr)
{
	uint32_t low = 0;
	uint32_t high = pool->count;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;

		if (pool->addrs[mid].addr == addr)
			return mid;
		if (pool->addrs[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return POOL_NONE;
}

/* @random as a number below @span, which is at most 2^32. */
static uint32_t below(uint64_t random, uint64_t span)
{
	return (uint32_t)((random >> 32) * span >> 32);
}

uint32_t pool_choose(const struct pool *pool, unsigned int table,
		     uint64_t random)
{
	const uint64_t *full = pool->full[table];
	const uint32_t words = (pool->count + 63) / 64;
	const uint32_t start = below(random, pool->count);
	uint32_t at = start / 64;
	uint64_t open = ~full[at] & ~0ull << start % 64;
	uint32_t found;

	/* Once around, and the first word's lower half again. */
	for (uint32_t i = 0; i <= words; i++) {
		if (open) {
			found = at * 64 + (uint32_t)__builtin_ctzll(open);
			if (found < pool->count)
				return found;
		}
		at = at + 1 < words ? at + 1 : 0;
		open = ~full[at];
	}
	return POOL_NONE;
}

static uint64_t *bitmap(const struct pool *pool, uint32_t which,
			unsigned int table)
{
	return pool->bits + ((size_t)which * POOL_TABLES + table) * POOL_WORDS;
}

static struct pool_span span_of(const struct pool_addr *a, unsigned int table)
{
	return table == POOL_BLOCKS ? a->blocks : a->ports;
}

static uint32_t capacity(const struct pool_addr *a, unsigned int table)
{
	const struct pool_span s = span_of(a, table);

	return s.max ? s.max - s.min + 1u : 0;
}

static void set(struct pool *pool, uint32_t which, unsigned int table,
		uint32_t port)
{
	struct pool_addr *a = &pool->addrs[which];

	bitmap(pool, which, table)[port / 64] |= 1ull << port % 64;
	pool->used[table]++;
	if (++a->taken[table] == capacity(a, table))
		pool->full[table][which / 64] |= 1ull << which % 64;
}

static bool has_addr(const struct nat64_range *r, uint32_t addr)
{
	return r->first <= addr && addr <= r->last;
}

static bool has_port(const struct nat64_range *ranges, uint32_t count,
		     uint32_t addr, uint32_t port)
{
	for (uint32_t i = 0; i < count; i++)
		if (has_addr(&ranges[i], addr) && ranges[i].port_min <= port &&
		    port <= ranges[i].port_max)
			return true;
	return false;
}

/* Ports between two ranges of one address count as taken for good. */
static void close_gaps(struct pool *pool, uint32_t which,
		       const struct nat64_range *ranges, uint32_t count)
{
	const struct pool_addr a = pool->addrs[which];

	for (uint32_t port = a.ports.min; port <= a.ports.max; port++) {
		if (has_port(ranges, count, a.addr, port))
			continue;
		for (unsigned int b = 0; b < BIB_COUNT; b++)
			set(pool, which, b, port);
	}
}

static void add_addr(struct pool *pool, const struct nat64_range *ranges,
		     uint32_t count, uint32_t addr)
{
	struct pool_addr *a = &pool->addrs[pool->count];
	uint32_t ports = 0;

	*a = (struct pool_addr){ .addr = addr, .ports.min = UINT16_MAX };
	for (uint32_t i = 0; i < count; i++) {
		if (!has_addr(&ranges[i], addr))
			continue;
		if (ranges[i].port_min < a->ports.min)
			a->ports.min = ranges[i].port_min;
		if (ranges[i].port_max > a->ports.max)
			a->ports.max = ranges[i].port_max;
		ports += ranges[i].port_max - ranges[i].port_min + 1u;
	}
	a->closed = capacity(a, BIB_UDP) - ports;
	if (a->closed)
		close_gaps(pool, pool->count, ranges, count);
	pool->count++;
}

XL_RARE void pool_fill(struct pool *pool, const struct nat64_range *ranges,
		       uint32_t count)
{
	uint64_t at;

	pool->count = 0;
	for (at = 0; (at = next_addr(ranges, count, at)) >> 32 == 0; at++)
		add_addr(pool, ranges, count, (uint32_t)at);
}

/* A block that has a port of a gap is nobody's. */
static void close_blocks(struct pool *pool, uint32_t which, uint32_t size)
{
	const struct pool_addr a = pool->addrs[which];

	for (uint32_t port = a.blocks.min * size;
	     port < (a.blocks.max + 1u) * size; port++)
		if (!pool_is_free(pool, which, BIB_UDP, port))
			pool_claim(pool, which, POOL_BLOCKS, port / size);
}

XL_RARE void pool_cut(struct pool *pool, uint32_t size, uint32_t from)
{
	for (uint32_t i = 0; i < pool->count; i++) {
		struct pool_addr *a = &pool->addrs[i];
		const uint32_t low = a->ports.min > from ? a->ports.min : from;
		const uint32_t min = (low + size - 1) / size;
		const uint32_t end = (a->ports.max + 1u) / size;

		if (min < end) {
			a->blocks = (struct pool_span){ (uint16_t)min,
							(uint16_t)(end - 1) };
			close_blocks(pool, i, size);
		} else {
			pool->full[POOL_BLOCKS][i / 64] |= 1ull << i % 64;
		}
	}
}

XL_RARE void pool_open(struct pool *pool)
{
	for (unsigned int table = 0; table < POOL_TABLES; table++) {
		for (uint32_t i = 0; i < pool->count; i++)
			pool->room[table] += capacity(&pool->addrs[i], table);
		pool->room[table] -= pool->used[table];
		pool->used[table] = 0;
	}
}

/* Bits of word @at that stand for ports from @min to @max. */
static uint64_t within(uint32_t at, uint32_t min, uint32_t max)
{
	uint64_t mask = EVERY;

	if (at == min / 64)
		mask &= EVERY << min % 64;
	if (at == max / 64)
		mask &= EVERY >> (63 - max % 64);
	return mask;
}

/**
 * search() - a clear bit from @min to @max, at or after @start, else from
 * @min on
 * @allowed:	which bits of each word may be used
 *
 * Return: the port; 0: there is none
 */
static uint32_t search(const uint64_t *bits, uint32_t min, uint32_t max,
		       uint64_t allowed, uint32_t start)
{
	const uint32_t first = min / 64;
	const uint32_t words = max / 64 - first + 1;
	uint32_t at = start / 64;
	uint64_t clear = ~bits[at] & allowed & within(at, min, max) &
			 EVERY << start % 64;

	for (uint32_t i = 0; i <= words; i++) {
		if (clear)
			return at * 64 + (uint32_t)__builtin_ctzll(clear);
		at = at < max / 64 ? at + 1 : first;
		clear = ~bits[at] & allowed & within(at, min, max);
	}
	return 0;
}

static uint32_t search_random(const uint64_t *bits, uint32_t min, uint32_t max,
			      uint64_t allowed, uint64_t random)
{
	if (min > max)
		return 0;
	return search(bits, min, max, allowed,
		      min + below(random, max - min + 1u));
}

uint16_t pool_take(struct pool *pool, uint32_t which, enum bib bib,
		   struct pool_span span, uint16_t like, enum pool_likeness how,
		   uint64_t random)
{
	const struct pool_addr *a = &pool->addrs[which];
	const uint64_t parity = how != POOL_PARITY ? EVERY
				: like & 1         ? ~EVEN
						   : EVEN;
	uint32_t min = span.min;
	uint32_t max = span.max;
	uint32_t port;

	if (!max || a->taken[bib] == capacity(a, bib))
		return 0;
	if (how != POOL_ANY && like <= WELL_KNOWN_MAX && max > WELL_KNOWN_MAX)
		max = WELL_KNOWN_MAX;
	if (how != POOL_ANY && like > WELL_KNOWN_MAX && min <= WELL_KNOWN_MAX)
		min = WELL_KNOWN_MAX + 1;
	port = search_random(bitmap(pool, which, bib), min, max, parity,
			     random);
	if (port)
		set(pool, which, bib, port);
	return (uint16_t)port;
}

uint16_t pool_take_block(struct pool *pool, uint32_t which, uint64_t random)
{
	const struct pool_addr *a = &pool->addrs[which];
	uint32_t block = 0;

	if (a->taken[POOL_BLOCKS] < capacity(a, POOL_BLOCKS))
		block = search_random(bitmap(pool, which, POOL_BLOCKS),
				      a->blocks.min, a->blocks.max, EVERY,
				      random);
	if (block)
		set(pool, which, POOL_BLOCKS, block);
	return (uint16_t)block;
}

bool pool_is_free(const struct pool *pool, uint32_t which, unsigned int table,
		  uint32_t port)
{
	const struct pool_span s = span_of(&pool->addrs[which], table);

	return port >= s.min && port <= s.max &&
	       !(bitmap(pool, which, table)[port / 64] >> port % 64 & 1);
}

void pool_claim(struct pool *pool, uint32_t which, unsigned int table,
		uint32_t port)
{
	if (pool_is_free(pool, which, table, port))
		set(pool, which, table, port);
}

XL_RARE void pool_close(struct pool *pool, uint32_t which, unsigned int table,
			uint32_t min, uint32_t max)
{
	struct pool_addr *a = &pool->addrs[which];
	const struct pool_span s = span_of(a, table);
	uint64_t *bits = bitmap(pool, which, table);
	uint32_t closed = 0;

	if (min < s.min)
		min = s.min;
	if (max > s.max)
		max = s.max;
	for (uint32_t at = min / 64; min <= max && at <= max / 64; at++) {
		uint64_t more = within(at, min, max) & ~bits[at];

		bits[at] |= more;
		for (; more; more &= more - 1)
			closed++;
	}
	a->taken[table] += closed;
	pool->used[table] += closed;
	if (table == BIB_UDP) /* and of the others as many */
		a->closed += closed;
	if (a->taken[table] == capacity(a, table))
		pool->full[table][which / 64] |= 1ull << which % 64;
}

void pool_give(struct pool *pool, uint32_t which, unsigned int table,
	       uint32_t port)
{
	bitmap(pool, which, table)[port / 64] &= ~(1ull << port % 64);
	pool->addrs[which].taken[table]--;
	pool->used[table]--;
	pool->full[table][which / 64] &= ~(1ull << which % 64);
}

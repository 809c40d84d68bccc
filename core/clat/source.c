/* SPDX-License-Identifier: MIT */
#include "clat/source.h"

/* RFC 6724, 2.1; the longest match comes first. */
static const struct {
	struct addr6 net;
	uint8_t len;
	uint8_t label;
} labels[] = {
	{ { 0, 1 }, 128, 0 },
	{ { 0, 0xffff00000000 }, 96, 4 },
	{ { 0, 0 }, 96, 3 },
	{ { 0x2001000000000000, 0 }, 32, 5 },
	{ { 0x2002000000000000, 0 }, 16, 2 },
	{ { 0x3ffe000000000000, 0 }, 16, 12 },
	{ { 0xfec0000000000000, 0 }, 10, 11 },
	{ { 0xfc00000000000000, 0 }, 7, 13 },
};

#define LABEL_OTHERS 1u

static unsigned int label_of(struct addr6 a)
{
	for (unsigned int i = 0; i < XL_COUNT(labels); i++)
		if (addr6_equal(addr6_mask(a, labels[i].len), labels[i].net))
			return labels[i].label;
	return LABEL_OTHERS;
}

static unsigned int common_bits(struct addr6 a, struct addr6 b)
{
	const uint64_t differ = a.hi ^ b.hi;

	return differ ? (unsigned int)__builtin_clzll(differ) : 64;
}

/* Not multicast, link-local or site-local, nor in ::/8. */
static bool is_global(struct addr6 a)
{
	return a.hi >> 56 != 0 && a.hi >> 56 != 0xff &&
	       a.hi >> 55 != 0xfe80 >> 7;
}

static bool is_slaac(const struct source_list *l, const struct source_addr *a)
{
	if (a->len == 64)
		return true;
	for (uint32_t i = 0; i < l->net_count; i++)
		if (l->nets[i].net.hi == a->addr.hi)
			return true;
	return false;
}

static enum source_why filter(const struct source_list *l,
			      const struct source_addr *a)
{
	if (!is_global(a->addr))
		return SOURCE_NO_GLOBAL;
	if (a->flags & (SOURCE_TENTATIVE | SOURCE_DADFAILED))
		return SOURCE_IS_TENTATIVE;
	if (!is_slaac(l, a))
		return SOURCE_NO_SLAAC;
	if (pref64_contains(l->pref64, a->addr))
		return SOURCE_INSIDE_PREF64;
	return a->flags & SOURCE_EXPIRED ? SOURCE_IS_EXPIRED : SOURCE_OK;
}

/**
 * struct rated - a /64 and how it stands by each rule, higher is better
 */
struct rated {
	struct addr6 net;
	bool preferred;      /* rule 3 */
	bool near;           /* rule 5.5 */
	bool label;          /* rule 6 */
	unsigned int common; /* rule 8 */
};

static struct rated rate(const struct source_list *l, struct addr6 net)
{
	struct rated r = { .net = net };

	r.label = label_of(net) == label_of(l->pref64.prefix);
	r.common = common_bits(net, l->pref64.prefix);
	for (uint32_t i = 0; i < l->net_count; i++)
		r.near |= l->nets[i].near && l->nets[i].net.hi == net.hi;
	for (uint32_t i = 0; i < l->addr_count; i++)
		r.preferred |= l->addrs[i].addr.hi == net.hi &&
			       filter(l, &l->addrs[i]) == SOURCE_OK &&
			       !(l->addrs[i].flags & SOURCE_DEPRECATED);
	return r;
}

/* Above 0 if @a is better by the rules that end a prefix's use. */
static int compare(const struct rated *a, const struct rated *b)
{
	if (a->preferred != b->preferred)
		return a->preferred ? 1 : -1;
	if (a->near != b->near)
		return a->near ? 1 : -1;
	return (int)a->label - (int)b->label;
}

static bool better(const struct rated *a, const struct rated *b)
{
	const int strong = compare(a, b);

	if (strong)
		return strong > 0;
	if (a->common != b->common)
		return a->common > b->common;
	return a->net.hi < b->net.hi;
}

static struct source result(const struct rated *r)
{
	return (struct source){ SOURCE_OK, r->net, !r->preferred };
}

struct source source_choose(const struct source_list *l, struct addr6 used)
{
	struct source none = { .why = SOURCE_NO_GLOBAL };
	struct rated best = { 0 };
	struct rated r;

	for (uint32_t i = 0; i < l->addr_count; i++) {
		const enum source_why why = filter(l, &l->addrs[i]);

		if (why > none.why)
			none.why = why;
		if (why != SOURCE_OK)
			continue;
		r = rate(l, addr6_mask(l->addrs[i].addr, 64));
		if (!best.net.hi || better(&r, &best))
			best = r;
	}
	if (!best.net.hi)
		return none;
	r = rate(l, used);
	if (source_alive(l, used) && compare(&best, &r) <= 0)
		return result(&r);
	return result(&best);
}

/* Its network may be of any length: nothing is made up in it. */
static bool can_share(const struct source_list *l, const struct source_addr *a)
{
	const enum source_why why = filter(l, a);

	return why == SOURCE_OK ||
	       (why == SOURCE_NO_SLAAC && !(a->flags & SOURCE_EXPIRED) &&
		!pref64_contains(l->pref64, a->addr));
}

struct addr6 source_own(const struct source_list *l, struct addr6 used)
{
	struct addr6 best = { 0, 0 };
	unsigned int best_rank = 0;

	for (uint32_t i = 0; i < l->addr_count; i++) {
		const struct source_addr *a = &l->addrs[i];
		const unsigned int rank =
			1 + addr6_equal(a->addr, used) +
			(a->flags & SOURCE_DEPRECATED ? 0u : 2u);

		if (rank > best_rank && can_share(l, a)) {
			best = a->addr;
			best_rank = rank;
		}
	}
	return best;
}

bool source_alive(const struct source_list *l, struct addr6 net)
{
	for (uint32_t i = 0; i < l->addr_count; i++)
		if (l->addrs[i].addr.hi == net.hi &&
		    filter(l, &l->addrs[i]) == SOURCE_OK)
			return true;
	return false;
}

const char *source_why_text(enum source_why why)
{
	static const char no_slaac[] =
		"the uplink has no /64 to make up an address in: name one that "
		"is routed here (--source), or share the host's (--source "
		"shared, from Linux 6.6 on)";
	static const char *const texts[] = {
		[SOURCE_NO_GLOBAL] = "the uplink has no global IPv6 address",
		[SOURCE_IS_TENTATIVE] =
			"the uplink's IPv6 address is not checked yet",
		[SOURCE_NO_SLAAC] = no_slaac,
		[SOURCE_INSIDE_PREF64] =
			"the uplink's addresses lie inside the PREF64",
		[SOURCE_IS_EXPIRED] = "the uplink's addresses have expired",
		[SOURCE_OK] = "there is an address",
	};

	return texts[why];
}

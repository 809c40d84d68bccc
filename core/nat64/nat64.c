/* SPDX-License-Identifier: MIT */
/*
 * nat64.c - a NAT64 as a whole: configuration, memory, the way in
 */
#include "nat64/clock.h"
#include "nat64/fragment.h"
#include "nat64/path.h"

static bool range_is_good(const struct nat64_range *r)
{
	return r->first <= r->last && r->port_min && r->port_min <= r->port_max;
}

static bool overlap(const struct nat64_range *a, const struct nat64_range *b)
{
	return a->first <= b->last && b->first <= a->last &&
	       a->port_min <= b->port_max && b->port_min <= a->port_max;
}

static const char *check_pool4(const struct nat64_config *c)
{
	if (c->pool4_count == 0)
		return "at least one address in pool4";
	if (c->pool4_count > NAT64_RANGE_MAX)
		return "at most 64 ranges in pool4";
	for (uint32_t i = 0; i < c->pool4_count; i++) {
		if (!range_is_good(&c->pool4[i]))
			return "pool4 ranges that go from low to high, and no "
			       "port 0";
		for (uint32_t j = 0; j < i; j++)
			if (overlap(&c->pool4[i], &c->pool4[j]))
				return "pool4 ranges that do not overlap";
	}
	if (pool_size(c->pool4, c->pool4_count) > NAT64_POOL_MAX)
		return "at most 4096 addresses in pool4";
	return NULL;
}

/* RFC 6146, 4; RFC 4787, 5382 and 5508. */
static const char *check_timeouts(const struct nat64_config *c)
{
	if (c->timeout[NAT64_UDP] < 120)
		return "a UDP timeout of at least 120 s (RFC 4787, REQ-5)";
	if (c->timeout[NAT64_TCP_EST] < 7200)
		return "a timeout of at least 7200 s for established TCP "
		       "(RFC 5382, REQ-5)";
	if (c->timeout[NAT64_TCP_TRANS] < 240)
		return "a transitory TCP timeout of at least 240 s "
		       "(RFC 5382, REQ-5)";
	if (c->timeout[NAT64_TCP_SYN] < 6)
		return "6 s at least for an unsolicited SYN (RFC 5382, REQ-4)";
	if (c->timeout[NAT64_ICMP] < 60)
		return "an ICMP timeout of at least 60 s (RFC 5508, REQ-2)";
	if (c->timeout[NAT64_FRAGMENT] < 2)
		return "2 s at least for fragments (RFC 6146, 3.4)";
	return NULL;
}

const char *nat64_config_check(const struct nat64_config *c)
{
	const char *wrong = pref64_check(c->pool6.prefix, c->pool6.len);

	if (!wrong)
		wrong = check_pool4(c);
	if (!wrong)
		wrong = check_timeouts(c);
	if (wrong)
		return wrong;
	if (c->max_sessions == 0 || c->max_sessions > NAT64_SESSIONS_MAX)
		return "from 1 to 16777214 sessions";
	if (c->subscriber_len == 0 || c->subscriber_len > 128)
		return "a subscriber prefix of 1 to 128 bits";
	return NULL;
}

/**
 * struct plan - memory being dealt out
 * @base:	start; NULL to find out how much is needed
 * @size:	bytes so far, a multiple of 64
 */
struct plan {
	uint8_t *base;
	size_t size;
};

static void *deal(struct plan *plan, size_t bytes)
{
	void *at = plan->base ? plan->base + plan->size : NULL;

	plan->size += (bytes + 63) & ~(size_t)63;
	return at;
}

static void deal_slab(struct plan *plan, struct slab *s, uint32_t size,
		      uint32_t max)
{
	s->size = size;
	s->max = max;
	s->mem = deal(plan, ((size_t)max + 1) * size);
	s->live = deal(plan, ((size_t)max / 64 + 1) * sizeof(*s->live));
}

static void deal_table(struct plan *plan, struct table *t, uint32_t entries)
{
	t->buckets = table_buckets(entries);
	t->slots = deal(plan,
			(size_t)t->buckets * TABLE_SLOTS * sizeof(*t->slots));
}

static void deal_pool(struct plan *plan, struct pool *pool, size_t count)
{
	pool->addrs = deal(plan, count * sizeof(*pool->addrs));
	pool->bits = deal(plan,
			  count * BIB_COUNT * POOL_WORDS * sizeof(*pool->bits));
}

/* Where everything is, in @n, which lies at the beginning itself. */
static size_t lay_out(struct nat64 *n, const struct nat64_config *c, void *base)
{
	struct plan plan = { .base = base };
	const uint32_t max = c->max_sessions;
	const uint32_t peers =
		c->filtering == NAT64_ADDRESS_DEPENDENT ? max : 0;

	(void)deal(&plan, sizeof(*n));
	deal_slab(&plan, &n->sessions, sizeof(struct session), max);
	deal_slab(&plan, &n->bindings, sizeof(struct binding), max);
	deal_slab(&plan, &n->subscribers, sizeof(struct subscriber), max);
	deal_slab(&plan, &n->peers, sizeof(struct peer), peers);
	deal_table(&plan, &n->sessions_by6, max);
	deal_table(&plan, &n->sessions_by4, max);
	deal_table(&plan, &n->bindings_by6, max);
	deal_table(&plan, &n->bindings_by4, max);
	deal_table(&plan, &n->subscribers_by6, max);
	deal_table(&plan, &n->peers_by4, peers);
	deal_table(&plan, &n->held_by4, HELD_MAX);
	n->held = deal(&plan, HELD_MAX * sizeof(*n->held));
	deal_slab(&plan, &n->datagrams, sizeof(struct datagram), DATAGRAMS);
	deal_slab(&plan, &n->waiting, sizeof(struct waiting), WAITING_MAX);
	deal_table(&plan, &n->datagrams_by, DATAGRAMS);
	n->shares = deal(&plan, FRAGMENT_SHARES * sizeof(*n->shares));
	deal_pool(&plan, &n->pool, (size_t)pool_size(c->pool4, c->pool4_count));
	return plan.size;
}

size_t nat64_size(const struct nat64_config *c)
{
	struct nat64 unused;

	return lay_out(&unused, c, NULL);
}

struct nat64 *nat64_init(void *mem, const struct nat64_config *c)
{
	struct nat64 *n = mem;

	n->cfg = *c;
	(void)lay_out(n, c, mem);
	pool_fill(&n->pool, c->pool4, c->pool4_count);
	return n;
}

static struct xlat_result translate(struct nat64 *n, struct pkt *p,
				    const struct pkt_view *v)
{
	return v->version == 4 ? path_from4(n, p, v, false)
			       : path_from6(n, p, v);
}

static struct xlat_result translate_fragment(struct nat64 *n, struct pkt *p,
					     struct pkt_view *v)
{
	const enum xlat_why why = fragment_arrives(n, p, v);
	struct xlat_result r;

	if (why)
		return xlat_drop(why);
	r = translate(n, p, v);
	if (v->first)
		fragment_passed(n, v, r.verdict == XLAT_FORWARD);
	return r;
}

struct xlat_result nat64_packet(struct nat64 *n, struct pkt *p, uint64_t now)
{
	struct pkt_view v;
	const enum xlat_why why = pkt_parse(p, &v);

	if (why)
		return xlat_drop(why);
	clock_set(n, now);
	if (XL_UNLIKELY(v.fragment))
		return translate_fragment(n, p, &v);
	return translate(n, p, &v);
}

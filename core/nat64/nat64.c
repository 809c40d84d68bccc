/* SPDX-License-Identifier: MIT */
/*
 * nat64.c - a NAT64 as a whole: memory, the way in
 */
#include "nat64/alarm.h"
#include "nat64/binding.h"
#include "nat64/block.h"
#include "nat64/clock.h"
#include "nat64/determ.h"
#include "nat64/fragment.h"
#include "nat64/owner.h"
#include "nat64/path.h"
#include "nat64/port.h"
#include "nat64/shard.h"

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
	t->slots =
		deal(plan, (size_t)t->buckets * TABLE_LINE * sizeof(*t->slots));
}

static void deal_pool(struct plan *plan, struct pool *pool, size_t count)
{
	pool->addrs = deal(plan, count * sizeof(*pool->addrs));
	pool->bits = deal(plan, count * POOL_TABLES * POOL_WORDS *
					sizeof(*pool->bits));
}

/* Where everything is, in @n, which lies at the beginning itself. */
XL_RARE static size_t lay_out(struct nat64 *n, const struct nat64_config *c,
			      void *base)
{
	struct plan plan = { .base = base };
	const uint32_t max = c->max_sessions;
	const uint32_t bindings = max + c->static_count;
	/* Endpoint-independent is 0: nobody is asked for. */
	const uint32_t peers = c->filtering || c->filtering_tcp ? max : 0;

	(void)deal(&plan, sizeof(*n));
	deal_slab(&plan, &n->sessions, sizeof(struct session), max);
	deal_slab(&plan, &n->bindings, sizeof(struct binding), bindings);
	deal_slab(&plan, &n->subscribers, sizeof(struct subscriber), bindings);
	deal_slab(&plan, &n->peers, sizeof(struct peer), peers);
	deal_table(&plan, &n->sessions_by6, max);
	deal_table(&plan, &n->sessions_by4, max);
	deal_table(&plan, &n->bindings_by6, bindings);
	deal_table(&plan, &n->bindings_by4, bindings);
	deal_table(&plan, &n->subscribers_by6, bindings);
	deal_table(&plan, &n->peers_by4, peers);
	deal_table(&plan, &n->held_by4, HELD_MAX);
	n->held = deal(&plan, HELD_MAX * sizeof(*n->held));
	deal_slab(&plan, &n->datagrams, sizeof(struct datagram), DATAGRAMS);
	deal_slab(&plan, &n->waiting, sizeof(struct waiting), WAITING_MAX);
	deal_table(&plan, &n->datagrams_by, DATAGRAMS);
	deal_table(&plan, &n->statics_by4, c->shards > 1 ? c->static_count : 0);
	n->shares = deal(&plan, FRAGMENT_SHARES * sizeof(*n->shares));
	n->blocks = deal(&plan, block_count(c) * sizeof(*n->blocks));
	n->cooling = deal(&plan, (size_t)c->hold_max * sizeof(*n->cooling));
	deal_pool(&plan, &n->pool, (size_t)pool_size(c->pool4, c->pool4_count));
	return plan.size;
}

size_t nat64_size(const struct nat64_config *c)
{
	struct nat64 unused;

	return lay_out(&unused, c, NULL);
}

/* A static binding, here or with another thread, whose port is not given. */
static bool fix(struct nat64 *n, const struct nat64_static *s)
{
	const uint32_t pool = pool_find(&n->pool, s->pool);
	const struct binding b = { .pool_port = s->pool_port,
				   .pool = (uint16_t)pool,
				   .bib = (uint8_t)bib_of(s->proto) };

	if (!owner_is_shared(n) ||
	    owner_of_client(n, s->client) == n->cfg.shard)
		return binding_fix(n, s) == WHY_NONE;
	port_fix(n, &b);
	return true;
}

XL_RARE struct nat64 *nat64_init(void *mem, const struct nat64_config *c)
{
	struct nat64 *n = mem;

	n->cfg = *c;
	n->alarms = ALARM_AT_FIRST;
	(void)lay_out(n, c, mem);
	pool_fill(&n->pool, c->pool4, c->pool4_count);
	if (c->port_block)
		pool_cut(&n->pool, c->port_block,
			 c->inside.len ? determ_plan(c).dynamic
				       : WELL_KNOWN_MAX + 1);
	if (c->inside.len)
		n->plan = determ_plan(c);
	n->unit = c->port_block > SHARD_UNIT ? c->port_block : SHARD_UNIT;
	if (owner_is_shared(n))
		owner_begin(n);
	pool_open(&n->pool);
	for (uint32_t i = 0; i < c->static_count; i++)
		if (!fix(n, &c->statics[i]))
			return NULL;
	return n;
}

static struct xlat_result translate_fragment(struct nat64 *n, struct pkt *p,
					     struct pkt_view *v)
{
	const enum xlat_why why = fragment_arrives(n, p, v);
	struct xlat_result r;

	if (why)
		return xlat_drop(why);
	/* What that thread thinks of the first one is not told here: it judges
	 * each of the others by the same tables. */
	if (owner_is_shared(n) && owner_hands(n, p, v, NAT64_HAND_PORTS))
		r = xlat_elsewhere();
	else
		r = path_whole(n, p, v);
	if (v->first)
		fragment_passed(n, v,
				r.verdict == XLAT_FORWARD ||
					r.verdict == XLAT_ELSEWHERE,
				p->frag_id);
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
	if (XL_UNLIKELY(owner_is_shared(n)) &&
	    owner_hands(n, p, &v, NAT64_HAND_WHOLE))
		return xlat_elsewhere();
	return path_whole(n, p, &v);
}

struct xlat_result nat64_resume(struct nat64 *n, struct pkt *p,
				const struct nat64_hand *h, uint64_t now)
{
	struct pkt_view v;
	const enum xlat_why why = pkt_parse(p, &v);

	if (why)
		return xlat_drop(why);
	clock_set(n, now);
	if (!v.first) {
		v.sport = h->sport;
		v.dport = h->dport;
	}
	return h->kind == NAT64_HAND_TURNED ? path_from4(n, p, &v, true)
					    : path_whole(n, p, &v);
}

bool nat64_hand(struct nat64 *n, struct nat64_hand *out)
{
	*out = n->hand;
	n->hand.kind = NAT64_HAND_NONE;
	return out->kind != NAT64_HAND_NONE;
}

uint32_t nat64_gatherer(const struct nat64 *n, struct pkt *p)
{
	struct pkt_view v;

	if (!owner_is_shared(n) || pkt_parse(p, &v) || !v.fragment)
		return n->cfg.shard;
	if (v.version == 6)
		return owner_of_client(n, v.h6.src);
	return shard_of_datagram(v.h4.src, v.h4.dst, v.h4.id, n->cfg.shards);
}

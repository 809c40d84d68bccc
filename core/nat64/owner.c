/* SPDX-License-Identifier: MIT */
#include "nat64/owner.h"

#include "nat64/block.h"
#include "nat64/hash.h"
#include "nat64/path.h"
#include "nat64/shard.h"

static uint64_t hash_static(const struct nat64 *n, uint32_t pool, uint16_t port,
			    enum bib bib)
{
	const uint64_t word =
		(uint64_t)pool << 32 | (uint32_t)port << 16 | (uint32_t)bib;

	return hash_words(n->cfg.key, &word, 1, HASH_STATIC);
}

/* Whom a port was given by the configuration; NULL: nobody. */
static const struct nat64_static *
find_static(const struct nat64 *n, uint32_t pool, uint16_t port, enum bib bib)
{
	struct table_probe p =
		table_probe(&n->statics_by4, hash_static(n, pool, port, bib));
	uint32_t i;

	while ((i = table_next(&p))) {
		const struct nat64_static *s = &n->cfg.statics[i - 1];

		if (s->pool == pool && s->pool_port == port &&
		    s->proto == bib_proto((uint8_t)bib))
			return s;
	}
	return NULL;
}

bool owner_is_static(const struct nat64 *n, uint32_t pool, uint16_t port,
		     enum bib bib)
{
	return find_static(n, pool, port, bib) != NULL;
}

XL_APART uint32_t owner_of_client(const struct nat64 *n, struct addr6 client)
{
	const struct nat64_config *c = &n->cfg;

	if (c->inside.len)
		return determ_number(&n->plan, c, client) % c->shards;
	return shard_of_subscriber(addr6_mask(client, c->subscriber_len),
				   c->shards);
}

/* Of deterministic mapping: whose port it is is computed. */
static bool is_computed(const struct nat64 *n, uint16_t port)
{
	return n->cfg.inside.len && port >= n->plan.first &&
	       port < n->plan.dynamic;
}

XL_APART uint32_t owner_of_port(const struct nat64 *n, uint32_t pool,
				uint16_t port, enum bib bib)
{
	const struct nat64_static *s =
		n->cfg.static_count ? find_static(n, pool, port, bib) : NULL;

	if (s)
		return owner_of_client(n, s->client);
	if (is_computed(n, port))
		return (pool_find(&n->pool, pool) * n->plan.ratio +
			(port - n->plan.first) / n->plan.ports) %
		       n->cfg.shards;
	return shard_of_port(port, n->unit, n->cfg.shards);
}

static uint32_t owner_of_quote(const struct nat64 *n, const struct pkt *p,
			       const struct pkt_view *v)
{
	struct pkt_view q;
	enum bib bib;

	if (pkt_quote(p, v, &q) || !q.ports || path_bib(n, &q, &bib))
		return n->cfg.shard;
	return q.version == 6 ? owner_of_client(n, q.h6.dst)
			      : owner_of_port(n, q.h4.src, q.sport, bib);
}

XL_APART uint32_t owner_of_packet(const struct nat64 *n, const struct pkt *p,
				  const struct pkt_view *v)
{
	enum bib bib;

	if (v->icmp_error)
		return owner_of_quote(n, p, v);
	if (v->version == 6)
		return owner_of_client(n, v->h6.src);
	if (path_bib(n, v, &bib) || pool_find(&n->pool, v->h4.dst) == POOL_NONE)
		return n->cfg.shard;
	return owner_of_port(n, v->h4.dst, v->dport, bib);
}

bool owner_hands(struct nat64 *n, const struct pkt *p, const struct pkt_view *v,
		 enum nat64_hand_kind kind)
{
	const uint32_t to = owner_of_packet(n, p, v);

	if (to == n->cfg.shard)
		return false;
	n->hand = (struct nat64_hand){
		.kind = kind, .to = to, .sport = v->sport, .dport = v->dport
	};
	return true;
}

/* Ports of one address, or blocks, as far as they are another thread's. */
XL_RARE static void close_others(struct nat64 *n, uint32_t which,
				 unsigned int table, uint32_t unit,
				 struct pool_span s)
{
	for (uint32_t at = s.min / unit; at <= s.max / unit; at++)
		if (at % n->cfg.shards != n->cfg.shard)
			pool_close(&n->pool, which, table, at * unit,
				   at * unit + unit - 1);
}

/* Where subscribers get blocks, or computed ports, nothing else is given. */
XL_RARE static void share_out(struct nat64 *n, uint32_t which)
{
	const struct pool_addr *a = &n->pool.addrs[which];

	if (n->cfg.port_block)
		close_others(n, which, POOL_BLOCKS, n->unit / n->cfg.port_block,
			     a->blocks);
	else if (!n->cfg.inside.len)
		for (unsigned int b = 0; b < BIB_COUNT; b++)
			close_others(n, which, b, n->unit, a->ports);
}

XL_RARE void owner_begin(struct nat64 *n)
{
	const struct nat64_config *c = &n->cfg;

	for (uint32_t i = 0; i < c->static_count; i++) {
		const struct nat64_static *s = &c->statics[i];

		/* Half of its places are free: there is one. */
		(void)!table_insert(
			&n->statics_by4,
			hash_static(n, s->pool, s->pool_port, bib_of(s->proto)),
			i + 1);
	}
	for (uint32_t i = 0; i < n->pool.count; i++)
		share_out(n, i);
}

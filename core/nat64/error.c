/* SPDX-License-Identifier: MIT */
/*
 * error.c - ICMP errors about packets that we sent
 *
 * The quoted packet tells the binding; its ends change places (RFC 6146,
 * 3.4). Nothing else is asked, least of all who sends the error (RFC 4787,
 * REQ-12a): any router on the way may.
 */
#include "nat64/binding.h"
#include "nat64/path.h"

/* The quote of an error, if its transport addresses are in it. */
static enum xlat_why quoted(const struct nat64 *n, const struct pkt *p,
			    const struct pkt_view *v, struct pkt_view *q,
			    enum bib *bib)
{
	const enum xlat_why why = pkt_quote(p, v, q);

	if (why)
		return why;
	return q->ports && !path_bib(n, q, bib) ? WHY_NONE : WHY_ICMP_QUOTE;
}

struct xlat_result path_error6(struct nat64 *n, struct pkt *p,
			       const struct pkt_view *v)
{
	struct map64 m = { .node_ext = NODE_EXT_OFF };
	const struct binding *b;
	uint32_t remote;
	uint32_t i;
	struct pkt_view q;
	enum bib bib;
	enum xlat_why why = quoted(n, p, v, &q, &bib);

	if (!why && !pref64_contains(n->cfg.pool6, q.h6.src))
		why = WHY_ICMP_QUOTE;
	if (why)
		return xlat_drop(why);
	remote = pref64_extract(n->cfg.pool6, q.h6.src);
	why = path_refused(n, remote);
	i = binding_find6(n, q.h6.dst, q.dport, bib);
	if (!why && !i)
		why = WHY_ICMP_QUOTE;
	if (why)
		return xlat_drop(why);
	b = binding_at(n, i);
	m.outer.src = m.quoted.dst = binding_pool_addr(n, b);
	m.outer.dst = m.quoted.src = remote;
	m.quoted.sport = bib == BIB_ICMP ? b->pool_port : q.sport;
	m.quoted.dport = b->pool_port;
	m.first_leg = path_turns_back(n, remote, q.sport, bib);
	return path_to4(n, p, v, &q, &m);
}

/*
 * Who sent it is told, so that traceroute works (RFC 6146, 3.7 leaves that
 * open), unless the well-known prefix must not show it (RFC 6052, 3.1): then
 * it comes from where the quoted packet went.
 */
static uint32_t sender(const struct nat64 *n, const struct pkt_view *v,
		       const struct pkt_view *q)
{
	if (pref64_is_wellknown(n->cfg.pool6) && path_refused(n, v->h4.src))
		return q->h4.dst;
	return v->h4.src;
}

struct xlat_result path_error4(struct nat64 *n, struct pkt *p,
			       const struct pkt_view *v, bool second_leg)
{
	struct map46 m = { .keep_ttl = second_leg };
	const struct pref64 pool6 = n->cfg.pool6;
	const struct binding *b;
	struct pkt_view q;
	enum bib bib;
	enum xlat_why why = quoted(n, p, v, &q, &bib);
	uint32_t i = 0;

	if (!why)
		i = binding_find4(n, q.h4.src, q.sport, bib);
	if (!why && !i)
		why = WHY_ICMP_QUOTE;
	if (why)
		return xlat_drop(why);
	b = binding_at(n, i);
	m.outer.src = pref64_embed(pool6, sender(n, v, &q));
	m.outer.dst = m.quoted.src = b->client;
	m.quoted.dst = pref64_embed(pool6, q.h4.dst);
	m.quoted.sport = b->client_port;
	m.quoted.dport = bib == BIB_ICMP ? b->client_port : q.dport;
	return translate_4to6(&n->cfg.tr, p, v, &q, &m);
}

/* SPDX-License-Identifier: MIT */
#include "nat64/path.h"

#include "nat64/binding.h"
#include "nat64/owner.h"

enum xlat_why path_bib(const struct nat64 *n, const struct pkt_view *v,
		       enum bib *bib)
{
	if (v->proto == IP_UDP)
		*bib = BIB_UDP;
	else if (v->proto == IP_TCP)
		*bib = BIB_TCP;
	else if (v->proto == (v->version == 4 ? IP_ICMP : IP_ICMP6))
		*bib = BIB_ICMP;
	else
		return WHY_UNKNOWN_PROTOCOL;
	if (*bib == BIB_ICMP && v->first && !v->ports)
		return WHY_ICMP_TYPE; /* neither echo nor error */
	return *bib == BIB_ICMP && n->cfg.no_ping ? WHY_FILTERED : WHY_NONE;
}

enum xlat_why path_refused(const struct nat64 *n, uint32_t remote)
{
	const struct translate *t = &n->cfg.tr;

	if (translate_closed4(t, remote))
		return WHY_ILLEGAL_DESTINATION;
	if (translate_listed(n->cfg.deny4, n->cfg.deny4_count, remote))
		return WHY_DENIED;
	if (pool_find(&n->pool, remote) != POOL_NONE ||
	    translate_listed(t->allow4, t->allow4_count, remote))
		return WHY_NONE;
	if (remote == t->self4)
		return WHY_OWN_ADDRESS;
	return siit_is_nonglobal(remote) ? WHY_NON_GLOBAL : WHY_NONE;
}

XL_RARE bool path_turns_back(const struct nat64 *n, uint32_t remote,
			     uint16_t port, enum bib bib)
{
	const uint32_t which = pool_find(&n->pool, remote);
	struct pool_span ports;

	if (which == POOL_NONE || remote != n->cfg.shared4)
		return which != POOL_NONE;
	ports = n->pool.addrs[which].ports;
	return bib != BIB_ICMP &&
	       ((ports.min <= port && port <= ports.max) ||
		binding_find4(n, remote, port, bib) ||
		(owner_is_shared(n) && owner_is_static(n, remote, port, bib)));
}

bool path_serves(const struct nat64 *n, struct addr6 client)
{
	const struct nat64_config *c = &n->cfg;

	if (!addr6_equal(addr6_mask(client, c->inside.len), c->inside.addr))
		return false;
	for (uint32_t i = 0; i < c->allow6_count; i++)
		if (addr6_equal(addr6_mask(client, c->allow6[i].len),
				c->allow6[i].addr))
			return true;
	return c->allow6_count == 0;
}

struct xlat_result path_whole(struct nat64 *n, struct pkt *p,
			      const struct pkt_view *v)
{
	const bool from6 = v->version == 6;
	const uint32_t bytes = p->len;
	const struct xlat_result r =
		from6 ? path_from6(n, p, v) : path_from4(n, p, v, false);
	struct nat64_count *c = n->of;

	if (r.verdict == XLAT_DROP)
		return r;
	if (v->proto != IP_UDP)
		c += v->proto == IP_TCP ? BIB_TCP : BIB_ICMP;
	c->packets[from6] += !r.why;
	c->bytes[from6] += r.why ? 0 : bytes;
	return r;
}

struct xlat_result path_to4(struct nat64 *n, struct pkt *p,
			    const struct pkt_view *v, const struct pkt_view *q,
			    const struct map64 *m)
{
	struct pkt_view turned;
	struct xlat_result r = translate_6to4(&n->cfg.tr, p, v, q, m);
	enum xlat_why why;

	if (!m->first_leg || r.verdict != XLAT_FORWARD)
		return r;
	n->hairpinned++;
	why = pkt_parse(p, &turned);
	if (why)
		return xlat_drop(why);
	if (!turned.first) { /* a fragment: the first leg knows its ports */
		turned.sport = m->outer.sport;
		turned.dport = m->outer.dport;
	}
	if (owner_is_shared(n) && owner_hands(n, p, &turned, NAT64_HAND_TURNED))
		return xlat_elsewhere();
	return path_from4(n, p, &turned, true);
}

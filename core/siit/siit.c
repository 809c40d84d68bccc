/* SPDX-License-Identifier: MIT */
/*
 * siit.c - which address becomes which, statelessly
 *
 * Each address of a packet, and of a packet quoted in it, is looked up by
 * itself: in the explicit address mapping table first (RFC 7757), else under
 * pool6 (RFC 6052). Plain packets, which are nearly all, take a short way with
 * the same result.
 */
#include "siit/siit.h"

#include "siit/lookup.h"
#include "siit/shortcut.h"

#define FEW_MAPPINGS 4096u /* that many are in the cache anyway */

/*
 * RFC 7757, 4.2.1: with hairpinning, what the two ends of a hairpinned flow
 * see of each other has to be the pool6 form of the IPv4 address.
 */
static enum xlat_why map_4to6(struct siit *s, const struct pkt_view *v,
			      const struct pkt_view *q, bool rules,
			      struct map46 *m)
{
	bool src_eam = true;
	enum xlat_why why;

	if (rules && !v->icmp_error)
		src_eam = false;
	else if (rules && q->h4.dst == v->h4.src)
		src_eam = false;
	why = lookup_source6(s, v, src_eam, m);
	if (!why)
		why = lookup_6(s, v->h4.dst, true, &m->outer.dst);
	m->outer.sport = v->sport;
	m->outer.dport = v->dport;
	if (why || !v->icmp_error)
		return why;
	if (lookup_6(s, q->h4.src, true, &m->quoted.src) ||
	    lookup_6(s, q->h4.dst, !rules, &m->quoted.dst))
		return WHY_ICMP_QUOTE;
	m->quoted.sport = q->sport;
	m->quoted.dport = q->dport;
	return WHY_NONE;
}

static struct xlat_result from4(struct siit *s, struct pkt *p,
				const struct pkt_view *v, bool second_leg)
{
	const bool rules = second_leg || s->hairpin == HAIRPIN_SIMPLE;
	struct map46 m; /* clearing what only an error needs would cost */
	struct pkt_view q;
	struct xlat_result r;
	enum xlat_why why = WHY_NONE;

	m.keep_ttl = second_leg;
	m.node_ext = NODE_EXT_OFF;
	r = translate_admit4(&s->tr, p, v, second_leg);
	if (r.verdict != XLAT_FORWARD)
		return r;
	if (v->icmp_error)
		why = pkt_quote(p, v, &q);
	if (why)
		return xlat_drop(why);
	why = map_4to6(s, v, &q, rules, &m);
	if (why == WHY_ICMP_QUOTE)
		return xlat_drop(why);
	if (why)
		return error_refuse4(&s->tr, p, v, why);
	return translate_4to6(&s->tr, p, v, &q, &m);
}

/**
 * map_6to4() - all addresses of a packet, and whether it has to go back to
 * IPv6 at once (RFC 7757, 4.2.2)
 */
static enum xlat_why map_6to4(struct siit *s, const struct pkt_view *v,
			      const struct pkt_view *q, struct map64 *m,
			      bool *hairpin)
{
	struct addr6 unused;
	bool by_pool6;
	bool embedded;
	uint32_t turn;
	enum xlat_why why = lookup_4(s, v->h6.dst, &m->outer.dst, &embedded);

	if (!why && translate_closed4(&s->tr, m->outer.dst))
		why = WHY_ILLEGAL_DESTINATION;
	if (!why)
		why = lookup_source4(s, v, m);
	if (why)
		return why;
	m->outer.sport = v->sport;
	m->outer.dport = v->dport;
	turn = m->outer.dst;
	if (v->icmp_error) {
		if (lookup_4(s, q->h6.src, &m->quoted.src, &embedded) ||
		    lookup_4(s, q->h6.dst, &m->quoted.dst, &by_pool6))
			return WHY_ICMP_QUOTE;
		m->quoted.sport = q->sport;
		m->quoted.dport = q->dport;
		turn = m->quoted.src;
	}
	*hairpin = s->hairpin == HAIRPIN_INTRINSIC && embedded &&
		   eam_4to6(&s->eam, turn, &unused);
	return WHY_NONE;
}

/* Back to IPv6: the second leg of a hairpin starts from the packet that
 * would have left. */
static struct xlat_result turn_back(struct siit *s, struct pkt *p)
{
	struct pkt_view v;
	enum xlat_why why = pkt_parse(p, &v);
	struct xlat_result r;

	if (why)
		return xlat_drop(why);
	r = from4(s, p, &v, true);
	if (r.verdict == XLAT_FORWARD)
		s->hairpinned++;
	return r;
}

static struct xlat_result from6(struct siit *s, struct pkt *p,
				const struct pkt_view *v)
{
	struct map64 m;
	bool hairpin = false;
	struct pkt_view q;
	struct xlat_result r;
	enum xlat_why why = WHY_NONE;

	m.node_ext = NODE_EXT_OFF;
	r = translate_admit6(&s->tr, p, v);
	if (r.verdict != XLAT_FORWARD)
		return r;
	if (v->icmp_error)
		why = pkt_quote(p, v, &q);
	if (why)
		return xlat_drop(why);
	why = map_6to4(s, v, &q, &m, &hairpin);
	if (why == WHY_ICMP_QUOTE)
		return xlat_drop(why);
	if (why)
		return error_refuse6(&s->tr, p, v, why);
	m.first_leg = hairpin;
	m.new_ident = false;
	r = translate_6to4(&s->tr, p, v, &q, &m);
	if (hairpin && r.verdict == XLAT_FORWARD)
		return turn_back(s, p);
	return r;
}

struct xlat_result siit_any(struct siit *s, struct pkt *p)
{
	struct pkt_view v;
	enum xlat_why why = pkt_parse(p, &v);

	if (why)
		return xlat_drop(why);
	return v.version == 4 ? from4(s, p, &v, false) : from6(s, p, &v);
}

struct xlat_result siit_packet(struct siit *s, struct pkt *p)
{
	return shortcut_packet(s, p) ? xlat_forward() : siit_any(s, p);
}

/* Either family's; a shorter packet can wait for its own. */
static bool has_addresses(const struct pkt *p)
{
	return p->len >= IP6_HDR_LEN;
}

void siit_ahead(const struct siit *s, const struct pkt *p, uint32_t count)
{
	if (s->eam.count < FEW_MAPPINGS)
		return;
	for (uint32_t i = 0; i < count; i++)
		if (has_addresses(&p[i]))
			eam_ahead_hints(&s->eam, p[i].data);
	for (uint32_t i = 0; i < count; i++)
		if (has_addresses(&p[i]))
			eam_ahead_slots(&s->eam, p[i].data);
}

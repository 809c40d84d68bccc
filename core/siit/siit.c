/* SPDX-License-Identifier: MIT */
/*
 * siit.c - which address becomes which, statelessly
 *
 * Each address of a packet, and of a packet quoted in it, is looked up by
 * itself: in the explicit address mapping table first (RFC 7757), else under
 * pool6 (RFC 6052).
 */
#include "siit/siit.h"

/* RFC 6052, 3.1 with RFC 5735, 6598 and 5771. */
bool siit_is_nonglobal(uint32_t a)
{
	static const struct net4 blocks[] = {
		{ 0x00000000, 8 },  /* 0.0.0.0/8 */
		{ 0x0a000000, 8 },  /* 10.0.0.0/8 */
		{ 0x64400000, 10 }, /* 100.64.0.0/10 */
		{ 0x7f000000, 8 },  /* 127.0.0.0/8 */
		{ 0xa9fe0000, 16 }, /* 169.254.0.0/16 */
		{ 0xac100000, 12 }, /* 172.16.0.0/12 */
		{ 0xc0000000, 24 }, /* 192.0.0.0/24 */
		{ 0xc0000200, 24 }, /* 192.0.2.0/24 */
		{ 0xc0586300, 24 }, /* 192.88.99.0/24 */
		{ 0xc0a80000, 16 }, /* 192.168.0.0/16 */
		{ 0xc6120000, 15 }, /* 198.18.0.0/15 */
		{ 0xc6336400, 24 }, /* 198.51.100.0/24 */
		{ 0xcb007100, 24 }, /* 203.0.113.0/24 */
		{ 0xe0000000, 3 },  /* 224.0.0.0/3 */
	};

	for (unsigned int i = 0; i < XL_COUNT(blocks); i++)
		if (addr4_mask(a, blocks[i].len) == blocks[i].addr)
			return true;
	return false;
}

static bool listed(const struct net4 *nets, uint32_t count, uint32_t a)
{
	for (uint32_t i = 0; i < count; i++)
		if (addr4_mask(a, nets[i].len) == nets[i].addr)
			return true;
	return false;
}

/* May this address appear under pool6? */
static enum xlat_why embed_refused(const struct siit *s, uint32_t a)
{
	if (s->pool6.len == 0)
		return WHY_NO_MAPPING;
	if (listed(s->deny4, s->deny4_count, a))
		return WHY_DENIED;
	if (s->wkp_strict && pref64_is_wellknown(s->pool6) &&
	    siit_is_nonglobal(a) && !listed(s->allow4, s->allow4_count, a))
		return WHY_NON_GLOBAL;
	return WHY_NONE;
}

static enum xlat_why to6(const struct siit *s, uint32_t a, bool use_eam,
			 struct addr6 *out)
{
	enum xlat_why why;

	if (use_eam && eam_4to6(&s->eam, a, out))
		return WHY_NONE;
	why = embed_refused(s, a);
	if (!why)
		*out = pref64_embed(s->pool6, a);
	return why;
}

static enum xlat_why to4(const struct siit *s, struct addr6 a, uint32_t *out,
			 bool *by_pool6)
{
	*by_pool6 = false;
	if (eam_6to4(&s->eam, a, out))
		return WHY_NONE;
	if (!pref64_contains(s->pool6, a))
		return WHY_NO_MAPPING;
	*by_pool6 = true;
	*out = pref64_extract(s->pool6, a);
	return embed_refused(s, *out);
}

/*
 * RFC 7757, 4.2.1: with hairpinning, what the two ends of a hairpinned flow
 * see of each other has to be the pool6 form of the IPv4 address.
 */
static enum xlat_why map_4to6(const struct siit *s, const struct pkt_view *v,
			      const struct pkt_view *q, bool rules,
			      struct map46 *m)
{
	bool src_eam = true;
	enum xlat_why why;

	if (rules && !v->icmp_error)
		src_eam = false;
	else if (rules && q->h4.dst == v->h4.src)
		src_eam = false;
	why = to6(s, v->h4.src, src_eam, &m->outer.src);
	if (!why)
		why = to6(s, v->h4.dst, true, &m->outer.dst);
	m->outer.sport = v->sport;
	m->outer.dport = v->dport;
	if (why || !v->icmp_error)
		return why;
	if (to6(s, q->h4.src, true, &m->quoted.src) ||
	    to6(s, q->h4.dst, !rules, &m->quoted.dst))
		return WHY_ICMP_QUOTE;
	m->quoted.sport = q->sport;
	m->quoted.dport = q->dport;
	return WHY_NONE;
}

static struct xlat_result from4(struct siit *s, struct pkt *p,
				const struct pkt_view *v, bool second_leg)
{
	const bool rules = second_leg || s->hairpin == HAIRPIN_SIMPLE;
	struct map46 m = { .keep_ttl = second_leg };
	struct pkt_view q;
	struct xlat_result r;
	enum xlat_why why = WHY_NONE;

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

/* xorshift64: which of several pool addresses an error gets need not be
 * secret, only spread (RFC 6791, 5). */
static uint32_t pick_error4(struct siit *s)
{
	const uint64_t size = 1ull << (32 - s->error4.len);

	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->error4.addr + (uint32_t)(s->random & (size - 1));
}

/* The source of a packet; an ICMP error may borrow one (RFC 6791). */
static enum xlat_why map_source4(struct siit *s, const struct pkt_view *v,
				 struct map64 *m)
{
	bool by_pool6;
	enum xlat_why why = to4(s, v->h6.src, &m->outer.src, &by_pool6);

	if (why == WHY_NO_MAPPING && v->icmp_error && s->error4_on) {
		m->outer.src = pick_error4(s);
		m->node = v->h6.src;
		m->node_ext = s->error_ext;
		return WHY_NONE;
	}
	if (!why && translate_illegal4(m->outer.src))
		why = WHY_ILLEGAL_SOURCE;
	return why;
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
	enum xlat_why why = to4(s, v->h6.dst, &m->outer.dst, &embedded);

	if (!why && translate_illegal4(m->outer.dst))
		why = WHY_ILLEGAL_DESTINATION;
	if (!why)
		why = map_source4(s, v, m);
	if (why)
		return why;
	m->outer.sport = v->sport;
	m->outer.dport = v->dport;
	turn = m->outer.dst;
	if (v->icmp_error) {
		if (to4(s, q->h6.src, &m->quoted.src, &embedded) ||
		    to4(s, q->h6.dst, &m->quoted.dst, &by_pool6))
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

	if (why)
		return xlat_drop(why);
	return from4(s, p, &v, true);
}

static struct xlat_result from6(struct siit *s, struct pkt *p,
				const struct pkt_view *v)
{
	struct map64 m = { .node_ext = NODE_EXT_OFF };
	bool hairpin = false;
	struct pkt_view q;
	struct xlat_result r;
	enum xlat_why why = WHY_NONE;

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
	r = translate_6to4(&s->tr, p, v, &q, &m);
	if (hairpin && r.verdict == XLAT_FORWARD)
		return turn_back(s, p);
	return r;
}

struct xlat_result siit_packet(struct siit *s, struct pkt *p)
{
	struct pkt_view v;
	enum xlat_why why = pkt_parse(p, &v);

	if (why)
		return xlat_drop(why);
	return v.version == 4 ? from4(s, p, &v, false) : from6(s, p, &v);
}

/* SPDX-License-Identifier: MIT */
#include "siit/lookup.h"

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

static XL_APART enum xlat_why listed_refused(const struct siit *s, uint32_t a)
{
	const struct translate *t = &s->tr;
	enum xlat_why why = WHY_NONE;

	if (translate_listed(s->deny4, s->deny4_count, a))
		return WHY_DENIED;
	if (a == t->self4)
		why = WHY_OWN_ADDRESS;
	else if (s->wkp_strict && pref64_is_wellknown(s->pool6) &&
		 siit_is_nonglobal(a))
		why = WHY_NON_GLOBAL;
	if (why && translate_listed(t->allow4, t->allow4_count, a))
		why = WHY_NONE;
	return why;
}

/* May this address appear under pool6? Mostly nothing forbids it, and there is
 * no list to be searched. */
static enum xlat_why embed_refused(const struct siit *s, uint32_t a)
{
	if (s->pool6.len == 0)
		return WHY_NO_MAPPING;
	if (s->deny4_count || a == s->tr.self4 ||
	    (s->wkp_strict && pref64_is_wellknown(s->pool6)))
		return listed_refused(s, a);
	return WHY_NONE;
}

enum xlat_why lookup_6(const struct siit *s, uint32_t a, bool use_eam,
		       struct addr6 *out)
{
	enum xlat_why why;

	if (use_eam && s->eam.count && eam_4to6(&s->eam, a, out))
		return WHY_NONE;
	why = embed_refused(s, a);
	if (!why)
		*out = pref64_embed(s->pool6, a);
	return why;
}

enum xlat_why lookup_4(const struct siit *s, struct addr6 a, uint32_t *out,
		       bool *by_pool6)
{
	*by_pool6 = false;
	if (s->eam.count && eam_6to4(&s->eam, a, out))
		return WHY_NONE;
	if (!pref64_contains(s->pool6, a))
		return WHY_NO_MAPPING;
	*by_pool6 = true;
	*out = pref64_extract(s->pool6, a);
	return embed_refused(s, *out);
}

/* xorshift64: which of several addresses an error gets need not be secret,
 * only spread (RFC 6791, 5). */
static uint64_t next_random(struct siit *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static uint32_t borrow4(struct siit *s)
{
	const uint32_t host = (uint32_t)next_random(s);

	return s->error4.addr | (host & ~addr4_mask(~0u, s->error4.len));
}

static struct addr6 borrow6(struct siit *s)
{
	const struct addr6 net =
		addr6_mask((struct addr6){ ~0ULL, ~0ULL }, s->error6.len);
	const struct addr6 a = s->error6.addr;

	return (struct addr6){ a.hi | (next_random(s) & ~net.hi),
			       a.lo | (next_random(s) & ~net.lo) };
}

/* An error may come from an address that no host may have, or from ours: it
 * still tells where the trouble is (RFC 7915, 4.1). */
enum xlat_why lookup_source6(struct siit *s, const struct pkt_view *v,
			     bool use_eam, struct map46 *m)
{
	enum xlat_why why = lookup_6(s, v->h4.src, use_eam, &m->outer.src);

	if (!why || !v->icmp_error)
		return why;
	if (why == WHY_OWN_ADDRESS) {
		m->outer.src = pref64_embed(s->pool6, v->h4.src);
		return WHY_NONE;
	}
	if (why == WHY_DENIED || !s->error6_on)
		return why;
	m->outer.src = borrow6(s);
	m->node = v->h4.src;
	m->node_ext = s->error_ext;
	return WHY_NONE;
}

enum xlat_why lookup_source4(struct siit *s, const struct pkt_view *v,
			     struct map64 *m)
{
	bool by_pool6;
	enum xlat_why why = lookup_4(s, v->h6.src, &m->outer.src, &by_pool6);

	if (why == WHY_NO_MAPPING && v->icmp_error && s->error4_on) {
		m->outer.src = borrow4(s);
		m->node = v->h6.src;
		m->node_ext = s->error_ext;
		return WHY_NONE;
	}
	if (!why && translate_closed4(&s->tr, m->outer.src))
		why = WHY_ILLEGAL_SOURCE;
	return why;
}

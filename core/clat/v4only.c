/* SPDX-License-Identifier: MIT */
#include "clat/v4only.h"

#include "clat/ra.h"

/* 192.0.0.170 and 192.0.0.171 (RFC 7050, 2.2). */
#define WELL_KNOWN_A 0xc00000aau
#define WELL_KNOWN_B 0xc00000abu

static const uint8_t lengths[] = { 32, 40, 48, 56, 64, 96 };

static struct msg_name name_of(struct v4only_ask ask)
{
	struct msg_name name = { 15, "\10ipv4only\4arpa" };
	unsigned int letter = 0;

	for (unsigned int i = 0; i < name.len; i++)
		if (name.b[i] >= 'a' && ask.upper >> letter++ & 1)
			name.b[i] &= (uint8_t)~0x20;
	return name;
}

void v4only_question(void *buf, struct v4only_ask ask)
{
	const struct msg_question q = { name_of(ask), MSG_AAAA, MSG_IN };
	struct msg_writer w;

	msg_write(&w, buf, V4ONLY_QUESTION_LEN, ask.id, MSG_RD);
	msg_put_question(&w, &q);
}

/* How often the four bytes of @v4 are found in @a: in a row anywhere, or in
 * one of the three places that the reserved byte splits. */
static unsigned int occurrences(struct addr6 a, uint32_t v4)
{
	unsigned int n = 0;
	uint8_t b[16];

	addr6_store(b, a);
	for (unsigned int at = 0; at <= 12; at++)
		n += be_get32(b + at) == v4;
	for (unsigned int i = 1; i <= 3; i++) {
		const struct pref64 p = { addr6_mask(a, lengths[i]),
					  lengths[i] };

		n += pref64_extract(p, a) == v4;
	}
	return n;
}

/*
 * Nothing may stand around the embedded address: a server that synthesises
 * leaves the suffix and the reserved byte zero (RFC 6052, 2.2), and a prefix
 * that happens to hold the well-known bits must not be taken apart.
 */
static struct pref64 made_with(struct addr6 a, uint32_t v4)
{
	struct pref64 p = { .len = 0 };

	if (occurrences(a, v4) != 1)
		return p;
	for (unsigned int i = 0; i < XL_COUNT(lengths); i++) {
		p.len = lengths[i];
		p.prefix = addr6_mask(a, p.len);
		if (addr6_equal(pref64_embed(p, v4), a))
			return p;
	}
	return (struct pref64){ .len = 0 };
}

struct pref64 v4only_prefix(struct addr6 a)
{
	const struct pref64 by_a = made_with(a, WELL_KNOWN_A);
	const struct pref64 by_b = made_with(a, WELL_KNOWN_B);
	const struct pref64 p = by_a.len ? by_a : by_b;

	if ((by_a.len && by_b.len) || !p.len || !ra_prefix_usable(p))
		return (struct pref64){ .len = 0 };
	return p;
}

/* Is this our question, byte for byte, in a response? */
static bool is_ours(struct msg_reader *r, struct v4only_ask ask)
{
	const struct msg_name name = name_of(ask);
	struct msg_question q;

	return msg_id(r) == ask.id && msg_flags(r) & MSG_QR &&
	       !(msg_flags(r) & MSG_OPCODE) && r->left[MSG_QUESTION] == 1 &&
	       msg_read_question(r, &q) && q.name.len == name.len &&
	       mem_equal(q.name.b, name.b, name.len) && q.type == MSG_AAAA &&
	       q.class == MSG_IN;
}

static uint32_t clamp(uint32_t v, uint32_t low, uint32_t high)
{
	if (v < low)
		return low;
	return v > high ? high : v;
}

static void add(struct v4only *v, struct pref64 p, uint32_t ttl)
{
	if (ttl < v->ttl)
		v->ttl = ttl;
	for (uint32_t i = 0; i < v->count; i++)
		if (v->prefixes[i].len == p.len &&
		    addr6_equal(v->prefixes[i].prefix, p.prefix))
			return;
	v->prefixes[v->count++] = p;
}

/**
 * struct reading - an answer while its records are read
 * @found:	what they show
 * @records:	AAAA records of the name
 * @negative:	seconds for which its SOA record denies; UINT32_MAX: no SOA
 */
struct reading {
	struct v4only found;
	uint32_t records;
	uint32_t negative;
};

/* RFC 2308, 5: the smaller of the record's TTL and its last field. */
static void take_soa(struct reading *g, const struct msg_reader *r,
		     const struct msg_rr *rr)
{
	uint32_t minimum;

	if (rr->rdlen < 4 || g->negative != UINT32_MAX)
		return;
	minimum = be_get32(r->data + rr->rdata + rr->rdlen - 4);
	g->negative = rr->ttl < minimum ? rr->ttl : minimum;
}

/* Return: false: malformed */
static bool take_record(struct reading *g, const struct msg_reader *r,
			const struct msg_rr *rr, const struct msg_name *name)
{
	struct pref64 p;

	if (rr->type == MSG_SOA && rr->section == MSG_AUTHORITY)
		take_soa(g, r, rr);
	if (rr->type != MSG_AAAA)
		return true;
	if (rr->rdlen != 16)
		return false;
	if (rr->section != MSG_ANSWER || rr->class != MSG_IN ||
	    !msg_name_equal(&rr->owner, name) || g->records == V4ONLY_PREFIXES)
		return true;
	g->records++;
	p = v4only_prefix(addr6_load(r->data + rr->rdata));
	if (p.len)
		add(&g->found, p, rr->ttl);
	return true;
}

static struct v4only conclude(struct reading *g)
{
	struct v4only *v = &g->found;

	if (v->count) {
		v->what = V4ONLY_FOUND;
		v->ttl = clamp(v->ttl, V4ONLY_TTL_MIN, V4ONLY_TTL_MAX);
		return *v;
	}
	v->what = V4ONLY_NONE;
	v->ttl = g->records || g->negative == UINT32_MAX
			 ? V4ONLY_NEGATIVE
			 : clamp(g->negative, V4ONLY_TTL_MIN,
				 V4ONLY_NEGATIVE_MAX);
	return *v;
}

struct v4only v4only_answer(struct v4only_ask ask, const void *msg, size_t len)
{
	const struct v4only ignore = { .what = V4ONLY_IGNORE };
	const struct msg_name name = name_of(ask);
	struct reading g = { .found.ttl = UINT32_MAX, .negative = UINT32_MAX };
	struct msg_reader r;
	struct msg_rr rr;
	enum msg_got got;

	if (!msg_read(&r, msg, len) || !is_ours(&r, ask))
		return ignore;
	if (msg_flags(&r) & MSG_TC)
		return (struct v4only){ .what = V4ONLY_CUT };
	if ((msg_flags(&r) & MSG_RCODE) != MSG_NOERROR &&
	    (msg_flags(&r) & MSG_RCODE) != MSG_NXDOMAIN)
		return (struct v4only){ .what = V4ONLY_FAILED };
	while ((got = msg_read_rr(&r, &rr)) == MSG_RR)
		if (!take_record(&g, &r, &rr, &name))
			return ignore;
	if (got == MSG_BAD)
		return ignore;
	if ((msg_flags(&r) & MSG_RCODE) == MSG_NXDOMAIN)
		g.found.count = 0;
	return conclude(&g);
}

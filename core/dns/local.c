/* SPDX-License-Identifier: MIT */
#include "dns/local.h"

#define NIBBLES 32u

static const struct msg_name v4only = { 15, "\10ipv4only\4arpa" };
static const struct msg_name ip6_arpa = { 10, "\3ip6\4arpa" };
static const struct msg_name in_addr_arpa = { 14, "\7in-addr\4arpa" };

/**
 * struct special - a domain that no server is asked about
 * @zone:	it and all below
 * @kind:	what is there
 *
 * Those of which no server can know anything. Names that are special to
 * others only (test, local, home.arpa) are left to the server, which may be
 * the one that serves them.
 */
static const struct special {
	struct msg_name zone;
	enum local_kind kind;
} specials[] = {
	{ { 11, "\11localhost" }, LOCAL_HOST },         /* RFC 6761, 6.3 */
	{ { 9, "\7invalid" }, LOCAL_NOBODY },           /* RFC 6761, 6.4 */
	{ { 7, "\5onion" }, LOCAL_NOBODY },             /* RFC 7686, 2 */
	{ { 15, "\10resolver\4arpa" }, LOCAL_NOTHING }, /* RFC 9462, 6.1 */
};

/* Mailbox and primary of a zone that has neither (RFC 6303, 3). */
static const struct msg_name nobody = { 16, "\6nobody\7invalid" };

static struct local v4only_find(const struct synth *s,
				const struct msg_question *q)
{
	struct local l = { LOCAL_NO, v4only };

	if (q->name.len != v4only.len)
		l.kind = LOCAL_NOBODY;
	else if (q->type == MSG_A)
		l.kind = LOCAL_V4;
	else if (q->type == MSG_AAAA && s->prefix_count)
		l.kind = LOCAL_V6;
	else if (q->type != MSG_DS)
		l.kind = LOCAL_NOTHING;
	return l;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/**
 * struct reverse - an ip6.arpa name read from its end
 * @addr:	the leading bits it stands for
 * @count:	nibbles read
 * @clean:	it consists of nothing but 0 to 32 nibbles
 */
struct reverse {
	struct addr6 addr;
	unsigned int count;
	bool clean;
};

static void add_nibble(struct addr6 *a, unsigned int n, unsigned int value)
{
	const unsigned int shift = 60 - 4 * (n % 16);

	if (n < 16)
		a->hi |= (uint64_t)value << shift;
	else
		a->lo |= (uint64_t)value << shift;
}

/* Read the labels that are nibbles, the last first, up to one that is not. */
static struct reverse read_reverse(const struct msg_name *name)
{
	const unsigned int labels = msg_name_labels(name) - 2;
	struct reverse rev = { .clean = true };
	struct msg_name rest;
	int value;

	for (; rev.count < labels; rev.count++) {
		rest = msg_name_tail(name, labels - 1 - rev.count);
		value = rest.b[0] == 1 ? hex(rest.b[1]) : -1;
		if (value < 0 || rev.count == NIBBLES) {
			rev.clean = false;
			break;
		}
		add_nibble(&rev.addr, rev.count, (unsigned int)value);
	}
	return rev;
}

static const struct pref64 *find_prefix(const struct synth *s,
					const struct reverse *rev)
{
	for (uint32_t i = 0; i < s->prefix_count; i++)
		if (rev->count * 4 >= s->prefixes[i].len &&
		    pref64_contains(s->prefixes[i], rev->addr))
			return &s->prefixes[i];
	return NULL;
}

/* A number as a label; its length. */
static unsigned int put_decimal(uint8_t *label, uint8_t v)
{
	unsigned int n = 1;

	if (v > 99)
		label[n++] = (uint8_t)('0' + v / 100);
	if (v > 9)
		label[n++] = (uint8_t)('0' + v / 10 % 10);
	label[n++] = (uint8_t)('0' + v % 10);
	label[0] = (uint8_t)(n - 1);
	return n;
}

/* 192.0.2.1 to 1.2.0.192.in-addr.arpa, at most 30 bytes. */
static struct msg_name in_addr(uint32_t addr4)
{
	struct msg_name name = { 0 };
	unsigned int at = 0;

	for (unsigned int shift = 0; shift < 32; shift += 8)
		at += put_decimal(name.b + at, (uint8_t)(addr4 >> shift));
	mem_copy(name.b + at, in_addr_arpa.b, in_addr_arpa.len);
	name.len = (uint8_t)(at + in_addr_arpa.len);
	return name;
}

static struct local special_find(const struct msg_question *q)
{
	const struct special *special = NULL;

	for (unsigned int i = 0; i < XL_COUNT(specials) && !special; i++)
		if (msg_name_within(&q->name, &specials[i].zone))
			special = &specials[i];
	if (!special)
		return (struct local){ .kind = LOCAL_NO };
	if (special->kind == LOCAL_HOST && q->type != MSG_A &&
	    q->type != MSG_AAAA)
		return (struct local){ LOCAL_NOTHING, special->zone };
	return (struct local){ special->kind, special->zone };
}

static bool is_v4only(uint32_t addr4)
{
	return addr4 == SYNTH_V4ONLY_A || addr4 == SYNTH_V4ONLY_B;
}

/* With s->v4only the addresses of ipv4only.arpa still have their name: it is
 * part of that zone's service (RFC 8880, 7.2.1). */
static struct local reverse_find(const struct synth *s,
				 const struct msg_question *q)
{
	const struct reverse rev = read_reverse(&q->name);
	const struct pref64 *prefix = find_prefix(s, &rev);
	struct local l = { .kind = LOCAL_NO };
	bool own;

	if (!prefix)
		return l;
	own = rev.count == NIBBLES &&
	      is_v4only(pref64_extract(*prefix, rev.addr));
	if (!s->ptr || (s->v4only && !own))
		return l;
	l.kind = rev.clean ? LOCAL_NOTHING : LOCAL_NOBODY;
	l.name = msg_name_tail(&q->name,
			       msg_name_labels(&q->name) - 2 - prefix->len / 4);
	if (!rev.clean || rev.count < NIBBLES || q->type != MSG_PTR)
		return l;
	if (!own)
		return (struct local){
			LOCAL_ALIAS, in_addr(pref64_extract(*prefix, rev.addr))
		};
	l.kind = LOCAL_PTR;
	return l;
}

struct local local_find(const struct synth *s, const struct msg_question *q)
{
	if (q->class != MSG_IN)
		return (struct local){ .kind = LOCAL_NO };
	if (msg_name_within(&q->name, &v4only))
		return v4only_find(s, q);
	if (msg_name_within(&q->name, &ip6_arpa))
		return reverse_find(s, q);
	return special_find(q);
}

uint16_t local_rcode(const struct local *l)
{
	return l->kind == LOCAL_NOBODY ? MSG_NXDOMAIN : MSG_NOERROR;
}

static void put_address4(struct msg_writer *w, const struct msg_name *owner,
			 uint32_t addr4)
{
	const uint32_t start =
		msg_put_rr(w, MSG_ANSWER, owner, MSG_A, LOCAL_TTL);

	msg_put_u32(w, addr4);
	msg_end_rr(w, start);
}

static void put_loopback(struct msg_writer *w, const struct msg_question *q)
{
	const struct synth_set v6 = { .addr = { { 0, 1 } }, .count = 1 };

	if (q->type == MSG_A)
		put_address4(w, &q->name, 0x7f000001);
	else
		answer_put_set(w, &q->name, &v6, LOCAL_TTL);
}

static void put_addresses6(struct msg_writer *w, const struct synth *s,
			   const struct msg_name *owner, uint32_t addr4)
{
	const struct synth_set set = synth_map_v4only(s, addr4);

	answer_put_set(w, owner, &set, LOCAL_TTL);
}

static void put_pointer(struct msg_writer *w, const struct msg_name *owner)
{
	const uint32_t start =
		msg_put_rr(w, MSG_ANSWER, owner, MSG_PTR, LOCAL_TTL);

	msg_put_name(w, &v4only, true);
	msg_end_rr(w, start);
}

/* The SOA record of a zone that is made up here; without it nobody could
 * remember that there is nothing (RFC 2308, 5). */
static void put_denial(struct msg_writer *w, const struct msg_name *zone)
{
	const uint32_t start =
		msg_put_rr(w, MSG_AUTHORITY, zone, MSG_SOA, LOCAL_TTL);

	msg_put_name(w, zone, true);
	msg_put_name(w, &nobody, true);
	msg_put_u32(w, 1); /* serial */
	msg_put_u32(w, LOCAL_TTL);
	msg_put_u32(w, LOCAL_TTL);
	msg_put_u32(w, LOCAL_TTL);
	msg_put_u32(w, LOCAL_TTL);
	msg_end_rr(w, start);
}

void local_put(struct request_frame *f, const struct synth *s,
	       const struct local *l)
{
	const struct msg_name *owner = &f->rq->q.name;

	switch (l->kind) {
	case LOCAL_HOST:
		put_loopback(&f->w, &f->rq->q);
		break;
	case LOCAL_V4:
		put_address4(&f->w, owner, SYNTH_V4ONLY_A);
		put_address4(&f->w, owner, SYNTH_V4ONLY_B);
		break;
	case LOCAL_V6:
		put_addresses6(&f->w, s, owner, SYNTH_V4ONLY_A);
		put_addresses6(&f->w, s, owner, SYNTH_V4ONLY_B);
		break;
	case LOCAL_PTR:
		put_pointer(&f->w, owner);
		break;
	case LOCAL_NOTHING:
	case LOCAL_NOBODY:
		put_denial(&f->w, &l->name);
		break;
	case LOCAL_NO:
	case LOCAL_ALIAS:
		break;
	}
}

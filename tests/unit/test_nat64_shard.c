/* SPDX-License-Identifier: MIT */
/*
 * Several NAT64s do together what one does: the same trace through one and
 * through four, whoever reads which packet. Ports are drawn at random, so they
 * differ; a client's port is the same thing in both.
 */
#include "shard_help.h"

#define FLOWS       600u
#define STEPS       40000u
#define SUBSCRIBERS 120u
#define CPORTS      3u
#define HOSTS       7u
#define SELF4       0xc0000201u

/**
 * struct flow - a client's port, and whom it talks with
 * @to:		0, or the number of the flow whose pool port it talks with, + 1
 */
struct flow {
	struct addr6 client;
	uint32_t remote;
	uint16_t cport;
	uint16_t rport;
	uint8_t proto;
	uint32_t to;
};

/**
 * struct side - the trace's one side
 * @pool, @port: what each flow's client has become; 0: nothing yet
 */
struct side {
	struct cluster *c;
	uint32_t pool[FLOWS];
	uint16_t port[FLOWS];
};

/**
 * struct race - both
 */
struct race {
	struct nat64_config cfg;
	struct flow flows[FLOWS];
	struct side one, many;
	uint64_t random;
};

static uint32_t draw(struct race *r, uint32_t below)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (uint32_t)(r->random >> 20) % below;
}

static void make_flows(struct race *r)
{
	static const uint8_t protos[] = { UDP_PROTO, TCP_PROTO, ICMP6_PROTO };

	for (uint32_t i = 0; i < FLOWS; i++) {
		const uint32_t who = draw(r, SUBSCRIBERS);

		r->flows[i] = (struct flow){
			.client = { 0x20010db8000c0000 | who, 1 + who % 3 },
			.cport = (uint16_t)(draw(r, 4) ? 2000 : 200) +
				 (uint16_t)draw(r, CPORTS),
			.remote = Z + draw(r, HOSTS),
			.rport = (uint16_t)(80 + draw(r, 5)),
			.proto = protos[draw(r, 3)],
		};
		/* Some talk with a customer; of pings, whose identifier is
		 * drawn, nobody knows where they come to. */
		if (i > 50 && draw(r, 4) == 0) {
			const uint32_t to = draw(r, 50);

			r->flows[i].to = to + 1;
			r->flows[i].proto = r->flows[to].proto;
			if (r->flows[to].proto == ICMP6_PROTO)
				r->flows[i].to = 0;
		}
		if (r->flows[i].proto == ICMP6_PROTO)
			r->flows[i].rport = 0;
	}
}

static struct race *race_new(void)
{
	struct race *r = calloc(1, sizeof(*r));
	struct world *w = world_new();

	r->cfg = w->cfg;
	free(w);
	r->cfg.max_sessions = 4000;
	/* What a port is known by must not become another's. */
	r->cfg.timeout[NAT64_ICMP] = 600;
	r->cfg.pool4[0] = (struct nat64_range){ T1, T1 + 3, 1, 65535 };
	r->random = 0x2545f4914f6cdd1d;
	make_flows(r);
	return r;
}

static void race_begin(struct race *r, uint32_t count)
{
	r->one.c = cluster_new(&r->cfg, 1);
	r->many.c = cluster_new(&r->cfg, count);
}

static void race_free(struct race *r)
{
	cluster_free(r->one.c);
	cluster_free(r->many.c);
	free(r);
}

static uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)get16(b) << 16 | get16(b + 2);
}

static uint16_t name_client(struct addr6 client, uint16_t port)
{
	return (uint16_t)(client.hi * 4099 + client.lo * 31 + port);
}

/* Who has a port of the pool. */
static bool find_binding(const struct side *s, uint8_t proto, uint32_t pool,
			 uint16_t port, struct nat64_binding_view *out)
{
	const uint8_t v4 = proto == ICMP6_PROTO ? ICMP4_PROTO : proto;

	for (uint32_t i = 0; i < s->c->count; i++) {
		uint32_t cursor = 0;

		while (nat64_next_binding(s->c->shard[i]->n, &cursor, out))
			if (out->pool == pool && out->pool_port == port &&
			    out->proto == v4)
				return true;
	}
	return false;
}

/* The same client's port has another number on either side: whose it is says
 * who has the binding. 0: it is none of the pool's. */
static uint16_t name_port(const struct side *s, uint8_t proto, uint32_t pool,
			  uint16_t port)
{
	struct nat64_binding_view v;

	return pool - T1 < 4 && find_binding(s, proto, pool, port, &v)
		       ? name_client(v.client, v.client_port)
		       : 0;
}

/* Ports of the pool, in a packet or in a quote, become names; what covers
 * them becomes nothing. */
static void rename4(const struct side *s, uint8_t *b, uint32_t len)
{
	uint8_t *l4 = b + 20;
	const uint32_t src = get32(b + 12);
	const uint32_t dst = get32(b + 16);
	const bool fragment = get16(b + 6) & 0x1fff;
	uint16_t name;

	put16(b + 10, 0);
	if (len < 28 || fragment)
		return;
	if (b[9] == ICMP4_PROTO) {
		put16(l4 + 2, 0);
		if (l4[0] == 0 || l4[0] == 8)
			put16(l4 + 4,
			      name_port(s, b[9], l4[0] ? src : dst,
					get16(l4 + 4)) |
				      name_port(s, b[9], l4[0] ? dst : src,
						get16(l4 + 4)));
		else
			rename4(s, l4 + 8, len - 28);
		/* Whose SYN was held may have another port by now. */
		if (src == SELF4)
			put32(l4 + 28, 0);
		return;
	}
	name = name_port(s, b[9], src, get16(l4));
	if (name)
		put16(l4, name);
	name = name_port(s, b[9], dst, get16(l4 + 2));
	if (name)
		put16(l4 + 2, name);
	if (len >= 20 + (b[9] == TCP_PROTO ? 18 : 8))
		put16(l4 + (b[9] == TCP_PROTO ? 16 : 6), 0);
}

static uint32_t under_pool6(const uint8_t *addr)
{
	static const uint8_t prefix[12] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x64 };

	return memcmp(addr, prefix, 12) ? 0 : get32(addr + 12);
}

/* IPv6 shows a port of the pool only between two customers. */
static void rename6(const struct side *s, uint8_t *b, uint32_t len)
{
	uint8_t *l4 = b + (b[6] == 44 ? 48 : 40);
	const uint8_t proto = b[6] == 44 ? b[40] : b[6];
	const uint32_t src = under_pool6(b + 8);
	const uint32_t dst = under_pool6(b + 24);
	uint16_t name;

	if ((b[6] == 44 && get16(b + 42) >> 3) || (uint32_t)(l4 + 8 - b) > len)
		return;
	if (proto == ICMP6_PROTO) {
		put16(l4 + 2, 0);
		if (l4[0] < 128)
			rename6(s, l4 + 8, len - (uint32_t)(l4 + 8 - b));
		return;
	}
	name = src ? name_port(s, proto, src, get16(l4)) : 0;
	if (name)
		put16(l4, name);
	name = dst ? name_port(s, proto, dst, get16(l4 + 2)) : 0;
	if (name)
		put16(l4 + 2, name);
	if (src || dst)
		put16(l4 + (proto == TCP_PROTO ? 16 : 6), 0);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct out));
}

/* Note what a flow's client has become, from a packet that it sent. */
static void learn(const struct race *r, struct side *s, uint32_t flow)
{
	const struct flow *f = &r->flows[flow];
	const uint8_t *b = s->c->out[0].b;
	const bool turned = s->c->outs && b[0] >> 4 == 6;
	const uint8_t *l4 = b + (!turned ? 20 : b[6] == 44 ? 48 : 40);

	if (s->c->r.verdict != XLAT_FORWARD || !s->c->outs ||
	    (turned ? b[6] == 44 && get16(b + 42) >> 3 : get16(b + 6) & 0x1fff))
		return;
	for (uint32_t i = 0; i < FLOWS; i++) {
		const struct flow *g = &r->flows[i];

		if (g->proto != f->proto || g->cport != f->cport ||
		    !addr6_equal(g->client, f->client))
			continue;
		s->pool[i] = turned ? under_pool6(b + 8) : get32(b + 12);
		s->port[i] = get16(l4 + (f->proto == ICMP6_PROTO ? 4 : 0));
	}
}

static void expect_sums(const struct out *o)
{
	const bool v6 = o->b[0] >> 4 == 6;

	if (v6 ? o->b[6] == 44 : get16(o->b + 6) & 0x3fff)
		return;
	cr_assert_eq(l4_sum(o->b, o->len), 0, "checksum");
}

static void expect_same(const struct race *r, uint32_t step)
{
	struct cluster *a = r->one.c;
	struct cluster *b = r->many.c;

	cr_assert_eq(a->outs, b->outs, "step %u: %u packets, not %u", step,
		     b->outs, a->outs);
	for (uint32_t i = 0; i < a->outs; i++) {
		struct out *x = &a->out[i];
		struct out *y = &b->out[i];

		expect_sums(x);
		expect_sums(y);
		(x->b[0] >> 4 == 4 ? rename4 : rename6)(&r->one, x->b, x->len);
		(y->b[0] >> 4 == 4 ? rename4 : rename6)(&r->many, y->b, y->len);
		memset(x->b + x->len, 0, OUT_SIZE - x->len);
		memset(y->b + y->len, 0, OUT_SIZE - y->len);
	}
	/* Who expires first in one second is nobody's business. */
	if (a->outs > 1) {
		qsort(a->out, a->outs, sizeof(*a->out), by_bytes);
		qsort(b->out, b->outs, sizeof(*b->out), by_bytes);
	}
	for (uint32_t i = 0; i < a->outs; i++) {
		cr_assert_eq(a->out[i].len, b->out[i].len, "step %u", step);
		for (uint32_t at = 0; at < a->out[i].len; at++)
			cr_assert_eq(a->out[i].b[at], b->out[i].b[at],
				     "step %u: byte %u is %02x, not %02x", step,
				     at, b->out[i].b[at], a->out[i].b[at]);
	}
}

/**
 * struct deed - one step, to be done on either side
 */
struct deed {
	uint32_t flow;
	uint32_t kind;
	uint8_t flags;
	uint16_t len;
	uint32_t id;
	uint32_t order;
};

enum { OUTSIDE, INSIDE, STRANGER, ERROR4, ERROR6, PIECES6, PIECES4, KINDS };

/* Once the first fragment is refused, one NAT64 keeps the others until their
 * time is over; of several each is refused by who has the tables. */
static bool is_refused(struct xlat_result a, struct xlat_result b)
{
	return a.verdict == XLAT_DROP && b.verdict == XLAT_DROP &&
	       a.why == WHY_FRAGMENT_HELD &&
	       (b.why == WHY_NO_BINDING || b.why == WHY_FILTERED);
}

static void expect_verdict(const struct race *r, const struct deed *d,
			   uint32_t step)
{
	const struct xlat_result a = r->one.c->r;
	const struct xlat_result b = r->many.c->r;

	if (d->kind >= PIECES6 && is_refused(a, b))
		return;

	cr_assert(a.verdict == b.verdict && a.why == b.why,
		  "step %u: %d %s, not %d %s", step, b.verdict,
		  xlat_why_name(b.why), a.verdict, xlat_why_name(a.why));
}

/* Does the client still have the port by which it was known? */
static bool is_bound(const struct race *r, const struct side *s, uint32_t flow)
{
	const struct flow *f = &r->flows[flow];
	struct nat64_binding_view v;

	return find_binding(s, f->proto, s->pool[flow], s->port[flow], &v) &&
	       v.client_port == f->cport && addr6_equal(v.client, f->client);
}

/* The packet of a flow's client. False: its other end is not known yet. */
static bool write6(const struct race *r, const struct side *s, uint32_t flow,
		   uint8_t flags, uint16_t len, struct seg *out)
{
	const struct flow *f = &r->flows[flow];

	*out = (struct seg){ .version = 6,
			     .a6 = f->client,
			     .b6 = under_p(f->remote),
			     .sport = f->cport,
			     .dport = f->rport,
			     .proto = f->proto,
			     .flags = f->proto == ICMP6_PROTO ? 128 : flags,
			     .len = len };
	if (!f->to)
		return true;
	out->b6 = under_p(s->pool[f->to - 1]);
	out->dport = s->port[f->to - 1];
	return is_bound(r, s, f->to - 1);
}

static bool write4(const struct race *r, const struct side *s, uint32_t flow,
		   uint8_t flags, uint16_t len, bool stranger, struct seg *out)
{
	const struct flow *f = &r->flows[flow];
	const bool icmp = f->proto == ICMP6_PROTO;

	*out = (struct seg){ .version = 4,
			     .a4 = f->remote + (stranger ? 100 : 0),
			     .b4 = s->pool[flow],
			     .sport = icmp ? s->port[flow] : f->rport,
			     .dport = s->port[flow],
			     .proto = icmp ? ICMP4_PROTO : f->proto,
			     .flags = icmp ? 0 : flags,
			     .len = len };
	return !f->to && is_bound(r, s, flow);
}

/* An ICMP error, destination unreachable, about a packet. */
static size_t write_error(uint8_t *b, const uint8_t *about, size_t len, bool v6)
{
	const size_t hdr = v6 ? 40 : 20;
	const size_t quote = len < 200 ? len : 200;

	memset(b, 0, hdr + 8);
	if (v6) {
		b[0] = 0x60;
		put16(b + 4, (unsigned int)(8 + quote));
		b[6] = ICMP6_PROTO;
		b[7] = 64;
		put128(b + 8, (struct addr6){ 0x20010db8000e0000, 77 });
		memcpy(b + 24, about + 8, 16);
	} else {
		b[0] = 0x45;
		put16(b + 2, (unsigned int)(28 + quote));
		b[8] = 64;
		b[9] = ICMP4_PROTO;
		put32(b + 12, R4);
		memcpy(b + 16, about + 12, 4);
		put16(b + 10, sum_end(sum_of(b, 20, 0)));
	}
	b[hdr] = v6 ? 1 : 3;
	b[hdr + 1] = v6 ? 4 : 3;
	memcpy(b + hdr + 8, about, quote);
	put16(b + hdr + 2, l4_sum(b, hdr + 8 + quote));
	return hdr + 8 + quote;
}

#define PIECE 400u

/* A datagram's fragment number @which. Return: its bytes; 0: none such. */
static size_t write_piece(uint8_t *b, const uint8_t *whole, size_t total,
			  uint32_t which, uint32_t id)
{
	const size_t payload = total - (whole[0] >> 4 == 6 ? 40 : 20);
	const size_t off = which * PIECE;

	if (off >= payload)
		return 0;
	return fragment_write(b, whole, total, off,
			      off + PIECE < payload ? off + PIECE : payload,
			      id);
}

static bool is_v6(uint32_t kind)
{
	return kind == INSIDE || kind == ERROR4 || kind == PIECES6;
}

/* The packet that a deed is about. */
static size_t write_whole(const struct race *r, const struct side *s,
			  const struct deed *d, uint8_t *whole)
{
	uint8_t *check = whole + (is_v6(d->kind) ? 46 : 26);
	struct seg seg;
	size_t len;

	if (is_v6(d->kind) ? !write6(r, s, d->flow, d->flags, d->len, &seg)
			   : !write4(r, s, d->flow, d->flags, d->len,
				     d->kind == STRANGER, &seg))
		return 0;
	len = seg_write(whole, &seg);
	if (seg.proto == UDP_PROTO && get16(check) == 0)
		put16(check, 0xffff); /* 0 would be none */
	return len;
}

/* An error comes back about what the last packet has become. */
static void send_error(struct side *s, bool v6)
{
	uint8_t b[OUT_SIZE];
	const struct out o = s->c->out[0];

	if (s->c->r.verdict == XLAT_FORWARD && s->c->outs == 1 &&
	    o.b[0] >> 4 == (v6 ? 6 : 4))
		cluster_send(s->c, b, write_error(b, o.b, o.len, v6));
}

static void send_pieces(struct race *r, const struct deed *d,
			const uint8_t *one, size_t one_len, const uint8_t *many,
			size_t many_len, uint32_t step)
{
	static const uint8_t orders[][3] = {
		{ 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 }, { 2, 0, 1 }
	};
	uint8_t b[OUT_SIZE];

	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t which = orders[d->order][i];

		cluster_send(r->one.c, b,
			     write_piece(b, one, one_len, which, d->id));
		cluster_send(r->many.c, b,
			     write_piece(b, many, many_len, which, d->id));
		if (d->kind == PIECES6) {
			learn(r, &r->one, d->flow);
			learn(r, &r->many, d->flow);
		}
		expect_verdict(r, d, step);
		expect_same(r, step);
	}
}

static void do_step(struct race *r, const struct deed *d, uint32_t step)
{
	static uint8_t one[4096];
	static uint8_t many[4096];
	const size_t a = write_whole(r, &r->one, d, one);
	const size_t b = write_whole(r, &r->many, d, many);

	cr_assert_eq(a, b, "step %u", step);
	if (!a)
		return;
	if (d->kind == PIECES6 || d->kind == PIECES4) {
		send_pieces(r, d, one, a, many, b, step);
		return;
	}
	cluster_send(r->one.c, one, a);
	cluster_send(r->many.c, many, b);
	if (is_v6(d->kind)) {
		learn(r, &r->one, d->flow);
		learn(r, &r->many, d->flow);
	}
	if (d->kind == ERROR4 || d->kind == ERROR6) {
		send_error(&r->one, d->kind == ERROR6);
		send_error(&r->many, d->kind == ERROR6);
	}
	expect_verdict(r, d, step);
	expect_same(r, step);
}

static struct deed draw_deed(struct race *r)
{
	static const uint8_t kinds[] = { INSIDE,  INSIDE, INSIDE, OUTSIDE,
					 OUTSIDE, ERROR4, ERROR6, STRANGER,
					 PIECES6, PIECES4 };
	static const uint8_t flags[] = { SYN, SYN, SYN | ACK, ACK,
					 ACK, ACK, FIN | ACK, RST };
	struct deed d = { .flow = draw(r, FLOWS),
			  .kind = kinds[draw(r, sizeof(kinds))],
			  .flags = flags[draw(r, sizeof(flags))],
			  .len = (uint16_t)draw(r, 300),
			  .id = draw(r, 65536),
			  .order = draw(r, 4) };

	if (d.kind == PIECES6 || d.kind == PIECES4) {
		d.len = (uint16_t)(1000 + draw(r, 150));
		/* gather.h sees to those. */
		if (r->flows[d.flow].proto == ICMP6_PROTO)
			d.kind = INSIDE;
	}
	return d;
}

/* The bindings of all, as names. */
static unsigned long long sum_bindings(const struct cluster *c)
{
	unsigned long long sum = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		struct nat64_binding_view v;
		uint32_t cursor = 0;

		while (nat64_next_binding(c->shard[i]->n, &cursor, &v))
			sum += (v.client.hi * 31 + v.client.lo) * 2654435761 +
			       v.client_port * 40503ull + v.proto * 977ull +
			       v.pool * 131ull + v.sessions * 7919ull;
	}
	return sum;
}

static void expect_tables(const struct race *r)
{
	const struct cluster *a = r->one.c;
	const struct cluster *b = r->many.c;

	cr_assert_eq(SUM_STATS(a, sessions), SUM_STATS(b, sessions));
	cr_assert_eq(SUM_STATS(a, bindings), SUM_STATS(b, bindings));
	cr_assert_eq(SUM_STATS(a, subscribers), SUM_STATS(b, subscribers));
	cr_assert_eq(SUM_STATS(a, syns_held), SUM_STATS(b, syns_held));
	cr_assert_eq(SUM_STATS(a, sessions_created),
		     SUM_STATS(b, sessions_created));
	cr_assert_eq(sum_bindings(a), sum_bindings(b));
}

/* Does each have something to do? */
static void expect_shared(const struct cluster *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		cr_expect_gt(session_count(c->shard[i]), 20, "shard %u", i);
	cr_expect_gt(c->hands, 1000);
}

static void race_run(struct race *r, uint32_t count)
{
	race_begin(r, count);
	for (uint32_t step = 0; step < STEPS; step++) {
		const struct deed d = draw_deed(r);

		do_step(r, &d, step);
		if (step % 4 == 0) {
			cluster_wait(r->one.c, 0.7);
			cluster_wait(r->many.c, 0.7);
			expect_same(r, step);
		}
		if (step % 1000 == 0)
			expect_tables(r);
	}
	expect_shared(r->many.c);
	cr_expect_gt(SUM_STATS(r->many.c, hairpinned), 200);
	cluster_wait(r->one.c, 8000);
	cluster_wait(r->many.c, 8000);
	expect_tables(r);
	race_free(r);
}

Test(nat64_shard, four_do_what_one_does)
{
	race_run(race_new(), 4);
}

Test(nat64_shard, three_do_what_one_does)
{
	struct race *r = race_new();

	r->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	r->cfg.filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	race_run(r, 3);
}

Test(nat64_shard, blocks_of_ports)
{
	struct race *r = race_new();

	r->cfg.port_block = 256;
	r->cfg.max_blocks = 4;
	race_run(r, 4);
}

Test(nat64_shard, computed_ports)
{
	struct race *r = race_new();

	r->cfg.inside = (struct net6){ { 0x20010db8000c0000, 0 }, 57 };
	r->cfg.port_block = 64;
	r->cfg.dynamic = 4;
	race_run(r, 4);
}

/* Ports of static bindings lie anywhere, also where they are another
 * thread's. */
Test(nat64_shard, static_bindings)
{
	static struct nat64_static statics[40];
	struct race *r = race_new();

	for (uint32_t i = 0; i < 40; i++) {
		const struct flow *f = &r->flows[i * 7];

		statics[i] = (struct nat64_static){
			.client = { f->client.hi, 9 },
			.client_port = (uint16_t)(7000 + i),
			.pool = T1 + i % 4,
			.pool_port = (uint16_t)(1024 + 71 * i),
			.proto = i % 2 ? TCP_PROTO : UDP_PROTO,
		};
		/* A client of the trace, too. */
		r->flows[500 + i].client = statics[i].client;
		r->flows[500 + i].cport = statics[i].client_port;
		r->flows[500 + i].proto = statics[i].proto;
		r->flows[500 + i].to = 0;
		r->one.pool[500 + i] = r->many.pool[500 + i] = statics[i].pool;
		r->one.port[500 + i] = r->many.port[500 + i] =
			statics[i].pool_port;
	}
	/* Some customers talk with them, also beside the pool's ports where the
	 * host has the others. */
	for (uint32_t i = 0; i < 40; i++) {
		r->flows[540 + i].to = 500 + i + 1;
		r->flows[540 + i].proto = statics[i].proto;
	}
	r->cfg.pool4[0].port_max = 1200;
	r->cfg.shared4 = T1;
	r->cfg.statics = statics;
	r->cfg.static_count = 40;
	race_run(r, 4);
}

/* A port and its neighbours up to the end of a unit are one thread's, the next
 * ones the next thread's. */
Test(nat64_shard, ports_go_round)
{
	uint32_t ports[4] = { 0 };

	cr_expect_eq(shard_of_port(63, 64, 4), 0);
	cr_expect_eq(shard_of_port(64, 64, 4), 1);
	cr_expect_eq(shard_of_port(255, 64, 4), 3);
	cr_expect_eq(shard_of_port(256, 64, 4), 0);
	cr_expect_eq(shard_of_port(65535, 64, 3), 1023 % 3);
	cr_expect_eq(shard_of_port(4095, 2048, 2), 1);
	for (uint32_t p = 0; p < 1024; p++)
		ports[shard_of_port((uint16_t)p, 64, 4)]++;
	for (uint32_t i = 0; i < 4; i++)
		cr_expect_eq(ports[i], 256);
}

/* Neighbours, as prefixes and addresses mostly are, are spread evenly. */
Test(nat64_shard, subscribers_are_spread)
{
	for (uint32_t count = 1; count <= SHARD_MAX; count++) {
		uint32_t high[SHARD_MAX] = { 0 };
		uint32_t low[SHARD_MAX] = { 0 };
		uint32_t fragments[SHARD_MAX] = { 0 };

		for (uint32_t i = 0; i < 16000; i++) {
			high[shard_of_subscriber(
				(struct addr6){ 0x20010db800000000 + i, 0 },
				count)]++;
			low[shard_of_subscriber(
				(struct addr6){ 0x20010db800000000, i },
				count)]++;
			fragments[shard_of_datagram(Z, T1, (uint16_t)i,
						    count)]++;
		}
		for (uint32_t i = 0; i < count; i++) {
			const uint32_t fair = 16000 / count;

			cr_expect_lt(abs((int)(high[i] - fair)), 170);
			cr_expect_lt(abs((int)(low[i] - fair)), 170);
			cr_expect_lt(abs((int)(fragments[i] - fair)), 170);
		}
	}
}

static const char *check(struct race *r, uint32_t shards)
{
	r->cfg.shards = shards;
	return nat64_config_check(&r->cfg);
}

Test(nat64_shard, each_needs_ports)
{
	struct race *r = calloc(1, sizeof(*r));
	struct world *w = world_new();

	r->cfg = w->cfg;
	free(w);
	cr_expect_null(check(r, 16));
	cr_expect_not_null(check(r, 17));
	r->cfg.pool4[0].port_min = 1024;
	r->cfg.pool4[0].port_max = 1151; /* two times 64 */
	cr_expect_null(check(r, 2));
	cr_expect_not_null(check(r, 3));
	r->cfg.pool4[0].port_max = 1152; /* one port is not 64 */
	cr_expect_not_null(check(r, 3));
	r->cfg.pool4[0].port_max = 1214;
	cr_expect_not_null(check(r, 3));
	r->cfg.pool4[0].port_max = 1215;
	cr_expect_null(check(r, 3));
	r->cfg.pool4[0].port_min = 1025;
	cr_expect_not_null(check(r, 3));
	r->cfg.pool4[0].port_min = 1024;
	r->cfg.pool4[0].port_max = 1024;
	cr_expect_null(check(r, 1));
	r->cfg.pool4[0].port_max = 1152;
	r->cfg.port_block = 64;
	cr_expect_null(check(r, 2));
	cr_expect_not_null(check(r, 3));
	free(r);
}

/* What one thread had stays with it in a file, whatever the keys are; others
 * do not take it. */
Test(nat64_shard, a_session_has_one_home)
{
	struct race *r = race_new();
	uint32_t homes = 0;

	race_begin(r, 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct world *w = r->many.c->shard[i];
		struct world *to = world_new();

		send_seg(w, udp6("2001:db8:c::1", 4000, Z, 53));
		to->cfg = w->cfg;
		to->cfg.key[0]++;
		to->now = w->now;
		world_open(to);
		cr_expect_eq(nat64_move(to->n, w->n, to->now),
			     session_count(w));
		homes += session_count(w);
		to->cfg.shard = (i + 1) % 4;
		free(to->mem);
		world_open(to);
		cr_expect_eq(nat64_move(to->n, w->n, to->now), 0);
		world_free(to);
	}
	cr_expect_eq(homes, 1);
	race_free(r);
}

/* Ports in use, of all, are what is in use; and each is one thread's. */
Test(nat64_shard, pools_add_up)
{
	struct race *r = race_new();
	uint32_t used = 0;

	race_begin(r, 3);
	for (uint32_t i = 0; i < 300; i++) {
		struct seg s;

		r->flows[i].to = 0;
		r->flows[i].proto = UDP_PROTO;
		cr_assert(write6(r, &r->many, i, 0, 0, &s));
		cluster_seg(r->many.c, s);
	}
	for (uint32_t i = 0; i < 3; i++) {
		struct nat64_pool_view v;
		uint32_t cursor = 0;

		while (nat64_next_pool(r->many.c->shard[i]->n, &cursor, &v)) {
			cr_expect_eq(v.ports, 65535);
			used += v.udp;
		}
	}
	cr_expect_eq(used, SUM_STATS(r->many.c, bindings));
	race_free(r);
}

/* What is one subscriber has changed: sessions whose client is now another
 * thread's are given up, and no others. */
Test(nat64_shard, other_subscribers)
{
	struct race *r = race_new();
	uint32_t stayed = 0;
	uint32_t left = 0;

	race_begin(r, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct world *w = r->many.c->shard[i];
		struct world *to = world_new();

		for (uint16_t j = 0; j < 100; j++) {
			struct seg s = udp6(C1, 4000, Z, 53);

			s.a6.hi += j;
			send_seg(w, s);
		}
		to->cfg = w->cfg;
		to->cfg.subscriber_len = 128;
		to->now = w->now;
		world_open(to);
		stayed += nat64_move(to->n, w->n, to->now);
		left += session_count(w);
		for (uint16_t j = 0; j < 100; j++) {
			struct seg s = udp6(C1, 4000, Z, 53);

			s.a6.hi += j;
			send_seg(to, s);
		}
		cr_expect_lt(session_count(to), 70);
		world_free(to);
	}
	cr_expect_gt(stayed, 30);
	cr_expect_lt(stayed, 70);
	cr_expect_eq(left, 100);
	race_free(r);
}

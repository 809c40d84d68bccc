/* SPDX-License-Identifier: MIT */
/* What the fast path decides about a packet is what core does with it, or
 * nothing. Carried out here as bpf/clat.c does it. */
#include "vector.h"

#include <stdlib.h>

#include "clat/fast.h"

/* Headers of packets that are plain. */
static bool is_plain4(const struct vector_bytes *p)
{
	const uint8_t *b = p->b;

	if (p->len < 28 || b[0] != 0x45 || be_get16(b + 2) != p->len ||
	    be_get16(b + 6) & 0x3fff)
		return false;
	return b[9] == 6 ? p->len >= 40 : b[9] == 17 && be_get16(b + 26);
}

static bool is_plain6(const struct vector_bytes *p)
{
	const uint8_t *b = p->b;

	if (p->len < 48 || b[0] >> 4 != 6 || be_get16(b + 4) + 40u != p->len)
		return false;
	return b[6] == 6 ? p->len >= 60 : b[6] == 17 && be_get16(b + 46);
}

static void patch(uint8_t *l4, uint8_t proto, uint16_t delta, bool partial)
{
	uint8_t *at = l4 + (proto == IP_TCP ? 16 : 6);
	const uint16_t check = be_get16(at);
	uint16_t new = partial ? csum_adjust_partial(check, delta)
			       : csum_adjust(check, delta);

	if (proto == IP_UDP && new == 0)
		new = 0xffff;
	be_put16(at, new);
}

/* Return: bytes in @out; 0: it is not for the fast path. */
static size_t go4(const struct fast_config *c, const uint8_t *in,
		  const struct plain_size *s, bool partial, uint8_t *out)
{
	uint8_t head[FAST_HEAD4] = { 0 };
	struct hdr6 h;

	memcpy(head, in, s->len < sizeof(head) ? s->len : sizeof(head));
	if (s->len < 28 || !fast_4to6(c, head, s, &h))
		return 0;
	hdr6_store(out, h);
	memcpy(out + 40, in + 20, s->len - 20);
	patch(out + 40, h.proto,
	      plain_delta(be_get32(in + 12), be_get32(in + 16), h.src, h.dst,
			  true),
	      partial);
	return s->len + 20;
}

static size_t go6(const struct fast_config *c, const uint8_t *in,
		  const struct plain_size *s, bool partial, uint8_t *out)
{
	uint8_t head[FAST_HEAD6] = { 0 };
	struct hdr4 h;

	memcpy(head, in, s->len < sizeof(head) ? s->len : sizeof(head));
	if (s->len < 48 || !fast_6to4(c, head, s, &h))
		return 0;
	hdr4_store(out, h);
	memcpy(out + 20, in + 40, s->len - 40);
	patch(out + 20, h.proto,
	      plain_delta(h.src, h.dst, addr6_load(in + 8), addr6_load(in + 24),
			  false),
	      partial);
	return s->len - 20;
}

static size_t go(const struct fast_config *c, const uint8_t *in,
		 const struct plain_size *s, bool partial, uint8_t *out)
{
	return in[0] >> 4 == 4 ? go4(c, in, s, partial, out)
			       : go6(c, in, s, partial, out);
}

static struct fast_config config_of(const struct siit *s)
{
	return (struct fast_config){
		.pref64 = s->pool6.prefix,
		.pref64_len = s->pool6.len,
		.nets = { { .mask = ~0u }, { .mask = ~0u } },
		.self4 = s->tr.self4,
		.mtu4 = s->tr.mtu4,
		.mtu6 = s->tr.mtu6,
		.lowest_mtu6 = s->tr.lowest_mtu6,
		.tos = (int16_t)s->tr.tos,
		.tc = (int16_t)s->tr.tc,
		.keep_ttl = s->tr.keep_ttl,
	};
}

/* The end of the vector's packet that is in our network: the IPv4 side's. */
static struct fast_net net_of(struct pref64 pool6, const struct vector *v)
{
	const uint8_t *b = v->in.b;
	struct fast_net n = { .mask = ~0u };

	if (b[0] >> 4 == 4) {
		n.addr4 = be_get32(b + 12);
		n.addr6 = pref64_embed(pool6, n.addr4);
	} else {
		n.addr6 = addr6_load(b + 24);
		n.addr4 = pref64_extract(pool6, n.addr6);
	}
	return n;
}

static size_t accepted;

static void run(struct vector *v)
{
	const struct siit *s = &v->bench.s;
	const struct plain_size size = { (uint32_t)v->in.len, 0 };
	struct fast_config c = config_of(s);
	const char *fault;
	uint8_t *out;
	size_t len;

	/* What clat's configuration has not, or has otherwise. */
	if (s->eam.count || s->hairpin || !s->pool6.len || v->in.len < 40 ||
	    (s->wkp_strict && pref64_is_wellknown(s->pool6)))
		return;
	c.nets[1] = net_of(s->pool6, v);
	out = malloc(v->in.len + 40);
	len = go(&c, v->in.b, &size, false, out);
	if (v->kind == VECTOR_OUT && v->out_count == 1 &&
	    (is_plain4(&v->in) || is_plain6(&v->in)) &&
	    (is_plain4(&v->out[0]) || is_plain6(&v->out[0])))
		cr_expect(len, "%s: refused", v->id);
	bench_clear(&v->bench);
	v->bench.r = xlat_forward();
	v->bench.packet[0] = out;
	v->bench.len[0] = len;
	v->bench.count = 1;
	fault = len ? vector_judge(v) : NULL;
	cr_expect_null(fault, "%s: %s", v->id, fault);
	accepted += len > 0;
}

Test(clat_fast, vectors)
{
	vector_each("*", run);
	cr_expect_gt(accepted, 30, "%zu", accepted);
}

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Mostly this, sometimes something else. */
static uint32_t mostly(uint32_t usual, uint32_t bits)
{
	return random32() % 24 ? usual : random32() & bits;
}

static const uint32_t hosts4[] = { 0xc0000005, 0xc0a80107, 0x0a000001,
				   0xcb0071fe, 0x7f000001, 0xa9fea9fe,
				   0xc6336402, 0xe0000001, 0 };

static uint32_t host4(uint32_t usual)
{
	return random32() % 8 ? usual : hosts4[random32() % XL_COUNT(hosts4)];
}

static void make_l4(uint8_t *l4, uint8_t proto)
{
	for (unsigned int i = 0; i < TCP_HDR_LEN; i++)
		l4[i] = (uint8_t)random32();
	if (proto == IP_TCP)
		l4[12] = (uint8_t)mostly(0x50, 0xf0);
	if (random32() % 16 == 0)
		be_put16(l4 + (proto == IP_TCP ? 16 : 6),
			 random32() & 1 ? 0xffff : 0);
}

static void make4(uint8_t *p, uint32_t len)
{
	const struct hdr4 h = {
		.src = host4(random32() & 1 ? hosts4[0] : hosts4[1]),
		.dst = host4(hosts4[6]),
		.len = (uint16_t)mostly(len, 0xff),
		.id = (uint16_t)random32(),
		.off = mostly(0, 8) & 8,
		.tos = (uint8_t)random32(),
		.ttl = (uint8_t)mostly(64, 3),
		.proto = (uint8_t)mostly(random32() & 1 ? IP_TCP : IP_UDP, 255),
		.df = random32() & 1,
		.mf = mostly(0, 1),
	};

	hdr4_store(p, h);
	make_l4(p + IP4_HDR_LEN, h.proto);
	p[0] = (uint8_t)mostly(0x45, 0xff);
	p[11] = (uint8_t)mostly(p[11], 0xff);
}

static struct addr6 host6(const struct fast_config *c, uint32_t usual)
{
	const uint32_t a = host4(usual);
	struct addr6 own;

	if (random32() % 16 == 0)
		return (struct addr6){ random32(), random32() };
	if (a >> 16 == 0xc000 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe) {
		(void)!fast_own_4to6(c, a, &own);
		return own;
	}
	return pref64_embed(fast_pref64(c), a);
}

static void make6(const struct fast_config *c, uint8_t *p, uint32_t len)
{
	const struct hdr6 h = {
		.src = host6(c, hosts4[6]),
		.dst = host6(c, random32() & 1 ? hosts4[0] : hosts4[1]),
		.len = (uint16_t)mostly(len - IP6_HDR_LEN, 0xff),
		.tc = (uint8_t)random32(),
		.hlim = (uint8_t)mostly(64, 3),
		.proto = (uint8_t)mostly(random32() & 1 ? IP_TCP : IP_UDP, 255),
	};

	hdr6_store(p, h);
	make_l4(p + IP6_HDR_LEN, h.proto);
	p[0] = (uint8_t)mostly(p[0], 0xff);
	p[1] |= random32() & 15;
	p[2] = (uint8_t)random32();
}

/* A clat behind a /96, with options of all sorts. */
static struct fast_config make_config(struct bench *b)
{
	static const char *const prefixes[] = {
		"2001:db8::/32",         "2001:db8:100::/40",
		"2001:db8:122::/48",     "2001:db8:122:300::/56",
		"2001:db8:122:344::/64", "64:ff9b::/96",
	};
	const bool local = random32() % 4 == 0;
	struct fast_config c;

	bench_init(b);
	b->s.wkp_strict = false;
	b->s.hairpin = HAIRPIN_INTRINSIC;
	b->s.pool6 = text_prefix(prefixes[random32() % 6]);
	b->s.tr.keep_ttl = random32() & 1;
	b->s.tr.mtu4 = 1280 + random32() % 300;
	b->s.tr.mtu6 = 1280 + random32() % 300;
	b->s.tr.lowest_mtu6 = 1280 + random32() % 300;
	b->s.tr.tos = random32() & 1 ? TOS_COPY : (int)(random32() & 255);
	b->s.tr.tc = random32() & 1 ? TOS_COPY : (int)(random32() & 255);
	bench_eam(b, "192.0.0.5/32", "fd00:1::c000:5/128");
	/* One that is not translated may be configured all the same. */
	if (local)
		bench_eam(b, "169.254.0.0/16", "fd00:1::c0a8:0/112");
	else
		bench_eam(b, "192.168.0.0/16", "fd00:1::c0a8:0/112");
	c = config_of(&b->s);
	c.nets[0] =
		(struct fast_net){ text6("fd00:1::c000:5"), hosts4[0], ~0u };
	c.nets[1] = (struct fast_net){ text6("fd00:1::c0a8:0"),
				       local ? 0xa9fe0000 : 0xc0a80000,
				       0xffff0000 };
	return c;
}

struct tally {
	size_t plain;
	size_t whole;
};

static void compare(struct bench *b, const struct fast_config *c,
		    struct tally *t)
{
	static uint8_t in[65536];
	static uint8_t out[65600];
	struct offload o = { .partial = random32() & 1 };
	struct plain_size s = { .len = 60 + random32() % 1500 };
	size_t len;

	if (o.partial && random32() & 1) {
		s.len = 60 + random32() % 65400;
		s.gso_size = o.gso_size = (uint16_t)(500 + random32() % 1100);
		o.gso = PKT_GSO_TCP;
	}
	if (random32() & 1)
		make4(in, s.len);
	else
		make6(c, in, s.len);
	len = go(c, in, &s, o.partial, out);
	if (!len)
		return;
	bench_put_offload(b, in, s.len, o);
	cr_assert_eq(b->r.verdict, XLAT_FORWARD, "%s", xlat_why_name(b->r.why));
	cr_assert_eq(b->whole.cut, 0);
	cr_assert_eq(b->whole.gso_size, s.gso_size);
	cr_assert_eq(b->len[0], len);
	cr_assert_arr_eq(b->packet[0], out, len);
	t->plain++;
	t->whole += s.gso_size > 0;
}

Test(clat_fast, equals_core)
{
	struct tally t = { 0 };
	struct bench b;

	for (unsigned int i = 0; i < 300; i++) {
		const struct fast_config c = make_config(&b);

		for (unsigned int j = 0; j < 400; j++)
			compare(&b, &c, &t);
		bench_clear(&b);
	}
	cr_expect_gt(t.plain, 20000, "%zu", t.plain);
	cr_expect_gt(t.whole, 3000, "%zu", t.whole);
}

Test(clat_fast, ours)
{
	struct fast_config c = { .ours = { text6("2001:db8::5") },
				 .ours_len = 128 };

	cr_expect(fast_is_ours(&c, text6("2001:db8::5")));
	cr_expect_not(fast_is_ours(&c, text6("2001:db8::4")));
	cr_expect_not(fast_is_ours(&c, text6("::")), "there is no second one");
	c.ours[1] = text6("2001:db8:1::");
	c.ours_len = 96;
	cr_expect(fast_is_ours(&c, text6("2001:db8:1::192.168.1.2")));
	cr_expect_not(fast_is_ours(&c, text6("2001:db8:1::1:0:0")));
}

Test(clat_fast, nothing_before_it_is_told)
{
	const struct fast_config none = { .pref64_len = 0 };
	const struct plain_size s = { .len = 60 };
	uint8_t packet[60] = { 0 };
	uint8_t out[80];
	struct fast_config c;
	struct bench b;

	c = make_config(&b);
	hdr4_store(packet, (struct hdr4){ .src = hosts4[0],
					  .dst = hosts4[6],
					  .len = 60,
					  .ttl = 64,
					  .proto = IP_TCP });
	cr_expect_eq(go(&c, packet, &s, false, out), 80);
	cr_expect_eq(go(&none, packet, &s, false, out), 0);
	c.pref64_len = 0;
	cr_expect_eq(go(&c, packet, &s, false, out), 0);
}

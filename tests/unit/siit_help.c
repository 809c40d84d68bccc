/* SPDX-License-Identifier: MIT */
#include "siit_help.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "siit/cut.h"

uint32_t text4(const char *text)
{
	struct in_addr a;

	cr_assert(inet_pton(AF_INET, text, &a), "%s", text);
	return ntohl(a.s_addr);
}

struct addr6 text6(const char *text)
{
	uint8_t wire[16];

	cr_assert(inet_pton(AF_INET6, text, wire), "%s", text);
	return addr6_load(wire);
}

/* Split "ADDRESS/LENGTH" and return the length. */
static unsigned int split(const char *text, char *addr, size_t size)
{
	const char *slash = strchr(text, '/');

	cr_assert(slash && (size_t)(slash - text) < size, "%s", text);
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	return (unsigned int)strtoul(slash + 1, NULL, 10);
}

struct pref64 text_prefix(const char *text)
{
	char addr[64];
	const unsigned int len = split(text, addr, sizeof(addr));
	const struct pref64 p = { text6(addr), (uint8_t)len };

	cr_assert_null(pref64_check(p.prefix, len), "%s", text);
	return p;
}

size_t unhex(const char *text, uint8_t *out, size_t max)
{
	unsigned int byte;
	size_t n = 0;

	while (*text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		cr_assert(n < max && sscanf(text, "%2x", &byte) == 1 && text[1],
			  "hex: %.20s", text);
		out[n++] = (uint8_t)byte;
		text += 2;
	}
	return n;
}

void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	cr_assert(eam_size(BENCH_EAM_MAX) <= sizeof(b->eam_mem));
	eam_init(&b->s.eam, b->eam_mem, BENCH_EAM_MAX);
	b->s.tr = (struct translate){
		.self4 = text4("203.0.113.254"),
		.self6 = text6("2001:db8:ffff::1"),
		.mtu4 = 1500,
		.mtu6 = 1500,
		.lowest_mtu6 = 1280,
		.tos = TOS_COPY,
		.tc = TOS_COPY,
		.errors = true,
	};
	b->s.pool6 = text_prefix("2001:db8:64::/96");
	b->s.wkp_strict = true;
	b->s.random = 1;
	b->tail = 256;
}

void bench_clear(struct bench *b)
{
	while (b->count)
		free(b->packet[--b->count]);
}

static void keep(struct bench *b, const struct pkt *p)
{
	cr_assert(b->count < BENCH_OUT_MAX);
	b->packet[b->count] = malloc(p->len);
	memcpy(b->packet[b->count], p->data, p->len);
	b->len[b->count++] = p->len;
}

static void keep_pieces(struct bench *b, const struct pkt *p)
{
	uint8_t *buf = malloc(PKT_MAX);
	struct pkt out = { .data = buf };
	struct cut cut;

	cut_open(&cut, p);
	while (cut_next(&cut, &out))
		keep(b, &out);
	free(buf);
}

static struct pkt make_packet(const struct bench *b, const uint8_t *data,
			      size_t len, struct offload o)
{
	uint8_t *buf = malloc(PKT_HEADROOM + len + b->tail);
	struct pkt p = {
		.data = buf + PKT_HEADROOM,
		.len = (uint32_t)len,
		.headroom = PKT_HEADROOM,
		.tailroom = (uint32_t)b->tail,
		.cut = 1, /* from the packet before */
		.partial = o.partial,
		.gso = o.gso,
		.gso_size = o.gso_size,
		.gso_ecn = o.gso_ecn,
	};

	memcpy(p.data, data, len);
	return p;
}

static void free_packet(struct pkt *p)
{
	free(p->data - p->headroom);
	p->data = NULL;
}

/* The short way that plain packets take leads to where the long one does. */
static void expect_alike(const struct siit *x, const struct xlat_result *r,
			 const struct pkt *p, const struct siit *y,
			 const struct pkt *q)
{
	cr_assert_eq(p->len, q->len);
	cr_assert_arr_eq(p->data, q->data, p->len);
	cr_assert_eq(p->headroom, q->headroom);
	cr_assert_eq(p->tailroom, q->tailroom);
	cr_assert_eq(p->gso, q->gso);
	cr_assert_eq(p->gso_size, q->gso_size);
	cr_assert_eq(p->gso_ecn, q->gso_ecn);
	cr_assert_eq(p->partial, q->partial);
	if (r->verdict != XLAT_DROP)
		cr_assert_eq(p->cut, q->cut);
	if (r->verdict != XLAT_DROP && p->cut)
		cr_assert_eq(p->frag_id, q->frag_id);
	cr_assert_eq(x->random, y->random);
	cr_assert_eq(x->hairpinned, y->hairpinned);
}

/* What siit_any() makes of a packet that siit_packet() made @p of. */
static void go_the_long_way(const struct bench *b, const struct pkt *p,
			    struct siit *s, struct pkt *q)
{
	const struct xlat_result r = siit_any(s, q);

	cr_assert_eq(b->r.verdict, r.verdict);
	cr_assert_eq(b->r.why, r.why);
	expect_alike(&b->s, &r, p, s, q);
	free_packet(q);
}

void bench_put_offload(struct bench *b, const uint8_t *data, size_t len,
		       struct offload o)
{
	struct pkt p = make_packet(b, data, len, o);
	struct pkt q = make_packet(b, data, len, o);
	struct ident ident;
	struct siit s = b->s;

	if (s.tr.ident) {
		ident = *s.tr.ident;
		s.tr.ident = &ident;
	}
	bench_clear(b);
	b->r = siit_packet(&b->s, &p);
	go_the_long_way(b, &p, &s, &q);
	b->whole = p;
	if (b->r.verdict != XLAT_DROP && p.cut)
		keep_pieces(b, &p);
	else if (b->r.verdict != XLAT_DROP)
		keep(b, &p);
	free_packet(&p);
	b->whole.data = NULL;
}

void bench_put(struct bench *b, const uint8_t *data, size_t len)
{
	bench_put_offload(b, data, len, (struct offload){ 0 });
}

void bench_eam(struct bench *b, const char *prefix4, const char *prefix6)
{
	char addr4[64];
	char addr6[64];
	struct eam_entry x = { 0 };

	x.len4 = (uint8_t)split(prefix4, addr4, sizeof(addr4));
	x.len6 = (uint8_t)split(prefix6, addr6, sizeof(addr6));
	x.addr4 = text4(addr4);
	x.addr6 = text6(addr6);
	cr_assert_null(eam_add(&b->s.eam, x), "%s %s", prefix4, prefix6);
}

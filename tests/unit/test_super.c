/* SPDX-License-Identifier: MIT */
/* Super-packets and unfinished checksums: what a TUN with offloads hands
 * over has to come to the same as the packets that it stands for. */
#include <stdlib.h>

#include "siit/cut.h"
#include "siit_make.h"
#include "vector.h"

BENCH_SUITE(super);

static size_t check_at(const struct wire *w)
{
	return w->l4 + (w->proto == 6 ? 16 : 6);
}

/* Leave the checksum to be finished: the field holds the pseudo-header. */
static void unfinish(uint8_t *packet, size_t len)
{
	struct wire w;
	uint16_t all;
	uint16_t body;

	cr_assert_null(wire_parse(&w, packet, len));
	be_put16(packet + check_at(&w), 0);
	all = wire_transport_sum(&w);
	body = wire_sum(packet + w.l4, w.l4_len);
	/* all = pseudo + body, modulo 0xffff */
	be_put16(packet + check_at(&w),
		 (uint16_t)(all >= body ? all - body : all + 0xffff - body));
}

/* Finish it, as a device would. */
static void finish(uint8_t *packet, size_t len)
{
	struct wire w;
	uint16_t sum;

	cr_assert_null(wire_parse(&w, packet, len));
	sum = (uint16_t)~wire_sum(packet + w.l4, w.l4_len);
	be_put16(packet + check_at(&w), w.proto == 17 && !sum ? 0xffff : sum);
}

static void partial_twin(struct vector *v)
{
	static struct bench twin;
	struct wire w;
	uint8_t *copy;

	if (v->kind != VECTOR_OUT || v->bad_checksum ||
	    wire_parse(&w, v->in.b, v->in.len) ||
	    (w.proto != 6 && w.proto != 17) || w.off || w.more ||
	    w.l4 + w.l4_len != v->in.len || !be_get16(v->in.b + check_at(&w)))
		return;
	copy = malloc(v->in.len);
	memcpy(copy, v->in.b, v->in.len);
	unfinish(copy, v->in.len);
	bench_put(&v->bench, v->in.b, v->in.len);
	twin.s = v->bench.s;
	twin.tail = 0;
	bench_put_offload(&twin, copy, v->in.len,
			  (struct offload){ .partial = true });
	cr_assert_eq(twin.count, v->bench.count, "%s", v->id);
	for (size_t i = 0; i < twin.count; i++) {
		if (twin.whole.partial)
			finish(twin.packet[i], twin.len[i]);
		cr_expect_eq(twin.len[i], v->bench.len[i]);
		cr_expect(!memcmp(twin.packet[i], v->bench.packet[i],
				  twin.len[i]),
			  "%s, packet %zu", v->id, i);
	}
	bench_clear(&twin);
	free(copy);
}

Test(super, partial_checksum_comes_to_the_same)
{
	vector_each("*", partial_twin);
}

Test(super, partial_stays_partial)
{
	make4_tcp(&m, (struct make4){ .df = true }, 100);
	unfinish(m.b, m.len);
	bench_put_offload(&b, m.b, m.len, (struct offload){ .partial = true });
	cr_assert_eq(b.r.verdict, XLAT_FORWARD);
	cr_expect(b.whole.partial);
	finish(b.packet[0], b.len[0]);
	cr_expect_null(wire_fault(b.packet[0], b.len[0], false));
}

/* An error quotes what the sender sent, not what the kernel left undone. */
Test(super, partial_is_finished_in_a_quote)
{
	static struct made sent;

	make4_udp(&m, (struct make4){ .ttl = 1 }, 100);
	sent = m;
	unfinish(m.b, m.len);
	bench_put_offload(&b, m.b, m.len, (struct offload){ .partial = true });
	cr_assert_eq(b.r.verdict, XLAT_REPLY);
	cr_expect_not(b.whole.partial);
	cr_expect_arr_eq(b.packet[0] + 28, sent.b, sent.len);
	cr_expect_null(wire_fault(b.packet[0], b.len[0], false));
}

/*
 * The segments that @m, with @size bytes of payload each, stands for, made
 * one by one: what the sender would have sent without offload.
 */
static size_t segments(const struct made *super, size_t size, bool ecn,
		       struct made *out, size_t max)
{
	struct wire w;
	size_t head;
	size_t n = 0;

	cr_assert_null(wire_parse(&w, super->b, super->len));
	head = w.proto == 6 ? (super->b[w.l4 + 12] >> 4) * 4u : 8;
	for (size_t at = w.l4 + head; at < super->len; at += size, n++) {
		struct made *s = &out[n];
		size_t part = super->len - at;

		cr_assert(n < max);
		part = part < size ? part : size;
		memcpy(s->b, super->b, w.l4 + head);
		memcpy(s->b + w.l4 + head, super->b + at, part);
		s->len = w.l4 + head + part;
		if (w.version == 6) {
			be_put16(s->b + 4, (uint16_t)(s->len - 40));
		} else {
			be_put16(s->b + 2, (uint16_t)s->len);
			be_put16(s->b + 4,
				 (uint16_t)(be_get16(super->b + 4) + n));
			be_put16(s->b + 10, 0);
			be_put16(s->b + 10, (uint16_t)~wire_sum(s->b, w.l4));
		}
		if (w.proto == 17) {
			be_put16(s->b + w.l4 + 4, (uint16_t)(8 + part));
		} else {
			be_put32(s->b + w.l4 + 4,
				 be_get32(super->b + w.l4 + 4) +
					 (uint32_t)(at - w.l4 - head));
			if (at + part < super->len)
				s->b[w.l4 + 13] &= 0xf6; /* FIN, PSH */
			if (n && ecn)
				s->b[w.l4 + 13] &= 0x7f; /* CWR */
		}
		make_checksum(s);
	}
	return n;
}

#define SEGMENTS 80

/*
 * The super-packet in @m through the translator has to come to what its
 * segments come to, one by one. IPv4's Identification may differ: without DF
 * each packet of a translator's gets one of its own.
 */
static void same_as_segments(struct offload o)
{
	struct made *part = calloc(SEGMENTS, sizeof(*part));
	static struct bench single;
	const size_t n = segments(&m, o.gso_size, o.gso_ecn, part, SEGMENTS);
	size_t at = 0;

	unfinish(m.b, m.len);
	o.partial = true;
	bench_put_offload(&b, m.b, m.len, o);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%s", xlat_why_name(b.r.why));
	cr_assert(b.whole.cut, "no super-packet is to be left here");
	single.s = b.s;
	single.tail = 0;
	for (size_t i = 0; i < n; i++) {
		bench_put(&single, part[i].b, part[i].len);
		cr_assert_eq(single.r.verdict, XLAT_FORWARD);
		for (size_t k = 0; k < single.count; k++, at++) {
			uint8_t *x = single.packet[k];

			cr_assert(at < b.count);
			cr_assert_eq(b.len[at], single.len[k], "piece %zu", at);
			if (x[0] >> 4 == 4) {
				memset(x + 4, 0, 2);
				memset(x + 10, 0, 2);
				memset(b.packet[at] + 4, 0, 2);
				memset(b.packet[at] + 10, 0, 2);
			}
			cr_assert_arr_eq(b.packet[at], x, b.len[at],
					 "piece %zu", at);
		}
	}
	cr_expect_eq(at, b.count);
	bench_clear(&single);
	free(part);
}

/* Segments at IPv6's minimum and an IPv4 next hop below it. */
Test(super, cut_for_a_narrow_ipv4_next_hop)
{
	b.s.tr.mtu4 = 576;
	make6_tcp(&m, (struct make6){ .tc = 2 }, 5 * 1220 + 100);
	m.b[40 + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	make_checksum(&m);
	same_as_segments((struct offload){
		.gso = PKT_GSO_TCP, .gso_size = 1220, .gso_ecn = true });
	make6_udp(&m, (struct make6){ 0 }, 4 * 1200);
	same_as_segments(
		(struct offload){ .gso = PKT_GSO_UDP, .gso_size = 1200 });
}

/* A TCP that does no path MTU discovery: no DF. */
Test(super, cut_for_the_lowest_ipv6_mtu)
{
	make4_tcp(&m, (struct make4){ .id = 0xfffe }, 5 * 1440 + 7);
	same_as_segments(
		(struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1440 });
	make4_udp(&m, (struct make4){ .id = 9 }, 3 * 1400 + 1);
	same_as_segments(
		(struct offload){ .gso = PKT_GSO_UDP, .gso_size = 1400 });
}

/* 65516 bytes of payload and more have no Total Length. */
Test(super, cut_above_65515_bytes)
{
	make6_tcp(&m, (struct make6){ 0 }, 65535 - 20);
	same_as_segments(
		(struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1440 });
	make6_tcp(&m, (struct make6){ 0 }, 65516 - 20);
	same_as_segments(
		(struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1440 });
}

/* What fits stays whole, and a device that finishes it gets good segments. */
static void stays_whole(struct offload o)
{
	unfinish(m.b, m.len);
	o.partial = true;
	bench_put_offload(&b, m.b, m.len, o);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%s", xlat_why_name(b.r.why));
	cr_expect_eq(b.whole.cut, 0);
	cr_expect_eq(b.whole.gso, o.gso);
	cr_expect_eq(b.whole.gso_size, o.gso_size);
	cr_expect(b.whole.partial);
	finish(b.packet[0], b.len[0]);
	cr_expect_null(wire_fault(b.packet[0], b.len[0], false));
}

Test(super, what_fits_stays_whole)
{
	make4_tcp(&m, (struct make4){ .df = true }, 30000);
	stays_whole((struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1440 });
	make4_udp(&m, (struct make4){ .df = true }, 30000);
	stays_whole((struct offload){ .gso = PKT_GSO_UDP, .gso_size = 1452 });
	make6_tcp(&m, (struct make6){ 0 }, 65515 - 20);
	stays_whole((struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1440 });
	cr_expect_eq(be_get16(b.packet[0] + 2), 65535);
	cr_expect_eq(b.packet[0][6], 0x40, "DF by the segments' size");
	make6_tcp(&m, (struct make6){ 0 }, 30000);
	stays_whole((struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1220 });
	cr_expect_eq(b.packet[0][6], 0, "segments of 1260 bytes: no DF");
}

/* The packet that came out, taken apart as pump.c and a device behind it would;
 * each of the sender's segments, by itself, has to come to the same. */
static void tail_is_apart(struct offload o, bool apart)
{
	static uint8_t whole[70000];
	static uint8_t last[1260];
	struct made *part = calloc(SEGMENTS, sizeof(*part));
	const size_t n = segments(&m, o.gso_size, false, part, SEGMENTS);
	struct pkt out = { .data = last };
	struct pkt p;

	unfinish(m.b, m.len);
	o.partial = true;
	bench_put_offload(&b, m.b, m.len, o);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD);
	memcpy(whole, b.packet[0], b.len[0]);
	p = b.whole;
	p.data = whole;
	cr_assert_eq(cut_tail(&p, &out), apart);
	bench_put(&b, part[n - 1].b, part[n - 1].len);
	if (!apart) {
		cr_expect_eq(p.len, m.len - 20);
		free(part);
		return;
	}
	cr_expect_null(wire_fault(last, out.len, false));
	cr_assert_eq(out.len, b.len[0]);
	cr_expect_arr_eq(last, b.packet[0], 4);
	cr_expect_arr_eq(last + 6, b.packet[0] + 6, 4);
	cr_expect_arr_eq(last + 12, b.packet[0] + 12, out.len - 12);
	cr_expect_eq(be_get16(last + 4),
		     (uint16_t)(be_get16(whole + 4) + n - 1));
	cr_expect_eq(p.gso, n > 2 ? o.gso : PKT_GSO_NONE);
	cr_assert_eq(p.len, 20 + m.len - 40 - (part[n - 1].len - 40) +
				    (o.gso == PKT_GSO_TCP ? 20 : 8));
	/* What a device finishes, as if it were one long segment. */
	finish(whole, p.len);
	cr_expect_null(wire_fault(whole, p.len, false));
	if (o.gso == PKT_GSO_TCP)
		cr_expect_eq(whole[33], part[0].b[40 + 13], "flags");
	free(part);
}

Test(super, SIIT_205_short_last_segment_without_df)
{
	static const struct {
		size_t payload;
		bool apart;
	} tcp[] = {
		{ 4 * 1440 + 1, true },     { 4 * 1440 + 1220, true },
		{ 4 * 1440 + 1221, false }, { 4 * 1440, false },
		{ 1440 + 500, true },       { 500, false },
	};

	for (size_t i = 0; i < XL_COUNT(tcp); i++) {
		make6_tcp(&m, (struct make6){ .tc = 2 }, tcp[i].payload);
		m.b[40 + 13] = 0x19; /* ACK, PSH, FIN */
		make_checksum(&m);
		tail_is_apart((struct offload){ .gso = PKT_GSO_TCP,
						.gso_size = 1440 },
			      tcp[i].apart);
	}
	make6_udp(&m, (struct make6){ 0 }, 3 * 1400 + 9);
	tail_is_apart((struct offload){ .gso = PKT_GSO_UDP, .gso_size = 1400 },
		      true);
	/* None has DF, so that nothing differs. */
	make6_tcp(&m, (struct make6){ 0 }, 4 * 1000 + 9);
	tail_is_apart((struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1000 },
		      false);
}

/* M-18: a segment with its headers is what has to fit, here into 1492. */
Test(super, m_18_segments_count_not_the_whole)
{
	b.s.tr.mtu6 = 1492;
	make4_tcp(&m, (struct make4){ .df = true }, 30000);
	stays_whole((struct offload){ .gso = PKT_GSO_TCP, .gso_size = 1432 });
	for (uint16_t size = 1433; size <= 1460; size += 27) {
		make4_tcp(&m, (struct make4){ .df = true }, 30000);
		unfinish(m.b, m.len);
		bench_put_offload(&b, m.b, m.len,
				  (struct offload){ .partial = true,
						    .gso = PKT_GSO_TCP,
						    .gso_size = size });
		cr_assert_eq(b.r.verdict, XLAT_REPLY, "%u", size);
		cr_expect_eq(be_get32(out_icmp(&b) + 4), 1472);
	}
}

/* Too big: the sender is told, and sees the first segment quoted. */
Test(super, first_segment_is_quoted)
{
	struct made *part = calloc(SEGMENTS, sizeof(*part));

	make4_tcp(&m, (struct make4){ .df = true, .id = 3 }, 30000);
	m.b[20 + 13] = 0x19; /* ACK, PSH, FIN */
	make_checksum(&m);
	segments(&m, 1460, false, part, SEGMENTS);
	unfinish(m.b, m.len);
	bench_put_offload(&b, m.b, m.len,
			  (struct offload){ .partial = true,
					    .gso = PKT_GSO_TCP,
					    .gso_size = 1460 });
	cr_assert_eq(b.r.verdict, XLAT_REPLY);
	cr_expect_eq(be_get32(out_icmp(&b) + 4), 1480);
	cr_expect_eq(b.len[0], 576);
	cr_expect_arr_eq(b.packet[0] + 28, part[0].b, 548);
	cr_expect_null(wire_fault(b.packet[0], b.len[0], false));
	cr_expect_eq(b.whole.gso, PKT_GSO_NONE);

	b.s.tr.mtu4 = 1300;
	make6_udp(&m, (struct make6){ 0 }, 30000);
	segments(&m, 1400, false, part, SEGMENTS);
	unfinish(m.b, m.len);
	bench_put_offload(&b, m.b, m.len,
			  (struct offload){ .partial = true,
					    .gso = PKT_GSO_UDP,
					    .gso_size = 1400 });
	cr_assert_eq(b.r.verdict, XLAT_REPLY);
	cr_expect_eq(be_get32(out_icmp(&b) + 4), 1320);
	cr_expect_arr_eq(b.packet[0] + 48, part[0].b, 1232);
	free(part);
}

static void refused(struct offload o)
{
	bench_put_offload(&b, m.b, m.len, o);
	cr_expect_eq(b.r.verdict, XLAT_DROP);
	cr_expect_eq(b.r.why, WHY_BAD_OFFLOAD, "%s", xlat_why_name(b.r.why));
}

Test(super, what_a_device_says_is_checked)
{
	const struct offload tcp = { true, PKT_GSO_TCP, 100, false };
	const struct offload udp = { true, PKT_GSO_UDP, 100, false };

	make4_udp(&m, (struct make4){ 0 }, 500);
	refused(tcp);
	refused((struct offload){ true, PKT_GSO_UDP, 0, false });
	make4_udp(&m, (struct make4){ .mf = true }, 504);
	refused(udp);
	make4_echo(&m, (struct make4){ 0 }, false, 100);
	refused((struct offload){ .partial = true });
	make4_tcp(&m, (struct make4){ 0 }, 500);
	refused(udp);
	m.b[32] = 0x40; /* a TCP header of 16 bytes */
	refused(tcp);
	make4_tcp(&m, (struct make4){ 0 }, 20);
	m.b[32] = 0xb0; /* of 44, where 40 are left */
	refused(tcp);
}

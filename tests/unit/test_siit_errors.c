/* SPDX-License-Identifier: MIT */
/* Errors that we originate, RFC 1812, 4443 and 7915, 4.4 and 5.4; and what
 * keeps the translator safe. */
#include <stdlib.h>

#include "siit/error.h"
#include "siit_make.h"
#include "vector.h"

#define SECOND 1000000000ull

BENCH_SUITE(siit_errors);

VECTORS(siit_errors, SIIT_500_default_error, "wkp-4to6-src-rfc1918-10",
	"wkp-6to4-dst-rfc1918")

Test(siit_errors, SIIT_500_is_prohibited)
{
	b.s.pool6.len = 0;
	make4_udp(&m, (struct make4){ 0 }, 4);
	put_reply(&b, &m, WHY_NO_MAPPING, 3, 13);
	make6_udp(&m, (struct make6){ 0 }, 4);
	put_reply(&b, &m, WHY_NO_MAPPING, 1, 1);
}

VECTORS(siit_errors, SIIT_501_none_about_icmpv6, "6to4-src-untranslatable-echo")

Test(siit_errors, SIIT_502_can_be_switched_off)
{
	b.s.tr.errors = false;
	make4_udp(&m, (struct make4){ .ttl = 1 }, 4);
	put_drop(&b, &m, WHY_HOP_LIMIT);
	make6_udp(&m, (struct make6){ .hlim = 1 }, 4);
	put_drop(&b, &m, WHY_HOP_LIMIT);
	make6_udp(&m, (struct make6){ .dst = "2001:db8:beef::1" }, 4);
	put_drop(&b, &m, WHY_NO_MAPPING);
}

VECTORS(siit_errors, SIIT_503_never_in_icmpv4, "4to6-ttl-1-icmp-error",
	"4to6-ttl-1-later-fragment")

Test(siit_errors, SIIT_503_only_to_single_hosts)
{
	static const char *const sources[] = { "0.1.2.3", "127.0.0.1",
					       "224.0.0.1", "240.0.0.1",
					       "255.255.255.255" };
	static struct made q;

	make4_udp(&q, (struct make4){ .src = "192.0.2.33" }, 4);
	for (size_t i = 0; i < 5; i++) {
		make4_udp(&m, (struct make4){ .src = sources[i], .ttl = 1 }, 4);
		bench_put(&b, m.b, m.len);
		cr_expect_eq(b.r.verdict, XLAT_DROP, "%s", sources[i]);
		make4_error(&m, (struct make4){ .src = sources[i], .ttl = 1 },
			    11, 0, 0, q.b, q.len);
		bench_put(&b, m.b, m.len);
		cr_expect_eq(b.r.verdict, XLAT_DROP, "%s", sources[i]);
	}
	make4_udp(&m, (struct make4){ .dst = "224.0.0.1", .ttl = 1 }, 4);
	bench_put(&b, m.b, m.len);
	cr_expect_eq(b.r.verdict, XLAT_DROP);
}

VECTORS(siit_errors, SIIT_504_never_in_icmpv6, "6to4-hlim-1-icmp-error")

Test(siit_errors, SIIT_504_redirects_multicast_unspecified)
{
	make6_error(&m, (struct make6){ .hlim = 1 }, 137, 0, 0, m.b, 40);
	put_drop(&b, &m, WHY_HOP_LIMIT);
	make6_udp(&m, (struct make6){ .hlim = 1, .dst = "ff02::1" }, 4);
	put_drop(&b, &m, WHY_ILLEGAL_DESTINATION);
	make6_udp(&m, (struct make6){ .hlim = 1, .src = "::" }, 4);
	put_drop(&b, &m, WHY_ILLEGAL_SOURCE);
	make6_udp(&m,
		  (struct make6){
			  .hlim = 1, .next = 44, .ext = "1100000800000001" },
		  40);
	put_drop(&b, &m, WHY_HOP_LIMIT);
}

/* 1000 at once, then a second's worth, then one at a time. */
Test(siit_errors, SIIT_505_token_bucket)
{
	struct error_bucket k = { .rate = 10, .burst = 10 };
	uint64_t now = 77 * SECOND;
	unsigned int sent = 0;

	for (int i = 0; i < 1000; i++)
		sent += error_allowed(&k, now);
	cr_expect_eq(sent, 10);
	now += SECOND / 2;
	for (int i = 0; i < 1000; i++)
		sent += error_allowed(&k, now);
	cr_expect_eq(sent, 15);
	for (int i = 0; i < 100; i++) {
		now += SECOND / 10;
		sent += error_allowed(&k, now);
	}
	cr_expect_eq(sent, 115);
	now += 1000000 * SECOND;
	for (int i = 0; i < 1000; i++)
		sent += error_allowed(&k, now);
	cr_expect_eq(sent, 125);
	k.rate = 0;
	for (int i = 0; i < 1000; i++)
		sent += error_allowed(&k, now);
	cr_expect_eq(sent, 1125, "rate 0: no limit");
}

static unsigned int errors_to(struct error_limit *l, const char *src,
			      unsigned int count, uint64_t now)
{
	unsigned int sent = 0;
	struct pkt p;

	make4_udp(&m, (struct make4){ .src = src, .ttl = 1 }, 4);
	for (unsigned int i = 0; i < count; i++) {
		put_reply(&b, &m, WHY_HOP_LIMIT, 11, 0);
		p = (struct pkt){ .data = b.packet[0],
				  .len = (uint32_t)b.len[0] };
		sent += error_limit_allows(l, &p, now);
	}
	return sent;
}

/* One that provokes errors leaves some for the others. */
Test(siit_errors, SIIT_505_bucket_per_class_of_destinations)
{
	static struct error_limit l;

	error_limit_init(&l, 100, 40);
	cr_expect_eq(errors_to(&l, "198.51.100.2", 1000, SECOND), 10);
	cr_expect_eq(errors_to(&l, "198.51.100.9", 10, SECOND), 0,
		     "the same /24");
	cr_expect_eq(errors_to(&l, "11.0.0.1", 1000, SECOND), 10);
	cr_expect_eq(errors_to(&l, "12.0.1.1", 1000, SECOND), 10);
	cr_expect_eq(errors_to(&l, "13.7.0.1", 1000, SECOND), 10);
	cr_expect_eq(errors_to(&l, "14.9.0.1", 1000, SECOND), 0,
		     "all 40 are gone");
	cr_expect_eq(errors_to(&l, "198.51.100.2", 1000, SECOND * 3 / 2), 10);
}

VECTORS(siit_errors, SIIT_506_size_of_quotes, "4to6-df-1481-toobig",
	"6to4-mtu1300-ptb")

Test(siit_errors, SIIT_506_as_much_as_fits)
{
	make4_udp(&m, (struct make4){ .ttl = 1 }, 1400);
	put_reply(&b, &m, WHY_HOP_LIMIT, 11, 0);
	cr_expect_eq(b.len[0], 576);
	make6_udp(&m, (struct make6){ .hlim = 1 }, 1400);
	put_reply(&b, &m, WHY_HOP_LIMIT, 3, 0);
	cr_expect_eq(b.len[0], 1280);
}

VECTORS(siit_errors, SIIT_507_addresses_of_errors, "4to6-ttl-1", "6to4-hlim-1")

Test(siit_errors, SIIT_508_precedence_of_icmpv4_errors)
{
	make4_udp(&m, (struct make4){ .ttl = 1 }, 4);
	put_reply(&b, &m, WHY_HOP_LIMIT, 11, 0);
	cr_expect_geq(b.packet[0][1] >> 5, 6);
}

Test(siit_errors, SIIT_509_quote_is_the_packet_as_received)
{
	make4_udp(&m, (struct make4){ .ttl = 1, .opt = "94040000" }, 40);
	put_reply(&b, &m, WHY_HOP_LIMIT, 11, 0);
	cr_expect_eq(b.len[0], 28 + m.len);
	cr_expect_arr_eq(b.packet[0] + 28, m.b, m.len);
	make6_udp(&m,
		  (struct make6){
			  .hlim = 1, .next = 60, .ext = "1100010400000000" },
		  40);
	put_reply(&b, &m, WHY_HOP_LIMIT, 3, 0);
	cr_expect_arr_eq(b.packet[0] + 48, m.b, m.len);
}

Test(siit_errors, SIIT_510_initial_hop_limit)
{
	make4_udp(&m, (struct make4){ .ttl = 1 }, 4);
	put_reply(&b, &m, WHY_HOP_LIMIT, 11, 0);
	cr_expect_eq(b.packet[0][8], 64);
	make6_udp(&m, (struct make6){ .hlim = 1 }, 4);
	put_reply(&b, &m, WHY_HOP_LIMIT, 3, 0);
	cr_expect_eq(b.packet[0][7], 64);
}

VECTORS(siit_errors, SIIT_511_silently_means_silently, "4to6-icmp-type-*",
	"4to6-igmp", "4to6-src-*", "4to6-dst-*", "6to4-icmpv6-type-*",
	"6to4-dst-multicast")

/* Every vector, cut at every byte; the length fields lie then. */
static void cut_everywhere(struct vector *v)
{
	size_t end = be_get16(v->in.b + 2);

	if (v->in.b[0] >> 4 == 6)
		end = 40 + be_get16(v->in.b + 4);
	v->bench.tail = 0;
	for (size_t n = 0; n < v->in.len && n < end; n++) {
		bench_put(&v->bench, v->in.b, n);
		cr_assert_eq(v->bench.r.verdict, XLAT_DROP, "%s, %zu bytes",
			     v->id, n);
		cr_assert_neq(v->bench.r.why, WHY_NONE);
	}
}

Test(siit_errors, SIIT_520_truncated_at_every_byte)
{
	vector_each("*", cut_everywhere);
}

/* The same with length fields that agree, so that what is inside is cut. */
static void cut_honestly(struct vector *v)
{
	static uint8_t copy[4096];
	const bool v4 = v->in.b[0] >> 4 == 4;

	v->bench.tail = 0;
	for (size_t n = v4 ? 20 : 40; n < v->in.len; n++) {
		memcpy(copy, v->in.b, n);
		if (v4) {
			be_put16(copy + 2, (uint16_t)n);
			be_put16(copy + 10, 0);
			be_put16(copy + 10, (uint16_t)~wire_sum(copy, 20));
		} else {
			be_put16(copy + 4, (uint16_t)(n - 40));
		}
		bench_put(&v->bench, copy, n);
		cr_assert(v->bench.r.verdict == XLAT_FORWARD ||
			  v->bench.r.why != WHY_NONE);
	}
}

Test(siit_errors, SIIT_520_shortened_at_every_byte)
{
	vector_each("*", cut_honestly);
}

/* Each byte of each vector in turn set to values that tend to hurt. */
static void damage(struct vector *v)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0xff };
	uint8_t was;

	v->bench.tail = 0;
	for (size_t at = 0; at < v->in.len && at < 120; at++) {
		was = v->in.b[at];
		for (size_t i = 0; i < sizeof(values); i++) {
			v->in.b[at] = values[i];
			bench_put(&v->bench, v->in.b, v->in.len);
			for (size_t k = 0; k < v->bench.count; k++)
				cr_assert_leq(v->bench.len[k], 65575);
		}
		v->in.b[at] = was;
	}
}

Test(siit_errors, SIIT_520_damaged_at_every_byte)
{
	vector_each("*", damage);
}

VECTORS(siit_errors, SIIT_521_tiny_fragments, "4to6-tiny-tcp-fragment",
	"6to4-tiny-tcp-fragment")

/* The pair of rules: fewer than 16 bytes at 0, anything at 8. */
Test(siit_errors, SIIT_521_rfc3128)
{
	static const uint8_t data[64] = { 0x0f, 0xa0, 0, 25 };

	for (size_t n = 0; n < 18; n++) {
		make4(&m, (struct make4){ .proto = 6, .mf = true }, data, n);
		put_drop(&b, &m, WHY_TINY_FRAGMENT);
	}
	make4(&m, (struct make4){ .proto = 6, .off = 8, .mf = true }, data, 64);
	put_drop(&b, &m, WHY_TINY_FRAGMENT);
}

Test(siit_errors, SIIT_520_fragment_beyond_65535)
{
	static const uint8_t data[64] = { 0 };

	make4(&m, (struct make4){ .off = 65528 }, data, 8);
	put_drop(&b, &m, WHY_BAD_FRAGMENT);
	make4(&m, (struct make4){ .off = 65528 }, data, 7);
	put_one(&b, &m);
	make6(&m, (struct make6){ .next = 44, .ext = "1100fff800000001" }, data,
	      8);
	put_drop(&b, &m, WHY_BAD_FRAGMENT);
}

/* An IPv6 payload that no Total Length can express. */
Test(siit_errors, SIIT_524_payload_above_65515)
{
	b.s.tr.mtu4 = b.s.tr.mtu6 = 65535;
	make6_udp(&m, (struct make6){ 0 }, 65516 - 8);
	put_reply(&b, &m, WHY_TOO_BIG, 2, 0);
	cr_expect_eq(be_get32(out_icmp(&b) + 4), 65555);
	make6_udp(&m, (struct make6){ 0 }, 65535 - 8);
	put_reply(&b, &m, WHY_TOO_BIG, 2, 0);
	make6_udp(&m, (struct make6){ 0 }, 65515 - 8);
	put_one(&b, &m);
	cr_expect_eq(b.len[0], 65535);
}

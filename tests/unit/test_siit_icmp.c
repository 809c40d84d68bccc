/* SPDX-License-Identifier: MIT */
/* ICMP both ways, and the packets that errors quote; RFC 7915, 4.2, 4.3,
 * 5.2 and 5.3. */
#include <stdlib.h>

#include "siit/icmpmap.h"
#include "siit_make.h"
#include "vector.h"

static struct made q;

BENCH_SUITE(siit_icmp);

VECTORS(siit_icmp, SIIT_100_echo_request, "4to6-echo-request")
VECTORS(siit_icmp, SIIT_101_echo_reply, "4to6-echo-reply")
VECTORS(siit_icmp, SIIT_102_checksum_covers_the_pseudo_header, "4to6-echo-*",
	"4to6-du-code-*", "4to6-timeexceeded-*")
VECTORS(siit_icmp, SIIT_103_types_without_counterpart, "4to6-icmp-type-*")
VECTORS(siit_icmp, SIIT_104_quench_redirect_alternate, "4to6-icmp-type-4",
	"4to6-icmp-type-5", "4to6-icmp-type-6")
VECTORS(siit_icmp, SIIT_105_fragmented_icmp, "4to6-echo-first-fragment",
	"4to6-echo-last-fragment")
VECTORS(siit_icmp, SIIT_106_unreachable, "4to6-du-code-*")
VECTORS(siit_icmp, SIIT_107_protocol_unreachable, "4to6-du-code-2")

/* A quote of a packet from the node to the peer, as IPv4 and as IPv6. */
static void quote4(unsigned int total)
{
	make4_udp(&q,
		  (struct make4){ .src = "192.0.2.33", .dst = "198.51.100.2" },
		  total - 28);
}

static void quote6(void)
{
	make6_udp(&q,
		  (struct make6){ .src = "2001:db8:64::c633:6402",
				  .dst = "2001:db8:64::c000:221" },
		  20);
}

Test(siit_icmp, SIIT_107_quoted_fragment_too)
{
	make4_udp(&q,
		  (struct make4){ .src = "192.0.2.33",
				  .dst = "198.51.100.2",
				  .mf = true },
		  16);
	make4_error(&m, (struct make4){ 0 }, 3, 2, 0, q.b, q.len);
	put_one(&b, &m);
	cr_expect_eq(be_get32(out_icmp(&b) + 4), 6);
}

/* Every type and code, from the RFC's list in section 4.2. */
Test(siit_icmp, SIIT_103_every_type_and_code_to_icmpv6)
{
	static const int unreachable[16] = { 0, 0, -4, 4, -2, 0, 0,  0,
					     0, 1, 1,  0, 0,  1, -9, 1 };
	int type;
	int code;

	quote4(60);
	for (unsigned int t = 0; t < 256; t++) {
		for (unsigned int c = 0; c < 256; c++) {
			type = -1;
			code = 0;
			if (t == 0 || t == 8)
				type = t ? 128 : 129, code = (int)c;
			else if (t == 11)
				type = 3, code = (int)c;
			else if (t == 12 && (c == 0 || c == 2))
				type = 4;
			else if (t == 3 && c == 2)
				type = 4, code = 1;
			else if (t == 3 && c == 4)
				type = 2;
			else if (t == 3 && c < 16 && unreachable[c] >= 0)
				type = 1, code = unreachable[c];
			make4_error(&m, (struct make4){ 0 }, t, c, 0, q.b,
				    q.len);
			bench_put(&b, m.b, m.len);
			if (type < 0) {
				cr_expect_eq(b.r.verdict, XLAT_DROP, "%u/%u", t,
					     c);
				continue;
			}
			cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%u/%u", t, c);
			cr_expect_eq(out_icmp(&b)[0], type, "%u/%u", t, c);
			cr_expect_eq(out_icmp(&b)[1], code, "%u/%u", t, c);
		}
	}
}

VECTORS(siit_icmp, SIIT_108_fragmentation_needed, "4to6-fragneeded-[1-9]*")
VECTORS(siit_icmp, SIIT_109_mtu_of_an_old_router, "4to6-fragneeded-0-*")

/* The largest plateau below the length that was sent, and from 1280 on. */
Test(siit_icmp, SIIT_109_every_length)
{
	static const uint32_t plateaus[] = { 65535, 32000, 17914, 8166,
					     4352,  2002,  1492 };
	uint32_t want;

	for (uint32_t total = 0; total <= 65535; total++) {
		want = 1280;
		for (size_t i = 7; i-- > 0;)
			if (plateaus[i] < total)
				want = plateaus[i] + 20;
		cr_assert_eq(icmpmap_mtu_4to6(0, total, 65535, 65535),
			     want > 65535 ? 65535 : want, "%u", total);
	}
}

VECTORS(siit_icmp, SIIT_110_time_exceeded, "4to6-timeexceeded-*")
VECTORS(siit_icmp, SIIT_111_parameter_problem, "4to6-paramprob-ptr-*",
	"4to6-paramprob-code2-ptr-2")
VECTORS(siit_icmp, SIIT_112_parameter_problem_codes, "4to6-paramprob-code1",
	"4to6-paramprob-code3")
VECTORS(siit_icmp, SIIT_113_pointers_without_counterpart,
	"4to6-paramprob-ptr-4", "4to6-paramprob-ptr-20",
	"4to6-paramprob-ptr-255")

/* Figure 3, each byte of an IPv4 header. */
Test(siit_icmp, SIIT_111_every_pointer)
{
	static const int figure[20] = { 0,  1,  4, 4, -1, -1, -1, -1, 7,  6,
					-1, -1, 8, 8, 8,  8,  24, 24, 24, 24 };

	quote4(60);
	for (unsigned int p = 0; p < 256; p++) {
		make4_error(&m, (struct make4){ 0 }, 12, 0, p << 24, q.b,
			    q.len);
		bench_put(&b, m.b, m.len);
		if (p >= 20 || figure[p] < 0) {
			cr_expect_eq(b.r.verdict, XLAT_DROP, "%u", p);
			continue;
		}
		cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%u", p);
		cr_expect_eq((int)be_get32(out_icmp(&b) + 4), figure[p]);
	}
}

VECTORS(siit_icmp, SIIT_114_quoted_header, "4to6-inner-ttl-0",
	"4to6-inner-unknown-proto")
VECTORS(siit_icmp, SIIT_115_quoted_length, "4to6-inner-tcp-8-bytes")
VECTORS(siit_icmp, SIIT_116_quoted_fragments, "4to6-inner-first-fragment",
	"4to6-inner-later-fragment", "4to6-inner-nodf-large-no-fh")
VECTORS(siit_icmp, SIIT_117_cut_quotes, "4to6-inner-tcp-8-bytes")
VECTORS(siit_icmp, SIIT_118_quoted_checksums, "4to6-inner-tcp-full",
	"4to6-inner-udp-full")
VECTORS(siit_icmp, SIIT_119_quoted_echo, "4to6-inner-echo",
	"4to6-inner-echo-8-bytes")
VECTORS(siit_icmp, SIIT_120_error_about_an_error, "4to6-nested-error")

/* Quotes of every length: what is there is translated, nothing else read. */
Test(siit_icmp, SIIT_117_quotes_of_every_length)
{
	b.tail = 64;
	quote4(60);
	for (size_t n = 0; n <= q.len; n++) {
		make4_error(&m, (struct make4){ 0 }, 11, 0, 0, q.b, n);
		bench_put(&b, m.b, m.len);
		if (n < 20) {
			cr_expect_eq(b.r.why, WHY_ICMP_QUOTE, "%zu", n);
			continue;
		}
		cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%zu", n);
		cr_expect_eq(b.len[0], 48 + 40 + n - 20);
		cr_expect_null(wire_fault(b.packet[0], b.len[0], false));
	}
}

VECTORS(siit_icmp, SIIT_121_quotes_that_cannot_be_translated,
	"4to6-error-short", "6to4-inner-untranslatable")
VECTORS(siit_icmp, SIIT_122_long_quotes_are_cut, "4to6-error-long-quote")
VECTORS(siit_icmp, SIIT_123_wrong_icmp_checksum, "4to6-error-bad-checksum",
	"6to4-error-bad-checksum")
VECTORS(siit_icmp, SIIT_124_quoted_options, "4to6-inner-options")

Test(siit_icmp, SIIT_125_quoted_udp_without_checksum)
{
	quote4(60);
	be_put16(q.b + 26, 0);
	make4_error(&m, (struct make4){ 0 }, 3, 3, 0, q.b, q.len);
	put_one(&b, &m);
	cr_expect_eq(out_icmp(&b)[1], 4);
	cr_expect_eq(be_get16(out_icmp(&b) + 8 + 40 + 6), 0);
}

Test(siit_icmp, SIIT_126_bytes_behind_the_quote)
{
	quote4(60);
	memset(q.b + q.len, 0xee, 4);
	make4_error(&m, (struct make4){ 0 }, 11, 0, 0, q.b, q.len + 4);
	put_one(&b, &m);
	cr_expect_eq(b.len[0], 48 + 40 + 40);
}

VECTORS(siit_icmp, SIIT_300_echo, "6to4-echo-request", "6to4-echo-reply")
VECTORS(siit_icmp, SIIT_301_checksum_without_pseudo_header, "6to4-echo-*",
	"6to4-du-code-*", "6to4-timeexceeded-*")
VECTORS(siit_icmp, SIIT_302_multicast_listener_discovery,
	"6to4-icmpv6-type-13[012]")
VECTORS(siit_icmp, SIIT_303_neighbour_discovery, "6to4-icmpv6-type-13[3-7]")
VECTORS(siit_icmp, SIIT_304_other_informational_types, "6to4-icmpv6-type-138",
	"6to4-icmpv6-type-143", "6to4-icmpv6-type-160", "6to4-icmpv6-type-2*")
VECTORS(siit_icmp, SIIT_305_unreachable, "6to4-du-code-*")
VECTORS(siit_icmp, SIIT_306_packet_too_big, "6to4-ptb-*")
VECTORS(siit_icmp, SIIT_307_time_exceeded, "6to4-timeexceeded-*")
VECTORS(siit_icmp, SIIT_308_parameter_problem, "6to4-paramprob-ptr-*")
VECTORS(siit_icmp, SIIT_309_unknown_next_header, "6to4-paramprob-code1")
VECTORS(siit_icmp, SIIT_310_other_parameter_problems, "6to4-paramprob-code2",
	"6to4-paramprob-code3")
VECTORS(siit_icmp, SIIT_311_unknown_errors, "6to4-icmpv6-type-5",
	"6to4-icmpv6-type-1??")

/* Every type and code, from the RFC's list in section 5.2. */
Test(siit_icmp, SIIT_304_every_type_and_code_to_icmpv4)
{
	static const int unreachable[5] = { 1, 10, 1, 1, 3 };
	int type;
	int code;

	quote6();
	for (unsigned int t = 0; t < 256; t++) {
		for (unsigned int c = 0; c < 256; c++) {
			type = -1;
			code = 0;
			if (t == 128 || t == 129)
				type = t == 128 ? 8 : 0, code = (int)c;
			else if (t == 1 && c < 5)
				type = 3, code = unreachable[c];
			else if (t == 2)
				type = 3, code = 4;
			else if (t == 3)
				type = 11, code = (int)c;
			else if (t == 4 && c == 0)
				type = 12;
			else if (t == 4 && c == 1)
				type = 3, code = 2;
			make6_error(&m, (struct make6){ 0 }, t, c, 0, q.b,
				    q.len);
			bench_put(&b, m.b, m.len);
			if (type < 0) {
				cr_expect_eq(b.r.verdict, XLAT_DROP, "%u/%u", t,
					     c);
				continue;
			}
			cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%u/%u", t, c);
			cr_expect_eq(out_icmp(&b)[0], type, "%u/%u", t, c);
			cr_expect_eq(out_icmp(&b)[1], code, "%u/%u", t, c);
		}
	}
}

/* Figure 6, each byte of an IPv6 header. */
Test(siit_icmp, SIIT_308_every_pointer)
{
	static const int start[8] = { 0, 1, -1, -1, 2, 2, 9, 8 };
	int want;

	quote6();
	for (uint32_t p = 0; p < 2000; p++) {
		want = p < 8 ? start[p] : p < 24 ? 12 : p < 40 ? 16 : -1;
		make6_error(&m, (struct make6){ 0 }, 4, 0,
			    p == 1999 ? 0x80000000 : p, q.b, q.len);
		bench_put(&b, m.b, m.len);
		if (want < 0) {
			cr_expect_eq(b.r.verdict, XLAT_DROP, "%u", p);
			continue;
		}
		cr_assert_eq(b.r.verdict, XLAT_FORWARD, "%u", p);
		cr_expect_eq(out_icmp(&b)[4], want, "%u", p);
	}
}

VECTORS(siit_icmp, SIIT_312_quoted_packets, "6to4-inner-tcp-8-bytes",
	"6to4-inner-echo", "6to4-inner-echo-8-bytes")
VECTORS(siit_icmp, SIIT_313_quoted_fragments_and_extension_headers,
	"6to4-inner-fragment", "6to4-inner-later-fragment",
	"6to4-inner-dstopts")
VECTORS(siit_icmp, SIIT_314_error_about_an_error, "6to4-nested-error")
VECTORS(siit_icmp, SIIT_315_outer_total_length, "6to4-inner-*")
VECTORS(siit_icmp, SIIT_316_quoted_df, "6to4-inner-large-df")
VECTORS(siit_icmp, SIIT_317_mtu_below_1280, "6to4-ptb-1000")

/* The formula says 1400 - 20; 1372 would be legal too. */
Test(siit_icmp, SIIT_318_packet_too_big_about_a_fragment)
{
	static const uint8_t data[32] = { 1 };
	unsigned int mtu;

	make6(&q,
	      (struct make6){ .src = "2001:db8:64::c633:6402",
			      .dst = "2001:db8:64::c000:221",
			      .next = 44,
			      .ext = "1100000100000001" },
	      data, 32);
	make6_error(&m, (struct make6){ 0 }, 2, 0, 1400, q.b, q.len);
	put_one(&b, &m);
	mtu = be_get16(out_icmp(&b) + 6);
	cr_expect(mtu == 1380 || mtu == 1372, "%u", mtu);
}

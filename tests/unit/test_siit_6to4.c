/* SPDX-License-Identifier: MIT */
/* IPv6 to IPv4: header, extension headers, fragments and sizes; RFC 7915,
 * 5 to 5.1.1. */
#include <stdlib.h>

#include "siit_make.h"
#include "vector.h"

BENCH_SUITE(siit_6to4);

VECTORS(siit_6to4, SIIT_200_version_4_without_options, "6to4-udp-basic")
VECTORS(siit_6to4, SIIT_201_tos_is_the_traffic_class, "6to4-tc-copy")

Test(siit_6to4, SIIT_201_all_256_values)
{
	for (unsigned int tc = 0; tc < 256; tc++) {
		make6_udp(&m, (struct make6){ .tc = tc, .flow = 0xabcde }, 1);
		put_one(&b, &m);
		cr_expect_eq(b.packet[0][1], tc);
	}
}

VECTORS(siit_6to4, SIIT_202_tos_can_be_fixed, "6to4-tc-fixed")
VECTORS(siit_6to4, SIIT_203_total_length, "6to4-udp-basic",
	"6to4-flowlabel-ignored")

/* 2^15 consecutive packets of one flow, in which no value repeats; and no
 * two flows that walk side by side. */
Test(siit_6to4, SIIT_204_identification)
{
	static struct ident ident = { .key = { 0x0123456789abcdef,
					       0xfedcba9876543210 } };
	static uint8_t seen[65536];
	unsigned int one = 0;
	unsigned int other;
	unsigned int differ = 0;

	b.s.tr.ident = &ident;
	make6_udp(&m, (struct make6){ 0 }, 1);
	for (unsigned int i = 0; i < 32768; i++) {
		put_one(&b, &m);
		cr_assert_not(seen[out_wire(&b, 0).id]++);
	}
	for (unsigned int i = 1; i < 200; i++) {
		m.b[39] = (uint8_t)i;
		make_checksum(&m);
		put_one(&b, &m);
		other = out_wire(&b, 0).id;
		differ += other - one > 4 && one - other > 4;
		one = other;
	}
	cr_expect_gt(differ, 190);
}

VECTORS(siit_6to4, SIIT_205_df_by_the_ipv4_size, "6to4-df-total-*",
	"6to4-dstopts-df-size")
VECTORS(siit_6to4, SIIT_206_mf_and_offset_0, "6to4-udp-basic")
VECTORS(siit_6to4, SIIT_207_ttl_is_hop_limit_less_one, "6to4-hlim-2")
VECTORS(siit_6to4, SIIT_208_used_up_hop_limit_is_reported, "6to4-hlim-1",
	"6to4-hlim-1-echo", "6to4-hlim-1-icmp-error")

Test(siit_6to4, SIIT_208_hop_limit_0)
{
	make6_udp(&m, (struct make6){ 0 }, 1);
	m.b[7] = 0;
	put_reply(&b, &m, WHY_HOP_LIMIT, 3, 0);
}

VECTORS(siit_6to4, SIIT_209_protocol, "6to4-nh-*", "6to4-all-three")
VECTORS(siit_6to4, SIIT_210_header_checksum, "6to4-udp-basic", "6to4-tcp-syn",
	"6to4-frag-first")
VECTORS(siit_6to4, SIIT_211_addresses, "6to4-udp-basic", "eam-6to4-*")
/* A machine's own reports of the groups it listens to (RFC 3810, 5.2.13) have
 * such sources; they are no forgery. */
Test(siit_6to4, SIIT_010_multicast_listener_reports)
{
	static const char *const src[] = { "::", "fe80::1" };

	for (size_t i = 0; i < 2; i++) {
		make6_error(&m,
			    (struct make6){ .src = src[i], .dst = "ff02::16" },
			    143, 0, 0, (const uint8_t *)"", 0);
		put_drop(&b, &m, WHY_ILLEGAL_DESTINATION);
	}
}

VECTORS(siit_6to4, SIIT_212_illegal_source, "6to4-src-__", "6to4-src-__1",
	"6to4-src-ff02__1", "6to4-src-linklocal")
VECTORS(siit_6to4, SIIT_213_source_without_mapping, "6to4-src-untranslatable")

Test(siit_6to4, SIIT_214_destination_without_mapping)
{
	make6_udp(&m, (struct make6){ .dst = "2001:db8:beef::1" }, 1);
	put_reply(&b, &m, WHY_NO_MAPPING, 1, 1);
}

VECTORS(siit_6to4, SIIT_215_illegal_extracted_addresses,
	"6to4-src-maps-to-loopback", "6to4-dst-maps-to-multicast")

Test(siit_6to4, SIIT_215_what_is_behind_pool6_but_closed)
{
	static const char *const closed[] = {
		"2001:db8:64::",          /* 0.0.0.0 */
		"2001:db8:64::7f00:1",    /* 127.0.0.1 */
		"2001:db8:64::a9fe:a9fe", /* 169.254.169.254 */
		"2001:db8:64::e000:1",    /* 224.0.0.1 */
		"2001:db8:64::f000:1",    /* 240.0.0.1 */
		"2001:db8:64::ffff:ffff",
	};

	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		make6_udp(&m, (struct make6){ .dst = closed[i] }, 1);
		put_reply(&b, &m, WHY_ILLEGAL_DESTINATION, 1, 1);
		make6_udp(&m, (struct make6){ .src = closed[i] }, 1);
		put_reply(&b, &m, WHY_ILLEGAL_SOURCE, 1, 1);
	}
	/* The translator itself, and it again when it has been named. */
	make6_udp(&m, (struct make6){ .dst = "2001:db8:64::cb00:71fe" }, 1);
	put_reply(&b, &m, WHY_OWN_ADDRESS, 1, 1);
	b.s.tr.allow4 = &(struct net4){ text4("203.0.113.254"), 32 };
	b.s.tr.allow4_count = 1;
	put_one(&b, &m);
}

VECTORS(siit_6to4, SIIT_230_headers_that_are_skipped, "6to4-hbh",
	"6to4-dstopts", "6to4-routing-done", "6to4-all-three",
	"6to4-dstopts-icmpv6")
VECTORS(siit_6to4, SIIT_231_routing_header_with_segments_left,
	"6to4-routing-left-1", "6to4-hbh-routing-left-2")
VECTORS(siit_6to4, SIIT_232_fragment_header_total_length, "6to4-frag-first")
VECTORS(siit_6to4, SIIT_233_identification_is_cut_to_16_bits, "6to4-frag-first")
VECTORS(siit_6to4, SIIT_234_mf_and_df_of_fragments, "6to4-frag-last",
	"6to4-frag-large-df0")
VECTORS(siit_6to4, SIIT_235_offset_is_copied, "6to4-frag-middle")
VECTORS(siit_6to4, SIIT_236_extension_behind_the_fragment_header,
	"6to4-frag-then-dstopts", "6to4-frag-then-ah",
	"6to4-frag-then-dstopts-later")

Test(siit_6to4, SIIT_236_all_of_them)
{
	static const char *const heads[] = { "00", "2b", "2c", "33",
					     "3c", "87", "8b", "8c" };
	static const uint8_t data[16] = { 59 };
	char ext[32];

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		snprintf(ext, sizeof(ext), "%s00000100000001", heads[i]);
		make6(&m, (struct make6){ .next = 44, .ext = ext }, data, 16);
		put_reply(&b, &m, WHY_EXT_AFTER_FRAGMENT, 1, 1);
	}
}

VECTORS(siit_6to4, SIIT_237_esp_behind_the_fragment_header,
	"6to4-frag-then-esp")
VECTORS(siit_6to4, SIIT_238_atomic_fragments, "6to4-atomic-*")
VECTORS(siit_6to4, SIIT_239_fragmented_icmpv6, "6to4-frag-icmpv6-*")
VECTORS(siit_6to4, SIIT_240_ah, "6to4-nh-ah")
VECTORS(siit_6to4, SIIT_241_no_next_header, "6to4-nh-nonxt", "6to4-nh-mobility")

Test(siit_6to4, SIIT_241_icmpv4_inside_ipv6)
{
	static const uint8_t echo[8] = { 8, 0, 0xf7, 0xff };

	make6(&m, (struct make6){ .next = 1 }, echo, 8);
	put_drop(&b, &m, WHY_UNKNOWN_PROTOCOL);
}

VECTORS(siit_6to4, SIIT_242_headers_before_the_fragment_header, "6to4-hbh-frag")
VECTORS(siit_6to4, SIIT_243_chain_beyond_the_packet, "6to4-exthdr-chain-cut")

Test(siit_6to4, SIIT_244_long_chains)
{
	static char ext[16 * 100 + 1];
	static const uint8_t udp[8] = { 0x0f, 0xa0, 0, 53, 0, 8, 1, 1 };

	for (size_t count = 1; count <= 100; count++) {
		for (size_t i = 0; i < count; i++)
			snprintf(ext + 16 * i, 17, "%s00000000000000",
				 i + 1 < count ? "3c" : "11");
		make6(&m, (struct make6){ .next = 60, .ext = ext }, udp, 8);
		bench_put(&b, m.b, m.len);
		cr_expect_eq(b.r.why, count <= 16 ? WHY_NONE : WHY_BAD_CHAIN,
			     "%zu: %s", count, xlat_why_name(b.r.why));
	}
}

VECTORS(siit_6to4, SIIT_250_small_packets_are_fragmented,
	"6to4-mtu576-fragments", "6to4-mtu1000-1280-fragments",
	"6to4-mtu576-refragment")

Test(siit_6to4, SIIT_250_pieces_share_an_identification)
{
	static struct ident ident = { .key = { 1, 2 } };
	static uint8_t data[65536];
	size_t n;

	b.s.tr.ident = &ident;
	b.s.tr.mtu4 = 576;
	make6_udp(&m, (struct make6){ 0 }, 1200);
	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.count, 3);
	cr_expect_null(wire_reassemble((const uint8_t *const *)b.packet, b.len,
				       3, 576, data, &n));
	cr_expect_eq(n, 1208);
}

VECTORS(siit_6to4, SIIT_251_large_packets_are_reported, "6to4-mtu1300-ptb",
	"6to4-mtu1000-ptb", "6to4-mtu1300-ptb-echo")
VECTORS(siit_6to4, SIIT_252_quote_up_to_1280_bytes, "6to4-mtu1300-ptb")

Test(siit_6to4, SIIT_253_large_fragments_are_fragmented)
{
	static const uint8_t data[1352] = { 1 };

	b.s.tr.mtu4 = 1300;
	make6(&m, (struct make6){ .next = 44, .ext = "1100000000001234" }, data,
	      sizeof(data));
	m.b[43] = 1;
	m.b[54] = 0x12; /* a checksum */
	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD);
	cr_assert_eq(b.count, 2);
	cr_expect_eq(out_wire(&b, 0).id, 0x1234);
	cr_expect_eq(out_wire(&b, 1).id, 0x1234);
	cr_expect(out_wire(&b, 1).more);
	cr_expect_eq(out_wire(&b, 1).off, 1280);
}

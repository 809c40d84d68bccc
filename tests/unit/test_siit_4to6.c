/* SPDX-License-Identifier: MIT */
/* IPv4 to IPv6: header, options, sizes and fragments; RFC 7915, 4 to 4.1. */
#include <stdlib.h>

#include "siit_make.h"
#include "vector.h"

BENCH_SUITE(siit_4to6);

VECTORS(siit_4to6, SIIT_001_behaves_as_a_router, "4to6-ttl-2",
	"4to6-df-1481-toobig", "6to4-mtu576-fragments")
VECTORS(siit_4to6, SIIT_002_bad_header_is_dropped, "4to6-bad-header-checksum",
	"4to6-total-length-too-long")

Test(siit_4to6, SIIT_002_each_field_that_can_lie)
{
	uint8_t whole[60];

	make4_udp(&m, (struct make4){ 0 }, 16);
	memcpy(whole, m.b, m.len);
	for (size_t n = 1; n < 20; n++) {
		bench_put(&b, whole, n);
		cr_expect_eq(b.r.why, WHY_SHORT, "%zu bytes", n);
	}
	bench_put(&b, whole, 0);
	cr_expect_eq(b.r.why, WHY_SHORT);
	m.b[0] = 0x44;
	put_drop(&b, &m, WHY_BAD_LENGTH);
	m.b[0] = 0x4f; /* 60 bytes of header in a packet of 44 */
	put_drop(&b, &m, WHY_BAD_LENGTH);
	m.b[0] = 0x55;
	put_drop(&b, &m, WHY_VERSION);
	m.b[0] = 0x45;
	be_put16(m.b + 2, 19);
	put_drop(&b, &m, WHY_BAD_LENGTH);
}

VECTORS(siit_4to6, SIIT_003_bytes_behind_the_packet_and_missing_ones,
	"6to4-payload-truncated", "6to4-trailing-bytes")

Test(siit_4to6, SIIT_003_bytes_behind_total_length_are_not_the_packet)
{
	make4_udp(&m, (struct make4){ 0 }, 16);
	memset(m.b + m.len, 0xee, 9);
	m.len += 9;
	put_one(&b, &m);
	cr_expect_eq(b.len[0], 40 + 8 + 16);
}

VECTORS(siit_4to6, SIIT_004_rfc6052_is_supported, "addr-*")
VECTORS(siit_4to6, SIIT_005_mappings_are_supported, "eam-4to6-*", "eam-6to4-*")
VECTORS(siit_4to6, SIIT_006_rfc6791_is_supported, "6to4-6791-*")

/* Octets of a transport header up to the end of its checksum. */
static size_t checked_head(unsigned int proto)
{
	switch (proto) {
	case 6:
		return 18;
	case 17:
	case 33:
	case 136:
		return 8;
	default:
		return 0;
	}
}

static void same_payload(struct vector *v)
{
	struct wire in;
	struct wire out;
	size_t skip;

	bench_put(&v->bench, v->in.b, v->in.len);
	if (v->bench.r.verdict != XLAT_FORWARD || v->bench.count != 1)
		return;
	cr_assert_null(wire_parse(&in, v->in.b, v->in.len), "%s", v->id);
	cr_assert_null(wire_parse(&out, v->bench.packet[0], v->bench.len[0]));
	if (in.proto == 1 || in.proto == 58) /* held by vectors, byte by byte */
		return;
	skip = in.off ? 0 : checked_head(in.proto);
	cr_expect_eq(in.l4_len, out.l4_len, "%s", v->id);
	cr_expect(in.l4_len < skip ||
			  !memcmp(in.b + in.l4 + skip, out.b + out.l4 + skip,
				  in.l4_len - skip),
		  "%s: payload changed", v->id);
	if (skip)
		cr_expect(!memcmp(in.b + in.l4, out.b + out.l4,
				  skip == 18 ? 16 : 6),
			  "%s: ports or numbers changed", v->id);
}

Test(siit_4to6, SIIT_008_upper_layer_data_is_not_changed)
{
	cr_expect_gt(vector_each("*", same_payload), 300);
}

/* A datagram of 2000 bytes in three fragments. */
static void fragments(struct made f[3])
{
	static struct made whole;
	static const size_t at[] = { 0, 800, 1600, 2008 };

	make4_udp(&whole, (struct make4){ .id = 77 }, 2000);
	for (size_t i = 0; i < 3; i++)
		make4(&f[i],
		      (struct make4){ .id = 77,
				      .off = (unsigned int)at[i],
				      .mf = i < 2 },
		      whole.b + 20 + at[i], at[i + 1] - at[i]);
}

Test(siit_4to6, SIIT_009_no_state_between_fragments)
{
	static struct made f[3];
	static uint8_t first[3][1500];
	size_t len[3];

	fragments(f);
	for (size_t i = 0; i < 3; i++) {
		put_one(&b, &f[i]);
		len[i] = b.len[0];
		memcpy(first[i], b.packet[0], len[i]);
	}
	for (size_t i = 3; i-- > 0;) {
		put_one(&b, &f[i]);
		cr_expect_eq(b.len[0], len[i]);
		cr_expect_arr_eq(b.packet[0], first[i], len[i]);
	}
}

VECTORS(siit_4to6, SIIT_010_multicast_is_not_translated, "4to6-dst-224.0.0.5",
	"4to6-dst-239.1.1.1", "4to6-src-224.0.0.1", "6to4-dst-multicast",
	"6to4-dst-maps-to-multicast")
VECTORS(siit_4to6, SIIT_020_version_6, "4to6-udp-basic")
VECTORS(siit_4to6, SIIT_021_traffic_class_is_the_tos, "4to6-tos-copy")

Test(siit_4to6, SIIT_021_all_256_values)
{
	for (unsigned int tos = 0; tos < 256; tos++) {
		make4_udp(&m, (struct make4){ .tos = tos }, 1);
		put_one(&b, &m);
		cr_expect_eq(be_get32(b.packet[0]), 0x60000000u | tos << 20);
	}
}

VECTORS(siit_4to6, SIIT_022_traffic_class_can_be_zero, "4to6-tos-ignored")
VECTORS(siit_4to6, SIIT_023_flow_label_0, "4to6-udp-basic")
VECTORS(siit_4to6, SIIT_024_payload_length, "4to6-udp-basic")
VECTORS(siit_4to6, SIIT_025_next_header, "4to6-udp-basic", "4to6-echo-request")
VECTORS(siit_4to6, SIIT_026_hop_limit_is_ttl_less_one, "4to6-ttl-2",
	"4to6-ttl-255")
VECTORS(siit_4to6, SIIT_027_used_up_ttl_is_reported, "4to6-ttl-1", "4to6-ttl-0")
VECTORS(siit_4to6, SIIT_028_addresses, "4to6-udp-basic",
	"4to6-eam-src-6052-dst")
VECTORS(siit_4to6, SIIT_029_illegal_source, "4to6-src-*")

Test(siit_4to6, SIIT_029_class_e_and_link_local_can_be_named)
{
	static const struct net4 named[] = { { 0xf0000000, 4 },
					     { 0xa9fe0000, 16 } };

	make4_udp(&m, (struct make4){ .src = "240.0.0.1" }, 1);
	put_drop(&b, &m, WHY_ILLEGAL_SOURCE);
	b.s.tr.allow4 = named;
	b.s.tr.allow4_count = 2;
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "2001:db8:64::f000:1");
	make4_udp(&m, (struct make4){ .src = "169.254.1.2" }, 1);
	put_one(&b, &m);
	make4_udp(&m, (struct make4){ .src = "127.0.0.1" }, 1);
	put_drop(&b, &m, WHY_ILLEGAL_SOURCE);
}

VECTORS(siit_4to6, SIIT_030_error_from_an_illegal_source,
	"4to6-error-illegal-source", "4to6-error-private-router")
VECTORS(siit_4to6, SIIT_031_illegal_destination, "4to6-dst-*")

Test(siit_4to6, SIIT_031_link_local_destination)
{
	make4_udp(&m, (struct make4){ .dst = "169.254.169.254" }, 1);
	put_drop(&b, &m, WHY_ILLEGAL_DESTINATION);
}

VECTORS(siit_4to6, SIIT_032_options_vanish, "4to6-option-*")
VECTORS(siit_4to6, SIIT_033_source_route_with_somewhere_to_go,
	"4to6-lsrr-unexpired", "4to6-ssrr-unexpired")
VECTORS(siit_4to6, SIIT_034_used_up_source_route, "4to6-lsrr-expired")

Test(siit_4to6, SIIT_035_option_list_that_cannot_be_parsed)
{
	static const char *const bad[] = {
		"44000000", /* length 0 */
		"44010000", /* length 1 */
		"01010144", /* no room for a length */
		"44050000", /* beyond the header */
		"83020000", /* source route without a pointer */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		make4_udp(&m, (struct make4){ .opt = bad[i] }, 1);
		put_drop(&b, &m, WHY_BAD_OPTION);
	}
	/* Behind the end of the list anything goes. */
	make4_udp(&m, (struct make4){ .opt = "00440000" }, 1);
	put_one(&b, &m);
}

VECTORS(siit_4to6, SIIT_036_every_protocol_is_forwarded, "4to6-proto-*")

Test(siit_4to6, SIIT_036_all_that_mean_the_same_in_ipv6)
{
	static const uint8_t data[40] = { 1, 2, 3 };
	size_t skip;
	static const uint8_t other[] = { 0,  1,  2,  6,   17,  43,
					 44, 58, 60, 135, 139, 140 };

	for (unsigned int proto = 0; proto < 256; proto++) {
		if (memchr(other, (int)proto, sizeof(other)))
			continue;
		make4(&m, (struct make4){ .proto = proto }, data, 40);
		put_one(&b, &m);
		cr_expect_eq(b.packet[0][6], proto);
		skip = checked_head(proto);
		cr_expect_arr_eq(b.packet[0] + 40 + skip, data + skip,
				 40 - skip);
	}
}

VECTORS(siit_4to6, SIIT_037_igmp_is_dropped, "4to6-igmp")

Test(siit_4to6, SIIT_038_what_would_become_an_extension_header)
{
	static const unsigned int protos[] = { 43, 44, 58, 60, 135, 139, 140 };
	static const uint8_t data[16];

	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		make4(&m, (struct make4){ .proto = protos[i] }, data, 16);
		put_drop(&b, &m, WHY_UNKNOWN_PROTOCOL);
	}
	make4(&m, (struct make4){ .proto = 99 }, data, 16);
	m.b[9] = 0;
	be_put16(m.b + 10, 0);
	be_put16(m.b + 10, (uint16_t)~wire_sum(m.b, 20));
	put_drop(&b, &m, WHY_UNKNOWN_PROTOCOL);
}

VECTORS(siit_4to6, SIIT_050_small_packets_get_no_fragment_header,
	"4to6-nodf-1260", "4to6-nodf-options-size")
VECTORS(siit_4to6, SIIT_051_fragmented_to_the_lowest_mtu, "4to6-nodf-1261",
	"4to6-nodf-1500", "4to6-nodf-3000")
VECTORS(siit_4to6, SIIT_052_lowest_mtu_can_be_raised, "4to6-nodf-lowest-1500",
	"4to6-nodf-lowest-above-mtu6")
VECTORS(siit_4to6, SIIT_053_data_per_fragment, "4to6-nodf-lowest-1400")

Test(siit_4to6, SIIT_053_fragments_are_filled)
{
	static const struct {
		uint32_t lowest;
		size_t data;
	} rows[] = { { 1280, 1232 }, { 1400, 1352 }, { 1500, 1448 } };

	for (size_t i = 0; i < 3; i++) {
		b.s.tr.lowest_mtu6 = rows[i].lowest;
		make4_udp(&m, (struct make4){ 0 }, 4000);
		bench_put(&b, m.b, m.len);
		cr_assert_gt(b.count, 2);
		cr_expect_eq(out_wire(&b, 0).l4_len, rows[i].data);
		cr_expect_eq(out_wire(&b, 1).l4_len, rows[i].data);
	}
}

VECTORS(siit_4to6, SIIT_054_fragment_header, "4to6-frag-first")
VECTORS(siit_4to6, SIIT_055_fragments_stay_fragments, "4to6-frag-first",
	"4to6-frag-middle", "4to6-frag-last", "4to6-frag-small-last-8")
/* Whatever is in them: first, middle and last, there and back. */
Test(siit_4to6, SIIT_055_SIIT_234_SIIT_235_fragments_of_any_protocol)
{
	static const unsigned int protos[] = { 4, 41, 47, 50, 89, 132, 253 };
	static const struct {
		unsigned int off;
		bool mf;
	} parts[] = { { 0, true }, { 800, true }, { 65000, false } };
	uint8_t data[64];
	uint8_t six[200];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3 + 1);
	for (size_t i = 0; i < XL_COUNT(protos) * XL_COUNT(parts); i++) {
		const unsigned int proto = protos[i / XL_COUNT(parts)];
		const unsigned int off = parts[i % XL_COUNT(parts)].off;
		const bool mf = parts[i % XL_COUNT(parts)].mf;

		make4(&m,
		      (struct make4){
			      .proto = proto, .id = 77, .off = off, .mf = mf },
		      data, 64);
		put_one(&b, &m);
		memcpy(six, b.packet[0], b.len[0]);
		cr_assert_eq(b.len[0], 48 + 64);
		cr_expect_eq(six[6], 44);
		cr_expect_eq(be_get16(six + 4), 72);
		cr_expect_eq(be_get16(six + 40), proto << 8);
		cr_expect_eq(be_get16(six + 42), off | mf);
		cr_expect_eq(be_get32(six + 44), 77);
		cr_expect_arr_eq(six + 48, data, 64);

		bench_put(&b, six, 48 + 64);
		cr_assert_eq(b.r.verdict, XLAT_FORWARD);
		cr_assert_eq(b.len[0], 20 + 64);
		cr_expect_eq(b.packet[0][9], proto);
		cr_expect_eq(be_get16(b.packet[0] + 4), 77);
		cr_expect_eq(be_get16(b.packet[0] + 6),
			     off / 8 | (unsigned int)mf << 13);
		cr_expect_arr_eq(b.packet[0] + 20, data, 64);
	}
}

VECTORS(siit_4to6, SIIT_056_fragments_are_cut_further,
	"4to6-frag-refragment-mf", "4to6-frag-refragment-last")
VECTORS(siit_4to6, SIIT_057_df_that_fits, "4to6-df-1400", "4to6-df-1480-fits",
	"4to6-tcp-df")
VECTORS(siit_4to6, SIIT_058_df_that_does_not_fit, "4to6-df-1481-toobig",
	"4to6-df-toobig-mtu1280", "4to6-df-toobig-icmp-echo")

Test(siit_4to6, SIIT_058_options_do_not_count)
{
	/* Total Length 1504 with 40 bytes of options: 1464 - 20 + 40 fit. */
	make4_udp(&m,
		  (struct make4){ .df = true,
				  .opt = "0101010101010101010101010101010101"
					 "0101010101010101010101010101010101"
					 "010101010101" },
		  1436);
	put_one(&b, &m);
	cr_expect_eq(b.len[0], 40 + 8 + 1436);
}

VECTORS(siit_4to6, SIIT_059_fragment_with_df, "4to6-frag-df-first",
	"4to6-frag-df-toobig")

Test(siit_4to6, SIIT_060_no_atomic_fragments_are_made)
{
	struct wire w;

	for (size_t payload = 1; payload < 1500; payload += 13) {
		for (int df = 0; df < 2; df++) {
			make4_udp(&m, (struct make4){ .df = df }, payload);
			bench_put(&b, m.b, m.len);
			for (size_t i = 0;
			     b.r.verdict == XLAT_FORWARD && i < b.count; i++) {
				w = out_wire(&b, i);
				cr_expect(!w.frag || w.off || w.more,
					  "%zu bytes", payload);
			}
		}
	}
}

VECTORS(siit_4to6, SIIT_061_identification_of_pieces, "4to6-nodf-1261")

Test(siit_4to6, SIIT_061_identification_zero_is_kept)
{
	make4_udp(&m, (struct make4){ .id = 0 }, 1400);
	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.count, 2);
	cr_expect_eq(out_wire(&b, 0).id, 0);
	make4_udp(&m, (struct make4){ .id = 0xfffe }, 1400);
	bench_put(&b, m.b, m.len);
	cr_expect_eq(out_wire(&b, 1).id, 0xfffe);
}

VECTORS(siit_4to6, SIIT_062_checksums_before_cutting, "4to6-nodf-echo-1400",
	"4to6-nodf-udpzero-1400")

Test(siit_4to6, SIIT_063_pieces_agree_and_are_in_order)
{
	static uint8_t data[65536];
	size_t n;

	make4_udp(&m, (struct make4){ .tos = 0xb8, .ttl = 9, .id = 5 }, 9000);
	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD);
	cr_assert_eq(b.count, 8);
	cr_expect_null(wire_reassemble((const uint8_t *const *)b.packet, b.len,
				       b.count, 1280, data, &n));
	cr_expect_eq(n, 9008);
	cr_expect_arr_eq(data + 8, m.b + 28, 9000);
}

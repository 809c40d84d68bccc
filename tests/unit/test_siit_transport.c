/* SPDX-License-Identifier: MIT */
/* Checksums of TCP and UDP, both ways; RFC 7915, 4.5 and 5.5. */
#include <stdlib.h>

#include "siit_make.h"
#include "vector.h"

BENCH_SUITE(siit_transport);

VECTORS(siit_transport, SIIT_070_tcp_checksum, "4to6-tcp-syn")
VECTORS(siit_transport, SIIT_071_udp_checksum, "4to6-udp-basic")
VECTORS(siit_transport, SIIT_072_udp_without_checksum, "4to6-udpzero-drop",
	"4to6-udpzero-compute")
VECTORS(siit_transport, SIIT_073_drop_mode, "4to6-udpzero-drop")
VECTORS(siit_transport, SIIT_074_compute_mode, "4to6-udpzero-compute",
	"4to6-udpzero-odd-length")
VECTORS(siit_transport, SIIT_075_zero_is_sent_as_ffff,
	"4to6-udpzero-result-zero", "4to6-udp-result-zero")
VECTORS(siit_transport, SIIT_076_first_fragment_without_checksum,
	"4to6-udpzero-first-fragment")
VECTORS(siit_transport, SIIT_077_later_fragment_without_checksum,
	"4to6-udpzero-later-fragment")
VECTORS(siit_transport, SIIT_078_forward_mode, "4to6-udpzero-forward")

Test(siit_transport, SIIT_078_forward_mode_fragments_included)
{
	const uint8_t first[16] = { 0x0f, 0xa0, 0, 53, 0x03, 0xe8, 0, 0 };

	b.s.tr.udp_zero = UDP_ZERO_FORWARD;
	make4(&m, (struct make4){ .mf = true }, first, 16);
	put_one(&b, &m);
	cr_expect_arr_eq(b.packet[0] + 48, first, 16);
}

VECTORS(siit_transport, SIIT_079_later_fragments_do_not_change,
	"4to6-frag-middle", "4to6-frag-last", "6to4-frag-middle")
VECTORS(siit_transport, SIIT_080_first_fragments, "4to6-frag-first",
	"4to6-frag-tcp-first")

Test(siit_transport, SIIT_080_reassembles_to_a_valid_checksum)
{
	static struct made whole;
	static uint8_t out[2][2000];
	static uint8_t data[65536];
	const uint8_t *packets[] = { out[0], out[1] };
	size_t len[2];
	size_t n;

	make4_tcp(&whole, (struct make4){ 0 }, 1980);
	for (size_t i = 0; i < 2; i++) {
		make4(&m,
		      (struct make4){
			      .proto = 6, .off = i ? 1200 : 0, .mf = !i },
		      whole.b + 20 + i * 1200, i ? 800 : 1200);
		put_one(&b, &m);
		len[i] = b.len[0];
		memcpy(out[i], b.packet[0], len[i]);
	}
	cr_assert_null(wire_reassemble(packets, len, 2, 1280, data, &n));
	memcpy(m.b, out[0], 40);
	memcpy(m.b + 40, data, n);
	m.b[6] = 6;
	be_put16(m.b + 4, (uint16_t)n);
	cr_expect_null(wire_fault(m.b, 40 + n, false));
}

VECTORS(siit_transport, SIIT_081_neutral_addresses, "wkp-4to6-tcp-neutral",
	"wkp-6to4-tcp-neutral")
VECTORS(siit_transport, SIIT_082_wrong_checksums_stay_wrong, "4to6-tcp-corrupt",
	"6to4-tcp-corrupt")
VECTORS(siit_transport, SIIT_083_dccp_and_udp_lite, "4to6-proto-dccp")

/* What the checksum of a packet's pseudo-header and first @covered transport
 * bytes comes to: 0xffff where it is right. RFC 4340, 9.1; RFC 3828, 3.1: the
 * length in the pseudo-header is that of all. */
static uint16_t partial_sum(const uint8_t *packet, size_t len, size_t covered)
{
	static uint8_t copy[256];
	struct wire w;

	cr_assert_null(wire_parse(&w, packet, len));
	memset(copy, 0, sizeof(copy));
	memcpy(copy, packet, w.l4 + covered);
	w.b = copy;
	return wire_transport_sum(&w);
}

/* 32 bytes of DCCP or UDP-Lite, of which @covered have a checksum. */
static void make_covered(unsigned int proto, bool v6, size_t covered)
{
	static const uint8_t data[32] = { 0x0f, 0xa0,        0,       80,
					  8,    0x10,        [9] = 7, 0x11,
					  0x22, [30] = 0xab, 0xcd };
	const size_t l4 = v6 ? 40 : 20;

	if (v6)
		make6(&m, (struct make6){ .next = proto }, data, 32);
	else
		make4(&m, (struct make4){ .proto = proto }, data, 32);
	be_put16(m.b + l4 + 6, (uint16_t)~partial_sum(m.b, m.len, covered));
	cr_assert_eq(partial_sum(m.b, m.len, covered), 0xffff);
}

Test(siit_transport, SIIT_083_dccp_and_udp_lite_are_adjusted)
{
	static const unsigned int protos[] = { 33, 136 };
	static const size_t covers[] = { 32, 16, 8 };
	uint8_t wrong[2];

	for (size_t i = 0; i < 12; i++) {
		const bool v6 = i & 1;
		const size_t covered = covers[i / 4];
		const size_t from = v6 ? 40 : 20;
		const size_t to = v6 ? 20 : 40;

		make_covered(protos[i / 2 % 2], v6, covered);
		put_one(&b, &m);
		cr_expect_eq(partial_sum(b.packet[0], b.len[0], covered),
			     0xffff, "case %zu", i);
		cr_expect_arr_eq(b.packet[0] + to, m.b + from, 6);
		cr_expect_arr_eq(b.packet[0] + to + 8, m.b + from + 8, 24);
		/* What was wrong stays so. */
		m.b[from + 7] ^= 1;
		memcpy(wrong, b.packet[0] + to + 6, 2);
		put_one(&b, &m);
		cr_expect_neq(partial_sum(b.packet[0], b.len[0], covered),
			      0xffff);
		cr_expect_arr_neq(b.packet[0] + to + 6, wrong, 2);
	}
}

Test(siit_transport, SIIT_083_so_are_those_in_an_error)
{
	static struct made quoted;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		make_covered(33, v6, 32);
		quoted = m;
		if (v6)
			make6_error(&m, (struct make6){ 0 }, 1, 4, 0, quoted.b,
				    quoted.len);
		else
			make4_error(&m, (struct make4){ 0 }, 3, 3, 0, quoted.b,
				    quoted.len);
		put_one(&b, &m);
		cr_expect_eq(partial_sum(out_icmp(&b) + 8, v6 ? 52 : 72, 32),
			     0xffff);
	}
}

/* RFC 3828, 3.1: what comes out as zero is sent as all ones. */
Test(siit_transport, SIIT_083_udp_lite_never_without_checksum)
{
	uint16_t sum;

	make_covered(136, true, 32);
	/* Make the sum of all else that of IPv4's all ones. */
	put_one(&b, &m);
	sum = be_get16(b.packet[0] + 20 + 6);
	be_put16(m.b + 40 + 8, (uint16_t)(be_get16(m.b + 40 + 8) + sum));
	be_put16(m.b + 40 + 6, 0);
	be_put16(m.b + 40 + 6, (uint16_t)~partial_sum(m.b, m.len, 32));
	put_one(&b, &m);
	cr_expect_eq(be_get16(b.packet[0] + 20 + 6), 0xffff);
}

Test(siit_transport, SIIT_083_sctp_and_later_fragments_are_not_touched)
{
	static const uint8_t data[] = { 0xde, 0xad, 0xbe, 0xef, 1, 2,  3,  4,
					5,    6,    7,    8,    9, 10, 11, 12 };
	static const unsigned int protos[] = { 132, 33, 136 };

	for (size_t i = 0; i < 3; i++) {
		make4(&m,
		      (struct make4){ .proto = protos[i], .off = i ? 64 : 0 },
		      data, 16);
		put_one(&b, &m);
		cr_expect_arr_eq(b.packet[0] + (i ? 48 : 40), data, 16);
	}
	make6(&m, (struct make6){ .next = 132 }, data, 16);
	put_one(&b, &m);
	cr_expect_arr_eq(b.packet[0] + 20, data, 16);
}

/* A SYN with MSS 1460. */
static void make_syn(struct made *syn)
{
	static const uint8_t tcp[24] = {
		0x0f, 0xa0, 0, 80, [12] = 0x60, 0x02, 0x10, [20] = 2, 4, 5, 0xb4
	};

	make4(syn, (struct make4){ .proto = 6, .df = true }, tcp, 24);
	make_checksum(syn);
}

Test(siit_transport, SIIT_084_mss_is_not_touched)
{
	make_syn(&m);
	put_one(&b, &m);
	cr_expect_arr_eq(b.packet[0] + 60, m.b + 40, 4);
}

VECTORS(siit_transport, SIIT_085_tiny_first_fragments, "4to6-tiny-tcp-fragment",
	"6to4-tiny-tcp-fragment")

Test(siit_transport, SIIT_085_shortest_that_can_be_adjusted)
{
	make4_tcp(&m, (struct make4){ 0 }, 0);
	m.len = 38;
	make4(&m, (struct make4){ .proto = 6, .mf = true }, m.b + 20, 18);
	put_one(&b, &m);
	make4(&m, (struct make4){ .proto = 6, .mf = true }, m.b + 20, 17);
	put_drop(&b, &m, WHY_TINY_FRAGMENT);
	make4(&m, (struct make4){ .mf = true }, m.b + 20, 7);
	put_drop(&b, &m, WHY_TINY_FRAGMENT);
	make4(&m, (struct make4){ 0 }, m.b + 20, 7);
	put_drop(&b, &m, WHY_SHORT);
	make4(&m, (struct make4){ .proto = 6 }, m.b + 20, 17);
	put_drop(&b, &m, WHY_SHORT);
}

/* RFC 3128, 2: the second fragment overwrites the flags of the first. */
Test(siit_transport, SIIT_086_tcp_fragment_at_offset_8)
{
	static const uint8_t data[24] = { 0 };

	make4(&m, (struct make4){ .proto = 6, .off = 8 }, data, 24);
	put_drop(&b, &m, WHY_TINY_FRAGMENT);
	make6(&m, (struct make6){ .next = 44, .ext = "0600000800000001" }, data,
	      24);
	put_drop(&b, &m, WHY_TINY_FRAGMENT);
	make4(&m, (struct make4){ .proto = 6, .off = 16 }, data, 24);
	put_one(&b, &m);
	make4(&m, (struct make4){ .proto = 17, .off = 8 }, data, 24);
	put_one(&b, &m);
}

VECTORS(siit_transport, SIIT_260_tcp_checksum, "6to4-tcp-syn")
VECTORS(siit_transport, SIIT_261_udp_checksum, "6to4-udp-basic")
VECTORS(siit_transport, SIIT_262_zero_is_sent_as_ffff, "6to4-udp-result-zero")
VECTORS(siit_transport, SIIT_263_no_checksum_stays_none,
	"6to4-udp-zero-checksum")
VECTORS(siit_transport, SIIT_264_other_protocols, "6to4-nh-*")

/* SPDX-License-Identifier: MIT */
/*
 * There and back again: what one translator makes of a packet, another makes
 * into the packet that it was. RFC 7915 keeps everything but the TTL, which
 * loses one each way, and, of an IPv4 packet, the options, and the
 * Identification and DF of one that fits 1260 bytes without being a fragment.
 */
#include "siit_make.h"

#define SMALL 1260u /* RFC 7915, 5.1 */

static uint8_t between[70000];

BENCH_SUITE(roundtrip);

/* Translate @m twice; the result is in @b. */
static void twice(void)
{
	size_t len;

	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.count, 1, "%zu bytes: there: %s", m.len,
		     xlat_why_name(b.r.why));
	len = b.len[0];
	memcpy(between, b.packet[0], len);
	cr_assert_neq(between[0] >> 4, m.b[0] >> 4, "not translated");
	cr_assert_null(wire_fault(between, len, false));
	bench_put(&b, between, len);
	cr_assert_eq(b.count, 1, "%zu bytes: back: %s", m.len,
		     xlat_why_name(b.r.why));
	cr_assert_eq(b.len[0], m.len);
}

static void same4(bool fragment)
{
	const uint8_t *out = b.packet[0];
	const bool id_kept = fragment || m.len > SMALL;

	cr_assert_arr_eq(out, m.b, 4, "%zu bytes: TOS or length", m.len);
	if (fragment)
		cr_assert_arr_eq(out + 4, m.b + 4, 4, "ID, MF or offset");
	if (id_kept && !fragment)
		cr_assert_eq(out[6], m.b[6], "%zu bytes: DF", m.len);
	cr_assert_eq(out[8], m.b[8] - 2, "TTL");
	cr_assert_eq(out[9], m.b[9], "protocol");
	cr_assert_arr_eq(out + 12, m.b + 12, m.len - 12,
			 "%zu bytes: addresses, transport header or payload",
			 m.len);
}

static void same6(void)
{
	const uint8_t *out = b.packet[0];

	cr_assert_arr_eq(out, m.b, 7, "%zu bytes: class, length, next", m.len);
	cr_assert_eq(out[7], m.b[7] - 2, "hop limit");
	cr_assert_arr_eq(out + 8, m.b + 8, m.len - 8,
			 "%zu bytes: addresses, transport header or payload",
			 m.len);
}

/* Every size that has no fragments, odd ones too, and every TOS. */
static struct make4 shape4(size_t i)
{
	return (struct make4){ .tos = (unsigned int)i % 256,
			       .ttl = 3 + (unsigned int)i % 253,
			       .df = true };
}

static struct make6 shape6(size_t i)
{
	return (struct make6){ .tc = (unsigned int)i % 256,
			       .hlim = 3 + (unsigned int)i % 253 };
}

Test(roundtrip, ipv4_udp_tcp_echo)
{
	for (size_t i = 0; i <= 1432; i++) {
		make4_udp(&m, shape4(i), i);
		twice();
		same4(false);
		make4_tcp(&m, shape4(i), i);
		twice();
		same4(false);
		make4_echo(&m, shape4(i), i & 1, i);
		twice();
		same4(false);
	}
}

Test(roundtrip, ipv6_udp_tcp_echo)
{
	for (size_t i = 0; i <= 1432; i++) {
		make6_udp(&m, shape6(i), i);
		twice();
		same6();
		make6_tcp(&m, shape6(i), i);
		twice();
		same6();
		make6_echo(&m, shape6(i), i & 1, i);
		twice();
		same6();
	}
}

Test(roundtrip, ipv4_fragments)
{
	static const uint8_t data[1200] = { 1, 2, 3 };

	for (unsigned int i = 1; i < 1000; i++) {
		make4(&m,
		      (struct make4){ .proto = 17,
				      .id = i * 65,
				      .off = i * 8,
				      .mf = i & 1 },
		      data, 8 * (i % 140 + 1));
		twice();
		same4(true);
	}
}

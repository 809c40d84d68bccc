/* SPDX-License-Identifier: MIT */
/* Extensions of ICMP errors, RFC 4884, and sources without a counterpart,
 * RFC 6791. */
#include <stdlib.h>

#include "siit_make.h"
#include "vector.h"

/* An MPLS label stack object in its structure: traceroute's. */
#define MPLS "2000 0000 0008 0101 0001 01ff"

static struct made q;
static uint8_t body[4096];

BENCH_SUITE(siit_ext);

/* Write the structure at @at, with its checksum. Return: its bytes. */
static size_t structure(uint8_t *at, const char *hex)
{
	const size_t n = unhex(hex, at, 400);

	be_put16(at + 2, (uint16_t)~wire_sum(at, n));
	return n;
}

/* ICMPv4 Time Exceeded with @quote bytes of a packet and a structure. */
static void error4(size_t quote, const char *hex)
{
	size_t n;

	make4_udp(&q,
		  (struct make4){ .src = "192.0.2.33", .dst = "198.51.100.2" },
		  quote - 28);
	memcpy(body, q.b, quote);
	n = structure(body + quote, hex);
	make4_error(&m, (struct make4){ 0 }, 11, 0, (uint32_t)quote / 4 << 16,
		    body, quote + n);
}

/* ICMPv6 Time Exceeded from a router without mapping. */
static void error6(size_t quote, const char *hex)
{
	size_t n = 0;

	make6_udp(&q,
		  (struct make6){ .src = "2001:db8:64::c633:6402",
				  .dst = "2001:db8:64::c000:221" },
		  quote - 48);
	memcpy(body, q.b, quote);
	if (hex)
		n = structure(body + quote, hex);
	make6_error(&m, (struct make6){ .src = "2001:db8:fefe::1" }, 3, 0,
		    hex ? (uint32_t)quote / 8 << 24 : 0, body, quote + n);
}

/* The structure of what came out, @n: its bytes. */
static const uint8_t *out_structure(size_t *n)
{
	const uint8_t *icmp = out_icmp(&b);
	const struct wire w = out_wire(&b, 0);
	const size_t quote = w.version == 4 ? icmp[5] * 4u : icmp[4] * 8u;

	cr_assert(quote, "no extension");
	*n = w.l4_len - 8 - quote;
	return icmp + 8 + quote;
}

static void borrow4(const char *addr, unsigned int len,
		    enum node_extension kind)
{
	b.s.error4 = (struct net4){ text4(addr), (uint8_t)len };
	b.s.error4_on = true;
	b.s.error_ext = kind;
}

VECTORS(siit_ext, SIIT_400_told_apart_by_the_length_attribute,
	"6to4-ext-length-zero")
VECTORS(siit_ext, SIIT_401_to_icmpv6, "4to6-ext-timeexceeded",
	"4to6-ext-unreachable")
VECTORS(siit_ext, SIIT_402_to_icmpv4, "6to4-ext-timeexceeded",
	"6to4-ext-unreachable", "6to4-ext-128")
VECTORS(siit_ext, SIIT_403_structures_do_not_change, "4to6-ext-timeexceeded",
	"6to4-ext-timeexceeded")

Test(siit_ext, SIIT_403_mpls_labels_survive_both_ways)
{
	uint8_t want[12];
	const uint8_t *got;
	size_t n;

	structure(want, MPLS);
	error4(128, MPLS);
	put_one(&b, &m);
	got = out_structure(&n);
	cr_expect_eq(n, 12);
	cr_expect_arr_eq(got, want, 12);
	borrow4("192.0.0.8", 32, NODE_EXT_OFF);
	error6(128, MPLS);
	put_one(&b, &m);
	got = out_structure(&n);
	cr_expect_eq(n, 12);
	cr_expect_arr_eq(got, want, 12);
}

VECTORS(siit_ext, SIIT_404_no_room_for_a_length, "4to6-ext-fragneeded",
	"4to6-ext-paramprob")

Test(siit_ext, SIIT_405_within_1280_bytes)
{
	size_t n;

	error4(1020, MPLS);
	put_one(&b, &m);
	out_structure(&n);
	cr_expect_eq(n, 12);
	cr_expect_eq(out_icmp(&b)[4], 1040 / 8);
	/* 1020 bytes of quote, 1040 of IPv6, and 300 of structure. */
	memset(body, 0, sizeof(body));
	memcpy(body, q.b, 1020);
	memcpy(body + 1020, "\x20\0\0\0\x01\x28\xf7\x01", 8);
	be_put16(body + 1022, (uint16_t)~wire_sum(body + 1020, 300));
	make4_error(&m, (struct make4){ 0 }, 11, 0, 255u << 16, body, 1320);
	put_one(&b, &m);
	out_structure(&n);
	cr_expect_eq(n, 300);
	cr_expect_eq(b.len[0], 1276);
	cr_expect_eq(out_icmp(&b)[4], 928 / 8);
}

/* A structure that would leave less than 128 bytes of quote goes. */
Test(siit_ext, SIIT_405_structure_too_large)
{
	error4(128, MPLS);
	memset(body + 128, 0, 1200);
	memcpy(body + 128, "\x20\0\0\0\x04\xac\xf7\x01", 8);
	be_put16(body + 130, (uint16_t)~wire_sum(body + 128, 1200));
	make4_error(&m, (struct make4){ 0 }, 11, 0, 32u << 16, body, 1328);
	put_one(&b, &m);
	cr_expect_eq(out_icmp(&b)[4], 0);
	cr_expect_eq(b.len[0], 48 + 148);
}

VECTORS(siit_ext, SIIT_406_length_zero_is_all_quote, "6to4-ext-length-zero")
VECTORS(siit_ext, SIIT_407_length_beyond_the_message, "4to6-ext-length-beyond")

Test(siit_ext, SIIT_408_structure_checksum_is_not_verified)
{
	uint8_t before[12];
	const uint8_t *got;
	size_t n;

	error4(128, MPLS);
	body[128 + 11] ^= 1;
	memcpy(before, body + 128, 12);
	make4_error(&m, (struct make4){ 0 }, 11, 0, 32u << 16, body, 140);
	bench_put(&b, m.b, m.len);
	cr_assert_eq(b.r.verdict, XLAT_FORWARD);
	got = out_structure(&n);
	cr_expect_eq(n, 12);
	cr_expect_arr_eq(got, before, 12);
}

VECTORS(siit_ext, SIIT_409_padding_is_no_data, "4to6-ext-short-quote")

Test(siit_ext, SIIT_410_within_576_bytes)
{
	size_t n;

	borrow4("192.0.0.8", 32, NODE_EXT_NODE_ID);
	error6(1000, NULL);
	put_one(&b, &m);
	cr_expect_leq(b.len[0], 576);
	cr_expect_geq(b.len[0], 573);
	out_structure(&n);
	cr_expect_eq(n, 28);
	error6(1000, MPLS);
	put_one(&b, &m);
	cr_expect_leq(b.len[0], 576);
	out_structure(&n);
	cr_expect_eq(n, 36);
}

VECTORS(siit_ext, SIIT_420_pool_address, "6to4-6791-pool")

Test(siit_ext, SIIT_421_choice_among_several)
{
	unsigned int used[4] = { 0 };
	unsigned int change = 0;
	unsigned int last = 4;
	unsigned int at;

	borrow4("203.0.113.4", 30, NODE_EXT_OFF);
	error6(88, NULL);
	for (int i = 0; i < 1000; i++) {
		put_one(&b, &m);
		at = be_get32(b.packet[0] + 12) - text4("203.0.113.4");
		cr_assert_lt(at, 4);
		used[at]++;
		change += at != last;
		last = at;
	}
	for (int i = 0; i < 4; i++)
		cr_expect(used[i] > 150 && used[i] < 350, "%u", used[i]);
	cr_expect(change > 600 && change < 900, "%u", change);
}

VECTORS(siit_ext, SIIT_422_interface_object, "6to4-6791-ext",
	"6to4-6791-ptb-ext")
VECTORS(siit_ext, SIIT_423_its_form, "6to4-6791-ext")
VECTORS(siit_ext, SIIT_425_without_a_pool, "6to4-6791-none")

/* draft-ietf-v6ops-icmpext-xlat-v6only-source: the dummy address, and a Node
 * Identification object (class 5) with the address (C-Type 4, AFI 2). */
Test(siit_ext, SIIT_426_dummy_address_and_node_identification)
{
	uint8_t want[28];
	const uint8_t *got;
	size_t n;

	borrow4("192.0.0.8", 32, NODE_EXT_NODE_ID);
	error6(88, NULL);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "192.0.0.8");
	structure(want, "2000 0000 0018 0504 0002 0000"
			"2001 0db8 fefe 0000 0000 0000 0000 0001");
	got = out_structure(&n);
	cr_expect_eq(n, 28);
	cr_expect_arr_eq(got, want, 28);
}

Test(siit_ext, SIIT_422_appended_to_what_is_there)
{
	uint8_t want[36];
	const uint8_t *got;
	size_t n;

	borrow4("192.0.0.8", 32, NODE_EXT_NODE_ID);
	error6(128, MPLS);
	put_one(&b, &m);
	structure(want, MPLS "0018 0504 0002 0000"
			     "2001 0db8 fefe 0000 0000 0000 0000 0001");
	got = out_structure(&n);
	cr_expect_eq(n, 36);
	cr_expect_arr_eq(got, want, 36);
}

Test(siit_ext, SIIT_427_no_second_object_of_a_role)
{
	size_t n;

	borrow4("192.0.0.8", 32, NODE_EXT_INTERFACE);
	error6(128, "2000 0000 0008 0208 0000 0007"); /* role 0, ifIndex 7 */
	put_one(&b, &m);
	out_structure(&n);
	cr_expect_eq(n, 12);
	error6(128, "2000 0000 0008 0288 0000 0007"); /* role 2 */
	put_one(&b, &m);
	out_structure(&n);
	cr_expect_eq(n, 36);
	b.s.error_ext = NODE_EXT_NODE_ID;
	error6(128, "2000 0000 0008 0208 0000 0007");
	put_one(&b, &m);
	out_structure(&n);
	cr_expect_eq(n, 36);
}

Test(siit_ext, SIIT_428_only_errors_borrow)
{
	borrow4("192.0.0.8", 32, NODE_EXT_NODE_ID);
	make6_echo(&m, (struct make6){ .src = "2001:db8:fefe::1" }, true, 4);
	put_drop(&b, &m, WHY_NO_MAPPING);
	make6_udp(&m, (struct make6){ .src = "2001:db8:fefe::1" }, 4);
	put_reply(&b, &m, WHY_NO_MAPPING, 1, 1);
}

/* The other way round: an IPv4 router that pool6 cannot express. */
Test(siit_ext, SIIT_420_mirrored)
{
	uint8_t want[16];
	const uint8_t *got;
	size_t n;

	b.s.pool6.len = 0;
	bench_eam(&b, "192.0.2.33/32", "2001:db8::33/128");
	bench_eam(&b, "198.51.100.2/32", "2001:db8::2/128");
	make4_udp(&q,
		  (struct make4){ .src = "192.0.2.33", .dst = "198.51.100.2" },
		  16);
	make4_error(&m, (struct make4){ .src = "10.0.0.1" }, 11, 0, 0, q.b,
		    q.len);
	put_drop(&b, &m, WHY_NO_MAPPING);
	b.s.error6 = (struct net6){ text6("2001:db8:e::"), 64 };
	b.s.error6_on = true;
	b.s.error_ext = NODE_EXT_NODE_ID;
	put_one(&b, &m);
	cr_expect_eq(be_get64(b.packet[0] + 8), 0x20010db8000e0000);
	structure(want, "2000 0000 000c 0504 0001 0000 0a00 0001");
	got = out_structure(&n);
	cr_expect_eq(n, 16);
	cr_expect_arr_eq(got, want, 16);
	/* Packet Too Big has no room for it. */
	make4_error(&m, (struct make4){ .src = "10.0.0.1" }, 3, 4, 1400, q.b,
		    q.len);
	put_one(&b, &m);
	cr_expect_eq(be_get32(out_icmp(&b) + 4), 1420);
	cr_expect_eq(b.len[0], 48 + q.len + 20);
}

/* Well-known prefix: the router's private address may not be embedded. */
Test(siit_ext, SIIT_420_mirrored_for_private_routers)
{
	b.s.pool6 = text_prefix("64:ff9b::/96");
	make4_udp(&q, (struct make4){ .src = "8.8.8.8", .dst = "9.9.9.9" }, 16);
	make4_error(&m, (struct make4){ .src = "10.0.0.1", .dst = "8.8.8.8" },
		    11, 0, 0, q.b, q.len);
	put_drop(&b, &m, WHY_NON_GLOBAL);
	b.s.error6 = (struct net6){ text6("2001:db8:e::1"), 128 };
	b.s.error6_on = true;
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "2001:db8:e::1");
}

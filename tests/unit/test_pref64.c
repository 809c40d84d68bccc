/* SPDX-License-Identifier: MIT */
/* IPv4-embedded addresses, RFC 6052 and 8215. */
#include <stdlib.h>

#include "siit_make.h"
#include "vector.h"

static struct made q;

BENCH_SUITE(pref64);

static const char *check(const char *addr, unsigned int len)
{
	return pref64_check(text6(addr), len);
}

Test(pref64, A6052_01_six_lengths)
{
	for (unsigned int len = 0; len <= 128; len++) {
		const bool good = len == 32 || len == 40 || len == 48 ||
				  len == 56 || len == 64 || len == 96;
		const char *said = check("::", len);

		cr_expect_eq(said == NULL, good, "/%u", len);
		if (!good)
			cr_expect(strstr(said, "32, 40, 48, 56, 64 or 96"));
	}
}

Test(pref64, A6052_02_byte_8_is_zero)
{
	static const unsigned int lens[] = { 32, 40, 48, 56, 64 };
	struct pref64 p;
	uint8_t wire[16];

	cr_expect(strstr(check("2001:db8:1:2:100::", 96), "64 to 71"));
	cr_expect_null(check("2001:db8:1:2:1::", 96));
	for (size_t i = 0; i < 5; i++) {
		p = (struct pref64){ addr6_mask(text6("2001:db8:122:344::"),
						lens[i]),
				     (uint8_t)lens[i] };
		addr6_store(wire, pref64_embed(p, 0xffffffff));
		cr_expect_eq(wire[8], 0, "/%u", lens[i]);
	}
}

VECTORS(pref64, A6052_03_length_32, "addr-*-pl32")
VECTORS(pref64, A6052_04_length_40, "addr-*-pl40")
VECTORS(pref64, A6052_05_length_48, "addr-*-pl48")
VECTORS(pref64, A6052_06_length_56, "addr-*-pl56")
VECTORS(pref64, A6052_07_length_64, "addr-*-pl64")
VECTORS(pref64, A6052_08_length_96, "addr-*-pl96")

/* RFC 6052, tables 1 and 2, and RFC 7915, appendix A; the other columns by
 * hand. */
Test(pref64, A6052_08_tables_of_the_rfc)
{
	static const char *const v4[] = { "192.0.2.33", "198.51.100.2",
					  "1.2.3.4", "255.254.253.252" };
	static const char *const rows[][5] = {
		{ "2001:db8::/32",
		  "2001:db8:c000:221::", "2001:db8:c633:6402::",
		  "2001:db8:102:304::", "2001:db8:fffe:fdfc::" },
		{ "2001:db8:100::/40",
		  "2001:db8:1c0:2:21::", "2001:db8:1c6:3364:2::",
		  "2001:db8:101:203:4::", "2001:db8:1ff:fefd:fc::" },
		{ "2001:db8:122::/48",
		  "2001:db8:122:c000:2:2100::", "2001:db8:122:c633:64:200::",
		  "2001:db8:122:102:3:400::", "2001:db8:122:fffe:fd:fc00::" },
		{ "2001:db8:122:300::/56",
		  "2001:db8:122:3c0:0:221::", "2001:db8:122:3c6:33:6402::",
		  "2001:db8:122:301:2:304::", "2001:db8:122:3ff:fe:fdfc::" },
		{ "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::",
		  "2001:db8:122:344:c6:3364:200::",
		  "2001:db8:122:344:1:203:400::",
		  "2001:db8:122:344:ff:fefd:fc00::" },
		{ "2001:db8:122:344::/96", "2001:db8:122:344::c000:221",
		  "2001:db8:122:344::c633:6402", "2001:db8:122:344::102:304",
		  "2001:db8:122:344::fffe:fdfc" },
		{ "64:ff9b::/96", "64:ff9b::c000:221", "64:ff9b::c633:6402",
		  "64:ff9b::102:304", "64:ff9b::fffe:fdfc" },
		{ "64:ff9b:1:fffe::/96", "64:ff9b:1:fffe::c000:221",
		  "64:ff9b:1:fffe::c633:6402", "64:ff9b:1:fffe::102:304",
		  "64:ff9b:1:fffe::fffe:fdfc" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct pref64 p = text_prefix(rows[i][0]);

		for (size_t k = 0; k < 4; k++) {
			const struct addr6 want = text6(rows[i][k + 1]);

			cr_expect(addr6_equal(pref64_embed(p, text4(v4[k])),
					      want),
				  "%s %s", rows[i][0], v4[k]);
			cr_expect_eq(pref64_extract(p, want), text4(v4[k]));
			cr_expect(pref64_contains(p, want));
		}
	}
}

/* Octet by octet, as the RFC's figure 1 draws it. */
static void compose(const uint8_t prefix[16], unsigned int len, uint32_t v4,
		    uint8_t out[16])
{
	size_t at = len / 8;

	memset(out, 0, 16);
	memcpy(out, prefix, at);
	for (int i = 0; i < 4; i++) {
		if (at == 8 && len != 96)
			at++;
		out[at++] = (uint8_t)(v4 >> (24 - 8 * i));
	}
}

static uint32_t next_random(uint32_t *state)
{
	return *state = *state * 1664525 + 1013904223;
}

Test(pref64, A6052_09_suffix_is_zero)
{
	static const unsigned int lens[] = { 32, 40, 48, 56, 64, 96 };
	uint32_t state = 6052;
	uint8_t prefix[16];
	uint8_t want[16];
	uint8_t got[16];

	for (int n = 0; n < 100000; n++) {
		const unsigned int len = lens[n % 6];
		const uint32_t v4 = next_random(&state);
		struct pref64 p = { .len = (uint8_t)len };

		for (size_t i = 0; i < 16; i++)
			prefix[i] = (uint8_t)(next_random(&state) >> 24);
		prefix[8] = 0;
		p.prefix = addr6_mask(addr6_load(prefix), len);
		compose(prefix, len, v4, want);
		addr6_store(got, pref64_embed(p, v4));
		cr_assert_arr_eq(got, want, 16, "/%u %08x", len, v4);
	}
}

Test(pref64, A6052_10_extract_undoes_embed)
{
	static const char *const prefixes[] = {
		"2001:db8::/32",         "2001:db8:100::/40",
		"2001:db8:122::/48",     "2001:db8:122:300::/56",
		"2001:db8:122:344::/64", "2001:db8:122:344::/96",
	};
	uint32_t state = 1;

	for (size_t i = 0; i < 6; i++) {
		const struct pref64 p = text_prefix(prefixes[i]);

		for (int n = 0; n < 100000; n++) {
			const uint32_t v4 = next_random(&state);

			cr_assert_eq(pref64_extract(p, pref64_embed(p, v4)),
				     v4);
		}
	}
}

Test(pref64, A6052_11_host_bits_are_refused)
{
	cr_expect_not_null(check("2001:db8::1", 32));
	cr_expect_not_null(check("2001:db8:0:0:0:0:0:1", 96));
	cr_expect_not_null(check("2001:db8:1::", 40));
}

VECTORS(pref64, A6052_12_suffix_is_ignored, "addr-6to4-suffix-ignored")
VECTORS(pref64, A6052_13_u_octet_is_ignored, "addr-6to4-u-octet")

Test(pref64, A6052_14_well_known_prefix_has_one_length)
{
	static const unsigned int lens[] = { 32, 40, 48, 56, 64 };

	for (size_t i = 0; i < 5; i++)
		cr_expect_not_null(check("64:ff9b::", lens[i]));
	cr_expect_null(check("64:ff9b::", 96));
	cr_expect_null(check("64:ff9b:1::", 48));
}

VECTORS(pref64, A6052_15_checksum_neutral, "wkp-*-tcp-neutral")
VECTORS(pref64, A6052_16_no_private_addresses_under_it, "wkp-*")

/* First and last address of each block, and their neighbours. */
Test(pref64, A6052_16_every_block)
{
	static const struct {
		uint32_t first, last;
	} blocks[] = {
		{ 0x00000000, 0x00ffffff }, { 0x0a000000, 0x0affffff },
		{ 0x64400000, 0x647fffff }, { 0x7f000000, 0x7fffffff },
		{ 0xa9fe0000, 0xa9feffff }, { 0xac100000, 0xac1fffff },
		{ 0xc0000000, 0xc00000ff }, { 0xc0000200, 0xc00002ff },
		{ 0xc0586300, 0xc05863ff }, { 0xc0a80000, 0xc0a8ffff },
		{ 0xc6120000, 0xc613ffff }, { 0xc6336400, 0xc63364ff },
		{ 0xcb007100, 0xcb0071ff }, { 0xe0000000, 0xffffffff },
	};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		cr_expect(siit_is_nonglobal(blocks[i].first));
		cr_expect(siit_is_nonglobal(blocks[i].last));
		if (i)
			cr_expect_not(siit_is_nonglobal(blocks[i].first - 1));
		if (i < 13)
			cr_expect_not(siit_is_nonglobal(blocks[i].last + 1));
	}
}

Test(pref64, A6052_17_addresses_in_quotes_too)
{
	b.s.pool6 = text_prefix("64:ff9b::/96");
	make4_udp(&q, (struct make4){ .src = "8.8.8.8", .dst = "10.0.0.1" },
		  16);
	make4_error(&m, (struct make4){ .src = "9.9.9.9", .dst = "8.8.8.8" },
		    11, 0, 0, q.b, q.len);
	put_drop(&b, &m, WHY_ICMP_QUOTE);
}

Test(pref64, A6052_18_rule_can_be_lifted)
{
	b.s.pool6 = text_prefix("64:ff9b::/96");
	make4_udp(&m, (struct make4){ .src = "10.0.0.1", .dst = "8.8.8.8" }, 4);
	put_reply(&b, &m, WHY_NON_GLOBAL, 3, 13);
	b.s.tr.allow4 = &(struct net4){ text4("10.0.0.0"), 8 };
	b.s.tr.allow4_count = 1;
	put_one(&b, &m);
	make4_udp(&m, (struct make4){ .src = "192.168.0.1", .dst = "8.8.8.8" },
		  4);
	put_reply(&b, &m, WHY_NON_GLOBAL, 3, 13);
	b.s.wkp_strict = false;
	put_one(&b, &m);
}

VECTORS(pref64, A6052_19_mappings_are_exempt, "eam-4to6-192.0.2.225",
	"eam-6to4-192.0.2.225")

Test(pref64, A6052_19_with_the_rule_on)
{
	b.s.pool6 = text_prefix("64:ff9b::/96");
	bench_eam(&b, "192.0.2.224/31", "64:ff9b::/127");
	make4_udp(&m, (struct make4){ .src = "192.0.2.225", .dst = "8.8.8.8" },
		  4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "64:ff9b::1");
}

VECTORS(pref64, A6052_20_own_prefixes_embed_private_addresses,
	"4to6-error-private-router")

Test(pref64, A6052_20_packets_too)
{
	make4_udp(&m, (struct make4){ .src = "10.9.8.7" }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "2001:db8:64::a09:807");
}

Test(pref64, A6052_21_local_use_prefix)
{
	b.s.pool6 = text_prefix("64:ff9b:1::/96");
	make4_udp(&m, (struct make4){ .src = "10.1.2.3" }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "64:ff9b:1::a01:203");
	b.s.pool6 = text_prefix("64:ff9b:1::/48");
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "64:ff9b:1:a01:2:300::");
}

VECTORS(pref64, A6052_22_neutral_local_use_prefixes, "local-use-neutral")

Test(pref64, A6052_22_each_of_them)
{
	static const char *const neutral[] = { "64:ff9b:1:fffe::/96",
					       "64:ff9b:1:fffd:1::/96",
					       "64:ff9b:1:fffc:2::/96",
					       "64:ff9b:1:abcd:0:5431::/96" };

	for (size_t i = 0; i < 4; i++) {
		b.s.pool6 = text_prefix(neutral[i]);
		make4_tcp(&m, (struct make4){ 0 }, 4);
		put_one(&b, &m);
		cr_expect_arr_eq(b.packet[0] + 40, m.b + 20, 24, "%s",
				 neutral[i]);
	}
}

/* 64:ff9b:: and 64:ff9b:1:: are apart: an address of one is not of the
 * other, although they share a /47. */
Test(pref64, A6052_23_the_47_is_no_unit)
{
	const struct pref64 well_known = text_prefix("64:ff9b::/96");
	const struct pref64 local = text_prefix("64:ff9b:1::/48");

	cr_expect_not(pref64_contains(well_known, text6("64:ff9b:1::1")));
	cr_expect_not(pref64_contains(local, text6("64:ff9b::1")));
	cr_expect_not(pref64_contains(well_known, text6("64:ff9b:0:1::1")));
	cr_expect_not_null(check("64:ff9b::", 47));
}

Test(pref64, A6052_25_both_ends_of_a_96)
{
	const struct pref64 p = text_prefix("2001:db8:64::/96");

	cr_expect(pref64_contains(p, text6("2001:db8:64::")));
	cr_expect(pref64_contains(p, text6("2001:db8:64::ffff:ffff")));
	cr_expect_not(pref64_contains(p, text6("2001:db8:64:0:0:1::")));
	cr_expect_not(pref64_contains(p, text6("2001:db8:63::1")));
	cr_expect_eq(pref64_extract(p, text6("2001:db8:64::")), 0);
	make6_udp(&m, (struct make6){ .dst = "2001:db8:64::" }, 4);
	put_reply(&b, &m, WHY_ILLEGAL_DESTINATION, 1, 1);
}

Test(pref64, A6052_28_other_prefixes_are_mappings)
{
	bench_eam(&b, "10.0.0.0/8", "2001:db8:a::/104");
	bench_eam(&b, "10.1.0.0/16", "2001:db8:b::/112");
	make6_udp(&m, (struct make6){ .dst = "2001:db8:b::405" }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_dst(&b), "10.1.4.5");
	make6_udp(&m, (struct make6){ .dst = "2001:db8:a::2:405" }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_dst(&b), "10.2.4.5");
}

/* RFC 6219's format has no u octet: a mapping, not a prefix. */
Test(pref64, A6052_30_ivi_is_another_format)
{
	bench_eam(&b, "0.0.0.0/0", "2001:db8:ff00::/40");
	make4_udp(&m, (struct make4){ .src = "198.51.100.2" }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "2001:db8:ffc6:3364:200::");
	cr_expect(addr6_equal(pref64_embed(text_prefix("2001:db8:ff00::/40"),
					   text4("198.51.100.2")),
			      text6("2001:db8:ffc6:3364:2::")));
}

/* SPDX-License-Identifier: MIT */
/* Explicit address mappings, RFC 7757. */
#include <stdlib.h>

#include "parse.h"
#include "siit_make.h"
#include "vector.h"

BENCH_SUITE(eam);

static const char *add(const char *addr4, unsigned int len4, const char *addr6,
		       unsigned int len6)
{
	return eam_add(&b.s.eam, (struct eam_entry){ .addr4 = text4(addr4),
						     .len4 = (uint8_t)len4,
						     .addr6 = text6(addr6),
						     .len6 = (uint8_t)len6 });
}

static void expect_both(const char *addr4, const char *addr6)
{
	struct addr6 a6;
	uint32_t a4;

	cr_assert(eam_4to6(&b.s.eam, text4(addr4), &a6), "%s", addr4);
	cr_expect(addr6_equal(a6, text6(addr6)), "%s: %llx %llx", addr4,
		  (unsigned long long)a6.hi, (unsigned long long)a6.lo);
	cr_assert(eam_6to4(&b.s.eam, text6(addr6), &a4), "%s", addr6);
	cr_expect_eq(a4, text4(addr4), "%s: %08x", addr6, a4);
}

/* --eam 192.0.2.1,2001:db8:aaaa:: reads its halves with these. */
Test(eam, EAM_01_a_missing_length_is_32_or_128)
{
	struct net4 v4;
	struct net6 v6;

	cr_assert_null(parse_net4("192.0.2.1", &v4));
	cr_expect_eq(v4.addr, 0xc0000201);
	cr_expect_eq(v4.len, 32);
	cr_assert_null(parse_net6("2001:db8:aaaa::", &v6));
	cr_expect(addr6_equal(v6.addr, text6("2001:db8:aaaa::")));
	cr_expect_eq(v6.len, 128);
}

Test(eam, EAM_02_ipv4_suffix_is_no_longer_than_ipv6s)
{
	for (unsigned int len4 = 0; len4 <= 33; len4++)
		for (unsigned int len6 = 0; len6 <= 129; len6++) {
			const bool good = len4 <= 32 && len6 <= 128 &&
					  32 - len4 <= 128 - len6;

			bench_init(&b);
			cr_expect_eq(add("0.0.0.0", len4, "::", len6) == NULL,
				     good, "/%u /%u", len4, len6);
		}
}

Test(eam, EAM_02_bits_behind_the_length_are_refused)
{
	cr_expect_not_null(add("192.0.2.1", 24, "2001:db8::", 64));
	cr_expect_not_null(add("192.0.2.0", 24, "2001:db8::1", 64));
	cr_expect_null(add("192.0.2.0", 24, "2001:db8::", 64));
}

VECTORS(eam, EAM_03_no_match_is_rfc6052, "eam-4to6-192.0.2.248",
	"eam-6to4-192.0.2.248")

Test(eam, EAM_03_without_pool6_not_translatable)
{
	b.s.pool6.len = 0;
	bench_eam(&b, "192.0.2.33/32", "2001:db8::33/128");
	make4_udp(&m, (struct make4){ 0 }, 4);
	put_reply(&b, &m, WHY_NO_MAPPING, 3, 13);
}

VECTORS(eam, EAM_04_each_address_by_itself, "4to6-eam-src-6052-dst")
VECTORS(eam, EAM_05_longest_prefix, "eam-lpm", "eam-asymmetric")
VECTORS(eam, EAM_06_result_is_prefix_suffix_zeros, "eam-4to6-192.0.2.152")
VECTORS(eam, EAM_07_figure_7_to_ipv6, "eam-4to6-*")
VECTORS(eam, EAM_08_figure_7_to_ipv4, "eam-6to4-*")

Test(eam, EAM_09_rest_of_the_ipv6_suffix_is_thrown_away)
{
	static const char *const same[] = { "2001:db8:dddd:0:6000::",
					    "2001:db8:dddd:0:6000::1",
					    "2001:db8:dddd:0:63ff::" };
	uint32_t a;

	bench_eam(&b, "192.0.2.128/26", "2001:db8:dddd::/64");
	for (size_t i = 0; i < 3; i++) {
		cr_assert(eam_6to4(&b.s.eam, text6(same[i]), &a));
		cr_expect_eq(a, text4("192.0.2.152"), "%s", same[i]);
	}
}

VECTORS(eam, EAM_10_quoted_addresses, "clat-in-timeexceeded")
VECTORS(eam, EAM_11_simple_source_is_not_looked_up, "eam-simple-rule1")
VECTORS(eam, EAM_12_simple_quoted_destination, "eam-simple-rule2")
VECTORS(eam, EAM_13_simple_outer_source_of_errors, "eam-simple-rule3",
	"eam-simple-rule3-not")
VECTORS(eam, EAM_14_both_rules_together, "eam-simple-rule3")
VECTORS(eam, EAM_15_as_if_nothing_matched, "eam-simple-rule1")

Test(eam, EAM_15_so_without_pool6_nothing)
{
	b.s.pool6.len = 0;
	b.s.hairpin = HAIRPIN_SIMPLE;
	bench_eam(&b, "192.0.2.33/32", "2001:db8::33/128");
	bench_eam(&b, "198.51.100.2/32", "2001:db8::2/128");
	make4_udp(&m, (struct make4){ 0 }, 4);
	put_reply(&b, &m, WHY_NO_MAPPING, 3, 13);
}

VECTORS(eam, EAM_20_hairpinning_exists, "eam-simple-*", "eam-hairpin-*")
VECTORS(eam, EAM_21_intrinsic, "eam-hairpin-fig8", "eam-hairpin-fig11",
	"eam-hairpin-echo")
VECTORS(eam, EAM_22_intrinsic_error_of_a_router, "eam-hairpin-fig9")
VECTORS(eam, EAM_23_intrinsic_error_of_the_host, "eam-hairpin-fig10")
VECTORS(eam, EAM_24_off, "eam-hairpin-off")
VECTORS(eam, EAM_25_one_hop, "eam-hairpin-fig8")

/* RFC 7757's figure, two nodes that talk by each other's IPv4 address. */
static void hairpin(void)
{
	b.s.hairpin = HAIRPIN_INTRINSIC;
	bench_eam(&b, "192.0.2.1/32", "2001:db8:aaaa::/128");
	bench_eam(&b, "192.0.2.2/32", "2001:db8:bbbb::b/128");
}

Test(eam, EAM_26_no_third_pass)
{
	hairpin();
	bench_eam(&b, "192.0.2.9/32", "2001:db8:64::c000:202/128");
	make6_udp(&m,
		  (struct make6){ .src = "2001:db8:aaaa::",
				  .dst = "2001:db8:64::c000:209" },
		  4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "2001:db8:64::c000:201");
	cr_expect_str_eq(out_dst(&b), "2001:db8:64::c000:202");
}

Test(eam, EAM_27_sizes_of_the_second_pass)
{
	hairpin();
	b.s.tr.mtu4 = 576; /* never passed */
	make6_udp(&m,
		  (struct make6){ .src = "2001:db8:aaaa::",
				  .dst = "2001:db8:64::c000:202" },
		  1400 - 48);
	put_one(&b, &m);
	cr_expect_eq(b.len[0], 1400);
	cr_expect_not(out_wire(&b, 0).frag);
	b.s.tr.mtu6 = 1300;
	bench_put(&b, m.b, m.len);
	cr_expect_neq(b.r.verdict, XLAT_FORWARD);
}

VECTORS(eam, EAM_30_client_of_464xlat, "clat-*")

/* Figure 2; RFC 7757, 5. */
Test(eam, EAM_31_overlapping_entries_are_accepted)
{
	cr_expect_null(add("0.0.0.0", 0, "2001:db8:ff00::", 40));
	cr_expect_null(add("198.51.100.64", 32, "2001:db8::abcd", 128));
}

Test(eam, EAM_32_same_prefix_twice_is_refused)
{
	cr_expect_null(add("192.0.2.1", 32, "2001:db8::1", 128));
	cr_expect(strstr(add("192.0.2.2", 32, "2001:db8::1", 128), "IPv6"));
	cr_expect(strstr(add("192.0.2.1", 32, "2001:db8::2", 128), "IPv4"));
	cr_expect_null(add("192.0.2.0", 31, "2001:db8::2", 127));
}

VECTORS(eam, EAM_33_asymmetry_is_not_repaired, "eam-asymmetric")
VECTORS(eam, EAM_34_checksums_are_adjusted, "clat-out-tcp")
VECTORS(eam, EAM_35_ivi_as_a_mapping, "eam-lpm")
VECTORS(eam, EAM_36_entry_wins_over_pool6, "eam-6to4-192.0.2.225")

Test(eam, EAM_36_entry_inside_pool6)
{
	bench_eam(&b, "10.0.0.1/32", "2001:db8:64::c000:221/128");
	make6_udp(&m, (struct make6){ 0 }, 4);
	put_one(&b, &m);
	cr_expect_str_eq(out_src(&b), "10.0.0.1");
}

/* What a swap of the table looks like to a packet: all of it old, or new. */
Test(eam, EAM_37_one_table_per_packet)
{
	static struct bench other;
	static struct made q;

	bench_init(&other);
	bench_eam(&b, "192.0.2.33/32", "2001:db8::a/128");
	bench_eam(&other, "192.0.2.33/32", "2001:db8::b/128");
	make4_udp(&q,
		  (struct make4){ .src = "192.0.2.33", .dst = "198.51.100.2" },
		  4);
	make4_error(&m, (struct make4){ 0 }, 11, 0, 0, q.b, q.len);
	for (int i = 0; i < 4; i++) {
		struct eam swap = b.s.eam;

		put_one(&b, &m);
		cr_expect_arr_eq(b.packet[0] + 24, b.packet[0] + 48 + 8, 16);
		b.s.eam = other.s.eam;
		other.s.eam = swap;
	}
}

/* A table as a list: every entry is compared with every address. */
struct naive {
	struct eam_entry e[2000];
	size_t count;
};

static bool bits_equal(const uint8_t *x, const uint8_t *y, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if ((x[i / 8] ^ y[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static unsigned int bit(const uint8_t *x, unsigned int i)
{
	return x[i / 8] >> (7 - i % 8) & 1;
}

static bool naive_4to6(const struct naive *t, uint32_t a, uint8_t out[16])
{
	const struct eam_entry *best = NULL;
	uint8_t x[4];
	uint8_t y[4];

	be_put32(x, a);
	for (size_t i = 0; i < t->count; i++) {
		be_put32(y, t->e[i].addr4);
		if (bits_equal(x, y, t->e[i].len4) &&
		    (!best || t->e[i].len4 > best->len4))
			best = &t->e[i];
	}
	if (!best)
		return false;
	addr6_store(out, best->addr6);
	for (unsigned int i = 0; best->len4 + i < 32; i++)
		out[(best->len6 + i) / 8] |=
			(uint8_t)(bit(x, best->len4 + i)
				  << (7 - (best->len6 + i) % 8));
	return true;
}

static bool naive_6to4(const struct naive *t, const uint8_t x[16],
		       uint32_t *out)
{
	const struct eam_entry *best = NULL;
	uint8_t y[16];

	for (size_t i = 0; i < t->count; i++) {
		addr6_store(y, t->e[i].addr6);
		if (bits_equal(x, y, t->e[i].len6) &&
		    (!best || t->e[i].len6 > best->len6))
			best = &t->e[i];
	}
	if (!best)
		return false;
	*out = best->addr4;
	for (unsigned int i = 0; best->len4 + i < 32; i++)
		*out |= bit(x, best->len6 + i) << (31 - best->len4 - i);
	return true;
}

static uint32_t random32(void)
{
	static uint64_t state = 7757;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(state >> 32);
}

/* Few distinct bits, so that prefixes nest and addresses hit them. */
static uint32_t narrow4(void)
{
	return random32() & 0xc0030307;
}

static struct addr6 narrow6(void)
{
	return (struct addr6){ (uint64_t)(random32() & 0x80000003) << 32 |
				       (random32() & 0xc0000001),
			       (uint64_t)(random32() & 0x80010000) << 32 |
				       (random32() & 0x80000003) };
}

static void fill(struct naive *t, struct eam *e, size_t tries)
{
	struct eam_entry x;

	for (size_t i = 0; i < tries; i++) {
		x.len4 = (uint8_t)(random32() % 33);
		x.len6 = (uint8_t)(random32() % (96 + x.len4 + 1));
		x.addr4 = addr4_mask(narrow4(), x.len4);
		x.addr6 = addr6_mask(narrow6(), x.len6);
		if (!eam_add(e, x))
			t->e[t->count++] = x;
	}
}

static void expect_like(const struct naive *t, const struct eam *e, uint32_t a4,
			struct addr6 a6)
{
	struct addr6 got6;
	uint8_t want[16];
	uint8_t wire[16];
	uint32_t want4;
	uint32_t got4;
	const bool hit4 = naive_4to6(t, a4, want);
	bool hit6;

	cr_assert_eq(eam_4to6(e, a4, &got6), hit4, "%08x", a4);
	addr6_store(wire, got6);
	if (hit4)
		cr_assert_arr_eq(wire, want, 16, "%08x", a4);
	addr6_store(wire, a6);
	hit6 = naive_6to4(t, wire, &want4);
	cr_assert_eq(eam_6to4(e, a6, &got4), hit6);
	if (hit6)
		cr_assert_eq(got4, want4);
}

Test(eam, EAM_05_like_a_list_searched_from_end_to_end)
{
	static struct naive t;
	struct eam e;
	void *mem = calloc(1, eam_size(2000));
	unsigned int hits = 0;
	struct addr6 a6;
	uint32_t unused;

	eam_init(&e, mem, 2000);
	fill(&t, &e, 2000);
	cr_assert_gt(t.count, 500);
	for (int i = 0; i < 4000; i++) {
		a6 = narrow6();
		expect_like(&t, &e, narrow4(), a6);
		hits += eam_6to4(&e, a6, &unused);
	}
	cr_expect_gt(hits, 1000);
	free(mem);
}

/* What is fetched ahead of packets has to lie in the table, and is asked of
 * nothing but their headers: of any bytes, in memory of their length. */
Test(eam, looking_ahead_reads_no_further_than_the_packet)
{
	static struct naive t;
	struct pkt p = { .headroom = 0 };
	void *mem = calloc(1, eam_size(20000));

	eam_init(&b.s.eam, mem, 20000);
	fill(&t, &b.s.eam, 2000);
	while (b.s.eam.count < 5000)
		(void)!eam_add(&b.s.eam,
			       (struct eam_entry){ { random32(), random32() },
						   random32(),
						   32,
						   128 });
	for (p.len = 0; p.len <= 60; p.len++) {
		p.data = malloc(p.len ? p.len : 1);
		for (uint32_t i = 0; i < p.len; i++)
			p.data[i] = (uint8_t)random32();
		for (int version = 4; version <= 6; version += 2) {
			if (p.len)
				p.data[0] = (uint8_t)(version << 4 | 5);
			siit_ahead(&b.s, &p, 1);
		}
		free(p.data);
	}
	b.s.eam = (struct eam){ .count = 0 };
	free(mem);
}

/* An address that has the first bits of @a, and not the next one. */
static struct addr6 beside(struct addr6 a, unsigned int bits)
{
	if (bits < 64)
		a.hi ^= 1ull << (63 - bits);
	else if (bits < 128)
		a.lo ^= 1ull << (127 - bits);
	return a;
}

/* Few prefixes of one address, of all lengths, so that for each bit at which
 * another address goes its own way there are tables in which it matters. */
Test(eam, EAM_05_prefixes_of_one_address)
{
	static struct naive t;
	static uint64_t mem[128];
	struct addr6 a6;
	uint32_t a4;
	struct eam e;

	cr_assert_leq(eam_size(8), sizeof(mem));
	for (int i = 0; i < 3000; i++) {
		a6 = (struct addr6){ (uint64_t)random32() << 32 | random32(),
				     (uint64_t)random32() << 32 | random32() };
		a4 = random32();
		memset(mem, 0, sizeof(mem));
		eam_init(&e, mem, 8);
		for (t.count = 0; t.count < 2 + random32() % 7;) {
			struct eam_entry x = { .len4 = (uint8_t)(random32() %
								 33) };

			x.len6 = (uint8_t)(random32() % (97u + x.len4));
			x.addr4 = addr4_mask(a4, x.len4);
			x.addr6 = addr6_mask(a6, x.len6);
			if (eam_add(&e, x))
				break;
			t.e[t.count++] = x;
		}
		for (unsigned int bit = 0; bit <= 128; bit++)
			expect_like(&t, &e,
				    bit < 32 ? a4 ^ 1u << (31 - bit) : a4,
				    beside(a6, bit));
	}
}

Test(eam, EAM_07_all_suffix_lengths)
{
	bench_eam(&b, "10.0.0.0/8", "2001::/16");
	expect_both("10.1.2.3", "2001:102:300::");
	bench_eam(&b, "11.0.0.0/8", "2001:db8::/40");
	expect_both("11.1.2.3", "2001:db8:1:203::");
	bench_eam(&b, "12.0.0.0/8", "2001:db8:1:2::/64");
	expect_both("12.1.2.3", "2001:db8:1:2:102:300::");
	bench_eam(&b, "13.0.0.0/8", "2001:db8:1:2300::/56");
	expect_both("13.1.2.3", "2001:db8:1:2301:203::");
	bench_eam(&b, "14.0.0.0/8", "2001:db8:1:3:4::/104");
	expect_both("14.1.2.3", "2001:db8:1:3:4:0:1:203");
	bench_eam(&b, "15.0.0.1/32", "2001:db8:9::/48");
	expect_both("15.0.0.1", "2001:db8:9::");
}

Test(eam, a_full_table_is_refused)
{
	char addr[32];

	for (unsigned int i = 0; i < BENCH_EAM_MAX; i++) {
		snprintf(addr, sizeof(addr), "2001:db8::%x", i);
		cr_expect_null(
			eam_add(&b.s.eam,
				(struct eam_entry){ text6(addr), 0x0a000000 + i,
						    32, 128 }));
	}
	cr_expect(strstr(add("10.9.9.9", 32, "2001:db8:9::", 128), "full"));
	expect_both("10.0.0.7", "2001:db8::7");
}

Test(eam, each_entry_once)
{
	struct eam_entry x;
	unsigned int seen = 0;
	uint32_t at = 0;

	cr_expect_not(eam_next(&b.s.eam, &at, &x), "an empty table");
	cr_assert_null(add("10.0.0.1", 32, "2001:db8::1", 128));
	cr_assert_null(add("10.0.0.0", 24, "2001:db8:2::", 120));
	cr_assert_null(add("0.0.0.0", 0, "2001:db8:3::", 64));
	for (at = 0; eam_next(&b.s.eam, &at, &x); seen += 1u << x.len4 / 8)
		cr_expect_eq(x.len6, x.len4 ? x.len4 + 96 : 64);
	cr_expect_eq(seen, 1u << 4 | 1u << 3 | 1u);
}

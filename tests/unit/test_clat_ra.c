/* SPDX-License-Identifier: MIT */
/* PREF64 in Router Advertisements: reading them, and choosing. */
#include "clat_help.h"

#include "clat/heard.h"
#include "clat/prefix.h"
#include "clat/useropt.h"

/* An advertisement of fe80::1 with nothing but what is in @options. */
static bool parse_options(struct ra *ra, const uint8_t *options, size_t len)
{
	uint8_t msg[2048] = { 134 };
	struct ra_packet p = { .src = v6("fe80::1"),
			       .dst = v6("ff02::1"),
			       .data = msg,
			       .len = 16 + len,
			       .hop_limit = 255 };
	uint64_t sum;

	memcpy(msg + 16, options, len);
	sum = addr6_sum(p.src) + addr6_sum(p.dst) + p.len + 58 +
	      csum_bytes(msg, p.len);
	be_put16(msg + 2, (uint16_t)~csum_fold(sum));
	return ra_parse(ra, &p);
}

/* P8781-01 to -16. */
Test(clat_ra, p8781_01_03_04_05_07_14_15_16_options)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "pref64-options");
	for (; lines_next(&l); n++) {
		struct pref64 want = { .len = 0 };
		uint8_t option[2048];
		const size_t len = unhex(option, l.words[1]);
		struct ra ra = { 0 };
		const bool read = parse_options(&ra, option, len);

		if (!strcmp(l.words[2], "ignore")) {
			cr_expect(!read || ra.prefix_count == 0, "%s",
				  l.words[0]);
			cr_expect_eq(ra.refused, read && len && option[0] == 38,
				     "%s", l.words[0]);
			continue;
		}
		want = prefix(l.words[2]);
		cr_assert(read && ra.prefix_count == 1, "%s", l.words[0]);
		cr_expect(prefix_equal(ra.prefixes[0].prefix, want), "%s",
			  l.words[0]);
		cr_expect_eq(ra.prefixes[0].lifetime,
			     (uint32_t)atoi(l.words[3]), "%s", l.words[0]);
	}
	cr_expect_eq(n, 44);
}

static void expect_pref64(const struct ra *ra, uint32_t at, char *value,
			  const char *id)
{
	char *comma = strchr(value, ',');

	*comma = '\0';
	cr_assert_lt(at, ra->prefix_count, "%s", id);
	cr_expect(prefix_equal(ra->prefixes[at].prefix, prefix(value)), "%s",
		  id);
	cr_expect_eq(ra->prefixes[at].lifetime, (uint32_t)atoi(comma + 1), "%s",
		     id);
}

static void expect_taken(const struct ra *ra, const struct lines *l)
{
	static const char *const preferences[] = { "low", "medium", "high" };
	uint32_t prefixes = 0, servers = 0, nets = 0;

	for (unsigned int i = 6; i < l->count; i++) {
		char *value = strchr(l->words[i], '=') + 1;
		const char *id = l->words[0];

		if (!strncmp(l->words[i], "pref64=", 7))
			expect_pref64(ra, prefixes++, value, id);
		else if (!strncmp(l->words[i], "lifetime=", 9))
			cr_expect_eq(ra->lifetime, atoi(value), "%s", id);
		else if (!strncmp(l->words[i], "preference=", 11))
			cr_expect_str_eq(preferences[ra->preference], value,
					 "%s", id);
		else if (!strncmp(l->words[i], "server=", 7))
			cr_expect(addr6_equal(ra->servers[servers++].addr,
					      v6(value)),
				  "%s", id);
		else if (!strncmp(l->words[i], "net=", 4))
			cr_expect(addr6_equal(ra->nets[nets++].addr,
					      prefix(value).prefix),
				  "%s", id);
		else
			cr_assert_fail("%s: %s", id, l->words[i]);
	}
	cr_expect_eq(ra->prefix_count, prefixes, "%s", l->words[0]);
}

/* P8781-20, -22, -28, -29, -54. */
Test(clat_ra, p8781_02_20_22_28_29_messages)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "ra");
	for (; lines_next(&l); n++) {
		uint8_t msg[2048];
		const struct ra_packet p = {
			.src = v6(l.words[1]),
			.dst = v6(l.words[2]),
			.hop_limit = (uint8_t)atoi(l.words[3]),
			.data = msg,
			.len = unhex(msg, l.words[4]),
		};
		struct ra ra;
		const bool taken = ra_parse(&ra, &p);

		cr_expect_eq(taken, !strcmp(l.words[5], "take"), "%s",
			     l.words[0]);
		if (taken)
			expect_taken(&ra, &l);
	}
	cr_expect_eq(n, 24);
}

/* P8781-20: cut at every length, nothing is read behind the end (ASan). */
Test(clat_ra, p8781_20_cut_anywhere)
{
	static const char hex[] =
		"030440c000000e10000007080000000020010db8000100000000000000000000"
		"19050000000004b020010db8000100000000000000000053"
		"fe800000000000000000000000000053"
		"05010000000005c82602025820010db80064000000000000";
	uint8_t options[256];
	const size_t len = unhex(options, hex);
	struct ra ra;

	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact, options, n);
		cr_expect_eq(parse_options(&ra, exact, n),
			     n == 0 || n == 32 || n == 72 || n == 80, "%zu", n);
		free(exact);
	}
}

/* An advertisement with one PREF64. */
static struct ra one(const char *text, uint32_t lifetime, uint16_t router,
		     enum ra_preference preference)
{
	struct ra ra = { .lifetime = router,
			 .preference = preference,
			 .prefix_count = 1 };

	ra.prefixes[0] = (struct ra_prefix){ prefix(text), lifetime };
	return ra;
}

static const struct pref64 none;

static void heard(struct prefix_table *t, const char *router, struct ra ra,
		  uint64_t at)
{
	prefix_heard(t, v6(router), &ra, none, at * SECOND);
}

static void expect_chosen(const struct prefix_table *t, struct pref64 used,
			  uint64_t at, const char *want)
{
	const struct prefix_entry *e = prefix_choose(t, used, at * SECOND);

	if (!want) {
		cr_expect_null(e);
		return;
	}
	cr_assert_not_null(e, "%s", want);
	cr_expect(prefix_equal(e->prefix, prefix(want)), "%s", want);
}

#define P1 "64:ff9b::/96"
#define P2 "2001:db8:64::/96"

Test(clat_ra, p8781_06_33_withdrawn_by_one_of_two)
{
	struct prefix_table t = { 0 };

	heard(&t, "fe80::1", one(P1, 0, 1800, RA_MEDIUM), 1);
	cr_expect_eq(t.count, 0, "withdrawal of the unknown");
	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 1);
	heard(&t, "fe80::2", one(P1, 600, 1800, RA_MEDIUM), 1);
	heard(&t, "fe80::1", one(P1, 0, 1800, RA_MEDIUM), 2);
	expect_chosen(&t, prefix(P1), 2, P1);
	heard(&t, "fe80::2", one(P1, 0, 1800, RA_MEDIUM), 3);
	expect_chosen(&t, prefix(P1), 3, NULL);
}

Test(clat_ra, p8781_23_24_lifetime)
{
	struct prefix_table t = { 0 };

	heard(&t, "fe80::1", one(P1, 1800, 1800, RA_MEDIUM), 0);
	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 0);
	cr_expect_eq(t.count, 1);
	cr_expect_eq(prefix_expire(&t, 599 * SECOND), 600 * SECOND);
	expect_chosen(&t, none, 599, P1);
	cr_expect_eq(prefix_expire(&t, 600 * SECOND), UINT64_MAX);
	expect_chosen(&t, none, 600, NULL);
	/* The clock goes on while the machine sleeps. */
	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 1000);
	cr_expect_eq(prefix_expire(&t, 1700 * SECOND), UINT64_MAX);
	expect_chosen(&t, none, 1700, NULL);
}

Test(clat_ra, p8781_25_nothing_said_changes_nothing)
{
	struct prefix_table t = { 0 };
	struct ra empty = { .lifetime = 1800, .preference = RA_MEDIUM };

	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 0);
	heard(&t, "fe80::1", empty, 1);
	expect_chosen(&t, none, 2, P1);
}

Test(clat_ra, p8781_27_sixteen_at_most)
{
	struct prefix_table t = { 0 };
	struct ra ra = one(P1, 600, 1800, RA_LOW);

	prefix_heard(&t, v6("fe80::1"), &ra, none, SECOND);
	ra.preference = RA_HIGH;
	ra.prefix_count = RA_PREFIXES;
	for (unsigned int router = 2; router < 52; router++) {
		for (unsigned int i = 0; i < RA_PREFIXES; i++)
			ra.prefixes[i] = (struct ra_prefix){
				{ { 0x20010db800000000 + router * 256 + i, 0 },
				  96 },
				600
			};
		prefix_heard(&t, (struct addr6){ 0xfe80ull << 48, router }, &ra,
			     prefix(P1), SECOND);
		cr_assert_leq(t.count, PREFIX_ENTRIES);
	}
	for (unsigned int i = 0, found = 0; i <= t.count; i++) {
		cr_assert(i < t.count || found, "the one in use was kept");
		found |= i < t.count &&
			 prefix_equal(t.entries[i].prefix, prefix(P1));
	}
}

Test(clat_ra, p8781_30_31_order)
{
	struct prefix_table t = { 0 };
	struct ra two = one(P2, 600, 1800, RA_MEDIUM);

	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 0);
	heard(&t, "fe80::2", one(P2, 600, 1800, RA_MEDIUM), 0);
	expect_chosen(&t, none, 1, P1);
	heard(&t, "fe80::2", one(P2, 600, 1800, RA_HIGH), 1);
	expect_chosen(&t, none, 1, P2);
	heard(&t, "fe80::2", one(P2, 600, 0, RA_HIGH), 2);
	expect_chosen(&t, none, 2, P1);

	t = (struct prefix_table){ 0 };
	two.prefix_count = 2;
	two.prefixes[1] = (struct ra_prefix){ prefix(P1), 600 };
	heard(&t, "fe80::1", two, 0);
	expect_chosen(&t, none, 1, P2);
}

Test(clat_ra, p8781_32_no_flapping)
{
	struct prefix_table t = { 0 };

	heard(&t, "fe80::1", one(P1, 600, 1800, RA_MEDIUM), 0);
	heard(&t, "fe80::2", one(P2, 600, 1800, RA_MEDIUM), 0);
	expect_chosen(&t, prefix(P2), 1, P2);
	heard(&t, "fe80::2", one(P2, 600, 0, RA_MEDIUM), 1);
	expect_chosen(&t, prefix(P2), 1, P1);
}

/* A router's lifetime can end before its prefix does: the choice changes. */
Test(clat_ra, p8781_31_router_lifetime_ends)
{
	struct prefix_table t = { 0 };

	heard(&t, "fe80::1", one(P1, 600, 100, RA_MEDIUM), 0);
	heard(&t, "fe80::2", one(P2, 600, 1800, RA_MEDIUM), 0);
	cr_expect_eq(prefix_expire(&t, SECOND), 100 * SECOND);
	expect_chosen(&t, prefix(P1), 99, P1);
	expect_chosen(&t, prefix(P1), 100, P2);
}

/* P8781-37 */
Test(clat_ra, p8781_37_do_routers_agree)
{
	struct prefix_table t = { 0 };
	struct ra two = one(P1, 600, 1800, RA_MEDIUM);

	cr_expect_not(prefix_disagree(&t));
	two.prefix_count = 2;
	two.prefixes[1] = (struct ra_prefix){ prefix(P2), 600 };
	heard(&t, "fe80::1", two, 0);
	cr_expect_not(prefix_disagree(&t), "one router");
	heard(&t, "fe80::2", one(P2, 600, 1800, RA_MEDIUM), 0);
	cr_expect(prefix_disagree(&t), "one lacks one");
	heard(&t, "fe80::2", two, 1);
	cr_expect_not(prefix_disagree(&t));
	heard(&t, "fe80::1", one(P2, 0, 1800, RA_MEDIUM), 2);
	cr_expect(prefix_disagree(&t));
}

/* P8781-54: resolvers and /64s live as long as their router says. */
Test(clat_ra, p8781_54_heard)
{
	const struct addr6 router = v6("fe80::1");
	struct ra_address a[] = { { v6("2001:db8::53"), 100 },
				  { v6("fe80::53"), 0xffffffff } };
	struct heard h = { 0 };

	heard_take(&h, router, a, 2, SECOND);
	cr_expect_eq(heard_expire(&h, SECOND), 101 * SECOND);
	a[0].lifetime = 10;
	heard_take(&h, router, a, 1, 2 * SECOND);
	cr_expect_eq(heard_expire(&h, 11 * SECOND), 12 * SECOND);
	cr_expect_eq(heard_expire(&h, 12 * SECOND), UINT64_MAX);
	cr_assert_eq(h.count, 1);
	cr_expect(addr6_equal(h.items[0].addr, a[1].addr), "for ever");
	a[1].lifetime = 0;
	heard_take(&h, router, a + 1, 1, 13 * SECOND);
	cr_expect_eq(h.count, 0);
	for (uint64_t i = 0; i < 100; i++) {
		a[0] = (struct ra_address){ { 0x20010db8ull << 32, i }, 9 };
		heard_take(&h, router, a, 1, SECOND);
		cr_assert_leq(h.count, HEARD_MAX);
	}
}

static void swap(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		const uint8_t b = p[i];

		p[i] = p[n - 1 - i];
		p[n - 1 - i] = b;
	}
}

/* The vectors' numbers in the order of this machine. */
static void to_host_order(uint8_t *m, size_t len)
{
	const size_t attr = 32u + m[18] + 256u * m[19];

	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return;
	swap(m, 4);
	swap(m + 4, 2);
	swap(m + 18, 2);
	swap(m + 20, 4);
	if (attr + 4 > len)
		return;
	swap(m + attr, 2);
	swap(m + attr + 2, 2);
}

/* RTM_NEWNDUSEROPT: as captured on Linux 6.18, and as it should not be. */
Test(clat_ra, p8781_52_netlink_messages)
{
	static struct lines l;
	unsigned int n = 0;

	lines_open(&l, "nduseropt");
	for (; lines_next(&l); n++) {
		uint8_t buf[256];
		const size_t len = unhex(buf, l.words[1]);
		uint8_t *exact = malloc(len);
		struct addr6 router;
		int ifindex = 0;
		struct ra ra;
		bool taken;

		to_host_order(buf, len);
		memcpy(exact, buf, len);
		taken = useropt_parse(&ra, &router, &ifindex, exact, len);
		cr_expect_eq(taken, strcmp(l.words[2], "ignore") != 0, "%s",
			     l.words[0]);
		if (taken) {
			cr_expect_eq(ifindex, atoi(l.words[2]));
			cr_expect(addr6_equal(router, v6(l.words[3])), "%s",
				  l.words[0]);
			cr_expect_eq(ra.prefix_count, l.count - 4, "%s",
				     l.words[0]);
			for (unsigned int i = 4; i < l.count; i++)
				expect_pref64(&ra, i - 4, l.words[i],
					      l.words[0]);
		}
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *part = malloc(cut + 1);

			memcpy(part, buf, cut);
			cr_expect_not(useropt_parse(&ra, &router, &ifindex,
						    part, cut),
				      "%s cut to %zu", l.words[0], cut);
			free(part);
		}
		free(exact);
	}
	cr_expect_eq(n, 13);
}

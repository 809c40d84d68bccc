/* SPDX-License-Identifier: MIT */
/* Is a network ready? What is judged, without a network. */
#include <criterion/criterion.h>

#include "clat/verdict.h"

#define P96(hi)                                                                \
	{                                                                      \
		{ hi, 0 }, 96                                                  \
	}

/* A network in which nothing is wrong. */
static struct findings good(void)
{
	return (struct findings){
		.uplink = true,
		.up = true,
		.route6 = true,
		.lro_known = true,
		.mtu = 1500,
		.source = { .why = SOURCE_OK, .net = { 0x20010db8, 0 } },
		.servers = 2,
		.answered = 2,
		.only4 = 2,
		.by_dns_count = 1,
		.by_dns = { P96(0x20010db800640000) },
		.name_a = { NAMED_ANSWER, 1, { { 0, 0xc0000221 } } },
		.name_aaaa = { NAMED_ANSWER,
			       1,
			       { { 0x20010db800640000, 0xc0000221 } } },
		.may_listen = true,
		.adverts = 1,
		.by_ra = P96(0x20010db800640000),
		.pref64 = P96(0x20010db800640000),
		.target = true,
		.may_ping = true,
		.tcp = REACH_DONE,
		.ping = REACH_DONE,
		.out = 1500,
		.in = 1500,
		.sent_all = true,
		.closed = true,
		.segment = 1500,
		.dns4 = 600,
		.dns4_large = 1700,
	};
}

/* One letter a check, in their order. */
static const char *grades(const struct findings *f)
{
	static char out[VERDICT_COUNT + 1];

	for (enum verdict_check c = 0; c < VERDICT_COUNT; c++)
		out[c] = "owfu"[verdict_of(c, f).grade];
	return out;
}

Test(clat_verdict, nothing_is_wrong)
{
	const struct findings f = good();

	cr_expect_str_eq(grades(&f), "oooooooooooooo");
	cr_expect(verdict_ready(&f));
}

/* Where nothing at all was found, nothing is claimed to work. */
Test(clat_verdict, nothing_is_there)
{
	const struct findings f = { .mtu = 0 };

	cr_expect_str_eq(grades(&f), "uffuuuuuuuuuuu");
	cr_expect(!verdict_ready(&f));
}

/* What is not well says what to do. */
static void expect_advice(const struct findings *f, const char *id)
{
	for (enum verdict_check c = 0; c < VERDICT_COUNT; c++) {
		const struct verdict v = verdict_of(c, f);

		cr_expect(v.found && *v.found, "%s", id);
		cr_expect(v.grade == VERDICT_OK        ? !v.advice
			  : v.grade == VERDICT_UNKNOWN ? true
						       : v.advice && *v.advice,
			  "%s: %s", id, verdict_name(c));
	}
}

#define EXPECT(change, want, ready)                                            \
	do {                                                                   \
		struct findings f = good();                                    \
		change;                                                        \
		cr_expect_str_eq(grades(&f), want, "%s", #change);             \
		cr_expect_eq(verdict_ready(&f), ready, "%s", #change);         \
		expect_advice(&f, #change);                                    \
	} while (0)

Test(clat_verdict, machine)
{
	EXPECT(f.source.why = SOURCE_NO_GLOBAL, "fooooooooooooo", false);
	EXPECT(f.source.why = SOURCE_NO_SLAAC, "wooooooooooooo", true);
	EXPECT(f.up = false, "ofoooooooooooo", false);
	EXPECT(f.route6 = false, "ofoooooooooooo", false);
	EXPECT(f.mtu = 1279, "ooooooooofoooo", false);
	EXPECT(f.lro = true, "oooooooooooowo", true);
	EXPECT(f.lro_known = false, "oooooooooooouo", true);
	EXPECT(f.native4 = true, "ooooooooooooow", true);
}

Test(clat_verdict, resolvers)
{
	EXPECT(f.answered = 1, "oowooooooooooo", true);
	EXPECT(f.servers = f.answered = 0; f.by_dns_count = 0;
	       f.name_a.count = f.name_aaaa.count = 0, "oofuuouooooooo", false);
	EXPECT(f.answered = 0; f.by_dns_count = 0; f.name_a.count = 0;
	       f.name_aaaa.count = 0; f.strays = 3, "oofuuouooooooo", false);
}

/* Either way to find the prefix is enough; neither is not. */
Test(clat_verdict, prefix)
{
	EXPECT(f.by_dns_count = 0, "ooowoouooooooo", true);
	EXPECT(f.by_ra.len = 0, "ooooowuooooooo", true);
	EXPECT(f.by_ra.len = 0; f.refused = 1, "ooooowuooooooo", true);
	EXPECT(f.by_ra.len = 0; f.adverts = 0, "ooooowuooooooo", true);
	EXPECT(f.by_ra.len = 0; f.by_dns_count = 0, "ooofofuooooooo", false);
	EXPECT(f.by_ra.len = 0; f.by_dns_count = 0;
	       f.given = true, "ooowowuooooooo", true);
	EXPECT(f.by_ra.len = 0; f.may_listen = false, "ooooouuooooooo", true);
	EXPECT(f.by_ra.len = f.pref64.len = 64, "oooooowooooooo", true);
	EXPECT(f.by_dns[0].prefix.hi++;
	       f.name_aaaa.addrs[0].hi++, "oooooowooooooo", true);
}

Test(clat_verdict, name)
{
	EXPECT(f.name_aaaa.count = 0, "oooowooooooooo", true);
	EXPECT(f.name_aaaa.count = f.name_a.count = 0, "oooouooooooooo", true);
	EXPECT(f.name_aaaa.addrs[0].hi++, "oooouooooooooo", true);
}

Test(clat_verdict, translator)
{
	EXPECT(f.tcp = REACH_ERROR, "ooooooofoooooo", false);
	EXPECT(f.tcp = REACH_SILENT;
	       f.ping = REACH_SILENT, "oooooooffooooo", false);
	EXPECT(f.ping = REACH_SILENT, "oooooooowooooo", true);
	EXPECT(f.may_ping = false;
	       f.ping = REACH_NOT_TRIED, "oooooooouooooo", true);
	EXPECT(f.tcp = f.ping = REACH_NOT_TRIED, "ooooooouuooooo", false);
}

Test(clat_verdict, large_packets)
{
	EXPECT(f.out = 0, "oooooooooooooo", true);
	EXPECT(f.in = 0, "oooooooooooooo", true);
	EXPECT(f.segment = 0, "oooooooooooooo", true);
	EXPECT(f.out = f.in = 0; f.sent_all = f.closed = false;
	       f.segment = 0, "ooooooooofuooo", false);
	EXPECT(f.in = 0; f.closed = false;
	       f.segment = 596, "oooooooooofooo", false);
	EXPECT(f.in = 0; f.segment = 596, "oooooooooouooo", true);
	EXPECT(f.in = 0; f.segment = 1280, "oooooooooooooo", true);
}

Test(clat_verdict, fragments)
{
	EXPECT(f.dns4_large = 0, "ooooooooooowoo", true);
	EXPECT(f.dns4_large = f.dns4 = 0, "ooooooooooouoo", true);
	EXPECT(f.dns4_large = 600, "oooooooooooooo", true);
	cr_expect_str_neq(verdict_of(VERDICT_FRAGMENTS,
				     &(struct findings){ .pref64.len = 96,
							 .mtu = 1500,
							 .dns4_large = 600 })
				  .found,
			  verdict_of(VERDICT_FRAGMENTS,
				     &(struct findings){ .pref64.len = 96,
							 .mtu = 1500,
							 .dns4_large = 1700 })
				  .found);
}

/* SPDX-License-Identifier: MIT */
/* By which router packets to the translator should leave. */
#include "clat_help.h"

#include "clat/hop.h"

#define P1   "2001:db8:64::/96"
#define P2   "2001:db8:65::/96"
#define NET1 "2001:db8:0:1::"
#define NET2 "2001:db8:0:2::"

static struct prefix_table prefixes;
static struct heard nets;

/* A router advertises a prefix, and a /64 if @net is not NULL. */
static void heard(const char *router, const char *p, const char *net,
		  enum ra_preference preference, uint16_t lifetime,
		  uint64_t seconds)
{
	struct ra ra = { .lifetime = lifetime,
			 .preference = preference,
			 .prefix_count = 1,
			 .prefixes = { { prefix(p), 600 } } };
	const struct pref64 none = { .len = 0 };

	if (net) {
		ra.net_count = 1;
		ra.nets[0] = (struct ra_address){ v6(net), 600 };
	}
	prefix_heard(&prefixes, v6(router), &ra, none, seconds * SECOND);
	heard_take(&nets, v6(router), ra.nets, ra.net_count, seconds * SECOND);
}

/* @net: of our address; @gateway: of the kernel's route */
static void expect(const char *p, const char *net, const char *gateway,
		   uint64_t seconds, const char *want)
{
	const struct hop_ask ask = { &prefixes, &nets, prefix(p), v6(net),
				     v6(gateway) };
	const struct addr6 got = hop_choose(&ask, seconds * SECOND);

	cr_expect(addr6_equal(got, v6(want)), "%s by %s, %s at %d s: not %s", p,
		  net, gateway, (int)seconds, want);
}

static void start(void)
{
	prefixes = (struct prefix_table){ .count = 0 };
	nets = (struct heard){ .count = 0 };
}

TestSuite(clat_hop, .init = start);

/* Who announces the prefix, and not who announces another one. */
Test(clat_hop, p8781_34_announces)
{
	expect(P1, NET1, "fe80::2", 0, "::");
	heard("fe80::1", P1, NULL, RA_LOW, 1800, 0);
	heard("fe80::2", P2, NET1, RA_HIGH, 1800, 0);
	expect(P1, NET1, "fe80::2", 1, "fe80::1");
	expect(P2, NET1, "fe80::1", 1, "fe80::2");
	expect("2001:db8:66::/96", NET1, "fe80::1", 1, "::");
	expect("2001:db8:64::/64", NET1, "fe80::1", 1, "::");
	cr_expect(hop_announces(&prefixes, v6("fe80::1"), prefix(P1)));
	cr_expect_not(hop_announces(&prefixes, v6("fe80::1"), prefix(P2)));
	cr_expect_not(hop_announces(&prefixes, v6("fe80::3"), prefix(P1)));
}

/* Only a default router: until its lifetime ends, to the nanosecond, though
 * its prefix lives on; and not before it has said that it is one. */
Test(clat_hop, p8781_34_default_router)
{
	heard("fe80::1", P1, NULL, RA_LOW, 100, 0);
	expect(P1, NET1, "fe80::2", 99, "fe80::1");
	expect(P1, NET1, "fe80::2", 100, "::");
	heard("fe80::1", P1, NULL, RA_LOW, 0, 200);
	expect(P1, NET1, "fe80::2", 200, "::");
	heard("fe80::1", P1, NULL, RA_LOW, 100, 300);
	expect(P1, NET1, "fe80::2", 300, "fe80::1");
	(void)prefix_expire(&prefixes, 900 * SECOND);
	expect(P1, NET1, "fe80::2", 301, "::");
}

/* The kernel's choice is as good as any other that announces the prefix. */
Test(clat_hop, p8781_34_the_one_in_use)
{
	heard("fe80::1", P1, NULL, RA_HIGH, 1800, 0);
	heard("fe80::2", P1, NULL, RA_LOW, 1800, 0);
	expect(P1, NET1, "fe80::2", 1, "fe80::2");
	expect(P1, NET1, "fe80::3", 1, "fe80::1");
	expect(P1, NET1, "::", 1, "fe80::1");
}

/* The router's preference, then who was heard first (P8781-31). */
Test(clat_hop, p8781_31_34_order)
{
	heard("fe80::1", P1, NULL, RA_LOW, 1800, 0);
	heard("fe80::2", P1, NULL, RA_MEDIUM, 1800, 0);
	heard("fe80::3", P1, NULL, RA_MEDIUM, 1800, 0);
	expect(P1, NET1, "::", 1, "fe80::2");
	heard("fe80::3", P1, NULL, RA_HIGH, 1800, 1);
	expect(P1, NET1, "::", 1, "fe80::3");
	heard("fe80::3", P1, NULL, RA_HIGH, 0, 2);
	expect(P1, NET1, "::", 2, "fe80::2");
}

/* First of all the router that our address comes from (RFC 8028, 3.2), but
 * only among those that announce the prefix. */
Test(clat_hop, c6877_85_source_prefix)
{
	heard("fe80::1", P1, NET1, RA_LOW, 1800, 0);
	heard("fe80::2", P1, NET2, RA_HIGH, 1800, 0);
	heard("fe80::3", P2, NET1, RA_HIGH, 1800, 0);
	expect(P1, NET1, "fe80::2", 1, "fe80::1");
	expect(P1, NET2, "fe80::1", 1, "fe80::2");
	expect(P1, "2001:db8:0:3::", "fe80::1", 1, "fe80::1");
	expect(P1, "2001:db8:0:3::", "::", 1, "fe80::2");
	(void)heard_expire(&nets, 600 * SECOND);
	expect(P1, NET1, "::", 600, "fe80::2");
}

/* SPDX-License-Identifier: MIT */
/* Which IPv6 addresses stand for an IPv4 address, and which are believed. */
#include <criterion/criterion.h>

#include "dns/synth.h"
#include "dns_help.h"

static uint32_t v4(const char *text)
{
	struct in_addr a;

	cr_assert(inet_pton(AF_INET, text, &a));
	return ntohl(a.s_addr);
}

static struct addr6 v6(const char *text)
{
	uint8_t wire[16];

	cr_assert(inet_pton(AF_INET6, text, wire));
	return addr6_load(wire);
}

static struct synth with_prefix(const char *prefix, uint8_t len)
{
	struct synth s = { .prefix_count = 1 };

	s.prefixes[0] = (struct pref64){ v6(prefix), len };
	return s;
}

/* Both ends of each block of RFC 6052, 3.1, and the addresses next to it. */
Test(dns_synth, d64_24_well_known_prefix_is_for_global_addresses)
{
	static const struct {
		const char *before, *first, *last, *after;
	} blocks[] = {
		{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
		{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
		{ "100.63.255.255", "100.64.0.0", "100.127.255.255",
		  "100.128.0.0" },
		{ "126.255.255.255", "127.0.0.0", "127.255.255.255",
		  "128.0.0.0" },
		{ "169.253.255.255", "169.254.0.0", "169.254.255.255",
		  "169.255.0.0" },
		{ "172.15.255.255", "172.16.0.0", "172.31.255.255",
		  "172.32.0.0" },
		{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
		{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
		{ "192.88.98.255", "192.88.99.0", "192.88.99.255",
		  "192.88.100.0" },
		{ "192.167.255.255", "192.168.0.0", "192.168.255.255",
		  "192.169.0.0" },
		{ "198.17.255.255", "198.18.0.0", "198.19.255.255",
		  "198.20.0.0" },
		{ "198.51.99.255", "198.51.100.0", "198.51.100.255",
		  "198.51.101.0" },
		{ "203.0.112.255", "203.0.113.0", "203.0.113.255",
		  "203.0.114.0" },
		{ "223.255.255.255", "224.0.0.0", "255.255.255.255", NULL },
	};
	const struct synth wkp = with_prefix("64:ff9b::", 96);
	const struct synth own = with_prefix("2001:db8::", 96);

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		cr_expect_eq(synth_map(&wkp, v4(blocks[i].first)).count, 0);
		cr_expect_eq(synth_map(&wkp, v4(blocks[i].last)).count, 0);
		if (blocks[i].before)
			cr_expect_eq(
				synth_map(&wkp, v4(blocks[i].before)).count, 1);
		if (blocks[i].after)
			cr_expect_eq(synth_map(&wkp, v4(blocks[i].after)).count,
				     1);
		cr_expect_eq(synth_map(&own, v4(blocks[i].first)).count, 1);
	}
}

Test(dns_synth, d64_26_ipv4only_is_exempt)
{
	const struct synth s = with_prefix("64:ff9b::", 96);
	struct synth_set set;

	cr_expect_eq(synth_map(&s, v4("192.0.0.170")).count, 0);
	set = synth_map_v4only(&s, v4("192.0.0.170"));
	cr_assert_eq(set.count, 1);
	cr_expect(addr6_equal(set.addr[0], v6("64:ff9b::192.0.0.170")));
}

Test(dns_synth, d64_23_first_matching_rule_decides)
{
	struct synth s = with_prefix("2001:db8:1::", 96);
	struct synth_set set;

	s.map4[0] = (struct synth_map4){ .addr = v4("10.1.0.0"),
					 .len = 16,
					 .never = true };
	s.map4[1] = (struct synth_map4){
		.addr = v4("10.0.0.0"),
		.len = 8,
		.prefix = { v6("2001:db8:2::"), 96 },
	};
	s.map4[2] = (struct synth_map4){ .addr = v4("8.0.0.0"), .len = 8 };
	s.map4_count = 3;
	cr_expect_eq(synth_map(&s, v4("10.1.2.3")).count, 0);
	set = synth_map(&s, v4("10.2.0.1"));
	cr_assert_eq(set.count, 1);
	cr_expect(addr6_equal(set.addr[0], v6("2001:db8:2::10.2.0.1")));
	set = synth_map(&s, v4("8.8.8.8"));
	cr_assert_eq(set.count, 1);
	cr_expect(addr6_equal(set.addr[0], v6("2001:db8:1::8.8.8.8")));
	cr_expect_eq(synth_map(&s, v4("9.9.9.9")).count, 0, "in no rule");
}

Test(dns_synth, exclusion)
{
	struct synth s = { .exclude6_count = 2 };

	s.exclude6[0] = (struct synth_net6){ v6("::ffff:0:0"), 96 };
	s.exclude6[1] = (struct synth_net6){ v6("fc00::"), 7 };
	cr_expect(synth_excluded(&s, v6("::ffff:1.2.3.4")));
	cr_expect(synth_excluded(&s, v6("fdff::1")));
	cr_expect_not(synth_excluded(&s, v6("fe00::1")));
	cr_expect_not(synth_excluded(&s, v6("::1.2.3.4")));
	s.exclude6[0] = (struct synth_net6){ v6("::"), 0 };
	cr_expect(synth_excluded(&s, v6("2606::1")), "::/0");
}

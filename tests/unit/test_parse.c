/* SPDX-License-Identifier: MIT */
/* Values of options: what is taken, what it becomes, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "leaks.h"
#include "list.h"
#include "parse.h"

/* Texts that are no value of a kind; @parse must refuse each. */
#define REFUSES(parse, out, ...)                                               \
	do {                                                                   \
		static const char *const texts[] = { __VA_ARGS__ };            \
		for (size_t i = 0; i < XL_COUNT(texts); i++)                   \
			cr_expect_not_null(parse(texts[i], out), "'%s'",       \
					   texts[i]);                          \
	} while (0)

Test(parse, numbers_to_the_last_one)
{
	uint64_t n = 1;

	cr_expect(parse_number("0", 0, 9, &n));
	cr_expect_eq(n, 0);
	cr_expect(parse_number("18446744073709551615", 0, UINT64_MAX, &n));
	cr_expect_eq(n, UINT64_MAX);
	cr_expect(parse_number("007", 0, 9, &n));
	cr_expect_eq(n, 7, "decimal, whatever it begins with");
}

Test(parse, numbers_beyond_the_last_one)
{
	static const char *const texts[] = {
		"18446744073709551616",  /* 2^64 */
		"18446744073709551625",  /* wraps to 9 by the last digit */
		"184467440737095516150", /* wraps by the multiplication */
		"99999999999999999999999999999999999999",
	};
	uint64_t n;

	for (size_t i = 0; i < XL_COUNT(texts); i++)
		cr_expect_not(parse_number(texts[i], 0, UINT64_MAX, &n), "%s",
			      texts[i]);
}

Test(parse, numbers_between_limits)
{
	uint64_t n;

	cr_expect(parse_number("68", 68, 65535, &n));
	cr_expect(parse_number("65535", 68, 65535, &n));
	cr_expect_not(parse_number("67", 68, 65535, &n));
	cr_expect_not(parse_number("65536", 68, 65535, &n));
}

Test(parse, what_is_no_number)
{
	static const char *const texts[] = { "",    " ",   "-1",  "+1",
					     " 1",  "1 ",  "1x",  "0x10",
					     "1.0", "1e3", "one", "1\n" };
	uint64_t n;

	for (size_t i = 0; i < XL_COUNT(texts); i++)
		cr_expect_not(parse_number(texts[i], 0, UINT64_MAX, &n), "'%s'",
			      texts[i]);
}

Test(parse, addresses)
{
	struct addr6 a6;
	uint32_t a4;

	cr_expect_null(parse_addr4("192.0.2.33", &a4));
	cr_expect_eq(a4, 0xc0000221);
	cr_expect_null(parse_addr6("2001:db8:122:344::192.0.2.33", &a6));
	cr_expect_eq(a6.hi, 0x20010db801220344);
	cr_expect_eq(a6.lo, 0xc0000221);
}

Test(parse, what_is_no_address)
{
	struct addr6 a6;
	uint32_t a4;

	REFUSES(parse_addr4, &a4, "", "192.0.2", "192.0.2.256", "192.0.2.1.1",
		"192.0.2.01", "192.0.2.1 ", " 192.0.2.1", "0xc0.0.2.1",
		"3221225985", "192.0.2.1/32", "localhost", "::1");
	REFUSES(parse_addr6, &a6, "", ":", "1", "2001:db8",
		"::1::", "2001:db8::12345", "1:2:3:4:5:6:7:8:9", "2001:db8::g",
		"::1 ", "::1/128", "[::1]", "fe80::1%eth0", "192.0.2.1");
}

Test(parse, networks)
{
	struct net4 n4;
	struct net6 n6;

	cr_expect_null(parse_net4("192.0.2.0/24", &n4));
	cr_expect_eq(n4.addr, 0xc0000200);
	cr_expect_eq(n4.len, 24);
	cr_expect_null(parse_net4("0.0.0.0/0", &n4));
	cr_expect_eq(n4.len, 0);
	cr_expect_null(parse_net4("192.0.2.1", &n4), "a host is a /32");
	cr_expect_eq(n4.len, 32);
	cr_expect_null(parse_net6("2001:db8::/32", &n6));
	cr_expect_eq(n6.addr.hi, 0x20010db800000000);
	cr_expect_eq(n6.len, 32);
	cr_expect_null(parse_net6("::/0", &n6));
	cr_expect_eq(n6.len, 0);
	cr_expect_null(parse_net6("2001:db8::1", &n6), "a host is a /128");
	cr_expect_eq(n6.len, 128);
}

/* The last bit that a length leaves to the network, and the one behind it. */
Test(parse, networks_with_host_bits)
{
	struct net4 n4;
	struct net6 n6;

	cr_expect_null(parse_net4("192.0.2.128/25", &n4));
	cr_expect_not_null(parse_net4("192.0.2.128/24", &n4));
	cr_expect_not_null(parse_net4("192.0.2.1/31", &n4));
	cr_expect_not_null(parse_net4("128.0.0.0/0", &n4));
	cr_expect_null(parse_net6("2001:db8:0:1::/64", &n6));
	cr_expect_not_null(parse_net6("2001:db8:0:1::/63", &n6));
	cr_expect_null(parse_net6("2001:db8:0:0:8000::/65", &n6));
	cr_expect_not_null(parse_net6("2001:db8:0:0:8000::/64", &n6));
	cr_expect_not_null(parse_net6("::1/127", &n6));
	cr_expect_not_null(parse_net6("8000::/0", &n6));
}

Test(parse, what_is_no_network)
{
	struct net4 n4;
	struct net6 n6;

	REFUSES(parse_net4, &n4, "", "/24", "192.0.2.0/", "192.0.2.0/33",
		"192.0.2.0/-1", "192.0.2.0/24/24", "192.0.2.0/ 24",
		"192.0.2.0/255.255.255.0", "192.0.2/24", "2001:db8::/32",
		"192.0.2.0/18446744073709551640",
		"0000000000000000000000000000000000000000000192.0.2.0/24");
	REFUSES(parse_net6, &n6, "", "/32", "2001:db8::/", "2001:db8::/129",
		"2001:db8::/-1", "2001:db8::/32/", "192.0.2.0/24",
		"00000:0000:0000:0000:0000:0000:0000:0000:0000:0001/128");
}

/* RFC 6052, 2.2: six lengths, and no other. */
Test(parse, prefixes_of_every_length)
{
	struct pref64 p;
	char text[32];

	for (unsigned int len = 0; len <= 129; len++) {
		const bool good = len == 32 || len == 40 || len == 48 ||
				  len == 56 || len == 64 || len == 96;

		snprintf(text, sizeof(text), "2001:db8::/%u", len);
		cr_expect_eq(!parse_pref64(text, &p), good, "/%u", len);
		if (good)
			cr_expect_eq(p.len, len);
	}
}

Test(parse, what_is_no_prefix)
{
	struct pref64 p;

	cr_expect_null(parse_pref64("64:ff9b::/96", &p));
	cr_expect_null(parse_pref64("64:ff9b:1::/48", &p), "RFC 8215");
	REFUSES(parse_pref64, &p, "", "64:ff9b::", "64:ff9b::1/96",
		"64:ff9b::/64", "64:ff9b::/32", "2001:db8:1:1::/48",
		"2001:db8:0:0:100::/96", "192.0.2.0/32", "/96", "none");
}

struct host_port {
	const char *text;
	const char *zone;
	struct addr6 addr;
	uint16_t port; /* 7: none was given */
};

Test(parse, hosts_and_ports)
{
	static const struct host_port good[] = {
		{ "192.0.2.1", "", { 0, 0xffffc0000201 }, 7 },
		{ "192.0.2.1:53", "", { 0, 0xffffc0000201 }, 53 },
		{ "2001:db8::1", "", { 0x20010db800000000, 1 }, 7 },
		{ "[2001:db8::1]", "", { 0x20010db800000000, 1 }, 7 },
		{ "[2001:db8::1]:65535", "", { 0x20010db800000000, 1 }, 65535 },
		{ "::1", "", { 0, 1 }, 7 },
		{ "2001:db8::53", "", { 0x20010db800000000, 0x53 }, 7 },
		{ "2001:db8:0:0:0:0:1:53",
		  "",
		  { 0x20010db800000000, 0x10053 },
		  7 },
		{ "2001:db8::1:abcd", "", { 0x20010db800000000, 0x1abcd }, 7 },
		{ "[::1:53]", "", { 0, 0x10053 }, 7 },
		{ "[::]:1", "", { 0, 0 }, 1 },
		{ "fe80::1%eth0", "eth0", { 0xfe80000000000000, 1 }, 7 },
		{ "[fe80::1%eth0]:53", "eth0", { 0xfe80000000000000, 1 }, 53 },
		{ "fe80::1%abcdefghijklmno",
		  "abcdefghijklmno",
		  { 0xfe80000000000000, 1 },
		  7 },
	};

	for (size_t i = 0; i < XL_COUNT(good); i++) {
		const struct host_port *g = &good[i];
		struct addr6 addr = { 0, 0 };
		uint16_t port = 7;
		char zone[16];

		cr_assert_null(parse_host_port(g->text, &addr, zone, &port),
			       "%s", g->text);
		cr_expect(addr6_equal(addr, g->addr), "%s", g->text);
		cr_expect_str_eq(zone, g->zone, "%s", g->text);
		cr_expect_eq(port, g->port, "%s", g->text);
	}
}

static const char *host_port(const char *text, struct addr6 *addr)
{
	uint16_t port;
	char zone[16];

	return parse_host_port(text, addr, zone, &port);
}

Test(parse, what_is_no_host_and_port)
{
	struct addr6 addr;

	REFUSES(host_port, &addr, "", ":", ":53", "192.0.2.1:", "192.0.2.1:0",
		"192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1: 53",
		"192.0.2.1:53:53", "[::1", "::1]", "[::1]53",
		"[::1]:", "[::1]:0", "::1:53", "2001:db8::1:5353",
		"[::1]:65536", "[]:53", "[[::1]]:53", "localhost",
		"localhost:53", "fe80::1%", "fe80::1%abcdefghijklmnop", "%eth0",
		"192.0.2.1%eth0", "192.0.2.1/32",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:"
		"0000:0000:0000:0001");
}

Test(parse, words)
{
	static const char *const words[] = { "off", "on", NULL };
	unsigned int value = 7;

	cr_expect_eq(parse_word("on", words), 1);
	cr_expect_eq(parse_word("o", words), -1);
	cr_expect_eq(parse_word("ON", words), -1);
	cr_expect_eq(parse_word("", words), -1);
	cr_expect_null(parse_choice(&value, "off", words, "off or on"));
	cr_expect_eq(value, 0);
	cr_expect_str_eq(parse_choice(&value, "of", words, "off or on"),
			 "off or on");
}

Test(parse, rows)
{
	struct list nets = { .items = NULL };
	const char *text = NULL;
	bool on = false;
	int tos = 7;

	cr_expect_null(parse_text(&text, "abc"));
	cr_expect_str_eq(text, "abc");
	cr_expect_not_null(parse_text(&text, ""));
	cr_expect_null(parse_switch(&on, ""));
	cr_expect(on);
	cr_expect_null(parse_tos_row(&tos, "copy"));
	cr_expect_eq(tos, TOS_COPY);
	cr_expect_null(parse_tos_row(&tos, "255"));
	cr_expect_eq(tos, 255);
	cr_expect_not_null(parse_tos_row(&tos, "256"));
	cr_expect_null(parse_net4_list(&nets, "10.0.0.0/8"));
	cr_expect_not_null(parse_net4_list(&nets, "10.0.0.1/8"));
	cr_expect_null(parse_net4_list(&nets, "192.0.2.1"));
	cr_assert_eq(nets.count, 2, "what was refused is not in it");
	cr_expect_eq(((struct net4 *)nets.items)[1].addr, 0xc0000201);
	free(nets.items);
}

/* More than the list's first room, so that it has to grow with its items. */
Test(parse, lists_grow)
{
	struct list l = { .items = NULL };

	for (uint32_t i = 0; i < 1000; i++)
		cr_assert_null(list_add(&l, &i, sizeof(i)));
	cr_assert_eq(l.count, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		cr_expect_eq(((uint32_t *)l.items)[i], i);
	free(l.items);
	leaks_check();
}

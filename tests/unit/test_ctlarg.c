/* SPDX-License-Identifier: MIT */
/* What ctl's arguments become, and what is said of wrong ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "ctlarg.h"
#include "parse.h"

struct query {
	struct net6 client;
	uint32_t port;
	uint32_t sentinel;
};

static const char *parse_client(void *field, const char *text)
{
	return parse_net6(text, field);
}

static const struct ctlarg args[] = {
	CTLARG(struct query, client, "client", "CIDR", parse_client, true),
	CTLARG(struct query, port, "port", "N", parse_port, false),
	CTLARG_END,
};

static union {
	struct query query;
	uint8_t room[CTLARG_SIZE];
} got;
static char why[512];

/* NULL: no words at all. */
static bool read_words(const struct ctlarg *of, const char *words)
{
	char line[128];

	memset(&got, 0xa5, sizeof(got));
	why[0] = '\0';
	if (words)
		snprintf(line, sizeof(line), "%s", words);
	return ctlarg_read(of, words ? line : NULL, &got, why, sizeof(why));
}

Test(ctlarg, by_name_and_by_place)
{
	static const char *const same[] = {
		"client=2001:db8::/32 port=80",
		"port=80 client=2001:db8::/32",
		"2001:db8::/32 80",
		"port=80 2001:db8::/32",
		"client=2001:db8::/32 80",
	};

	for (size_t i = 0; i < XL_COUNT(same); i++) {
		cr_assert(read_words(args, same[i]), "%s: %s", same[i], why);
		cr_expect(addr6_equal(got.query.client.addr,
				      (struct addr6){ 0x20010db800000000, 0 }));
		cr_expect(got.query.client.len == 32, "%s", same[i]);
		cr_expect(got.query.port == 80, "%s", same[i]);
		cr_expect(got.query.sentinel == 0, "%s", same[i]);
	}
}

Test(ctlarg, what_is_not_needed_may_be_missing)
{
	cr_assert(read_words(args, "2001:db8::1"));
	cr_expect(got.query.client.len == 128);
	cr_expect(got.query.port == 0);
	cr_expect(read_words(NULL, NULL));
}

Test(ctlarg, refusals)
{
	static const struct {
		const char *words;
		const char *why;
	} cases[] = {
		{ NULL, "expected client=CIDR [port=N]" },
		{ "port=80", "expected client=CIDR [port=N]" },
		{ "sea=1", "expected client=CIDR [port=N]" },
		{ "clien=::1", "expected client=CIDR [port=N]" },
		{ "clients=::1", "expected client=CIDR [port=N]" },
		{ "=::1", "expected client=CIDR [port=N]" },
		{ "::1 80 90", "expected client=CIDR [port=N]" },
		{ "::1 client=::2", "expected client=CIDR [port=N]" },
		{ "client=::1 port=0",
		  "port '0': expected a port from 1 to 65535" },
		{ "::1 port=", "port '': expected a port from 1 to 65535" },
	};

	for (size_t i = 0; i < XL_COUNT(cases); i++) {
		cr_expect(!read_words(args, cases[i].words), "case %zu", i);
		cr_expect_str_eq(why, cases[i].why);
	}
	cr_expect(!read_words(args, ""));
	cr_expect(strncmp(why, "client '': expected ", 20) == 0, "%s", why);
	cr_expect(!read_words(NULL, "xml"));
	cr_expect_str_eq(why, "expected no arguments");
}

/* The reason has less room than it needs. */
Test(ctlarg, a_long_reason_is_cut)
{
	char line[] = "nonsense=1";
	char small[12];

	cr_expect(!ctlarg_read(args, line, &got, small, sizeof(small)));
	cr_expect_str_eq(small, "expected cl");
}

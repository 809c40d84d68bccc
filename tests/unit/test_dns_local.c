/* SPDX-License-Identifier: MIT */
/*
 * What is answered without asking a server: names under the prefix, the zone
 * ipv4only.arpa, special names. Numbers like D64-56 are those of the list of
 * requirements.
 */
#include "dns_scene.h"

/* Without a cache: what is asked of a server is seen. */
SCENES(dns_local, 0);

#define REV_WKP "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.F.f.4.6.0.0.ip6.arpa"

Test(dns_local, d64_56_58_ptr)
{
	ask("8.0.8.0.4.0.4.0." REV_WKP, 12, NO_EDNS);
	ASKS("0 rd\nqd 8.8.4.4.in-addr.arpa. 1 12\nopt 1232 00000000 \n");
	answer(0);
	dm_rr_name(&msg, 1, "8.8.4.4.in-addr.arpa", 12, 900, "dns.example");
	send_answer();
	REPLIES("0 qr rd ra\n"
		"qd 8.0.8.0.4.0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.F.f."
		"4.6.0.0.ip6.arpa. 1 12\n"
		"an 8.0.8.0.4.0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.F.f."
		"4.6.0.0.ip6.arpa. 600 CNAME 8.8.4.4.in-addr.arpa.\n"
		"an 8.8.4.4.in-addr.arpa. 900 PTR dns.example.\n");
	/* D64-57: none there: no alias into the void. */
	ask("8.0.8.0.4.0.4.0." REV_WKP, 12, NO_EDNS);
	answer(3);
	dm_soa(&msg, "4.in-addr.arpa", 20);
	send_answer();
	REPLIES("3 qr rd ra\n"
		"qd 8.0.8.0.4.0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.F.f."
		"4.6.0.0.ip6.arpa. 1 12\n"
		"ns 4.in-addr.arpa. 20 SOA ns.invalid.\n");
}

Test(dns_local, d64_57_58_never_upstream)
{
	static const struct {
		const char *name;
		unsigned int type, rcode;
	} rows[] = {
		{ REV_WKP, 12, 0 },
		{ "8." REV_WKP, 12, 0 },
		{ "g.0.8.0.4.0.4.0." REV_WKP, 12, 3 },
		{ "12.8.0.4.0.4.0." REV_WKP, 12, 3 },
		{ "x.8.0.8.0.4.0.4.0." REV_WKP, 12, 3 },
		{ "1.8.0.8.0.4.0.4.0." REV_WKP, 12, 3 },
		{ "8.0.8.0.4.0.4.0." REV_WKP, 16, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(rows[i].name, rows[i].type, NO_EDNS);
		cr_expect_eq(step.what, QUERY_REPLY, "%s", rows[i].name);
		cr_expect_eq(reply_buf[3] & 15, rows[i].rcode, "%s",
			     rows[i].name);
		cr_expect(strstr(show(reply_buf, step.len),
				 "\nns 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.F."
				 "f.4.6.0.0.ip6.arpa. 3600 SOA "),
			  "%s", rows[i].name);
	}
	cr_expect_eq(query.count[COUNT_UPSTREAM], 0);
	/* Above and beside the prefix: as any other name. */
	ask("f.4.6.0.0.ip6.arpa", 12, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
	synth.ptr = false;
	ask("8.0.8.0.4.0.4.0." REV_WKP, 12, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
}

Test(dns_local, d64_59_ptr_of_each_length)
{
	/* RFC 6052, 2.4: 192.0.2.33 under each length, read backwards. */
	static const struct {
		struct pref64 prefix;
		const char *addr;
	} rows[] = {
		{ { { 0x20010db800000000ull, 0 }, 32 }, "2001:db8:c000:221::" },
		{ { { 0x20010db801000000ull, 0 }, 40 }, "2001:db8:1c0:2:21::" },
		{ { { 0x20010db801220000ull, 0 }, 48 },
		  "2001:db8:122:c000:2:2100::" },
		{ { { 0x20010db801220300ull, 0 }, 56 },
		  "2001:db8:122:3c0:0:221::" },
		{ { { 0x20010db801220344ull, 0 }, 64 },
		  "2001:db8:122:344:c0:2:2100::" },
		{ { { 0x20010db801220344ull, 0 }, 96 },
		  "2001:db8:122:344::192.0.2.33" },
	};
	char name[80];
	uint8_t wire[16];

	for (size_t i = 0; i < 6; i++) {
		synth.prefixes[0] = rows[i].prefix;
		cr_assert(inet_pton(AF_INET6, rows[i].addr, wire));
		for (unsigned int n = 0; n < 32; n++)
			sprintf(name + 2 * n, "%x.",
				wire[15 - n / 2] >> (n % 2 ? 4 : 0) & 15);
		strcat(name, "ip6.arpa");
		ask(name, 12, NO_EDNS);
		ASKS("0 rd\nqd 33.2.0.192.in-addr.arpa. 1 12\n"
		     "opt 1232 00000000 \n");
		answer(3);
		send_answer();
	}
}

Test(dns_local, d64_61_62_63_64_65_ipv4only)
{
	ask("IPv4only.arpa", 28, DO);
	REPLIES("0 qr rd ra\nqd IPv4only.arpa. 1 28\n"
		"an IPv4only.arpa. 3600 AAAA 64:ff9b::c000:aa\n"
		"an IPv4only.arpa. 3600 AAAA 64:ff9b::c000:ab\n"
		"opt 1232 00008000 \n");
	ask("ipv4only.arpa", 1, NO_EDNS);
	REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 1\n"
		"an ipv4only.arpa. 3600 A 192.0.0.170\n"
		"an ipv4only.arpa. 3600 A 192.0.0.171\n");
	ask("ipv4only.arpa", 16, NO_EDNS);
	REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 16\n"
		"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n");
	ask("x.ipv4only.arpa", 28, NO_EDNS);
	REPLIES("3 qr rd ra\nqd x.ipv4only.arpa. 1 28\n"
		"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n");
	ask("a.a.0.0.0.0.0.c." REV_WKP, 12, NO_EDNS);
	cr_expect(strstr(show(reply_buf, step.len),
			 " 3600 PTR ipv4only.arpa.\n"));
	cr_expect_eq(query.count[COUNT_UPSTREAM], 0, "D64-63");
	ask("ipv4only.arpa", 43, NO_EDNS);
	ASKS("0 rd\nqd ipv4only.arpa. 1 43\nopt 1232 00000000 \n");
}

Test(dns_local, d64_66_only_ipv4only)
{
	synth.v4only = true;
	ask("ipv4only.arpa", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 28\n"
		"an ipv4only.arpa. 3600 AAAA 64:ff9b::c000:aa\n"
		"an ipv4only.arpa. 3600 AAAA 64:ff9b::c000:ab\n");
	ask("w.example", 28, NO_EDNS);
	no_aaaa("example", 60);
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n");
	ask("8.0.8.0.4.0.4.0." REV_WKP, 12, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
}

/* RFC 8880, 7.1: what is said of the zone does not depend on the mode; the
 * standard wants even its SOA and NS records denied. */
Test(dns_local, d64_61_63_64_66_the_whole_zone)
{
	for (int only = 0; only < 2; only++) {
		synth.v4only = only;
		ask("ipv4only.arpa", 1, NO_EDNS);
		REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 1\n"
			"an ipv4only.arpa. 3600 A 192.0.0.170\n"
			"an ipv4only.arpa. 3600 A 192.0.0.171\n");
		ask("ipv4only.arpa", 6, NO_EDNS);
		REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 6\n"
			"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n");
		ask("ipv4only.arpa", 2, DO);
		REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 2\n"
			"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n"
			"opt 1232 00008000 \n");
		ask("a.b.ipv4only.arpa", 1, NO_EDNS);
		REPLIES("3 qr rd ra\nqd a.b.ipv4only.arpa. 1 1\n"
			"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n");
		ask("b.a.0.0.0.0.0.c." REV_WKP, 12, NO_EDNS);
		cr_expect(strstr(show(reply_buf, step.len),
				 " 3600 PTR ipv4only.arpa.\n"));
	}
	cr_expect_eq(query.count[COUNT_UPSTREAM], 0);
	/* RFC 8880, 7.2: to a resolver these two are like any other. */
	ask("170.0.0.192.in-addr.arpa", 12, NO_EDNS);
	ASKS("0 rd\nqd 170.0.0.192.in-addr.arpa. 1 12\n"
	     "opt 1232 00000000 \n");
}

/* RFC 6761, 6.3 and 6.4, RFC 7686, RFC 9462: nobody is asked for these. */
Test(dns_local, special_names)
{
	for (int only = 0; only < 2; only++) {
		synth.v4only = only;
		ask("localhost", 1, NO_EDNS);
		REPLIES("0 qr rd ra\nqd localhost. 1 1\n"
			"an localhost. 3600 A 127.0.0.1\n");
		ask("x.LocalHost", 28, NO_EDNS);
		REPLIES("0 qr rd ra\nqd x.LocalHost. 1 28\n"
			"an x.LocalHost. 3600 AAAA ::1\n");
		ask("localhost", 16, NO_EDNS);
		REPLIES("0 qr rd ra\nqd localhost. 1 16\n"
			"ns localhost. 3600 SOA localhost.\n");
		ask("www.invalid", 28, NO_EDNS);
		REPLIES("3 qr rd ra\nqd www.invalid. 1 28\n"
			"ns invalid. 3600 SOA invalid.\n");
		ask("abc.onion", 28, CD);
		REPLIES("3 qr rd ra cd\nqd abc.onion. 1 28\n"
			"ns onion. 3600 SOA onion.\n");
		ask("_dns.resolver.arpa", 64, NO_EDNS);
		REPLIES("0 qr rd ra\nqd _dns.resolver.arpa. 1 64\n"
			"ns resolver.arpa. 3600 SOA resolver.arpa.\n");
	}
	cr_expect_eq(query.count[COUNT_UPSTREAM], 0);
}

/* Endings that only look like those. */
Test(dns_local, names_that_are_not_special)
{
	static const char *const names[] = { "notlocalhost", "localhost.x",
					     "a.test", "b.local",
					     "onion.example" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(names[i], 1, NO_EDNS);
		cr_expect_eq(step.what, QUERY_ASK, "%s", names[i]);
		answer(3);
		send_answer();
	}
}

Test(dns_local, d64_60_ptr_under_ula_prefix)
{
	synth.prefixes[0] = (struct pref64){ { 0xfd00000000640000ull, 0 }, 96 };
	ask("8.0.8.0.4.0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.4.6.0.0.0.0.0.0.0.0.d.f."
	    "ip6.arpa",
	    12, NO_EDNS);
	ASKS("0 rd\nqd 8.8.4.4.in-addr.arpa. 1 12\nopt 1232 00000000 \n");
}

/* SPDX-License-Identifier: MIT */
/* RFC 7050: whom to ask for ipv4only.arpa, and when. */
#include "clat_help.h"

#include "clat/ask.h"
#include "dns_help.h"

#define P1 "64:ff9b::"
#define P2 "2001:db8:64::"

/* Answer what was asked last: AAAA records under each prefix, or none. */
static void answer(struct ask *a, unsigned int rcode, unsigned long ttl,
		   const char *first, const char *second, uint64_t now)
{
	uint8_t question[V4ONLY_QUESTION_LEN];
	char addr[64];
	struct dm m;

	dm_begin(&m, a->sent.id, 0x8180 | rcode);
	v4only_question(question, a->sent);
	dm_bytes(&m, question + 12, sizeof(question) - 12);
	dm_bump(&m, 0);
	for (unsigned int i = 0; i < 2; i++) {
		if (!(i ? second : first))
			continue;
		snprintf(addr, sizeof(addr), "%s192.0.0.170",
			 i ? second : first);
		dm_aaaa(&m, "ipv4only.arpa", ttl, addr);
	}
	ask_answered(a, m.b, m.n, now);
}

static struct ask started(uint32_t servers)
{
	struct ask a = { 0 };

	ask_start(&a, servers, 0);
	return a;
}

static void expect_prefix(const struct ask *a, struct pref64 used,
			  const char *want)
{
	const struct pref64 p = ask_choose(a, used);

	cr_expect_eq(p.len, want ? 96 : 0);
	if (want)
		cr_expect(addr6_equal(p.prefix, v6(want)), "%s", want);
}

static const struct pref64 none;

/* D7050-30: asked again ten seconds before the TTL ends. */
Test(clat_ask, d7050_30_refresh)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 600, P1, NULL, 0);
	expect_prefix(&a, none, P1);
	cr_expect_eq(a.at, 590 * SECOND);
	cr_expect(ask_due(&a, a.at, 2));
}

/* Without a floor a TTL of 0 would make a storm, without a ceiling one of a year
 * would hide every change. */
Test(clat_ask, d7050_33_floor_and_ceiling)
{
	static const unsigned long ttls[] = { 0, 1, 60, 86400, 31536000 };
	static const uint64_t refresh[] = { 50, 50, 50, 86390, 86390 };

	for (size_t i = 0; i < XL_COUNT(ttls); i++) {
		struct ask a = started(1);

		cr_assert(ask_due(&a, 0, 1));
		answer(&a, 0, ttls[i], P1, NULL, 0);
		cr_expect_eq(a.at, refresh[i] * SECOND, "TTL %lu", ttls[i]);
	}
}

/* D7050-34: 1, 2, 4 seconds for each server, then a rest that grows. */
Test(clat_ask, d7050_34_timeouts)
{
	static const uint64_t waits[] = { 1, 2, 4, 1, 2, 4 };
	static const uint64_t rests[] = { 10, 20, 40, 80, 160, 300, 300 };
	struct ask a = started(2);
	uint64_t now = 0;

	for (unsigned int round = 0; round < XL_COUNT(rests); round++) {
		for (unsigned int i = 0; i < XL_COUNT(waits); i++) {
			cr_assert(ask_due(&a, now, 500), "%u %u", round, i);
			cr_expect_eq(a.server, i / 3);
			cr_expect_eq(a.at - now, waits[i] * SECOND);
			now = a.at;
		}
		cr_assert_not(ask_due(&a, now, 500));
		cr_expect(a.at - now >= rests[round] * SECOND * 9 / 10);
		cr_expect(a.at - now <= rests[round] * SECOND * 11 / 10);
		now = a.at;
	}
}

/* D7050-40: an ICMP error ends the wait for a server. */
Test(clat_ask, d7050_40_unreachable)
{
	struct ask a = started(2);

	cr_assert(ask_due(&a, 0, 1));
	ask_failed(&a, SECOND / 10);
	cr_expect_eq(a.at, SECOND / 10);
	cr_assert(ask_due(&a, a.at, 1));
	cr_expect_eq(a.server, 1);
}

/* D7050-18: SERVFAIL is this server's failure, not an answer. */
Test(clat_ask, d7050_18_servfail)
{
	struct ask a = started(2);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 2, 0, NULL, NULL, 1);
	cr_assert(ask_due(&a, a.at, 1));
	cr_expect_eq(a.server, 1);
	answer(&a, 0, 60, P1, NULL, 2);
	expect_prefix(&a, none, P1);
}

/* D7050-35: a denial holds for its TTL; without an SOA record 300 s. */
Test(clat_ask, d7050_35_negative)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 3, 0, NULL, NULL, 0);
	expect_prefix(&a, none, NULL);
	cr_expect_eq(a.at, 300 * SECOND);
	ask_start(&a, 1, 7 * SECOND);
	cr_expect_eq(a.at, 7 * SECOND, "a reason to ask again");
}

/* D7050-36: with a prefix in use one denial is not believed, two are. */
Test(clat_ask, d7050_36_two_denials)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 60, P1, NULL, 0);
	cr_assert(ask_due(&a, 50 * SECOND, 2));
	answer(&a, 0, 0, NULL, NULL, 50 * SECOND);
	expect_prefix(&a, prefix(P1 "/96"), P1);
	cr_expect_eq(a.at, 60 * SECOND);
	cr_assert(ask_due(&a, 60 * SECOND, 3));
	answer(&a, 0, 0, NULL, NULL, 60 * SECOND);
	expect_prefix(&a, prefix(P1 "/96"), NULL);
}

/* D7050-36: the second time every server is asked. */
Test(clat_ask, d7050_36_another_server_confirms)
{
	struct ask a = started(2);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 60, P1, NULL, 0);
	cr_assert(ask_due(&a, 50 * SECOND, 2));
	answer(&a, 0, 0, NULL, NULL, 50 * SECOND);
	cr_assert(ask_due(&a, 60 * SECOND, 3));
	answer(&a, 0, 0, NULL, NULL, 60 * SECOND);
	expect_prefix(&a, none, P1);
	cr_assert(ask_due(&a, a.at, 4));
	cr_expect_eq(a.server, 1);
	answer(&a, 0, 60, P1, NULL, 60 * SECOND);
	expect_prefix(&a, none, P1);
	cr_expect_eq(a.denied, 0);
}

/* D7050-37: used for 600 s beyond the TTL when nobody answers. */
Test(clat_ask, d7050_37_stale)
{
	struct ask a = started(1);
	uint64_t ended = 0;

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 100, P1, NULL, 0);
	while (a.found.count) {
		ended = a.at;
		cr_assert_leq(ended, 700 * SECOND);
		(void)!ask_due(&a, ended, 500);
	}
	cr_expect_eq(ended, 700 * SECOND);
}

/* The one in use stays while it is in the answer. */
Test(clat_ask, d7050_24_38_sticky)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 60, P1, P2, 0);
	expect_prefix(&a, none, P1);
	expect_prefix(&a, prefix(P2 "/96"), P2);
	cr_assert(ask_due(&a, a.at, 1));
	answer(&a, 0, 60, P2, NULL, a.at);
	expect_prefix(&a, prefix(P1 "/96"), P2);
}

/* D7050-42: wrong answers do not end the wait, but a flood of them does. */
Test(clat_ask, d7050_42_flood)
{
	struct ask a = started(2);
	uint8_t junk[12] = { 0 };

	cr_assert(ask_due(&a, 0, 0x1234));
	for (unsigned int i = 0; i < 100; i++)
		ask_answered(&a, junk, sizeof(junk), 1);
	cr_expect_eq(a.server, 0);
	ask_answered(&a, junk, sizeof(junk), 1);
	cr_expect_eq(a.server, 1);
}

/* D7050-41: letters in random case, but for a server's last chance. */
Test(clat_ask, d7050_41_case)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 0x5551234));
	cr_expect_eq(a.sent.id, 0x1234);
	cr_expect_eq(a.sent.upper & 0x7ff, 0x555);
	cr_assert(ask_due(&a, a.at, 0x5551234));
	cr_assert(ask_due(&a, a.at, 0x5551234));
	cr_expect_eq(a.sent.upper, 0);
}

/* D7050-14: nobody to ask. */
Test(clat_ask, d7050_14_no_server)
{
	struct ask a = started(0);

	cr_expect_eq(a.at, UINT64_MAX);
	cr_expect_not(ask_due(&a, 0, 1));
}

/* An answer that was cut: the same server, once more, over TCP; and if that is
 * cut, too, the next one. */
Test(clat_ask, d7050_17_over_tcp)
{
	struct ask a = started(2);

	cr_assert(ask_due(&a, 0, 1));
	cr_expect_not(a.tcp);
	answer(&a, 0x200, 0, NULL, NULL, 1);
	cr_expect_eq(a.at, 1);
	cr_assert(ask_due(&a, 1, 2));
	cr_expect(a.tcp);
	cr_expect_eq(a.server, 0);
	answer(&a, 0x200, 0, NULL, NULL, 2);
	cr_assert(ask_due(&a, a.at, 3));
	cr_expect_not(a.tcp);
	cr_expect_eq(a.server, 1);
	answer(&a, 0x200, 0, NULL, NULL, 3);
	cr_assert(ask_due(&a, a.at, 4));
	answer(&a, 0, 60, P1, NULL, 4);
	expect_prefix(&a, none, P1);
	cr_assert(ask_due(&a, a.at, 5));
	cr_expect_not(a.tcp, "the next round begins over UDP");
}

Test(clat_ask, stopped)
{
	struct ask a = started(1);

	cr_assert(ask_due(&a, 0, 1));
	answer(&a, 0, 60, P1, NULL, 0);
	ask_stop(&a);
	expect_prefix(&a, none, NULL);
	cr_expect_eq(a.at, UINT64_MAX);
	ask_answered(&a, "", 0, 0);
}

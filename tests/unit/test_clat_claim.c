/* SPDX-License-Identifier: MIT */
/* Owning an address: frames, Duplicate Address Detection, defence. */
#include "clat_help.h"

#include "clat/claim.h"

#define X "2001:db8:1:2:123:4567:89ab:cdef"

static const struct nd_mac own = { { 2, 0, 0, 0, 0, 0x10 } };
/* Random, so that its bytes count and not their order as a number. */
static const union {
	uint8_t bytes[8];
	uint64_t number;
} random_bytes = { { 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 } };
#define nonce random_bytes.number

/* A frame of the vectors by its name. */
static size_t frame(const char *name, uint8_t *out)
{
	static struct lines l;
	size_t n = 0;

	lines_open(&l, "nd");
	while (lines_next(&l))
		if (!strcmp(l.words[0], name))
			n = unhex(out, l.words[1]);
	cr_assert(n, "%s", name);
	return n;
}

static bool parse(const char *name, struct nd *nd)
{
	uint8_t bytes[256];
	const size_t n = frame(name, bytes);
	uint8_t *exact = malloc(n);
	bool valid;

	memcpy(exact, bytes, n);
	valid = nd_parse(nd, exact, n);
	free(exact);
	return valid;
}

static void expect_frame(const struct claim_step *s, const char *name)
{
	uint8_t want[256];

	cr_assert_eq(frame(name, want), ND_FRAME_LEN);
	cr_assert(s->send, "%s", name);
	cr_expect_arr_eq(s->frame, want, ND_FRAME_LEN, "%s", name);
}

static const struct claim_link ethernet = {
	.mac = { { 2, 0, 0, 0, 0, 0x10 } },
	.probes = 1,
	.wait = SECOND,
};

/* An address that is being claimed, its first probe sent at @now. */
static struct claim probing(uint64_t now)
{
	struct claim c;
	struct claim_step s;

	claim_start(&c, v6(X), &ethernet, now);
	cr_assert_eq(c.at, now);
	s = claim_due(&c, now, nonce);
	cr_assert_eq(s.news, CLAIM_SAME);
	return c;
}

/* An address that is ours since the second 1. */
static struct claim held(void)
{
	struct claim c = probing(0);

	cr_assert_eq(claim_due(&c, SECOND, nonce).news, CLAIM_WON);
	return c;
}

static struct claim_step hear(struct claim *c, const char *name, uint64_t now)
{
	struct nd nd;

	cr_assert(parse(name, &nd), "%s", name);
	return claim_heard(c, &nd, now);
}

Test(clat_nd, nd_01_02_what_is_dropped)
{
	static const char *const bad[] = {
		"nd-bad-hlim",
		"nd-bad-code",
		"nd-bad-dad-dst",
		"nd-bad-dad-slla",
		"nd-bad-na-solicited-mc",
		"nd-bad-optlen",
		"nd-bad-checksum",
		"nd-bad-mc-target",
		"nd-short",
	};
	static const char *const good[] = {
		"nd-dad-ns-no-nonce", "nd-resolve",    "nd-nud",
		"nd-foreign-na",      "nd-kernel-dad", "nd-dad-na-conflict",
	};
	struct nd nd;

	for (size_t i = 0; i < XL_COUNT(bad); i++)
		cr_expect_not(parse(bad[i], &nd), "%s", bad[i]);
	for (size_t i = 0; i < XL_COUNT(good); i++)
		cr_expect(parse(good[i], &nd), "%s", good[i]);
}

Test(clat_nd, nd_01_cut_anywhere)
{
	uint8_t bytes[256];
	const size_t n = frame("nd-resolve", bytes);
	struct nd nd;

	for (size_t len = 0; len < n; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, bytes, len);
		cr_expect_not(nd_parse(&nd, exact, len), "%zu", len);
		free(exact);
	}
}

/* Put the length and the checksum of what follows the IPv6 header right. */
static void make_right(uint8_t *bytes, size_t n)
{
	const size_t len = n - 54;

	be_put16(bytes + 18, (uint16_t)len);
	be_put16(bytes + 56, 0);
	be_put16(bytes + 56,
		 (uint16_t)~csum_fold(csum_bytes(bytes + 22, 32) + len + 58 +
				      csum_bytes(bytes + 54, len)));
}

/* Reserved bits are set, and an option comes that nobody knows. */
Test(clat_nd, nd_03_unknown_things_are_passed_over)
{
	uint8_t bytes[256];
	size_t n = frame("nd-resolve", bytes);
	struct nd nd;

	memset(bytes + 58, 0xff, 4);
	memset(bytes + n, 0xee, 16);
	bytes[n] = 200;
	bytes[n + 1] = 2;
	n += 16;
	make_right(bytes, n);
	cr_assert(nd_parse(&nd, bytes, n));
	cr_expect_eq(nd.type, ND_SOLICIT);
	cr_expect(addr6_equal(nd.target, v6(X)));
}

/* RFC 6980, 5, and be it a single fragment. */
Test(clat_nd, nd_04_fragments)
{
	uint8_t bytes[256];
	const size_t n = frame("nd-resolve", bytes);
	struct nd nd;

	cr_assert(nd_parse(&nd, bytes, n));
	memmove(bytes + 62, bytes + 54, n - 54);
	memcpy(bytes + 54, "\x3a\0\0\0\0\0\0\1", 8);
	bytes[20] = 44;
	be_put16(bytes + 18, (uint16_t)(n - 54 + 8));
	cr_expect_not(nd_parse(&nd, bytes, n + 8));
}

/* The probe byte for byte and at once (ND-14), the result a second later. */
Test(clat_claim, nd_10_12_14_one_probe_and_a_second)
{
	struct claim c;
	struct claim_step s;

	claim_start(&c, v6(X), &ethernet, 5 * SECOND);
	s = claim_due(&c, 5 * SECOND, nonce);
	expect_frame(&s, "nd-dad-ns");
	cr_expect_eq(c.at, 6 * SECOND);
	s = claim_due(&c, 6 * SECOND, nonce);
	cr_expect_eq(s.news, CLAIM_WON);
	expect_frame(&s, "nd-announce");
}

static struct claim optimistic(void)
{
	struct claim_link link = ethernet;
	struct claim c;

	link.optimistic = true;
	claim_start(&c, v6(X), &link, 0);
	return c;
}

/* ND-16, -40: probe and announcement at once, the end a second later. */
Test(clat_claim, nd_16_optimistic)
{
	struct claim c = optimistic();
	struct claim_step s = claim_due(&c, 0, nonce);

	expect_frame(&s, "nd-dad-ns");
	cr_expect_eq(c.at, 0);
	s = claim_due(&c, 0, nonce);
	expect_frame(&s, "nd-announce");
	cr_expect_eq(s.news, CLAIM_SAME);
	cr_expect_eq(c.at, SECOND);
	s = claim_due(&c, SECOND, nonce);
	cr_expect_eq(s.news, CLAIM_WON);
	cr_expect_not(s.send);
	for (uint64_t at = SECOND; at <= 2 * SECOND; at += SECOND) {
		cr_assert_eq(c.at, at);
		s = claim_due(&c, at, nonce);
		expect_frame(&s, "nd-announce");
	}
	cr_expect_eq(c.at, UINT64_MAX);
}

/* ND-40: a second apart, also where RetransTimer is shorter. */
Test(clat_claim, nd_40_optimistic_and_a_short_timer)
{
	struct claim c = optimistic();

	c.wait = SECOND / 4;
	cr_assert(claim_due(&c, 0, nonce).send);
	cr_assert(claim_due(&c, 0, nonce).send);
	cr_expect_eq(claim_due(&c, SECOND / 4, nonce).news, CLAIM_WON);
	cr_expect_eq(c.at, SECOND);
}

/* ND-19: neighbours get an answer that overrides nobody. */
Test(clat_claim, nd_19_optimistic_is_answered_for)
{
	struct claim c = optimistic();
	struct claim_step s;

	cr_assert(claim_due(&c, 0, nonce).send);
	s = hear(&c, "nd-resolve", 1);
	expect_frame(&s, "nd-solicited-na-optimistic");
}

/* ND-19, -20, -21: a conflict is one before and while it is used. */
Test(clat_claim, nd_19_optimistic_conflicts)
{
	static const char *const claims[] = { "nd-dad-ns-no-nonce",
					      "nd-dad-ns-other-nonce",
					      "nd-dad-na-conflict" };

	for (size_t i = 0; i < XL_COUNT(claims); i++) {
		struct claim c = optimistic();

		cr_assert(claim_due(&c, 0, nonce).send);
		cr_assert(claim_due(&c, 0, nonce).send);
		cr_expect_eq(hear(&c, claims[i], 1).news, CLAIM_LOST, "%s",
			     claims[i]);
	}
}

/* ND-22 */
Test(clat_claim, nd_22_optimistic_looped_back)
{
	struct claim c = optimistic();

	cr_assert(claim_due(&c, 0, nonce).send);
	cr_assert(claim_due(&c, 0, nonce).send);
	cr_expect_eq(hear(&c, "nd-dad-ns-looped", 1).news, CLAIM_SAME);
	for (uint64_t i = 1; i < 4; i++) {
		cr_assert_eq(c.at, i * SECOND);
		cr_expect_eq(claim_due(&c, c.at, nonce + i).frame[54],
			     ND_SOLICIT);
	}
	cr_expect_eq(claim_due(&c, 4 * SECOND, nonce).news, CLAIM_WON);
}

/* ND-13 */
Test(clat_claim, nd_13_no_probes_no_waiting)
{
	struct claim_link link = ethernet;
	struct claim c;

	link.probes = 0;
	claim_start(&c, v6(X), &link, 0);
	cr_expect_eq(claim_due(&c, 0, nonce).news, CLAIM_WON);
}

/* ND-40: at 0, 1 and 2 seconds. */
Test(clat_claim, nd_40_three_announcements)
{
	struct claim c = held();
	struct claim_step s;

	for (unsigned int i = 2; i < 4; i++) {
		cr_assert_eq(c.at, i * SECOND);
		s = claim_due(&c, i * SECOND, nonce);
		expect_frame(&s, "nd-announce");
	}
	cr_expect_eq(c.at, UINT64_MAX);
}

/* ND-18, -24: silence while the address is tentative. */
Test(clat_claim, nd_05_18_24_tentative_is_silent)
{
	struct claim c = probing(0);
	struct claim_step s = hear(&c, "nd-resolve", 1);

	cr_expect_eq(s.news, CLAIM_SAME);
	cr_expect_not(s.send);
	s = hear(&c, "nd-other-target", 1);
	cr_expect_eq(s.news, CLAIM_SAME);
}

/* ND-20, -21, -25, -26. */
Test(clat_claim, nd_20_21_25_26_conflicts)
{
	static const char *const claims[] = { "nd-dad-ns-no-nonce",
					      "nd-dad-ns-other-nonce",
					      "nd-dad-na-conflict" };
	struct claim_step s;
	struct claim c;

	for (size_t i = 0; i < XL_COUNT(claims); i++) {
		c = probing(0);
		s = hear(&c, claims[i], 1);
		cr_expect_eq(s.news, CLAIM_LOST, "%s", claims[i]);
		cr_expect_eq(s.other.b[5], 0x99, "%s", claims[i]);
		cr_expect_eq(c.state, CLAIM_FREE);
		claim_start(&c, v6(X), &ethernet, 0);
		cr_expect_eq(hear(&c, claims[i], 0).news, CLAIM_LOST,
			     "before our first probe");
	}
}

/* ND-22: looped back: three more probes with other nonces, then it is ours. */
Test(clat_claim, nd_15_22_looped_back)
{
	struct claim c = probing(0);
	struct claim_step s = hear(&c, "nd-dad-ns-looped", 1);

	cr_expect_eq(s.news, CLAIM_SAME);
	for (uint64_t i = 1; i < 4; i++) {
		cr_expect_eq(c.at, i * SECOND);
		s = claim_due(&c, i * SECOND, nonce + i);
		cr_expect_eq(s.news, CLAIM_SAME);
		cr_expect_eq(s.frame[54], ND_SOLICIT);
		cr_expect_eq(hear(&c, "nd-dad-ns-looped", i * SECOND + 1).news,
			     CLAIM_SAME);
	}
	cr_expect_eq(claim_due(&c, 4 * SECOND, nonce).news, CLAIM_WON);
}

/* Each is there when claim_heard() returns (ND-35). */
Test(clat_claim, nd_30_31_32_34_35_answers)
{
	struct claim c = held();
	struct claim_step s = hear(&c, "nd-resolve", 2 * SECOND);

	expect_frame(&s, "nd-solicited-na");
	s = hear(&c, "nd-dad-ns-other-nonce", 2 * SECOND);
	expect_frame(&s, "nd-defend");
	s = hear(&c, "nd-nud", 2 * SECOND);
	expect_frame(&s, "nd-solicited-na");
	s = hear(&c, "nd-other-target", 2 * SECOND);
	cr_expect_not(s.send);
	c.router = true;
	s = hear(&c, "nd-resolve", 2 * SECOND);
	expect_frame(&s, "nd-solicited-na-router");
}

/* To whom it is sent: the option of the solicitation, else the sender. */
Test(clat_claim, nd_33_where_the_answer_goes)
{
	static const uint8_t option[] = { 2, 0, 0, 0, 0, 0xfe };
	static const uint8_t sender[] = { 2, 0, 0, 0, 0, 0x77 };
	struct claim c = held();
	uint8_t bytes[256];
	const size_t n = frame("nd-resolve", bytes);
	struct claim_step s;
	struct nd nd;

	memcpy(bytes + 6, sender, 6);
	cr_assert(nd_parse(&nd, bytes, n));
	s = claim_heard(&c, &nd, 2 * SECOND);
	cr_expect_arr_eq(s.frame, option, 6);
	make_right(bytes, n - 8);
	cr_assert(nd_parse(&nd, bytes, n - 8));
	s = claim_heard(&c, &nd, 2 * SECOND);
	cr_expect_arr_eq(s.frame, sender, 6);
}

/* ND-36 */
Test(clat_claim, nd_36_hundred_a_second)
{
	struct claim c = held();
	unsigned int sent = 0;

	for (unsigned int i = 0; i < 1000; i++)
		sent += hear(&c, "nd-nud", 5 * SECOND + i).send;
	cr_expect_eq(sent, 100);
	cr_expect(hear(&c, "nd-nud", 6 * SECOND).send);
}

/* ND-41 */
Test(clat_claim, nd_41_announced_again)
{
	const struct nd_mac other = { { 2, 0, 0, 0, 0, 0x11 } };
	struct claim c = held();
	struct claim_step s;

	cr_assert(claim_due(&c, 2 * SECOND, nonce).send);
	cr_assert(claim_due(&c, 3 * SECOND, nonce).send);
	claim_announce(&c, own, 60 * SECOND);
	s = claim_due(&c, c.at, nonce);
	expect_frame(&s, "nd-announce");
	claim_announce(&c, other, 70 * SECOND);
	while (c.at != UINT64_MAX)
		s = claim_due(&c, c.at, nonce);
	expect_frame(&s, "nd-announce-mac-change");
}

/* Whatever happens how often, three announcements a second at most. */
Test(clat_claim, nd_42_a_storm_of_reasons)
{
	struct claim c = held();
	unsigned int sent = 0;

	for (uint64_t now = 10 * SECOND; now < 20 * SECOND;
	     now += SECOND / 50) {
		claim_announce(&c, own, now);
		while (c.at <= now)
			sent += claim_due(&c, now, nonce).send;
	}
	cr_expect(sent >= 10 && sent <= 12, "%u in ten seconds", sent);
	while (c.at != UINT64_MAX)
		sent += claim_due(&c, c.at, nonce).send;
	cr_expect_leq(sent, 14, "the last series has three");
}

/* ND-45 to -47: contradicted twice, the third is believed. */
Test(clat_claim, nd_45_46_defence)
{
	struct claim c = held();
	struct claim_step s = hear(&c, "nd-foreign-na", 10 * SECOND);

	expect_frame(&s, "nd-defend");
	cr_expect_eq(s.news, CLAIM_SAME);
	s = hear(&c, "nd-foreign-na", 15 * SECOND);
	cr_expect_eq(s.news, CLAIM_SAME);
	cr_expect_not(s.send, "not twice in ten seconds");
	s = hear(&c, "nd-foreign-na", 69 * SECOND);
	cr_expect_eq(s.news, CLAIM_LOST);
}

Test(clat_claim, nd_46_forgotten_after_a_minute)
{
	struct claim c = held();

	(void)hear(&c, "nd-foreign-na", 10 * SECOND).news;
	(void)hear(&c, "nd-foreign-na", 20 * SECOND).news;
	cr_expect_eq(hear(&c, "nd-foreign-na", 70 * SECOND).news, CLAIM_SAME);
	cr_expect_eq(hear(&c, "nd-foreign-na", 81 * SECOND).news, CLAIM_SAME);
	cr_expect_eq(hear(&c, "nd-foreign-na", 82 * SECOND).news, CLAIM_LOST);
}

Test(clat_claim, nd_47_our_own_mac_is_nobody_else)
{
	struct claim c = held();
	struct nd nd;

	cr_assert(parse("nd-announce-mac-change", &nd));
	nd.lladdr = own;
	for (unsigned int i = 0; i < 5; i++)
		cr_expect_eq(claim_heard(&c, &nd, 10 * SECOND).news,
			     CLAIM_SAME);
}

/* ND-48 */
Test(clat_claim, nd_48_dropped)
{
	struct claim c = held();

	claim_drop(&c);
	cr_expect_not(hear(&c, "nd-resolve", 3 * SECOND).send);
	cr_expect_eq(c.at, UINT64_MAX);
}

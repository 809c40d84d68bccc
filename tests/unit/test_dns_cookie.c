/* SPDX-License-Identifier: MIT */
/* Server cookies: the vectors of RFC 9018, appendix A, and the rules of
 * RFC 7873, 5.2 and 5.4. */
#include "dns/cookie.h"
#include "dns_scene.h"

SCENES(dns_cookie, 0);

static void unhex(uint8_t *out, const char *text)
{
	for (; *text; text += 2)
		*out++ = (uint8_t)strtoul((char[]){ text[0], text[1], 0 }, NULL,
					  16);
}

/* A secret as the RFC writes it. */
static struct siphash_key secret(const char *text)
{
	uint8_t b[16];

	unhex(b, text);
	return (struct siphash_key){ siphash_load(b), siphash_load(b + 8) };
}

static struct addr6 address(const char *text)
{
	uint8_t b[16];

	cr_assert_eq(inet_pton(AF_INET6, text, b), 1);
	return addr6_load(b);
}

#define OLD_SECRET "dd3bdf9344b678b185a6f5cb60fca715"
#define NEW_SECRET "445536bcd2513298075a5d379663c962"
#define V4_SECRET  "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define CLIENT_A1  "::ffff:198.51.100.100"
#define CLIENT_A3  "::ffff:203.0.113.203"
#define CLIENT_A4  "2001:db8:220:1:59de:d0f4:8769:82b8"

Test(dns_cookie, made_as_in_rfc9018)
{
	static const struct {
		const char *secret, *addr, *cookie;
		uint32_t now;
	} rows[] = {
		{ V4_SECRET, CLIENT_A1,
		  "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
		  1559731985 },
		{ V4_SECRET, CLIENT_A1,
		  "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
		  1559734385 },
		{ V4_SECRET, CLIENT_A3,
		  "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
		  1559734700 },
		{ NEW_SECRET, CLIENT_A4,
		  "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
		  1559741961 },
	};
	uint8_t want[COOKIE_LEN];
	uint8_t got[COOKIE_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unhex(want, rows[i].cookie);
		memcpy(got, want, COOKIE_CLIENT_LEN);
		cookie_make(got, address(rows[i].addr), rows[i].now,
			    secret(rows[i].secret));
		cr_expect_arr_eq(got, want, COOKIE_LEN, "row %zu", i);
	}
}

Test(dns_cookie, checked_as_in_rfc9018)
{
	uint8_t c[COOKIE_LEN];
	const struct addr6 a3 = address(CLIENT_A3);
	const struct siphash_key key = secret(V4_SECRET);

	/* A.3: the reserved bytes count but need not be zero. */
	unhex(c, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
	cr_expect(cookie_good(c, a3, 1559727985, key));
	cr_expect(cookie_good(c, a3, 1559727985 + 3600, key));
	cr_expect_not(cookie_good(c, a3, 1559727985 + 3601, key));
	cr_expect(cookie_good(c, a3, 1559727985 - 300, key));
	cr_expect_not(cookie_good(c, a3, 1559727985 - 301, key));
	cr_expect_not(cookie_good(c, address(CLIENT_A1), 1559727985, key));
	cr_expect_not(cookie_good(c, a3, 1559727985, secret(OLD_SECRET)));
	for (unsigned int i = 0; i < COOKIE_LEN; i++) {
		c[i] ^= 1;
		cr_expect_not(cookie_good(c, a3, 1559727985, key), "byte %u",
			      i);
		c[i] ^= 1;
	}
	unhex(c, "22681ab97d52c298010000005cf7c57926556bd0934c72f8");
	cr_expect(cookie_good(c, address(CLIENT_A4), 1559741961,
			      secret(OLD_SECRET)));
}

/* A question for ipv4only.arpa, which is answered at once, or none. */
static void ask_with(const void *options, size_t n, bool question)
{
	dm_begin(&msg, 0x7777, 0x0100);
	if (question)
		dm_question(&msg, "ipv4only.arpa", 1);
	dm_opt_data(&msg, options, n);
	ask_msg();
}

/* The cookie at the end of the reply, behind code and length. */
static const uint8_t *cookie(void)
{
	const uint8_t *at = reply_buf + step.len - COOKIE_LEN;

	cr_assert_eq(step.what, QUERY_REPLY);
	cr_assert_arr_eq(at - 4, "\0\12\0\30", 4);
	return at;
}

#define RCODE (reply_buf[3] & 15)

Test(dns_cookie, given_and_recognised)
{
	uint8_t options[4 + COOKIE_LEN] = "\0\12\0\10abcdefgh";

	query.rrl.rate = 1;
	ask_with(options, 12, true);
	cr_expect_eq(RCODE, 0);
	cr_expect_arr_eq(cookie(), "abcdefgh", 8);
	memcpy(options + 4, cookie(), COOKIE_LEN);
	options[3] = COOKIE_LEN;
	/* Who shows it is not limited. */
	for (int i = 0; i < 5; i++) {
		ask_with(options, sizeof(options), true);
		cr_expect_eq(step.what, QUERY_REPLY);
		cr_expect_not(reply_buf[2] & 2, "TC");
	}
	options[27] ^= 1;
	ask_with(options, sizeof(options), true);
	cr_expect_eq(step.what, QUERY_DROP, "a wrong one is no cookie");
}

Test(dns_cookie, lengths)
{
	uint8_t options[4 + 64] = "\0\12\0\0abcdefgh";

	for (unsigned int n = 0; n <= 41; n++) {
		const bool legal = n == 8 || (n >= 16 && n <= 40);

		options[3] = (uint8_t)n;
		ask_with(options, 4 + n, true);
		cr_expect_eq(RCODE, legal ? 0 : 1, "%u bytes", n);
		if (legal)
			cr_expect_arr_eq(cookie(), "abcdefgh", 8);
	}
	/* A length that lies. */
	options[3] = 9;
	ask_with(options, 12, true);
	cr_expect_eq(RCODE, 1);
}

Test(dns_cookie, asked_for_alone)
{
	uint8_t options[4 + COOKIE_LEN] = "\0\12\0\10abcdefgh";

	ask_with(options, 12, false);
	cr_expect_eq(RCODE, 0);
	memcpy(options + 4, cookie(), COOKIE_LEN);
	options[3] = COOKIE_LEN;
	ask_with(options, sizeof(options), false);
	cr_expect_eq(RCODE, 0);
	options[27] ^= 1;
	ask_with(options, sizeof(options), false);
	/* BADCOOKIE is 23: 7 here and 1 in the OPT record. */
	cr_expect_eq(RCODE, 7);
	cr_expect_eq(reply_buf[12 + 5], 1);
	ask_with("", 0, false);
	cr_expect_eq(RCODE, 1, "neither question nor cookie");
}

/* RFC 9018, A.4: a secret is being changed; time is the world's. */
Test(dns_cookie, secrets_roll_over_as_in_rfc9018)
{
	uint8_t options[4 + COOKIE_LEN] = "\0\12\0\30";
	uint8_t want[COOKIE_LEN];

	unhex(options + 4, "22681ab97d52c298010000005cf7c57926556bd0934c72f8");
	unhex(want, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
	client.addr = address(CLIENT_A4);
	event.time = 1559741961;
	query.secrets[0] = secret(NEW_SECRET);
	query.secrets[1] = secret(OLD_SECRET);
	query.secret_count = 2;
	ask_with(options, sizeof(options), false);
	cr_expect_eq(RCODE, 0, "the old one is known");
	cr_expect_arr_eq(cookie(), want, COOKIE_LEN, "the new one is given");
	query.secret_count = 1;
	ask_with(options, sizeof(options), false);
	cr_expect_eq(RCODE, 7, "the old one is forgotten");
}

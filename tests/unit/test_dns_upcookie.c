/* SPDX-License-Identifier: MIT */
/* Cookies towards servers: RFC 7873, 5.1 and 5.3, and RFC 9018, 3. */
#include "dns_scene.h"

#define THEIRS "0123456789abcdef0123456789abcdef"

static uint8_t last[64]; /* the cookie of the question sent last */
static size_t last_len;

static void begin(void)
{
	scene(0);
	query.up.servers[0].cookie.until = 0;
	query.up.servers[1].cookie.until = 0;
}

TestSuite(dns_upcookie, .init = begin, .fini = scene_end);

/* Read the cookie of the question: the only option of an OPT record that ends
 * the message. Return: bytes, 0 for none. */
static size_t look_at_cookie(void)
{
	size_t at = 12;

	while (asked[at])
		at += asked[at] + 1u;
	at += 5 + 9; /* root and type; the OPT record up to its length */
	cr_assert_eq(asked[at - 7], 41, "an OPT record");
	last_len = be_get16(asked + at);
	cr_assert_eq(at + 2 + last_len, asked_len);
	if (!last_len)
		return 0;
	cr_assert_eq(be_get16(asked + at + 2), 10);
	last_len -= 4;
	cr_assert_eq(be_get16(asked + at + 4), last_len);
	memcpy(last, asked + at + 6, last_len);
	return last_len;
}

static size_t sent(void)
{
	ask("c.example", 1, NO_EDNS);
	cr_assert_eq(step.what, QUERY_ASK);
	return look_at_cookie();
}

/* An answer whose cookie has our part and @n bytes of the server's. */
static void answer_with(unsigned int rcode, size_t n)
{
	uint8_t option[64] = { 0, 10, 0, (uint8_t)(8 + n) };

	memcpy(option + 4, last, 8);
	memcpy(option + 12, THEIRS, n);
	answer(rcode & 15);
	dm_opt_data(&msg, option, 12 + n);
	msg.b[msg.n - 12 - n - 6] = (uint8_t)(rcode >> 4);
}

Test(dns_upcookie, servers_part_comes_back)
{
	static const size_t sizes[] = { 8, 16, 32 };
	uint8_t ours[8];

	cr_expect_eq(sent(), 8, "ours only");
	memcpy(ours, last, 8);
	for (size_t i = 0; i < 3; i++) {
		answer_with(0, sizes[i]);
		send_answer();
		cr_expect_eq(step.what, QUERY_REPLY);
		cr_expect_eq(sent(), 8 + sizes[i]);
		cr_expect_arr_eq(last, ours, 8);
		cr_expect_arr_eq(last + 8, THEIRS, sizes[i]);
	}
}

Test(dns_upcookie, clients_do_not_see_it)
{
	sent();
	answer_with(0, 16);
	send_answer();
	REPLIES("0 qr rd ra\nqd c.example. 1 1\n");
	ask("c.example", 1, EDNS);
	look_at_cookie();
	answer_with(0, 16);
	send_answer();
	REPLIES("0 qr rd ra\nqd c.example. 1 1\nopt 1232 00000000 \n");
}

Test(dns_upcookie, wrong_one_is_forged)
{
	static const size_t illegal[] = { 1, 7, 33 };

	sent();
	for (unsigned int i = 0; i < 8; i++) {
		answer_with(0, 8);
		msg.b[msg.n - 16 + i] ^= 1;
		step = query_answered(&query, &event, 0, msg.b, msg.n);
		cr_expect_eq(step.what, QUERY_WAIT, "byte %u", i);
	}
	for (unsigned int i = 0; i < 3; i++) {
		answer_with(0, illegal[i]);
		step = query_answered(&query, &event, 0, msg.b, msg.n);
		cr_expect_eq(step.what, QUERY_WAIT, "%zu", illegal[i]);
	}
	cr_expect_eq(query.count[COUNT_UPSTREAM_FOREIGN], 11);
	answer_with(0, 8);
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_REPLY);
}

/* RFC 7873, 5.3: it is expected. Over TCP nothing is forged, and there the
 * server may say that it has none any more. */
Test(dns_upcookie, missing_one_is_asked_for_over_tcp)
{
	uint8_t ours[8];

	sent();
	memcpy(ours, last, 8);
	answer_with(0, 8);
	send_answer();
	sent();
	one_a("c.example", 9, "6.6.6.6");
	cr_assert_eq(step.what, QUERY_ASK);
	cr_expect(query.up.asks[step.ask].tcp);
	cr_expect_eq(look_at_cookie(), 16);
	one_a("c.example", 9, "9.9.9.9");
	REPLIES("0 qr rd ra\nqd c.example. 1 1\nan c.example. 9 A 9.9.9.9\n");
	cr_expect_eq(sent(), 0, "left alone");
	one_a("c.example", 9, "9.9.9.9");
	cr_expect_eq(step.what, QUERY_REPLY, "over UDP");
	event.now += 300 * SECONDS;
	cr_expect_eq(sent(), 8);
	cr_expect_neq(memcmp(last, ours, 8), 0, "not the same again");
}

Test(dns_upcookie, server_that_never_had_one)
{
	uint8_t ours[8];

	sent();
	memcpy(ours, last, 8);
	one_a("c.example", 9, "9.9.9.9");
	cr_expect_eq(step.what, QUERY_REPLY);
	cr_expect_eq(sent(), 0);
	one_a("c.example", 9, "9.9.9.9");
	event.now += 299 * SECONDS;
	cr_expect_eq(sent(), 0);
	one_a("c.example", 9, "9.9.9.9");
	event.now += 1 * SECONDS;
	cr_expect_eq(sent(), 8);
	cr_expect_neq(memcmp(last, ours, 8), 0);
}

/* A server that is malformed on purpose does not make us forget it. */
Test(dns_upcookie, garbage_is_not_its_answer)
{
	sent();
	answer_with(0, 8);
	send_answer();
	sent();
	answer(0);
	dm_rr(&msg, 1, "c.example", 5, 60, "\77short", 6);
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_WAIT);
	cr_expect_eq(query.count[COUNT_UPSTREAM_BROKEN], 0);
}

/* RFC 7873, 5.3: BADCOOKIE (23) comes with a good one; then TCP. */
Test(dns_upcookie, bad_cookie)
{
	sent();
	answer_with(23, 16);
	send_answer();
	cr_assert_eq(step.what, QUERY_ASK);
	cr_expect_not(query.up.asks[step.ask].tcp);
	cr_expect_eq(look_at_cookie(), 24);
	answer_with(23, 16);
	send_answer();
	cr_assert_eq(step.what, QUERY_ASK);
	cr_expect(query.up.asks[step.ask].tcp);
	look_at_cookie();
	answer_with(23, 16);
	send_answer();
	REPLIES("2 qr rd ra\nqd c.example. 1 1\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM_FOREIGN], 0);
}

/* RFC 9018, 3: a different one for each server. */
Test(dns_upcookie, one_for_each_server)
{
	uint8_t ours[8];

	query.up.server_count = 2;
	sent();
	memcpy(ours, last, 8);
	event.now += UPSTREAM_PATIENCE;
	step = query_expired(&query, &event);
	look();
	cr_assert_eq(query.up.asks[step.ask].server, 1);
	cr_expect_eq(look_at_cookie(), 8);
	cr_expect_neq(memcmp(last, ours, 8), 0);
}

/* RFC 9018, 3: another where our address is another. */
Test(dns_upcookie, one_for_each_address)
{
	static const struct {
		struct addr6 from;
		bool same;
	} rows[] = { { { 1, 2 }, true },
		     { { 1, 2 }, true },
		     { { 1, 3 }, false },
		     { { 1, 3 }, true },
		     { { 1, 2 }, false } };
	uint8_t ours[8];

	sent();
	answer_with(0, 8);
	send_answer();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask("d.example", 1, NO_EDNS);
		query_source(&query, step.ask, rows[i].from);
		asked_len = query_question(&query, step.ask, asked);
		memcpy(ours, last, 8);
		cr_expect_eq(look_at_cookie(), rows[i].same ? 16 : 8, "%zu", i);
		cr_expect_eq(memcmp(last, ours, 8) == 0, rows[i].same, "%zu",
			     i);
		answer_with(0, 8);
		send_answer();
		cr_expect_eq(step.what, QUERY_REPLY, "%zu", i);
	}
}

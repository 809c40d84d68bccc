/* SPDX-License-Identifier: MIT */
/* What one subscriber may have of what all share (RFC 6888, REQ-4, REQ-5 and
 * REQ-11). */
#include "nat64_help.h"

/* Of C1's /64. */
#define C1B "2001:db8:c::ffff"

Test(nat64_limits, C68_04_bindings_of_all_protocols)
{
	struct world *w = world_new();

	w->cfg.max_bindings = 100;
	world_open(w);
	for (uint16_t i = 0; i < 50; i++)
		bind_port(w, udp6(C1, 4000 + i, Z, 53));
	for (uint16_t i = 0; i < 49; i++)
		bind_port(w, tcp6(C1B, 4000 + i, Z, 80, SYN));
	bind_port(w, ping6(C1, 9, Z));
	send_seg(w, udp6(C1B, 5000, Z, 53));
	expect_error(w, WHY_SUBSCRIBER_BINDINGS, 1, 3);
	send_seg(w, tcp6(C1, 5000, Z, 80, SYN));
	expect_error(w, WHY_SUBSCRIBER_BINDINGS, 1, 3);
	cr_expect_eq(binding_count(w), 100);
	/* Sessions of what is bound are no bindings, and C2 is another. */
	bind_port(w, udp6(C1, 4000, W, 53));
	bind_port(w, udp6(C2, 5000, Z, 53));
	/* One is over, one may begin. */
	wait_s(w, 62);
	bind_port(w, udp6(C1, 5000, Z, 53));
	send_seg(w, udp6(C1, 5001, Z, 53));
	expect_error(w, WHY_SUBSCRIBER_BINDINGS, 1, 3);
	world_free(w);
}

/* How many of @count the subscriber gets, at once. */
static unsigned int burst(struct world *w, uint16_t first, unsigned int count)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < count; i++) {
		send_seg(w, udp6(C1, (uint16_t)(first + i), Z, 53));
		if (w->r.verdict == XLAT_FORWARD)
			got++;
		else
			expect_error(w, WHY_SUBSCRIBER_RATE, 1, 3);
	}
	return got;
}

Test(nat64_limits, C68_04_C68_05_sessions_per_second)
{
	struct world *w = world_new();

	w->cfg.max_rate = 5;
	world_open(w);
	cr_expect_eq(burst(w, 4000, 20), 5);
	bind_port(w, udp6(C2, 4000, Z, 53));
	w->now += SECOND / 5 - 1;
	cr_expect_eq(burst(w, 5000, 2), 0);
	w->now += 1;
	cr_expect_eq(burst(w, 5000, 2), 1);
	w->now += 2 * SECOND / 5;
	cr_expect_eq(burst(w, 6000, 20), 2);
	/* Quiet does not add up beyond a second's worth. */
	w->now += 100 * SECOND;
	cr_expect_eq(burst(w, 7000, 20), 5);
	/* What exists goes on. */
	send_seg(w, udp6(C1, 4000, Z, 53));
	expect_forward(w);
	world_free(w);
}

/* Only what the subscriber opens counts, and IPv4 hosts are not slowed down. */
Test(nat64_limits, C68_04_what_comes_in_has_no_rate)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_rate = 2;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	for (uint16_t i = 0; i < 50; i++) {
		send_seg(w, udp4(W, 1000 + i, T1, port));
		expect_forward(w);
	}
	cr_expect_eq(burst(w, 5000, 20), 1);
	world_free(w);
}

/* In a minute each gets what it may, to the session. */
Test(nat64_limits, C68_04_rate_over_a_minute)
{
	static const uint32_t rates[] = { 1, 3, 7, 100 };

	for (unsigned int r = 0; r < XL_COUNT(rates); r++) {
		struct world *w = world_new();
		unsigned int got = 0;

		w->cfg.max_sessions = 10000;
		w->cfg.max_rate = rates[r];
		world_open(w);
		for (uint16_t i = 0; i < 60 * 211; i++) {
			got += burst(w, 1000 + i, 1);
			w->now += SECOND / 211;
		}
		/* A second's worth at once, then one by one for a minute. */
		cr_expect_geq(got, 60 * rates[r] + rates[r] - 1, "%u", got);
		cr_expect_leq(got, 61 * rates[r], "%u at %u", got, rates[r]);
		world_free(w);
	}
}

Test(nat64_limits, C68_05_sessions_of_a_binding)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_sessions = 5000;
	w->cfg.max_per_binding = 1000;
	world_open(w);
	for (uint16_t i = 0; i < 900; i++)
		port = bind_port(w, udp6(C1, 4000, Z, 1000 + i));
	for (uint16_t i = 0; i < 100; i++) {
		send_seg(w, udp4(W, 1000 + i, T1, port));
		expect_forward(w);
	}
	send_seg(w, udp6(C1, 4000, W, 5000));
	expect_error(w, WHY_BINDING_LIMIT, 1, 3);
	send_seg(w, udp4(R4, 1, T1, port));
	expect_drop(w, WHY_BINDING_LIMIT);
	cr_expect_eq(session_count(w), 1000);
	bind_port(w, udp6(C1, 4001, W, 5000));
	send_seg(w, udp4(Z, 1000, T1, port));
	expect_forward(w);
	world_free(w);
}

/* The one who is named is the one who was refused. */
Test(nat64_limits, C68_11_who_was_refused)
{
	struct world *w = world_new();
	struct net6 who;

	w->cfg.subscriber_len = 56;
	w->cfg.max_bindings = 1;
	world_open(w);
	bind_port(w, udp6(C2, 4000, Z, 53));
	send_seg(w, udp6("2001:db8:c:12ff::7", 1, Z, 53));
	send_seg(w, udp6("2001:db8:c:1234::8", 2, Z, 53));
	expect_error(w, WHY_SUBSCRIBER_BINDINGS, 1, 3);
	who = nat64_refused(w->n);
	cr_expect(addr6_equal(who.addr, ip6("2001:db8:c:1200::")));
	cr_expect_eq(who.len, 56);
	world_free(w);
}

Test(nat64_limits, C68_11_who_was_to_get_what_came_in)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_per_binding = 1;
	world_open(w);
	port = bind_port(w, udp6(C2, 4000, Z, 53));
	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp4(W, 1, T1, port));
	expect_drop(w, WHY_BINDING_LIMIT);
	cr_expect(addr6_equal(nat64_refused(w->n).addr, ip6("2001:db8:d::")));
	world_free(w);
}

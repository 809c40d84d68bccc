/* SPDX-License-Identifier: MIT */
/* Hard days: others' packets go on, what is kept stays bounded, and each
 * packet that is refused is refused by name. */
#include "nat64_help.h"

#define MANY 100000u

/* Somebody who has nothing to do with it: C2's session with W. */
static uint16_t bystander(struct world *w)
{
	send_seg(w, udp6(C2, 9000, W, 53));
	cr_assert_eq(got_src(w), T1);
	return got_port(w);
}

static void goes_on(struct world *w, uint16_t port)
{
	send_seg(w, udp6(C2, 9000, W, 53));
	cr_assert_eq(got_port(w), port);
	send_seg(w, udp4(W, 53, T1, port));
	expect_forward(w);
}

static uint32_t random32(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

static uint16_t random16(void)
{
	return (uint16_t)random32();
}

/* "Port unreachable" by @from, about @about; wire format. */
static size_t write_error(uint8_t *b, const struct seg *from,
			  const struct seg *about)
{
	const bool six = from->version == 6;
	const size_t hdr = six ? 40 : 20;
	struct seg outer = *from;
	uint8_t quote[256];
	const size_t len = seg_write(quote, about);
	size_t total;

	outer.proto = six ? ICMP6_PROTO : ICMP4_PROTO;
	outer.flags = six ? 1 : 3;
	outer.len = (uint16_t)len;
	total = seg_write(b, &outer);
	b[hdr + 1] = six ? 4 : 3;
	memset(b + hdr + 2, 0, 6);
	memcpy(b + hdr + 8, quote, len);
	put16(b + hdr + 2, l4_sum(b, total));
	return total;
}

/* Errors about packets that nobody sent, from anywhere, about any port of the
 * pool and of clients: what is inside names no binding. */
Test(nat64_hard, errors_with_forged_insides)
{
	struct world *w = world_default();
	const uint16_t port = bystander(w);
	struct seg from = udp4(0, 0, T1, 0);
	struct seg about = udp4(T1, 0, 0, 0);
	uint8_t bytes[512];
	struct nat64_session_view s;

	for (unsigned int i = 0; i < MANY; i++) {
		about.proto = i % 3 ? UDP_PROTO : TCP_PROTO;
		about.sport = random16();
		if (about.sport == port)
			continue;
		about.b4 = 0x08000000 | random32() >> 8;
		from.a4 = 0x08000000 | random32() >> 8;
		send_raw(w, bytes, write_error(bytes, &from, &about));
		expect_drop(w, WHY_ICMP_QUOTE);
	}
	from = udp6(C1, 0, Z, 0);
	about = udp6(C1, 0, Z, 0);
	about.b6 = ip6(C1);
	about.a6 = under_p(Z);
	for (unsigned int i = 0; i < MANY; i++) {
		about.dport = random16();
		about.sport = random16();
		send_raw(w, bytes, write_error(bytes, &from, &about));
		expect_drop(w, WHY_ICMP_QUOTE);
	}
	cr_assert_eq(session_count(w), 1);
	cr_assert_eq(binding_count(w), 1);
	cr_assert(find_session(w, UDP_PROTO, W, 53, &s));
	goes_on(w, port);
	world_free(w);
}

/* And about one that there is: the client is told, the session lives no
 * longer and no shorter for it. */
Test(nat64_hard, errors_about_a_session_that_there_is)
{
	struct world *w = world_default();
	const uint16_t port = bystander(w);
	struct seg from = udp4(0, 0, T1, 0);
	struct seg about = udp4(T1, 0, W, 53);
	uint8_t bytes[512];

	about.sport = port;
	for (unsigned int i = 0; i < 300; i++) {
		from.a4 = 0x08000000 | random32() >> 8;
		send_raw(w, bytes, write_error(bytes, &from, &about));
		expect_forward(w);
		cr_assert(has_session(w, UDP_PROTO, W, 53));
		wait_s(w, 1);
	}
	wait_s(w, 1);
	cr_assert_eq(session_count(w), 0);
	world_free(w);
}

/* Every port of the pool, of every protocol, from many hosts. */
Test(nat64_hard, the_pool_is_scanned)
{
	struct world *w = world_default();
	const uint16_t port = bystander(w);

	for (unsigned int i = 1; i < 65536; i++) {
		const uint32_t from = 0x08000000 | random32() >> 8;

		if (i == port)
			continue;
		send_seg(w, udp4(from, random16(), T1, (uint16_t)i));
		expect_drop(w, WHY_NO_BINDING);
		send_seg(w, tcp4(from, random16(), T1, (uint16_t)i, ACK));
		expect_drop(w, WHY_NO_BINDING);
		send_seg(w, ping4(from, T1, (uint16_t)i, 8));
		expect_drop(w, WHY_NO_BINDING);
	}
	cr_assert_eq(session_count(w), 1);
	goes_on(w, port);
	world_free(w);
}

/* SYNs from everywhere to everywhere: some are held, all others are named;
 * a client's connections begin and go on. */
Test(nat64_hard, syns_from_outside)
{
	struct world *w = world_default();
	const uint16_t port = bystander(w);
	struct nat64_stats stats;
	unsigned int held = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		send_seg(w, tcp4(0x08000000 | random32() >> 8, random16(), T1,
				 random16() | 1, SYN));
		cr_assert_eq(w->r.verdict, XLAT_DROP);
		held += w->r.why == WHY_SYN_HELD;
		cr_assert(w->r.why == WHY_SYN_HELD ||
			  w->r.why == WHY_NO_BINDING);
	}
	nat64_get_stats(w->n, &stats);
	cr_assert_leq(stats.syns_held, 1024);
	cr_assert_eq(stats.syns_held, held);
	cr_assert_eq(session_count(w), 1);
	send_seg(w, tcp6(C2, 9001, W, 80, SYN));
	send_seg(w, tcp4(W, 80, T1, got_port(w), SYN | ACK));
	expect_forward(w);
	goes_on(w, port);
	wait_s(w, 8);
	nat64_get_stats(w->n, &stats);
	cr_assert_eq(stats.syns_held, 0);
	world_free(w);
}

/* A subscriber opens 100,000 flows: it gets what it may have. */
Test(nat64_hard, one_opens_a_hundred_thousand)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_per_subscriber = 100;
	world_open(w);
	port = bystander(w);
	for (unsigned int i = 0; i < MANY; i++) {
		send_seg(w, udp6(C1, random16() | 1, random32() >> 16 | Z,
				 random16() | 1));
		if (session_count(w) == 101 && w->r.verdict != XLAT_FORWARD)
			expect_error(w, WHY_SUBSCRIBER_LIMIT, 1, 3);
	}
	cr_assert_eq(session_count(w), 101);
	goes_on(w, port);
	send_seg(w, udp6(C2, 9002, W, 53));
	expect_forward(w);
	world_free(w);
}

/* Fragments that never become a whole, of very many senders. */
Test(nat64_hard, fragments_that_never_complete)
{
	struct world *w = world_default();
	const uint16_t port = bystander(w);
	struct seg s = udp4(0, 1, T1, 2);
	unsigned int held = 0;
	uint8_t bytes[256];
	size_t len;

	s.len = 16; /* all but the last hold a multiple of 8 */
	for (unsigned int i = 0; i < MANY; i++) {
		s.a4 = 0x08000000 | random32() >> 8;
		len = seg_write(bytes, &s);
		put16(bytes + 4, random16());
		put16(bytes + 6, 0x2000 | (1 + i % 100));
		put16(bytes + 10, 0);
		put16(bytes + 10, sum_end(sum_of(bytes, 20, 0)));
		send_raw(w, bytes, len);
		cr_assert_eq(w->r.verdict, XLAT_DROP);
		cr_assert(w->r.why == WHY_FRAGMENT_HELD ||
			  w->r.why == WHY_FRAGMENT);
		held += w->r.why == WHY_FRAGMENT_HELD;
		if (i % 1000 == 0)
			goes_on(w, port);
	}
	cr_assert(held > 0 && held <= 1024, "%u held", held);
	wait_s(w, 4);
	cr_assert_eq(session_count(w), 1);
	/* All of it is forgotten: what comes now is held again. */
	send_raw(w, bytes, len);
	expect_drop(w, WHY_FRAGMENT_HELD);
	world_free(w);
}

/* The clock leaps ahead by a year: all that there was ends, a bounded number
 * in each call, and then all is as at first. */
Test(nat64_hard, the_clock_leaps)
{
	struct world *w = world_default();
	unsigned int left;

	for (unsigned int i = 0; i < 500; i++)
		send_seg(w, udp6(C1, (uint16_t)(2000 + i), Z, 53));
	w->now += 365 * 86400 * SECOND;
	for (left = 500; left; left = session_count(w)) {
		world_buffer(w, 0);
		cr_assert_leq(nat64_next_expiry(w->n), w->now);
		(void)!nat64_expire(w->n, w->now, &w->p, 10);
		cr_assert_lt(session_count(w), left);
		cr_assert_leq(left - session_count(w), 10);
	}
	goes_on(w, bystander(w));
	wait_s(w, 299);
	cr_assert_eq(session_count(w), 1);
	wait_s(w, 3);
	cr_assert_eq(session_count(w), 0);
	world_free(w);
}

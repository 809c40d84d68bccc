/* SPDX-License-Identifier: MIT */
/* Ports that are computed (RFC 7422). */
#include "nat64/determ.h"

#include "nat64/event.h"
#include "nat64_help.h"

/* The example of RFC 7422, 2.3 with IPv6 subscribers: 14 share an address,
 * which has two more parts for blocks. 256 subscribers on 19 addresses. */
static struct world *rfc_example(void)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 70000;
	w->cfg.pool4[0] = (struct nat64_range){ T1, T1 + 18, 1, 65535 };
	w->cfg.inside = (struct net6){ { 0x20010db800aa0000, 0 }, 48 };
	w->cfg.subscriber_len = 56;
	w->cfg.dynamic = 2;
	w->cfg.port_block = 128;
	return w;
}

/* Without blocks: four subscribers, of one address. */
static struct world *four_of_one(void)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 70000;
	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 1024, 1024 + 399 };
	w->cfg.inside = (struct net6){ { 0x20010db800aa0000, 0 }, 62 };
	return w;
}

static uint32_t ports_shown(struct world *w)
{
	struct nat64_pool_view view;
	uint32_t cursor = 0;

	world_open(w);
	cr_assert(nat64_next_pool(w->n, &cursor, &view));
	world_free(w);
	return view.ports;
}

/* 14 parts of 4032 ports, and whole blocks of what is above; of four
 * subscribers' ports what does not divide is nobody's. */
Test(nat64_determ, pools_have_what_can_be_given)
{
	struct world *four = four_of_one();
	struct world *odd = rfc_example();

	four->cfg.pool4[0].port_max += 3;
	cr_expect_eq(ports_shown(four), 400);
	cr_expect_eq(ports_shown(rfc_example()), 14 * 4032 + 63 * 128);
	odd->cfg.port_block = 1024; /* from 57472 on: 57344 is too low */
	cr_expect_eq(ports_shown(odd), 14 * 4032 + 7 * 1024);
}

/* A host of subscriber number @i. */
static struct seg nth(uint8_t proto, uint64_t i, unsigned int len,
		      uint16_t port)
{
	struct seg s =
		out6(proto, C1, port, Z, 53, proto == ICMP6_PROTO ? 128 : SYN);

	s.a6.hi = 0x20010db800aa0000 | i << (64 - len);
	return s;
}

Test(nat64_determ, D74_02_D74_03_D74_04_the_example_of_the_rfc)
{
	static const struct {
		uint32_t subscriber;
		uint32_t addr;
		struct pool_span ports;
	} rows[] = {
		{ 1, T1, { 1024, 5055 } },
		{ 2, T1, { 5056, 9087 } },
		{ 3, T1, { 9088, 13119 } },
		{ 14, T1, { 53440, 57471 } },
		{ 15, T1 + 1, { 1024, 5055 } },
		{ 256, T1 + 18, { 13120, 17151 } },
	};
	struct world *w = rfc_example();
	const char *wrong = nat64_config_check(&w->cfg);

	cr_assert_null(wrong, "%s", wrong);
	cr_expect_eq(determ_plan(&w->cfg).dynamic, 57472);
	for (unsigned int i = 0; i < XL_COUNT(rows); i++) {
		const struct seg s =
			nth(UDP_PROTO, rows[i].subscriber - 1, 56, 1);
		struct pool_span ports;
		uint32_t which;

		cr_assert(determ_find(&w->cfg, s.a6, &which, &ports));
		cr_expect_eq(determ_addr(&w->cfg, which), rows[i].addr, "%u",
			     i);
		cr_expect_eq(ports.min, rows[i].ports.min, "%u", ports.min);
		cr_expect_eq(ports.max, rows[i].ports.max, "%u", ports.max);
	}
	world_free(w);
}

/* Either way, for every subscriber and all edges of its range. */
static void there_and_back(const struct nat64_config *c, uint32_t count)
{
	const unsigned int shift = 128u - c->subscriber_len;
	struct net6 who;
	struct pool_span p;
	uint32_t which;

	for (uint64_t i = 0; i < count; i++) {
		struct addr6 a = c->inside.addr;
		uint32_t addr;

		if (shift >= 64)
			a.hi |= i << (shift - 64);
		else if (shift)
			a = (struct addr6){ a.hi | i >> (64 - shift),
					    a.lo | i << shift };
		else
			a.lo |= i;
		cr_assert(determ_find(c, a, &which, &p));
		addr = determ_addr(c, which);
		for (uint32_t port = p.min; port <= p.max;
		     port += p.max > p.min ? (p.max - p.min + 1u) / 2 : 1u) {
			cr_assert(determ_who(c, addr, (uint16_t)port, &who));
			cr_assert(addr6_equal(who.addr, a), "%lx of %u",
				  (unsigned long)i, count);
			cr_assert_eq(who.len, c->subscriber_len);
		}
		cr_assert(determ_who(c, addr, p.max, &who));
		cr_assert(addr6_equal(who.addr, a));
	}
}

Test(nat64_determ, D74_01_there_and_back)
{
	static const struct {
		uint8_t inside, len;
	} rows[] = { { 48, 56 },   { 52, 64 },   { 60, 68 },
		     { 120, 128 }, { 100, 112 }, { 56, 56 } };
	struct world *w = world_new();

	/* Out of order, and with a hole. */
	w->cfg.pool4[0] = (struct nat64_range){ T1 + 9, T1 + 11, 2000, 60000 };
	w->cfg.pool4[1] = (struct nat64_range){ T1, T1 + 3, 2000, 60000 };
	w->cfg.pool4_count = 2;
	for (unsigned int i = 0; i < XL_COUNT(rows); i++) {
		w->cfg.inside = (struct net6){ addr6_mask(ip6("2001:db8:aa::"),
							  rows[i].inside),
					       rows[i].inside };
		w->cfg.subscriber_len = rows[i].len;
		cr_assert_null(nat64_config_check(&w->cfg));
		there_and_back(&w->cfg, 1u << (rows[i].len - rows[i].inside));
	}
	world_free(w);
}

Test(nat64_determ, D74_01_ports_of_nobody)
{
	struct world *w = rfc_example();
	struct net6 who;

	cr_expect_not(determ_who(&w->cfg, T1, 1023, &who));
	cr_expect(determ_who(&w->cfg, T1, 57471, &who));
	cr_expect_not(determ_who(&w->cfg, T1, 57472, &who), "dynamic");
	cr_expect_not(determ_who(&w->cfg, T1 + 19, 2000, &who));
	cr_expect_not(determ_who(&w->cfg, T1 - 1, 2000, &who));
	cr_expect_not(determ_who(&w->cfg, T1 + 18, 17152, &who), "no 257th");
	world_free(w);
}

/* What is computed is what is given: all of it, to nobody else. */
Test(nat64_determ, D74_05_D74_10_C68_13_own_ports)
{
	struct world *w = four_of_one();

	world_open(w);
	for (uint64_t i = 0; i < 4; i++) {
		for (uint16_t port = 0; port < 100; port++) {
			uint32_t got;

			got = bind_port(w, nth(UDP_PROTO, i, 64, 400 + port));
			cr_assert_eq((got - 1024) / 100, i, "%u", got);
			got = bind_port(w, nth(TCP_PROTO, i, 64, 400 + port));
			cr_assert_eq((got - 1024) / 100, i, "%u", got);
			got = bind_port(w, nth(ICMP6_PROTO, i, 64, 400 + port));
			cr_assert_eq((got - 1024) / 100, i, "%u", got);
		}
		send_seg(w, nth(UDP_PROTO, i, 64, 5000));
		expect_error(w, WHY_SUBSCRIBER_PORTS, 1, 3);
	}
	world_free(w);
}

Test(nat64_determ, D74_05_random_inside_the_range)
{
	struct world *w = rfc_example();
	unsigned int low = 0;
	int steps = 0;
	int last = 0;

	world_open(w);
	for (uint16_t i = 0; i < 400; i++) {
		int port;

		send_seg(w, nth(TCP_PROTO, 1, 56, 2000 + i));
		cr_assert_eq(got_src(w), T1);
		port = got_port(w);
		cr_assert(port >= 5056 && port <= 9087);
		low += port < 7072;
		steps += port == last + 1;
		last = port;
	}
	cr_expect(low > 150 && low < 250, "%u", low);
	cr_expect_lt(steps, 10);
	world_free(w);
}

Test(nat64_determ, who_is_not_inside_is_not_served)
{
	struct world *w = four_of_one();

	world_open(w);
	send_seg(w, udp6(C1, 4000, Z, 53));
	expect_error(w, WHY_DENIED, 1, 1);
	world_free(w);
}

/* Blocks of the dynamic part, when the own ports are used up; and no note of
 * anything before. */
Test(nat64_determ, D74_06_D74_07_then_blocks)
{
	static struct nat64_event mem[64];
	struct nat64_events ring = { .ring = mem,
				     .size = 64,
				     .want = EVENT_BLOCKS };
	struct world *w = rfc_example();
	unsigned int own = 0;
	unsigned int more = 0;

	w->cfg.max_blocks = 8;
	world_open(w);
	nat64_listen(w->n, &ring);
	for (uint16_t i = 0; i < 4032 + 8 * 128; i++) {
		const uint16_t port =
			(send_seg(w, nth(TCP_PROTO, 1, 56, 1024 + i)),
			 got_port(w));

		cr_assert_eq(got_src(w), T1);
		own += port >= 5056 && port <= 9087;
		more += port >= 57472;
		cr_assert_eq(ring.count, (more + 127) / 128);
	}
	cr_expect_eq(own, 4032);
	cr_expect_eq(more, 1024);
	send_seg(w, nth(TCP_PROTO, 1, 56, 60000));
	expect_error(w, WHY_SUBSCRIBER_PORTS, 1, 3);
	send_seg(w, nth(TCP_PROTO, 2, 56, 60000));
	expect_forward(w);
	world_free(w);
}

/* RFC 6888, REQ-8b: who has a port always has it, so it need not wait. */
Test(nat64_determ, C68_08_own_ports_do_not_wait)
{
	struct world *w = four_of_one();

	w->cfg.hold_down = 120;
	w->cfg.hold_max = 1000;
	world_open(w);
	for (uint16_t port = 0; port < 100; port++)
		bind_port(w, nth(UDP_PROTO, 1, 64, 400 + port));
	wait_s(w, 302);
	for (uint16_t port = 0; port < 100; port++)
		bind_port(w, nth(UDP_PROTO, 1, 64, 400 + port));
	world_free(w);
}

/* A session whose port would be another's stays behind. */
Test(nat64_determ, sessions_move_if_they_may)
{
	struct world *a = world_new();
	struct world *b = four_of_one();
	uint32_t good = 0;

	a->cfg.pool4[0] = b->cfg.pool4[0];
	world_open(a);
	for (uint16_t i = 0; i < 90; i++) {
		const uint32_t port =
			bind_port(a, nth(UDP_PROTO, i % 4, 64, 4000 + i));

		good += (port - 1024) / 100 == i % 4u;
	}
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), good);
	cr_expect(good > 5 && good < 60);
	world_free(a);
	world_free(b);
}

Test(nat64_determ, bad_plans)
{
	struct world *w = four_of_one();
	struct nat64_static s = { ip6("2001:db8:aa:1::1"), T1, 80, 1124,
				  TCP_PROTO };

	w->cfg.statics = &s;
	w->cfg.static_count = 1;
	cr_expect_null(nat64_config_check(&w->cfg));
	cr_expect_null(nat64_static_check(&w->cfg));
	s.pool_port = 1123;
	cr_expect_not_null(nat64_static_check(&w->cfg), "another's port");
	s.pool_port = 80;
	cr_expect_null(nat64_static_check(&w->cfg));
	w->cfg.dynamic = 1;
	cr_expect_not_null(nat64_config_check(&w->cfg), "no blocks");
	w->cfg.dynamic = 0;
	w->cfg.port_block = 64;
	cr_expect_not_null(nat64_config_check(&w->cfg), "nothing for blocks");
	w->cfg.port_block = 0;
	w->cfg.inside.len = 54;
	cr_expect_not_null(nat64_config_check(&w->cfg), "1024 of 400 ports");
	w->cfg.inside.len = 65;
	cr_expect_not_null(nat64_config_check(&w->cfg), "a part of one");
	w->cfg.inside.len = 39;
	cr_expect_not_null(nat64_config_check(&w->cfg), "too many");
	w->cfg.inside.len = 62;
	w->cfg.pool4[1] = (struct nat64_range){ T2, T2, 1024, 2000 };
	w->cfg.pool4_count = 2;
	cr_expect_not_null(nat64_config_check(&w->cfg), "different ports");
	w->cfg.pool4_count = 1;
	w->cfg.inside.len = 0;
	w->cfg.inside.addr = (struct addr6){ 0, 0 };
	w->cfg.dynamic = 1;
	cr_expect_not_null(nat64_config_check(&w->cfg), "of nothing");
	world_free(w);
}

/* Parameters noted since the last time, or UINT32_MAX if one is wrong. */
static uint32_t told(struct world *w, struct nat64_events *ring,
		     uint64_t *cursor, uint32_t max)
{
	struct nat64_event e;
	uint64_t lost = 0;
	uint32_t count = 0;

	wait_s(w, 0);
	while (event_next(ring, cursor, &lost, &e)) {
		const struct nat64_range *r = &w->cfg.pool4[count++];

		if (e.kind != EVENT_DETERMINISTIC || e.pool != r->first ||
		    e.remote != r->last || e.pool_port != 1024 ||
		    e.pool_last != 65535 || e.client_len != 48 ||
		    !addr6_equal(e.client, w->cfg.inside.addr) ||
		    e.client_port != 56 || e.remote_port != 2 || e.limit != max)
			return UINT32_MAX;
	}
	return count;
}

/* RFC 7422, 3: at the start, when one changes, and once a day; a record for
 * each O. M is what a subscriber has of its own, and four blocks. */
Test(nat64_determ, D74_08_record_of_the_parameters)
{
	static struct nat64_event mem[16];
	struct nat64_events ring = { .ring = mem,
				     .size = 16,
				     .want = EVENT_BIT(EVENT_DETERMINISTIC) };
	struct world *w = rfc_example();
	uint64_t cursor = 0;

	w->cfg.pool4[0].last = T1 + 9;
	w->cfg.pool4[1] = w->cfg.pool4[0];
	w->cfg.pool4[1].first = T1 + 20;
	w->cfg.pool4[1].last = T1 + 28;
	w->cfg.pool4_count = 2;
	w->cfg.max_blocks = 4;
	world_open(w);
	nat64_listen(w->n, &ring);
	cr_expect_eq(told(w, &ring, &cursor, 4032 + 4 * 128), 2);
	wait_s(w, 86398);
	cr_expect_eq(told(w, &ring, &cursor, 0), 0);
	wait_s(w, 2);
	cr_expect_eq(told(w, &ring, &cursor, 4032 + 4 * 128), 2);
	wait_s(w, 2 * 86400);
	cr_expect_eq(told(w, &ring, &cursor, 4032 + 4 * 128), 2);
	/* M changes. */
	w->cfg.max_blocks = 8;
	cr_assert(nat64_adjust(w->n, &w->cfg));
	nat64_listen(w->n, &ring);
	cr_expect_eq(told(w, &ring, &cursor, 4032 + 8 * 128), 2);
	world_free(w);
}

/* No parameters, no record. */
Test(nat64_determ, D74_08_only_of_such_a_mapping)
{
	static struct nat64_event mem[16];
	struct nat64_events ring = { .ring = mem, .size = 16, .want = ~0u };
	struct world *w = world_default();
	struct nat64_event e;
	uint64_t cursor = 0;
	uint64_t lost = 0;

	nat64_listen(w->n, &ring);
	cr_expect_eq(nat64_next_expiry(w->n), UINT64_MAX);
	wait_s(w, 90000);
	cr_expect_not(event_next(&ring, &cursor, &lost, &e));
	world_free(w);
}

/* Every port that is a subscriber's own is so in other tables, too. */
Test(nat64_determ, each_own_port_moves)
{
	struct world *a = four_of_one();
	struct world *b = four_of_one();

	world_open(a);
	for (uint16_t i = 0; i < 100; i++)
		bind_port(a, nth(UDP_PROTO, 1, 64, 4000 + i));
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 100);
	world_free(a);
	world_free(b);
}

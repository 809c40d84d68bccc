/* SPDX-License-Identifier: MIT */
/* Subscribers get blocks of ports (RFC 6888, REQ-14). */
#include "nat64/block.h"
#include "nat64/event.h"
#include "nat64_help.h"

static struct world *with_blocks(uint32_t size, uint32_t last, uint16_t min,
				 uint16_t max)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 70000;
	w->cfg.pool4[0] = (struct nat64_range){ T1, last, min, max };
	w->cfg.port_block = size;
	return w;
}

/* A client of subscriber number @i, in a /64 of its own. */
static struct seg nth(uint8_t proto, uint32_t i, uint16_t port)
{
	struct seg s =
		out6(proto, C1, port, Z, 53, proto == ICMP6_PROTO ? 128 : SYN);

	s.a6.hi = 0x20010db900000000u + i;
	return s;
}

static struct nat64_stats stats(const struct world *w)
{
	struct nat64_stats s;

	nat64_get_stats(w->n, &s);
	return s;
}

/* Address and block of the packet that came out. */
static uint32_t block_of(const struct world *w, uint32_t size)
{
	return (got_src(w) - T1) * 65536 / size + got_port(w) / size;
}

Test(nat64_block, C68_14_one_more_than_a_block)
{
	struct world *w = with_blocks(64, T1, 1, 65535);
	bool seen[65536] = { false };
	uint32_t first = 0;

	world_open(w);
	for (uint16_t i = 0; i < 64; i++) {
		const uint16_t port = bind_port(w, nth(UDP_PROTO, 1, 4000 + i));

		cr_assert(port >= 1024 && !seen[port]);
		seen[port] = true;
		if (i == 0)
			first = port / 64;
		cr_assert_eq(port / 64, first);
		cr_assert_eq(stats(w).blocks, 1);
	}
	cr_expect_neq(bind_port(w, nth(UDP_PROTO, 1, 5000)) / 64, first);
	cr_expect_eq(stats(w).blocks, 2);
	cr_expect_eq(stats(w).blocks_created, 2);
	world_free(w);
}

/* Ports that nobody can be given are not shown as if they could be. */
Test(nat64_block, pools_have_whole_blocks)
{
	static const struct {
		uint32_t size;
		uint16_t min, max;
		uint32_t ports;
	} rows[] = {
		{ 64, 1, 65535, 65536 - 1024 },
		{ 256, 1000, 2000, 3 * 256 }, /* 1024 to 1791 */
		{ 256, 1025, 2047, 3 * 256 },
		{ 0, 1000, 2000, 1001 },
	};
	struct nat64_pool_view view;
	uint32_t cursor;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world *w =
			with_blocks(rows[i].size, T1, rows[i].min, rows[i].max);

		cursor = 0;
		world_open(w);
		bind_port(w, nth(UDP_PROTO, 1, 4000));
		cr_assert(nat64_next_pool(w->n, &cursor, &view));
		cr_expect_eq(view.ports, rows[i].ports, "%zu", i);
		cr_expect_eq(view.udp, 1, "%zu", i);
		cr_expect_eq(view.tcp, 0, "%zu", i);
		world_free(w);
	}
}

/* One block is the same ports for all protocols. */
Test(nat64_block, C68_02_of_all_protocols)
{
	struct world *w = with_blocks(256, T2, 1, 65535);
	uint32_t block;

	world_open(w);
	for (uint32_t i = 0; i < 50; i++) {
		send_seg(w, nth(UDP_PROTO, i, 4000));
		block = block_of(w, 256);
		send_seg(w, nth(TCP_PROTO, i, 80));
		cr_assert_eq(block_of(w, 256), block);
		send_seg(w, nth(ICMP6_PROTO, i, 9));
		cr_assert_eq(block_of(w, 256), block);
	}
	cr_expect_eq(stats(w).blocks, 50);
	world_free(w);
}

Test(nat64_block, C68_14_nobody_shares_one)
{
	struct world *w = with_blocks(64, T2, 1, 65535);
	static uint32_t owner[2 * 1024];
	static uint32_t address[400];

	world_open(w);
	for (uint16_t port = 0; port < 100; port++)
		for (uint32_t i = 1; i < 400; i++) {
			uint32_t *b;

			send_seg(w, nth(UDP_PROTO, i, 4000 + port));
			b = &owner[block_of(w, 64)];
			cr_assert(*b == 0 || *b == i);
			*b = i;
			cr_assert(!address[i] || address[i] == got_src(w),
				  "paired");
			address[i] = got_src(w);
		}
	cr_expect_eq(stats(w).blocks, 2 * 399);
	world_free(w);
}

/* As like the client's as the block has one: parity first (RFC 6146). */
Test(nat64_block, N64_073_parity_in_blocks)
{
	struct world *w = with_blocks(64, T1, 1, 65535);

	w->cfg.max_blocks = 1;
	world_open(w);
	for (uint16_t i = 0; i < 32; i++)
		cr_assert_eq(bind_port(w, nth(UDP_PROTO, 1, 4001 + 2 * i)) % 2,
			     1);
	cr_assert_eq(bind_port(w, nth(UDP_PROTO, 1, 5001)) % 2, 0);
	world_free(w);
}

/* Who does not want it so has any of them (RFC 4787, REQ-4 is a "should"). */
Test(nat64_block, any_parity_in_blocks)
{
	struct world *w = with_blocks(64, T1, 1, 65535);
	unsigned int odd = 0;

	w->cfg.any_parity = true;
	world_open(w);
	for (uint16_t i = 0; i < 30; i++)
		odd += bind_port(w, nth(UDP_PROTO, 1, 4000 + 2 * i)) % 2;
	cr_expect_gt(odd, 0);
	cr_expect_lt(odd, 30);
	world_free(w);
}

Test(nat64_block, C68_04_most_blocks_of_a_subscriber)
{
	struct world *w = with_blocks(64, T1, 1, 65535);

	w->cfg.max_blocks = 2;
	world_open(w);
	for (uint16_t i = 0; i < 128; i++)
		bind_port(w, nth(UDP_PROTO, 1, 4000 + i));
	send_seg(w, nth(UDP_PROTO, 1, 5000));
	expect_error(w, WHY_SUBSCRIBER_PORTS, 1, 3);
	/* What it has goes on, and has ports for TCP. */
	bind_port(w, nth(UDP_PROTO, 1, 4000));
	bind_port(w, nth(TCP_PROTO, 1, 4000));
	bind_port(w, nth(UDP_PROTO, 2, 4000));
	cr_expect_eq(stats(w).blocks, 3);
	world_free(w);
}

/* One that has ended does not count: another may be had for it. */
Test(nat64_block, C68_04_most_blocks_at_a_time)
{
	struct world *w = with_blocks(64, T1, 1, 65535);

	w->cfg.max_blocks = 2;
	world_open(w);
	for (uint16_t i = 0; i < 65; i++)
		bind_port(w, nth(UDP_PROTO, 1, 4000 + i));
	cr_expect_eq(stats(w).blocks, 2);
	wait_s(w, 200);
	bind_port(w, nth(UDP_PROTO, 1, 4064));
	wait_s(w, 102);
	cr_expect_eq(stats(w).blocks, 1);
	for (uint16_t i = 0; i < 64; i++)
		bind_port(w, nth(UDP_PROTO, 1, 5000 + i));
	cr_expect_eq(stats(w).blocks, 2);
	world_free(w);
}

Test(nat64_block, C68_11_no_block_left)
{
	struct world *w = with_blocks(64, T1, 1000, 1024 + 127);

	world_open(w);
	bind_port(w, nth(UDP_PROTO, 1, 4000));
	bind_port(w, nth(UDP_PROTO, 2, 4000));
	send_seg(w, nth(UDP_PROTO, 3, 4000));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	for (uint16_t i = 1; i < 64; i++)
		bind_port(w, nth(UDP_PROTO, 1, 4000 + i));
	send_seg(w, nth(UDP_PROTO, 1, 5000));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	cr_expect_eq(stats(w).subscribers, 2);
	world_free(w);
}

Test(nat64_block, C68_14_it_goes_with_the_last_binding)
{
	struct world *w = with_blocks(64, T1, 1024, 1024 + 63);

	world_open(w);
	bind_port(w, nth(UDP_PROTO, 1, 4000));
	bind_port(w, nth(ICMP6_PROTO, 1, 9));
	wait_s(w, 62);
	cr_expect_eq(stats(w).blocks, 1);
	wait_s(w, 240);
	cr_expect_eq(stats(w).blocks, 0);
	cr_expect_eq(stats(w).subscribers, 0);
	bind_port(w, nth(UDP_PROTO, 2, 4000));
	cr_expect_eq(stats(w).blocks_created, 2);
	world_free(w);
}

Test(nat64_block, C68_14_the_last_binding_may_be_of_pings)
{
	struct world *w = with_blocks(64, T1, 1024, 1024 + 63);

	world_open(w);
	bind_port(w, nth(UDP_PROTO, 1, 4000));
	wait_s(w, 290);
	bind_port(w, nth(ICMP6_PROTO, 1, 9));
	wait_s(w, 12);
	cr_expect_eq(binding_count(w), 1);
	cr_expect_eq(stats(w).blocks, 1);
	wait_s(w, 50);
	cr_expect_eq(stats(w).blocks, 0);
	world_free(w);
}

Test(nat64_block, C68_08_C68_14_and_with_the_last_port_that_is_kept)
{
	struct world *w = with_blocks(64, T1, 1024, 1024 + 63);
	uint16_t port;

	w->cfg.hold_down = 120;
	w->cfg.hold_max = 1000;
	world_open(w);
	port = bind_port(w, nth(UDP_PROTO, 1, 4000));
	wait_s(w, 302);
	cr_expect_eq(binding_count(w), 0);
	cr_expect_eq(stats(w).blocks, 1);
	send_seg(w, nth(UDP_PROTO, 2, 4000));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	/* Its own subscriber has the rest of it. */
	for (uint16_t i = 0; i < 63; i++)
		cr_assert_neq(bind_port(w, nth(UDP_PROTO, 1, 5000 + i)), port);
	wait_s(w, 302);
	wait_s(w, 119);
	cr_expect_eq(stats(w).blocks, 1);
	wait_s(w, 2);
	cr_expect_eq(stats(w).blocks, 0);
	cr_expect_eq(stats(w).subscribers, 0);
	bind_port(w, nth(UDP_PROTO, 2, 4000));
	world_free(w);
}

/* Filled and emptied again and again, nothing is left and nothing lost. */
Test(nat64_block, N64_240_everything_comes_back)
{
	struct world *w = with_blocks(128, T2, 1, 65535);

	w->cfg.hold_down = 5;
	w->cfg.hold_max = 777;
	world_open(w);
	for (uint32_t round = 1; round < 4; round++) {
		/* 504 blocks on each of two addresses */
		for (uint32_t i = 0; i < 1008; i++)
			for (uint16_t port = 1; port < 20; port++)
				send_seg(w,
					 nth(port % 3 ? UDP_PROTO : TCP_PROTO,
					     i, port * 7));
		send_seg(w, nth(UDP_PROTO, 5000, 1));
		expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
		cr_expect_eq(stats(w).blocks, 1008);
		cr_expect_eq(stats(w).blocks_created, 1008 * round);
		wait_s(w, 302);
		wait_s(w, 6);
		cr_expect_eq(stats(w).blocks, 0);
		cr_expect_eq(stats(w).ports_kept, 0);
		cr_expect_eq(stats(w).subscribers, 0);
		cr_expect_eq(nat64_next_expiry(w->n), UINT64_MAX);
	}
	world_free(w);
}

/* A block with a port that is somebody's for good is given to nobody. */
Test(nat64_block, N64_005_static_bindings)
{
	static const struct nat64_static forward = {
		{ 0x20010db8000c0000, 1 }, T1, 5000, 1100, UDP_PROTO
	};
	struct world *w = with_blocks(64, T1, 1024, 1024 + 191);

	w->cfg.statics = &forward;
	w->cfg.static_count = 1;
	world_open(w);
	for (uint32_t i = 0; i < 2; i++)
		cr_expect_neq(bind_port(w, nth(UDP_PROTO, i, 4000)) / 64,
			      1100 / 64);
	send_seg(w, nth(UDP_PROTO, 2, 4000));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	cr_expect_eq(bind_port(w, udp6(C1, 5000, Z, 53)), 1100);
	world_free(w);
}

/* Ports that are not ours are in no block. */
Test(nat64_block, C68_03_gap_between_ports)
{
	struct world *w = with_blocks(64, T1, 1024, 1024 + 100);
	unsigned int got = 0;

	w->cfg.pool4[1] = (struct nat64_range){ T1, T1, 1280, 1280 + 127 };
	w->cfg.pool4_count = 2;
	world_open(w);
	for (uint32_t i = 0; i < 10; i++) {
		send_seg(w, nth(UDP_PROTO, i, 4000));
		if (w->r.verdict != XLAT_FORWARD)
			continue;
		got++;
		cr_expect(got_port(w) < 1088 || got_port(w) >= 1280);
	}
	cr_expect_eq(got, 3);
	world_free(w);
}

/* 70 UDP flows of each of three subscribers, moved to another size. */
static uint32_t move(struct world *a, struct world *b)
{
	for (uint32_t i = 0; i < 3; i++)
		for (uint16_t port = 0; port < 70; port++)
			bind_port(a, nth(UDP_PROTO, i, 4000 + port));
	b->now = a->now;
	world_open(b);
	return nat64_move(b->n, a->n, b->now);
}

Test(nat64_block, blocks_move)
{
	struct world *a = with_blocks(64, T1, 1, 65535);
	struct world *b = with_blocks(64, T2, 1, 65535);
	uint16_t port;

	world_open(a);
	port = bind_port(a, nth(UDP_PROTO, 2, 4000));
	cr_expect_eq(move(a, b), 210);
	cr_expect_eq(stats(b).blocks, 6);
	cr_expect_eq(bind_port(b, nth(UDP_PROTO, 2, 4000)), port);
	wait_s(b, 302);
	cr_expect_eq(stats(b).blocks, 0);
	cr_expect_eq(stats(b).subscribers, 0);
	world_free(a);
	world_free(b);
}

/* What two would share, or one may not have, stays behind. */
Test(nat64_block, C68_14_what_does_not_fit_stays_behind)
{
	struct world *a = with_blocks(64, T1, 1024, 1024 + 383);
	struct world *b = with_blocks(512, T1, 1024, 1024 + 511);
	uint32_t cursor = 0;
	struct nat64_binding_view v;
	uint64_t only = 0;

	world_open(a);
	cr_expect_eq(move(a, b), 70, "one subscriber has the one block");
	while (nat64_next_binding(b->n, &cursor, &v)) {
		cr_assert(!only || v.client.hi == only);
		only = v.client.hi;
	}
	world_free(b);
	b = with_blocks(64, T1, 1024, 1024 + 383);
	b->cfg.max_blocks = 1;
	b->now = a->now;
	world_open(b);
	nat64_move(b->n, a->n, b->now);
	cr_expect_eq(stats(b).blocks, 3);
	cr_expect_eq(stats(b).subscribers, 3);
	world_free(a);
	world_free(b);
}

/* A port that is kept keeps its block from others, and finds its subscriber
 * again if there is one. */
Test(nat64_block, C68_08_kept_ports_move)
{
	struct world *a = with_blocks(64, T1, 1024, 1024 + 63);
	struct world *b = with_blocks(64, T1, 1024, 1024 + 63);

	a->cfg.hold_down = b->cfg.hold_down = 120;
	a->cfg.hold_max = b->cfg.hold_max = 9;
	world_open(a);
	bind_port(a, nth(UDP_PROTO, 1, 4000));
	wait_s(a, 302);
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 0);
	send_seg(b, nth(UDP_PROTO, 2, 4000));
	expect_error(b, WHY_POOL_ADDRESSES, 1, 3);
	wait_s(b, 122);
	bind_port(b, nth(UDP_PROTO, 2, 4000));
	wait_s(b, 302);
	wait_s(b, 122);
	cr_expect_eq(stats(b).blocks, 0);
	cr_expect_eq(stats(b).subscribers, 0);
	world_free(a);
	world_free(b);
}

/* A world with a kept port of subscriber 1, and 128 ports altogether. */
static struct world *with_a_kept_port(uint16_t *port)
{
	struct world *w = with_blocks(64, T1, 1024, 1024 + 127);

	w->cfg.hold_down = 120;
	w->cfg.hold_max = 9;
	world_open(w);
	*port = bind_port(w, nth(UDP_PROTO, 1, 4000));
	wait_s(w, 302);
	cr_assert_eq(stats(w).ports_kept, 1);
	return w;
}

/* @a's sessions and kept ports, in tables of the same kind. */
static struct world *moved(struct world *a)
{
	struct world *b = with_blocks(64, T1, 1024, 1024 + 127);

	b->cfg.hold_down = 120;
	b->cfg.hold_max = 9;
	b->now = a->now;
	world_open(b);
	(void)nat64_move(b->n, a->n, b->now);
	return b;
}

Test(nat64_block, C68_08_a_kept_port_beside_a_binding_moves)
{
	uint16_t port;
	struct world *a = with_a_kept_port(&port);
	struct world *b;

	cr_assert_eq(bind_port(a, nth(UDP_PROTO, 1, 5000)) / 64, port / 64);
	b = moved(a);
	cr_expect_eq(binding_count(b), 1);
	cr_expect_eq(stats(b).ports_kept, 1);
	cr_expect_eq(stats(b).blocks, 1);
	world_free(a);
	world_free(b);
}

/* What is nobody's may become a subscriber's, if he may have one more. */
Test(nat64_block, C68_08_a_kept_port_s_block_finds_its_subscriber)
{
	uint16_t port;
	struct world *a = with_a_kept_port(&port);
	struct world *b = moved(a);
	uint32_t s;

	bind_port(b, nth(UDP_PROTO, 1, 4000));
	s = slab_next(&b->n->subscribers, 0);
	cr_assert_eq(stats(b).blocks, 2);
	cr_expect_eq(block_owner(b->n, 0, port), 0);
	b->n->cfg.max_blocks = 1;
	cr_expect_not(block_claim(b->n, s, 0, port));
	cr_expect_eq(block_owner(b->n, 0, port), 0);
	b->n->cfg.max_blocks = 2;
	cr_expect(block_claim(b->n, s, 0, port));
	cr_expect_eq(block_owner(b->n, 0, port), s);
	cr_expect_eq(stats(b).blocks, 2);
	world_free(a);
	world_free(b);
}

/* Somebody listens to what becomes of blocks. */
static struct nat64_events *listen_to(struct world *w)
{
	static struct nat64_event mem[64];
	static struct nat64_events ring;

	ring = (struct nat64_events){ .ring = mem,
				      .size = 64,
				      .want = EVENT_BLOCKS };
	nat64_listen(w->n, &ring);
	return &ring;
}

/* The next event is of this kind, and of subscriber number @i. */
static void expect_event(const struct nat64_events *ring, uint64_t *cursor,
			 enum nat64_event_kind kind, uint32_t i, uint32_t port)
{
	struct nat64_event e;
	uint64_t lost = 0;

	cr_assert(event_next(ring, cursor, &lost, &e));
	cr_expect_eq(e.kind, kind);
	cr_expect_eq(e.client.hi, 0x20010db900000000u + i);
	cr_expect_eq(e.client.lo, 0);
	cr_expect_eq(e.client_len, 64);
	cr_expect_eq(e.pool, T1);
	cr_expect_eq(e.pool_port, port / 64 * 64);
	cr_expect_eq(e.pool_last, port / 64 * 64 + 63);
}

Test(nat64_block, C68_14_L81_16_L81_17_a_note_for_each)
{
	struct world *w = with_blocks(64, T1, 1, 65535);
	struct nat64_events *ring;
	uint64_t cursor = 0;
	uint16_t ports[65];

	world_open(w);
	ring = listen_to(w);
	for (uint16_t i = 0; i < 65; i++)
		ports[i] = bind_port(w, nth(TCP_PROTO, 1, 4000 + i));
	cr_expect_eq(ring->count, 2, "no others, whatever is opened");
	expect_event(ring, &cursor, EVENT_BLOCK_CREATED, 1, ports[0]);
	expect_event(ring, &cursor, EVENT_BLOCK_CREATED, 1, ports[64]);
	wait_s(w, 200);
	bind_port(w, nth(TCP_PROTO, 1, 4064));
	bind_port(w, nth(TCP_PROTO, 1, 4064));
	wait_s(w, 50);
	expect_event(ring, &cursor, EVENT_BLOCK_DELETED, 1, ports[0]);
	cr_expect_eq(ring->count, 3);
	wait_s(w, 200);
	expect_event(ring, &cursor, EVENT_BLOCK_DELETED, 1, ports[64]);
	cr_expect_eq(ring->count, 4);
	world_free(w);
}

/* Of a block that is nobody's nothing is told. */
Test(nat64_block, L81_17_no_note_of_nobody)
{
	uint16_t port;
	struct world *a = with_a_kept_port(&port);
	struct nat64_events *ring = listen_to(a);
	struct world *b = moved(a);
	const uint64_t told = ring->count;

	cr_assert_eq(stats(b).blocks, 1);
	wait_s(b, 122);
	cr_assert_eq(stats(b).blocks, 0);
	cr_expect_eq(ring->count, told);
	world_free(a);
	world_free(b);
}

/* A move tells of what ends by it, and of nothing that goes on. */
Test(nat64_block, L81_17_a_note_of_what_stays_behind)
{
	struct world *a = with_blocks(64, T1, 1, 65535);
	struct world *b = with_blocks(64, T1, 1, 65535);
	struct nat64_events *ring;
	const struct net6 one = { { 0x20010db900000001, 0 }, 64 };
	uint64_t cursor = 2;
	uint16_t port;

	world_open(a);
	ring = listen_to(a);
	bind_port(a, nth(UDP_PROTO, 1, 4000));
	port = bind_port(a, nth(UDP_PROTO, 2, 4000));
	b->cfg.allow6 = &one;
	b->cfg.allow6_count = 1;
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 1);
	expect_event(ring, &cursor, EVENT_BLOCK_DELETED, 2, port);
	cr_expect_eq(ring->count, 3);
	world_free(b);

	/* Another size: all are others. */
	b = with_blocks(128, T1, 1, 65535);
	b->now = a->now;
	world_open(b);
	nat64_move(b->n, a->n, b->now);
	cr_expect_eq(ring->count, 3 + 4);
	world_free(a);
	world_free(b);
}

/* The same bits, but the subscriber is a /56 now and was a /64. */
Test(nat64_block, L81_17_another_length_is_another_subscriber)
{
	struct world *a = with_blocks(64, T1, 1, 65535);
	struct world *b = with_blocks(64, T1, 1, 65535);
	struct nat64_events *ring;

	world_open(a);
	ring = listen_to(a);
	bind_port(a, nth(UDP_PROTO, 0, 4000));
	b->cfg.subscriber_len = 56;
	b->now = a->now;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 1);
	cr_expect_eq(ring->count, 3, "one ends, one begins");
	world_free(a);
	world_free(b);
}

Test(nat64_block, bad_sizes)
{
	static const uint32_t bad[] = { 1, 32, 63, 65, 100, 192, 16384 };
	struct world *w = with_blocks(64, T1, 1, 65535);

	for (unsigned int i = 0; i < XL_COUNT(bad); i++) {
		w->cfg.port_block = bad[i];
		cr_expect_not_null(nat64_config_check(&w->cfg), "%u", bad[i]);
	}
	w->cfg.port_block = 64;
	cr_expect_null(nat64_config_check(&w->cfg));
	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 1025, 1151 };
	cr_expect_null(nat64_config_check(&w->cfg));
	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 1025, 1150 };
	cr_expect_not_null(nat64_config_check(&w->cfg), "no whole block");
	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 1, 1086 };
	cr_expect_not_null(nat64_config_check(&w->cfg), "well-known");
	world_free(w);
}

/* SPDX-License-Identifier: MIT */
/*
 * Which address and port a client gets (RFC 6146, 3.5.1.1; RFC 6056; RFC 6888),
 * and the hash that decides it.
 */
#include <sys/mman.h>

#include "nat64_help.h"
#include "nat64/hash.h"
#include "nat64/slab.h"
#include "nat64/state.h"
#include "nat64/table.h"

static struct world *with_pool(uint32_t first, uint32_t last, uint16_t min,
			       uint16_t max)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 70000;
	w->cfg.pool4[0] = (struct nat64_range){ first, last, min, max };
	world_open(w);
	return w;
}

/* A client of subscriber number @i, in a /64 of its own. */
static struct seg nth_client(uint8_t proto, uint32_t i, uint16_t port)
{
	struct seg s = out6(proto, C1, port, Z, 53, SYN);

	s.a6.hi = 0x20010db900000000 + i;
	return s;
}

Test(nat64_pool, N64_070_C68_02_U47_02_one_address_per_subscriber)
{
	struct world *w = with_pool(0xc6130000, 0xc61300ff, 1024, 65535);
	uint32_t first[2] = { 0, 0 };
	unsigned int addresses = 0;
	struct seg ping;

	for (uint32_t i = 0; i < 100; i++) {
		send_seg(w, nth_client(UDP_PROTO, i, 4000));
		first[0] = got_src(w);
		send_seg(w, nth_client(TCP_PROTO, i, 4001));
		cr_assert_eq(got_src(w), first[0]);
		ping = nth_client(ICMP6_PROTO, i, 9);
		ping.flags = 128;
		send_seg(w, ping);
		cr_assert_eq(got_src(w), first[0]);
		send_seg(w, nth_client(UDP_PROTO, i, 65000));
		cr_assert_eq(got_src(w), first[0]);
		addresses += first[0] != first[1];
		first[1] = first[0];
	}
	cr_assert_gt(addresses, 80, "subscribers spread over the pool");
	world_free(w);
}

Test(nat64_pool, N64_071_well_known_ports)
{
	struct world *w = with_pool(T1, T1, 1, 65535);
	bool seen[1024] = { false };
	uint16_t port;

	for (uint32_t i = 0; i < 1023; i++) {
		port = bind_port(w, nth_client(TCP_PROTO, i, 500));
		cr_assert(port > 0 && port < 1024 && !seen[port], "%u", port);
		seen[port] = true;
	}
	port = bind_port(w, nth_client(TCP_PROTO, 5000, 500));
	cr_assert_geq(port, 1024, "all taken: any other");
	world_free(w);
}

Test(nat64_pool, N64_072_other_ports)
{
	struct world *w = with_pool(T1, T1, 1, 1100);

	for (uint32_t i = 0; i < 77; i++)
		cr_assert_geq(bind_port(w, nth_client(TCP_PROTO, i, 40000)),
			      1024);
	cr_assert_lt(bind_port(w, nth_client(TCP_PROTO, 77, 40000)), 1024);
	world_free(w);
}

Test(nat64_pool, N64_073_U47_04_P60_04_parity)
{
	struct world *w = with_pool(T1, T1, 1024, 65535);

	for (uint32_t i = 0; i < 500; i++) {
		const uint16_t like = (uint16_t)(4000 + i % 2);

		cr_assert_eq(bind_port(w, nth_client(UDP_PROTO, i, like)) % 2,
			     like % 2);
	}
	world_free(w);
}

Test(nat64_pool, P78_09_parity_may_be_switched_off)
{
	struct world *w = world_new();
	unsigned int other = 0;

	w->cfg.any_parity = true;
	world_open(w);
	for (uint32_t i = 0; i < 500; i++) {
		const uint16_t port =
			bind_port(w, nth_client(UDP_PROTO, i, 4000));

		cr_assert_geq(port, 1024);
		other += port % 2;
	}
	cr_assert(other > 150 && other < 350, "%u of 500", other);
	world_free(w);
}

/* Odd ones run out: an even one is better than none. */
Test(nat64_pool, N64_073_parity_gives_way)
{
	struct world *w = with_pool(T1, T1, 2000, 2003);

	cr_assert_eq(bind_port(w, nth_client(UDP_PROTO, 0, 4001)) % 2, 1);
	cr_assert_eq(bind_port(w, nth_client(UDP_PROTO, 1, 4001)) % 2, 1);
	cr_assert_eq(bind_port(w, nth_client(UDP_PROTO, 2, 4001)) % 2, 0);
	world_free(w);
}

Test(nat64_pool, N64_074_N64_076_U47_03_C68_13_P60_03_every_port_once)
{
	struct world *w = with_pool(T1, T1, 1024, 65535);
	static bool seen[65536];

	for (uint32_t i = 0; i < 64512; i++) {
		const uint16_t port =
			bind_port(w, nth_client(TCP_PROTO, i, 40000));

		cr_assert(port >= 1024 && !seen[port], "%u", port);
		seen[port] = true;
	}
	send_seg(w, nth_client(TCP_PROTO, 70000, 40000));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	bind_port(w, nth_client(UDP_PROTO, 70000, 40000));
	world_free(w);
}

Test(nat64_pool, N64_075_N64_242_U47_11_C68_11_P60_07_pool_of_one_port)
{
	struct world *w = with_pool(T1, T1, 5000, 5000);
	struct seg elsewhere;

	cr_assert_eq(bind_port(w, nth_client(TCP_PROTO, 0, 40000)), 5000);
	send_seg(w, nth_client(TCP_PROTO, 1, 40000));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	elsewhere = nth_client(TCP_PROTO, 0, 40000);
	elsewhere.b6 = under_p(W);
	cr_assert_eq(bind_port(w, elsewhere), 5000, "mapping as ever");
	cr_assert_eq(binding_count(w), 1);
	world_free(w);
}

/* Nobody may look at the ports of any address: who does, crashes. */
static void hide_ports(const struct world *w, int protection)
{
	const uintptr_t page = 4096;
	const uintptr_t first = (uintptr_t)w->n->pool.bits;
	const uintptr_t end =
		(uintptr_t)(w->n->pool.bits + (size_t)w->n->pool.count *
						      POOL_TABLES * POOL_WORDS);
	const uintptr_t from = (first + page - 1) / page * page;

	cr_assert_eq(
		mprotect((void *)from, end / page * page - from, protection),
		0);
}

/* Exhaustion costs nothing that grows with the pool: neither who is new nor
 * who has an address makes it look for a port, or a block, that is not there. */
Test(nat64_pool, C68_11_P60_07_a_used_up_pool_is_not_searched)
{
	for (uint32_t size = 0; size <= 64; size += 64) {
		struct world *w = world_new();

		w->cfg.max_sessions = 70000;
		w->cfg.port_block = size;
		w->cfg.pool4[0] =
			(struct nat64_range){ T1, T1 + 255, 1024, 1024 + 127 };
		world_open(w);
		for (uint32_t i = 0; i < 256 * 128; i++)
			send_seg(w, nth_client(TCP_PROTO, size ? i % 512 : i,
					       (uint16_t)(2000 + i / 512)));
		expect_forward(w);
		cr_assert_eq(binding_count(w), 256 * 128);
		hide_ports(w, PROT_NONE);
		for (uint32_t i = 0; i < 1000; i++) {
			send_seg(w, nth_client(TCP_PROTO, 100000 + i, 5000));
			expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
			send_seg(w, nth_client(TCP_PROTO, i % 512, 5000));
			expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
		}
		hide_ports(w, PROT_READ | PROT_WRITE);
		world_free(w);
	}
}

/* A subscriber whose address is full does not get another one; somebody else
 * does. */
Test(nat64_pool, P78_05_paired_address_is_full)
{
	struct world *w = with_pool(T1, T2, 5000, 5001);
	uint32_t first;

	send_seg(w, nth_client(TCP_PROTO, 0, 1));
	first = got_src(w);
	send_seg(w, nth_client(TCP_PROTO, 0, 2));
	cr_assert_eq(got_src(w), first);
	send_seg(w, nth_client(TCP_PROTO, 0, 3));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	for (uint16_t i = 0; i < 2; i++) {
		send_seg(w, nth_client(TCP_PROTO, 7 + i, 1));
		cr_assert_neq(got_src(w), first);
	}
	send_seg(w, nth_client(TCP_PROTO, 9, 1));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	world_free(w);
}

Test(nat64_pool, C68_03_ranges)
{
	static const struct nat64_range ranges[] = {
		{ 0xcb007108, 0xcb00710b, 1024, 65535 },
		{ T1, T1, 2000, 3000 },
		{ 0xc00002c8, 0xc00002cb, 1024, 65535 },
	};
	struct world *w = world_new();
	unsigned int of[3] = { 0, 0, 0 };

	memcpy(w->cfg.pool4, ranges, sizeof(ranges));
	w->cfg.pool4_count = 3;
	world_open(w);
	for (uint32_t i = 0; i < 600; i++) {
		unsigned int in = 3;
		uint32_t addr;
		uint16_t port;

		send_seg(w, nth_client(UDP_PROTO, i, 4000));
		addr = got_src(w);
		port = got_port(w);
		for (unsigned int k = 0; k < 3; k++)
			if (addr >= ranges[k].first && addr <= ranges[k].last)
				in = k;
		cr_assert_neq(in, 3);
		cr_assert(port >= ranges[in].port_min &&
			  port <= ranges[in].port_max);
		of[in]++;
	}
	cr_assert(of[0] && of[1] && of[2]);
	world_free(w);
}

/* Two ranges of ports of one address: the ports between are not ours. */
Test(nat64_pool, C68_03_gap_between_ports)
{
	struct world *w = world_new();
	bool seen[65536] = { false };

	w->cfg.pool4[0] = (struct nat64_range){ T1, T2, 1000, 1009 };
	w->cfg.pool4[1] = (struct nat64_range){ T1, T1, 3000, 3009 };
	w->cfg.pool4[2] = (struct nat64_range){ T2, T2, 1020, 1020 };
	w->cfg.pool4_count = 3;
	world_open(w);
	for (uint32_t i = 0; i < 31; i++) {
		uint32_t port;

		send_seg(w, nth_client(TCP_PROTO, i, 500));
		port = got_port(w);
		cr_assert((port >= 1000 && port <= 1009) ||
			  (got_src(w) == T1 && port >= 3000 && port <= 3009) ||
			  (got_src(w) == T2 && port == 1020));
		port += got_src(w) == T1 ? 0 : 20000;
		cr_assert_not(seen[port]);
		seen[port] = true;
	}
	send_seg(w, nth_client(TCP_PROTO, 31, 500));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	send_seg(w, tcp4(Z, 80, T1, 2000, SYN));
	expect_drop(w, WHY_NO_BINDING);
	world_free(w);
}

Test(nat64_pool, bad_pools)
{
	static const struct {
		struct nat64_range a, b;
	} bad[] = {
		{ { T2, T1, 1, 2 }, { Z, Z, 1, 2 } },
		{ { T1, T1, 0, 2 }, { Z, Z, 1, 2 } },
		{ { T1, T1, 3, 2 }, { Z, Z, 1, 2 } },
		{ { T1, T2, 1, 5 }, { T2, T2, 5, 6 } },
		{ { T1, T1, 1, 2 }, { 0, 4095, 1, 2 } },
	};
	struct world *w = world_new();

	for (unsigned int i = 0; i < XL_COUNT(bad); i++) {
		w->cfg.pool4[0] = bad[i].a;
		w->cfg.pool4[1] = bad[i].b;
		w->cfg.pool4_count = 2;
		cr_assert_not_null(nat64_config_check(&w->cfg), "%u", i);
	}
	world_free(w);
}

/* Sixteen equal parts of the range; chi-square, 15 degrees of freedom: above
 * 37.7 with probability 0.001. The key is fixed, so the result is, too. */
Test(nat64_pool, P60_01_P78_10_C68_15_ports_are_spread)
{
	struct world *w = with_pool(T1, T1, 1024, 65535);
	unsigned int part[16] = { 0 };
	unsigned int strides = 0;
	double chi = 0;
	int stride = 0;
	int last = 0;

	for (uint32_t i = 0; i < 4000; i++) {
		const int port = bind_port(w, nth_client(TCP_PROTO, i, 40000));

		part[(port - 1024) / 4032]++;
		strides += port - last == stride;
		stride = port - last;
		last = port;
	}
	for (unsigned int i = 0; i < 16; i++)
		chi += (part[i] - 250.0) * (part[i] - 250.0) / 250.0;
	cr_assert_lt(chi, 37.7);
	cr_assert_lt(strides, 10, "no fixed step");
	world_free(w);
}

Test(nat64_pool, P60_06_another_key_another_sequence)
{
	struct world *a = world_default();
	struct world *b = world_new();
	unsigned int same = 0;

	b->cfg.key[1] ^= 1;
	world_open(b);
	for (uint32_t i = 0; i < 100; i++)
		same += bind_port(a, nth_client(UDP_PROTO, i, 40000)) ==
			bind_port(b, nth_client(UDP_PROTO, i, 40000));
	cr_assert_lt(same, 5);
	world_free(a);
	world_free(b);
}

Test(nat64_pool, C68_04_limit_per_subscriber)
{
	struct world *w = world_new();

	w->cfg.max_per_subscriber = 100;
	world_open(w);
	for (uint16_t i = 0; i < 100; i++)
		bind_port(w, nth_client(UDP_PROTO, 1, 4000 + i));
	send_seg(w, nth_client(UDP_PROTO, 1, 4100));
	expect_error(w, WHY_SUBSCRIBER_LIMIT, 1, 3);
	send_seg(w, nth_client(UDP_PROTO, 1, 4000));
	expect_forward(w);
	bind_port(w, nth_client(UDP_PROTO, 2, 4100));
	cr_assert_eq(binding_count(w), 101);
	wait_s(w, 302);
	bind_port(w, nth_client(UDP_PROTO, 1, 4100));
	world_free(w);
}

/* Fill and empty the tables again and again: nothing is left, nothing lost. */
Test(nat64_pool, N64_240_M76_13_everything_comes_back)
{
	struct world *w = world_new();
	struct nat64_stats stats;

	w->cfg.max_sessions = 5000;
	w->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	w->cfg.filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	world_open(w);
	for (int round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 5000; i++)
			bind_port(w, nth_client(UDP_PROTO, i / 3,
						(uint16_t)(4000 + i % 3)));
		send_seg(w, nth_client(UDP_PROTO, 9999, 1));
		expect_error(w, WHY_TABLE_FULL, 1, 3);
		wait_s(w, 302);
		nat64_get_stats(w->n, &stats);
		cr_assert_eq(stats.sessions, 0);
		cr_assert_eq(stats.bindings, 0);
		cr_assert_eq(stats.subscribers, 0);
		cr_assert_eq(nat64_next_expiry(w->n), UINT64_MAX);
	}
	world_free(w);
}

/* SipHash-2-4 of the bytes 00..0e under the key 00..0f: appendix A of the
 * paper. The tables use fewer rounds of the same. */
Test(nat64_hash, vector_of_the_paper)
{
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	const uint64_t words[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

	cr_assert_eq(hash_sip(key, words, 2, 2, 4), 0xa129ca6149be45e5);
}

Test(nat64_hash, table_keeps_what_it_is_given)
{
	static uint32_t slots[126 * TABLE_LINE];
	struct table t = { slots, table_buckets(1000) };
	const uint64_t key[2] = { 1, 2 };

	cr_assert_eq(t.buckets, 126);
	for (int round = 0; round < 20; round++) {
		for (uint64_t i = 1; i <= 1000; i++)
			cr_assert(table_insert(&t, hash_words(key, &i, 1, 0),
					       (uint32_t)i));
		for (uint64_t i = 1; i <= 1000; i++) {
			struct table_probe p =
				table_probe(&t, hash_words(key, &i, 1, 0));
			uint32_t found;

			while ((found = table_next(&p)) && found != i)
				;
			cr_assert_eq(found, i);
		}
		for (uint64_t i = 1; i <= 1000; i++)
			table_remove(&t, hash_words(key, &i, 1, 0),
				     (uint32_t)i);
	}
	for (unsigned int i = 0; i < XL_COUNT(slots); i++)
		cr_assert_eq(slots[i], 0);
}

/* One hash for all: two buckets take 30, then it says no. */
Test(nat64_hash, table_says_when_it_is_full)
{
	static uint32_t slots[126 * TABLE_LINE];
	struct table t = { slots, 126 };
	unsigned int took = 0;

	while (took < 100 && table_insert(&t, 0x123456789abcdef, took + 1))
		took++;
	cr_assert_eq(took, 30);
}

Test(nat64_hash, slab_numbers)
{
	static uint64_t mem[201];
	uint64_t live[4] = { 0 };
	struct slab s = {
		.mem = (uint8_t *)mem, .live = live, .size = 8, .max = 200
	};

	for (uint32_t i = 1; i <= 200; i++)
		cr_assert_eq(slab_take(&s), i);
	cr_assert_eq(slab_take(&s), 0);
	for (uint32_t i = 1; i <= 200; i++)
		if (i != 64 && i != 130)
			slab_give(&s, i);
	cr_assert_eq(slab_next(&s, 0), 64);
	cr_assert_eq(slab_next(&s, 64), 130);
	cr_assert_eq(slab_next(&s, 130), 0);
	cr_assert_eq(slab_take(&s), 200);
	cr_assert_eq(mem[200], 0, "zeroed again");
	cr_assert_eq(slab_next(&s, 130), 200);
	cr_assert_eq(slab_next(&s, 200), 0);
}

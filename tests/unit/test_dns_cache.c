/* SPDX-License-Identifier: MIT */
/*
 * The cache: the ring by itself, and what the machine does with it. Times
 * pass by adding to the clock that is handed in.
 */
#include "dns_scene.h"

SCENES(dns_cache, CACHE_MIN);

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", appendix A, and
 * the first of the reference vectors: key and input count up from 0. */
Test(dns_cache, siphash)
{
	const struct siphash_key key = { 0x0706050403020100ull,
					 0x0f0e0d0c0b0a0908ull };
	uint8_t in[15];

	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	cr_expect_eq(siphash(key, in, 15), 0xa129ca6149be45e5ull);
	cr_expect_eq(siphash(key, in, 0), 0x726fdb47dd0e0e31ull);
}

/*
 * The ring.
 */

static struct cache ring;
static struct dm stored;

static void ring_setup(uint32_t size)
{
	memory = calloc(1, cache_memory(size));
	cache_init(&ring, memory, size, (struct siphash_key){ 5, 6 });
}

static struct msg_question question(unsigned int n)
{
	struct msg_question q = { { 1, { 0 } }, 28, 1 };
	char label[12];
	int len = sprintf(label, "n%u", n);

	cr_assert(msg_name_append(&q.name, label, (size_t)len));
	return q;
}

/* Keep an answer of @size bytes at least for question @n. */
static void put(unsigned int n, uint32_t now, uint32_t lifetime, size_t size)
{
	const struct msg_question q = question(n);
	char name[12];

	sprintf(name, "n%u", n);
	dm_begin(&stored, n, 0x8180);
	dm_question(&stored, name, 28);
	while (stored.n < size)
		stored.b[stored.n++] = (uint8_t)n;
	cache_put(&ring, (struct cache_key){ &q, 0 }, now, lifetime, stored.b,
		  (uint32_t)stored.n);
}

static bool get(unsigned int n, uint32_t now, struct cache_hit *hit)
{
	const struct msg_question q = question(n);

	return cache_find(&ring, (struct cache_key){ &q, 0 }, now, hit) &&
	       hit->data[0] == n >> 8 && hit->data[1] == (n & 255);
}

Test(dns_ring, finds_what_was_put, .fini = scene_end)
{
	struct msg_question q = question(7);
	struct cache_hit hit;

	ring_setup(CACHE_MIN);
	put(7, 100, 60, 0);
	cr_assert(get(7, 130, &hit));
	cr_expect_eq(hit.age, 30);
	cr_expect_eq(hit.lifetime, 60);
	cr_expect_eq(hit.len, stored.n);
	cr_expect_arr_eq(hit.data, stored.b, stored.n);
	cr_expect_not(hit.popular);
	cr_assert(get(7, 130, &hit));
	cr_expect(hit.popular);
	cr_expect_not(get(8, 130, &hit));
	q.type = 1;
	cr_expect_not(
		cache_find(&ring, (struct cache_key){ &q, 0 }, 130, &hit));
	q.type = 28;
	cr_expect_not(cache_find(&ring, (struct cache_key){ &q, CACHE_CD }, 130,
				 &hit));
	q.name.b[1] = 'N';
	cr_expect(cache_find(&ring, (struct cache_key){ &q, 0 }, 130, &hit));
}

Test(dns_ring, newer_takes_the_place, .fini = scene_end)
{
	struct cache_hit hit;

	ring_setup(CACHE_MIN);
	put(7, 100, 60, 0);
	put(7, 110, 60, 200);
	cr_assert(get(7, 110, &hit));
	cr_expect_eq(hit.len, 200);
	cr_expect_eq(ring.count, 1);
	put(7, 120, 0, 0);
	cr_expect_not(get(7, 120, &hit), "lifetime 0 forgets");
	cr_expect_eq(ring.count, 0);
}

Test(dns_ring, too_large_is_not_kept, .fini = scene_end)
{
	struct cache_hit hit;

	ring_setup(CACHE_MIN);
	put(1, 0, 60, CACHE_MIN / 16 + 1);
	cr_expect_not(get(1, 0, &hit));
}

/* Many times round, with sizes that do not fit each other: what is found is
 * whole and right, the latest is there, and the count is right. */
Test(dns_ring, goes_round, .fini = scene_end)
{
	struct cache_hit hit;
	unsigned int found;
	uint32_t cursor;

	ring_setup(CACHE_MIN);
	for (unsigned int i = 0; i < 20000; i++) {
		put(i % 3000, i, 100000, 20 + i * 7919 % 400);
		cr_assert(get(i % 3000, i, &hit));
		cr_assert_eq(hit.len, stored.n);
		cr_assert_arr_eq(hit.data, stored.b, stored.n);
	}
	found = 0;
	for (unsigned int n = 0; n < 3000; n++)
		found += get(n, 20000, &hit);
	cr_expect_gt(found, 200);
	cr_expect_eq(found, ring.count);
	cursor = found = 0;
	while (cache_walk(&ring, &cursor, 20000, &hit))
		found++;
	cr_expect_eq(found, ring.count, "the walk sees each");
	cache_flush(&ring);
	cr_expect_eq(ring.count, 0);
	cr_expect_not(get(2999, 20000, &hit));
	put(1, 0, 60, 0);
	cr_expect(get(1, 0, &hit));
}

/* What is asked for stays while ten rings full of other names go by. */
Test(dns_ring, popular_stays, .fini = scene_end)
{
	struct cache_hit hit;

	ring_setup(CACHE_MIN);
	put(1, 0, 100000, 100);
	put(2, 0, 100000, 100);
	for (unsigned int i = 100; i < 7000; i++) {
		put(i, i, 100000, 100);
		cr_assert(get(1, i, &hit), "%u", i);
	}
	cr_expect_not(get(2, 7000, &hit));
	/* Not beyond its time, though. */
	put(1, 0, 10, 100);
	for (unsigned int i = 7000; i < 14000; i++) {
		put(i, i, 100000, 100);
		(void)get(1, i, &hit);
	}
	cr_expect_not(get(1, 14000, &hit));
}

/* All of them popular: room is found all the same, in bounded time. */
Test(dns_ring, all_popular, .fini = scene_end)
{
	struct cache_hit hit;

	ring_setup(CACHE_MIN);
	for (unsigned int i = 0; i < 5000; i++) {
		put(i, 0, 1000, 64);
		cr_assert(get(i, 0, &hit));
	}
}

/*
 * The machine.
 */

static void synthesised(const char *name, unsigned long soa, unsigned long ttl)
{
	ask(name, 28, NO_EDNS);
	no_aaaa("example", soa);
	one_a(name, ttl, "9.9.9.9");
}

Test(dns_cache, d64_06_45_repeated_question)
{
	synthesised("w.example", 900, 300);
	event.now += 100 * SECONDS;
	ask("W.example", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd W.example. 1 28\n"
		"an W.example. 200 AAAA 64:ff9b::909:909\n");
	ask("w.example", 1, NO_EDNS);
	REPLIES("0 qr rd ra\nqd w.example. 1 1\n"
		"an w.example. 200 A 9.9.9.9\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM], 2);
	cr_expect_eq(query.count[COUNT_CACHED], 2);
	/* The A record is too old; the absence of AAAA is not yet. */
	event.now += 200 * SECONDS;
	ask("w.example", 28, NO_EDNS);
	ASKS("0 rd\nqd w.example. 1 1\nopt 1232 00000000 \n");
}

/* For the lesser of the SOA record's TTL and MINIMUM (RFC 2308, 5). */
Test(dns_cache, d64_45_absence_is_kept)
{
	ask("v.example", 28, NO_EDNS);
	for (int i = 0; i < 2; i++) {
		answer(0);
		dm_soa_minimum(&msg, "example", 60, 11);
		send_answer();
	}
	event.now += 10 * SECONDS;
	ask("v.example", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd v.example. 1 28\n"
		"ns example. 50 SOA ns.invalid.\n");
	event.now += SECONDS;
	ask("v.example", 28, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
}

Test(dns_cache, nxdomain_is_kept)
{
	ask("no.example", 28, NO_EDNS);
	answer(3);
	dm_soa(&msg, "example", 60);
	send_answer();
	ask("no.example", 28, NO_EDNS);
	REPLIES("3 qr rd ra\nqd no.example. 1 28\n"
		"ns example. 60 SOA ns.invalid.\n");
}

Test(dns_cache, absence_without_soa_is_not_kept)
{
	for (int i = 0; i < 2; i++) {
		ask("v.example", 1, NO_EDNS);
		cr_expect_eq(step.what, QUERY_ASK);
		answer(0);
		send_answer();
	}
}

Test(dns_cache, d64_44_ttl_0_is_not_kept)
{
	for (int i = 0; i < 2; i++) {
		ask("z.example", 1, NO_EDNS);
		cr_assert_eq(step.what, QUERY_ASK);
		one_a("z.example", 0, "9.9.9.9");
		REPLIES("0 qr rd ra\nqd z.example. 1 1\n"
			"an z.example. 0 A 9.9.9.9\n");
	}
}

Test(dns_cache, d64_46_failures_are_kept_shortly)
{
	ask("f.example", 1, EDNS);
	answer(2);
	send_answer();
	ask("f.example", 1, NO_EDNS);
	REPLIES("2 qr rd ra\nqd f.example. 1 1\n");
	event.now += QUERY_FAIL_TIME * SECONDS;
	ask("f.example", 1, NO_EDNS);
	cr_assert_eq(step.what, QUERY_ASK);
	step = query_failed(&query, &event, step.ask);
	look();
	REPLIES("2 qr rd ra\nqd f.example. 1 1\n");
	ask("f.example", 1, EDNS);
	REPLIES("2 qr rd ra\nqd f.example. 1 1\n"
		"opt 1232 00000000 000f00020016\n");
	cr_assert(QUERY_FAIL_TIME >= 1 && QUERY_FAIL_TIME <= 300, "RFC 9520");
}

Test(dns_cache, d64_49_failed_validation_stays_final)
{
	ask("b.example", 28, EDNS);
	answer(2);
	dm_opt(&msg, 1232, 0, 6);
	send_answer();
	ask("b.example", 28, EDNS);
	REPLIES("2 qr rd ra\nqd b.example. 1 28\n"
		"opt 1232 00000000 000f00020006\n");
}

Test(dns_cache, d64_71_keyed_by_do_and_cd)
{
	static const unsigned int hows[] = { EDNS, DO, CD | EDNS, CD | DO };

	for (size_t i = 0; i < 4; i++) {
		ask("k.example", 28, hows[i]);
		cr_assert_eq(step.what, QUERY_ASK, "%zu", i);
		answer(0);
		dm_aaaa(&msg, "k.example", 60, "2606::1");
		send_answer();
	}
	for (size_t i = 0; i < 4; i++) {
		ask("k.example", 28, hows[i]);
		cr_expect_eq(step.what, QUERY_REPLY, "%zu", i);
	}
}

/* What an answer says about other names answers no question about them. */
Test(dns_cache, d64_83_other_data_is_no_answer)
{
	uint8_t a[4] = { 6, 6, 6, 6 };

	ask("p.example", 1, NO_EDNS);
	answer(0);
	dm_a(&msg, "p.example", 60, "9.9.9.9");
	dm_a(&msg, "bank.example", 60, "6.6.6.6");
	dm_rr_name(&msg, 2, "example", 2, 60, "ns.evil.example");
	dm_rr(&msg, 3, "ns.evil.example", 1, 60, a, 4);
	send_answer();
	ask("bank.example", 1, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
	ask("example", 2, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
	ask("ns.evil.example", 1, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
}

/* Three clients, one upstream question; each gets its own id and spelling. */
Test(dns_cache, d64_84_shared_question)
{
	static const char *const names[] = { "s.example", "S.example",
					     "s.eXample" };
	uint32_t ask_index = 0;
	unsigned int replies = 0;
	char expect[100];

	for (unsigned int i = 0; i < 3; i++) {
		client.port = (uint16_t)(1000 + i);
		ask(names[i], 1, NO_EDNS);
		cr_expect_eq(step.what, i ? QUERY_WAIT : QUERY_ASK);
		if (!i)
			ask_index = step.ask;
	}
	asked_len = query_question(&query, ask_index, asked);
	answer(0);
	dm_a(&msg, "s.example", 0, "9.9.9.9");
	step = query_answered(&query, &event, ask_index, msg.b, msg.n);
	while (step.what == QUERY_REPLY) {
		const char *name = names[step.client.port - 1000];

		sprintf(expect, "0 qr rd ra\nqd %s. 1 1\nan %s. 0 A 9.9.9.9\n",
			name, name);
		REPLIES(expect);
		replies++;
		step = query_next(&query, &event);
	}
	cr_expect_eq(replies, 3);
	cr_expect_eq(step.what, QUERY_CLOSE);
	cr_expect_eq(query_next(&query, &event).what, QUERY_WAIT);
	cr_expect_eq(query.used, 0);
	cr_expect_eq(query.up.used, 0);
	cr_expect_eq(query.count[COUNT_UPSTREAM], 1);
	cr_expect_eq(query.count[COUNT_SHARED], 2);
}

Test(dns_cache, popular_data_is_fetched_early)
{
	unsigned int asks = 0;

	ask("p.example", 1, NO_EDNS);
	one_a("p.example", 100, "9.9.9.9");
	event.now += 89 * SECONDS;
	ask("p.example", 1, NO_EDNS);
	cr_expect_eq(query.up.used, 0, "not yet");
	event.now += SECONDS;
	dm_begin(&msg, 1, 0x0100);
	dm_question(&msg, "p.example", 1);
	step = query_asked(&query, &event, &client, msg.b, msg.n);
	REPLIES("0 qr rd ra\nqd p.example. 1 1\n"
		"an p.example. 10 A 9.9.9.9\n");
	while ((step = query_next(&query, &event)).what != QUERY_WAIT) {
		asks += step.what == QUERY_ASK;
		asked_len = query_question(&query, step.ask, asked);
	}
	cr_assert_eq(asks, 1);
	cr_expect_eq(query.count[COUNT_PREFETCH], 1);
	ask("p.example", 1, NO_EDNS);
	cr_expect_eq(query.count[COUNT_PREFETCH], 1, "once");
	asked_len = query_question(&query, 0, asked);
	answer(0);
	dm_a(&msg, "p.example", 100, "8.8.8.8");
	step = query_answered(&query, &event, 0, msg.b, msg.n);
	look();
	ask("p.example", 1, NO_EDNS);
	REPLIES("0 qr rd ra\nqd p.example. 1 1\n"
		"an p.example. 100 A 8.8.8.8\n");
}

/* What several threads may do at once changes nothing but their counters. */
Test(dns_cache, look_changes_nothing)
{
	static struct query_slot s;
	static uint64_t count[COUNT_COUNT];
	static struct query before;

	synthesised("w.example", 900, 300);
	before = query;
	event.count = count;
	s.client = client;
	dm_begin(&msg, 9, 0x0100);
	dm_question(&msg, "W.example", 28);
	step = query_look(&query, &event, &s, msg.b, msg.n);
	REPLIES("0 qr rd ra\nqd W.example. 1 28\n"
		"an W.example. 300 AAAA 64:ff9b::909:909\n");
	cr_expect_eq(count[COUNT_QUERIES], 1);
	cr_expect_eq(count[COUNT_CACHED], 1);
	cr_expect_eq(count[COUNT_SYNTHESISED], 1);
	s.client.addr.hi = 0;
	step = query_look(&query, &event, &s, msg.b, msg.n);
	REPLIES("5 qr rd ra\nqd W.example. 1 28\n");
	dm_begin(&msg, 9, 0x0100);
	dm_question(&msg, "other.example", 28);
	s.client = client;
	step = query_look(&query, &event, &s, msg.b, msg.n);
	cr_expect_eq(step.what, QUERY_TAKE);
	cr_expect_eq(count[COUNT_QUERIES], 3);
	cr_expect_arr_eq(&before, &query, sizeof(query));
}

/* The AAAA question's answer is known, the A question's is not any more. */
Test(dns_cache, take_goes_on_where_look_stopped)
{
	static struct query_slot s;

	query.rrl.rate = 2;
	ask("w.example", 28, NO_EDNS);
	no_aaaa("example", 900);
	one_a("w.example", 10, "9.9.9.9");
	event.now += 20 * SECONDS;
	s.client = client;
	dm_begin(&msg, 9, 0x0100);
	dm_question(&msg, "w.example", 28);
	step = query_look(&query, &event, &s, msg.b, msg.n);
	cr_assert_eq(step.what, QUERY_TAKE);
	step = query_take(&query, &event, &s);
	look();
	ASKS("0 rd\nqd w.example. 1 1\nopt 1232 00000000 \n");
	one_a("w.example", 300, "8.8.8.8");
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"an w.example. 300 AAAA 64:ff9b::808:808\n");
	cr_expect_eq(query.count[COUNT_QUERIES], 2, "each once");
	ask("w.example", 28, NO_EDNS);
	cr_expect_eq(step.what, QUERY_REPLY, "the limiter's share, too");
	cr_expect_eq(query.count[COUNT_LIMITED], 0);
}

/* RFC 8767: old data where no server answers, marked (RFC 8914, 4.4). */
Test(dns_cache, stale_data_where_there_is_none_else)
{
	query.stale = 3600;
	ask("o.example", 1, NO_EDNS);
	one_a("o.example", 100, "9.9.9.9");
	event.now += 200 * SECONDS;
	ask("o.example", 1, EDNS);
	cr_assert_eq(step.what, QUERY_ASK, "a server is asked first");
	step = query_failed(&query, &event, step.ask);
	look();
	REPLIES("0 qr rd ra\nqd o.example. 1 1\n"
		"an o.example. 30 A 9.9.9.9\nopt 1232 00000000 000f00020003\n");
	/* Then for a while no server is. */
	event.now += 29 * SECONDS;
	ask("o.example", 1, NO_EDNS);
	cr_expect_eq(step.what, QUERY_REPLY);
	event.now += SECONDS;
	ask("o.example", 1, NO_EDNS);
	cr_expect_eq(step.what, QUERY_ASK);
	answer(2);
	send_answer();
	REPLIES("0 qr rd ra\nqd o.example. 1 1\n"
		"an o.example. 30 A 9.9.9.9\n");
	cr_expect_eq(query.count[COUNT_STALE], 3);
	/* A failed validation is no reason. */
	event.now += 40 * SECONDS;
	ask("o.example", 1, NO_EDNS);
	answer(2);
	dm_opt(&msg, 1232, 0, 6);
	send_answer();
	REPLIES("2 qr rd ra\nqd o.example. 1 1\n");
}

Test(dns_cache, stale_data_has_an_end)
{
	query.stale = 3600;
	ask("o.example", 1, NO_EDNS);
	one_a("o.example", 100, "9.9.9.9");
	event.now += 3700 * SECONDS;
	ask("o.example", 1, NO_EDNS);
	step = query_failed(&query, &event, step.ask);
	look();
	REPLIES("2 qr rd ra\nqd o.example. 1 1\n");
}

/* Each client its own prefix, out of the same cached answers. */
Test(dns_cache, d64_86_prefix_by_client)
{
	static struct synth other, none;
	const struct query_allow views[] = {
		{ { { 0x20010db800000000ull, 0 }, 32 }, &synth },
		{ { { 0x20010db800010000ull, 0 }, 48 }, &other },
		{ { { 0x20010db800020000ull, 0 }, 48 }, &none },
	};

	other = none = synth;
	other.prefixes[0] = (struct pref64){ { 0x20010db8ffff0000ull, 0 }, 96 };
	none.prefix_count = 0;
	query.allow = views;
	query.allow_count = 3;
	synthesised("w.example", 900, 300);
	client.addr.hi = 0x20010db800010000ull;
	ask("w.example", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"an w.example. 300 AAAA 2001:db8:ffff::909:909\n");
	client.addr.hi = 0x20010db800020000ull;
	ask("w.example", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd w.example. 1 28\n"
		"ns example. 900 SOA ns.invalid.\n");
	ask("ipv4only.arpa", 28, NO_EDNS);
	REPLIES("0 qr rd ra\nqd ipv4only.arpa. 1 28\n"
		"ns ipv4only.arpa. 3600 SOA ipv4only.arpa.\n");
	cr_expect_eq(query.count[COUNT_UPSTREAM], 2);
}

/* D64-87: nothing is made for a name, nor for those below it. */
Test(dns_cache, d64_87_exempt_names)
{
	synth.exempt[0] = (struct msg_name){ 9, "\7example\0" };
	synth.exempt_count = 1;
	ask("legacy.Example", 28, NO_EDNS);
	no_aaaa("example", 60);
	REPLIES("0 qr rd ra\nqd legacy.Example. 1 28\n"
		"ns Example. 60 SOA ns.invalid.\n");
	ask("w.test", 28, NO_EDNS);
	no_aaaa("test", 60);
	ASKS("0 rd\nqd w.test. 1 1\nopt 1232 00000000 \n");
}

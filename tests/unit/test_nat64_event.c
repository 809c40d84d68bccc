/* SPDX-License-Identifier: MIT */
/* What is noted for logs (RFC 8158, 4.3), and that a slow reader holds up
 * nobody. */
#include "nat64/event.h"
#include "nat64_help.h"

#define RING 16u

/* Who reads a ring; @e is what was read last. */
struct reader {
	struct nat64_events ring;
	struct nat64_event mem[RING];
	uint64_t cursor;
	uint64_t lost;
	struct nat64_event e;
};

static struct reader *listen_to(struct world *w, uint32_t want)
{
	struct reader *r = calloc(1, sizeof(*r));

	r->ring = (struct nat64_events){ .ring = r->mem,
					 .size = RING,
					 .want = want };
	nat64_listen(w->n, &r->ring);
	return r;
}

static bool next(struct reader *r)
{
	return event_next(&r->ring, &r->cursor, &r->lost, &r->e);
}

static void expect_client(const struct nat64_event *e, const char *addr,
			  unsigned int len)
{
	cr_assert_eq(e->client.hi, ip6(addr).hi);
	cr_assert_eq(e->client.lo, ip6(addr).lo);
	cr_assert_eq(e->client_len, len);
}

/* The next event is of this kind, of C1's UDP port 4000. */
static void expect_next(struct reader *r, enum nat64_event_kind kind,
			uint64_t when, uint16_t pool_port)
{
	cr_assert(next(r), "no event, but kind %d expected", kind);
	cr_assert_eq(r->e.kind, kind, "kind %u, not %d", r->e.kind, kind);
	cr_assert_eq(r->e.when, when);
	expect_client(&r->e, C1, 0);
	cr_assert_eq(r->e.client_port, 4000);
	cr_assert_eq(r->e.pool, T1);
	cr_assert_eq(r->e.pool_port, pool_port);
	cr_assert_eq(r->e.proto, UDP_PROTO);
}

static void expect_no_more(struct reader *r)
{
	cr_assert_not(next(r), "one more event, of kind %u", r->e.kind);
	cr_assert_eq(r->lost, 0);
}

static void done(struct world *w, struct reader *r)
{
	free(r);
	world_free(w);
}

Test(nat64_event, from_the_first_packet_to_the_end)
{
	struct world *w = world_default();
	struct reader *r = listen_to(w, EVENT_SESSIONS | EVENT_BINDINGS);
	const uint64_t begin = w->now;
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	uint32_t ended;

	expect_next(r, EVENT_BINDING_CREATED, begin, port);
	cr_assert_eq(r->e.remote, 0);
	cr_assert_eq(r->e.remote_port, 0);
	expect_next(r, EVENT_SESSION_CREATED, begin, port);
	cr_assert_eq(r->e.remote, Z);
	cr_assert_eq(r->e.remote_port, 53);
	/* Packets of a session that exists are no events. */
	w->now += 7000000;
	send_seg(w, udp4(Z, 53, T1, port));
	send_seg(w, udp6(C1, 4000, Z, 53));
	expect_no_more(r);
	/* Another destination is another session of the same binding. */
	send_seg(w, udp6(C1, 4000, W, 54));
	expect_next(r, EVENT_SESSION_CREATED, begin + 7000000, port);
	cr_assert_eq(r->e.remote, W);
	expect_no_more(r);
	wait_s(w, 302);
	/* Of what ends in the same second, either may be the first. */
	expect_next(r, EVENT_SESSION_DELETED, w->now, port);
	ended = r->e.remote;
	cr_assert_eq(r->e.remote_port, ended == Z ? 53 : 54);
	expect_next(r, EVENT_SESSION_DELETED, w->now, port);
	cr_assert_eq(r->e.remote ^ ended, Z ^ W);
	expect_next(r, EVENT_BINDING_DELETED, w->now, port);
	expect_no_more(r);
	done(w, r);
}

Test(nat64_event, only_what_is_wanted)
{
	struct world *w = world_default();
	struct reader *r = listen_to(w, EVENT_SESSIONS);
	uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	expect_next(r, EVENT_SESSION_CREATED, w->now, port);
	expect_no_more(r);
	r->ring.want = EVENT_BINDINGS;
	wait_s(w, 302);
	expect_next(r, EVENT_BINDING_DELETED, w->now, port);
	expect_no_more(r);
	nat64_listen(w->n, NULL);
	bind_port(w, udp6(C1, 4000, Z, 53));
	expect_no_more(r);
	done(w, r);
}

Test(nat64_event, tcp_from_outside_and_pings)
{
	struct world *w = world_default();
	struct reader *r = listen_to(w, ~0u);
	const uint16_t port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	uint16_t id;

	cr_assert(next(r) && next(r));
	cr_assert_eq(r->e.proto, TCP_PROTO);
	/* A second session of the binding, from the IPv4 side. */
	send_seg(w, tcp4(W, 90, T1, port, SYN));
	cr_assert(next(r));
	cr_assert_eq(r->e.kind, EVENT_SESSION_CREATED);
	cr_assert_eq(r->e.remote, W);
	cr_assert_eq(r->e.remote_port, 90);
	id = bind_port(w, ping6(C1, 9, Z));
	cr_assert(next(r) && next(r));
	cr_assert_eq(r->e.proto, ICMP4_PROTO);
	cr_assert_eq(r->e.client_port, 9);
	cr_assert_eq(r->e.pool_port, id);
	expect_no_more(r);
	done(w, r);
}

/* The configuration says what static bindings there are. */
Test(nat64_event, static_bindings_are_told_by_the_configuration)
{
	const struct nat64_static fixed = { .client = ip6(C1),
					    .pool = T1,
					    .client_port = 4000,
					    .pool_port = 80,
					    .proto = UDP_PROTO };
	struct world *w = world_new();
	struct reader *r;

	w->cfg.statics = &fixed;
	w->cfg.static_count = 1;
	world_open(w);
	r = listen_to(w, ~0u);
	send_seg(w, udp4(Z, 53, T1, 80));
	expect_next(r, EVENT_SESSION_CREATED, w->now, 80);
	wait_s(w, 302);
	expect_next(r, EVENT_SESSION_DELETED, w->now, 80);
	expect_no_more(r);
	done(w, r);
}

/* Whoever is too slow loses the oldest, and knows how many; others do not. */
Test(nat64_event, a_slow_reader_loses_the_oldest)
{
	struct world *w = world_default();
	struct reader *r = listen_to(w, EVENT_BINDINGS);
	struct nat64_event e;
	uint64_t cursor = 0;
	uint64_t lost = 0;
	unsigned int seen = 0;

	for (uint16_t i = 0; i < RING + 5; i++) {
		bind_port(w, udp6(C1, (uint16_t)(4000 + i), Z, 53));
		while (next(r))
			seen++;
	}
	cr_assert_eq(seen, RING + 5);
	cr_assert_eq(r->lost, 0);
	for (seen = 0; event_next(&r->ring, &cursor, &lost, &e); seen++)
		cr_assert_eq(e.client_port, 4000 + 5 + seen);
	cr_assert_eq(seen, RING);
	cr_assert_eq(lost, 5);
	done(w, r);
}

/* What was created and not deleted yet. */
struct ledger {
	struct nat64_event open[300];
	unsigned int count;
	unsigned int deleted;
};

static bool same(const struct nat64_event *a, const struct nat64_event *b)
{
	return a->kind == b->kind && a->proto == b->proto &&
	       memcmp(&a->client, &b->client, sizeof(a->client)) == 0 &&
	       a->client_port == b->client_port && a->pool == b->pool &&
	       a->pool_port == b->pool_port && a->remote == b->remote &&
	       a->remote_port == b->remote_port;
}

static void settle(struct ledger *l, struct nat64_event e)
{
	unsigned int i = 0;

	if (e.kind == EVENT_SESSION_CREATED ||
	    e.kind == EVENT_BINDING_CREATED) {
		l->open[l->count++] = e;
		return;
	}
	e.kind--;
	while (i < l->count && !same(&e, &l->open[i]))
		i++;
	cr_assert_lt(i, l->count, "deleted, but never created");
	l->open[i] = l->open[--l->count];
	l->deleted++;
}

/* Whatever is created is deleted with the same fields, once. */
Test(nat64_event, L81_06_created_and_deleted_are_the_same)
{
	struct world *w = world_default();
	struct reader *r = listen_to(w, ~0u);
	struct ledger l = { .count = 0 };

	for (uint16_t i = 0; i < 100; i++) {
		bind_port(w, out6(i % 2 ? UDP_PROTO : TCP_PROTO, C1,
				  (uint16_t)(4000 + i / 3), Z, 53 + i, SYN));
		while (next(r))
			settle(&l, r->e);
	}
	cr_assert_gt(l.count, 150);
	while (nat64_next_expiry(w->n) != UINT64_MAX) {
		w->now = nat64_next_expiry(w->n);
		world_buffer(w, 0);
		(void)!nat64_expire(w->n, w->now, &w->p, 1);
		while (next(r))
			settle(&l, r->e);
	}
	cr_assert_eq(session_count(w), 0);
	cr_assert_eq(l.count, 0);
	cr_assert_gt(l.deleted, 150);
	cr_assert_eq(r->lost, 0);
	done(w, r);
}

static void expect_limit(struct reader *r, enum nat64_event_kind kind)
{
	cr_assert(next(r), "no event, but kind %d expected", kind);
	cr_assert_eq(r->e.kind, kind, "kind %u, not %d", r->e.kind, kind);
}

Test(nat64_event, L81_04_a_flood_of_refusals_is_one_event_a_second)
{
	struct world *w = world_new();
	struct reader *r;

	w->cfg.max_per_subscriber = 2;
	world_open(w);
	r = listen_to(w, EVENT_LIMITS);
	for (int i = 0; i < 100000; i++) {
		send_seg(w, udp6(C1, 4000, Z, (uint16_t)(i % 60000 + 1)));
		w->now += 30000; /* 3 s together */
	}
	for (int i = 0; i < 4; i++) { /* begun in the middle of one */
		expect_limit(r, EVENT_SUBSCRIBER_LIMIT);
		expect_client(&r->e, "2001:db8:c::", 64);
		cr_assert_eq(r->e.limit, 2);
	}
	expect_no_more(r);
	done(w, r);
}

Test(nat64_event, full_table_and_empty_pool)
{
	struct world *w = world_new();
	struct reader *r;

	w->cfg.max_sessions = 3;
	w->cfg.pool4[0].port_min = w->cfg.pool4[0].port_max = 2000;
	world_open(w);
	r = listen_to(w, EVENT_LIMITS);
	bind_port(w, udp6(C1, 4000, Z, 53));
	/* The subscriber has its address, which has no port left. */
	send_seg(w, udp6(C1, 4002, Z, 53));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	expect_limit(r, EVENT_NO_PORT);
	expect_client(&r->e, C1, 0);
	cr_assert_eq(r->e.pool, T1);
	cr_assert_eq(r->e.proto, UDP_PROTO);
	/* Another has none yet, and none is left. */
	send_seg(w, udp6(C2, 4000, Z, 53));
	expect_limit(r, EVENT_NO_ADDRESS);
	cr_assert_eq(r->e.proto, UDP_PROTO);
	bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	bind_port(w, ping6(C1, 4000, Z));
	send_seg(w, udp6(C1, 4000, W, 53));
	expect_error(w, WHY_TABLE_FULL, 1, 3);
	expect_limit(r, EVENT_NO_SESSION);
	cr_assert_eq(r->e.limit, 3);
	expect_no_more(r);
	done(w, r);
}

Test(nat64_event, too_many_bindings_of_a_subscriber)
{
	struct world *w = world_new();
	struct reader *r;

	w->cfg.max_bindings = 1;
	world_open(w);
	r = listen_to(w, EVENT_LIMITS);
	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp6(C1, 4001, Z, 53));
	expect_limit(r, EVENT_SUBSCRIBER_LIMIT);
	expect_client(&r->e, "2001:db8:c::", 64);
	cr_assert_eq(r->e.limit, 1);
	done(w, r);
}

Test(nat64_event, too_many_blocks_of_a_subscriber)
{
	struct world *w = world_new();
	struct reader *r;

	w->cfg.port_block = 64;
	w->cfg.max_blocks = 1;
	world_open(w);
	r = listen_to(w, EVENT_LIMITS);
	for (uint16_t i = 0; i < 64; i++)
		bind_port(w, tcp6(C1, (uint16_t)(4000 + i), Z, 80, SYN));
	expect_no_more(r);
	send_seg(w, tcp6(C1, 5000, Z, 80, SYN));
	expect_limit(r, EVENT_SUBSCRIBER_LIMIT);
	expect_client(&r->e, "2001:db8:c::", 64);
	cr_assert_eq(r->e.limit, 1);
	done(w, r);
}

/* A new configuration: what goes on is no event, what does not ends. */
Test(nat64_event, move_tells_of_what_stays_behind)
{
	struct world *a = world_default();
	struct world *b = world_new();
	struct reader *r = listen_to(a, ~0u);
	const uint16_t port = bind_port(a, udp6(C1, 4001, Z, 53));

	bind_port(a, udp6(C1, 4000, Z, 53));
	cr_assert(next(r) && next(r) && next(r) && next(r));
	b->now = a->now + SECOND;
	b->cfg.max_per_subscriber = 1;
	world_open(b);
	cr_assert_eq(nat64_move(b->n, a->n, b->now), 1);
	expect_next(r, EVENT_SESSION_DELETED, b->now, r->e.pool_port);
	expect_next(r, EVENT_BINDING_DELETED, b->now, r->e.pool_port);
	expect_no_more(r);
	cr_assert_neq(r->e.pool_port, port);
	/* The listener came along. */
	wait_s(b, 302);
	cr_assert(next(r));
	cr_assert_eq(r->e.kind, EVENT_SESSION_DELETED);
	cr_assert_eq(r->e.when, b->now);
	world_free(a);
	done(b, r);
}

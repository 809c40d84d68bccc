/* SPDX-License-Identifier: MIT */
/* Sessions go on under another configuration, or do not. */
#include "nat64_help.h"

/* A UDP session, an established TCP one and a ping, 50 s old, of C1; @ports:
 * what they got. */
static struct world *world_before(uint16_t ports[3])
{
	struct world *w = world_default();

	ports[0] = bind_port(w, udp6(C1, 4000, Z, 53));
	ports[1] = bind_port(w, tcp6(C1, 4001, Z, 80, SYN));
	send_seg(w, tcp4(Z, 80, T1, ports[1], SYN | ACK));
	ports[2] = bind_port(w, ping6(C1, 9, Z));
	wait_s(w, 50);
	return w;
}

/* How many come along. */
static uint32_t move(struct world *to, const struct world *from)
{
	to->now = from->now;
	world_open(to);
	return nat64_move(to->n, from->n, to->now);
}

Test(nat64_move, sessions_go_on)
{
	uint16_t ports[3];
	struct world *a = world_before(ports);
	struct world *b = world_new();
	struct nat64_session_view s;
	struct nat64_stats stats;

	b->cfg.pool4[0] = (struct nat64_range){ T1, T2, 1, 65535 };
	b->cfg.max_sessions = 3;
	b->cfg.timeout[NAT64_UDP] = 600;
	cr_assert_eq(move(b, a), 3);
	cr_assert(find_session(b, UDP_PROTO, Z, 53, &s));
	expect_life(b, &s, 600 - 50);
	cr_assert(find_session(b, TCP_PROTO, Z, 80, &s));
	expect_life(b, &s, 7200 - 50);
	cr_assert(find_session(b, ICMP4_PROTO, Z, 0, &s));
	expect_life(b, &s, 60 - 50);
	send_seg(b, udp4(Z, 53, T1, ports[0]));
	expect_forward(b);
	send_seg(b, tcp6(C1, 4001, Z, 80, ACK));
	cr_expect_eq(got_port(b), ports[1]);
	nat64_get_stats(b->n, &stats);
	cr_expect_eq(stats.sessions_created, 3);
	cr_expect_eq(stats.bindings_created, 3);
	world_free(a);
	world_free(b);
}

Test(nat64_move, what_is_not_allowed_stays_behind)
{
	static const struct net6 d_only[] = { { { 0x20010db8000d0000, 0 },
						48 } };
	uint16_t ports[3];
	struct world *a = world_before(ports);
	struct world *b = world_new();

	b->cfg.allow6 = d_only;
	b->cfg.allow6_count = 1;
	cr_expect_eq(move(b, a), 0);
	cr_expect_eq(binding_count(b), 0);
	world_free(b);

	b = world_new();
	b->cfg.pool4[0].first = b->cfg.pool4[0].last = T2;
	cr_expect_eq(move(b, a), 0);
	send_seg(b, udp6(C1, 4000, Z, 53));
	cr_expect_eq(got_src(b), T2);
	world_free(b);

	b = world_new();
	b->cfg.max_per_subscriber = 2;
	cr_expect_eq(move(b, a), 2);
	world_free(b);
	world_free(a);
}

Test(nat64_move, limits_hold)
{
	uint16_t ports[3];
	struct world *a = world_before(ports);
	struct world *b = world_new();

	for (uint16_t i = 0; i < 4; i++)
		bind_port(a, udp6(C1, 4000, W, 100 + i));
	b->cfg.max_bindings = 2;
	cr_expect_eq(move(b, a), 6, "one binding stays behind");
	cr_expect_eq(binding_count(b), 2);
	send_seg(b, udp6(C1, 5000, Z, 53));
	expect_error(b, WHY_SUBSCRIBER_BINDINGS, 1, 3);
	world_free(b);

	b = world_new();
	b->cfg.max_per_binding = 3;
	cr_expect_eq(move(b, a), 3 + 2);
	send_seg(b, udp6(C1, 4000, W, 200));
	expect_error(b, WHY_BINDING_LIMIT, 1, 3);
	world_free(b);

	/* They are none that begin: a rate does not count them. */
	b = world_new();
	b->cfg.max_rate = 3;
	cr_expect_eq(move(b, a), 7);
	world_free(b);
	world_free(a);
}

/* Whom a client has sent to is known afterwards, too. */
Test(nat64_move, filtering_begins)
{
	uint16_t ports[3];
	struct world *a = world_before(ports);
	struct world *b = world_new();

	b->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	cr_expect_eq(move(b, a), 3);
	send_seg(b, udp4(Z, 99, T1, ports[0]));
	expect_forward(b);
	send_seg(b, udp4(W, 99, T1, ports[0]));
	expect_drop(b, WHY_FILTERED);
	world_free(a);
	world_free(b);
}

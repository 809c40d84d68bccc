/* SPDX-License-Identifier: MIT */
/*
 * Static bindings: port forwarding (RFC 6146, 3.1).
 */
#include "nat64_help.h"

static const struct nat64_static forwards[] = {
	{ { 0x20010db8000c0000, 1 }, T1, 8080, 80, TCP_PROTO },
	{ { 0x20010db8000c0000, 1 }, T1, 5000, 5000, UDP_PROTO },
	{ { 0x20010db8000c0000, 1 }, T1, 77, 7, ICMP4_PROTO },
};

static struct world *with_statics(uint16_t min, uint16_t max)
{
	struct world *w = world_new();

	w->cfg.pool4[0].port_min = min;
	w->cfg.pool4[0].port_max = max;
	w->cfg.statics = forwards;
	w->cfg.static_count = XL_COUNT(forwards);
	cr_assert_null(nat64_static_check(&w->cfg));
	world_open(w);
	return w;
}

/* What an inbound packet becomes that goes to @port of C1. */
static struct seg inbound(uint8_t proto, uint16_t rport, uint16_t port,
			  uint8_t flags)
{
	struct seg s = out6(proto, C1, rport, Z, port, flags);

	s.b6 = s.a6;
	s.a6 = under_p(Z);
	s.ttl = 63;
	return s;
}

/* As if the packet came from C1's static ports to their remote end. */
static void expect_bound(struct world *w)
{
	struct seg ping = inbound(ICMP6_PROTO, 77, 77, 128);

	send_seg(w, udp4(Z, 53, T1, 5000));
	expect_seg(w, inbound(UDP_PROTO, 53, 5000, 0));
	send_seg(w, tcp4(Z, 999, T1, 80, SYN));
	expect_seg(w, inbound(TCP_PROTO, 999, 8080, SYN));
	send_seg(w, ping4(Z, T1, 7, 8));
	expect_seg(w, ping);
}

Test(nat64_static, N64_005_a_day_without_packets)
{
	struct world *w = with_statics(1, 65535);
	struct nat64_binding_view b;
	uint32_t cursor = 0;

	wait_s(w, 86400);
	cr_assert_eq(binding_count(w), 3);
	expect_bound(w);
	cr_assert_eq(session_count(w), 3);
	wait_s(w, 86400);
	cr_assert_eq(session_count(w), 0);
	cr_assert_eq(binding_count(w), 3);
	while (nat64_next_binding(w->n, &cursor, &b)) {
		cr_assert(b.fixed);
		cr_assert_eq(b.sessions, 0);
	}
	world_free(w);
}

Test(nat64_static, N64_006_inbound_before_the_client_ever_sent)
{
	struct world *w = with_statics(1, 65535);
	struct nat64_session_view s;

	expect_bound(w);
	cr_assert(find_session(w, TCP_PROTO, Z, 999, &s));
	cr_assert_str_eq(s.state, "V4_INIT");
	expect_life(w, &s, 240);
	world_free(w);
}

Test(nat64_static, the_client_s_own_packets_use_it)
{
	struct world *w = with_statics(1, 65535);

	cr_assert_eq(bind_port(w, udp6(C1, 5000, W, 1)), 5000);
	cr_assert_eq(bind_port(w, tcp6(C1, 8080, W, 1, SYN)), 80);
	cr_assert_eq(bind_port(w, ping6(C1, 77, W)), 7);
	cr_assert_eq(binding_count(w), 3);
	world_free(w);
}

/* It is there to be reached: by strangers, too. */
Test(nat64_static, address_dependent_filtering_lets_in)
{
	struct world *w = world_new();

	w->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	w->cfg.filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	w->cfg.statics = forwards;
	w->cfg.static_count = XL_COUNT(forwards);
	world_open(w);
	expect_bound(w);
	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp4(W, 53, T1, got_port(w)));
	expect_drop(w, WHY_FILTERED);
	world_free(w);
}

/* Port 80 is in none of the pool's ranges: that is where it is to be. */
Test(nat64_static, port_outside_of_the_ranges)
{
	struct world *w = with_statics(1024, 65535);

	expect_bound(w);
	world_free(w);
}

Test(nat64_static, N64_074_nobody_else_gets_the_port)
{
	struct world *w = with_statics(4990, 5009);
	uint16_t port;

	for (uint16_t i = 0; i < 19; i++) {
		port = bind_port(w, udp6(C2, (uint16_t)(6000 + i), Z, 53));
		cr_assert(port >= 4990 && port <= 5009 && port != 5000);
	}
	send_seg(w, udp6(C2, 7000, Z, 53));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	/* The other tables know nothing of it. */
	for (uint16_t i = 0; i < 20; i++)
		bind_port(w, tcp6(C2, (uint16_t)(6000 + i), Z, 53, SYN));
	world_free(w);
}

/* RFC 6888, REQ-2: who has a static binding has its address for all. */
Test(nat64_static, N64_070_subscriber_keeps_that_address)
{
	struct world *w = world_new();
	struct nat64_static s = forwards[0];

	w->cfg.pool4[0].last = T1 + 99;
	w->cfg.statics = &s;
	w->cfg.static_count = 1;
	s.pool = T1 + 42;
	world_open(w);
	send_seg(w, udp6("2001:db8:c::99", 4000, Z, 53));
	cr_assert_eq(got_src(w), T1 + 42);
	world_free(w);
}

Test(nat64_static, two_of_one_subscriber_on_two_addresses)
{
	struct world *w = world_new();
	struct nat64_static s[2] = { forwards[0], forwards[1] };

	w->cfg.pool4[0].last = T2;
	w->cfg.statics = s;
	w->cfg.static_count = 2;
	s[1].pool = T2;
	cr_assert_null(nat64_static_check(&w->cfg));
	world_open(w);
	send_seg(w, udp6(C1, 5000, Z, 53));
	cr_assert_eq(got_src(w), T2);
	send_seg(w, udp4(Z, 53, T2, 5000));
	expect_seg(w, inbound(UDP_PROTO, 53, 5000, 0));
	send_seg(w, tcp4(Z, 999, T1, 80, SYN));
	expect_seg(w, inbound(TCP_PROTO, 999, 8080, SYN));
	world_free(w);
}

Test(nat64_static, limits_do_not_remove_it)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 2;
	w->cfg.statics = forwards;
	w->cfg.static_count = XL_COUNT(forwards);
	world_open(w);
	for (uint16_t i = 0; i < 5; i++)
		send_seg(w, udp4(Z, (uint16_t)(1 + i), T1, 5000));
	expect_drop(w, WHY_TABLE_FULL);
	cr_assert_eq(binding_count(w), 3);
	wait_s(w, 302);
	expect_drop(w, WHY_TABLE_FULL);
	send_seg(w, udp4(Z, 9, T1, 5000));
	expect_seg(w, inbound(UDP_PROTO, 9, 5000, 0));
	world_free(w);
}

Test(nat64_static, what_cannot_be)
{
	const struct nat64_static good = forwards[0];
	struct nat64_static s[2] = { good, good };
	struct world *w = world_new();

	w->cfg.statics = s;
	w->cfg.static_count = 2;
	cr_assert_not_null(nat64_static_check(&w->cfg), "twice");
	s[1].proto = UDP_PROTO;
	cr_assert_null(nat64_static_check(&w->cfg));
	s[1] = good;
	s[1].client_port++;
	cr_assert_not_null(nat64_static_check(&w->cfg), "one pool port");
	s[1].pool_port++;
	cr_assert_null(nat64_static_check(&w->cfg));
	s[1].client_port--;
	cr_assert_not_null(nat64_static_check(&w->cfg), "one client port");
	s[1].client_port++;
	s[1].pool = T2;
	cr_assert_not_null(nat64_static_check(&w->cfg), "not in pool4");
	s[1].pool = T1;
	s[1].client = under_p(Z);
	cr_assert_not_null(nat64_static_check(&w->cfg), "client in pool6");
	s[1].client = ip6("ff02::1");
	cr_assert_not_null(nat64_static_check(&w->cfg), "multicast");
	w->cfg.static_count = 4097;
	cr_assert_not_null(nat64_static_check(&w->cfg), "too many");
	w->cfg.static_count = 1;
	w->cfg.max_sessions = NAT64_SESSIONS_MAX;
	cr_assert_not_null(nat64_static_check(&w->cfg), "tables too large");
	world_free(w);
}

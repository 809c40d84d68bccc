/* SPDX-License-Identifier: MIT */
/* Counters and gauges of RFC 7659 and RFC 8512: each cause is provoked, and
 * its counter, and no other, tells of it. */
#include "nat64_help.h"

static struct nat64_stats stats(const struct world *w)
{
	struct nat64_stats s;

	nat64_get_stats(w->n, &s);
	return s;
}

#define OF(w, proto) (stats(w).of[NAT64_OF_##proto])

/* Packets and bytes of a protocol, from IPv4 and from IPv6. */
#define expect_traffic(w, proto, packets4, bytes4, packets6, bytes6)           \
	do {                                                                   \
		const struct nat64_count c_ = OF(w, proto);                    \
		cr_expect_eq(c_.packets[0], (packets4));                       \
		cr_expect_eq(c_.bytes[0], (bytes4));                           \
		cr_expect_eq(c_.packets[1], (packets6));                       \
		cr_expect_eq(c_.bytes[1], (bytes6));                           \
	} while (0)

Test(nat64_count, M76_01_packets_translated)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	uint16_t id;

	/* 40 + 8 + 10 bytes of IPv6, 20 + 8 + 10 of IPv4 */
	expect_traffic(w, UDP, 0, 0, 1, 58);
	send_seg(w, udp4(Z, 53, T1, port));
	send_seg(w, udp4(W, 53, T1, port));
	expect_traffic(w, UDP, 2, 76, 1, 58);
	bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	expect_traffic(w, TCP, 0, 0, 1, 60);
	id = bind_port(w, ping6(C1, 7, Z));
	send_seg(w, ping4(Z, T1, id, 0));
	expect_traffic(w, ICMP, 1, 38, 1, 58);
	expect_traffic(w, UDP, 2, 76, 1, 58);
	/* What is not translated does not count. */
	send_seg(w, udp4(Z, 53, T1, port ^ 1));
	send_seg(w, tcp6(C1, 4000, W, 80, ACK));
	send_seg(w, tcp6(C1, 4001, W, 80, ACK));
	expect_traffic(w, UDP, 2, 76, 1, 58);
	expect_traffic(w, TCP, 0, 0, 2, 120);
	world_free(w);
}

/* A segment that passes without session, above, does; a reply does not. */
Test(nat64_count, M76_01_errors_of_our_own)
{
	struct world *w = world_default();
	struct seg s = udp6(C1, 4000, Z, 53);

	s.ttl = 1;
	send_seg(w, s);
	expect_error(w, WHY_HOP_LIMIT, 3, 0);
	expect_traffic(w, UDP, 0, 0, 0, 0);
	world_free(w);
}

Test(nat64_count, M76_03_M76_15_made_and_there)
{
	struct world *w = world_default();
	uint16_t id;

	bind_port(w, udp6(C1, 4000, Z, 53));
	bind_port(w, udp6(C1, 4000, Z, 54));
	bind_port(w, udp6(C1, 4001, Z, 53));
	bind_port(w, tcp6(C1, 4001, Z, 80, SYN));
	id = bind_port(w, ping6(C1, 7, Z));
	send_seg(w, ping4(W, T1, id, 8));
	cr_expect_eq(OF(w, UDP).sessions, 3);
	cr_expect_eq(OF(w, UDP).bindings, 2);
	cr_expect_eq(OF(w, TCP).sessions, 1);
	cr_expect_eq(OF(w, TCP).bindings, 1);
	cr_expect_eq(OF(w, ICMP).sessions, 2);
	cr_expect_eq(OF(w, ICMP).bindings, 1);
	cr_expect_eq(stats(w).sessions_created, 6);
	cr_expect_eq(stats(w).bindings_created, 4);
	wait_s(w, 62);
	cr_expect_eq(OF(w, ICMP).sessions, 0);
	cr_expect_eq(OF(w, ICMP).bindings, 0);
	bind_port(w, ping6(C1, 7, Z));
	wait_s(w, 302);
	cr_expect_eq(OF(w, UDP).sessions + OF(w, TCP).sessions, 0);
	cr_expect_eq(OF(w, UDP).bindings + OF(w, TCP).bindings, 0);
	cr_expect_eq(OF(w, UDP).sessions_created, 3);
	cr_expect_eq(OF(w, UDP).bindings_created, 2);
	cr_expect_eq(OF(w, TCP).sessions_created, 1);
	cr_expect_eq(OF(w, TCP).bindings_created, 1);
	cr_expect_eq(OF(w, ICMP).sessions_created, 3);
	cr_expect_eq(OF(w, ICMP).bindings_created, 2);
	world_free(w);
}

/* All sessions of TCP are in one of the states, and none of them twice. */
static void expect_states(const struct world *w)
{
	const struct nat64_stats s = stats(w);
	uint32_t seen[NAT64_STATES] = { 0 };
	struct nat64_session_view v;
	uint32_t cursor = 0;

	while (nat64_next_session(w->n, &cursor, &v))
		for (unsigned int i = 1; i < NAT64_STATES; i++)
			seen[i] += (v.client.hi || v.client.lo) &&
				   !strcmp(v.state, nat64_state_name(i));
	for (unsigned int i = 1; i < NAT64_STATES; i++)
		cr_expect_eq(s.states[i], seen[i], "%s: %u, not %u",
			     nat64_state_name(i), s.states[i], seen[i]);
}

static uint32_t in_state(const struct world *w, const char *name)
{
	const struct nat64_stats s = stats(w);

	for (unsigned int i = 1; i < NAT64_STATES; i++)
		if (!strcmp(nat64_state_name(i), name))
			return s.states[i];
	cr_assert_fail("no state %s", name);
	return 0;
}

Test(nat64_count, M76_15_states_of_tcp)
{
	struct world *w = world_default();
	struct nat64_session_view s;
	uint32_t cursor = 0;
	uint16_t port;

	bind_port(w, udp6(C1, 4000, Z, 53));
	port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	bind_port(w, tcp6(C1, 4001, Z, 80, SYN));
	send_seg(w, tcp4(W, 80, T1, port, SYN));
	cr_expect_eq(in_state(w, "V6_INIT"), 2);
	cr_expect_eq(in_state(w, "V4_INIT"), 1);
	send_seg(w, tcp4(Z, 80, T1, port, SYN | ACK));
	cr_expect_eq(in_state(w, "ESTABLISHED"), 1);
	cr_expect_eq(in_state(w, "V6_INIT"), 1);
	expect_states(w);
	send_seg(w, tcp4(Z, 80, T1, port, ACK));
	send_seg(w, tcp4(Z, 80, T1, port, FIN | ACK));
	cr_expect_eq(in_state(w, "V4_FIN_RCV"), 1);
	expect_states(w);
	send_seg(w, tcp6(C1, 4000, Z, 80, FIN | ACK));
	cr_expect_eq(in_state(w, "V4_FIN_V6_FIN_RCV"), 1);
	cr_expect_eq(in_state(w, "ESTABLISHED"), 0);
	expect_states(w);
	wait_s(w, 242);
	expect_states(w);
	cr_expect_eq(OF(w, TCP).sessions, 0);
	cr_expect_eq(in_state(w, "V4_FIN_V6_FIN_RCV"), 0);
	bind_port(w, tcp6(C1, 4009, Z, 80, SYN));
	while (nat64_next_session(w->n, &cursor, &s))
		cr_assert(nat64_close(w->n, cursor, w->now));
	expect_states(w);
	cr_expect_eq(in_state(w, "V6_INIT"), 0);
	world_free(w);
}

Test(nat64_count, M76_15_states_of_tcp_at_random)
{
	static const uint8_t flags[] = { SYN, ACK, FIN | ACK, RST, SYN | ACK };
	struct world *w = world_default();
	uint32_t x = 1;

	for (int i = 0; i < 20000; i++) {
		x = x * 1664525 + 1013904223;
		if (x >> 31)
			send_seg(w, tcp6(C1, 4000 + (x >> 8) % 9, Z, 80,
					 flags[(x >> 16) % 5]));
		else
			send_seg(w, tcp4(Z, 80, T1, (uint16_t)(x >> 8),
					 flags[(x >> 24) % 5]));
		if (x % 50 == 0)
			wait_s(w, 100);
		if (x % 16 == 0)
			expect_states(w);
	}
	cr_expect_gt(OF(w, TCP).sessions_created, 100);
	world_free(w);
}

/* A subscriber has one address: subscribers are pairings. */
Test(nat64_count, M76_04_pairings)
{
	struct world *w = world_default();

	bind_port(w, udp6(C1, 4000, Z, 53));
	bind_port(w, udp6("2001:db8:c::9", 4000, Z, 53));
	bind_port(w, udp6(C2, 4000, Z, 53));
	cr_expect_eq(stats(w).subscribers, 2);
	cr_expect_eq(stats(w).subscribers_created, 2);
	wait_s(w, 302);
	cr_expect_eq(stats(w).subscribers, 0);
	bind_port(w, udp6(C2, 4000, Z, 53));
	cr_expect_eq(stats(w).subscribers, 1);
	cr_expect_eq(stats(w).subscribers_created, 3);
	world_free(w);
}

static struct nat64_subscriber_view first_subscriber(const struct world *w)
{
	struct nat64_subscriber_view s;
	uint32_t cursor = 0;

	cr_assert(nat64_next_subscriber(w->n, &cursor, &s));
	return s;
}

/* Whose address is used up, and who does not even get one. */
Test(nat64_count, M76_05_M76_06_no_port_and_no_address)
{
	struct world *w = world_new();

	w->cfg.pool4[0] = (struct nat64_range){ T1, T1, 5000, 5001 };
	world_open(w);
	bind_port(w, udp6(C1, 4000, Z, 53));
	bind_port(w, udp6(C1, 4001, Z, 53));
	cr_expect_eq(OF(w, UDP).no_port, 0);
	send_seg(w, udp6(C1, 4002, Z, 53));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	send_seg(w, udp6(C2, 4000, Z, 53));
	expect_error(w, WHY_POOL_ADDRESSES, 1, 3);
	cr_expect_eq(OF(w, UDP).no_port, 1);
	cr_expect_eq(OF(w, UDP).no_port_bytes, 58);
	cr_expect_eq(OF(w, TCP).no_port + OF(w, ICMP).no_port, 0);
	bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	bind_port(w, tcp6(C1, 4001, Z, 80, SYN));
	send_seg(w, tcp6(C1, 4002, Z, 80, SYN));
	expect_error(w, WHY_POOL_EXHAUSTED, 1, 3);
	cr_expect_eq(OF(w, UDP).no_port, 1);
	cr_expect_eq(OF(w, TCP).no_port, 1);
	cr_expect_eq(OF(w, TCP).no_port_bytes, 60);
	/* And by subscriber, as are the bindings made. */
	cr_expect_eq(first_subscriber(w).refused, 2);
	cr_expect_eq(first_subscriber(w).created, 4);
	world_free(w);
}

/* RFC 8158, Table 14; existing ones and static bindings are not concerned. */
Test(nat64_count, M76_08_M76_09_limit_on_subscribers)
{
	static const struct nat64_static fixed[] = { {
		.client = { 0x20010db8000e0000, 7 },
		.pool = T1,
		.client_port = 80,
		.pool_port = 80,
		.proto = TCP_PROTO,
	} };
	struct world *w = world_new();

	w->cfg.max_subscribers = 2;
	w->cfg.statics = fixed;
	w->cfg.static_count = 1;
	world_open(w);
	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp6(C2, 4000, Z, 53));
	expect_error(w, WHY_MANY_SUBSCRIBERS, 1, 3);
	bind_port(w, udp6(C1, 4001, Z, 53));
	bind_port(w, udp6("2001:db8:e::1", 4001, Z, 53));
	send_seg(w, tcp4(Z, 80, T1, 80, SYN));
	expect_forward(w);
	wait_s(w, 302);
	bind_port(w, udp6(C2, 4000, Z, 53));
	send_seg(w, udp6(C1, 4000, Z, 53));
	expect_error(w, WHY_MANY_SUBSCRIBERS, 1, 3);
	w->cfg.max_subscribers = 0;
	cr_assert(nat64_adjust(w->n, &w->cfg));
	bind_port(w, udp6(C1, 4000, Z, 53));
	world_free(w);
}

/* Two addresses of 20 ports each, 10 of them in a range of their own. */
Test(nat64_count, M76_14_addresses_and_ports)
{
	struct world *w = world_new();

	w->cfg.pool4[0] = (struct nat64_range){ T1, T2, 2000, 2009 };
	w->cfg.pool4[1] = (struct nat64_range){ T1, T2, 3000, 3009 };
	w->cfg.pool4_count = 2;
	world_open(w);
	cr_expect_eq(stats(w).addresses, 2);
	cr_expect_eq(stats(w).addresses_used, 0);
	cr_expect_eq(stats(w).ports, 40);
	cr_expect_eq(stats(w).ports_used[NAT64_OF_UDP], 0);
	send_seg(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp6(C1, 4000, W, 53));
	send_seg(w, udp6(C1, 4001, W, 53));
	send_seg(w, ping6(C1, 4001, W));
	expect_forward(w);
	cr_expect_eq(stats(w).addresses_used, 1);
	cr_expect_eq(stats(w).ports_used[NAT64_OF_UDP], 2);
	cr_expect_eq(stats(w).ports_used[NAT64_OF_TCP], 0);
	cr_expect_eq(stats(w).ports_used[NAT64_OF_ICMP], 1);
	for (uint16_t i = 0; i < 50; i++)
		send_seg(w, tcp6(C1, 4000 + i, W, 80, SYN));
	cr_expect_eq(stats(w).ports_used[NAT64_OF_TCP], 20);
	wait_s(w, 302);
	cr_expect_eq(stats(w).ports_used[NAT64_OF_UDP], 0);
	cr_expect_eq(stats(w).addresses_used, 0);
	cr_expect_eq(stats(w).ports, 40);
	world_free(w);
}

/* Counters go on when the tables are made anew, gauges are what is there. */
Test(nat64_count, other_tables)
{
	struct world *a = world_default();
	struct world *b = world_new();
	const uint16_t port = bind_port(a, udp6(C1, 4000, Z, 53));

	bind_port(a, tcp6(C1, 4000, Z, 80, SYN));
	send_seg(a, udp4(Z, 53, T1, port));
	b->now = a->now;
	b->cfg.max_sessions = 1;
	world_open(b);
	cr_expect_eq(nat64_move(b->n, a->n, b->now), 1);
	cr_expect_eq(OF(b, UDP).sessions + OF(b, TCP).sessions, 1);
	cr_expect_eq(OF(b, UDP).bindings + OF(b, TCP).bindings, 1);
	cr_expect_eq(OF(b, TCP).sessions_created, 1);
	expect_traffic(b, UDP, 1, 38, 1, 58);
	cr_expect_eq(stats(b).subscribers_created, 1);
	expect_states(b);
	world_free(a);
	world_free(b);
}

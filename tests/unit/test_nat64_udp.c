/* SPDX-License-Identifier: MIT */
/* UDP and ICMP queries: tables, mapping, filtering, lifetimes (RFC 6146,
 * 3.5.1 and 3.5.3). */
#include "nat64_help.h"

static struct world *address_dependent(void)
{
	struct world *w = world_new();

	w->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	world_open(w);
	return w;
}

/* What an IPv4 host sent arrived at C1. */
static void expect_client(const struct world *w, struct seg sent,
			  uint16_t client_port)
{
	struct seg s = sent;

	s.version = 6;
	s.a6 = under_p(sent.a4);
	s.b6 = ip6(C1);
	s.ttl = 63;
	if (sent.proto == ICMP4_PROTO) {
		s.proto = ICMP6_PROTO;
		s.flags = sent.flags == 8 ? 128 : 129;
		s.sport = client_port;
	} else {
		s.dport = client_port;
	}
	expect_seg(w, s);
}

Test(nat64_udp, N64_001_N64_002_P78_06_three_tables)
{
	struct world *w = world_default();
	const uint16_t udp = bind_port(w, udp6(C1, 4000, Z, 53));
	uint32_t cursor = 0;
	struct nat64_binding_view b;
	unsigned int seen = 0;

	send_seg(w, tcp4(Z, 53, T1, udp, PSH | ACK));
	expect_drop(w, WHY_NO_BINDING);
	send_seg(w, ping4(Z, T1, udp, 8));
	expect_drop(w, WHY_NO_BINDING);
	bind_port(w, tcp6(C1, 4000, Z, 53, SYN));
	bind_port(w, ping6(C1, 4000, Z));
	while (nat64_next_binding(w->n, &cursor, &b)) {
		seen |= 1u << b.proto;
		cr_assert_eq(b.client_port, 4000);
		cr_assert_eq(b.pool, T1);
		cr_assert_eq(b.sessions, 1);
	}
	cr_assert_eq(seen, 1u << 17 | 1u << 6 | 1u << 1);
	world_free(w);
}

Test(nat64_udp, N64_003_N64_020_session)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct nat64_session_view s;

	cr_assert(find_session(w, UDP_PROTO, Z, 53, &s));
	cr_assert_eq(s.client.hi, ip6(C1).hi);
	cr_assert_eq(s.client.lo, ip6(C1).lo);
	cr_assert_eq(s.client_port, 4000);
	cr_assert_eq(s.pool, T1);
	cr_assert_eq(s.pool_port, port);
	cr_assert_str_eq(s.state, "");
	expect_life(w, &s, 300);
	world_free(w);
}

Test(nat64_udp, N64_004_binding_goes_with_last_session)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	wait_s(w, 100);
	cr_assert_eq(bind_port(w, udp6(C1, 4000, W, 53)), port);
	cr_assert_eq(binding_count(w), 1);
	wait_s(w, 202);
	cr_assert_not(has_session(w, UDP_PROTO, Z, 53));
	cr_assert_eq(binding_count(w), 1);
	wait_s(w, 100);
	cr_assert_eq(binding_count(w), 0);
	send_seg(w, udp4(W, 53, T1, port));
	expect_drop(w, WHY_NO_BINDING);
	world_free(w);
}

Test(nat64_udp, N64_007_N64_008_pool_and_prefix_needed)
{
	struct world *w = world_new();

	w->cfg.pool4_count = 0;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	w->cfg.pool4_count = 1;
	w->cfg.pool6.len = 0;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	w->cfg.pool6.len = 128;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	world_free(w);
}

Test(nat64_udp, N64_050_source_in_pool6)
{
	struct world *w = world_default();
	struct seg s = udp6(C1, 500, Z, 53);

	s.a6 = under_p(T1);
	send_seg(w, s);
	expect_drop(w, WHY_ILLEGAL_SOURCE);
	s.ttl = 1;
	send_seg(w, s);
	expect_drop(w, WHY_ILLEGAL_SOURCE);
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}

Test(nat64_udp, N64_051_destination_outside_pool6)
{
	struct world *w = world_default();
	struct seg s = udp6(C1, 500, Z, 53);

	s.b6 = ip6("2001:db8::1");
	send_seg(w, s);
	expect_error(w, WHY_NO_MAPPING, 1, 1);
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}

Test(nat64_udp, N64_052_destination_outside_pool4)
{
	struct world *w = world_default();

	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp4(Z, 53, 0xcb007109, 9999));
	expect_drop(w, WHY_NO_MAPPING);
	world_free(w);
}

Test(nat64_udp, N64_054_full_table_keeps_what_is_there)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_sessions = 3;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	bind_port(w, udp6(C1, 4000, Z, 54));
	bind_port(w, udp6(C1, 4000, Z, 55));
	send_seg(w, udp6(C2, 5000, Z, 53));
	expect_error(w, WHY_TABLE_FULL, 1, 3);
	send_seg(w, udp4(W, 53, T1, port));
	expect_drop(w, WHY_TABLE_FULL);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_client(w, udp4(Z, 53, T1, port), 4000);
	cr_assert_eq(binding_count(w), 1);
	world_free(w);
}

Test(nat64_udp, N64_060_N64_200_N64_203_outward)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));
	struct seg want = udp4(T1, port, Z, 53);

	want.ttl = 63;
	expect_seg(w, want);
	cr_assert(port >= 1024 && port % 2 == 0);
	world_free(w);
}

Test(nat64_udp, N64_201_inward)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	send_seg(w, udp4(Z, 53, T1, port));
	expect_client(w, udp4(Z, 53, T1, port), 4000);
	world_free(w);
}

Test(nat64_udp, N64_061_U47_01_endpoint_independent_mapping)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	cr_assert_eq(bind_port(w, udp6(C1, 4000, W, 123)), port);
	cr_assert_eq(bind_port(w, udp6(C1, 4000, Z, 54)), port);
	cr_assert_eq(binding_count(w), 1);
	cr_assert_eq(session_count(w), 3);
	world_free(w);
}

Test(nat64_udp, N64_062_inward_without_binding)
{
	struct world *w = world_default();

	bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp4(Z, 53, T1, 9999));
	expect_drop(w, WHY_NO_BINDING);
	world_free(w);
}

Test(nat64_udp, N64_063_U47_08_C68_07_endpoint_independent_filtering)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	send_seg(w, udp4(W, 777, T1, port));
	expect_client(w, udp4(W, 777, T1, port), 4000);
	cr_assert(has_session(w, UDP_PROTO, W, 777));
	world_free(w);
}

Test(nat64_udp, N64_064_address_dependent_filtering)
{
	struct world *w = address_dependent();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	send_seg(w, udp4(W, 53, T1, port));
	expect_drop(w, WHY_FILTERED);
	send_seg(w, udp4(Z, 99, T1, port));
	expect_client(w, udp4(Z, 99, T1, port), 4000);
	cr_assert_eq(session_count(w), 2);
	world_free(w);
}

/* The address stays known as long as any session with it lives. */
Test(nat64_udp, N64_064_address_is_forgotten_with_its_last_session)
{
	struct world *w = address_dependent();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	wait_s(w, 200);
	send_seg(w, udp4(Z, 99, T1, port));
	bind_port(w, udp6(C1, 4000, W, 53));
	wait_s(w, 102);
	cr_assert_not(has_session(w, UDP_PROTO, Z, 53));
	send_seg(w, udp4(Z, 100, T1, port));
	expect_forward(w);
	wait_s(w, 250);
	bind_port(w, udp6(C1, 4000, W, 53));
	wait_s(w, 52);
	cr_assert_eq(session_count(w), 1);
	send_seg(w, udp4(Z, 101, T1, port));
	expect_drop(w, WHY_FILTERED);
	world_free(w);
}

static void expect_idle_life(double life, struct seg (*again)(uint16_t),
			     struct seg first)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, first);

	wait_s(w, life - 5);
	send_seg(w, again(port));
	expect_forward(w);
	wait_s(w, life - 1);
	cr_assert_eq(session_count(w), 1, "alive a second before");
	wait_s(w, 2);
	cr_assert_eq(session_count(w), 0, "gone a second after");
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}

static struct seg udp_out(uint16_t port)
{
	(void)port;
	return udp6(C1, 4000, Z, 53);
}

static struct seg udp_in(uint16_t port)
{
	return udp4(Z, 53, T1, port);
}

static struct seg ping_out(uint16_t id)
{
	(void)id;
	return ping6(C1, 7, Z);
}

static struct seg ping_in(uint16_t id)
{
	return ping4(Z, T1, id, 0);
}

Test(nat64_udp, N64_065_N64_066_U47_06_refreshed_outward)
{
	expect_idle_life(300, udp_out, udp6(C1, 4000, Z, 53));
}

Test(nat64_udp, N64_065_N64_066_refreshed_inward)
{
	expect_idle_life(300, udp_in, udp6(C1, 4000, Z, 53));
}

Test(nat64_udp, N64_066_U47_05_timeout_floor)
{
	struct world *w = world_new();

	w->cfg.timeout[NAT64_UDP] = 60;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_UDP] = 120;
	cr_assert_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_ICMP] = 59;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	world_free(w);
}

Test(nat64_udp, P78_07_refused_packet_refreshes_nothing)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.max_per_subscriber = 1;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	for (int i = 0; i < 4; i++) {
		wait_s(w, 80);
		send_seg(w, udp4(W, 53, T1, port));
	}
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}

/* A clock that jumps back does not stop time for ever, nor kill anything. */
Test(nat64_udp, clock_goes_back)
{
	struct world *w = world_default();

	bind_port(w, udp6(C1, 4000, Z, 53));
	w->now -= 900 * SECOND;
	bind_port(w, udp6(C1, 4000, Z, 53));
	cr_assert_eq(session_count(w), 1);
	wait_s(w, 900 + 302);
	cr_assert_eq(session_count(w), 0);
	world_free(w);
}

Test(nat64_icmp, N64_181_N64_204_I55_01_echo)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));
	struct seg want = ping4(T1, Z, id, 8);

	want.ttl = 63;
	expect_seg(w, want);
	send_seg(w, ping4(Z, T1, id, 0));
	expect_client(w, ping4(Z, T1, id, 0), 7);
	world_free(w);
}

Test(nat64_icmp, N64_021_N64_182_identifier_does_not_depend_on_destination)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	cr_assert_eq(bind_port(w, ping6(C1, 7, W)), id);
	cr_assert_neq(bind_port(w, ping6(C1, 8, W)), id);
	world_free(w);
}

Test(nat64_icmp, N64_183_P78_12_refreshed_outward)
{
	expect_idle_life(60, ping_out, ping6(C1, 7, Z));
}

Test(nat64_icmp, N64_183_refreshed_inward)
{
	expect_idle_life(60, ping_in, ping6(C1, 7, Z));
}

Test(nat64_icmp, N64_184_unknown_identifier)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_seg(w, ping4(Z, T1, id ^ 1, 0));
	expect_drop(w, WHY_NO_BINDING);
	world_free(w);
}

Test(nat64_icmp, N64_185_echo_request_from_outside)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_seg(w, ping4(W, T1, id, 8));
	expect_client(w, ping4(W, T1, id, 8), 7);
	cr_assert(has_session(w, ICMP4_PROTO, W, 0));
	world_free(w);
}

Test(nat64_icmp, N64_185_address_dependent)
{
	struct world *w = address_dependent();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_seg(w, ping4(W, T1, id, 8));
	expect_drop(w, WHY_FILTERED);
	send_seg(w, ping4(Z, T1, id, 8));
	expect_forward(w);
	world_free(w);
}

Test(nat64_icmp, N64_186_other_queries)
{
	struct world *w = world_default();
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	send_seg(w, ping4(Z, T1, id, 13)); /* timestamp request */
	expect_drop(w, WHY_ICMP_TYPE);
	send_seg(w, out6(ICMP6_PROTO, C1, 7, Z, 7, 135)); /* solicitation */
	expect_drop(w, WHY_ICMP_TYPE);
	world_free(w);
}

Test(nat64_udp, N64_032_unknown_protocol_from_ipv6)
{
	struct world *w = world_default();

	send_seg(w, out6(132, C1, 4000, Z, 53, 0));
	expect_error(w, WHY_UNKNOWN_PROTOCOL, 1, 4);
	world_free(w);
}

Test(nat64_udp, N64_033_unknown_protocol_from_ipv4)
{
	struct world *w = world_default();

	send_seg(w, in4(47, Z, 1, T1, 1, 0));
	expect_error(w, WHY_UNKNOWN_PROTOCOL, 3, 2);
	send_seg(w, in4(47, Z, 1, 0xcb007109, 1, 0));
	expect_drop(w, WHY_NO_MAPPING);
	world_free(w);
}

/* Where a NAT64 must not lead. */

Test(nat64_policy, not_into_networks_that_are_not_global)
{
	static const uint32_t remotes[] = {
		0x0a000001, /* 10.0.0.1 */
		0x64400001, /* 100.64.0.1 */
		0xac100001, /* 172.16.0.1 */
		0xc0a80101, /* 192.168.1.1 */
		0xc6120001, /* 198.18.0.1 */
	};
	struct world *w = world_default();
	const uint16_t port = bind_port(w, udp6(C1, 4000, Z, 53));

	bind_port(w, tcp6(C1, 4000, Z, 53, SYN));
	for (unsigned int i = 0; i < XL_COUNT(remotes); i++) {
		send_seg(w, udp6(C1, 4000, remotes[i], 53));
		expect_error(w, WHY_NON_GLOBAL, 1, 1);
		send_seg(w, tcp6(C1, 4000, remotes[i], 53, ACK));
		expect_error(w, WHY_NON_GLOBAL, 1, 1);
		send_seg(w, udp4(remotes[i], 53, T1, port));
		expect_drop(w, WHY_NON_GLOBAL);
	}
	cr_assert_eq(session_count(w), 2);
	world_free(w);
}

Test(nat64_policy, what_allow4_names_is_open)
{
	static const struct net4 allow4[] = { { 0x0a000000, 8 },
					      { 0xa9fe0000, 16 } };
	struct world *w = world_new();

	w->cfg.tr.allow4 = allow4;
	w->cfg.tr.allow4_count = 2;
	world_open(w);
	bind_port(w, udp6(C1, 4000, 0x0a000001, 53));
	bind_port(w, udp6(C1, 4000, 0xa9fea9fe, 80));
	send_seg(w, udp6(C1, 4000, Z, 53));
	expect_error(w, WHY_NON_GLOBAL, 1, 1);
	world_free(w);
}

Test(nat64_policy, closed_addresses)
{
	static const uint32_t remotes[] = {
		0x00000001, /* 0.0.0.1 */
		0x7f000001, /* 127.0.0.1 */
		0xa9fea9fe, /* 169.254.169.254 */
		0xe0000001, /* 224.0.0.1 */
		0xf0000001, /* 240.0.0.1 */
		0xffffffff,
	};
	struct world *w = world_default();

	for (unsigned int i = 0; i < XL_COUNT(remotes); i++) {
		send_seg(w, udp6(C1, 4000, remotes[i], 53));
		expect_drop(w, WHY_ILLEGAL_DESTINATION);
	}
	world_free(w);
}

Test(nat64_policy, own_address)
{
	struct world *w = world_new();

	w->cfg.tr.self4 = 0x08080808;
	world_open(w);
	send_seg(w, udp6(C1, 4000, 0x08080808, 53));
	expect_error(w, WHY_OWN_ADDRESS, 1, 1);
	bind_port(w, udp6(C1, 4000, 0x08080809, 53));
	world_free(w);
}

Test(nat64_policy, I55_08_sources_that_are_not_served)
{
	const struct net6 allow6[] = { { { 0x20010db8000c0000, 0 }, 48 } };
	struct world *w = world_new();
	uint16_t port;

	w->cfg.allow6 = allow6;
	w->cfg.allow6_count = 1;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	send_seg(w, udp6(C2, 4000, Z, 53));
	expect_error(w, WHY_DENIED, 1, 1);
	send_seg(w, tcp6(C2, 4000, Z, 53, SYN));
	expect_error(w, WHY_DENIED, 1, 1);
	send_seg(w, udp4(Z, 53, T1, port));
	expect_forward(w);
	cr_assert_eq(binding_count(w), 1);
	world_free(w);
}

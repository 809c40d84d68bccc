/* SPDX-License-Identifier: MIT */
/* What the operator may decide: who is reached, who may send, whose packets
 * keep a session alive, and for how long it waits for the other side. */
#include "nat64_help.h"

static const struct net4 denied[] = { { W, 32 }, { 0xc0000200, 28 } };

static struct world *denying(void)
{
	struct world *w = world_new();

	w->cfg.deny4 = denied;
	w->cfg.deny4_count = XL_COUNT(denied);
	world_open(w);
	return w;
}

/* RFC 6888, REQ-6; allow4 names the same networks, and does not help. */
Test(nat64_policy, C68_06_destinations_that_are_excluded)
{
	static const uint8_t protos[] = { UDP_PROTO, TCP_PROTO };
	struct world *w = denying();
	uint16_t port;

	for (unsigned int i = 0; i < XL_COUNT(protos); i++) {
		send_seg(w, out6(protos[i], C1, 4000, W, 80, SYN));
		expect_error(w, WHY_DENIED, 1, 1);
		send_seg(w, out6(protos[i], C1, 4000, R4, 80, SYN));
		expect_error(w, WHY_DENIED, 1, 1);
	}
	send_seg(w, ping6(C1, 7, W));
	expect_drop(w, WHY_DENIED);
	cr_expect_eq(binding_count(w), 0);
	/* All others are reached; and what is excluded does not come in. */
	port = bind_port(w, udp6(C1, 4000, Z, 80));
	bind_port(w, udp6(C1, 4000, 0xc0000210, 80));
	send_seg(w, udp4(W, 80, T1, port));
	expect_drop(w, WHY_DENIED);
	send_seg(w, udp4(0xc6336404, 80, T1, port));
	expect_forward(w);
	world_free(w);
}

Test(nat64_policy, C68_06_excluded_later)
{
	struct world *w = world_default();
	struct nat64_review r = { 0 };
	const uint16_t port = bind_port(w, udp6(C1, 4000, W, 80));

	bind_port(w, udp6(C1, 4000, Z, 80));
	w->cfg.deny4 = denied;
	w->cfg.deny4_count = 1;
	cr_assert(nat64_adjust(w->n, &w->cfg));
	cr_assert_not(nat64_review(w->n, &r, 100));
	cr_expect_eq(r.closed, 1);
	cr_expect_eq(r.kept, 1);
	send_seg(w, udp4(W, 80, T1, port));
	expect_drop(w, WHY_DENIED);
	world_free(w);
}

Test(nat64_policy, N64_180_no_pings)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.no_ping = true;
	world_open(w);
	send_seg(w, ping6(C1, 7, Z));
	expect_drop(w, WHY_FILTERED);
	send_seg(w, ping4(Z, T1, 7, 8));
	expect_drop(w, WHY_FILTERED);
	cr_expect_eq(binding_count(w), 0);
	/* Errors are no queries: a traceroute by UDP works. */
	port = bind_port(w, udp6(C1, 4000, Z, 33434));
	send_seg(w, udp4(Z, 33434, T1, port));
	expect_forward(w);
	world_free(w);
}

Test(nat64_policy, N64_180_pings_end)
{
	struct world *w = world_default();
	struct nat64_review r = { 0 };
	const uint16_t id = bind_port(w, ping6(C1, 7, Z));

	bind_port(w, udp6(C1, 7, Z, 7));
	w->cfg.no_ping = true;
	cr_assert(nat64_adjust(w->n, &w->cfg));
	cr_assert_not(nat64_review(w->n, &r, 100));
	cr_expect_eq(r.closed, 1);
	cr_expect_eq(session_count(w), 1);
	send_seg(w, ping4(Z, T1, id, 0));
	expect_drop(w, WHY_FILTERED);
	world_free(w);
}

/* RFC 5382, REQ-3: what is asked of UDP and of TCP may differ. */
static void expect_filters(enum nat64_filtering udp, enum nat64_filtering tcp)
{
	struct world *w = world_new();
	uint16_t u;
	uint16_t t;

	w->cfg.filtering = udp;
	w->cfg.filtering_tcp = tcp;
	world_open(w);
	u = bind_port(w, udp6(C1, 4000, Z, 80));
	t = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	send_seg(w, udp4(W, 80, T1, u));
	if (udp == NAT64_ADDRESS_DEPENDENT)
		expect_drop(w, WHY_FILTERED);
	else
		expect_forward(w);
	send_seg(w, tcp4(W, 80, T1, t, SYN));
	if (tcp == NAT64_ADDRESS_DEPENDENT)
		expect_drop(w, WHY_SYN_HELD); /* N64-173 */
	else
		expect_forward(w);
	/* Whom the client asked may send, from another port, too. */
	send_seg(w, udp4(Z, 81, T1, u));
	expect_forward(w);
	send_seg(w, tcp4(Z, 81, T1, t, SYN));
	expect_forward(w);
	world_free(w);
}

Test(nat64_policy, T53_03_filtering_of_tcp_and_of_udp)
{
	expect_filters(NAT64_ENDPOINT_INDEPENDENT, NAT64_ENDPOINT_INDEPENDENT);
	expect_filters(NAT64_ENDPOINT_INDEPENDENT, NAT64_ADDRESS_DEPENDENT);
	expect_filters(NAT64_ADDRESS_DEPENDENT, NAT64_ENDPOINT_INDEPENDENT);
	expect_filters(NAT64_ADDRESS_DEPENDENT, NAT64_ADDRESS_DEPENDENT);
}

/* For 400 s a packet each 40 s: is there a session behind it? */
static bool lives_on(enum nat64_outside outside, bool from6)
{
	struct world *w = world_new();
	uint16_t port;
	bool lives;

	w->cfg.outside = outside;
	world_open(w);
	port = bind_port(w, udp6(C1, 4000, Z, 53));
	for (int i = 0; i < 10; i++) {
		wait_s(w, 40);
		if (from6 && has_session(w, UDP_PROTO, Z, 53))
			send_seg(w, udp6(C1, 4000, Z, 53));
		else
			send_seg(w, udp4(Z, 53, T1, port));
		if (i < 6)
			expect_forward(w);
	}
	lives = has_session(w, UDP_PROTO, Z, 53);
	world_free(w);
	return lives;
}

/* RFC 6146, 5.3; outbound refresh is what RFC 4787, REQ-6 asks for. */
Test(nat64_policy, N64_241_the_outside_keeps_nothing_alive)
{
	cr_expect(lives_on(NAT64_NOBODY, true));
	cr_expect(lives_on(NAT64_NOBODY, false));
	cr_expect(lives_on(NAT64_IPV4, true));
	cr_expect_not(lives_on(NAT64_IPV4, false));
	cr_expect_not(lives_on(NAT64_IPV6, true));
	cr_expect(lives_on(NAT64_IPV6, false));
}

static void expect_tcp(const struct world *w, const char *state, double life)
{
	struct nat64_session_view s;

	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_expect_str_eq(s.state, state);
	expect_life(w, &s, life);
}

/* A connection is opened and ended from there all the same. */
Test(nat64_policy, N64_241_states_change)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.outside = NAT64_IPV4;
	world_open(w);
	port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	wait_s(w, 100);
	send_seg(w, tcp4(Z, 80, T1, port, SYN | ACK));
	expect_tcp(w, "ESTABLISHED", 7200);
	wait_s(w, 1000);
	send_seg(w, tcp4(Z, 80, T1, port, ACK));
	expect_forward(w);
	expect_tcp(w, "ESTABLISHED", 6200);
	send_seg(w, tcp6(C1, 4000, Z, 80, ACK));
	expect_tcp(w, "ESTABLISHED", 7200);
	wait_s(w, 1000);
	send_seg(w, tcp4(Z, 80, T1, port, RST));
	expect_tcp(w, "TRANS", 240);
	world_free(w);
}

/* RFC 7857, 2.1: 30 s for what is half open, 240 s for what ends. */
Test(nat64_policy, P78_02_half_open_and_closing)
{
	struct world *w = world_new();
	uint16_t port;

	cr_assert_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_HALF] = 30;
	world_open(w);
	port = bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	expect_tcp(w, "V6_INIT", 30);
	send_seg(w, tcp4(W, 80, T1, port, SYN));
	expect_forward(w);
	wait_s(w, 20);
	bind_port(w, tcp6(C1, 4000, Z, 80, SYN));
	expect_tcp(w, "V6_INIT", 30);
	wait_s(w, 12);
	cr_expect(!has_session(w, TCP_PROTO, W, 80), "V4_INIT, 32 s old");
	send_seg(w, tcp4(Z, 80, T1, port, SYN | ACK));
	expect_tcp(w, "ESTABLISHED", 7200);
	send_seg(w, tcp4(Z, 80, T1, port, ACK | FIN));
	send_seg(w, tcp6(C1, 4000, Z, 80, ACK | FIN));
	expect_tcp(w, "V4_FIN_V6_FIN_RCV", 240);
	world_free(w);
}

Test(nat64_policy, P78_02_floors)
{
	struct world *w = world_new();

	w->cfg.timeout[NAT64_TCP_HALF] = 5;
	cr_expect_not_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_HALF] = 6;
	cr_expect_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_TRANS] = 239;
	cr_expect_not_null(nat64_config_check(&w->cfg));
	world_free(w);
}

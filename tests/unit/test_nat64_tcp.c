/* SPDX-License-Identifier: MIT */
/*
 * The TCP state machine of RFC 6146, 3.5.2.2: each row of the requirements'
 * table, on packets, with virtual time.
 */
#include "nat64_help.h"

#define EST   7200
#define TRANS 240
#define KEEP  (-1)
#define AGE   10 /* seconds between reaching a state and the event */

static struct seg from_client(uint8_t flags)
{
	return tcp6(C1, 40000, Z, 80, flags);
}

static struct seg from_server(uint16_t port, uint8_t flags)
{
	return tcp4(Z, 80, T1, port, flags);
}

/* Ways into each state; all return the pool port. */

static uint16_t v6_init(struct world *w)
{
	return bind_port(w, from_client(SYN));
}

static uint16_t v4_init(struct world *w)
{
	const uint16_t port = bind_port(w, tcp6(C1, 40000, W, 80, SYN));

	send_seg(w, from_server(port, SYN));
	expect_forward(w);
	return port;
}

static uint16_t established(struct world *w)
{
	const uint16_t port = v6_init(w);

	send_seg(w, from_server(port, SYN | ACK));
	expect_forward(w);
	send_seg(w, from_client(ACK));
	expect_forward(w);
	return port;
}

static uint16_t v4_fin(struct world *w)
{
	const uint16_t port = established(w);

	send_seg(w, from_server(port, FIN | ACK));
	return port;
}

static uint16_t v6_fin(struct world *w)
{
	const uint16_t port = established(w);

	send_seg(w, from_client(FIN | ACK));
	return port;
}

static uint16_t both_fin(struct world *w)
{
	const uint16_t port = v4_fin(w);

	send_seg(w, from_client(FIN | ACK));
	return port;
}

static uint16_t trans(struct world *w)
{
	const uint16_t port = established(w);

	send_seg(w, from_server(port, RST));
	return port;
}

/* The packet came out as itself on the other side, one hop older. */
static void expect_passed(const struct world *w, uint16_t port, bool from6,
			  uint8_t flags)
{
	struct seg s = from6 ? tcp4(T1, port, Z, 80, flags)
			     : tcp6(C1, 80, 0, 40000, flags);

	s.ttl = 63;
	if (!from6) {
		s.a6 = under_p(Z);
		s.b6 = ip6(C1);
	}
	expect_seg(w, s);
}

/* At life - 1 s it is there, at life + 1 s it is not, or has become TRANS. */
static void expect_dies(struct world *w, const char *state, double life)
{
	struct nat64_session_view s;

	w->built = 0;
	wait_s(w, life - 1);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s), "too early");
	cr_assert_str_eq(s.state, state);
	cr_assert_eq(w->built, 0);
	wait_s(w, 2);
	if (strcmp(state, "ESTABLISHED") != 0) {
		cr_assert_not(find_session(w, TCP_PROTO, Z, 80, &s),
			      "too late");
		return;
	}
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "TRANS");
	cr_assert_eq(w->built, 1, "one probe");
}

static void row(uint16_t (*reach)(struct world *), bool from6, uint8_t flags,
		const char *state, int life)
{
	struct world *w = world_default();
	const uint16_t port = reach(w);
	struct nat64_session_view s;
	double left;

	wait_s(w, AGE);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	left = ((double)s.expires - (double)w->now) / SECOND - 0.5;
	send_seg(w, from6 ? from_client(flags) : from_server(port, flags));
	expect_passed(w, port, from6, flags);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, state);
	expect_life(w, &s, life == KEEP ? left : life);
	expect_dies(w, state, life == KEEP ? left : life);
	world_free(w);
}

#define ROW(suite, id, reach, side, flags, state, life)                        \
	Test(suite, id)                                                        \
	{                                                                      \
		row(reach, (side) == 6, flags, state, life);                   \
	}

ROW(nat64_tcp, N64_110_v4init_v6syn, v4_init, 6, SYN, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_110_v4init_v6synack, v4_init, 6, SYN | ACK, "ESTABLISHED",
    EST)
ROW(nat64_tcp, N64_112_v4init_v4syn, v4_init, 4, SYN, "V4_INIT", KEEP)
ROW(nat64_tcp, N64_112_v4init_v6ack, v4_init, 6, ACK, "V4_INIT", KEEP)
ROW(nat64_tcp, N64_112_v4init_v6rst, v4_init, 6, RST, "V4_INIT", KEEP)
ROW(nat64_tcp, N64_112_v4init_v4fin, v4_init, 4, FIN | ACK, "V4_INIT", KEEP)
ROW(nat64_tcp, N64_120_v6init_v4synack, v6_init, 4, SYN | ACK, "ESTABLISHED",
    EST)
ROW(nat64_tcp, N64_120_v6init_v4syn, v6_init, 4, SYN, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_121_v6init_v6syn, v6_init, 6, SYN, "V6_INIT", TRANS)
ROW(nat64_tcp, N64_123_v6init_v4rst, v6_init, 4, RST | ACK, "V6_INIT", KEEP)
ROW(nat64_tcp, N64_123_v6init_v6ack, v6_init, 6, ACK, "V6_INIT", KEEP)
ROW(nat64_tcp, N64_123_v6init_v6fin, v6_init, 6, FIN | ACK, "V6_INIT", KEEP)
ROW(nat64_tcp, N64_130_established_v4fin, established, 4, FIN | ACK,
    "V4_FIN_RCV", KEEP)
ROW(nat64_tcp, N64_131_established_v6fin, established, 6, FIN | ACK,
    "V6_FIN_RCV", KEEP)
ROW(nat64_tcp, N64_132_P78_03_established_v4rst, established, 4, RST, "TRANS",
    TRANS)
ROW(nat64_tcp, N64_132_established_v6rst, established, 6, RST | ACK, "TRANS",
    TRANS)
ROW(nat64_tcp, N64_133_established_v4data, established, 4, PSH | ACK,
    "ESTABLISHED", EST)
ROW(nat64_tcp, N64_133_established_v6data, established, 6, ACK, "ESTABLISHED",
    EST)
ROW(nat64_tcp, N64_133_established_v4syn, established, 4, SYN, "ESTABLISHED",
    EST)
ROW(nat64_tcp, N64_133_established_v6syn, established, 6, SYN, "ESTABLISHED",
    EST)
ROW(nat64_tcp, N64_140_v4fin_v6fin, v4_fin, 6, FIN | ACK, "V4_FIN_V6_FIN_RCV",
    TRANS)
ROW(nat64_tcp, N64_141_v4fin_v4fin, v4_fin, 4, FIN | ACK, "V4_FIN_RCV", EST)
ROW(nat64_tcp, N64_141_v4fin_v6ack, v4_fin, 6, ACK, "V4_FIN_RCV", EST)
ROW(nat64_tcp, N64_141_v4fin_v4rst, v4_fin, 4, RST, "V4_FIN_RCV", EST)
ROW(nat64_tcp, N64_141_v4fin_v6syn, v4_fin, 6, SYN, "V4_FIN_RCV", EST)
ROW(nat64_tcp, N64_150_v6fin_v4fin, v6_fin, 4, FIN | ACK, "V4_FIN_V6_FIN_RCV",
    TRANS)
ROW(nat64_tcp, N64_151_v6fin_v6fin, v6_fin, 6, FIN | ACK, "V6_FIN_RCV", EST)
ROW(nat64_tcp, N64_151_v6fin_v4ack, v6_fin, 4, ACK, "V6_FIN_RCV", EST)
ROW(nat64_tcp, N64_151_v6fin_v6rst, v6_fin, 6, RST, "V6_FIN_RCV", EST)
ROW(nat64_tcp, N64_160_bothfin_v4ack, both_fin, 4, ACK, "V4_FIN_V6_FIN_RCV",
    KEEP)
ROW(nat64_tcp, N64_160_bothfin_v6ack, both_fin, 6, ACK, "V4_FIN_V6_FIN_RCV",
    KEEP)
ROW(nat64_tcp, N64_160_bothfin_v4syn, both_fin, 4, SYN, "V4_FIN_V6_FIN_RCV",
    KEEP)
ROW(nat64_tcp, N64_160_bothfin_v6rst, both_fin, 6, RST, "V4_FIN_V6_FIN_RCV",
    KEEP)
ROW(nat64_tcp, N64_165_trans_v4data, trans, 4, PSH | ACK, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_165_trans_v6data, trans, 6, ACK, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_165_trans_v4fin, trans, 4, FIN | ACK, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_165_trans_v4syn, trans, 4, SYN, "ESTABLISHED", EST)
ROW(nat64_tcp, N64_166_trans_v4rst, trans, 4, RST, "TRANS", KEEP)
ROW(nat64_tcp, N64_166_trans_v6rst, trans, 6, RST, "TRANS", KEEP)
/* Improvements: a client that reuses its port soon begins anew. */
ROW(nat64_tcp, N64_176_bothfin_v6syn, both_fin, 6, SYN, "V6_INIT", TRANS)
ROW(nat64_tcp, N64_176_trans_v6syn, trans, 6, SYN, "V6_INIT", TRANS)

/* Rows whose event is the timeout, and the state's own lifetime. */

static void timeout_row(uint16_t (*reach)(struct world *), const char *state,
			double life)
{
	struct world *w = world_default();

	reach(w);
	expect_dies(w, state, life);
	world_free(w);
}

Test(nat64_tcp, N64_111_v4init_timeout)
{
	timeout_row(v4_init, "V4_INIT", TRANS);
}

Test(nat64_tcp, N64_122_v6init_timeout)
{
	timeout_row(v6_init, "V6_INIT", TRANS);
}

Test(nat64_tcp, N64_134_established_timeout)
{
	timeout_row(established, "ESTABLISHED", EST);
}

Test(nat64_tcp, N64_142_v4fin_timeout)
{
	timeout_row(v4_fin, "V4_FIN_RCV", EST);
}

Test(nat64_tcp, N64_152_v6fin_timeout)
{
	timeout_row(v6_fin, "V6_FIN_RCV", EST);
}

Test(nat64_tcp, N64_161_bothfin_timeout)
{
	timeout_row(both_fin, "V4_FIN_V6_FIN_RCV", TRANS);
}

Test(nat64_tcp, N64_167_trans_timeout)
{
	timeout_row(trans, "TRANS", TRANS);
}

/* CLOSED */

Test(nat64_tcp, N64_100_closed_v6syn)
{
	struct world *w = world_default();
	const uint16_t port = v6_init(w);
	struct nat64_session_view s;

	expect_passed(w, port, true, SYN);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "V6_INIT");
	expect_life(w, &s, TRANS);
	cr_assert_eq(s.client_port, 40000);
	cr_assert_eq(s.pool_port, port);
	world_free(w);
}

Test(nat64_tcp, N64_101_no_resources)
{
	struct world *w = world_new();

	w->cfg.max_sessions = 1;
	world_open(w);
	v6_init(w);
	send_seg(w, tcp6(C2, 1234, Z, 80, SYN));
	expect_error(w, WHY_TABLE_FULL, 1, 3);
	cr_assert_eq(binding_count(w), 1);
	world_free(w);
}

Test(nat64_tcp, N64_102_no_outside_connections)
{
	struct world *w = world_new();
	uint16_t port;

	w->cfg.refuse_inbound_tcp = true;
	world_open(w);
	port = v6_init(w);
	send_seg(w, tcp4(W, 80, T1, port, SYN));
	expect_drop(w, WHY_FILTERED);
	send_seg(w, tcp4(W, 80, T1, (uint16_t)(port ^ 1), SYN));
	expect_drop(w, WHY_FILTERED);
	wait_s(w, 10);
	cr_assert_eq(w->built, 0);
	send_seg(w, from_server(port, SYN | ACK));
	expect_forward(w);
	world_free(w);
}

/* Nobody answers for 6 s; then ICMPv4 3/3 quotes the SYN. */
Test(nat64_tcp, N64_103_N64_111_N64_173_T53_04_unsolicited_syn)
{
	struct world *w = world_default();
	const struct seg syn = tcp4(Z, 80, T1, 5555, SYN);
	struct nat64_session_view s;
	uint8_t bytes[64];

	send_seg(w, syn);
	expect_drop(w, WHY_SYN_HELD);
	cr_assert_eq(binding_count(w), 0);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert(s.client.hi == 0 && s.client.lo == 0);
	cr_assert_str_eq(s.state, "V4_INIT");
	expect_life(w, &s, 6);
	wait_s(w, 6);
	cr_assert_eq(w->built, 0);
	wait_s(w, 1);
	cr_assert_eq(w->built, 1);
	cr_assert_eq(w->p.len, 28 + seg_write(bytes, &syn));
	cr_assert_eq(w->p.data[0], 0x45);
	cr_assert_eq(w->p.data[20], 3);
	cr_assert_eq(w->p.data[21], 3);
	cr_assert_eq(l4_sum(w->p.data, w->p.len), 0);
	cr_assert_eq(memcmp(w->p.data + 28, bytes, 40), 0);
	cr_assert_eq(memcmp(w->p.data + 16, bytes + 12, 4), 0, "to its source");
	cr_assert_not(has_session(w, TCP_PROTO, Z, 80));
	wait_s(w, 10);
	cr_assert_eq(w->built, 1);
	world_free(w);
}

/* A repeated SYN does not move the timer. */
Test(nat64_tcp, N64_112_held_syn_repeated)
{
	struct world *w = world_default();

	send_seg(w, tcp4(Z, 80, T1, 5555, SYN));
	wait_s(w, 4);
	send_seg(w, tcp4(Z, 80, T1, 5555, SYN));
	expect_drop(w, WHY_SYN_HELD);
	wait_s(w, 3);
	cr_assert_eq(w->built, 1);
	wait_s(w, 10);
	cr_assert_eq(w->built, 1);
	world_free(w);
}

static struct world *address_dependent(void)
{
	struct world *w = world_new();

	w->cfg.filtering = NAT64_ADDRESS_DEPENDENT;
	w->cfg.filtering_tcp = NAT64_ADDRESS_DEPENDENT;
	world_open(w);
	return w;
}

/* Simultaneous open under address-dependent filtering: the held SYN is
 * forgotten when the client's comes. */
Test(nat64_tcp, N64_104_N64_110_N64_172_held_syn_matched)
{
	struct world *w = address_dependent();
	const uint16_t port = bind_port(w, tcp6(C1, 40000, W, 80, SYN));
	struct nat64_session_view s;

	send_seg(w, from_server(port, SYN));
	expect_drop(w, WHY_SYN_HELD);
	wait_s(w, 5);
	send_seg(w, from_client(SYN));
	expect_passed(w, port, true, SYN);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "ESTABLISHED");
	expect_life(w, &s, EST);
	wait_s(w, 20);
	cr_assert_eq(w->built, 0, "the SYN is not answered any more");
	send_seg(w, from_server(port, SYN | ACK));
	expect_passed(w, port, false, SYN | ACK);
	world_free(w);
}

/* Choice of N64-104: an address that was contacted may open connections. */
Test(nat64_tcp, N64_104_known_remote_address)
{
	struct world *w = address_dependent();
	const uint16_t port = v6_init(w);
	struct nat64_session_view s;

	send_seg(w, tcp4(Z, 99, T1, port, SYN));
	expect_forward(w);
	cr_assert(find_session(w, TCP_PROTO, Z, 99, &s));
	cr_assert_str_eq(s.state, "V4_INIT");
	expect_life(w, &s, TRANS);
	world_free(w);
}

Test(nat64_tcp, N64_105_bound_no_filter)
{
	struct world *w = world_default();
	const uint16_t port = v4_init(w);
	struct nat64_session_view s;

	expect_passed(w, port, false, SYN);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "V4_INIT");
	expect_life(w, &s, TRANS);
	world_free(w);
}

Test(nat64_tcp, N64_106_other_with_binding)
{
	struct world *w = world_default();
	const uint16_t port = bind_port(w, tcp6(C1, 40000, W, 80, SYN));

	send_seg(w, from_client(ACK));
	expect_passed(w, port, true, ACK);
	send_seg(w, from_server(port, FIN | ACK));
	expect_passed(w, port, false, FIN | ACK);
	cr_assert_not(has_session(w, TCP_PROTO, Z, 80));
	cr_assert_eq(session_count(w), 1);
	world_free(w);
}

Test(nat64_tcp, N64_107_T53_06_other_without_binding)
{
	static const uint8_t flags[] = { 0, ACK, FIN | ACK, RST, PSH | ACK };
	struct world *w = world_default();

	for (size_t i = 0; i < sizeof(flags); i++) {
		send_seg(w, from_client(flags[i]));
		expect_drop(w, WHY_TCP_STATE);
		send_seg(w, from_server(5555, flags[i]));
		expect_drop(w, WHY_NO_BINDING);
	}
	cr_assert_eq(session_count(w) + binding_count(w), 0);
	world_free(w);
}

/* Nonsense does not open a session from either side. */
Test(nat64_tcp, N64_100_nonsense_flags)
{
	static const uint8_t flags[] = { SYN | FIN, SYN | RST,
					 SYN | RST | FIN };
	struct world *w = world_default();
	const uint16_t port = bind_port(w, tcp6(C1, 40000, W, 80, SYN));

	for (size_t i = 0; i < sizeof(flags); i++) {
		send_seg(w, from_client(flags[i]));
		expect_drop(w, WHY_TCP_STATE);
		send_seg(w, from_server(port, flags[i]));
		expect_drop(w, WHY_TCP_STATE);
	}
	cr_assert_eq(session_count(w), 1);
	world_free(w);
}

/* The probe: ACK without data, sequence and acknowledgement 0, from P:Z. */
Test(nat64_tcp, N64_170_T53_05_probe_unanswered)
{
	struct world *w = world_default();
	struct nat64_session_view s;
	uint8_t want[60] = { 0x60 };

	established(w);
	wait_s(w, EST + 1);
	cr_assert_eq(w->built, 1);
	put16(want + 4, 20);
	want[6] = TCP_PROTO;
	want[7] = 64;
	put128(want + 8, under_p(Z));
	put128(want + 24, ip6(C1));
	put16(want + 40, 80);
	put16(want + 42, 40000);
	want[52] = 0x50;
	want[53] = ACK;
	put16(want + 56, l4_sum(want, 60));
	cr_assert_eq(w->p.len, 60);
	cr_assert_eq(memcmp(w->p.data, want, 60), 0);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "TRANS");
	wait_s(w, TRANS - 1);
	cr_assert(has_session(w, TCP_PROTO, Z, 80));
	wait_s(w, 2);
	cr_assert_not(has_session(w, TCP_PROTO, Z, 80));
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}

Test(nat64_tcp, N64_170_probe_answered)
{
	struct world *w = world_default();
	struct nat64_session_view s;

	established(w);
	wait_s(w, EST + 1);
	send_seg(w, from_client(ACK));
	expect_forward(w);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "ESTABLISHED");
	expect_life(w, &s, EST);
	world_free(w);
}

Test(nat64_tcp, N64_171_T53_05_timeouts_have_floors)
{
	struct world *w = world_new();

	w->cfg.timeout[NAT64_TCP_EST] = 600;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_EST] = 86400;
	cr_assert_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_TRANS] = 239;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	w->cfg.timeout[NAT64_TCP_TRANS] = 240;
	w->cfg.timeout[NAT64_TCP_SYN] = 5;
	cr_assert_not_null(nat64_config_check(&w->cfg));
	world_free(w);
}

/* V6 SYN, V4 SYN, V6 SYN+ACK, V4 SYN+ACK. */
Test(nat64_tcp, N64_172_T53_02_P78_01_simultaneous_open)
{
	struct world *w = world_default();
	const uint16_t port = v6_init(w);
	struct nat64_session_view s;

	send_seg(w, from_server(port, SYN));
	expect_passed(w, port, false, SYN);
	send_seg(w, from_client(SYN | ACK));
	expect_passed(w, port, true, SYN | ACK);
	send_seg(w, from_server(port, SYN | ACK));
	expect_passed(w, port, false, SYN | ACK);
	cr_assert(find_session(w, TCP_PROTO, Z, 80, &s));
	cr_assert_str_eq(s.state, "ESTABLISHED");
	world_free(w);
}

/* A flood of SYNs: so many are held and no more, the rest goes silently. */
Test(nat64_tcp, N64_174_held_syns_are_bounded)
{
	struct world *w = world_default();
	const uint16_t port = v6_init(w);
	struct nat64_stats stats;
	unsigned int held = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		send_seg(w, tcp4(0x01000000 + i, 80, T1, (uint16_t)(port ^ 1),
				 SYN));
		cr_assert_eq(w->r.verdict, XLAT_DROP);
		held += w->r.why == WHY_SYN_HELD;
	}
	nat64_get_stats(w->n, &stats);
	cr_assert(held > 0 && held == stats.syns_held && held <= 4096);
	cr_assert_eq(stats.sessions, 1);
	send_seg(w, from_server(port, SYN | ACK));
	expect_forward(w);
	wait_s(w, 7);
	cr_assert_eq(w->built, held);
	nat64_get_stats(w->n, &stats);
	cr_assert_eq(stats.syns_held, 0);
	world_free(w);
}

/* What an outsider holds does not steer the choice of a port. */
Test(nat64_tcp, N64_178_held_syn_does_not_steer)
{
	struct world *w = world_default();
	struct world *without = world_default();

	send_seg(w, tcp4(Z, 80, T1, 7000, SYN));
	cr_assert_eq(bind_port(w, tcp6(C1, 7000, Z, 80, SYN)),
		     bind_port(without, tcp6(C1, 7000, Z, 80, SYN)));
	world_free(w);
	world_free(without);
}

Test(nat64_tcp, N64_175_last_session_takes_the_binding)
{
	struct world *w = world_default();

	v6_init(w);
	wait_s(w, 100);
	send_seg(w, tcp6(C1, 40000, W, 80, SYN));
	cr_assert_eq(binding_count(w), 1);
	wait_s(w, 142);
	cr_assert_eq(session_count(w), 1);
	cr_assert_eq(binding_count(w), 1);
	wait_s(w, 100);
	cr_assert_eq(session_count(w), 0);
	cr_assert_eq(binding_count(w), 0);
	world_free(w);
}
